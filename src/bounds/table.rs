//! All applicable bounds of one posterior side by side.

use std::fmt;

use serde::Serialize;
use softbias_models::{Data, Informed, Loss};

use super::certificate::certificates;
use super::{CatoniGrid, Certificate, Maurer, McAllester, PacBayes, Pinsker, Quadratic, Seeger, Thiemann};
use crate::Error;

/// Certificates of one Gibbs predictor by every bound that its assumptions allow, and which bounds were left out and why.
///
/// All but Catoni's follow from the event of the first, which is never looser than they (for n ≥ 8): they hold together with confidence
/// 1 − δ. Catoni's holds with that confidence by itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BoundTable {
    /// In the order of [`table`]'s list, not of their values.
    pub certificates: Vec<Certificate>,
    /// Bounds that do not apply, and why not.
    pub left_out: Vec<(&'static str, &'static str)>,
}

/// Bounds of a Gibbs predictor that need nothing but a prior fixed beforehand and a loss in [0, 1].
fn general() -> [Box<dyn PacBayes>; 7] {
    [
        Box::new(Seeger),
        Box::new(Maurer),
        Box::new(CatoniGrid::default()),
        Box::new(Quadratic),
        Box::new(Thiemann::best()),
        Box::new(Pinsker),
        Box::new(McAllester),
    ]
}

/// Every bound that applies to a posterior whose information is known, on rows that its prior has not seen.
///
/// # Errors
/// As [`Certify::certify`](super::Certify::certify): what one bound refuses, all refuse.
pub fn table<Q: Informed>(posterior: &Q, loss: Loss, data: &Data, delta: f64) -> Result<BoundTable, Error> {
    let certificates = certificates(posterior, &general(), loss, data, delta)?;
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
