//! Boolean worlds against brute force: every pair, every formula, strings of known complexity.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use softbias_priors::boolean::{
    BooleanPrior, CodeLengths, Grammar, Rules, TruthTable, cells, lz76_phrases, points,
};
use softbias_priors::*;

/// Every rule in use.
fn rich() -> Grammar {
    let rules = Rules { variable: 0.45, constant: 0.1, not: 0.15, and: 0.12, or: 0.1, xor: 0.08 };
    Grammar::new(rules).unwrap()
}

fn grammars() -> [Grammar; 3] {
    [Grammar::and_or_not(), Grammar::and_or_not_xor(), rich()]
}

/// The formulas of one symbol, by the bits of their tables, with their probabilities.
fn leaves(k: usize, rules: &Rules) -> Vec<f64> {
    let mut leaves = vec![0.0; 1 << (1 << k)];
    let last = leaves.len() - 1;
    for i in 0..k {
        leaves[usize::from(TruthTable::input(k, i).unwrap().bits())] += rules.variable / k as f64;
    }
    leaves[0] += rules.constant / 2.0;
    leaves[last] += rules.constant / 2.0;
    leaves
}

type OfTwo = fn(usize, usize) -> usize;

/// The rules with what they make of two tables.
fn pairs(rules: &Rules) -> [(f64, OfTwo); 3] {
    [(rules.and, |f, g| f & g), (rules.or, |f, g| f | g), (rules.xor, |f, g| f ^ g)]
}

/// One application of all rules, pair by pair.
fn by_pairs(k: usize, rules: &Rules, law: &[f64]) -> Vec<f64> {
    let mut next = leaves(k, rules);
    for f in 0..law.len() {
        next[law.len() - 1 - f] += rules.not * law[f];
        for g in 0..law.len() {
            for (p, combine) in pairs(rules) {
                next[combine(f, g)] += p * law[f] * law[g];
            }
        }
    }
    next
}

fn relative_gap(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |m: f64, (a, b)| if a == b { m } else { m.max((a - b).abs() / a.max(*b)) })
}

#[test]
fn the_law_of_formulas_is_the_sum_over_all_of_them() {
    for grammar in grammars() {
        for k in 1..=2 {
            // from below: pass d is the sum over formulas of depth up to d, and nothing is missing in the end
            let mut sum = vec![0.0; 1 << (1 << k)];
            for _ in 0..2000 {
                sum = by_pairs(k, &grammar.rules(), &sum);
            }
            assert!(
                (sum.iter().sum::<f64>() - 1.0).abs() < 1e-12,
                "the formulas of a subcritical grammar end"
            );
            let law = BooleanPrior::formulas(k, &grammar).unwrap();
            let gap = relative_gap(law.probabilities(), &sum);
            assert!(gap < 1e-11, "{grammar:?} {k}: {gap}");
        }
        // three inputs: a fixed point, pair by pair, in the rarest functions too
        let law = BooleanPrior::formulas(3, &grammar).unwrap();
        let again = by_pairs(3, &grammar.rules(), law.probabilities());
        let gap = relative_gap(law.probabilities(), &again);
        assert!(gap < 1e-12, "{grammar:?}: {gap}");
    }
}

