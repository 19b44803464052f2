//! Cholesky factor and inverse of large matrices in their own memory, cut into blocks of rows by shape alone (faer backend).

use faer::linalg::matmul::matmul;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::Array2;
use rayon::prelude::*;

use super::slices::ClearRegisters;

/// Columns that are finished at a time, and rows that one task computes.
const BLOCK: usize = 128;
const ROWS: usize = 64;

fn rows_mut(chunk: &mut [f64], width: usize) -> MatMut<'_, f64> {
    let rows = chunk.len() / width;
    MatMut::from_row_major_slice_mut(chunk, rows, width)
}

/// A copy of rows `from..to`, columns `left..right`, of a row-major matrix.
fn copied(all: &[f64], width: usize, (from, to): (usize, usize), (left, right): (usize, usize)) -> Vec<f64> {
    (from..to).flat_map(|i| all[i * width + left..i * width + right].iter().copied()).collect()
}

/// Replaces the lower triangle of `a` by its Cholesky factor L, in place; `None` if a pivot is not positive. What is above the
/// diagonal is neither read nor kept. Cost: n³/3 flops, and a block of columns beside `a`.
pub(super) fn cholesky(a: &mut Array2<f64>, diagonal: impl Fn(MatMut<'_, f64>) -> bool) -> Option<()> {
    let n = a.nrows();
    let all = a.as_slice_mut()?;
    for k in (0..n).step_by(BLOCK) {
        let end = (k + BLOCK).min(n);
        let size = end - k;
        // Columns k..end of every row below, minus what the finished columns explain.
        let panel = copied(all, n, (k, end), (0, k));
        let panel = MatRef::from_row_major_slice(&panel, size, k);
        let below = &mut all[k * n..];
        if k > 0 {
            below.par_chunks_mut(ROWS * n).for_each(|chunk| {
                let _clear = ClearRegisters;
                let (left, right) = rows_mut(chunk, n).split_at_col_mut(k);
                let right = right.subcols_mut(0, size);
                matmul(right, Accum::Add, left.as_ref(), panel.transpose(), -1.0, Par::Seq);
            });
        }
        let (square, below) = below.split_at_mut(size * n);
        let mut square = rows_mut(square, n).subcols_mut(k, size);
        if !diagonal(square.as_mut()) {
            return None;
        }
        let factor = square.as_ref().to_owned();
        below.par_chunks_mut(ROWS * n).for_each(|chunk| {
            let _clear = ClearRegisters;
            let part = rows_mut(chunk, n).subcols_mut(k, size);
            solve_lower_triangular_in_place(factor.as_ref(), part.transpose_mut(), Par::Seq);
        });
    }
    Some(())
}

/// Replaces every row b of some rows of `n` columns by L⁻¹b, where the rows are 0 before column `first`.
fn solve_chunk(l: MatRef<'_, f64>, rows: &mut [f64], first: usize) {
    let _clear = ClearRegisters;
    let n = l.nrows();
    for k in (first..n).step_by(BLOCK) {
        let size = BLOCK.min(n - k);
        let (left, right) = rows_mut(rows, n).split_at_col_mut(k);
        let mut right = right.subcols_mut(0, size);
        if k > first {
            let done = left.as_ref().subcols(first, k - first);
            let row = l.submatrix(k, first, size, k - first);
            matmul(right.as_mut(), Accum::Add, done, row.transpose(), -1.0, Par::Seq);
        }
        solve_lower_triangular_in_place(l.submatrix(k, k, size, size), right.transpose_mut(), Par::Seq);
    }
}

/// Replaces every row b of `b` by L⁻¹b. Cost: n² flops a row; blocks of rows are independent of each other.
pub(super) fn solve_rows(l: &Array2<f64>, b: &mut Array2<f64>) {
    let n = l.nrows();
    let (Some(l), Some(all)) = (l.as_slice(), b.as_slice_mut()) else {
        return;
    };
    if n == 0 {
        return;
    }
    let l = MatRef::from_row_major_slice(l, n, n);
    all.par_chunks_mut(ROWS * n).for_each(|rows| solve_chunk(l, rows, 0));
}

/// U = L⁻ᵀ, upper triangular with zeros below, for the lower triangle of `l`: the rows of the identity, solved. Cost: n³/3 flops.
pub(super) fn inverse_transposed(l: &Array2<f64>) -> Array2<f64> {
    let n = l.nrows();
    let mut u = Array2::zeros((n, n));
    if n == 0 {
        return u;
    }
    let (Some(l), Some(all)) = (l.as_slice(), u.as_slice_mut()) else {
        return u;
    };
    let l = MatRef::from_row_major_slice(l, n, n);
    all.par_chunks_mut(ROWS * n).enumerate().for_each(|(chunk, rows)| {
        let first = chunk * ROWS;
        (0..rows.len() / n).for_each(|i| rows[i * n + first + i] = 1.0);
        solve_chunk(l, rows, first);
    });
    u
}

/// The lower triangle of U Uᵀ for an upper triangular `u`, into `out` (above the diagonal: anything). Cost: n³/3 flops.
pub(super) fn upper_times_transposed(u: &Array2<f64>, out: &mut Array2<f64>) {
    let n = u.nrows();
    if n == 0 {
        return;
    }
    let (Some(u), Some(all)) = (u.as_slice(), out.as_slice_mut()) else {
        return;
    };
    let u = MatRef::from_row_major_slice(u, n, n);
    all.par_chunks_mut(ROWS * n).enumerate().for_each(|(chunk, rows)| {
        let _clear = ClearRegisters;
        let first = chunk * ROWS;
        let end = first + rows.len() / n;
        let out = rows_mut(rows, n).subcols_mut(0, end);
        let left = u.submatrix(first, first, end - first, n - first);
        let right = u.submatrix(0, first, end, n - first);
        matmul(out, Accum::Replace, left, right.transpose(), 1.0, Par::Seq);
    });
}
