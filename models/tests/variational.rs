//! Variational inference: stationary points, lower bounds of the evidence, the Gibbs posterior of the zero–one loss, bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "laplace/support.rs"]
mod support;

use ndarray::Array1;
use softbias_models::*;
use softbias_priors::math::quadrature::Quadrature;
use softbias_priors::*;

use support::{Rbf, binary, inputs};

fn tight() -> Variational {
    Variational::new().tolerance(1e-12).sweeps(2000)
}

/// ln ∫ p(y | f) N(f; 0, v) df for one row.
fn one_row(likelihood: impl Fn(f64) -> f64, v: f64) -> f64 {
    let rule = Quadrature::normal(100).unwrap();
    rule.mean(|z| likelihood(v.sqrt() * z).exp()).ln()
}

#[test]
fn expected_logs_and_their_slopes() {
    let flips = Flips::with_probability(0.1).unwrap();
    let check = |at: &dyn Fn(f64, f64) -> [f64; 3]| {
        for (mean, var) in [(0.3, 0.8), (-1.2, 0.1), (2.0, 4.0)] {
            let h = 1e-5;
            let [_, first, second] = at(mean, var);
            let along = |f: &dyn Fn(f64) -> f64| (f(h) - f(-h)) / (2.0 * h);
            let by_mean = along(&|d| at(mean + d, var)[0]);
            let by_var = along(&|d| at(mean, var + d)[0]);
            assert!((first - by_mean).abs() < 1e-8 && (second - by_var).abs() < 1e-8, "{mean} {var}");
        }
    };
    for y in [-1.0, 1.0] {
        check(&|m, v| flips.expected_log(y, m, v).unwrap());
        check(&|m, v| Bernoulli::logit().expected_log(y, m, v).unwrap());
        check(&|m, v| Bernoulli::probit().expected_log(y, m, v).unwrap());
    }
    // E ln(1 − ε) or ln ε, by hand
    let [value, ..] = flips.expected_log(1.0, 0.0, 2.0).unwrap();
    assert!((value - 0.5 * (0.9f64.ln() + 0.1f64.ln())).abs() < 1e-14);
    assert_eq!(flips.expected_log(-1.0, 0.3, 0.0).unwrap(), [0.1f64.ln(), 0.0, 0.0]);
    assert!(matches!(Flips::none().expected_log(1.0, 0.0, 1.0), Err(ModelError::Range { .. })));
}

#[test]
fn a_lower_bound_that_no_other_gaussian_beats() {
    for likelihood in [Bernoulli::logit(), Bernoulli::probit()] {
        let data = binary(25);
        let prior = Rbf::new(2.0, 0.7);
        let found = prior.clone().with_likelihood(likelihood).condition_by(&tight(), &data).unwrap();
        assert!(found.warnings().is_empty());
        let evidence = found.evidence();
        assert!((evidence.log.get() - evidence.fit.get() + evidence.information.get()).abs() < 1e-10);
        // EP's evidence is nearly exact: the bound lies below it, and near
        let ep = prior.clone().with_likelihood(likelihood);
        let ep = ep.condition_by(&ExpectationPropagation::new(), &data).unwrap();
        let gap = ep.evidence().log.get() - evidence.log.get();
        assert!(gap > 0.0 && gap < 0.1, "{gap}");
        // the same objective at Laplace's and at EP's Gaussian is lower
        let laplace = prior.with_likelihood(likelihood).condition_by(&Laplace::new(), &data).unwrap();
        for (other, information) in [
            (ep.predict(data.points()).unwrap(), ep.information()),
            (laplace.predict(data.points()).unwrap(), laplace.information()),
        ] {
            let var = other.variance(Uncertainty::Latent);
            let fit: f64 = (0..25)
                .map(|i| {
                    likelihood.expected_log(data.labels()[[i, 0]], other.mean()[[i, 0]], var[[i, 0]]).unwrap()
                        [0]
                })
                .sum();
            assert!(fit - information.get() < evidence.log.get() + 1e-9);
        }
    }
}

#[test]
fn one_row_in_full() {
    // the best Gaussian for one row, found on a grid of means and variances
    let (v, flips) = (1.5, Flips::with_probability(0.05).unwrap());
    let data = Data::line([0.0], [1.0]).unwrap();
    let found = Rbf::new(v, 1.0).with_likelihood(flips).condition_by(&tight(), &data).unwrap();
    let objective = |m: f64, s: f64| {
        let kl = 0.5 * (s / v + m * m / v - 1.0 - (s / v).ln());
        flips.expected_log(1.0, m, s).unwrap()[0] - kl
    };
    let mut best = f64::NEG_INFINITY;
    for i in 0..400 {
        for j in 1..400 {
            best = best.max(objective(f64::from(i) * 0.01, f64::from(j) * v / 400.0));
        }
    }
    let log = found.evidence().log.get();
    assert!(log >= best - 1e-9 && log < best + 1e-3, "{log} {best}");
    assert!(log < one_row(|f| flips.log_density(1.0, f), v));
    // slopes vanish there: ∂/∂m and ∂/∂v of the objective
    let at = found.predict(data.points()).unwrap();
    let (m, s) = (at.mean()[[0, 0]], at.variance(Uncertainty::Latent)[[0, 0]]);
    let [_, first, second] = flips.expected_log(1.0, m, s).unwrap();
    assert!((first - m / v).abs() < 1e-4 && (second - 0.5 / v + 0.5 / s).abs() < 1e-4);
}

