//! The outcome of tuning: a model, its evidence, the other optima, and what is odd about it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use softbias_priors::{GaussianPrior, Ledger, Nats, Parameter, Parameters, PriorExt, Saw};

use super::coordinates::Coordinates;
use super::method::EvidenceMethod;
use super::problem::{Point, Problem, moves};
use super::search::Found;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::exact::Exact;
use crate::likelihood::{Gaussian, NOISE, Parametric};
use crate::model::{Method, Model};

/// One point that the search ended at: a local optimum, inside or with a softness held at its hard end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    /// Log evidence there, and nothing else.
    pub log_evidence: Nats,
    /// Σ of the log hyperpriors there, of the parameters that were tuned; 0 without any.
    pub log_hyperprior: Nats,
    /// Every parameter there, the likelihood's last.
    pub parameters: Parameters,
}

/// A model whose functions are worth less than this, in nats, explains nothing.
const EXPLAINED: f64 = 1.0;

/// The outcome of tuning.
#[derive(Clone, Debug)]
pub struct Tuned<L = Gaussian, M = Exact> {
    /// The model at the best parameters. Its prior is charged with the rows that were looked at.
    pub model: Model<Arc<dyn GaussianPrior>, L>,
    /// Log evidence there, Jacobian of label transforms included; never mixed with a hyperprior.
    pub log_evidence: Nats,
    /// Σ of the log hyperpriors there. Tuning maximises the sum of the two.
    pub log_hyperprior: Nats,
    modes: Vec<Mode>,
    /// For every softness² that was tuned: the slope of the evidence at softness² = 0 (in nats per unit of softness²), all else at
    /// the best hard parameters. Positive: the data ask for the constraint to be relaxed. Empty when tuning was interrupted.
    pub slopes_at_hard: Vec<(String, f64)>,
    /// What to look at before the model is believed, in words: parameters on a bound, a search that ended early, a model that explains
    /// nothing, what the approximation says of itself.
    pub warnings: Vec<String>,
    /// Evaluations of the evidence, over all starts.
    pub evaluations: usize,
    /// Whether a watcher ended the search before its time ([`Tune::watch`](super::Tune::watch)).
    pub interrupted: bool,
    method: M,
}

impl<L, M> Tuned<L, M> {
    /// Conditions the tuned model by the method that tuned it.
    ///
    /// # Errors
    /// When the data do not fit.
    pub fn condition(&self, data: &Data) -> Result<<M as Method<Arc<dyn GaussianPrior>, L>>::Posterior>
    where
        L: Clone,
        M: Method<Arc<dyn GaussianPrior>, L>,
    {
        self.method.condition(self.model.clone(), data)
    }

    /// The optima that the starts led to, best first; the first is `model`.
    ///
    /// Two climbs that ended within a thousandth of a nat of each other are one mode only when their parameters agree as well (each
    /// logarithm to 0.02), or when the evidence has no valley between them. So modes of equal evidence at different parameters
    /// all stand here, those too that are images of each other when two like parts swap places.
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

    pub(super) fn new(
        problem: &Problem<'_>,
        found: Found,
        prior: &Arc<dyn GaussianPrior>,
        likelihood: &L,
        method: &M,
        data: &Data,
    ) -> Result<Tuned<L, M>>
    where
        L: Parametric,
        M: EvidenceMethod<L>,
    {
        let mode = |point: &Point| Mode {
            log_evidence: Nats(point.log_evidence) + data.log_jacobian(),
            log_hyperprior: Nats(point.log_hyperprior),
            parameters: Parameters::new(
                problem.list.iter().zip(&point.theta).map(|(p, &value)| Parameter { value, ..p.clone() }),
            ),
        };
        let modes: Vec<Mode> = found.optima.iter().map(mode).collect();
        let (Some(best), Some(top)) = (found.optima.first(), modes.first()) else {
            return Err(ModelError::NoFiniteEvidence(String::new()));
        };
        let (log_evidence, log_hyperprior) = (top.log_evidence, top.log_hyperprior);
        let model = model_at((&problem.list, problem.of_prior), &best.theta, prior, likelihood, data)?;
        let mut warnings = Coordinates::new(&problem.list, &[]).on_bounds(&best.theta);
        warnings.extend(found.warnings);
        let gain = best.log_evidence - model.likelihood.log_at_mean(&*model.prior, data)?;
        if gain < EXPLAINED {
            warnings.push(format!(
                "the model explains nothing: its evidence is {gain:+.2} nats from that of the prior mean and the tuned noise alone; try \
                 other starts, or another prior"
            ));
        }
        Ok(Tuned {
            model,
            log_evidence,
            log_hyperprior,
            modes,
            slopes_at_hard: found.slopes,
            warnings,
            evaluations: problem.track.evaluations(),
            interrupted: problem.track.stopped(),
            method: method.clone(),
        })
    }
}

/// The model at parameters that were chosen by looking at the data, and charged for that.
pub(super) fn model_at<L: Parametric>(
    (list, of_prior): (&[Parameter], usize),
    theta: &[f64],
    prior: &Arc<dyn GaussianPrior>,
    likelihood: &L,
    data: &Data,
) -> Result<Model<Arc<dyn GaussianPrior>, L>> {
    let (prior_theta, likelihood_theta) = theta.split_at(of_prior);
    let moved = |range: std::ops::Range<usize>| -> Vec<&str> {
        let names = list[range].iter().filter(|p| moves(p)).map(|p| p.name.as_str());
        names.map(|name| if name == NOISE { "noise" } else { name }).collect()
    };
    let mut tuned = prior.with(prior_theta)?;
    let names = moved(0..of_prior);
    if !names.is_empty() {
        let seen = Ledger::saw(format!("tuned {}", names.join(", ")), Saw::Labels, Some(data.rows()));
        tuned = Arc::new(tuned.charged(seen.and(data.ledger())));
    }
    let names = moved(of_prior..theta.len());
    if !names.is_empty() {
        let seen = Ledger::saw(format!("tuned {}", names.join(", ")), Saw::Noise, Some(data.rows()));
        tuned = Arc::new(tuned.charged(seen.and(data.ledger())));
    }
    Ok(Model { prior: tuned, likelihood: likelihood.with(likelihood_theta)? })
}
