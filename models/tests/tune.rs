//! Tuning by evidence: gradients against differences, known optima, hard and free ends, bounds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "tune/approximate.rs"]
mod approximate;
#[path = "tune/gradients.rs"]
mod gradients;
#[path = "tune/hyperpriors.rs"]
mod hyperpriors;
#[path = "tune/priors.rs"]
mod priors;
#[path = "tune/sampling.rs"]
mod sampling;
#[path = "tune/search.rs"]
mod search;
#[path = "tune/warnings.rs"]
mod warnings;

use softbias_models::*;
use softbias_priors::*;

fn wiggly(n: usize, seed: u64, noise: f64) -> Data {
    let x = Seed::new(seed).uniform1(n, -1.0, 1.0);
    let y = x.mapv(|x| (4.0 * x).sin() + x) + noise * Seed::new(seed).named("noise").normal1(n);
    Data::line(x.to_vec(), y.to_vec()).unwrap()
}

fn cubic(n: usize, seed: u64, noise: f64) -> Data {
    let x = Seed::new(seed).uniform1(n, -1.0, 1.0);
    let y = x.mapv(|x| 1.0 + x - 2.0 * x * x * x) + noise * Seed::new(seed).named("noise").normal1(n);
    Data::line(x.to_vec(), y.to_vec()).unwrap()
}

fn soft(softness: f64) -> adaptors::Scaled<Pathways<Polynomial, Polynomial>> {
    let rest = Polynomial::orders(4..=60).scales(Scales::power(2.0).from_order(4).tuned());
    Polynomial::orders(0..=3).relaxed(Softness::new(softness).unwrap(), rest).scaled(1.0)
}

/// The tuned point is a stationary point of the evidence as `condition` reports it: checks gradient and objective at once.
fn stationary(tuned: &Tuned, data: &Data, free: &[&str]) {
    let best = tuned.condition(data).unwrap().evidence().log.get();
    assert!(
        (best - tuned.log_evidence.get()).abs() < 1e-8 * best.abs().max(1.0),
        "{best} {}",
        tuned.log_evidence.get()
    );
    let at = |name: &str, factor: f64| {
        let (prior, noise) = (&tuned.model.prior, tuned.model.likelihood);
        if name == tune::NOISE {
            let model = prior.clone().with_likelihood(noise.at(noise.sd() * factor.sqrt()));
            return model.condition(data).unwrap().evidence().log.get();
        }
        let mut theta = prior.parameters().values();
        theta[prior.parameters().position(name).unwrap()] *= factor;
        prior.with(&theta).unwrap().with_likelihood(noise).condition(data).unwrap().evidence().log.get()
    };
    for name in free {
        let h: f64 = 1e-4;
        let slope = (at(name, h.exp()) - at(name, (-h).exp())) / (2.0 * h);
        assert!(slope.abs() < 2e-3, "{name}: slope {slope}");
        for factor in [0.8, 1.25] {
            assert!(at(name, factor) <= best + 1e-9, "{name} × {factor} is better");
        }
    }
}

#[test]
fn the_optimum_is_stationary() {
    let data = wiggly(60, 1, 0.1);
    let tuned = tune(soft(0.1).with_likelihood(Gaussian::noise(0.3)), &data).unwrap();
    stationary(&tuned, &data, &["softness2", "rest.power", "scale", tune::NOISE]);
    let sd = tuned.model.likelihood.sd();
    assert!((0.07..0.14).contains(&sd), "noise {sd}");
    assert!(tuned.warnings.is_empty(), "{:?}", tuned.warnings);
    assert!(tuned.slopes_at_hard[0].1 > 0.0, "the data are no cubic");
}

#[test]
fn function_space_and_random_features_are_tuned_alike() {
    let data = wiggly(60, 2, 0.1);
    let features = || Features::fourier(40, 1, 0.7, Seed::new(5)).unwrap().tuned().scaled(1.0);
    let logs: Vec<f64> = [Exact::WeightSpace, Exact::FunctionSpace]
        .map(|method| {
            let tune = Tune::default().method(method);
            let tuned = tune.run(features().with_likelihood(Gaussian::noise(0.3)), &data).unwrap();
            stationary(&tuned, &data, &["length", "scale", tune::NOISE]);
            tuned.log_evidence.get()
        })
        .to_vec();
    assert!((logs[0] - logs[1]).abs() < 1e-4, "{logs:?}");
    // more features than rows, where no reduction takes place
    let many = Features::fourier(100, 1, 0.7, Seed::new(5)).unwrap().tuned().scaled(1.0);
    let tune = Tune::default().method(Exact::WeightSpace);
    let tuned = tune.run(many.with_likelihood(Gaussian::noise(0.3)), &data).unwrap();
    stationary(&tuned, &data, &["length", "scale", tune::NOISE]);
}

