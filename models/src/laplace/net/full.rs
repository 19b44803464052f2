//! Curvature as a full matrix over the covered weights, or as its rows where there are fewer of them than weights.

use std::sync::Arc;

use ndarray::{Array2, Array3, ArrayView1, Axis};
use softbias_priors::math::Seed;
use softbias_priors::math::linalg::{self, Cholesky};
use softbias_priors::memory;
use softbias_priors::net::{Net, Precision};

use super::by_rows::by_rows;
use super::cover::Cover;
use super::fit::{At, Curvature, Factored, products_by_point, root_rows};
use crate::curvature::Roots;
use crate::error::Result;
use crate::likelihood::RowLikelihood;

/// What to use where a full matrix is too large.
pub(super) const INSTEAD: &str =
    "use `NetLaplace::kron`, `diag`, `low_rank(k)`, `last_layer` or `subnetwork`";

/// The full curvature: P × P, or by rows if that is smaller; with Σ ln p over the rows.
pub(super) fn full<T: Precision, L: RowLikelihood>(
    roots: &Roots<'_, T, L>,
    at: &At<'_, T>,
    cover: &Arc<Cover>,
) -> Result<(f64, Arc<dyn Curvature<T>>)> {
    let (n, p) = (roots.target.data().len(), cover.len());
    let height = n * roots.columns();
    if height < p {
        let tensors = cover.tensors().len();
        memory::announce("the curvature in function space", height * tensors, height, INSTEAD)?;
        return by_rows(roots, at, cover);
    }
    memory::announce("the curvature (weight × weight)", p, p, INSTEAD)?;
    let mut h = Array2::zeros((p, p));
    let step = ((1 << 23) / (p * roots.columns()).max(1)).clamp(64, n.max(64));
    let mut log = 0.0;
    for from in (0..n).step_by(step) {
        let (b, own) = root_rows(roots, at, cover, from..(from + step).min(n));
        log += own;
        if from == 0 {
            h = linalg::syrk_t(b.view());
        } else {
            h += &linalg::syrk_t(b.view());
        }
    }
    Ok((log, Arc::new(Dense { h: Arc::new(h), cover: cover.clone() })))
}

/// H itself.
#[derive(Debug)]
pub(super) struct Dense {
    pub(super) h: Arc<Array2<f64>>,
    pub(super) cover: Arc<Cover>,
}

/// I + weight · S H S = L Lᵀ.
#[derive(Debug)]
pub(super) struct Solved {
    cholesky: Cholesky,
    /// The scale of every weight.
    scales: Vec<f64>,
    /// Diagonal of the inverse.
    pub(super) diagonal: Vec<f64>,
}

impl Solved {
    pub(super) fn new(h: &Array2<f64>, scales: Vec<f64>, weight: f64) -> Result<Solved> {
        let mut m = Array2::zeros(h.raw_dim());
        linalg::symmetric_from_lower(h.view(), &mut m, |i, j, value| weight * scales[i] * scales[j] * value);
        let cholesky = Cholesky::in_place(m, 1.0)?;
        let diagonal = cholesky.inverse_diagonal().to_vec();
        Ok(Solved { cholesky, scales, diagonal })
    }

    pub(super) fn log_det(&self) -> f64 {
        self.cholesky.log_det()
    }

    /// Columns of N(0, M⁻¹) from columns of N(0, I).
    pub(super) fn spread(&self, z: Array2<f64>) -> Result<Array2<f64>> {
        Ok(self.cholesky.solve_lower_transposed(z.view())?)
    }

    /// gᵀ M⁻¹ g.
    pub(super) fn inverse_square(&self, g: ArrayView1<'_, f64>) -> Result<f64> {
        Ok(self.whiten(g.to_owned().insert_axis(Axis(0)))?.iter().map(|r| r * r).sum())
    }

    /// Rows R with R Rᵀ = J M⁻¹ Jᵀ, from rows of J in white coordinates.
    pub(super) fn whiten(&self, j: Array2<f64>) -> Result<Array2<f64>> {
        Ok(self.cholesky.whiten_rows(j)?)
    }

    pub(super) fn scales(&self) -> &[f64] {
        &self.scales
    }
}

impl<T: Precision> Curvature<T> for Dense {
    fn factored(&self, scales: &[f64], weight: f64) -> Result<Arc<dyn Factored<T>>> {
        let solved = Solved::new(&self.h, self.cover.scales(scales), weight)?;
        Ok(Arc::new(Whole { solved, cover: self.cover.clone() }))
    }
}

#[derive(Debug)]
struct Whole {
    solved: Solved,
    cover: Arc<Cover>,
}

/// Standard normals, one row a draw.
pub(super) fn normals(n: usize, len: usize, seed: Seed) -> Array2<f64> {
    let mut z = Array2::zeros((n, len));
    for (k, mut row) in z.rows_mut().into_iter().enumerate() {
        if let Some(row) = row.as_slice_mut() {
            seed.at(k).fill_normal(row);
        }
    }
    z
}

impl<T: Precision> Factored<T> for Whole {
    fn log_det(&self) -> f64 {
        self.solved.log_det()
    }

    fn traces(&self) -> Vec<f64> {
        self.cover.sums(|weight| self.solved.diagonal[weight])
    }

    fn inverse_square(&self, g: &[f64]) -> Result<f64> {
        self.solved.inverse_square(g.into())
    }

    fn draws(&self, n: usize, seed: Seed) -> Result<Array2<f64>> {
        let z = normals(n, self.cover.len(), seed).reversed_axes();
        Ok(self.solved.spread(z)?.reversed_axes())
    }

    fn covariances(&self, at: &At<'_, T>, x: &[T]) -> Result<Array3<f64>> {
        let j = at.jacobian(&self.cover, self.solved.scales(), x);
        Ok(products_by_point(self.solved.whiten(j)?.view(), at.net.count()))
    }

    fn rows_at_once(&self, net: &Net) -> usize {
        At::<T>::rows_of_jacobian(net)
    }
}
