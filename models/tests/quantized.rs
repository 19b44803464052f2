//! Models as byte strings: every bit of them is in the string, and no other string is one; damage in the module.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "quantized/damage.rs"]
mod damage;

use ndarray::{Array1, Array2};
use softbias_models::*;
use softbias_priors::subspace::{Origin, Projection};
use softbias_priors::*;

fn line(n: usize, seed: u64) -> Data {
    let x = Seed::new(seed).named("x").uniform1(n, -1.0, 1.0);
    let y = x.mapv(|x| 0.6 * (3.0 * x).sin()) + 0.2 * Seed::new(seed).named("y").normal1(n);
    Data::line(x, y).unwrap().declared_iid()
}

fn soft(softness: f64) -> Pathways<Polynomial, Polynomial> {
    Polynomial::orders(0..=3).relaxed(Softness::new(softness).unwrap(), Polynomial::orders(4..=150))
}

fn posterior(prior: impl GaussianPrior + 'static, data: &Data) -> ExactPosterior {
    prior.with_likelihood(Gaussian::noise(0.2)).condition(data).unwrap()
}

fn codebooks() -> Vec<Codebook> {
    let either = |book: Codebook| [book, book.units(Units::Plain)];
    [0.3, 0.01]
        .map(Codebook::uniform)
        .into_iter()
        .chain([2, 7].map(Codebook::learned))
        .flat_map(either)
        .collect()
}

/// Encoded, written, read in a fresh value, decoded: the same weights and values, bit for bit.
fn survives<P: GaussianPrior + Clone + 'static>(prior: P, data: &Data) {
    let posterior = posterior(prior.clone(), data);
    for codebook in codebooks() {
        let model = Quantized::of(&posterior, codebook).unwrap();
        let bytes = model.message().to_bytes();
        assert_eq!(bytes.len(), model.message().bits() / 8 + 1);
        assert_eq!(model.code_length(), Nats::from_bits(model.message().bits() as f64));
        let decoded = Quantized::decode(prior.clone(), &Message::from_bytes(&bytes).unwrap()).unwrap();
        assert_eq!(decoded.coefficients(), model.coefficients());
        assert_eq!(decoded.code_length(), model.code_length());
        assert_eq!(decoded.values(data.points()).unwrap(), model.values(data.points()).unwrap());
        // and the values are those of the decoded weights
        let weights = posterior.prior().weights().unwrap();
        let by_hand = weights.basis(data.points()).unwrap().dot(decoded.coefficients())
            + posterior.prior().mean(data.points()).unwrap();
        let values = decoded.values(data.points()).unwrap();
        assert!((by_hand - values).iter().all(|d| d.abs() < 1e-12));
    }
}

#[test]
fn every_bit_is_in_the_string() {
    let data = line(60, 1);
    survives(Polynomial::orders(0..=12), &data);
    survives(Polynomial::orders(0..=3).with_mean(vec![0.3, -0.2, 0.5, 1.0]), &data);
    survives(soft(0.2).scaled(0.7), &data);
    survives(soft(0.0), &data);
    survives(Features::relu(80, 1, Seed::new(2)).unwrap(), &data);
    let space = Subspace::new(151, 10, Seed::new(3)).unwrap().through(Origin::Random { sd: 0.1 }).unwrap();
    survives(WithinSubspace::new(soft(0.5), space).unwrap(), &data);
    let sparse =
        Subspace::new(400, 20, Seed::new(4)).unwrap().projection(Projection::Sparse { entries: 2 }).unwrap();
    survives(
        WithinSubspace::new(Features::fourier(200, 1, 0.5, Seed::new(5)).unwrap(), sparse).unwrap(),
        &data,
    );
    // a saved and revived prior is the same decoder
    let saved = soft(0.2).saved().unwrap();
    let model = Quantized::of(&posterior(soft(0.2), &data), Codebook::uniform(0.1)).unwrap();
    let decoded = Quantized::decode(saved.revive().unwrap(), model.message()).unwrap();
    assert_eq!(decoded.coefficients(), model.coefficients());
}

