//! Curvature H = BᵀB by its rows, where there are fewer of them than weights: the function-space form, and what Lanczos leaves.
//!
//! All that the evidence asks for is in B Bᵀ, tensor by tensor. A row of B at a matrix W with y = W x is g xᵀ, g the slopes at y, so that there
//! B Bᵀ = G Gᵀ ∘ X Xᵀ: R² (inputs + outputs) operations for R rows instead of R² · inputs · outputs, and B itself is not needed until somebody predicts
//! or draws weights.

use std::sync::{Arc, OnceLock};

use ndarray::{Array2, Array3, ArrayView1, Axis, Zip, s};
use rayon::prelude::*;
use softbias_priors::math::Seed;
use softbias_priors::math::linalg::{self, Cholesky};
use softbias_priors::memory;
use softbias_priors::net::layer::Site;
use softbias_priors::net::{Net, Precision};

use super::cover::{Cover, Place, sites};
use super::fit::{At, Curvature, Factored, products_by_point, root_rows, write_rows};
use super::full::{INSTEAD, normals};
use super::kron::pull_place;
use super::later::Later;
use crate::curvature::{Lane, Roots, Seen, Show};
use crate::error::Result;
use crate::likelihood::RowLikelihood;

/// H = Bᵀ B in white coordinates of scale 1.
#[derive(Debug)]
pub(super) struct ByRows {
    b: Arc<Later<Array2<f64>>>,
    cover: Arc<Cover>,
    /// B Bᵀ of every tensor's columns.
    grams: Vec<Array2<f64>>,
}

/// The curvature by the rows of SᵀJ; with Σ ln p over the data.
pub(super) fn by_rows<T: Precision, L: RowLikelihood>(
    roots: &Roots<'_, T, L>,
    at: &At<'_, T>,
    cover: &Arc<Cover>,
) -> Result<(f64, Arc<dyn Curvature<T>>)> {
    let n = roots.target.data().len();
    if !cover.is_all() {
        memory::announce(
            "rows of the curvature (row · column of the root × weight)",
            n * roots.columns(),
            cover.len(),
            INSTEAD,
        )?;
        let (b, log) = root_rows(roots, at, cover, 0..n);
        return Ok((log, Arc::new(ByRows::of(b, cover))));
    }
    let (grams, log) = grams(roots, at)?;
    let (target, net, held) = (roots.target.clone(), at.net.clone(), cover.clone());
    let (eps, theta) = (at.eps.to_vec(), at.theta.to_vec());
    let rows = move || {
        let (roots, at) =
            (Roots { target: &target, theta: &theta }, At { net: &net, eps: &eps, theta: &theta });
        root_rows(&roots, &at, &held, 0..n).0
    };
    Ok((log, Arc::new(ByRows { b: Arc::new(Later::new(rows)), cover: cover.clone(), grams })))
}

/// What one site's B Bᵀ is made of, for some rows of data.
#[derive(Default)]
struct Part {
    /// Inputs of a matrix, one row a row of data; for other sites the rows of B.
    x: Vec<f64>,
    /// Slopes at the outputs of a matrix, one row a row of B.
    g: Vec<f64>,
}

/// Whether the weights of a place are a matrix used once, under priors of one scale a tensor.
fn is_plain(net: &Net, place: &Place) -> bool {
    let plain = place.tensors(net).all(|tensor| net.tensors()[tensor].law.is_isotropic());
    plain && place.matrix.is_some_and(|matrix| matrix.plain)
}

impl Part {
    fn add<T: Precision>(&mut self, site: &dyn Site<T>, seen: Seen<'_, T>, plain: bool, held: &mut Vec<T>) {
        let (rows, copies) = (seen.rows, seen.copies);
        if !plain {
            held.clear();
            held.resize(rows * copies * site.len(), T::ZERO);
            write_rows(site, seen, site.len(), 0, held);
            return self.x.extend(held.iter().map(|x| x.get()));
        }
        self.x.extend(seen.x.iter().map(|x| x.get()));
        let outputs = seen.dy.len() / (rows * copies).max(1);
        for row in 0..rows {
            for copy in 0..copies {
                let own = &seen.dy[(copy * rows + row) * outputs..][..outputs];
                self.g.extend(own.iter().map(|g| g.get()));
            }
        }
    }
}

/// Rows of data of one part.
const PART: usize = 64;

