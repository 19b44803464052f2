//! Bounds against reference values, their coverage on simulated data beside negative controls, and what they refuse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use softbias::bounds::{
    Bound, Catoni, CatoniGrid, CertificateError, Certify, CountableBinomial, CountableHoeffding, CountableKl,
    Maurer, McAllester, Pinsker, PriorScales, Quadratic, Seeger, Thiemann, binomial_tail_inverse, held_out,
    held_out_mean, table,
};
use softbias::math::quadrature::Quadrature;
use softbias::*;

fn risk(mean: f64, n: usize) -> EmpiricalRisk {
    EmpiricalRisk { mean, n, loss: Loss::ZeroOne, errors: None }
}

#[test]
fn reference_values() {
    let value = |bound: &dyn Bound, mean, kl, n, delta| bound.value(&risk(mean, n), Nats(kl), n, delta);
    for (found, expected, digits) in [
        (value(&McAllester, 0.1, 10.0, 1000, 0.05), 0.204_676_751_896, 1e-12),
        (value(&Maurer, 0.1, 10.0, 1000, 0.05), 0.164_476_177_836, 1e-12),
        (value(&Maurer, 0.1, 2.0, 30, 0.1), 0.397_529_880, 1e-9),
        (value(&Maurer, 0.1, 2.0, 60, 0.1), 0.301_111_075, 1e-9),
        (value(&Pinsker, 0.1, 10.0, 1000, 0.05), 0.192_581_739_813, 1e-12),
        (value(&Quadratic, 0.1, 10.0, 1000, 0.05), 0.178_154_440_725, 1e-12),
        (value(&Thiemann::best(), 0.1, 10.0, 1000, 0.05), 0.178_154_440_725, 1e-12),
        (value(&Catoni::fixed(0.5), 0.1, 10.0, 1000, 0.05), 0.155_164_616_140, 1e-12),
        (value(&Catoni::fixed(1.0), 0.1, 10.0, 1000, 0.05), 0.169_027_136_771, 1e-12),
        (value(&Catoni::fixed(2.0), 0.1, 10.0, 1000, 0.05), 0.221_866_823_137, 1e-12),
        (value(&Seeger, 0.1, 2.0, 30, 0.1), 0.387_413_613, 1e-9),
        (value(&Seeger, 0.1, 2.0, 60, 0.1), 0.294_063_829, 1e-9),
        // what Catoni's bound would be at the best C, were that allowed
        (value(&CountableKl, 0.1, 2.0, 30, 0.1), 0.327_304_295, 1e-9),
        (value(&CountableKl, 0.1, 2.0, 60, 0.1), 0.249_060_011, 1e-9),
        // no information, no union: the held-out kl bound
        (value(&CountableKl, 0.1, 0.0, 30, 0.1), 0.255_309_513, 1e-9),
        (value(&CountableKl, 0.1, 0.0, 60, 0.1), 0.202_675_977, 1e-9),
        // the case in the test file of tight-pac-bayes
        (value(&Maurer, 1.0 - 0.710_693, 1724.0, 30_000, 0.05), 0.455_157_708, 1e-9),
        (value(&Thiemann::best(), 1.0 - 0.710_693, 1724.0, 30_000, 0.05), 0.538_792_115, 1e-9),
        (value(&CatoniGrid::default(), 1.0 - 0.710_693, 1724.0, 30_000, 0.05), 0.456_020_360, 1e-9),
        // a million hypotheses; 200 bits and their own length
        (value(&CountableHoeffding, 0.0, 1e6f64.ln(), 1000, 0.05), 0.091_682_176, 1e-9),
        (value(&CountableHoeffding, 0.0, 149.2261, 1000, 0.05), 0.275_882, 1e-6),
        (value(&CountableKl, 0.05, 149.2261, 1000, 0.05), 0.257_550, 1e-6),
    ] {
        assert!((found - expected).abs() <= digits, "{found} is not {expected}");
    }
    // compressed CIFAR-10 networks of Lotfi et al. (2022): prefix bits less 2, n = 50,000, in per cent to the digits published
    for (error, bits, percent) in [
        (0.388_480_01, 4_788.435_915, 57.000),
        (0.285_220_02, 11_573.990_461, 56.541),
        (0.450_699_99, 4_656.354_839, 62.801),
        (0.200_760_01, 34_699.162_717, 67.745),
        (0.110_060_04, 11_407.948_679, 35.556),
    ] {
        let information = Nats::from_bits(bits - 2.0).get();
        let found = 100.0 * value(&CountableKl, error, information, 50_000, 0.05);
        assert!((found - percent).abs() < 6e-4, "{found} is not {percent}");
    }
    // the same networks: Catoni's bound on a grid as their code has it, to its six digits, and kl inversion
    for (error, bits, catoni, kl) in [
        (0.388_480_01, 4_788.435_915, 57.063_342, 57.017),
        (0.285_220_02, 11_573.990_461, 56.583_158, 56.552),
        (0.450_699_99, 4_656.354_839, 62.862_612, 62.817),
        (0.200_760_01, 34_699.162_717, 67.768_635, 67.751),
        (0.110_060_04, 11_407.948_679, 35.600_481, 35.567),
    ] {
        let information = Nats::from_bits(bits - 2.0).get();
        let found = 100.0 * value(&CatoniGrid::default(), error, information, 50_000, 0.05);
        assert!((found - catoni).abs() < 1e-4, "{found} is not {catoni}");
        let found = 100.0 * value(&Maurer, error, information, 50_000, 0.05);
        assert!((found - kl).abs() < 6e-4, "{found} is not {kl}");
    }
    for (n, constant) in [
        (1, 2.0),
        (10, 4.660_215_680),
        (30, 7.549_460_831),
        (60, 10.387_795_951),
        (100, 13.209_960_630),
        (1000, 40.303_212_926),
        (60_000, 307.665_104_943),
    ] {
        assert!((Seeger::constant(n) - constant).abs() < 1e-9, "I({n})");
    }
    // I(n) → √(πn/2) + 2/3
    let asymptotic = (std::f64::consts::PI * 1e9 / 2.0f64).sqrt() + 2.0 / 3.0;
    assert!((Seeger::constant(1_000_000_000) / asymptotic - 1.0).abs() < 1e-8);
    let best = Thiemann::best_lambda(&risk(0.1, 1000), Nats(10.0), 1000, 0.05);
    assert!((best - 0.438_689_265).abs() < 1e-9);
}

