//! Binary labels: scikit-learn's numbers, brute-force integrals, probabilities by other routes, the posterior as a prior.

use ndarray::{Array1, Array2, Axis, array};
use softbias_models::*;
use softbias_priors::*;

use crate::support::{Rbf, binary, close, inputs};

fn laplace(prior: Rbf, likelihood: Bernoulli, data: &Data) -> LaplacePosterior<Bernoulli> {
    prior.with_likelihood(likelihood).condition_by(&Laplace::new(), data).unwrap()
}

/// Numbers of `models/tests/peers/laplace_sklearn.py`.
#[test]
fn scikit_learn_finds_the_same() {
    let new = Points::new(array![[0.0, 0.0], [0.9, -0.4], [-0.5, 0.8], [3.0, 3.0]]).unwrap();
    let data = binary(40);
    // variance, length; evidence, its slopes in the logarithms of both; latent means and variances
    let table = [
        (
            (1.3, 0.8),
            [-20.808663395560522, 1.9753829125496296, 0.9807222219137671],
            [0.34862884891985146, 1.9063061793372176, -0.9160968529819801, 0.00043642703775095625],
            [0.4432594906093271, 0.5309902658472184, 0.4045061071399102, 1.2999998460147641],
        ),
        (
            (30.0, 0.5),
            [-21.014198225572372, -1.045112668506452, -0.21051756263576715],
            [-0.4586035068948924, 4.35233313763004, -1.074689752715979, 8.202482644364922e-09],
            [3.9798368916769498, 8.05877373785372, 2.0579058129071655, 30.0],
        ),
        (
            (0.2, 2.0),
            [-26.410743820449763, 1.1802255044362444, -2.261680433113826],
            [0.0861069501923127, 0.4008760888467339, -0.10942616830630658, 0.14191275589413027],
            [0.07963293504789662, 0.09571416719256932, 0.09623433138335387, 0.19560584565839853],
        ),
    ];
    for ((variance, length), [log, by_variance, by_length], mean, var) in table {
        let prior = Rbf::new(variance, length);
        let found = laplace(prior.clone(), Bernoulli::logit(), &data);
        close(found.evidence().log.get(), log, 1e-9);
        assert_eq!(found.evidence().grade, Grade::Approximate);
        let slopes = Laplace::new().evidence_gradient(&prior, &Bernoulli::logit(), &data, None).unwrap();
        // scikit-learn stops its mode at a change of 1e-10 in the evidence, to which slopes are less sensitive than modes
        close(variance * slopes.prior[0], by_variance, 1e-6);
        close(length * slopes.prior[1], by_length, 1e-6);
        let predicted = found.predict(&new).unwrap();
        for i in 0..4 {
            close(predicted.mean()[[i, 0]], mean[i], 1e-6);
            close(predicted.variance(Uncertainty::Latent)[[i, 0]], var[i], 1e-6);
        }
        assert!(found.warnings().is_empty());
    }
}

/// ln ∫ Π p(yᵢ | fᵢ) N(f; m, K) df by a grid of Gauss–Hermite nodes, and the posterior mean of f at the rows.
fn brute_force(prior: &Rbf, likelihood: Bernoulli, data: &Data) -> (f64, Array1<f64>) {
    let n = data.len();
    let rule = math::quadrature::Quadrature::normal(if n == 2 { 120 } else { 70 }).unwrap();
    let k = prior.cov(data.points(), data.points()).unwrap().of_output(0).to_owned();
    let l = math::linalg::Cholesky::new(k.view(), math::linalg::Jitter::None).unwrap();
    let mean = prior.mean(data.points()).unwrap().column(0).to_owned();
    let (mut z, mut first) = (0.0, Array1::zeros(n));
    let count = rule.nodes().len();
    for index in 0..count.pow(n as u32) {
        let at = |j: usize| index / count.pow(j as u32) % count;
        let white: Array1<f64> = (0..n).map(|j| rule.nodes()[at(j)]).collect();
        let f = l.l().dot(&white) + &mean;
        let weight: f64 = (0..n).map(|j| rule.weights()[at(j)]).product();
        let log: f64 = data.labels().iter().zip(&f).map(|(y, f)| likelihood.derivatives(*y, *f).log).sum();
        z += weight * log.exp();
        first.scaled_add(weight * log.exp(), &f);
    }
    (z.ln(), first / z)
}

