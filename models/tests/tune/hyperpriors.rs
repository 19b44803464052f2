//! Hyperpriors and bounds: the maximum they move, the terms kept apart, and what is refused.

use softbias_models::*;
use softbias_priors::*;

use super::{cubic, soft, wiggly};

/// No function to speak of: the labels are noise of variance v, so that all is known in closed form.
fn noise_only() -> Model<adaptors::Scaled<Polynomial>, Gaussian> {
    Polynomial::orders(0..=0).scaled(1e-9).with_likelihood(Gaussian::noise(0.3))
}

#[test]
fn an_inverse_gamma_noise_has_its_maximum_where_algebra_says() {
    let y = Seed::new(1).normal1(12) * 0.7;
    let data = Data::line((0..12).map(|i| 0.05 * f64::from(i)), y.to_vec()).unwrap();
    let (shape, scale) = (3.0, 0.8);
    let hyperprior = Hyperprior::InverseGamma { shape, scale };
    let tune = Tune::default().fix("scale").hyperprior("noise2", hyperprior);
    let tuned = tune.run(noise_only(), &data).unwrap();
    let half = 0.5 * y.dot(&y);
    // v^(−n/2 − shape − 1) exp(−(half + scale)/v)
    let expected = (half + scale) / (6.0 + shape + 1.0);
    let found = tuned.value("noise2").unwrap();
    assert!((found / expected - 1.0).abs() < 1e-5, "{found} for {expected}");
    let evidence = -6.0 * (2.0 * std::f64::consts::PI * found).ln() - half / found;
    assert!((tuned.log_evidence.get() - evidence).abs() < 1e-9);
    assert!((tuned.log_hyperprior.get() - hyperprior.log_density(found)).abs() < 1e-12);
    assert_eq!(tuned.modes()[0].log_evidence, tuned.log_evidence);
    assert_eq!(tuned.modes()[0].log_hyperprior, tuned.log_hyperprior);
    // without the hyperprior: the mean square, and a sum of nothing
    let plain = Tune::default().fix("scale").run(noise_only(), &data).unwrap();
    assert!((plain.value("noise2").unwrap() / (half / 6.0) - 1.0).abs() < 1e-5);
    assert_eq!(plain.log_hyperprior, Nats(0.0));
}

#[test]
fn the_sum_of_both_is_stationary_and_the_terms_stay_apart() {
    let data = wiggly(60, 1, 0.1);
    let hyperpriors = [
        ("softness2", Hyperprior::HalfNormal { sd: 0.02 }),
        ("rest.power", Hyperprior::Normal { mean: 2.5, sd: 0.1 }),
        ("scale", Hyperprior::LogNormal { median: 0.5, sd: 0.3 }),
        ("noise2", Hyperprior::Gamma { shape: 3.0, rate: 100.0 }),
    ];
    let tune = hyperpriors.iter().fold(Tune::default(), |tune, (name, h)| tune.hyperprior(name, *h));
    let tuned = tune.run(soft(0.1).with_likelihood(Gaussian::noise(0.3)), &data).unwrap();
    let evidence = tuned.condition(&data).unwrap().evidence().log.get();
    assert!((evidence - tuned.log_evidence.get()).abs() < 1e-8 * evidence.abs());
    let theta: Vec<f64> = hyperpriors.iter().map(|(name, _)| tuned.value(name).unwrap()).collect();
    let total = |at: &[f64]| {
        let noise = tuned.model.likelihood.at(at[3].sqrt());
        let model = tuned.model.prior.with(&of_prior(&tuned, &at[..3])).unwrap().with_likelihood(noise);
        let hyper: f64 = hyperpriors.iter().zip(at).map(|((_, h), v)| h.log_density(*v)).sum();
        model.condition(&data).unwrap().evidence().log.get() + hyper
    };
    let best = total(&theta);
    assert!((best - (tuned.log_evidence + tuned.log_hyperprior).get()).abs() < 1e-7);
    for (i, (name, _)) in hyperpriors.iter().enumerate() {
        let at = |factor: f64| {
            let mut moved = theta.clone();
            moved[i] *= factor;
            total(&moved)
        };
        let h: f64 = 1e-4;
        let slope = (at(h.exp()) - at((-h).exp())) / (2.0 * h);
        assert!(slope.abs() < 2e-3, "{name}: slope {slope}");
        assert!(at(0.8) < best && at(1.25) < best, "{name}");
    }
}

/// The prior's parameter vector with the three values in it, by name.
fn of_prior(tuned: &Tuned, values: &[f64]) -> Vec<f64> {
    let parameters = tuned.model.prior.parameters();
    let mut theta = parameters.values();
    for (name, value) in ["softness2", "rest.power", "scale"].iter().zip(values) {
        theta[parameters.position(name).unwrap()] = *value;
    }
    theta
}

