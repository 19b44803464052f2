//! Predictions and evidence against closed forms and simulation: variances, coverage, chain rules, calibration.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ndarray::{Array2, Axis, array};
use softbias_models::*;
use softbias_priors::math::special::{ln_gamma, normal_cdf};
use softbias_priors::*;

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
        "found {found}, expected {expected}"
    );
}

fn prior() -> Pathways<Polynomial, Polynomial> {
    Polynomial::orders(0..=1).relaxed(Softness::new(0.4).unwrap(), Polynomial::orders(2..=12))
}

fn some(n: usize, seed: u64) -> Data {
    let x = Seed::new(seed).uniform1(n, -1.0, 1.0);
    let noise = Seed::new(seed).named("noise").normal1(n);
    Data::line(x.to_vec(), (x.mapv(|x| (3.0 * x).sin()) + 0.2 * noise).to_vec()).unwrap()
}

const METHODS: [Exact; 2] = [Exact::WeightSpace, Exact::FunctionSpace];

fn ln_normal(y: f64, mean: f64, variance: f64) -> f64 {
    -0.5 * (y - mean).powi(2) / variance - 0.5 * (2.0 * std::f64::consts::PI * variance).ln()
}

#[test]
fn an_observation_varies_by_the_noise_more() {
    let x = Points::linspace(-1.0, 1.0, 7).unwrap();
    for method in METHODS {
        let posterior =
            prior().with_likelihood(Gaussian::noise(0.3)).condition_by(&method, &some(9, 1)).unwrap();
        let found = posterior.predict(&x).unwrap();
        let (latent, observed) =
            (found.variance(Uncertainty::Latent), found.variance(Uncertainty::Observation));
        assert_eq!(found.mean(), &posterior.mean(&x).unwrap());
        assert_eq!(latent, posterior.var(&x).unwrap());
        for ((l, o), sd) in latent.iter().zip(&observed).zip(&found.sd(Uncertainty::Observation)) {
            close(o - l, 0.09, 1e-15);
            close(sd * sd, *o, 1e-15);
        }
        // a posterior varies less than its prior
        assert!(latent.iter().zip(&prior().var(&x).unwrap()).all(|(q, p)| q <= p));
        for level in [0.1, 0.5, 0.9, 0.999] {
            for of in [Uncertainty::Latent, Uncertainty::Observation] {
                let ((low, high), sd) = (found.interval(of, level).unwrap(), found.sd(of));
                for i in 0..7 {
                    let (m, s) = (found.mean()[[i, 0]], sd[[i, 0]]);
                    close(
                        normal_cdf((high[[i, 0]] - m) / s) - normal_cdf((low[[i, 0]] - m) / s),
                        level,
                        1e-9,
                    );
                    close(0.5 * (low[[i, 0]] + high[[i, 0]]), m, 1e-12);
                }
            }
        }
    }
}

#[test]
fn log_density_and_rmse_are_their_closed_forms() {
    let x = Points::linspace(-1.0, 1.0, 4).unwrap();
    let y = Seed::new(3).normal2(10, 2);
    let data = Data::new(some(10, 2).points().clone(), y).unwrap();
    let two = Polynomial::orders(0..=3).with_outputs(2).with_likelihood(Gaussian::noise(0.5));
    let found = two.condition(&data).unwrap().predict(&x).unwrap();
    let labels = Seed::new(4).normal2(4, 2);
    let (m, v) = (found.mean(), found.variance(Uncertainty::Observation));
    let density = found.log_density(&labels).unwrap();
    for i in 0..4 {
        let expected: f64 = (0..2).map(|c| ln_normal(labels[[i, c]], m[[i, c]], v[[i, c]])).sum();
        close(density[i], expected, 1e-13);
    }
    close(found.rmse(&labels).unwrap().powi(2), (m - &labels).mapv(|e| e * e).mean().unwrap(), 1e-13);
    close(found.rmse(m).unwrap(), 0.0, 0.0);
}

