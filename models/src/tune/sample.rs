//! Hyperparameters drawn from their posterior instead of maximised: NUTS over log evidence plus log hyperpriors.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use softbias_priors::{GaussianPrior, Nats, Seed};

use super::Tune;
use super::coordinates::Coordinates;
use super::hyper_posterior::{ChainDraws, HyperPosterior};
use super::method::{EvidenceMethod, Warm};
use super::problem::{Problem, Theta};
use super::search::Search;
use super::watch::Track;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::likelihood::Parametric;
use crate::model::Model;
use crate::nuts;
use crate::watch::Watch;

/// How hyperparameters are sampled ([`Tune::sample`]).
#[derive(Clone, Debug)]
pub struct Nuts {
    chains: usize,
    warmup: usize,
    draws: usize,
    seed: Seed,
    watch: Watch<SamplingProgress>,
}

/// How far sampling has come.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SamplingProgress {
    /// Draws so far, warm-up included, over all chains.
    pub drawn: usize,
    /// Draws in all.
    pub of: usize,
    /// Evaluations of the evidence so far.
    pub evaluations: usize,
}

impl Default for Nuts {
    /// Four chains of 500 draws, after 500 of warm-up each.
    fn default() -> Nuts {
        Nuts { chains: 4, warmup: 500, draws: 500, seed: Seed::new(0), watch: Watch::none() }
    }
}

impl Nuts {
    /// Chains, run in parallel from dispersed starts (at first 4).
    #[must_use]
    pub fn chains(self, chains: usize) -> Nuts {
        Nuts { chains, ..self }
    }

    /// Draws of each chain that adapt the sampler and are dropped (at first 500).
    #[must_use]
    pub fn warmup(self, warmup: usize) -> Nuts {
        Nuts { warmup, ..self }
    }

    /// Draws of each chain that are kept (at first 500).
    #[must_use]
    pub fn draws(self, draws: usize) -> Nuts {
        Nuts { draws, ..self }
    }

    /// The seed: the same one gives the same draws on any number of threads.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Nuts {
        Nuts { seed, ..self }
    }

    /// Calls back after every draw, from any thread but never from two at once. [`ControlFlow::Break`] ends all chains; what the
    /// shortest has drawn by then is kept of each.
    #[must_use]
    pub fn watch(
        self,
        callback: impl Fn(&SamplingProgress) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Nuts {
        Nuts { watch: Watch::by(callback), ..self }
    }

    fn check(&self, problem: &Problem<'_>) -> Result<()> {
        if self.chains == 0 || self.draws < LEAST {
            let (chains, draws) = (self.chains, self.draws);
            return Err(ModelError::Sampling(format!(
                "needs at least one chain of {LEAST} draws, found {chains} of {draws}"
            )));
        }
        if !(0..problem.list.len()).any(|i| problem.moves(i)) {
            return Err(ModelError::Sampling("needs a parameter that is free: all are fixed".into()));
        }
        Ok(())
    }
}

/// Draws of a chain, at least, for a split in halves that have a variance.
const LEAST: usize = 4;
/// Starts tried for a chain before it gives up finding a finite evidence.
const TRIES: usize = 8;

impl<M> Tune<M> {
    /// Draws the free parameters from their posterior, by NUTS in the unbounded coordinates of tuning.
    ///
    /// A parameter with a hyperprior has that density, cut off at its bounds. One without is uniform *in its coordinate of tuning*
    /// between its bounds: in the logarithm for scales, lengths and variances. Bounds are wide, and where the evidence is flat towards
    /// one (a scale that goes to 0, a softness² near its hard end) such a uniform density puts much of its weight there:
    /// give those a hyperprior or narrower bounds. A softness² is drawn from (0, free end]; its hard end itself is no event of a
    /// density, and is compared by [`Tune::run`].
    ///
    /// Method, bounds, hyperpriors and what is fixed are those of `self`; restarts and the watcher of tuning are not used. Costs some
    /// ten evaluations of the evidence a draw.
    ///
    /// # Errors
    /// Those of [`Tune::run`]; without a free parameter, or with fewer than 4 draws a chain.
    pub fn sample<P, L>(&self, nuts: &Nuts, model: Model<P, L>, data: &Data) -> Result<HyperPosterior<L, M>>
    where
        P: GaussianPrior + 'static,
        L: Parametric,
        M: EvidenceMethod<L>,
    {
        let prior: Arc<dyn GaussianPrior> = Arc::new(model.prior);
        let track = Track::new(Watch::none(), data.log_jacobian());
        let problem = Problem::new(&self.wishes, &self.method, &prior, &model.likelihood, data, track)?;
        nuts.check(&problem)?;
        let search = Search { problem: &problem, iterations: self.iterations, leaps: 0 };
        let starts = search.starts(nuts.chains * TRIES - 1, nuts.seed.named("starts"));
        let run = Run { problem: &problem, nuts, drawn: Mutex::new(0), stopped: AtomicBool::new(false) };
        let chains: Vec<ChainDraws> =
            (0..nuts.chains).into_par_iter().map(|c| run.chain(c, &starts)).collect::<Result<_>>()?;
        let interrupted = run.stopped.load(Ordering::Relaxed);
        HyperPosterior::new(&problem, chains, interrupted, prior, model.likelihood, self.method.clone(), data)
    }
}

