//! Gaussian noise of unknown precision with a Gamma prior: the conjugate normal–gamma model, exact.

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use softbias_priors::linear::design;
use softbias_priors::math::linalg;
use softbias_priors::math::special::{digamma, ln_gamma};
use softbias_priors::{GaussianPrior, Nats, Points, PriorError};

use super::Likelihood;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::evidence::{Evidence, Grade};
use crate::exact::Exact;
use crate::exact::factor::{CovarianceFactor, Factor, square};
use crate::exact::reduced::Reduced;
use crate::model::{Method, Model};

/// y = f(x) + N(0, 1/τ) with τ ~ Gamma(shape, rate), and f's departures from its mean scaled by 1/√τ: the prior's scales are in
/// units of the noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GaussianGamma {
    shape: f64,
    rate: f64,
}

impl GaussianGamma {
    /// Noise precision τ ~ Gamma(shape, rate).
    ///
    /// # Errors
    /// Unless both are finite and positive.
    pub fn new(shape: f64, rate: f64) -> Result<GaussianGamma> {
        if shape > 0.0 && rate > 0.0 && shape.is_finite() && rate.is_finite() {
            Ok(GaussianGamma { shape, rate })
        } else {
            Err(ModelError::Gamma { shape, rate })
        }
    }

    /// Shape of the Gamma prior of the precision.
    #[must_use]
    pub fn shape(&self) -> f64 {
        self.shape
    }

    /// Rate of the Gamma prior of the precision.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }
}

impl Likelihood for GaussianGamma {
    /// With the precision integrated out: a Student-t of 2·shape degrees of freedom.
    fn log_density(&self, y: f64, f: f64) -> f64 {
        let (a, b) = (self.shape, self.rate);
        ln_gamma(a + 0.5)
            - ln_gamma(a)
            - 0.5 * (2.0 * std::f64::consts::PI * b).ln()
            - (a + 0.5) * ((y - f).powi(2) / (2.0 * b)).ln_1p()
    }
}

/// The posterior of the normal–gamma model, exact.
#[derive(Clone, Debug)]
pub struct NormalGammaPosterior<P> {
    prior: P,
    shape: f64,
    rate: f64,
    live: Vec<usize>,
    white: Array2<f64>,
    covariance: CovarianceFactor,
    evidence: Evidence,
}

impl<P: GaussianPrior> NormalGammaPosterior<P> {
    /// The evidence.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        self.evidence
    }

    /// Posterior shape and rate of the noise precision.
    #[must_use]
    pub fn precision(&self) -> (f64, f64) {
        (self.shape, self.rate)
    }

    /// Location and squared scale, each (point, 1), of the Student-t distribution (with 2·shape degrees of freedom) of the
    /// function's values.
    ///
    /// # Errors
    /// When the points do not fit.
    pub fn predict(&self, x: &Points) -> Result<(Array2<f64>, Array2<f64>)> {
        let weights = self.prior.weights().ok_or(PriorError::Empty("features of a linear prior"))?;
        let design = design(&*weights, x)?.select(ndarray::Axis(1), &self.live);
        let mean = self.prior.mean(x)? + linalg::matmul(design.view(), self.white.view());
        let spread = linalg::matmul(design.view(), self.covariance.0.view());
        let unit = spread.map_axis(ndarray::Axis(1), |row| row.dot(&row)).insert_axis(ndarray::Axis(1));
        Ok((mean, unit * (self.rate / self.shape)))
    }
}

impl<P: GaussianPrior> Method<P, GaussianGamma> for Exact {
    type Posterior = NormalGammaPosterior<P>;

    /// In weight space whatever the variant; one output.
    fn condition(&self, model: Model<P, GaussianGamma>, data: &Data) -> Result<NormalGammaPosterior<P>> {
        let GaussianGamma { shape, rate } = model.likelihood;
        if data.outputs() != 1 {
            return Err(ModelError::Outputs { model: 1, labels: data.outputs() });
        }
        let Some(weights) = model.prior.weights() else {
            return Err(ModelError::NoFeatures(format!("{:?}", model.prior).chars().take(60).collect()));
        };
        let reduced = Reduced::new(&model.prior, &*weights, data)?;
        let scales = weights.scales();
        let factor = Factor::new(&reduced, &scales, 1.0)?;
        let n = data.len() as f64;
        let (new_shape, new_rate) = (shape + 0.5 * n, rate + 0.5 * factor.quadratic());
        let log = -0.5 * (n * (2.0 * std::f64::consts::PI).ln() + factor.log_det_ratio()) + shape * rate.ln()
            - new_shape * new_rate.ln()
            + ln_gamma(new_shape)
            - ln_gamma(shape);
        // KL of the Gammas, plus the expected KL of the weights given the precision.
        let precision = new_shape / new_rate;
        let gammas = (new_shape - shape) * digamma(new_shape) - ln_gamma(new_shape)
            + ln_gamma(shape)
            + shape * (new_rate / rate).ln()
            + new_shape * (rate - new_rate) / new_rate;
        let weights_kl =
            0.5 * (factor.log_det_ratio() - factor.determined() + precision * square(&factor.white));
        let log_precision = digamma(new_shape) - new_rate.ln();
        let scatter = precision * factor.scatter() + factor.determined();
        let fit = 0.5 * (n * (log_precision - (2.0 * std::f64::consts::PI).ln()) - scatter);
        let evidence = Evidence {
            log: Nats(log) + data.log_jacobian(),
            fit: Nats(fit) + data.log_jacobian(),
            information: Nats(gammas + weights_kl),
            grade: Grade::Exact,
        };
        let covariance = factor.covariance_factor(&reduced, scales.view())?;
        let (live, white) = (factor.live, factor.white);
        drop(weights);
        Ok(NormalGammaPosterior {
            prior: model.prior,
            shape: new_shape,
            rate: new_rate,
            live,
            white,
            covariance,
            evidence,
        })
    }
}
