//! A bias is a map from softness to a prior; every closure of that shape is one.

use crate::{Prior, Softness};

/// A family of priors indexed by softness, whose member at [`Softness::HARD`] keeps the constraint exactly.
pub trait Bias: Sync {
    /// The prior at one softness.
    type Prior: Prior;

    /// The prior at this softness.
    fn at(&self, softness: Softness) -> Self::Prior;

    /// The hard end.
    fn hard(&self) -> Self::Prior {
        self.at(Softness::HARD)
    }
}

impl<P: Prior, F: Fn(Softness) -> P + Sync> Bias for F {
    type Prior = P;
    fn at(&self, softness: Softness) -> P {
        self(softness)
    }
}
