//! Certificates of one function out of countably many: a model that is a byte string, at the price of its length.

use softbias_models::{Coded, Data, EmpiricalRisk, Loss};
use softbias_priors::math::stable::binary_kl_inverse_upper;
use softbias_priors::{Ledger, Nats};

use super::certificate::{Certificate, Predictor, check_delta, check_rows};
use super::held_out::binomial_tail_inverse;
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
        let (risk, ledger) = judged(self, "the code", self.code_ledger(), loss, data, delta)?;
        let (information, price) = (self.code_length(), ledger.price());
        let value = bound.value(&risk, information + price, risk.n, delta);
        let assumptions = bound.assumptions().to_vec();
        let (name, predictor) = (bound.name(), Predictor::Decoded);
        Ok(Certificate::new(
            name,
            assumptions,
            value,
            &risk,
            predictor,
            information,
            delta,
            price,
            &ledger,
            data,
        ))
    }

    /// Bounds the risk of the decoded function by rows that neither its code nor the search for it has seen: the exact binomial tail
    /// where every loss is 0 or 1, kl inversion otherwise. What [`CertifyCoded::certify`] must beat, and needs no code length.
    ///
    /// # Errors
    /// As [`CertifyCoded::certify`], and for rows that the function was fitted to; all rows, where it is not known which those were.
    fn certify_held_out(&self, loss: Loss, data: &Data, delta: f64) -> Result<Certificate, Error> {
        let (risk, ledger) = judged(self, "the search for the function", self.ledger(), loss, data, delta)?;
        let price = ledger.price();
        let paid = delta * (-price.get()).exp();
        let (name, value) = match risk.errors {
            Some(errors) => ("held-out binomial tail", binomial_tail_inverse(errors, risk.n, paid)),
            None => ("held-out kl", binary_kl_inverse_upper(risk.mean, -paid.ln() / risk.n as f64)),
        };
        let assumptions =
            vec!["loss in [0, 1]", "function fixed before these rows were seen", "rows sampled at random"];
        let predictor = Predictor::Decoded;
        Ok(Certificate::new(
            name,
            assumptions,
            value,
            &risk,
            predictor,
            Nats::ZERO,
            delta,
            price,
            &ledger,
            data,
        ))
    }
}

impl<T: Coded + ?Sized> CertifyCoded for T {}

/// The refusals that come before a certificate, then the risk, and what is owed in all.
fn judged<T: Coded + ?Sized>(
    coded: &T,
    who: &'static str,
    owed: Ledger,
    loss: Loss,
    data: &Data,
    delta: f64,
) -> Result<(EmpiricalRisk, Ledger), Error> {
    check_delta(delta)?;
    let ledger = owed.and(data.ledger());
    check_rows(who, &ledger, data)?;
    Ok((coded.risk(loss, data)?, ledger))
}
