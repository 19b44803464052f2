//! Exact inference against reference values, against itself by other routes, and against differences.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use ndarray::{Array2, array};
use softbias_models::*;
use softbias_priors::math::linalg;
use softbias_priors::*;

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
        "found {found}, expected {expected}"
    );
}

fn soft(softness: f64, orders: usize) -> Pathways<Polynomial, Polynomial> {
    let rest = Polynomial::orders(4..=orders).scales(Scales::power(1.5).from_order(4).tuned());
    Polynomial::orders(0..=3)
        .scales(Scales::geometric(1.7).tuned())
        .relaxed(Softness::new(softness).unwrap(), rest)
}

fn wiggly(n: usize, seed: u64) -> Data {
    let x = Seed::new(seed).uniform1(n, -1.0, 1.0);
    let noise = Seed::new(seed).named("noise").normal1(n);
    let y = x.mapv(|x| (4.0 * x).sin() + x) + 0.1 * noise;
    Data::line(x.to_vec(), y.to_vec()).unwrap()
}

#[test]
fn evidence_is_fit_minus_information() {
    for n in [1, 2, 12, 90, 400] {
        for sd in [1e-7, 1e-3, 0.1, 3.0] {
            for method in [Exact::WeightSpace, Exact::FunctionSpace] {
                // in function space K + σ²I itself is formed: below 1e-3 its smallest eigenvalues are rounding
                if method == Exact::FunctionSpace && sd < 1e-2 {
                    continue;
                }
                let model = soft(0.3, 150).with_likelihood(Gaussian::noise(sd));
                let e = model.condition_by(&method, &wiggly(n, 1)).unwrap().evidence();
                let scale = e.fit.get().abs() + e.information.get().abs();
                let gap = (e.log.get() - (e.fit - e.information).get()).abs();
                assert!(gap <= 1e-10 * scale, "n {n} sd {sd} {method:?}: {e:?}");
            }
        }
    }
}

#[test]
fn weight_space_and_function_space_agree() {
    for n in [5, 60, 200] {
        let data = wiggly(n, 2);
        let model = soft(0.3, 40).with_likelihood(Gaussian::noise(0.1));
        let [w, f] = [Exact::WeightSpace, Exact::FunctionSpace]
            .map(|m| model.clone().condition_by(&m, &data).unwrap());
        close(w.evidence().log.get(), f.evidence().log.get(), 1e-10);
        close(w.evidence().information.get(), f.evidence().information.get(), 1e-9);
        close(w.effective_dimension().determined, f.effective_dimension().determined, 1e-9);
        let x = Points::linspace(-1.0, 1.0, 23).unwrap();
        let z = Points::linspace(-0.9, 0.8, 7).unwrap();
        let gap = |a: &Array2<f64>, b: &Array2<f64>| (a - b).iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        assert!(gap(&w.mean(&x).unwrap(), &f.mean(&x).unwrap()) < 1e-8);
        assert!(gap(&w.var(&x).unwrap(), &f.var(&x).unwrap()) < 1e-9);
        for (a, b) in [(&x, &x), (&x, &z)] {
            let (k, l) = (w.cov(a, b).unwrap(), f.cov(a, b).unwrap());
            assert!(gap(&k.of_output(0).to_owned(), &l.of_output(0).to_owned()) < 1e-9);
        }
    }
}

#[test]
fn evidence_is_the_density_of_the_labels() {
    // by brute force: ln N(y; 0, K + σ²I) from an eigendecomposition
    let data = wiggly(30, 3);
    let prior = soft(0.5, 20);
    let k = prior.cov(data.points(), data.points()).unwrap().of_output(0).to_owned();
    let eigen = linalg::eigh((k + Array2::<f64>::eye(30) * 0.04).view()).unwrap();
    let c = eigen.vectors.t().dot(&data.labels().column(0));
    let log: f64 = c
        .iter()
        .zip(&eigen.values)
        .map(|(c, l)| -0.5 * (c * c / l + (2.0 * std::f64::consts::PI * l).ln()))
        .sum();
    close(
        prior.with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap().evidence().log.get(),
        log,
        1e-11,
    );
}

