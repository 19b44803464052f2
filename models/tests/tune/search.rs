//! Distinct modes, watching, interrupting, and going on from what was saved.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use softbias_models::*;
use softbias_priors::*;

use super::priors::Kernels;
use super::{soft, wiggly};

#[test]
fn modes_of_equal_evidence_are_told_apart_by_their_parameters() {
    // a long and a short part: which of two like kernels takes which does not matter to the evidence
    let x = Points::linspace(-2.0, 2.0, 60).unwrap();
    let truth = Kernels { lengths: vec![1.5, 0.1], idle: None };
    let f = truth.draws(1, &x, Seed::new(2)).unwrap();
    let y = f.index_axis(ndarray::Axis(0), 0).column(0).to_owned() + 0.05 * Seed::new(3).normal1(60);
    let data = Data::line(x.view().column(0).to_vec(), y.to_vec()).unwrap();
    let model = |idle| Kernels { lengths: vec![1.0, 0.2], idle }.with_likelihood(Gaussian::known(0.05));
    let both = || {
        Tune::default()
            .restarts(0)
            .start([("length0", 1.5), ("length1", 0.1)])
            .start([("length0", 0.1), ("length1", 1.5)])
    };
    let tuned = both().run(model(None), &data).unwrap();
    let modes = tuned.modes();
    let tied = modes.iter().filter(|m| (m.log_evidence - tuned.log_evidence).get().abs() < 1e-3);
    assert_eq!(tied.count(), 2, "{modes:?}");
    assert!((modes[0].log_evidence - modes[1].log_evidence).get().abs() < 1e-6);
    let [a, b] = [0, 1].map(|k| modes[k].parameters.values());
    assert!((a[0] / b[1]).ln().abs() < 1e-3 && (a[1] / b[0]).ln().abs() < 1e-3, "{a:?} {b:?}");
    assert!((a[0] / a[1]).ln().abs() > 1.0);
    // along a parameter that the evidence does not see all ends are one mode
    let swapped = both().start([("idle", 100.0)]).start([("idle", 0.01)]).restarts(3);
    let tuned = swapped.fix("length0").fix("length1").run(model(Some(1.0)), &data).unwrap();
    assert_eq!(tuned.modes().len(), 1, "{:?}", tuned.modes());
}

fn outcome(tuned: &Tuned) -> (u64, Vec<u64>, Vec<Mode>, usize) {
    let values = tuned.modes()[0].parameters.values();
    let bits = values.iter().map(|v| v.to_bits()).collect();
    (tuned.log_evidence.get().to_bits(), bits, tuned.modes().to_vec(), tuned.evaluations)
}

#[test]
fn a_watcher_changes_no_number() {
    let data = wiggly(40, 5, 0.1);
    let model = || soft(0.1).with_likelihood(Gaussian::noise(0.3));
    let alone = tune(model(), &data).unwrap();
    let seen: Arc<Mutex<Vec<tune::Progress>>> = Arc::default();
    let notebook = seen.clone();
    let watched = Tune::default().watch(move |progress| {
        notebook.lock().unwrap().push(*progress);
        ControlFlow::Continue(())
    });
    let watched = watched.run(model(), &data).unwrap();
    assert_eq!(outcome(&alone), outcome(&watched));
    assert!(!alone.interrupted && !watched.interrupted);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), watched.evaluations);
    assert!(seen.windows(2).all(|w| w[0].best <= w[1].best), "the best only rises");
    assert!(seen.windows(2).all(|w| w[0].finished <= w[1].finished));
    let last = seen.last().unwrap();
    // three starts, inside and at the hard end, and one or two leaps from the best
    assert_eq!((last.evaluations, last.finished), (watched.evaluations, last.starts));
    assert!((7..=8).contains(&last.starts), "{}", last.starts);
    assert!((last.best.unwrap() - watched.log_evidence).get().abs() < 1e-6);
}

#[test]
fn a_leap_crosses_a_plateau() {
    // an input without use, at first on so short a length that every point is an island: the evidence is flat there
    let useful = Seed::new(6).uniform1(40, 0.0, 1.0);
    let x =
        ndarray::Array2::from_shape_fn(
            (40, 2),
            |(i, d)| if d == 0 { (17 * i % 40) as f64 / 40.0 } else { useful[i] },
        );
    let y = x.column(1).mapv(|x| (6.0 * x).sin()) + 0.1 * Seed::new(7).normal1(40);
    let data = Data::regression(x, y).unwrap();
    let model = || Gp::new(Kernel::rbf([4e-3, 0.3])).with_likelihood(Gaussian::known(0.1));
    let only_length = || Tune::default().fix("length2");
    let climbed = only_length().restarts(0).run(model(), &data).unwrap();
    let leapt = only_length().restarts(1).run(model(), &data).unwrap();
    assert!((leapt.log_evidence - climbed.log_evidence).get() > 20.0, "{:?}", leapt.modes());
    assert!(leapt.value("length1").unwrap() > 1.0);
}

#[test]
fn an_interrupted_search_gives_its_best_and_goes_on_from_there() {
    let data = wiggly(60, 6, 0.1);
    let model = || soft(0.1).with_likelihood(Gaussian::noise(0.3));
    let whole = tune(model(), &data).unwrap();
    let after = |evaluations: usize| {
        Tune::default().watch(move |progress| {
            let enough = progress.evaluations >= evaluations;
            if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    };
    let part = after(25).run(model(), &data).unwrap();
    assert!(part.interrupted);
    // one evaluation a thread may be under way when the break comes
    assert!((25..=25 + rayon::current_num_threads()).contains(&part.evaluations), "{}", part.evaluations);
    assert!(part.log_evidence.get().is_finite() && part.log_evidence < whole.log_evidence);
    let evidence = part.condition(&data).unwrap().evidence().log;
    assert!((evidence - part.log_evidence).get().abs() < 1e-8 * (1.0 + evidence.get().abs()));
    // through a file, and on
    let bytes = postcard::to_stdvec(&part.modes()[0]).unwrap();
    let mode: Mode = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(mode, part.modes()[0]);
    // as text, to the last digit that serde_json keeps
    let text = serde_json::to_string(&mode).unwrap();
    let read: Mode = serde_json::from_str(&text).unwrap();
    let pairs = mode.parameters.values().into_iter().zip(read.parameters.values());
    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() <= 1e-15 * a.abs()));
    let on = Tune::default().restarts(0).start_at(&mode.parameters).run(model(), &data).unwrap();
    assert!(!on.interrupted && on.log_evidence >= part.log_evidence);
    // from the very top there is nowhere to go
    let top = Tune::default().restarts(0).start_at(&whole.modes()[0].parameters);
    let again = top.run(model(), &data).unwrap();
    assert!((again.log_evidence - whole.log_evidence).get().abs() < 1e-6);
    // a name that the model does not have
    let foreign = Parameters::new([Parameter::free("lenght", 1.0, (0.5, 2.0), parameters::Coordinate::Log)]);
    assert!(Tune::default().start_at(&foreign).run(model(), &data).is_err());
    // broken off at once
    let first = after(0).run(model(), &data).unwrap();
    assert!(first.interrupted && first.log_evidence.get().is_finite());
}
