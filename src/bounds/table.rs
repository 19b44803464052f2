//! All applicable bounds of one posterior side by side.

use std::fmt;

use serde::{Deserialize, Serialize};
use softbias_models::{Data, Informed, Loss, MonteCarlo};

use super::certificate::Terms;
use super::{
    Bound, CBound, CatoniGrid, Certificate, CertificateError, EmpiricalBernstein, FactorTwo, Maurer,
    McAllester, PacBayes, Pinsker, Predictor, Quadratic, Seeger, Tandem, Thiemann, UnexpectedBernstein, Vote,
};
use crate::Error;

/// Certificates of one posterior by every bound that its assumptions allow, and which bounds were left out and why.
///
/// Each holds with confidence 1 − δ by itself. Those that follow from the kl bound (Maurer, quadratic, Thiemann, Pinsker, McAllester, twice the
/// Gibbs risk) hold together with it, for n ≥ 8.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoundTable {
    /// In the order of [`table`]'s list, not of their values: first of the Gibbs predictor, then of the majority vote.
    pub certificates: Vec<Certificate>,
    /// Bounds that do not apply, and why not.
    pub left_out: Vec<(String, String)>,
    /// What rows that the posterior never saw say, where they were asked: what any other bound must beat.
    pub held_out: Vec<Certificate>,
}

/// Bounds of a Gibbs predictor that need nothing but a prior fixed beforehand.
fn of_gibbs() -> [Box<dyn PacBayes>; 9] {
    [
        Box::new(Seeger),
        Box::new(Maurer),
        Box::new(CatoniGrid::default()),
        Box::new(Quadratic),
        Box::new(Thiemann::best()),
        Box::new(Pinsker),
        Box::new(McAllester),
        Box::new(EmpiricalBernstein),
        Box::new(UnexpectedBernstein),
    ]
}

/// Bounds of the majority vote.
fn of_votes() -> [Box<dyn Vote>; 3] {
    [Box::new(FactorTwo), Box::new(Tandem), Box::new(CBound)]
}

/// Bounds that need more than a posterior and rows.
const NEED_MORE: [(&str, &str); 6] = [
    ("Catoni", "its C must be fixed beforehand: `certify(&Catoni::fixed(c), …)` where it was"),
    ("PriorScales", "the scale of this prior was not declared to come from a grid"),
    ("ConvexGap", "its gap must be fixed beforehand"),
    ("Germain", "it is about a likelihood: `from_evidence` where the loss is the negative log likelihood"),
    ("SubGaussian, SubGamma, LinearRegression", "the tail of the loss must be declared"),
    (
        "CountableHoeffding, CountableKl, CountableBinomial",
        "a posterior is no single hypothesis with a code length",
    ),
];

/// Every bound that applies to a posterior whose information is known, on rows that its prior has not seen.
///
/// # Errors
/// As [`Certify::certify`](super::Certify::certify) for what all bounds refuse; a bound that does not cover the loss is left out.
pub fn table<Q: Informed>(posterior: &Q, loss: Loss, data: &Data, delta: f64) -> Result<BoundTable, Error> {
    BoundTable::of(&Terms::of(posterior, loss, data, delta, None)?)
}

/// The same with the Gibbs risk estimated by draws.
///
/// # Errors
/// As [`Certify::certify_by_draws`](super::Certify::certify_by_draws).
pub fn table_by_draws<Q: Informed>(
    posterior: &Q,
    loss: Loss,
    data: &Data,
    delta: f64,
    draws: MonteCarlo,
) -> Result<BoundTable, Error> {
    BoundTable::of(&Terms::of(posterior, loss, data, delta, Some(draws))?)
}

impl BoundTable {
    fn of(terms: &Terms<'_>) -> Result<BoundTable, Error> {
        let (mut certificates, mut left_out) = (Vec::new(), Vec::new());
        let mut put = |bound: &dyn Bound, predictor| match terms.certificate(bound, predictor) {
            Ok(certificate) => {
                certificates.push(certificate);
                Ok(())
            }
            Err(Error::Certificate(CertificateError::Inapplicable { bound, reason })) => {
                left_out.push((bound.to_owned(), reason));
                Ok(())
            }
            Err(other) => Err(other),
        };
        of_gibbs().iter().try_for_each(|bound| put(&**bound, Predictor::Gibbs))?;
        of_votes().iter().try_for_each(|bound| put(&**bound, Predictor::MajorityVote))?;
        left_out.extend(NEED_MORE.map(|(bound, reason)| (bound.to_owned(), reason.to_owned())));
        Ok(BoundTable { certificates, left_out, held_out: Vec::new() })
    }

    /// With a held-out certificate beside it.
    #[must_use]
    pub fn beside(mut self, held_out: Certificate) -> BoundTable {
        self.held_out.push(held_out);
        self
    }

    /// The smallest bound of a predictor, which was chosen by looking: its δ is that of the four events (three, for votes) behind the bounds of
    /// the table, all of which hold together. A bound that was named beforehand has its own δ.
    #[must_use]
    pub fn smallest(&self, predictor: Predictor) -> Option<Certificate> {
        let events = if predictor == Predictor::MajorityVote { 3.0 } else { 4.0 };
        let of_it = self.certificates.iter().filter(|c| c.predictor == predictor);
        let best = of_it.min_by(|a, b| a.value.total_cmp(&b.value))?.clone();
        Some(Certificate { delta: (events * best.delta).min(1.0), ..best })
    }
}

impl fmt::Display for BoundTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = || self.certificates.iter().chain(&self.held_out);
        let width = all().map(|c| c.bound.chars().count()).max().unwrap_or(0);
        for certificate in all() {
            let vacuous = if certificate.vacuous { "  vacuous" } else { "" };
            let value = (certificate.value * 1e4).ceil() / 1e4;
            writeln!(f, "{:<width$}  {value:.4}{vacuous}", certificate.bound)?;
        }
        for (bound, reason) in &self.left_out {
            writeln!(f, "{bound}: left out, {reason}")?;
        }
        Ok(())
    }
}
