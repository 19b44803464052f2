//! The faer backend: every call is sequential with its parallelism given, so no global setting of faer is read.

use std::borrow::Cow;
use std::ops::Range;

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt::factor as llt;
use faer::linalg::evd::{self, ComputeEigenvectors};
use faer::linalg::householder;
use faer::linalg::matmul::matmul;
use faer::linalg::qr::no_pivoting::factor as qr_factor;
use faer::linalg::svd::{self, ComputeSvdVectors};
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Accum, Conj, MatMut, MatRef, Par};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2};

use super::blocked;
use super::slices::ClearRegisters;
use super::triangular::Side;
use super::tridiagonal;

pub(super) const NAME: &str = "faer";

/// faer's degree of parallelism changes how it cuts sums, hence bits; and for the few hundred columns met here its
/// thread teams cost more than they bring. Parallelism comes from the blocks that the callers cut.
const PAR: Par = Par::Seq;

/// A matrix as the backend multiplies it.
pub(super) type Mat<'a> = MatRef<'a, f64>;

/// A view held in contiguous memory: borrowed in row-major or column-major order, copied from any other layout.
pub(super) struct Operand<'a> {
    data: Cow<'a, [f64]>,
    rows: usize,
    cols: usize,
    row_major: bool,
}

impl<'a> Operand<'a> {
    pub(super) fn new(view: ArrayView2<'a, f64>) -> Self {
        let (rows, cols) = view.dim();
        let (data, row_major) = if let Some(slice) = view.to_slice() {
            (Cow::Borrowed(slice), true)
        } else if let Some(slice) = view.reversed_axes().to_slice() {
            (Cow::Borrowed(slice), false)
        } else {
            (Cow::Owned(view.iter().copied().collect()), true)
        };
        Operand { data, rows, cols, row_major }
    }

    pub(super) fn mat(&self) -> Mat<'_> {
        if self.row_major {
            MatRef::from_row_major_slice(&self.data, self.rows, self.cols)
        } else {
            MatRef::from_column_major_slice(&self.data, self.rows, self.cols)
        }
    }
}

pub(super) fn rows<'a>(a: &Mat<'a>, range: Range<usize>) -> Mat<'a> {
    a.subrows(range.start, range.len())
}

pub(super) fn transposed<'a>(a: &Mat<'a>) -> Mat<'a> {
    a.transpose()
}

/// An owned, aligned, column-major copy: what the factorizations work on, whatever the layout they were given.
fn column_major(a: ArrayView2<f64>) -> faer::Mat<f64> {
    Operand::new(a).mat().to_owned()
}

fn to_array(a: MatRef<f64>) -> Array2<f64> {
    Array2::from_shape_fn((a.nrows(), a.ncols()), |(i, j)| a[(i, j)])
}

fn to_array1(values: &Diag<f64>) -> Array1<f64> {
    values.column_vector().iter().copied().collect()
}

/// The upper trapezoid of `a`, with zeros below the diagonal.
fn upper(a: MatRef<f64>) -> Array2<f64> {
    Array2::from_shape_fn((a.nrows(), a.ncols()), |(i, j)| if i <= j { a[(i, j)] } else { 0.0 })
}

fn with_stack<T>(need: StackReq, work: impl FnOnce(&mut MemStack) -> T) -> T {
    work(MemStack::new(&mut MemBuffer::new(need)))
}

/// Writes a·b in the first columns of `out`, which has the rows of `a`.
pub(super) fn gemm_into(mut out: ArrayViewMut2<f64>, a: &Mat, b: &Mat) {
    let _clear = ClearRegisters;
    let (rows, stride) = out.dim();
    if let Some(slice) = out.as_slice_mut() {
        let out = MatMut::from_row_major_slice_mut(slice, rows, stride).subcols_mut(0, b.ncols());
        matmul(out, Accum::Replace, a, b, 1.0, PAR);
    } else {
        let mut contiguous = Array2::zeros((rows, stride));
        gemm_into(contiguous.view_mut(), a, b);
        out.assign(&contiguous);
    }
}

