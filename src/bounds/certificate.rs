//! A certificate as a value, and the refusals that come before it.

use std::fmt;

use serde::Serialize;
use softbias_models::{Data, EmpiricalRisk, Informed, Loss, Sampling};
use softbias_priors::{Ledger, Nats, Saw};
use thiserror::Error;

use super::PacBayes;
use crate::Error;

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
}

/// Whose risk is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Predictor {
    /// A function drawn anew from the posterior for every prediction.
    Gibbs,
    /// The posterior mean, one fixed function.
    Mean,
    /// The function that a byte string says, one fixed function.
    Decoded,
}

/// A promise about the risk on new data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Certificate {
    /// The bound behind it.
    pub bound: &'static str,
    /// With probability at least 1 − δ over the rows, the risk is at most this.
    pub value: f64,
    /// Whether the promise is empty: not below what guessing reaches (½ for the zero–one loss, 1 otherwise).
    pub vacuous: bool,
    /// Whose risk.
    pub predictor: Predictor,
    /// Which loss.
    pub loss: Loss,
    /// Mean loss on the rows.
    pub empirical_risk: f64,
    /// Number of rows.
    pub n: usize,
    /// KL(Q‖P) or code length; 0 for held-out bounds.
    pub information: Nats,
    /// The probability that the promise fails.
    pub delta: f64,
    /// Paid for choices: ln of how many, taken out of δ.
    pub price: Nats,
    /// What the prior (the posterior, for held-out bounds) owed to data.
    pub ledger: Ledger,
    /// How the rows were sampled.
    pub sampling: Sampling,
    /// For a random part of a fixed list: over how many of its rows the certified mean goes, those that were not seen.
    pub population: Option<usize>,
    /// What must hold.
    pub assumptions: Vec<&'static str>,
}

impl Certificate {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn new(
        bound: &'static str,
        assumptions: Vec<&'static str>,
        value: f64,
        risk: &EmpiricalRisk,
        predictor: Predictor,
        information: Nats,
        delta: f64,
        price: Nats,
        ledger: &Ledger,
        data: &Data,
    ) -> Certificate {
        let guessing = if risk.loss.is_binary() { 0.5 } else { 1.0 };
        Certificate {
            bound,
            value,
            vacuous: value >= guessing,
            predictor,
            loss: risk.loss,
            empirical_risk: risk.mean,
            n: risk.n,
            information,
            delta,
            price,
            ledger: ledger.clone(),
            sampling: data.sampling(),
            population: data.list().map(|list| list.len() - ledger.looked_at_count(list)),
            assumptions,
        }
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Certificate {
            value, loss, n, information, empirical_risk, price, ledger, sampling, bound, ..
        } = self;
        let who = match self.predictor {
            Predictor::Gibbs => "a function drawn from the posterior",
            Predictor::Mean => "the posterior mean",
            Predictor::Decoded => "the decoded function",
        };
        let over = match self.population {
            None => "on new rows".to_owned(),
            Some(rows) if rows == *n => {
                format!("averaged over the {rows} rows of the list that are left, which are these very rows")
            }
            Some(rows) => format!("averaged over the {rows} rows of the list that were not looked at before"),
        };
        let vacuous = if self.vacuous { " (vacuous: guessing does as well)" } else { "" };
        write!(
            f,
            "With probability at least 1 − {} the expected {loss} of {who}, {over}, is at most {shown:.4}{vacuous}. From {n} rows \
             ({sampling}), on which it is {empirical_risk:.4}, by {bound}; information {information:.2}",
            self.delta,
            shown = (value * 1e4).ceil() / 1e4,
        )?;
        if price.get() > 0.0 {
            write!(f, "; {price:.2} paid for choices")?;
        }
        write!(f, ". Ledger: {ledger}. Assumes: {}.", self.assumptions.join("; "))
    }
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

/// Certificates for posteriors whose information is known.
pub trait Certify: Informed {
    /// Bounds the Gibbs risk by `data`, rows that the prior has not seen (the posterior may have). Choices in the prior's ledger are
    /// paid out of `delta`.
    ///
    /// # Errors
    /// Refuses rows that the prior saw (their inputs included), rows that were not sampled at random, and labels that the loss
    /// cannot judge.
    fn certify<B: PacBayes + ?Sized>(
        &self,
        bound: &B,
        loss: Loss,
        data: &Data,
        delta: f64,
    ) -> Result<Certificate, Error> {
        Ok(Terms::of(self, loss, data, delta)?.certificate(bound))
    }
}

/// What certificates of one posterior on the same rows share.
struct Terms<'a> {
    risk: EmpiricalRisk,
    information: Nats,
    ledger: Ledger,
    data: &'a Data,
    delta: f64,
}

impl<'a> Terms<'a> {
    /// Refuses rows that the prior saw or that were not sampled at random.
    fn of<Q: Informed + ?Sized>(
        posterior: &Q,
        loss: Loss,
        data: &'a Data,
        delta: f64,
    ) -> Result<Terms<'a>, Error> {
        check_delta(delta)?;
        let ledger = posterior.prior_ledger().and(data.ledger());
        check_rows("the prior", &ledger, data)?;
        let risk = posterior.risk(loss, data)?;
        Ok(Terms { risk, information: posterior.information(), ledger, data, delta })
    }

    fn certificate<B: PacBayes + ?Sized>(&self, bound: &B) -> Certificate {
        let Terms { risk, information, ledger, data, delta } = self;
        let price = ledger.price();
        let value = bound.value(risk, *information + price, risk.n, *delta);
        let assumptions = bound.assumptions().to_vec();
        let predictor = Predictor::Gibbs;
        Certificate::new(
            bound.name(),
            assumptions,
            value,
            risk,
            predictor,
            *information,
            *delta,
            price,
            ledger,
            data,
        )
    }
}

/// Certificates by several bounds; the risk is computed once.
pub(super) fn certificates<Q: Informed>(
    posterior: &Q,
    bounds: &[Box<dyn PacBayes>],
    loss: Loss,
    data: &Data,
    delta: f64,
) -> Result<Vec<Certificate>, Error> {
    let terms = Terms::of(posterior, loss, data, delta)?;
    Ok(bounds.iter().map(|bound| terms.certificate(&**bound)).collect())
}

impl<Q: Informed> Certify for Q {}
