//! Bad input to models: a typed error or the right answer, never a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use ndarray::{Array2, array};
use softbias_models::*;
use softbias_priors::*;

fn cubic() -> Polynomial {
    Polynomial::orders(0..=3)
}

fn some(n: usize) -> Data {
    let x = Seed::new(1).uniform1(n, -1.0, 1.0);
    Data::line(x.to_vec(), x.mapv(|x| (3.0 * x).sin()).to_vec()).unwrap()
}

fn conditioned<P: GaussianPrior + 'static>(prior: P, sd: f64, data: &Data) -> Result<ExactPosterior> {
    prior.with_likelihood(Gaussian::noise(sd)).condition(data)
}

const METHODS: [Exact; 3] = [Exact::Auto, Exact::WeightSpace, Exact::FunctionSpace];

#[test]
fn labels_and_inputs_are_finite() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = Data::line([0.0, 0.5], [1.0, bad]).unwrap_err();
        assert!(matches!(error, DataError::NotFinite { what: "label", row: 1, column: 0, .. }), "{error:?}");
        assert!(Data::line([0.0, bad], [1.0, 1.0]).is_err());
    }
    assert!(matches!(Data::line([], []), Err(DataError::NoRows)));
    assert!(Data::line([0.0, 1.0], [1.0]).is_err());
}

#[test]
fn noise_that_is_none() {
    for sd in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, 1e-200, 1e200, 1e-160] {
        for method in METHODS {
            for noise in [Gaussian::noise(sd), Gaussian::known(sd)] {
                match cubic().with_likelihood(noise).condition_by(&method, &some(9)) {
                    Err(ModelError::Noise(found)) => assert_eq!(found.to_bits(), sd.to_bits()),
                    other => panic!("{sd}: {other:?}"),
                }
            }
        }
        assert!(tune(cubic().with_likelihood(Gaussian::noise(sd)), &some(9)).is_err(), "tune {sd}");
    }
    for sd in [1e-150, 1e150] {
        let log = conditioned(cubic(), sd, &some(9)).unwrap().evidence().log.get();
        assert!(!log.is_nan(), "{sd}: {log}");
    }
}

#[test]
fn gamma_priors_that_are_none() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(GaussianGamma::new(bad, 1.0), Err(ModelError::Gamma { .. })));
        assert!(matches!(GaussianGamma::new(1.0, bad), Err(ModelError::Gamma { .. })));
    }
}

#[test]
fn outputs_and_features_that_do_not_fit() {
    let two = Data::new(some(5).points().clone(), Array2::ones((5, 2))).unwrap();
    for method in METHODS {
        let model = cubic().with_likelihood(Gaussian::noise(0.1));
        let found = model.condition_by(&method, &two);
        assert!(matches!(found, Err(ModelError::Outputs { model: 1, labels: 2 })), "{found:?}");
    }
    let gamma = GaussianGamma::new(1.0, 1.0).unwrap();
    let found = cubic().with_likelihood(gamma).condition_by(&Exact::Auto, &two);
    assert!(matches!(found, Err(ModelError::Outputs { .. })));
    let copies = cubic().with_outputs(2).with_likelihood(gamma).condition_by(&Exact::Auto, &some(5));
    assert!(matches!(copies, Err(ModelError::Outputs { model: 2, labels: 1 })));
    let stack = Stack::new(vec![Arc::new(cubic())]).unwrap();
    let found =
        stack.clone().with_likelihood(Gaussian::noise(0.1)).condition_by(&Exact::WeightSpace, &some(5));
    assert!(matches!(found, Err(ModelError::NoFeatures(name)) if name.starts_with("Stack")));
    let found = stack.with_likelihood(gamma).condition_by(&Exact::Auto, &some(5));
    assert!(matches!(found, Err(ModelError::NoFeatures(_))));
}

