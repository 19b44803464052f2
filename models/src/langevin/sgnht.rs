//! The stochastic-gradient Nosé–Hoover thermostat: friction that adapts until the momenta have the right temperature.

use softbias_priors::Seed;
use softbias_priors::math::normals;
use softbias_priors::net::Precision;

use super::kernel::{Kernel, setting};
use super::sghmc::push;
use super::walk::{Memory, Moment, Told, Walk};
use super::{SampleError, Sampler, StepSchedule};
use crate::net::Target;

/// SGNHT (Ding et al. 2014, algorithm 2): p ← p − ξ h p − h ∇Ũ + N(0, 2 A h T), ε ← ε + h p, ξ ← ξ + (|p|²/d − T) h. The friction ξ takes up
/// whatever noise the gradients have, so that it need not be known.
#[derive(Clone, Debug)]
pub struct Sgnht {
    schedule: StepSchedule,
    diffusion: f64,
}

impl Sgnht {
    /// With a constant step h of time and diffusion A = 1.
    #[must_use]
    pub fn step(step: f64) -> Sampler<Sgnht> {
        Sgnht::schedule(StepSchedule::Constant(step))
    }

    /// With these steps.
    #[must_use]
    pub fn schedule(schedule: StepSchedule) -> Sampler<Sgnht> {
        Sampler::new(Sgnht { schedule, diffusion: 1.0 })
    }
}

impl Sampler<Sgnht> {
    /// A > 0.
    #[must_use]
    pub fn diffusion(self, diffusion: f64) -> Self {
        self.with(|kernel| kernel.diffusion = diffusion)
    }
}

impl Kernel for Sgnht {
    const NAME: &'static str = "SGNHT";
    const WHOLE: bool = false;

    fn check(&self) -> Result<(), SampleError> {
        self.schedule.check(Self::NAME)?;
        let sound = self.diffusion > 0.0 && self.diffusion.is_finite();
        setting(Self::NAME, "the diffusion", "finite and > 0", self.diffusion, sound)
    }

    fn schedule(&self) -> StepSchedule {
        self.schedule
    }

    fn describe(&self, temperature: f64) -> String {
        let noise = (2.0 * self.diffusion * self.schedule.at(0) * temperature).sqrt();
        format!("{}, diffusion {}; noise √(2AhT) = {noise:.3e} at first", self.schedule, self.diffusion)
    }

    /// Momenta from their law, N(0, T); friction A.
    fn begin<T: Precision>(&self, dim: usize, temperature: f64, seed: Seed) -> Memory<T> {
        let mut momentum = vec![T::ZERO; dim];
        normals::fill(seed, &mut momentum);
        let scale = T::of(temperature.sqrt());
        momentum.iter_mut().for_each(|p| *p *= scale);
        Memory { vectors: vec![momentum], numbers: vec![self.diffusion] }
    }

    fn step<G: Target>(&self, walk: &mut Walk<'_, G>, memory: &mut Memory<G::Number>, at: Moment) -> Told {
        let estimate = walk.estimate(at.seed);
        let potential = 0.5 * walk.squares - estimate.log_likelihood;
        let noise = (2.0 * self.diffusion * at.step * at.temperature).sqrt();
        let numbers = [1.0 - memory.numbers[0] * at.step, at.step, estimate.factor, noise, at.step];
        let [squares, momenta] = push(walk, memory, at, numbers);
        walk.squares = squares;
        memory.numbers[0] += (momenta / walk.eps.len().max(1) as f64 - at.temperature) * at.step;
        Told { potential, acceptance: 1.0, step: at.step }
    }
}