#[test]
fn a_density_of_zero_at_the_hard_end_keeps_out_of_it() {
    // labels of the core, which without a hyperprior stay hard
    let data = cubic(40, 1, 0.2);
    let model = || soft(0.1).with_likelihood(Gaussian::noise(0.2));
    let hard = (0..10).map(|seed| cubic(40, seed, 0.2)).find(|data| {
        let tuned = tune(model(), data).unwrap();
        tuned.value("softness2").unwrap() == 0.0
    });
    let hard = hard.expect("some draw of a cubic stays hard");
    let never = Hyperprior::LogNormal { median: 0.01, sd: 1.0 };
    let tuned = Tune::default().hyperprior("softness2", never).run(model(), &hard).unwrap();
    assert!(tuned.value("softness2").unwrap() > 1e-4);
    assert!(tuned.slopes_at_hard[0].1 <= 1e-6, "the slope is that of the evidence alone");
    // finite at 0: the hard end may win
    let may = Hyperprior::HalfNormal { sd: 0.01 };
    let tuned = Tune::default().hyperprior("softness2", may).run(model(), &hard).unwrap();
    assert_eq!(tuned.value("softness2").unwrap(), 0.0);
    assert!((tuned.log_hyperprior.get() - may.log_density(0.0)).abs() < 1e-12);
    // no bound at 0: refused
    let endless = Hyperprior::Gamma { shape: 0.5, rate: 1.0 };
    let error = Tune::default().hyperprior("softness2", endless).run(model(), &data).unwrap_err();
    assert!(matches!(&error, ModelError::Hyperprior { name, .. } if name == "softness2"), "{error}");
}

#[test]
fn what_is_refused() {
    let data = wiggly(20, 2, 0.1);
    let run = |tune: Tune| tune.run(soft(0.1).with_likelihood(Gaussian::noise(0.2)), &data).map(|_| ());
    let ask = Tune::default;
    let ok = Hyperprior::HalfNormal { sd: 1.0 };
    let error = run(ask().hyperprior("lenght", ok)).unwrap_err().to_string();
    assert!(error.contains("lenght") && error.contains("rest.power"), "{error}");
    let bad = Hyperprior::Gamma { shape: -1.0, rate: 1.0 };
    assert!(matches!(run(ask().hyperprior("scale", bad)), Err(ModelError::Hyperprior { .. })));
    let elsewhere = Hyperprior::LogUniform { low: 1e10, high: 1e11 };
    assert!(matches!(run(ask().hyperprior("scale", elsewhere)), Err(ModelError::Hyperprior { .. })));
    assert!(matches!(run(ask().bounds("scale", 1e-12, 1.0)), Err(ModelError::BeyondBounds { .. })));
    assert!(matches!(run(ask().bounds("scale", 2.0, 1.0)), Err(ModelError::Bounds { .. })));
    assert!(matches!(run(ask().bounds("scale", f64::NAN, 1.0)), Err(ModelError::Bounds { .. })));
    assert!(matches!(run(ask().bounds("noise2", 0.0, 1.0)), Err(ModelError::BeyondBounds { .. })));
    assert!(matches!(run(ask().bounds("nose2", 0.1, 1.0)), Err(ModelError::Prior(_))));
    // a hyperprior on what does not move counts nothing
    let model = || soft(0.1).with_likelihood(Gaussian::noise(0.2));
    let fixed = ask().fix("scale").hyperprior("scale", ok).run(model(), &data).unwrap();
    assert_eq!(fixed.log_hyperprior, Nats(0.0));
}

#[test]
fn bounds_hold_and_are_reported() {
    let data = wiggly(60, 1, 0.1);
    let model = || soft(0.1).with_likelihood(Gaussian::noise(0.3));
    let free = tune(model(), &data).unwrap();
    let sd = free.value("noise2").unwrap().sqrt();
    // a bound above the best noise: it is met, said, and no worse than any noise beyond
    let low = 4.0 * sd * sd;
    let tuned = Tune::default().bounds("noise2", low, 1.0).run(model(), &data).unwrap();
    let found = tuned.value("noise2").unwrap();
    assert!((1.0..1.1).contains(&(found / low)), "{found} above {low}");
    assert!(
        tuned.warnings.iter().any(|w| w.contains("noise2") && w.contains("lower")),
        "{:?}",
        tuned.warnings
    );
    assert!(tuned.log_evidence < free.log_evidence);
    // the ends of a uniform logarithm are bounds too
    let ends = Hyperprior::LogUniform { low: 1e-3, high: 2e-3 };
    let tuned = Tune::default().hyperprior("softness2", ends).run(model(), &data).unwrap();
    assert!((1e-3..=2e-3).contains(&tuned.value("softness2").unwrap()));
    // bounds beyond those taken from the labels, and a start brought between them
    let wide = Tune::default().bounds("noise2", 1e-30, 1e6).run(model(), &data).unwrap();
    assert!((wide.log_evidence - free.log_evidence).get().abs() < 1e-6);
}

#[test]
fn noise_that_swallowed_the_signal_is_said() {
    // labels with no trace of a line
    let data = Data::line([-3.0, -1.0, 1.0, 3.0], [1.0, -1.0, -1.0, 1.0]).unwrap();
    let line = || Polynomial::orders(1..=1).window(Window::boxed([(-4.0, 4.0)]).unwrap()).scaled(1.0);
    let tuned = tune(line().with_likelihood(Gaussian::noise(0.5)), &data).unwrap();
    let swallowed = |tuned: &Tuned| tuned.warnings.iter().any(|w| w.contains("explains nothing"));
    assert!(swallowed(&tuned), "{:?}", tuned.warnings);
    assert!((tuned.value("noise2").unwrap() - 1.0).abs() < 1e-3);
    let seen = tune(line().with_likelihood(Gaussian::noise(0.5)), &wiggly(30, 1, 0.1)).unwrap();
    assert!(!swallowed(&seen), "{:?}", seen.warnings);
    // and just as well where the noise is not tuned
    let known = tune(line().with_likelihood(Gaussian::known(2.0)), &data).unwrap();
    assert!(swallowed(&known), "{:?}", known.warnings);
}
