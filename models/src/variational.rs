//! Variational inference with a Gaussian over function values: the posterior of that form that fits best for its information.

use std::sync::Arc;

use ndarray::Array1;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use softbias_priors::{GaussianPrior, Nats};

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::evidence::{Evidence, Grade};
use crate::latent::{Problem, SitePosterior, Sites, State, Warning, check_tolerance};
use crate::likelihood::ExpectedLog;
use crate::model::{Method, Model};

/// Gaussian variational inference in function space (Opper & Archambeau 2009): maximises E_Q ln p(y | f) − KL(Q‖P) over Gaussians Q by
/// natural-gradient steps on a Gaussian site a row (Khan & Lin 2017), O(n³) a sweep, damped so that no step loses. Sites have precisions ≥ 0,
/// as log-concave labels ask for; for other labels it ends in a local optimum among such Gaussians.
///
/// The evidence it gives is that maximum, a lower bound of ln Z; `fit` and `information` are its two terms, both exact for the Q at hand. With
/// [`Flips`](crate::Flips), whose ln p is a multiple of the zero–one loss, it minimises λ n R̂ + KL at inverse temperature λ = ln((1 − ε)/ε) a row,
/// what PAC-Bayes bounds ask for (Germain et al. 2009; Catoni 2007 over all posteriors). λ may be chosen by
/// looking at the rows, for a PAC-Bayes bound holds for all posteriors of one prior at once.
///
/// Rows whose expected log density is convex (those far on the wrong side, under `Flips`) have a site of precision 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variational {
    sweeps: usize,
    tolerance: f64,
    step: f64,
}

impl Default for Variational {
    fn default() -> Variational {
        Variational { sweeps: 200, tolerance: 1e-6, step: 0.7 }
    }
}

impl Variational {
    /// At most 200 sweeps, until one gains less than 1e-6 nats a row.
    #[must_use]
    pub fn new() -> Variational {
        Variational::default()
    }

    /// With at most this many sweeps. Any number gives a posterior whose evidence, fit and information are what they say; one that has not
    /// come to rest says so in its warnings.
    #[must_use]
    pub fn sweeps(self, sweeps: usize) -> Variational {
        Variational { sweeps, ..self }
    }

    /// Until a sweep gains less than this many nats a row.
    #[must_use]
    pub fn tolerance(self, tolerance: f64) -> Variational {
        Variational { tolerance, ..self }
    }
}

/// Steps are not halved below this.
const LEAST_STEP: f64 = 1e-4;

/// A state with what it gains: the objective, and where natural gradients point.
struct Point {
    state: State,
    fit: f64,
    information: f64,
    tau: Array1<f64>,
    nu: Array1<f64>,
}

impl Point {
    fn new<L: ExpectedLog>(
        problem: &Problem,
        likelihood: &L,
        tau: Array1<f64>,
        nu: Array1<f64>,
    ) -> Result<Point> {
        let state = State::new(problem, tau, nu)?;
        let of_row = |i: usize| {
            let mean = problem.mean[i] + state.g[i];
            likelihood.expected_log(problem.y[i], mean, state.var[i].max(0.0))
        };
        let rows = (0..problem.y.len()).into_par_iter().map(of_row).collect::<Result<Vec<_>>>()?;
        let tau: Array1<f64> = rows.iter().map(|[_, _, along]| (-2.0 * along).max(0.0)).collect();
        let nu =
            rows.iter().zip(&tau).zip(&state.g).map(|(([_, slope, _], tau), g)| slope + tau * g).collect();
        let fit = rows.iter().map(|row| row[0]).sum();
        Ok(Point { fit, information: state.information(), tau, nu, state })
    }

    fn value(&self) -> f64 {
        self.fit - self.information
    }
}

/// Sites to begin with: every row asks for what its label's slope points to, within a prior standard deviation, as firmly as the prior
/// denies it.
fn start<L: ExpectedLog>(problem: &Problem, likelihood: &L) -> Result<(Array1<f64>, Array1<f64>)> {
    let of_row = |i: usize| {
        let var = problem.k[[i, i]].max(f64::MIN_POSITIVE);
        let [_, slope, _] = likelihood.expected_log(problem.y[i], problem.mean[i], var)?;
        let target = (slope * var).clamp(-var.sqrt(), var.sqrt());
        Ok((1.0 / var, target / var))
    };
    Ok((0..problem.y.len()).map(of_row).collect::<Result<Vec<_>>>()?.into_iter().unzip())
        .map(|(tau, nu): (Vec<f64>, Vec<f64>)| (Array1::from(tau), Array1::from(nu)))
}

impl<P: GaussianPrior + 'static, L: ExpectedLog> Method<P, L> for Variational {
    type Posterior = SitePosterior<L>;

    /// # Errors
    /// For labels without a density (naming the row), priors or labels of several outputs, settings out of range, over the memory limit, and
    /// for a log density whose average is −∞.
    fn condition(&self, model: Model<P, L>, data: &Data) -> Result<SitePosterior<L>> {
        check_tolerance(self.tolerance)?;
        let prior: Arc<dyn GaussianPrior> = Arc::new(model.prior);
        let problem = Problem::new(&*prior, &model.likelihood, data)?;
        let (tau, nu) = start(&problem, &model.likelihood)?;
        let mut best = Point::new(&problem, &model.likelihood, tau, nu)?;
        let (mut step, mut sweeps, mut gain) = (self.step, 0, f64::INFINITY);
        let enough = self.tolerance * data.len() as f64;
        while sweeps < self.sweeps && gain > enough && step >= LEAST_STEP {
            sweeps += 1;
            let towards = |from: &Array1<f64>, to: &Array1<f64>| from + &((to - from) * step);
            let tau = towards(&best.state.tau, &best.tau);
            let nu = towards(&best.state.nu, &best.nu);
            let next = Point::new(&problem, &model.likelihood, tau, nu)?;
            if next.value() >= best.value() {
                gain = next.value() - best.value();
                best = next;
                step = (1.3 * step).min(1.0);
            } else {
                step *= 0.4;
            }
        }
        if !best.value().is_finite() {
            let (method, value) = ("variational inference", best.value());
            return Err(ModelError::NoDensity { method, value });
        }
        let jacobian = data.log_jacobian();
        let evidence = Evidence {
            log: Nats(best.value()) + jacobian,
            fit: Nats(best.fit) + jacobian,
            information: Nats(best.information),
            grade: Grade::Approximate,
        };
        let warnings = if gain > enough { vec![Warning::Unfinished { gain }] } else { Vec::new() };
        let State { alpha, root, factor, .. } = best.state;
        let sites = Sites { alpha, root, factor };
        Ok(SitePosterior::new(prior, model.likelihood, data, sites, evidence, (sweeps, warnings)))
    }
}
