//! Gradients of the evidence against differences: kernel, mean and likelihood, one function and several.

use softbias_models::*;

use crate::support::{Rbf, binary, classes, close, counts, gradient_is_the_difference, heavy_tailed};

#[test]
fn binary_labels() {
    for prior in
        [Rbf::new(1.3, 0.8).around(0.2, -0.4), Rbf::new(40.0, 0.3).around(-1.0, 1.0), Rbf::new(1e-3, 2.0)]
    {
        for likelihood in [Bernoulli::logit(), Bernoulli::probit()] {
            gradient_is_the_difference(&Laplace::new(), &prior, &likelihood, &binary(25), 1e-6);
        }
    }
}

#[test]
fn counts_and_outliers() {
    let prior = Rbf::new(0.7, 0.9).around(0.4, 0.3);
    gradient_is_the_difference(&Laplace::new(), &prior, &Poisson::log_link(), &counts(25), 1e-6);
    for dof in [1.5, 4.0, 300.0] {
        let noise = StudentT::new(dof, 0.3).unwrap();
        gradient_is_the_difference(&Laplace::new(), &prior, &noise, &heavy_tailed(25), 1e-6);
    }
}

#[test]
fn several_classes() {
    for unlike in [false, true] {
        for (variance, count) in [(1.1, 3), (20.0, 4), (0.5, 2)] {
            let prior = Rbf::new(variance, 0.7).around(0.1, -0.3).outputs(count, unlike);
            let likelihood = Softmax::classes(count).unwrap();
            gradient_is_the_difference(&Laplace::new(), &prior, &likelihood, &classes(24, count), 1e-6);
        }
    }
}

#[test]
fn the_gradient_belongs_to_the_evidence_of_the_posterior() {
    let prior = Rbf::new(1.3, 0.8);
    let data = binary(30);
    let found = Laplace::new().evidence_gradient(&prior, &Bernoulli::logit(), &data, None).unwrap();
    let posterior = prior.with_likelihood(Bernoulli::logit()).condition_by(&Laplace::new(), &data).unwrap();
    close(found.log, posterior.evidence().log.get(), 1e-13);
}
