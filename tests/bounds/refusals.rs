//! What certificates refuse, and what they charge.

use softbias::bounds::{
    Bound, CertificateError, Certify, Maurer, McAllester, held_out, held_out_mean, table,
};
use softbias::*;

use crate::support::{LOSS, refusal, risk, simulated};

#[test]
fn rows_that_the_prior_saw_are_refused() {
    let data = simulated(60, Seed::new(4));
    let (seen, fresh) = data.split(0.5, Seed::new(5)).unwrap();
    let noise = Gaussian::noise(0.2);
    // inputs are enough
    let window = Window::around(seen.points()).unwrap();
    let learned = Polynomial::orders(0..=3).window(window).beyond_window().with_likelihood(noise);
    let posterior = learned.clone().condition(&data).unwrap();
    let refused = refusal(posterior.certify(&Maurer, LOSS, &data, 0.05));
    assert!(matches!(refused, CertificateError::Saw { count: 30, of: 60, labels: false, .. }), "{refused}");
    // but rows that it did not see are fine, whatever the posterior saw
    assert!(posterior.certify(&Maurer, LOSS, &fresh, 0.05).is_ok());
    // tuning sees labels
    let tuned = tune(Polynomial::orders(0..=3).scaled(1.0).with_likelihood(noise), &seen).unwrap();
    let refused = refusal(tuned.condition(&seen).unwrap().certify(&Maurer, LOSS, &seen, 0.05));
    assert!(matches!(refused, CertificateError::Saw { labels: true, .. }), "{refused}");
    // tuning the noise alone leaves the prior blameless
    let noise_only = Tune::default()
        .fix("scale")
        .run(Polynomial::orders(0..=3).scaled(1.0).with_likelihood(noise), &seen)
        .unwrap();
    assert!(noise_only.condition(&seen).unwrap().certify(&Maurer, LOSS, &seen, 0.05).is_ok());
    // but a posterior conditioned with that noise has seen the rows: it is no prior for them, and they are not held out
    let (all, seen_too) = (&data, &fresh);
    let noise_of_all = Tune::default()
        .fix("scale")
        .run(Polynomial::orders(0..=3).scaled(1.0).with_likelihood(noise), all)
        .unwrap();
    let with_noise = noise_of_all.condition(&seen).unwrap();
    refusal(held_out(&with_noise, LOSS, seen_too, 0.05));
    refusal(with_noise.extend(seen_too).unwrap().certify(&Maurer, LOSS, seen_too, 0.05));
    // a posterior used as a prior has seen its rows, and may certify others
    let first = Polynomial::orders(0..=3).with_likelihood(noise).condition(&seen).unwrap();
    let second = first.extend(&fresh).unwrap();
    assert!(second.certify(&Maurer, LOSS, &fresh, 0.05).is_ok());
    refusal(second.certify(&Maurer, LOSS, &seen, 0.05));
    // standardising by the rows themselves is looking at them
    let standard = Standardise::of(&data).unwrap().apply(&data).unwrap();
    let posterior =
        Polynomial::orders(0..=3).beyond_window().with_likelihood(noise).condition(&standard).unwrap();
    refusal(posterior.certify(&Maurer, LOSS, &standard, 0.05));
    // so is standardising the held-out rows by themselves; and rows on another scale are no rows of this model
    let raw = Polynomial::orders(0..=3).beyond_window().with_likelihood(noise).condition(&seen).unwrap();
    let by_itself = Standardise::of(&fresh).unwrap().apply(&fresh).unwrap();
    assert!(held_out_mean(&raw, LOSS, &by_itself, 0.05).is_err());
    assert!(raw.certify(&Maurer, LOSS, &by_itself, 0.05).is_err() && raw.extend(&by_itself).is_err());
    let same = Standardise::of(&fresh).unwrap();
    let (seen_on, fresh_on) = (same.apply(&seen).unwrap(), same.apply(&fresh).unwrap());
    let scaled =
        Polynomial::orders(0..=3).beyond_window().with_likelihood(noise).condition(&seen_on).unwrap();
    refusal(held_out_mean(&scaled, LOSS, &fresh_on, 0.05));
    // a posterior picked among several pays
    let picked = first.clone().charged(Ledger::chose("seed", 7));
    let price = held_out(&picked, LOSS, &fresh, 0.05).unwrap().price;
    assert!((price.get() - 7f64.ln()).abs() < 1e-12);
    let chosen_twice = Ledger::chose("order", 20).and(&Ledger::chose("order", 20));
    assert!((chosen_twice.price().get() - 2.0 * 20f64.ln()).abs() < 1e-12);
    // held-out rows must be new to the posterior
    assert!(held_out_mean(&first, LOSS, &fresh, 0.05).is_ok());
    let refused = refusal(held_out(&second, LOSS, &fresh, 0.05));
    assert!(refused.to_string().contains("the posterior has seen 30 of the 30"), "{refused}");
}

