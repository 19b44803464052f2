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

/// A likelihood with named parameters, which tuning may move; it may have none.
pub trait Parametric: Likelihood {
    /// Its parameters, with bounds and what is held fixed.
    fn parameters(&self) -> Parameters;

    /// The same likelihood at other parameters (in the order of [`Parametric::parameters`]).
    ///
    /// # Errors
    /// For a wrong number of parameters or a value out of bounds.
    fn with(&self, theta: &[f64]) -> Result<Self>;
}
