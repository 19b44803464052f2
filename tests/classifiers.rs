//! Certificates of Gaussian-process classifiers: coverage on simulated labels beside a negative control, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use softbias::bounds::{
    Bound, CBound, CertificateError, Certify, CountableKl, FactorTwo, MarginVote, Maurer, Tandem, held_out,
};
use softbias::math::quadrature::Quadrature;
use softbias::math::special::normal_cdf;
use softbias::prelude::*;
use softbias::*;

/// The probability of label +1.
fn positive(x: f64) -> f64 {
    1.0 / (1.0 + (-4.0 * (3.0 * x).sin()).exp())
}

fn simulated(n: usize, seed: Seed) -> Data {
    let x = seed.named("x").uniform1(n, -1.0, 1.0);
    let u = seed.named("y").uniform1(n, 0.0, 1.0);
    let y = x.iter().zip(&u).map(|(x, u)| if *u < positive(*x) { 1.0 } else { -1.0 });
    Data::line(x.clone(), y.collect::<Vec<_>>()).unwrap().declared_iid()
}

fn model() -> Model<Gp, Bernoulli> {
    Gp::new(2.0 * Kernel::rbf(0.5)).with_likelihood(Bernoulli::probit())
}

/// The zero–one risk of the Gibbs predictor over the whole distribution: the sign of f is wrong with probability Φ(−y m/√v).
fn true_risk<Q: GaussianPrior>(posterior: &Q) -> f64 {
    let inputs = Quadrature::uniform(32).unwrap();
    let x = Points::line(inputs.nodes().iter().copied()).unwrap();
    let (mean, var) = (posterior.mean(&x).unwrap(), posterior.var(&x).unwrap());
    let at = |(i, (x, w)): (usize, (&f64, &f64))| {
        let negative = normal_cdf(-mean[[i, 0]] / var[[i, 0]].sqrt());
        w * (positive(*x) * negative + (1.0 - positive(*x)) * (1.0 - negative))
    };
    inputs.nodes().iter().zip(inputs.weights()).enumerate().map(at).sum()
}

/// The zero–one risk of the sign of the posterior mean.
fn true_risk_of_vote<Q: GaussianPrior>(posterior: &Q) -> f64 {
    let inputs = Quadrature::uniform(32).unwrap();
    let x = Points::line(inputs.nodes().iter().copied()).unwrap();
    let mean = posterior.mean(&x).unwrap();
    let at = |(i, (x, w)): (usize, (&f64, &f64))| {
        w * if mean[[i, 0]] > 0.0 { 1.0 - positive(*x) } else { positive(*x) }
    };
    inputs.nodes().iter().zip(inputs.weights()).enumerate().map(at).sum()
}

#[test]
fn votes_are_covered() {
    // long enough a sample that the bounds are below 1
    let (repeats, n, delta) = (200, 250, 0.1);
    let margin = MarginVote { gamma: 1.0, largest_sd: 2f64.sqrt() };
    let (mut violations, mut informative) = ([0usize; 4], [0usize; 4]);
    for k in 0..repeats {
        let data = simulated(n, Seed::new(11).at(k));
        let posterior = model().condition_by(&Laplace::new(), &data).unwrap();
        let risk = true_risk_of_vote(&posterior);
        let vote =
            |bound: &dyn bounds::Vote, loss| posterior.certify_vote(bound, loss, &data, delta).unwrap().value;
        let values = [
            vote(&FactorTwo, Loss::ZeroOne),
            vote(&Tandem, Loss::ZeroOne),
            vote(&CBound, Loss::ZeroOne),
            vote(&margin, Loss::Margin { gamma: 1.0 }),
        ];
        for (i, value) in values.into_iter().enumerate() {
            violations[i] += usize::from(risk > value);
            informative[i] += usize::from(value < 1.0);
        }
        // what the bounds are about: the vote errs at most twice as often as a draw
        assert!(risk <= 2.0 * true_risk(&posterior) + 1e-12);
    }
    let allowed = repeats as f64 * delta + 3.0 * (repeats as f64 * delta * (1.0 - delta)).sqrt();
    assert!(violations.iter().all(|count| (*count as f64) < allowed), "{violations:?}");
    assert!(informative[0] > repeats / 2 && informative[3] > repeats / 2, "{informative:?}");
}

