//! What an approximate posterior has to say about itself.

use std::fmt;

/// A caveat about a posterior that was found all the same.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Rows at which the log density of the label is convex at the mode (outliers): the curvature of the approximation stands in
    /// for it there, and other modes may exist.
    NegativeCurvature {
        /// How many rows.
        rows: usize,
        /// Of how many.
        of: usize,
    },
    /// The mode is known to this many posterior standard deviations only: rounding allows no more. Usual for huge prior variances.
    Resolution {
        /// The last step, in posterior standard deviations.
        step: f64,
    },
    /// The search for the best posterior of its form ended before it came to rest: a better one is near. This one is what it says all the
    /// same.
    Unfinished {
        /// What the last step gained, in nats.
        gain: f64,
    },
    /// One mode of many: units of a hidden layer can change places, or signs, without a change of the function. The evidence counts this mode
    /// alone.
    OneMode {
        /// ln of the number of modes that are alike, in nats.
        symmetries: f64,
    },
    /// The place where it is centred is not a mode of the posterior, so that the evidence misses its peak.
    NotAtMode {
        /// By how much the log evidence falls short, in nats: half the Newton decrement. NaN where it cannot be said.
        short: f64,
    },
    /// A scale or the noise was tuned to the end of the range that it was given: the best may lie beyond.
    OnBound {
        /// The tensor, or `noise`.
        what: String,
        /// Where it stands.
        value: f64,
        /// Which end, `lower` or `upper`.
        end: &'static str,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::NegativeCurvature { rows, of } => write!(
                f,
                "the curvature at the mode is negative at {rows} of {of} rows (outliers) and was replaced; the posterior may have \
                 other modes"
            ),
            Warning::Resolution { step } => {
                write!(f, "rounding leaves the mode uncertain by {step:.1e} posterior standard deviations")
            }
            Warning::OneMode { symmetries } => write!(
                f,
                "the evidence is that of one mode; hidden units that change places or signs make e^{symmetries:.1} modes alike"
            ),
            Warning::NotAtMode { short } => write!(
                f,
                "it is not centred at a mode: one step of Newton's would raise the log evidence by about {short:.1e} nats; train on"
            ),
            Warning::OnBound { what, value, end } => write!(
                f,
                "`{what}` = {value:.3e} sits on the {end} bound of its search: tune again from there, or within a larger factor"
            ),
            Warning::Unfinished { gain } => {
                write!(f, "the search ended while a step still gained {gain:.1e} nats: allow more sweeps")
            }
        }
    }
}
