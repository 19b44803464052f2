//! Bounds of the majority vote, one fixed classifier, from the Gibbs risk, the tandem loss, the C-bound, or a margin.

use softbias_models::{EmpiricalRisk, Loss};
use softbias_priors::Nats;
use softbias_priors::math::special::normal_cdf;
use softbias_priors::math::stable::{binary_kl_inverse_lower, binary_kl_inverse_upper};

use super::pac_bayes::Seeger;
use super::{Bound, Vote};

const ASSUMPTIONS: &[&str] =
    &["a loss of 0 or 1 a row", "prior fixed before the rows were seen", "rows sampled at random"];

/// Votes are about being right or wrong.
fn needs_a_binary_loss(risk: &EmpiricalRisk) -> Option<String> {
    let reason = || {
        format!("a majority is right or wrong, so it needs a loss that is 0 or 1, and {} is not", risk.loss)
    };
    (!matches!(risk.loss, Loss::ZeroOne | Loss::Misclassified)).then(reason)
}

/// (KL + ln(I(n)/δ))/n for `copies` functions drawn independently, whose relative entropy is that many times KL.
fn complexity(copies: f64, information: Nats, n: usize, delta: f64) -> f64 {
    (copies * information.get().max(0.0) + Seeger::constant(n).ln() - delta.ln()) / n as f64
}

/// R_vote ≤ 2 R_Gibbs: where the vote is wrong, at least half of the posterior is (Langford & Shawe-Taylor 2003). The Gibbs risk by
/// [`Seeger`].
#[derive(Clone, Copy, Debug, Default)]
pub struct FactorTwo;

impl Bound for FactorTwo {
    fn name(&self) -> &'static str {
        "majority vote, twice the Gibbs risk (Langford & Shawe-Taylor 2003)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        ASSUMPTIONS
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        (2.0 * Seeger.value(risk, information, n, delta)).min(1.0)
    }

    fn refuses(&self, risk: &EmpiricalRisk) -> Option<String> {
        needs_a_binary_loss(risk)
    }
}

impl Vote for FactorTwo {}

/// R_vote ≤ 4 E[both of two independent draws are wrong], by kl inversion at 2 KL (Masegosa et al. 2020): better than [`FactorTwo`] where
/// draws seldom err together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tandem;

impl Bound for Tandem {
    fn name(&self) -> &'static str {
        "majority vote, tandem loss (Masegosa et al. 2020)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        ASSUMPTIONS
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let together = binary_kl_inverse_upper(risk.tandem, complexity(2.0, information, n, delta));
        (4.0 * together).min(1.0)
    }

    fn refuses(&self, risk: &EmpiricalRisk) -> Option<String> {
        needs_a_binary_loss(risk)
    }
}

impl Vote for Tandem {}

/// R_vote ≤ 1 − (1 − 2R)²/(1 − 2d) with the Gibbs risk R bounded above and the disagreement d of two independent draws bounded below,
/// each with δ/2 (the C-bound: Lacasse et al. 2007; PAC-bound 1 of Germain et al. 2015). 1 where R may be ½.
///
/// For more than two classes d is the probability that one of two draws errs and the other does not, which is what the proof needs.
#[derive(Clone, Copy, Debug, Default)]
pub struct CBound;

impl Bound for CBound {
    fn name(&self) -> &'static str {
        "majority vote, C-bound (Germain et al. 2015)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        ASSUMPTIONS
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let gibbs = binary_kl_inverse_upper(risk.mean, complexity(1.0, information, n, 0.5 * delta));
        let apart = (2.0 * (risk.mean - risk.tandem)).clamp(0.0, 1.0);
        let apart = binary_kl_inverse_lower(apart, complexity(2.0, information, n, 0.5 * delta));
        if gibbs >= 0.5 || apart >= 0.5 {
            return 1.0;
        }
        (1.0 - (1.0 - 2.0 * gibbs).powi(2) / (1.0 - 2.0 * apart)).clamp(0.0, 1.0)
    }

    fn refuses(&self, risk: &EmpiricalRisk) -> Option<String> {
        if risk.drawn.is_some() {
            return Some(
                "it needs the disagreement, of which an estimate by draws has no lower limit".to_owned(),
            );
        }
        needs_a_binary_loss(risk)
    }
}

impl Vote for CBound {}

/// R_vote ≤ R_Gibbs(γ)/Φ(γ/σ): the zero–one risk of the sign of the posterior mean from the Gibbs risk at margin γ, where every function
/// value is Gaussian about that mean with standard deviation at most σ.
///
/// Where y·mean ≤ 0, a draw has y·f ≤ γ with probability at least Φ(γ/σ); so the indicator of the first is at most the Gibbs loss of the
/// second over Φ(γ/σ), at every point (the argument of Langford & Shawe-Taylor 2003). γ = 0 is [`FactorTwo`]. σ must hold at points to
/// come: the largest standard deviation of the *prior* does, for no posterior of a Gaussian prior exceeds it. γ must be fixed before the
/// rows are seen, or paid for ([`choose`](super::choose)).
#[derive(Clone, Copy, Debug)]
pub struct MarginVote {
    /// The margin γ ≥ 0; the loss measured must be [`Loss::Margin`] at it.
    pub gamma: f64,
    /// The largest standard deviation σ > 0 of a function value about the posterior mean, at any point.
    pub largest_sd: f64,
}

impl Bound for MarginVote {
    fn name(&self) -> &'static str {
        "sign of the posterior mean, margin (after Langford & Shawe-Taylor 2003)"
    }

    fn assumptions(&self) -> &'static [&'static str] {
        &[
            "function values Gaussian about the posterior mean, nowhere with more than the declared standard deviation",
            "prior, margin and largest deviation fixed before the rows were seen",
            "rows sampled at random",
        ]
    }

    fn value(&self, risk: &EmpiricalRisk, information: Nats, n: usize, delta: f64) -> f64 {
        let share = normal_cdf(self.gamma / self.largest_sd);
        let value = Seeger.value(risk, information, n, delta) / share;
        let sensible = self.gamma >= 0.0 && self.largest_sd > 0.0 && value.is_finite();
        if sensible { value.min(1.0) } else { 1.0 }
    }

    fn refuses(&self, risk: &EmpiricalRisk) -> Option<String> {
        let reason =
            || format!("it needs the loss `Loss::Margin` at {}, and this is {}", self.gamma, risk.loss);
        (risk.loss != Loss::Margin { gamma: self.gamma }).then(reason)
    }

    fn concerns(&self, _measured: Loss) -> Loss {
        Loss::ZeroOne
    }
}

impl Vote for MarginVote {}
