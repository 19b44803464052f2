//! How labels scatter around a function.

mod bernoulli;
mod flips;
mod gaussian;
mod gaussian_gamma;
mod heteroscedastic;
mod mean_and_noise;
mod poisson;
mod rows;
mod scalar;
mod softmax;
mod student_t;

use std::fmt;

pub use bernoulli::{Bernoulli, Link};
pub use flips::Flips;
pub use gaussian::{Gaussian, NOISE};
pub use gaussian_gamma::{GaussianGamma, NormalGammaPosterior};
pub use heteroscedastic::Heteroscedastic;
pub use mean_and_noise::MeanAndNoise;
pub use poisson::Poisson;
pub use rows::{RowAverage, RowLikelihood};
pub use scalar::{
    Curvature, Derivatives, ExpectedLog, Judged, ParameterSlopes, Parametric, ScalarLikelihood,
};
pub use softmax::Softmax;
pub use student_t::StudentT;

/// A likelihood: the log density of a label given the value of the function.
pub trait Likelihood: fmt::Debug + Clone + Send + Sync {
    /// ln p(y | f), in nats, for one label and one function value.
    fn log_density(&self, y: f64, f: f64) -> f64;
}
