//! Training: climbs of the log posterior in white coordinates by SGD, Adam and L-BFGS; ensembles and Gaussians made of climbs.
//!
//! What is climbed is Σ ln p(y | ε) − ½|ε|², divided by the number of rows so that learning rates mean the same at any of them; where it ends
//! is the posterior's mode in ε. The same seed gives the same bits on any number of threads, watched or not, in one go or resumed.

mod checkpoint;
mod climb;
mod ensemble;
mod error;
mod lbfgs;
mod optimiser;
mod schedule;
mod swag;
mod trained;

use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use softbias_priors::Seed;
use softbias_priors::net::{Net, Precision};

pub use self::climb::{Climbed, Course, Ending, Epoch, Progress};
pub use self::ensemble::Ensemble;
pub use self::error::{LastGood, TrainError};
pub use self::optimiser::Optimiser;
pub use self::schedule::Schedule;
pub use self::swag::{MultiSwag, Swag, Trajectory};
pub use self::trained::Trained;

use self::climb::Climber;
use crate::data::Data;
use crate::error::Result;
use crate::likelihood::RowLikelihood;
use crate::model::{Method, Model};
use crate::net::{NetTarget, Target};
use crate::watch::Watch;

/// How to train: by which steps, for how long, on how many rows at a time. `T` is the precision, f32 unless asked otherwise.
#[derive(Debug)]
pub struct Train<T = f32> {
    optimiser: Optimiser,
    schedule: Schedule,
    epochs: usize,
    batch: BatchSize,
    clip: Option<f64>,
    seed: Seed,
    start: Option<Arc<[f64]>>,
    stopping: Option<Stopping>,
    watch: Watch<Progress>,
    save: Option<Saving>,
    resume: Option<PathBuf>,
    number: PhantomData<T>,
}

/// Rows of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum BatchSize {
    /// 128, or all where there are fewer.
    Usual,
    Rows(usize),
    All,
}

/// When to stop before the last epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stopping {
    fraction: f64,
    patience: usize,
}

#[derive(Clone, Debug)]
struct Saving {
    path: PathBuf,
    every: usize,
}

impl<T> Clone for Train<T> {
    fn clone(&self) -> Train<T> {
        self.of_number()
    }
}

impl Train {
    /// Adam at this learning rate, β = (0.9, 0.999) and ε = 1e-8: 100 epochs of batches of 128, unless said otherwise.
    #[must_use]
    pub fn adam(rate: f64) -> Train {
        Train::by(Optimiser::Adam { betas: (0.9, 0.999), eps: 1e-8 }, Schedule::constant(rate))
    }

    /// SGD at this learning rate with momentum 0.9: 100 epochs of batches of 128, unless said otherwise.
    #[must_use]
    pub fn sgd(rate: f64) -> Train {
        Train::by(Optimiser::Sgd { momentum: 0.9, nesterov: false }, Schedule::constant(rate))
    }

    /// L-BFGS on all rows at once: 100 iterations at most, unless said otherwise ([`Train::epochs`]).
    #[must_use]
    pub fn lbfgs() -> Train {
        Train::by(Optimiser::Lbfgs, Schedule::constant(1.0))
    }

    /// Any optimiser with any schedule of learning rates.
    #[must_use]
    pub fn by(optimiser: Optimiser, schedule: Schedule) -> Train {
        Train {
            optimiser,
            schedule,
            epochs: 100,
            batch: BatchSize::Usual,
            clip: None,
            seed: Seed::new(0),
            start: None,
            stopping: None,
            watch: Watch::none(),
            save: None,
            resume: None,
            number: PhantomData,
        }
    }
}

impl<T> Train<T> {
    fn of_number<U>(&self) -> Train<U> {
        Train {
            optimiser: self.optimiser,
            schedule: self.schedule,
            epochs: self.epochs,
            batch: self.batch,
            clip: self.clip,
            seed: self.seed,
            start: self.start.clone(),
            stopping: self.stopping,
            watch: self.watch.clone(),
            save: self.save.clone(),
            resume: self.resume.clone(),
            number: PhantomData,
        }
    }

    /// The same in another precision: `Train::adam(0.01).precision::<f64>()`.
    #[must_use]
    pub fn precision<U: Precision>(self) -> Train<U> {
        self.of_number()
    }

    /// Another schedule of learning rates.
    #[must_use]
    pub fn schedule(self, schedule: Schedule) -> Train<T> {
        Train { schedule, ..self }
    }

    /// Passes over the rows; for L-BFGS the most iterations.
    #[must_use]
    pub fn epochs(self, epochs: usize) -> Train<T> {
        Train { epochs, ..self }
    }

    /// The most rows of a step. The rows of an epoch are cut into batches as equal as they can be, none larger than this, so that every step is an
    /// unbiased estimate and their average is the whole.
    #[must_use]
    pub fn batch(self, rows: usize) -> Train<T> {
        Train { batch: BatchSize::Rows(rows), ..self }
    }

    /// All rows at every step.
    #[must_use]
    pub fn full_batch(self) -> Train<T> {
        Train { batch: BatchSize::All, ..self }
    }

    /// Slopes longer than this are made as long (Pascanu, Mikolov & Bengio 2013): Euclidean length, of the log posterior a row.
    #[must_use]
    pub fn clip(self, length: f64) -> Train<T> {
        Train { clip: Some(length), ..self }
    }

