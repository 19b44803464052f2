//! The gradient of an approximate log evidence, as tuning asks for it.

use ndarray::{Array1, Array2};
use softbias_priors::{Blocks, GaussianPrior};

use super::Warning;
use crate::data::Data;
use crate::error::{ModelError, Result};

/// A log evidence and its slopes along every parameter, each in its natural unit.
#[derive(Clone, Debug)]
pub struct Gradients {
    /// ln p(y | X), without the Jacobian of label transforms, which no parameter changes.
    pub log: f64,
    /// Along the prior's parameters.
    pub prior: Array1<f64>,
    /// Along the likelihood's parameters.
    pub likelihood: Array1<f64>,
    /// What should be known about the approximation there.
    pub warnings: Vec<Warning>,
    /// Where the search for the posterior may start at parameters near by.
    pub start: Array2<f64>,
}

/// A method whose evidence has a gradient in the parameters of prior and likelihood L.
pub trait DifferentiableEvidence<L> {
    /// The log evidence with its gradient. `start` is [`Gradients::start`] of an evaluation near by; it saves iterations, and where the
    /// posterior has one mode (or fixed point) it changes the result within the tolerance only.
    ///
    /// # Errors
    /// Those of conditioning, and [`ModelError::Gradient`] for a prior whose gradient does not belong to its parameters.
    fn evidence_gradient(
        &self,
        prior: &dyn GaussianPrior,
        likelihood: &L,
        data: &Data,
        start: Option<&Array2<f64>>,
    ) -> Result<Gradients>;
}

/// Σ over the prior's covariance (weights `covariance`, symmetric) and mean (weights `mean`) of their slopes.
pub(crate) fn along_prior(
    prior: &dyn GaussianPrior,
    data: &Data,
    covariance: &Blocks,
    mean: &Array2<f64>,
) -> Result<Array1<f64>> {
    let parameters = prior.parameters().len();
    if parameters == 0 {
        return Ok(Array1::zeros(0));
    }
    let mut gradient = prior.contract(data.points(), covariance)?;
    let fits = |found: usize| {
        if found == parameters { Ok(()) } else { Err(ModelError::Gradient { parameters, found }) }
    };
    fits(gradient.len())?;
    if let Some(of_mean) = prior.contract_mean(data.points(), mean.view())? {
        fits(of_mean.len())?;
        gradient += &of_mean;
    }
    Ok(gradient)
}
