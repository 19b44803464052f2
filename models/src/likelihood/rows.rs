//! Likelihoods of a whole row of outputs: what a net needs to be trained, curved and sampled.

use super::{Bernoulli, Gaussian, Likelihood, Poisson, ScalarLikelihood, Softmax, StudentT};
use crate::data::Data;
use crate::error::{ModelError, Result};

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

    /// Variance of the labels about the outputs, one a label, where a label is an output plus noise; else zeros.
    fn noise(&self, f: &[f64], out: &mut [f64]) {
        let _ = f;
        out.fill(0.0);
    }

    /// The part of the outputs that labels are held against as their mean: all of them, unless some say how noisy the others are.
    fn judged(&self, outputs: usize) -> usize {
        outputs
    }
}

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

    /// diag(p) − p pᵀ = S Sᵀ with S = diag(√p) − p √pᵀ.
    fn root(&self, _y: &[f64], f: &[f64], column: usize, out: &mut [f64]) {
        let top = f.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = f.iter().map(|f| (f - top).exp()).sum();
        let root = ((f[column] - top).exp() / sum).sqrt();
        out.iter_mut().zip(f).for_each(|(s, f)| *s = -(f - top).exp() / sum * root);
        out[column] += root;
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
        }
    )*};
}

of_one_output!(Bernoulli, Poisson, StudentT);
