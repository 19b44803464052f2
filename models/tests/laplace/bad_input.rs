//! Extremes and mistakes: typed errors or finite numbers, never NaN.

use ndarray::{Array1, Array2};
use softbias_models::*;
use softbias_priors::*;

use crate::support::{Rbf, binary, classes, close, counts, heavy_tailed, inputs};

fn finite(e: Evidence) {
    for nats in [e.log, e.fit, e.information] {
        assert!(nats.get().is_finite(), "{e:?}");
    }
    assert!(e.information.get() >= 0.0);
}

/// Conditions, predicts and differentiates; finite numbers, or an error that knows what it is about.
fn sound<L: ScalarLikelihood>(prior: &Rbf, likelihood: L, data: &Data) -> bool {
    match prior.clone().with_likelihood(likelihood.clone()).condition_by(&Laplace::new(), data) {
        Ok(found) => {
            finite(found.evidence());
            let predicted = found.predict(data.points()).unwrap();
            assert!(predicted.mean().iter().all(|v| v.is_finite()));
            assert!(predicted.variance(Uncertainty::Latent).iter().all(|v| v.is_finite() && *v >= 0.0));
            assert!(found.log_predictive(data).unwrap().iter().all(|v| v.is_finite()));
            let g = Laplace::new().evidence_gradient(prior, &likelihood, data, None).unwrap();
            assert!(g.prior.iter().chain(&g.likelihood).all(|v| v.is_finite()), "{g:?}");
            true
        }
        Err(ModelError::NotConverged { .. } | ModelError::Linalg(_) | ModelError::NoDensity { .. }) => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn huge_and_tiny_scales() {
    for variance in [1e-24, 1e-12, 1e-6, 1.0, 1e6, 1e12] {
        for length in [1e-6, 0.7, 1e6] {
            let prior = Rbf::new(variance, length);
            for link in [Bernoulli::logit(), Bernoulli::probit()] {
                let ok = sound(&prior, link, &binary(20));
                assert!(ok || variance > 1e5, "{variance} {length} {link:?}");
            }
            assert!(sound(&prior, Poisson::log_link(), &counts(20)) || variance > 1e5, "{variance} {length}");
            let noise = StudentT::new(4.0, 0.3).unwrap();
            assert!(sound(&prior, noise, &heavy_tailed(20)) || variance > 1e5, "{variance} {length}");
            let model = prior.clone().outputs(3, false).with_likelihood(Softmax::classes(3).unwrap());
            match model.clone().condition_by(&Laplace::new(), &classes(20, 3)) {
                Ok(found) => {
                    finite(found.evidence());
                    let p = found.class_probabilities(&Points::new(inputs(4)).unwrap()).unwrap();
                    assert!(p.iter().all(|p| (0.0..=1.0).contains(p)));
                    let g = Laplace::new()
                        .evidence_gradient(&model.prior, &model.likelihood, &classes(20, 3), None)
                        .unwrap();
                    assert!(g.prior.iter().all(|v| v.is_finite()));
                }
                Err(ModelError::NotConverged { .. } | ModelError::Linalg(_)) if variance > 1e5 => {}
                Err(other) => panic!("{variance} {length} {other:?}"),
            }
        }
    }
    // where the prior says nothing, labels are coin flips
    let none = Rbf::new(1e-24, 1.0).with_likelihood(Bernoulli::probit());
    let log = none.condition_by(&Laplace::new(), &binary(20)).unwrap().evidence().log.get();
    close(log, -20.0 * std::f64::consts::LN_2, 1e-12);
}

#[test]
fn one_row_one_class_repeated_rows() {
    let prior = Rbf::new(2.0, 0.8);
    let one = Data::line([0.3], [1.0]).unwrap();
    assert!(sound(&prior, Bernoulli::logit(), &one));
    assert!(sound(&prior, StudentT::new(2.0, 1.0).unwrap(), &one));
    assert!(sound(&prior, Poisson::log_link(), &one));
    let all_alike = Data::regression(inputs(15), Array1::ones(15)).unwrap();
    assert!(sound(&prior, Bernoulli::probit(), &all_alike));
    let zeros = Data::regression(inputs(15), Array1::zeros(15)).unwrap();
    assert!(sound(&prior, Poisson::log_link(), &zeros));
    for data in [&one, &all_alike, &zeros] {
        let model = prior.clone().outputs(3, false).with_likelihood(Softmax::classes(3).unwrap());
        finite(model.condition_by(&Laplace::new(), data).unwrap().evidence());
    }
    // the same inputs again and again, with labels that disagree
    let x = Array2::from_elem((12, 2), 0.4);
    let mixed = Data::regression(x, (0..12).map(|i| if i % 3 == 0 { -1.0 } else { 1.0 }).collect()).unwrap();
    for link in [Bernoulli::logit(), Bernoulli::probit()] {
        assert!(sound(&prior, link, &mixed));
        let found = prior.clone().with_likelihood(link).condition_by(&Laplace::new(), &mixed).unwrap();
        let p = found.class_probabilities(&Points::new(Array2::from_elem((1, 2), 0.4)).unwrap()).unwrap();
        assert!(p[[0, 1]] > 0.5 && p[[0, 1]] < 0.67, "{p}");
    }
}

#[test]
fn mistakes_are_named() {
    let condition = |prior: Rbf, data: &Data| {
        prior.with_likelihood(Bernoulli::logit()).condition_by(&Laplace::new(), data).map(drop)
    };
    let found = condition(Rbf::new(1.0, 1.0), &counts(10));
    assert!(matches!(found, Err(ModelError::Support { row: 0, .. })), "{found:?}");
    let found = condition(Rbf::new(1.0, 1.0).outputs(2, false), &binary(10));
    assert!(matches!(found, Err(ModelError::SingleOutput { prior: 2, labels: 1 })));
    let two = Data::new(Points::new(inputs(4)).unwrap(), Array2::ones((4, 2))).unwrap();
    let found = condition(Rbf::new(1.0, 1.0), &two);
    assert!(matches!(found, Err(ModelError::SingleOutput { prior: 1, labels: 2 })));
    let soft = |outputs: usize, data: &Data| {
        let prior = Rbf::new(1.0, 1.0).outputs(outputs, false);
        prior.with_likelihood(Softmax::classes(3).unwrap()).condition_by(&Laplace::new(), data).map(drop)
    };
    assert!(matches!(soft(2, &classes(8, 3)), Err(ModelError::ClassOutputs { classes: 3, outputs: 2 })));
    assert!(matches!(soft(3, &classes(8, 5)), Err(ModelError::Support { .. })));
    let few = Laplace::new().iterations(1);
    let found = Rbf::new(50.0, 0.5).with_likelihood(Bernoulli::logit()).condition_by(&few, &binary(30));
    let Err(error @ ModelError::NotConverged { iterations: 1, .. }) = found else { panic!("{found:?}") };
    assert!(error.to_string().contains("iterations"), "{error}");
    let found = Rbf::new(1.0, 1.0)
        .around(800.0, 0.0)
        .with_likelihood(Poisson::log_link())
        .condition_by(&Laplace::new(), &counts(5));
    assert!(matches!(found, Err(ModelError::NoDensity { .. })), "{found:?}");
}

#[test]
fn questions_that_do_not_fit() {
    let polynomial = Polynomial::orders(0..=3);
    let data = Data::line([-0.5, 0.1, 0.6], [1.0, -1.0, 1.0]).unwrap();
    let found = polynomial.with_likelihood(Bernoulli::logit()).condition_by(&Laplace::new(), &data).unwrap();
    let plane = Points::new(inputs(3)).unwrap();
    assert!(found.predict(&plane).is_err() && found.class_probabilities(&plane).is_err());
    let wrong = Data::line([0.0], [0.5]).unwrap();
    assert!(matches!(found.log_predictive(&wrong), Err(ModelError::Support { row: 0, .. })));
    assert_eq!(found.class_probabilities(&Points::line([]).unwrap()).unwrap().dim(), (0, 2));
    assert!(found.risk(Loss::ZeroOne, &wrong).is_err());
    // random features, several of them at a time
    let features = Features::fourier(40, 2, 0.8, Seed::new(1)).unwrap().with_outputs(3);
    let model = features.with_likelihood(Softmax::classes(3).unwrap());
    finite(model.condition_by(&Laplace::new(), &classes(20, 3)).unwrap().evidence());
}
