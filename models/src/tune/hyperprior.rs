//! Hyperpriors: densities of single parameters in their natural unit.

use std::f64::consts::{LN_2, PI};

use serde::{Deserialize, Serialize};
use softbias_priors::math::special::{ln_gamma, normal_log_density};

use crate::error::{ModelError, Result};

/// The density of one parameter before the labels are seen, in the parameter's natural unit (of a variance: the variance).
///
/// Tuning maximises log evidence + Σ log hyperprior, and reports the two apart. The maximum belongs to the natural unit: the same
/// belief stated about a logarithm has its peak elsewhere. [`Tune::sample`](super::Tune::sample) does not depend on the unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Hyperprior {
    /// ln θ ~ N(ln `median`, `sd`²).
    LogNormal {
        /// Median of θ.
        median: f64,
        /// Standard deviation of ln θ.
        sd: f64,
    },
    /// Mean `shape`/`rate`.
    Gamma {
        /// Shape.
        shape: f64,
        /// Rate.
        rate: f64,
    },
    /// 1/θ ~ Gamma(`shape`, `scale` as its rate): mode `scale`/(`shape` + 1).
    InverseGamma {
        /// Shape.
        shape: f64,
        /// Scale.
        scale: f64,
    },
    /// |N(0, `sd`²)|: finite at 0, so that a softness² may stay hard.
    HalfNormal {
        /// Standard deviation of the whole normal.
        sd: f64,
    },
    /// N(`mean`, `sd`²).
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// ln θ uniform: the density is 1/(θ ln(`high`/`low`)) between the two, which become bounds of tuning.
    LogUniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
}