    /// The seed: of the start (a draw from the prior), of the order of rows in every epoch, and of the rows held out.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Train<T> {
        Train { seed, ..self }
    }

    /// The same with the seed of one of several rounds.
    pub(crate) fn round(self, round: usize) -> Train<T> {
        let seed = self.seed.named("round").at(round);
        self.seed(seed)
    }

    /// Refuses settings of one climb that several in turns have no use for.
    pub(crate) fn fit_for_turns(&self) -> Result<()> {
        self.without("training in turns", |train| match train {
            Train { save: Some(_), .. } => Some(("checkpoints", NO_STATE)),
            Train { resume: Some(_), .. } => Some(("resuming", NO_STATE)),
            _ => None,
        })
    }

    /// Starts at these white coordinates instead of a draw from the prior.
    #[must_use]
    pub fn start(self, coordinates: impl Into<Arc<[f64]>>) -> Train<T> {
        Train { start: Some(coordinates.into()), ..self }
    }

    /// Trains on all rows but a random fraction, and stops when their log likelihood has not grown for so many epochs; the best epoch's
    /// coordinates are the outcome. The ledger of the outcome says which rows chose it.
    #[must_use]
    pub fn early_stopping(self, fraction: f64, patience: usize) -> Train<T> {
        Train { stopping: Some(Stopping { fraction, patience }), ..self }
    }

    /// Calls back after every epoch (every evaluation of L-BFGS), never from two threads at once. [`ControlFlow::Break`] ends training: what has been
    /// reached is the outcome, [`Course::ending`] says so, and a checkpoint is written where one was asked for. Watching changes no number.
    #[must_use]
    pub fn watch(self, callback: impl Fn(&Progress) -> ControlFlow<()> + Send + Sync + 'static) -> Train<T> {
        Train { watch: Watch::by(callback), ..self }
    }

    /// Writes the state to this file before the first epoch, after every so many, and at the end: first beside it, then in its place, so that a
    /// full disk loses nothing.
    #[must_use]
    pub fn checkpoint(self, path: impl Into<PathBuf>, every: usize) -> Train<T> {
        Train { save: Some(Saving { path: path.into(), every }), ..self }
    }

    /// Goes on from a checkpoint of the same net, data and settings (but for the number of epochs): bit for bit as if it had never stopped.
    #[must_use]
    pub fn resume(self, path: impl Into<PathBuf>) -> Train<T> {
        Train { resume: Some(path.into()), ..self }
    }

    /// Refuses what a method made of several climbs, or of one at once, has no use for.
    fn without(
        &self,
        method: &'static str,
        refused: impl Fn(&Train<T>) -> Option<(&'static str, &'static str)>,
    ) -> Result<()> {
        match refused(self) {
            Some((setting, reason)) => Err(TrainError::Unsupported { method, setting, reason }.into()),
            None => Ok(()),
        }
    }
}

/// Why settings are refused where a method has no single state to save.
const NO_STATE: &str = "its state is more than that of one climb";

impl<T: Precision> Train<T> {
    /// Climbs a target of one's own.
    ///
    /// # Errors
    /// [`TrainError`]: for settings that make no sense, a log likelihood that is no number, a checkpoint that is of something else or cannot be
    /// written.
    pub fn climb<G: Target<Number = T>>(&self, target: &G) -> Result<Climbed<T>> {
        self.follow(target, 0, &mut |_, _| {})
    }

    /// The same, showing the coordinates after every epoch.
    fn follow<G: Target<Number = T>>(
        &self,
        target: &G,
        member: usize,
        shown: &mut (dyn FnMut(usize, &[T]) + Send),
    ) -> Result<Climbed<T>> {
        if self.epochs == 0 {
            return Err(TrainError::Epochs.into());
        }
        self.optimiser.check()?;
        self.schedule.check()?;
        if let Some(length) = self.clip {
            schedule::above("the length that slopes are clipped at", length)?;
        }
        if self.optimiser == Optimiser::Lbfgs {
            return lbfgs::climb(self, target, member);
        }
        // (among the workers: a batch that is shared out from there does not wake and wait for one each time)
        rayon::scope(|_| Climber::new(self, target, member)?.run(shown))
    }

    /// Where a climb begins.
    fn beginning(&self, dim: usize) -> Result<Vec<T>> {
        let mut start = vec![0.0; dim];
        match &self.start {
            None => self.seed.named("init").fill_normal(&mut start),
            Some(given) if given.len() == dim => start.copy_from_slice(given),
            Some(given) => return Err(TrainError::Start { expected: dim, found: given.len() }.into()),
        }
        Ok(start.into_iter().map(T::of).collect())
    }
}

impl<T: Precision, L: RowLikelihood> Method<Net, L> for Train<T> {
    type Posterior = Trained<T, L>;

    /// Trains the net.
    ///
    /// # Errors
    /// Those of [`Train::climb`], and when model and data do not fit.
    fn condition(&self, model: Model<Net, L>, data: &Data) -> Result<Trained<T, L>> {
        let target = NetTarget::new(&model, data)?;
        let climbed = self.climb(&target)?;
        Trained::new(&target, climbed)
    }
}
