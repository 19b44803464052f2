//! The No-U-Turn sampler (Hoffman & Gelman 2014): THE door to nuts-rs.

use std::collections::HashMap;
use std::fmt;
use std::ops::ControlFlow;

use nuts_rs::{
    Chain as _, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings,
};
use softbias_priors::Seed;

/// Log density, up to a constant, and its gradient; `None` where it is 0 or not defined: there a trajectory ends.
pub(crate) type Density<'a> = dyn FnMut(&[f64]) -> Option<(f64, Vec<f64>)> + 'a;

/// Draws of one chain after warm-up, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    pub(crate) draws: Vec<Vec<f64>>,
    /// Draws whose trajectory met a step that broke the conservation of energy.
    pub(crate) divergences: usize,
}

/// The point lies where the density is not defined.
#[derive(Debug)]
struct Forbidden;

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the density is not defined here")
    }
}

impl std::error::Error for Forbidden {}

impl LogpError for Forbidden {
    fn is_recoverable(&self) -> bool {
        true
    }
}

struct Target<'a> {
    density: &'a mut Density<'a>,
    dim: usize,
}

impl HasDims for Target<'_> {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_owned(), self.dim as u64)])
    }
}

impl CpuLogpFunc for Target<'_> {
    type LogpError = Forbidden;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.dim
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Forbidden> {
        let sound = |(v, g): &(f64, Vec<f64>)| v.is_finite() && g.iter().all(|g| g.is_finite());
        let (value, slopes) = (self.density)(position).filter(sound).ok_or(Forbidden)?;
        gradient.iter_mut().zip(slopes).for_each(|(g, slope)| *g = slope);
        Ok(value)
    }

    fn expand_vector<R: nuts_rs::rand::Rng + ?Sized>(
        &mut self,
        _: &mut R,
        position: &[f64],
    ) -> Result<Vec<f64>, CpuMathError> {
        Ok(position.to_vec())
    }
}

/// Runs one chain: `warmup` draws that adapt step size and diagonal metric, then `draws` that are kept. `each` hears of every
/// draw, and whether it is kept, and may end the chain. The same seed gives the same draws.
///
/// # Errors
/// In words, when the start has no density, or the sampler gives up.
pub(crate) fn chain<'a>(
    density: &'a mut Density<'a>,
    start: &[f64],
    (warmup, draws): (usize, usize),
    seed: Seed,
    each: &mut dyn FnMut(&[f64], bool) -> ControlFlow<()>,
) -> Result<Chain, String> {
    let settings =
        DiagNutsSettings { num_tune: warmup as u64, num_draws: draws as u64, ..DiagNutsSettings::default() };
    let math = CpuMath::new(Target { density, dim: start.len() });
    let mut sampler = settings.new_chain(0, math, &mut seed.rng()).map_err(|error| error.to_string())?;
    sampler.set_position(start).map_err(|error| error.to_string())?;
    let mut chain = Chain::default();
    for k in 0..warmup + draws {
        let (position, info) = sampler.draw().map_err(|error| error.to_string())?;
        let kept = k >= warmup;
        if kept {
            chain.divergences += usize::from(info.diverging);
            chain.draws.push(position.to_vec());
        }
        if each(&position, kept).is_break() {
            break;
        }
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_normal_of_unequal_scales() {
        let sd = [0.1, 1.0, 30.0];
        let run = || {
            let mut density = |x: &[f64]| {
                let value = x.iter().zip(sd).map(|(x, s)| -0.5 * (x / s).powi(2)).sum();
                Some((value, x.iter().zip(sd).map(|(x, s)| -x / (s * s)).collect()))
            };
            let go = &mut |_: &[f64], _: bool| ControlFlow::Continue(());
            chain(&mut density, &[1.0; 3], (400, 4000), Seed::new(3), go).unwrap()
        };
        let found = run();
        assert_eq!(found.divergences, 0);
        for (i, s) in sd.iter().enumerate() {
            let n = found.draws.len() as f64;
            let mean = found.draws.iter().map(|x| x[i]).sum::<f64>() / n;
            let variance = found.draws.iter().map(|x| (x[i] - mean).powi(2)).sum::<f64>() / n;
            // four standard errors of 1000 independent draws, of which 4000 of a chain are worth more
            assert!((mean / s).abs() < 4.0 / 1000f64.sqrt(), "mean {mean} of sd {s}");
            assert!((variance / (s * s) - 1.0).abs() < 4.0 * (2.0 / 1000f64).sqrt(), "{variance} {s}");
        }
        assert_eq!(found.draws, run().draws);
    }

    #[test]
    fn what_is_not_defined_and_what_is_interrupted() {
        let go = &mut |_: &[f64], _: bool| ControlFlow::Continue(());
        let mut nowhere = |_: &[f64]| None;
        assert!(chain(&mut nowhere, &[0.0], (10, 10), Seed::new(1), go).is_err());
        // a half normal: the other half is not defined
        let mut half = |x: &[f64]| (x[0] > 0.0).then(|| (-0.5 * x[0] * x[0], vec![-x[0]]));
        let found = chain(&mut half, &[1.0], (300, 500), Seed::new(2), go).unwrap();
        assert!(found.draws.iter().all(|x| x[0] > 0.0));
        let mut left = 15;
        let mut count = |_: &[f64], _: bool| {
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut normal = |x: &[f64]| Some((-0.5 * x[0] * x[0], vec![-x[0]]));
        let found = chain(&mut normal, &[1.0], (10, 500), Seed::new(2), &mut count).unwrap();
        assert_eq!(found.draws.len(), 5);
    }
}
