//! Checkpoints: a climb that goes on is the climb that never stopped; files of anything else are refused, and none is lost.

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use softbias_models::train::{Ending, Schedule, Train, TrainError};
use softbias_models::*;
use softbias_priors::*;

use super::support::*;

/// A directory of one test that goes away with it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("train_{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Place(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("state")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn model(units: usize) -> Model<Net, Gaussian> {
    small_net(1, units, 1).with_likelihood(Gaussian::noise(0.1))
}

fn up_to(train: &Train, epoch: usize) -> Train {
    let at = move |p: &train::Progress| {
        if p.epoch == epoch { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    train.clone().watch(at)
}

#[test]
fn what_goes_on_is_what_never_stopped() {
    let data = curve(40);
    let trains = [
        Train::adam(0.05).schedule(Schedule::cosine(0.05).warm_up(1.5)).batch(9).epochs(12),
        Train::sgd(0.01).full_batch().epochs(12).clip(1.0),
        Train::adam(0.05).batch(9).epochs(200).early_stopping(0.25, 4),
    ];
    for (number, train) in trains.iter().enumerate() {
        let place = Place::new(&format!("resume_{number}"));
        let whole = climbed(train, &model(20), &data);
        // interrupted twice: the state is written at the interruption, whatever the rhythm
        let broken = climbed(&up_to(train, 4).checkpoint(place.file(), 100), &model(20), &data);
        assert_eq!((broken.course.ending, broken.course.epochs), (Ending::Interrupted, 4));
        let again = up_to(train, 5).checkpoint(place.file(), 2).resume(place.file());
        assert_eq!(climbed(&again, &model(20), &data).course.epochs, 5);
        let resumed = climbed(&train.clone().resume(place.file()), &model(20), &data);
        assert_eq!(bits(&resumed.coordinates), bits(&whole.coordinates));
        assert_eq!(resumed.course, whole.course);
        assert_ne!(bits(&broken.coordinates), bits(&whole.coordinates));
    }
}

#[test]
fn a_finished_climb_can_be_made_longer() {
    let place = Place::new("longer");
    let (data, train) = (curve(40), Train::adam(0.05).batch(9));
    climbed(&train.clone().epochs(3).checkpoint(place.file(), 1), &model(20), &data);
    let longer = climbed(&train.clone().epochs(7).resume(place.file()), &model(20), &data);
    assert_eq!(longer, climbed(&train.clone().epochs(7), &model(20), &data));
    let same = climbed(&train.clone().epochs(3).resume(place.file()), &model(20), &data);
    assert_eq!(same, climbed(&train.epochs(3), &model(20), &data));
}

fn foreign<T: std::fmt::Debug>(result: Result<T>) -> (&'static str, String) {
    match result {
        Err(ModelError::Train(TrainError::Foreign { what, path, expected, found })) => {
            assert!(path.ends_with("state") && expected != found);
            (what, expected)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn checkpoints_of_anything_else_are_refused() {
    let place = Place::new("foreign");
    let (data, train) = (curve(40), Train::adam(0.05).batch(9).epochs(2));
    climbed(&train.clone().checkpoint(place.file(), 1), &model(20), &data);
    let resume = train.clone().resume(place.file());
    let of = |train: &Train, model: Model<Net, Gaussian>, data: &Data| {
        foreign(train.climb(&NetTarget::new(&model, data).unwrap()))
    };
    let (what, expected) = of(&resume, model(21), &data);
    assert!(what == "target" && expected.contains("dense(1 → 21)"), "{expected}");
    assert_eq!(of(&resume, model(20), &curve(39)).0, "target");
    let softer = small_net(1, 20, 1).with_scales(&[1.0, 1.0, 0.3, 1.0]).unwrap();
    assert_eq!(of(&resume, softer.with_likelihood(Gaussian::noise(0.1)), &data).0, "target");
    assert_eq!(of(&resume, small_net(1, 20, 1).with_likelihood(Gaussian::noise(0.2)), &data).0, "target");
    for other in [
        resume.clone().batch(10),
        resume.clone().seed(Seed::new(1)),
        resume.clone().clip(1.0),
        resume.clone().schedule(Schedule::constant(0.04)),
        Train::sgd(0.05).batch(9).resume(place.file()),
    ] {
        assert_eq!(of(&other, model(20), &data).0, "training");
    }
    let wide = resume.clone().precision::<f64>();
    assert_eq!(foreign(wide.climb(&NetTarget::new(&model(20), &data).unwrap())).0, "precision");
}

fn reason<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(ModelError::File { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn damaged_files_and_other_versions_are_refused() {
    let place = Place::new("damaged");
    let (data, train) = (curve(40), Train::adam(0.05).batch(9).epochs(2));
    climbed(&train.clone().checkpoint(place.file(), 1), &model(20), &data);
    let whole = fs::read(place.file()).unwrap();
    let target = NetTarget::<f32, _>::new(&model(20), &data).unwrap();
    let resume = || reason(train.clone().resume(place.file()).climb(&target));
    let mut bytes = whole.clone();
    bytes[9] = 7;
    fs::write(place.file(), &bytes).unwrap();
    assert!(resume().contains("format version 7"));
    fs::write(place.file(), &whole[..whole.len() - 1]).unwrap();
    assert!(resume().contains("checksum"));
    fs::write(place.file(), b"softb").unwrap();
    assert!(resume().contains("too short"));
    Polynomial::orders(0..=1).with_likelihood(Gaussian::noise(0.2)).save(place.file()).unwrap();
    assert_eq!(resume(), "this file holds a model, not a checkpoint of training");
    fs::write(place.file(), &whole).unwrap();
    let read = Model::<std::sync::Arc<dyn GaussianPrior>, Gaussian>::load(place.file());
    assert_eq!(reason(read.map(drop)), "this file holds a checkpoint of training, not a model");
    let missing = train.clone().resume(place.0.join("nothing")).climb(&target);
    assert!(matches!(missing, Err(ModelError::Io { .. })), "{missing:?}");
}

#[test]
fn a_file_that_cannot_be_written_loses_nothing() {
    let place = Place::new("unwritable");
    let (data, train) = (curve(40), Train::adam(0.05).batch(9).epochs(3));
    climbed(&train.clone().checkpoint(place.file(), 1), &model(20), &data);
    let before = fs::read(place.file()).unwrap();
    // what is written first has no room: a directory stands there
    fs::create_dir_all(place.0.join("state.partial")).unwrap();
    let target = NetTarget::<f32, _>::new(&model(20), &data).unwrap();
    let on = train.clone().epochs(5).checkpoint(place.file(), 1).resume(place.file());
    match on.climb(&target) {
        Err(ModelError::Train(TrainError::Unsaved { last, reason })) => {
            assert!(reason.contains("state"), "{reason}");
            let reached = climbed(&train, &model(20), &data).coordinates;
            assert_eq!(last.epoch, 3);
            assert!(last.coordinates.iter().zip(&reached).all(|(a, b)| *a == f64::from(*b)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read(place.file()).unwrap(), before);
    // nor where there is no such directory: known before any work
    let nowhere = train.checkpoint(place.0.join("no/such/place"), 1).climb(&target);
    assert!(matches!(nowhere, Err(ModelError::Train(TrainError::Unsaved { last, .. })) if last.epoch == 0));
}
