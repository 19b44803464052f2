//! Products of matrices held in plain slices, in f32 or f64, on the calling thread: what networks are made of.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// Clears the upper halves of the vector registers when it is dropped.
///
/// Some of faer's kernels (small products, QR, eigenvalues) return with them in use, and on processors with AVX-512 every scalar
/// instruction of the thread then waits for them: `exp` took a hundred times as long after a product of 4093 × 9 by 9 × 10. A
/// function compiled for wide vectors that uses them clears them as it returns.
pub(super) struct ClearRegisters;

impl Drop for ClearRegisters {
    fn drop(&mut self) {
        faer::traits::pulp::Arch::new().dispatch(|| {
            let mut wide = std::hint::black_box([0.5; 16]);
            wide.iter_mut().for_each(|x| *x *= *x);
            std::hint::black_box(&wide);
        });
    }
}

/// A matrix held row by row in a slice, or the transpose of one.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T> {
    data: &'a [T],
    rows: usize,
    cols: usize,
    /// From one row to the next.
    stride: usize,
    transposed: bool,
}

impl<'a, T> Rows<'a, T> {
    /// The matrix whose rows of `cols` numbers each follow one another in the slice.
    #[must_use]
    pub fn of(data: &'a [T], cols: usize) -> Rows<'a, T> {
        Rows { data, rows: data.len().checked_div(cols).unwrap_or(0), cols, stride: cols, transposed: false }
    }

    /// Its transpose, without a copy.
    #[must_use]
    pub fn t(self) -> Rows<'a, T> {
        Rows { transposed: !self.transposed, ..self }
    }

    /// Some of its columns, without a copy.
    ///
    /// # Panics
    /// If there are not so many, or it is a transpose.
    #[must_use]
    pub fn columns(self, range: std::ops::Range<usize>) -> Rows<'a, T> {
        assert!(range.end <= self.cols && !self.transposed, "columns {range:?} of {}", self.cols);
        Rows { data: self.data.get(range.start..).unwrap_or_default(), cols: range.len(), ..self }
    }

    fn shape(&self) -> (usize, usize) {
        if self.transposed { (self.cols, self.rows) } else { (self.rows, self.cols) }
    }
}

/// Numbers of which matrices can be multiplied: f32 and f64.
pub trait Multiplies: Sized {
    /// See [`gemm`].
    #[doc(hidden)]
    fn gemm(out: &mut [Self], a: Rows<'_, Self>, b: Rows<'_, Self>, add: bool);
}

/// Below this many multiply-adds loops are faster than a call.
const SMALL: usize = 1024;

macro_rules! multiplies {
    ($($number:ty),*) => {$(
        impl Multiplies for $number {
            fn gemm(out: &mut [$number], a: Rows<'_, $number>, b: Rows<'_, $number>, add: bool) {
                let ((m, k), (inner, n)) = (a.shape(), b.shape());
                assert!(k == inner && out.len() == m * n, "gemm: {m}×{k} by {inner}×{n} into {}", out.len());
                if m * n == 0 || k == 0 || m * n * k <= SMALL {
                    return small(out, a, b, add);
                }
                let _clear = ClearRegisters;
                let left = MatRef::from_row_major_slice_with_stride(a.data, a.rows, a.cols, a.stride);
                let right = MatRef::from_row_major_slice_with_stride(b.data, b.rows, b.cols, b.stride);
                matmul(
                    MatMut::from_row_major_slice_mut(out, m, n),
                    if add { Accum::Add } else { Accum::Replace },
                    if a.transposed { left.transpose() } else { left },
                    if b.transposed { right.transpose() } else { right },
                    1.0,
                    Par::Seq,
                );
            }
        }
    )*};
}

multiplies!(f32, f64);

fn small<T: Copy + Default + std::ops::Mul<Output = T> + std::ops::AddAssign>(
    out: &mut [T],
    a: Rows<'_, T>,
    b: Rows<'_, T>,
    add: bool,
) {
    let ((m, k), (_, n)) = (a.shape(), b.shape());
    if !add {
        out.fill(T::default());
    }
    if out.is_empty() {
        return;
    }
    for i in 0..m {
        let row = &mut out[i * n..(i + 1) * n];
        for l in 0..k {
            let left = if a.transposed { a.data[l * a.stride + i] } else { a.data[i * a.stride + l] };
            if b.transposed {
                let column = b.data[l..].iter().step_by(b.stride);
                row.iter_mut().zip(column).for_each(|(out, right)| *out += left * *right);
            } else {
                let right = &b.data[l * b.stride..][..n];
                row.iter_mut().zip(right).for_each(|(out, right)| *out += left * *right);
            }
        }
    }
}

/// `out = a · b`, or `out += a · b` if `add`, row by row. On the calling thread: callers share work between threads by rows.
///
/// # Panics
/// If the shapes do not fit.
pub fn gemm<T: Multiplies>(out: &mut [T], a: Rows<'_, T>, b: Rows<'_, T>, add: bool) {
    T::gemm(out, a, b, add);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_every_size_and_orientation() {
        let value = |i: usize| ((i * 7919 + 13) % 101) as f64 / 50.0 - 1.0;
        for (m, k, n) in [(1, 1, 1), (3, 4, 5), (17, 30, 9), (64, 50, 33), (0, 3, 2), (4, 0, 3), (4, 3, 0)] {
            let (a, b): (Vec<f64>, Vec<f64>) =
                ((0..m * k).map(value).collect(), (0..k * n).map(|i| value(i + 7)).collect());
            let turned = |x: &[f64], rows: usize, cols: usize| -> Vec<f64> {
                (0..rows * cols).map(|i| x[(i % rows) * cols + i / rows]).collect()
            };
            let exact: Vec<f64> =
                (0..m * n).map(|at| (0..k).map(|l| a[(at / n) * k + l] * b[l * n + at % n]).sum()).collect();
            let (at, bt) = (turned(&a, m, k), turned(&b, k, n));
            let (plain_a, plain_b) = (
                Rows { data: &a, rows: m, cols: k, stride: k, transposed: false },
                Rows { data: &b, rows: k, cols: n, stride: n, transposed: false },
            );
            let (other_a, other_b) = (
                Rows { data: &at, rows: k, cols: m, stride: m, transposed: true },
                Rows { data: &bt, rows: n, cols: k, stride: k, transposed: true },
            );
            for left in [plain_a, other_a] {
                for right in [plain_b, other_b] {
                    let mut out = vec![1.0; m * n];
                    gemm(&mut out, left, right, true);
                    assert!(out.iter().zip(&exact).all(|(x, y)| (x - y - 1.0).abs() < 1e-12));
                    gemm(&mut out, left, right, false);
                    assert!(out.iter().zip(&exact).all(|(x, y)| (x - y).abs() < 1e-12));
                }
            }
        }
    }
}
