//! Losses: what a function value is charged for a label.

use std::fmt;

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};
use softbias_priors::math::special::{log_normal_cdf, normal_quantile};
use softbias_priors::math::stable::log1p_exp;

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::likelihood::Link;

/// A loss. Most have values in [0, 1], which bounds of bounded losses ask for ([`Loss::range`] says).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Loss {
    /// 1 where the sign of the function is not the label's (labels −1 and +1), else 0.
    ZeroOne,
    /// 1 where the label times the function is not above `gamma`, else 0 (labels −1 and +1).
    Margin {
        /// The margin, in the unit of the function.
        gamma: f64,
    },
    /// 1 where the largest of C ≥ 2 functions is not that of the label's class, else 0. Labels are class numbers 0, …, C − 1 in one
    /// column, or C columns of which the largest says the class.
    Misclassified,
    /// min((y − f)²/scale², 1): squared error, clipped where it is as large as `scale`, in the unit of the labels.
    ClippedSquared {
        /// The error at which the loss is 1.
        scale: f64,
    },
    /// −ln max(p(y | f), least)/ln(1/least): log loss of binary labels −1 and +1, clipped at 1 (Pérez-Ortiz et al. 2021).
    ClippedLog {
        /// How a function value becomes a probability.
        link: Link,
        /// The probability below which the loss is 1.
        least: f64,
    },
    /// ((y − f)/scale)²: squared error, unbounded.
    Squared {
        /// Its unit, in the unit of the labels.
        scale: f64,
    },
    /// −ln N(y; f, noise²): the negative log density of a label under Gaussian noise, unbounded.
    GaussianLog {
        /// Standard deviation of the noise.
        noise: f64,
    },
    /// −ln(1 − probability) where the sign of the function is the label's, −ln(probability) elsewhere: the negative log probability of
    /// a label −1 or +1 that was turned over with this probability, which must be below ½.
    FlipLog {
        /// The probability that a label was turned over.
        probability: f64,
    },
}

