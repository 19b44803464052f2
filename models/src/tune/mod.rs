//! Parameters chosen by the evidence: L-BFGS from several starts in parallel, hard ends evaluated exactly, the ledger charged.

mod coordinates;
mod objective;
mod search;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use softbias_priors::parameters::Coordinate;
use softbias_priors::{GaussianPrior, Ledger, Nats, Parameter, Parameters, PriorExt, Saw, Seed};

use self::coordinates::Coordinates;
use self::objective::Objective;
use self::search::{Found, Search};
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::exact::reduced::residual;
use crate::exact::{Exact, ExactPosterior};
use crate::likelihood::Gaussian;
use crate::model::{Method, Model};

/// The name of the noise among tuned parameters; its value is the variance.
pub const NOISE: &str = "noise2";

/// How to tune.
#[derive(Clone, Debug)]
pub struct Tune {
    method: Exact,
    restarts: usize,
    iterations: u64,
    seed: Seed,
    fixed: Vec<(String, bool)>,
    further: Vec<Vec<(String, f64)>>,
}

impl Default for Tune {
    fn default() -> Tune {
        Tune {
            method: Exact::Auto,
            restarts: 2,
            iterations: 200,
            seed: Seed::new(0),
            fixed: Vec::new(),
            further: Vec::new(),
        }
    }
}

/// Tunes the free parameters of a model by evidence, with the default settings of [`Tune`].
///
/// # Errors
/// When model and data do not fit, or no start has a finite evidence.
pub fn tune<P: GaussianPrior + 'static>(model: Model<P, Gaussian>, data: &Data) -> Result<Tuned> {
    Tune::default().run(model, data)
}

/// One point that the search ended at: a local optimum of the evidence, inside or with a softness held at its hard end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    /// Log evidence there.
    pub log_evidence: Nats,
    /// Every parameter there, the noise last.
    pub parameters: Parameters,
}

/// The outcome of tuning.
#[derive(Clone, Debug)]
pub struct Tuned {
    /// The model at the best parameters. Its prior is charged with the rows that were looked at.
    pub model: Model<Arc<dyn GaussianPrior>, Gaussian>,
    /// Log evidence there, Jacobian of label transforms included.
    pub log_evidence: Nats,
    modes: Vec<Mode>,
    /// For every softness² that was tuned: the slope of the evidence at softness² = 0 (in nats per unit of softness²), all else at
    /// the best hard parameters. Positive: the data ask for the constraint to be relaxed.
    pub slopes_at_hard: Vec<(String, f64)>,
    /// Parameters that sit on a bound, in words.
    pub warnings: Vec<String>,
    /// Evaluations of the evidence, over all starts.
    pub evaluations: usize,
    method: Exact,
}

impl Tuned {
    /// Conditions the tuned model.
    ///
    /// # Errors
    /// When the data do not fit.
    pub fn condition(&self, data: &Data) -> Result<ExactPosterior> {
        self.method.condition(self.model.clone(), data)
    }

    /// The optima that the starts led to, best first, those within a thousandth of a nat of each other once; the first is `model`.
    #[must_use]
    pub fn modes(&self) -> &[Mode] {
        &self.modes
    }

    /// The tuned value of a parameter by name ([`NOISE`] for the noise variance).
    ///
    /// The number has seen the labels and carries no ledger: a prior built from it by hand looks innocent and is not.
    ///
    /// # Errors
    /// When no parameter has that name.
    pub fn value(&self, name: &str) -> Result<f64> {
        let parameters = &self.modes[0].parameters;
        let at = parameters.position(name)?;
        Ok(parameters.values()[at])
    }
}

impl Tune {
    /// Random starts beside the spec's own values (at first 2).
    #[must_use]
    pub fn restarts(self, restarts: usize) -> Tune {
        Tune { restarts, ..self }
    }

    /// Iterations of L-BFGS a start, at most (at first 200).
    #[must_use]
    pub fn iterations(self, iterations: u64) -> Tune {
        Tune { iterations, ..self }
    }

