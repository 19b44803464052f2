//! Layouts, empty and bad input, and the same bits on any number of threads.

use ndarray::{Array2, Axis, array};
use softbias_priors::math::linalg::*;

use crate::support::*;

#[test]
fn every_layout_is_understood() {
    let (tall, wide, square) = (random(37, 11, 1), random(11, 37, 2), spd(23, 3));
    let l = lower(23, 4);
    let b = random(23, 6, 5);
    for (name, a) in layouts(&tall) {
        println!("{name}");
        assert_close(&matmul(a.view(), wide.view()), &tall.dot(&wide), 100.0);
        assert_close(&matmul(wide.view(), a.view()), &wide.dot(&tall), 100.0);
        assert_close(&matmul_tn(a.view(), tall.view()), &tall.t().dot(&tall), 100.0);
        assert_close(&matmul_nt(a.view(), tall.view()), &tall.dot(&tall.t()), 100.0);
        assert_close(&syrk(a.view()), &tall.dot(&tall.t()), 100.0);
        assert_close(&syrk_t(a.view()), &tall.t().dot(&tall), 100.0);
        check_qr(a.view());
        check_svd(a.view());
        let (r, qtb) = qr_apply(a.view(), tall.view()).unwrap();
        assert_close(&r, &qtb, norm(&tall));
    }
    for (_, a) in layouts(&wide) {
        check_qr(a.view());
        check_svd(a.view());
    }
    for (_, a) in layouts(&square) {
        check_cholesky(a.view());
        check_eigh(a.view());
    }
    for (_, b) in layouts(&b) {
        assert_close(&trmm_lower(l.view(), b.view()), &l.dot(&b), norm(&b) * 3.0);
        assert_close(&l.dot(&solve_lower(l.view(), b.view()).unwrap()), &b, 100.0);
    }
    for (_, l) in layouts(&l) {
        assert_close(&trmm_lower(l.view(), b.view()), &l.dot(&b), norm(&b) * 3.0);
        assert_close(&l.dot(&solve_lower(l.view(), b.view()).unwrap()), &b, 100.0);
        assert_close(&l.t().dot(&solve_lower_transposed(l.view(), b.view()).unwrap()), &b, 100.0);
        assert_close(&l.t().dot(&solve_upper(l.t(), b.view()).unwrap()), &b, 100.0);
    }
}

#[test]
fn only_the_lower_triangle_is_read_by_eigh() {
    let mut a = spd(20, 6);
    let expected = eigh(a.view()).unwrap();
    a.indexed_iter_mut().filter(|((i, j), _)| j > i).for_each(|(_, x)| *x = f64::NAN);
    let found = eigh(a.view()).unwrap();
    assert_same_bits(&found.vectors, &expected.vectors);
}

#[test]
fn empty_and_single_entry() {
    let none = Array2::<f64>::zeros((0, 0));
    for (m, n) in [(0, 0), (0, 3), (3, 0)] {
        let a = Array2::<f64>::zeros((m, n));
        let found = qr(a.view()).unwrap();
        assert_eq!((found.q.dim(), found.r.dim()), ((m, 0), (0, n)));
        assert_eq!(qr_r(a.view()).unwrap().dim(), (0, n));
        let found = svd(a.view()).unwrap();
        assert_eq!((found.u.dim(), found.s.len(), found.vt.dim()), ((m, 0), 0, (0, n)));
        assert!(singular_values(a.view()).unwrap().is_empty());
        assert_eq!(syrk(a.view()), Array2::zeros((m, m)));
        assert_eq!(matmul_tn(a.view(), a.view()), Array2::zeros((n, n)));
        assert_eq!(matmul_nt(a.view(), a.view()), Array2::zeros((m, m)));
    }
    let tall = Array2::<f64>::zeros((3, 0));
    let (r, qtb) = qr_apply(tall.view(), random(3, 2, 1).view()).unwrap();
    assert_eq!((r.dim(), qtb.dim()), ((0, 0), (0, 2)));
    assert_eq!(qr_apply(random(3, 2, 1).view(), tall.view()).unwrap().1.dim(), (2, 0));
    assert!(eigh(none.view()).unwrap().values.is_empty());
    let chol = Cholesky::new(none.view(), Jitter::Relative(0.1)).unwrap();
    assert_eq!((chol.dim(), chol.log_det(), chol.inverse().dim()), (0, 0.0, (0, 0)));
    assert_eq!(chol.solve(Array2::zeros((0, 2)).view()).unwrap().dim(), (0, 2));
    assert_eq!(solve_lower(Array2::eye(3).view(), tall.view()).unwrap().dim(), (3, 0));
    assert_eq!(trmm_lower(none.view(), Array2::zeros((0, 2)).view()).dim(), (0, 2));

    let one = array![[-3.0]];
    check_qr(one.view());
    check_svd(one.view());
    check_eigh(one.view());
    check_cholesky(array![[4.0]].view());
    assert_eq!(solve_upper(one.view(), array![[6.0]].view()).unwrap(), array![[-2.0]]);
}

