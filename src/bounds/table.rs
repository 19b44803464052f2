//! All applicable bounds of one posterior side by side, and the smallest of them at the price of having looked.

use std::fmt;

use serde::Serialize;
use softbias_models::{Data, Informed, Loss};
use softbias_priors::Ledger;

use super::certificate::certify_after;
use super::{
    CatoniGrid, Certificate, Certify, Maurer, McAllester, PacBayes, Pinsker, Quadratic, Seeger, Thiemann,
};
use crate::Error;

/// Certificates of one Gibbs predictor by every bound that its assumptions allow, and which bounds were left out and why.
///
/// Each holds by itself with confidence 1 − δ. The smallest of them, read off the table, does not: [`tightest`] pays for the choice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BoundTable {
    /// In the order of [`table`]'s list, not of their values.
    pub certificates: Vec<Certificate>,
    /// Bounds that do not apply, and why not.
    pub left_out: Vec<(&'static str, &'static str)>,
}

/// Bounds of a Gibbs predictor that need nothing but a prior fixed beforehand and a loss in [0, 1].
fn general() -> [(&'static str, Box<dyn PacBayes>); 7] {
    [
        ("Seeger", Box::new(Seeger)),
        ("Maurer", Box::new(Maurer)),
        ("CatoniGrid", Box::new(CatoniGrid::default())),
        ("Quadratic", Box::new(Quadratic)),
        ("Thiemann", Box::new(Thiemann::best())),
        ("Pinsker", Box::new(Pinsker)),
        ("McAllester", Box::new(McAllester)),
    ]
}

/// Every bound that applies to a posterior whose information is known, on rows that its prior has not seen.
///
/// # Errors
/// As [`Certify::certify`]: what one bound refuses, all refuse.
pub fn table<Q: Informed>(posterior: &Q, loss: Loss, data: &Data, delta: f64) -> Result<BoundTable, Error> {
    let certify = |(_, bound): &(&str, Box<dyn PacBayes>)| posterior.certify(&**bound, loss, data, delta);
    let certificates = general().iter().map(certify).collect::<Result<_, _>>()?;
    let left_out = vec![
        ("Catoni", "its C must be fixed beforehand: `certify(&Catoni::fixed(c), …)` where it was"),
        ("PriorScales", "the scale of this prior was not declared to come from a grid"),
        (
            "CountableHoeffding, CountableKl, CountableBinomial",
            "a posterior is no single hypothesis with a code length",
        ),
    ];
    Ok(BoundTable { certificates, left_out })
}

/// The smallest of the bounds of [`table`], each at confidence δ/7: that they were looked at is in its ledger, and paid.
///
/// # Errors
/// As [`table`].
pub fn tightest<Q: Informed>(
    posterior: &Q,
    loss: Loss,
    data: &Data,
    delta: f64,
) -> Result<Certificate, Error> {
    let all = general();
    let choice = Ledger::chose("bound", all.len());
    let certify = |(_, bound): &(&str, Box<dyn PacBayes>)| {
        certify_after(posterior, &**bound, loss, data, delta, &choice)
    };
    let [first, others @ ..] = &all;
    others.iter().try_fold(certify(first)?, |best, other| {
        let certificate = certify(other)?;
        Ok(if certificate.value < best.value { certificate } else { best })
    })
}

impl fmt::Display for BoundTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.certificates.iter().map(|c| c.bound.chars().count()).max().unwrap_or(0);
        for certificate in &self.certificates {
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
