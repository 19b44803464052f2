//! Evidence gradients against differences, where parameters move the mean too; softness in function space.

use std::sync::Arc;

use softbias_models::*;
use softbias_priors::*;

use super::priors::{Kernels, Tilted};
use super::wiggly;

/// Every entry of the gradient against central differences of the evidence as `condition` reports it.
fn against_differences(prior: Arc<dyn GaussianPrior>, method: Exact, data: &Data) {
    let noise = Gaussian::noise(0.3);
    let objective = method.objective(prior.clone(), &noise, data).unwrap();
    let theta = prior.parameters().values();
    let value = objective.at(&theta, &[noise.variance()], &mut None).unwrap();
    let log = |theta: &[f64], variance: f64| {
        let model = prior.with(theta).unwrap().with_likelihood(noise.at(variance.sqrt()));
        model.condition_by(&method, data).unwrap().evidence().log.get()
    };
    assert!((value.log - log(&theta, noise.variance())).abs() < 1e-9);
    let close = |name: &str, slope: f64, found: f64| {
        // central differences of step 1e-5: truncation near 1e-9, rounding of an evidence of some 50 nats near 1e-9
        assert!((slope - found).abs() < 1e-5 * (1.0 + slope.abs()), "{method:?} {name}: {found} for {slope}");
    };
    for (i, p) in prior.parameters().iter().enumerate() {
        let h = 1e-5 * theta[i].abs().max(0.1);
        let at = |step: f64| {
            let mut moved = theta.clone();
            moved[i] += step;
            log(&moved, noise.variance())
        };
        close(&p.name, (at(h) - at(-h)) / (2.0 * h), value.prior[i]);
    }
    let (v, h) = (noise.variance(), 1e-6);
    close("noise2", (log(&theta, v + h) - log(&theta, v - h)) / (2.0 * h), value.likelihood[0]);
}

#[test]
fn parameters_that_move_the_mean() {
    let data = wiggly(40, 3, 0.2);
    let features = || Features::fourier(15, 1, 0.7, Seed::new(5)).unwrap().tuned().scaled(1.3);
    let polynomial = || Polynomial::orders(0..=4).scales(Scales::power(1.5).tuned()).scaled(0.8);
    for method in [Exact::WeightSpace, Exact::FunctionSpace] {
        for around in [Arc::new(features()) as Arc<dyn GaussianPrior>, Arc::new(polynomial())] {
            against_differences(Arc::new(Tilted { around, slope: 0.7 }), method, &data);
        }
        // more features than rows
        let around = Arc::new(Features::fourier(70, 1, 0.7, Seed::new(5)).unwrap().tuned());
        against_differences(Arc::new(Tilted { around, slope: -0.4 }), method, &data);
    }
    let kernel = Arc::new(Kernels { lengths: vec![0.6, 0.2], idle: None });
    against_differences(kernel.clone(), Exact::Auto, &data);
    against_differences(Arc::new(Tilted { around: kernel, slope: 0.7 }), Exact::Auto, &data);
}

#[test]
fn a_tuned_mean_is_generalised_least_squares() {
    // the evidence is quadratic in the slope: its maximum is x'A⁻¹y / x'A⁻¹x
    let data = wiggly(30, 4, 0.2);
    let around = Arc::new(Polynomial::orders(0..=2));
    let model = Tilted { around: around.clone(), slope: 0.0 }.with_likelihood(Gaussian::known(0.3));
    for method in [Exact::WeightSpace, Exact::FunctionSpace] {
        let tuned = Tune::default().method(method).run(model.clone(), &data).unwrap();
        let x = data.points();
        let Blocks::Shared(mut a) = around.cov(x, x).unwrap() else { panic!("one output") };
        a.diag_mut().mapv_inplace(|d| d + 0.09);
        let factor = math::linalg::Cholesky::new(a.view(), math::linalg::Jitter::None).unwrap();
        let pull = factor.solve_vec(x.view().column(0)).unwrap();
        let expected = pull.dot(&data.labels().column(0)) / pull.dot(&x.view().column(0));
        let found = tuned.value("slope").unwrap();
        // tuning stops at a slope of 1e-6 nats
        assert!((found - expected).abs() < 1e-5, "{method:?}: {found} for {expected}");
    }
}

/// Softness over two priors without features.
fn kernels(softness: f64) -> Pathways<Kernels, Kernels> {
    let kernel = |length: f64| Kernels { lengths: vec![length], idle: None };
    kernel(2.0).relaxed(Softness::new(softness).unwrap(), kernel(0.15))
}

#[test]
fn softness_in_function_space() {
    let fixed = || Tune::default().fix("core.length0").fix("rest.length0");
    let evidence = |softness: f64, sd: f64, data: &Data| {
        let model = kernels(softness).with_likelihood(Gaussian::known(sd));
        model.condition(data).unwrap().evidence().log.get()
    };
    // labels with a short part: soft, and the slope at the hard end is the difference quotient there
    let rough = wiggly(60, 5, 0.1);
    let tuned = fixed().run(kernels(0.1).with_likelihood(Gaussian::known(0.1)), &rough).unwrap();
    let softness2 = tuned.value("softness2").unwrap();
    assert!(softness2 > 0.0 && tuned.slopes_at_hard[0].1 > 0.0);
    let best = evidence(softness2.sqrt(), 0.1, &rough);
    assert!((best - tuned.log_evidence.get()).abs() < 1e-6);
    for factor in [0.8, 1.25] {
        assert!(evidence((factor * softness2).sqrt(), 0.1, &rough) < best);
    }
    let h: f64 = 1e-7;
    let quotient = (evidence(h.sqrt(), 0.1, &rough) - evidence(0.0, 0.1, &rough)) / h;
    let slope = tuned.slopes_at_hard[0].1;
    // one-sided: an error of half the second derivative times h, here well below a thousandth
    assert!((quotient / slope - 1.0).abs() < 1e-3, "{quotient} {slope}");
    // labels of the smooth part alone: hard in about half of the draws, and then with a slope that says so
    let mut kept = 0;
    for seed in 0..8 {
        let x = Points::linspace(-1.0, 1.0, 40).unwrap();
        let smooth = Kernels { lengths: vec![2.0], idle: None };
        let f = smooth.draws(1, &x, Seed::new(seed)).unwrap();
        let noise = 0.2 * Seed::new(seed).named("noise").normal1(40);
        let y = &f.index_axis(ndarray::Axis(0), 0).column(0) + &noise;
        let data = Data::line(x.view().column(0).to_vec(), y.to_vec()).unwrap();
        let tuned = fixed().run(kernels(0.1).with_likelihood(Gaussian::known(0.2)), &data).unwrap();
        if tuned.value("softness2").unwrap() == 0.0 {
            kept += 1;
            assert!(tuned.slopes_at_hard[0].1 <= 1e-6);
            assert_eq!(tuned.log_evidence.get(), evidence(0.0, 0.2, &data));
        }
    }
    assert!(kept >= 3, "kept hard {kept} of 8 times");
}
