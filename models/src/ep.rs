//! Expectation propagation for binary labels: Gaussian sites whose moments match those of the exact labels, all updated at once.

use std::sync::Arc;

use ndarray::{Array1, Array2, Axis, Zip};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use softbias_priors::{GaussianPrior, Nats};

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::evidence::{Evidence, Grade};
use crate::latent::tilted::Tilted;
use crate::latent::{
    DifferentiableEvidence, Gradients, Problem, SitePosterior, Sites, State, Warning, along_prior,
    check_tolerance, scaled_both_sides,
};
use crate::likelihood::Bernoulli;
use crate::model::{Method, Model};

/// What [`ExpectationPropagation`] gives.
pub type EpPosterior = SitePosterior<Bernoulli>;

/// Expectation propagation (Minka 2001; Rasmussen & Williams 2006, section 3.6) for binary labels, all sites updated at once from the
/// same marginals: O(n³) a sweep, in matrix products. Updates are damped, the more the less the sweeps come to rest.
///
/// Moments are in closed form for the probit link and by quadrature for the logit. The evidence is ln Z_EP (R&W 3.65, in a form without
/// division by a site's precision), of grade [`Grade::Approximate`](crate::Grade) but far closer to the truth than Laplace's. Its
/// `information` is KL of the Gaussian at the rows from the prior, exact for that Gaussian; `fit` = log + information.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectationPropagation {
    sweeps: usize,
    tolerance: f64,
    step: f64,
}

impl Default for ExpectationPropagation {
    fn default() -> ExpectationPropagation {
        ExpectationPropagation { sweeps: 500, tolerance: 1e-9, step: 1.0 }
    }
}

impl ExpectationPropagation {
    /// At most 500 sweeps, to 1e-9 posterior standard deviations, undamped at first.
    #[must_use]
    pub fn new() -> ExpectationPropagation {
        ExpectationPropagation::default()
    }

    /// With at most this many sweeps.
    #[must_use]
    pub fn sweeps(self, sweeps: usize) -> ExpectationPropagation {
        ExpectationPropagation { sweeps, ..self }
    }

    /// Until no site moves by more than this: a change of precision times the marginal variance, a change of shift times the
    /// marginal standard deviation.
    #[must_use]
    pub fn tolerance(self, tolerance: f64) -> ExpectationPropagation {
        ExpectationPropagation { tolerance, ..self }
    }

    /// Sites move by this fraction of the way to their match (1: undamped).
    #[must_use]
    pub fn damped(self, step: f64) -> ExpectationPropagation {
        ExpectationPropagation { step, ..self }
    }

    fn check(&self) -> Result<()> {
        check_tolerance(self.tolerance)?;
        let (what, low, high, value) = ("a damped step of expectation propagation", 0.0, 1.0, self.step);
        if value > low && value <= high { Ok(()) } else { Err(ModelError::Range { what, low, high, value }) }
    }
}

const METHOD: &str = "expectation propagation";
const ADVICE: &str = "allow more (`sweeps`), a larger tolerance, or damp it (`damped(0.5)`)";
/// Sweeps without a shorter step than ever before after which the sites are as good as they get.
const PATIENCE: usize = 30;
/// A last step beyond this, in posterior standard deviations, is told.
const NOTEWORTHY: f64 = 1e-6;
/// And beyond this they are not at rest.
const TOO_MUCH: f64 = 1e-3;
/// Steps are never damped below this fraction.
const LEAST_STEP: f64 = 0.05;

/// The label's density times the cavity of its row, at every row.
fn tilted(state: &State, problem: &Problem, likelihood: &Bernoulli) -> Result<Vec<(f64, f64, Tilted)>> {
    let of_row = |i: usize| {
        let (var, free) = (state.var[i], state.free[i]);
        // 1/var − τ = free/var, without the difference
        let cavity = var / free;
        let mean = (state.g[i] - var * state.nu[i]) / free;
        Ok((mean, cavity, likelihood.tilted(problem.y[i], problem.mean[i] + mean, cavity)?))
    };
    (0..state.tau.len()).into_par_iter().map(of_row).collect()
}

struct Fit {
    state: State,
    log: f64,
    sweeps: usize,
    warnings: Vec<Warning>,
}

