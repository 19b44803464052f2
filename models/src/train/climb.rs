//! One climb by batches: epochs, steps, early stopping, and what is known when it ends.

use serde::{Deserialize, Serialize};
use softbias_priors::net::Precision;

use super::optimiser::{Moving, Slope};
use super::{BatchSize, LastGood, Stopping, Train, TrainError};
use crate::error::Result;
use crate::net::Target;

/// How far training has come.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Which climb, where there are several.
    pub member: usize,
    /// Epochs made (evaluations, for L-BFGS).
    pub epoch: usize,
    /// Epochs asked for.
    pub epochs: usize,
    /// The last one.
    pub last: Epoch,
}

/// What is known of one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Epoch {
    /// Mean log likelihood a row, of every batch as it was met.
    pub log_likelihood: f64,
    /// Mean log likelihood a row of the rows held out, after the epoch.
    pub held_out: Option<f64>,
}

/// Why a climb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// All epochs were made.
    Finished,
    /// L-BFGS found nothing more to gain.
    Converged,
    /// The held-out rows asked to stop.
    Stopped,
    /// The watcher asked to stop.
    Interrupted,
}

/// How a climb went.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Course {
    /// Σ ln p(y | ε) over the rows trained on, at the outcome.
    pub log_likelihood: f64,
    /// The same − ½|ε|²: the log posterior up to a constant.
    pub log_posterior: f64,
    /// Largest slope of the log posterior in any coordinate, at the outcome: 0 at a mode.
    pub slope: f64,
    /// Epochs made (iterations, for L-BFGS).
    pub epochs: usize,
    /// Why it ended.
    pub ending: Ending,
    /// Every epoch (every evaluation, for L-BFGS).
    pub history: Vec<Epoch>,
    /// Positions of the rows that were held out to decide when to stop, in order.
    pub held_out: Vec<usize>,
}

/// Where a climb ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Climbed<T> {
    /// White coordinates.
    pub coordinates: Vec<T>,
    /// How they were reached.
    pub course: Course,
}

/// All that a climb needs to go on.
#[derive(Clone, Debug)]
pub(super) struct State<T> {
    pub(super) epoch: usize,
    pub(super) eps: Vec<T>,
    pub(super) first: Vec<T>,
    pub(super) second: Vec<T>,
    pub(super) history: Vec<Epoch>,
    /// The best held-out log likelihood so far, and where.
    pub(super) best: Option<(f64, Vec<T>)>,
    /// Epochs since.
    pub(super) stale: usize,
}

/// A climb under way.
pub(super) struct Climber<'a, T: Precision, G: Target<Number = T>> {
    pub(super) train: &'a Train<T>,
    pub(super) target: &'a G,
    member: usize,
    rows: Vec<usize>,
    held: Vec<usize>,
    pub(super) batch: usize,
    pub(super) state: State<T>,
    good: (usize, Vec<T>),
    gradient: Vec<T>,
    order: Vec<usize>,
    work: G::Work,
}

/// The rows of a batch, of so many as equal as they can be.
fn part(rows: usize, parts: usize, index: usize) -> std::ops::Range<usize> {
    index * rows / parts..(index + 1) * rows / parts
}

