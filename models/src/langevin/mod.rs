//! Draws of white coordinates by Langevin dynamics and its family, on batches and on all rows; what they cost in bias is said with every run.
//!
//! A sampler says how a chain moves ([`Sgld`], [`Psgld`], [`Sghmc`], [`Sgnht`] on batches; [`Mala`], [`Hmc`], [`NoUTurn`] on all rows, with a
//! test that leaves no bias), and [`Sampler`] how often: chains, warm-up, thinning, batch, temperature, seed, checkpoints.

mod adapt;
mod chains;
mod checkpoint;
pub mod diagnostics;
mod error;
mod hmc;
mod kernel;
mod mala;
mod no_u_turn;
mod npz;
mod psgld;
mod run;
mod samples;
mod schedule;
mod sghmc;
mod sgld;
mod sgnht;
mod sweep;
mod walk;
mod zarr;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use softbias_priors::Seed;

use crate::watch::Watch;

pub use self::chains::Chains;
pub use self::diagnostics::Mixing;
pub use self::error::SampleError;
pub use self::hmc::Hmc;
pub use self::kernel::Kernel;
pub use self::mala::Mala;
pub use self::no_u_turn::NoUTurn;
pub use self::npz::read_npz;
pub use self::psgld::Psgld;
pub use self::run::{ChainState, Progress, Run};
pub use self::samples::Samples;
pub use self::schedule::StepSchedule;
pub use self::sghmc::Sghmc;
pub use self::sgld::Sgld;
pub use self::sgnht::Sgnht;
pub use self::walk::{Estimate, Memory, Moment, Told, Walk};

/// A sampler and how much of it: chains, warm-up, draws, batch, temperature.
#[derive(Clone, Debug)]
pub struct Sampler<K> {
    pub(super) kernel: K,
    pub(super) plan: Plan,
}

/// What all samplers are told alike.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    chains: usize,
    warmup: usize,
    draws: usize,
    thin: usize,
    batch: Option<usize>,
    temperature: f64,
    seed: Seed,
    start: Arc<[Vec<f64>]>,
    centre: Option<Arc<[f64]>>,
    watch: Watch<Progress>,
    checkpoint: Option<(PathBuf, usize)>,
    resume: Option<PathBuf>,
}

impl<K> Sampler<K> {
    fn new(kernel: K) -> Sampler<K> {
        let plan = Plan {
            chains: 4,
            warmup: 500,
            draws: 500,
            thin: 1,
            batch: None,
            temperature: 1.0,
            seed: Seed::new(0),
            start: Arc::new([]),
            centre: None,
            watch: Watch::none(),
            checkpoint: None,
            resume: None,
        };
        Sampler { kernel, plan }
    }

    /// The same with something changed in its kernel.
    fn with(mut self, change: impl FnOnce(&mut K)) -> Sampler<K> {
        change(&mut self.kernel);
        self
    }

    fn planned(mut self, change: impl FnOnce(&mut Plan)) -> Sampler<K> {
        change(&mut self.plan);
        self
    }

    /// Chains (at first 4): in parallel where there are at least as many as threads, else one after another, each with its batches in parallel.
    #[must_use]
    pub fn chains(self, chains: usize) -> Sampler<K> {
        self.planned(|plan| plan.chains = chains)
    }

    /// Iterations of each chain that come first and are not kept (at first 500). Samplers that adapt do so here.
    #[must_use]
    pub fn warmup(self, warmup: usize) -> Sampler<K> {
        self.planned(|plan| plan.warmup = warmup)
    }

    /// Draws of each chain that are kept (at first 500).
    #[must_use]
    pub fn draws(self, draws: usize) -> Sampler<K> {
        self.planned(|plan| plan.draws = draws)
    }

    /// Keeps one in so many iterations (at first every one); of cycles, one in so many of those that sample.
    #[must_use]
    pub fn thin(self, thin: usize) -> Sampler<K> {
        self.planned(|plan| plan.thin = thin)
    }

    /// Rows of a batch, drawn anew and without replacement for each iteration (at first all rows). The sum over a batch is always scaled by n/b.
    #[must_use]
    pub fn batch(self, rows: usize) -> Sampler<K> {
        self.planned(|plan| plan.batch = Some(rows))
    }

    /// T (at first 1): draws come from exp(−U/T), as T multiplies the variance of the noise. Below 1 the posterior is cold.
    #[must_use]
    pub fn temperature(self, temperature: f64) -> Sampler<K> {
        self.planned(|plan| plan.temperature = temperature)
    }

    /// The seed: the same one gives the same bits on any number of threads.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Sampler<K> {
        self.planned(|plan| plan.seed = seed)
    }

    /// White coordinates to begin with, one vector a chain; chains beyond the last begin at the first again. At first each begins at a draw from
    /// the prior.
    #[must_use]
    pub fn start(self, points: impl Into<Arc<[Vec<f64>]>>) -> Sampler<K> {
        let points = points.into();
        self.planned(|plan| plan.start = points)
    }

    /// Control variates (Baker et al. 2019): gradients of batches are taken as differences from those at this centre, where that of all rows is
    /// computed once. Near the centre, a mode, they are far less noisy; each costs two gradients of a batch.
    #[must_use]
    pub fn centred_at(self, centre: impl Into<Arc<[f64]>>) -> Sampler<K> {
        let centre = centre.into();
        self.planned(|plan| plan.centre = Some(centre))
    }

    /// Calls back after every `thin`-th iteration of a chain, from any thread but never from two at once. [`ControlFlow::Break`] ends all chains
    /// with what they have; a checkpoint is then written, if one was asked for. Watching changes no number.
    #[must_use]
    pub fn watch(
        self,
        callback: impl Fn(&Progress) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Sampler<K> {
        let watch = Watch::by(callback);
        self.planned(|plan| plan.watch = watch)
    }

    /// Writes all chains to this file after every so many iterations, and at the end. The file is replaced only once the new one is whole; one that
    /// cannot be written ends nothing ([`Samples::unsaved`]).
    #[must_use]
    pub fn checkpoint(self, path: impl Into<PathBuf>, every: usize) -> Sampler<K> {
        let path = path.into();
        self.planned(|plan| plan.checkpoint = Some((path, every.max(1))))
    }

    /// Takes up the chains of a checkpoint, to the bit as if they had never been stopped. Target, sampler, batch, temperature, warm-up, thinning,
    /// chains and seed must be those of the file; the number of draws may have grown.
    #[must_use]
    pub fn resume(self, path: impl Into<PathBuf>) -> Sampler<K> {
        let path = path.into();
        self.planned(|plan| plan.resume = Some(path))
    }
}