#[test]
fn formulas_that_are_drawn_follow_the_law() {
    for (grammar, k) in grammars().into_iter().zip([2, 3, 4]) {
        let (tries, seed) = (200_000, Seed::new(11));
        let law = BooleanPrior::formulas(k, &grammar).unwrap();
        let mut counts = vec![0usize; 1 << (1 << k)];
        let guesses = grammar.guesses(k, tries, seed).unwrap();
        guesses.iter().for_each(|f| counts[usize::from(f.bits())] += 1);
        // χ² over the functions expected often, the others together
        let (mut chi2, mut cells, mut rare, mut rare_found) = (0.0, 0.0, 0.0, 0.0);
        for (p, found) in law.probabilities().iter().zip(&counts) {
            let (expected, found) = (p * tries as f64, *found as f64);
            if expected > 20.0 {
                chi2 += (found - expected).powi(2) / expected;
                cells += 1.0;
            } else {
                rare += expected;
                rare_found += found;
            }
        }
        assert!(chi2 < cells + 4.0 * f64::sqrt(2.0 * cells), "χ² {chi2} over {cells} functions");
        assert!((rare_found - rare).abs() < 4.0 * f64::sqrt(rare) + 1e-9);
        // and a formula says what it is
        for (i, guess) in guesses.iter().enumerate().take(200) {
            let formula = grammar.formula(k, seed.at(i)).unwrap();
            assert_eq!(formula.function(), *guess);
            let p = law.probability(formula.function()).unwrap();
            assert!(p >= (-formula.code_length(&grammar).get()).exp() * (1.0 - 1e-12), "{formula}");
        }
    }
    let formula = (0..).map(|i| Grammar::and_or_not().formula(2, Seed::new(3).at(i)).unwrap());
    let text = formula.filter(|f| f.symbols() == 4).map(|f| f.to_string()).next().unwrap();
    assert!(text.contains('x') && text.contains('¬') && text.contains('('), "{text}");
}

#[test]
fn code_lengths_are_those_of_the_shortest_formulas() {
    for grammar in grammars() {
        let rules = grammar.rules();
        // every formula of up to seven symbols, by size: (table, length) of each
        let mut sizes: Vec<Vec<(usize, f64)>> = vec![Vec::new()];
        let leaves = leaves(2, &rules);
        sizes.push((0..16).filter(|f| leaves[*f] > 0.0).map(|f| (f, -leaves[f].ln())).collect());
        for size in 2..=7 {
            let mut all: Vec<(usize, f64)> =
                sizes[size - 1].iter().map(|(f, k)| (15 - f, k - rules.not.ln())).collect();
            for left in 1..size - 1 {
                for (f, k) in &sizes[left] {
                    for (g, l) in &sizes[size - 1 - left] {
                        let made = pairs(&rules).map(|(p, combine)| (combine(*f, *g), k + l - p.ln()));
                        all.extend(made.into_iter().filter(|(_, length)| length.is_finite()));
                    }
                }
            }
            sizes.push(all);
        }
        let mut shortest = vec![f64::INFINITY; 16];
        sizes.iter().flatten().for_each(|(f, length)| shortest[*f] = shortest[*f].min(*length));
        let found = CodeLengths::shortest(2, &grammar).unwrap();
        let dearest_seen = found.as_slice().iter().zip(&shortest).all(|(k, brute)| k <= &(brute + 1e-12));
        assert!(dearest_seen, "{:?} {shortest:?}", found.as_slice());
        for (k, brute) in found.as_slice().iter().zip(&shortest).filter(|(_, brute)| brute.is_finite()) {
            // (a longer formula in symbols is dearer here, by more than eight symbols)
            assert!((k - brute).abs() < 1e-12 || *k > 12.0, "{k} {brute}");
        }
    }
}

