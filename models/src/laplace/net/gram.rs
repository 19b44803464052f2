//! Sums of x xᵀ over rows, of which only the lower half is computed.

use ndarray::Array2;
use rayon::prelude::*;
use softbias_priors::math::Real;
use softbias_priors::math::linalg::{Rows, gemm};

/// Columns of one panel at most; and what panels are multiples of, for the products' sake.
const PANEL: usize = 288;
const STEP: usize = 16;

/// Σ x xᵀ over rows x, by panels of columns; of side 0 it sums nothing.
#[derive(Debug)]
pub(super) struct Gram<T> {
    side: usize,
    /// Columns of a panel; the last may have fewer.
    panel: usize,
    /// Blocks (panel k, panel l ≤ k), each row by row.
    blocks: Vec<Vec<T>>,
    /// Panels of the rows at hand.
    cut: Vec<Vec<T>>,
}

impl<T: Real> Gram<T> {
    pub(super) fn new(side: usize) -> Gram<T> {
        let panel = side.div_ceil(side.div_ceil(PANEL).max(1)).next_multiple_of(STEP).clamp(1, side.max(1));
        let panels = side.div_ceil(panel);
        let width = |k: usize| panel.min(side - k * panel);
        let blocks = (0..panels).flat_map(|k| (0..=k).map(move |l| (k, l)));
        let blocks = blocks.map(|(k, l)| vec![T::ZERO; width(k) * width(l)]).collect();
        Gram { side, panel, blocks, cut: vec![Vec::new(); panels] }
    }

    fn width(&self, k: usize) -> usize {
        self.panel.min(self.side - k * self.panel)
    }

    /// Adds rows held one after another.
    pub(super) fn add(&mut self, rows: &[T]) {
        if self.side == 0 {
            return;
        }
        if let [whole] = self.blocks.as_mut_slice() {
            let rows = Rows::of(rows, self.side);
            return gemm(whole, rows.t(), rows, true);
        }
        self.cut.iter_mut().for_each(Vec::clear);
        for row in rows.chunks_exact(self.side) {
            self.cut
                .iter_mut()
                .zip(row.chunks(self.panel))
                .for_each(|(cut, part)| cut.extend_from_slice(part));
        }
        let mut at = 0;
        for k in 0..self.cut.len() {
            for l in 0..=k {
                let (left, right) =
                    (Rows::of(&self.cut[k], self.width(k)), Rows::of(&self.cut[l], self.width(l)));
                gemm(&mut self.blocks[at], left.t(), right, true);
                at += 1;
            }
        }
    }
}

impl Gram<f64> {
    /// Adds the sums of another, which begins again at 0.
    pub(super) fn take<T: Real>(&mut self, other: &mut Gram<T>) {
        for (own, other) in self.blocks.iter_mut().zip(&mut other.blocks) {
            own.par_iter_mut().zip(other).with_min_len(1 << 14).for_each(|(own, other)| {
                *own += std::mem::replace(other, T::ZERO).get();
            });
        }
    }

    /// The matrix.
    pub(super) fn square(&self) -> Array2<f64> {
        let mut matrix = Array2::zeros((self.side, self.side));
        let mut at = 0;
        for k in 0..self.cut.len() {
            for l in 0..=k {
                for (index, value) in self.blocks[at].iter().enumerate() {
                    let (i, j) =
                        (k * self.panel + index / self.width(l), l * self.panel + index % self.width(l));
                    // (products leave the last bits of the two halves of a block apart)
                    if j <= i {
                        (matrix[[i, j]], matrix[[j, i]]) = (*value, *value);
                    }
                }
                at += 1;
            }
        }
        matrix
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use softbias_priors::Seed;

    #[test]
    fn panels_make_the_whole() {
        for side in [1, 5, 288, 289, 700] {
            let rows = Seed::new(side as u64).normal2(7, side);
            let mut part = Gram::<f64>::new(side);
            part.add(rows.as_slice().unwrap_or_default());
            part.add(rows.as_slice().unwrap_or_default());
            let mut sum = Gram::new(side);
            sum.take(&mut part);
            sum.take(&mut part);
            let expected = rows.t().dot(&rows) * 2.0;
            assert!((&sum.square() - &expected).iter().all(|d| d.abs() < 1e-12 * 28.0), "{side}");
        }
    }
}
