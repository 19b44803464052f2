//! Products with the generalised Gauss–Newton matrix of a net, in white coordinates, without the matrix.

use softbias_priors::net::Precision;
use softbias_priors::net::layer::Summed;
use softbias_priors::{PriorError, WhitePrior};

use super::lanczos::SymmetricOperator;
use super::walk::{Lane, Roots, in_parts};
use crate::error::Result;
use crate::likelihood::RowLikelihood;
use crate::net::NetTarget;

/// v ↦ D Σ JᵀΛJ D v, the sum over all rows, J the Jacobian of the outputs in the weights, Λ = S Sᵀ the curvature of −ln p in the outputs and
/// D = dθ/dε: the generalised Gauss–Newton matrix (Schraudolph 2002) in white coordinates. A product costs two forward passes and a reverse
/// one over all rows, in parallel; its bits do not depend on threads.
#[derive(Clone, Debug)]
pub struct GgnProduct<'a, T, L> {
    target: &'a NetTarget<T, L>,
    eps: Vec<T>,
    theta: Vec<T>,
}

impl<'a, T: Precision, L: RowLikelihood> GgnProduct<'a, T, L> {
    /// At white coordinates.
    ///
    /// # Errors
    /// When there are too few or too many of them.
    pub fn new(target: &'a NetTarget<T, L>, eps: &[T]) -> Result<GgnProduct<'a, T, L>> {
        let expected = target.net().dim();
        if eps.len() != expected {
            let what = "white coordinates";
            return Err(PriorError::Dimensions { what, expected, found: eps.len() }.into());
        }
        let mut theta = vec![T::ZERO; expected];
        target.net().place(eps, &mut theta);
        Ok(GgnProduct { target, eps: eps.to_vec(), theta })
    }
}

struct Memory<T> {
    lane: Lane<T>,
    moved: Vec<T>,
    back: Vec<T>,
    sum: Vec<T>,
}

impl<T: Precision, L: RowLikelihood> SymmetricOperator for GgnProduct<'_, T, L> {
    fn dim(&self) -> usize {
        self.eps.len()
    }

    fn apply(&self, v: &[f64], out: &mut [f64]) {
        let net = self.target.net();
        let mut along: Vec<T> = v.iter().map(|v| T::of(*v)).collect();
        net.push(&self.eps, &mut along);
        let (count, weights) = (net.count(), net.weights());
        let roots = Roots { target: self.target, theta: &self.theta };
        let fresh = || Memory {
            lane: Lane::default(),
            moved: Vec::new(),
            back: Vec::new(),
            sum: vec![T::ZERO; weights],
        };
        let on = |memory: &mut Memory<T>, rows: std::ops::Range<usize>| {
            let Memory { lane, moved, back, sum } = memory;
            let mut root = vec![0.0; count];
            roots.blocks(rows, |block| {
                roots.forward(lane, block.clone());
                moved.resize(block.len() * count, T::ZERO);
                back.resize(block.len() * count, T::ZERO);
                lane.run.tangent(net, &self.theta, &along, moved);
                let values = roots.values(lane).chunks_exact(count);
                let each = block.zip(values).zip(moved.chunks_exact(count)).zip(back.chunks_exact_mut(count));
                for (((row, f), moved), back) in each {
                    back.fill(T::ZERO);
                    for column in 0..roots.columns() {
                        self.target.likelihood().root(self.target.labels_of(row), f, column, &mut root);
                        let along: f64 = root.iter().zip(moved).map(|(s, m)| s * m.get()).sum();
                        back.iter_mut().zip(&root).for_each(|(b, s)| *b += T::of(along * s));
                    }
                }
                lane.run.backward(net, &self.theta, back, &mut Summed(sum));
                0.0
            });
        };
        let mut total = vec![0.0; weights];
        in_parts(self.target.data().len(), weights, fresh, on, |memory| {
            for (total, own) in total.iter_mut().zip(&mut memory.sum) {
                *total += std::mem::replace(own, T::ZERO).get();
            }
        });
        let mut slopes: Vec<T> = total.iter().map(|s| T::of(*s)).collect();
        net.pull(&self.eps, &mut slopes);
        out.iter_mut().zip(slopes).for_each(|(out, s)| *out = s.get());
    }
}