fn covers<M>(method: &M)
where
    M: Method<Gp, Bernoulli>,
    M::Posterior: Informed + GaussianPrior,
{
    let (repeats, n, delta) = (400, 25, 0.1);
    let (mut violations, mut unpaid) = ([0usize; 2], 0);
    for k in 0..repeats {
        let data = simulated(n, Seed::new(1).at(k));
        let posterior = model().condition_by(method, &data).unwrap();
        let risk = true_risk(&posterior);
        let certificate = posterior.certify(&Maurer, Loss::ZeroOne, &data, delta).unwrap();
        assert!(certificate.value <= 1.0 && posterior.information().get() > 0.0);
        let fresh = held_out(&posterior, Loss::ZeroOne, &simulated(n, Seed::new(2).at(k)), delta).unwrap();
        violations[0] += usize::from(risk > certificate.value);
        violations[1] += usize::from(risk > fresh.value);
        // negative control: training rows taken for held-out ones
        let training = posterior.risk(Loss::ZeroOne, &data).unwrap();
        unpaid += usize::from(risk > CountableKl.value(&training, Nats(0.0), n, delta));
    }
    let allowed = repeats as f64 * delta + 3.0 * (repeats as f64 * delta * (1.0 - delta)).sqrt();
    assert!(violations.iter().all(|count| (*count as f64) < allowed), "{violations:?} {unpaid}");
    assert!(unpaid > 2 * violations[1], "{violations:?} {unpaid}");
}

#[test]
fn certificates_by_laplace_hold_in_simulation() {
    covers(&Laplace::new());
}

#[test]
fn certificates_by_expectation_propagation_hold_in_simulation() {
    covers(&ExpectationPropagation::new());
}

#[test]
fn rows_that_the_prior_saw_are_refused() {
    let data = simulated(80, Seed::new(4));
    let (seen, fresh) = data.split(0.5, Seed::new(5)).unwrap();
    let refusal = |result: std::result::Result<bounds::Certificate, Error>| match result {
        Err(Error::Certificate(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    };
    let tuned = Tune::by(Laplace::new()).restarts(0).run(model(), &seen).unwrap();
    let both = tuned.condition(&seen).unwrap();
    let refused = refusal(both.certify(&Maurer, Loss::ZeroOne, &seen, 0.05));
    assert!(matches!(refused, CertificateError::Saw { labels: true, count: 40, of: 40, .. }), "{refused}");
    // rows that tuning did not see are fine
    let apart = tuned.condition(&fresh).unwrap();
    assert!(apart.certify(&Maurer, Loss::ZeroOne, &fresh, 0.05).is_ok());
    // held out from the posterior, not from the one that has met them
    assert!(held_out(&both, Loss::ZeroOne, &fresh, 0.05).is_ok());
    refusal(held_out(&apart, Loss::ZeroOne, &fresh, 0.05));
    // a posterior as the prior of another: its rows are seen
    let first = model().condition_by(&ExpectationPropagation::new(), &seen).unwrap();
    let second =
        first.clone().with_likelihood(Bernoulli::probit()).condition_by(&Laplace::new(), &fresh).unwrap();
    assert!(second.certify(&Maurer, Loss::ZeroOne, &fresh, 0.05).is_ok());
    refusal(second.certify(&Maurer, Loss::ZeroOne, &seen, 0.05));
    // one picked among several pays
    let price =
        held_out(&first.charged(Ledger::chose("seed", 7)), Loss::ZeroOne, &fresh, 0.05).unwrap().price;
    assert!((price.get() - 7f64.ln()).abs() < 1e-12);
}
