//! A prior from one half of the rows, a bound from the other: at no information, by a genuine posterior, and what held-out rows say.

use softbias::Error;
use softbias::bounds::{Bound, Certificate, Seeger, held_out, held_out_mean};
use softbias::prelude::*;
use softbias::report::Value;

use crate::DELTA;
use crate::binary::{LOSS, SCALE, flips};
use crate::sets::{Plan, Split, shifted};

/// One predictor from the two halves.
pub(crate) struct Half {
    pub(crate) name: &'static str,
    pub(crate) bound: f64,
    pub(crate) information: f64,
    pub(crate) train: f64,
    pub(crate) test: f64,
}

impl Half {
    fn certified(name: &'static str, certificate: &Certificate, test: f64) -> Half {
        Half {
            name,
            bound: certificate.value,
            information: certificate.information.get(),
            train: certificate.empirical_risk,
            test,
        }
    }
}

pub(crate) fn study(split: &Split, plan: &Plan, seed: Seed, report: &mut Report) -> Result<Vec<Half>, Error> {
    let (first, second) = split.train.split(0.5, seed)?;
    let prior = shifted(1, 6.0, plan.frequencies, SCALE, 1)?;
    eprintln!("halves: prior");
    let learned = prior.with_likelihood(Bernoulli::probit()).condition_by(&Laplace::new(), &first)?;

    let test = learned.risk(LOSS, &split.test)?.mean;
    let fresh = held_out(&learned, LOSS, &second, DELTA)?;
    let same = Half::certified("Q = P, held-out kl", &fresh, test);
    // at no information, PAC-Bayes pays for all posteriors at once what the held-out bound pays for one
    let risk = learned.risk(LOSS, &second)?;
    let bound = Seeger.value(&risk, Nats(0.0), second.len(), DELTA);
    let mut all = vec![Half { name: "Q = P, PAC-Bayes", bound, ..same }, same];

    eprintln!("halves: posterior of both");
    let model = learned.clone().with_likelihood(Bernoulli::probit());
    let genuine = model.condition_by(&Laplace::new(), &second)?;
    let certificate = genuine.certify(&Seeger, LOSS, &second, DELTA)?;
    report.note(certificate.to_string());
    let test = genuine.risk(LOSS, &split.test)?.mean;
    all.push(Half::certified("posterior of both halves", &certificate, test));
    drop(genuine);

    eprintln!("halves: Gibbs posterior");
    let method = Variational::new().sweeps(plan.sweeps).tolerance(1e-5);
    let gibbs = learned.clone().with_likelihood(flips(1.0)?).condition_by(&method, &second)?;
    let certificate = gibbs.certify(&Seeger, LOSS, &second, DELTA)?;
    let test = gibbs.risk(LOSS, &split.test)?.mean;
    all.push(Half::certified("Gibbs posterior, λ = 1", &certificate, test));
    drop(gibbs);

    let mean = held_out_mean(&learned, LOSS, &second, DELTA)?;
    let test = held_out_mean(&learned, LOSS, &split.test, DELTA)?.empirical_risk;
    all.push(Half::certified("mean of the prior, held-out binomial", &mean, test));

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
    let name = "halves: what PAC-Bayes at Q = P gives away to the held-out bound";
    report.check(name, disguise, Relation::Above, 0.0);
    let wins = bound("posterior of both") - bound("mean of the prior");
    let name = "halves: what the genuine posterior gives away to the held-out mean";
    report.check(name, wins, Relation::Above, 0.0);
}
