//! Counts with a rate that is the exponential of the function.

use serde::{Deserialize, Serialize};
use softbias_priors::math::special::ln_gamma;

use super::Likelihood;
use super::scalar::{Derivatives, Parametric, ScalarLikelihood};
use crate::error::Result;
use crate::latent::tilted::log_concave;

/// y ~ Poisson(e^f), for whole y ≥ 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poisson(());

impl Poisson {
    /// Counts whose log rate is the function.
    #[must_use]
    pub fn log_link() -> Poisson {
        Poisson(())
    }
}

impl Likelihood for Poisson {
    fn log_density(&self, y: f64, f: f64) -> f64 {
        self.derivatives(y, f).log
    }
}

impl Parametric for Poisson {}

impl ScalarLikelihood for Poisson {
    /// Above f ≈ 709.7 the rate itself is infinite, and the density 0.
    fn derivatives(&self, y: f64, f: f64) -> Derivatives {
        let rate = f.exp();
        // 0 · f for a count of zero, whatever f
        let log = if y == 0.0 { -rate } else { y * f - rate - ln_gamma(y + 1.0) };
        Derivatives { log, first: y - rate, second: -rate, third: -rate }
    }

    fn support(&self) -> &'static str {
        "counts are whole numbers ≥ 0"
    }

    fn supports(&self, y: f64) -> bool {
        y >= 0.0 && y.fract() == 0.0
    }

    fn log_predictive(&self, y: f64, mean: f64, variance: f64) -> Result<f64> {
        Ok(log_concave(|f| self.derivatives(y, f), &[], mean, variance)?.log_z)
    }
}
