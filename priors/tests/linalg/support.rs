//! Matrices to factorize and residuals to check, shared by the linear-algebra tests.

use ndarray::{Array1, Array2, ArrayView2, Axis, ShapeBuilder, Slice, concatenate};
use softbias_priors::math::linalg::*;

/// Sizes that meet every small kernel, and two that meet the blocked and the parallel paths.
pub(crate) fn sizes() -> impl Iterator<Item = usize> {
    (1..=70).chain([200, 520])
}

/// Uniform numbers in [-1, 1) from a fixed linear congruential generator.
pub(crate) fn random(rows: usize, cols: usize, seed: u64) -> Array2<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    Array2::from_shape_simple_fn((rows, cols), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    })
}

pub(crate) fn spd(n: usize, seed: u64) -> Array2<f64> {
    let a = random(n, n, seed);
    a.dot(&a.t()) + Array2::<f64>::eye(n) * (0.1 * n as f64)
}

pub(crate) fn lower(n: usize, seed: u64) -> Array2<f64> {
    let a = random(n, n, seed);
    Array2::from_shape_fn((n, n), |(i, j)| match i.cmp(&j) {
        std::cmp::Ordering::Greater => a[[i, j]] / n as f64,
        std::cmp::Ordering::Equal => 1.5 + a[[i, j]],
        std::cmp::Ordering::Less => 0.0,
    })
}

pub(crate) fn hilbert(n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, n), |(i, j)| 1.0 / (i + j + 1) as f64)
}

/// Orthogonally mixed diagonal from 1 down to 1e-12.
pub(crate) fn graded(n: usize) -> Array2<f64> {
    let q = qr(random(n, n, 77).view()).unwrap().q;
    let d = Array1::from_shape_fn(n, |i| 10f64.powf(-12.0 * i as f64 / (n - 1) as f64));
    let a = (&q * &d).dot(&q.t());
    (&a + &a.t()) * 0.5
}

/// Every column twice.
pub(crate) fn repeated(rows: usize, cols: usize) -> Array2<f64> {
    let half = random(rows, cols, 5);
    concatenate(Axis(1), &[half.view(), half.view()]).unwrap()
}

pub(crate) fn norm(a: &Array2<f64>) -> f64 {
    a.iter().map(|x| x * x).sum::<f64>().sqrt()
}

#[track_caller]
pub(crate) fn assert_close(left: &Array2<f64>, right: &Array2<f64>, scale: f64) {
    assert_eq!(left.dim(), right.dim());
    let size = left.nrows().max(left.ncols()).max(1) as f64;
    let difference = norm(&(left - right));
    assert!(difference <= 1e-14 * size * (scale + 1e-300), "{difference:e} apart at scale {scale:e}");
}

#[track_caller]
pub(crate) fn assert_orthonormal_columns(q: &Array2<f64>) {
    assert_close(&q.t().dot(q), &Array2::eye(q.ncols()), 1.0 + (q.nrows() as f64).sqrt());
}

#[track_caller]
pub(crate) fn assert_same_bits(left: &Array2<f64>, right: &Array2<f64>) {
    assert_eq!(left.dim(), right.dim());
    assert!(left.iter().zip(right).all(|(l, r)| l.to_bits() == r.to_bits()));
}

/// The matrix `a` in every kind of memory layout.
pub(crate) fn layouts(a: &Array2<f64>) -> Vec<(&'static str, Array2<f64>)> {
    let (m, n) = a.dim();
    let mut columns = Array2::zeros((m, n).f());
    columns.assign(a);
    let mut spaced = Array2::from_elem((2 * m, 3 * n), f64::NAN);
    spaced.slice_axis_inplace(Axis(0), Slice::new(0, None, 2));
    spaced.slice_axis_inplace(Axis(1), Slice::new(1, None, 3));
    spaced.assign(a);
    let mut padded = Array2::from_elem((m + 2, n + 3), f64::NAN);
    padded.slice_axis_inplace(Axis(0), Slice::from(1..m + 1));
    padded.slice_axis_inplace(Axis(1), Slice::from(2..n + 2));
    padded.assign(a);
    let mut reversed = Array2::zeros((m, n));
    reversed.invert_axis(Axis(0));
    reversed.invert_axis(Axis(1));
    reversed.assign(a);
    let transposed = a.t().as_standard_layout().into_owned().reversed_axes();
    vec![
        ("row-major", a.clone()),
        ("column-major", columns),
        ("strided", spaced),
        ("padded", padded),
        ("reversed", reversed),
        ("transposed", transposed),
    ]
}

pub(crate) fn check_qr(a: ArrayView2<f64>) {
    let (m, n) = a.dim();
    let k = m.min(n);
    let Qr { q, r } = qr(a).unwrap();
    assert_eq!((q.dim(), r.dim()), ((m, k), (k, n)));
    assert!(q.is_standard_layout() && r.is_standard_layout());
    let scale = norm(&a.to_owned());
    assert_close(&q.dot(&r), &a.to_owned(), scale);
    assert_orthonormal_columns(&q);
    assert!(r.indexed_iter().all(|((i, j), &x)| i <= j || x == 0.0));
    // R alone agrees through its Gram matrix, the one thing that signs cannot change.
    let alone = qr_r(a).unwrap();
    assert_eq!(alone.dim(), (k, n));
    assert_close(&alone.t().dot(&alone), &a.t().dot(&a), scale * scale);
}

pub(crate) fn check_svd(a: ArrayView2<f64>) {
    let (m, n) = a.dim();
    let k = m.min(n);
    let Svd { u, s, vt } = svd(a).unwrap();
    assert_eq!((u.dim(), s.len(), vt.dim()), ((m, k), k, (k, n)));
    assert!(u.is_standard_layout() && vt.is_standard_layout());
    assert!(s.iter().all(|&x| x >= 0.0));
    assert!(s.windows(2).into_iter().all(|pair| pair[0] >= pair[1]));
    let scale = norm(&a.to_owned());
    assert_close(&(&u * &s).dot(&vt), &a.to_owned(), scale);
    assert_orthonormal_columns(&u);
    assert_orthonormal_columns(&vt.t().to_owned());
    let alone = singular_values(a).unwrap();
    assert_close(&alone.insert_axis(Axis(1)), &s.insert_axis(Axis(1)), scale);
}

pub(crate) fn check_eigh(a: ArrayView2<f64>) {
    let Eigh { values, vectors } = eigh(a).unwrap();
    assert!(vectors.is_standard_layout());
    assert!(values.windows(2).into_iter().all(|pair| pair[0] <= pair[1]));
    assert_close(&a.dot(&vectors), &(&vectors * &values), norm(&a.to_owned()));
    assert_orthonormal_columns(&vectors);
}

pub(crate) fn check_cholesky(a: ArrayView2<f64>) {
    let n = a.nrows();
    let chol = Cholesky::new(a, Jitter::None).unwrap();
    assert_eq!((chol.dim(), chol.jitter()), (n, 0.0));
    let l = chol.l().to_owned();
    assert!(l.indexed_iter().all(|((i, j), &x)| j <= i || x == 0.0));
    assert_close(&l.dot(&l.t()), &a.to_owned(), norm(&a.to_owned()));
}