impl Loss {
    /// Whether the loss takes the values 0 and 1 only.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(self, Loss::ZeroOne | Loss::Margin { .. } | Loss::Misclassified)
    }

    /// The least and the largest value, `None` where there is no largest one.
    #[must_use]
    pub fn range(self) -> Option<(f64, f64)> {
        match self {
            Loss::Squared { .. } | Loss::GaussianLog { .. } => None,
            Loss::FlipLog { probability } => Some((-(-probability).ln_1p(), -probability.ln())),
            _ => Some((0.0, 1.0)),
        }
    }

    /// Whether all values are in [0, 1].
    #[must_use]
    pub fn is_bounded(self) -> bool {
        self.range() == Some((0.0, 1.0))
    }

    /// What guessing reaches: ½ for two signs, 1 − 1/C for C classes, the loss of probability ½ for log losses, the largest value elsewhere.
    #[must_use]
    pub fn guessing(self, outputs: usize) -> f64 {
        match self {
            Loss::ZeroOne | Loss::Margin { .. } => 0.5,
            Loss::Misclassified => 1.0 - 1.0 / outputs.max(2) as f64,
            Loss::FlipLog { .. } => self.range().map_or(f64::INFINITY, |(least, most)| 0.5 * (least + most)),
            Loss::ClippedLog { least, .. } => (std::f64::consts::LN_2 / -least.ln()).min(1.0),
            other => other.range().map_or(f64::INFINITY, |(_, most)| most),
        }
    }

    /// Whether it judges a row as a whole, all outputs together.
    pub(crate) fn is_of_rows(self) -> bool {
        matches!(self, Loss::Misclassified)
    }

    /// Checks the loss itself, every label, and the number of outputs.
    pub(super) fn check(self, data: &Data, outputs: usize) -> Result<()> {
        let range = |what, low, high, value: f64, holds: bool| {
            if holds { Ok(()) } else { Err(ModelError::Range { what, low, high, value }) }
        };
        match self {
            Loss::ClippedSquared { scale } | Loss::Squared { scale } | Loss::GaussianLog { noise: scale } => {
                let holds = scale > 0.0 && (scale * scale).is_normal();
                range("the scale of a loss", 0.0, f64::INFINITY, scale, holds)?;
            }
            Loss::Margin { gamma } => {
                range("a margin", f64::NEG_INFINITY, f64::INFINITY, gamma, gamma.is_finite())?;
            }
            Loss::ClippedLog { least, .. } => {
                range(
                    "the least probability of a clipped loss",
                    0.0,
                    0.5,
                    least,
                    least > 0.0 && least < 0.5,
                )?;
            }
            Loss::FlipLog { probability: p } => {
                range("the probability of a turned label", 0.0, 0.5, p, p > 0.0 && p < 0.5)?;
            }
            Loss::ZeroOne | Loss::Misclassified => {}
        }
        if self.is_of_rows() {
            if outputs < 2 {
                return Err(ModelError::Classes(outputs));
            }
            return (0..data.len()).try_for_each(|row| class_of(data, row, outputs).map(drop));
        }
        if outputs != data.outputs() {
            return Err(ModelError::Outputs { model: outputs, labels: data.outputs() });
        }
        let signs = matches!(
            self,
            Loss::ZeroOne | Loss::Margin { .. } | Loss::ClippedLog { .. } | Loss::FlipLog { .. }
        );
        match data.labels().indexed_iter().find(|(_, y)| signs && y.abs() != 1.0) {
            Some(((row, _), &value)) => Err(ModelError::Sign { row, value }),
            None => Ok(()),
        }
    }

    /// The loss of one function value; NaN is as wrong as can be. For losses of whole rows see [`Loss::of_row`].
    #[must_use]
    pub fn of(self, y: f64, f: f64) -> f64 {
        let indicator = |right: bool| if right { 0.0 } else { 1.0 };
        match self {
            Loss::ZeroOne => indicator(f * y > 0.0),
            Loss::Margin { gamma } => indicator(f * y > gamma),
            Loss::Misclassified => 1.0,
            Loss::ClippedSquared { scale } => ((y - f) / scale).powi(2).min(1.0),
            Loss::ClippedLog { link, least } => {
                let log = match link {
                    Link::Logit => log1p_exp(-y * f),
                    Link::Probit => -log_normal_cdf(y * f)[0],
                };
                (log / -least.ln()).min(1.0)
            }
            Loss::Squared { scale } => ((y - f) / scale).powi(2),
            Loss::GaussianLog { noise } => {
                0.5 * ((y - f) / noise).powi(2) + noise.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln()
            }
            Loss::FlipLog { probability } => {
                if f * y > 0.0 {
                    -(-probability).ln_1p()
                } else {
                    -probability.ln()
                }
            }
        }
    }

    /// The loss of the values of one row: over its outputs the mean, or of its class. As large as can be where labels and values do not belong
    /// together.
    #[must_use]
    pub fn of_row(self, y: ArrayView1<'_, f64>, f: ArrayView1<'_, f64>) -> f64 {
        if !self.is_of_rows() {
            if y.len() != f.len() {
                return self.range().map_or(f64::INFINITY, |(_, most)| most);
            }
            return y.iter().zip(f).map(|(y, f)| self.of(*y, *f)).sum::<f64>() / y.len() as f64;
        }
        let class = class(y);
        if class >= f.len() || (y.len() > 1 && y.len() != f.len()) || (y.len() == 1 && y[0] != class as f64) {
            return 1.0;
        }
        let right = f.iter().enumerate().all(|(c, value)| c == class || *value < f[class]);
        if right { 0.0 } else { 1.0 }
    }

    /// The loss at f as a function of one value, where it bends: integrals are cut there.
    pub(super) fn kinks(self, y: f64) -> Vec<f64> {
        match self {
            Loss::ClippedSquared { scale } => vec![y - scale, y + scale],
            Loss::ClippedLog { link, least } => vec![match link {
                Link::Logit => y * (least.ln() - (-least).ln_1p()),
                Link::Probit => y * normal_quantile(least),
            }],
            _ => Vec::new(),
        }
    }
}

/// The class that labels checked before name: the number in their one column, or the largest of several.
pub(super) fn class(y: ArrayView1<'_, f64>) -> usize {
    if y.len() == 1 {
        return y[0] as usize;
    }
    (0..y.len()).fold(0, |best, c| if y[c] > y[best] { c } else { best })
}

/// The same with the checks.
fn class_of(data: &Data, row: usize, outputs: usize) -> Result<usize> {
    let y = data.labels().row(row);
    let support = "a class is a whole number from 0 to the number of functions less one, or one column a function of which one is largest";
    let refuse = |value| Err(ModelError::Support { support, row, value });
    if y.len() == 1 {
        let whole = y[0] >= 0.0 && y[0].fract() == 0.0 && y[0] < outputs as f64;
        return if whole { Ok(y[0] as usize) } else { refuse(y[0]) };
    }
    if y.len() != outputs {
        return Err(ModelError::Outputs { model: outputs, labels: y.len() });
    }
    let class = class(y);
    let ties = y.iter().filter(|v| **v == y[class]).count();
    if ties == 1 { Ok(class) } else { refuse(y[class]) }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::ZeroOne => f.write_str("zero–one loss"),
            Loss::Margin { gamma } => write!(f, "zero–one loss at margin {gamma}"),
            Loss::Misclassified => f.write_str("misclassification"),
            Loss::ClippedSquared { scale } => write!(f, "squared error in units of {scale}², clipped at 1"),
            Loss::ClippedLog { least, .. } => {
                write!(f, "log loss in units of ln(1/{least}), clipped at 1")
            }
            Loss::Squared { scale } => write!(f, "squared error in units of {scale}²"),
            Loss::GaussianLog { noise } => write!(f, "negative log density under Gaussian noise {noise}"),
            Loss::FlipLog { probability } => {
                write!(f, "negative log probability of labels turned over with probability {probability}")
            }
        }
    }
}
