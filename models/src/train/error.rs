//! What can go wrong in training, and what is kept all the same.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

/// The last coordinates at which the log likelihood was finite: nothing that was reached is lost with an error.
#[derive(Clone, PartialEq)]
pub struct LastGood {
    /// Epochs made when they were reached.
    pub epoch: usize,
    /// The white coordinates; training goes on from there by [`Train::start`](super::Train::start).
    pub coordinates: Arc<[f64]>,
}

impl fmt::Debug for LastGood {
    /// A summary: printing every number would hide it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LastGood({} coordinates after {} epochs)", self.coordinates.len(), self.epoch)
    }
}

/// An error of training: what was wrong, where, and what to do.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A batch that cannot be.
    #[error("a batch needs between 1 and {rows} rows (those trained on), found {batch}")]
    Batch {
        /// The batch asked for.
        batch: usize,
        /// Rows that there are.
        rows: usize,
    },
    /// No epochs.
    #[error("training needs at least one epoch")]
    Epochs,
    /// A number out of its range.
    #[error("{what} must be {range}, found {value}")]
    Setting {
        /// What it is.
        what: &'static str,
        /// What it may be, in words.
        range: &'static str,
        /// The value given.
        value: f64,
    },
    /// A start of another length.
    #[error("the start has {found} coordinates, and there are {expected} weights")]
    Start {
        /// Coordinates that there are.
        expected: usize,
        /// Coordinates given.
        found: usize,
    },
    /// A held-out part without rows, or with all.
    #[error("early stopping on {held} of {rows} rows: both parts need at least one")]
    HeldOut {
        /// Rows held out.
        held: usize,
        /// All rows.
        rows: usize,
    },
    /// The log likelihood was NaN or infinite.
    #[error(
        "the log likelihood became {value} in epoch {epoch}, step {step}: lower the learning rate, or clip the gradient; the last good \
         coordinates are in this error"
    )]
    NotFinite {
        /// The epoch, from 0.
        epoch: usize,
        /// The step within it, from 0.
        step: usize,
        /// The log likelihood there.
        value: f64,
        /// What is left.
        last: LastGood,
    },
    /// A checkpoint of something else.
    #[error("{}: a checkpoint of another {what}: it says `{found}`, and this is `{expected}`", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// What is being trained.
        expected: String,
        /// What the checkpoint is of.
        found: String,
    },
    /// A checkpoint could not be written.
    #[error(
        "no checkpoint could be written ({reason}); the one before is untouched, and the coordinates are in this error"
    )]
    Unsaved {
        /// What the system said, and of which file.
        reason: String,
        /// What is left.
        last: LastGood,
    },
    /// Settings that do not go together.
    #[error("{method} takes no {setting}: {reason}")]
    Unsupported {
        /// The method.
        method: &'static str,
        /// The setting.
        setting: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// Too few of something to make a posterior of.
    #[error("{what}: at least {least} needed, found {found}")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many there must be.
        least: usize,
        /// How many there are.
        found: usize,
    },
}
