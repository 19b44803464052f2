//! Which bound is tighter than which, and that all are monotone and numbers.

use softbias::bounds::{
    Bound, Catoni, CatoniGrid, CountableBinomial, CountableHoeffding, CountableKl, EmpiricalBernstein,
    Maurer, McAllester, Pinsker, PriorScales, Quadratic, Seeger, Thiemann, UnexpectedBernstein,
};
use softbias::*;

use crate::support::risk;

#[test]
fn bounds_are_ordered_monotone_and_never_nan() {
    for mean in [0.0, 1e-9, 0.03, 0.5, 1.0] {
        for n in [1, 8, 100, 1_000_000_000] {
            for delta in [1e-12, 0.05, 0.9] {
                let mut last = [0.0; 13];
                for kl in [0.0, 1e-9, 1.0, 1e3, 1e9] {
                    let all: [&dyn Bound; 13] = [
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
                        &EmpiricalBernstein,
                        &UnexpectedBernstein,
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
