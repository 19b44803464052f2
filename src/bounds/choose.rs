//! The best of several priors, each with its posterior, chosen by looking at the bound and paid for.

use softbias_models::{Data, Informed, Loss};
use softbias_priors::Ledger;

use super::PacBayes;
use super::certificate::{Certificate, Predictor, Terms};
use super::refusal::CertificateError;
use crate::Error;

/// The best of several candidates.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// Its place among the candidates, from 0.
    pub place: usize,
    /// Its certificate, the choice paid.
    pub certificate: Certificate,
    /// The bound of every candidate, likewise paid.
    pub values: Vec<f64>,
}

/// Certifies candidates that were listed before the rows were seen, and gives the best: each pays ln(number of candidates) out of δ,
/// so that all hold together.
///
/// This is how priors may differ: kernels, scales, softness. Posteriors of *one* prior need no such price, for a PAC-Bayes bound holds for
/// all of them at once: noise, temperature and number of steps may be chosen by looking. Candidates are made one at a time and dropped
/// when they are judged.
///
/// # Errors
/// Without candidates, and as [`Certify::certify`](super::Certify::certify).
pub fn choose<Q, B, I>(
    what: &str,
    candidates: I,
    bound: &B,
    loss: Loss,
    data: &Data,
    delta: f64,
) -> Result<Chosen, Error>
where
    Q: Informed,
    B: PacBayes + ?Sized,
    I: IntoIterator<Item = Result<Q, Error>>,
    I::IntoIter: ExactSizeIterator,
{
    let candidates = candidates.into_iter();
    let choice = Ledger::chose(what, candidates.len());
    let mut best: Option<(usize, Certificate)> = None;
    let mut values = Vec::with_capacity(candidates.len());
    for (place, candidate) in candidates.enumerate() {
        let terms = Terms::of(&candidate?, loss, data, delta, None)?.charged(&choice);
        let certificate = terms.certificate(bound, Predictor::Gibbs)?;
        values.push(certificate.value);
        if best.as_ref().is_none_or(|(_, best)| certificate.value < best.value) {
            best = Some((place, certificate));
        }
    }
    let (place, certificate) = best.ok_or(CertificateError::NoCandidates)?;
    Ok(Chosen { place, certificate, values })
}
