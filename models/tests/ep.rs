//! Expectation propagation: brute-force integrals, gradients, invariances, extremes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "laplace/support.rs"]
mod support;

use ndarray::{Array1, Array2, s};
use softbias_models::*;
use softbias_priors::*;

use support::{Rbf, binary, close, gradient_is_the_difference, inputs};

fn ep(prior: Rbf, likelihood: Bernoulli, data: &Data) -> EpPosterior {
    prior.with_likelihood(likelihood).condition_by(&ExpectationPropagation::new(), data).unwrap()
}

/// ln ∫ Π p(yᵢ | fᵢ) N(f; m, K) df by a grid of Gauss–Hermite nodes, and the mean and variance of each fᵢ.
fn brute_force(prior: &Rbf, likelihood: Bernoulli, data: &Data) -> (f64, Array1<f64>, Array1<f64>) {
    let n = data.len();
    let rule = math::quadrature::Quadrature::normal(if n < 3 { 120 } else { 70 }).unwrap();
    let k = prior.cov(data.points(), data.points()).unwrap().of_output(0).to_owned();
    let l = math::linalg::Cholesky::new(k.view(), math::linalg::Jitter::None).unwrap();
    let mean = prior.mean(data.points()).unwrap().column(0).to_owned();
    let (mut z, mut first, mut second) = (0.0, Array1::zeros(n), Array1::zeros(n));
    let count = rule.nodes().len();
    for index in 0..count.pow(n as u32) {
        let at = |j: usize| index / count.pow(j as u32) % count;
        let white: Array1<f64> = (0..n).map(|j| rule.nodes()[at(j)]).collect();
        let f = l.l().dot(&white) + &mean;
        let weight: f64 = (0..n).map(|j| rule.weights()[at(j)]).product();
        let log: f64 = data.labels().iter().zip(&f).map(|(y, f)| likelihood.log_density(*y, *f)).sum();
        z += weight * log.exp();
        first.scaled_add(weight * log.exp(), &f);
        second.scaled_add(weight * log.exp(), &f.mapv(|f| f * f));
    }
    let mean: Array1<f64> = first / z;
    (z.ln(), mean.clone(), second / z - &mean * &mean)
}

#[test]
fn close_to_the_integral_for_few_rows() {
    for labels in [vec![1.0], vec![1.0, -1.0], vec![1.0, 1.0], vec![1.0, 1.0, -1.0]] {
        let n = labels.len();
        let data = Data::regression(inputs(n), labels.into()).unwrap();
        for likelihood in [Bernoulli::logit(), Bernoulli::probit()] {
            for prior in [Rbf::new(1.0, 1.5), Rbf::new(3.0, 0.8).around(0.5, 0.2)] {
                let (log, mean, var) = brute_force(&prior, likelihood, &data);
                let found = ep(prior.clone(), likelihood, &data);
                let off = (found.evidence().log.get() - log).abs();
                // one row is exact: its site matches the moments
                let tolerance = if n == 1 { 1e-7 } else { 3e-3 };
                assert!(off < tolerance, "{n} rows: {off}");
                let predicted = found.predict(data.points()).unwrap();
                for i in 0..n {
                    close(predicted.mean()[[i, 0]], mean[i], 2.0 * tolerance);
                    close(predicted.variance(Uncertainty::Latent)[[i, 0]], var[i], 5.0 * tolerance);
                }
                // Laplace is farther off than EP
                let laplace = prior.with_likelihood(likelihood).condition_by(&Laplace::new(), &data).unwrap();
                assert!((laplace.evidence().log.get() - log).abs() > off);
            }
        }
    }
}

#[test]
fn independent_rows_are_exact() {
    // far apart, every row is a problem of one row: ln Φ(y m/√(1 + v))
    let x = Array2::from_shape_fn((6, 1), |(i, _)| 100.0 * i as f64);
    let data = Data::regression(x, Array1::from(vec![1.0, -1.0, 1.0, 1.0, -1.0, -1.0])).unwrap();
    let prior = Rbf::new(2.5, 1.0).around(0.4, 0.0);
    let expected: f64 =
        data.labels().iter().map(|y| math::special::log_normal_cdf(y * 0.4 / 3.5f64.sqrt())[0]).sum();
    close(ep(prior, Bernoulli::probit(), &data).evidence().log.get(), expected, 1e-12);
}

#[test]
fn gradients_by_differences() {
    for prior in
        [Rbf::new(1.3, 0.8).around(0.2, -0.4), Rbf::new(40.0, 0.5).around(-1.0, 1.0), Rbf::new(1e-3, 2.0)]
    {
        for likelihood in [Bernoulli::logit(), Bernoulli::probit()] {
            let method = ExpectationPropagation::new();
            gradient_is_the_difference(&method, &prior, &likelihood, &binary(25), 1e-6);
        }
    }
}

