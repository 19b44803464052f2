//! Simulated rows: a curve with noise, sides of a curve, and sides drawn at random. Independent draws, declared as such.

use softbias::prelude::*;
use softbias::{DataError, Error};

/// What the labels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Labels {
    /// The curve and Gaussian noise.
    Curve,
    /// −1 or +1: on which side of 0 the curve and its noise lie.
    Sides,
    /// −1 or +1, by a coin.
    Coins,
}

/// Standard deviation of the noise about the curve.
const NOISE: f64 = 0.25;

/// A cubic with a ripple that no cubic has.
fn curve(x: f64) -> f64 {
    3.0 * x - 3.4 * x.powi(3) + 0.3 * (9.0 * x).sin()
}

impl Labels {
    pub(crate) const ALL: [Labels; 3] = [Labels::Curve, Labels::Sides, Labels::Coins];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Labels::Curve => "curve",
            Labels::Sides => "sides",
            Labels::Coins => "coins",
        }
    }

    pub(crate) fn loss(self) -> Loss {
        match self {
            Labels::Curve => Loss::ClippedSquared { scale: 1.0 },
            Labels::Sides | Labels::Coins => Loss::ZeroOne,
        }
    }

    /// The noise of the likelihood, declared beforehand.
    pub(crate) fn noise(self) -> f64 {
        match self {
            Labels::Curve => NOISE,
            Labels::Sides | Labels::Coins => 1.0,
        }
    }

    pub(crate) fn rows(self, n: usize, seed: Seed) -> Result<Data, Error> {
        let seed = seed.named(self.name());
        let x = seed.named("inputs").uniform1(n, -1.0, 1.0);
        let noisy = x.mapv(curve) + NOISE * seed.named("noise").normal1(n);
        let side = |v: f64| if v > 0.0 { 1.0 } else { -1.0 };
        let y = match self {
            Labels::Curve => noisy,
            Labels::Sides => noisy.mapv(side),
            Labels::Coins => seed.named("coins").uniform1(n, -1.0, 1.0).mapv(side),
        };
        let rows: Result<Data, DataError> = Data::line(x, y);
        Ok(rows?.declared_iid())
    }
}
