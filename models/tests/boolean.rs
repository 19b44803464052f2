//! Boolean functions that met labels, against sums by hand; evidence against guessing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ndarray::{Array1, array};
use softbias_models::boolean::{World, guess_and_check};
use softbias_models::*;
use softbias_priors::boolean::{BooleanPrior, Grammar, TruthTable, points};
use softbias_priors::{Ledger, Nats, Points, Prior, PriorError, Seed, laws};

fn flips(probability: f64) -> Flips {
    Flips::with_probability(probability).unwrap()
}

fn condition(prior: &BooleanPrior, probability: f64, data: &Data) -> BooleanPosterior {
    prior.clone().with_likelihood(flips(probability)).condition(data).unwrap()
}

fn simple(k: usize) -> BooleanPrior {
    BooleanPrior::formulas(k, &Grammar::and_or_not()).unwrap()
}

fn target() -> TruthTable {
    TruthTable::of(3, |x| x[0] && (x[1] || !x[2])).unwrap()
}

/// P(f) ∏ p(y | f), row by row.
fn joint(prior: &BooleanPrior, flip: f64, data: &Data) -> Vec<f64> {
    let of_function = |(f, p): (TruthTable, &f64)| {
        let values = f.values(data.points()).unwrap();
        let factors = values.iter().zip(data.labels()).map(|(f, y)| if f == y { 1.0 - flip } else { flip });
        p * factors.product::<f64>()
    };
    prior.each().map(of_function).collect()
}

#[test]
fn posterior_evidence_and_risk_by_hand() {
    for prior in [BooleanPrior::uniform(3).unwrap(), simple(3)] {
        for (flip, n) in [(0.0, 6), (0.1, 1), (0.1, 25), (0.3, 40)] {
            let world = World::of(target()).flipped(flips(flip));
            let data = world.sample(n, Seed::new(n as u64)).unwrap();
            let posterior = condition(&prior, flip, &data);
            let joint = joint(&prior, flip, &data);
            let z: f64 = joint.iter().sum();
            let evidence = posterior.evidence();
            assert!((evidence.log.get() - z.ln()).abs() < 1e-11);
            assert_eq!(evidence.grade, Grade::Exact);
            let (mut nll, mut kl, mut mean) = (0.0, 0.0, vec![0.0; n]);
            for ((f, p), j) in prior.each().zip(&joint) {
                let q = j / z;
                assert!((posterior.probability(f).unwrap() - q).abs() < 1e-13);
                let values = f.values(data.points()).unwrap();
                mean.iter_mut().zip(&values).for_each(|(m, v)| *m += q * v);
                if q > 0.0 {
                    nll -= q * (j / p).ln();
                    kl += q * (q / p).ln();
                }
            }
            // Germain et al. (2016): n E_Q nll + KL(Q‖P) = −ln Z
            assert!((nll + kl + evidence.log.get()).abs() < 1e-10);
            assert!(
                (evidence.fit.get() + nll).abs() < 1e-10 && (evidence.information.get() - kl).abs() < 1e-10
            );
            assert!((evidence.log - evidence.fit + evidence.information).get().abs() < 1e-10);
            assert_eq!(posterior.information(), evidence.information);
            // predictions, and the risk of a function drawn anew for every row
            let prediction = posterior.predict(data.points()).unwrap();
            let both = posterior.class_probabilities(data.points()).unwrap();
            let log = posterior.log_predictive(&data).unwrap();
            let mut wrong = 0.0;
            for (i, m) in mean.iter().enumerate() {
                let y = data.labels()[[i, 0]];
                let up = 0.5 * (1.0 + (1.0 - 2.0 * flip) * m);
                assert!((prediction.mean()[[i, 0]] - m).abs() < 1e-12);
                assert!((prediction.variance(Uncertainty::Latent)[[i, 0]] - (1.0 - m * m)).abs() < 1e-12);
                assert!(
                    (both[[i, 1]] - up).abs() < 1e-12 && (both[[i, 0]] + both[[i, 1]] - 1.0).abs() < 1e-12
                );
                assert!((log[i] - if y > 0.0 { up } else { 1.0 - up }.ln()).abs() < 1e-9);
                wrong += 0.5 * (1.0 - y * m);
            }
            let risk = posterior.risk(Loss::ZeroOne, &data).unwrap();
            assert!((risk.mean - wrong / n as f64).abs() < 1e-12 && risk.n == n && risk.errors.is_none());
            let squared = posterior.risk(Loss::ClippedSquared { scale: 4.0 }, &data).unwrap();
            assert!((squared.mean - risk.mean / 4.0).abs() < 1e-12, "(y − f)² is 4 where they differ");
            // the true risk is that on all inputs, and both labels in their proportion
            let all = points(3).unwrap();
            let truth = Data::new(all.clone(), target().values(&all).unwrap()).unwrap();
            let clean = posterior.risk(Loss::ZeroOne, &truth).unwrap().mean;
            let expected = flip * (1.0 - clean) + (1.0 - flip) * clean;
            assert!((world.risk(posterior.law()).unwrap() - expected).abs() < 1e-13);
        }
    }
    let one = BooleanPrior::uniform(3).unwrap().only(|f| f == TruthTable::parity(3).unwrap()).unwrap();
    let world = World::of(target()).flipped(flips(0.2));
    let risk = world.risk_of(TruthTable::parity(3).unwrap());
    assert!((world.risk(&one).unwrap() - risk).abs() < 1e-15);
}