#[test]
fn the_coding_theorem_and_the_symmetries() {
    for (k, grammar) in [(2, rich()), (3, Grammar::and_or_not()), (3, rich()), (4, Grammar::and_or_not())] {
        let law = BooleanPrior::formulas(k, &grammar).unwrap();
        let lengths = CodeLengths::shortest(k, &grammar).unwrap();
        assert!((law.probabilities().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        // no formula is more than all formulas: −ln P(f) ≤ K(f); and Kraft: Σ e^−K ≤ 1
        for (f, p) in law.each() {
            let k = lengths.of(f).unwrap();
            assert!(*p > 0.0 && law.code_length(f).unwrap().get() <= k.get() + 1e-11, "{f}");
        }
        assert!(lengths.as_slice().iter().map(|k| (-k).exp()).sum::<f64>() <= 1.0);
        let mut order: Vec<usize> = (0..k).collect();
        order.rotate_left(1);
        let swap: Vec<usize> = (0..k).map(|i| if i < 2 { 1 - i } else { i }).collect();
        for order in [order, swap] {
            for (f, p) in law.each() {
                let other = f.permuted(&order).unwrap();
                let gap = (law.probability(other).unwrap() / p - 1.0).abs();
                assert!(
                    gap < 1e-11 && (lengths.of(other).unwrap() - lengths.of(f).unwrap()).get().abs() < 1e-11
                );
            }
        }
        // the shortest formulas make a prior of their own
        let by_length = BooleanPrior::by_complexity(&lengths).unwrap();
        let [a, b] = [0, 1].map(|i| TruthTable::input(k, i).unwrap());
        let parity = TruthTable::parity(k).unwrap();
        assert!((by_length.probability(a).unwrap() / by_length.probability(b).unwrap() - 1.0).abs() < 1e-12);
        let odds = (by_length.code_length(parity).unwrap() - by_length.code_length(a).unwrap()).get();
        let lengths = (lengths.of(parity).unwrap() - lengths.of(a).unwrap()).get();
        assert!((odds - lengths).abs() < 1e-9);
    }
}

#[test]
fn lempel_ziv_of_known_strings() {
    let phrases = |s: &str| lz76_phrases(&s.chars().map(|c| c == '1').collect::<Vec<_>>());
    // 0·001·10·100·1000·101 (Lempel & Ziv 1976; Kaspar & Schuster 1987)
    for (string, expected) in [
        ("0001101001000101", 6),
        ("", 0),
        ("0", 1),
        ("0000", 2),
        ("1111111111111111", 2),
        ("01010101", 3),
        ("0110", 3),
    ] {
        assert_eq!(phrases(string), expected, "{string}");
    }
    let bits = |k: usize, table: u16| TruthTable::new(k, table).unwrap().lempel_ziv_bits();
    assert_eq!((bits(4, 0), bits(4, 0xffff)), (4.0, 4.0));
    // 0101…, and backwards 1010…: three phrases each
    assert_eq!(bits(4, 0xaaaa), 12.0);
    assert!(bits(4, 0b1010_0010_0101_1000) > bits(4, 0xff00));
}

#[test]
fn tables_points_and_draws() {
    let majority = TruthTable::of(3, |x| x.iter().filter(|set| **set).count() >= 2).unwrap();
    assert_eq!((majority.bits(), majority.to_string().as_str()), (0b1110_1000, "00010111"));
    assert_eq!(TruthTable::parity(2).unwrap().bits(), 0b0110);
    assert_eq!(TruthTable::input(3, 2).unwrap().bits(), 0b1111_0000);
    let mux = TruthTable::of(3, |x| if x[0] { x[1] } else { x[2] }).unwrap();
    let moved = TruthTable::of(3, |x| if x[2] { x[0] } else { x[1] }).unwrap();
    // input i of the new one is input order[i] of the old one: x0 of `mux` is input 2 of `moved`
    assert_eq!(mux.permuted(&[1, 2, 0]).unwrap(), moved);
    let x = points(3).unwrap();
    assert_eq!(cells(3, &x).unwrap(), (0..8).collect::<Vec<_>>());
    assert_eq!(majority.values(&x).unwrap()[[3, 0]], 1.0);
    for prior in [
        BooleanPrior::uniform(3).unwrap(),
        BooleanPrior::formulas(3, &Grammar::and_or_not()).unwrap(),
        BooleanPrior::uniform(3).unwrap().only(|f| f.disagreements(majority) <= 1).unwrap(),
    ] {
        laws::prior(&prior, &x, Seed::new(2)).unwrap();
        assert!(prior.ledger().is_empty());
        // draws have the marginals of the law
        let draws = prior.draws(40_000, &x, Seed::new(3)).unwrap();
        for (cell, [minus, plus]) in prior.marginals().into_iter().enumerate() {
            let mean = draws.slice(ndarray::s![.., cell, 0]).mean().unwrap();
            assert!((minus + plus - 1.0).abs() < 1e-12 && (mean - (plus - minus)).abs() < 4.5 / 200.0);
        }
        // agreement on every set, by hand for some
        let agreement = prior.agreement(mux).unwrap();
        for set in [0usize, 1, 0b1001_0110, 0xff] {
            let agree = |f: TruthTable| usize::from(f.bits() ^ mux.bits()) & set == 0;
            let sum: f64 = prior.each().filter(|(f, _)| agree(*f)).map(|(_, p)| p).sum();
            assert!((agreement[set] - sum).abs() < 1e-14);
        }
    }
}

#[test]
fn a_soft_constraint_is_a_mixture() {
    let uniform = BooleanPrior::uniform(2).unwrap();
    let simple = uniform.only(|f| f.bits().count_ones() <= 1).unwrap();
    assert_eq!(simple.probabilities().iter().filter(|p| **p > 0.0).count(), 5);
    assert_eq!(simple.mixed(Softness::HARD, &uniform).unwrap(), simple);
    let soft = simple.mixed(Softness::new(0.5).unwrap(), &uniform).unwrap();
    for (f, p) in soft.each() {
        let expected = (simple.probability(f).unwrap() + 0.25 / 16.0) / 1.25;
        assert!((p - expected).abs() < 1e-15);
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let text = |error: PriorError| error.to_string();
    assert!(text(BooleanPrior::uniform(5).unwrap_err()).contains("found 5 inputs"));
    assert!(BooleanPrior::uniform(0).is_err() && points(5).is_err() && TruthTable::new(2, 16).is_err());
    let rules = Rules { variable: 0.5, constant: 0.0, not: 0.0, and: 0.5, or: 0.0, xor: 0.0 };
    assert!(text(Grammar::new(rules).unwrap_err()).contains("found 1"), "critical: it need not end");
    for rules in [
        Rules { and: 0.6, ..rules },
        Rules { and: -0.5, variable: 1.5, ..rules },
        Rules { or: f64::NAN, ..rules },
    ] {
        assert!(text(Grammar::new(rules).unwrap_err()).contains("sum to 1"));
    }
    let prior = BooleanPrior::uniform(2).unwrap();
    let half = Points::new(ndarray::array![[1.0, -1.0], [1.0, 0.5]]).unwrap();
    let error = prior.draws(1, &half, Seed::new(1)).unwrap_err();
    assert_eq!(error, PriorError::NotSign { row: 1, column: 1, value: 0.5 });
    assert!(prior.draws(1, &points(3).unwrap(), Seed::new(1)).is_err());
    assert!(prior.probability(TruthTable::parity(3).unwrap()).is_err());
    assert!(prior.only(|_| false).is_err());
    assert!(BooleanPrior::weighted(1, vec![1.0; 3]).is_err());
    assert!(BooleanPrior::weighted(1, vec![1.0, -0.5, 1.0, 1.0]).is_err());
    assert!(BooleanPrior::weighted(1, vec![1.0, f64::NAN, 1.0, 1.0]).is_err());
    assert!(TruthTable::parity(3).unwrap().permuted(&[0, 0, 1]).is_err());
    assert!(prior.mixed(Softness::HARD, &BooleanPrior::uniform(3).unwrap()).is_err());
    // no constants, no negation: functions that no formula computes
    let monotone = Rules { variable: 0.6, and: 0.2, or: 0.2, ..Rules { variable: 0.0, and: 0.0, ..rules } };
    let lengths = CodeLengths::shortest(2, &Grammar::new(monotone).unwrap()).unwrap();
    assert_eq!(lengths.of(TruthTable::parity(2).unwrap()).unwrap(), Nats(f64::INFINITY));
    let law = BooleanPrior::formulas(2, &Grammar::new(monotone).unwrap()).unwrap();
    assert_eq!(law.probability(TruthTable::parity(2).unwrap()).unwrap(), 0.0);
}

#[test]
fn the_same_law_on_any_number_of_threads() {
    let law = || BooleanPrior::formulas(3, &rich()).unwrap().probabilities().to_vec();
    let guesses = || Grammar::and_or_not().guesses(4, 1000, Seed::new(5)).unwrap();
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    assert_eq!(pool(1).install(law), pool(4).install(law));
    assert_eq!(pool(1).install(guesses), pool(4).install(guesses));
    assert_eq!(guesses()[..100], Grammar::and_or_not().guesses(4, 100, Seed::new(5)).unwrap());
}