#[test]
fn a_true_constraint_is_kept_hard() {
    let mut kept = 0;
    for seed in 0..10 {
        let data = cubic(40, seed, 0.2);
        let tuned = tune(soft(0.1).with_likelihood(Gaussian::noise(0.2)), &data).unwrap();
        let v = tuned.value("softness2").unwrap();
        if v == 0.0 {
            kept += 1;
            assert!(
                tuned.slopes_at_hard[0].1 <= 1e-6,
                "the hard end is kept only where evidence falls away from it"
            );
        } else {
            // half of the slopes at the hard end are positive by chance; then little is gained by leaving it
            let hard = tuned
                .modes()
                .iter()
                .filter(|m| m.parameters.values()[m.parameters.position("softness2").unwrap()] == 0.0);
            let gain =
                hard.map(|m| (tuned.log_evidence - m.log_evidence).get()).fold(f64::INFINITY, f64::min);
            assert!((0.0..3.0).contains(&gain), "seed {seed}: softness² {v}, gain {gain} nats");
        }
    }
    assert!(kept >= 4, "kept hard {kept} of 10 times");
}

#[test]
fn known_noise_is_left_alone_and_the_ledger_is_charged() {
    let data = wiggly(30, 3, 0.1);
    let tuned = tune(soft(0.2).with_likelihood(Gaussian::known(0.25)), &data).unwrap();
    assert_eq!(tuned.model.likelihood.sd(), 0.25);
    assert_eq!(tuned.model.prior.ledger().looked_at(data.rows()).map(|seen| seen.1), Some(30));
    // only noise tuned: the prior has seen nothing
    let only_noise = Tune::default().fix("softness2").fix("rest.power").fix("scale");
    let tuned = only_noise.run(soft(0.2).with_likelihood(Gaussian::noise(0.25)), &data).unwrap();
    assert!(tuned.model.prior.ledger().of_functions().is_empty());
    assert_eq!(
        tuned.model.prior.ledger().of_posterior().looked_at(data.rows()).map(|seen| seen.2),
        Some(Saw::Labels)
    );
    assert_ne!(tuned.model.likelihood.sd(), 0.25);
}

#[test]
fn scale_and_noise_have_a_closed_form_when_they_move_together() {
    // one feature, noise and scale tuned: compare with a fine grid
    let data = cubic(25, 4, 0.3);
    let model = |scale: f64, noise: f64| {
        Polynomial::orders(0..=3).scaled(scale).with_likelihood(Gaussian::noise(noise))
    };
    let tuned = tune(model(100.0, 1e-3), &data).unwrap();
    let mut best = f64::NEG_INFINITY;
    for i in 0..60 {
        for j in 0..60 {
            let (scale, noise) = (0.1 * 1.08f64.powi(i), 0.05 * 1.08f64.powi(j));
            best = best.max(model(scale, noise).condition(&data).unwrap().evidence().log.get());
        }
    }
    assert!(tuned.log_evidence.get() >= best - 1e-9, "{} < {best}", tuned.log_evidence.get());
    assert!(tuned.log_evidence.get() <= best + 0.05);
}

#[test]
fn extremes_are_reported_not_hidden() {
    // a constant zero target: everything shrinks to its bound, and says so
    let data = Data::line([0.0, 0.3, 0.6, 0.9], [0.0; 4]).unwrap();
    let tuned = tune(soft(0.1).with_likelihood(Gaussian::noise(0.1)), &data).unwrap();
    assert!(tuned.warnings.iter().any(|w| w.contains("bound")), "{:?}", tuned.warnings);
    // an unknown name lists the known ones
    let error = Tune::default()
        .free("lenght")
        .run(soft(0.1).with_likelihood(Gaussian::noise(0.1)), &data)
        .unwrap_err();
    assert!(error.to_string().contains("softness2"), "{error}");
    // two scales of one name
    let twice = soft(0.1).scaled(2.0).with_likelihood(Gaussian::noise(0.1));
    assert!(
        matches!(tune(twice, &data).unwrap_err(), ModelError::DuplicateParameter(name) if name == "scale")
    );
    // labels of any size
    let tiny = wiggly(60, 1, 0.1);
    let tiny =
        Data::line(tiny.points().view().column(0).to_vec(), tiny.labels().column(0).mapv(|y| 1e-6 * y))
            .unwrap();
    let tuned = tune(soft(0.1).with_likelihood(Gaussian::noise(1e-7)), &tiny).unwrap();
    assert!((7e-8..1.4e-7).contains(&tuned.model.likelihood.sd()), "{:e}", tuned.model.likelihood.sd());
    // one row, duplicates: valid Bayes
    for (x, y) in [(vec![0.5], vec![2.0]), (vec![0.5, 0.5, 0.5], vec![2.0, 2.1, 2.0])] {
        let tuned =
            tune(soft(0.1).with_likelihood(Gaussian::noise(0.1)), &Data::line(x, y).unwrap()).unwrap();
        assert!(tuned.log_evidence.get().is_finite());
    }
}

#[test]
fn the_same_result_on_any_number_of_threads() {
    let data = wiggly(40, 5, 0.1);
    let run = || {
        let tuned = tune(soft(0.1).with_likelihood(Gaussian::noise(0.3)), &data).unwrap();
        (
            tuned.log_evidence.get().to_bits(),
            tuned.modes()[0].parameters.values().iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
        )
    };
    let pool = |k| rayon::ThreadPoolBuilder::new().num_threads(k).build().unwrap();
    assert_eq!(pool(1).install(run), pool(4).install(run));
}
