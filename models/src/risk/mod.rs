//! The risk of a predictor on rows, with what a bound must know of how it was come by.

mod expected;
mod loss;

use ndarray::{Array2, Array3, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use softbias_priors::math::stable::binary_kl_inverse_upper;
use softbias_priors::{Nats, Seed};

use crate::data::Data;
use crate::error::{ModelError, Result};

pub(crate) use expected::Moments;
pub use loss::Loss;

/// The risk of a predictor on a sample, with what a bound must know of how it was come by.
///
/// Moments are over functions drawn from the posterior *and* rows; for one fixed function over rows alone. Where one is not known, an
/// upper limit of it stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EmpiricalRisk {
    /// Mean loss.
    pub mean: f64,
    /// Mean squared loss.
    pub second_moment: f64,
    /// Mean over rows of the squared expected loss: the product of the losses of two functions drawn independently (Masegosa et al.
    /// 2020).
    pub tandem: f64,
    /// Number of rows.
    pub n: usize,
    /// The loss.
    pub loss: Loss,
    /// How many of the n losses are 1, where each is 0 or 1: one fixed function of one output under a zero–one loss.
    pub errors: Option<usize>,
    /// What guessing reaches on such labels.
    pub guessing: f64,
    /// How the mean was estimated, where it was by draws; it is then an upper limit already.
    pub drawn: Option<Drawn>,
}

/// A risk that was estimated by draws from the posterior, and the confidence spent on that.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drawn {
    /// Number of independent losses that were averaged.
    pub draws: usize,
    /// The average.
    pub average: f64,
    /// The probability that the risk is above the upper limit taken for it.
    pub delta: f64,
}

/// How to estimate a risk by draws.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MonteCarlo {
    /// Functions drawn (or, where values are drawn row by row, draws a row).
    pub draws: usize,
    /// The probability that the upper limit fails, on top of the δ of the bound.
    pub delta: f64,
    /// Where the draws start.
    pub seed: Seed,
}

impl MonteCarlo {
    pub(crate) fn check(&self, loss: Loss) -> Result<()> {
        if self.draws == 0 {
            return Err(ModelError::NoDraws);
        }
        if !(self.delta > 0.0 && self.delta < 1.0) {
            let what = "the δ′ of an estimate by draws";
            return Err(ModelError::Range { what, low: 0.0, high: 1.0, value: self.delta });
        }
        if loss.is_bounded() { Ok(()) } else { Err(ModelError::Unbounded(loss)) }
    }
}

impl EmpiricalRisk {
    /// A mean loss in [0, 1] known from elsewhere, nothing else being known of it.
    #[must_use]
    pub fn known(loss: Loss, mean: f64, n: usize) -> EmpiricalRisk {
        EmpiricalRisk {
            mean,
            second_moment: mean,
            tandem: mean,
            n,
            loss,
            errors: None,
            guessing: loss.guessing(2),
            drawn: None,
        }
    }

    /// From the moments of every row's loss.
    pub(crate) fn of_rows(loss: Loss, outputs: usize, rows: &[Moments]) -> EmpiricalRisk {
        let n = rows.len();
        let average = |of: fn(&Moments) -> f64| rows.iter().map(of).sum::<f64>() / n as f64;
        let (least, most) = loss.range().unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
        EmpiricalRisk {
            mean: average(|row| row.first).clamp(least, most),
            second_moment: average(|row| row.second),
            tandem: average(|row| row.tandem),
            n,
            loss,
            errors: None,
            guessing: loss.guessing(outputs),
            drawn: None,
        }
    }

    /// The Gibbs risk of a posterior whose values are Gaussian, independent between outputs: no draws, so no correction for them.
    pub(crate) fn gibbs_gaussian(
        loss: Loss,
        data: &Data,
        mean: &Array2<f64>,
        var: &Array2<f64>,
    ) -> Result<EmpiricalRisk> {
        loss.check(data, mean.ncols())?;
        let of_row = |i: usize| loss.moments_of_row(data.labels().row(i), mean.row(i), var.row(i));
        let rows = (0..data.len()).into_par_iter().map(of_row).collect::<Result<Vec<_>>>()?;
        Ok(EmpiricalRisk::of_rows(loss, mean.ncols(), &rows))
    }

