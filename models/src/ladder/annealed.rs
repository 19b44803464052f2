//! Annealed importance sampling (Neal 2001), forth from the prior and back from the posterior: a sandwich about ln p(y) (Grosse et al. 2015).

use softbias_priors::Seed;
use softbias_priors::math::stable::log_mean_exp;

use super::transition::{Particle, adapted, move_all};
use super::{Ladder, LadderError};
use crate::evidence::Grade;
use crate::net::Target;

/// What annealing says of ln p(y).
#[derive(Clone, Debug, PartialEq)]
pub struct Annealed {
    /// The estimate: the log of the average weight (forth), or minus that of the average inverse weight (back).
    pub log: f64,
    /// Its standard error by the spread of the weights, in nats; only where the effective number of particles is large.
    pub standard_error: f64,
    /// The average of the log weights: below ln p(y) in expectation going forth, above it going back.
    pub bound: f64,
    /// Log weights, one a particle.
    pub log_weights: Vec<f64>,
    /// Effective number of particles, 1/Σ w² of the normalised weights.
    pub effective: f64,
    /// Places of the particles at the end: going forth, draws from the posterior once weighted.
    pub particles: Vec<Vec<f64>>,
}

impl Annealed {
    fn new(forth: bool, log_weights: Vec<f64>, particles: Vec<Vec<f64>>) -> Annealed {
        let m = log_weights.len() as f64;
        let sign = if forth { 1.0 } else { -1.0 };
        let mean = log_mean_exp(&log_weights);
        let shares: Vec<f64> = log_weights.iter().map(|w| (w - mean).exp() / m).collect();
        let effective = 1.0 / shares.iter().map(|s| s * s).sum::<f64>();
        // by the delta method: the relative error of the average weight
        let spread = shares.iter().map(|s| (s * m - 1.0).powi(2)).sum::<f64>() / (m - 1.0);
        let bound = sign * log_weights.iter().sum::<f64>() / m;
        Annealed {
            log: sign * mean,
            standard_error: (spread / m).sqrt(),
            bound,
            log_weights,
            effective,
            particles,
        }
    }

    /// How far the estimate can be trusted.
    #[must_use]
    pub fn grade(&self) -> Grade {
        Grade::Estimate { standard_error: self.standard_error }
    }

    /// The grade of the two directions together: between the average log weights of both.
    #[must_use]
    pub fn between(&self, back: &Annealed) -> Grade {
        Grade::Between { lower: self.bound, upper: back.bound }
    }
}

impl Ladder {
    /// Step sizes of every rung, found by pilots of their own: those of the particles themselves must not depend on where these are.
    fn pilot<T: Target<Number = f64>>(&self, target: &T) -> Result<Vec<f64>, LadderError> {
        let seed = self.seed.named("pilot");
        let start = |i: usize| Particle::at(target, seed.named("start").at(i).normal1(target.dim()).to_vec());
        let mut pilots: Vec<_> = (0..self.particles.clamp(2, 8)).map(start).collect();
        if pilots.iter().all(|pilot| !pilot.log_likelihood.is_finite()) {
            return Err(LadderError::NoDensity(pilots.len()));
        }
        pilots.retain(|pilot| pilot.log_likelihood.is_finite());
        let mut step = 0.3;
        let mut sizes = Vec::with_capacity(self.rungs);
        for (rung, beta) in self.temperatures().into_iter().enumerate().skip(1) {
            let rounds = if rung == 1 { 30 } else { 8 };
            step = adapted(target, &mut pilots, beta, step, self.steps, rounds, seed.at(rung));
            sizes.push(step);
        }
        Ok(sizes)
    }

    /// From draws of the prior to the posterior: an unbiased estimate of p(y), and a lower bound of ln p(y) in expectation. O(rungs × moves ×
    /// steps × particles) gradients.
    ///
    /// # Errors
    /// For a ladder that is none, a likelihood that is nowhere finite, or when the watcher ends it.
    pub fn annealed<T: Target<Number = f64>>(&self, target: &T) -> Result<Annealed, LadderError> {
        self.check()?;
        let sizes = self.pilot(target)?;
        let seed = self.seed.named("forth");
        let start = |i: usize| Particle::at(target, seed.named("start").at(i).normal1(target.dim()).to_vec());
        let mut particles: Vec<_> = (0..self.particles).map(start).collect();
        let betas = self.temperatures();
        let mut weights = vec![0.0; particles.len()];
        for rung in 1..betas.len() {
            for (w, particle) in weights.iter_mut().zip(&particles) {
                *w += (betas[rung] - betas[rung - 1]) * particle.log_likelihood;
            }
            let accepted = self.moved(target, &mut particles, betas[rung], sizes[rung - 1], seed.at(rung));
            self.tell(rung, accepted)?;
        }
        Ok(self.result(true, weights, particles))
    }

    fn result<W>(&self, forth: bool, weights: Vec<f64>, particles: Vec<Particle<W>>) -> Annealed {
        // a particle without a likelihood weighs nothing
        let finite = |w: f64| if w.is_nan() { f64::NEG_INFINITY } else { w };
        let weights = weights.into_iter().map(finite).collect();
        Annealed::new(forth, weights, particles.into_iter().map(|particle| particle.at).collect())
    }

    fn moved<T: Target<Number = f64>>(
        &self,
        target: &T,
        particles: &mut [Particle<T::Work>],
        beta: f64,
        step: f64,
        seed: Seed,
    ) -> f64 {
        let mut accepted = 0.0;
        for i in 0..self.moves {
            accepted += move_all(target, particles, beta, step, self.steps, seed.at(i));
        }
        accepted / self.moves as f64
    }

    /// From exact draws of the posterior back to the prior: an upper bound of ln p(y) in expectation. Exact draws exist where data were simulated from
    /// the model: the coordinates that made them. Particles start from the draws in turn.
    ///
    /// # Errors
    /// As [`Ladder::annealed`]; and for draws of another length, or none.
    pub fn annealed_back<T: Target<Number = f64>>(
        &self,
        target: &T,
        exact: &[Vec<f64>],
    ) -> Result<Annealed, LadderError> {
        self.check()?;
        let found = exact.iter().map(Vec::len).find(|len| *len != target.dim());
        if let Some(found) = found.or(exact.is_empty().then_some(0)) {
            return Err(LadderError::Length { expected: target.dim(), found });
        }
        let sizes = self.pilot(target)?;
        let seed = self.seed.named("back");
        let start = |i: usize| Particle::at(target, exact[i % exact.len()].clone());
        let mut particles: Vec<_> = (0..self.particles).map(start).collect();
        if particles.iter().any(|particle| !particle.log_likelihood.is_finite()) {
            return Err(LadderError::NoDensity(particles.len()));
        }
        let betas = self.temperatures();
        let mut weights = vec![0.0; particles.len()];
        for rung in (1..betas.len()).rev() {
            let accepted = self.moved(target, &mut particles, betas[rung], sizes[rung - 1], seed.at(rung));
            for (w, particle) in weights.iter_mut().zip(&particles) {
                *w -= (betas[rung] - betas[rung - 1]) * particle.log_likelihood;
            }
            self.tell(betas.len() - rung, accepted)?;
        }
        Ok(self.result(false, weights, particles))
    }
}