#[test]
fn conditioning_in_halves_is_conditioning_at_once() {
    for method in [Exact::WeightSpace, Exact::FunctionSpace] {
        let (n, half) = (50, 20);
        let data = wiggly(n, 4);
        let rows: Vec<usize> = (0..n).collect();
        let (a, b) = (data.select(&rows[..half]).unwrap(), data.select(&rows[half..]).unwrap());
        let model = soft(0.4, 60).with_likelihood(Gaussian::noise(0.15));
        let once = model.clone().condition_by(&method, &data).unwrap();
        let first = model.condition_by(&method, &a).unwrap();
        let twice = first.extend(&b).unwrap();
        close(first.evidence().log.get() + twice.evidence().log.get(), once.evidence().log.get(), 1e-10);
        let x = Points::linspace(-1.0, 1.0, 40).unwrap();
        let (p, q) = (once.predict(&x).unwrap(), twice.predict(&x).unwrap());
        for (a, b) in p.mean().iter().zip(q.mean()) {
            close(*a, *b, 1e-8);
        }
        for (a, b) in p.variance(Uncertainty::Latent).iter().zip(&q.variance(Uncertainty::Latent)) {
            close(*a, *b, 1e-8);
        }
        // and the ledger has seen it all
        assert_eq!(twice.ledger().looked_at(data.rows()).map(|(_, n, _)| n), Some(half));
        assert!(twice.ledger().looked_at(b.rows()).is_some());
        assert!(twice.prior_ledger().looked_at(b.rows()).is_none());
    }
}

#[test]
fn the_hard_end_is_the_core_alone() {
    let data = wiggly(40, 5);
    let core = Polynomial::orders(0..=3).scales(Scales::geometric(1.7).tuned());
    let alone = core.with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap();
    let hard = soft(0.0, 150).with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap();
    close(hard.evidence().log.get(), alone.evidence().log.get(), 1e-12);
    close(hard.evidence().information.get(), alone.evidence().information.get(), 1e-12);
    close(hard.effective_dimension().determined, alone.effective_dimension().determined, 1e-12);
    let x = Points::linspace(-1.0, 1.0, 9).unwrap();
    for (a, b) in hard.mean(&x).unwrap().iter().zip(&alone.mean(&x).unwrap()) {
        close(*a, *b, 1e-12);
    }
    for (a, b) in hard.var(&x).unwrap().iter().zip(&alone.var(&x).unwrap()) {
        close(*a, *b, 1e-12);
    }
}

#[test]
fn the_gap_to_the_hard_end_closes_as_softness_squared() {
    let data = wiggly(40, 6);
    let log = |s: f64| {
        soft(s, 30).with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap().evidence().log.get()
    };
    let hard = log(0.0);
    let ratios: Vec<f64> = [1e-3, 3e-4, 1e-4].iter().map(|s| (log(*s) - hard) / (s * s)).collect();
    close(ratios[0] / ratios[2], 1.0, 1e-3);
    close(ratios[1] / ratios[2], 1.0, 1e-3);
    // and the ratio is ½ tr((αα' − A⁻¹) K_rest), computed here in function space from its definition
    let prior = soft(0.0, 30);
    let k = prior.cov(data.points(), data.points()).unwrap().of_output(0).to_owned();
    let rest = prior.rest().cov(data.points(), data.points()).unwrap().of_output(0).to_owned();
    let a = linalg::Cholesky::new((k + Array2::<f64>::eye(40) * 0.04).view(), linalg::Jitter::None).unwrap();
    let alpha = a.solve(data.labels().view()).unwrap();
    let slope = 0.5 * (((alpha.dot(&alpha.t())) - a.inverse()) * &rest).sum();
    close(slope / ratios[2], 1.0, 1e-5);
    // tune reports the same slope at the hard end, there with noise and all else held
    let fixed = Tune::default().fix("core.gamma").fix("rest.power").fix(tune::NOISE);
    let tuned = fixed.run(soft(0.0, 30).with_likelihood(Gaussian::noise(0.2)), &data).unwrap();
    let (name, reported) = &tuned.slopes_at_hard[0];
    assert_eq!(name, "softness2");
    close(*reported, slope, 1e-9);
}

