//! Orthogonal factorizations: QR, singular values, symmetric eigenvalues.

use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};

use super::{LinalgError, backend, ensure_finite, ensure_shape};

/// Thin QR factorization A = Q·R of an (m × n) matrix, with k = min(m, n).
#[derive(Clone, Debug)]
pub struct Qr {
    /// Orthonormal columns (m × k).
    pub q: Array2<f64>,
    /// Upper triangular or trapezoidal (k × n), zero below the diagonal; diagonal entries have either sign.
    pub r: Array2<f64>,
}

/// Thin singular value decomposition A = U·diag(s)·Vᵀ of an (m × n) matrix, with k = min(m, n).
#[derive(Clone, Debug)]
pub struct Svd {
    /// Left singular vectors in columns (m × k).
    pub u: Array2<f64>,
    /// Singular values, descending (k).
    pub s: Array1<f64>,
    /// Right singular vectors in rows (k × n).
    pub vt: Array2<f64>,
}

/// Eigendecomposition A = V·diag(λ)·Vᵀ of a symmetric (n × n) matrix.
#[derive(Clone, Debug)]
pub struct Eigh {
    /// Eigenvalues, ascending (n).
    pub values: Array1<f64>,
    /// Orthonormal eigenvectors in columns, in the order of the values (n × n).
    pub vectors: Array2<f64>,
}

/// Thin Householder QR of `a` (m × n), tall or wide, of any rank.
///
/// Cost: 4mnk − 4k³/3 flops or so for tall matrices, half of which form Q; see [`qr_r`] and [`qr_apply`] to save it.
///
/// # Errors
///
/// [`LinalgError::NotFinite`] for the input or an overflow.
pub fn qr(a: ArrayView2<f64>) -> Result<Qr, LinalgError> {
    const STAGE: &str = "qr";
    ensure_finite(&a, "the matrix", STAGE)?;
    let size = a.nrows().min(a.ncols());
    if size == 0 {
        return Ok(Qr { q: Array2::zeros((a.nrows(), 0)), r: Array2::zeros((0, a.ncols())) });
    }
    let (q, r) = backend::thin_qr(a).ok_or(LinalgError::NoConvergence { stage: STAGE, size })?;
    ensure_finite(&r, "the factor R", STAGE)?;
    Ok(Qr { q, r })
}

/// The factor R (k × n) of the thin QR of `a` (m × n), k = min(m, n), without Q.
///
/// Rows of R are defined up to sign, and need not have the signs of [`qr`]'s. Cost: 2mn² − 2n³/3 flops for m ≥ n;
/// very tall matrices are reduced block by block, in parallel.
///
/// # Errors
///
/// [`LinalgError::NotFinite`] for the input or an overflow.
pub fn qr_r(a: ArrayView2<f64>) -> Result<Array2<f64>, LinalgError> {
    const STAGE: &str = "qr_r";
    ensure_finite(&a, "the matrix", STAGE)?;
    let nothing = Array2::zeros((a.nrows(), 0));
    Ok(reduce(a, nothing.view(), STAGE)?.0)
}

