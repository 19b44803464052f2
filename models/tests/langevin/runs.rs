//! What must hold of every run: the same bits, interruption, checkpoints, divergence.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use softbias_models::langevin::Kernel;
use softbias_models::{
    Data, Gaussian, Hmc, Mala, Method, ModelError, NetTarget, NoUTurn, Posterior, Psgld, SampleError,
    Sampler, Samples, Sghmc, Sgld, Sgnht, Softmax, StepSchedule, WithLikelihood,
};
use softbias_priors::{Entry, Net, Points, Prior, Saw, Seed};

use crate::targets::Normal;

/// A directory of one test, emptied.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("softbias-langevin-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// A small net on a curve, with enough weights for parallel loops.
pub(crate) fn curve(hidden: usize) -> NetTarget<f32, Gaussian> {
    let xs: Vec<f64> = (0..200).map(|i| f64::from(i) / 100.0 - 1.0).collect();
    let data = Data::line(xs.iter().copied(), xs.iter().map(|x| (3.0 * x).sin())).unwrap();
    let net = Net::inputs(1).dense(hidden).tanh().dense(hidden).tanh().dense(1).build().unwrap();
    NetTarget::new(&net.with_likelihood(Gaussian::known(0.2)), &data).unwrap()
}

fn same(a: &Samples<f32>, b: &Samples<f32>, what: &str) {
    // (bits: the sampler without a step of its own says NaN)
    let steps = |s: &Samples<f32>| s.steps().concat().iter().map(|step| step.to_bits()).collect::<Vec<_>>();
    assert!((0..a.count()).all(|c| a.chain(c) == b.chain(c)), "{what}: other draws");
    assert_eq!((a.potential(), steps(a)), (b.potential(), steps(b)), "{what}");
}

/// Runs one sampler, watched or not.
type Watched<'a> = dyn Fn(bool) -> Samples<f32> + Sync + 'a;
/// Stops it and takes it up again.
type Stopped<'a> = dyn Fn(Job) -> Result<Samples<f32>, ModelError> + Sync + 'a;

fn every(check: impl Fn(&str, &Watched<'_>, &Stopped<'_>)) {
    fn go<K: Kernel>(name: &str, sampler: &Sampler<K>, check: &impl Fn(&str, &Watched<'_>, &Stopped<'_>)) {
        let target = curve(24);
        let sampler = sampler.clone().chains(3).warmup(10).draws(6).thin(2).seed(Seed::new(3));
        let watched = |watch: bool| {
            let sampler = sampler.clone();
            let sampler = if watch { sampler.watch(|_| ControlFlow::Continue(())) } else { sampler };
            sampler.sample(&target).unwrap()
        };
        let job = |job: Job| match job {
            Job::StopAt(at, path) => {
                let count = Arc::new(AtomicUsize::new(0));
                let stop = move |_: &softbias_models::langevin::Progress| {
                    let now = count.fetch_add(1, Ordering::Relaxed);
                    if now + 1 >= at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                };
                sampler.clone().checkpoint(path, 7).watch(stop).sample(&target)
            }
            Job::Resume(path) => sampler.clone().resume(path).sample(&target),
        };
        check(name, &watched, &job);
    }
    let cyclical = StepSchedule::Cyclical { first: 1e-4, cycle: 5, explore: 0.4 };
    go("sgld", &Sgld::step(1e-4).batch(20), &check);
    go("wide batches", &Sgld::step(1e-4).batch(150), &check);
    go("centred", &Sgld::step(1e-4).batch(20).centred_at(vec![0.1; 673]), &check);
    go("cyclical", &Sgld::schedule(cyclical).batch(20), &check);
    go("psgld", &Psgld::step(1e-4).batch(20).corrected(), &check);
    go("sghmc", &Sghmc::step(1e-5).batch(20), &check);
    go("sgnht", &Sgnht::step(1e-3).batch(20), &check);
    go("mala", &Mala::step(1e-4), &check);
    go("hmc", &Hmc::leaps(3, 1e-3), &check);
}

enum Job {
    StopAt(usize, PathBuf),
    Resume(PathBuf),
}

