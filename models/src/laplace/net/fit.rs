//! What every structure of curvature shares: the net at its optimum, rows of Jacobians in white coordinates of scale 1, and what is asked of
//! the structure.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, Array3, ArrayView2, Axis};
use rayon::prelude::*;
use softbias_priors::math::Seed;
use softbias_priors::net::layer::Site;
use softbias_priors::net::{Net, Precision};

use super::cover::Cover;
use crate::curvature::{Lane, Roots, Seen, Show, sweep};
use crate::error::Result;
use crate::likelihood::RowLikelihood;

/// A net at the weights where it is expanded.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a, T> {
    pub(super) net: &'a Net,
    pub(super) eps: &'a [T],
    pub(super) theta: &'a [T],
}

/// Curvature H of the data in white coordinates of scale 1, without the prior.
pub(super) trait Curvature<T>: Debug + Send + Sync {
    /// I + weight · S H S factored, S the scale of every tensor's weights.
    fn factored(&self, scales: &[f64], weight: f64) -> Result<Arc<dyn Factored<T>>>;

    /// ln |M| there, and tr M⁻¹ over the weights of every tensor: all that the evidence at other scales asks for.
    fn log_det_and_traces(&self, scales: &[f64], weight: f64) -> Result<(f64, Vec<f64>)> {
        let factored = self.factored(scales, weight)?;
        Ok((factored.log_det(), factored.traces()))
    }
}

/// The posterior precision M = I + weight · S H S in white coordinates, factored.
pub(super) trait Factored<T>: Debug + Send + Sync {
    /// ln |M|.
    fn log_det(&self) -> f64;

    /// tr M⁻¹ over the covered weights of every tensor.
    fn traces(&self) -> Vec<f64>;

    /// gᵀ M⁻¹ g for one number a covered weight.
    fn inverse_square(&self, g: &[f64]) -> Result<f64>;

    /// Draws of N(0, M⁻¹), (draw × covered weight); draw k from `seed.at(k)`.
    fn draws(&self, n: usize, seed: Seed) -> Result<Array2<f64>>;

    /// J S M⁻¹ S Jᵀ of the outputs at every row of inputs, (row, output, output).
    fn covariances(&self, at: &At<'_, T>, x: &[T]) -> Result<Array3<f64>>;

    /// How many rows `covariances` should be given at a time.
    fn rows_at_once(&self, net: &Net) -> usize;
}

/// Writes the gradients of every row and copy that a site saw into rows of θ's length: row · copies + copy.
pub(super) fn write_rows<T: Precision>(
    site: &dyn Site<T>,
    seen: Seen<'_, T>,
    stride: usize,
    at: usize,
    out: &mut [T],
) {
    let Seen { x, dy, rows, copies, .. } = seen;
    let (inputs, outputs) = (x.len() / rows, dy.len() / (rows * copies));
    for copy in 0..copies {
        for row in 0..rows {
            let own = &mut out[(row * copies + copy) * stride + at..][..site.len()];
            let from = (copy * rows + row) * outputs;
            site.gradient(&x[row * inputs..][..inputs], &dy[from..][..outputs], 1, own);
        }
    }
}

impl<T: Precision> At<'_, T> {
    /// Slopes in white coordinates of scale 1 from those in θ, in place.
    pub(super) fn pull_unit(&self, slopes: &mut [T]) {
        for tensor in self.net.tensors().iter().filter(|tensor| !tensor.law.is_isotropic()) {
            let own = tensor.range();
            tensor.pull_unit(&self.eps[own.clone()], &mut slopes[own]);
        }
    }

    /// Shows sites the slopes of every output at some inputs.
    pub(super) fn outputs_back(
        &self,
        lane: &mut Lane<T>,
        x: &[T],
        visit: &mut crate::curvature::Visit<'_, T>,
    ) {
        let count = self.net.count();
        lane.run.forward(self.net, self.theta, x);
        let fill = |column: usize, _: &[T], dy: &mut [T]| {
            dy.iter_mut()
                .enumerate()
                .for_each(|(i, d)| *d = if i % count == column { T::ONE } else { T::ZERO });
        };
        sweep(lane, self.net, self.theta, (count, Show::Together), fill, visit);
    }