impl Hyperprior {
    /// # Errors
    /// Unless its numbers define a density.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        let positive = |v: f64| v > 0.0 && v.is_finite();
        let (sound, needs) = match *self {
            Hyperprior::LogNormal { median, sd } => {
                (positive(median) && positive(sd), "a median and a sd, finite and > 0")
            }
            Hyperprior::Gamma { shape, rate } => {
                (positive(shape) && positive(rate), "a shape and a rate, finite and > 0")
            }
            Hyperprior::InverseGamma { shape, scale } => {
                (positive(shape) && positive(scale), "a shape and a scale, finite and > 0")
            }
            Hyperprior::HalfNormal { sd } => (positive(sd), "a finite sd > 0"),
            Hyperprior::Normal { mean, sd } => {
                (mean.is_finite() && positive(sd), "a finite mean and a finite sd > 0")
            }
            Hyperprior::LogUniform { low, high } => {
                (positive(low) && positive(high) && low < high, "finite ends with 0 < low < high")
            }
        };
        if sound {
            return Ok(());
        }
        Err(ModelError::Hyperprior {
            name: name.to_owned(),
            reason: format!("{self:?} is no density: it needs {needs}"),
        })
    }

    /// The ends of where its density is not 0.
    #[must_use]
    pub fn support(&self) -> (f64, f64) {
        match *self {
            Hyperprior::Normal { .. } => (f64::NEG_INFINITY, f64::INFINITY),
            Hyperprior::LogUniform { low, high } => (low, high),
            _ => (0.0, f64::INFINITY),
        }
    }

    /// ln p(θ), in nats: −∞ where the density is 0, +∞ where it has no bound (a Gamma of shape below 1 at 0).
    #[must_use]
    pub fn log_density(&self, theta: f64) -> f64 {
        let (low, high) = self.support();
        if !(low..=high).contains(&theta) {
            return f64::NEG_INFINITY;
        }
        match *self {
            Hyperprior::LogNormal { median, sd } => {
                if theta == 0.0 {
                    return f64::NEG_INFINITY;
                }
                normal_log_density(theta.ln(), median.ln(), sd * sd) - theta.ln()
            }
            Hyperprior::Gamma { shape, rate } => {
                // at θ = 0 a shape of 1 leaves 0 · ∞, which is 0 here
                let power = if shape == 1.0 { 0.0 } else { (shape - 1.0) * theta.ln() };
                shape * rate.ln() - ln_gamma(shape) + power - rate * theta
            }
            Hyperprior::InverseGamma { shape, scale } => {
                if theta == 0.0 {
                    return f64::NEG_INFINITY;
                }
                shape * scale.ln() - ln_gamma(shape) - (shape + 1.0) * theta.ln() - scale / theta
            }
            Hyperprior::HalfNormal { sd } => {
                LN_2 - sd.ln() - 0.5 * (theta / sd).powi(2) - 0.5 * (2.0 * PI).ln()
            }
            Hyperprior::Normal { mean, sd } => normal_log_density(theta, mean, sd * sd),
            Hyperprior::LogUniform { low, high } => -theta.ln() - (high / low).ln().ln(),
        }
    }

    /// d ln p(θ) / dθ inside the support.
    #[must_use]
    pub fn slope(&self, theta: f64) -> f64 {
        match *self {
            Hyperprior::LogNormal { median, sd } => -(1.0 + (theta.ln() - median.ln()) / (sd * sd)) / theta,
            Hyperprior::Gamma { shape, rate } => {
                let power = if shape == 1.0 { 0.0 } else { (shape - 1.0) / theta };
                power - rate
            }
            Hyperprior::InverseGamma { shape, scale } => (scale / theta - (shape + 1.0)) / theta,
            Hyperprior::HalfNormal { sd } => -theta / (sd * sd),
            Hyperprior::Normal { mean, sd } => -(theta - mean) / (sd * sd),
            Hyperprior::LogUniform { .. } => -1.0 / theta,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn all() -> Vec<Hyperprior> {
        vec![
            Hyperprior::LogNormal { median: 0.7, sd: 0.8 },
            Hyperprior::Gamma { shape: 2.5, rate: 1.5 },
            Hyperprior::Gamma { shape: 1.0, rate: 2.0 },
            Hyperprior::InverseGamma { shape: 3.0, scale: 2.0 },
            Hyperprior::HalfNormal { sd: 0.6 },
            Hyperprior::LogUniform { low: 0.1, high: 30.0 },
        ]
    }

    #[test]
    fn densities_are_normalised_and_slopes_are_slopes() {
        for h in all() {
            h.check("x").unwrap();
            // Simpson in t = ln θ, θ p(θ) dt; densities over the reals are folded out below
            let (low, high) = h.support();
            let (a, b) = (low.max(1e-9).ln(), high.min(1e6).ln());
            let steps = 40_000;
            let dt = (b - a) / f64::from(steps);
            let mut total = 0.0;
            for i in 0..=steps {
                let theta = (a + f64::from(i) * dt).exp().clamp(low, high);
                let weight = if i == 0 || i == steps { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
                total += weight * (h.log_density(theta) + theta.ln()).exp() * dt / 3.0;
            }
            // what is cut off below 1e-9 and above 1e6 is less than 1e-8 for each of them
            assert!((total - 1.0).abs() < 1e-7, "{h:?}: {total}");
        }
        for h in all().into_iter().chain([Hyperprior::Normal { mean: 0.4, sd: 2.0 }]) {
            for theta in [0.2, 0.9, 4.0] {
                let e = 1e-5 * theta;
                let slope = (h.log_density(theta + e) - h.log_density(theta - e)) / (2.0 * e);
                assert!((slope - h.slope(theta)).abs() < 1e-7 * (1.0 + slope.abs()), "{h:?} at {theta}");
            }
        }
        let normal = Hyperprior::Normal { mean: 0.4, sd: 2.0 };
        let total: f64 = (-4000..4000).map(|i| normal.log_density(f64::from(i) * 0.01).exp() * 0.01).sum();
        assert!((total - 1.0).abs() < 1e-9);
    }

    #[test]
    fn ends_of_the_support() {
        assert_eq!(Hyperprior::LogNormal { median: 1.0, sd: 1.0 }.log_density(0.0), f64::NEG_INFINITY);
        assert_eq!(Hyperprior::InverseGamma { shape: 1.0, scale: 1.0 }.log_density(0.0), f64::NEG_INFINITY);
        let exponential = Hyperprior::Gamma { shape: 1.0, rate: 3.0 };
        assert!((exponential.log_density(0.0) - 3f64.ln()).abs() < 1e-14);
        assert_eq!(Hyperprior::Gamma { shape: 0.5, rate: 3.0 }.log_density(0.0), f64::INFINITY);
        assert_eq!(Hyperprior::HalfNormal { sd: 1.0 }.slope(0.0), 0.0);
        assert_eq!(Hyperprior::HalfNormal { sd: 1.0 }.log_density(-1.0), f64::NEG_INFINITY);
        assert_eq!(Hyperprior::LogUniform { low: 1.0, high: 2.0 }.log_density(2.5), f64::NEG_INFINITY);
    }

    #[test]
    fn numbers_that_define_no_density_are_refused() {
        let bad = [
            Hyperprior::LogNormal { median: 0.0, sd: 1.0 },
            Hyperprior::LogNormal { median: 1.0, sd: f64::NAN },
            Hyperprior::Gamma { shape: -1.0, rate: 1.0 },
            Hyperprior::InverseGamma { shape: 1.0, scale: f64::INFINITY },
            Hyperprior::HalfNormal { sd: 0.0 },
            Hyperprior::Normal { mean: f64::NAN, sd: 1.0 },
            Hyperprior::LogUniform { low: 2.0, high: 1.0 },
        ];
        for h in bad {
            let error = h.check("length").unwrap_err().to_string();
            assert!(error.contains("length") && error.contains("needs"), "{error}");
        }
    }
}
