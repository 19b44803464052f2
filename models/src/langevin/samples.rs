//! What chains have drawn, with all that decides what the draws mean.

use std::fmt;

use ndarray::{Array2, Array3};
use softbias_priors::net::Precision;

use super::SampleError;
use super::diagnostics::Mixing;
use super::run::ChainState;

/// What a run was told.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) sampler: &'static str,
    pub(super) describes: String,
    pub(super) temperature: f64,
    pub(super) rows: usize,
    pub(super) batch: Option<usize>,
    pub(super) centred: bool,
    pub(super) warmup: usize,
    pub(super) thin: usize,
}

/// Draws of white coordinates, chain by chain. Printed, it says sampler, step, noise scale, temperature, batch and n/b.
#[derive(Debug)]
pub struct Samples<T> {
    pub(super) chains: Vec<ChainState<T>>,
    pub(super) said: Said,
    dim: usize,
    interrupted: bool,
    unsaved: Option<SampleError>,
}

impl<T: Precision> Samples<T> {
    pub(super) fn new(
        chains: Vec<ChainState<T>>,
        said: Said,
        dim: usize,
        interrupted: bool,
        unsaved: Option<SampleError>,
    ) -> Samples<T> {
        Samples { chains, said, dim, interrupted, unsaved }
    }

    /// How many coordinates.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many chains.
    #[must_use]
    pub fn count(&self) -> usize {
        self.chains.len()
    }

    /// Draws of one chain, in order.
    ///
    /// # Panics
    /// If there is no such chain.
    #[must_use]
    pub fn chain(&self, chain: usize) -> &[Vec<T>] {
        &self.chains[chain].draws
    }

    /// All draws, one chain after another.
    pub fn draws(&self) -> impl Iterator<Item = &Vec<T>> {
        self.chains.iter().flat_map(|chain| &chain.draws)
    }

    /// A number of every draw: one list a chain.
    pub fn of(&self, number: impl Fn(&[T]) -> f64) -> Vec<Vec<f64>> {
        self.chains.iter().map(|chain| chain.draws.iter().map(|draw| number(draw)).collect()).collect()
    }

    /// One coordinate of every draw: one list a chain.
    ///
    /// # Panics
    /// If there is no such coordinate.
    #[must_use]
    pub fn coordinate(&self, index: usize) -> Vec<Vec<f64>> {
        self.of(|draw| draw[index].get())
    }

    /// U where the gradient was last taken before each draw, of its batch (see [`Told::potential`](super::Told)): one list a chain.
    #[must_use]
    pub fn potential(&self) -> Vec<Vec<f64>> {
        self.chains.iter().map(|chain| chain.potential.clone()).collect()
    }

    /// The step of each draw: one list a chain. Where steps fall, draws are to be weighed by it.
    #[must_use]
    pub fn steps(&self) -> Vec<Vec<f64>> {
        self.chains.iter().map(|chain| chain.steps.clone()).collect()
    }

    /// Mean probability of acceptance over the kept draws; 1 for samplers without a test. NaN without draws.
    #[must_use]
    pub fn acceptance(&self) -> f64 {
        let all: Vec<f64> = self.chains.iter().flat_map(|chain| chain.acceptance.iter().copied()).collect();
        all.iter().sum::<f64>() / all.len() as f64
    }

    /// Chains that met a log likelihood or coordinates that are no finite numbers, each with the iteration (from 0) at which it did.
    #[must_use]
    pub fn diverged(&self) -> Vec<(usize, usize)> {
        let at = |(c, chain): (usize, &ChainState<T>)| chain.diverged.map(|t| (c, t));
        self.chains.iter().enumerate().filter_map(at).collect()
    }

    /// Whether the watcher ended the run early.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.interrupted
    }

    /// Why the last checkpoint could not be written, if so; the draws are all here.
    #[must_use]
    pub fn unsaved(&self) -> Option<&SampleError> {
        self.unsaved.as_ref()
    }

    /// R̂ and effective sizes of one coordinate.
    ///
    /// # Panics
    /// If there is no such coordinate.
    #[must_use]
    pub fn mixing(&self, index: usize) -> Mixing {
        Mixing::of(&self.coordinate(index))
    }

    /// Draws of the longest chain.
    pub(super) fn longest(&self) -> usize {
        self.chains.iter().map(|chain| chain.draws.len()).max().unwrap_or(0)
    }

    /// All draws as (chain, draw, coordinate); shorter chains end in NaN.
    #[must_use]
    pub fn array(&self) -> Array3<f64> {
        let mut all = Array3::from_elem((self.count(), self.longest(), self.dim), f64::NAN);
        for (c, chain) in self.chains.iter().enumerate() {
            for (d, draw) in chain.draws.iter().enumerate() {
                draw.iter().enumerate().for_each(|(i, value)| all[[c, d, i]] = value.get());
            }
        }
        all
    }

    /// What is known of every draw beside its coordinates, by name, as (chain, draw).
    pub(super) fn statistics(&self) -> [(&'static str, Array2<f64>); 3] {
        let table = |of: fn(&ChainState<T>) -> &Vec<f64>| {
            let at = |(c, d): (usize, usize)| of(&self.chains[c]).get(d).copied().unwrap_or(f64::NAN);
            Array2::from_shape_fn((self.count(), self.longest()), at)
        };
        [
            ("potential", table(|chain| &chain.potential)),
            ("acceptance_rate", table(|chain| &chain.acceptance)),
            ("step_size", table(|chain| &chain.steps)),
        ]
    }
}

impl<T: Precision> fmt::Display for Samples<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = &self.said;
        let kept: usize = self.chains.iter().map(|chain| chain.draws.len()).sum();
        writeln!(
            f,
            "{}: {kept} draws of {} coordinates in {} chains, one in {} iterations after {} of warm-up",
            said.sampler,
            self.dim,
            self.count(),
            said.thin,
            said.warmup
        )?;
        writeln!(f, "  {}", said.describes)?;
        let batch = said.batch.unwrap_or(said.rows);
        let factor = if batch == 0 { 1.0 } else { said.rows as f64 / batch as f64 };
        write!(f, "  temperature {}; batch {batch} of {} rows, n/b = {factor}", said.temperature, said.rows)?;
        f.write_str(if said.centred { ", gradients as differences from a centre" } else { "" })?;
        write!(f, "\n  acceptance {:.3}", self.acceptance())?;
        for (chain, at) in self.diverged() {
            write!(
                f,
                "\n  chain {chain} diverged at iteration {at}: draws before it are kept; take a smaller step"
            )?;
        }
        f.write_str(if self.interrupted { "\n  interrupted by its watcher" } else { "" })?;
        self.unsaved
            .as_ref()
            .map_or(Ok(()), |error| write!(f, "\n  the last checkpoint was not written: {error}"))
    }
}
