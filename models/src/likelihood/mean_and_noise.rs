//! Gaussian noise whose level is a function too: every label has an output for its mean and one for the logarithm of its noise.

use softbias_priors::math::special::normal_log_density;

use super::{Likelihood, RowLikelihood};
use crate::data::Data;
use crate::error::{ModelError, Result};

/// y = m(x) + exp(s(x)) · N(0, 1). The function has twice as many outputs as there are labels: the means first, then the logarithms of the
/// standard deviations. Curvature is Fisher's: 1/variance for a mean, 2 for a logarithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanAndNoise;

impl Likelihood for MeanAndNoise {
    /// Of a label about its mean, at noise 1.
    fn log_density(&self, y: f64, f: f64) -> f64 {
        normal_log_density(y, f, 1.0)
    }
}

impl RowLikelihood for MeanAndNoise {
    fn check(&self, data: &Data, outputs: usize) -> Result<()> {
        if outputs == 2 * data.outputs() {
            return Ok(());
        }
        Err(ModelError::Outputs { model: outputs, labels: 2 * data.outputs() })
    }

    fn row(&self, y: &[f64], f: &[f64], slopes: &mut [f64]) -> f64 {
        let k = y.len();
        let mut log = 0.0;
        for i in 0..k {
            let scaled = (y[i] - f[i]) * (-f[k + i]).exp();
            log += normal_log_density(scaled, 0.0, 1.0) - f[k + i];
            slopes[i] = scaled * (-f[k + i]).exp();
            slopes[k + i] = scaled * scaled - 1.0;
        }
        log
    }

    fn root(&self, y: &[f64], f: &[f64], column: usize, out: &mut [f64]) {
        out.fill(0.0);
        let k = y.len();
        out[column] = if column < k { (-f[k + column]).exp() } else { std::f64::consts::SQRT_2 };
    }

    fn noise(&self, f: &[f64], out: &mut [f64]) {
        let k = f.len() / 2;
        out.iter_mut().zip(&f[k..]).for_each(|(v, s)| *v = (2.0 * s).exp());
    }

    fn judged(&self, outputs: usize) -> usize {
        outputs / 2
    }
}