#[test]
fn bounds_are_ordered_monotone_and_never_nan() {
    for mean in [0.0, 1e-9, 0.03, 0.5, 1.0] {
        for n in [1, 8, 100, 1_000_000_000] {
            for delta in [1e-12, 0.05, 0.9] {
                let mut last = [0.0; 11];
                for kl in [0.0, 1e-9, 1.0, 1e3, 1e9] {
                    let all: [&dyn Bound; 11] = [
                        &Maurer,
                        &McAllester,
                        &CountableHoeffding,
                        &CountableKl,
                        &Seeger,
                        &Pinsker,
                        &Quadratic,
                        &Thiemann::at(0.7),
                        &Catoni::fixed(0.8),
                        &CatoniGrid::default(),
                        &PriorScales::below(0.07, 0.1, 100.0).unwrap(),
                    ];
                    let values = all.map(|b| b.value(&risk(mean, n), Nats(kl), n, delta));
                    for (k, v) in values.iter().enumerate() {
                        assert!((mean..=1.0).contains(v), "{} at {mean} {n} {kl}: {v}", all[k].name());
                        assert!(*v >= last[k] - 1e-15);
                    }
                    assert!(
                        values[0] <= values[1] + 1e-12,
                        "Maurer above McAllester at {mean} {n} {kl} {delta}"
                    );
                    assert!(values[3] <= values[2] + 1e-12, "kl above Hoeffding");
                    let thiemann = Thiemann::best().value(&risk(mean, n), Nats(kl), n, delta);
                    assert!((thiemann - values[6]).abs() <= 1e-9, "Thiemann's best is the quadratic bound");
                    assert!(thiemann <= values[7] + 1e-12 && values[0] <= values[6] + 1e-12);
                    assert!(values[0] <= values[5] + 1e-12 && (n < 8 || values[4] <= values[0] + 1e-12));
                    // the best C is beyond what any C reaches
                    assert!(values[3] <= values[8] + 1e-12 && values[3] <= values[9] + 1e-12);
                    let binomial = CountableBinomial.value(&risk(mean, n), Nats(kl), n, delta);
                    assert!((mean..=values[3]).contains(&binomial));
                    last = values;
                }
            }
        }
    }
}

