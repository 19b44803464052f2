//! PAC-Bayes bounds that adapt to small variance: empirical Bernstein and un-expected Bernstein, each over a grid that is paid for.

use softbias_models::EmpiricalRisk;
use softbias_priors::Nats;

use super::pac_bayes::Maurer;
use super::{Bound, PacBayes};

/// The PAC-Bayes empirical Bernstein bound (Tolstikhin & Seldin 2013): Bernstein's inequality with the variance of the losses, which
/// is itself bounded from the rows.
///
/// Two events share δ, and hold for every posterior Q and every constant of a grid fixed beforehand (ν₁ and ν₂ of them):
///
/// - R ≤ R̂ + (λ/n) φ(λ/n) V + (KL + ln(2ν₁/δ))/λ, λ = n 2⁻ʲ, with φ(t) = (eᵗ − 1 − t)/t² and V the variance of the loss;
/// - V (1 − x) ≤ V̂ + (KL + ln(2ν₂/δ))/(2 (n − 1) x), x = 2⁻ʲ, from the self-bounding variance V̂ (Maurer & Pontil 2009).
///
/// The paper's closed form puts (e − 2) for φ and a formula for the best member of each grid; taking the least over both keeps the same
/// events and is what this does. V̂ is taken at its upper limit n/(n − 1) (E ℓ² − R̂²).
#[derive(Clone, Copy, Debug, Default)]
pub struct EmpiricalBernstein;

impl EmpiricalBernstein {
    /// Upper limit of the variance of the loss.
    fn variance(risk: &EmpiricalRisk, information: f64, n: usize, delta: f64) -> f64 {
        let (count, rest) = (n as f64, n as f64 - 1.0);
        let seen = (count / rest * (risk.second_moment - risk.mean * risk.mean)).max(0.0);
        let grid = halvings(0.5 * count.log2());
        let complexity = information + (2.0 * grid as f64).ln() - delta.ln();
        let at = |j: i32| {
            let x = 0.5f64.powi(j);
            (seen + complexity / (2.0 * rest * x)) / (1.0 - x)
        };
        (1..=grid).map(at).fold(0.25, f64::min)
    }
}

/// How many halvings a grid has that must reach down to 2^−`depth`.
fn halvings(depth: f64) -> i32 {
    depth.ceil().clamp(1.0, 60.0) as i32
}

impl Bound for EmpiricalBernstein {
    fn name(&self) -> &'static str {
        "PAC-Bayes empirical Bernstein (Tolstikhin & Seldin 2013)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        Maurer.assumptions()
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        if n < 2 {
            return 1.0;
        }
        let (count, information) = (n as f64, information.get().max(0.0));
        let variance = EmpiricalBernstein::variance(risk, information, n, delta);
        // the best λ is at least √(4 n ln(2/δ)/(e − 2)), for V is at most ¼
        let least = (4.0 * (2.0 / delta).ln() / (std::f64::consts::E - 2.0) / count).sqrt();
        let grid = halvings(-least.log2()) + 1;
        let complexity = information + (2.0 * grid as f64).ln() - delta.ln();
        let at = |j: i32| {
            let t = 0.5f64.powi(j);
            // t φ(t) = (eᵗ − 1 − t)/t, without the cancellation at small t
            let slope = if t < 1e-4 { t * (0.5 + t / 6.0) } else { (t.exp_m1() - t) / t };
            risk.mean + slope * variance + complexity / (t * count)
        };
        (0..grid).map(at).fold(1.0, f64::min)
    }
}

impl PacBayes for EmpiricalBernstein {}

/// R ≤ R̂ + (s(η)/η) E ℓ² + (KL + ln(ν/δ))/(η n), s(η) = −η − ln(1 − η): the un-expected Bernstein inequality (Mhammedi, Grünwald &
/// Guedj 2019), which takes the second moment *on the rows* as it is, over the grid η = ½, ¼, … of ν members.
///
/// (Their further step, losses centred by a predictor learned on the other half of the rows, is left out: condition on one half and
/// certify on the other for that.)
#[derive(Clone, Copy, Debug, Default)]
pub struct UnexpectedBernstein;

impl Bound for UnexpectedBernstein {
    fn name(&self) -> &'static str {
        "PAC-Bayes un-expected Bernstein (Mhammedi et al. 2019)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        Maurer.assumptions()
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let count = n as f64;
        let grid = halvings((0.5 * (count / -delta.ln()).sqrt()).log2());
        let complexity = information.get().max(0.0) + f64::from(grid).ln() - delta.ln();
        let at = |j: i32| {
            let eta = 0.5f64.powi(j);
            // s(η)/η, by its series η/2 + η²/3 + … where the logarithm would cancel
            let slope = if eta < 1e-4 { eta * (0.5 + eta / 3.0) } else { -1.0 - (-eta).ln_1p() / eta };
            risk.mean + slope * risk.second_moment + complexity / (eta * count)
        };
        (1..=grid).map(at).fold(1.0, f64::min)
    }
}

impl PacBayes for UnexpectedBernstein {}
