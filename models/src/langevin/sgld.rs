//! Stochastic-gradient Langevin dynamics: half a step down the gradient of a batch, and noise of the step's variance.

use softbias_priors::Seed;
use softbias_priors::math::normals::{BLOCK, fill_block};
use softbias_priors::math::simd::{Loops, widest};
use softbias_priors::math::{Real, normals::Normals};
use softbias_priors::net::Precision;

use super::kernel::Kernel;
use super::sweep::{squares, sweep};
use super::walk::{Memory, Moment, Told, Walk};
use super::{SampleError, Sampler, StepSchedule};
use crate::net::Target;

/// SGLD (Welling & Teh 2011): ε ← ε − (h/2) ∇Ũ(ε) + N(0, h T), with ∇Ũ = ε − (n/b) Σ_batch ∇ln p.
///
/// The bias of a constant step is of its order: on N(0, 1) with all rows the variance is 1/(1 − h/4). A step costs one gradient of a batch and one
/// pass over the coordinates, noise included.
#[derive(Clone, Debug)]
pub struct Sgld {
    schedule: StepSchedule,
}

impl Sgld {
    /// With a constant step h.
    #[must_use]
    pub fn step(step: f64) -> Sampler<Sgld> {
        Sgld::schedule(StepSchedule::Constant(step))
    }

    /// With these steps.
    #[must_use]
    pub fn schedule(schedule: StepSchedule) -> Sampler<Sgld> {
        Sampler::new(Sgld { schedule })
    }

    /// In cycles of so many iterations, from a first step h; the first half of each explores without noise (Zhang et al. 2020).
    #[must_use]
    pub fn cyclical(first: f64, cycle: usize) -> Sampler<Sgld> {
        Sgld::schedule(StepSchedule::Cyclical { first, cycle, explore: 0.5 })
    }
}

/// ε ← keep ε + drift g + noise z in one block.
struct Step<'a, T> {
    eps: &'a mut [T],
    gradient: &'a [T],
    z: &'a [T],
    keep: T,
    drift: T,
    noise: T,
}

impl<T: Real> Loops for Step<'_, T> {
    type Output = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let Step { eps, gradient, z, keep, drift, noise } = self;
        for ((e, g), z) in eps.iter_mut().zip(gradient).zip(z) {
            *e = keep * *e + drift * *g + noise * *z;
        }
        squares(eps)
    }
}

/// Standard normals of a block, or zeros where there is no noise.
pub(super) fn noise_of<T: Normals + Real>(seed: Option<Seed>, block: usize, z: &mut [T; BLOCK], len: usize) {
    if let Some(seed) = seed {
        fill_block(seed, block, &mut z[..len]);
    }
}

impl Kernel for Sgld {
    const NAME: &'static str = "SGLD";
    const WHOLE: bool = false;

    fn check(&self) -> Result<(), SampleError> {
        self.schedule.check(Self::NAME)
    }

    fn schedule(&self) -> StepSchedule {
        self.schedule
    }

    fn describe(&self, temperature: f64) -> String {
        let noise = (self.schedule.at(0) * temperature).sqrt();
        format!("{}; noise √(hT) = {noise:.3e} at first", self.schedule)
    }

    fn begin<T: Precision>(&self, _: usize, _: f64, _: Seed) -> Memory<T> {
        Memory::default()
    }

    fn step<G: Target>(&self, walk: &mut Walk<'_, G>, _: &mut Memory<G::Number>, at: Moment) -> Told {
        let estimate = walk.estimate(at.seed);
        let potential = 0.5 * walk.squares - estimate.log_likelihood;
        let (keep, drift) =
            (G::Number::of(1.0 - 0.5 * at.step), G::Number::of(0.5 * at.step * estimate.factor));
        let noise = G::Number::of((at.step * at.temperature).sqrt());
        let seed = at.noisy.then(|| at.seed.named("noise"));
        let body = |block: usize, [eps, gradient]: [&mut [G::Number]; 2]| {
            let mut z = [G::Number::ZERO; BLOCK];
            noise_of(seed, block, &mut z, eps.len());
            let z = &z[..eps.len()];
            [widest(Step { eps, gradient, z, keep, drift, noise }), 0.0]
        };
        [walk.squares, _] = sweep([&mut walk.eps, &mut walk.gradient], &mut walk.sums, &body);
        Told { potential, acceptance: 1.0, step: at.step }
    }
}