const SCALE: f64 = 0.8;
const LOSS: Loss = Loss::ClippedSquared { scale: SCALE };

fn truth(x: f64) -> f64 {
    0.6 * (3.0 * x).sin()
}

fn simulated(n: usize, seed: Seed) -> Data {
    let x = seed.named("x").uniform1(n, -1.0, 1.0);
    let y = x.mapv(truth) + 0.2 * seed.named("y").normal1(n);
    Data::line(x, y).unwrap().declared_iid()
}

/// The risk over the whole distribution, by quadrature over inputs and label noise.
fn true_risk(posterior: &ExactPosterior) -> f64 {
    let (inputs, noise) = (Quadrature::uniform(24).unwrap(), Quadrature::normal(24).unwrap());
    let x = Points::line(inputs.nodes().iter().copied()).unwrap();
    let (mean, var) = (posterior.mean(&x).unwrap(), posterior.var(&x).unwrap());
    inputs
        .nodes()
        .iter()
        .zip(inputs.weights())
        .enumerate()
        .map(|(i, (x, w))| w * noise.mean(|z| LOSS.expected(truth(*x) + 0.2 * z, mean[[i, 0]], var[[i, 0]])))
        .sum()
}

#[test]
fn certificates_hold_in_simulation_and_a_broken_one_does_not() {
    // Small samples and a posterior far from its prior: where bounds are tightest relative to the noise.
    let (repeats, n, delta) = (2000, 20, 0.1);
    let prior = || Polynomial::orders(0..=4).scaled(0.5);
    let mut violations = [0usize; 3];
    let mut unpaid = 0;
    for k in 0..repeats {
        let data = simulated(n, Seed::new(1).at(k));
        let posterior = prior().with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap();
        let risk = true_risk(&posterior);
        let maurer = posterior.certify(&Maurer, LOSS, &data, delta).unwrap();
        let mcallester = posterior.certify(&McAllester, LOSS, &data, delta).unwrap();
        let test = simulated(n, Seed::new(2).at(k));
        let fresh = held_out(&posterior, LOSS, &test, delta).unwrap();
        for (count, value) in violations.iter_mut().zip([maurer.value, mcallester.value, fresh.value]) {
            *count += usize::from(risk > value);
        }
        // negative control: the training risk taken for a held-out one, information unpaid
        unpaid +=
            usize::from(risk > CountableKl.value(&posterior.risk(LOSS, &data).unwrap(), Nats(0.0), n, delta));
    }
    let allowed = repeats as f64 * delta + 3.0 * (repeats as f64 * delta * (1.0 - delta)).sqrt();
    for count in violations {
        assert!((count as f64) < allowed, "{violations:?}");
    }
    assert!(unpaid as f64 > 3.0 * violations[2] as f64, "unpaid {unpaid}, {violations:?}");
}

#[test]
fn countable_bounds_pay_for_the_best_of_a_thousand() {
    // a thousand coins: the best one looks good; its true risk is ½
    let (repeats, n, hypotheses, delta) = (2000, 50, 1000, 0.05);
    let mut uniform = vec![0.0; n * hypotheses];
    let (mut paid, mut unpaid, mut single, mut tight) = (0, 0, 0, 0);
    for k in 0..repeats {
        Seed::new(3).at(k).fill_uniform(&mut uniform);
        let errors = |h: usize| uniform[h * n..(h + 1) * n].iter().filter(|u| **u < 0.5).count();
        let best = (0..hypotheses).map(errors).min().unwrap();
        let mean = risk(best as f64 / n as f64, n);
        paid += usize::from(CountableKl.value(&mean, Nats((hypotheses as f64).ln()), n, delta) < 0.5);
        unpaid += usize::from(CountableKl.value(&mean, Nats(0.0), n, delta) < 0.5);
        single +=
            usize::from(CountableKl.value(&risk(errors(0) as f64 / n as f64, n), Nats(0.0), n, delta) < 0.5);
        tight += usize::from(binomial_tail_inverse(errors(0), n, delta) < 0.5);
    }
    let allowed = repeats as f64 * delta + 3.0 * (repeats as f64 * delta).sqrt();
    assert!(
        (paid as f64) < allowed && (single as f64) < allowed && (tight as f64) < allowed,
        "{paid} {single} {tight}"
    );
    assert!(unpaid > repeats / 2, "the best of a thousand, unpaid, must fail: {unpaid}");
    // the exact tail is nearly tight: P(Bin(50, ½) ≤ 18) = 0.032
    assert!(tight as f64 > 0.5 * 0.032 * repeats as f64, "{tight}");
}

