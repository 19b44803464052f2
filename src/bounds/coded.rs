//! Certificates of one function out of countably many: a model that is a byte string, at the price of its length.

use softbias_models::{Coded, Data, Loss};

use super::certificate::{Certificate, Predictor, Terms};
use super::held_out::{Inequality, certify};
use super::{Bound, CountableBinomial, CountableHoeffding, CountableKl};
use crate::Error;

/// A bound that holds for all of countably many fixed functions at once, information being ln 1/P(h) for weights that sum to at most
/// 1. (PAC-Bayes bounds hold for them too, as a posterior on one point, but are never tighter than [`CountableKl`].)
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no bound for one function with a code length",
    note = "take `CountableBinomial`, `CountableKl` or `CountableHoeffding`; for a posterior, `Certify::certify` with a PAC-Bayes bound"
)]
pub trait Countable: Bound {}

impl Countable for CountableHoeffding {}
impl Countable for CountableKl {}
impl Countable for CountableBinomial {}

/// Certificates for functions with a code.
pub trait CertifyCoded: Coded {
    /// Bounds the risk of the decoded function by `data`, rows that the *code* has not seen (the search for the function may have:
    /// that is what its length pays for). Choices in the code's ledger are paid out of `delta`; choices that are in the string,
    /// such as its step or its levels, are paid already.
    ///
    /// # Errors
    /// Refuses rows that the code saw (their inputs included), rows that were not sampled at random, rows that went through other
    /// transforms than those the function was fitted to, and labels that the loss cannot judge.
    fn certify<B: Countable + ?Sized>(
        &self,
        bound: &B,
        loss: Loss,
        data: &Data,
        delta: f64,
    ) -> Result<Certificate, Error> {
        let risk = || Ok(self.risk(loss, data)?);
        let ledger = self.code_ledger().and(data.ledger());
        let terms = Terms::judged("the code", ledger, self.code_length(), risk, data, delta)?;
        terms.certificate(bound, Predictor::Decoded)
    }

    /// Bounds the risk of the decoded function by rows that neither its code nor the search for it has seen: the exact binomial tail
    /// where every loss is 0 or 1, kl inversion otherwise. What [`CertifyCoded::certify`] must beat, and needs no code length.
    ///
    /// # Errors
    /// As [`CertifyCoded::certify`], and for rows that the function was fitted to; all rows, where it is not known which those were.
    fn certify_held_out(&self, loss: Loss, data: &Data, delta: f64) -> Result<Certificate, Error> {
        let risk = || Ok(self.risk(loss, data)?);
        let who = "the search for the function";
        certify(who, self.ledger(), risk, Predictor::Decoded, data, delta, Inequality::Sharpest)
    }
}

impl<T: Coded + ?Sized> CertifyCoded for T {}
