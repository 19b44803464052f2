//! Exact inference for Gaussian priors under Gaussian noise, in weight space or in function space.

pub(crate) mod factor;
pub(crate) mod function_space;
pub(crate) mod noise;
mod paths;
mod posterior;
mod process;
pub(crate) mod reduced;
mod rows;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use softbias_priors::GaussianPrior;

pub use posterior::ExactPosterior;
pub use rows::prequential;

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::likelihood::Gaussian;
use crate::model::{Method, Model};

/// Exact inference; the variants say where it is done. Both give the same numbers where both are well conditioned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Exact {
    /// Weight space for priors with finitely many features, function space for others. The default. By operation counts weight
    /// space is the cheaper one for p < n, and at most four times the dearer for p ≥ n: a price worth its digits.
    #[default]
    Auto,
    /// Over the p weights: O(n p²) once and O(p³), or O(n²(n + p)) for p > n; O(p²) memory beyond the data. Never squares a
    /// condition number: honest at order 150 and as the noise goes to 0.
    WeightSpace,
    /// Over the n function values: O(n³) time, O(n²) memory.
    FunctionSpace,
}

impl Exact {
    /// Whether weight space is chosen for this prior.
    ///
    /// # Errors
    /// When weight space is asked for and the prior has no features.
    pub(crate) fn in_weight_space<P: GaussianPrior + ?Sized>(self, prior: &P) -> Result<bool> {
        match (self, prior.weights().is_some()) {
            (Exact::FunctionSpace, _) | (Exact::Auto, false) => Ok(false),
            (_, true) => Ok(true),
            (Exact::WeightSpace, false) => {
                Err(ModelError::NoFeatures(format!("{prior:?}").chars().take(60).collect()))
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