#[test]
fn in_two_halves_as_at_once_and_row_by_row() {
    let data = World::of(target()).flipped(flips(0.1)).sample(30, Seed::new(3)).unwrap();
    let prior = simple(3);
    let whole = condition(&prior, 0.1, &data);
    let (first, second) = data.split_at(11).unwrap();
    let half = condition(&prior, 0.1, &first);
    let both = half.extend(&second).unwrap();
    let sum = half.evidence().log + both.evidence().log;
    assert!((sum - whole.evidence().log).get().abs() < 1e-11);
    for (p, q) in whole.law().probabilities().iter().zip(both.law().probabilities()) {
        assert!((p - q).abs() < 1e-13);
    }
    // the evidence is the product of what each row was given before it was seen
    let mut seen = condition(&prior, 0.1, &data.select(&[0]).unwrap());
    let mut log = seen.evidence().log.get();
    for i in 1..data.len() {
        let row = data.select(&[i]).unwrap();
        log += seen.log_predictive(&row).unwrap()[0];
        seen = seen.extend(&row).unwrap();
    }
    assert!((log - whole.evidence().log.get()).abs() < 1e-10);
    // ledgers: the posterior saw its rows; as a prior it owes them; choices are added
    assert!(whole.prior_ledger().is_empty());
    assert_eq!(whole.ledger().looked_at_count(data.rows()), 30);
    assert_eq!(both.prior_ledger().looked_at_count(data.rows()), 11);
    let chosen = whole.clone().charged(Ledger::chose("grammar", 3));
    assert!((chosen.prior_ledger().price().get() - 3f64.ln()).abs() < 1e-15);
    assert_eq!(whole.conditioned_on().rows(), data.rows());
    laws::prior(&whole, &points(3).unwrap(), Seed::new(4)).unwrap();
}