/// What the chains share.
struct Run<'a> {
    problem: &'a Problem<'a>,
    nuts: &'a Nuts,
    drawn: Mutex<usize>,
    stopped: AtomicBool,
}

impl Run<'_> {
    /// One chain, from the first of its starts that has a finite density.
    fn chain(&self, c: usize, starts: &[Theta]) -> Result<ChainDraws> {
        let all = Coordinates::new(&self.problem.list, &[]);
        let chains = self.nuts.chains;
        let own: Vec<&Theta> = starts.iter().skip(c).step_by(chains).collect();
        let start = own.iter().find(|theta| {
            let point = self.problem.at(&all, theta, &all.to_free(theta), &mut None);
            point.is_some_and(|(point, _)| point.target().is_finite())
        });
        let Some(start) = start else {
            let cause = own.first().and_then(|theta| self.problem.value(theta, &mut None).err());
            return Err(ModelError::NoFiniteEvidence(
                cause.map_or_else(String::new, |error| error.to_string()),
            ));
        };
        let mut warm: Warm = None;
        // Evidences of the present trajectory, so that the draw's own need not be computed again.
        let seen: RefCell<Vec<(Vec<f64>, f64)>> = RefCell::new(Vec::new());
        let mut density = |u: &[f64]| {
            let (point, mut gradient) = self.problem.at(&all, start, u, &mut warm)?;
            let (log_jacobian, slopes) = all.log_jacobian(u, |i| self.problem.hyperprior(i).is_some());
            gradient.iter_mut().zip(slopes).for_each(|(g, slope): (&mut f64, f64)| *g += slope);
            seen.borrow_mut().push((u.to_vec(), point.log_evidence));
            Some((point.target() + log_jacobian, gradient))
        };
        let mut kept = ChainDraws::default();
        let mut each = |u: &[f64], keep: bool| {
            let mut seen = seen.borrow_mut();
            seen.retain(|(at, _)| at == u);
            seen.truncate(1);
            if keep {
                let mut theta = (*start).clone();
                all.write(u, &mut theta);
                kept.thetas.push(theta);
                kept.coordinates.push(u.to_vec());
                kept.log_evidence.push(seen.first().map(|(_, log)| *log));
            }
            self.tell()
        };
        let counts = (self.nuts.warmup, self.nuts.draws);
        let seed = self.nuts.seed.named("chain").at(c);
        let drawn = nuts::chain(&mut density, &all.to_free(start), counts, seed, &mut each);
        let drawn = drawn.map_err(|reason| ModelError::Sampling(format!("failed in chain {c}: {reason}")))?;
        kept.divergences = drawn.divergences;
        kept.settle(self.problem)
    }

    fn tell(&self) -> ControlFlow<()> {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        *drawn += 1;
        if self.stopped.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        let of = self.nuts.chains * (self.nuts.warmup + self.nuts.draws);
        let evaluations = self.problem.track.evaluations();
        let told = self.nuts.watch.tell(&SamplingProgress { drawn: *drawn, of, evaluations });
        if told.is_break() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        told
    }
}

impl ChainDraws {
    /// Evidences that were not met on the way.
    fn settle(mut self, problem: &Problem<'_>) -> Result<ChainDraws> {
        for (theta, log) in self.thetas.iter().zip(&mut self.log_evidence) {
            if log.is_none() {
                *log = Some(problem.value(theta, &mut None)?.log);
            }
        }
        Ok(self)
    }

    /// Log evidence of draw `k`, Jacobian of label transforms included.
    pub(super) fn evidence_of(&self, k: usize, log_jacobian: Nats) -> f64 {
        self.log_evidence[k].unwrap_or(f64::NEG_INFINITY) + log_jacobian.get()
    }
}