    /// The Jacobian of the outputs in white coordinates of scale 1, (row · outputs + output × covered weight), times the scales.
    pub(super) fn jacobian(&self, cover: &Cover, scales: &[f64], x: &[T]) -> Array2<f64> {
        let (width, count, weights) = (self.net.width(), self.net.count(), self.net.weights());
        let rows = x.len() / width;
        let mut out = vec![0.0; rows * count * cover.len()];
        let chunk = self.net.block().min(CHUNK);
        let parts = x.par_chunks(chunk * width).zip(out.par_chunks_mut((chunk * count * cover.len()).max(1)));
        parts.for_each_init(
            || (Lane::default(), Vec::new()),
            |(lane, held), (x, out)| {
                held.clear();
                held.resize(x.len() / width * count * weights, T::ZERO);
                self.outputs_back(lane, x, &mut |site, seen| {
                    write_rows(site, seen, weights, site.start(), held);
                });
                self.cut(held, cover, out);
                for row in out.chunks_exact_mut(cover.len()) {
                    row.iter_mut().zip(scales).for_each(|(j, s)| *j *= s);
                }
            },
        );
        Array2::from_shape_vec((rows * count, cover.len()), out).unwrap_or_default()
    }

    /// Covered columns of rows in θ, in white coordinates of scale 1.
    fn cut(&self, held: &mut [T], cover: &Cover, out: &mut [f64]) {
        let weights = self.net.weights();
        for (row, out) in held.chunks_exact_mut(weights).zip(out.chunks_exact_mut(cover.len())) {
            self.pull_unit(row);
            cover.select(row, out);
        }
    }

    /// Rows for which a Jacobian of all outputs stays small.
    pub(super) fn rows_of_jacobian(net: &Net) -> usize {
        ((1 << 22) / (net.count() * net.weights()).max(1)).clamp(1, 256)
    }
}

/// Rows of a Jacobian that one thread works on.
const CHUNK: usize = 32;

/// SᵀJ of some rows of data in white coordinates of scale 1, (row · columns + column × covered weight), and Σ ln p over them. In parallel.
pub(super) fn root_rows<T: Precision, L: RowLikelihood>(
    roots: &Roots<'_, T, L>,
    at: &At<'_, T>,
    cover: &Cover,
    rows: Range<usize>,
) -> (Array2<f64>, f64) {
    let (columns, weights) = (roots.columns(), at.net.weights());
    let chunk = roots.block().min(CHUNK);
    let total = rows.len() * columns;
    let mut out = vec![0.0; total * cover.len()];
    let parts = out.par_chunks_mut((chunk * columns * cover.len()).max(1)).enumerate();
    let logs: Vec<f64> = parts
        .map_init(
            || (Lane::default(), Vec::new()),
            |(lane, held), (part, out)| {
                let from = rows.start + part * chunk;
                let to = (from + chunk).min(rows.end);
                held.clear();
                held.resize((to - from) * columns * weights, T::ZERO);
                let log = roots.visit(lane, from..to, Show::Together, &mut |site, seen| {
                    write_rows(site, seen, weights, site.start(), held);
                });
                at.cut(held, cover, out);
                log
            },
        )
        .collect();
    let all = Array2::from_shape_vec((total, cover.len()), out).unwrap_or_default();
    (all, logs.iter().sum())
}

/// R Rᵀ of the `count` rows of every point.
pub(super) fn products_by_point(rows: ArrayView2<'_, f64>, count: usize) -> Array3<f64> {
    let points = rows.nrows() / count.max(1);
    let mut out = Array3::zeros((points, count, count));
    for (mut own, r) in out.axis_iter_mut(Axis(0)).zip(rows.axis_chunks_iter(Axis(0), count.max(1))) {
        for i in 0..count {
            for j in 0..=i {
                let value = r.row(i).dot(&r.row(j));
                (own[[i, j]], own[[j, i]]) = (value, value);
            }
        }
    }
    out
}
