//! Solves with triangular matrices.

use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Slice};

use super::backend::{self, Operand};
use super::products::{block_size, is_large};
use super::{LinalgError, ensure_finite, ensure_shape};

/// The triangle of a matrix that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Lower,
    Upper,
}

/// T⁻¹b for the triangle T of `tri`, already known to be finite and to have a diagonal without zeros.
pub(super) fn solve_unchecked(tri: ArrayView2<f64>, side: Side, b: ArrayView2<f64>) -> Array2<f64> {
    let (n, p) = b.dim();
    let mut x = b.as_standard_layout().into_owned();
    if n == 0 || p == 0 {
        return x;
    }
    let tri = Operand::new(tri);
    let tri = tri.mat();
    if is_large(n, n, p) && p > 1 {
        // Right-hand sides are independent: cut them by shape alone, so that threads cannot change the bits.
        x.axis_chunks_iter_mut(Axis(1), block_size(p))
            .into_par_iter()
            .for_each(|chunk| backend::solve_triangular(&tri, side, chunk));
    } else {
        backend::solve_triangular(&tri, side, x.view_mut());
    }
    x
}

fn ensure_solvable(
    tri: ArrayView2<f64>,
    side: Side,
    rhs_shape: &[usize],
    stage: &'static str,
) -> Result<(), LinalgError> {
    let n = tri.nrows();
    let fits = tri.is_square() && rhs_shape[0] == n;
    ensure_shape(
        fits,
        stage,
        "the matrix must be square with as many rows as the right-hand side",
        &[tri.shape(), rhs_shape],
    )?;
    for (i, row) in tri.rows().into_iter().enumerate() {
        let read = match side {
            Side::Lower => Slice::from(..=i),
            Side::Upper => Slice::from(i..),
        };
        ensure_finite(&row.slice_axis(Axis(0), read), "the triangular matrix", stage)?;
    }
    match tri.diag().iter().position(|&pivot| pivot == 0.0) {
        Some(index) => Err(LinalgError::Singular { stage, index }),
        None => Ok(()),
    }
}

fn solve(
    tri: ArrayView2<f64>,
    side: Side,
    b: ArrayView2<f64>,
    stage: &'static str,
) -> Result<Array2<f64>, LinalgError> {
    ensure_solvable(tri, side, b.shape(), stage)?;
    ensure_finite(&b, "the right-hand side", stage)?;
    let x = solve_unchecked(tri, side, b);
    ensure_finite(&x, "the solution", stage)?;
    Ok(x)
}

fn solve_vec(
    tri: ArrayView2<f64>,
    side: Side,
    b: ArrayView1<f64>,
    stage: &'static str,
) -> Result<Array1<f64>, LinalgError> {
    Ok(solve(tri, side, b.insert_axis(Axis(1)), stage)?.remove_axis(Axis(1)))
}

/// L⁻¹b for the lower triangle L of `l` (n × n) and `b` (n × p). Entries above the diagonal are not read.
///
/// Cost: n²p flops.
///
/// # Errors
///
/// [`LinalgError::Shape`], [`LinalgError::NotFinite`], or [`LinalgError::Singular`] if a diagonal entry is zero.
pub fn solve_lower(l: ArrayView2<f64>, b: ArrayView2<f64>) -> Result<Array2<f64>, LinalgError> {
    solve(l, Side::Lower, b, "solve_lower")
}

/// L⁻ᵀb for the lower triangle L of `l` (n × n) and `b` (n × p). Entries above the diagonal are not read.
///
/// Cost: n²p flops.
///
/// # Errors
///
/// As [`solve_lower`].
pub fn solve_lower_transposed(l: ArrayView2<f64>, b: ArrayView2<f64>) -> Result<Array2<f64>, LinalgError> {
    solve(l.reversed_axes(), Side::Upper, b, "solve_lower_transposed")
}

/// R⁻¹b for the upper triangle R of `r` (n × n) and `b` (n × p). Entries below the diagonal are not read.
///
/// Cost: n²p flops.
///
/// # Errors
///
/// As [`solve_lower`].
pub fn solve_upper(r: ArrayView2<f64>, b: ArrayView2<f64>) -> Result<Array2<f64>, LinalgError> {
    solve(r, Side::Upper, b, "solve_upper")
}

/// R⁻ᵀb for the upper triangle R of `r` (n × n) and `b` (n × p). Entries below the diagonal are not read.
///
/// Cost: n²p flops.
///
/// # Errors
///
/// As [`solve_lower`].
pub fn solve_upper_transposed(r: ArrayView2<f64>, b: ArrayView2<f64>) -> Result<Array2<f64>, LinalgError> {
    solve(r.reversed_axes(), Side::Lower, b, "solve_upper_transposed")
}

/// L⁻¹b for one right-hand side `b` of length n; see [`solve_lower`], whose errors it shares. Cost: n² flops.
///
/// # Errors
///
/// As [`solve_lower`].
pub fn solve_lower_vec(l: ArrayView2<f64>, b: ArrayView1<f64>) -> Result<Array1<f64>, LinalgError> {
    solve_vec(l, Side::Lower, b, "solve_lower_vec")
}

/// L⁻ᵀb for one right-hand side `b` of length n; see [`solve_lower_transposed`]. Cost: n² flops.
///
/// # Errors
///
/// As [`solve_lower`].
pub fn solve_lower_transposed_vec(
    l: ArrayView2<f64>,
    b: ArrayView1<f64>,
) -> Result<Array1<f64>, LinalgError> {
    solve_vec(l.reversed_axes(), Side::Upper, b, "solve_lower_transposed_vec")
}

/// R⁻¹b for one right-hand side `b` of length n; see [`solve_upper`]. Cost: n² flops.
///
/// # Errors
///
/// As [`solve_lower`].
pub fn solve_upper_vec(r: ArrayView2<f64>, b: ArrayView1<f64>) -> Result<Array1<f64>, LinalgError> {
    solve_vec(r, Side::Upper, b, "solve_upper_vec")
}

/// R⁻ᵀb for one right-hand side `b` of length n; see [`solve_upper_transposed`]. Cost: n² flops.
///
/// # Errors
///
/// As [`solve_lower`].
pub fn solve_upper_transposed_vec(
    r: ArrayView2<f64>,
    b: ArrayView1<f64>,
) -> Result<Array1<f64>, LinalgError> {
    solve_vec(r.reversed_axes(), Side::Lower, b, "solve_upper_transposed_vec")
}
