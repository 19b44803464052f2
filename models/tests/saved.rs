//! Models and posteriors on disk: what comes back, and what damaged or foreign files do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use ndarray::{Array1, Array2};
use softbias_models::*;
use softbias_priors::*;

/// A model as files give it back.
type Under = Model<Arc<dyn GaussianPrior>, Gaussian>;

/// A file of this test that goes away with it.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Temporary {
        Temporary(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("saved_{name}")))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn soft(s: f64) -> Softness {
    Softness::new(s).unwrap()
}

fn data() -> Data {
    let x = Seed::new(1).uniform1(14, -1.0, 1.0);
    Data::line(x.to_vec(), x.mapv(|x| (3.0 * x).sin()).to_vec()).unwrap()
}

fn two_outputs() -> Data {
    Data::new(data().points().clone(), Seed::new(2).normal2(14, 2)).unwrap()
}

fn priors() -> Vec<(&'static str, Arc<dyn GaussianPrior>, Data)> {
    let known = data().points().clone();
    let core = || Polynomial::orders(0..=2).scales(Scales::geometric(1.5).tuned());
    let learned = core().window(Window::boxed([(-1.25, 1.5)]).unwrap()).basis(Basis::Chebyshev);
    let around = core().window(Window::around(&known).unwrap()).beyond_window();
    let far = || Polynomial::orders(3..=25).scales(Scales::power(1.5).from_order(3).tuned());
    let fourier = || Features::fourier(20, 1, 0.4, Seed::new(7)).unwrap().tuned();
    let debt = Ledger::saw("tuned", Saw::Labels, Some(&[Row(3), Row(1)])).and(&Ledger::chose("rung", 9));
    let stack = || {
        Stack::new(vec![Arc::new(core().scaled(0.7)), Arc::new(Features::relu(9, 1, Seed::new(4)).unwrap())])
            .unwrap()
    };
    let rule = Scales::rule(3, |j| 1.0 / (1.0 + j as f64));
    vec![
        ("polynomial", Arc::new(learned), data()),
        ("rule", Arc::new(Polynomial::orders(0..=3).scales(rule).with_mean([0.5, 0.0, 1.0, 0.0])), data()),
        ("window", Arc::new(around), data()),
        ("fourier", Arc::new(fourier()), data()),
        ("linear", Arc::new(Features::linear(3, 1, Seed::new(9)).unwrap()), data()),
        ("nested", Arc::new(core().relaxed(soft(0.3), far().relaxed(soft(0.0), fourier())).fixed()), data()),
        ("scaled", Arc::new(core().relaxed(soft(0.3), far()).scaled(2.5)), data()),
        ("charged", Arc::new(core().scaled(2.0).charged(debt)), data()),
        ("copies", Arc::new(core().with_outputs(2)), two_outputs()),
        ("stack", Arc::new(stack()), two_outputs()),
    ]
}

fn bits(values: &Array2<f64>) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

fn alike(a: &ExactPosterior, b: &ExactPosterior) {
    let x = Points::linspace(-0.8, 0.8, 9).unwrap();
    let (p, q) = (a.predict(&x).unwrap(), b.predict(&x).unwrap());
    assert_eq!(bits(p.mean()), bits(q.mean()));
    for of in [Uncertainty::Latent, Uncertainty::Observation] {
        assert_eq!(bits(&p.variance(of)), bits(&q.variance(of)));
    }
    assert_eq!(a.draws(2, &x, Seed::new(1)).unwrap(), b.draws(2, &x, Seed::new(1)).unwrap());
    assert_eq!(a.evidence(), b.evidence());
    assert_eq!(a.effective_dimension(), b.effective_dimension());
    assert_eq!((a.ledger(), a.prior_ledger()), (b.ledger(), b.prior_ledger()));
    assert_eq!(a.data(), b.data());
    assert_eq!(a.noise(), b.noise());
}