#[test]
fn the_gibbs_posterior_of_the_zero_one_loss() {
    let n = 60;
    let x = Seed::new(3).uniform1(n, -1.0, 1.0);
    let y = x.mapv(|x| if (4.0 * x).sin() > 0.2 { 1.0 } else { -1.0 });
    let data = Data::line(x, y).unwrap().declared_iid();
    let objective = |q: &dyn Fn() -> (f64, f64), lambda: f64| {
        let (risk, information) = q();
        lambda * n as f64 * risk + information
    };
    let mut last = (1.0, 0.0);
    for lambda in [0.5f64, 1.0, 2.0, 4.0] {
        let flips = Flips::with_probability(1.0 / (1.0 + lambda.exp())).unwrap();
        let found = Rbf::new(1.0, 0.4).with_likelihood(flips).condition_by(&tight(), &data).unwrap();
        let risk = found.risk(Loss::ZeroOne, &data).unwrap().mean;
        // the fit is the Gibbs risk at this price
        let price = -(1.0 - flips.probability()).ln() * n as f64;
        assert!((-found.evidence().fit.get() - price - lambda * n as f64 * risk).abs() < 1e-8);
        // better than Laplace's Gaussian at what it minimises
        let laplace = Rbf::new(1.0, 0.4).with_likelihood(Bernoulli::probit());
        let laplace = laplace.condition_by(&Laplace::new(), &data).unwrap();
        let of = |q: &dyn Fn() -> (f64, f64)| objective(q, lambda);
        let ours = of(&|| (risk, found.information().get()));
        let theirs = of(&|| (laplace.risk(Loss::ZeroOne, &data).unwrap().mean, laplace.information().get()));
        assert!(ours < theirs, "{lambda}: {ours} {theirs}");
        // dearer errors: fewer of them, for more information
        assert!(risk < last.0 && found.information().get() > last.1, "{lambda}");
        last = (risk, found.information().get());
    }
}

#[test]
fn what_cannot_be_conditioned() {
    let data = binary(5);
    let flips = Flips::with_probability(0.1).unwrap();
    let model = || Rbf::new(1.0, 0.5).with_likelihood(flips);
    assert!(matches!(model().condition_by(&Laplace::new(), &data), Err(ModelError::NotSmooth)));
    let exact = Rbf::new(1.0, 0.5).with_likelihood(Flips::none());
    assert!(matches!(exact.condition_by(&Variational::new(), &data), Err(ModelError::Range { .. })));
    let odd = Data::line([0.0, 1.0], [1.0, 0.5]).unwrap();
    assert!(matches!(
        model().condition_by(&Variational::new(), &odd),
        Err(ModelError::Support { row: 1, .. })
    ));
    for tolerance in [0.0, 1.0, f64::NAN] {
        let method = Variational::new().tolerance(tolerance);
        assert!(matches!(model().condition_by(&method, &data), Err(ModelError::Range { .. })));
    }
    // few sweeps: a posterior all the same, which says so
    let short = model().condition_by(&Variational::new().sweeps(1), &data).unwrap();
    assert!(matches!(short.warnings(), [Warning::Unfinished { .. }]));
    assert!(
        (short.evidence().log.get() - short.evidence().fit.get() + short.information().get()).abs() < 1e-12
    );
    // probabilities allow for flips
    let log = short.log_predictive(&data).unwrap();
    assert!(log.iter().all(|l| *l > 0.1f64.ln() - 1e-12 && *l < 0.9f64.ln() + 1e-12));
}

/// Poisson-like scales: variances from 1e-6 to 1e6 stay numbers.
#[test]
fn extreme_priors() {
    let data =
        Data::regression(inputs(12), Array1::from_shape_fn(12, |i| if i % 3 == 0 { 1.0 } else { -1.0 }))
            .unwrap();
    let flips = Flips::with_probability(0.2).unwrap();
    for variance in [1e-6, 1.0, 1e6] {
        let a = Rbf::new(variance, 0.3).with_likelihood(flips).condition_by(&tight(), &data).unwrap();
        let evidence = a.evidence().log.get();
        assert!(evidence.is_finite() && evidence < 0.0);
        // the sign of a function has no scale
        let b = Rbf::new(1.0, 0.3).with_likelihood(flips).condition_by(&tight(), &data).unwrap();
        assert!((evidence - b.evidence().log.get()).abs() < 1e-5, "{variance}");
    }
}
