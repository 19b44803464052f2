//! Steps of SGD and Adam: moments and coordinates in one pass over memory.

use rayon::prelude::*;
use softbias_priors::math::Real;
use softbias_priors::math::simd::{Loops, widest};

use super::TrainError;
use super::schedule::above;

/// How the log posterior is climbed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Optimiser {
    /// Stochastic gradients with momentum: v ← μ v + g, ε ← ε + α v; Nesterov's (Sutskever et al. 2013): ε ← ε + α (g + μ v).
    Sgd {
        /// μ, in [0, 1).
        momentum: f64,
        /// Whether the gradient counts as that ahead of the momentum.
        nesterov: bool,
    },
    /// Adam with corrected bias (Kingma & Ba 2015, algorithm 1). There is no decay of weights: the prior is in the gradient.
    Adam {
        /// β₁ and β₂, in [0, 1).
        betas: (f64, f64),
        /// What is added to √v̂.
        eps: f64,
    },
    /// L-BFGS on all rows at once.
    Lbfgs,
}

impl Optimiser {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        let share = |what, value: f64| {
            if (0.0..1.0).contains(&value) {
                return Ok(());
            }
            Err(TrainError::Setting { what, range: "in [0, 1)", value })
        };
        match *self {
            Optimiser::Sgd { momentum, .. } => share("the momentum", momentum),
            Optimiser::Adam { betas, eps } => {
                share("β₁ of Adam", betas.0)?;
                share("β₂ of Adam", betas.1)?;
                above("ε of Adam", eps)
            }
            Optimiser::Lbfgs => Ok(()),
        }
    }

    /// How many vectors it keeps beside the coordinates.
    pub(super) fn memory(&self) -> usize {
        match self {
            Optimiser::Sgd { .. } => 1,
            Optimiser::Adam { .. } => 2,
            Optimiser::Lbfgs => 0,
        }
    }

    /// One step up. `count` is the number of the step, from 1.
    pub(super) fn step<T: Real>(
        &self,
        moving: Moving<'_, T>,
        gradient: &[T],
        slope: Slope,
        rate: f64,
        count: u64,
    ) {
        let Moving { eps, first, second } = moving;
        match *self {
            Optimiser::Sgd { momentum, nesterov } => {
                let (direct, carried) = if nesterov { (rate, rate * momentum) } else { (0.0, rate) };
                let by = SgdStep {
                    slope: slope.narrow(),
                    momentum: T::of(momentum),
                    direct: T::of(direct),
                    carried: T::of(carried),
                };
                if eps.len() <= ALONE {
                    return widest(Sgd { eps, first, gradient, by });
                }
                let parts = eps.par_chunks_mut(CHUNK).zip(first.par_chunks_mut(CHUNK));
                parts.zip(gradient.par_chunks(CHUNK)).for_each(|((eps, first), gradient)| {
                    widest(Sgd { eps, first, gradient, by });
                });
            }
            Optimiser::Adam { betas: (one, two), eps: floor } => {
                let left = |beta: f64| 1.0 - beta.powf(count as f64);
                let by = AdamStep {
                    slope: slope.narrow(),
                    keep: [T::of(one), T::of(two)],
                    take: [T::of(1.0 - one), T::of(1.0 - two)],
                    rate: T::of(rate / left(one)),
                    root: T::of(1.0 / left(two).sqrt()),
                    floor: T::of(floor),
                };
                if eps.len() <= ALONE {
                    return widest(Adam { eps, first, second, gradient, by });
                }
                let parts = eps.par_chunks_mut(CHUNK).zip(first.par_chunks_mut(CHUNK));
                let parts = parts.zip(second.par_chunks_mut(CHUNK)).zip(gradient.par_chunks(CHUNK));
                parts.for_each(|(((eps, first), second), gradient)| {
                    widest(Adam { eps, first, second, gradient, by });
                });
            }
            Optimiser::Lbfgs => {}
        }
    }
}

/// Coordinates one thread takes at a time, and below which it takes all.
const CHUNK: usize = 1 << 14;
const ALONE: usize = 2 * CHUNK;

/// What a step moves.
pub(super) struct Moving<'a, T> {
    pub(super) eps: &'a mut [T],
    pub(super) first: &'a mut [T],
    pub(super) second: &'a mut [T],
}

/// How the slope of the objective comes from that of a batch's log likelihood: data · gradient − prior · ε.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slope<T = f64> {
    pub(super) data: T,
    pub(super) prior: T,
}

impl Slope {
    fn narrow<T: Real>(self) -> Slope<T> {
        Slope { data: T::of(self.data), prior: T::of(self.prior) }
    }

    /// Made shorter where it is longer than `most`.
    pub(super) fn clipped<T: Real>(self, eps: &[T], gradient: &[T], most: f64) -> Slope {
        let squares = eps.par_chunks(CHUNK).zip(gradient.par_chunks(CHUNK));
        let sums: Vec<f64> = squares
            .map(|(eps, gradient)| {
                let slope = |(e, g): (&T, &T)| self.data * g.get() - self.prior * e.get();
                eps.iter().zip(gradient).map(slope).map(|slope| slope * slope).sum()
            })
            .collect();
        let length = sums.iter().sum::<f64>().sqrt();
        if length > most {
            let factor = most / length;
            return Slope { data: factor * self.data, prior: factor * self.prior };
        }
        self
    }
}

impl<T: Real> Slope<T> {
    #[inline(always)]
    fn at(self, gradient: T, eps: T) -> T {
        self.data * gradient - self.prior * eps
    }
}

#[derive(Clone, Copy)]
struct SgdStep<T> {
    slope: Slope<T>,
    momentum: T,
    /// Of the slope itself.
    direct: T,
    /// Of the momentum.
    carried: T,
}

struct Sgd<'a, T> {
    eps: &'a mut [T],
    first: &'a mut [T],
    gradient: &'a [T],
    by: SgdStep<T>,
}

impl<T: Real> Loops for Sgd<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let by = self.by;
        for ((eps, first), gradient) in self.eps.iter_mut().zip(self.first).zip(self.gradient) {
            let slope = by.slope.at(*gradient, *eps);
            let speed = by.momentum * *first + slope;
            *first = speed;
            *eps += by.carried * speed + by.direct * slope;
        }
    }
}

#[derive(Clone, Copy)]
struct AdamStep<T> {
    slope: Slope<T>,
    keep: [T; 2],
    take: [T; 2],
    rate: T,
    root: T,
    floor: T,
}

struct Adam<'a, T> {
    eps: &'a mut [T],
    first: &'a mut [T],
    second: &'a mut [T],
    gradient: &'a [T],
    by: AdamStep<T>,
}

impl<T: Real> Loops for Adam<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let by = self.by;
        let moments = self.first.iter_mut().zip(self.second);
        for ((eps, (first, second)), gradient) in self.eps.iter_mut().zip(moments).zip(self.gradient) {
            let slope = by.slope.at(*gradient, *eps);
            *first = by.keep[0] * *first + by.take[0] * slope;
            *second = by.keep[1] * *second + by.take[1] * (slope * slope);
            *eps += by.rate * *first / (second.root() * by.root + by.floor);
        }
    }
}
