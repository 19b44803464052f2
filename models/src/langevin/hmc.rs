//! Hamiltonian Monte Carlo on all rows: leapfrog trajectories, accepted or rejected.

use softbias_priors::Seed;
use softbias_priors::math::{Real, normals};
use softbias_priors::net::Precision;

use super::adapt::Adapt;
use super::kernel::{Kernel, setting};
use super::mala::{POTENTIAL, begin, decide, here, probability};
use super::walk::{Memory, Moment, Told, Walk, potential};
use super::{SampleError, Sampler, StepSchedule};
use crate::net::Target;

/// HMC (Duane et al. 1987; Neal 2011): momenta from N(0, T), a trajectory of L leapfrog steps, accepted by the change of U + ½|p|². Warm-up
/// adapts the step to an acceptance of 0.8. Each trajectory varies the step by up to 10 %, so that none returns to where it began.
#[derive(Clone, Debug)]
pub struct Hmc {
    step: f64,
    leaps: usize,
    acceptance: f64,
}

impl Hmc {
    /// Trajectories of so many leaps, each at first of this step of time.
    #[must_use]
    pub fn leaps(leaps: usize, step: f64) -> Sampler<Hmc> {
        Sampler::new(Hmc { step, leaps, acceptance: 0.8 })
    }
}

impl Sampler<Hmc> {
    /// The rate of acceptance that warm-up seeks, in (0, 1).
    #[must_use]
    pub fn acceptance(self, acceptance: f64) -> Self {
        self.with(|kernel| kernel.acceptance = acceptance)
    }
}

impl Hmc {
    fn adapt(&self) -> Adapt {
        Adapt { first: self.step, acceptance: self.acceptance }
    }
}

fn energy<T: Real>(p: &[T]) -> f64 {
    0.5 * p.iter().map(|p| p.get() * p.get()).sum::<f64>()
}

impl Kernel for Hmc {
    const NAME: &'static str = "HMC";
    const WHOLE: bool = true;

    fn check(&self) -> Result<(), SampleError> {
        StepSchedule::Constant(self.step).check(Self::NAME)?;
        setting(Self::NAME, "the number of leaps", "at least 1", self.leaps as f64, self.leaps > 0)?;
        let sound = self.acceptance > 0.0 && self.acceptance < 1.0;
        setting(Self::NAME, "the acceptance sought", "in (0, 1)", self.acceptance, sound)
    }

    fn schedule(&self) -> StepSchedule {
        StepSchedule::Constant(self.step)
    }

    fn describe(&self, temperature: f64) -> String {
        let (Hmc { step, leaps, acceptance }, momenta) = (self, temperature.sqrt());
        format!(
            "{leaps} leaps of step {step:e} at first, acceptance {acceptance} sought in warm-up; momenta of scale √T = {momenta:.3e}"
        )
    }

    fn begin<T: Precision>(&self, dim: usize, _: f64, _: Seed) -> Memory<T> {
        begin(dim, self.adapt())
    }

    fn step<G: Target>(&self, walk: &mut Walk<'_, G>, memory: &mut Memory<G::Number>, at: Moment) -> Told {
        let now = here(walk, memory);
        let base = Adapt::step(&memory.numbers, at.warm);
        let step = base * (0.9 + 0.2 * at.seed.named("step").uniform());
        let [q, p, _] = &mut walk.spare;
        normals::fill(at.seed.named("momentum"), p);
        let scale = G::Number::of(at.temperature.sqrt());
        p.iter_mut().for_each(|p| *p *= scale);
        let before = now + energy(p);
        q.copy_from_slice(&walk.eps);
        walk.gradient.copy_from_slice(&memory.vectors[0]);
        let (whole, half) = (G::Number::of(step), G::Number::of(0.5 * step));
        let mut there = now;
        for _ in 0..self.leaps {
            for ((q, p), s) in q.iter_mut().zip(p.iter_mut()).zip(&walk.gradient) {
                *p -= half * *s;
                *q += whole * *p;
            }
            there = potential(walk.target, q, &mut walk.work, &mut walk.gradient);
            p.iter_mut().zip(&walk.gradient).for_each(|(p, s)| *p -= half * *s);
            if !there.is_finite() {
                break;
            }
        }
        let acceptance = probability((before - there - energy(p)) / at.temperature);
        decide(walk, memory, at, self.adapt(), (there, acceptance));
        Told { potential: memory.numbers[POTENTIAL], acceptance, step: base }
    }
}
