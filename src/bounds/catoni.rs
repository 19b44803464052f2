//! Catoni's PAC-Bayes bounds: at a constant that was fixed beforehand, and at the best one of a grid that is paid for.

use softbias_models::EmpiricalRisk;
use softbias_priors::Nats;

use super::{Bound, PacBayes};

/// R ≤ (1 − exp(−C R̂ − (KL + ln 1/δ)/n))/(1 − e^{−C}) for one C > 0 (Catoni 2007, theorem 1.2.6).
///
/// C must be fixed before the rows are seen: its minimum over C is kl⁻¹(R̂, (KL + ln 1/δ)/n), which is not known to hold with confidence
/// 1 − δ (Foong et al. 2021). Use [`CatoniGrid`] for a C that looks at the data.
#[derive(Clone, Copy, Debug)]
pub struct Catoni {
    c: f64,
}

impl Catoni {
    /// At this C; for one that is not positive the bound is 1.
    #[must_use]
    pub fn fixed(c: f64) -> Catoni {
        Catoni { c }
    }
}

/// (1 − e^{−x})/(1 − e^{−c}), at most 1.
fn of_exponents(x: f64, c: f64) -> f64 {
    let value = (-x).exp_m1() / (-c).exp_m1();
    if value.is_nan() { 1.0 } else { value.min(1.0) }
}

impl Bound for Catoni {
    fn name(&self) -> &'static str {
        "PAC-Bayes (Catoni 2007, C fixed)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        &["loss in [0, 1]", "prior and C fixed before the rows were seen", "rows sampled at random"]
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        if self.c.is_nan() || self.c <= 0.0 {
            return 1.0;
        }
        let complexity = (information.get().max(0.0) - delta.ln()) / n as f64;
        of_exponents(self.c * risk.mean + complexity, self.c).max(risk.mean)
    }
}

impl PacBayes for Catoni {}

/// inf over λ > 1 of Φ⁻¹_{λ/n}(R̂ + (α/λ)(KL + ln 1/δ + 2 ln(ln(α²λ)/ln α))), Φ⁻¹_g(x) = (1 − e^{−gx})/(1 − e^{−g}): Catoni's bound at the
/// best λ, a geometric grid of ratio α paid for (Catoni 2007, theorem 1.2.7; the form of Zhou et al. 2019 and Lotfi et al. 2022).
#[derive(Clone, Copy, Debug)]
pub struct CatoniGrid {
    alpha: f64,
}

impl Default for CatoniGrid {
    /// α = 1 + 1e-4, as in the papers.
    fn default() -> CatoniGrid {
        CatoniGrid { alpha: 1.0 + 1e-4 }
    }
}

impl CatoniGrid {
    /// With this ratio of the grid, above 1.
    #[must_use]
    pub fn ratio(alpha: f64) -> CatoniGrid {
        CatoniGrid { alpha }
    }

    /// The bound at one λ > 1, which may have been chosen by looking.
    fn at(&self, lambda: f64, mean: f64, complexity: f64, n: f64) -> f64 {
        let grid = 2.0 * ((self.alpha * self.alpha * lambda).ln() / self.alpha.ln()).ln();
        let gamma = lambda / n;
        of_exponents(gamma * (mean + self.alpha / lambda * (complexity + grid)), gamma)
    }
}

impl Bound for CatoniGrid {
    fn name(&self) -> &'static str {
        "PAC-Bayes (Catoni 2007, λ on a grid)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        &["loss in [0, 1]", "prior and grid fixed before the rows were seen", "rows sampled at random"]
    }

    /// The infimum is looked for over λ in (1, 100 n]; any λ gives a bound, so that an imperfect search is safe.
    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        if !(self.alpha > 1.0 && self.alpha.is_finite()) {
            return 1.0;
        }
        let (n, complexity) = (n as f64, information.get().max(0.0) - delta.ln());
        let at = |t: f64| self.at(t.exp(), risk.mean, complexity, n);
        let (low, high) = (1e-9, (100.0 * n).ln());
        let steps = 200;
        let place = |i: usize| low + (high - low) * i as f64 / steps as f64;
        let best = (0..=steps).min_by(|&i, &j| at(place(i)).total_cmp(&at(place(j)))).unwrap_or(steps);
        let (mut left, mut right) = (place(best.saturating_sub(1)), place((best + 1).min(steps)));
        // Golden section: of four places the outer one next to the higher value goes.
        let golden = 0.5 * (5f64.sqrt() - 1.0);
        for _ in 0..100 {
            let (a, b) = (right - golden * (right - left), left + golden * (right - left));
            if at(a) < at(b) { right = b } else { left = a }
        }
        at(0.5 * (left + right)).min(at(place(best))).max(risk.mean).min(1.0)
    }
}

impl PacBayes for CatoniGrid {}