    /// The seed of the random starts.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Tune {
        Tune { seed, ..self }
    }

    /// A further start: the spec's own values but for these, by name. Starts matter where the evidence has several optima.
    #[must_use]
    pub fn start<S: Into<String>>(mut self, values: impl IntoIterator<Item = (S, f64)>) -> Tune {
        self.further.push(values.into_iter().map(|(name, value)| (name.into(), value)).collect());
        self
    }

    /// The exact method used.
    #[must_use]
    pub fn method(self, method: Exact) -> Tune {
        Tune { method, ..self }
    }

    /// Lets a parameter move that the spec holds fixed ([`NOISE`] for the noise).
    #[must_use]
    pub fn free(mut self, name: &str) -> Tune {
        self.fixed.push((name.into(), false));
        self
    }

    /// Holds a parameter fixed.
    #[must_use]
    pub fn fix(mut self, name: &str) -> Tune {
        self.fixed.push((name.into(), true));
        self
    }

    /// Tunes.
    ///
    /// # Errors
    /// When model and data do not fit, a name is unknown, or no start has a finite evidence.
    pub fn run<P: GaussianPrior + 'static>(&self, model: Model<P, Gaussian>, data: &Data) -> Result<Tuned> {
        model.likelihood.check()?;
        let prior: Arc<dyn GaussianPrior> = Arc::new(model.prior);
        let parameters = self.parameters(&*prior, model.likelihood, data)?;
        let objective = Objective::new(prior.clone(), data, self.method)?;
        let search = Search {
            objective: &objective,
            list: parameters.iter().cloned().collect(),
            iterations: self.iterations,
        };
        let mut starts = search.starts(self.restarts, self.seed);
        for values in &self.further {
            starts.push(search.start_at(&parameters, values)?);
        }
        let found = search.run(&starts)?;
        self.finish(&search, prior, model.likelihood, data, found)
    }

    /// The prior's parameters and the noise, with what the user fixed or freed.
    fn parameters(&self, prior: &dyn GaussianPrior, noise: Gaussian, data: &Data) -> Result<Parameters> {
        let y = residual(prior, data)?;
        let scale2 = y.iter().map(|v| v * v).sum::<f64>() / y.len() as f64;
        let scale2 = if scale2 > 0.0 { scale2 } else { 1.0 };
        // Noise cannot explode unnoticed: ten times the labels' own size is its bound, and a bound that is met is reported.
        let bounds = ((1e-16 * scale2).min(noise.variance()), (100.0 * scale2).max(noise.variance()));
        let noise = Parameter::free(NOISE, noise.variance(), bounds, Coordinate::Log).fixed(noise.is_known());
        let all = prior.parameters().followed_by(Parameters::new([noise]));
        let change = |all: Parameters, (name, fixed): &(String, bool)| all.with_fixed(name, *fixed);
        let all = self.fixed.iter().try_fold(all, change)?;
        for (i, p) in all.iter().enumerate() {
            if all.iter().take(i).any(|other| other.name == p.name) {
                return Err(ModelError::DuplicateParameter(p.name.clone()));
            }
            let moves = !p.fixed && p.lower != p.upper;
            let least = if p.coordinate == Coordinate::Log { f64::MIN_POSITIVE } else { f64::MIN };
            if moves && !(p.lower < p.upper && p.lower >= least && p.upper.is_finite()) {
                return Err(ModelError::Bounds { name: p.name.clone(), lower: p.lower, upper: p.upper });
            }
        }
        Ok(all)
    }

    fn finish(
        &self,
        search: &Search<'_>,
        prior: Arc<dyn GaussianPrior>,
        noise: Gaussian,
        data: &Data,
        found: Found,
    ) -> Result<Tuned> {
        let moving = Coordinates::new(&search.list, &[]);
        let mut modes: Vec<Mode> = Vec::new();
        for (value, theta) in &found.optima {
            let log_evidence = Nats(*value) + data.log_jacobian();
            let known = |mode: &Mode| (mode.log_evidence.get() - log_evidence.get()).abs() < 1e-3;
            if !modes.iter().any(known) {
                let at = search.list.iter().zip(theta).map(|(p, &value)| Parameter { value, ..p.clone() });
                modes.push(Mode { log_evidence, parameters: Parameters::new(at) });
            }
        }
        let Some((value, theta)) = found.optima.first() else {
            return Err(ModelError::NoFiniteEvidence(String::new()));
        };
        let (of_prior, variance) = theta.split_at(theta.len() - 1);
        let mut tuned_prior = prior.with(of_prior)?;
        let names: Vec<&str> = moving
            .moving()
            .iter()
            .map(|&i| search.list[i].name.as_str())
            .filter(|name| *name != NOISE)
            .collect();
        if !names.is_empty() {
            let what = format!("tuned {}", names.join(", "));
            let seen = Ledger::saw(what, Saw::Labels, Some(data.rows())).and(data.ledger());
            tuned_prior = Arc::new(tuned_prior.charged(seen));
        }
        if moving.moving().contains(&(theta.len() - 1)) {
            let seen = Ledger::saw("tuned noise", Saw::Noise, Some(data.rows()));
            tuned_prior = Arc::new(tuned_prior.charged(seen));
        }
        let noise = if variance[0] == noise.variance() { noise } else { noise.at(variance[0].sqrt()) };
        Ok(Tuned {
            model: Model { prior: tuned_prior, likelihood: noise },
            log_evidence: Nats(*value) + data.log_jacobian(),
            modes,
            slopes_at_hard: found.slopes,
            warnings: moving.on_bounds(theta),
            evaluations: found.evaluations,
            method: self.method,
        })
    }
}
