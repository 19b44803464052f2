//! From marginal likelihood to certificate (Germain et al. 2016): for the Bayes posterior, risk and information are the evidence.

use softbias_models::{EmpiricalRisk, Evidenced, Informed, Loss};
use softbias_priors::Nats;

use super::certificate::{Certificate, Predictor, Terms};
use super::refusal::CertificateError;
use super::{Bound, PacBayes};
use crate::Error;

/// R ≤ a + (b − a)/(1 − e^{a−b}) (1 − e^{a − R̂ − (KL + ln 1/δ)/n}) for a loss in [a, b] (Germain et al. 2016, corollary 4): Catoni's bound
/// at C = b − a. At the Bayes posterior of a negative log likelihood the exponent is a + (ln Z + ln δ)/n, Z being the evidence.
#[derive(Clone, Copy, Debug, Default)]
pub struct Germain;

impl Bound for Germain {
    fn name(&self) -> &'static str {
        "PAC-Bayes, marginal likelihood (Germain et al. 2016)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        &["loss in a known range", "prior fixed before the rows were seen", "rows sampled at random"]
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let Some((a, b)) = risk.loss.range() else {
            return f64::INFINITY;
        };
        let complexity = (information.get().max(0.0) - delta.ln()) / n as f64;
        let value = a + (b - a) * (a - risk.mean - complexity).exp_m1() / (a - b).exp_m1();
        if value.is_nan() { b } else { value.min(b).max(risk.mean) }
    }

    fn refuses(&self, risk: &EmpiricalRisk) -> Option<String> {
        let reason = || format!("it needs a loss with a largest value, and {} has none", risk.loss);
        risk.loss.range().is_none().then(reason)
    }
}

impl PacBayes for Germain {}

/// Certifies a posterior by its own evidence, on the rows that it was conditioned on: `loss` must be the negative log likelihood of one
/// row, so that n·E ℓ + KL = −ln Z. That is checked to 1e-8 relative, from three numbers computed apart where the posterior is exact (under
/// [`Variational`](crate::Variational) the evidence is a lower bound made of the other two, and the bound holds all the same). The loss, its
/// noise included, must be fixed before the rows were seen. `bound` may be any that
/// covers the loss: [`Germain`] where it has a largest value, [`SubGamma`](super::SubGamma) or
/// [`LinearRegression`](super::LinearRegression) where it has none.
///
/// # Errors
/// As [`Certify::certify`](super::Certify::certify); and [`CertificateError::Identity`] where the posterior is not the Bayes posterior of
/// that loss, with both sides.
pub fn from_evidence<Q: Informed + Evidenced, B: PacBayes + ?Sized>(
    posterior: &Q,
    bound: &B,
    loss: Loss,
    delta: f64,
) -> Result<Certificate, Error> {
    let data = posterior.conditioned_on();
    let terms = Terms::of(posterior, loss, data, delta, None)?;
    let losses = terms.risk().mean * (data.len() * data.outputs()) as f64;
    // the loss knows nothing of how labels were transformed before
    let evidence = data.log_jacobian().get() - posterior.evidence_of().log.get();
    let sum = losses + posterior.information().get();
    let scale = 1.0 + losses.abs() + posterior.information().get().abs();
    if (sum - evidence).abs() <= 1e-8 * scale {
        terms.certificate(bound, Predictor::Gibbs)
    } else {
        Err(CertificateError::Identity { loss, bound: sum, evidence }.into())
    }
}