#[test]
fn evidence_is_the_rate_at_which_guesses_fit() {
    let tries = 200_000;
    for (k, n) in [(2, 3), (3, 4), (3, 9), (4, 5)] {
        let target = TruthTable::of(k, |x| x[0] && !x[1]).unwrap();
        let data = World::of(target).sample(n, Seed::new(8).at(n)).unwrap();
        let prior = simple(k);
        let posterior = condition(&prior, 0.0, &data);
        let exact = posterior.evidence().log.get().exp();
        let fitting: f64 = prior
            .each()
            .filter(|(f, _)| f.values(data.points()).unwrap() == *data.labels())
            .map(|(_, p)| p)
            .sum();
        assert!((exact / fitting - 1.0).abs() < 1e-12);
        // formulas that are really written, and draws from the law
        let written = Grammar::and_or_not().guesses(k, tries, Seed::new(9)).unwrap();
        for guesses in [written, prior.guesses(tries, Seed::new(10))] {
            let checked = guess_and_check(&guesses, &data).unwrap();
            assert_eq!(checked.tries(), tries);
            let error = (exact * (1.0 - exact) / tries as f64).sqrt();
            assert!((checked.rate() - exact).abs() < 4.0 * error, "{k} {n}: {} {exact}", checked.rate());
            let (log, Grade::Estimate { standard_error }) = checked.log_evidence() else { panic!() };
            assert!((log - posterior.evidence().log).get().abs() < 4.5 * standard_error);
            // what is kept are draws from the posterior
            let kept = checked.accepted();
            let share = kept.iter().filter(|f| **f == target).count() as f64 / kept.len() as f64;
            let q = posterior.probability(target).unwrap();
            assert!((share - q).abs() < 4.0 * (q * (1.0 - q) / kept.len() as f64).sqrt() + 1e-12);
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for probability in [-0.1, 0.5, 1.0, f64::NAN] {
        let text = Flips::with_probability(probability).unwrap_err().to_string();
        assert!(text.contains("[0, ½)"), "{text}");
    }
    let all = points(2).unwrap();
    let model = |flip: f64| simple(2).with_likelihood(flips(flip));
    // a label that is no sign, an input that is none, two columns, another number of inputs
    let labels =
        |values: [f64; 4]| Data::regression(all.view().to_owned(), Array1::from(values.to_vec())).unwrap();
    let refused = model(0.1).condition(&labels([1.0, -1.0, 0.0, 1.0])).unwrap_err();
    assert!(matches!(refused, ModelError::Support { row: 2, value: 0.0, .. }), "{refused}");
    let halves = Data::regression(array![[1.0, 0.5]], array![1.0]).unwrap();
    let refused = model(0.1).condition(&halves).unwrap_err();
    assert!(matches!(refused, ModelError::Prior(PriorError::NotSign { row: 0, column: 1, .. })), "{refused}");
    let columns = Data::new(all.clone(), ndarray::Array2::ones((4, 2))).unwrap();
    assert!(matches!(model(0.1).condition(&columns), Err(ModelError::SingleOutput { .. })));
    let line = Data::line([1.0], [1.0]).unwrap();
    assert!(model(0.1).condition(&line).is_err());
    assert!(guess_and_check(&simple(2).guesses(3, Seed::new(1)), &line).is_err());
    // contradictions fit no function unless labels may be flipped; nor does what the prior excludes
    let twice = Data::regression(array![[1.0, 1.0], [1.0, 1.0]], array![1.0, -1.0]).unwrap();
    let refused = model(0.0).condition(&twice).unwrap_err();
    assert!(matches!(refused, ModelError::NothingFits { rows: 2 }), "{refused}");
    assert!(model(0.1).condition(&twice).is_ok());
    let parity = labels([-1.0, 1.0, 1.0, -1.0]);
    let hard = simple(2).only(|f| f != TruthTable::parity(2).unwrap()).unwrap();
    assert!(hard.clone().with_likelihood(Flips::none()).condition(&parity).is_err());
    let soft =
        hard.mixed(softbias_priors::Softness::new(0.1).unwrap(), &BooleanPrior::uniform(2).unwrap()).unwrap();
    let posterior = soft.with_likelihood(Flips::none()).condition(&parity).unwrap();
    assert!((posterior.probability(TruthTable::parity(2).unwrap()).unwrap() - 1.0).abs() < 1e-12);
    // nothing is certain of a law with flips, and a posterior of other data has no say
    let posterior = condition(&simple(2), 0.1, &parity);
    assert!(posterior.predict(&Points::line([1.0]).unwrap()).is_err());
    assert!(posterior.risk(Loss::ZeroOne, &columns).is_err());
    assert!(World::of(TruthTable::parity(3).unwrap()).risk(posterior.law()).is_err());
    assert!(World::of(target()).sample(0, Seed::new(1)).is_err());
    let none = guess_and_check(&[], &parity).unwrap();
    assert!(none.rate().is_nan());
    let miss = guess_and_check(&[TruthTable::new(2, 0).unwrap()], &parity).unwrap();
    assert_eq!(miss.log_evidence().0, Nats(f64::NEG_INFINITY));
}

#[test]
fn long_data_do_not_underflow_and_samples_extend() {
    let world = World::of(target()).flipped(flips(0.25));
    let data = world.sample(20_000, Seed::new(5)).unwrap();
    let posterior = condition(&simple(3), 0.25, &data);
    let per_row = posterior.evidence().log.get() / 20_000.0;
    let entropy = -(0.25f64 * 0.25f64.ln() + 0.75 * 0.75f64.ln());
    assert!((per_row + entropy).abs() < 0.02, "{per_row}");
    assert!((posterior.probability(target()).unwrap() - 1.0).abs() < 1e-12);
    let short = world.sample(50, Seed::new(5)).unwrap();
    assert_eq!(short.labels().column(0), data.labels().slice(ndarray::s![..50, 0]));
}
