//! Expected losses of Gaussian function values, and of their squares: closed forms, and quadrature cut at the kinks.

use ndarray::ArrayView1;
use softbias_priors::math::quadrature::normal_expectation;
use softbias_priors::math::special::{normal_cdf, normal_pdf};

use super::loss::{Loss, class};
use crate::error::Result;

/// First two moments of the loss of one row, and the product of two independent ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moments {
    /// E ℓ.
    pub(crate) first: f64,
    /// E ℓ², or what it is at most.
    pub(crate) second: f64,
    /// (E ℓ)², the mean of it over outputs.
    pub(crate) tandem: f64,
}

impl Moments {
    fn new(first: f64, second: f64) -> Moments {
        Moments { first, second, tandem: first * first }
    }

    /// Of a loss that is what it is.
    pub(crate) fn certain(loss: f64) -> Moments {
        Moments::new(loss, loss * loss)
    }

    /// Of a loss with these probabilities and values.
    pub(crate) fn of<const K: usize>(values: [(f64, f64); K]) -> Moments {
        let moment = |power: i32| values.iter().map(|(p, loss)| p * loss.powi(power)).sum();
        Moments::new(moment(1), moment(2))
    }

    /// Of a loss that is 0 or 1.
    pub(crate) fn binary(probability: f64) -> Moments {
        Moments::new(probability, probability)
    }
}

impl Loss {
    /// E ℓ(y, f) for f ~ N(mean, variance): in closed form, but for the clipped log loss, which is a quadrature to about 1e-12.
    ///
    /// # Errors
    /// When the nodes of the quadrature cannot be found.
    pub fn expected(self, y: f64, mean: f64, variance: f64) -> Result<f64> {
        Ok(self.moments(y, mean, variance)?.first)
    }

    /// E ℓ and E ℓ².
    pub(crate) fn moments(self, y: f64, mean: f64, variance: f64) -> Result<Moments> {
        let sd = variance.sqrt();
        if sd == 0.0 {
            return Ok(Moments::certain(self.of(y, mean)));
        }
        Ok(match self {
            Loss::ZeroOne => Moments::binary(normal_cdf(-y * mean / sd)),
            Loss::Margin { gamma } => Moments::binary(normal_cdf((gamma - y * mean) / sd)),
            Loss::Misclassified => Moments::binary(1.0),
            Loss::Squared { scale } => squared(mean - y, variance, scale),
            Loss::GaussianLog { noise } => {
                let half = squared(mean - y, variance, noise);
                let shift = noise.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln();
                let second = 0.25 * half.second + shift * half.first + shift * shift;
                Moments::new(0.5 * half.first + shift, second)
            }
            Loss::FlipLog { .. } => {
                let wrong = normal_cdf(-y * mean / sd);
                let (least, most) = (self.of(y, y), self.of(y, -y));
                let second = least * least * (1.0 - wrong) + most * most * wrong;
                Moments::new(least + (most - least) * wrong, second)
            }
            // (a sum of huge terms where the window is narrow beside the spread: integrated there)
            Loss::ClippedSquared { scale } if sd < 3.0 * scale => clipped(mean - y, variance, scale),
            Loss::ClippedSquared { .. } | Loss::ClippedLog { .. } => {
                let kinks = self.kinks(y);
                let powers = |f: f64| {
                    let loss = self.of(y, f);
                    [loss, loss * loss]
                };
                let [first, second] = normal_expectation(powers, &kinks, mean, sd)?;
                Moments::new(first.clamp(0.0, 1.0), second.clamp(0.0, 1.0))
            }
        })
    }

    /// The same for a row of labels, function values being independent between outputs.
    pub(super) fn moments_of_row(
        self,
        y: ArrayView1<'_, f64>,
        mean: ArrayView1<'_, f64>,
        variance: ArrayView1<'_, f64>,
    ) -> Result<Moments> {
        if self.is_of_rows() {
            return Ok(Moments::binary(misclassified(class(y), mean, variance)?));
        }
        let (mut total, share) = (Moments::new(0.0, 0.0), 1.0 / y.len() as f64);
        for (y, (mean, variance)) in y.iter().zip(mean.iter().zip(&variance)) {
            let one = self.moments(*y, *mean, *variance)?;
            // (the square of a mean is at most the mean of the squares)
            total.first += share * one.first;
            total.second += share * one.second;
            total.tandem += share * one.tandem;
        }
        Ok(total)
    }
}

/// u²/scale² for u ~ N(d, v).
fn squared(d: f64, v: f64, scale: f64) -> Moments {
    let unit = scale * scale;
    let second = d.powi(4) + 6.0 * d * d * v + 3.0 * v * v;
    Moments::new((d * d + v) / unit, second / unit / unit)
}

/// min(u²/scale², 1) for u ~ N(d, v), by the recurrence of truncated moments ∫ uᵏ = d ∫ uᵏ⁻¹ + (k − 1) v ∫ uᵏ⁻² − v [uᵏ⁻¹ density].
fn clipped(d: f64, v: f64, scale: f64) -> Moments {
    let sd = v.sqrt();
    let (a, b) = ((-scale - d) / sd, (scale - d) / sd);
    // Φ(b) − Φ(a) from whichever tail keeps the digits
    let inside = if a > 0.0 { normal_cdf(-a) - normal_cdf(-b) } else { normal_cdf(b) - normal_cdf(a) };
    let edge = |power: i32| scale.powi(power) * (normal_pdf(b) - (-1f64).powi(power) * normal_pdf(a)) / sd;
    let mut moments = [inside, d * inside - v * edge(0), 0.0, 0.0, 0.0];
    for k in 2..5 {
        moments[k] = d * moments[k - 1] + (k - 1) as f64 * v * moments[k - 2] - v * edge(k as i32 - 1);
    }
    let unit = scale * scale;
    let beyond = 1.0 - inside;
    let second = (moments[4] / unit / unit + beyond).clamp(0.0, 1.0);
    Moments::new((moments[2] / unit + beyond).clamp(0.0, 1.0), second)
}

/// P(f_class is not the largest) for independent Gaussians: 1 − ∫ φ(z) Π Φ((m + s z − m_c)/s_c) dz.
fn misclassified(class: usize, mean: ArrayView1<'_, f64>, variance: ArrayView1<'_, f64>) -> Result<f64> {
    let sd = variance.mapv(f64::sqrt);
    let others = |f: f64| -> f64 {
        let below = |c: usize| match sd[c] {
            0.0 => f64::from(u8::from(mean[c] < f)),
            s => normal_cdf((f - mean[c]) / s),
        };
        (0..mean.len()).filter(|c| *c != class).map(below).product()
    };
    if sd[class] == 0.0 {
        return Ok(1.0 - others(mean[class]));
    }
    // A sure rival makes a step where it stands, a nearly sure one a steep slope about there.
    let kinks: Vec<f64> = (0..mean.len())
        .filter(|c| *c != class)
        .flat_map(|c| [-6.0, -2.0, 0.0, 2.0, 6.0].map(|z| mean[c] + z * sd[c]))
        .collect();
    let [right] = normal_expectation(|f| [others(f)], &kinks, mean[class], sd[class])?;
    Ok((1.0 - right).clamp(0.0, 1.0))
}
