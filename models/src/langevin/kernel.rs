//! What a sampler is: how its chains begin and how they move on.

use std::fmt;

use softbias_priors::Seed;
use softbias_priors::net::Precision;

use super::run::{ChainState, Run};
use super::walk::{Memory, Moment, Told, Walk};
use super::{SampleError, StepSchedule};
use crate::net::Target;

/// A sampler of exp(−U/T), with U(ε) = ½|ε|² − Σ ln p(y | ε): how it moves, without how often ([`Sampler`](super::Sampler)).
pub trait Kernel: Clone + fmt::Debug + Send + Sync {
    /// Its name.
    const NAME: &'static str;
    /// Whether it needs the likelihood of all rows, because it accepts or rejects.
    const WHOLE: bool;
    /// Whether a chain can be stopped between any two iterations and taken up again.
    const RESUMABLE: bool = true;

    /// Checks its numbers.
    ///
    /// # Errors
    /// Naming the first that is out of range.
    fn check(&self) -> Result<(), SampleError>;

    /// Step sizes; where they adapt, the first.
    fn schedule(&self) -> StepSchedule;

    /// Its numbers, and the scale of its noise at that temperature, in words.
    fn describe(&self, temperature: f64) -> String;

    /// What a chain carries at first.
    fn begin<T: Precision>(&self, dim: usize, temperature: f64, seed: Seed) -> Memory<T>;

    /// One iteration.
    fn step<G: Target>(&self, walk: &mut Walk<'_, G>, memory: &mut Memory<G::Number>, at: Moment) -> Told;

    /// Moves chain number `chain` on until it has made `goal` iterations, has diverged or is stopped.
    ///
    /// # Errors
    /// When the sampler gives up.
    fn advance<G: Target>(
        &self,
        run: &Run<'_, G>,
        chain: usize,
        state: &mut ChainState<G::Number>,
        goal: usize,
    ) -> Result<(), SampleError> {
        run.walk(self, chain, state, goal);
        Ok(())
    }
}

/// Checks a number of a sampler's.
pub(super) fn setting(
    sampler: &'static str,
    what: &'static str,
    range: &'static str,
    value: f64,
    holds: bool,
) -> Result<(), SampleError> {
    if holds { Ok(()) } else { Err(SampleError::Setting { sampler, what, range, value }) }
}
