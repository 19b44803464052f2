//! Least squares without a prior: the hard, unregularised fit that soft biases are compared with. A point estimate: no evidence.

use ndarray::{Array1, Array2};
use softbias_priors::math::linalg;
use softbias_priors::{Points, Weights, memory};

use crate::data::Data;
use crate::error::Result;

/// Least squares on the features of a linear family; of minimum norm (in the unscaled basis) where there are many solutions.
///
/// Scales are not used, except that a feature of scale 0 is left out. Singular values below `n·ε` of the largest count as zero,
/// as in LAPACK's `gelsd`.
#[derive(Clone, Debug)]
pub struct LeastSquares<W> {
    weights: W,
    coefficients: Array2<f64>,
    rank: usize,
    residual_variance: Array1<f64>,
}

impl<W: Weights> LeastSquares<W> {
    /// Fits; O(n p min(n, p)).
    ///
    /// # Errors
    /// When the points do not fit, or the design matrix is over the memory limit.
    pub fn fit(weights: W, data: &Data) -> Result<LeastSquares<W>> {
        memory::announce(
            "a design matrix (row × feature)",
            data.len(),
            weights.dim(),
            "use fewer features or rows",
        )?;
        let live = weights.scales().mapv(|s| f64::from(u8::from(s > 0.0)));
        let basis = weights.basis(data.points())? * &live;
        let svd = linalg::svd(basis.view())?;
        let top = svd.s.first().copied().unwrap_or(0.0);
        let tolerance = top * f64::EPSILON * basis.nrows().max(basis.ncols()) as f64;
        let inverse = svd.s.mapv(|s| if s > tolerance { 1.0 / s } else { 0.0 });
        let rank = svd.s.iter().filter(|s| **s > tolerance).count();
        let mut projected = linalg::matmul_tn(svd.u.view(), data.labels().view());
        for (mut row, factor) in projected.rows_mut().into_iter().zip(&inverse) {
            row *= *factor;
        }
        let coefficients = linalg::matmul_tn(svd.vt.view(), projected.view());
        let residual = data.labels() - &linalg::matmul(basis.view(), coefficients.view());
        let freedom = data.len().saturating_sub(rank).max(1) as f64;
        let residual_variance = residual.map_axis(ndarray::Axis(0), |column| column.dot(&column) / freedom);
        Ok(LeastSquares { weights, coefficients, rank, residual_variance })
    }

    /// Fitted values, (point, output).
    ///
    /// # Errors
    /// When the points do not fit.
    pub fn predict(&self, x: &Points) -> Result<Array2<f64>> {
        Ok(linalg::matmul(self.weights.basis(x)?.view(), self.coefficients.view()))
    }

    /// Coefficients of the unscaled basis, (feature, output).
    #[must_use]
    pub fn coefficients(&self) -> &Array2<f64> {
        &self.coefficients
    }

    /// Numerical rank of the design.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Residual variance of each output, with n − rank degrees of freedom (at least 1).
    #[must_use]
    pub fn residual_variance(&self) -> &Array1<f64> {
        &self.residual_variance
    }
}
