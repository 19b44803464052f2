//! What can be asked of a posterior. What it cannot give does not compile.

use ndarray::{Array1, Axis};
use softbias_priors::{Ledger, Nats, Points, Prior};

use crate::data::Data;
use crate::error::Result;
use crate::evidence::Evidence;
use crate::prediction::Prediction;
use crate::risk::{EmpiricalRisk, Loss, MonteCarlo, mean_loss};

/// A prior that has met data.
pub trait Posterior: Prior {
    /// Mean and named variances at the points.
    ///
    /// # Errors
    /// When the points do not fit.
    fn predict(&self, x: &Points) -> Result<Prediction>;

    /// ln p(y | x) of each row's labels, function and noise integrated out, each row by itself. The default is the density of a
    /// Gaussian observation; posteriors under other likelihoods give their own.
    ///
    /// # Errors
    /// When the data do not fit.
    fn log_predictive(&self, data: &Data) -> Result<Array1<f64>> {
        self.predict(data.points())?.log_density(data.labels())
    }

    /// The marginal likelihood of the data it was conditioned on.
    fn evidence(&self) -> Evidence
    where
        Self: Evidenced,
    {
        self.evidence_of()
    }
}

/// A posterior whose marginal likelihood is known.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no marginal likelihood",
    label = "no evidence here",
    note = "samples and point estimates give none: condition by `Exact`, or estimate it by thermodynamic integration"
)]
pub trait Evidenced {
    /// The evidence; call it as [`Posterior::evidence`].
    fn evidence_of(&self) -> Evidence;
}

/// A posterior whose relative entropy from its prior is known: what a PAC-Bayes certificate needs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no known KL divergence from its prior, so no PAC-Bayes certificate",
    note = "condition by `Exact`, or use a held-out bound"
)]
pub trait Informed: Posterior {
    /// KL(Q‖P), in nats.
    fn information(&self) -> Nats;

    /// What the *prior* P owes to data, transforms of the data included.
    fn prior_ledger(&self) -> Ledger;

    /// The rows that turned P into Q.
    fn conditioned_on(&self) -> &Data;

    /// The Gibbs risk on data: the expected loss of a function drawn from Q, averaged over rows and outputs.
    ///
    /// # Errors
    /// When the data do not fit, or the loss cannot judge their labels.
    fn risk(&self, loss: Loss, data: &Data) -> Result<EmpiricalRisk>;

    /// An upper limit of the Gibbs risk from functions drawn from Q, for losses in [0, 1] that no formula integrates: it fails with
    /// probability δ′ ([`MonteCarlo::delta`]), which a certificate adds to its own. The default draws whole functions, joint over rows.
    ///
    /// # Errors
    /// When the data do not fit, the loss cannot judge their labels or is unbounded, without draws, or for a δ′ that is no probability.
    fn risk_by_draws(&self, loss: Loss, data: &Data, how: MonteCarlo) -> Result<EmpiricalRisk> {
        how.check(loss)?;
        self.conditioned_on().expect_same_transforms(data)?;
        EmpiricalRisk::check(loss, data, self.outputs())?;
        let (mut total, mut left) = (0.0, how.draws);
        for batch in 0.. {
            let size = left.min(DRAWS_AT_ONCE);
            if size == 0 {
                break;
            }
            let values = self.draws(size, data.points(), how.seed.at(batch))?;
            total += values.axis_iter(Axis(0)).map(|f| mean_loss(loss, data, f)).sum::<f64>();
            left -= size;
        }
        let average = total / how.draws as f64;
        Ok(EmpiricalRisk::drawn(loss, data, self.outputs(), average, how.draws, how.delta))
    }
}

/// Functions drawn at a time: bounds the memory of an estimate by draws.
const DRAWS_AT_ONCE: usize = 64;
