//! The Metropolis-adjusted Langevin algorithm: a Langevin step of all rows, accepted or rejected.

use softbias_priors::Seed;
use softbias_priors::math::{Real, normals};
use softbias_priors::net::Precision;

use super::adapt::{Adapt, NUMBERS};
use super::kernel::{Kernel, setting};
use super::walk::{Memory, Moment, Told, Walk, potential};
use super::{SampleError, Sampler, StepSchedule};
use crate::net::Target;

/// MALA (Roberts & Tweedie 1996): proposes ε − (h/2) ∇U + N(0, h T) and accepts by the ratio of exp(−U/T), so that no step size biases it. Warm-up
/// adapts h to an acceptance of 0.574 (Roberts & Rosenthal 1998).
#[derive(Clone, Debug)]
pub struct Mala {
    step: f64,
    acceptance: f64,
}

impl Mala {
    /// Beginning with a step h, adapted in warm-up; without warm-up it stays.
    #[must_use]
    pub fn step(step: f64) -> Sampler<Mala> {
        Sampler::new(Mala { step, acceptance: 0.574 })
    }
}

impl Sampler<Mala> {
    /// The rate of acceptance that warm-up seeks, in (0, 1).
    #[must_use]
    pub fn acceptance(self, acceptance: f64) -> Self {
        self.with(|kernel| kernel.acceptance = acceptance)
    }
}

/// Place in the numbers, behind those of the adaptation: U where the chain stands; NaN before it is known.
pub(super) const POTENTIAL: usize = NUMBERS;

/// U and its slopes where the chain stands, computed once at its beginning: slopes in `vectors[0]`.
pub(super) fn here<G: Target>(walk: &mut Walk<'_, G>, memory: &mut Memory<G::Number>) -> f64 {
    if memory.numbers[POTENTIAL].is_nan() {
        let slopes = &mut memory.vectors[0];
        memory.numbers[POTENTIAL] = potential(walk.target, &walk.eps, &mut walk.work, slopes);
    }
    memory.numbers[POTENTIAL]
}

/// What a chain with a Metropolis test carries at first.
pub(super) fn begin<T: Precision>(dim: usize, adapt: Adapt) -> Memory<T> {
    let numbers = adapt.begin().into_iter().chain([f64::NAN]).collect();
    Memory { vectors: vec![vec![T::ZERO; dim]], numbers }
}

/// Moves to the proposal in `spare[0]`, whose slopes are in `gradient`, with this probability of acceptance; and learns from it.
pub(super) fn decide<G: Target>(
    walk: &mut Walk<'_, G>,
    memory: &mut Memory<G::Number>,
    at: Moment,
    adapt: Adapt,
    (proposed, acceptance): (f64, f64),
) {
    if at.seed.named("accept").uniform() < acceptance {
        std::mem::swap(&mut walk.eps, &mut walk.spare[0]);
        std::mem::swap(&mut walk.gradient, &mut memory.vectors[0]);
        memory.numbers[POTENTIAL] = proposed;
        walk.squares = walk.eps.iter().map(|e| e.get() * e.get()).sum();
    }
    if at.warm {
        adapt.learn(&mut memory.numbers, acceptance);
    }
}

/// min(1, exp x), and 0 for what is no number.
pub(super) fn probability(log_ratio: f64) -> f64 {
    if log_ratio.is_nan() { 0.0 } else { log_ratio.min(0.0).exp() }
}

impl Mala {
    fn adapt(&self) -> Adapt {
        Adapt { first: self.step, acceptance: self.acceptance }
    }
}

impl Kernel for Mala {
    const NAME: &'static str = "MALA";
    const WHOLE: bool = true;

    fn check(&self) -> Result<(), SampleError> {
        StepSchedule::Constant(self.step).check(Self::NAME)?;
        let sound = self.acceptance > 0.0 && self.acceptance < 1.0;
        setting(Self::NAME, "the acceptance sought", "in (0, 1)", self.acceptance, sound)
    }

    fn schedule(&self) -> StepSchedule {
        StepSchedule::Constant(self.step)
    }

    fn describe(&self, temperature: f64) -> String {
        let noise = (self.step * temperature).sqrt();
        let Mala { step, acceptance } = self;
        format!(
            "step {step:e} at first, acceptance {acceptance} sought in warm-up; noise √(hT) = {noise:.3e} at first"
        )
    }

    fn begin<T: Precision>(&self, dim: usize, _: f64, _: Seed) -> Memory<T> {
        begin(dim, self.adapt())
    }

    fn step<G: Target>(&self, walk: &mut Walk<'_, G>, memory: &mut Memory<G::Number>, at: Moment) -> Told {
        let now = here(walk, memory);
        let step = Adapt::step(&memory.numbers, at.warm);
        let (half, noise) = (0.5 * step, (step * at.temperature).sqrt());
        let [proposal, z, _] = &mut walk.spare;
        normals::fill(at.seed.named("noise"), z);
        for (((p, z), e), s) in proposal.iter_mut().zip(z.iter()).zip(&walk.eps).zip(&memory.vectors[0]) {
            *p = *e - G::Number::of(half) * *s + G::Number::of(noise) * *z;
        }
        let there = potential(walk.target, proposal, &mut walk.work, &mut walk.gradient);
        // ln q(ε | ε') − ln q(ε' | ε), up to the factor −1/(2hT); the noise as the precision left it
        let (mut back, mut forth) = (0.0, 0.0);
        let slopes = walk.gradient.iter().zip(&memory.vectors[0]);
        for ((p, e), (after, before)) in proposal.iter().zip(&walk.eps).zip(slopes) {
            back += (e.get() - p.get() + half * after.get()).powi(2);
            forth += (p.get() - e.get() + half * before.get()).powi(2);
        }
        let log_ratio = (now - there - (back - forth) / (2.0 * step)) / at.temperature;
        let acceptance = probability(log_ratio);
        decide(walk, memory, at, self.adapt(), (there, acceptance));
        Told { potential: memory.numbers[POTENTIAL], acceptance, step }
    }
}
