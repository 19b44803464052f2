//! Binary labels −1 and +1: the sign of the function, seen through a logistic or a normal link.

use serde::{Deserialize, Serialize};
use softbias_priors::math::special::log_normal_cdf;
use softbias_priors::math::stable::log1p_exp;

use super::Likelihood;
use super::scalar::{Derivatives, ExpectedLog, Judged, Parametric, ScalarLikelihood, expected_by_quadrature};
use crate::error::Result;
use crate::latent::tilted::{Tilted, logistic_tilted};

/// How a function value becomes a probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Link {
    /// p(+1 | f) = 1/(1 + e^−f).
    Logit,
    /// p(+1 | f) = Φ(f).
    Probit,
}

/// p(y | f) = link(y f) for labels y = −1 or +1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bernoulli {
    link: Link,
}

impl Bernoulli {
    /// Logistic regression's link.
    #[must_use]
    pub fn logit() -> Bernoulli {
        Bernoulli { link: Link::Logit }
    }

    /// The normal distribution function: labels are signs of f plus standard normal noise.
    #[must_use]
    pub fn probit() -> Bernoulli {
        Bernoulli { link: Link::Probit }
    }

    /// The link.
    #[must_use]
    pub fn link(&self) -> Link {
        self.link
    }

    /// The label's density times N(f; mean, variance), by its integral and moments: in closed form for the probit link, by
    /// quadrature for the logit.
    pub(crate) fn tilted(&self, y: f64, mean: f64, variance: f64) -> Result<Tilted> {
        match self.link {
            Link::Logit => logistic_tilted(|f| self.derivatives(y, f), mean, variance),
            Link::Probit => {
                // R&W 3.58, written in the derivatives of ln Φ
                let square = 1.0 + variance;
                let [log_z, first, second, _] = log_normal_cdf(y * mean / square.sqrt());
                Ok(Tilted {
                    log_z,
                    first: y * first / square.sqrt(),
                    second: second / square,
                    shrink: (1.0 + variance * (1.0 + second)) / square,
                })
            }
        }
    }

    /// P(−1) and P(+1) for f ~ N(mean, variance).
    pub(crate) fn probabilities(&self, mean: f64, variance: f64) -> Result<[f64; 2]> {
        let below = self.log_predictive(-1.0, mean, variance)?.exp();
        let above = self.log_predictive(1.0, mean, variance)?.exp();
        Ok([below / (below + above), above / (below + above)])
    }
}

impl Likelihood for Bernoulli {
    fn log_density(&self, y: f64, f: f64) -> f64 {
        self.derivatives(y, f).log
    }
}

impl Parametric for Bernoulli {}

impl ScalarLikelihood for Bernoulli {
    fn derivatives(&self, y: f64, f: f64) -> Derivatives {
        let z = y * f;
        match self.link {
            Link::Logit => {
                let (right, wrong) = (1.0 / (1.0 + (-z).exp()), 1.0 / (1.0 + z.exp()));
                Derivatives {
                    log: -log1p_exp(-z),
                    first: y * wrong,
                    second: -right * wrong,
                    third: y * right * wrong * (right - wrong),
                }
            }
            Link::Probit => {
                let [log, first, second, third] = log_normal_cdf(z);
                Derivatives { log, first: y * first, second, third: y * third }
            }
        }
    }

    fn support(&self) -> &'static str {
        "binary labels are −1 or +1"
    }

    fn supports(&self, y: f64) -> bool {
        y.abs() == 1.0
    }

    fn log_predictive(&self, y: f64, mean: f64, variance: f64) -> Result<f64> {
        Ok(self.tilted(y, mean, variance)?.log_z)
    }
}

impl Judged for Bernoulli {}

impl ExpectedLog for Bernoulli {
    /// By quadrature, cut about the place where the sign changes.
    fn expected_log(&self, y: f64, mean: f64, variance: f64) -> Result<[f64; 3]> {
        expected_by_quadrature(self, y, &[-20.0, -5.0, -2.0, 0.0, 2.0, 5.0, 20.0], mean, variance)
    }
}