    /// The risk of one fixed function, known by its values at the rows.
    ///
    /// # Errors
    /// When values and labels differ in shape, or the loss cannot judge the labels.
    pub fn of_function(loss: Loss, data: &Data, values: &Array2<f64>) -> Result<EmpiricalRisk> {
        if values.nrows() != data.len() {
            return Err(ModelError::Outputs { model: values.ncols(), labels: data.outputs() });
        }
        let risk = EmpiricalRisk::gibbs_gaussian(loss, data, values, &Array2::zeros(values.raw_dim()))?;
        let whole = loss.is_binary() && (loss.is_of_rows() || data.outputs() == 1);
        let errors = whole.then(|| (risk.mean * risk.n as f64).round() as usize);
        Ok(EmpiricalRisk { errors, ..risk })
    }

    /// The Gibbs risk estimated by functions drawn independently from the posterior, given by their values at the rows, (draw, row,
    /// output): the upper limit kl⁻¹(average, ln(1/δ′)/draws), which fails with probability δ′ (Chernoff; Langford & Caruana 2001 with
    /// the constant of one side).
    ///
    /// # Errors
    /// When shapes differ, the loss cannot judge the labels or is unbounded, without draws, or for a δ′ that is no probability.
    pub fn of_draws(loss: Loss, data: &Data, values: &Array3<f64>, delta: f64) -> Result<EmpiricalRisk> {
        let (draws, rows, outputs) = values.dim();
        MonteCarlo { draws, delta, seed: Seed::new(0) }.check(loss)?;
        if rows != data.len() {
            return Err(ModelError::Outputs { model: outputs, labels: data.outputs() });
        }
        loss.check(data, outputs)?;
        let total: f64 = values.axis_iter(Axis(0)).map(|f| mean_loss(loss, data, f)).sum();
        Ok(EmpiricalRisk::drawn(loss, data, outputs, total / draws as f64, draws, delta))
    }

    /// From the average of independent losses.
    pub(crate) fn drawn(
        loss: Loss,
        data: &Data,
        outputs: usize,
        average: f64,
        draws: usize,
        delta: f64,
    ) -> EmpiricalRisk {
        let average = average.clamp(0.0, 1.0);
        let mean = binary_kl_inverse_upper(average, -delta.ln() / draws as f64);
        EmpiricalRisk {
            guessing: loss.guessing(outputs),
            drawn: Some(Drawn { draws, average, delta }),
            ..EmpiricalRisk::known(loss, mean, data.len())
        }
    }

    /// The same risk where `price` nats were paid for choices: an estimate by draws holds for all of the alternatives together.
    #[must_use]
    pub fn paying(self, price: Nats) -> EmpiricalRisk {
        match self.drawn {
            Some(Drawn { draws, average, delta }) if price.get() > 0.0 => {
                let mean = binary_kl_inverse_upper(average, (price.get() - delta.ln()) / draws as f64);
                EmpiricalRisk {
                    drawn: self.drawn,
                    guessing: self.guessing,
                    ..EmpiricalRisk::known(self.loss, mean, self.n)
                }
            }
            _ => self,
        }
    }

    /// Whether the loss can judge these labels by functions of this many outputs.
    pub(crate) fn check(loss: Loss, data: &Data, outputs: usize) -> Result<()> {
        loss.check(data, outputs)
    }
}

