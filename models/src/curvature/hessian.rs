//! Products with the Hessian of any target, by differences of gradients: what the Gauss–Newton matrix leaves out is in it.

use softbias_priors::PriorError;

use super::lanczos::SymmetricOperator;
use crate::error::Result;
use crate::net::Target;

/// v ↦ −∂² ln p(y | ε)/∂ε² v by central differences of two gradients on all rows, in f64: good to about 1e-8 of the curvature where the third slopes are
/// of its size.
#[derive(Debug)]
pub struct HessianProduct<'a, G> {
    target: &'a G,
    eps: Vec<f64>,
}

impl<'a, G: Target<Number = f64>> HessianProduct<'a, G> {
    /// At white coordinates.
    ///
    /// # Errors
    /// When there are too few or too many of them.
    pub fn new(target: &'a G, eps: &[f64]) -> Result<HessianProduct<'a, G>> {
        if eps.len() != target.dim() {
            let (expected, found) = (target.dim(), eps.len());
            return Err(PriorError::Dimensions { what: "white coordinates", expected, found }.into());
        }
        Ok(HessianProduct { target, eps: eps.to_vec() })
    }
}

impl<G: Target<Number = f64>> SymmetricOperator for HessianProduct<'_, G> {
    fn dim(&self) -> usize {
        self.eps.len()
    }

    fn apply(&self, v: &[f64], out: &mut [f64]) {
        let length = v.iter().map(|v| v * v).sum::<f64>().sqrt();
        if length == 0.0 {
            return out.fill(0.0);
        }
        // the cube root of the rounding error, in the unit of a coordinate
        let step = 6e-6 / length;
        let mut work = G::Work::default();
        let mut at = |sign: f64, out: &mut [f64]| {
            let there: Vec<f64> = self.eps.iter().zip(v).map(|(e, v)| e + sign * step * v).collect();
            self.target.log_likelihood(&there, None, &mut work, out);
        };
        let mut behind = vec![0.0; v.len()];
        at(1.0, out);
        at(-1.0, &mut behind);
        out.iter_mut().zip(&behind).for_each(|(ahead, behind)| *ahead = (behind - *ahead) / (2.0 * step));
    }
}
