//! Runs of several chains: rounds, divergence, progress, checkpoints between rounds.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use softbias_priors::math::{Real, normals};
use softbias_priors::net::Precision;
use softbias_priors::{PriorError, memory};

use super::checkpoint::{self, Identity};
use super::kernel::Kernel;
use super::samples::{Said, Samples};
use super::walk::{Centre, Memory, Moment, Told, Walk};
use super::{Plan, SampleError, Sampler, StepSchedule};
use crate::error::Result;
use crate::net::Target;

/// How far sampling has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Iterations so far, over all chains, warm-up included.
    pub iterations: usize,
    /// Iterations in all.
    pub of: usize,
}

/// A chain between two iterations: all that decides how it goes on, and what it has kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChainState<T> {
    pub(super) eps: Vec<T>,
    /// |ε|², as the last iteration summed it.
    pub(super) squares: f64,
    pub(super) memory: Memory<T>,
    /// Iterations made.
    pub(super) done: usize,
    pub(super) draws: Vec<Vec<T>>,
    pub(super) potential: Vec<f64>,
    pub(super) acceptance: Vec<f64>,
    pub(super) steps: Vec<f64>,
    pub(super) diverged: Option<usize>,
}

impl<T: Precision> ChainState<T> {
    fn new(eps: Vec<T>, memory: Memory<T>) -> ChainState<T> {
        let squares = eps.iter().map(|e| e.get() * e.get()).sum();
        let (potential, acceptance, steps) = (Vec::new(), Vec::new(), Vec::new());
        ChainState {
            eps,
            squares,
            memory,
            done: 0,
            draws: Vec::new(),
            potential,
            acceptance,
            steps,
            diverged: None,
        }
    }

    pub(super) fn keep(&mut self, draw: Vec<T>, told: Told) {
        self.draws.push(draw);
        self.potential.push(told.potential);
        self.acceptance.push(told.acceptance);
        self.steps.push(told.step);
    }
}

/// What the chains of a run share.
pub struct Run<'a, G: Target> {
    pub(super) target: &'a G,
    pub(super) plan: &'a Plan,
    schedule: StepSchedule,
    total: usize,
    centre: Option<Centre<G::Number>>,
    stopped: AtomicBool,
    made: Mutex<usize>,
}

impl<G: Target> fmt::Debug for Run<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Run({}, {} iterations)", self.target.describe(), self.total)
    }
}

impl<G: Target> Run<'_, G> {
    /// Whether the place after iteration t is kept.
    pub(super) fn keeps(&self, t: usize) -> bool {
        let counted = || self.schedule.sampled(t + 1) - self.schedule.sampled(self.plan.warmup);
        t >= self.plan.warmup && self.schedule.samples(t) && counted().is_multiple_of(self.plan.thin)
    }

    /// Tells the watcher of an iteration; whether to go on.
    pub(super) fn tell(&self, t: usize) -> bool {
        if !self.plan.watch.is_none() && (t + 1).is_multiple_of(self.plan.thin) {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            *made += self.plan.thin;
            let progress = Progress { iterations: *made, of: self.plan.chains * self.total };
            if !self.stopped.load(Ordering::Relaxed) && self.plan.watch.tell(&progress).is_break() {
                self.stopped.store(true, Ordering::Relaxed);
            }
        }
        !self.stopped.load(Ordering::Relaxed)
    }

    /// Moves a chain on, iteration by iteration.
    pub(super) fn walk<K: Kernel>(
        &self,
        kernel: &K,
        chain: usize,
        state: &mut ChainState<G::Number>,
        goal: usize,
    ) {
        if state.diverged.is_some() || state.done >= goal {
            return;
        }
        let mut walk =
            Walk::new(self.target, self.plan.batch, self.centre.as_ref(), std::mem::take(&mut state.eps));
        walk.squares = state.squares;
        let seed = self.plan.seed.named("chain").at(chain);
        while state.done < goal {
            let t = state.done;
            let moment = Moment {
                step: self.schedule.at(t),
                noisy: self.schedule.samples(t),
                warm: t < self.plan.warmup,
                temperature: self.plan.temperature,
                seed: seed.at(t),
            };
            let told = kernel.step(&mut walk, &mut state.memory, moment);
            if !(told.potential.is_finite() && walk.squares.is_finite()) {
                state.diverged = Some(t);
                break;
            }
            state.done += 1;
            if self.keeps(t) {
                state.keep(walk.eps.clone(), told);
            }
            if !self.tell(t) {
                break;
            }
        }
        state.squares = walk.squares;
        state.eps = walk.eps;
    }
}

