//! Gaussian processes on input that breaks other libraries: a typed error or finite numbers, never a panic or NaN.

#![allow(clippy::unwrap_used)]

use ndarray::Array2;
use softbias_models::{
    Data, Exact, ExactPosterior, Gaussian, Heteroscedastic, ModelError, Posterior, Tune, Uncertainty,
    WithLikelihood,
};
use softbias_priors::{GaussianPrior, Gp, Kernel, Mean, Points, PriorError, Seed, memory};

fn all_finite(posterior: &ExactPosterior, x: &Points) {
    let at = posterior.predict(x).unwrap();
    for of in [Uncertainty::Latent, Uncertainty::Observation] {
        assert!(at.variance(of).iter().all(|v| v.is_finite() && *v >= 0.0), "{:?}", at.variance(of));
    }
    assert!(at.mean().iter().all(|m| m.is_finite()));
    let evidence = posterior.evidence();
    assert!(
        [evidence.log, evidence.fit, evidence.information].iter().all(|v| v.get().is_finite()),
        "{evidence}"
    );
    let left_out = posterior.leave_one_out().unwrap();
    assert!(left_out.mean().iter().all(|m| m.is_finite()));
    assert!(posterior.mean_slope(x).unwrap().iter().all(|m| m.is_finite()));
    assert!(
        posterior
            .paths(2, x.inputs(), Seed::new(1))
            .unwrap()
            .values(x)
            .unwrap()
            .iter()
            .all(|m| m.is_finite())
    );
}

#[test]
fn duplicate_rows_and_constant_labels() {
    let x: Vec<f64> = (0..30).map(|i| f64::from(i / 10)).collect();
    for labels in [vec![2.5; 30], (0..30).map(f64::from).collect::<Vec<_>>(), vec![0.0; 30]] {
        let data = Data::line(x.clone(), labels).unwrap();
        let model = || Gp::new(1.0 * Kernel::rbf(1.0)).with_likelihood(Gaussian::noise(0.1));
        all_finite(&model().condition(&data).unwrap(), &Points::line([0.0, 0.5, 9.0]).unwrap());
        let tuned = Tune::default().restarts(1).run(model(), &data).unwrap();
        assert!(tuned.log_evidence.get().is_finite());
        all_finite(&tuned.condition(&data).unwrap(), &Points::line([0.0, 0.5]).unwrap());
    }
}

#[test]
fn one_row() {
    let data = Data::line([1.0], [3.0]).unwrap();
    let model = || Gp::new(1.0 * Kernel::matern32(1.0)).with_likelihood(Gaussian::noise(0.1));
    all_finite(&model().condition(&data).unwrap(), &Points::line([1.0, 5.0]).unwrap());
    let tuned = Tune::default().restarts(1).run(model(), &data).unwrap();
    assert!(tuned.log_evidence.get().is_finite());
}

#[test]
fn features_of_any_scale() {
    for scale in [1e-12, 1e12] {
        let x = Seed::new(1).normal2(40, 2) * scale;
        let y = x.column(0).mapv(|v| (v / scale).sin());
        let data = Data::regression(x.clone(), y).unwrap();
        let at = Points::new(x).unwrap();
        for length in [scale, 1.0] {
            let model = || Gp::new(1.0 * Kernel::rbf([length, length])).with_likelihood(Gaussian::noise(0.1));
            all_finite(&model().condition(&data).unwrap(), &at);
            let tuned = Tune::default().restarts(1).run(model(), &data).unwrap();
            assert!(tuned.log_evidence.get().is_finite());
        }
    }
}

#[test]
fn noise_towards_nothing() {
    let data = Data::line([0.0, 0.0, 1.0, 1.5], [1.0, 1.0, 0.5, 0.2]).unwrap();
    let prior = || Gp::new(Kernel::rbf(1.0));
    for sd in [1e-3, 1e-6, 1e-9, 1e-150] {
        match prior().with_likelihood(Gaussian::noise(sd)).condition(&data) {
            Ok(posterior) => {
                let at = posterior.predict(&Points::line([0.3]).unwrap()).unwrap();
                assert!(at.mean()[[0, 0]].is_finite() && posterior.evidence().log.get().is_finite());
                // two equal rows: jitter is used, and said
                assert!(sd > 1e-8 || posterior.jitter() > 0.0, "{sd}");
            }
            Err(error) => assert!(matches!(error, ModelError::Linalg(_)), "{error}"),
        }
    }
    for sd in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-200] {
        let found = prior().with_likelihood(Gaussian::noise(sd)).condition(&data);
        assert!(matches!(found, Err(ModelError::Noise(_))), "{sd}");
    }
}

