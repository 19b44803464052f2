//! Certificates: with confidence 1 − δ, the risk on new data is at most this.
//!
//! A certificate states what it promises, of which predictor, from how many rows, at what price and under which assumptions; it
//! refuses rows that its prior saw, data that were not sampled at random, losses that its bound does not cover, and priors without a
//! finite relative entropy. What is no draw from the posterior is no Gibbs predictor, and does not compile as one:
//!
//! ```compile_fail
//! use softbias::prelude::*;
//! // an average of models has no relative entropy from one prior: only held-out rows can certify it
//! fn certified(mixture: &softbias::Mixture, data: &Data) {
//!     mixture.certify(&softbias::bounds::Maurer, Loss::ZeroOne, data, 0.05);
//! }
//! ```
//!
//! ```compile_fail
//! use softbias::prelude::*;
//! // least squares is the posterior mean of an improper prior: nothing is known of its relative entropy
//! fn certified(fit: &softbias::LeastSquares, data: &Data) {
//!     fit.certify(&softbias::bounds::Maurer, Loss::ZeroOne, data, 0.05);
//! }
//! ```
//!
//! ```compile_fail
//! use softbias::prelude::*;
//! // bounds of one hypothesis with a code length are no bounds of a posterior
//! fn certified(posterior: &ExactPosterior, data: &Data) {
//!     posterior.certify(&softbias::bounds::CountableKl, Loss::ZeroOne, data, 0.05);
//! }
//! ```

mod bernstein;
mod catoni;
mod certificate;
mod choose;
mod coded;
mod convex;
mod countable;
mod held_out;
mod linear_regression;
mod marginal;
mod pac_bayes;
mod refusal;
mod relaxed;
mod table;
mod unbounded;
mod vote;

use softbias_models::{EmpiricalRisk, Loss};
use softbias_priors::Nats;

pub use bernstein::{EmpiricalBernstein, UnexpectedBernstein};
pub use catoni::{Catoni, CatoniGrid};
pub use certificate::{Certificate, Certify, Predictor};
pub use choose::{Chosen, choose};
pub use coded::{CertifyCoded, Countable};
pub use convex::ConvexGap;
pub use countable::{CountableBinomial, CountableHoeffding, CountableKl};
pub use held_out::{binomial_tail_inverse, held_out, held_out_hoeffding, held_out_mean};
pub use linear_regression::LinearRegression;
pub use marginal::{Germain, from_evidence};
pub use pac_bayes::{Maurer, McAllester, PriorScales, Seeger};
pub use refusal::CertificateError;
pub(crate) use refusal::check_sampling;
pub use relaxed::{Pinsker, Quadratic, Thiemann};
pub use table::{BoundTable, table, table_by_draws};
pub use unbounded::{SubGamma, SubGaussian};
pub use vote::{CBound, FactorTwo, MarginVote, Tandem};

/// A bound on the risk, uniformly over posteriors (PAC-Bayes) or over a countable set of hypotheses.
pub trait Bound {
    /// Its name, with its source.
    fn name(&self) -> &'static str;

    /// What must hold for it, beyond a prior fixed before the data.
    fn assumptions(&self) -> &'static [&'static str];

    /// The value that exceeds the risk with probability at least 1 − `delta`: information is KL(Q‖P) or a code length in nats.
    /// Never NaN for n ≥ 1, information ≥ 0, 0 < delta < 1 and a risk that is not refused; in [0, 1] where the loss is.
    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64;

    /// Why the bound does not cover this risk, and what to do; `None` where it does. By default it covers losses in [0, 1].
    fn refuses(&self, risk: &EmpiricalRisk) -> Option<String> {
        let reason = || {
            format!(
                "it needs a loss in [0, 1], and {} is none: clip it, or take a bound for unbounded losses",
                risk.loss
            )
        };
        (!risk.loss.is_bounded()).then(reason)
    }

    /// The loss whose risk is bounded, where that is another one than the loss that was measured.
    fn concerns(&self, measured: Loss) -> Loss {
        measured
    }
}

/// A bound that holds for the Gibbs predictor of every posterior at once, information being KL(Q‖P). Bounds of one hypothesis with
/// a code length are none.
pub trait PacBayes: Bound {}

/// A bound that holds for the majority vote of every posterior at once: the class that more than half of the posterior gives, which
/// for Gaussian function values is the sign of the posterior mean.
pub trait Vote: Bound {}
