//! Binary labels −1 and +1 that are the sign of a function, each flipped with a known probability.

use serde::{Deserialize, Serialize};
use softbias_priors::math::special::{normal_cdf, normal_pdf};

use super::Likelihood;
use super::scalar::{Derivatives, ExpectedLog, Judged, Parametric, ScalarLikelihood};
use crate::error::{ModelError, Result};

/// p(y | f) = 1 − ε where y is the sign of f, ε where not, for a known ε in [0, ½). At ε = 0 a function either fits every label or is
/// impossible.
///
/// −ln p is a multiple of the zero–one loss, λ = ln((1 − ε)/ε) an error: conditioning on it is the Gibbs posterior of that loss at that
/// inverse temperature, which makes PAC-Bayes bounds smallest (Catoni 2007). Boolean worlds are conditioned by enumeration, Gaussian priors
/// by [`Variational`](crate::Variational).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flips {
    probability: f64,
}

impl Flips {
    /// No label is flipped.
    #[must_use]
    pub fn none() -> Flips {
        Flips { probability: 0.0 }
    }

    /// Each label is flipped with that probability, independently.
    ///
    /// # Errors
    /// Unless it lies in [0, ½): at ½ labels say nothing, beyond it they say the opposite.
    pub fn with_probability(probability: f64) -> Result<Flips> {
        if (0.0..0.5).contains(&probability) {
            return Ok(Flips { probability });
        }
        Err(ModelError::Flips(probability))
    }

    /// The probability of a flip.
    #[must_use]
    pub fn probability(self) -> f64 {
        self.probability
    }
}

impl Likelihood for Flips {
    fn log_density(&self, y: f64, f: f64) -> f64 {
        if f * y > 0.0 { (-self.probability).ln_1p() } else { self.probability.ln() }
    }
}

impl Parametric for Flips {}

impl ScalarLikelihood for Flips {
    fn derivatives(&self, y: f64, f: f64) -> Derivatives {
        Derivatives { log: self.log_density(y, f), first: 0.0, second: 0.0, third: 0.0 }
    }

    fn is_smooth(&self) -> bool {
        false
    }

    fn support(&self) -> &'static str {
        "binary labels are −1 or +1"
    }

    fn supports(&self, y: f64) -> bool {
        y.abs() == 1.0
    }

    fn log_predictive(&self, y: f64, mean: f64, variance: f64) -> Result<f64> {
        let wrong = wrong(y, mean, variance.sqrt());
        Ok((self.probability + (1.0 - 2.0 * self.probability) * (1.0 - wrong)).ln())
    }
}

/// P(the sign of f is not y) for f ~ N(mean, sd²).
fn wrong(y: f64, mean: f64, sd: f64) -> f64 {
    if sd > 0.0 {
        normal_cdf(-y * mean / sd)
    } else if y * mean > 0.0 {
        0.0
    } else {
        1.0
    }
}

impl Judged for Flips {}

impl ExpectedLog for Flips {
    /// ln(1 − ε) − λ Φ(−y m/√v).
    fn expected_log(&self, y: f64, mean: f64, variance: f64) -> Result<[f64; 3]> {
        let price = (-self.probability).ln_1p() - self.probability.ln();
        if !price.is_finite() {
            let what = "the probability of a flip, where a Gaussian posterior must allow for some";
            return Err(ModelError::Range { what, low: 0.0, high: 0.5, value: self.probability });
        }
        let sd = variance.sqrt();
        let value = (-self.probability).ln_1p() - price * wrong(y, mean, sd);
        if sd == 0.0 {
            return Ok([value, 0.0, 0.0]);
        }
        let z = y * mean / sd;
        let density = price * normal_pdf(z);
        Ok([value, density * y / sd, -0.5 * density * z / variance])
    }
}