/// Replaces `x` by T⁻¹x for the triangle T of `tri`.
pub(super) fn solve_triangular(tri: &Mat, side: Side, mut x: ArrayViewMut2<f64>) {
    let _clear = ClearRegisters;
    let mut rhs = column_major(x.view());
    match side {
        Side::Lower => solve_lower_triangular_in_place(*tri, rhs.as_mut(), PAR),
        Side::Upper => solve_upper_triangular_in_place(*tri, rhs.as_mut(), PAR),
    }
    x.indexed_iter_mut().for_each(|((i, j), x)| *x = rhs[(i, j)]);
}

/// Replaces the lower triangle of `a` (row-major) by its Cholesky factor, in its own memory; false if a pivot is not positive.
pub(super) fn cholesky_in_place(a: &mut Array2<f64>) -> bool {
    let _clear = ClearRegisters;
    let diagonal = |mut square: MatMut<'_, f64>| {
        let n = square.nrows();
        let mut l = square.as_ref().to_owned();
        let need = llt::cholesky_in_place_scratch::<f64>(n, PAR, Default::default());
        let done = with_stack(need, |stack| {
            llt::cholesky_in_place(l.as_mut(), Default::default(), PAR, stack, Default::default())
        });
        square.copy_from_triangular_lower(&l);
        done.is_ok()
    };
    blocked::cholesky(a, diagonal).is_some()
}

pub(super) use blocked::{inverse_transposed, solve_rows, upper_times_transposed};

/// Householder vectors below the diagonal of `a`, R on and above it; returns the block coefficients.
fn factorize(mut a: MatMut<f64>) -> faer::Mat<f64> {
    let (m, n) = (a.nrows(), a.ncols());
    let block = qr_factor::recommended_block_size::<f64>(m, n);
    let mut coefficients = faer::Mat::zeros(block, m.min(n));
    let need = qr_factor::qr_in_place_scratch::<f64>(m, n, block, PAR, Default::default());
    with_stack(need, |stack| {
        qr_factor::qr_in_place(a.as_mut(), coefficients.as_mut(), PAR, stack, Default::default())
    });
    coefficients
}

/// Q (m × k) and R (k × n).
pub(super) fn thin_qr(a: ArrayView2<f64>) -> Option<(Array2<f64>, Array2<f64>)> {
    let _clear = ClearRegisters;
    let mut a = column_major(a);
    let (m, k) = (a.nrows(), a.nrows().min(a.ncols()));
    let coefficients = factorize(a.as_mut());
    let mut q = faer::Mat::identity(m, k);
    let need = householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(
        m,
        coefficients.nrows(),
        k,
    );
    with_stack(need, |stack| {
        householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
            a.as_ref().subcols(0, k),
            coefficients.as_ref(),
            Conj::No,
            q.as_mut(),
            PAR,
            stack,
        );
    });
    Some((to_array(q.as_ref()), upper(a.as_ref().subrows(0, k))))
}

