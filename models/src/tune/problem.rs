//! What is maximised: log evidence plus log hyperpriors over one list of parameters, the prior's and then the likelihood's.

use std::sync::Arc;

use softbias_priors::parameters::Coordinate;
use softbias_priors::{GaussianPrior, Parameter, Parameters};

use super::coordinates::Coordinates;
use super::hyperprior::Hyperprior;
use super::method::{EvidenceGradient, EvidenceMethod, EvidenceObjective, Warm};
use super::watch::Track;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::likelihood::Parametric;

/// One evaluation point in full: parameters of the prior, then of the likelihood.
pub(super) type Theta = Vec<f64>;

/// A point that was evaluated.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) log_evidence: f64,
    pub(super) log_hyperprior: f64,
    pub(super) theta: Theta,
}

impl Point {
    /// What tuning maximises.
    pub(super) fn target(&self) -> f64 {
        self.log_evidence + self.log_hyperprior
    }
}

/// What the user asks for beside the model.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes {
    pub(super) fixed: Vec<(String, bool)>,
    pub(super) bounds: Vec<(String, f64, f64)>,
    pub(super) hyperpriors: Vec<(String, Hyperprior)>,
}

/// Hyperpriors of parameters that move, by place.
type Weighed = Vec<(usize, Hyperprior)>;

#[derive(Debug)]
pub(super) struct Problem<'a> {
    objective: Box<dyn EvidenceObjective + 'a>,
    /// The prior's parameters, then the likelihood's.
    pub(super) list: Vec<Parameter>,
    /// How many of them are the prior's.
    pub(super) of_prior: usize,
    hyperpriors: Weighed,
    pub(super) track: Track,
}

impl<'a> Problem<'a> {
    pub(super) fn new<L: Parametric, M: EvidenceMethod<L>>(
        wishes: &Wishes,
        method: &M,
        prior: &Arc<dyn GaussianPrior>,
        likelihood: &L,
        data: &'a Data,
        track: Track,
    ) -> Result<Problem<'a>> {
        let objective = method.objective(prior.clone(), likelihood, data)?;
        let tunables = likelihood.tunables(&**prior, data)?;
        let own: Vec<Parameter> =
            prior.parameters().followed_by(likelihood.parameters()).into_iter().collect();
        let (list, hyperpriors) = wishes.list(prior.parameters().followed_by(tunables), &own)?;
        Ok(Problem { objective, list, of_prior: prior.parameters().len(), hyperpriors, track })
    }

    pub(super) fn moves(&self, i: usize) -> bool {
        moves(&self.list[i])
    }

    /// Log evidence and its gradient in natural units.
    pub(super) fn value(&self, theta: &[f64], warm: &mut Warm) -> Result<EvidenceGradient> {
        let (prior, likelihood) = theta.split_at(self.of_prior);
        let value = self.objective.at(prior, likelihood, warm).and_then(|value| self.checked(value));
        self.track.evaluated(value.as_ref().ok().map(|value| Point {
            log_evidence: value.log,
            log_hyperprior: self.log_hyperprior(theta, |_| true),
            theta: theta.to_vec(),
        }));
        value
    }

    /// The slope of the log evidence along one parameter, a softness² of 0 too.
    pub(super) fn slope_at_hard_end(&self, theta: &[f64], i: usize) -> Result<f64> {
        let (prior, likelihood) = theta.split_at(self.of_prior);
        let value = self.checked(self.objective.at_hard_end(prior, likelihood)?)?;
        self.track.evaluated(None);
        Ok(self.along(&value, i))
    }

    /// The slope of the target along one parameter, in its natural unit.
    pub(super) fn slope(&self, value: &EvidenceGradient, theta: &[f64], i: usize) -> f64 {
        self.along(value, i) + self.hyperprior(i).map_or(0.0, |hyperprior| hyperprior.slope(theta[i]))
    }

    fn along(&self, value: &EvidenceGradient, i: usize) -> f64 {
        if i < self.of_prior { value.prior[i] } else { value.likelihood[i - self.of_prior] }
    }

    fn checked(&self, value: EvidenceGradient) -> Result<EvidenceGradient> {
        let (prior, likelihood) = (self.of_prior, self.list.len() - self.of_prior);
        for (parameters, found) in [(prior, value.prior.len()), (likelihood, value.likelihood.len())] {
            if parameters != found {
                return Err(ModelError::Gradient { parameters, found });
            }
        }
        Ok(value)
    }

    /// Σ of the log hyperpriors of those that move and are counted.
    pub(super) fn log_hyperprior(&self, theta: &[f64], counts: impl Fn(usize) -> bool) -> f64 {
        let counted = self.hyperpriors.iter().filter(|(i, _)| counts(*i));
        counted.fold(0.0, |sum, (i, hyperprior)| sum + hyperprior.log_density(theta[*i]))
    }

    pub(super) fn hyperprior(&self, i: usize) -> Option<&Hyperprior> {
        self.hyperpriors.iter().find(|(at, _)| *at == i).map(|(_, hyperprior)| hyperprior)
    }

    /// The point at the coordinates u, and the gradient of its target in u; hyperpriors of parameters that stand still count nothing.
    pub(super) fn at(
        &self,
        coordinates: &Coordinates,
        start: &[f64],
        u: &[f64],
        warm: &mut Warm,
    ) -> Option<(Point, Vec<f64>)> {
        let mut theta = start.to_vec();
        let slopes = coordinates.write(u, &mut theta);
        let value = self.value(&theta, warm).ok()?;
        let moving = coordinates.moving();
        let gradient = moving.iter().zip(&slopes).map(|(&i, unit)| self.slope(&value, &theta, i) * unit);
        let gradient = gradient.collect();
        let log_hyperprior = self.log_hyperprior(&theta, |i| moving.contains(&i));
        Some((Point { log_evidence: value.log, log_hyperprior, theta }, gradient))
    }
}