impl<'a, T: Precision, G: Target<Number = T>> Climber<'a, T, G> {
    pub(super) fn new(train: &'a Train<T>, target: &'a G, member: usize) -> Result<Climber<'a, T, G>> {
        let (rows, held) = divided(train, target.rows())?;
        let batch = match train.batch {
            BatchSize::Usual => rows.len().min(128),
            BatchSize::All => rows.len(),
            BatchSize::Rows(batch) => batch,
        };
        if batch == 0 || batch > rows.len() {
            return Err(TrainError::Batch { batch, rows: rows.len() }.into());
        }
        let dim = target.dim();
        let eps = train.beginning(dim)?;
        let moment = |index| vec![T::ZERO; if index < train.optimiser.memory() { dim } else { 0 }];
        let mut climber = Climber {
            train,
            target,
            member,
            order: rows.clone(),
            rows,
            held,
            batch,
            good: (0, eps.clone()),
            gradient: vec![T::ZERO; dim],
            work: G::Work::default(),
            state: State {
                epoch: 0,
                eps,
                first: moment(0),
                second: moment(1),
                history: Vec::new(),
                best: None,
                stale: 0,
            },
        };
        if let Some(path) = &train.resume {
            climber.state = climber.read(path)?;
            climber.good = (climber.state.epoch, climber.state.eps.clone());
        }
        Ok(climber)
    }

    pub(super) fn run(mut self, shown: &mut (dyn FnMut(usize, &[T]) + Send)) -> Result<Climbed<T>> {
        let patience = self.train.stopping.map_or(usize::MAX, |stopping| stopping.patience);
        // (a path that cannot be written to is known before any work)
        self.save(true)?;
        let ending = loop {
            if self.state.stale >= patience {
                break Ending::Stopped;
            }
            if self.state.epoch >= self.train.epochs {
                break Ending::Finished;
            }
            let last = self.epoch()?;
            shown(self.state.epoch, &self.state.eps);
            let (epoch, epochs) = (self.state.epoch, self.train.epochs);
            let progress = Progress { member: self.member, epoch, epochs, last };
            if self.train.watch.tell(&progress).is_break() {
                break Ending::Interrupted;
            }
            self.save(false)?;
        };
        self.save(true)?;
        self.end(ending)
    }

    fn epoch(&mut self) -> Result<Epoch> {
        let train = self.train;
        let (n, epoch) = (self.rows.len(), self.state.epoch);
        let steps = n.div_ceil(self.batch);
        if steps > 1 {
            let order = train.seed.named("epoch").at(epoch).permutation(n);
            self.order.iter_mut().zip(order).for_each(|(row, at)| *row = self.rows[at]);
        }
        let all = steps == 1 && self.held.is_empty();
        let mut sum = 0.0;
        for step in 0..steps {
            let rows = part(n, steps, step);
            let count = rows.len();
            let state = &mut self.state;
            let rows = (!all).then_some(&self.order[rows]);
            let value = self.target.log_likelihood(&state.eps, rows, &mut self.work, &mut self.gradient);
            if !value.is_finite() {
                return Err(TrainError::NotFinite { epoch, step, value, last: self.last_good() }.into());
            }
            if step == 0 {
                self.good.0 = epoch;
                self.good.1.copy_from_slice(&state.eps);
            }
            sum += value;
            let mut slope = Slope { data: 1.0 / count as f64, prior: 1.0 / n as f64 };
            if let Some(most) = train.clip {
                slope = slope.clipped(&state.eps, &self.gradient, most);
            }
            let made = epoch * steps + step;
            let rate = train.schedule.at(made, steps, train.epochs);
            let State { eps, first, second, .. } = state;
            train.optimiser.step(Moving { eps, first, second }, &self.gradient, slope, rate, made as u64 + 1);
        }
        let held_out = self.held_out();
        let last = Epoch { log_likelihood: sum / n as f64, held_out };
        self.state.history.push(last);
        self.state.epoch += 1;
        Ok(last)
    }

    /// Judges the epoch by the rows held out, and keeps the best.
    fn held_out(&mut self) -> Option<f64> {
        if self.held.is_empty() {
            return None;
        }
        let State { eps, best, stale, .. } = &mut self.state;
        let value = self.target.value(eps, Some(&self.held), &mut self.work) / self.held.len() as f64;
        let better = value.is_finite() && best.as_ref().is_none_or(|(best, _)| value > *best);
        *stale = if better { 0 } else { *stale + 1 };
        if better {
            match best {
                Some((best, at)) => {
                    *best = value;
                    at.copy_from_slice(eps);
                }
                None => *best = Some((value, eps.clone())),
            }
        }
        Some(value)
    }

    pub(super) fn last_good(&self) -> LastGood {
        LastGood { epoch: self.good.0, coordinates: self.good.1.iter().map(|e| e.get()).collect() }
    }

    /// Looks at the outcome once more, on all rows trained on.
    fn end(mut self, ending: Ending) -> Result<Climbed<T>> {
        let coordinates = match self.state.best.take() {
            Some((_, best)) => best,
            None => std::mem::take(&mut self.state.eps),
        };
        let rows = (!self.held.is_empty()).then_some(&self.rows[..]);
        let value = self.target.log_likelihood(&coordinates, rows, &mut self.work, &mut self.gradient);
        if !value.is_finite() {
            let (epoch, step) = (self.state.epoch, 0);
            return Err(TrainError::NotFinite { epoch, step, value, last: self.last_good() }.into());
        }
        let course = Course {
            log_likelihood: value,
            log_posterior: value - 0.5 * square(&coordinates),
            slope: steepest(&coordinates, &self.gradient),
            epochs: self.state.epoch,
            ending,
            history: self.state.history,
            held_out: self.held,
        };
        Ok(Climbed { coordinates, course })
    }
}

/// Rows to train on, and rows to stop by, both in order.
fn divided<T>(train: &Train<T>, n: usize) -> Result<(Vec<usize>, Vec<usize>)> {
    let Some(Stopping { fraction, patience }) = train.stopping else {
        return Ok(((0..n).collect(), Vec::new()));
    };
    if !(fraction > 0.0 && fraction < 1.0) {
        let what = "the fraction of rows held out";
        return Err(TrainError::Setting { what, range: "between 0 and 1", value: fraction }.into());
    }
    if patience == 0 {
        return Err(TrainError::TooFew { what: "epochs of patience", least: 1, found: 0 }.into());
    }
    let held = (fraction * n as f64).round() as usize;
    if held == 0 || held >= n {
        return Err(TrainError::HeldOut { held, rows: n }.into());
    }
    let mut held_out = train.seed.named("held out").permutation(n);
    let mut rows = held_out.split_off(held);
    rows.sort_unstable();
    held_out.sort_unstable();
    Ok((rows, held_out))
}

/// |ε|².
pub(super) fn square<T: Precision>(eps: &[T]) -> f64 {
    eps.iter().map(|e| e.get() * e.get()).sum()
}

/// Largest slope of the log posterior, from that of the log likelihood.
pub(super) fn steepest<T: Precision>(eps: &[T], gradient: &[T]) -> f64 {
    let slopes = eps.iter().zip(gradient).map(|(e, g)| (g.get() - e.get()).abs());
    slopes.fold(0.0, |most, slope| if slope > most || slope.is_nan() { slope } else { most })
}
