//! PAC-Bayes bounds in closed form that follow from the kl bound: Pinsker's, the quadratic one, and Thiemann's in λ.

use softbias_models::EmpiricalRisk;
use softbias_priors::Nats;

use super::pac_bayes::{Maurer, with_maurers_constant};
use super::{Bound, PacBayes};

/// R ≤ R̂ + √((KL + ln(2√n/δ))/(2n)): Pinsker's inequality for the kl bound; never tighter than [`Maurer`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Pinsker;

impl Bound for Pinsker {
    fn name(&self) -> &'static str {
        "PAC-Bayes (Pinsker)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        Maurer.assumptions()
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        (risk.mean + (0.5 * with_maurers_constant(information, n, delta)).sqrt()).min(1.0)
    }
}

impl PacBayes for Pinsker {}

/// R ≤ (√(R̂ + b) + √b)², b = (KL + ln(2√n/δ))/(2n): the refined Pinsker inequality (Rivasplata et al. 2019; Pérez-Ortiz et al.
/// 2021). Better than [`Pinsker`] where that is below ¼; equal to [`Thiemann`] at its best λ.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quadratic;

impl Bound for Quadratic {
    fn name(&self) -> &'static str {
        "PAC-Bayes quadratic (Rivasplata et al. 2019)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        Maurer.assumptions()
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let b = 0.5 * with_maurers_constant(information, n, delta);
        ((risk.mean + b).sqrt() + b.sqrt()).powi(2).min(1.0)
    }
}

impl PacBayes for Quadratic {}

/// R ≤ R̂/(1 − λ/2) + (KL + ln(2√n/δ))/(n λ (1 − λ/2)), for all λ in (0, 2) at once (Thiemann et al. 2017): λ may be chosen by looking,
/// and posterior and λ be optimised in turn.
#[derive(Clone, Copy, Debug, Default)]
pub struct Thiemann {
    lambda: Option<f64>,
}

impl Thiemann {
    /// At the λ that makes the bound smallest, which is allowed.
    #[must_use]
    pub fn best() -> Thiemann {
        Thiemann { lambda: None }
    }

    /// At this λ; out of (0, 2) the bound is 1.
    #[must_use]
    pub fn at(lambda: f64) -> Thiemann {
        Thiemann { lambda: Some(lambda) }
    }

    /// The best λ: 2/(√(2 R̂/c + 1) + 1), c = (KL + ln(2√n/δ))/n.
    #[must_use]
    pub fn best_lambda(risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let c = with_maurers_constant(information, n, delta);
        2.0 / ((2.0 * risk.mean / c + 1.0).sqrt() + 1.0)
    }
}

impl Bound for Thiemann {
    fn name(&self) -> &'static str {
        "PAC-Bayes λ (Thiemann et al. 2017)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        Maurer.assumptions()
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let lambda = self.lambda.unwrap_or_else(|| Thiemann::best_lambda(risk, information, n, delta));
        let left = 1.0 - 0.5 * lambda;
        if !(lambda > 0.0 && left > 0.0) {
            return 1.0;
        }
        ((risk.mean + with_maurers_constant(information, n, delta) / lambda) / left).min(1.0)
    }
}

impl PacBayes for Thiemann {}