/// B Bᵀ of every tensor, and Σ ln p.
fn grams<T: Precision, L: RowLikelihood>(
    roots: &Roots<'_, T, L>,
    at: &At<'_, T>,
) -> Result<(Vec<Array2<f64>>, f64)> {
    let (n, columns) = (roots.target.data().len(), roots.columns());
    let places = sites(at.net, at.theta)?;
    let plain: Vec<bool> = places.iter().map(|place| is_plain(at.net, place)).collect();
    let parts = (0..n.div_ceil(PART)).into_par_iter().map_init(
        || (Lane::default(), Vec::new()),
        |(lane, held), part| {
            let mut found: Vec<Part> = places.iter().map(|_| Part::default()).collect();
            let rows = part * PART..((part + 1) * PART).min(n);
            let log = roots.visit(lane, rows, Show::Together, &mut |site, seen| {
                if let Some(own) = places.iter().position(|place| place.start == site.start()) {
                    found[own].add(site, seen, plain[own], held);
                }
            });
            (found, log)
        },
    );
    let parts: Vec<(Vec<Part>, f64)> = parts.collect();
    let log = parts.iter().map(|(_, log)| log).sum();
    let mut grams: Vec<Array2<f64>> = vec![Array2::default((0, 0)); at.net.tensors().len()];
    let matrix = |values: Vec<f64>, rows: usize| {
        let columns = values.len() / rows.max(1);
        Array2::from_shape_vec((rows, columns), values).unwrap_or_default()
    };
    for (index, place) in places.iter().enumerate() {
        let all = |of: fn(&Part) -> &Vec<f64>| -> Vec<f64> {
            parts.iter().flat_map(|(found, _)| of(&found[index]).iter().copied()).collect()
        };
        let tensors: Vec<usize> = place.tensors(at.net).collect();
        if plain[index] {
            let (xx, gg) = (
                linalg::syrk(matrix(all(|part| &part.x), n).view()),
                linalg::syrk(matrix(all(|part| &part.g), n * columns).view()),
            );
            // (fresh pages cost as much as the products: what can be overwritten is)
            let mut weights = if columns == 1 { xx } else { spread(&xx, columns) };
            by_rows_of(&mut weights, |i, row| row.iter_mut().zip(gg.row(i)).for_each(|(x, g)| *x *= g));
            let [weight, bias @ ..] = &tensors[..] else { continue };
            grams[*weight] = weights;
            if let [bias] = bias {
                grams[*bias] = gg;
            }
        } else {
            let mut rows = matrix(all(|part| &part.x), n * columns);
            by_rows_of(&mut rows, |_, row| pull_place(at, place, row));
            for &tensor in &tensors {
                let own = &at.net.tensors()[tensor];
                let from = own.start - place.start;
                grams[tensor] = linalg::syrk(rows.slice(s![.., from..from + own.len()]));
            }
        }
    }
    Ok((grams, log))
}

/// Every number of a square matrix `columns` × `columns` times.
fn spread(of: &Array2<f64>, columns: usize) -> Array2<f64> {
    let mut out = Array2::zeros((of.nrows() * columns, of.ncols() * columns));
    by_rows_of(&mut out, |i, row| {
        row.chunks_mut(columns).zip(of.row(i / columns)).for_each(|(own, x)| own.fill(*x));
    });
    out
}

/// Shows every row with its number; in parallel.
fn by_rows_of(of: &mut Array2<f64>, each: impl Fn(usize, &mut [f64]) + Sync) {
    let width = of.ncols().max(1);
    if let Some(numbers) = of.as_slice_mut() {
        numbers.par_chunks_mut(width).enumerate().for_each(|(i, row)| each(i, row));
    }
}

impl ByRows {
    /// Of rows that are at hand.
    pub(super) fn of(b: Array2<f64>, cover: &Arc<Cover>) -> ByRows {
        let grams = cover.tensors().iter().map(|own| linalg::syrk(b.slice(s![.., own.clone()]))).collect();
        ByRows { grams, b: Arc::new(Later::of(b)), cover: cover.clone() }
    }

    /// K = I + B S² Bᵀ = L Lᵀ, with |I + S Bᵀ B S| = |K|; and tr M⁻¹ = count − s² tr(K⁻¹ B Bᵀ) of every tensor. R³ operations for R rows.
    fn solved(&self, scales: &[f64], weight: f64) -> Result<(Cholesky, Vec<f64>)> {
        let shares: Vec<f64> = scales.iter().map(|s| weight * s * s).collect();
        let height = self.grams.first().map_or(0, Array2::nrows);
        let mut k = Array2::zeros((height, height));
        by_rows_of(&mut k, |i, row| {
            for (gram, share) in self.grams.iter().zip(&shares).filter(|(gram, _)| !gram.is_empty()) {
                row.iter_mut().zip(gram.row(i)).for_each(|(k, b)| *k += share * b);
            }
        });
        let cholesky = Cholesky::in_place(k, 1.0)?;
        let inverse = cholesky.inverse();
        let product = |gram: &Array2<f64>| {
            let rows = inverse.axis_iter(Axis(0)).into_par_iter().zip(gram.axis_iter(Axis(0)));
            let sums: Vec<f64> =
                rows.map(|(a, b)| Zip::from(a).and(b).fold(0.0, |s, a, b| s + a * b)).collect();
            sums.iter().sum::<f64>()
        };
        let all = self.cover.tensors().iter().zip(&shares).zip(&self.grams);
        let traces = all.map(|((own, share), gram)| own.len() as f64 - share * product(gram)).collect();
        Ok((cholesky, traces))
    }
}

