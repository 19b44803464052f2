//! How labels scatter around a function.

mod gaussian;
mod gaussian_gamma;

use std::fmt;

use softbias_priors::Parameters;

pub use gaussian::{Gaussian, NOISE};
pub use gaussian_gamma::{GaussianGamma, NormalGammaPosterior};

use crate::error::Result;

/// A likelihood: the log density of a label given the value of the function.
pub trait Likelihood: fmt::Debug + Clone + Send + Sync {
    /// ln p(y | f), in nats, for one label and one function value.
    fn log_density(&self, y: f64, f: f64) -> f64;
}

/// A likelihood that may have parameters of its own, which tuning can move.
pub trait Parametric: Likelihood {
    /// Its parameters; most have none.
    fn parameters(&self) -> Parameters {
        Parameters::none()
    }

    /// The same likelihood at other parameters, in the order of [`Parametric::parameters`].
    ///
    /// # Errors
    /// For a wrong number of parameters or a value out of bounds.
    fn with(&self, theta: &[f64]) -> Result<Self> {
        self.parameters().check(theta)?;
        Ok(self.clone())
    }
}