impl<K: Kernel> Sampler<K> {
    fn check<G: Target>(&self, target: &G) -> Result<()> {
        let Plan { chains, draws, thin, batch, temperature, .. } = self.plan;
        self.kernel.check()?;
        if !(temperature > 0.0 && temperature.is_finite()) {
            return Err(SampleError::Temperature(temperature).into());
        }
        if chains == 0 || draws == 0 || thin == 0 {
            return Err(SampleError::NoDraws { chains, draws, thin }.into());
        }
        if K::WHOLE && (batch.is_some() || self.plan.centre.is_some()) {
            return Err(SampleError::WholeBatch(K::NAME).into());
        }
        if let Some(batch) = batch
            && !(1..=target.rows()).contains(&batch)
        {
            return Err(SampleError::Batch { batch, rows: target.rows() }.into());
        }
        if !K::RESUMABLE && (self.plan.checkpoint.is_some() || self.plan.resume.is_some()) {
            return Err(SampleError::NotResumable(K::NAME).into());
        }
        let given = self.plan.start.iter().map(Vec::len).chain(self.plan.centre.iter().map(|c| c.len()));
        for found in given {
            if found != target.dim() {
                let what = "coordinates of a start or a centre";
                return Err(PriorError::Dimensions { what, expected: target.dim(), found }.into());
            }
        }
        let all = chains.saturating_mul(draws);
        Ok(memory::announce("draws (draw × coordinate)", all, target.dim(), "keep fewer (`thin`, `draws`)")?)
    }

    fn identity<G: Target>(&self, target: &G) -> Identity {
        let Plan { chains, warmup, thin, batch, temperature, seed, .. } = self.plan;
        let centre = self.plan.centre.as_ref().map(|centre| {
            centre
                .iter()
                .fold(0u64, |hash, c| (hash ^ c.to_bits()).wrapping_mul(0x100_0000_01b3).rotate_left(29))
        });
        Identity {
            number: <G::Number as Real>::NAME.to_owned(),
            target: target.describe(),
            sampler: format!(
                "{:?}, {chains} chains, warm-up {warmup}, thin {thin}, batch {batch:?}, temperature {temperature}, centre {centre:?}",
                self.kernel
            ),
            seed,
        }
    }

    fn begin<G: Target>(&self, target: &G) -> Vec<ChainState<G::Number>> {
        let chain = |c: usize| {
            let seed = self.plan.seed.named("chain").at(c);
            let mut eps = vec![G::Number::ZERO; target.dim()];
            match &self.plan.start[..] {
                [] => normals::fill(seed.named("start"), &mut eps),
                points => {
                    let point = &points[c % points.len()];
                    eps.iter_mut().zip(point).for_each(|(e, p)| *e = G::Number::of(*p));
                }
            }
            let memory = self.kernel.begin(target.dim(), self.plan.temperature, seed.named("memory"));
            ChainState::new(eps, memory)
        };
        (0..self.plan.chains).map(chain).collect()
    }

    /// Runs the chains on a target.
    ///
    /// # Errors
    /// For numbers out of range, a checkpoint that does not belong here, draws over the memory limit, or when no chain has a finite log likelihood
    /// where it starts. A chain that diverges later is no error: it keeps its draws, and the result says where it happened.
    pub fn sample<G: Target>(&self, target: &G) -> Result<Samples<G::Number>> {
        self.check(target)?;
        let schedule = self.kernel.schedule();
        let plan = &self.plan;
        let total = schedule.until(schedule.sampled(plan.warmup) + plan.draws * plan.thin);
        let mut states = match &plan.resume {
            Some(path) => checkpoint::read(path, &self.identity(target))?,
            None => self.begin(target),
        };
        let made = Mutex::new(states.iter().map(|state| state.done).sum());
        let centre = plan.centre.as_ref().filter(|_| plan.batch.is_some()).map(|at| {
            let at: Vec<G::Number> = at.iter().map(|c| G::Number::of(*c)).collect();
            let mut gradient = vec![G::Number::ZERO; at.len()];
            target.log_likelihood(&at, None, &mut G::Work::default(), &mut gradient);
            Centre { at, gradient }
        });
        let run = Run { target, plan, schedule, total, centre, stopped: AtomicBool::new(false), made };
        let mut unsaved = None;
        loop {
            let behind =
                states.iter().filter(|s| s.diverged.is_none()).map(|s| s.done).min().unwrap_or(total);
            let round = plan.checkpoint.as_ref().map_or(total, |(_, every)| behind - behind % every + every);
            let goal = round.min(total);
            let advance =
                |(c, state): (usize, &mut ChainState<G::Number>)| self.kernel.advance(&run, c, state, goal);
            if plan.chains > 1 && plan.chains >= rayon::current_num_threads() {
                let all: Vec<std::result::Result<(), SampleError>> =
                    states.par_iter_mut().enumerate().map(advance).collect();
                all.into_iter().collect::<std::result::Result<(), SampleError>>()?;
            } else {
                // (among the workers: a batch that is shared out from there does not wake and wait for one each time)
                rayon::scope(|_| states.iter_mut().enumerate().try_for_each(advance))?;
            }
            if let Some((path, _)) = &plan.checkpoint {
                unsaved = checkpoint::write(path, &self.identity(target), &states).err();
            }
            if goal >= total || run.stopped.load(Ordering::Relaxed) {
                break;
            }
        }
        if states.iter().all(|state| state.diverged == Some(0)) {
            return Err(SampleError::NoStart.into());
        }
        let said = Said {
            sampler: K::NAME,
            describes: self.kernel.describe(plan.temperature),
            temperature: plan.temperature,
            rows: target.rows(),
            batch: plan.batch,
            centred: plan.centre.is_some(),
            warmup: plan.warmup,
            thin: plan.thin,
        };
        let interrupted = run.stopped.load(Ordering::Relaxed);
        Ok(Samples::new(states, said, target.dim(), interrupted, unsaved))
    }
}