impl<T: Precision> Curvature<T> for ByRows {
    fn factored(&self, scales: &[f64], weight: f64) -> Result<Arc<dyn Factored<T>>> {
        let (cholesky, traces) = self.solved(scales, weight)?;
        let (b, cover, root) = (self.b.clone(), self.cover.clone(), weight.sqrt());
        let (white, scales) = (OnceLock::new(), cover.scales(scales));
        Ok(Arc::new(InRows { cholesky, traces, b, cover, scales, root, white }))
    }

    fn log_det_and_traces(&self, scales: &[f64], weight: f64) -> Result<(f64, Vec<f64>)> {
        let (cholesky, traces) = self.solved(scales, weight)?;
        Ok((cholesky.log_det(), traces))
    }
}

#[derive(Debug)]
struct InRows {
    cholesky: Cholesky,
    traces: Vec<f64>,
    b: Arc<Later<Array2<f64>>>,
    cover: Arc<Cover>,
    /// The scale of every weight.
    scales: Vec<f64>,
    /// √weight.
    root: f64,
    /// W = L⁻¹ B S, with M⁻¹ = I − Wᵀ W: for predictions alone.
    white: OnceLock<Array2<f64>>,
}

impl InRows {
    fn white(&self) -> Result<&Array2<f64>> {
        if let Some(white) = self.white.get() {
            return Ok(white);
        }
        let (rows, weights) = (3 * self.rows(), self.scales.len());
        memory::announce(
            "rows of the curvature (row · column of the root × weight), thrice",
            rows,
            weights,
            INSTEAD,
        )?;
        let mut scaled = self.b.get().clone();
        by_rows_of(&mut scaled, |_, row| {
            row.iter_mut().zip(&self.scales).for_each(|(b, s)| *b *= self.root * s);
        });
        let white = self.cholesky.solve_lower(scaled.view())?;
        Ok(self.white.get_or_init(|| white))
    }

    fn rows(&self) -> usize {
        self.cholesky.dim()
    }

    /// Rows of z times S.
    fn scale(&self, z: &mut Array2<f64>) {
        by_rows_of(z, |_, row| row.iter_mut().zip(&self.scales).for_each(|(z, s)| *z *= self.root * s));
    }
}

impl<T: Precision> Factored<T> for InRows {
    fn log_det(&self) -> f64 {
        self.cholesky.log_det()
    }

    fn traces(&self) -> Vec<f64> {
        self.traces.clone()
    }

    /// |g|² − |L⁻¹ B S g|².
    fn inverse_square(&self, g: &[f64]) -> Result<f64> {
        let scaled: Vec<f64> = g.iter().zip(&self.scales).map(|(g, s)| self.root * s * g).collect();
        let seen = self.b.get().dot(&ArrayView1::from(&scaled));
        let known = self.cholesky.solve_lower(seen.insert_axis(Axis(1)).view())?;
        let all: f64 = g.iter().map(|g| g * g).sum();
        Ok((all - known.iter().map(|k| k * k).sum::<f64>()).max(0.0))
    }

    /// z − S Bᵀ K⁻¹ (B S z + z′), by Matheron's rule.
    fn draws(&self, n: usize, seed: Seed) -> Result<Array2<f64>> {
        memory::announce("rows of the curvature", self.rows(), self.scales.len(), INSTEAD)?;
        let mut z = normals(n, self.cover.len(), seed);
        let mut scaled = z.clone();
        self.scale(&mut scaled);
        let mut seen = linalg::matmul_nt(scaled.view(), self.b.get().view());
        seen += &normals(n, seen.ncols(), seed.named("noise"));
        let share = self.cholesky.solve(seen.t())?;
        let mut known = linalg::matmul_tn(share.view(), self.b.get().view());
        self.scale(&mut known);
        z -= &known;
        Ok(z)
    }

    fn covariances(&self, at: &At<'_, T>, x: &[T]) -> Result<Array3<f64>> {
        let count = at.net.count();
        let j = at.jacobian(&self.cover, &self.scales, x);
        let known = linalg::matmul_nt(j.view(), self.white()?.view());
        Ok(products_by_point(j.view(), count) - products_by_point(known.view(), count))
    }

    fn rows_at_once(&self, net: &Net) -> usize {
        At::<T>::rows_of_jacobian(net)
    }
}
