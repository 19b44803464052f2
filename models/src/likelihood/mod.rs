//! How labels scatter around a function.

mod gaussian;
mod gaussian_gamma;
mod heteroscedastic;

use std::fmt;

pub use gaussian::Gaussian;
pub use gaussian_gamma::{GaussianGamma, NormalGammaPosterior};
pub use heteroscedastic::Heteroscedastic;

/// A likelihood: the log density of a label given the value of the function.
pub trait Likelihood: fmt::Debug + Clone + Send + Sync {
    /// ln p(y | f), in nats, for one label and one function value.
    fn log_density(&self, y: f64, f: f64) -> f64;
}
