//! Stochastic-gradient Hamiltonian Monte Carlo: momentum with friction, whose noise makes up for it.

use softbias_priors::Seed;
use softbias_priors::math::Real;
use softbias_priors::math::normals::{self, BLOCK};
use softbias_priors::math::simd::{Loops, widest};
use softbias_priors::net::Precision;

use super::kernel::{Kernel, setting};
use super::sgld::noise_of;
use super::sweep::{squares, sweep};
use super::walk::{Memory, Moment, Told, Walk};
use super::{SampleError, Sampler, StepSchedule};
use crate::net::Target;

/// SGHMC (Chen, Fox & Guestrin 2014, equation 15): v ← (1 − α) v − η ∇Ũ + N(0, 2 (α − β) η T), then ε ← ε + v. The schedule is that of η, a step
/// of time squared.
#[derive(Clone, Debug)]
pub struct Sghmc {
    schedule: StepSchedule,
    friction: f64,
    known_noise: f64,
}

impl Sghmc {
    /// With a constant η and friction α = 0.1; nothing is known of the gradient's own noise (β = 0).
    #[must_use]
    pub fn step(step: f64) -> Sampler<Sghmc> {
        Sghmc::schedule(StepSchedule::Constant(step))
    }

    /// With these η.
    #[must_use]
    pub fn schedule(schedule: StepSchedule) -> Sampler<Sghmc> {
        Sampler::new(Sghmc { schedule, friction: 0.1, known_noise: 0.0 })
    }
}

impl Sampler<Sghmc> {
    /// α in (0, 1): the part of the velocity that an iteration takes away.
    #[must_use]
    pub fn friction(self, friction: f64) -> Self {
        self.with(|kernel| kernel.friction = friction)
    }

    /// β in [0, α): what the gradient's own noise is believed to supply.
    #[must_use]
    pub fn known_noise(self, beta: f64) -> Self {
        self.with(|kernel| kernel.known_noise = beta)
    }
}

/// One block: v ← keep v + slope (factor g − ε) + noise z; ε ← ε + time v. Gives |ε|² and |v|².
pub(super) struct Push<'a, T> {
    pub(super) eps: &'a mut [T],
    pub(super) gradient: &'a [T],
    pub(super) velocity: &'a mut [T],
    pub(super) z: &'a [T],
    pub(super) keep: T,
    pub(super) slope: T,
    pub(super) factor: T,
    pub(super) noise: T,
    pub(super) time: T,
}

impl<T: Real> Loops for Push<'_, T> {
    type Output = [f64; 2];
    #[inline(always)]
    fn run(self) -> [f64; 2] {
        let Push { eps, gradient, velocity, z, keep, slope, factor, noise, time } = self;
        for (((e, g), v), z) in eps.iter_mut().zip(gradient).zip(velocity.iter_mut()).zip(z) {
            *v = keep * *v + slope * (factor * *g - *e) + noise * *z;
            *e += time * *v;
        }
        [squares(eps), squares(velocity)]
    }
}

impl Kernel for Sghmc {
    const NAME: &'static str = "SGHMC";
    const WHOLE: bool = false;

    fn check(&self) -> Result<(), SampleError> {
        self.schedule.check(Self::NAME)?;
        let (alpha, beta) = (self.friction, self.known_noise);
        setting(Self::NAME, "the friction", "in (0, 1)", alpha, alpha > 0.0 && alpha < 1.0)?;
        setting(
            Self::NAME,
            "the known noise",
            "≥ 0 and below the friction",
            beta,
            (0.0..alpha).contains(&beta),
        )
    }

    fn schedule(&self) -> StepSchedule {
        self.schedule
    }

    fn describe(&self, temperature: f64) -> String {
        let noise = (2.0 * (self.friction - self.known_noise) * self.schedule.at(0) * temperature).sqrt();
        format!(
            "{}, friction {}, known noise {}; noise √(2(α−β)ηT) = {noise:.3e} at first",
            self.schedule, self.friction, self.known_noise
        )
    }

    /// Velocities from their law, N(0, ηT).
    fn begin<T: Precision>(&self, dim: usize, temperature: f64, seed: Seed) -> Memory<T> {
        let mut velocity = vec![T::ZERO; dim];
        normals::fill(seed, &mut velocity);
        let scale = T::of((self.schedule.at(0) * temperature).sqrt());
        velocity.iter_mut().for_each(|v| *v *= scale);
        Memory { vectors: vec![velocity], numbers: Vec::new() }
    }

    fn step<G: Target>(&self, walk: &mut Walk<'_, G>, memory: &mut Memory<G::Number>, at: Moment) -> Told {
        let estimate = walk.estimate(at.seed);
        let potential = 0.5 * walk.squares - estimate.log_likelihood;
        let noise = (2.0 * (self.friction - self.known_noise) * at.step * at.temperature).sqrt();
        let numbers = [1.0 - self.friction, at.step, estimate.factor, noise, 1.0];
        [walk.squares, _] = push(walk, memory, at, numbers);
        Told { potential, acceptance: 1.0, step: at.step }
    }
}

/// [`Push`] over all coordinates, with keep, slope, factor, noise and time.
pub(super) fn push<G: Target>(
    walk: &mut Walk<'_, G>,
    memory: &mut Memory<G::Number>,
    at: Moment,
    numbers: [f64; 5],
) -> [f64; 2] {
    let [keep, slope, factor, noise, time] = numbers.map(G::Number::of);
    let seed = at.noisy.then(|| at.seed.named("noise"));
    let body = |block: usize, [eps, gradient, velocity]: [&mut [G::Number]; 3]| {
        let mut z = [G::Number::ZERO; BLOCK];
        noise_of(seed, block, &mut z, eps.len());
        let z = &z[..eps.len()];
        widest(Push { eps, gradient, velocity, z, keep, slope, factor, noise, time })
    };
    sweep([&mut walk.eps, &mut walk.gradient, &mut memory.vectors[0]], &mut walk.sums, &body)
}
