//! The linear-algebra door: residuals, closed forms, layouts, errors and reproducibility, for either backend.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "linalg/edges.rs"]
mod edges;
#[path = "linalg/support.rs"]
mod support;

use ndarray::{Array1, Array2, Axis, array};
use softbias_priors::math::linalg::*;

use support::*;

#[test]
fn products_agree_with_ndarray() {
    for n in sizes() {
        let (a, b) = (random(n, n / 2 + 3, 1), random(n / 2 + 3, n + 1, 2));
        let scale = norm(&a) * norm(&b);
        let expected = a.dot(&b);
        assert_close(&matmul(a.view(), b.view()), &expected, scale);
        assert_close(&matmul_tn(a.t().as_standard_layout().view(), b.view()), &expected, scale);
        assert_close(&matmul_nt(a.view(), b.t().as_standard_layout().view()), &expected, scale);
        for (gram, expected) in [(syrk(a.view()), a.dot(&a.t())), (syrk_t(a.view()), a.t().dot(&a))] {
            assert_close(&gram, &expected, norm(&a).powi(2));
            assert_same_bits(&gram, &gram.t().to_owned());
        }
        let mut l = lower(n, 3);
        let b = random(n, 7, 4);
        let expected = l.dot(&b);
        l.indexed_iter_mut().filter(|((i, j), _)| j > i).for_each(|(_, x)| *x = f64::NAN);
        assert_close(&trmm_lower(l.view(), b.view()), &expected, norm(&b) * 3.0);
    }
}

#[test]
fn large_products_of_every_aspect() {
    for (m, k, n) in [(1000, 100, 90), (90, 100, 1000), (151, 5000, 151), (300, 300, 300), (3, 900, 4000)] {
        let (a, b) = (random(m, k, 1), random(k, n, 2));
        assert_close(&matmul(a.view(), b.view()), &a.dot(&b), norm(&a) * norm(&b));
    }
    let (l, b) = (lower(400, 5), random(400, 300, 6));
    assert_close(&trmm_lower(l.view(), b.view()), &l.dot(&b), norm(&b) * 3.0);
    assert_close(&solve_lower(l.view(), l.dot(&b).view()).unwrap(), &b, 10.0 * norm(&b));
}

#[test]
fn qr_and_svd_on_random_matrices() {
    for n in sizes() {
        for (m, n) in [(n, n), (2 * n + 1, n), (n, n + 5)] {
            let a = random(m, n, (m * n) as u64);
            check_qr(a.view());
            check_svd(a.view());
        }
    }
}

#[test]
fn eigh_and_cholesky_on_random_matrices() {
    for n in sizes() {
        let a = random(n, n, n as u64);
        check_eigh((&a + &a.t()).view());
        check_cholesky(spd(n, n as u64).view());
    }
}

#[test]
fn ill_conditioned_matrices() {
    for a in [
        hilbert(12),
        graded(40),
        graded(3),
        Array2::zeros((5, 5)),
        Array2::eye(30),
        array![[1e-60, 0.0], [0.0, 1e60]],
    ] {
        check_svd(a.view());
        check_eigh(a.view());
        check_qr(a.view());
    }
    check_cholesky(hilbert(10).view());
    let diagonal = Array2::from_diag(&Array1::from_shape_fn(13, |i| 10f64.powi(-(i as i32))));
    check_cholesky(diagonal.view());
    let values = singular_values(diagonal.view()).unwrap();
    assert!(values.iter().zip(diagonal.diag()).all(|(s, d)| (s - d).abs() <= 1e-15));
}

#[test]
fn rank_deficient_matrices() {
    for (rows, cols) in [(30, 4), (6, 10), (300, 60), (3000, 5)] {
        let a = repeated(rows, cols);
        check_qr(a.view());
        check_svd(a.view());
        let s = singular_values(a.view()).unwrap();
        assert!(s.iter().skip(cols).all(|&x| x <= 1e-12 * s[0]));
    }
    let gram = syrk_t(repeated(30, 4).view());
    match Cholesky::new(gram.view(), Jitter::None) {
        Ok(chol) => assert_close(&chol.l().dot(&chol.l().t()), &gram, norm(&gram)),
        Err(error) => {
            assert_eq!(error, LinalgError::NotPositiveDefinite { stage: "cholesky", size: 8, jitter: 0.0 })
        }
    }
}