fn refusal(result: Result<softbias::bounds::Certificate, Error>) -> CertificateError {
    match result {
        Err(Error::Certificate(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

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
fn settings_that_make_no_sense_promise_nothing() {
    let value = |bound: &dyn Bound| bound.value(&risk(0.1, 100), Nats(1.0), 100, 0.05);
    for lambda in [0.0, -1.0, 2.0, 5.0, f64::NAN] {
        assert_eq!(value(&Thiemann::at(lambda)), 1.0, "{lambda}");
    }
    for c in [0.0, -1.0, f64::NAN] {
        assert_eq!(value(&Catoni::fixed(c)), 1.0, "{c}");
        assert_eq!(value(&CatoniGrid::ratio(1.0 + c)), 1.0, "{c}");
    }
    let grid = PriorScales::below(0.03, 0.1, 100.0).unwrap();
    assert!(grid.variance() <= 0.03 && grid.variance() > 0.03 * (-0.0101f64).exp());
    assert!(value(&grid) < 0.4);
    for (variance, largest, precision) in [
        (0.0, 0.1, 100.0),
        (f64::NAN, 0.1, 100.0),
        (0.03, 0.0, 100.0),
        (0.03, 0.1, -1.0),
        (0.03, 0.1, f64::INFINITY),
    ] {
        assert!(
            PriorScales::below(variance, largest, precision).is_none(),
            "{variance} {largest} {precision}"
        );
    }
    // by hand: j = 37 of a grid with 100 points a factor e
    let j37 = PriorScales::below(0.1 * (-0.3699f64).exp(), 0.1, 100.0).unwrap();
    assert!((j37.variance() - 0.1 * (-0.37f64).exp()).abs() < 1e-15);
    let complexity =
        (1.0 + 2.0 * 37f64.ln() + (std::f64::consts::PI.powi(2) * 100.0 / (6.0 * 0.05)).ln()) / 99.0;
    let expected = math::stable::binary_kl_inverse_upper(0.1, complexity);
    assert!((value(&j37) - expected).abs() < 1e-12);
}

#[test]
fn the_binomial_tail_is_the_tightest_of_the_countable_bounds() {
    let at = |mean: f64, n: usize, bits: f64| {
        let errors = Some((mean * n as f64).round() as usize);
        let risk = EmpiricalRisk { errors, ..risk(mean, n) };
        let information = Nats::from_bits(bits);
        let all: [&dyn Bound; 3] = [&CountableBinomial, &CountableKl, &CountableHoeffding];
        all.map(|bound| bound.value(&risk, information, n, 0.05))
    };
    for (mean, n, bits) in [(0.05, 200, 30.0), (0.5, 1000, 200.0), (0.1, 60_000, 900.0)] {
        let [binomial, kl, hoeffding] = at(mean, n, bits);
        assert!(binomial < kl && kl <= hoeffding, "{mean} {n} {bits}: {binomial} {kl} {hoeffding}");
    }
    // no error: (1 − p)ⁿ = δ P(h), in closed form
    let [binomial, ..] = at(0.0, 100, 10.0);
    assert!((binomial - (1.0 - (0.05 / 1024.0f64).powf(0.01))).abs() < 1e-12);
    // losses that are not 0 or 1 each (a Gibbs risk, several outputs) have no binomial law
    let gibbs = CountableBinomial.value(&risk(0.05, 200), Nats(3.0), 200, 0.05);
    assert_eq!(gibbs, CountableKl.value(&risk(0.05, 200), Nats(3.0), 200, 0.05));
    // beyond what a number holds it is the kl bound
    let [binomial, kl, _] = at(0.1, 60_000, 5000.0);
    assert_eq!(binomial, kl);
}

#[test]
fn the_table_has_every_bound_that_applies() {
    let data = simulated(200, Seed::new(9));
    let posterior =
        Polynomial::orders(0..=4).scaled(0.5).with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap();
    let all = table(&posterior, LOSS, &data, 0.05).unwrap();
    assert_eq!((all.certificates.len(), all.left_out.len()), (7, 3));
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
