//! Why a certificate is refused, and the checks that refuse it.

use softbias_models::{Data, Loss, Sampling};
use softbias_priors::{Ledger, Saw};
use thiserror::Error;

/// Why a certificate is refused.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum CertificateError {
    /// The prior (or, for held-out rows, the posterior) has looked at the rows.
    #[error(
        "{who} has seen {count} of the {of} rows to certify ({what}, {}): certify on rows it has not seen, or fix in advance \
         what was learned",
        if *labels { "labels included" } else { "inputs only, which is enough to void the bound" }
    )]
    Saw {
        /// The prior or the posterior.
        who: &'static str,
        /// What was learned from them.
        what: String,
        /// How many it saw.
        count: usize,
        /// Out of how many.
        of: usize,
        /// Whether labels were seen too.
        labels: bool,
    },
    /// The rows were not sampled at random.
    #[error(
        "no certificate from {0}: a bound needs rows sampled at random; split the list at random (`split`), or declare rows \
         that are independent draws (`declared_iid`)"
    )]
    NotRandom(Sampling),
    /// A δ that is no probability.
    #[error("δ must lie strictly between 0 and 1, found {0}")]
    Delta(f64),
    /// A bound that does not cover the loss.
    #[error("{bound} does not apply: {reason}")]
    Inapplicable {
        /// The bound.
        bound: &'static str,
        /// Why not, and what to do.
        reason: String,
    },
    /// A relative entropy that is none.
    #[error(
        "the posterior's relative entropy from its prior is {0}: a certificate needs a proper prior, and a posterior that puts no mass \
         where the prior has none"
    )]
    Information(f64),
    /// A risk that is no number.
    #[error("the risk on the rows is not a number: the posterior's mean or variance is none at some row")]
    Risk,
    /// Fit, information and evidence that do not belong together.
    #[error(
        "n·E[{loss}] + KL = {bound} is not −ln Z = {evidence}: this is not the Bayes posterior of that loss (an approximation, another \
         noise, a tempered likelihood); certify it by its risk and information instead (`certify`)"
    )]
    Identity {
        /// The loss that was taken for the negative log likelihood.
        loss: Loss,
        /// n·E ℓ + KL.
        bound: f64,
        /// −ln Z.
        evidence: f64,
    },
    /// Nothing to choose from.
    #[error("there is no candidate to certify")]
    NoCandidates,
    /// A file that holds no certificate, or could not be written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

pub(super) fn check_delta(delta: f64) -> Result<(), CertificateError> {
    if delta > 0.0 && delta < 1.0 { Ok(()) } else { Err(CertificateError::Delta(delta)) }
}

/// Refuses rows that were not sampled at random.
pub(crate) fn check_sampling(data: &Data) -> Result<(), CertificateError> {
    match data.sampling() {
        Sampling::Iid | Sampling::RandomSplit { .. } => Ok(()),
        other => Err(CertificateError::NotRandom(other)),
    }
}

/// Refuses rows that were looked at, and rows that were not sampled at random.
pub(super) fn check_rows(who: &'static str, ledger: &Ledger, data: &Data) -> Result<(), CertificateError> {
    check_sampling(data)?;
    match ledger.looked_at(data.rows()) {
        None => Ok(()),
        Some((what, count, saw)) => {
            Err(CertificateError::Saw { who, what, count, of: data.len(), labels: saw != Saw::Inputs })
        }
    }
}