#[test]
fn models_come_back() {
    for (name, prior, data) in priors() {
        let file = Temporary::new(&format!("model_{name}"));
        let model = prior.with_likelihood(Gaussian::known(0.2));
        model.save(&file.0).unwrap();
        let back = Model::<_, Gaussian>::load(&file.0).unwrap();
        assert_eq!(back.likelihood, model.likelihood);
        assert_eq!(back.prior.parameters(), model.prior.parameters(), "{name}");
        assert_eq!(back.prior.ledger(), model.prior.ledger(), "{name}");
        assert_eq!(back.prior.saved().unwrap(), model.prior.saved().unwrap(), "{name}");
        alike(&model.condition(&data).unwrap(), &back.condition(&data).unwrap());
    }
}

#[test]
fn posteriors_come_back() {
    for (name, prior, data) in priors() {
        for method in [Exact::Auto, Exact::WeightSpace, Exact::FunctionSpace] {
            if name == "stack" && method == Exact::WeightSpace {
                continue;
            }
            let file = Temporary::new(&format!("posterior_{name}_{method:?}"));
            let standardise = Standardise::labels(&data).unwrap();
            let data = standardise.apply(&data).unwrap();
            let model = prior.clone().with_likelihood(Gaussian::noise(0.2));
            let posterior = model.condition_by(&method, &data).unwrap();
            posterior.save(&file.0).unwrap();
            let back = ExactPosterior::load(&file.0).unwrap();
            alike(&posterior, &back);
            // what is saved again is the same file
            let again = Temporary::new(&format!("again_{name}_{method:?}"));
            back.save(&again.0).unwrap();
            assert_eq!(fs::read(&file.0).unwrap(), fs::read(&again.0).unwrap(), "{name}");
        }
    }
}

fn reason(error: ModelError) -> String {
    match error {
        ModelError::File { reason, path } => {
            assert!(path.to_string_lossy().contains("saved_"));
            reason
        }
        other => panic!("{other:?}"),
    }
}

fn small_files(name: &str) -> [(Temporary, Vec<u8>); 2] {
    let (m, p) = (Temporary::new(&format!("{name}_m")), Temporary::new(&format!("{name}_p")));
    let model = Polynomial::orders(0..=1).with_likelihood(Gaussian::noise(0.2));
    model.save(&m.0).unwrap();
    let posterior = model.condition(&Data::line([0.1, 0.2], [1.0, 2.0]).unwrap()).unwrap();
    posterior.save(&p.0).unwrap();
    [m, p].map(|file| {
        let bytes = fs::read(&file.0).unwrap();
        (file, bytes)
    })
}

/// What reading gives: nothing but whether it is an error counts.
fn fails(kind: usize, file: &Temporary) -> bool {
    if kind == 0 { Under::load(&file.0).is_err() } else { ExactPosterior::load(&file.0).is_err() }
}

#[test]
fn damaged_files_are_errors() {
    for (kind, (file, bytes)) in small_files("damaged").into_iter().enumerate() {
        assert!(!fails(kind, &file) && bytes.len() < 1000);
        for length in 0..bytes.len() {
            fs::write(&file.0, &bytes[..length]).unwrap();
            assert!(fails(kind, &file), "cut to {length} of {}", bytes.len());
        }
        for at in 0..bytes.len() {
            // every change of the header, which has no checksum
            let changes: Vec<u8> = if at < 21 { (1..=255).collect() } else { vec![0x01, 0x80, 0xff] };
            for change in changes {
                let mut flipped = bytes.clone();
                flipped[at] ^= change;
                fs::write(&file.0, &flipped).unwrap();
                assert!(fails(kind, &file), "byte {at} by {change:#x}");
            }
        }
        fs::write(&file.0, [&bytes[..], &[0]].concat()).unwrap();
        assert!(fails(kind, &file), "one byte more");
    }
}