#[test]
fn noise_to_zero_interpolates_honestly_at_order_150() {
    // 12 points: the posterior mean goes to the interpolant of least weighted norm, found here by SVD of the scaled design.
    let data = wiggly(12, 7);
    let prior = Polynomial::orders(0..=150).scales(Scales::power(1.0));
    let phi = linear::design(&prior, data.points()).unwrap();
    let svd = linalg::svd(phi.view()).unwrap();
    let w = svd.vt.t().dot(&(svd.u.t().dot(data.labels()) / svd.s.view().insert_axis(ndarray::Axis(1))));
    let x = Points::linspace(-1.0, 1.0, 101).unwrap();
    let limit = linear::design(&prior, &x).unwrap().dot(&w);
    for sd in [1e-6, 1e-9, 1e-12] {
        let posterior = prior.clone().with_likelihood(Gaussian::noise(sd)).condition(&data).unwrap();
        let mean = posterior.mean(&x).unwrap();
        let worst = (&mean - &limit).iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        assert!(worst < 1e-8, "sd {sd}: {worst}");
        let at_data = posterior.var(data.points()).unwrap();
        assert!(at_data.iter().all(|v| *v >= 0.0 && *v <= 1.1 * sd * sd), "{at_data}");
        close(posterior.effective_dimension().determined, 12.0, 1e-8);
        // evidence from the singular values: all positive terms
        let c = svd.u.t().dot(&data.labels().column(0));
        let terms = c.iter().zip(&svd.s).map(|(c, s)| {
            let l = s * s + sd * sd;
            -0.5 * (c * c / l + (2.0 * std::f64::consts::PI * l).ln())
        });
        close(posterior.evidence().log.get(), terms.sum::<f64>(), 1e-9);
    }
}

#[test]
fn blocked_reduction_is_the_plain_one() {
    // more rows than one block, and more than one fan-in of blocks
    let n = 2048 * 9 + 17;
    let data = wiggly(n, 8);
    let model = soft(0.2, 12).with_likelihood(Gaussian::noise(0.1));
    let posterior = model.clone().condition(&data).unwrap();
    // normal equations are fine at order 12 with this many rows
    let phi = linear::design(&*model.prior.weights().unwrap(), data.points()).unwrap();
    let p = phi.ncols();
    let lambda = Array2::<f64>::eye(p) + linalg::syrk_t(phi.view()) / 0.01;
    let factor = linalg::Cholesky::new(lambda.view(), linalg::Jitter::None).unwrap();
    let b = phi.t().dot(data.labels()) / 0.01;
    let m = factor.solve(b.view()).unwrap();
    let y2 = data.labels().iter().map(|v| v * v).sum::<f64>() / 0.01;
    let log = -0.5
        * (y2 - (&b * &m).sum() + factor.log_det() + n as f64 * (2.0 * std::f64::consts::PI * 0.01).ln());
    close(posterior.evidence().log.get(), log, 1e-11);
    // the same bits on one thread and on several
    let pool = |k| rayon::ThreadPoolBuilder::new().num_threads(k).build().unwrap();
    let run = || model.clone().condition(&data).unwrap().evidence().log.get().to_bits();
    assert_eq!(pool(1).install(run), pool(4).install(run));
}

