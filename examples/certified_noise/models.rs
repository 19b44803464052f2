//! Models that are certified as Gibbs predictors: a Gaussian process, a soft polynomial, and the posterior that the bound asks for.

use softbias::adaptors::Charged;
use softbias::bounds::{Certificate, Seeger, held_out_mean};
use softbias::prelude::*;
use softbias::{EmpiricalRisk, Error, Ledger};

use crate::curve::Outcome;
use crate::sets::Task;

pub(crate) const DELTA: f64 = 0.05;
/// Noise variance over prior variance of the models that fit, and of the one that interpolates.
pub(crate) const RATIO: f64 = 0.1;
pub(crate) const INTERPOLATING: f64 = 1e-4;
/// A bit less than half the typical distance between two images.
const LENGTH: f64 = 1.4;
/// Orders of the polynomial beyond its linear core.
const ORDERS: std::ops::RangeInclusive<usize> = 2..=16;
/// At most so many settings of a kind of model were tried on these digits while this example was written. No row chose one of them anew,
/// but the list had been looked at, so each kind pays for that choice.
pub(crate) const SETTINGS: usize = 64;

pub(crate) fn paid<P: PriorExt>(prior: P) -> Charged<P> {
    prior.charged(Ledger::chose("settings, while the example was written", SETTINGS))
}

/// A Gaussian process of variance 1.
pub(crate) fn process(ratio: f64, task: &Task) -> Result<Outcome, Error> {
    exact(Gp::new(1.0 * Kernel::rbf(LENGTH)), ratio, task)
}

/// Linear core · softness 1 · orders 2 to 16 of all 64 inputs, alike on the sphere: 5·10¹⁶ terms by way of their kernel.
pub(crate) fn polynomial(task: &Task) -> Result<Outcome, Error> {
    let order = |k: usize| Kernel::linear(1.0).pow(k);
    let orders =
        (ORDERS.start() + 1..=*ORDERS.end()).map(order).fold(order(*ORDERS.start()), |sum, k| sum + k);
    let rest = Gp::new(1.0 / ORDERS.count() as f64 * orders);
    exact(Gp::new(order(1)).relaxed(Softness::new(1.0)?, rest).fixed(), RATIO, task)
}

fn exact<P: GaussianPrior + 'static>(prior: P, ratio: f64, task: &Task) -> Result<Outcome, Error> {
    let posterior = paid(prior).with_likelihood(Gaussian::known(ratio.sqrt())).condition(&task.train)?;
    let certificate = posterior.certify(&Seeger, Loss::ZeroOne, &task.train, DELTA)?;
    Ok(Outcome {
        evidence: posterior.evidence().log.get() / task.train.len() as f64,
        dimension: posterior.effective_dimension().determined / task.train.len() as f64,
        ..of_gibbs(&posterior, &certificate, task)?
    })
}

/// On the prior of [`process`], the Gaussian posterior that makes the bound least, at the best of a few flip probabilities: they are no part
/// of the prior, and cost nothing.
pub(crate) fn gibbs(task: &Task, flips: &[f64]) -> Result<Outcome, Error> {
    let prior = paid(Gp::new(1.0 * Kernel::rbf(LENGTH)));
    let mut best: Option<Outcome> = None;
    for &probability in flips {
        let model = prior.clone().with_likelihood(Flips::with_probability(probability)?);
        let posterior = Variational::new().sweeps(20).tolerance(1e-5).condition(model, &task.train)?;
        let certificate = posterior.certify(&Seeger, Loss::ZeroOne, &task.train, DELTA)?;
        if best.as_ref().is_none_or(|best| certificate.value < best.bound) {
            best = Some(of_gibbs(&posterior, &certificate, task)?);
        }
    }
    best.ok_or(Error::Empty("temperatures"))
}

/// What is asked of any posterior; the errors are those of its mean, the risks those of a draw from it.
fn of_gibbs<Q: Informed>(posterior: &Q, certificate: &Certificate, task: &Task) -> Result<Outcome, Error> {
    let error = |data: &Data| -> Result<f64, Error> {
        let values = posterior.predict(data.points())?;
        Ok(EmpiricalRisk::of_function(Loss::ZeroOne, data, values.mean())?.mean)
    };
    let risk = |data: &Data| Ok::<f64, Error>(posterior.risk(Loss::ZeroOne, data)?.mean);
    Ok(Outcome {
        train: error(&task.train)?,
        test: error(&task.truth)?,
        held_out: held_out_mean(posterior, Loss::ZeroOne, &task.held_out, DELTA)?.value,
        ..Outcome::certified(certificate, task, risk(&task.others)?, risk(&task.truth)?)
    })
}
