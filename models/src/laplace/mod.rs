//! Laplace's approximation in function space: a Gaussian at the mode of the posterior over the function values at the rows.

mod net;
mod newton;
mod scalar;
mod softmax;
mod softmax_posterior;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use softbias_priors::GaussianPrior;

pub use net::{ClassAverage, NetLaplace, NetLaplaceError, NetLaplacePosterior, Structure, TuneScales};
pub use softmax_posterior::SoftmaxPosterior;

use crate::data::Data;
use crate::error::Result;
use crate::latent::SitePosterior;
use crate::likelihood::{ScalarLikelihood, Softmax};
use crate::model::{Method, Model};

/// What [`Laplace`] gives for labels that depend on one function value.
pub type LaplacePosterior<L> = SitePosterior<L>;

/// Laplace's approximation (Rasmussen & Williams 2006, chapter 3): Newton's method to the mode f̂ of p(f | y), then the Gaussian
/// N(f̂, (K⁻¹ + W)⁻¹) with W the curvature of −ln p(y | f) there.
///
/// No covariance is inverted: every solve is with B = I + W^½ K W^½, whose eigenvalues are at least 1. Steps are halved until the
/// posterior density grows, so that the search cannot diverge. It ends when a step is shorter than the tolerance in units of
/// posterior standard deviations (the Newton decrement), or when rounding allows no shorter one, which is told as a warning.
///
/// The evidence is ln q(y) = ln p(y | f̂) − ½ (f̂ − m)ᵀK⁻¹(f̂ − m) − ½ ln|I + KW| (R&W 3.32), of grade
/// [`Grade::Approximate`](crate::Grade). Its `information` is KL(N(f̂, (K⁻¹ + W)⁻¹) ‖ N(m, K)) at the rows, exact for that Gaussian;
/// its `fit` = log + information = ln p(y | f̂) − ½ tr(W (K⁻¹ + W)⁻¹) is the expectation under it of ln p(y | f) expanded to second order.
///
/// Binary labels and counts are log-concave: one mode, and W is the curvature itself. For [`StudentT`](crate::StudentT) see there.
/// Softmax costs C·O(n³) a step for C classes and C buffers of n × n, never a Cn × Cn matrix; the others O(n³) and a few n × n.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Laplace {
    iterations: usize,
    tolerance: f64,
}

impl Default for Laplace {
    fn default() -> Laplace {
        Laplace { iterations: 200, tolerance: 1e-9 }
    }
}

impl Laplace {
    /// At most 200 steps, to 1e-9 posterior standard deviations.
    #[must_use]
    pub fn new() -> Laplace {
        Laplace::default()
    }

    /// With at most this many Newton steps.
    #[must_use]
    pub fn iterations(self, iterations: usize) -> Laplace {
        Laplace { iterations, ..self }
    }

    /// Until a step is this short, in posterior standard deviations.
    #[must_use]
    pub fn tolerance(self, tolerance: f64) -> Laplace {
        Laplace { tolerance, ..self }
    }
}

impl<P: GaussianPrior + 'static, L: ScalarLikelihood> Method<P, L> for Laplace {
    type Posterior = LaplacePosterior<L>;

    /// # Errors
    /// For labels without a density (naming the row), priors or labels of several outputs, over the memory limit, and
    /// [`ModelError::NotConverged`](crate::ModelError).
    fn condition(&self, model: Model<P, L>, data: &Data) -> Result<LaplacePosterior<L>> {
        scalar::condition(*self, Arc::new(model.prior), model.likelihood, data)
    }
}

impl<P: GaussianPrior + 'static> Method<P, Softmax> for Laplace {
    type Posterior = SoftmaxPosterior;

    /// # Errors
    /// For labels that are no class (naming the row), a prior without one output a class, over the memory limit, and
    /// [`ModelError::NotConverged`](crate::ModelError).
    fn condition(&self, model: Model<P, Softmax>, data: &Data) -> Result<SoftmaxPosterior> {
        SoftmaxPosterior::new(*self, Arc::new(model.prior), model.likelihood, data)
    }
}