#[test]
fn predictions_at_points_that_do_not_fit() {
    let outside = Points::line([0.0, 1.5]).unwrap();
    let two = Points::new(array![[0.0, 0.0]]).unwrap();
    for method in METHODS {
        let posterior =
            cubic().with_likelihood(Gaussian::noise(0.1)).condition_by(&method, &some(9)).unwrap();
        let found = posterior.predict(&two);
        assert!(matches!(
            found,
            Err(ModelError::Prior(PriorError::Dimensions { expected: 1, found: 2, .. }))
        ));
        let found = posterior.predict(&outside);
        let is = matches!(found, Err(ModelError::Prior(PriorError::OutsideWindow { row: 1, input: 0, .. })));
        assert!(is, "{found:?}");
        assert!(posterior.extend(&Data::new(two.clone(), array![[0.0]]).unwrap()).is_err());
    }
}

#[test]
fn a_row_outside_the_window_is_named_also_in_a_later_block() {
    for (n, row) in [(50, 33), (5000, 4999)] {
        let mut x = vec![0.25; n];
        x[row] = 1.5;
        let data = Data::line(x, vec![0.0; n]).unwrap();
        for method in [Exact::Auto, Exact::WeightSpace] {
            for prior in [cubic(), cubic().with_mean([1.0; 4])] {
                let found = prior.with_likelihood(Gaussian::noise(0.1)).condition_by(&method, &data);
                let Err(ModelError::Prior(PriorError::OutsideWindow { row: found, .. })) = found else {
                    panic!("{found:?}");
                };
                assert_eq!(found, row);
            }
        }
    }
}

#[test]
fn an_empty_range_of_orders_and_a_high_one() {
    #[allow(clippy::reversed_empty_ranges)]
    let none = Polynomial::orders(5..=3);
    let found = conditioned(none.clone(), 0.1, &some(9));
    assert!(matches!(found, Err(ModelError::Prior(PriorError::Empty(_)))), "{found:?}");
    assert!(LeastSquares::fit(none, &some(9)).is_err());
    assert!(LeastSquares::fit(Polynomial::orders(0..=usize::MAX), &some(9)).is_err());
    for order in [10_000, 20_000] {
        let prior = || Polynomial::orders(0..=order).scales(Scales::power(1.5));
        let posterior = conditioned(prior(), 0.01, &some(12)).unwrap();
        let e = posterior.evidence();
        assert!(e.log.get().is_finite() && e.information.get() > 0.0, "{e}");
        let x = Points::linspace(-1.0, 1.0, 7).unwrap();
        let found = posterior.predict(&x).unwrap();
        assert!(found.mean().iter().chain(&found.sd(Uncertainty::Latent)).all(|v| v.is_finite()));
        assert!(posterior.draws(2, &x, Seed::new(1)).unwrap().iter().all(|v| v.is_finite()));
        // more rows can be added, whichever space it started in
        let weights = prior().with_likelihood(Gaussian::noise(0.01));
        let first = weights.condition_by(&Exact::WeightSpace, &some(12)).unwrap();
        let second = first.extend(&Data::line([0.05], [0.1]).unwrap()).unwrap();
        assert!(second.evidence().log.get().is_finite());
    }
}

#[test]
fn a_million_rows_in_function_space_are_refused_at_once() {
    let n = 1_000_000;
    let data = Data::line((0..n).map(|i| i as f64 / n as f64), (0..n).map(|i| i as f64)).unwrap();
    let start = std::time::Instant::now();
    let found = cubic().with_likelihood(Gaussian::noise(0.1)).condition_by(&Exact::FunctionSpace, &data);
    match found {
        Err(ModelError::TooLarge(e)) => {
            assert_eq!((e.rows, e.columns, e.bytes), (n, n, 8_000_000_000_000));
            assert!(e.to_string().contains("8000000000000 bytes"), "{e}");
        }
        other => panic!("{other:?}"),
    }
    assert!(start.elapsed().as_secs_f64() < 1.0);
    // and weight space is no trouble
    let posterior = conditioned(cubic().scaled(1e3), 1.0, &data).unwrap();
    assert!(posterior.evidence().log.get().is_finite());
}

