//! Progress of tuning: evaluations counted, the best point kept where somebody watches.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use softbias_priors::Nats;

use super::problem::Point;
use crate::watch::Watch;

/// How far tuning has come.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Evaluations of the evidence so far, over all starts.
    pub evaluations: usize,
    /// Log evidence at the best point so far, Jacobian of label transforms included; `None` before the first finite one.
    pub best: Option<Nats>,
    /// Climbs that have ended.
    pub finished: usize,
    /// Climbs in all, as far as they are known: every start, once for each pattern of hard ends, and later one from every hard end that
    /// the evidence wants to leave.
    pub starts: usize,
}

/// Counts evaluations and, where somebody watches, keeps the best point.
#[derive(Debug)]
pub(super) struct Track {
    watch: Watch<Progress>,
    /// What label transforms add to every evidence.
    log_jacobian: Nats,
    evaluations: AtomicUsize,
    finished: AtomicUsize,
    starts: AtomicUsize,
    stopped: AtomicBool,
    best: Mutex<Option<Point>>,
}

impl Track {
    pub(super) fn new(watch: Watch<Progress>, log_jacobian: Nats) -> Track {
        Track {
            watch,
            log_jacobian,
            evaluations: AtomicUsize::new(0),
            finished: AtomicUsize::new(0),
            starts: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            best: Mutex::new(None),
        }
    }

    pub(super) fn evaluations(&self) -> usize {
        self.evaluations.load(Ordering::Relaxed)
    }

    /// Whether the watcher has had enough.
    pub(super) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn begins(&self, climbs: usize) {
        self.starts.fetch_add(climbs, Ordering::Relaxed);
    }

    pub(super) fn ended_one(&self) {
        self.finished.fetch_add(1, Ordering::Relaxed);
    }

    /// One evaluation was made, and came out finite here.
    pub(super) fn evaluated(&self, point: Option<Point>) {
        self.evaluations.fetch_add(1, Ordering::Relaxed);
        if self.watch.is_none() {
            return;
        }
        let mut best = self.best.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(point) = point
            && point.target().is_finite()
            && best.as_ref().is_none_or(|best| point.target() > best.target())
        {
            *best = Some(point);
        }
        if self.stopped() {
            return;
        }
        let progress = Progress {
            evaluations: self.evaluations(),
            best: best.as_ref().map(|best| Nats(best.log_evidence) + self.log_jacobian),
            finished: self.finished.load(Ordering::Relaxed),
            starts: self.starts.load(Ordering::Relaxed),
        };
        if self.watch.tell(&progress).is_break() {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }

    /// The best point of all, where somebody watches.
    pub(super) fn best(&self) -> Option<Point> {
        self.best.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