#[test]
fn several_outputs_are_independent_copies() {
    let (one, two) = (wiggly(30, 9), wiggly(30, 9).labels().mapv(|v| v * v));
    let y = ndarray::concatenate(ndarray::Axis(1), &[one.labels().view(), two.view()]).unwrap();
    let both = Data::new(one.points().clone(), y).unwrap();
    let second = Data::new(one.points().clone(), two).unwrap();
    let single = || Polynomial::orders(0..=9).with_likelihood(Gaussian::noise(0.3));
    let stacked =
        Stack::new(vec![Arc::new(Polynomial::orders(0..=9)), Arc::new(Polynomial::orders(0..=9))]).unwrap();
    let (a, b) = (single().condition(&one).unwrap(), single().condition(&second).unwrap());
    let shared = Polynomial::orders(0..=9).with_outputs(2).with_likelihood(Gaussian::noise(0.3));
    let apart = stacked.with_likelihood(Gaussian::noise(0.3)).condition(&both).unwrap();
    let x = Points::linspace(-1.0, 1.0, 5).unwrap();
    for posterior in [
        shared.clone().condition(&both).unwrap(),
        shared.condition_by(&Exact::FunctionSpace, &both).unwrap(),
        apart,
    ] {
        let e = posterior.evidence();
        close(e.log.get(), (a.evidence().log + b.evidence().log).get(), 1e-10);
        close(e.information.get(), (a.evidence().information + b.evidence().information).get(), 1e-8);
        close(posterior.effective_dimension().determined, 2.0 * a.effective_dimension().determined, 1e-9);
        let mean = posterior.mean(&x).unwrap();
        for i in 0..5 {
            close(mean[[i, 0]], a.mean(&x).unwrap()[[i, 0]], 1e-9);
            close(mean[[i, 1]], b.mean(&x).unwrap()[[i, 0]], 1e-9);
        }
        assert_eq!(posterior.draws(3, &x, Seed::new(1)).unwrap().dim(), (3, 5, 2));
    }
}

#[test]
fn label_transforms_enter_by_their_jacobian() {
    // y and (y − a)/b under a prior with the same shift and scale have the same evidence
    let data = wiggly(25, 10);
    let standardise = Standardise::labels(&data).unwrap();
    let affine = standardise.of_labels().unwrap().clone();
    let (shift, scale) = (affine.shift()[0], affine.scale()[0]);
    let on_scaled = standardise.apply(&data).unwrap();
    let prior = |s: f64, m: f64| {
        let mut mean = vec![0.0; 6];
        mean[0] = m;
        Polynomial::orders(0..=5).with_mean(mean).scaled(s)
    };
    let raw = prior(scale, shift).with_likelihood(Gaussian::noise(0.2 * scale)).condition(&data).unwrap();
    let scaled = prior(1.0, 0.0).with_likelihood(Gaussian::noise(0.2)).condition(&on_scaled).unwrap();
    close(scaled.evidence().log.get(), raw.evidence().log.get(), 1e-10);
    close(scaled.evidence().fit.get(), raw.evidence().fit.get(), 1e-10);
    close(scaled.evidence().information.get(), raw.evidence().information.get(), 1e-10);
    let x = Points::linspace(-1.0, 1.0, 5).unwrap();
    let back = scaled.predict(&x).unwrap().on_original_scale(&on_scaled).unwrap();
    for i in 0..5 {
        close(back.mean[[i, 0]], raw.mean(&x).unwrap()[[i, 0]], 1e-9);
        close(
            back.sd(Uncertainty::Observation)[[i, 0]],
            raw.predict(&x).unwrap().sd(Uncertainty::Observation)[[i, 0]],
            1e-9,
        );
    }
}

#[test]
fn posterior_keeps_the_laws_of_priors() {
    let x = Points::linspace(-0.9, 0.9, 6).unwrap();
    for method in [Exact::WeightSpace, Exact::FunctionSpace] {
        let posterior = soft(0.4, 30)
            .with_likelihood(Gaussian::noise(0.3))
            .condition_by(&method, &wiggly(20, 11))
            .unwrap();
        laws::gaussian(&posterior, &x, Seed::new(12)).unwrap();
    }
}

#[test]
fn least_squares_is_exact_where_it_can_be() {
    let data = Data::line([-1.0, -0.5, 0.0, 0.5, 1.0], [-1.0, -0.125, 0.0, 0.125, 1.0]).unwrap();
    let cubic = Polynomial::orders(0..=3).basis(Basis::Monomial);
    let fit = LeastSquares::fit(cubic, &data).unwrap();
    for (found, expected) in fit.coefficients().iter().zip(array![0.0, 0.0, 0.0, 1.0].iter()) {
        assert!((found - expected).abs() < 1e-13);
    }
    // more orders than rows: interpolation of least norm
    let fit = LeastSquares::fit(Polynomial::orders(0..=150), &wiggly(12, 1)).unwrap();
    assert_eq!(fit.rank(), 12);
    let residual = fit.predict(wiggly(12, 1).points()).unwrap() - wiggly(12, 1).labels();
    assert!(residual.iter().all(|r| r.abs() < 1e-12));
}
