//! Certificates of nets by Laplace's approximation: by draws of weights, and refused where the prior has looked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use softbias::bounds::{CertificateError, Certify, Seeger};
use softbias::prelude::*;
use softbias::*;

const LOSS: Loss = Loss::ZeroOne;

fn simulated(n: usize, seed: Seed) -> Data {
    let x = seed.named("x").uniform1(n, -1.0, 1.0);
    let u = seed.named("y").uniform1(n, 0.0, 1.0);
    let positive = |x: f64| 1.0 / (1.0 + (-6.0 * (3.0 * x).sin()).exp());
    let y = x.iter().zip(&u).map(|(x, u)| if *u < positive(*x) { 1.0 } else { -1.0 });
    Data::line(x.clone(), y.collect::<Vec<_>>()).unwrap().declared_iid()
}

fn model() -> Model<Net, Bernoulli> {
    let net = Net::inputs(1).dense(8).tanh().dense(1).build().unwrap();
    net.with_likelihood(Bernoulli::logit())
}

#[test]
fn nets_are_certified_by_draws() {
    let (rows, fresh) = (simulated(600, Seed::new(1)), simulated(20_000, Seed::new(2)));
    let how = MonteCarlo { draws: 500, delta: 0.01, seed: Seed::new(3) };
    for by in [NetLaplace::full(), NetLaplace::kron(), NetLaplace::diag()] {
        let posterior = by.condition(model(), &rows).unwrap();
        let certificate = posterior.certify_by_draws(&Seeger, LOSS, &rows, 0.05, how).unwrap();
        let drawn = certificate.drawn.unwrap();
        assert_eq!(certificate.information, posterior.information());
        assert!(certificate.value > drawn.average && certificate.value < 0.6, "{certificate}");
        // the risk on rows that nobody has seen lies below
        let truth = posterior.risk_by_draws(LOSS, &fresh, how).unwrap().drawn.unwrap().average;
        assert!(truth < certificate.value, "{truth} {certificate}");
        // a formula there is none, since the net is no Gaussian process
        let formula = posterior.certify(&Seeger, LOSS, &rows, 0.05);
        assert!(matches!(formula, Err(Error::Model(ModelError::ByDraws(_)))), "{formula:?}");
    }
}

#[test]
fn priors_that_have_looked_are_refused() {
    let rows = simulated(200, Seed::new(4));
    let how = MonteCarlo { draws: 100, delta: 0.01, seed: Seed::new(3) };
    let refused = |posterior: &NetLaplacePosterior<f64, Bernoulli>| {
        let found = posterior.certify_by_draws(&Seeger, LOSS, &rows, 0.05, how);
        matches!(found, Err(Error::Certificate(CertificateError::Saw { .. })))
    };
    // scales tuned on the rows
    let tuned =
        NetLaplace::kron().condition(model(), &rows).unwrap().tune_scales(&TuneScales::new()).unwrap();
    assert!(refused(&tuned));
    // features trained on the rows
    let last = NetLaplace::last_layer(Structure::Full);
    assert!(refused(&last.condition(model(), &rows).unwrap()));
    // tuned on one half, certified on the other
    let (first, second) = rows.split(0.5, Seed::new(5)).unwrap();
    let tuned =
        NetLaplace::kron().condition(model(), &first).unwrap().tune_scales(&TuneScales::new()).unwrap();
    let again = Model { prior: tuned.net().clone(), likelihood: Bernoulli::logit() };
    let posterior = NetLaplace::kron().condition(again, &second).unwrap();
    assert!(posterior.certify_by_draws(&Seeger, LOSS, &second, 0.05, how).is_ok());
}