#[test]
fn degenerate_data_are_valid() {
    let soft = || cubic().relaxed(Softness::new(0.1).unwrap(), Polynomial::orders(4..=40));
    for (x, y) in [
        (vec![0.3], vec![2.0]),
        (vec![0.3; 6], vec![2.0, 2.1, 1.9, 2.0, 2.2, 2.0]),
        (vec![0.3; 60], vec![2.0; 60]),
        (vec![-1.0, 0.0, 0.5, 1.0], vec![7.0; 4]),
        (vec![-1.0, 0.0, 0.5, 1.0], vec![0.0; 4]),
        (vec![-1.0, 0.0, 0.5, 1.0], vec![1e100, -1e100, 1e100, 0.0]),
        (vec![-1.0, 0.0, 0.5, 1.0], vec![1e-300; 4]),
    ] {
        let data = Data::line(x, y).unwrap();
        for method in METHODS {
            let posterior =
                soft().with_likelihood(Gaussian::noise(0.1)).condition_by(&method, &data).unwrap();
            let e = posterior.evidence();
            assert!(e.log.get().is_finite() && e.fit.get().is_finite() && e.information.get() >= 0.0, "{e}");
            let found = posterior.predict(&Points::linspace(-1.0, 1.0, 5).unwrap()).unwrap();
            assert!(found.mean().iter().chain(&found.sd(Uncertainty::Latent)).all(|v| v.is_finite()));
        }
        let gamma = GaussianGamma::new(1.0, 1.0).unwrap();
        let posterior = soft().with_likelihood(gamma).condition_by(&Exact::Auto, &data).unwrap();
        assert!(posterior.evidence().log.get().is_finite());
    }
    // so large that squares overflow: −∞, and no panic
    let data = Data::line([0.0, 0.5], [1e300, -1e300]).unwrap();
    if let Ok(posterior) = conditioned(soft(), 0.1, &data) {
        assert!(!posterior.evidence().log.get().is_nan());
    }
}

#[test]
fn no_points_give_empty_predictions() {
    let none = Points::line([]).unwrap();
    for method in METHODS {
        let model = cubic().with_likelihood(Gaussian::noise(0.1));
        let posterior = model.condition_by(&method, &some(9)).unwrap();
        let found = posterior.predict(&none).unwrap();
        assert_eq!(found.mean().dim(), (0, 1));
        assert_eq!(found.variance(Uncertainty::Observation).dim(), (0, 1));
        assert_eq!(found.interval(Uncertainty::Latent, 0.9).unwrap().0.dim(), (0, 1));
        assert_eq!(found.log_density(&Array2::zeros((0, 1))).unwrap().len(), 0);
        assert_eq!(posterior.draws(4, &none, Seed::new(1)).unwrap().dim(), (4, 0, 1));
        assert_eq!(posterior.cov(&none, &none).unwrap().of_output(0).dim(), (0, 0));
    }
}

#[test]
fn intervals_and_labels_of_a_prediction() {
    let posterior = conditioned(cubic(), 0.1, &some(9)).unwrap();
    let found = posterior.predict(&Points::linspace(-1.0, 1.0, 3).unwrap()).unwrap();
    for level in [0.0, 1.0, -0.5, 1.5, f64::NAN] {
        let error = found.interval(Uncertainty::Latent, level).unwrap_err();
        assert!(matches!(error, ModelError::Range { low: 0.0, high: 1.0, .. }), "{error}");
    }
    for level in [1e-12, 0.5, 1.0 - f64::EPSILON, 1f64.next_down()] {
        let (low, high) = found.interval(Uncertainty::Latent, level).unwrap();
        assert!(low.iter().zip(&high).all(|(l, h)| l <= h && l.is_finite() && h.is_finite()), "{level}");
    }
    let shape = found.log_density(&Array2::zeros((2, 1)));
    assert!(matches!(shape, Err(ModelError::Prior(PriorError::Dimensions { expected: 3, found: 2, .. }))));
    assert!(matches!(found.rmse(&Array2::zeros((3, 2))), Err(ModelError::Outputs { model: 1, labels: 2 })));
}

