//! Likelihoods of a whole row of outputs: what a net needs to be trained, curved and sampled.

use ndarray::{Array2, ArrayView2};
use softbias_priors::Seed;
use softbias_priors::math::linalg::{self, Cholesky, Jitter};
use softbias_priors::math::stable::log_mean_exp;

use super::{Bernoulli, Gaussian, Likelihood, Poisson, ScalarLikelihood, Softmax, StudentT};
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::latent::ClassRule;

/// ln ∫ p(y | f) N(f; mean, covariance) df of one row, given labels, mean and covariance.
pub type RowAverage<'a> = dyn Fn(&[f64], &[f64], ArrayView2<'_, f64>) -> Result<f64> + Sync + 'a;

/// A likelihood in which the labels of a row depend on the outputs there, with slopes, and a curvature that is never negative.
pub trait RowLikelihood: Likelihood + 'static {
    /// Checks that the labels have a density and that a function of so many outputs can be held against them.
    ///
    /// # Errors
    /// Naming the first label without a density, or the numbers that do not fit.
    fn check(&self, data: &Data, outputs: usize) -> Result<()>;

    /// ln p(y | f) of one row, and its slopes in f.
    fn row(&self, y: &[f64], f: &[f64], slopes: &mut [f64]) -> f64;

    /// Columns of [`RowLikelihood::root`]: as many as outputs, unless the curvature has a lower rank.
    fn columns(&self, outputs: usize) -> usize {
        outputs
    }

    /// One column of a root S of the curvature, S Sᵀ = −∂² ln p/∂f² (or its expectation over labels where that can be negative): a Gauss–Newton
    /// matrix is Σ Jᵀ S Sᵀ J over rows.
    fn root(&self, y: &[f64], f: &[f64], column: usize, out: &mut [f64]);

    /// All columns of the root, one after another.
    fn roots(&self, y: &[f64], f: &[f64], out: &mut [f64]) {
        out.chunks_exact_mut(f.len()).enumerate().for_each(|(column, out)| self.root(y, f, column, out));
    }

    /// Variance of the labels about the outputs, one a label, where a label is an output plus noise; else zeros.
    fn noise(&self, f: &[f64], out: &mut [f64]) {
        let _ = f;
        out.fill(0.0);
    }

    /// The part of the outputs that labels are held against as their mean: all of them, unless some say how noisy the others are.
    fn judged(&self, outputs: usize) -> usize {
        outputs
    }

    /// The average of p(y | f) over Gaussian outputs, prepared once for any number of rows. The default takes the average over 4096 draws,
    /// the same for every row.
    fn averaged(&self, outputs: usize) -> Box<RowAverage<'_>> {
        let z = Seed::new(0).named("averaged").normal2(AVERAGED, outputs);
        Box::new(move |y, mean, covariance| {
            let eigen = linalg::eigh(covariance)?;
            let spread = &eigen.vectors * &eigen.values.mapv(|v| v.max(0.0).sqrt());
            let f = linalg::matmul_nt(z.view(), spread.view());
            let (mut at, mut slopes) = (vec![0.0; mean.len()], vec![0.0; mean.len()]);
            let logs: Vec<f64> = f
                .rows()
                .into_iter()
                .map(|away| {
                    at.iter_mut().zip(mean).zip(away).for_each(|((at, mean), away)| *at = mean + away);
                    self.row(y, &at, &mut slopes)
                })
                .collect();
            Ok(log_mean_exp(&logs))
        })
    }
}

/// Draws that an average without a formula takes.
const AVERAGED: usize = 4096;

fn same_columns(data: &Data, outputs: usize) -> Result<()> {
    if data.outputs() == outputs {
        return Ok(());
    }
    Err(ModelError::Outputs { model: outputs, labels: data.outputs() })
}

impl RowLikelihood for Gaussian {
    fn check(&self, data: &Data, outputs: usize) -> Result<()> {
        Gaussian::check(self)?;
        same_columns(data, outputs)
    }

    fn row(&self, y: &[f64], f: &[f64], slopes: &mut [f64]) -> f64 {
        let precision = 1.0 / self.variance();
        slopes.iter_mut().zip(y).zip(f).for_each(|((s, y), f)| *s = (y - f) * precision);
        y.iter().zip(f).map(|(y, f)| self.log_density(*y, *f)).sum()
    }

    fn root(&self, _y: &[f64], _f: &[f64], column: usize, out: &mut [f64]) {
        out.fill(0.0);
        out[column] = 1.0 / self.sd();
    }

    fn noise(&self, _f: &[f64], out: &mut [f64]) {
        out.fill(self.variance());
    }

