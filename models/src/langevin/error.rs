//! What can be wrong with a run of chains.

use std::path::PathBuf;

use thiserror::Error;

/// Why chains do not run, or cannot be taken up again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SampleError {
    /// A temperature that is none.
    #[error(
        "the temperature must be a finite number > 0, found {0}: at temperature 0 nothing is drawn, so train instead (a MAP fit is that limit)"
    )]
    Temperature(f64),
    /// A number of the sampler's that is out of range.
    #[error("{sampler}: {what} must be {range}, found {value}")]
    Setting {
        /// Which sampler.
        sampler: &'static str,
        /// Which number.
        what: &'static str,
        /// What it may be.
        range: &'static str,
        /// What it is.
        value: f64,
    },
    /// A batch without rows, or with more than there are.
    #[error(
        "a batch of {batch} rows out of {rows}: give it at least one and at most all, or leave it out to use all"
    )]
    Batch {
        /// Rows of a batch.
        batch: usize,
        /// Rows of the data.
        rows: usize,
    },
    /// A batch for a sampler that accepts or rejects.
    #[error(
        "{0} accepts or rejects by the likelihood of all rows: leave the batch and the control variate out, or take SGLD and its kin"
    )]
    WholeBatch(&'static str),
    /// Nothing would be kept.
    #[error("{chains} chains of {draws} draws, thinned by {thin}: each must be at least 1")]
    NoDraws {
        /// Chains asked for.
        chains: usize,
        /// Draws asked for.
        draws: usize,
        /// Every how many iterations one is kept.
        thin: usize,
    },
    /// The log likelihood is no number where every chain begins.
    #[error(
        "no chain has a finite log likelihood and gradient where it starts: start elsewhere (`start`), or scale the data"
    )]
    NoStart,
    /// The sampler gave up.
    #[error("{sampler} failed in chain {chain}: {reason}")]
    Failed {
        /// Which sampler.
        sampler: &'static str,
        /// Which chain.
        chain: usize,
        /// What it said.
        reason: String,
    },
    /// A sampler whose state no file can hold.
    #[error("{0} cannot be interrupted and taken up again: leave the checkpoint out")]
    NotResumable(&'static str),
    /// A checkpoint of something else.
    #[error("{}: this checkpoint is of another {what}: it says `{found}`, the run is `{expected}`", path.display())]
    OtherRun {
        /// The file.
        path: PathBuf,
        /// Target, sampler, precision or seed.
        what: &'static str,
        /// What the run is.
        expected: String,
        /// What the file says.
        found: String,
    },
    /// A checkpoint of another release.
    #[error("{}: a checkpoint of format version {found}, this release reads version {expected}", path.display())]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// The version read here.
        expected: u32,
        /// The version of the file.
        found: u32,
    },
    /// A file that is no checkpoint, or damaged.
    #[error("{}: no checkpoint: {reason}", path.display())]
    NoCheckpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}
