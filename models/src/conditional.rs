//! Conditional marginal likelihood: the evidence of the later rows given the earlier ones (Lotfi et al. 2022).

use std::sync::Arc;

use softbias_priors::{GaussianPrior, Nats, Seed};

use crate::data::{Data, DataError};
use crate::error::{ModelError, Result};
use crate::exact::{Exact, ExactPosterior};
use crate::likelihood::Gaussian;
use crate::model::Model;
use crate::posterior::Posterior;

/// ln p(rows from `first` on | the rows before), exact: the evidence of the second part under the posterior of the first. Costs
/// two conditionings.
///
/// # Errors
/// Unless 0 ≤ first < number of rows, and those of conditioning.
pub fn conditional_evidence<P>(model: &Model<P, Gaussian>, data: &Data, first: usize) -> Result<Nats>
where
    P: GaussianPrior + Clone + 'static,
{
    if first >= data.len() {
        return Err(DataError::OutOfRange { row: first, len: data.len() }.into());
    }
    let rows: Vec<usize> = (0..data.len()).collect();
    let prior: Arc<dyn GaussianPrior> = Arc::new(model.prior.clone());
    let later = data.select(&rows[first..])?;
    if first == 0 {
        return Ok(ExactPosterior::new(prior, model.likelihood, &later, Exact::Auto)?.evidence().log);
    }
    let earlier = ExactPosterior::new(prior, model.likelihood, &data.select(&rows[..first])?, Exact::Auto)?;
    Ok(earlier.extend(&later)?.evidence().log)
}

/// The same averaged over `orders` random orders of the rows, with its standard error over the orders.
///
/// # Errors
/// Those of [`conditional_evidence`], and for fewer than two orders.
pub fn conditional_evidence_over_orders<P>(
    model: &Model<P, Gaussian>,
    data: &Data,
    first: usize,
    orders: usize,
    seed: Seed,
) -> Result<(Nats, Nats)>
where
    P: GaussianPrior + Clone + 'static,
{
    if orders < 2 {
        return Err(ModelError::Range {
            what: "the number of orders",
            low: 1.0,
            high: f64::INFINITY,
            value: orders as f64,
        });
    }
    let values = (0..orders)
        .map(|k| Ok(conditional_evidence(model, &data.shuffle(seed.at(k))?, first)?.get()))
        .collect::<Result<Vec<f64>>>()?;
    let m = orders as f64;
    let mean = values.iter().sum::<f64>() / m;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (m - 1.0);
    Ok((Nats(mean), Nats((variance / m).sqrt())))
}