#[test]
fn damping_order_signs_and_threads_change_nothing() {
    let data = binary(30);
    let prior = Rbf::new(1.5, 0.7);
    let found = ep(prior.clone(), Bernoulli::probit(), &data);
    let e = found.evidence();
    close((e.fit - e.information).get(), e.log.get(), 1e-12);
    assert_eq!(e.grade, Grade::Approximate);
    let damped = prior
        .clone()
        .with_likelihood(Bernoulli::probit())
        .condition_by(&ExpectationPropagation::new().damped(0.5), &data)
        .unwrap();
    close(damped.evidence().log.get(), e.log.get(), 1e-11);
    assert!(damped.iterations() > found.iterations());
    let shuffled = ep(prior.clone(), Bernoulli::probit(), &data.shuffle(Seed::new(4)).unwrap());
    close(shuffled.evidence().log.get(), e.log.get(), 1e-11);
    let turned = Data::new(data.points().clone(), data.labels().mapv(|y| -y)).unwrap();
    close(ep(prior.clone(), Bernoulli::probit(), &turned).evidence().log.get(), e.log.get(), 1e-12);
    let x = Points::new(inputs(5)).unwrap();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let found = ep(prior.clone(), Bernoulli::logit(), &data);
            (found.evidence(), found.class_probabilities(&x).unwrap())
        })
    };
    assert_eq!(on(1), on(4));
}

#[test]
fn the_posterior_is_a_prior() {
    let data = binary(20);
    let found = ep(Rbf::new(1.0, 0.6).around(0.1, 0.3), Bernoulli::logit(), &data);
    let x = Points::new(inputs(27).slice(s![20.., ..]).to_owned()).unwrap();
    laws::gaussian(&found, &x, Seed::new(2)).unwrap();
    assert!(found.ledger().looked_at(data.rows()).is_some());
    assert_eq!(found.information(), found.evidence().information);
    assert!(found.risk(Loss::ZeroOne, &data).unwrap().mean < 0.5);
    // with linear features too
    let features = Features::fourier(30, 2, 0.8, Seed::new(1)).unwrap();
    let model = features.with_likelihood(Bernoulli::probit());
    assert!(model.condition_by(&ExpectationPropagation::new(), &data).unwrap().evidence().log.get() < 0.0);
}

#[test]
fn extremes_and_mistakes() {
    let finite = |prior: &Rbf, likelihood: Bernoulli, data: &Data| {
        let model = prior.clone().with_likelihood(likelihood);
        match model.condition_by(&ExpectationPropagation::new(), data) {
            Ok(found) => {
                let e = found.evidence();
                assert!([e.log, e.fit, e.information].iter().all(|v| v.get().is_finite()), "{e:?}");
                let p = found.class_probabilities(data.points()).unwrap();
                assert!(p.iter().all(|p| (0.0..=1.0).contains(p)));
                true
            }
            Err(ModelError::NotConverged { .. } | ModelError::Linalg(_)) => false,
            Err(other) => panic!("{other:?}"),
        }
    };
    for likelihood in [Bernoulli::logit(), Bernoulli::probit()] {
        for variance in [1e-24, 1e-12, 1e-3, 1.0, 1e3, 1e12] {
            for length in [1e-6, 0.7, 1e6] {
                let ok = finite(&Rbf::new(variance, length), likelihood, &binary(20));
                assert!(ok || variance > 1e2, "{variance} {length} {likelihood:?}");
            }
        }
        let prior = Rbf::new(2.0, 0.8);
        assert!(finite(&prior, likelihood, &Data::line([0.3], [-1.0]).unwrap()));
        assert!(finite(&prior, likelihood, &Data::regression(inputs(15), Array1::ones(15)).unwrap()));
        let x = Array2::from_elem((12, 2), 0.4);
        let mixed = (0..12).map(|i| if i % 3 == 0 { -1.0 } else { 1.0 }).collect();
        assert!(finite(&prior, likelihood, &Data::regression(x, mixed).unwrap()));
    }
    let few = ExpectationPropagation::new().sweeps(2);
    let found = Rbf::new(9.0, 0.5).with_likelihood(Bernoulli::logit()).condition_by(&few, &binary(30));
    assert!(matches!(found, Err(ModelError::NotConverged { iterations: 2, .. })), "{found:?}");
    let labels = Data::line([0.0, 1.0], [1.0, 0.0]).unwrap();
    let found = Rbf::new(1.0, 1.0)
        .with_likelihood(Bernoulli::probit())
        .condition_by(&ExpectationPropagation::new(), &labels);
    assert!(matches!(found, Err(ModelError::Support { row: 1, .. })), "{found:?}");
}