impl Fit {
    fn new(
        problem: &Problem,
        likelihood: &Bernoulli,
        settings: ExpectationPropagation,
        start: Option<&Array2<f64>>,
    ) -> Result<Fit> {
        settings.check()?;
        let n = problem.y.len();
        let (tau, nu) = match start {
            Some(sites) if sites.dim() == (n, 2) => (sites.column(0).to_owned(), sites.column(1).to_owned()),
            _ => (Array1::zeros(n), Array1::zeros(n)),
        };
        let mut state = State::new(problem, tau, nu)?;
        let (mut step, mut last, mut best) = (settings.step, f64::INFINITY, f64::INFINITY);
        let mut fresh = 0;
        for sweep in 1..=settings.sweeps {
            let tilted = tilted(&state, problem, likelihood)?;
            let mut size: f64 = 0.0;
            let (mut tau, mut nu) = (state.tau.clone(), state.nu.clone());
            for (i, (mean, _, tilted)) in tilted.iter().enumerate() {
                // log-concave labels have τ ≥ 0 but for rounding
                let matched = (-tilted.second / tilted.shrink).max(0.0);
                let pull = (tilted.first - mean * tilted.second) / tilted.shrink;
                let (by, along) = (matched - tau[i], pull - nu[i]);
                let sd = state.var[i].sqrt();
                // the shift is judged where the marginal stands, not at the prior mean
                let moved = (by * sd * sd).abs().max(((along - by * state.g[i]) * sd).abs());
                // (`max` passes over a NaN)
                size = if (by + along).is_finite() { size.max(moved) } else { f64::INFINITY };
                tau[i] += step * by;
                nu[i] += step * along;
            }
            if !size.is_finite() {
                return Err(ModelError::NotConverged {
                    method: METHOD,
                    iterations: sweep,
                    step: size,
                    advice: ADVICE,
                });
            }
            if size < 0.9 * best {
                fresh = sweep;
            }
            // sweeps that move as far as ever, and hardly at all: rounding allows no less
            let stuck = sweep > fresh + PATIENCE && best <= TOO_MUCH;
            if size <= settings.tolerance || (stuck && size <= TOO_MUCH) {
                let log = log_evidence(&state, &tilted);
                let caveat = (size > NOTEWORTHY).then_some(Warning::Resolution { step: size });
                return Ok(Fit { state, log, sweeps: sweep, warnings: caveat.into_iter().collect() });
            }
            // Sweeps that overshoot come to rest when they are shortened.
            if size > last && size > 0.5 * best {
                step = (0.7 * step).max(LEAST_STEP.min(settings.step));
            }
            (last, best) = (size, best.min(size));
            state = State::new(problem, tau, nu)?;
        }
        Err(ModelError::NotConverged {
            method: METHOD,
            iterations: settings.sweeps,
            step: last,
            advice: ADVICE,
        })
    }
}

/// ln Z_EP = Σ ln Ẑᵢ + ½ νᵀE g − ½ ln|B| + Σ [½ ln(1 + τ/τ₋) + ½ v (q²τ/τ₋ − 2qν − ν²)], with cavities exp(q g − ½ τ₋ g²) and v the
/// marginal variances: R&W 3.65 with 3.73 and 3.74, from log partition functions.
fn log_evidence(state: &State, tilted: &[(f64, f64, Tilted)]) -> f64 {
    let mut log = 0.5 * state.nu.dot(&state.g) - 0.5 * state.factor.log_det();
    for (i, (mean, cavity, tilted)) in tilted.iter().enumerate() {
        let (tau, nu, v) = (state.tau[i], state.nu[i], state.var[i]);
        let q = mean / cavity;
        log +=
            tilted.log_z + 0.5 * (tau * cavity).ln_1p() + 0.5 * v * (mean * q * tau - 2.0 * q * nu - nu * nu);
    }
    log
}

impl<P: GaussianPrior + 'static> Method<P, Bernoulli> for ExpectationPropagation {
    type Posterior = EpPosterior;

    /// # Errors
    /// For labels other than ±1 (naming the row), priors or labels of several outputs, over the memory limit, and
    /// [`ModelError::NotConverged`].
    fn condition(&self, model: Model<P, Bernoulli>, data: &Data) -> Result<EpPosterior> {
        let prior: Arc<dyn GaussianPrior> = Arc::new(model.prior);
        let problem = Problem::new(&*prior, &model.likelihood, data)?;
        let fit = Fit::new(&problem, &model.likelihood, *self, None)?;
        let information = fit.state.information();
        let evidence = Evidence {
            log: Nats(fit.log) + data.log_jacobian(),
            fit: Nats(fit.log + information) + data.log_jacobian(),
            information: Nats(information),
            grade: Grade::Approximate,
        };
        let State { alpha, root, factor, .. } = fit.state;
        let sites = Sites { alpha, root, factor };
        Ok(SitePosterior::new(prior, model.likelihood, data, sites, evidence, (fit.sweeps, fit.warnings)))
    }
}

impl DifferentiableEvidence<Bernoulli> for ExpectationPropagation {
    /// At the fixed point the sites do not move to first order (R&W 5.27): the covariance gets ½(ααᵀ − (K + T⁻¹)⁻¹), the mean α.
    fn evidence_gradient(
        &self,
        prior: &dyn GaussianPrior,
        likelihood: &Bernoulli,
        data: &Data,
        start: Option<&Array2<f64>>,
    ) -> Result<Gradients> {
        let problem = Problem::new(prior, likelihood, data)?;
        let fit = Fit::new(&problem, likelihood, *self, start)?;
        let State { alpha, root, factor, tau, nu, .. } = fit.state;
        let mut covariance = scaled_both_sides(factor.inverse(), &root);
        Zip::from(covariance.rows_mut()).and(&alpha).par_for_each(|mut row, a| {
            Zip::from(&mut row).and(&alpha).for_each(|entry, b| *entry = 0.5 * (a * b - *entry));
        });
        let mean = alpha.insert_axis(Axis(1));
        let mut sites = Array2::zeros((tau.len(), 2));
        sites.column_mut(0).assign(&tau);
        sites.column_mut(1).assign(&nu);
        Ok(Gradients {
            log: fit.log,
            prior: along_prior(prior, data, &problem.blocks(covariance), &mean)?,
            likelihood: Array1::zeros(0),
            warnings: fit.warnings,
            start: sites,
        })
    }
}
