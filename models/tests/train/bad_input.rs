//! What training refuses, and what it keeps when numbers run away.

use softbias_models::train::{Ensemble, LastGood, MultiSwag, Optimiser, Schedule, Swag, Train, TrainError};
use softbias_models::*;
use softbias_priors::*;

use super::support::*;

fn refused<T: std::fmt::Debug>(result: Result<T>) -> TrainError {
    match result {
        Err(ModelError::Train(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_that_make_no_sense() {
    let bowl = bowl(12, 3);
    let of = |train: Train| refused(train.precision::<f64>().climb(&bowl));
    for batch in [0, 13] {
        let error = of(Train::adam(0.1).batch(batch));
        assert!(matches!(error, TrainError::Batch { batch: b, rows: 12 } if b == batch));
    }
    // held-out rows are no part of a batch
    let error = of(Train::adam(0.1).batch(10).early_stopping(0.25, 3));
    assert!(matches!(error, TrainError::Batch { batch: 10, rows: 9 }));
    assert!(matches!(of(Train::adam(0.1).epochs(0)), TrainError::Epochs));
    let setting = |train: Train, word: &str| match of(train) {
        TrainError::Setting { what, .. } => assert!(what.contains(word), "{what}"),
        other => panic!("{other:?}"),
    };
    for rate in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        setting(Train::adam(rate), "learning rate");
        setting(Train::sgd(rate), "learning rate");
        setting(Train::adam(0.1).clip(rate), "clipped");
    }
    setting(Train::adam(0.1).schedule(Schedule::cosine_to(0.1, -1.0)), "last");
    setting(Train::adam(0.1).schedule(Schedule::settling(0.1, f64::NAN)), "last");
    setting(Train::adam(0.1).schedule(Schedule::steps(0.1, 0, 0.5)), "epochs between");
    setting(Train::adam(0.1).schedule(Schedule::steps(0.1, 2, 0.0)), "factor");
    setting(Train::adam(0.1).schedule(Schedule::constant(0.1).warm_up(-1.0)), "warm-up");
    let by = |optimiser| Train::by(optimiser, Schedule::constant(0.1));
    for share in [-0.1, 1.0, f64::NAN] {
        setting(by(Optimiser::Sgd { momentum: share, nesterov: false }), "momentum");
        setting(by(Optimiser::Adam { betas: (share, 0.9), eps: 1e-8 }), "β₁");
        setting(by(Optimiser::Adam { betas: (0.9, share), eps: 1e-8 }), "β₂");
    }
    setting(by(Optimiser::Adam { betas: (0.9, 0.9), eps: 0.0 }), "ε of Adam");
    for fraction in [0.0, 1.0, f64::NAN] {
        setting(Train::adam(0.1).early_stopping(fraction, 3), "held out");
    }
    let error = of(Train::adam(0.1).early_stopping(0.01, 3));
    assert!(matches!(error, TrainError::HeldOut { held: 0, rows: 12 }));
    let error = of(Train::adam(0.1).early_stopping(0.3, 0));
    assert!(matches!(error, TrainError::TooFew { what: "epochs of patience", .. }));
    let error = of(Train::adam(0.1).checkpoint("never", 0));
    assert!(matches!(error, TrainError::TooFew { what: "epochs between checkpoints", .. }));
    for train in [Train::adam(0.1), Train::lbfgs()] {
        let error = of(train.start([1.0, 2.0]));
        assert!(matches!(error, TrainError::Start { expected: 3, found: 2 }));
    }
    for train in [
        Train::lbfgs().batch(3),
        Train::lbfgs().clip(1.0),
        Train::lbfgs().early_stopping(0.3, 2),
        Train::lbfgs().checkpoint("never", 1),
    ] {
        assert!(matches!(of(train), TrainError::Unsupported { method: "L-BFGS", .. }));
    }
}

#[test]
fn posteriors_that_cannot_be() {
    let data = curve(20);
    let model = || small_net(1, 3, 1).with_likelihood(Gaussian::noise(0.2));
    let train = || Train::sgd(0.01).epochs(5);
    let swag = |swag: Swag| refused(model().condition_by(&swag, &data).map(drop));
    assert!(matches!(swag(Swag::along(train(), 4)), TrainError::TooFew { least: 2, found: 1, .. }));
    assert!(matches!(swag(Swag::along(train(), 9)), TrainError::TooFew { least: 2, found: 0, .. }));
    assert!(matches!(swag(Swag::along(train(), 2).rank(1)), TrainError::TooFew { least: 2, found: 1, .. }));
    assert!(matches!(swag(Swag::along(train(), 2).draws(0)), TrainError::TooFew { least: 1, found: 0, .. }));
    assert!(matches!(swag(Swag::along(train(), 2).scale(-1.0)), TrainError::Setting { .. }));
    for train in [Train::lbfgs(), train().early_stopping(0.2, 2), train().checkpoint("never", 1)] {
        assert!(matches!(swag(Swag::along(train, 2)), TrainError::Unsupported { method: "SWAG", .. }));
    }
    let ensemble =
        |train, members| refused(model().condition_by(&Ensemble::of(train, members), &data).map(drop));
    assert!(matches!(ensemble(train(), 0), TrainError::TooFew { what: "members", .. }));
    assert!(matches!(ensemble(train().start(vec![0.0; 10]), 2), TrainError::Unsupported { .. }));
    assert!(matches!(ensemble(train().resume("nothing"), 2), TrainError::Unsupported { .. }));
    let none = MultiSwag::of(Swag::along(train(), 2), 0);
    assert!(matches!(refused(model().condition_by(&none, &data).map(drop)), TrainError::TooFew { .. }));
    let wrong = Net::inputs(2).dense(1).build().unwrap().with_likelihood(Gaussian::noise(0.1));
    assert!(matches!(wrong.condition_by(&train(), &data), Err(ModelError::Prior(_))));
}

/// ln(edge − ε) a row: it climbs away from the edge, unless a step is thrown across.
struct Cliff;

impl Target for Cliff {
    type Number = f64;
    type Work = ();
    fn dim(&self) -> usize {
        1
    }
    fn rows(&self) -> usize {
        4
    }
    fn log_likelihood(&self, eps: &[f64], rows: Option<&[usize]>, _: &mut (), gradient: &mut [f64]) -> f64 {
        let n = rows.map_or(4, <[usize]>::len) as f64;
        gradient[0] = n / (1.0 + eps[0]);
        n * (1.0 + eps[0]).ln()
    }
}

#[test]
fn numbers_that_run_away_leave_the_last_good_state() {
    // from 1 the slope ½ − ¼ is small; a rate of 40 throws ε to 11, where −¼ · 11 throws it over the edge
    let train = |epochs| {
        let optimiser = Optimiser::Sgd { momentum: 0.0, nesterov: false };
        Train::by(optimiser, Schedule::constant(40.0))
            .full_batch()
            .start([1.0])
            .epochs(epochs)
            .precision::<f64>()
    };
    let good = train(1).climb(&Cliff).unwrap();
    assert!((good.coordinates[0] - 11.0).abs() < 1e-12);
    match refused(train(9).climb(&Cliff)) {
        TrainError::NotFinite { epoch: 2, step: 0, value, last: LastGood { epoch, coordinates } } => {
            assert!(value.is_nan());
            assert_eq!((epoch, &coordinates[..]), (1, &good.coordinates[..]));
        }
        other => panic!("{other:?}"),
    }
    // also where it only shows when the outcome is looked at
    match refused(train(2).climb(&Cliff)) {
        TrainError::NotFinite { last, .. } => assert_eq!(&last.coordinates[..], &good.coordinates[..]),
        other => panic!("{other:?}"),
    }
    // and at the start
    for start in [train(2).start([-3.0]), Train::lbfgs().precision::<f64>().start([-3.0])] {
        match refused(start.climb(&Cliff)) {
            TrainError::NotFinite { epoch: 0, last, .. } => assert_eq!(&last.coordinates[..], &[-3.0]),
            other => panic!("{other:?}"),
        }
    }
    // line searches turn back from the edge
    let mode = Train::lbfgs().precision::<f64>().start([1.0]).climb(&Cliff).unwrap().coordinates[0];
    assert!((mode * (1.0 + mode) - 4.0).abs() < 1e-4);
}

#[test]
fn a_net_that_diverges_says_so() {
    let data = curve(40);
    let model = small_net(1, 10, 1).with_likelihood(Gaussian::noise(1e-3));
    let error = refused(model.condition_by(&Train::sgd(1e4).epochs(50), &data).map(drop));
    match &error {
        TrainError::NotFinite { last, .. } => assert!(last.coordinates.iter().all(|e| e.is_finite())),
        other => panic!("{other:?}"),
    }
    assert!(error.to_string().contains("learning rate") && format!("{error:?}").len() < 400);
}
