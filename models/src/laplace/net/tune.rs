//! Scales of a net's priors, and its noise, by the evidence at fixed weights (MacKay 1992; Immer et al. 2021).

use std::sync::Arc;

use softbias_priors::net::Precision;
use softbias_priors::{Ledger, Saw};

use super::error::NetLaplaceError;
use super::evidence::{Residuals, Terms};
use super::posterior::NetLaplacePosterior;
use crate::error::Result;
use crate::latent::Warning;
use crate::likelihood::{Gaussian, RowLikelihood};
use crate::model::Model;
use crate::net::NetTarget;
use crate::optimize::maximise;
use crate::posterior::Evidenced;

/// How scales are tuned.
#[derive(Clone, Debug, PartialEq)]
pub struct TuneScales {
    factor: f64,
    iterations: u64,
    hard: Vec<String>,
}

impl Default for TuneScales {
    fn default() -> TuneScales {
        TuneScales { factor: 1e4, iterations: 200, hard: Vec::new() }
    }
}

impl TuneScales {
    /// Every scale by a factor of up to 10,000 either way, in at most 200 steps.
    #[must_use]
    pub fn new() -> TuneScales {
        TuneScales::default()
    }

    /// By a factor of up to this much either way, which must be above 1.
    #[must_use]
    pub fn within(self, factor: f64) -> TuneScales {
        TuneScales { factor, ..self }
    }

    /// In at most so many steps.
    #[must_use]
    pub fn iterations(self, iterations: u64) -> TuneScales {
        TuneScales { iterations, ..self }
    }

    /// Tries these tensors at scale 0 as well, at their mean, one after another: each time the net is evaluated again there, and what has the
    /// better evidence is kept. (Towards 0 with the weights held where they are the evidence falls without end, so that no slope leads there.)
    #[must_use]
    pub fn or_hard<S: Into<String>>(self, tensors: impl IntoIterator<Item = S>) -> TuneScales {
        let TuneScales { factor, iterations, mut hard } = self;
        hard.extend(tensors.into_iter().map(Into::into));
        TuneScales { factor, iterations, hard }
    }

    fn check(&self) -> Result<()> {
        if self.factor > 1.0 && self.factor.is_finite() {
            return Ok(());
        }
        Err(NetLaplaceError::Structure("scales are tuned within a finite factor above 1").into())
    }
}

/// Where a climb ended.
struct Found {
    scales: Vec<f64>,
    sd: Option<f64>,
    bounds: Vec<Warning>,
}

impl<T: Precision, L: RowLikelihood> NetLaplacePosterior<T, L> {
    /// The same posterior at the scales that maximise its evidence, weights and curvature held fixed. Scales of tensors that are bent, not
    /// covered or 0 stay. The net's ledger says afterwards that its scales were tuned on these rows.
    ///
    /// # Errors
    /// For a factor that is none, a tensor that is not there, and when the evidence is not defined at the start.
    pub fn tune_scales(&self, how: &TuneScales) -> Result<NetLaplacePosterior<T, L>> {
        self.tuned(how, &|posterior: &Self| {
            let found = posterior.climb(how, None)?;
            posterior.rebuilt(found, posterior.weight, posterior.log_likelihood, posterior.likelihood.clone())
        })
    }

    fn tuned(&self, how: &TuneScales, climb: &dyn Fn(&Self) -> Result<Self>) -> Result<Self> {
        how.check()?;
        let index = |name: &String| {
            let found = self.net.tensors().iter().position(|tensor| tensor.name == *name);
            found.ok_or_else(|| NetLaplaceError::NoTensor(name.clone()).into())
        };
        let hard = how.hard.iter().map(index).collect::<Result<Vec<usize>>>()?;
        let mut best = climb(self)?;
        for tensor in hard {
            let candidate = climb(&best.without(tensor)?)?;
            if candidate.evidence_of().log > best.evidence_of().log {
                best = candidate;
            }
        }
        let seen = Ledger::saw("scales of weights tuned", Saw::Labels, Some(self.data.rows()));
        best.net = best.net.owing(seen);
        Ok(best)
    }

    /// Evaluated anew with one tensor at its mean.
    fn without(&self, tensor: usize) -> Result<Self> {
        let mut scales = self.net.scales();
        scales[tensor] = 0.0;
        let net = self.net.with_scales(&scales)?;
        let mut eps = self.eps.to_vec();
        eps[net.tensors()[tensor].range()].fill(T::ZERO);
        let model = Model { prior: net, likelihood: self.likelihood.clone() };
        self.by.at(&NetTarget::new(&model, &self.data)?, &eps)
    }