#[test]
fn predictions_go_back_through_affine_transforms_only() {
    let data = some(8, 5).log_labels();
    assert!(data.is_err(), "labels below 0 have no logarithm");
    let x = some(8, 5).points().clone();
    let positive = Data::new(x.clone(), Array2::from_elem((8, 1), 2.5)).unwrap().log_labels().unwrap();
    let posterior = prior().with_likelihood(Gaussian::noise(0.3)).condition(&positive).unwrap();
    let found = posterior.predict(&x).unwrap().on_original_scale(&positive);
    assert!(matches!(found, Err(ModelError::Transform("log"))), "{found:?}");
    let plain = posterior.predict(&x).unwrap();
    let same = plain.on_original_scale(&some(8, 5)).unwrap();
    assert_eq!((&same.mean, &same.latent), (plain.mean(), &plain.variance(Uncertainty::Latent)));
    close(same.noise[[0, 0]], 0.09, 1e-15);
}

/// Fraction of `m` simulated worlds, each drawn from the prior predictive, in which the interval holds the truth.
fn coverage(method: Exact, m: usize, level: f64) -> (f64, f64) {
    let sd = 0.3;
    let x = Points::line([-0.9, -0.2, 0.1, 0.5, 0.8, 0.3]).unwrap();
    let (train, test) = (x.range(0..5).unwrap(), x.range(5..6).unwrap());
    let functions = prior().draws(m, &x, Seed::new(21)).unwrap();
    let noise = Seed::new(22).normal2(m, 6) * sd;
    let (mut latent, mut observed) = (0.0, 0.0);
    for k in 0..m {
        let f = functions.index_axis(Axis(0), k).column(0).to_owned();
        let y = &f + &noise.row(k);
        let data =
            Data::new(train.clone(), y.slice(ndarray::s![..5]).to_owned().insert_axis(Axis(1))).unwrap();
        let posterior = prior().with_likelihood(Gaussian::noise(sd)).condition_by(&method, &data).unwrap();
        let found = posterior.predict(&test).unwrap();
        let holds = |of, truth: f64| {
            let (low, high) = found.interval(of, level).unwrap();
            f64::from(u8::from((low[[0, 0]]..=high[[0, 0]]).contains(&truth)))
        };
        latent += holds(Uncertainty::Latent, f[5]);
        observed += holds(Uncertainty::Observation, y[5]);
    }
    (latent / m as f64, observed / m as f64)
}

#[test]
fn intervals_cover_as_often_as_they_say() {
    for method in METHODS {
        for level in [0.5, 0.9] {
            let m = 2000;
            let (latent, observed) = coverage(method, m, level);
            let error = 4.0 * (level * (1.0 - level) / m as f64).sqrt();
            assert!((latent - level).abs() < error, "latent {latent} at {level}");
            assert!((observed - level).abs() < error, "observed {observed} at {level}");
        }
    }
}

#[test]
fn one_step_ahead_densities_add_up_to_the_evidence() {
    let (n, data) = (12, some(12, 6));
    let model = prior().with_likelihood(Gaussian::noise(0.2));
    for method in METHODS {
        let mut sum = conditional_evidence(&model, &data.select(&[0]).unwrap(), 0).unwrap().get();
        let mut tail = vec![sum];
        for k in 1..n {
            let (before, after) = data.split_at(k).unwrap();
            let next = after.select(&[0]).unwrap();
            let found = model.clone().condition_by(&method, &before).unwrap().predict(next.points()).unwrap();
            let step = found.log_density(next.labels()).unwrap()[0];
            tail.push(step);
            sum += step;
        }
        let all = model.clone().condition_by(&method, &data).unwrap().evidence().log.get();
        close(sum, all, 1e-9);
        close(conditional_evidence(&model, &data, 0).unwrap().get(), all, 1e-10);
        for first in [1, 5, 11] {
            let found = conditional_evidence(&model, &data, first).unwrap().get();
            close(found, tail[first..].iter().sum::<f64>(), 1e-9);
        }
    }
}

