//! Progress of a long computation, told to whoever watches; a watcher may end it, and changes no number otherwise.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use softbias_priors::Nats;

use super::problem::Point;

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

/// Called with what there is to tell, from any thread but never from two at once.
pub(crate) struct Watch<T>(Option<Arc<Callback<T>>>);

type Callback<T> = dyn Fn(&T) -> ControlFlow<()> + Send + Sync;

impl<T> Clone for Watch<T> {
    fn clone(&self) -> Watch<T> {
        Watch(self.0.clone())
    }
}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "watched" } else { "not watched" })
    }
}

impl<T> Watch<T> {
    pub(crate) fn none() -> Watch<T> {
        Watch(None)
    }

    pub(crate) fn by(callback: impl Fn(&T) -> ControlFlow<()> + Send + Sync + 'static) -> Watch<T> {
        Watch(Some(Arc::new(callback)))
    }

    pub(crate) fn tell(&self, what: &T) -> ControlFlow<()> {
        self.0.as_ref().map_or(ControlFlow::Continue(()), |callback| callback(what))
    }

    pub(crate) fn is_none(&self) -> bool {
        self.0.is_none()
    }
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
