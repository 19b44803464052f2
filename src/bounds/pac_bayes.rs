//! PAC-Bayes bounds of the Gibbs predictor that invert kl exactly (Seeger, Maurer), and McAllester's first one.

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
        binary_kl_inverse_upper(risk.mean, with_maurers_constant(information, n, delta))
    }
}

impl PacBayes for Maurer {}

/// (KL + ln(2√n/δ))/n.
pub(super) fn with_maurers_constant(information: Nats, n: usize, delta: f64) -> f64 {
    let n = n as f64;
    (information.get().max(0.0) + (2.0 * n.sqrt()).ln() - delta.ln()) / n
}

/// kl(R̂‖R) ≤ (KL + ln(I(n)/δ))/n with the exact constant I(n) = Σ_k C(n, k) (k/n)ᵏ (1 − k/n)ⁿ⁻ᵏ of which 2√n is an upper bound (Maurer
/// 2004; Germain et al. 2015): never looser than [`Maurer`] for n ≥ 8, and about ln 1.6 nats better.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seeger;

impl Seeger {
    /// I(n) = 1 + Σ_{k=1}^n n!/((n − k)! nᵏ): O(√n) terms, each the last times 1 − (k − 1)/n. From 10,000 rows on by the expansion of that
    /// sum, Ramanujan's Q(n) (Flajolet, Grabner, Kirschenhofer & Prodinger 1995), whose eight terms are right to the last digit there.
    #[must_use]
    pub fn constant(n: usize) -> f64 {
        if n >= 10_000 { 1.0 + ramanujan_q(n as f64) } else { 1.0 + ramanujan_q_sum(n) }
    }
}

fn ramanujan_q_sum(n: usize) -> f64 {
    let (mut term, mut sum) = (1.0, 0.0);
    for k in 1..=n {
        term *= 1.0 - (k - 1) as f64 / n as f64;
        sum += term;
        if term < 1e-18 * sum {
            break;
        }
    }
    sum
}

/// Half of Stirling's series, and a series in whole powers beside it.
fn ramanujan_q(n: f64) -> f64 {
    let x = 1.0 / n;
    let half = (0.5 * std::f64::consts::PI * n).sqrt();
    let stirling = 1.0 + x * (1.0 / 12.0 + x * (1.0 / 288.0 - x * (139.0 / 51840.0)));
    half * stirling - 1.0 / 3.0 + x * (-4.0 / 135.0 + x * (8.0 / 2835.0 + x * (16.0 / 8505.0)))
}

impl Bound for Seeger {
    fn name(&self) -> &'static str {
        "PAC-Bayes kl, exact constant (Seeger 2002; Maurer 2004)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        Maurer.assumptions()
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let complexity = (information.get().max(0.0) + Seeger::constant(n).ln() - delta.ln()) / n as f64;
        binary_kl_inverse_upper(risk.mean, complexity)
    }
}

impl PacBayes for Seeger {}

/// kl inversion of (KL + 2 ln(b ln(c/λ)) + ln(π²n/(6δ)))/(n − 1), uniformly over priors of variance λ = c e^{−j/b}, j = 1, 2, … (Langford &
/// Caruana 2001; Dziugaite & Roy 2017): the scale of the prior may be chosen by looking at the rows. The information must be that from
/// the prior of the chosen scale.
#[derive(Clone, Copy, Debug)]
pub struct PriorScales {
    place: u32,
    largest: f64,
    precision: f64,
}

impl PriorScales {
    /// The point of the grid next below a variance that was found by any means; largest variance and points a factor e (`precision`)
    /// of the grid were declared beforehand (the paper: 0.1 and 100). `None` for numbers that make no grid.
    #[must_use]
    pub fn below(variance: f64, largest: f64, precision: f64) -> Option<PriorScales> {
        let place = (precision * (largest / variance).ln()).ceil().max(1.0);
        let makes_sense = precision > 0.0 && largest.is_normal() && largest > 0.0 && variance > 0.0;
        let in_range = makes_sense && place < f64::from(u32::MAX) && precision.is_finite();
        in_range.then_some(PriorScales { place: place as u32, largest, precision })
    }

    /// Its variance, which the prior must have.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.largest * (-f64::from(self.place) / self.precision).exp()
    }
}

impl Bound for PriorScales {
    fn name(&self) -> &'static str {
        "PAC-Bayes kl, prior scale on a grid (Dziugaite & Roy 2017)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        &[
            "loss in [0, 1]",
            "prior fixed before the rows were seen but for its scale, which is on the declared grid",
            "rows sampled at random",
        ]
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        if n < 2 {
            return 1.0;
        }
        let (n, j) = (n as f64, f64::from(self.place));
        // 2 ln(b ln(c/λ)) = 2 ln j, and π²/6 makes the weights 1/j² sum to 1
        let union = 2.0 * j.ln() + (std::f64::consts::PI.powi(2) * n / 6.0).ln();
        let complexity = (information.get().max(0.0) + union - delta.ln()) / (n - 1.0);
        binary_kl_inverse_upper(risk.mean, complexity)
    }
}

impl PacBayes for PriorScales {}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expansion_of_the_constant_is_the_sum() {
        // a wrong coefficient of any term would show at the smaller; the sum's own rounding at the larger
        for (n, tolerance) in [(40, 2e-10), (1_000, 5e-15), (10_000, 1e-14), (1_000_000, 1e-13)] {
            let (series, sum) = (ramanujan_q(n as f64), ramanujan_q_sum(n));
            assert!((series / sum - 1.0).abs() < tolerance, "{n}: {series} {sum}");
        }
    }
}
