//! A prior from one half of the rows, a bound from the other: at no information, by a genuine posterior, and what held-out rows say.

use softbias::Error;
use softbias::bounds::{Bound, Seeger, held_out, held_out_mean};
use softbias::prelude::*;
use softbias::report::Value;

use crate::DELTA;
use crate::binary::{SCALE, flips, mean_error};
use crate::sets::{Plan, Split, shifted};

const LOSS: Loss = Loss::ZeroOne;

/// One predictor from the two halves.
pub(crate) struct Half {
    pub(crate) name: &'static str,
    pub(crate) bound: f64,
    pub(crate) information: f64,
    pub(crate) train: f64,
    pub(crate) test: f64,
}

pub(crate) fn study(split: &Split, plan: &Plan, seed: Seed, report: &mut Report) -> Result<Vec<Half>, Error> {
    let (first, second) = split.train.split(0.5, seed)?;
    let prior = shifted(1, 6.0, plan.frequencies, SCALE, 1)?;
    let learned = prior.with_likelihood(Bernoulli::probit()).condition_by(&Laplace::new(), &first)?;
    let gibbs_test = |q: &dyn Fn(&Data) -> Result<f64, Error>| q(&split.test);
    let mut all = Vec::new();

    let risk = learned.risk(LOSS, &second)?;
    let test = gibbs_test(&|data| Ok(learned.risk(LOSS, data)?.mean))?;
    let same = Seeger.value(&risk, Nats(0.0), second.len(), DELTA);
    all.push(Half { name: "Q = P, PAC-Bayes", bound: same, information: 0.0, train: risk.mean, test });
    let fresh = held_out(&learned, LOSS, &second, DELTA)?;
    all.push(Half {
        name: "Q = P, held-out kl",
        bound: fresh.value,
        information: 0.0,
        train: risk.mean,
        test,
    });

    let genuine =
        learned.clone().with_likelihood(Bernoulli::probit()).condition_by(&Laplace::new(), &second)?;
    let certificate = genuine.certify(&Seeger, LOSS, &second, DELTA)?;
    let test = gibbs_test(&|data| Ok(genuine.risk(LOSS, data)?.mean))?;
    all.push(Half {
        name: "posterior of both halves",
        bound: certificate.value,
        information: certificate.information.get(),
        train: certificate.empirical_risk,
        test,
    });
    report.note(certificate.to_string());
    drop(genuine);

    let method = Variational::new().sweeps(plan.sweeps).tolerance(1e-5);
    let gibbs = learned.clone().with_likelihood(flips(1.0)?).condition_by(&method, &second)?;
    let certificate = gibbs.certify(&Seeger, LOSS, &second, DELTA)?;
    let test = gibbs_test(&|data| Ok(gibbs.risk(LOSS, data)?.mean))?;
    all.push(Half {
        name: "Gibbs posterior, λ = 1",
        bound: certificate.value,
        information: certificate.information.get(),
        train: certificate.empirical_risk,
        test,
    });
    drop(gibbs);

    let mean = held_out_mean(&learned, LOSS, &second, DELTA)?;
    all.push(Half {
        name: "mean of the prior, held-out binomial",
        bound: mean.value,
        information: 0.0,
        train: mean.empirical_risk,
        test: mean_error(&learned, &split.test)?,
    });

    report.table(format!(
        "digit > 4: prior from {} rows, bound from the other {}",
        first.len(),
        second.len()
    ));
    for half in &all {
        report.row([
            ("predictor", Value::from(half.name)),
            ("bound", half.bound.into()),
            ("KL/n", (half.information / second.len() as f64).into()),
            ("on the second half", half.train.into()),
            ("test", half.test.into()),
        ]);
    }
    Ok(all)
}

pub(crate) fn check(all: &[Half], report: &mut Report) {
    let bound =
        |name: &str| all.iter().find(|half| half.name.starts_with(name)).map_or(f64::NAN, |half| half.bound);
    let slack = all.iter().map(|half| half.bound - half.test).fold(f64::INFINITY, f64::min);
    report.check("halves: least bound less test error", slack, Relation::Above, 0.0);
    let disguise = bound("Q = P, PAC-Bayes") - bound("Q = P, held-out");
    report.check(
        "halves: what PAC-Bayes at Q = P gives away to the held-out bound",
        disguise,
        Relation::Above,
        0.0,
    );
    let wins = bound("posterior of both") - bound("mean of the prior");
    report.check(
        "halves: what the genuine posterior gives away to the held-out mean",
        wins,
        Relation::Above,
        0.0,
    );
}
