//! What tests of bounds share: risks by hand, and regression whose true risk is known.

use softbias::bounds::{Certificate, CertificateError};
use softbias::math::quadrature::Quadrature;
use softbias::*;

pub(crate) fn risk(mean: f64, n: usize) -> EmpiricalRisk {
    EmpiricalRisk::known(Loss::ZeroOne, mean, n)
}

pub(crate) const SCALE: f64 = 0.8;
pub(crate) const LOSS: Loss = Loss::ClippedSquared { scale: SCALE };

pub(crate) fn truth(x: f64) -> f64 {
    0.6 * (3.0 * x).sin()
}

pub(crate) fn simulated(n: usize, seed: Seed) -> Data {
    let x = seed.named("x").uniform1(n, -1.0, 1.0);
    let y = x.mapv(truth) + 0.2 * seed.named("y").normal1(n);
    Data::line(x, y).unwrap().declared_iid()
}

/// The risk over the whole distribution, by quadrature over inputs and label noise.
pub(crate) fn true_risk(posterior: &ExactPosterior) -> f64 {
    let (inputs, noise) = (Quadrature::uniform(24).unwrap(), Quadrature::normal(24).unwrap());
    let x = Points::line(inputs.nodes().iter().copied()).unwrap();
    let (mean, var) = (posterior.mean(&x).unwrap(), posterior.var(&x).unwrap());
    inputs
        .nodes()
        .iter()
        .zip(inputs.weights())
        .enumerate()
        .map(|(i, (x, w))| {
            w * noise.mean(|z| LOSS.expected(truth(*x) + 0.2 * z, mean[[i, 0]], var[[i, 0]]).unwrap())
        })
        .sum()
}

pub(crate) fn refusal(result: Result<Certificate, Error>) -> CertificateError {
    match result {
        Err(Error::Certificate(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}