#[test]
fn several_outputs() {
    let x = Points::linspace(-0.9, 0.9, 30).unwrap();
    let labels = Array2::from_shape_fn((30, 3), |(i, c)| ((i + 5 * c) as f64 * 0.3).sin());
    let data = Data::new(x, labels).unwrap();
    survives(Polynomial::orders(0..=8).with_outputs(3), &data);
}

#[test]
fn quantisation_is_within_half_a_step() {
    let data = line(80, 6);
    let posterior = posterior(soft(0.3), &data);
    let exact = posterior.coefficients().unwrap();
    let scales = posterior.prior().weights().unwrap().scales();
    for (units, size) in [(Units::Plain, Array1::ones(151)), (Units::White, scales)] {
        let step = 0.125;
        let model = Quantized::of(&posterior, Codebook::uniform(step).units(units)).unwrap();
        for (j, (w, decoded)) in exact.iter().zip(model.coefficients()).enumerate() {
            assert!((w - decoded).abs() <= (0.5 + 1e-12) * step * size[j], "{units:?} {j}");
        }
        // finer steps give the posterior mean itself
        let fine = Quantized::of(&posterior, Codebook::uniform(1e-8).units(units)).unwrap();
        let gap = fine.values(data.points()).unwrap() - posterior.mean(data.points()).unwrap();
        assert!(gap.iter().all(|d| d.abs() < 1e-5) && fine.message().bits() > model.message().bits());
    }
}

#[test]
fn weights_of_little_or_no_scale_cost_little_or_nothing() {
    let data = line(60, 7);
    for codebook in [Codebook::uniform(0.05), Codebook::uniform(0.05).units(Units::Plain)] {
        let bits = |prior: &dyn Fn() -> std::sync::Arc<dyn GaussianPrior>| {
            Quantized::of(&posterior(prior(), &data), codebook).unwrap().message().bits()
        };
        let core = bits(&|| std::sync::Arc::new(Polynomial::orders(0..=3)));
        let hard = bits(&|| std::sync::Arc::new(soft(0.0)));
        let nearly = bits(&|| std::sync::Arc::new(soft(1e-9)));
        // scale 0 is not in the message at all; 147 weights that round to 0 cost about ½ log₂ 147 + 1 = 4.6 bits and a change of context
        assert_eq!(hard, core);
        assert!(nearly >= hard && nearly - hard <= 10, "{nearly} {hard}");
        let free = bits(&|| std::sync::Arc::new(soft(10.0)));
        assert!(free > nearly, "{free} {nearly}");
    }
}

#[test]
fn a_search_finds_the_least() {
    let data = line(60, 8);
    let posterior = posterior(soft(0.2), &data);
    let bits = |model: &Quantized| Ok::<f64, ModelError>(model.message().bits() as f64);
    let books = codebooks();
    let best = Quantized::search(&posterior, books.clone(), bits).unwrap();
    let least = books.iter().map(|b| Quantized::of(&posterior, *b).unwrap().message().bits()).min().unwrap();
    assert_eq!(best.message().bits(), least);
    assert!(Quantized::search(&posterior, [], bits).is_err());
    assert!(Quantized::search(&posterior, [Codebook::uniform(-1.0)], bits).is_err());
    // a codebook that does not fit is passed over
    let mixed = [Codebook::uniform(f64::NAN), Codebook::uniform(0.5)];
    assert!(Quantized::search(&posterior, mixed, bits).is_ok());
    let ladder = Codebook::ladder(0.01, 1.0);
    assert!(ladder.len() > 20 && ladder.iter().all(|book| Quantized::of(&posterior, *book).is_ok()));
}

