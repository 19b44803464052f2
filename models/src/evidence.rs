//! The marginal likelihood of data under a model, taken apart into fit and information.

use std::fmt;

use serde::{Deserialize, Serialize};
use softbias_priors::Nats;

/// How far a number can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Grade {
    /// Exact up to rounding.
    Exact,
    /// An approximation of unknown error.
    Approximate,
    /// An unbiased estimate.
    Estimate {
        /// Its standard error, in nats.
        standard_error: f64,
    },
    /// Known to lie between two numbers.
    Between {
        /// Lower end, in nats.
        lower: f64,
        /// Upper end, in nats.
        upper: f64,
    },
}

/// The log marginal likelihood (evidence) ln p(y | X): the joint log density of *all* labels, in nats, never divided by n.
///
/// log = fit − information, with fit = E_Q ln p(y | f) and information = KL(Q‖P) of the posterior Q from the prior P
/// (Germain et al. 2016: n·E_Q nll + KL = −ln Z). With transformed labels both `log` and `fit` hold the log Jacobian, so that
/// models on differently transformed labels compare.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// ln p(y | X).
    pub log: Nats,
    /// E_Q ln p(y | f): how well posterior functions fit.
    pub fit: Nats,
    /// KL(Q‖P): what was learned, and paid.
    pub information: Nats,
    /// How far `log` can be trusted.
    pub grade: Grade,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Evidence { log, fit, information, grade } = self;
        write!(f, "log evidence {log} = fit {fit} − information {information} ({grade})")
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Grade::Exact => f.write_str("exact"),
            Grade::Approximate => f.write_str("approximate"),
            Grade::Estimate { standard_error } => write!(f, "estimate ± {standard_error:.3}"),
            Grade::Between { lower, upper } => write!(f, "between {lower:.3} and {upper:.3}"),
        }
    }
}

/// Effective number of parameters, in the two meanings that the literature mixes up. Both ignore the labels.
///
/// With λᵢ the eigenvalues of the data term in white coordinates and σ² the noise variance: `determined` = Σ λᵢ/(λᵢ + σ²)
/// (MacKay 1992; the degrees of freedom of the smoother), `undetermined` = Σ σ²/(λᵢ + σ²) over the min(n, p) directions that data
/// could determine (the posterior-covariance version, plotted in Wilson 2025, Fig. 1g). They add up to `directions`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectiveDimension {
    /// Directions that the data determine: Σ λᵢ/(λᵢ + σ²).
    pub determined: f64,
    /// Directions that the data could determine but leave to the prior: Σ σ²/(λᵢ + σ²) over `directions`.
    pub undetermined: f64,
    /// min(n, p), times the number of outputs; of a net, the rows of its curvature's root where these are fewer than weights.
    pub directions: usize,
}