#[test]
fn near_the_integral_for_two_and_three_rows() {
    for labels in [vec![1.0, -1.0], vec![1.0, 1.0], vec![1.0, 1.0, -1.0]] {
        let data = Data::regression(inputs(labels.len()), labels.into()).unwrap();
        for likelihood in [Bernoulli::logit(), Bernoulli::probit()] {
            for prior in [Rbf::new(1.0, 1.5), Rbf::new(0.3, 0.8).around(0.5, 0.2)] {
                let (log, mean) = brute_force(&prior, likelihood, &data);
                let found = laplace(prior, likelihood, &data);
                // Laplace's error is of second order in how far the posterior is from Gaussian
                close(found.evidence().log.get(), log, 0.03);
                for (found, expected) in found.mean(data.points()).unwrap().iter().zip(&mean) {
                    close(*found, *expected, 0.1);
                }
            }
        }
    }
}

#[test]
fn evidence_taken_apart() {
    let data = binary(30);
    for prior in [Rbf::new(2.0, 0.7).around(0.3, 0.5), Rbf::new(1e-6, 1.0), Rbf::new(500.0, 0.4)] {
        let found = laplace(prior.clone(), Bernoulli::logit(), &data);
        let e = found.evidence();
        close((e.fit - e.information).get(), e.log.get(), 1e-12);
        // fit by its own formula: ln p at the mode, less half of what the curvature says about the spread
        let at_rows = found.predict(data.points()).unwrap();
        let (mut fit, mut kl) = (0.0, 0.0);
        for (i, y) in data.labels().iter().enumerate() {
            let d = Bernoulli::logit().derivatives(*y, at_rows.mean()[[i, 0]]);
            fit += d.log + 0.5 * d.second * at_rows.variance(Uncertainty::Latent)[[i, 0]];
        }
        close(e.fit.get(), fit, 1e-8);
        // KL of one Gaussian from another by eigenvalues of K⁻¹Σ, where K can be inverted: for a short length scale
        if prior.length < 0.5 {
            use math::linalg::{Cholesky, Jitter, solve_lower};
            let k = prior.cov(data.points(), data.points()).unwrap().of_output(0).to_owned();
            let sigma = found.cov(data.points(), data.points()).unwrap().of_output(0).to_owned();
            let l = Cholesky::new(k.view(), Jitter::None).unwrap();
            let half = solve_lower(l.l(), sigma.view()).unwrap();
            let ratio = solve_lower(l.l(), half.t()).unwrap();
            for value in math::linalg::eigh(ratio.view()).unwrap().values {
                kl += 0.5 * (value - 1.0 - value.ln());
            }
            let shift = at_rows.mean() - &prior.mean(data.points()).unwrap();
            let white = solve_lower(l.l(), shift.view()).unwrap();
            kl += 0.5 * white.iter().map(|w| w * w).sum::<f64>();
            close(e.information.get(), kl, 1e-6);
        }
    }
}

