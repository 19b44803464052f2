//! Certificates of regression with a known true risk, and the best of a thousand coins: coverage beside negative controls.

use softbias::bounds::{Bound, Certify, CountableKl, Maurer, McAllester, binomial_tail_inverse, held_out};
use softbias::*;

use crate::support::{LOSS, risk, simulated, true_risk};

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
