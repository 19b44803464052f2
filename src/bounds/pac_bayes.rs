//! PAC-Bayes bounds of the Gibbs predictor: Maurer/Seeger and McAllester.

use softbias_models::EmpiricalRisk;
use softbias_priors::Nats;
use softbias_priors::math::stable::binary_kl_inverse_upper;

use super::{Bound, PacBayes};

/// kl(R̂‖R) ≤ (KL + ln(2√n/δ))/n, inverted exactly (Seeger 2002; Langford & Seeger 2001; constant of Maurer 2004).
#[derive(Clone, Copy, Debug, Default)]
pub struct Maurer;

impl Bound for Maurer {
    fn name(&self) -> &'static str {
        "PAC-Bayes kl (Seeger; Maurer 2004)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        &["loss in [0, 1]", "prior fixed before the rows were seen", "rows sampled at random"]
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let n = n as f64;
        let complexity = (information.get().max(0.0) + (2.0 * n.sqrt()).ln() - delta.ln()) / n;
        binary_kl_inverse_upper(risk.mean, complexity)
    }
}

impl PacBayes for Maurer {}

/// R ≤ R̂ + √((KL + ln(n/δ) + 2)/(2n − 1)) (McAllester 1999).
#[derive(Clone, Copy, Debug, Default)]
pub struct McAllester;

impl Bound for McAllester {
    fn name(&self) -> &'static str {
        "PAC-Bayes (McAllester 1999)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        Maurer.assumptions()
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let n = n as f64;
        let complexity = (information.get().max(0.0) + n.ln() - delta.ln() + 2.0) / (2.0 * n - 1.0);
        (risk.mean + complexity.sqrt()).min(1.0)
    }
}

impl PacBayes for McAllester {}
