//! Cholesky factorization of symmetric positive definite matrices, with optional jitter.

use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Slice};

use super::triangular::{Side, solve_unchecked};
use super::{LinalgError, backend, ensure_finite, ensure_shape, symmetric_from_lower};

const STAGE: &str = "cholesky";

/// What is added to the diagonal before a Cholesky factorization, relative to the mean of the diagonal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// Nothing: the matrix is factorized as it is, or not at all.
    None,
    /// This fraction of the mean diagonal, always.
    Relative(f64),
    /// Nothing if that works; otherwise `first`, and ten times more at each failure, up to `last` included.
    Escalating {
        /// The first fraction of the mean diagonal that is tried after nothing failed.
        first: f64,
        /// The largest fraction that is tried.
        last: f64,
    },
}

impl Jitter {
    /// The fractions of the mean diagonal to try, in order.
    fn levels(self) -> Result<Vec<f64>, LinalgError> {
        let bad = |value| Err(LinalgError::BadJitter { stage: STAGE, value });
        match self {
            Jitter::None => Ok(vec![0.0]),
            Jitter::Relative(level) if level.is_finite() && level >= 0.0 => Ok(vec![level]),
            Jitter::Relative(level) => bad(level),
            Jitter::Escalating { first, .. } if !(first.is_finite() && first > 0.0) => bad(first),
            Jitter::Escalating { first, last } if !(last.is_finite() && last >= first) => bad(last),
            Jitter::Escalating { first, last } => {
                // Repeated multiplication drifts by rounding: the slack keeps `last` itself among the levels.
                let within = |&level: &f64| level <= last * (1.0 + 1e-9);
                let steps = std::iter::successors(Some(first), |level| Some(level * 10.0));
                Ok(std::iter::once(0.0).chain(steps.take_while(within)).collect())
            }
        }
    }
}

/// The factor L of A + εI = L·Lᵀ, lower triangular, with the jitter ε that was needed.
#[derive(Clone, Debug)]
pub struct Cholesky {
    l: Array2<f64>,
    jitter: f64,
}

impl Cholesky {
    /// Factorizes the symmetric matrix `a` (n × n), of which only the lower triangle determines the factor.
    ///
    /// Cost: n³/3 flops for each level of jitter that is tried.
    ///
    /// # Errors
    ///
    /// [`LinalgError::Shape`] if `a` is not square, [`LinalgError::NotFinite`],
    /// [`LinalgError::NotPositiveDefinite`] if no level of jitter works, [`LinalgError::BadJitter`].
    pub fn new(a: ArrayView2<f64>, jitter: Jitter) -> Result<Cholesky, LinalgError> {
        ensure_shape(a.is_square(), STAGE, "the matrix must be square", &[a.shape()])?;
        ensure_finite(&a, "the matrix", STAGE)?;
        let size = a.nrows();
        let mean_diagonal = a.diag().mean().unwrap_or(0.0);
        let mut tried = 0.0;
        for level in jitter.levels()? {
            let added = level * mean_diagonal.max(0.0);
            if let Ok(cholesky) = Cholesky::in_place(a.as_standard_layout().into_owned(), added) {
                return Ok(cholesky);
            }
            tried = added;
        }
        Err(LinalgError::NotPositiveDefinite { stage: STAGE, size, jitter: tried })
    }

    /// Factorizes `a` + `added`·I in the memory of `a`, of which only the lower triangle is read: no second n × n matrix, and large ones
    /// in parallel blocks (with faer; LAPACK works on a copy).
    ///
    /// Cost: n³/3 flops.
    ///
    /// # Errors
    ///
    /// [`LinalgError::Shape`] if `a` is not square, [`LinalgError::NotPositiveDefinite`] (also for NaN on the way).
    pub fn in_place(a: Array2<f64>, added: f64) -> Result<Cholesky, LinalgError> {
        ensure_shape(a.is_square(), STAGE, "the matrix must be square", &[a.shape()])?;
        let mut l = if a.is_standard_layout() { a } else { a.as_standard_layout().into_owned() };
        let size = l.nrows();
        l.diag_mut().mapv_inplace(|d| d + added);
        // Entries near the largest number can overflow on the way; one that is not finite makes the pivot of its row so.
        if !(backend::cholesky_in_place(&mut l) && l.diag().iter().all(|d| d.is_finite() && *d > 0.0)) {
            return Err(LinalgError::NotPositiveDefinite { stage: STAGE, size, jitter: added });
        }
        l.axis_chunks_iter_mut(Axis(0), 64).into_par_iter().enumerate().for_each(|(chunk, mut rows)| {
            for (i, mut row) in rows.rows_mut().into_iter().enumerate() {
                row.slice_axis_mut(Axis(0), Slice::from(64 * chunk + i + 1..)).fill(0.0);
            }
        });
        Ok(Cholesky { l, jitter: added })
    }

    /// A factor that is known already: `l` lower triangular with zeros above the diagonal, of a matrix with `jitter` on its
    /// diagonal.
    pub fn of_factor(l: Array2<f64>, jitter: f64) -> Cholesky {
        Cholesky { l, jitter }
    }

    /// Rows of the matrix.
    pub fn dim(&self) -> usize {
        self.l.nrows()
    }

