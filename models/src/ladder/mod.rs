//! Reference evidence by a ladder of tempered posteriors: annealed importance sampling, forth and back, and thermodynamic integration.
//!
//! The rungs are p_β(ε) ∝ N(ε; 0, I) p(y | ε)^β for β = (i/K)^power from 0, the prior, to 1, the posterior. What the rungs cost is sampling, and
//! what they give is ln p(y) with an error that can be seen, in nats, where Laplace's approximation has one that cannot.

mod annealed;
mod thermodynamic;
mod transition;

use std::ops::ControlFlow;

use softbias_priors::Seed;
use thiserror::Error;

use crate::watch::Watch;

pub use annealed::Annealed;
pub use thermodynamic::{Rung, Thermodynamic};

/// What can go wrong on a ladder.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LadderError {
    /// A ladder that is none.
    #[error(
        "a ladder needs at least 2 rungs, 2 particles, 1 step and a finite power > 0; found {rungs} rungs, {particles} particles, {steps} steps, \
         power {power}"
    )]
    Shape {
        /// Rungs asked for.
        rungs: usize,
        /// Particles asked for.
        particles: usize,
        /// Leapfrog steps asked for.
        steps: usize,
        /// Power asked for.
        power: f64,
    },
    /// No particle has a finite likelihood.
    #[error(
        "the log likelihood is not finite at any of {0} draws from the prior: check the scales of the prior and of the labels"
    )]
    NoDensity(usize),
    /// A start of another length.
    #[error("an exact draw has {found} coordinates, the model {expected}")]
    Length {
        /// Coordinates of the model.
        expected: usize,
        /// Coordinates given.
        found: usize,
    },
    /// The watcher ended it.
    #[error(
        "interrupted at rung {rung} of {rungs}: nothing can be said of the evidence from a part of a ladder"
    )]
    Interrupted {
        /// The rung it was at.
        rung: usize,
        /// Rungs in all.
        rungs: usize,
    },
}

/// How far a ladder has been climbed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Climbed {
    /// Rungs done.
    pub rung: usize,
    /// Rungs in all.
    pub rungs: usize,
    /// Share of proposals accepted at the last.
    pub accepted: f64,
}

/// A ladder of tempered posteriors, and how to move on each rung: Hamiltonian Monte Carlo with a step size found by a pilot at that rung.
#[derive(Clone, Debug)]
pub struct Ladder {
    rungs: usize,
    power: f64,
    particles: usize,
    moves: usize,
    steps: usize,
    seed: Seed,
    watch: Watch<Climbed>,
}

impl Default for Ladder {
    fn default() -> Ladder {
        Ladder {
            rungs: 60,
            power: 5.0,
            particles: 64,
            moves: 1,
            steps: 10,
            seed: Seed::new(0),
            watch: Watch::none(),
        }
    }
}

impl Ladder {
    /// 60 rungs at β = (i/60)⁵, 64 particles, one trajectory of 10 steps a rung and particle.
    #[must_use]
    pub fn new() -> Ladder {
        Ladder::default()
    }

    /// Rungs between prior and posterior.
    #[must_use]
    pub fn rungs(self, rungs: usize) -> Ladder {
        Ladder { rungs, ..self }
    }

    /// β = (i/K)^power (Friel & Pettitt 2008 take 5: rungs are dense near the prior, where the likelihood changes fastest).
    #[must_use]
    pub fn power(self, power: f64) -> Ladder {
        Ladder { power, ..self }
    }

    /// Particles of annealing, or draws a rung of thermodynamic integration.
    #[must_use]
    pub fn particles(self, particles: usize) -> Ladder {
        Ladder { particles, ..self }
    }

    /// Trajectories a rung.
    #[must_use]
    pub fn moves(self, moves: usize) -> Ladder {
        Ladder { moves, ..self }
    }

    /// Leapfrog steps a trajectory.
    #[must_use]
    pub fn steps(self, steps: usize) -> Ladder {
        Ladder { steps, ..self }
    }

    /// Another seed.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Ladder {
        Ladder { seed, ..self }
    }

    /// Hears of every rung and may end the climb; changes no number.
    #[must_use]
    pub fn watched(self, watch: impl Fn(&Climbed) -> ControlFlow<()> + Send + Sync + 'static) -> Ladder {
        Ladder { watch: Watch::by(watch), ..self }
    }

    fn check(&self) -> Result<(), LadderError> {
        let Ladder { rungs, particles, steps, power, moves, .. } = *self;
        if rungs >= 2 && particles >= 2 && steps >= 1 && moves >= 1 && power > 0.0 && power.is_finite() {
            return Ok(());
        }
        Err(LadderError::Shape { rungs, particles, steps: steps.min(moves), power })
    }

    /// β of every rung, 0 first.
    #[must_use]
    pub fn temperatures(&self) -> Vec<f64> {
        (0..=self.rungs).map(|i| (i as f64 / self.rungs as f64).powf(self.power)).collect()
    }

    fn tell(&self, rung: usize, accepted: f64) -> Result<(), LadderError> {
        let climbed = Climbed { rung, rungs: self.rungs, accepted };
        match self.watch.tell(&climbed) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(LadderError::Interrupted { rung, rungs: self.rungs }),
        }
    }
}
