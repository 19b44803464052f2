//! Which digit is it: ten functions, certified by the probability that the wrong one is largest.

use softbias::bounds::{Seeger, held_out, held_out_mean, table};
use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, MonteCarlo};

use crate::DELTA;
use crate::sets::{Digits, Plan, shifted, tried};

const LOSS: Loss = Loss::Misclassified;

/// One posterior of ten functions.
pub(crate) struct Ten {
    pub(crate) name: &'static str,
    pub(crate) rows: usize,
    pub(crate) bound: f64,
    pub(crate) information: f64,
    pub(crate) train: f64,
    pub(crate) test: f64,
}

pub(crate) fn study(
    digits: &Digits,
    plan: &Plan,
    seed: Seed,
    report: &mut Report,
) -> Result<Vec<Ten>, Error> {
    let columns = digits.columns()?;
    let mut all = Vec::new();
    for (name, reach) in [("regression, plain", 0), ("regression, averaged over shifts", 1)] {
        let prior = shifted(reach, 6.0, plan.frequencies.min(500), 1.0, 10)?.charged(tried());
        // the noise is the posterior's temperature: the best of several costs nothing
        let mut best: Option<(Ten, String)> = None;
        for noise in [0.9, 1.4, 2.0] {
            eprintln!("ten classes: {name}, noise {noise}");
            let posterior =
                prior.clone().with_likelihood(Gaussian::noise(noise)).condition(&columns.train)?;
            let certificate = posterior.certify(&Seeger, LOSS, &columns.train, DELTA)?;
            if best.as_ref().is_none_or(|(best, _)| certificate.value < best.bound) {
                let bounds = table(&posterior, LOSS, &columns.train, DELTA)?
                    .beside(held_out(&posterior, LOSS, &columns.test, DELTA)?)
                    .beside(held_out_mean(&posterior, LOSS, &columns.test, DELTA)?);
                let ten = Ten {
                    name,
                    rows: columns.train.len(),
                    bound: certificate.value,
                    information: certificate.information.get(),
                    train: certificate.empirical_risk,
                    test: bounds.held_out[0].empirical_risk,
                };
                best = Some((ten, format!("ten classes, {name}, noise {noise}: {}", flat(&bounds))));
            }
        }
        if let Some((ten, bounds)) = best {
            report.note(bounds);
            all.push(ten);
        }
    }

    // softmax by Laplace: classes correlated, so the Gibbs risk is estimated by draws, which are paid for
    let rows = if plan.quick { 200 } else { 1500 };
    let split = digits.classes()?;
    let (train, _) = split.train.split_rows(rows, seed.named("rows"))?;
    eprintln!("ten classes: softmax");
    let prior = shifted(1, 6.0, plan.frequencies.min(600), 4.0, 10)?.charged(tried());
    let posterior = prior.with_likelihood(Softmax::classes(10)?).condition_by(&Laplace::new(), &train)?;
    let draws = MonteCarlo { draws: 200, delta: 0.01, seed: seed.named("draws") };
    let certificate = posterior.certify_by_draws(&Seeger, LOSS, &train, DELTA, draws)?;
    let (test, _) = split.test.split_rows(split.test.len().min(1000) - 1, seed.named("test"))?;
    let on_test = posterior.risk_by_draws(LOSS, &test, draws)?;
    report.note(certificate.to_string());
    all.push(Ten {
        name: "softmax by Laplace, averaged over shifts, by draws",
        rows,
        bound: certificate.value,
        information: certificate.information.get(),
        train: certificate.drawn.map_or(f64::NAN, |drawn| drawn.average),
        test: on_test.drawn.map_or(f64::NAN, |drawn| drawn.average),
    });

    report.table("ten classes: data-free priors, kl bound with the exact constant");
    for ten in &all {
        report.row([
            ("posterior", Value::from(ten.name)),
            ("rows", (ten.rows as f64).into()),
            ("bound", ten.bound.into()),
            ("KL/n", (ten.information / ten.rows as f64).into()),
            ("Gibbs, train", ten.train.into()),
            ("Gibbs, test", ten.test.into()),
        ]);
    }
    Ok(all)
}

/// A table in one line.
fn flat(table: &softbias::bounds::BoundTable) -> String {
    let all = table.certificates.iter().chain(&table.held_out);
    all.map(|c| format!("{} {:.3}", c.bound, c.value)).collect::<Vec<_>>().join("; ")
}

pub(crate) fn check(all: &[Ten], plan: &Plan, report: &mut Report) {
    let worst = all.iter().map(|ten| ten.bound).fold(0.0, f64::max);
    report.check("ten classes: worst bound, of guessing's 0.9", worst, Relation::Below, 0.9);
    let slack = all.iter().map(|ten| ten.bound - ten.test).fold(f64::INFINITY, f64::min);
    report.check("ten classes: least bound less test error", slack, Relation::Above, 0.0);
    if !plan.quick {
        let gain = all[0].bound - all[1].bound;
        report.check("ten classes: what averaging over shifts gains", gain, Relation::Above, 0.0);
    }
}