#[test]
fn the_same_bits_on_any_number_of_threads_and_watched_or_not() {
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    every(|name, run, _| {
        let one = pool(1).install(|| run(false));
        same(&one, &pool(4).install(|| run(false)), name);
        same(&one, &pool(2).install(|| run(true)), name);
        assert_eq!(one.draws().count(), 18);
    });
    // more weights than a block of the loops
    let target = curve(100);
    let run = || Sgld::step(1e-5).batch(150).chains(1).warmup(3).draws(3).sample(&target).unwrap();
    same(&pool(1).install(run), &pool(4).install(run), "a long vector");
    let run = || NoUTurn::sampler().chains(2).warmup(20).draws(3).sample(&curve(4)).unwrap();
    same(&pool(1).install(run), &pool(4).install(run), "nuts");
}

#[test]
fn taken_up_again_as_if_never_stopped() {
    let dir = scratch("resume");
    every(|name, run, job| {
        let whole = run(false);
        for stop in [2, 9, 20] {
            let path = dir.join(format!("{name} {stop}"));
            let half = job(Job::StopAt(stop, path.clone())).unwrap();
            assert!(half.interrupted() && half.draws().count() < 18 && half.unsaved().is_none());
            same(&whole, &job(Job::Resume(path)).unwrap(), name);
        }
    });
    // and more draws than were asked for at first
    let target = curve(4);
    let sampler = Sgld::step(1e-4).warmup(5).draws(4);
    sampler.clone().checkpoint(dir.join("more"), 100).sample(&target).unwrap();
    let more = sampler.clone().draws(9).resume(dir.join("more")).sample(&target).unwrap();
    same(&sampler.draws(9).sample(&target).unwrap(), &more, "more draws");
}

