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
    features: Vec<T>,
    weighted: Vec<T>,
    /// Sums by output: feature × (output from this one on, feature).
    sums: Vec<Vec<T>>,
    log: f64,
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
    let fresh = || Memory {
        lane: Lane::default(),
        features: Vec::new(),
        weighted: Vec::new(),
        sums: (0..count).map(|c| vec![T::ZERO; f * (count - c) * f]).collect(),
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
                features.clear();
                for x in seen.x.chunks_exact(inputs) {
                    features.extend_from_slice(x);
                    features.extend(bias.then_some(T::ONE));
                }
            });
            for (c, sum) in sums.iter_mut().enumerate() {
                weighted.clear();
                for (a, curvature) in features.chunks_exact(f).zip(curvatures.chunks_exact(count * count)) {
                    for of in &curvature[c * count + c..(c + 1) * count] {
                        let of = T::of(*of);
                        weighted.extend(a.iter().map(|a| of * *a));
                    }
                }
                let right = Rows::of(weighted.as_slice(), (count - c) * f);
                gemm(sum, Rows::of(features.as_slice(), f).t(), right, true);
            }
            log
        });
    };
    let mut totals: Vec<Vec<f64>> = (0..count).map(|c| vec![0.0; f * (count - c) * f]).collect();
    let mut log = 0.0;
    in_parts(roots.target.data().len(), p * p / 2, fresh, on, |memory| {
        log += memory.log;
        totals.par_iter_mut().zip(&mut memory.sums).for_each(|(total, own)| {
            total.iter_mut().zip(own).for_each(|(t, own)| *t += std::mem::replace(own, T::ZERO).get());
        });
    });
    // W row by row, then the bias
    let weight = |c: usize, i: usize| if i < inputs { c * inputs + i } else { count * inputs + c };
    let mut h = Array2::zeros((p, p));
    for (c, total) in totals.iter().enumerate() {
        for d in c..count {
            for i in 0..f {
                for j in 0..f {
                    let value = total[(i * (count - c) + d - c) * f + j];
                    let (row, column) = (weight(c, i), weight(d, j));
                    (h[[row, column]], h[[column, row]]) = (value, value);
                }
            }
        }
    }
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
