//! Thermodynamic integration: ln p(y) = ∫₀¹ E_β ln p(y | ε) dβ (Friel & Pettitt 2008), with the corrected trapezium of Friel, Hurn & Wyse 2014.

use super::transition::{Particle, adapted, move_all};
use super::{Ladder, LadderError};
use crate::evidence::{Evidence, Grade};
use crate::net::Target;
use softbias_priors::Nats;

/// What was seen on one rung.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rung {
    /// β.
    pub beta: f64,
    /// E_β ln p(y | ε).
    pub mean: f64,
    /// Variance of ln p(y | ε) there.
    pub variance: f64,
    /// Standard error of the mean, by the spread between chains.
    pub standard_error: f64,
    /// Share of proposals accepted.
    pub accepted: f64,
}

/// What integration over the ladder says of ln p(y).
#[derive(Clone, Debug, PartialEq)]
pub struct Thermodynamic {
    /// ln p(y), by the corrected trapezium.
    pub log: f64,
    /// Its standard error from sampling.
    pub standard_error: f64,
    /// By the plain trapezium: what the correction moves says how coarse the ladder is.
    pub plain: f64,
    /// Every rung, β = 0 first.
    pub rungs: Vec<Rung>,
}

impl Thermodynamic {
    /// ln p(y) taken apart: the fit is the last rung's mean, E_Q ln p(y | ε), and the information fit − ln p(y), the relative entropy of the posterior
    /// from the prior.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let fit = self.rungs.last().map_or(f64::NAN, |rung| rung.mean);
        Evidence {
            log: Nats(self.log),
            fit: Nats(fit),
            information: Nats(fit - self.log),
            grade: Grade::Estimate { standard_error: self.standard_error },
        }
    }
}

impl Ladder {
    /// Chains (as many as particles) climb together; on every rung they first settle, then are averaged over `sweeps` trajectories. O(rungs ×
    /// sweeps × steps × particles) gradients.
    ///
    /// # Errors
    /// As [`Ladder::annealed`].
    pub fn thermodynamic<T: Target<Number = f64>>(
        &self,
        target: &T,
        sweeps: usize,
    ) -> Result<Thermodynamic, LadderError> {
        self.check()?;
        let (seed, sweeps) = (self.seed.named("thermodynamic"), sweeps.max(2));
        let start = |i: usize| Particle::at(target, seed.named("start").at(i).normal1(target.dim()).to_vec());
        let mut chains: Vec<_> = (0..self.particles).map(start).collect();
        chains.retain(|chain| chain.log_likelihood.is_finite());
        if chains.len() < 2 {
            return Err(LadderError::NoDensity(self.particles));
        }
        let mut step = 0.3;
        let mut rungs = Vec::with_capacity(self.rungs + 1);
        for (rung, beta) in self.temperatures().into_iter().enumerate() {
            let seed = seed.at(rung);
            let settle = (sweeps / 2).max(8);
            step = adapted(target, &mut chains, beta, step, self.steps, settle, seed.named("settle"));
            let (mut sums, mut squares) = (vec![0.0; chains.len()], vec![0.0; chains.len()]);
            let mut accepted = 0.0;
            for sweep in 0..sweeps {
                accepted += move_all(target, &mut chains, beta, step, self.steps, seed.at(sweep));
                for ((sum, square), chain) in sums.iter_mut().zip(&mut squares).zip(&chains) {
                    *sum += chain.log_likelihood / sweeps as f64;
                    *square += chain.log_likelihood.powi(2) / sweeps as f64;
                }
            }
            let m = chains.len() as f64;
            let mean = sums.iter().sum::<f64>() / m;
            let variance = (squares.iter().sum::<f64>() / m - mean * mean).max(0.0);
            let between = sums.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / (m - 1.0);
            let accepted = accepted / sweeps as f64;
            rungs.push(Rung { beta, mean, variance, standard_error: (between / m).sqrt(), accepted });
            self.tell(rung, accepted)?;
        }
        Ok(integrated(rungs))
    }
}

fn integrated(rungs: Vec<Rung>) -> Thermodynamic {
    let (mut plain, mut correction) = (0.0, 0.0);
    for pair in rungs.windows(2) {
        let width = pair[1].beta - pair[0].beta;
        plain += 0.5 * width * (pair[0].mean + pair[1].mean);
        correction -= width * width / 12.0 * (pair[1].variance - pair[0].variance);
    }
    // the weight of a rung's mean in the sum is half of the two widths beside it
    let weight = |i: usize| {
        let before = if i > 0 { rungs[i].beta - rungs[i - 1].beta } else { 0.0 };
        let behind = rungs.get(i + 1).map_or(0.0, |next| next.beta - rungs[i].beta);
        0.5 * (before + behind)
    };
    let variance: f64 =
        rungs.iter().enumerate().map(|(i, rung)| (weight(i) * rung.standard_error).powi(2)).sum();
    Thermodynamic { log: plain + correction, standard_error: variance.sqrt(), plain, rungs }
}
