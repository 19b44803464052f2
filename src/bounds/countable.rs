//! Bounds for one hypothesis out of countably many, each weighted by a prior: Occam's razor (Blumer et al. 1987).

use softbias_models::EmpiricalRisk;
use softbias_priors::Nats;
use softbias_priors::math::stable::binary_kl_inverse_upper;

use super::Bound;
use super::held_out::binomial_tail_inverse;

const ASSUMPTIONS: &[&str] = &[
    "loss in [0, 1]",
    "one fixed hypothesis with prior weight exp(−information); the weights sum to at most 1 and were fixed before the rows were seen",
    "rows sampled at random",
];

/// R ≤ R̂ + √((ln 1/P(h) + ln 1/δ)/(2n)): Hoeffding's inequality and a union over hypotheses.
#[derive(Clone, Copy, Debug, Default)]
pub struct CountableHoeffding;

impl Bound for CountableHoeffding {
    fn name(&self) -> &'static str {
        "countable hypotheses (Occam, Hoeffding)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        ASSUMPTIONS
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let complexity = (information.get().max(0.0) - delta.ln()) / (2.0 * n as f64);
        (risk.mean + complexity.sqrt()).min(1.0)
    }
}

/// kl(R̂‖R) ≤ (ln 1/P(h) + ln 1/δ)/n, inverted exactly: Chernoff's inequality and a union over hypotheses; never looser than
/// [`CountableHoeffding`].
#[derive(Clone, Copy, Debug, Default)]
pub struct CountableKl;

impl Bound for CountableKl {
    fn name(&self) -> &'static str {
        "countable hypotheses (Occam, kl)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        ASSUMPTIONS
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        binary_kl_inverse_upper(risk.mean, (information.get().max(0.0) - delta.ln()) / n as f64)
    }
}

/// R ≤ max {p : P(Bin(n, p) ≤ n R̂) ≥ δ P(h)}: the binomial tail itself and a union over hypotheses (Langford 2005), where every loss is
/// 0 or 1 ([`EmpiricalRisk::errors`]); never looser than [`CountableKl`], to which it goes back otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct CountableBinomial;

impl Bound for CountableBinomial {
    fn name(&self) -> &'static str {
        "countable hypotheses (Occam, binomial tail)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        ASSUMPTIONS
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let kl = CountableKl.value(risk, information, n, delta);
        // e^{-700} is near the smallest numbers there are: beyond it the tail has none
        let paid = delta.ln() - information.get().max(0.0);
        match risk.errors {
            Some(errors) if paid > -700.0 => binomial_tail_inverse(errors, n, paid.exp()).min(kl),
            _ => kl,
        }
    }
}
