//! The LAPACK backend, through ndarray-linalg.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, Axis, ShapeBuilder, Slice};
use ndarray_linalg::{
    CholeskyInto, Diag, EigValshInto, EighInto, JobSvd, Lapack, MatrixLayout, QRInto, SVDDCInto,
    SolveTriangularInto, UPLO,
};

use super::triangular::Side;

pub(super) const NAME: &str = "lapack";

/// A matrix as the backend multiplies it.
pub(super) type Mat<'a> = ArrayView2<'a, f64>;

/// A view: products take any strides.
pub(super) struct Operand<'a>(ArrayView2<'a, f64>);

impl<'a> Operand<'a> {
    pub(super) fn new(view: ArrayView2<'a, f64>) -> Self {
        Operand(view)
    }

    pub(super) fn mat(&self) -> Mat<'_> {
        self.0.view()
    }
}

pub(super) fn rows<'a>(a: &Mat<'a>, range: Range<usize>) -> Mat<'a> {
    let mut rows = *a;
    rows.slice_axis_inplace(Axis(0), Slice::from(range));
    rows
}

pub(super) fn transposed<'a>(a: &Mat<'a>) -> Mat<'a> {
    a.reversed_axes()
}

/// An owned column-major copy: the one order that LAPACK takes without transposing.
fn column_major(a: ArrayView2<f64>) -> Array2<f64> {
    let mut copy = Array2::zeros(a.dim().f());
    copy.assign(&a);
    copy
}

fn row_major(a: Array2<f64>) -> Array2<f64> {
    a.as_standard_layout().into_owned()
}

/// Writes a·b in the first columns of `out`, which has the rows of `a`.
pub(super) fn gemm_into(mut out: ArrayViewMut2<f64>, a: &Mat, b: &Mat) {
    let mut out = out.slice_axis_mut(Axis(1), Slice::from(..b.ncols()));
    general_mat_mul(1.0, a, b, 0.0, &mut out);
}

/// Replaces `x` by T⁻¹x for the triangle T of `tri`.
pub(super) fn solve_triangular(tri: &Mat, side: Side, mut x: ArrayViewMut2<f64>) {
    let uplo = match side {
        Side::Lower => UPLO::Lower,
        Side::Upper => UPLO::Upper,
    };
    match column_major(*tri).solve_triangular_into(uplo, Diag::NonUnit, column_major(x.view())) {
        Ok(solution) => x.assign(&solution),
        // The callers have ruled out every reason to fail; they look for NaN in the solution in any case.
        Err(_) => x.fill(f64::NAN),
    }
}

/// The factor L of `a` + `added`·I, or `None` if a pivot is not positive.
pub(super) fn cholesky_lower(a: ArrayView2<f64>, added: f64) -> Option<Array2<f64>> {
    if a.is_empty() {
        return Some(Array2::zeros(a.dim()));
    }
    let mut a = column_major(a);
    a.diag_mut().mapv_inplace(|x| x + added);
    a.cholesky_into(UPLO::Lower).ok().map(row_major)
}

/// Replaces the lower triangle of `a` by its Cholesky factor; false if a pivot is not positive.
pub(super) fn cholesky_in_place(a: &mut Array2<f64>) -> bool {
    match cholesky_lower(a.view(), 0.0) {
        Some(l) => a.assign(&l),
        None => return false,
    }
    true
}

/// U = L⁻ᵀ for the lower triangle of `l`, with zeros below.
pub(super) fn inverse_transposed(l: &Array2<f64>) -> Array2<f64> {
    let mut inverse = Array2::eye(l.nrows());
    solve_triangular(&l.view(), Side::Lower, inverse.view_mut());
    row_major(inverse.reversed_axes())
}

/// Replaces every row b of `b` by L⁻¹b.
pub(super) fn solve_rows(l: &Array2<f64>, b: &mut Array2<f64>) {
    solve_triangular(&l.view(), Side::Lower, b.view_mut().reversed_axes());
}

/// The lower triangle of U Uᵀ for an upper triangular `u`, into `out`.
pub(super) fn upper_times_transposed(u: &Array2<f64>, out: &mut Array2<f64>) {
    general_mat_mul(1.0, u, &u.t(), 0.0, out);
}

/// Q (m × k) and R (k × n).
pub(super) fn thin_qr(a: ArrayView2<f64>) -> Option<(Array2<f64>, Array2<f64>)> {
    let (q, r) = column_major(a).qr_into().ok()?;
    Some((row_major(q), row_major(r)))
}

/// R (k × n) and the first k rows of Qᵀb (k × p).
pub(super) fn qr_apply(a: ArrayView2<f64>, b: ArrayView2<f64>) -> Option<(Array2<f64>, Array2<f64>)> {
    let ((m, n), p) = (a.dim(), b.ncols());
    let k = m.min(n);
    if p > n {
        // Triangularizing a wide right-hand side as below would cost more than forming Q.
        let (q, r) = thin_qr(a)?;
        let mut qtb = Array2::zeros((k, p));
        general_mat_mul(1.0, &q.t(), &b, 0.0, &mut qtb);
        return Some((r, qtb));
    }
    // Only the reflections of the first n columns touch the first k rows of the triangle of [a b] = Q·[R Qᵀb].
    let mut joined = Array2::zeros((m, n + p).f());
    joined.slice_axis_mut(Axis(1), Slice::from(..n)).assign(&a);
    joined.slice_axis_mut(Axis(1), Slice::from(n..)).assign(&b);
    let layout = MatrixLayout::F { col: i32::try_from(n + p).ok()?, lda: i32::try_from(m).ok()? };
    f64::householder(layout, joined.as_slice_memory_order_mut()?).ok()?;
    let r = Array2::from_shape_fn((k, n), |(i, j)| if i <= j { joined[[i, j]] } else { 0.0 });
    let qtb = Array2::from_shape_fn((k, p), |(i, j)| joined[[i, n + j]]);
    Some((r, qtb))
}

/// U (m × k), descending singular values (k) and Vᵀ (k × n).
pub(super) fn thin_svd(a: ArrayView2<f64>) -> Option<(Array2<f64>, Array1<f64>, Array2<f64>)> {
    let (u, s, vt) = column_major(a).svddc_into(JobSvd::Some).ok()?;
    Some((row_major(u?), s, row_major(vt?)))
}

/// Descending singular values (k).
pub(super) fn singular_values(a: ArrayView2<f64>) -> Option<Array1<f64>> {
    Some(column_major(a).svddc_into(JobSvd::None).ok()?.1)
}

/// Ascending eigenvalues (n) and eigenvectors in columns (n × n), from the lower triangle.
pub(super) fn eigh(a: ArrayView2<f64>) -> Option<(Array1<f64>, Array2<f64>)> {
    let (values, vectors) = column_major(a).eigh_into(UPLO::Lower).ok()?;
    Some((values, row_major(vectors)))
}

/// Ascending eigenvalues (n), from the lower triangle.
pub(super) fn eigenvalues(a: ArrayView2<f64>) -> Option<Array1<f64>> {
    column_major(a).eigvalsh_into(UPLO::Lower).ok()
}
