//! The state of a climb on disk, with what it is a state of; a checkpoint of anything else is refused.

use std::path::Path;

use serde::{Deserialize, Serialize};
use softbias_priors::net::Precision;

use super::climb::{Climber, Epoch, State};
use super::{LastGood, TrainError};
use crate::error::Result;
use crate::net::Target;
use crate::saved::{self, TRAINING};

/// What a checkpoint is of.
#[derive(Serialize, Deserialize)]
struct Of {
    target: String,
    precision: String,
    settings: String,
}

/// A state as it stands in a file: numbers of either precision as f64, which holds both exactly.
#[derive(Serialize, Deserialize)]
struct Saved {
    of: Of,
    epoch: usize,
    eps: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    history: Vec<Epoch>,
    best: Option<(f64, Vec<f64>)>,
    stale: usize,
}

fn wide<T: Precision>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.get()).collect()
}

fn narrow<T: Precision>(values: Vec<f64>) -> Vec<T> {
    values.into_iter().map(T::of).collect()
}

impl<T: Precision, G: Target<Number = T>> Climber<'_, T, G> {
    /// Everything that must be the same for a climb to go on as if it had never stopped.
    fn of(&self) -> Of {
        let train = self.train;
        let settings = format!(
            "{:?}, {:?}, batches of {}, clipping {:?}, stopping {:?}, {:?}",
            train.optimiser, train.schedule, self.batch, train.clip, train.stopping, train.seed
        );
        Of { target: self.target.describe(), precision: T::NAME.to_owned(), settings }
    }

    /// Writes the state, where that is due or asked for.
    pub(super) fn save(&self, now: bool) -> Result<()> {
        let Some(saving) = &self.train.save else { return Ok(()) };
        if saving.every == 0 {
            let what = "epochs between checkpoints";
            return Err(TrainError::TooFew { what, least: 1, found: 0 }.into());
        }
        let state = &self.state;
        if !now && !state.epoch.is_multiple_of(saving.every) {
            return Ok(());
        }
        let saved = Saved {
            of: self.of(),
            epoch: state.epoch,
            eps: wide(&state.eps),
            first: wide(&state.first),
            second: wide(&state.second),
            history: state.history.clone(),
            best: state.best.as_ref().map(|(value, at)| (*value, wide(at))),
            stale: state.stale,
        };
        saved::write(&saving.path, TRAINING, &saved).map_err(|error| {
            let here = LastGood { epoch: state.epoch, coordinates: saved.eps.into() };
            let finite = here.coordinates.iter().all(|e| e.is_finite());
            let last = if finite { here } else { self.last_good() };
            TrainError::Unsaved { reason: error.to_string(), last }.into()
        })
    }

    pub(super) fn read(&self, path: &Path) -> Result<State<T>> {
        let saved: Saved = saved::read(path, TRAINING)?;
        let of = self.of();
        for (what, expected, found) in [
            ("target", of.target, saved.of.target),
            ("precision", of.precision, saved.of.precision),
            ("training", of.settings, saved.of.settings),
        ] {
            if expected != found {
                return Err(TrainError::Foreign { path: path.to_owned(), what, expected, found }.into());
            }
        }
        let State { eps, first, second, .. } = &self.state;
        let lengths = [(&saved.eps, eps), (&saved.first, first), (&saved.second, second)];
        let best = saved.best.as_ref().is_none_or(|(_, at)| at.len() == eps.len());
        let fits = best && lengths.iter().all(|(found, expected)| found.len() == expected.len());
        if !fits || saved.history.len() != saved.epoch {
            return Err(saved::damaged(path, "damaged: its parts do not fit together"));
        }
        Ok(State {
            epoch: saved.epoch,
            eps: narrow(saved.eps),
            first: narrow(saved.first),
            second: narrow(saved.second),
            history: saved.history,
            best: saved.best.map(|(value, at)| (value, narrow(at))),
            stale: saved.stale,
        })
    }
}
