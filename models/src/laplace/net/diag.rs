//! Curvature as its diagonal.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array2, Array3, Axis};
use softbias_priors::math::Seed;
use softbias_priors::math::linalg::{Rows, gemm};
use softbias_priors::net::layer::Site;
use softbias_priors::net::{Net, Precision};

use super::cover::Cover;
use super::error::NetLaplaceError;
use super::fit::{At, Curvature, Factored, products_by_point};
use super::full::normals;
use crate::curvature::{Lane, Roots, Seen, Show, in_parts};
use crate::error::Result;
use crate::likelihood::RowLikelihood;

/// Sums of one part of the rows.
struct Memory<T> {
    lane: Lane<T>,
    /// Σ over rows and columns of squared slopes of every weight.
    sum: Vec<T>,
    /// Where a matrix's weights begin, and Σ over the columns so far of squared slopes at its outputs.
    slopes: Vec<(usize, Vec<T>)>,
    squares: Vec<T>,
    log: f64,
}

impl<T: Precision> Memory<T> {
    fn add(&mut self, site: &dyn Site<T>, seen: Seen<'_, T>) {
        let own = &mut self.sum[site.start()..site.start() + site.len()];
        let Some(shape) = site.matrix().filter(|shape| shape.plain) else {
            return site.squares(seen.x, seen.dy, seen.rows, own);
        };
        // (Σ over columns of dy²)ᵀ x²: one product, whatever the number of columns
        let index = self.slopes.iter().position(|(start, _)| *start == site.start()).unwrap_or_else(|| {
            self.slopes.push((site.start(), Vec::new()));
            self.slopes.len() - 1
        });
        let slopes = &mut self.slopes[index].1;
        if seen.first {
            slopes.clear();
            slopes.extend(seen.dy.iter().map(|g| *g * *g));
        } else {
            slopes.iter_mut().zip(seen.dy).for_each(|(sum, g)| *sum += *g * *g);
        }
        if seen.last {
            self.squares.clear();
            self.squares.extend(seen.x.iter().map(|x| *x * *x));
            let (weights, bias) = own.split_at_mut(shape.inputs * shape.outputs);
            let of_inputs = Rows::of(&self.squares, shape.inputs);
            gemm(weights, Rows::of(slopes, shape.outputs).t(), of_inputs, true);
            if shape.bias {
                slopes
                    .chunks_exact(shape.outputs)
                    .for_each(|row| bias.iter_mut().zip(row).for_each(|(b, g)| *b += *g));
            }
        }
    }
}

/// Σ over rows and columns of squared slopes of every weight, one product a layer; with Σ ln p over the rows.
pub(super) fn diagonal<T: Precision, L: RowLikelihood>(
    roots: &Roots<'_, T, L>,
    at: &At<'_, T>,
    cover: &Arc<Cover>,
) -> Result<(f64, Arc<dyn Curvature<T>>)> {
    let covered = at.net.tensors().iter().zip(cover.tensors()).filter(|(_, own)| !own.is_empty());
    if let Some((tensor, _)) = covered.clone().find(|(tensor, _)| tensor.law.is_correlated()) {
        return Err(NetLaplaceError::Law {
            tensor: tensor.name.clone(),
            structure: "diagonal",
            needs: "weights that are independent in the prior",
            instead: "`NetLaplace::full`, `kron` or `low_rank(k)`",
        }
        .into());
    }
    let weights = at.net.weights();
    let wanted = |own: &Range<usize>| covered.clone().any(|(tensor, _)| own.contains(&tensor.start));
    let fresh = || Memory {
        lane: Lane::default(),
        sum: vec![T::ZERO; weights],
        slopes: Vec::new(),
        squares: Vec::new(),
        log: 0.0,
    };
    let on = |memory: &mut Memory<T>, rows: Range<usize>| {
        let mut lane = std::mem::take(&mut memory.lane);
        memory.log = roots.visit(&mut lane, rows, Show::Each, &mut |site, seen| {
            if wanted(&(site.start()..site.start() + site.len())) {
                memory.add(site, seen);
            }
        });
        memory.lane = lane;
    };
    let (mut h, mut log) = (vec![0.0; weights], 0.0);
    in_parts(roots.target.data().len(), weights, fresh, on, |memory| {
        log += memory.log;
        h.iter_mut().zip(&mut memory.sum).for_each(|(h, own)| *h += std::mem::replace(own, T::ZERO).get());
    });
    // the slope of θ in ε at scale 1, squared
    let mut slopes = vec![T::ONE; weights];
    at.pull_unit(&mut slopes);
    h.iter_mut().zip(&slopes).for_each(|(h, slope)| *h *= slope.get() * slope.get());
    let mut own = vec![0.0; cover.len()];
    cover.select(&h, &mut own);
    Ok((log, Arc::new(Diagonal { h: Arc::new(own), cover: cover.clone() })))
}

#[derive(Debug)]
struct Diagonal {
    h: Arc<Vec<f64>>,
    cover: Arc<Cover>,
}

impl<T: Precision> Curvature<T> for Diagonal {
    fn factored(&self, scales: &[f64], weight: f64) -> Result<Arc<dyn Factored<T>>> {
        let scales = self.cover.scales(scales);
        let precision: Vec<f64> = self.h.iter().zip(&scales).map(|(h, s)| weight * s * s * h).collect();
        if precision.iter().any(|m| !m.is_finite()) {
            return Err(NetLaplaceError::NotFinite { what: "the curvature" }.into());
        }
        Ok(Arc::new(Alone { precision, scales, cover: self.cover.clone() }))
    }
}

#[derive(Debug)]
struct Alone {
    /// What the data add to the precision of every white coordinate.
    precision: Vec<f64>,
    scales: Vec<f64>,
    cover: Arc<Cover>,
}

impl<T: Precision> Factored<T> for Alone {
    fn log_det(&self) -> f64 {
        self.precision.iter().map(|h| h.ln_1p()).sum()
    }

    fn traces(&self) -> Vec<f64> {
        self.cover.sums(|weight| 1.0 / (1.0 + self.precision[weight]))
    }

    fn inverse_square(&self, g: &[f64]) -> Result<f64> {
        Ok(g.iter().zip(&self.precision).map(|(g, h)| g * g / (1.0 + h)).sum())
    }

    fn draws(&self, n: usize, seed: Seed) -> Result<Array2<f64>> {
        let mut z = normals(n, self.cover.len(), seed);
        for mut row in z.axis_iter_mut(Axis(0)) {
            row.iter_mut().zip(&self.precision).for_each(|(z, h)| *z /= (1.0 + h).sqrt());
        }
        Ok(z)
    }

    fn covariances(&self, at: &At<'_, T>, x: &[T]) -> Result<Array3<f64>> {
        let sds: Vec<f64> =
            self.scales.iter().zip(&self.precision).map(|(s, h)| s / (1.0 + h).sqrt()).collect();
        Ok(products_by_point(at.jacobian(&self.cover, &sds, x).view(), at.net.count()))
    }

    fn rows_at_once(&self, net: &Net) -> usize {
        At::<T>::rows_of_jacobian(net)
    }
}
