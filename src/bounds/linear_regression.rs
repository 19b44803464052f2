//! The PAC-Bayes bound of Bayesian linear regression with unbounded squared error, its moment generating function exact.

use softbias_models::{EmpiricalRisk, Loss};
use softbias_priors::Nats;
use softbias_priors::math::special::ln_gamma;
use softbias_priors::math::stable::log_sum_exp;

use super::{Bound, PacBayes};

/// R ≤ R̂ + (KL + ln(1/δ) + Ψ)/λ for linear functions w·x with prior w ~ N(0, σp² I_d), when inputs are N(0, σx² I_d) and labels
/// w*·x + N(0, σε²): then Ψ = ln E_w [e^{λv} (1 + 2λv/n)^{−n/2}] exactly, v = σx²|w − w*|² + σε² (Shalaeva et al. 2020, theorem 3),
/// an integral over a non-central χ² that is done here to about 1e-10.
///
/// Finite only for λ below half the loss's unit over σx²σp²: more confident λ need a narrower prior. |w*| and σε may be upper limits, for
/// Ψ grows with both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearRegression {
    /// Number of inputs d, at least 1.
    pub inputs: usize,
    /// Standard deviation σx of every input.
    pub input_sd: f64,
    /// Standard deviation σp of every weight under the prior.
    pub prior_sd: f64,
    /// |w*|, or an upper limit of it.
    pub truth: f64,
    /// σε, or an upper limit of it.
    pub noise: f64,
    /// λ > 0, fixed before the rows were seen.
    pub lambda: f64,
}

/// ln ₀F₁(; b; z) = ln Σ zʲ/(j! (b)ⱼ) for b > 0, z ≥ 0: summed outwards from its largest term.
fn ln_0f1(b: f64, z: f64) -> f64 {
    if z == 0.0 {
        return 0.0;
    }
    // terms grow while z > (j + 1)(b + j)
    let peak = (0.5 * (((b - 1.0).powi(2) + 4.0 * z).sqrt() - b - 1.0)).max(0.0).floor();
    let top = peak * z.ln() - ln_gamma(peak + 1.0) - ln_gamma(b + peak) + ln_gamma(b);
    let (mut sum, mut term, mut j) = (1.0, 1.0, peak);
    while term > 1e-17 * sum {
        term *= z / ((j + 1.0) * (b + j));
        sum += term;
        j += 1.0;
    }
    (term, j) = (1.0, peak);
    while j > 0.0 && term > 1e-17 * sum {
        term *= j * (b + j - 1.0) / z;
        sum += term;
        j -= 1.0;
    }
    top + f64::ln(sum)
}

/// Nats below its top where an integrand is over, and the coarse step in ln u that finds where that is.
const DEPTH: f64 = 45.0;
const COARSE: f64 = 0.05;

impl LinearRegression {
    /// The square whose multiple the loss is, where it is a squared error.
    fn unit(loss: Loss) -> Option<f64> {
        match loss {
            Loss::Squared { scale } => Some(scale * scale),
            Loss::GaussianLog { noise } => Some(2.0 * noise * noise),
            _ => None,
        }
    }

    /// Ψ at λ for n rows; ∞ where it diverges, or for settings that make no sense.
    #[must_use]
    pub fn psi(&self, loss: Loss, n: usize) -> f64 {
        let Some(unit) = LinearRegression::unit(loss) else {
            return f64::INFINITY;
        };
        let positive =
            [self.input_sd, self.prior_sd, self.lambda, unit].iter().all(|v| *v > 0.0 && v.is_finite());
        let sensible = positive && self.inputs > 0 && self.truth >= 0.0 && self.noise >= 0.0;
        // of λ v in u = |w − w*|²/σp², against the −u/2 of the density
        let slope = self.lambda * (self.input_sd * self.prior_sd).powi(2) / unit;
        if !sensible || slope >= 0.5 {
            return f64::INFINITY;
        }
        let (n, half) = (n as f64, 0.5 * self.inputs as f64);
        let off_centre = (self.truth / self.prior_sd).powi(2);
        let floor = self.lambda * self.noise * self.noise / unit;
        let constant = -half * std::f64::consts::LN_2 - ln_gamma(half) - 0.5 * off_centre;
        // ln of the integrand in t = ln u
        let log = |t: f64| {
            let u = t.exp();
            let pull = slope * u + floor;
            pull - 0.5 * n * (2.0 * pull / n).ln_1p() + half * t - 0.5 * u
                + constant
                + ln_0f1(half, 0.25 * off_centre * u)
        };
        // (a density e^{t/2} at its slowest to the left; to the right (½ − slope) u wins over √(off_centre u), by however little)
        let left = 0.5 - slope;
        let end =
            (40.0 * off_centre / left / left + 1e3 * (1.0 + off_centre + self.inputs as f64) / left).ln();
        let coarse: Vec<(f64, f64)> = (0..)
            .map(|k| -100.0 + COARSE * f64::from(k))
            .take_while(|t| *t < end)
            .map(|t| (t, log(t)))
            .collect();
        let top = coarse.iter().map(|(_, h)| *h).fold(f64::NEG_INFINITY, f64::max);
        let alive = |entry: &&(f64, f64)| entry.1 > top - DEPTH;
        let (Some(first), Some(last)) = (coarse.iter().find(alive), coarse.iter().rfind(alive)) else {
            return f64::INFINITY;
        };
        // The trapezoidal rule is exact to rounding for a smooth integrand that dies at both ends.
        let step = (0.2 * (left / (1.0 + half + off_centre)).sqrt()).clamp(1e-5, 0.02);
        let (from, to) = (first.0 - COARSE, last.0 + COARSE);
        let count = ((to - from) / step).ceil();
        let values: Vec<f64> = (0..=count as usize).map(|k| log(from + step * k as f64)).collect();
        // (never below 0: the exponent's expectation over rows is at least 1 for every function)
        (log_sum_exp(&values) + step.ln()).max(0.0)
    }
}

