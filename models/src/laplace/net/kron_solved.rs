//! Kronecker factors with a prior: determinants, draws and variances of predictions from the eigenvalues of both sides.

use std::sync::Arc;

use ndarray::{Array2, Array3, ArrayView1, Axis, s};
use rayon::prelude::*;
use softbias_priors::math::linalg::{self, Rows, gemm};
use softbias_priors::math::{Seed, simd};
use softbias_priors::net::layer::{MatrixSite, Site};
use softbias_priors::net::{Net, Precision};

use super::fit::{At, Curvature, Factored, write_rows};
use super::full::{Solved, normals};
use super::kron::{Block, Sited, pull_place};
use crate::curvature::{Lane, Seen};
use crate::error::Result;

/// Kronecker factors of some sites.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) blocks: Arc<Vec<Sited>>,
    /// Tensors of the net.
    pub(super) tensors: usize,
}

/// One site's share of the posterior.
#[derive(Debug)]
enum Share {
    /// Scale and data's part of the precision along every pair of eigenvectors, (output × input), and for the bias.
    Matrix {
        scale: f64,
        along: Array2<f64>,
        bias_scale: f64,
        bias: Vec<f64>,
    },
    Dense(Solved),
}

#[derive(Debug)]
struct Split {
    blocks: Arc<Vec<Sited>>,
    shares: Vec<Share>,
    tensors: usize,
    log_det: f64,
}

impl<T: Precision> Curvature<T> for Pairs {
    fn factored(&self, scales: &[f64], weight: f64) -> Result<Arc<dyn Factored<T>>> {
        let share = |sited: &Sited| match &sited.block {
            Block::Matrix { a, g, weights, bias, .. } => {
                let (scale, bias_scale) = (scales[*weights], bias.map_or(0.0, |bias| scales[bias]));
                let square = weight * scale * scale;
                let (rows, columns) = (g.values().len(), a.values().len());
                let along =
                    Array2::from_shape_fn((rows, columns), |(i, j)| square * g.values()[i] * a.values()[j]);
                let square = weight * bias_scale * bias_scale;
                let bias = bias.map_or(Vec::new(), |_| g.values().iter().map(|g| square * g).collect());
                Ok(Share::Matrix { scale, along, bias_scale, bias })
            }
            Block::Dense { h, tensors } => {
                let of_tensor = |(tensor, len): &(usize, usize)| vec![scales[*tensor]; *len];
                let all: Vec<f64> = tensors.iter().flat_map(of_tensor).collect();
                Ok(Share::Dense(Solved::new(h, all, weight)?))
            }
        };
        let shares = self.blocks.iter().map(share).collect::<Result<Vec<_>>>()?;
        let log_det = shares.iter().map(Share::log_det).sum();
        Ok(Arc::new(Split { blocks: self.blocks.clone(), shares, tensors: self.tensors, log_det }))
    }
}

impl Share {
    fn log_det(&self) -> f64 {
        match self {
            Share::Dense(solved) => solved.log_det(),
            Share::Matrix { along, bias, .. } => {
                let mut logs = along.clone();
                let all = logs.as_slice_mut().unwrap_or_default();
                simd::ln_1p(all);
                simd::sum(all) + bias.iter().map(|h| h.ln_1p()).sum::<f64>()
            }
        }
    }
}

/// What predictions need of one matrix: eigenvectors of both sides and variances along them.
struct Turned<T> {
    /// What inputs are multiplied by, (input × eigenvector).
    a: Vec<T>,
    /// What slopes are multiplied by, (output × eigenvector).
    g: Vec<T>,
    /// Posterior variances of the weights along pairs, (output × input).
    variance: Vec<T>,
    bias: Vec<T>,
}

fn narrowed<'a, T: Precision>(of: impl IntoIterator<Item = &'a f64>) -> Vec<T> {
    of.into_iter().map(|x| T::of(*x)).collect()
}

impl Split {
    fn turned<T: Precision>(&self) -> Result<Vec<Option<Turned<T>>>> {
        let of = |(sited, share): (&Sited, &Share)| {
            let (Block::Matrix { a, g, fold, .. }, Share::Matrix { scale, along, bias_scale, bias }) =
                (&sited.block, share)
            else {
                return Ok(None);
            };
            let vectors = a.vectors()?;
            let inputs = match fold {
                Some(fold) => linalg::matmul(fold.view(), vectors.view()),
                None => vectors.clone(),
            };
            let variance = |scale: f64| move |h: &f64| scale * scale / (1.0 + h);
            Ok(Some(Turned {
                a: narrowed(&inputs),
                g: narrowed(g.vectors()?),
                variance: narrowed(&along.map(variance(*scale))),
                bias: narrowed(&bias.iter().map(variance(*bias_scale)).collect::<Vec<_>>()),
            }))
        };
        self.blocks.iter().zip(&self.shares).map(of).collect()
    }
}

