//! Natural-log quantities: evidence, information, code lengths.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

use serde::{Deserialize, Serialize};

/// An amount of information or log probability, in nats (natural logarithm).
///
/// A plain number with its unit in its type, so that bits and nats, or a mean and a sum, are not mixed by accident.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nats(pub f64);

impl Nats {
    /// Nothing.
    pub const ZERO: Nats = Nats(0.0);

    /// The number of nats.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The same amount in bits (log base 2).
    #[must_use]
    pub fn bits(self) -> f64 {
        self.0 / std::f64::consts::LN_2
    }

    /// An amount given in bits.
    #[must_use]
    pub fn from_bits(bits: f64) -> Nats {
        Nats(bits * std::f64::consts::LN_2)
    }
}

impl fmt::Display for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.precision() {
            Some(digits) => write!(f, "{:.digits$} nats", self.0),
            None => write!(f, "{:.3} nats", self.0),
        }
    }
}

impl Add for Nats {
    type Output = Nats;
    fn add(self, other: Nats) -> Nats {
        Nats(self.0 + other.0)
    }
}

impl AddAssign for Nats {
    fn add_assign(&mut self, other: Nats) {
        self.0 += other.0;
    }
}

impl Sub for Nats {
    type Output = Nats;
    fn sub(self, other: Nats) -> Nats {
        Nats(self.0 - other.0)
    }
}

impl Neg for Nats {
    type Output = Nats;
    fn neg(self) -> Nats {
        Nats(-self.0)
    }
}

impl Mul<f64> for Nats {
    type Output = Nats;
    fn mul(self, factor: f64) -> Nats {
        Nats(self.0 * factor)
    }
}

impl Sum for Nats {
    fn sum<I: Iterator<Item = Nats>>(amounts: I) -> Nats {
        Nats(amounts.map(Nats::get).sum())
    }
}