#[test]
fn non_finite_input_is_refused() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for (_, mut a) in layouts(&spd(5, 1)) {
            a[[3, 1]] = bad;
            let good = Array2::<f64>::eye(5);
            let errors = [
                qr(a.view()).map(|_| ()),
                qr_r(a.view()).map(|_| ()),
                svd(a.view()).map(|_| ()),
                singular_values(a.view()).map(|_| ()),
                eigh(a.view()).map(|_| ()),
                Cholesky::new(a.view(), Jitter::None).map(|_| ()),
                solve_lower(a.view(), good.view()).map(|_| ()),
                solve_lower(good.view(), a.view()).map(|_| ()),
                solve_upper_transposed(good.view(), a.view()).map(|_| ()),
                qr_apply(a.view(), good.view()).map(|_| ()),
                qr_apply(good.view(), a.view()).map(|_| ()),
                Cholesky::new(good.view(), Jitter::None).unwrap().solve(a.view()).map(|_| ()),
            ];
            for error in errors {
                assert!(matches!(error, Err(LinalgError::NotFinite { .. })), "{error:?}");
            }
        }
    }
    // An overflow in the solution is not passed off as a solution.
    let tiny = array![[1e-300]];
    assert!(matches!(solve_lower(tiny.view(), array![[1e300]].view()), Err(LinalgError::NotFinite { .. })));
}

#[test]
fn singular_and_misshapen_input_is_refused() {
    let mut l = lower(6, 1);
    l[[4, 4]] = 0.0;
    let b = random(6, 2, 2);
    let expected = LinalgError::Singular { stage: "solve_lower", index: 4 };
    assert_eq!(solve_lower(l.view(), b.view()).unwrap_err(), expected);
    assert!(matches!(solve_upper(l.t(), b.view()), Err(LinalgError::Singular { index: 4, .. })));

    let wide = random(3, 5, 1);
    let shape = |result: Result<(), LinalgError>| {
        let error = result.unwrap_err();
        assert!(matches!(error, LinalgError::Shape { .. }), "{error}");
        assert!(error.to_string().contains("3×5"), "{error}");
    };
    shape(Cholesky::new(wide.view(), Jitter::None).map(|_| ()));
    shape(eigh(wide.view()).map(|_| ()));
    shape(solve_lower(wide.view(), b.view()).map(|_| ()));
    shape(solve_lower(l.view(), wide.view()).map(|_| ()));
    shape(qr_apply(wide.view(), wide.view()).map(|_| ()));
    shape(Cholesky::new(spd(4, 1).view(), Jitter::None).unwrap().solve(wide.view()).map(|_| ()));
}

/// One result of every kind, at sizes that take the blocked and the parallel paths.
fn one_of_each() -> Vec<Array2<f64>> {
    let (a, b) = (random(700, 130, 1), random(130, 310, 2));
    let (tall, rhs) = (random(6000, 40, 3), random(6000, 3, 4));
    let square = spd(300, 5);
    let chol = Cholesky::new(square.view(), Jitter::None).unwrap();
    let thin = qr(a.view()).unwrap();
    let values = svd(a.view()).unwrap();
    let eigen = eigh(square.view()).unwrap();
    let (r, qtb) = qr_apply(tall.view(), rhs.view()).unwrap();
    vec![
        matmul(a.view(), b.view()),
        matmul(b.t(), a.t()),
        syrk(a.view()),
        syrk_t(tall.view()),
        trmm_lower(chol.l(), random(300, 200, 6).view()),
        chol.l().to_owned(),
        chol.inverse(),
        solve_lower(chol.l(), random(300, 200, 7).view()).unwrap(),
        thin.q,
        thin.r,
        values.u,
        values.s.insert_axis(Axis(1)),
        values.vt,
        eigen.values.insert_axis(Axis(1)),
        eigen.vectors,
        r,
        qtb,
        singular_values(tall.view()).unwrap().insert_axis(Axis(1)),
    ]
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let on = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(one_of_each)
    };
    let expected = on(1);
    for threads in [1, 2, 4, 8] {
        for (left, right) in expected.iter().zip(&on(threads)) {
            if BACKEND == "faer" {
                assert_same_bits(left, right);
            } else {
                // A threaded BLAS has its own threads, and makes no promise about bits.
                assert_close(left, right, 1e3 * norm(left));
            }
        }
    }
}
