//! The No-U-Turn sampler on a target: the reference that the others are held against.

use std::ops::ControlFlow;

use softbias_priors::Seed;
use softbias_priors::math::Real;
use softbias_priors::net::Precision;

use super::kernel::Kernel;
use super::run::{ChainState, Run};
use super::walk::{Memory, Moment, Told, Walk, potential};
use super::{SampleError, Sampler, StepSchedule};
use crate::net::Target;
use crate::nuts;

/// NUTS (Hoffman & Gelman 2014) on all rows, through nuts-rs: it adapts its step and a diagonal metric in warm-up, which it needs. A chain of it
/// can be interrupted but not taken up again.
#[derive(Clone, Debug)]
pub struct NoUTurn;

impl NoUTurn {
    /// The sampler.
    #[must_use]
    pub fn sampler() -> Sampler<NoUTurn> {
        Sampler::new(NoUTurn)
    }
}

impl Kernel for NoUTurn {
    const NAME: &'static str = "NUTS";
    const WHOLE: bool = true;
    const RESUMABLE: bool = false;

    fn check(&self) -> Result<(), SampleError> {
        Ok(())
    }

    /// (Its own affair; iterations count alike.)
    fn schedule(&self) -> StepSchedule {
        StepSchedule::Constant(1.0)
    }

    fn describe(&self, temperature: f64) -> String {
        format!("step and metric adapted in warm-up; momenta of scale √T = {:.3e}", temperature.sqrt())
    }

    fn begin<T: Precision>(&self, _: usize, _: f64, _: Seed) -> Memory<T> {
        Memory::default()
    }

    /// Its chains are run whole, by [`Kernel::advance`]: an iteration alone stays where it is.
    fn step<G: Target>(&self, _: &mut Walk<'_, G>, _: &mut Memory<G::Number>, at: Moment) -> Told {
        Told { potential: f64::NAN, acceptance: 0.0, step: at.step }
    }

    fn advance<G: Target>(
        &self,
        run: &Run<'_, G>,
        chain: usize,
        state: &mut ChainState<G::Number>,
        goal: usize,
    ) -> Result<(), SampleError> {
        let (mut work, mut slopes) = (G::Work::default(), vec![G::Number::ZERO; state.eps.len()]);
        let temperature = run.plan.temperature;
        let mut density = |x: &[f64]| {
            let eps: Vec<G::Number> = x.iter().map(|x| G::Number::of(*x)).collect();
            let value = potential(run.target, &eps, &mut work, &mut slopes);
            Some((-value / temperature, slopes.iter().map(|s| -s.get() / temperature).collect()))
        };
        let start: Vec<f64> = state.eps.iter().map(|e| e.get()).collect();
        if density(&start).is_none_or(|(value, _)| !value.is_finite()) {
            state.diverged = Some(0);
            return Ok(());
        }
        let mut each = |x: &[f64], _: bool| {
            let at = state.done;
            state.eps = x.iter().map(|x| G::Number::of(*x)).collect();
            state.done += 1;
            if run.keeps(at) {
                state.keep(state.eps.clone(), Told { potential: f64::NAN, acceptance: 1.0, step: f64::NAN });
            }
            if run.tell(at) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let warmup = run.plan.warmup;
        let seed = run.plan.seed.named("chain").at(chain);
        nuts::chain(&mut density, &start, (warmup, goal - warmup), seed, &mut each)
            .map_err(|reason| SampleError::Failed { sampler: Self::NAME, chain, reason })?;
        let (mut work, mut slopes) = (G::Work::default(), vec![G::Number::ZERO; start.len()]);
        for (draw, at) in state.draws.iter().zip(&mut state.potential) {
            *at = potential(run.target, draw, &mut work, &mut slopes);
        }
        Ok(())
    }
}