/// The same damage by someone who mends the checksum: an error or a valid prior, never a panic, never a long wait.
#[test]
fn files_of_wrong_content_never_panic() {
    for (kind, (file, bytes)) in small_files("malice").into_iter().enumerate() {
        for at in 21..bytes.len() {
            for value in [0x00, 0x01, 0x02, 0x7f, 0x80, 0xfe, 0xff] {
                let mut forged = bytes.clone();
                forged[at] = value;
                let sum = forged[21..].iter().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
                    (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3)
                });
                forged[13..21].copy_from_slice(&sum.to_le_bytes());
                fs::write(&file.0, &forged).unwrap();
                if forged == bytes {
                    assert!(!fails(kind, &file));
                } else {
                    fails(kind, &file);
                }
            }
        }
    }
}

#[test]
fn files_that_are_something_else_say_so() {
    let [(m, model), (p, posterior)] = small_files("else");
    assert_eq!(reason(ExactPosterior::load(&m.0).unwrap_err()), "this file holds a model, not a posterior");
    assert_eq!(reason(Under::load(&p.0).unwrap_err()), "this file holds a posterior, not a model");
    let load = |bytes: &[u8]| {
        fs::write(&m.0, bytes).unwrap();
        reason(Under::load(&m.0).unwrap_err())
    };
    assert!(load(b"").contains("too short"));
    assert!(load(b"softbias").contains("too short"));
    assert!(load(b"x,y\n1.0,2.0\n3.0,4.0\n5.0,6.0\n").contains("not a softbias file"));
    assert!(load(&[0u8; 500]).contains("not a softbias file"));
    let mut newer = model.clone();
    newer[9] += 1;
    let text = load(&newer);
    assert!(text.contains("format version 2") && text.contains("reads version 1"), "{text}");
    let mut damaged = model.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(load(&damaged).contains("checksum"));
    let mut relabelled = posterior;
    relabelled[8] = b'M';
    assert!(load(&relabelled).contains("bytes too many"));
}

#[test]
fn files_that_are_not_there() {
    let missing = Temporary::new("no_such_file");
    assert!(matches!(Under::load(&missing.0), Err(ModelError::Io { path, .. }) if path == missing.0));
    assert!(matches!(ExactPosterior::load(&missing.0), Err(ModelError::Io { .. })));
    let nowhere = missing.0.join("below").join("file");
    let model = Polynomial::orders(0..=1).with_likelihood(Gaussian::noise(0.2));
    assert!(matches!(model.save(&nowhere), Err(ModelError::Io { .. })));
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    assert!(matches!(Under::load(&directory), Err(ModelError::Io { .. })));
}

/// A prior that is not built in.
#[derive(Clone, Debug)]
struct Mine;

impl Weights for Mine {
    fn dim(&self) -> usize {
        1
    }
    fn basis(&self, x: &Points) -> prior::Result<Array2<f64>> {
        Ok(x.view().mapv(f64::exp))
    }
    fn scales(&self) -> Array1<f64> {
        Array1::ones(1)
    }
}

impl Linear for Mine {
    fn tuned_to(&self, _: &[f64]) -> prior::Result<Arc<dyn GaussianPrior>> {
        Ok(Arc::new(Mine))
    }
}

#[test]
fn foreign_parts_cannot_be_saved_and_say_so() {
    let file = Temporary::new("foreign");
    let noise = || Gaussian::noise(0.2);
    let foreign = |result: Result<()>, expected: &str| match result {
        Err(ModelError::Prior(PriorError::Foreign(name))) => assert_eq!(name, expected),
        other => panic!("{other:?}"),
    };
    let core = || Polynomial::orders(0..=1);
    foreign(Mine.with_likelihood(noise()).save(&file.0), "Mine");
    foreign(core().relaxed(soft(0.1), Mine).scaled(2.0).with_likelihood(noise()).save(&file.0), "Mine");
    foreign(Mine.with_likelihood(noise()).condition(&data()).unwrap().save(&file.0), "Mine");
    let first = core().with_likelihood(noise()).condition(&data()).unwrap();
    foreign(first.extend(&data()).unwrap().save(&file.0), "ExactPosterior");
    assert!(!file.0.exists());
}