#[test]
fn checkpoints_of_something_else_are_refused() {
    let dir = scratch("refused");
    let (target, path) = (curve(4), dir.join("run"));
    let sampler = Sgld::step(1e-4).warmup(5).draws(4);
    sampler.clone().checkpoint(&path, 100).sample(&target).unwrap();
    let resumed = sampler.clone().resume(&path);
    let other = |found: Result<Samples<f32>, ModelError>, expected: &str| match found.unwrap_err() {
        ModelError::Sample(SampleError::OtherRun { what, .. }) => assert_eq!(what, expected),
        error => panic!("{error}"),
    };
    other(resumed.sample(&curve(5)), "target");
    let cold = target.clone().with_net(target.net().with_scales(&[1.0, 1.0, 1.0, 1.0, 1.0, 0.5]).unwrap());
    other(resumed.sample(&cold), "target");
    other(resumed.clone().temperature(0.5).sample(&target), "sampler");
    other(Sgld::step(2e-4).warmup(5).draws(4).resume(&path).sample(&target), "sampler");
    other(Mala::step(1e-4).warmup(5).draws(4).resume(&path).sample(&target), "sampler");
    other(resumed.clone().seed(Seed::new(9)).sample(&target), "seed");
    match resumed.sample(&Normal::flat(2)).unwrap_err() {
        ModelError::Sample(SampleError::OtherRun { what, .. }) => assert_eq!(what, "precision"),
        error => panic!("{error}"),
    }
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[9] = 7;
    std::fs::write(&path, &bytes).unwrap();
    let error = resumed.sample(&target).unwrap_err();
    assert!(
        matches!(error, ModelError::Sample(SampleError::OtherVersion { found: 7, expected: 1, .. })),
        "{error}"
    );
    bytes[9] = 1;
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let error = resumed.sample(&target).unwrap_err();
    assert!(matches!(error, ModelError::Sample(SampleError::NoCheckpoint { .. })), "{error}");
    for bad in [&b"softbiasM\0\0\0\0\0\0\0\0\0\0\0\0\0\0"[..], b"short"] {
        std::fs::write(&path, bad).unwrap();
        let error = resumed.sample(&target).unwrap_err();
        assert!(matches!(error, ModelError::Sample(SampleError::NoCheckpoint { .. })), "{error}");
    }
    let error = sampler.resume(dir.join("nothing")).sample(&target).unwrap_err();
    assert!(matches!(error, ModelError::Sample(SampleError::Io { .. })), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing() {
    let dir = scratch("full");
    let (target, path) = (curve(4), dir.join("run"));
    let sampler = Sgld::step(1e-4).warmup(5).draws(4);
    sampler.clone().checkpoint(&path, 100).sample(&target).unwrap();
    let before = std::fs::read(&path).unwrap();
    // the file that is written first is a device without room
    std::os::unix::fs::symlink("/dev/full", dir.join("run.part")).unwrap();
    let full = sampler.clone().draws(9).checkpoint(&path, 100).sample(&target).unwrap();
    assert!(matches!(full.unsaved(), Some(SampleError::Io { .. })), "{full}");
    assert!(full.to_string().contains("checkpoint was not written"));
    assert_eq!(full.draws().count(), 36);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // and with room again, on from there
    let more = sampler.clone().draws(9).resume(&path).checkpoint(&path, 100).sample(&target).unwrap();
    same(&full, &more, "after a full disk");
    assert!(more.unsaved().is_none() && std::fs::read(&path).unwrap() != before);
}

#[test]
fn chains_that_diverge_are_reported_and_keep_their_draws() {
    // a step at which 1 − hk/2 = −2 doubles the distance each time
    let target = Normal { lambda: vec![5.0; 3], centre: 0.0 };
    let start = vec![vec![0.0; 3], vec![1e150; 3]];
    let samples = Sgld::step(1.0).start(start).chains(2).warmup(0).draws(3000).sample(&target).unwrap();
    let diverged = samples.diverged();
    assert_eq!(diverged.iter().map(|d| d.0).collect::<Vec<_>>(), [0, 1]);
    assert!(diverged[1].1 < diverged[0].1 && diverged[0].1 < 1100, "{diverged:?}");
    for (chain, at) in diverged {
        assert_eq!(samples.chain(chain).len(), at);
        assert!(samples.chain(chain).iter().flatten().all(|x| x.is_finite()));
        assert!(samples.to_string().contains(&format!("chain {chain} diverged at iteration {at}")));
    }
    let nowhere = Normal { lambda: vec![f64::NAN; 3], centre: 0.0 };
    for error in [
        Sgld::step(0.1).sample(&nowhere).unwrap_err(),
        Hmc::leaps(2, 0.1).sample(&nowhere).unwrap_err(),
        NoUTurn::sampler().sample(&nowhere).unwrap_err(),
    ] {
        assert!(matches!(error, ModelError::Sample(SampleError::NoStart)), "{error}");
    }
}

#[test]
fn a_watcher_ends_a_run() {
    let target = Normal::flat(3);
    let stop = |p: &softbias_models::langevin::Progress| {
        assert_eq!(p.of, 2 * (10 + 100));
        if p.iterations >= 60 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let samples = Sgld::step(0.1).chains(2).warmup(10).draws(100).watch(stop).sample(&target).unwrap();
    assert!(samples.interrupted() && samples.draws().count() < 60);
    assert!(samples.to_string().contains("interrupted"));
    let nuts = NoUTurn::sampler().chains(2).warmup(10).draws(100).watch(stop).sample(&target).unwrap();
    assert!(nuts.interrupted() && nuts.draws().count() < 60);
}

#[test]
fn nets_by_a_method_give_a_posterior_that_owes_its_rows() {
    let x = ndarray::Array2::from_shape_fn((60, 2), |(i, j)| ((i * 7 + j * 3) % 11) as f64 / 5.0 - 1.0);
    let y = ndarray::Array2::from_shape_fn((60, 1), |(i, _)| f64::from(u8::from(x[[i, 0]] > 0.0)));
    let data = Data::new(Points::new(x).unwrap(), y).unwrap();
    let net = Net::inputs(2).dense(8).tanh().dense(2).build().unwrap();
    let model = net.with_likelihood(Softmax::classes(2).unwrap());
    let sampler = Sgld::step(2e-3).batch(30).chains(2).warmup(1500).draws(40).thin(20).temperature(0.9);
    let chains = sampler.condition(model, &data).unwrap();
    let text = chains.to_string();
    for part in
        ["SGLD", "80 draws", "n/b = 2", "temperature 0.9", "batch 30 of 60 rows", "step 2e-3", "noise √(hT)"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let posterior = chains.posterior().unwrap();
    let p = posterior.class_probabilities(data.points()).unwrap();
    let right = (0..60).filter(|i| (p[[*i, 1]] > 0.5) == (data.labels()[[*i, 0]] > 0.5)).count();
    assert!(right >= 55, "{right}");
    assert!(posterior.log_predictive(&data).unwrap().mean().unwrap() > -0.3);
    assert!(
        posterior.ledger().entries().iter().any(|entry| matches!(entry, Entry::Saw { saw: Saw::Labels, .. }))
    );
}
