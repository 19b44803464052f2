//! Matrix products, cut into blocks by shape alone so that threads never change a bit of the result.

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Slice};

use super::backend::{self, Mat, Operand};

/// Multiply-adds below which a product stays on the calling thread (about half a millisecond of work).
const PARALLEL_WORK: usize = 1 << 23;

/// Whether `rows·inner·cols` multiply-adds are worth sharing between threads.
pub(super) fn is_large(rows: usize, inner: usize, cols: usize) -> bool {
    rows.saturating_mul(inner).saturating_mul(cols) >= PARALLEL_WORK
}

/// Size of the blocks that `len` rows or columns are cut into: about eight blocks, none thinner than a kernel likes.
pub(super) fn block_size(len: usize) -> usize {
    len.div_ceil(8).next_multiple_of(16).max(32)
}

/// Runs `work(first row, block)` on every block of rows of `out`, in parallel if `large`.
fn for_each_row_block(out: &mut Array2<f64>, large: bool, work: impl Fn(usize, ArrayViewMut2<f64>) + Sync) {
    let block = block_size(out.nrows());
    let mut chunks = out.axis_chunks_iter_mut(Axis(0), block);
    if large {
        chunks.into_par_iter().enumerate().for_each(|(i, chunk)| work(i * block, chunk));
    } else {
        chunks.by_ref().enumerate().for_each(|(i, chunk)| work(i * block, chunk));
    }
}

fn product(a: &Mat, b: &Mat) -> Array2<f64> {
    let (m, k, n) = (a.nrows(), a.ncols(), b.ncols());
    let mut out = Array2::zeros((m, n));
    if m == 0 || k == 0 || n == 0 {
        return out;
    }
    let large = is_large(m, k, n);
    if large && m < n {
        // Blocks are cut from rows: give them the longer side.
        let transposed = product(&backend::transposed(b), &backend::transposed(a));
        out.assign(&transposed.t());
    } else if large {
        for_each_row_block(&mut out, true, |start, chunk| {
            let rows = backend::rows(a, start..start + chunk.nrows());
            backend::gemm_into(chunk, &rows, b);
        });
    } else {
        backend::gemm_into(out.view_mut(), a, b);
    }
    out
}

/// `a · b`, of shape (m × k)·(k × n) = (m × n). Cost: 2mkn flops.
///
/// # Panics
///
/// If `a` does not have as many columns as `b` has rows.
pub fn matmul(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Array2<f64> {
    assert_eq!(
        a.ncols(),
        b.nrows(),
        "matmul: the columns of a {:?} must match the rows of b {:?}",
        a.dim(),
        b.dim()
    );
    product(&Operand::new(a).mat(), &Operand::new(b).mat())
}

/// `aᵀ · b`, of shape (k × m)ᵀ·(k × n) = (m × n), without a transposed copy. Cost: 2mkn flops.
///
/// # Panics
///
/// If `a` and `b` have different numbers of rows.
pub fn matmul_tn(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Array2<f64> {
    assert_eq!(a.nrows(), b.nrows(), "matmul_tn: a {:?} and b {:?} must have as many rows", a.dim(), b.dim());
    matmul(a.reversed_axes(), b)
}

/// `a · bᵀ`, of shape (m × k)·(n × k)ᵀ = (m × n), without a transposed copy. Cost: 2mkn flops.
///
/// # Panics
///
/// If `a` and `b` have different numbers of columns.
pub fn matmul_nt(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Array2<f64> {
    assert_eq!(
        a.ncols(),
        b.ncols(),
        "matmul_nt: a {:?} and b {:?} must have as many columns",
        a.dim(),
        b.dim()
    );
    matmul(a, b.reversed_axes())
}

/// `a · aᵀ` for `a` of shape (m × k): an (m × m) matrix, exactly symmetric. Cost: little more than m²k flops.
pub fn syrk(a: ArrayView2<f64>) -> Array2<f64> {
    let (m, k) = a.dim();
    let mut out = Array2::zeros((m, m));
    if m == 0 || k == 0 {
        return out;
    }
    let a = Operand::new(a);
    let a = a.mat();
    for_each_row_block(&mut out, is_large(m, k, m), |start, chunk| {
        let end = start + chunk.nrows();
        let left = backend::transposed(&backend::rows(&a, 0..end));
        backend::gemm_into(chunk, &backend::rows(&a, start..end), &left);
    });
    // A block row ends at its diagonal block: the rest is the mirror image, which also makes symmetry exact.
    for i in 0..m {
        for j in 0..i {
            out[[j, i]] = out[[i, j]];
        }
    }
    out
}

/// `aᵀ · a` for `a` of shape (k × m): an (m × m) matrix, exactly symmetric. Cost: little more than m²k flops.
pub fn syrk_t(a: ArrayView2<f64>) -> Array2<f64> {
    syrk(a.reversed_axes())
}

/// Writes the symmetric matrix f(i, j, lowerᵢⱼ), i ≥ j, of which `lower` holds the lower triangle. In parallel, tile by tile: `out`
/// is another matrix, so that no entry waits for another. Cost: a few passes over memory.
///
/// # Panics
///
/// If the matrices are not square of one size.
pub fn symmetric_from_lower(
    lower: ArrayView2<f64>,
    out: &mut Array2<f64>,
    f: impl Fn(usize, usize, f64) -> f64 + Sync,
) {
    let n = lower.nrows();
    assert_eq!(lower.dim(), (n, n), "symmetric_from_lower: a square matrix");
    assert_eq!(out.dim(), (n, n), "symmetric_from_lower: the result has the same shape");
    const SIDE: usize = 32;
    out.axis_chunks_iter_mut(Axis(0), SIDE).into_par_iter().enumerate().for_each(|(chunk, mut rows)| {
        let top = chunk * SIDE;
        for (i, mut row) in rows.rows_mut().into_iter().enumerate() {
            let i = top + i;
            let known = row.iter_mut().zip(lower.row(i)).enumerate().take(i + 1);
            known.for_each(|(j, (out, value))| *out = f(i, j, *value));
        }
        for left in (top..n).step_by(SIDE) {
            for j in left..(left + SIDE).min(n) {
                let column = lower.row(j);
                for i in top..(top + rows.nrows()).min(j) {
                    rows[[i - top, j]] = f(j, i, column[i]);
                }
            }
        }
    });
}

/// `L · b` for the lower triangle L of the square matrix `l` (n × n) and `b` (n × p): an (n × p) matrix.
///
/// Entries above the diagonal of `l` are not read. Cost: little more than n²p flops.
///
/// # Panics
///
/// If `l` is not square or does not have as many rows as `b`.
pub fn trmm_lower(l: ArrayView2<f64>, b: ArrayView2<f64>) -> Array2<f64> {
    let (n, p) = b.dim();
    assert_eq!(l.dim(), (n, n), "trmm_lower: l must be square with the rows of b {:?}", b.dim());
    let mut out = Array2::zeros((n, p));
    if n == 0 || p == 0 {
        return out;
    }
    let b = Operand::new(b);
    let b = b.mat();
    for_each_row_block(&mut out, is_large(n, n, p), |start, chunk| {
        let end = start + chunk.nrows();
        let mut row_block =
            l.slice_axis(Axis(0), Slice::from(start..end)).slice_axis(Axis(1), Slice::from(..end)).to_owned();
        for (i, mut row) in row_block.rows_mut().into_iter().enumerate() {
            row.slice_axis_mut(Axis(0), Slice::from(start + i + 1..)).fill(0.0);
        }
        backend::gemm_into(chunk, &Operand::new(row_block.view()).mat(), &backend::rows(&b, 0..end));
    });
    out
}