/// Mean over rows of the loss of one function.
pub(crate) fn mean_loss(loss: Loss, data: &Data, values: ndarray::ArrayView2<'_, f64>) -> f64 {
    let rows = data.labels().rows().into_iter().zip(values.rows());
    rows.map(|(y, f)| loss.of_row(y, f)).sum::<f64>() / data.len() as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ndarray::{Array1, array};

    use super::*;
    use crate::likelihood::Link;
    use softbias_priors::math::quadrature::Quadrature;
    use softbias_priors::math::special::normal_pdf;

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
            let found = loss.expected(y, mean, sd * sd).unwrap();
            assert!((found - integral).abs() < 1e-9, "{y} {mean} {sd}: {found} {integral}");
        }
    }

    #[test]
    fn expected_zero_one_loss() {
        assert!((Loss::ZeroOne.expected(1.0, 0.0, 1.0).unwrap() - 0.5).abs() < 1e-15);
        assert!((Loss::ZeroOne.expected(-1.0, 1.96, 1.0).unwrap() - 0.975_002_104_851_78).abs() < 1e-12);
        assert_eq!(Loss::ZeroOne.expected(1.0, 2.0, 0.0).unwrap(), 0.0);
        assert_eq!(Loss::ZeroOne.expected(1.0, 0.0, 0.0).unwrap(), 1.0);
    }

    #[test]
    fn moments_of_every_loss_against_draws() {
        let z = Seed::new(1).normal1(400_000);
        let losses = [
            Loss::ZeroOne,
            Loss::Margin { gamma: 0.4 },
            Loss::ClippedSquared { scale: 0.7 },
            Loss::ClippedSquared { scale: 0.05 },
            Loss::ClippedLog { link: Link::Probit, least: 1e-3 },
            Loss::ClippedLog { link: Link::Logit, least: 0.02 },
            Loss::Squared { scale: 2.0 },
            Loss::GaussianLog { noise: 0.9 },
            Loss::FlipLog { probability: 0.1 },
        ];
        for loss in losses {
            for (y, mean, sd) in [(1.0, 0.3, 0.8), (-1.0, 0.5, 0.2), (1.0, -2.0, 3.0)] {
                let values = z.mapv(|z| loss.of(y, mean + sd * z));
                let n = z.len() as f64;
                let moment = |power: i32| values.mapv(|v| v.powi(power)).sum() / n;
                let found = loss.moments(y, mean, sd * sd).unwrap();
                let error = |power: i32| {
                    4.5 * ((moment(2 * power) - moment(power).powi(2)).max(0.0) / n).sqrt() + 1e-12
                };
                assert!((found.first - moment(1)).abs() < error(1), "{loss} at {mean} {sd}: {found:?}");
                assert!((found.second - moment(2)).abs() < error(2), "{loss} at {mean} {sd}: {found:?}");
                assert_eq!(found.tandem, found.first * found.first);
                // a sure value
                assert_eq!(loss.moments(y, mean, 0.0).unwrap().first, loss.of(y, mean));
            }
        }
    }

    #[test]
    fn clipped_squares_by_recurrence_and_by_quadrature() {
        // the two routes meet where one takes over from the other
        let loss = Loss::ClippedSquared { scale: 0.5 };
        for mean in [0.0, 0.4, 1.3, 4.0] {
            let below = loss.moments(0.0, mean, (1.5 - 1e-9_f64).powi(2)).unwrap();
            let above = loss.moments(0.0, mean, (1.5 + 1e-9_f64).powi(2)).unwrap();
            assert!((below.first - above.first).abs() < 1e-8 && (below.second - above.second).abs() < 1e-8);
        }
        // a very wide Gaussian is flat on the window: E min(u²/s², 1) = 1 − 2s φ(0)/sd (1 − 1/3)
        let wide = loss.moments(0.0, 0.0, 1e12).unwrap();
        // (the quadrature sums to 1 within rounding)
        assert!((1.0 - wide.first - 2.0 / 3.0 * normal_pdf(0.0) * 1e-6).abs() < 1e-13);
    }

    #[test]
    fn the_probability_of_the_wrong_class() {
        let (mean, variance): (Array1<f64>, Array1<f64>) =
            (array![0.3, -0.1, 0.6, 0.0], array![0.5, 2.0, 1e-6, 0.0]);
        let draws = 400_000;
        let z = Seed::new(2).normal2(draws, 4);
        let f = &z * &variance.mapv(f64::sqrt) + &mean;
        for class in 0..4 {
            let y = array![class as f64];
            let wrong =
                f.rows().into_iter().filter(|f| Loss::Misclassified.of_row(y.view(), *f) > 0.5).count();
            let (found, p) = (
                Loss::Misclassified.moments_of_row(y.view(), mean.view(), variance.view()).unwrap().first,
                wrong as f64 / draws as f64,
            );
            assert!(
                (found - p).abs() < 4.5 * (p * (1.0 - p) / draws as f64).sqrt() + 1e-9,
                "{class}: {found} {p}"
            );
        }
        // two equal classes: a coin; ten of them: nine in ten
        for classes in [2usize, 10] {
            let (mean, variance) = (Array1::zeros(classes), Array1::ones(classes));
            let found = Loss::Misclassified.moments_of_row(array![0.0].view(), mean.view(), variance.view());
            assert!((found.unwrap().first - 1.0 + 1.0 / classes as f64).abs() < 1e-13);
        }
    }
}
