//! Preconditioned SGLD: steps scaled coordinate by coordinate, by a running mean of squared gradients.

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

/// pSGLD (Li, Chen, Carlson & Carin 2016): V ← α V + (1 − α) ḡ², G = 1/(λ + √V), ε ← ε + (h/2)(−G ∇Ũ + T Γ) + N(0, h T G), with ḡ the mean of
/// ∇ln p over the batch and Γᵢ = ∂Gᵢ/∂εᵢ.
///
/// Without [`Sampler::corrected`] the term Γ is dropped, as its authors do: that biases the law of the draws, and the report says so.
#[derive(Clone, Debug)]
pub struct Psgld {
    schedule: StepSchedule,
    decay: f64,
    floor: f64,
    corrected: bool,
}

impl Psgld {
    /// With a constant step h; α = 0.99, λ = 1e-5, Γ dropped.
    #[must_use]
    pub fn step(step: f64) -> Sampler<Psgld> {
        Psgld::schedule(StepSchedule::Constant(step))
    }

    /// With these steps.
    #[must_use]
    pub fn schedule(schedule: StepSchedule) -> Sampler<Psgld> {
        Sampler::new(Psgld { schedule, decay: 0.99, floor: 1e-5, corrected: false })
    }
}

impl Sampler<Psgld> {
    /// How slowly squared gradients are forgotten: α in [0, 1).
    #[must_use]
    pub fn decay(self, decay: f64) -> Self {
        self.with(|kernel| kernel.decay = decay)
    }

    /// What is added to their root: λ > 0, against a division by 0.
    #[must_use]
    pub fn floor(self, floor: f64) -> Self {
        self.with(|kernel| kernel.floor = floor)
    }

    /// Includes Γ, its diagonal of second derivatives estimated by one more gradient of the same batch along random signs (Hutchinson's estimate:
    /// unbiased, and exact where coordinates do not interact). Doubles the cost of a step.
    #[must_use]
    pub fn corrected(self) -> Self {
        self.with(|kernel| kernel.corrected = true)
    }
}

/// One block.
struct Step<'a, T> {
    eps: &'a mut [T],
    gradient: &'a [T],
    second: &'a mut [T],
    /// (∂ḡ/∂ε of each coordinate, once Γ is included; else zeros)
    curved: &'a [T],
    z: &'a [T],
    /// α, 1 − α, λ, h/2, n, 1/b, √(hT), T.
    numbers: [T; 8],
}

impl<T: Real> Loops for Step<'_, T> {
    type Output = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        let Step { eps, gradient, second, curved, z, numbers } = self;
        let [decay, rest, floor, half, rows, share, noise, temperature] = numbers;
        let tiny = T::of(1e-30);
        for ((((e, g), v), c), z) in eps.iter_mut().zip(gradient).zip(second).zip(curved).zip(z) {
            let mean = share * *g;
            *v = decay * *v + rest * mean * mean;
            let root = v.root();
            let metric = T::ONE / (floor + root);
            let gamma = -(metric * metric * rest * mean / (root + tiny)) * *c;
            *e = *e + half * (metric * (rows * mean - *e) + temperature * gamma) + noise * metric.root() * *z;
        }
        squares(eps)
    }
}

impl Kernel for Psgld {
    const NAME: &'static str = "pSGLD";
    const WHOLE: bool = false;

    fn check(&self) -> Result<(), SampleError> {
        self.schedule.check(Self::NAME)?;
        setting(Self::NAME, "the decay", "in [0, 1)", self.decay, (0.0..1.0).contains(&self.decay))?;
        let sound = self.floor > 0.0 && self.floor.is_finite();
        setting(Self::NAME, "the floor", "finite and > 0", self.floor, sound)
    }

    fn schedule(&self) -> StepSchedule {
        self.schedule
    }

    fn describe(&self, temperature: f64) -> String {
        let gamma = if self.corrected { "Γ included" } else { "Γ dropped: biased by that" };
        let noise = (self.schedule.at(0) * temperature).sqrt();
        format!(
            "{}, decay {}, floor {:e}, {gamma}; noise √(hTG), √(hT) = {noise:.3e} at first",
            self.schedule, self.decay, self.floor
        )
    }

    fn begin<T: Precision>(&self, dim: usize, _: f64, _: Seed) -> Memory<T> {
        Memory { vectors: vec![vec![T::ZERO; dim]], numbers: vec![0.0] }
    }

    fn step<G: Target>(&self, walk: &mut Walk<'_, G>, memory: &mut Memory<G::Number>, at: Moment) -> Told {
        let estimate = walk.estimate(at.seed);
        let potential = 0.5 * walk.squares - estimate.log_likelihood;
        let rows = walk.target.rows().max(1) as f64;
        let share = estimate.factor / rows;
        walk.spare[2].fill(G::Number::ZERO);
        if self.corrected {
            curvature(walk, share, at.seed.named("signs"));
        }
        // (the first gradient stands for all before it)
        let decay = if memory.numbers[0] == 0.0 { 0.0 } else { self.decay };
        memory.numbers[0] = 1.0;
        let noise = (at.step * at.temperature).sqrt();
        let numbers = [decay, 1.0 - decay, self.floor, 0.5 * at.step, rows, share, noise, at.temperature];
        let numbers = numbers.map(G::Number::of);
        let seed = at.noisy.then(|| at.seed.named("noise"));
        let body = |block: usize, [eps, gradient, second, curved]: [&mut [G::Number]; 4]| {
            let mut z = [G::Number::ZERO; BLOCK];
            noise_of(seed, block, &mut z, eps.len());
            let z = &z[..eps.len()];
            [widest(Step { eps, gradient, second, curved, z, numbers }), 0.0]
        };
        let [_, _, curved] = &mut walk.spare;
        let vectors = [&mut walk.eps[..], &mut walk.gradient, &mut memory.vectors[0], curved];
        [walk.squares, _] = sweep(vectors, &mut walk.sums, &body);
        Told { potential, acceptance: 1.0, step: at.step }
    }
}

/// ∂ḡᵢ/∂εᵢ of every coordinate into `spare[2]`, by a difference along random signs.
fn curvature<G: Target>(walk: &mut Walk<'_, G>, share: f64, seed: Seed) {
    let apart = if G::Number::NAME == "f32" { 1e-2 } else { 1e-5 };
    normals::fill(seed, &mut walk.spare[2]);
    let [at, _, signs] = &mut walk.spare;
    for ((at, sign), e) in at.iter_mut().zip(signs.iter_mut()).zip(&walk.eps) {
        *sign = if *sign < G::Number::ZERO { -G::Number::ONE } else { G::Number::ONE };
        *at = *e + G::Number::of(apart) * *sign;
    }
    walk.again_at_spare();
    let [_, there, signs] = &mut walk.spare;
    let scale = G::Number::of(share / apart);
    for ((sign, there), here) in signs.iter_mut().zip(there.iter()).zip(&walk.gradient) {
        *sign = *sign * (*there - *here) * scale;
    }
}