#[test]
fn what_a_function_owes() {
    let data = line(40, 9);
    let (seen, fresh) = data.split(0.5, Seed::new(1)).unwrap();
    let model = Quantized::of(&posterior(Polynomial::orders(0..=4), &seen), Codebook::uniform(0.1)).unwrap();
    assert!(model.code_ledger().is_empty());
    assert_eq!(model.ledger().looked_at_count(data.rows()), seen.len());
    // the string does not say whose rows it was fitted to: then they may be any
    let decoded = Quantized::decode(Polynomial::orders(0..=4), model.message()).unwrap();
    assert_eq!(decoded.ledger().looked_at_count(data.rows()), data.len());
    let declared = decoded.fitted_on(&seen).unwrap();
    assert_eq!(declared.ledger().looked_at_count(fresh.rows()), 0);
    // a window learned from inputs is a debt of the code
    let window = Window::around(seen.points()).unwrap();
    let learned = Polynomial::orders(0..=4).window(window).beyond_window();
    let model = Quantized::of(&posterior(learned, &seen), Codebook::uniform(0.1)).unwrap();
    assert_eq!(model.code_ledger().looked_at_count(seen.rows()), seen.len());
    // rows on another scale are not judged
    let standard = Standardise::of(&fresh).unwrap().apply(&fresh).unwrap();
    let loss = Loss::ClippedSquared { scale: 1.0 };
    assert!(declared.risk(loss, &fresh).is_ok() && declared.risk(loss, &standard).is_err());
}

#[test]
fn the_decoded_function_is_judged() {
    let data = line(60, 10);
    let posterior = posterior(soft(0.3), &data);
    let model = Quantized::of(&posterior, Codebook::uniform(2.0)).unwrap();
    let loss = Loss::ClippedSquared { scale: 1.0 };
    let risk = model.risk(loss, &data).unwrap();
    let values = model.values(data.points()).unwrap();
    let mean = |f: &Array2<f64>| {
        let total: f64 = data.labels().iter().zip(f).map(|(y, f)| loss.of(*y, *f)).sum();
        total / data.len() as f64
    };
    assert!((risk.mean - mean(&values)).abs() < 1e-12);
    assert!((risk.mean - mean(&posterior.mean(data.points()).unwrap())).abs() > 1e-4);
}

#[test]
fn what_cannot_be_coded_is_refused() {
    let data = line(30, 11);
    let flat = Array2::from_elem((5, 1), 0.5);
    let of =
        |weights: &Array2<f64>, book| Quantized::of_weights(Polynomial::orders(0..=4), weights.view(), book);
    assert!(of(&flat, Codebook::uniform(0.1)).is_ok());
    let code = |error: ModelError| match error {
        ModelError::Code(error) => error,
        other => panic!("{other:?}"),
    };
    for step in [0.0, -1.0, f64::NAN, 1e-30, 1e30] {
        assert!(matches!(code(of(&flat, Codebook::uniform(step)).unwrap_err()), CodeError::Step(_)));
    }
    for levels in [0, 100_000] {
        assert!(matches!(code(of(&flat, Codebook::learned(levels)).unwrap_err()), CodeError::Levels { .. }));
    }
    let mut bad = flat.clone();
    for value in [f64::NAN, f64::INFINITY, 1e300] {
        bad[[3, 0]] = value;
        for book in [Codebook::uniform(1e-3), Codebook::learned(2)] {
            let error = code(of(&bad, book).unwrap_err());
            assert!(matches!(error, CodeError::Weight { feature: 3, output: 0, .. }), "{error}");
        }
    }
    let wrong = Array2::zeros((4, 1));
    assert!(matches!(of(&wrong, Codebook::uniform(0.1)).unwrap_err(), ModelError::Features { .. }));
    // scale 0 means 0
    let hard = Polynomial::orders(0..=1).relaxed(Softness::HARD, Polynomial::orders(2..=4));
    let refused = Quantized::of_weights(hard, flat.view(), Codebook::uniform(0.1)).unwrap_err();
    assert!(matches!(code(refused), CodeError::DeadWeight { feature: 2, .. }));
    // no features, no weights
    let gp = Gp::new(Kernel::rbf(0.5));
    let in_function_space = posterior(gp.clone(), &data);
    let refused = Quantized::of(&in_function_space, Codebook::uniform(0.1)).unwrap_err();
    assert!(matches!(refused, ModelError::NoFeatures(_)));
    let message =
        Quantized::of(&posterior(soft(0.1), &data), Codebook::uniform(0.1)).unwrap().message().clone();
    assert!(matches!(Quantized::decode(gp, &message).unwrap_err(), ModelError::NoFeatures(_)));
}