    /// The factor L (n × n), with zeros above the diagonal.
    pub fn l(&self) -> ArrayView2<'_, f64> {
        self.l.view()
    }

    /// The absolute amount that was added to the diagonal.
    pub fn jitter(&self) -> f64 {
        self.jitter
    }

    /// ln det(A + εI). Cost: n logarithms.
    pub fn log_det(&self) -> f64 {
        2.0 * self.l.diag().iter().map(|pivot| pivot.ln()).sum::<f64>()
    }

    /// (A + εI)⁻¹b for `b` (n × p). Cost: 2n²p flops.
    ///
    /// # Errors
    ///
    /// [`LinalgError::Shape`] if `b` does not have n rows, [`LinalgError::NotFinite`] for `b` or an overflow.
    pub fn solve(&self, b: ArrayView2<f64>) -> Result<Array2<f64>, LinalgError> {
        self.apply(b, "Cholesky::solve", |b| self.backward(self.forward(b).view()))
    }

    /// (A + εI)⁻¹b for one right-hand side `b` of length n. Cost: 2n² flops.
    ///
    /// # Errors
    ///
    /// As [`Cholesky::solve`].
    pub fn solve_vec(&self, b: ArrayView1<f64>) -> Result<Array1<f64>, LinalgError> {
        Ok(self.solve(b.insert_axis(Axis(1)))?.remove_axis(Axis(1)))
    }

    /// L⁻¹b for `b` (n × p): with L Lᵀ a covariance, this whitens. Cost: n²p flops.
    ///
    /// # Errors
    ///
    /// As [`Cholesky::solve`].
    pub fn solve_lower(&self, b: ArrayView2<f64>) -> Result<Array2<f64>, LinalgError> {
        self.apply(b, "Cholesky::solve_lower", |b| self.forward(b))
    }

    /// L⁻¹b for every *row* b of `rows` (p × n), in its own memory: whitened rows. Cost: n²p flops, in parallel over rows.
    ///
    /// # Errors
    ///
    /// [`LinalgError::Shape`] if the rows do not have length n, [`LinalgError::NotFinite`] for an overflow.
    pub fn whiten_rows(&self, rows: Array2<f64>) -> Result<Array2<f64>, LinalgError> {
        let stage = "Cholesky::whiten_rows";
        let rule = "the rows must be as long as the factor";
        ensure_shape(rows.ncols() == self.dim(), stage, rule, &[self.l.shape(), rows.shape()])?;
        let mut rows = if rows.is_standard_layout() { rows } else { rows.as_standard_layout().into_owned() };
        backend::solve_rows(&self.l, &mut rows);
        ensure_finite(&rows, "the solution", stage)?;
        Ok(rows)
    }

    /// L⁻ᵀb for `b` (n × p). Cost: n²p flops.
    ///
    /// # Errors
    ///
    /// As [`Cholesky::solve`].
    pub fn solve_lower_transposed(&self, b: ArrayView2<f64>) -> Result<Array2<f64>, LinalgError> {
        self.apply(b, "Cholesky::solve_lower_transposed", |b| self.backward(b))
    }

    /// (A + εI)⁻¹, exactly symmetric (n × n). Cost: 2n³/3 flops, and one more n × n matrix on the way; to apply the inverse, prefer
    /// [`Cholesky::solve`].
    pub fn inverse(&self) -> Array2<f64> {
        self.clone().into_inverse(|_, _, value| value)
    }

    /// f(i, j, (A + εI)⁻¹ᵢⱼ) for i ≥ j, mirrored: a symmetric function of the inverse, in the memory of the factor and one more n × n
    /// matrix. Cost: 2n³/3 flops.
    pub fn into_inverse(self, f: impl Fn(usize, usize, f64) -> f64 + Sync) -> Array2<f64> {
        let mut u = backend::inverse_transposed(&self.l);
        let mut lower = self.l;
        backend::upper_times_transposed(&u, &mut lower);
        symmetric_from_lower(lower.view(), &mut u, f);
        u
    }

    /// The diagonal of (A + εI)⁻¹. Cost: n³/3 flops and one n × n matrix on the way.
    pub fn inverse_diagonal(&self) -> Array1<f64> {
        backend::inverse_transposed(&self.l).map_axis(Axis(1), |row| row.dot(&row))
    }

    fn forward(&self, b: ArrayView2<f64>) -> Array2<f64> {
        solve_unchecked(self.l.view(), Side::Lower, b)
    }

    fn backward(&self, b: ArrayView2<f64>) -> Array2<f64> {
        solve_unchecked(self.l.t(), Side::Upper, b)
    }

    fn apply(
        &self,
        b: ArrayView2<f64>,
        stage: &'static str,
        solve: impl FnOnce(ArrayView2<f64>) -> Array2<f64>,
    ) -> Result<Array2<f64>, LinalgError> {
        let fits = b.nrows() == self.dim();
        let rule = "the right-hand side must have as many rows as the factor";
        ensure_shape(fits, stage, rule, &[self.l.shape(), b.shape()])?;
        ensure_finite(&b, "the right-hand side", stage)?;
        let x = solve(b);
        ensure_finite(&x, "the solution", stage)?;
        Ok(x)
    }
}