#[test]
fn lengths_to_nothing_and_to_infinity() {
    let data = Data::line([0.0, 0.3, 1.0, 1.5], [1.0, 0.8, 0.5, 0.2]).unwrap();
    let at = Points::line([0.3, 0.4]).unwrap();
    for length in [1e-15, 1e-9, 1e9, 1e15] {
        for kernel in [Kernel::rbf(length), Kernel::matern12(length), Kernel::matern52(length)] {
            let posterior = Gp::new(kernel).with_likelihood(Gaussian::noise(0.1)).condition(&data).unwrap();
            all_finite(&posterior, &at);
        }
    }
    for length in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 1e300] {
        let found = Gp::new(Kernel::rbf(length)).with_likelihood(Gaussian::noise(0.1)).condition(&data);
        assert!(matches!(found, Err(ModelError::Prior(PriorError::Parameter { .. }))), "{length}");
    }
    for variance in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let found =
            Gp::new(variance * Kernel::rbf(1.0)).with_likelihood(Gaussian::noise(0.1)).condition(&data);
        assert!(matches!(found, Err(ModelError::Prior(PriorError::Parameter { .. }))), "{variance}");
    }
}

#[test]
fn the_wrong_shape() {
    let data = Data::regression(Seed::new(1).normal2(5, 2), Seed::new(2).normal1(5)).unwrap();
    let noise = || Gaussian::noise(0.1);
    let dimensions = |error: &ModelError| matches!(error, ModelError::Prior(PriorError::Dimensions { .. }));
    let three = Gp::new(Kernel::rbf([1.0, 1.0, 1.0])).with_likelihood(noise()).condition(&data);
    assert!(three.is_err_and(|e| dimensions(&e)));
    let none = Gp::new(Kernel::rbf(Vec::new())).with_likelihood(noise()).condition(&data);
    assert!(none.is_err_and(|e| dimensions(&e)));
    let mean =
        Gp::new(Kernel::rbf(1.0)).about(Mean::linear(0.0, &[1.0])).with_likelihood(noise()).condition(&data);
    assert!(mean.is_err_and(|e| dimensions(&e)));
    let mean =
        Gp::new(Kernel::rbf(1.0)).about(Mean::constant(f64::NAN)).with_likelihood(noise()).condition(&data);
    assert!(matches!(mean, Err(ModelError::Prior(PriorError::Kernel { .. }))));
    let posterior = Gp::new(Kernel::rbf([1.0, 1.0])).with_likelihood(noise()).condition(&data).unwrap();
    let line = Points::line([1.0]).unwrap();
    assert!(posterior.predict(&line).is_err_and(|e| dimensions(&e)));
    assert!(matches!(posterior.mean_slope(&line), Err(PriorError::Dimensions { .. })));
    assert!(posterior.paths(3, 1, Seed::new(1)).is_err());
    assert!(matches!(Gp::new(Kernel::rbf(1.0)).copies(0).mean(&line), Err(PriorError::Empty(_))));
    let two = Gp::new(Kernel::rbf(1.0)).copies(2).with_likelihood(noise()).condition(&data);
    assert!(matches!(two, Err(ModelError::Outputs { .. })));
    let contract =
        Gp::new(Kernel::rbf(1.0)).contract(&line, &softbias_priors::Blocks::Shared(Array2::zeros((2, 2))));
    assert!(matches!(contract, Err(PriorError::Dimensions { .. })));
}

#[test]
fn known_noise_that_is_none() {
    let data = Data::line([0.0, 1.0], [1.0, 2.0]).unwrap();
    assert!(matches!(Heteroscedastic::known([0.1, -0.1]), Err(ModelError::Noise(_))));
    assert!(matches!(Heteroscedastic::known([0.1, f64::NAN]), Err(ModelError::Noise(_))));
    let prior = || Gp::new(Kernel::rbf(1.0));
    let few = prior().with_likelihood(Heteroscedastic::known([0.1]).unwrap());
    assert!(matches!(
        few.condition_by(&Exact::Auto, &data),
        Err(ModelError::NoiseRows { expected: 2, found: 1 })
    ));
    let zero = prior().with_likelihood(Heteroscedastic::known([0.1, 0.0]).unwrap());
    assert!(matches!(zero.condition_by(&Exact::Auto, &data), Err(ModelError::Noise(_))));
    let weights = prior().with_likelihood(Heteroscedastic::known([0.1, 0.2]).unwrap());
    assert!(matches!(weights.condition_by(&Exact::WeightSpace, &data), Err(ModelError::RowNoise(_))));
}

#[test]
fn large_matrices_are_refused_with_their_bytes() {
    let points = Points::linspace(0.0, 1.0, 40_000).unwrap();
    let error = Gp::new(Kernel::rbf(1.0)).gram(&points).unwrap_err();
    assert!(matches!(&error, PriorError::TooLarge(large) if large.bytes == 8 * 40_000 * 40_000), "{error}");
    assert!(memory::limit() < 8 * 40_000 * 40_000);
}