/// Whether tuning moves it.
pub(super) fn moves(p: &Parameter) -> bool {
    !p.fixed && p.lower < p.upper
}

impl Wishes {
    /// The parameters with all that was asked for, and the hyperpriors of those that move. `own` has the widest bounds possible.
    fn list(&self, mut all: Parameters, own: &[Parameter]) -> Result<(Vec<Parameter>, Weighed)> {
        for (name, fixed) in &self.fixed {
            all = all.with_fixed(name, *fixed)?;
        }
        let mut list: Vec<Parameter> = all.iter().cloned().collect();
        for (i, p) in list.iter().enumerate() {
            if list.iter().take(i).any(|other| other.name == p.name) {
                return Err(ModelError::DuplicateParameter(p.name.clone()));
            }
        }
        for (name, lower, upper) in &self.bounds {
            let at = all.position(name)?;
            let (lower, upper, own) = (*lower, *upper, own.get(at).unwrap_or(&list[at]));
            if lower >= upper || lower.is_nan() || upper.is_nan() {
                return Err(ModelError::Bounds { name: name.clone(), lower, upper });
            }
            if lower < own.lower || upper > own.upper {
                let (name, least, most) = (name.clone(), own.lower, own.upper);
                return Err(ModelError::BeyondBounds { name, lower, upper, least, most });
            }
            (list[at].lower, list[at].upper) = (lower, upper);
        }
        let mut hyperpriors = Weighed::new();
        for (name, hyperprior) in &self.hyperpriors {
            let at = all.position(name)?;
            hyperprior.check(name)?;
            let p = &mut list[at];
            if !moves(p) {
                continue;
            }
            let (low, high) = hyperprior.support();
            if high <= p.lower || low >= p.upper {
                let reason = format!(
                    "its density is 0 between the parameter's bounds {} and {}: move one or the other",
                    p.lower, p.upper
                );
                return Err(ModelError::Hyperprior { name: name.clone(), reason });
            }
            (p.lower, p.upper) = (p.lower.max(low), p.upper.min(high));
            if p.coordinate == Coordinate::Variance && hyperprior.log_density(p.lower) == f64::INFINITY {
                let reason = "its density has no bound at 0, where this variance may stand: take a shape of at least 1";
                return Err(ModelError::Hyperprior { name: name.clone(), reason: reason.to_owned() });
            }
            hyperpriors.retain(|(i, _)| *i != at);
            hyperpriors.push((at, *hyperprior));
        }
        for p in list.iter_mut().filter(|p| !p.fixed && p.lower != p.upper) {
            let least = if p.coordinate == Coordinate::Log { f64::MIN_POSITIVE } else { f64::MIN };
            if !(p.lower < p.upper && p.lower >= least && p.upper.is_finite()) {
                return Err(ModelError::Bounds { name: p.name.clone(), lower: p.lower, upper: p.upper });
            }
            p.value = p.value.clamp(p.lower, p.upper);
        }
        Ok((list, hyperpriors))
    }
}