#[test]
fn probabilities_integrate_the_latent_value() {
    let data = binary(30);
    let x = Points::new(inputs(37).slice(ndarray::s![30.., ..]).to_owned()).unwrap();
    for likelihood in [Bernoulli::logit(), Bernoulli::probit()] {
        let found = laplace(Rbf::new(3.0, 0.6).around(0.2, 0.0), likelihood, &data);
        let p = found.class_probabilities(&x).unwrap();
        assert_eq!(p.dim(), (7, 2));
        let predicted = found.predict(&x).unwrap();
        let variance = predicted.variance(Uncertainty::Latent);
        for i in 0..7 {
            close(p.row(i).sum(), 1.0, 1e-14);
            let (mean, sd) = (predicted.mean()[[i, 0]], variance[[i, 0]].sqrt());
            let nodes = 40_000;
            let dense: f64 = (0..=nodes)
                .map(|k| {
                    let z = -12.0 + 24.0 * f64::from(k) / f64::from(nodes);
                    let weight = math::special::normal_pdf(z) * 24.0 / f64::from(nodes);
                    weight * likelihood.derivatives(1.0, mean + sd * z).log.exp()
                })
                .sum();
            close(p[[i, 1]], dense, 1e-10);
        }
        // labels' densities are the same numbers
        for (column, label) in [(0, -1.0), (1, 1.0)] {
            let labels = Data::new(x.clone(), Array2::from_elem((7, 1), label)).unwrap();
            for (log, p) in found.log_predictive(&labels).unwrap().iter().zip(p.column(column)) {
                close(log.exp(), *p, 1e-12);
            }
        }
        // and what draws of functions say
        let draws = found.draws(20_000, &x, Seed::new(1)).unwrap();
        let averaged = draws.mapv(|f| likelihood.derivatives(1.0, f).log.exp()).mean_axis(Axis(0)).unwrap();
        for i in 0..7 {
            // 4.5 standard errors of 20,000 numbers in [0, 1]
            assert!((averaged[[i, 0]] - p[[i, 1]]).abs() < 4.5 * 0.5 / 20_000f64.sqrt());
        }
    }
}

#[test]
fn the_posterior_is_a_prior() {
    let data = binary(20);
    let found = laplace(Rbf::new(1.0, 0.6).around(0.1, 0.3), Bernoulli::logit(), &data);
    let x = Points::new(inputs(27).slice(ndarray::s![20.., ..]).to_owned()).unwrap();
    laws::gaussian(&found, &x, Seed::new(2)).unwrap();
    assert!(found.ledger().looked_at(data.rows()).is_some());
    assert!(found.prior_ledger().looked_at(data.rows()).is_none());
    assert_eq!(found.conditioned_on().len(), 20);
    assert_eq!(found.information(), found.evidence().information);
    // the Gibbs risk is the chance that a drawn function has the wrong sign
    let risk = found.risk(Loss::ZeroOne, &data).unwrap();
    let draws = found.draws(20_000, data.points(), Seed::new(3)).unwrap();
    let wrong = draws
        .outer_iter()
        .map(|f| f.iter().zip(data.labels()).filter(|(f, y)| *f * *y <= 0.0).count() as f64 / 20.0);
    let mean = wrong.sum::<f64>() / 20_000.0;
    assert!((risk.mean - mean).abs() < 4.5 * 0.2 / 20_000f64.sqrt(), "{} {mean}", risk.mean);
}

#[test]
fn order_of_rows_signs_and_threads_change_nothing() {
    let data = binary(30);
    let prior = Rbf::new(1.5, 0.7);
    let found = laplace(prior.clone(), Bernoulli::probit(), &data);
    let shuffled = laplace(prior.clone(), Bernoulli::probit(), &data.shuffle(Seed::new(4)).unwrap());
    close(shuffled.evidence().log.get(), found.evidence().log.get(), 1e-12);
    let turned = Data::new(data.points().clone(), data.labels().mapv(|y| -y)).unwrap();
    let turned = laplace(prior.clone(), Bernoulli::probit(), &turned);
    close(turned.evidence().log.get(), found.evidence().log.get(), 1e-13);
    let x = Points::new(inputs(5)).unwrap();
    let (p, q) = (found.class_probabilities(&x).unwrap(), turned.class_probabilities(&x).unwrap());
    for i in 0..5 {
        close(p[[i, 0]], q[[i, 1]], 1e-12);
        close(p[[i, 0]], shuffled.class_probabilities(&x).unwrap()[[i, 0]], 1e-10);
    }
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let gradient =
                Laplace::new().evidence_gradient(&prior, &Bernoulli::logit(), &data, None).unwrap();
            let found = laplace(prior.clone(), Bernoulli::logit(), &data);
            (gradient.log, gradient.prior, found.class_probabilities(&x).unwrap())
        })
    };
    assert_eq!(on(1), on(4));
}