#[test]
fn jitter_is_added_and_reported() {
    let ones = Array2::from_elem((6, 6), 2.0);
    let failed = Cholesky::new((&ones - &Array2::<f64>::eye(6)).view(), Jitter::None).unwrap_err();
    assert_eq!(failed, LinalgError::NotPositiveDefinite { stage: "cholesky", size: 6, jitter: 0.0 });
    assert!(failed.to_string().contains("6×6"));

    let relative = Cholesky::new(ones.view(), Jitter::Relative(1e-3)).unwrap();
    assert_eq!(relative.jitter(), 2e-3);
    let expected = &ones + &(Array2::<f64>::eye(6) * 2e-3);
    assert_close(&relative.l().dot(&relative.l().t()), &expected, norm(&expected));

    // Eigenvalue -1 and mean diagonal 1: levels up to 1 fail, 10 works.
    let indefinite = &ones - &Array2::<f64>::eye(6);
    let escalated = Cholesky::new(indefinite.view(), Jitter::Escalating { first: 1e-2, last: 1e2 }).unwrap();
    assert!((escalated.jitter() - 10.0).abs() < 1e-12);
    let expected = &indefinite + &(Array2::<f64>::eye(6) * escalated.jitter());
    assert_close(&escalated.l().dot(&escalated.l().t()), &expected, norm(&expected));
    let refused =
        Cholesky::new(indefinite.view(), Jitter::Escalating { first: 1e-3, last: 1e-1 }).unwrap_err();
    let LinalgError::NotPositiveDefinite { jitter, .. } = refused else { panic!("{refused}") };
    assert!((jitter - 0.1).abs() < 1e-12);

    // A matrix that needs no jitter gets none.
    let plain = Cholesky::new(spd(9, 1).view(), Jitter::Escalating { first: 1e-10, last: 1e-4 }).unwrap();
    assert_eq!(plain.jitter(), 0.0);

    for jitter in [
        Jitter::Relative(-1.0),
        Jitter::Relative(f64::NAN),
        Jitter::Escalating { first: 0.0, last: 1.0 },
        Jitter::Escalating { first: 1.0, last: f64::INFINITY },
    ] {
        assert!(matches!(Cholesky::new(ones.view(), jitter), Err(LinalgError::BadJitter { .. })));
    }
    let zero = Cholesky::new(Array2::zeros((3, 3)).view(), Jitter::Relative(0.1)).unwrap_err();
    assert_eq!(zero, LinalgError::NotPositiveDefinite { stage: "cholesky", size: 3, jitter: 0.0 });
}

#[test]
fn cholesky_solves() {
    for n in sizes() {
        let a = spd(n, n as u64);
        let chol = Cholesky::new(a.view(), Jitter::None).unwrap();
        let x = random(n, 3, 8);
        let scale = 100.0 * norm(&x);
        assert_close(&chol.solve(a.dot(&x).view()).unwrap(), &x, scale);
        let column = chol.solve_vec(a.dot(&x).column(1)).unwrap();
        assert_close(&column.insert_axis(Axis(1)), &x.column(1).insert_axis(Axis(1)).to_owned(), scale);
        let l = chol.l().to_owned();
        assert_close(&chol.solve_lower(l.dot(&x).view()).unwrap(), &x, scale);
        assert_close(&chol.solve_lower_transposed(l.t().dot(&x).view()).unwrap(), &x, scale);
        let inverse = chol.inverse();
        assert_same_bits(&inverse, &inverse.t().to_owned());
        assert_close(&inverse.dot(&a), &Array2::eye(n), 100.0 * (n as f64).sqrt());
    }
}

