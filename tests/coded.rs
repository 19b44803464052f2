//! Certificates of byte strings: their values by hand, what they refuse, and how often they fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use softbias::bounds::{
    Bound, CertificateError, Countable, CountableBinomial, CountableHoeffding, CountableKl, Predictor,
    binomial_tail_inverse,
};
use softbias::math::quadrature::Quadrature;
use softbias::math::stable::binary_kl_inverse_upper;
use softbias::prelude::*;
use softbias::{Error, Ledger, Standardise};

const LOSS: Loss = Loss::ClippedSquared { scale: 0.8 };

fn truth(x: f64) -> f64 {
    0.6 * (3.0 * x).sin()
}

fn simulated(n: usize, sd: f64, seed: Seed) -> Data {
    let x = seed.named("x").uniform1(n, -1.0, 1.0);
    let y = x.mapv(truth) + sd * seed.named("y").normal1(n);
    Data::line(x, y).unwrap().declared_iid()
}

fn fitted(prior: impl GaussianPrior + 'static, data: &Data, step: f64) -> Quantized {
    let posterior = prior.with_likelihood(Gaussian::noise(0.2)).condition(data).unwrap();
    Quantized::of(&posterior, Codebook::uniform(step)).unwrap()
}

#[test]
fn the_value_by_hand() {
    let data = simulated(400, 0.2, Seed::new(1));
    let soft = Polynomial::orders(0..=3).relaxed(Softness::new(0.1).unwrap(), Polynomial::orders(4..=150));
    let model = fitted(soft, &data, 0.1);
    let information = model.message().bits() as f64 * std::f64::consts::LN_2;
    let values = model.values(data.points()).unwrap();
    let risk = data.labels().iter().zip(&values).map(|(y, f)| LOSS.of(*y, *f)).sum::<f64>() / 400.0;
    let kl = model.certify(&CountableKl, LOSS, &data, 0.05).unwrap();
    let expected = binary_kl_inverse_upper(risk, (information + 20f64.ln()) / 400.0);
    assert!((kl.value - expected).abs() < 1e-12 && !kl.vacuous, "{kl}");
    assert_eq!((kl.predictor, kl.n, kl.population), (Predictor::Decoded, 400, None));
    assert!((kl.information.get() - information).abs() < 1e-9 && kl.price.get() == 0.0);
    let text = kl.to_string();
    assert!(text.contains("of the decoded function") && text.contains("Occam, kl"), "{text}");
    let hoeffding = model.certify(&CountableHoeffding, LOSS, &data, 0.05).unwrap();
    let expected = risk + ((information + 20f64.ln()) / 800.0).sqrt();
    assert!((hoeffding.value - expected).abs() < 1e-12);
    // any of them, chosen at run time
    let bounds: [Box<dyn Countable>; 2] = [Box::new(CountableBinomial), Box::new(CountableKl)];
    for bound in &bounds {
        assert_eq!(model.certify(&**bound, LOSS, &data, 0.05).unwrap().value, kl.value);
    }
    // a choice among priors is not in the string, and is paid
    let charged = Polynomial::orders(0..=3).charged(Ledger::chose("degree", 12));
    let model = fitted(charged, &data, 0.1);
    let certificate = model.certify(&CountableKl, LOSS, &data, 0.05).unwrap();
    assert!((certificate.price.get() - 12f64.ln()).abs() < 1e-12);
    let risk = model.risk(LOSS, &data).unwrap();
    let paid = CountableKl.value(&risk, model.code_length(), 400, 0.05 / 12.0);
    assert!((certificate.value - paid).abs() < 1e-12);
}

#[test]
fn whole_errors_have_a_binomial_tail() {
    let sides = |n: usize, seed: u64| {
        let data = simulated(n, 0.2, Seed::new(seed));
        Data::new(data.points().clone(), data.labels().mapv(|y| if y > 0.0 { 1.0 } else { -1.0 }))
            .unwrap()
            .declared_iid()
    };
    let (data, fresh) = (sides(300, 2), sides(200, 3));
    let model = fitted(Polynomial::orders(0..=5), &data, 0.5);
    let errors = model.risk(Loss::ZeroOne, &data).unwrap().errors.unwrap();
    let bits = model.message().bits() as i32;
    let certificate = model.certify(&CountableBinomial, Loss::ZeroOne, &data, 0.05).unwrap();
    assert!((certificate.value - binomial_tail_inverse(errors, 300, 0.05 * 0.5f64.powi(bits))).abs() < 1e-12);
    assert!(certificate.value < model.certify(&CountableKl, Loss::ZeroOne, &data, 0.05).unwrap().value);
    let held_out = model.certify_held_out(Loss::ZeroOne, &fresh, 0.05).unwrap();
    let errors = model.risk(Loss::ZeroOne, &fresh).unwrap().errors.unwrap();
    assert_eq!(held_out.value, binomial_tail_inverse(errors, 200, 0.05));
    assert_eq!((held_out.information.get(), held_out.predictor), (0.0, Predictor::Decoded));
}