#[test]
fn invalid_specs_are_not_loaded() {
    let file = Temporary::new("invalid");
    Polynomial::orders(0..=1).with_likelihood(Gaussian::noise(-1.0)).save(&file.0).unwrap();
    assert!(matches!(Under::load(&file.0), Err(ModelError::Noise(_))));
    Polynomial::orders(0..=1).scaled(-2.0).with_likelihood(Gaussian::noise(1.0)).save(&file.0).unwrap();
    assert!(matches!(Under::load(&file.0), Err(ModelError::Prior(PriorError::Parameter { .. }))));
    #[allow(clippy::reversed_empty_ranges)]
    let none = Polynomial::orders(2..=1);
    none.with_likelihood(Gaussian::noise(1.0)).save(&file.0).unwrap();
    assert!(matches!(Under::load(&file.0), Err(ModelError::Prior(PriorError::Empty(_)))));
}

#[test]
fn a_model_comes_back_under_its_own_likelihood_only() {
    let (gamma, gauss) = (Temporary::new("gamma"), Temporary::new("gauss"));
    let prior = || Polynomial::orders(0..=2).scaled(0.7);
    let model = prior().with_likelihood(GaussianGamma::new(2.0, 3.0).unwrap());
    model.save(&gamma.0).unwrap();
    prior().with_likelihood(Gaussian::noise(0.2)).save(&gauss.0).unwrap();
    let back = Model::<_, GaussianGamma>::load(&gamma.0).unwrap();
    assert_eq!(back.likelihood, model.likelihood);
    assert_eq!(back.prior.saved().unwrap(), model.prior.saved().unwrap());
    let not = |text: String, is: &str, asked: &str| {
        assert_eq!(text, format!("this file holds a model under the likelihood `{is}`, not `{asked}`"));
    };
    not(reason(Under::load(&gamma.0).unwrap_err()), "GaussianGamma", "Gaussian");
    not(reason(Model::<_, GaussianGamma>::load(&gauss.0).unwrap_err()), "Gaussian", "GaussianGamma");
    assert_eq!(
        reason(ExactPosterior::load(&gamma.0).unwrap_err()),
        "this file holds a model, not a posterior"
    );
    // every other one, and none as another
    let others = Temporary::new("others");
    prior().with_likelihood(Bernoulli::probit()).save(&others.0).unwrap();
    assert_eq!(Model::<_, Bernoulli>::load(&others.0).unwrap().likelihood, Bernoulli::probit());
    not(reason(Under::load(&others.0).unwrap_err()), "Bernoulli", "Gaussian");
    let student = StudentT::new(3.5, 0.2).unwrap().known_dof();
    prior().with_likelihood(student).save(&others.0).unwrap();
    assert_eq!(Model::<_, StudentT>::load(&others.0).unwrap().likelihood, student);
    prior().with_likelihood(Poisson::log_link()).save(&others.0).unwrap();
    assert_eq!(Model::<_, Poisson>::load(&others.0).unwrap().likelihood, Poisson::log_link());
    not(reason(Model::<_, Softmax>::load(&others.0).unwrap_err()), "Poisson", "Softmax");
    let classes = Softmax::classes(4).unwrap();
    Polynomial::orders(0..=2).with_outputs(4).with_likelihood(classes).save(&others.0).unwrap();
    assert_eq!(Model::<_, Softmax>::load(&others.0).unwrap().likelihood, classes);
    // numbers that no constructor lets through
    let bytes = fs::read(&gamma.0).unwrap();
    let at = bytes.len() - 8;
    let mut forged = bytes.clone();
    forged[at..].copy_from_slice(&(-3.0f64).to_le_bytes());
    let sum = forged[21..]
        .iter()
        .fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3));
    forged[13..21].copy_from_slice(&sum.to_le_bytes());
    fs::write(&gamma.0, &forged).unwrap();
    assert!(matches!(Model::<_, GaussianGamma>::load(&gamma.0), Err(ModelError::Gamma { .. })));
}