#[test]
fn orders_average_to_the_mean_over_all_orders() {
    let data = some(5, 7);
    let model = prior().with_likelihood(Gaussian::noise(0.2));
    // the last row given all others, over orders: each row is last equally often
    let rows: Vec<usize> = (0..5).collect();
    let left_out: Vec<f64> = rows
        .iter()
        .map(|&i| {
            let others: Vec<usize> = rows.iter().copied().filter(|&j| j != i).collect();
            let found = model.clone().condition(&data.select(&others).unwrap()).unwrap();
            let last = data.select(&[i]).unwrap();
            found.predict(last.points()).unwrap().log_density(last.labels()).unwrap()[0]
        })
        .collect();
    let exact = left_out.iter().sum::<f64>() / 5.0;
    let (mean, error) = conditional_evidence_over_orders(&model, &data, 4, 400, Seed::new(8)).unwrap();
    assert!((mean.get() - exact).abs() < 4.0 * error.get(), "{mean} ± {error}, {exact}");
    let spread = (left_out.iter().map(|v| (v - exact).powi(2)).sum::<f64>() / 5.0).sqrt();
    assert!((error.get() / (spread / 20.0) - 1.0).abs() < 0.3, "{error} {spread}");
    // no row given: every order gives the evidence
    let (mean, error) = conditional_evidence_over_orders(&model, &data, 0, 4, Seed::new(8)).unwrap();
    close(mean.get(), model.clone().condition(&data).unwrap().evidence().log.get(), 1e-12);
    assert!(error.get() < 1e-12);
    let again = conditional_evidence_over_orders(&model, &data, 3, 9, Seed::new(8)).unwrap();
    assert_eq!(again, conditional_evidence_over_orders(&model, &data, 3, 9, Seed::new(8)).unwrap());
}

#[test]
fn bayes_factors_average_to_one() {
    // E over data from A of p_B/p_A = 1. B's covariance is below A's, so that the factor is bounded.
    let x = Points::line([-1.0, -0.3, 0.2, 0.9]).unwrap();
    let (m, sd) = (4000, 0.5);
    let soft = || Polynomial::orders(0..=1).relaxed(Softness::new(0.7).unwrap(), Polynomial::orders(2..=5));
    let functions = soft().draws(m, &x, Seed::new(31)).unwrap();
    let noise = Seed::new(32).normal2(m, 4) * sd;
    let log = |prior: std::sync::Arc<dyn GaussianPrior>, data: &Data| {
        prior.with_likelihood(Gaussian::noise(sd)).condition(data).unwrap().evidence().log.get()
    };
    let mut factors = [Vec::with_capacity(m), Vec::with_capacity(m)];
    for k in 0..m {
        let y = &functions.index_axis(Axis(0), k) + &noise.row(k).insert_axis(Axis(1));
        let data = Data::new(x.clone(), y).unwrap();
        let of_a = log(std::sync::Arc::new(soft()), &data);
        factors[0].push((log(std::sync::Arc::new(soft().at(Softness::HARD)), &data) - of_a).exp());
        factors[1].push((log(std::sync::Arc::new(soft().scaled(0.8)), &data) - of_a).exp());
    }
    for list in factors {
        let mean = list.iter().sum::<f64>() / m as f64;
        let variance = list.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (m as f64 - 1.0);
        let error = (variance / m as f64).sqrt();
        assert!((mean - 1.0).abs() < 4.0 * error && error < 0.1, "{mean} ± {error}");
    }
}

fn ln_student(y: f64, location: f64, scale2: f64, freedom: f64) -> f64 {
    ln_gamma(0.5 * (freedom + 1.0))
        - ln_gamma(0.5 * freedom)
        - 0.5 * (freedom * std::f64::consts::PI * scale2).ln()
        - 0.5 * (freedom + 1.0) * ((y - location).powi(2) / (freedom * scale2)).ln_1p()
}

#[test]
fn the_normal_gamma_posterior_by_the_chain_rule() {
    let (n, data) = (9, some(9, 9));
    let model = || prior().with_likelihood(GaussianGamma::new(2.5, 0.7).unwrap());
    let whole = model().condition_by(&Exact::Auto, &data).unwrap();
    let mut sum =
        model().condition_by(&Exact::Auto, &data.select(&[0]).unwrap()).unwrap().evidence().log.get();
    for k in 1..n {
        let (before, after) = data.split_at(k).unwrap();
        let next = after.select(&[0]).unwrap();
        let posterior = model().condition_by(&Exact::Auto, &before).unwrap();
        let (shape, rate) = posterior.precision();
        let (location, scale2) = posterior.predict(next.points()).unwrap();
        // a new label: the function's scale, and that of the noise
        let observed = scale2[[0, 0]] + rate / shape;
        sum += ln_student(next.labels()[[0, 0]], location[[0, 0]], observed, 2.0 * shape);
    }
    close(sum, whole.evidence().log.get(), 1e-10);
    close(whole.precision().0, 2.5 + 4.5, 1e-15);
}