fn refusal(result: Result<softbias::bounds::Certificate, Error>) -> CertificateError {
    match result {
        Err(Error::Certificate(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn what_is_refused() {
    let data = simulated(60, 0.2, Seed::new(4));
    let (seen, fresh) = data.split(0.5, Seed::new(5)).unwrap();
    // a window learned from inputs is no part of the string
    let window = Window::around(seen.points()).unwrap();
    let learned = fitted(Polynomial::orders(0..=3).window(window).beyond_window(), &data, 0.1);
    let refused = refusal(learned.certify(&CountableKl, LOSS, &data, 0.05));
    assert!(matches!(refused, CertificateError::Saw { count: 30, of: 60, labels: false, .. }), "{refused}");
    assert!(refused.to_string().starts_with("the code has seen 30 of the 60"), "{refused}");
    assert!(learned.certify(&CountableKl, LOSS, &fresh, 0.05).is_ok());
    // so is a tuned scale
    let spec = Polynomial::orders(0..=3).scaled(1.0).with_likelihood(Gaussian::noise(0.2));
    let tuned = tune(spec, &seen).unwrap();
    let model = Quantized::of(&tuned.condition(&seen).unwrap(), Codebook::uniform(0.1)).unwrap();
    assert!(matches!(
        refusal(model.certify(&CountableKl, LOSS, &seen, 0.05)),
        CertificateError::Saw { labels: true, .. }
    ));
    // the search for the weights may have seen the rows, but then they are not held out
    let model = fitted(Polynomial::orders(0..=3), &seen, 0.1);
    assert!(model.certify(&CountableKl, LOSS, &seen, 0.05).is_ok());
    assert!(model.certify_held_out(LOSS, &fresh, 0.05).is_ok());
    let refused = refusal(model.certify_held_out(LOSS, &data, 0.05));
    assert!(refused.to_string().starts_with("the search for the function has seen 30"), "{refused}");
    // out of the bytes alone nobody knows which rows those were
    let decoded = Quantized::decode(Polynomial::orders(0..=3), model.message()).unwrap();
    assert_eq!(
        decoded.certify(&CountableKl, LOSS, &seen, 0.05).unwrap().value,
        model.certify(&CountableKl, LOSS, &seen, 0.05).unwrap().value
    );
    refusal(decoded.certify_held_out(LOSS, &fresh, 0.05));
    assert!(decoded.fitted_on(&seen).unwrap().certify_held_out(LOSS, &fresh, 0.05).is_ok());
    // rows that were standardised by themselves, rows of a list, δ that is none
    let standard = Standardise::of(&seen).unwrap().apply(&seen).unwrap();
    let model = fitted(Polynomial::orders(0..=3).beyond_window(), &standard, 0.1);
    refusal(model.certify(&CountableKl, LOSS, &standard, 0.05));
    let list = Data::new(seen.points().clone(), seen.labels().clone()).unwrap();
    let model = fitted(Polynomial::orders(0..=3), &list, 0.1);
    assert!(matches!(
        refusal(model.certify(&CountableKl, LOSS, &list, 0.05)),
        CertificateError::NotRandom(_)
    ));
    let model = fitted(Polynomial::orders(0..=3), &seen, 0.1);
    for delta in [0.0, 1.0, f64::NAN] {
        assert!(matches!(
            refusal(model.certify(&CountableKl, LOSS, &seen, delta)),
            CertificateError::Delta(_)
        ));
        assert!(matches!(refusal(model.certify_held_out(LOSS, &fresh, delta)), CertificateError::Delta(_)));
    }
}

#[test]
fn certificates_hold_in_simulation_and_an_unpaid_one_does_not() {
    // few rows and a flexible prior: training risk far below the true one, codebooks searched on the very rows
    let (repeats, n, sd, delta) = (1000, 16, 0.3, 0.1);
    let (inputs, noise) = (Quadrature::uniform(40).unwrap(), Quadrature::normal(24).unwrap());
    let x = Points::line(inputs.nodes().iter().copied()).unwrap();
    let books: Vec<Codebook> = [0.1, 0.4, 1.6].map(Codebook::uniform).to_vec();
    let (mut paid, mut unpaid, mut held_out) = (0, 0, 0);
    for k in 0..repeats {
        let data = simulated(n, sd, Seed::new(6).at(k));
        let posterior =
            Polynomial::orders(0..=12).with_likelihood(Gaussian::noise(0.05)).condition(&data).unwrap();
        let certified =
            |model: &Quantized| Ok::<f64, Error>(model.certify(&CountableKl, LOSS, &data, delta)?.value);
        let model = Quantized::search(&posterior, books.iter().copied(), certified).unwrap();
        let values = model.values(&x).unwrap();
        let at = |i: usize, x: f64| noise.mean(|z| LOSS.of(truth(x) + sd * z, values[[i, 0]]));
        let risk: f64 =
            inputs.nodes().iter().zip(inputs.weights()).enumerate().map(|(i, (x, w))| w * at(i, *x)).sum();
        paid += usize::from(risk > certified(&model).unwrap());
        let empirical = model.risk(LOSS, &data).unwrap();
        unpaid += usize::from(risk > CountableKl.value(&empirical, Nats(0.0), n, delta));
        let fresh = simulated(n, sd, Seed::new(7).at(k));
        held_out += usize::from(risk > model.certify_held_out(LOSS, &fresh, delta).unwrap().value);
    }
    let allowed = repeats as f64 * delta + 3.0 * (repeats as f64 * delta * (1.0 - delta)).sqrt();
    assert!((paid as f64) < allowed && (held_out as f64) < allowed, "{paid} {held_out}");
    assert!(unpaid as f64 > allowed, "unpaid {unpaid}, held out {held_out}, paid {paid}");
}
