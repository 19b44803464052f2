//! How a climb goes: early stopping and its debt, watchers, interruptions, the same bits on any number of threads.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use softbias_models::train::{Ending, Progress, Train};
use softbias_models::*;
use softbias_priors::*;

use super::support::*;

fn model() -> Model<Net, Gaussian> {
    small_net(1, 30, 1).with_likelihood(Gaussian::noise(0.1))
}

#[test]
fn early_stopping_takes_the_best_epoch_and_owes_it() {
    let data = curve(40);
    let train = Train::adam(0.1).precision::<f64>().epochs(2000).early_stopping(0.25, 15).batch(10);
    let trained = model().condition_by(&train, &data).unwrap();
    let course = trained.course();
    assert_eq!(course.ending, Ending::Stopped);
    assert!(course.epochs < 2000 && course.history.len() == course.epochs);
    assert_eq!(course.held_out.len(), 10);
    let held: Vec<f64> = course.history.iter().map(|epoch| epoch.held_out.unwrap()).collect();
    let best = held.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert_eq!(held.iter().position(|value| *value == best).unwrap() + 1 + 15, course.epochs);
    // the outcome is the best epoch's
    let part = data.select(&course.held_out).unwrap();
    let own = trained.log_predictive(&part).unwrap().mean().unwrap();
    assert!((own - best).abs() < 1e-10 * best.abs(), "{own} {best}");
    let others: Vec<usize> = (0..40).filter(|row| !course.held_out.contains(row)).collect();
    let fitted = trained.log_predictive(&data.select(&others).unwrap()).unwrap().sum();
    assert!((fitted - course.log_likelihood).abs() < 1e-9 * fitted.abs());
    // and the ledger says who chose it
    let rows: Vec<Row> = course.held_out.iter().map(|at| data.rows()[*at]).collect();
    let line = Ledger::saw("stopping", Saw::Labels, Some(&rows));
    assert!(trained.ledger().entries().contains(&line.entries()[0]));
    let unstopped = model().condition_by(&Train::adam(0.1).epochs(3), &data).unwrap();
    assert!(!unstopped.ledger().to_string().contains("stopping"));
}

#[test]
fn a_watcher_changes_no_number_and_may_end_it() {
    let data = curve(40);
    let train = Train::adam(0.05).epochs(12).batch(8);
    let alone = climbed(&train, &model(), &data);
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let copy = told.clone();
    let watched = climbed(
        &train.clone().watch(move |progress| {
            copy.lock().unwrap().push(*progress);
            ControlFlow::Continue(())
        }),
        &model(),
        &data,
    );
    assert_eq!(alone, watched);
    let told = told.lock().unwrap();
    assert_eq!(told.iter().map(|p| p.epoch).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    assert!(told.iter().zip(&alone.course.history).all(|(told, epoch)| told.last == *epoch));
    let at = |epoch| {
        move |p: &Progress| if p.epoch == epoch { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let broken = climbed(&train.clone().watch(at(5)), &model(), &data);
    assert_eq!((broken.course.ending, broken.course.epochs), (Ending::Interrupted, 5));
    assert_eq!(broken.coordinates, climbed(&train.epochs(5), &model(), &data).coordinates);
    let lbfgs = climbed(&Train::lbfgs().watch(at(7)), &model(), &data);
    assert_eq!((lbfgs.course.ending, lbfgs.course.history.len()), (Ending::Interrupted, 7));
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let x = Seed::new(1).normal2(300, 40);
    let y = x.map_axis(ndarray::Axis(1), |row| row.sum().sin()).insert_axis(ndarray::Axis(1));
    let data = Data::new(Points::new(x).unwrap(), y).unwrap();
    let net = Net::inputs(40).dense(300).tanh().dense(200).relu().dense(1).build().unwrap();
    let model = net.with_likelihood(Gaussian::noise(0.2));
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    let trains = [
        Train::adam(0.01).batch(150).epochs(2).clip(0.5),
        Train::sgd(0.01).epochs(2).early_stopping(0.4, 2),
        Train::lbfgs().epochs(3),
    ];
    for train in trains {
        let one = pool(1).install(|| climbed(&train, &model, &data));
        let four = pool(4).install(|| climbed(&train, &model, &data));
        assert_eq!(bits(&one.coordinates), bits(&four.coordinates));
        assert_eq!(one.course, four.course);
        let another = climbed(&train.seed(Seed::new(99)), &model, &data);
        assert_ne!(bits(&one.coordinates), bits(&another.coordinates));
    }
}

#[test]
fn what_was_trained_can_be_asked() {
    let data = curve(40);
    let trained = model().condition_by(&Train::adam(0.05).epochs(50), &data).unwrap();
    assert_eq!(trained.data().len(), 40);
    assert_eq!((trained.net().weights(), trained.outputs()), (91, 1));
    assert_eq!(trained.likelihood().sd(), 0.1);
    let prediction = trained.predict(data.points()).unwrap();
    let functions = trained.draws(3, data.points(), Seed::new(1)).unwrap();
    for function in functions.axis_iter(ndarray::Axis(0)) {
        assert_eq!(function, prediction.mean());
    }
}
