//! Losses in [0, 1] and the risks that certificates start from.

use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};
use softbias_priors::math::special::{normal_cdf, normal_pdf};

use crate::data::Data;
use crate::error::{ModelError, Result};

/// A loss with values in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Loss {
    /// 1 where the sign of the function is not the label's (labels −1 and +1), else 0.
    ZeroOne,
    /// min((y − f)²/scale², 1): squared error, clipped where it is as large as `scale`, in the unit of the labels.
    ClippedSquared {
        /// The error at which the loss is 1.
        scale: f64,
    },
}

impl Loss {
    /// Whether the loss takes the values 0 and 1 only.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(self, Loss::ZeroOne)
    }

    /// Checks the scale, and every label.
    pub(crate) fn check(self, data: &Data) -> Result<()> {
        match self {
            Loss::ClippedSquared { scale } if !(scale > 0.0 && (scale * scale).is_normal()) => {
                Err(ModelError::Range {
                    what: "the scale of a clipped loss",
                    low: 0.0,
                    high: f64::INFINITY,
                    value: scale,
                })
            }
            Loss::ZeroOne => match data.labels().indexed_iter().find(|(_, y)| y.abs() != 1.0) {
                Some(((row, _), &value)) => Err(ModelError::Sign { row, value }),
                None => Ok(()),
            },
            Loss::ClippedSquared { .. } => Ok(()),
        }
    }

    /// The loss of one function value.
    #[must_use]
    pub fn of(self, y: f64, f: f64) -> f64 {
        match self {
            // NaN is wrong: anything but the right sign is.
            Loss::ZeroOne => {
                if f * y > 0.0 {
                    0.0
                } else {
                    1.0
                }
            }
            Loss::ClippedSquared { scale } => ((y - f) / scale).powi(2).min(1.0),
        }
    }

    /// Its expectation for f ~ N(mean, variance), in closed form.
    #[must_use]
    pub fn expected(self, y: f64, mean: f64, variance: f64) -> f64 {
        let sd = variance.sqrt();
        if sd == 0.0 {
            return self.of(y, mean);
        }
        match self {
            Loss::ZeroOne => normal_cdf(-y * mean / sd),
            Loss::ClippedSquared { scale } => {
                let d = mean - y;
                let (a, b) = ((-scale - d) / sd, (scale - d) / sd);
                let edge = |z: f64| if z.is_finite() { z * normal_pdf(z) } else { 0.0 };
                // Φ(b) − Φ(a) from whichever tail keeps the digits
                let inside =
                    if a > 0.0 { normal_cdf(-a) - normal_cdf(-b) } else { normal_cdf(b) - normal_cdf(a) };
                let square = (d * d + variance) * inside
                    + 2.0 * d * sd * (normal_pdf(a) - normal_pdf(b))
                    + variance * (edge(a) - edge(b));
                (square / (scale * scale) + 1.0 - inside).clamp(0.0, 1.0)
            }
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::ZeroOne => f.write_str("zero–one loss"),
            Loss::ClippedSquared { scale } => write!(f, "squared error in units of {scale}², clipped at 1"),
        }
    }
}

/// The risk of a predictor on a sample, with what a bound must know of how it was come by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmpiricalRisk {
    /// Mean loss, in [0, 1].
    pub mean: f64,
    /// Number of rows.
    pub n: usize,
    /// The loss.
    pub loss: Loss,
    /// How many of the n losses are 1, where each is 0 or 1: one fixed function of one output under the zero–one loss.
    pub errors: Option<usize>,
}

impl EmpiricalRisk {
    /// The Gibbs risk of a Gaussian posterior, exact: no draws, so no Monte-Carlo correction.
    pub(crate) fn gibbs_gaussian(
        loss: Loss,
        data: &Data,
        mean: &Array2<f64>,
        var: &Array2<f64>,
    ) -> Result<EmpiricalRisk> {
        loss.check(data)?;
        if mean.ncols() != data.outputs() {
            return Err(ModelError::Outputs { model: mean.ncols(), labels: data.outputs() });
        }
        let total: f64 =
            data.labels().iter().zip(mean.iter().zip(var)).map(|(y, (m, v))| loss.expected(*y, *m, *v)).sum();
        let mean = (total / data.labels().len() as f64).clamp(0.0, 1.0);
        Ok(EmpiricalRisk { mean, n: data.len(), loss, errors: None })
    }

    /// The risk of one fixed function, known by its values at the rows.
    ///
    /// # Errors
    /// When values and labels differ in shape, or the loss cannot judge the labels.
    pub fn of_function(loss: Loss, data: &Data, values: &Array2<f64>) -> Result<EmpiricalRisk> {
        if values.dim() != data.labels().dim() {
            return Err(ModelError::Outputs { model: values.ncols(), labels: data.outputs() });
        }
        let risk = EmpiricalRisk::gibbs_gaussian(loss, data, values, &Array2::zeros(values.raw_dim()))?;
        let whole = loss.is_binary() && data.outputs() == 1;
        // (a function value of 0 counts as half an error)
        let errors =
            Some(risk.mean * risk.n as f64).filter(|errors| whole && (errors - errors.round()).abs() < 1e-6);
        Ok(EmpiricalRisk { errors: errors.map(|errors| errors.round() as usize), ..risk })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use softbias_priors::math::quadrature::Quadrature;

    #[test]
    fn expected_clipped_loss_is_the_integral() {
        let loss = Loss::ClippedSquared { scale: 0.7 };
        // split at the kinks so that Gauss–Legendre is exact enough
        let rule = Quadrature::uniform(60).unwrap();
        for (y, mean, sd) in
            [(0.0f64, 0.0f64, 1.0f64), (0.3, -0.2, 0.1), (1.0, 5.0, 2.0), (2.0, 2.0, 0.01), (0.0, 9.0, 0.5)]
        {
            let ends: [f64; 4] = [mean - 12.0 * sd, y - 0.7, y + 0.7, mean + 12.0 * sd];
            let mut integral = 0.0;
            for pair in ends.windows(2) {
                let (a, b) = (f64::max(pair[0], ends[0]), f64::min(pair[1], ends[3]));
                for piece in 0..8 {
                    let (l, h) =
                        (a + (b - a) * f64::from(piece) / 8.0, a + (b - a) * f64::from(piece + 1) / 8.0);
                    if h > l {
                        let g = |t: f64| {
                            let f = l + (h - l) * (t + 1.0) / 2.0;
                            loss.of(y, f) * normal_pdf((f - mean) / sd) / sd
                        };
                        integral += (h - l) * rule.mean(g);
                    }
                }
            }
            let found = loss.expected(y, mean, sd * sd);
            assert!((found - integral).abs() < 1e-9, "{y} {mean} {sd}: {found} {integral}");
        }
    }

    #[test]
    fn expected_zero_one_loss() {
        assert!((Loss::ZeroOne.expected(1.0, 0.0, 1.0) - 0.5).abs() < 1e-15);
        assert!((Loss::ZeroOne.expected(-1.0, 1.96, 1.0) - 0.975_002_104_851_78).abs() < 1e-12);
        assert_eq!(Loss::ZeroOne.expected(1.0, 2.0, 0.0), 0.0);
        assert_eq!(Loss::ZeroOne.expected(1.0, 0.0, 0.0), 1.0);
    }
}