impl<T: Precision> Turned<T> {
    /// Adds this matrix' share of the covariances (row, output, output).
    fn add(&self, shape: MatrixSite, site: &dyn Site<T>, seen: Seen<'_, T>, out: &mut [f64]) {
        let (mut x, mut dy) = (Vec::new(), Vec::new());
        site.unfold(seen.x, seen.rows, &mut x);
        site.unfold_slopes(seen.dy, seen.rows * seen.copies, &mut dy);
        let (n, m, positions, copies) = (shape.inputs, shape.outputs, shape.positions, seen.copies);
        let mut turned_x = vec![T::ZERO; x.len()];
        gemm(&mut turned_x, Rows::of(&x, n), Rows::of(&self.a, n), false);
        let mut turned_dy = vec![T::ZERO; dy.len()];
        gemm(&mut turned_dy, Rows::of(&dy, m), Rows::of(&self.g, m), false);
        let slopes =
            |copy: usize, row: usize| &turned_dy[(copy * seen.rows + row) * positions * m..][..positions * m];
        if positions == 1 {
            // inputs and slopes are one vector each: the sum over inputs is the same for all outputs
            turned_x.iter_mut().for_each(|x| *x *= *x);
            let mut sums = vec![T::ZERO; seen.rows * m];
            gemm(&mut sums, Rows::of(&turned_x, n), Rows::of(&self.variance, n).t(), false);
            for (row, sums) in sums.chunks_exact_mut(m).enumerate() {
                sums.iter_mut().zip(&self.bias).for_each(|(sum, v)| *sum += *v);
                let own = &mut out[row * copies * copies..][..copies * copies];
                add_products(own, copies, |copy| slopes(copy, row), |i| sums[i].get());
            }
            return;
        }
        let (mut rows, mut sums) = (vec![T::ZERO; copies * m * n], vec![T::ZERO; copies * m]);
        for row in 0..seen.rows {
            let x = Rows::of(&turned_x[row * positions * n..][..positions * n], n);
            for copy in 0..copies {
                let own = slopes(copy, row);
                gemm(&mut rows[copy * m * n..][..m * n], Rows::of(own, m).t(), x, false);
                let sums = &mut sums[copy * m..][..m];
                sums.fill(T::ZERO);
                for slopes in own.chunks_exact(m) {
                    sums.iter_mut().zip(slopes).for_each(|(sum, g)| *sum += *g);
                }
            }
            let own = &mut out[row * copies * copies..][..copies * copies];
            add_products(own, copies, |copy| &rows[copy * m * n..][..m * n], |i| self.variance[i].get());
            if !self.bias.is_empty() {
                add_products(own, copies, |copy| &sums[copy * m..][..m], |i| self.bias[i].get());
            }
        }
    }
}

/// out[c, d] += Σᵢ r(c)ᵢ r(d)ᵢ w(i).
fn add_products<'a, T: Precision>(
    out: &mut [f64],
    copies: usize,
    row: impl Fn(usize) -> &'a [T],
    weight: impl Fn(usize) -> f64,
) {
    for c in 0..copies {
        for d in 0..=c {
            let pairs = row(c).iter().zip(row(d)).enumerate();
            let sum: f64 = pairs.map(|(i, (x, y))| x.get() * y.get() * weight(i)).sum();
            out[c * copies + d] += sum;
            if c != d {
                out[d * copies + c] += sum;
            }
        }
    }
}

impl<T: Precision> Factored<T> for Split {
    fn log_det(&self) -> f64 {
        self.log_det
    }

    fn traces(&self) -> Vec<f64> {
        let mut traces = vec![0.0; self.tensors];
        let left = |h: &f64| 1.0 / (1.0 + h);
        for (sited, share) in self.blocks.iter().zip(&self.shares) {
            match (&sited.block, share) {
                (Block::Matrix { weights, bias, .. }, Share::Matrix { along, bias: own, .. }) => {
                    traces[*weights] += along.iter().map(left).sum::<f64>();
                    bias.iter().for_each(|bias| traces[*bias] += own.iter().map(left).sum::<f64>());
                }
                (Block::Dense { tensors, .. }, Share::Dense(solved)) => {
                    let mut at = 0;
                    for (tensor, len) in tensors {
                        traces[*tensor] += solved.diagonal[at..at + len].iter().sum::<f64>();
                        at += len;
                    }
                }
                _ => {}
            }
        }
        traces
    }

    /// In eigenvectors of both sides, where M is diagonal.
    fn inverse_square(&self, g: &[f64]) -> Result<f64> {
        let first = self.blocks.iter().map(|sited| sited.place.start).min().unwrap_or(0);
        let mut sum = 0.0;
        for (sited, share) in self.blocks.iter().zip(&self.shares) {
            let from = sited.place.start - first;
            let own = &g[from..from + sited.place.len];
            match (&sited.block, share) {
                (Block::Matrix { a, g, site, .. }, Share::Matrix { along, bias, .. }) => {
                    let (a, g) = (a.vectors()?, g.vectors()?);
                    let (weights, biases) = own.split_at(site.outputs * site.inputs);
                    let w = Array2::from_shape_fn(along.raw_dim(), |(i, j)| weights[i * site.inputs + j]);
                    let w = linalg::matmul(linalg::matmul_tn(g.view(), w.view()).view(), a.view());
                    sum += w.iter().zip(along).map(|(w, h)| w * w / (1.0 + h)).sum::<f64>();
                    if site.bias {
                        let b = g.t().dot(&ArrayView1::from(biases));
                        sum += b.iter().zip(bias).map(|(b, h)| b * b / (1.0 + h)).sum::<f64>();
                    }
                }
                (_, Share::Dense(solved)) => sum += solved.inverse_square(own.into())?,
                _ => {}
            }
        }
        Ok(sum)
    }

