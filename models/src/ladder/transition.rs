//! One particle on a rung: Hamiltonian Monte Carlo that leaves N(ε; 0, I) p(y | ε)^β as it is, and a pilot that finds its step size.

use rayon::prelude::*;
use softbias_priors::Seed;

use crate::net::Target;

/// A place, with what is known there.
#[derive(Clone, Debug)]
pub(super) struct Particle<W> {
    pub(super) at: Vec<f64>,
    /// ln p(y | ε).
    pub(super) log_likelihood: f64,
    gradient: Vec<f64>,
    proposal: Vec<f64>,
    momentum: Vec<f64>,
    slopes: Vec<f64>,
    work: W,
}

impl<W: Default> Particle<W> {
    pub(super) fn at<T: Target<Number = f64, Work = W>>(target: &T, at: Vec<f64>) -> Particle<W> {
        let (n, mut work) = (at.len(), W::default());
        let mut gradient = vec![0.0; n];
        let log_likelihood = target.log_likelihood(&at, None, &mut work, &mut gradient);
        let zeros = || vec![0.0; n];
        Particle { at, log_likelihood, gradient, proposal: zeros(), momentum: zeros(), slopes: zeros(), work }
    }

    /// One trajectory; whether it was accepted, or the probability that it would be, which is what a pilot learns from.
    fn trajectory<T: Target<Number = f64, Work = W>>(
        &mut self,
        target: &T,
        beta: f64,
        step: f64,
        steps: usize,
        seed: Seed,
    ) -> f64 {
        seed.named("momentum").fill_normal(&mut self.momentum);
        // a step size that varies keeps trajectories from closing upon themselves
        let [u, v] = {
            let mut both = [0.0; 2];
            seed.named("chance").fill_uniform(&mut both);
            both
        };
        let step = step * (0.8 + 0.4 * u);
        let energy = |at: &[f64], p: &[f64], log: f64| {
            0.5 * at.iter().chain(p).map(|x| x * x).sum::<f64>() - beta * log
        };
        let before = energy(&self.at, &self.momentum, self.log_likelihood);
        self.proposal.copy_from_slice(&self.at);
        self.slopes.copy_from_slice(&self.gradient);
        let mut log = self.log_likelihood;
        // slopes of the energy are ε − β ∇ ln p
        let kick = |p: &mut [f64], at: &[f64], slopes: &[f64], size: f64| {
            for ((p, x), g) in p.iter_mut().zip(at).zip(slopes) {
                *p -= size * (x - beta * g);
            }
        };
        kick(&mut self.momentum, &self.proposal, &self.slopes, 0.5 * step);
        for i in 0..steps {
            self.proposal.iter_mut().zip(&self.momentum).for_each(|(x, p)| *x += step * p);
            log = target.log_likelihood(&self.proposal, None, &mut self.work, &mut self.slopes);
            if !log.is_finite() {
                return 0.0;
            }
            let size = if i + 1 == steps { 0.5 * step } else { step };
            kick(&mut self.momentum, &self.proposal, &self.slopes, size);
        }
        let after = energy(&self.proposal, &self.momentum, log);
        let chance = (before - after).exp().min(1.0);
        if !chance.is_finite() {
            return 0.0;
        }
        if v < chance {
            std::mem::swap(&mut self.at, &mut self.proposal);
            std::mem::swap(&mut self.gradient, &mut self.slopes);
            self.log_likelihood = log;
        }
        chance
    }
}

/// Moves all particles on a rung, in parallel; the mean chance of acceptance.
pub(super) fn move_all<T: Target<Number = f64>>(
    target: &T,
    particles: &mut [Particle<T::Work>],
    beta: f64,
    step: f64,
    steps: usize,
    seed: Seed,
) -> f64 {
    let one = |(i, particle): (usize, &mut Particle<T::Work>)| {
        particle.trajectory(target, beta, step, steps, seed.at(i))
    };
    let chances: Vec<f64> = particles.par_iter_mut().enumerate().map(one).collect();
    chances.iter().sum::<f64>() / particles.len() as f64
}

/// Where the share of accepted trajectories is to be.
const WANTED: f64 = 0.8;

/// The step size that a few trajectories of pilot particles find at a rung, near `step`; they end on that rung.
pub(super) fn adapted<T: Target<Number = f64>>(
    target: &T,
    pilots: &mut [Particle<T::Work>],
    beta: f64,
    mut step: f64,
    steps: usize,
    rounds: usize,
    seed: Seed,
) -> f64 {
    let mut logs = 0.0;
    for round in 0..rounds {
        let chance = move_all(target, pilots, beta, step, steps, seed.at(round));
        // Robbins–Monro on ln step
        let gain = 1.0 / (1.0 + round as f64).sqrt();
        step = (step * (gain * (chance - WANTED) * 2.0).exp()).clamp(1e-6, 1.0);
        if 2 * round >= rounds {
            logs += step.ln();
        }
    }
    (logs / (rounds - rounds / 2) as f64).exp()
}
