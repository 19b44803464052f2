//! One yes-or-no question: certificates of several priors and posteriors, and the whole table of bounds of the best.

use softbias::bounds::{BoundTable, CertificateError, Seeger, held_out, held_out_mean, table};
use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, Ledger};

use crate::DELTA;
use crate::sets::{Plan, Shifted, Split, shifted, tried};

pub(crate) const LOSS: Loss = Loss::ZeroOne;

/// What one posterior has to say.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) bound: f64,
    pub(crate) train: f64,
    pub(crate) test: f64,
    pub(crate) information: f64,
    pub(crate) table: BoundTable,
}

pub(crate) struct Study {
    pub(crate) entries: Vec<Entry>,
}

impl Study {
    pub(crate) fn of(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

pub(crate) const PLAIN: &str = "plain";
pub(crate) const SHIFTED: &str = "averaged over shifts";
pub(crate) const CHOSEN: &str = "chosen, paid";
pub(crate) const GIBBS: &str = "chosen, paid; Gibbs posterior";

/// The Bernoulli scale of Laplace's posteriors: how firmly a probit asks.
pub(crate) const SCALE: f64 = 3.0;

/// λ an error, as the probability of a flipped label.
pub(crate) fn flips(lambda: f64) -> Result<Flips, Error> {
    Ok(Flips::with_probability(1.0 / (1.0 + lambda.exp()))?)
}

/// Certifies a posterior and asks the test rows.
fn judged<Q: Informed>(name: &'static str, posterior: &Q, split: &Split) -> Result<Entry, Error> {
    eprintln!("{name}");
    let bounds = table(posterior, LOSS, &split.train, DELTA)?
        .beside(held_out(posterior, LOSS, &split.test, DELTA)?)
        .beside(held_out_mean(posterior, LOSS, &split.test, DELTA)?);
    let seeger = bounds.certificates.first().ok_or(Error::Certificate(CertificateError::NoCandidates))?;
    Ok(Entry {
        name,
        bound: seeger.value,
        train: seeger.empirical_risk,
        test: bounds.held_out[0].empirical_risk,
        information: seeger.information.get(),
        table: bounds,
    })
}

fn laplace<P: GaussianPrior + 'static>(prior: P) -> Model<P, Bernoulli> {
    prior.with_likelihood(Bernoulli::probit())
}

/// The prior and the temperature with the least bound on some of the rows. Whatever they were chosen by, the prior costs ln(how many), and
/// the temperature nothing: a PAC-Bayes bound holds for every posterior at once.
fn best(split: &Split, plan: &Plan) -> Result<(Shifted, f64), Error> {
    let (trial, _) = split.train.split_rows(plan.trial, Seed::new(0).named("trial"))?;
    let mut found: Option<(f64, Shifted, f64)> = None;
    for &(reach, length) in &plan.priors {
        let prior = shifted(reach, length, plan.frequencies.min(600), SCALE, 1)?;
        let of_all = || shifted(reach, length, plan.frequencies, SCALE, 1);
        for &lambda in &plan.lambdas {
            let model = prior.clone().with_likelihood(flips(lambda)?);
            let posterior =
                model.condition_by(&Variational::new().sweeps(plan.sweeps).tolerance(1e-4), &trial)?;
            let bound = posterior.certify(&Seeger, LOSS, &trial, DELTA)?.value;
            if found.as_ref().is_none_or(|(least, ..)| bound < *least) {
                found = Some((bound, of_all()?, lambda));
            }
        }
    }
    let (_, prior, lambda) = found.ok_or(Error::Certificate(CertificateError::NoCandidates))?;
    Ok((prior, lambda))
}

pub(crate) fn study(
    question: &str,
    split: &Split,
    plan: &Plan,
    whole: bool,
    report: &mut Report,
) -> Result<Study, Error> {
    let train = &split.train;
    let mut entries = Vec::new();
    let plain = Gp::new(Kernel::rbf(5.0)).scaled(SCALE / 2.0).charged(tried());
    entries.push(judged(PLAIN, &laplace(plain).condition_by(&Laplace::new(), train)?, split)?);
    let averaged = shifted(1, 6.0, plan.frequencies, SCALE, 1)?.charged(tried());
    if whole {
        let few = shifted(1, 6.0, plan.frequencies.min(500), SCALE, 1)?.charged(tried());
        let regression = few.with_likelihood(Gaussian::noise(1.0)).condition(train)?;
        entries.push(judged("averaged over shifts; regression", &regression, split)?);
    }
    entries.push(judged(SHIFTED, &laplace(averaged).condition_by(&Laplace::new(), train)?, split)?);
    if whole {
        let (prior, lambda) = best(split, plan)?;
        let prior = prior.charged(Ledger::chose("prior, out of the declared ones", plan.priors.len()));
        let chosen = laplace(prior.clone()).condition_by(&Laplace::new(), train)?;
        entries.push(judged(CHOSEN, &chosen, split)?);
        drop(chosen);
        let method = Variational::new().sweeps(plan.sweeps).tolerance(1e-5);
        let gibbs = prior.with_likelihood(flips(lambda)?).condition_by(&method, train)?;
        let entry = judged(GIBBS, &gibbs, split)?;
        let error = entry.table.held_out[1].empirical_risk;
        report.note(format!(
            "{question}: Gibbs posterior at λ = {lambda}; its mean errs on {error:.4} of the test rows"
        ));
        report.note(entry.table.certificates[0].to_string());
        entries.push(entry);
    }
    report.table(format!(
        "{question}: data-free priors, kl bound with the exact constant, {} rows",
        train.len()
    ));
    for entry in &entries {
        report.row([
            ("prior and posterior", Value::from(entry.name)),
            ("bound", entry.bound.into()),
            ("KL/n", (entry.information / train.len() as f64).into()),
            ("Gibbs, train", entry.train.into()),
            ("Gibbs, test", entry.test.into()),
            ("held-out kl", entry.table.held_out[0].value.into()),
            ("mean, held-out binomial", entry.table.held_out[1].value.into()),
        ]);
    }
    if whole {
        report.table(format!("{question}: every bound of the last"));
        let last = entries.last().map(|entry| &entry.table);
        for certificate in last.into_iter().flat_map(|t| t.certificates.iter().chain(&t.held_out)) {
            report.row([
                ("bound", Value::from(certificate.bound.clone())),
                ("of", format!("{:?}", certificate.predictor).into()),
                ("value", certificate.value.into()),
                ("", if certificate.vacuous { "vacuous".into() } else { Value::Missing }),
            ]);
        }
    }
    Ok(Study { entries })
}

pub(crate) fn check(above: &Study, odd: &Study, plan: &Plan, report: &mut Report) {
    let value = |study: &Study, name: &str| study.of(name).map_or(f64::NAN, |entry| entry.bound);
    let (plain, averaged) = if plan.quick { (0.45, 0.42) } else { (0.185, 0.15) };
    report.check("digit > 4, plain: bound", value(above, PLAIN), Relation::AtMost, plain);
    report.check("digit > 4, averaged over shifts: bound", value(above, SHIFTED), Relation::AtMost, averaged);
    for (question, study) in [("digit > 4", above), ("odd or even", odd)] {
        let gain = value(study, PLAIN) - value(study, SHIFTED);
        report.check(format!("{question}: what averaging over shifts gains"), gain, Relation::Above, 0.0);
        let slack = study.entries.iter().map(|e| e.bound - e.test).fold(f64::INFINITY, f64::min);
        report.check(format!("{question}: least bound less test error"), slack, Relation::Above, 0.0);
    }
    let gain = value(above, SHIFTED) - value(above, GIBBS);
    report.check("digit > 4: what the paid choice and the Gibbs posterior gain", gain, Relation::Above, 0.0);
}
