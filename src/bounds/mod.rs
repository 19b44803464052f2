//! Certificates: with confidence 1 − δ, the risk on new data is at most this.
//!
//! A certificate states what it promises, of which predictor, from how many rows, at what price and under which assumptions; it
//! refuses rows that its prior saw, and data that were not sampled at random.

mod catoni;
mod certificate;
mod coded;
mod countable;
mod held_out;
mod pac_bayes;
mod relaxed;
mod table;

use softbias_models::EmpiricalRisk;
use softbias_priors::Nats;

pub use catoni::{Catoni, CatoniGrid};
pub(crate) use certificate::check_sampling;
pub use certificate::{Certificate, CertificateError, Certify, Predictor};
pub use coded::{CertifyCoded, Countable};
pub use countable::{CountableBinomial, CountableHoeffding, CountableKl};
pub use held_out::{binomial_tail_inverse, held_out, held_out_mean};
pub use pac_bayes::{Maurer, McAllester, PriorScales, Seeger};
pub use relaxed::{Pinsker, Quadratic, Thiemann};
pub use table::{BoundTable, table};

/// A bound that holds for the Gibbs predictor of every posterior at once, information being KL(Q‖P). Bounds of one hypothesis with
/// a code length are none.
pub trait PacBayes: Bound {}

/// A bound on the risk, uniformly over posteriors (PAC-Bayes) or over a countable set of hypotheses.
pub trait Bound {
    /// Its name, with its source.
    fn name(&self) -> &'static str;

    /// What must hold for it, beyond a prior fixed before the data.
    fn assumptions(&self) -> &'static [&'static str];

    /// The value that exceeds the risk with probability at least 1 − `delta`: information is KL(Q‖P) or a code length in nats.
    /// In [0, 1] and never NaN for a risk in [0, 1], information ≥ 0, n ≥ 1 and 0 < delta < 1.
    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64;
}
