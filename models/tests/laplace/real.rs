//! Real labels with heavy tails, and counts: exact inference in the limit, outliers, predictive densities.

use ndarray::Array2;
use softbias_models::*;
use softbias_priors::*;

use crate::support::{Rbf, close, counts, heavy_tailed, inputs, labelled};

#[test]
fn many_degrees_of_freedom_are_exact_inference() {
    let data = labelled(30, |i, x, z| x - z + 0.2 * (5.0 * i as f64).sin());
    let prior = Rbf::new(1.2, 0.9).around(0.3, 0.4);
    // the laws of the test's prior itself; its Gram matrix has half of its entries missing, as it may
    laws::gaussian(&prior, &Points::new(inputs(6)).unwrap(), Seed::new(1)).unwrap();
    let exact = prior.clone().with_likelihood(Gaussian::noise(0.3)).condition(&data).unwrap();
    let t = StudentT::new(1e8, 0.3).unwrap();
    let found = prior.with_likelihood(t).condition_by(&Laplace::new(), &data).unwrap();
    // t(1e8) differs from the normal by a few 1e-8 a row
    close(found.evidence().log.get(), exact.evidence().log.get(), 1e-6);
    close(found.evidence().information.get(), exact.evidence().information.get(), 1e-6);
    close(found.evidence().fit.get(), exact.evidence().fit.get(), 1e-6);
    let x = Points::new(inputs(9)).unwrap();
    let (p, q) = (found.predict(&x).unwrap(), exact.predict(&x).unwrap());
    for of in [Uncertainty::Latent, Uncertainty::Observation] {
        for (a, b) in p.variance(of).iter().zip(&q.variance(of)) {
            close(*a, *b, 1e-6);
        }
    }
    for (a, b) in p.mean().iter().zip(q.mean()) {
        close(*a, *b, 1e-6);
    }
    let new = labelled(9, |_, x, _| x);
    let densities = q.log_density(new.labels()).unwrap();
    for (a, b) in found.log_predictive(&new).unwrap().iter().zip(&densities) {
        close(*a, *b, 1e-6);
    }
    assert!(found.warnings().is_empty());
    // and Gaussian labels through a log Jacobian
    let logged = Data::line([0.0, 0.4, 1.0], [1.0, 2.0, 5.0]).unwrap().log_labels().unwrap();
    let line = || Rbf::new(1.0, 0.5);
    let exact = line().with_likelihood(Gaussian::noise(0.3)).condition(&logged).unwrap();
    let found = line().with_likelihood(t).condition_by(&Laplace::new(), &logged).unwrap();
    close(found.evidence().log.get(), exact.evidence().log.get(), 1e-6);
}

#[test]
fn outliers_pull_little_and_are_told() {
    let (data, clean) =
        (heavy_tailed(33), labelled(33, |i, x, z| x + 0.3 * z + 0.2 * (5.0 * i as f64).sin()));
    let prior = Rbf::new(1.0, 1.0);
    let gap = |mean: &Array2<f64>| {
        let rows = data.points().view();
        let off = |(i, m): (usize, &f64)| (m - rows[[i, 0]] - 0.3 * rows[[i, 1]]).powi(2);
        (mean.iter().enumerate().map(off).sum::<f64>() / 33.0).sqrt()
    };
    let noise = StudentT::new(3.0, 0.2).unwrap();
    let robust = prior.clone().with_likelihood(noise).condition_by(&Laplace::new(), &data).unwrap();
    let gaussian = prior.clone().with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap();
    let (a, b) = (gap(&robust.mean(data.points()).unwrap()), gap(&gaussian.mean(data.points()).unwrap()));
    assert!(a < 0.15 && b > 3.0 * a, "{a} {b}");
    let outliers = (0..33).filter(|i| i % 11 == 3).count();
    assert_eq!(robust.warnings(), [Warning::NegativeCurvature { rows: outliers, of: 33 }]);
    let quiet = prior.with_likelihood(noise).condition_by(&Laplace::new(), &clean).unwrap();
    assert!(quiet.warnings().is_empty());
    assert!(robust.predict(data.points()).unwrap().variance(Uncertainty::Observation)[[0, 0]] > 0.12);
}

#[test]
fn the_evidence_of_outliers_is_near_the_integral() {
    // two rows, one of them far out: a plane's worth of brute force
    let data = Data::line([0.0, 0.7], [0.3, 2.5]).unwrap();
    let prior = Rbf::new(1.0, 1.0);
    // an outlier of few degrees of freedom is credited with the expected curvature: up to half a nat
    for (dof, tolerance) in [(4.0, 0.45), (30.0, 0.08), (1e6, 1e-5)] {
        let t = StudentT::new(dof, 0.5).unwrap();
        let k = prior.cov(data.points(), data.points()).unwrap().of_output(0).to_owned();
        let l = math::linalg::Cholesky::new(k.view(), math::linalg::Jitter::None).unwrap();
        let rule = math::quadrature::Quadrature::normal(120).unwrap();
        let l = l.l();
        let z = rule.mean(|a| {
            let f = l[[0, 0]] * a;
            t.log_density(0.3, f).exp()
                * rule.mean(|b| t.log_density(2.5, l[[1, 0]] * a + l[[1, 1]] * b).exp())
        });
        let found = prior.clone().with_likelihood(t).condition_by(&Laplace::new(), &data).unwrap();
        let off = (found.evidence().log.get() - z.ln()).abs();
        assert!(off < tolerance, "{dof}: {off}");
    }
}

#[test]
fn counts_follow_their_rate() {
    let data = counts(40);
    let found = Rbf::new(1.0, 1.0)
        .around(0.5, 0.0)
        .with_likelihood(Poisson::log_link())
        .condition_by(&Laplace::new(), &data)
        .unwrap();
    // predictive probabilities over counts sum to 1
    let x = Points::new(inputs(3)).unwrap();
    let mut total = [0.0; 3];
    for count in 0..400 {
        let labels = Data::new(x.clone(), Array2::from_elem((3, 1), f64::from(count))).unwrap();
        for (total, log) in total.iter_mut().zip(found.log_predictive(&labels).unwrap()) {
            *total += log.exp();
        }
    }
    for total in total {
        close(total, 1.0, 1e-9);
    }
    // one row, one function value: the exact integral is near
    let one = Data::line([0.0], [7.0]).unwrap();
    let prior = Rbf::new(0.5, 1.0).around(1.0, 0.0);
    let exact = Poisson::log_link().log_predictive(7.0, 1.0, 0.5).unwrap();
    let found = prior.with_likelihood(Poisson::log_link()).condition_by(&Laplace::new(), &one).unwrap();
    close(found.evidence().log.get(), exact, 0.01);
}
