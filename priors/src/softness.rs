//! Softness: the standard deviation of the departure from a constraint; 0 is the constraint itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::PriorError;

/// How far a function may depart from its constraint: the standard deviation of `softness · rest` in
/// `f = core + softness · rest`. Finite and not negative; [`Softness::HARD`] is 0, an ordinary number.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Softness(f64);

impl Softness {
    /// No departure: the constraint holds exactly.
    pub const HARD: Softness = Softness(0.0);

    /// A softness.
    ///
    /// # Errors
    /// For a negative, infinite or NaN value, and for one whose square is infinite.
    pub fn new(value: f64) -> Result<Softness, PriorError> {
        if (value * value).is_finite() && value >= 0.0 {
            Ok(Softness(value))
        } else {
            Err(PriorError::Softness(value))
        }
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// softness², the variance of the departure: the coordinate in which the evidence is smooth at the hard end.
    #[must_use]
    pub fn squared(self) -> f64 {
        self.0 * self.0
    }

    /// Whether this is the hard end. For words in reports; no computation branches on it.
    #[must_use]
    pub fn is_hard(self) -> bool {
        self.0 == 0.0
    }

    /// The hard end and then `rungs` softnesses spaced evenly in logarithm from `low` to `high`.
    ///
    /// # Errors
    /// Unless 0 < low < high are finite and there are at least two rungs.
    pub fn ladder(low: f64, high: f64, rungs: usize) -> Result<Vec<Softness>, PriorError> {
        let sound = low > 0.0 && low < high && high.is_finite();
        if !sound || rungs < 2 {
            return Err(PriorError::Ladder { low, high, rungs });
        }
        let step = (high / low).ln() / (rungs - 1) as f64;
        let soft = (0..rungs).map(|i| match i {
            0 => Softness(low),
            i if i == rungs - 1 => Softness(high),
            i => Softness(low * (step * i as f64).exp()),
        });
        Ok(std::iter::once(Softness::HARD).chain(soft).collect())
    }
}

impl TryFrom<f64> for Softness {
    type Error = PriorError;
    fn try_from(value: f64) -> Result<Softness, PriorError> {
        Softness::new(value)
    }
}

impl From<Softness> for f64 {
    fn from(softness: Softness) -> f64 {
        softness.0
    }
}

impl fmt::Display for Softness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_hard() { f.pad("hard") } else { f.pad(&format!("{:.3e}", self.0)) }
    }
}
