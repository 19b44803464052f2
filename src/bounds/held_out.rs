//! Bounds from rows that the posterior never saw: what every other certificate must beat.

use softbias_models::{Data, EmpiricalRisk, Informed, Loss, Sampling};
use softbias_priors::math::special::beta_regularised;
use softbias_priors::math::stable::binary_kl_inverse_upper;
use softbias_priors::{Ledger, Nats};

use super::certificate::{Certificate, Predictor};
use super::refusal::{CertificateError, check_delta, check_rows};
use crate::Error;

/// The largest risk p at which at most `errors` of n zero–one losses have probability δ: sup {p : P(Bin(n, p) ≤ errors) ≥ δ}
/// (Clopper & Pearson 1934; Langford 2005). Returns the upper end of its bracket; 1 when every row is an error, and for a δ that is
/// no probability.
#[must_use]
pub fn binomial_tail_inverse(errors: usize, n: usize, delta: f64) -> f64 {
    if errors >= n || !(delta > 0.0 && delta < 1.0) {
        return 1.0;
    }
    // P(Bin(n, p) ≤ k) = I_{1−p}(n − k, k + 1)
    let (a, b) = ((n - errors) as f64, errors as f64 + 1.0);
    let (mut low, mut high) = (errors as f64 / n as f64, 1.0);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return high;
        }
        if beta_regularised(a, b, 1.0 - middle) >= delta {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// Bounds the Gibbs risk of a posterior by rows that it has not seen: kl inversion (Chernoff).
///
/// # Errors
/// When the posterior saw any of the rows, the rows were not sampled at random, or the loss cannot judge them.
pub fn held_out<Q: Informed>(
    posterior: &Q,
    loss: Loss,
    data: &Data,
    delta: f64,
) -> Result<Certificate, Error> {
    let risk = || Ok(posterior.risk(loss, data)?);
    certify("the posterior", posterior.ledger(), risk, Predictor::Gibbs, data, delta, Inequality::Sharpest)
}

/// Bounds the risk of the posterior *mean*, one fixed function, by rows that the posterior has not seen: the exact binomial tail
/// for the zero–one loss and independent draws, kl inversion otherwise.
///
/// # Errors
/// As [`held_out`].
pub fn held_out_mean<Q: Informed>(
    posterior: &Q,
    loss: Loss,
    data: &Data,
    delta: f64,
) -> Result<Certificate, Error> {
    let risk = || {
        posterior.conditioned_on().expect_same_transforms(data)?;
        Ok(EmpiricalRisk::of_function(loss, data, posterior.predict(data.points())?.mean())?)
    };
    certify("the posterior", posterior.ledger(), risk, Predictor::Mean, data, delta, Inequality::Sharpest)
}

/// The same risk as [`held_out`] by Hoeffding's inequality, R ≤ R̂ + √(ln(1/δ)/(2n)): the textbook's, never tighter.
///
/// # Errors
/// As [`held_out`].
pub fn held_out_hoeffding<Q: Informed>(
    posterior: &Q,
    loss: Loss,
    data: &Data,
    delta: f64,
) -> Result<Certificate, Error> {
    let risk = || Ok(posterior.risk(loss, data)?);
    certify("the posterior", posterior.ledger(), risk, Predictor::Gibbs, data, delta, Inequality::Hoeffding)
}

#[derive(Clone, Copy)]
pub(super) enum Inequality {
    Hoeffding,
    Sharpest,
}

/// The refusals that come before a held-out bound, then the risk, then the bound.
pub(super) fn certify(
    who: &'static str,
    owed: Ledger,
    risk: impl FnOnce() -> Result<EmpiricalRisk, Error>,
    predictor: Predictor,
    data: &Data,
    delta: f64,
    inequality: Inequality,
) -> Result<Certificate, Error> {
    check_delta(delta)?;
    let ledger = owed.and(data.ledger());
    check_rows(who, &ledger, data)?;
    let risk = risk()?;
    if risk.mean.is_nan() {
        return Err(CertificateError::Risk.into());
    }
    // (see `Terms::judged`)
    let errors = risk.errors.filter(|_| data.sampling() == Sampling::Iid);
    let risk = &EmpiricalRisk { errors, ..risk };
    let price = ledger.price();
    let paid = delta * (-price.get()).exp();
    let complexity = -paid.ln() / risk.n as f64;
    let (name, value) = match (inequality, risk.errors) {
        (Inequality::Hoeffding, _) => {
            ("held-out Hoeffding", (risk.mean + (0.5 * complexity).sqrt()).min(1.0))
        }
        (Inequality::Sharpest, Some(errors)) => {
            ("held-out binomial tail", binomial_tail_inverse(errors, risk.n, paid))
        }
        (Inequality::Sharpest, None) => ("held-out kl", binary_kl_inverse_upper(risk.mean, complexity)),
    };
    if !risk.loss.is_bounded() {
        let reason = format!("it needs a loss in [0, 1], and {} is none: clip it", risk.loss);
        return Err(CertificateError::Inapplicable { bound: name, reason }.into());
    }
    let assumptions =
        ["loss in [0, 1]", "predictor fixed before these rows were seen", "rows sampled at random"];
    Ok(Certificate::new(name, &assumptions, value, risk, predictor, Nats::ZERO, delta, price, &ledger, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomial_tail_against_the_sum() {
        let tail = |k: usize, n: usize, p: f64| {
            let choose = |j: usize| (1..=j).fold(1.0, |c, i| c * (n - j + i) as f64 / i as f64);
            (0..=k).map(|j| choose(j) * p.powi(j as i32) * (1.0 - p).powi((n - j) as i32)).sum::<f64>()
        };
        for (k, n, delta) in [(0, 10, 0.05), (3, 30, 0.05), (15, 30, 0.01), (29, 30, 0.1)] {
            let p = binomial_tail_inverse(k, n, delta);
            assert!((tail(k, n, p) - delta).abs() < 1e-9, "{k} {n}");
        }
        // k = 0 has a closed form
        assert!((binomial_tail_inverse(0, 50, 0.05) - (1.0 - 0.05f64.powf(1.0 / 50.0))).abs() < 1e-12);
        assert_eq!(binomial_tail_inverse(5, 5, 0.05), 1.0);
        // never looser than Chernoff
        for k in 0..40 {
            let chernoff = binary_kl_inverse_upper(f64::from(k) / 40.0, -(0.05f64.ln()) / 40.0);
            assert!(binomial_tail_inverse(k as usize, 40, 0.05) <= chernoff);
        }
    }
}
