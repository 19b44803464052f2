//! The full curvature of the last layer, from its features: one product a pair of outputs instead of rows of Jacobians.

use std::ops::Range;
use std::sync::Arc;

use ndarray::Array2;
use rayon::prelude::*;
use softbias_priors::math::linalg::{Rows, gemm};
use softbias_priors::memory;
use softbias_priors::net::Precision;

use super::cover::{Cover, Place};
use super::fit::{At, Curvature};
use super::full::Dense;
use super::kron::pull_place;
use crate::curvature::{Lane, Roots, Show, in_parts, sweep};
use crate::error::Result;
use crate::likelihood::RowLikelihood;

struct Memory<T> {
    lane: Lane<T>,
    /// By half.
    features: [Vec<T>; 2],
    weighted: Vec<T>,
    sums: Vec<Vec<T>>,
    log: f64,
}

/// Where sums stand: one for every output c and pair of halves of the features, feature × (output from c on, feature). Blocks of a pair of
/// outputs are symmetric, so that the second half need not meet the first.
struct Layout {
    count: usize,
    halves: [Range<usize>; 2],
}

/// Pairs of halves.
const PAIRS: [(usize, usize); 3] = [(0, 0), (0, 1), (1, 1)];

impl Layout {
    fn new(count: usize, features: usize) -> Layout {
        // (products of fewer are no faster)
        let half = if features < 64 { features } else { (features / 2).next_multiple_of(16) };
        Layout { count, halves: [0..half, half..features] }
    }

    fn sums<T: Precision>(&self) -> Vec<Vec<T>> {
        let len =
            |c: usize, (k, l): (usize, usize)| self.halves[k].len() * (self.count - c) * self.halves[l].len();
        (0..self.count).flat_map(|c| PAIRS.map(|pair| vec![T::ZERO; len(c, pair)])).collect()
    }

    /// Calls back with c, i, d, j and the sum there, for d ≥ c.
    fn each(&self, sums: &[Vec<f64>], mut found: impl FnMut(usize, usize, usize, usize, f64)) {
        for (c, own) in sums.chunks_exact(PAIRS.len()).enumerate() {
            for (sum, (k, l)) in own.iter().zip(PAIRS) {
                let (left, right) = (&self.halves[k], &self.halves[l]);
                let mut values = sum.iter();
                for i in left.clone() {
                    for (d, j) in (c..self.count).flat_map(|d| right.clone().map(move |j| (d, j))) {
                        values.next().into_iter().for_each(|value| found(c, i, d, j, *value));
                    }
                }
            }
        }
    }
}

/// H[(c, i), (d, j)] = Σ over rows of Λ[c, d] a_i a_j, with a 1 among the features for the bias; with Σ ln p over the rows.
pub(super) fn last_full<T: Precision, L: RowLikelihood>(
    roots: &Roots<'_, T, L>,
    at: &At<'_, T>,
    place: &Place,
    cover: &Arc<Cover>,
) -> Result<(f64, Arc<dyn Curvature<T>>)> {
    let (p, count) = (place.len, at.net.count());
    let instead = "use `NetLaplace::last_layer(Structure::Kron)` or `Structure::Diag`";
    memory::announce("the curvature of the last layer (weight × weight)", p, p, instead)?;
    // features, the constant included
    let f = p / count;
    let bias = place.matrix.is_some_and(|matrix| matrix.bias);
    let inputs = f - usize::from(bias);
    let layout = Layout::new(count, f);
    let fresh = || Memory {
        lane: Lane::default(),
        features: [Vec::new(), Vec::new()],
        weighted: Vec::new(),
        sums: layout.sums::<T>(),
        log: 0.0,
    };
    let on = |memory: &mut Memory<T>, rows: Range<usize>| {
        let Memory { lane, features, weighted, sums, log } = memory;
        *log = roots.blocks(rows, |block| {
            let log = roots.forward(lane, block.clone());
            let curvatures = curvatures(roots, lane, block.clone());
            sweep(lane, at.net, at.theta, (1, Show::Each), |_, _, dy| dy.fill(T::ZERO), &mut |site, seen| {
                if site.start() != place.start {
                    return;
                }
                features.iter_mut().for_each(Vec::clear);
                // (the constant stands at the end)
                let half = layout.halves[0].len().min(inputs);
                let last = usize::from(!layout.halves[1].is_empty());
                for x in seen.x.chunks_exact(inputs) {
                    features[0].extend_from_slice(&x[..half]);
                    features[1].extend_from_slice(&x[half..]);
                    features[last].extend(bias.then_some(T::ONE));
                }
            });
            for (c, sums) in sums.chunks_exact_mut(PAIRS.len()).enumerate() {
                for (l, half) in layout.halves.iter().enumerate().filter(|(_, half)| !half.is_empty()) {
                    weighted.clear();
                    let rows = features[l].chunks_exact(half.len());
                    for (a, curvature) in rows.zip(curvatures.chunks_exact(count * count)) {
                        for of in &curvature[c * count + c..(c + 1) * count] {
                            let of = T::of(*of);
                            weighted.extend(a.iter().map(|a| of * *a));
                        }
                    }
                    let right = Rows::of(weighted.as_slice(), (count - c) * half.len());
                    for (sum, (k, _)) in sums.iter_mut().zip(PAIRS).filter(|(_, pair)| pair.1 == l) {
                        let left = Rows::of(features[k].as_slice(), layout.halves[k].len());
                        gemm(sum, left.t(), right, true);
                    }
                }
            }
            log
        });
    };
    let mut totals = layout.sums::<f64>();
    let mut log = 0.0;
    in_parts(roots.target.data().len(), p * p * 3 / 8, fresh, on, |memory| {
        log += memory.log;
        totals.par_iter_mut().zip(&mut memory.sums).for_each(|(total, own)| {
            total.iter_mut().zip(own).for_each(|(t, own)| *t += std::mem::replace(own, T::ZERO).get());
        });
    });
    // W row by row, then the bias
    let weight = |c: usize, i: usize| if i < inputs { c * inputs + i } else { count * inputs + c };
    let mut h = Array2::zeros((p, p));
    layout.each(&totals, |c, i, d, j, value| {
        for (i, j) in [(i, j), (j, i)] {
            let (row, column) = (weight(c, i), weight(d, j));
            (h[[row, column]], h[[column, row]]) = (value, value);
        }
    });
    for _ in 0..2 {
        for mut row in h.rows_mut() {
            pull_place(at, place, row.as_slice_mut().unwrap_or_default());
        }
        h = h.t().as_standard_layout().into_owned();
    }
    Ok((log, Arc::new(Dense { h: Arc::new(h), cover: cover.clone() })))
}

/// Λ = S Sᵀ of every row, one after another.
fn curvatures<T: Precision, L: RowLikelihood>(
    roots: &Roots<'_, T, L>,
    lane: &Lane<T>,
    rows: Range<usize>,
) -> Vec<f64> {
    let (target, count) = (roots.target, roots.target.net().count());
    let mut all = vec![0.0; rows.len() * count * count];
    let mut all_columns = vec![0.0; roots.columns() * count];
    for ((row, f), own) in
        rows.zip(roots.values(lane).chunks_exact(count)).zip(all.chunks_exact_mut(count * count))
    {
        target.likelihood().roots(target.labels_of(row), f, &mut all_columns);
        for root in all_columns.chunks_exact(count) {
            for c in 0..count {
                for d in 0..count {
                    own[c * count + d] += root[c] * root[d];
                }
            }
        }
    }
    all
}