/// R (k × n) and the first k rows of Qᵀb (k × p).
pub(super) fn qr_apply(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Option<(Array2<f64>, Array2<f64>)> {
    let _clear = ClearRegisters;
    let (mut a, mut b) = (column_major(a), column_major(b));
    let (m, k) = (a.nrows(), a.nrows().min(a.ncols()));
    let coefficients = factorize(a.as_mut());
    if b.ncols() > 0 {
        let need = householder::apply_block_householder_sequence_transpose_on_the_left_in_place_scratch::<f64>(
            m,
            coefficients.nrows(),
            b.ncols(),
        );
        with_stack(need, |stack| {
            householder::apply_block_householder_sequence_transpose_on_the_left_in_place_with_conj(
                a.as_ref().subcols(0, k),
                coefficients.as_ref(),
                Conj::No,
                b.as_mut(),
                PAR,
                stack,
            );
        });
    }
    Some((upper(a.as_ref().subrows(0, k)), to_array(b.as_ref().subrows(0, k))))
}

/// U (m × k), descending singular values (k) and Vᵀ (k × n).
pub(super) fn thin_svd(a: ArrayView2<f64>) -> Option<(Array2<f64>, Array1<f64>, Array2<f64>)> {
    let _clear = ClearRegisters;
    let (m, n) = a.dim();
    let k = m.min(n);
    let (mut u, mut s, mut v) = (faer::Mat::zeros(m, k), Diag::zeros(k), faer::Mat::zeros(n, k));
    let thin = ComputeSvdVectors::Thin;
    let need = svd::svd_scratch::<f64>(m, n, thin, thin, PAR, Default::default());
    let a = Operand::new(a);
    with_stack(need, |stack| {
        let vectors = (Some(u.as_mut()), Some(v.as_mut()));
        svd::svd(a.mat(), s.as_mut(), vectors.0, vectors.1, PAR, stack, Default::default())
    })
    .ok()?;
    Some((to_array(u.as_ref()), to_array1(&s), to_array(v.as_ref().transpose())))
}

/// Descending singular values (k).
pub(super) fn singular_values(a: ArrayView2<f64>) -> Option<Array1<f64>> {
    let _clear = ClearRegisters;
    let (m, n) = a.dim();
    let mut s = Diag::zeros(m.min(n));
    let none = ComputeSvdVectors::No;
    let need = svd::svd_scratch::<f64>(m, n, none, none, PAR, Default::default());
    let a = Operand::new(a);
    with_stack(need, |stack| svd::svd(a.mat(), s.as_mut(), None, None, PAR, stack, Default::default()))
        .ok()?;
    Some(to_array1(&s))
}

/// Ascending eigenvalues (n) and eigenvectors in columns (n × n), from the lower triangle.
pub(super) fn eigh(a: ArrayView2<f64>) -> Option<(Array1<f64>, Array2<f64>)> {
    let _clear = ClearRegisters;
    let n = a.nrows();
    let (mut values, mut vectors) = (Diag::zeros(n), faer::Mat::zeros(n, n));
    let need = evd::self_adjoint_evd_scratch::<f64>(n, ComputeEigenvectors::Yes, PAR, Default::default());
    let a = Operand::new(a);
    with_stack(need, |stack| {
        let vectors = Some(vectors.as_mut());
        evd::self_adjoint_evd(a.mat(), values.as_mut(), vectors, PAR, stack, Default::default())
    })
    .ok()?;
    Some((to_array1(&values), to_array(vectors.as_ref())))
}

/// Ascending eigenvalues (n), from the lower triangle.
pub(super) fn eigenvalues(a: ArrayView2<f64>) -> Option<Array1<f64>> {
    let _clear = ClearRegisters;
    let n = a.nrows();
    let a = Operand::new(a);
    let mut narrow = faer::Mat::zeros(n, n);
    narrow.copy_from_triangular_lower(a.mat());
    let step = qr_factor::recommended_block_size::<f64>(n, n);
    let mut reflectors = faer::Mat::zeros(step, n.saturating_sub(1));
    let need = evd::tridiag::tridiag_in_place_scratch::<f64>(n, PAR, Default::default());
    with_stack(need, |stack| {
        let (narrow, reflectors) = (narrow.as_mut(), reflectors.as_mut());
        evd::tridiag::tridiag_in_place(narrow, reflectors, PAR, stack, Default::default());
    });
    let mut values: Array1<f64> = (0..n).map(|i| narrow[(i, i)]).collect();
    let mut beside: Vec<f64> = (1..n).map(|i| narrow[(i, i - 1)]).collect();
    tridiagonal::eigenvalues(values.as_slice_mut()?, &mut beside)?;
    Some(values)
}
