//! Sampled hyperparameters against quadrature and closed forms; seeds, threads, ledgers, mixtures.

use std::ops::ControlFlow;

use softbias_models::*;
use softbias_priors::*;

use super::{cubic, wiggly};

/// Mean and sd of a parameter whose log density in t = ln θ is given, by Simpson's rule.
fn quadrature(log_density: impl Fn(f64) -> f64, low: f64, high: f64) -> (f64, f64) {
    let steps = 2000;
    let dt = (high.ln() - low.ln()) / f64::from(steps);
    let at = |i: i32| (low.ln() + f64::from(i) * dt).exp();
    let logs: Vec<f64> = (0..=steps).map(|i| log_density(at(i))).collect();
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sums = [0.0; 3];
    for (i, log) in (0..).zip(logs) {
        let simpson = if i == 0 || i == steps { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
        let weight = simpson * (log - top).exp();
        let theta = at(i);
        for (sum, power) in sums.iter_mut().zip([1.0, theta, theta * theta]) {
            *sum += weight * power;
        }
    }
    let mean = sums[1] / sums[0];
    (mean, (sums[2] / sums[0] - mean * mean).sqrt())
}

/// Mean and sd within four standard errors, given the effective sample size.
fn agrees(found: &HyperPosterior, name: &str, (mean, sd): (f64, f64), kurtosis: f64) {
    let n = found.effective_sample_size(name).unwrap();
    assert!(n > 500.0, "{name}: {n} effective draws");
    assert!(found.r_hat(name).unwrap() < 1.02);
    let (m, s) = (found.mean(name).unwrap(), found.sd(name).unwrap());
    assert!((m - mean).abs() < 4.0 * sd / n.sqrt(), "{name}: mean {m} for {mean} ± {}", sd / n.sqrt());
    // an sd has relative standard error √((κ − 1)/4n)
    let error = ((kurtosis - 1.0) / (4.0 * n)).sqrt();
    assert!((s / sd - 1.0).abs() < 4.0 * error, "{name}: sd {s} for {sd}, relative error {error}");
}

fn nuts() -> Nuts {
    Nuts::default().chains(4).warmup(400).draws(1000).seed(Seed::new(7))
}

#[test]
fn noise_with_an_inverse_gamma_has_a_closed_form() {
    let y = Seed::new(1).normal1(12) * 0.7;
    let data = Data::line((0..12).map(|i| 0.05 * f64::from(i)), y.to_vec()).unwrap();
    let model = || Polynomial::orders(0..=0).scaled(1e-9).with_likelihood(Gaussian::noise(0.3));
    let hyperprior = Hyperprior::InverseGamma { shape: 6.0, scale: 2.0 };
    let tune = Tune::default().fix("scale").hyperprior("noise2", hyperprior);
    let found = tune.sample(&nuts(), model(), &data).unwrap();
    let (a, b) = (6.0 + 6.0, 2.0 + 0.5 * y.dot(&y));
    let mean = b / (a - 1.0);
    let kurtosis = 3.0 + 6.0 * (5.0 * a - 11.0) / ((a - 3.0) * (a - 4.0));
    agrees(&found, "noise2", (mean, mean / (a - 2.0f64).sqrt()), kurtosis);
    assert_eq!((found.divergences, found.interrupted), (0, false));
    assert_eq!(found.names(), ["noise2"]);
    assert_eq!(found.draws().dim(), (4, 1000, 1));
    // the evidence at a draw is that of the model there
    for (c, k) in [(0, 0), (1, 17), (3, 999)] {
        let v = found.draws()[[c, k, 0]];
        let expected = -6.0 * (2.0 * std::f64::consts::PI * v).ln() - 0.5 * y.dot(&y) / v;
        assert!((found.log_evidence()[[c, k]] - expected).abs() < 1e-9);
    }
    println!("evaluations a draw, warm-up included: {}", found.evaluations as f64 / (4.0 * 1400.0));
}

#[test]
fn a_scale_against_quadrature_with_and_without_a_hyperprior() {
    let data = cubic(25, 4, 0.3);
    let model = |scale: f64| Polynomial::orders(0..=3).scaled(scale).with_likelihood(Gaussian::known(0.3));
    let evidence = |scale: f64| model(scale).condition(&data).unwrap().evidence().log.get();
    let h = Hyperprior::Gamma { shape: 2.0, rate: 1.5 };
    let exact = quadrature(|s| evidence(s) + h.log_density(s) + s.ln(), 1e-3, 1e3);
    let found = Tune::default().hyperprior("scale", h).sample(&nuts(), model(1.0), &data).unwrap();
    agrees(&found, "scale", exact, 6.0);
    // none: uniform in the logarithm between the bounds
    let exact = quadrature(evidence, 0.2, 5.0);
    let found = Tune::default().bounds("scale", 0.2, 5.0).sample(&nuts(), model(1.0), &data).unwrap();
    agrees(&found, "scale", exact, 6.0);
    assert!(found.values("scale").unwrap().iter().all(|s| (0.2..=5.0).contains(s)));
}

fn both() -> (Tune, Model<adaptors::Scaled<Polynomial>, Gaussian>) {
    let tune = Tune::default()
        .hyperprior("scale", Hyperprior::LogNormal { median: 1.0, sd: 1.0 })
        .hyperprior("noise2", Hyperprior::LogNormal { median: 0.1, sd: 1.0 });
    (tune, Polynomial::orders(0..=3).scaled(1.0).with_likelihood(Gaussian::noise(0.3)))
}

#[test]
fn predictions_average_by_total_variance() {
    let data = cubic(25, 4, 0.3);
    let (tune, model) = both();
    let found = tune.sample(&Nuts::default().warmup(200).draws(100), model, &data).unwrap();
    let x = Points::linspace(-0.9, 0.99, 7).unwrap();
    let posteriors = found.posteriors(64).unwrap();
    assert_eq!(posteriors.len(), 64);
    let predictions: Vec<Prediction> = posteriors.iter().map(|p| p.predict(&x).unwrap()).collect();
    let averaged = found.predict(&x).unwrap();
    for i in 0..7 {
        // second moments, then less the square of the mean
        let moments = |of: Uncertainty| {
            let mean = predictions.iter().map(|p| p.mean()[[i, 0]]).sum::<f64>() / 64.0;
            let second = predictions.iter().map(|p| p.variance(of)[[i, 0]] + p.mean()[[i, 0]].powi(2));
            (mean, second.sum::<f64>() / 64.0 - mean * mean)
        };
        let (mean, latent) = moments(Uncertainty::Latent);
        assert!((averaged.mean[[i, 0]] - mean).abs() < 1e-12);
        assert!((averaged.latent[[i, 0]] - latent).abs() < 1e-10);
        assert!((averaged.observation[[i, 0]] - moments(Uncertainty::Observation).1).abs() < 1e-10);
    }
    let labels = ndarray::Array2::from_elem((7, 1), 0.4);
    let fresh = Data::new(x.clone(), labels.clone()).unwrap();
    let mixed = found.log_predictive(&fresh).unwrap();
    let each: Vec<f64> = predictions.iter().map(|p| p.log_density(&labels).unwrap()[3]).collect();
    let direct = (each.iter().map(|log| log.exp()).sum::<f64>() / 64.0).ln();
    assert!((mixed[3] - direct).abs() < 1e-10);
    // the draws have looked at the labels
    let ledger = posteriors[0].prior().ledger();
    assert_eq!(ledger.looked_at(data.rows()).map(|seen| seen.2), Some(Saw::Labels));
    assert_eq!(ledger.looked_at(data.rows()).map(|seen| seen.1), Some(25));
    // few draws: all of them, and a warning
    assert_eq!(found.posteriors(10_000).unwrap().len(), 400);
    assert!(found.warnings.iter().any(|w| w.contains("effective")), "{:?}", found.warnings);
}

#[test]
fn the_same_draws_from_a_seed_on_any_number_of_threads() {
    let data = wiggly(20, 2, 0.2);
    let (tune, model) = both();
    let run = |seed: u64| {
        let nuts = Nuts::default().chains(3).warmup(60).draws(40).seed(Seed::new(seed));
        tune.sample(&nuts, model.clone(), &data).unwrap()
    };
    let pool = |k| rayon::ThreadPoolBuilder::new().num_threads(k).build().unwrap();
    let (one, four) = (pool(1).install(|| run(1)), pool(4).install(|| run(1)));
    assert_eq!((one.draws(), one.log_evidence()), (four.draws(), four.log_evidence()));
    assert_eq!(one.evaluations, four.evaluations);
    let x = Points::linspace(-1.0, 1.0, 5).unwrap();
    assert_eq!(pool(1).install(|| one.predict(&x).unwrap()), pool(4).install(|| one.predict(&x).unwrap()));
    assert_ne!(one.draws(), run(2).draws());
    // chains are independent
    let chain = |c: usize| one.draws().index_axis(ndarray::Axis(0), c).to_owned();
    assert_ne!(chain(0), chain(1));
}

#[test]
fn watched_interrupted_and_refused() {
    let data = wiggly(20, 2, 0.2);
    let (tune, model) = both();
    let nuts = || Nuts::default().chains(2).warmup(50).draws(50);
    let plain = tune.sample(&nuts(), model.clone(), &data).unwrap();
    let watched = nuts().watch(|progress| {
        assert!(progress.of == 200 && progress.drawn <= 200 && progress.evaluations >= progress.drawn);
        ControlFlow::Continue(())
    });
    let watched = tune.sample(&watched, model.clone(), &data).unwrap();
    assert_eq!(plain.draws(), watched.draws());
    // one chain after the other on one thread: the break in the second leaves what it has drawn
    let stop =
        nuts().watch(
            |progress| {
                if progress.drawn >= 170 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let part = pool.install(|| tune.sample(&stop, model.clone(), &data).unwrap());
    assert!(part.interrupted);
    assert_eq!(part.draws().dim(), (2, 20, 2));
    assert_eq!(part.draws(), plain.draws().slice(ndarray::s![.., ..20, ..]));
    // too early, too few, nothing to draw, no such name
    let early = nuts().watch(|_| ControlFlow::Break(()));
    assert!(matches!(tune.sample(&early, model.clone(), &data), Err(ModelError::Sampling(_))));
    assert!(matches!(tune.sample(&nuts().chains(0), model.clone(), &data), Err(ModelError::Sampling(_))));
    assert!(matches!(tune.sample(&nuts().draws(3), model.clone(), &data), Err(ModelError::Sampling(_))));
    let none = Tune::default().fix("scale").fix("noise2");
    assert!(matches!(none.sample(&nuts(), model.clone(), &data), Err(ModelError::Sampling(_))));
    assert!(plain.mean("scala").unwrap_err().to_string().contains("noise2"));
    // no warm-up is a choice, though not a good one
    let cold = tune.sample(&nuts().warmup(0).draws(4), model.clone(), &data).unwrap();
    assert_eq!(cold.draws().dim(), (2, 4, 2));
    // labels that the model has no outputs for
    let two = Data::new(data.points().clone(), Seed::new(1).normal2(20, 2)).unwrap();
    assert!(tune.sample(&nuts(), model, &two).is_err());
}