    fn draws(&self, n: usize, seed: Seed) -> Result<Array2<f64>> {
        let first = self.blocks.iter().map(|sited| sited.place.start).min().unwrap_or(0);
        let len = self.blocks.iter().map(|sited| sited.place.len).sum();
        let mut z = normals(n, len, seed);
        for (sited, share) in self.blocks.iter().zip(&self.shares) {
            let from = sited.place.start - first;
            let mut own = z.slice_mut(s![.., from..from + sited.place.len]);
            match (&sited.block, share) {
                (Block::Matrix { a, g, site, .. }, Share::Matrix { along, bias, .. }) => {
                    let (a, g) = (a.vectors()?, g.vectors()?);
                    let weights = site.outputs * site.inputs;
                    for mut row in own.rows_mut() {
                        let mut w = Array2::from_shape_fn(along.raw_dim(), |(i, j)| {
                            row[i * site.inputs + j] / (1.0 + along[[i, j]]).sqrt()
                        });
                        w = linalg::matmul_nt(linalg::matmul(g.view(), w.view()).view(), a.view());
                        row.iter_mut().zip(&w).for_each(|(z, w)| *z = *w);
                        if site.bias {
                            let b: Vec<f64> = (0..site.outputs)
                                .map(|i| row[weights + i] / (1.0 + bias[i]).sqrt())
                                .collect();
                            for i in 0..site.outputs {
                                row[weights + i] = (0..site.outputs).map(|k| g[[i, k]] * b[k]).sum();
                            }
                        }
                    }
                }
                (_, Share::Dense(solved)) => {
                    let spread = solved.spread(own.t().to_owned())?;
                    own.assign(&spread.t());
                }
                _ => {}
            }
        }
        Ok(z)
    }

    fn covariances(&self, at: &At<'_, T>, x: &[T]) -> Result<Array3<f64>> {
        let turned = self.turned::<T>()?;
        let (width, count) = (at.net.width(), at.net.count());
        let rows = x.len() / width;
        let mut out = vec![0.0; rows * count * count];
        let chunk = at.net.block().min(CHUNK);
        let parts = x.par_chunks(chunk * width).zip(out.par_chunks_mut(chunk * count * count));
        let failures: Vec<Result<()>> = parts
            .map_init(Lane::default, |lane, (x, out)| {
                let mut failed = Ok(());
                at.outputs_back(lane, x, &mut |site, seen| {
                    let found = self.blocks.iter().position(|sited| sited.place.start == site.start());
                    let Some(index) = found else { return };
                    match (&turned[index], &self.shares[index], site.matrix()) {
                        (Some(turned), _, Some(shape)) => turned.add(shape, site, seen, out),
                        (_, Share::Dense(solved), _) => {
                            let more = dense_share(at, &self.blocks[index], solved, site, seen);
                            match more {
                                Ok(more) => out.iter_mut().zip(more).for_each(|(out, more)| *out += more),
                                Err(error) => failed = Err(error),
                            }
                        }
                        _ => {}
                    }
                });
                failed
            })
            .collect();
        failures.into_iter().collect::<Result<()>>()?;
        Ok(Array3::from_shape_vec((rows, count, count), out).unwrap_or_default())
    }

    fn rows_at_once(&self, _net: &Net) -> usize {
        1024
    }
}

/// Rows that one thread works on.
const CHUNK: usize = 64;

fn dense_share<T: Precision>(
    at: &At<'_, T>,
    sited: &Sited,
    solved: &Solved,
    site: &dyn Site<T>,
    seen: Seen<'_, T>,
) -> Result<Array3<f64>> {
    let len = site.len();
    let mut rows = vec![T::ZERO; seen.rows * seen.copies * len];
    write_rows(site, seen, len, 0, &mut rows);
    let rows: Vec<f64> = rows.iter().map(|j| j.get()).collect();
    let mut rows = Array2::from_shape_vec((seen.rows * seen.copies, len), rows).unwrap_or_default();
    for mut row in rows.axis_iter_mut(Axis(0)) {
        let slopes = row.as_slice_mut().unwrap_or_default();
        pull_place(at, &sited.place, slopes);
        slopes.iter_mut().zip(solved.scales()).for_each(|(j, s)| *j *= s);
    }
    Ok(super::fit::products_by_point(solved.whiten(rows)?.view(), seen.copies))
}
