//! Exact inference for Gaussian priors under Gaussian noise, in weight space or in function space.

pub(crate) mod factor;
pub(crate) mod function_space;
mod posterior;
pub(crate) mod reduced;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use softbias_priors::GaussianPrior;

pub use posterior::ExactPosterior;
pub(crate) use posterior::charged;

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::likelihood::Gaussian;
use crate::model::{Method, Model};

/// Exact inference; the variants say where it is done. Both give the same numbers where both are well conditioned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Exact {
    /// Where it is cheaper, with weight space preferred up to eight times the cost because it keeps more digits. The default.
    #[default]
    Auto,
    /// Over the p weights: O(n p²) once and O(p³), or O(n²(n + p)) for p > n; O(p²) memory beyond the data. Never squares a
    /// condition number: honest at order 150 and as the noise goes to 0.
    WeightSpace,
    /// Over the n function values: O(n³) time, O(n²) memory.
    FunctionSpace,
}

impl Exact {
    /// Whether weight space is chosen for this prior and number of rows.
    ///
    /// # Errors
    /// When weight space is asked for and the prior has no features.
    pub(crate) fn in_weight_space<P: GaussianPrior + ?Sized>(self, prior: &P, n: usize) -> Result<bool> {
        let features = prior.weights().map(|w| w.dim());
        match (self, features) {
            (Exact::FunctionSpace, _) | (Exact::Auto, None) => Ok(false),
            (Exact::WeightSpace, Some(_)) => Ok(true),
            (Exact::WeightSpace, None) => {
                Err(ModelError::NoFeatures(format!("{prior:?}").chars().take(60).collect()))
            }
            (Exact::Auto, Some(p)) => {
                let (n, p) = (n as f64, p as f64);
                let r = n.min(p);
                let reduction = if n > p { 2.0 * n * p * p } else { 0.0 };
                let weight_space = reduction + 4.0 * (p + r) * r * r;
                let function_space = n * n * p + n * n * n;
                Ok(weight_space <= 8.0 * function_space)
            }
        }
    }
}

impl<P: GaussianPrior + 'static> Method<P, Gaussian> for Exact {
    type Posterior = ExactPosterior;

    fn condition(&self, model: Model<P, Gaussian>, data: &Data) -> Result<ExactPosterior> {
        ExactPosterior::new(Arc::new(model.prior), model.likelihood, data, *self)
    }
}