#[test]
fn rows_that_were_not_sampled_are_refused() {
    let list = {
        let iid = simulated(40, Seed::new(6));
        Data::new(iid.points().clone(), iid.labels().clone()).unwrap()
    };
    let certify = |data: &Data| {
        let posterior =
            Polynomial::orders(0..=2).with_likelihood(Gaussian::noise(0.2)).condition(data).unwrap();
        posterior.certify(&Maurer, LOSS, data, 0.05)
    };
    assert_eq!(refusal(certify(&list)), CertificateError::NotRandom(Sampling::List));
    let (early, _) = list.split_at(20).unwrap();
    assert_eq!(refusal(certify(&early)), CertificateError::NotRandom(Sampling::Ordered));
    let (part, _) = list.split(0.5, Seed::new(7)).unwrap();
    let certificate = certify(&part).unwrap();
    assert_eq!(certificate.population, Some(40));
    let text = certificate.to_string();
    assert!(text.contains("over the 40 rows of the list") && text.contains("PAC-Bayes kl"), "{text}");
    for delta in [0.0, 1.0, -0.1, f64::NAN] {
        let posterior =
            Polynomial::orders(0..=2).with_likelihood(Gaussian::noise(0.2)).condition(&part).unwrap();
        let refused = refusal(posterior.certify(&Maurer, LOSS, &part, delta));
        assert!(matches!(refused, CertificateError::Delta(_)), "{refused}");
    }
}

#[test]
fn choices_are_paid_and_vacuous_bounds_say_so() {
    let data = simulated(200, Seed::new(8));
    let prior = Polynomial::orders(0..=3);
    let certify = |ledger: Ledger| {
        let posterior =
            prior.clone().charged(ledger).with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap();
        posterior.certify(&Maurer, LOSS, &data, 0.05).unwrap()
    };
    let (free, paid) = (certify(Ledger::default()), certify(Ledger::chose("degree", 20)));
    assert!((paid.price.get() - 20f64.ln()).abs() < 1e-12 && paid.value > free.value);
    let again = Maurer.value(&risk(free.empirical_risk, 200), free.information, 200, 0.05 / 20.0);
    assert!((paid.value - again).abs() < 1e-12, "a choice among 20 is δ/20");
    assert!(!free.vacuous);
    // three rows prove nothing
    let few = simulated(3, Seed::new(9));
    let posterior = prior.with_likelihood(Gaussian::noise(1e-3)).condition(&few).unwrap();
    let certificate = posterior.certify(&McAllester, LOSS, &few, 0.05).unwrap();
    assert!(certificate.vacuous && certificate.value == 1.0 && certificate.to_string().contains("vacuous"));
    assert!(serde_json::to_string(&certificate).unwrap().contains("\"vacuous\":true"));
}

#[test]
fn the_table_has_every_bound_that_applies() {
    let data = simulated(200, Seed::new(9));
    let posterior =
        Polynomial::orders(0..=4).scaled(0.5).with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap();
    let all = table(&posterior, LOSS, &data, 0.05).unwrap();
    // nine of the Gibbs predictor; votes need a loss of 0 or 1
    assert_eq!((all.certificates.len(), all.left_out.len()), (9, 9));
    // the same as one by one, the first the smallest
    assert_eq!(all.certificates[1], posterior.certify(&Maurer, LOSS, &data, 0.05).unwrap());
    assert!(all.certificates.iter().all(|other| all.certificates[0].value <= other.value + 1e-12));
    let text = all.to_string();
    assert!(text.contains("exact constant") && text.contains("left out"), "{text}");
    // what one refuses, all refuse
    let tuned =
        tune(Polynomial::orders(0..=3).scaled(1.0).with_likelihood(Gaussian::noise(0.2)), &data).unwrap();
    let refused = table(&tuned.condition(&data).unwrap(), LOSS, &data, 0.05);
    assert!(matches!(refused, Err(Error::Certificate(CertificateError::Saw { labels: true, .. }))));
}
