//! Binary labels −1 and +1 that are the value of a boolean function, each flipped with a known probability.

use serde::{Deserialize, Serialize};

use super::Likelihood;
use crate::error::{ModelError, Result};

/// p(y | f) = 1 − ε where y = f, ε where not, for a known ε in [0, ½). At ε = 0 a function either fits every label or is impossible.
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
