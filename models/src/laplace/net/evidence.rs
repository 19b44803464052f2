//! The terms of a net's evidence, and how they change with the scales of the priors at fixed weights.

use softbias_priors::Nats;
use softbias_priors::net::{Net, Precision};

use super::Structure;
use super::cover::Cover;
use super::error::NetLaplaceError;
use super::fit::Factored;
use super::posterior::NetLaplacePosterior;
use crate::error::Result;
use crate::likelihood::{Gaussian, RowLikelihood};

/// What evidence and information are made of, tensor by tensor.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Terms {
    /// |ε*|².
    pub(super) squares: Vec<f64>,
    /// tr Σ.
    pub(super) traces: Vec<f64>,
    /// Covered weights.
    pub(super) counts: Vec<f64>,
    /// ln |M|.
    pub(super) log_det: f64,
}

impl Terms {
    pub(super) fn of<T: Precision>(net: &Net, cover: &Cover, eps: &[T], factored: &dyn Factored<T>) -> Terms {
        Terms::at(net, cover, eps, (factored.log_det(), factored.traces()))
    }

    fn at<T: Precision>(net: &Net, cover: &Cover, eps: &[T], (log_det, traces): (f64, Vec<f64>)) -> Terms {
        debug_assert_eq!(net.weights(), eps.len());
        let squares = cover.sums(|index| eps[cover.place(index)].get().powi(2));
        let counts = cover.tensors().iter().map(|own| own.len() as f64).collect();
        Terms { squares, traces, counts, log_det }
    }

    fn sum(of: &[f64]) -> f64 {
        of.iter().sum()
    }

    pub(super) fn log(&self, log_likelihood: f64) -> f64 {
        log_likelihood - 0.5 * Terms::sum(&self.squares) - 0.5 * self.log_det
    }

    pub(super) fn information(&self) -> f64 {
        let traces: f64 = self.traces.iter().zip(&self.counts).map(|(trace, count)| trace - count).sum();
        (0.5 * (traces + Terms::sum(&self.squares) + self.log_det)).max(0.0)
    }

    /// Σ λ/(1 + λ).
    pub(super) fn determined(&self) -> f64 {
        self.counts.iter().zip(&self.traces).map(|(count, trace)| count - trace).sum()
    }

    /// ∂ log/∂ ln σ of every tensor at fixed θ*: |ε|² − Σ λ/(1 + λ).
    pub(super) fn slopes(&self) -> Vec<f64> {
        let all = self.squares.iter().zip(&self.counts).zip(&self.traces);
        all.map(|((square, count), trace)| square - (count - trace)).collect()
    }
}

/// The evidence at other scales, with its slopes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moved {
    pub(super) log: f64,
    /// Along the logarithm of every tensor's scale.
    pub(super) slopes: Vec<f64>,
    /// Along the logarithm of the noise, for Gaussian noise.
    pub(super) noise: f64,
}

/// Gaussian noise as the evidence knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Residuals {
    /// Σ (y − f)².
    pub(super) square: f64,
    /// How many labels.
    pub(super) labels: f64,
    /// The standard deviation at which the curvature was measured.
    pub(super) sd: f64,
}

impl<T: Precision, L: RowLikelihood> NetLaplacePosterior<T, L> {
    /// The white coordinates that have the same weights at other scales.
    pub(super) fn recentred(&self, scales: &[f64]) -> Result<Vec<T>> {
        let mut eps = self.eps.to_vec();
        for (tensor, &scale) in self.net.tensors().iter().zip(scales) {
            let before = tensor.law.scale();
            if scale == before {
                continue;
            }
            let refuse = |reason| {
                let tensor = tensor.name.clone();
                Err(NetLaplaceError::Scale { tensor, scale, reason }.into())
            };
            if !(scale >= 0.0 && scale.is_finite()) {
                return refuse("it must be finite and ≥ 0");
            }
            if !tensor.law.is_normal() {
                return refuse(
                    "the prior is bent, so that its scale cannot be moved at fixed weights; train again at the other scale",
                );
            }
            let own = &mut eps[tensor.range()];
            if before == 0.0 && matches!(self.by.structure, Structure::LowRank(_)) {
                return refuse(
                    "its directions were not seen at scale 0; approximate again at the other scale",
                );
            }
            if before == 0.0 || scale == 0.0 {
                if scale == 0.0 && own.iter().any(|e| *e != T::ZERO) {
                    return refuse(
                        "the weights are not at their mean, where a scale of 0 holds them; train again at scale 0",
                    );
                }
                own.fill(T::ZERO);
            } else {
                own.iter_mut().for_each(|e| *e = T::of(e.get() * before / scale));
            }
        }
        Ok(eps)
    }

    pub(super) fn moved(&self, scales: &[f64], noise: Option<(Residuals, f64)>) -> Result<Moved> {
        self.net.with_scales(scales)?;
        let eps = self.recentred(scales)?;
        let (mut log_likelihood, mut weight) = (self.log_likelihood, self.weight);
        if let Some((Residuals { square, labels, sd: before }, sd)) = noise {
            log_likelihood =
                -0.5 * square / (sd * sd) - labels * (sd.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln());
            weight = (before / sd).powi(2);
        }
        let found = self.curvature.log_det_and_traces(scales, weight)?;
        let terms = Terms::at(&self.net, &self.cover, &eps, found);
        let slope = noise.map_or(0.0, |(Residuals { square, labels, .. }, sd)| {
            square / (sd * sd) - labels + terms.determined()
        });
        Ok(Moved { log: terms.log(log_likelihood), slopes: terms.slopes(), noise: slope })
    }

    /// The log evidence at other scales of the priors, one a tensor, weights and curvature held fixed, and its slope along the logarithm of every
    /// scale (Immer et al. 2021): |ε|² − Σ λ/(1 + λ) over the tensor's directions. Tensors without a covered weight have slope 0.
    ///
    /// # Errors
    /// For a wrong number of scales, [`NetLaplaceError::Scale`] for one that the fitted weights do not allow, and when a factorisation fails.
    pub fn evidence_at(&self, scales: &[f64]) -> Result<(Nats, Vec<f64>)> {
        let Moved { log, slopes, .. } = self.moved(scales, None)?;
        Ok((Nats(log) + self.data.log_jacobian(), slopes))
    }
}

impl<T: Precision> NetLaplacePosterior<T, Gaussian> {
    /// The same at another noise, with the slope along its logarithm: Σ (y − f)²/sd² − n + Σ λ/(1 + λ).
    ///
    /// # Errors
    /// As [`NetLaplacePosterior::evidence_at`], and for a noise that is none.
    pub fn evidence_at_noise(&self, scales: &[f64], sd: f64) -> Result<(Nats, Vec<f64>, f64)> {
        self.likelihood.at(sd).check()?;
        let Moved { log, slopes, noise } = self.moved(scales, Some((self.residuals(), sd)))?;
        Ok((Nats(log) + self.data.log_jacobian(), slopes, noise))
    }

    /// Its squared errors from the log likelihood: −½ S/sd² − n (ln sd + ½ ln 2π).
    pub(super) fn residuals(&self) -> Residuals {
        let labels = self.data.labels().len() as f64;
        let sd = self.likelihood.sd();
        let constant = labels * (sd.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln());
        let square = (-2.0 * sd * sd * (self.log_likelihood + constant)).max(0.0);
        Residuals { square, labels, sd: sd * self.weight.sqrt() }
    }
}