#[test]
fn the_normal_gamma_posterior_by_integration_over_the_precision() {
    // given τ the model is Gaussian: noise 1/√τ and the prior scaled by 1/√τ
    let (shape, rate, data) = (2.5, 0.7, some(9, 10));
    let x = Points::linspace(-1.0, 1.0, 5).unwrap();
    let posterior = prior()
        .with_likelihood(GaussianGamma::new(shape, rate).unwrap())
        .condition_by(&Exact::Auto, &data)
        .unwrap();
    let steps: Vec<f64> = (0..400).map(|i| -6.0 + 0.03 * f64::from(i)).collect();
    let weight = |log_tau: f64| {
        let tau = log_tau.exp();
        let sd = 1.0 / tau.sqrt();
        let given = prior().scaled(sd).with_likelihood(Gaussian::noise(sd)).condition(&data).unwrap();
        let prior_density = shape * rate.ln() - ln_gamma(shape) + shape * log_tau - rate * tau;
        (prior_density + given.evidence().log.get()).exp()
    };
    let weights: Vec<f64> = steps.iter().map(|t| 0.03 * weight(*t)).collect();
    let total: f64 = weights.iter().sum();
    close(total.ln(), posterior.evidence().log.get(), 1e-8);
    let mean = |of: &dyn Fn(f64) -> f64| {
        steps.iter().zip(&weights).map(|(t, w)| w * of(t.exp())).sum::<f64>() / total
    };
    let (new_shape, new_rate) = posterior.precision();
    close(mean(&|tau| tau), new_shape / new_rate, 1e-8);
    // location and squared scale: those of τ = 1, times E-free factors; the variance is that of the mixture over τ
    let unit = prior().with_likelihood(Gaussian::noise(1.0)).condition(&data).unwrap().predict(&x).unwrap();
    let (location, scale2) = posterior.predict(&x).unwrap();
    let spread = mean(&|tau| 1.0 / tau);
    let freedom = 2.0 * new_shape;
    for i in 0..5 {
        close(location[[i, 0]], unit.mean()[[i, 0]], 1e-11);
        let variance = unit.variance(Uncertainty::Latent)[[i, 0]] * spread;
        close(scale2[[i, 0]] * freedom / (freedom - 2.0), variance, 1e-7);
    }
}

#[test]
fn likelihoods_are_densities_of_one_label() {
    let gamma = GaussianGamma::new(1.5, 0.8).unwrap();
    let nothing = Polynomial::orders(0..=0).scales(Scales::rule(0, |_| 0.0));
    for y in [-3.0, 0.0, 0.4] {
        let data = Data::line([0.2], [y]).unwrap();
        let found = nothing.clone().with_likelihood(gamma).condition_by(&Exact::Auto, &data).unwrap();
        close(found.evidence().log.get(), gamma.log_density(y, 0.0), 1e-13);
        close(found.evidence().log.get(), ln_student(y, 0.0, 0.8 / 1.5, 3.0), 1e-13);
        let gaussian = Gaussian::noise(0.7);
        let found = nothing.clone().with_likelihood(gaussian).condition(&data).unwrap();
        close(found.evidence().log.get(), gaussian.log_density(y, 0.0), 1e-13);
        close(gaussian.log_density(y, 0.1), ln_normal(y, 0.1, 0.49), 1e-13);
        close(found.evidence().information.get(), 0.0, 1e-13);
    }
    let zeros = array![[0.0]];
    let certain = nothing.with_likelihood(Gaussian::noise(1.0)).condition(&Data::line([0.0], [1.0]).unwrap());
    let found = certain.unwrap().predict(&Points::line([0.5]).unwrap()).unwrap();
    assert_eq!((found.mean(), &found.variance(Uncertainty::Latent)), (&zeros, &zeros));
}
