//! Newton's method on a concave-enough log posterior, with halved steps: the loop that scalar and class labels share.

use ndarray::{Array, Dimension, Zip};

use super::Laplace;
use crate::error::{ModelError, Result};
use crate::latent::{Warning, check_tolerance};

const METHOD: &str = "Laplace";
/// A mode that rounding leaves less certain than this, in posterior standard deviations, is told.
const NOTEWORTHY: f64 = 1e-6;
/// And beyond this it is no mode.
const TOO_MUCH: f64 = 1e-3;
const ADVICE: &str =
    "allow more (`Laplace::iterations`), a larger tolerance, or check the prior's scale against the labels";

/// Where the search stands: f = mean + K α.
pub(super) struct Place<D: Dimension> {
    pub(super) alpha: Array<f64, D>,
    pub(super) f: Array<f64, D>,
    /// ln p(y | f) − ½ αᵀ(f − mean).
    pub(super) psi: f64,
    /// ∂ ln p(y | f)/∂f.
    pub(super) slope: Array<f64, D>,
}

/// A log posterior to climb.
pub(super) trait Hill<D: Dimension> {
    /// The place of α. O(n²).
    fn place(&self, alpha: Array<f64, D>) -> Place<D>;

    /// Newton's next α, for a full step. O(n³).
    fn step(&self, from: &Place<D>) -> Result<Array<f64, D>>;

    /// K v. O(n²).
    fn times_k(&self, v: &Array<f64, D>) -> Array<f64, D>;

    /// |K| |v|, for the size of rounding errors. O(n²).
    fn times_abs_k(&self, v: &Array<f64, D>) -> Array<f64, D>;
}

fn dot<D: Dimension>(a: &Array<f64, D>, b: &Array<f64, D>) -> f64 {
    Zip::from(a).and(b).fold(0.0, |sum, a, b| sum + a * b)
}

/// The top, the number of steps, and what there is to say about it. Starts from `start` where that is higher than the prior mean.
pub(super) fn climb<D: Dimension>(
    hill: &impl Hill<D>,
    settings: Laplace,
    zero: Array<f64, D>,
    start: Option<Array<f64, D>>,
) -> Result<(Place<D>, usize, Vec<Warning>)> {
    check_tolerance(settings.tolerance)?;
    let mut here = hill.place(zero);
    if let Some(warm) = start.map(|alpha| hill.place(alpha))
        && (warm.psi > here.psi || !here.psi.is_finite())
    {
        here = warm;
    }
    if !here.psi.is_finite() {
        return Err(ModelError::NoDensity { method: METHOD, value: here.psi });
    }
    let (mut size, mut made) = (f64::INFINITY, 0);
    for iteration in 1..=settings.iterations {
        made = iteration;
        let direction = hill.step(&here)? - &here.alpha;
        let along = hill.times_k(&direction);
        // the squared Newton decrement: the step in posterior standard deviations, and twice what it promises
        let gain = dot(&(&here.slope - &here.alpha), &along);
        // (negative by rounding only, and then no smaller a doubt)
        let before = std::mem::replace(&mut size, gain.abs().sqrt());
        let resolution = rounding(hill, &here);
        let settled = size <= settings.tolerance;
        if settled || gain <= resolution {
            // Too short a step for the height to tell: it is still the better place, as long as steps get shorter.
            let there = hill.place(&here.alpha + &direction);
            if there.psi >= here.psi - resolution {
                here = there;
            }
            if settled || size >= before || iteration == settings.iterations {
                if size > settings.tolerance.max(TOO_MUCH) {
                    break;
                }
                let caveat = (size > NOTEWORTHY).then_some(Warning::Resolution { step: size });
                return Ok((here, iteration, caveat.into_iter().collect()));
            }
            continue;
        }
        let mut length = 1.0;
        let there = loop {
            let there = hill.place(&here.alpha + &(&direction * length));
            if there.psi >= here.psi + 1e-4 * length * gain {
                break Some(there);
            }
            length *= 0.5;
            if length < 1e-18 {
                break None;
            }
        };
        match there {
            Some(there) => here = there,
            None => break,
        }
    }
    Err(ModelError::NotConverged { method: METHOD, iterations: made, step: size, advice: ADVICE })
}

/// How much of ψ is rounding: that of f = mean + Kα, times the slopes along f, and that of the sum itself.
fn rounding<D: Dimension>(hill: &impl Hill<D>, here: &Place<D>) -> f64 {
    let blur = hill.times_abs_k(&here.alpha.mapv(f64::abs));
    let steep = Zip::from(&here.slope).and(&here.alpha).map_collect(|s, a| s.abs() + a.abs());
    8.0 * f64::EPSILON * (here.psi.abs() + dot(&steep, &blur) + here.f.len() as f64)
}