impl Bound for LinearRegression {
    fn name(&self) -> &'static str {
        "PAC-Bayes, linear regression (Shalaeva et al. 2020)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        &[
            "the functions are w·x with prior w ~ N(0, σp² I), fixed with λ before the rows were seen",
            "inputs N(0, σx² I), labels w*·x plus N(0, σε²), with the declared numbers",
            "rows sampled at random",
        ]
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let complexity = information.get().max(0.0) - delta.ln();
        let value = risk.mean + (complexity + self.psi(risk.loss, n)) / self.lambda;
        if value.is_nan() { f64::INFINITY } else { value }
    }

    fn refuses(&self, risk: &EmpiricalRisk) -> Option<String> {
        let refusal = || format!("it is about squared error or its Gaussian log loss, not {}", risk.loss);
        LinearRegression::unit(risk.loss).is_none().then(refusal)
    }
}

impl PacBayes for LinearRegression {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use softbias_priors::Seed;

    fn at(lambda: f64) -> LinearRegression {
        LinearRegression { inputs: 3, input_sd: 1.0, prior_sd: 0.5, truth: 0.8, noise: 0.3, lambda }
    }

    #[test]
    fn the_series() {
        // ₀F₁(; 3/2; z²/4) = sinh(z)/z, ₀F₁(; ½; z²/4) = cosh z
        for z in [1e-3f64, 0.5, 3.0, 40.0, 600.0] {
            let sinh = (z - std::f64::consts::LN_2) + (-(-2.0 * z).exp()).ln_1p() - z.ln();
            assert!((ln_0f1(1.5, 0.25 * z * z) - sinh).abs() < 1e-12 * (1.0 + sinh.abs()), "{z}");
            let cosh = (z - std::f64::consts::LN_2) + (-2.0 * z).exp().ln_1p();
            assert!((ln_0f1(0.5, 0.25 * z * z) - cosh).abs() < 1e-12 * (1.0 + cosh.abs()), "{z}");
        }
    }

    #[test]
    fn psi_is_the_average_over_the_prior() {
        let loss = Loss::Squared { scale: 1.0 };
        for (lambda, n) in [(0.3, 5), (1.0, 40), (1.5, 1000)] {
            let bound = at(lambda);
            // functions drawn from the prior, their expectation over rows in closed form
            let w = Seed::new(1).normal2(200_000, 3) * 0.5;
            let values: Vec<f64> = w
                .rows()
                .into_iter()
                .map(|w| {
                    let v = (w[0] - 0.8).powi(2) + w[1] * w[1] + w[2] * w[2] + 0.09;
                    lambda * v - 0.5 * n as f64 * (2.0 * lambda * v / n as f64).ln_1p()
                })
                .collect();
            let sampled = log_sum_exp(&values) - (values.len() as f64).ln();
            let found = bound.psi(loss, n);
            assert!((found - sampled).abs() < 0.02, "{lambda} {n}: {found} {sampled}");
        }
        // one row, one input, one function: ln(e^{λv}(1 + 2λv)^{−½})
        let sure = LinearRegression {
            inputs: 1,
            input_sd: 1.0,
            prior_sd: 1e-9,
            truth: 0.0,
            noise: 1.0,
            lambda: 0.7,
        };
        assert!((sure.psi(loss, 1) - (0.7 - 0.5 * 2.4f64.ln())).abs() < 1e-9);
        // it diverges at λ σx²σp² = ½, for however many rows
        assert!(at(1.99).psi(loss, 100).is_finite() && at(2.0).psi(loss, 100).is_infinite());
        // near divergence the integrand peaks far out: by an independent integral with a longer range
        for (lambda, expected) in [(1.999, 2321.4061), (1.9998, 12499.0), (1.9999, 25273.0)] {
            let found = at(lambda).psi(loss, 40);
            assert!((found / expected - 1.0).abs() < 1e-3, "{lambda}: {found}");
        }
        // grows with what may be an upper limit
        let more = LinearRegression { truth: 1.0, ..at(1.0) };
        assert!(more.psi(loss, 40) > at(1.0).psi(loss, 40));
        let more = LinearRegression { noise: 0.4, ..at(1.0) };
        assert!(more.psi(loss, 40) > at(1.0).psi(loss, 40));
        // the log loss is the squared one in another unit
        let log = at(1.0).psi(Loss::GaussianLog { noise: 0.7 }, 9);
        let scale = 0.7 * 2f64.sqrt();
        assert!((log - at(1.0).psi(Loss::Squared { scale }, 9)).abs() < 1e-12);
    }
}
