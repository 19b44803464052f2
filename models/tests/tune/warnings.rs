//! What tuning says of itself: a search that ended early, approximations with caveats, and starts where slopes are steep.

use softbias_models::*;
use softbias_priors::*;

use super::wiggly;

fn said(warnings: &[String], what: &str) -> bool {
    warnings.iter().any(|warning| warning.contains(what))
}

fn smooth() -> Gp {
    Gp::new(Kernel::rbf(1.0)).about(Mean::zero())
}

#[test]
fn a_search_that_ended_early_says_so() {
    let model = || smooth().scaled(1.0).with_likelihood(Gaussian::noise(1.0));
    let data = wiggly(40, 3, 0.1);
    let short = Tune::default().restarts(0).iterations(1).run(model(), &data).unwrap();
    assert!(said(&short.warnings, "ended before its top"), "{:?}", short.warnings);
    let whole = Tune::default().restarts(0).run(model(), &data).unwrap();
    assert!(whole.warnings.is_empty(), "{:?}", whole.warnings);
    assert!(whole.log_evidence > short.log_evidence);
}

/// Forty years, a value a month: a trend, seasons, and weather.
fn seasons() -> Data {
    let x: Vec<f64> = (0..480).map(|month| f64::from(month) / 12.0 - 20.0).collect();
    let noise = Seed::new(8).normal1(x.len());
    let value =
        |(t, z): (&f64, &f64)| 1.3 * t + 0.012 * t * t + 3.0 * (std::f64::consts::TAU * t).sin() + 0.3 * z;
    let y = x.iter().zip(&noise).map(value).collect::<Vec<_>>();
    Data::line(x, y).unwrap()
}

#[test]
fn slopes_of_thousands_of_nats_do_not_throw_the_search() {
    let data = seasons();
    let model = |length, noise| Gp::new(100.0 * Kernel::rbf(length)).with_likelihood(Gaussian::noise(noise));
    let single = Tune::default().restarts(0);
    let steep = single.run(model(1.0, 0.02), &data).unwrap();
    let gentle = single.run(model(0.5, 0.3), &data).unwrap();
    let behind = (gentle.log_evidence - steep.log_evidence).get();
    assert!(behind.abs() < 1e-3, "{} {}", gentle.log_evidence.get(), steep.log_evidence.get());
    assert!(!said(&steep.warnings, "ended before its top"), "{:?}", steep.warnings);
}

#[test]
fn student_t_has_the_bounds_of_a_noise_and_tells_of_outliers() {
    let data = wiggly(60, 5, 0.1);
    let mut y = data.labels().column(0).to_vec();
    (y[7], y[31]) = (9.0, -6.0);
    let data = Data::line(data.points().view().column(0).to_vec(), y).unwrap();
    let model = smooth().scaled(1.0).with_likelihood(StudentT::new(4.0, 0.2).unwrap().known_dof());
    let tuned = tune(model.clone(), &data).unwrap();
    assert!(said(&tuned.warnings, "outliers"), "{:?}", tuned.warnings);
    assert!(!said(&tuned.warnings, "explains nothing"), "{:?}", tuned.warnings);
    let again = tuned.condition(&data).unwrap().evidence().log;
    assert!((again - tuned.log_evidence).get().abs() < 1e-6);
    let scale2 = tuned.modes()[0].parameters.iter().find(|p| p.name == "scale2").unwrap().clone();
    assert!(scale2.upper < 1e3 && scale2.lower > 1e-20, "{scale2:?}");
    // labels without a function behind them
    let noise = Seed::new(4).normal1(40).to_vec();
    let nothing = Data::line((0..40).map(f64::from).collect::<Vec<_>>(), noise).unwrap();
    // (a function as rough as noise would explain noise)
    let tuned = Tune::by(Laplace::new()).bounds("length", 5.0, 100.0).run(model, &nothing).unwrap();
    assert!(said(&tuned.warnings, "explains nothing"), "{:?}", tuned.warnings);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let data = Data::line([0.0, 1.0, 2.0], [1.0, -1.0, 1.0]).unwrap();
    let model = || smooth().with_likelihood(Bernoulli::probit());
    for tolerance in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let laplace = model().condition_by(&Laplace::new().tolerance(tolerance), &data);
        assert!(matches!(laplace, Err(ModelError::Range { .. })), "{tolerance}");
        let ep = ExpectationPropagation::new().tolerance(tolerance);
        assert!(matches!(model().condition_by(&ep, &data), Err(ModelError::Range { .. })), "{tolerance}");
    }
    for step in [0.0, -0.5, f64::NAN, 3.0] {
        let ep = ExpectationPropagation::new().damped(step);
        assert!(matches!(model().condition_by(&ep, &data), Err(ModelError::Range { .. })), "{step}");
    }
    let none = model().condition_by(&Laplace::new().iterations(0), &data);
    assert!(matches!(none, Err(ModelError::NotConverged { .. })));
}
