//! What can be wrong with a code or with a string that should be one.

use thiserror::Error;

/// An error of writing weights as a byte string, or of reading them: what was wrong, and what to do.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum CodeError {
    /// A step that is no step.
    #[error("the step of a codebook must be a number from 1e-9 to 1e9, found {0}")]
    Step(f64),
    /// A number of levels that no string holds.
    #[error("a learned codebook has from 1 to {most} levels, found {found}")]
    Levels {
        /// The number asked for.
        found: usize,
        /// The most there may be.
        most: usize,
    },
    /// A weight that is no finite number, or has more steps from 0 than the code reaches.
    #[error(
        "weight {feature} of output {output} is {value}, beyond what the codebook reaches: take a larger step, or rescale"
    )]
    Weight {
        /// Which feature.
        feature: usize,
        /// Which output.
        output: usize,
        /// The weight, in the unit in which it is coded.
        value: f64,
    },
    /// A weight of scale zero that is not zero.
    #[error(
        "weight {feature} has scale 0 in the prior, so that the decoder takes it for 0, but it is {value}: quantise weights of this \
         prior's own posterior"
    )]
    DeadWeight {
        /// Which feature.
        feature: usize,
        /// Its weight.
        value: f64,
    },
    /// Bytes without the bit that ends a message.
    #[error("no message: the last byte of a message holds the bit that ends it, here {0}")]
    Unended(&'static str),
    /// A string that the encoder would not have written.
    #[error("not a message of this prior: {0}; it is damaged, cut short, or was written under another prior")]
    NotAMessage(&'static str),
}
