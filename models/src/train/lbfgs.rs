//! A climb on all rows at once, by L-BFGS through the door of optimisation.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use softbias_priors::net::Precision;

use super::climb::{Climbed, Course, Ending, Epoch, Progress, square, steepest};
use super::{BatchSize, LastGood, NO_STATE, Train, TrainError};
use crate::error::Result;
use crate::net::Target;
use crate::optimize::maximise;

struct Memory<T, W> {
    eps: Vec<T>,
    gradient: Vec<T>,
    work: W,
    history: Vec<Epoch>,
    /// The first log likelihood, where that is no number.
    first: Option<f64>,
}

pub(super) fn climb<T: Precision, G: Target<Number = T>>(
    train: &Train<T>,
    target: &G,
    member: usize,
) -> Result<Climbed<T>> {
    train.without("L-BFGS", |train| match train {
        Train { batch: BatchSize::Rows(_), .. } => Some(("batches", "its steps need all rows")),
        Train { clip: Some(_), .. } => Some(("clipping", "it searches along a line for its steps")),
        Train { stopping: Some(_), .. } => Some(("early stopping", "it has no epochs; let Adam stop early")),
        Train { save: Some(_), .. } | Train { resume: Some(_), .. } => Some(("checkpoints", NO_STATE)),
        _ => None,
    })?;
    let start = train.beginning(target.dim())?;
    let rows = target.rows().max(1) as f64;
    let memory = Mutex::new(Memory {
        eps: start.clone(),
        gradient: vec![T::ZERO; target.dim()],
        work: G::Work::default(),
        history: Vec::new(),
        first: None,
    });
    let interrupted = AtomicBool::new(false);
    let objective = |x: &[f64]| {
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        let Memory { eps, gradient, work, history, first } = &mut *memory;
        eps.iter_mut().zip(x).for_each(|(e, x)| *e = T::of(*x));
        let value = target.log_likelihood(eps, None, work, gradient);
        if history.is_empty() {
            *first = Some(value);
        }
        let last = Epoch { log_likelihood: value / rows, held_out: None };
        history.push(last);
        let progress = Progress { member, epoch: history.len(), epochs: train.epochs, last };
        if train.watch.tell(&progress) == ControlFlow::Break(()) {
            interrupted.store(true, Ordering::Relaxed);
        }
        let slopes = gradient.iter().zip(eps.iter()).map(|(g, e)| g.get() - e.get()).collect();
        Some((value - 0.5 * square(eps), slopes))
    };
    let from: Vec<f64> = start.iter().map(|e| e.get()).collect();
    let stop = || interrupted.load(Ordering::Relaxed);
    let found = maximise(&objective, &from, train.epochs as u64, &stop);
    let Memory { mut gradient, mut work, history, first, .. } =
        memory.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Some(found) = found else {
        let value = first.unwrap_or(f64::NAN);
        let last = LastGood { epoch: 0, coordinates: from.into() };
        return Err(TrainError::NotFinite { epoch: 0, step: 0, value, last }.into());
    };
    let coordinates: Vec<T> = found.x.iter().map(|x| T::of(*x)).collect();
    let value = target.log_likelihood(&coordinates, None, &mut work, &mut gradient);
    let epochs = found.iterations as usize;
    let ending = match (interrupted.into_inner(), epochs < train.epochs) {
        (true, _) => Ending::Interrupted,
        (false, true) => Ending::Converged,
        (false, false) => Ending::Finished,
    };
    let course = Course {
        log_likelihood: value,
        log_posterior: value - 0.5 * square(&coordinates),
        slope: steepest(&coordinates, &gradient),
        epochs,
        ending,
        history,
        held_out: Vec::new(),
    };
    Ok(Climbed { coordinates, course })
}
