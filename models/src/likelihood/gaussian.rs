//! Gaussian noise with one standard deviation, known or to be learned.

use serde::{Deserialize, Serialize};
use softbias_priors::math::special::normal_log_density;
use softbias_priors::parameters::Coordinate;
use softbias_priors::{GaussianPrior, Parameter, Parameters};

use super::scalar::{label_scale2, noise_bounds};
use super::{Likelihood, Parametric};
use crate::data::Data;
use crate::error::{ModelError, Result};

/// y = f(x) + N(0, sd²).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gaussian {
    sd: f64,
    known: bool,
}

impl Gaussian {
    /// Noise of standard deviation `sd`, in the unit of the labels; tuning starts there and may move it.
    #[must_use]
    pub fn noise(sd: f64) -> Gaussian {
        Gaussian { sd, known: false }
    }

    /// Noise whose standard deviation is known: tuning leaves it alone.
    #[must_use]
    pub fn known(sd: f64) -> Gaussian {
        Gaussian { sd, known: true }
    }

    /// Standard deviation.
    #[must_use]
    pub fn sd(&self) -> f64 {
        self.sd
    }

    /// Variance.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.sd * self.sd
    }

    /// Whether tuning leaves it alone.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// The same noise at another level.
    #[must_use]
    pub fn at(self, sd: f64) -> Gaussian {
        Gaussian { sd, ..self }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let variance = self.variance();
        if self.sd > 0.0 && variance.is_normal() { Ok(()) } else { Err(ModelError::Noise(self.sd)) }
    }
}

/// The name of the noise among parameters; its value is the variance.
pub const NOISE: &str = "noise2";

impl Parametric for Gaussian {
    /// The variance, [`NOISE`]; held fixed where it is known.
    fn parameters(&self) -> Parameters {
        let any = (f64::MIN_POSITIVE, f64::MAX);
        let variance = Parameter::free(NOISE, self.variance(), any, Coordinate::Log);
        Parameters::new([variance.fixed(self.known)])
    }

    fn with(&self, theta: &[f64]) -> Result<Gaussian> {
        self.parameters().check(theta)?;
        match theta {
            // the root of a square is not always the number it came from
            &[variance] if variance != self.variance() => Ok(self.at(variance.sqrt())),
            _ => Ok(*self),
        }
    }

    fn tunables(&self, prior: &dyn GaussianPrior, data: &Data) -> Result<Parameters> {
        self.check()?;
        let bounds = noise_bounds(label_scale2(prior, data)?, self.variance());
        let noise = Parameter::free(NOISE, self.variance(), bounds, Coordinate::Log);
        Ok(Parameters::new([noise.fixed(self.known)]))
    }
}

impl Likelihood for Gaussian {
    fn log_density(&self, y: f64, f: f64) -> f64 {
        normal_log_density(y, f, self.variance())
    }
}