    /// The density of all labels of the row, correlated as the outputs are.
    fn averaged(&self, _outputs: usize) -> Box<RowAverage<'_>> {
        Box::new(|y, mean, covariance| {
            let noisy = &covariance + &(Array2::<f64>::eye(y.len()) * self.variance());
            let factor = Cholesky::new(noisy.view(), Jitter::None)?;
            let away = ndarray::Array1::from_shape_fn(y.len(), |i| y[i] - mean[i]);
            let square = away.dot(&factor.solve_vec(away.view())?);
            Ok(-0.5 * (square + factor.log_det() + y.len() as f64 * (2.0 * std::f64::consts::PI).ln()))
        })
    }
}

/// exp fᵢ / Σⱼ exp fⱼ.
fn probabilities(f: &[f64], out: &mut [f64]) {
    let top = f.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    out.iter_mut().zip(f).for_each(|(p, f)| *p = (f - top).exp());
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|p| *p /= sum);
}

/// Turns probabilities p into column k of the Cholesky factor of diag(p) − p pᵀ: with t the sum of p from k on and t′ that after k,
/// √(p_k t′/t) at k and −pᵢ √(p_k/(t t′)) below. The last column would be 0.
fn root_column(k: usize, after: f64, p: &mut [f64]) {
    let share = if p[k] > 0.0 { (p[k] / (p[k] + after)).sqrt() } else { 0.0 };
    // (nothing after k, in numbers: no curvature there)
    let by = if after > 0.0 { -share / after.sqrt() } else { 0.0 };
    p[..k].fill(0.0);
    p[k] = share * after.sqrt();
    p[k + 1..].iter_mut().for_each(|p| *p *= by);
}

impl RowLikelihood for Softmax {
    fn check(&self, data: &Data, outputs: usize) -> Result<()> {
        if outputs != self.count() {
            return Err(ModelError::Outputs { model: outputs, labels: self.count() });
        }
        self.check_labels(data)
    }

    fn row(&self, y: &[f64], f: &[f64], slopes: &mut [f64]) -> f64 {
        let class = y[0] as usize;
        let top = f.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for (slope, f) in slopes.iter_mut().zip(f) {
            *slope = (f - top).exp();
            sum += *slope;
        }
        slopes.iter_mut().for_each(|slope| *slope /= -sum);
        slopes[class] += 1.0;
        f[class] - top - sum.ln()
    }

    /// One fewer than classes: adding a number to all outputs changes nothing.
    fn columns(&self, outputs: usize) -> usize {
        outputs.saturating_sub(1)
    }

    fn root(&self, _y: &[f64], f: &[f64], column: usize, out: &mut [f64]) {
        probabilities(f, out);
        let after = out[column + 1..].iter().sum();
        root_column(column, after, out);
    }

    fn roots(&self, _y: &[f64], f: &[f64], out: &mut [f64]) {
        // the probabilities stand in the place of the first column, which is written last
        let (p, rest) = out.split_at_mut(f.len());
        probabilities(f, p);
        let mut after = p[f.len() - 1];
        for (before, own) in rest.chunks_exact_mut(f.len()).enumerate().rev() {
            own.copy_from_slice(p);
            root_column(before + 1, after, own);
            after += p[before + 1];
        }
        root_column(0, after, p);
    }

    /// By quadrature for two classes, by a lattice for more.
    fn averaged(&self, outputs: usize) -> Box<RowAverage<'_>> {
        let rule = ClassRule::new(outputs, Seed::new(0));
        Box::new(move |y, mean, covariance| Ok(rule.log_probabilities(mean, covariance)?[y[0] as usize]))
    }
}

macro_rules! of_one_output {
    ($($likelihood:ty),*) => {$(
        impl RowLikelihood for $likelihood {
            fn check(&self, data: &Data, outputs: usize) -> Result<()> {
                if outputs != 1 || data.outputs() != 1 {
                    return Err(ModelError::SingleOutput { prior: outputs, labels: data.outputs() });
                }
                self.check_labels(data)
            }

            fn row(&self, y: &[f64], f: &[f64], slopes: &mut [f64]) -> f64 {
                let at = self.derivatives(y[0], f[0]);
                slopes[0] = at.first;
                at.log
            }

            fn root(&self, y: &[f64], f: &[f64], _column: usize, out: &mut [f64]) {
                let at = self.derivatives(y[0], f[0]);
                out[0] = self.curvature(&at).value.max(0.0).sqrt();
            }

            fn noise(&self, _f: &[f64], out: &mut [f64]) {
                out.fill(self.noise_variance());
            }

            /// By quadrature.
            fn averaged(&self, _outputs: usize) -> Box<RowAverage<'_>> {
                Box::new(|y, mean, covariance| self.log_predictive(y[0], mean[0], covariance[[0, 0]].max(0.0)))
            }
        }
    )*};
}

of_one_output!(Bernoulli, Poisson, StudentT);