#[test]
fn triangular_solves() {
    for n in sizes() {
        let mut l = lower(n, n as u64);
        let x = random(n, 4, 9);
        let (lx, ltx) = (l.dot(&x), l.t().dot(&x));
        // Entries outside the triangle are never read.
        l.indexed_iter_mut().filter(|((i, j), _)| j > i).for_each(|(_, x)| *x = f64::NAN);
        let r = l.t().as_standard_layout().into_owned();
        let scale = 100.0 * norm(&x);
        assert_close(&solve_lower(l.view(), lx.view()).unwrap(), &x, scale);
        assert_close(&solve_lower_transposed(l.view(), ltx.view()).unwrap(), &x, scale);
        assert_close(&solve_upper(r.view(), ltx.view()).unwrap(), &x, scale);
        assert_close(&solve_upper_transposed(r.view(), lx.view()).unwrap(), &x, scale);
        let column = |v: Array1<f64>| v.insert_axis(Axis(1));
        let first = column(x.column(0).to_owned());
        assert_close(&column(solve_lower_vec(l.view(), lx.column(0)).unwrap()), &first, scale);
        assert_close(&column(solve_lower_transposed_vec(l.view(), ltx.column(0)).unwrap()), &first, scale);
        assert_close(&column(solve_upper_vec(r.view(), ltx.column(0)).unwrap()), &first, scale);
        assert_close(&column(solve_upper_transposed_vec(r.view(), lx.column(0)).unwrap()), &first, scale);
    }
}

#[test]
fn qr_apply_solves_least_squares() {
    // The last three cross the block size of the tall reduction, with and without a short last block.
    for (m, n, p) in
        [(1, 1, 1), (7, 3, 2), (40, 40, 50), (200, 31, 1), (2048, 5, 2), (5003, 20, 3), (9000, 151, 200)]
    {
        let (a, b) = (random(m, n, 3), random(m, p, 4));
        let (r, qtb) = qr_apply(a.view(), b.view()).unwrap();
        assert_eq!((r.dim(), qtb.dim()), ((n, n), (n, p)));
        assert!(r.indexed_iter().all(|((i, j), &x)| i <= j || x == 0.0));
        let scale = norm(&a);
        assert_close(&syrk_t(r.view()), &syrk_t(a.view()), scale * scale);
        assert_close(&matmul_tn(r.view(), qtb.view()), &matmul_tn(a.view(), b.view()), scale * norm(&b));
    }
}

#[test]
fn closed_forms() {
    let chol = Cholesky::new(array![[4.0, 2.0], [2.0, 10.0]].view(), Jitter::None).unwrap();
    assert!((chol.log_det() - 36f64.ln()).abs() < 1e-14);
    assert_close(&chol.l().to_owned(), &array![[2.0, 0.0], [1.0, 3.0]], 1.0);

    for n in [1, 2, 3, 10, 64, 151] {
        let second = Array2::from_shape_fn((n, n), |(i, j)| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        let values = eigh(second.view()).unwrap().values;
        for (k, value) in values.iter().enumerate() {
            let exact = 2.0 - 2.0 * ((k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64).cos();
            assert!((value - exact).abs() < 1e-13, "eigenvalue {k} of {n}: {value} against {exact}");
        }
        let chol = Cholesky::new(second.view(), Jitter::None).unwrap();
        assert!((chol.log_det() - ((n + 1) as f64).ln()).abs() < 1e-11);
    }

    // det H₆ = 1 / 186 313 420 339 200 000.
    let log_det = -(186_313_420_339_200_000f64.ln());
    let hilbert = hilbert(6);
    assert!((Cholesky::new(hilbert.view(), Jitter::None).unwrap().log_det() - log_det).abs() < 1e-8);
    let by_svd: f64 = singular_values(hilbert.view()).unwrap().iter().map(|s| s.ln()).sum();
    let by_qr: f64 = qr_r(hilbert.view()).unwrap().diag().iter().map(|x| x.abs().ln()).sum();
    assert!((by_svd - log_det).abs() < 1e-8 && (by_qr - log_det).abs() < 1e-8);
}