    fn climb(&self, how: &TuneScales, noise: Option<(Residuals, f64)>) -> Result<Found> {
        let tensors = self.net.tensors();
        let free: Vec<usize> = (0..tensors.len())
            .filter(|&t| {
                self.terms.counts[t] > 0.0 && tensors[t].law.scale() > 0.0 && tensors[t].law.is_normal()
            })
            .collect();
        let start = self.net.scales();
        // ln s = ln s₀ + width · tanh(u/width)
        let width = how.factor.ln();
        let factor = |u: f64| (width * (u / width).tanh()).exp();
        let slope = |u: f64| 1.0 - (u / width).tanh().powi(2);
        let at = |u: &[f64]| {
            let mut scales = start.clone();
            free.iter().zip(u).for_each(|(t, u)| scales[*t] *= factor(*u));
            let sd = noise.map(|(residuals, sd)| (residuals, sd * factor(u[free.len()])));
            (scales, sd)
        };
        let objective = |u: &[f64]| {
            let (scales, sd) = at(u);
            let moved = self.moved(&scales, sd).ok()?;
            let slopes = free.iter().map(|t| moved.slopes[*t]).chain(noise.map(|_| moved.noise));
            Some((moved.log, slopes.zip(u).map(|(s, u)| s * slope(*u)).collect()))
        };
        let zero = vec![0.0; free.len() + usize::from(noise.is_some())];
        let best = maximise(&objective, &zero, how.iterations, &|| false);
        let Some(best) = best else {
            return Err(NetLaplaceError::NotFinite { what: "the evidence" }.into());
        };
        let (scales, sd) = at(&best.x);
        let sd = sd.map(|(_, sd)| sd);
        let name = |i: usize| free.get(i).map_or("noise", |t| tensors[*t].name.as_str()).to_owned();
        let value = |i: usize| free.get(i).map_or(sd.unwrap_or(f64::NAN), |t| scales[*t]);
        // as elsewhere, within a hundredth of the range
        let met = |(i, u): (usize, &f64)| {
            let share = (u / width).tanh();
            let end = if share < 0.0 { "lower" } else { "upper" };
            (share.abs() > 0.98).then(|| Warning::OnBound { what: name(i), value: value(i), end })
        };
        let bounds = best.x.iter().enumerate().filter_map(met).collect();
        Ok(Found { scales, sd, bounds })
    }

    /// At other scales and another noise, without a look at the data.
    fn rebuilt(&self, found: Found, weight: f64, log_likelihood: f64, likelihood: L) -> Result<Self> {
        let Found { scales, bounds, .. } = found;
        let net = self.net.with_scales(&scales)?;
        let eps: Arc<[T]> = self.recentred(&scales)?.into();
        let factored = self.curvature.factored(&scales, weight)?;
        let terms = Terms::of(&net, &self.cover, &eps, factored.as_ref());
        Ok(NetLaplacePosterior {
            net,
            eps,
            factored,
            terms,
            weight,
            log_likelihood,
            likelihood,
            bounds,
            ..self.clone()
        })
    }
}

impl<T: Precision> NetLaplacePosterior<T, Gaussian> {
    /// Scales as [`NetLaplacePosterior::tune_scales`], and the noise with them, unless it is known ([`Gaussian::known`]).
    ///
    /// # Errors
    /// As [`NetLaplacePosterior::tune_scales`].
    pub fn tune_scales_and_noise(&self, how: &TuneScales) -> Result<NetLaplacePosterior<T, Gaussian>> {
        if self.likelihood.is_known() {
            return self.tune_scales(how);
        }
        let mut best = self.tuned(how, &|posterior: &Self| {
            let residuals = posterior.residuals();
            let found = posterior.climb(how, Some((residuals, posterior.likelihood.sd())))?;
            let sd = found.sd.unwrap_or(posterior.likelihood.sd());
            let constant = residuals.labels * (sd.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln());
            let log = -0.5 * residuals.square / (sd * sd) - constant;
            posterior.rebuilt(found, (residuals.sd / sd).powi(2), log, posterior.likelihood.at(sd))
        })?;
        let seen = Ledger::saw("noise tuned", Saw::Noise, Some(self.data.rows()));
        best.net = best.net.owing(seen);
        Ok(best)
    }
}