#[test]
fn conditional_evidence_of_no_later_rows() {
    let model = cubic().with_likelihood(Gaussian::noise(0.1));
    for first in [9, 10, usize::MAX] {
        let error = conditional_evidence(&model, &some(9), first).unwrap_err();
        assert!(matches!(error, ModelError::Data(DataError::OutOfRange { len: 9, .. })), "{error}");
    }
    for orders in [0, 1] {
        let error = conditional_evidence_over_orders(&model, &some(9), 3, orders, Seed::new(1)).unwrap_err();
        assert!(matches!(error, ModelError::Range { .. }), "{error}");
    }
    assert!(conditional_evidence_over_orders(&model, &some(9), 9, 2, Seed::new(1)).is_err());
}

#[test]
fn losses_that_cannot_judge() {
    let posterior = conditioned(cubic(), 0.1, &some(9)).unwrap();
    let error = posterior.risk(Loss::ZeroOne, &Data::line([0.0, 0.5], [1.0, 0.5]).unwrap()).unwrap_err();
    assert!(matches!(error, ModelError::Sign { row: 1, value: 0.5 }), "{error}");
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-200] {
        let error = posterior.risk(Loss::ClippedSquared { scale }, &some(9)).unwrap_err();
        assert!(matches!(error, ModelError::Range { .. }), "{error}");
    }
    let two = Data::new(some(3).points().clone(), Array2::ones((3, 2))).unwrap();
    assert!(matches!(posterior.risk(Loss::ZeroOne, &two), Err(ModelError::Outputs { .. })));
    // a function that is NaN is wrong everywhere
    let signs = Data::line([0.0, 0.5], [1.0, -1.0]).unwrap();
    for loss in [Loss::ZeroOne, Loss::ClippedSquared { scale: 1.0 }] {
        let nowhere = Array2::from_elem((2, 1), f64::NAN);
        assert_eq!(EmpiricalRisk::of_function(loss, &signs, &nowhere).unwrap().mean, 1.0);
    }
    assert!(EmpiricalRisk::of_function(Loss::ZeroOne, &signs, &Array2::zeros((1, 1))).is_err());
}

/// Features with a tunable but no gradient, or with as many scales as are asked for.
#[derive(Clone, Debug)]
struct Sloppy {
    scales: usize,
    tunable: bool,
}

impl Weights for Sloppy {
    fn dim(&self) -> usize {
        2
    }
    fn basis(&self, x: &Points) -> prior::Result<Array2<f64>> {
        Ok(Array2::ones((x.len(), 2)))
    }
    fn scales(&self) -> ndarray::Array1<f64> {
        ndarray::Array1::ones(self.scales)
    }
}

impl Linear for Sloppy {
    fn tunables(&self) -> Parameters {
        let p = Parameter::free("width", 1.0, (0.1, 10.0), softbias_priors::parameters::Coordinate::Log);
        if self.tunable { Parameters::new([p]) } else { Parameters::none() }
    }
}

#[test]
fn sloppy_priors_of_ones_own_are_told_what_is_wrong() {
    let data = Data::line([0.0, 0.5, 1.0], [1.0, 2.0, 3.0]).unwrap();
    let noise = Gaussian::noise(0.1);
    let error = tune(Sloppy { scales: 2, tunable: true }.with_likelihood(noise), &data).unwrap_err();
    assert!(error.to_string().contains("scale_gradient"), "{error}");
    let three = Sloppy { scales: 3, tunable: false };
    for method in [Exact::WeightSpace, Exact::FunctionSpace] {
        assert!(three.clone().with_likelihood(noise).condition_by(&method, &data).is_err());
    }
    assert!(three.draws(1, data.points(), Seed::new(1)).is_err());
}
