//! PAC-Bayes bounds of unbounded losses whose deviations are sub-Gaussian or sub-gamma, with their constants in the open.

use softbias_models::EmpiricalRisk;
use softbias_priors::Nats;

use super::{Bound, PacBayes};

/// R ≤ R̂ + (KL + ln(ν/δ) + Ψ(λ))/λ, Ψ(λ) = λ²s²/(2n), the least over ν values of λ fixed beforehand (Alquier, Ridgway & Chopin 2016).
///
/// s² must be such that ln E_P E exp(λ(R − R̂)) ≤ λ²s²/(2n) for those λ, functions being drawn from the prior and rows anew: for
/// instance when the loss of *every* function is sub-Gaussian with variance factor s². A loss in [a, b] has s² = (b − a)²/4
/// (Hoeffding).
#[derive(Clone, Debug, PartialEq)]
pub struct SubGaussian {
    variance: f64,
    lambdas: Vec<f64>,
}

/// The least of the values over a grid that was fixed beforehand; where there is none, the loss's largest value or ∞.
fn least(
    lambdas: &[f64],
    risk: &EmpiricalRisk,
    information: Nats,
    delta: f64,
    psi: impl Fn(f64) -> f64,
) -> f64 {
    let complexity = information.get().max(0.0) + (lambdas.len() as f64).ln() - delta.ln();
    let at = |lambda: &f64| {
        let value = risk.mean + (complexity + psi(*lambda)) / lambda;
        if *lambda > 0.0 && !value.is_nan() { value } else { f64::INFINITY }
    };
    let most = risk.loss.range().map_or(f64::INFINITY, |(_, most)| most);
    lambdas.iter().map(at).fold(most, f64::min)
}

impl SubGaussian {
    /// With this variance factor s², at one λ > 0 fixed beforehand; √n is a common choice.
    #[must_use]
    pub fn new(variance: f64, lambda: f64) -> SubGaussian {
        SubGaussian { variance, lambdas: vec![lambda] }
    }

    /// The best of several λ fixed beforehand, paid for.
    #[must_use]
    pub fn over(variance: f64, lambdas: &[f64]) -> SubGaussian {
        SubGaussian { variance, lambdas: lambdas.to_vec() }
    }
}

impl Bound for SubGaussian {
    fn name(&self) -> &'static str {
        "PAC-Bayes, sub-Gaussian loss (Alquier et al. 2016)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        &[
            "deviations of the loss sub-Gaussian with the declared variance factor, under the prior and for new rows",
            "prior and λ fixed before the rows were seen",
            "rows sampled at random",
        ]
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let psi = |lambda: f64| lambda * lambda * self.variance / (2.0 * n as f64);
        if self.variance.is_nan() || self.variance < 0.0 {
            return f64::INFINITY;
        }
        least(&self.lambdas, risk, information, delta, psi)
    }

    fn refuses(&self, _risk: &EmpiricalRisk) -> Option<String> {
        None
    }
}

impl PacBayes for SubGaussian {}

/// R ≤ R̂ + (KL + ln(ν/δ) + Ψ(λ))/λ, Ψ(λ) = λ²s²/(2n(1 − cλ/n)) for λ < n/c (Germain et al. 2016, Alquier et al. 2016), the least over ν
/// values of λ fixed beforehand.
///
/// s² and c must be such that ln E_P E exp(λ(R − R̂)) is at most that. A tail of one row's loss is not enough where functions of large
/// risk have large tails, for they are shared by all rows: the constants that Germain et al. (2016, section 4) give for linear regression
/// at λ = n bound one row's tail, and the Ψ of n rows is infinite once n·σx²σp² > σ². [`LinearRegression`](super::LinearRegression) takes
/// the exact Ψ instead.
#[derive(Clone, Debug, PartialEq)]
pub struct SubGamma {
    variance: f64,
    scale: f64,
    lambdas: Vec<f64>,
}

impl SubGamma {
    /// With variance factor s² and scale c, at one λ in (0, n/c) fixed beforehand.
    #[must_use]
    pub fn new(variance: f64, scale: f64, lambda: f64) -> SubGamma {
        SubGamma { variance, scale, lambdas: vec![lambda] }
    }

    /// The best of several λ fixed beforehand, paid for.
    #[must_use]
    pub fn over(variance: f64, scale: f64, lambdas: &[f64]) -> SubGamma {
        SubGamma { variance, scale, lambdas: lambdas.to_vec() }
    }
}

impl Bound for SubGamma {
    fn name(&self) -> &'static str {
        "PAC-Bayes, sub-gamma loss (Germain et al. 2016)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        &[
            "deviations of the loss sub-gamma with the declared variance factor and scale, under the prior and for new rows",
            "prior and λ fixed before the rows were seen",
            "rows sampled at random",
        ]
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let n = n as f64;
        let psi = |lambda: f64| {
            let left = 1.0 - self.scale * lambda / n;
            if left > 0.0 { lambda * lambda * self.variance / (2.0 * n * left) } else { f64::INFINITY }
        };
        let make_sense = self.variance >= 0.0 && self.scale >= 0.0;
        if make_sense { least(&self.lambdas, risk, information, delta, psi) } else { f64::INFINITY }
    }

    fn refuses(&self, _risk: &EmpiricalRisk) -> Option<String> {
        None
    }
}

impl PacBayes for SubGamma {}