/// R (n × n) and the first n rows of Qᵀb (n × p), for `a` (m × n, m ≥ n) and `b` (m × p), without forming Q.
///
/// The two are enough for least squares: ‖ax − b‖ is minimal where R·x = Qᵀb. Cost: 2mn² + 4mnp flops; very tall
/// matrices are reduced block by block, in parallel.
///
/// # Errors
///
/// [`LinalgError::Shape`] if m < n or the rows differ, [`LinalgError::NotFinite`] for the inputs or an overflow.
pub fn qr_apply(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Result<(Array2<f64>, Array2<f64>), LinalgError> {
    const STAGE: &str = "qr_apply";
    let shapes = [a.shape(), b.shape()];
    ensure_shape(a.nrows() == b.nrows(), STAGE, "both matrices must have as many rows", &shapes)?;
    ensure_shape(
        a.nrows() >= a.ncols(),
        STAGE,
        "the matrix must have at least as many rows as columns",
        &shapes,
    )?;
    ensure_finite(&a, "the matrix", STAGE)?;
    ensure_finite(&b, "the right-hand side", STAGE)?;
    reduce(a, b, STAGE)
}

/// Triangularizes `a` and carries `b` along: R (k × n) and the first k rows of Qᵀb (k × p).
fn reduce(
    a: ArrayView2<f64>,
    b: ArrayView2<f64>,
    stage: &'static str,
) -> Result<(Array2<f64>, Array2<f64>), LinalgError> {
    let (m, n) = a.dim();
    let p = b.ncols();
    let size = m.min(n);
    if size == 0 {
        return Ok((Array2::zeros((0, n)), Array2::zeros((0, p))));
    }
    // Tall matrices are cut into blocks of rows whose triangles are stacked and reduced again (TSQR): blocks fit the
    // cache and run in parallel, and as their size follows from the shape the result does not depend on threads.
    // At eight columns' worth of rows the second round is an eighth of the work.
    let block = (8 * n).max(1024);
    if m < 2 * block {
        let (r, qtb) = backend::qr_apply(a, b).ok_or(LinalgError::NoConvergence { stage, size })?;
        ensure_finite(&r, "the factor R", stage)?;
        ensure_finite(&qtb, "the rotated right-hand side", stage)?;
        return Ok((r, qtb));
    }
    let parts: Vec<_> = (0..m.div_ceil(block))
        .into_par_iter()
        .map(|i| {
            let rows = Slice::from(i * block..m.min((i + 1) * block));
            reduce(a.slice_axis(Axis(0), rows), b.slice_axis(Axis(0), rows), stage)
        })
        .collect::<Result<_, _>>()?;
    let height = parts.iter().map(|(r, _)| r.nrows()).sum();
    let (mut triangles, mut rotated) = (Array2::zeros((height, n)), Array2::zeros((height, p)));
    let mut start = 0;
    for (r, qtb) in &parts {
        let rows = Slice::from(start..start + r.nrows());
        triangles.slice_axis_mut(Axis(0), rows).assign(r);
        rotated.slice_axis_mut(Axis(0), rows).assign(qtb);
        start += r.nrows();
    }
    reduce(triangles.view(), rotated.view(), stage)
}

/// Thin singular value decomposition of `a` (m × n). Cost: of the order of 14mn² + 8n³ flops for m ≥ n.
///
/// # Errors
///
/// [`LinalgError::NotFinite`] for the input or an overflow, [`LinalgError::NoConvergence`].
pub fn svd(a: ArrayView2<f64>) -> Result<Svd, LinalgError> {
    const STAGE: &str = "svd";
    ensure_finite(&a, "the matrix", STAGE)?;
    let (m, n) = a.dim();
    let size = m.min(n);
    if size == 0 {
        return Ok(Svd { u: Array2::zeros((m, 0)), s: Array1::zeros(0), vt: Array2::zeros((0, n)) });
    }
    let (u, s, vt) = backend::thin_svd(a).ok_or(LinalgError::NoConvergence { stage: STAGE, size })?;
    ensure_finite(&s, "the vector of singular values", STAGE)?;
    Ok(Svd { u, s, vt })
}

/// Singular values of `a` (m × n), descending (min(m, n) of them). Cost: 4mn² flops or so for m ≥ n.
///
/// # Errors
///
/// As [`svd`].
pub fn singular_values(a: ArrayView2<f64>) -> Result<Array1<f64>, LinalgError> {
    const STAGE: &str = "singular_values";
    ensure_finite(&a, "the matrix", STAGE)?;
    let a = if a.nrows() < a.ncols() { a.reversed_axes() } else { a };
    let (m, size) = a.dim();
    if size == 0 {
        return Ok(Array1::zeros(0));
    }
    let values = if m >= 2 * size {
        // R has the singular values of a, and is reduced to them for much less.
        let (r, _) = reduce(a, Array2::zeros((m, 0)).view(), STAGE)?;
        backend::singular_values(r.view())
    } else {
        backend::singular_values(a)
    };
    let values = values.ok_or(LinalgError::NoConvergence { stage: STAGE, size })?;
    ensure_finite(&values, "the vector of singular values", STAGE)?;
    Ok(values)
}

/// Eigenvalues and eigenvectors of the symmetric matrix `a` (n × n), of which only the lower triangle is read.
///
/// Cost: of the order of 9n³ flops.
///
/// # Errors
///
/// [`LinalgError::Shape`] if `a` is not square, [`LinalgError::NotFinite`] for the lower triangle or an overflow,
/// [`LinalgError::NoConvergence`].
pub fn eigh(a: ArrayView2<f64>) -> Result<Eigh, LinalgError> {
    const STAGE: &str = "eigh";
    ensure_shape(a.is_square(), STAGE, "the matrix must be square", &[a.shape()])?;
    let size = a.nrows();
    for (i, row) in a.axis_iter(Axis(0)).enumerate() {
        ensure_finite(&row.slice_axis(Axis(0), Slice::from(..=i)), "the lower triangle", STAGE)?;
    }
    if size == 0 {
        return Ok(Eigh { values: Array1::zeros(0), vectors: Array2::zeros((0, 0)) });
    }
    let (values, vectors) = backend::eigh(a).ok_or(LinalgError::NoConvergence { stage: STAGE, size })?;
    ensure_finite(&values, "the vector of eigenvalues", STAGE)?;
    Ok(Eigh { values, vectors })
}

/// Ascending eigenvalues of the symmetric matrix `a` (n × n), of which only the lower triangle is read.
///
/// Cost: of the order of 4n³/3 flops.
///
/// # Errors
///
/// As [`eigh`].
pub fn eigenvalues(a: ArrayView2<f64>) -> Result<Array1<f64>, LinalgError> {
    const STAGE: &str = "eigenvalues";
    ensure_shape(a.is_square(), STAGE, "the matrix must be square", &[a.shape()])?;
    let size = a.nrows();
    for (i, row) in a.axis_iter(Axis(0)).enumerate() {
        ensure_finite(&row.slice_axis(Axis(0), Slice::from(..=i)), "the lower triangle", STAGE)?;
    }
    if size == 0 {
        return Ok(Array1::zeros(0));
    }
    let values = backend::eigenvalues(a).ok_or(LinalgError::NoConvergence { stage: STAGE, size })?;
    ensure_finite(&values, "the vector of eigenvalues", STAGE)?;
    Ok(values)
}
