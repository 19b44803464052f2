//! Probabilities of classes under the net linearised at its optimum.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use softbias_priors::math::stable::log_sum_exp;
use softbias_priors::net::Precision;
use softbias_priors::{Points, Seed};

use super::posterior::NetLaplacePosterior;
use crate::error::Result;
use crate::latent::ClassRule;
use crate::likelihood::Softmax;

/// How probabilities are averaged over Gaussian outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClassAverage {
    /// The integral itself: by quadrature for two classes, by a lattice of 16,381 points, shifted at random by a fixed seed, for more.
    #[default]
    Integral,
    /// softmax(f_c/√(1 + π/8 Σ_cc)): MacKay's approximation, output by output (Gibbs 1998).
    Probit,
    /// The mean of a Dirichlet distribution that is laid over the Gaussian's logits (MacKay 1998; Hobbhahn, Kristiadi & Hennig 2022), the part that
    /// all outputs share projected out.
    Bridge,
}

impl<T: Precision> NetLaplacePosterior<T, Softmax> {
    /// Probabilities of the classes, (point, class), averaged over the outputs of the linearised net. Those of the net itself at drawn weights:
    /// [`NetDraws::class_probabilities`](crate::NetDraws::class_probabilities) of [`NetLaplacePosterior::sample`].
    ///
    /// # Errors
    /// As [`NetLaplacePosterior::linearised`].
    pub fn class_probabilities(&self, x: &Points, by: ClassAverage) -> Result<Array2<f64>> {
        let (mean, covariances) = self.linearised(x)?;
        let classes = mean.ncols();
        let rule = (by == ClassAverage::Integral).then(|| ClassRule::new(classes, Seed::new(0)));
        let of_point = |i: usize| {
            let (f, covariance) = (mean.row(i).to_vec(), covariances.index_axis(Axis(0), i));
            match (&rule, by) {
                (Some(rule), _) => {
                    Ok(rule.log_probabilities(&f, covariance)?.iter().map(|l| l.exp()).collect())
                }
                (None, ClassAverage::Bridge) => Ok(bridge(&f, covariance)),
                (None, _) => Ok(probit(&f, covariance)),
            }
        };
        let rows = (0..x.len()).into_par_iter().map(of_point).collect::<Result<Vec<Vec<f64>>>>()?;
        Ok(Array2::from_shape_fn((x.len(), classes), |(i, c)| rows[i][c]))
    }
}

fn probit(mean: &[f64], covariance: ArrayView2<'_, f64>) -> Vec<f64> {
    let shrunk: Vec<f64> = mean
        .iter()
        .enumerate()
        .map(|(c, f)| f / (1.0 + std::f64::consts::PI / 8.0 * covariance[[c, c]].max(0.0)).sqrt())
        .collect();
    let all = log_sum_exp(&shrunk);
    shrunk.iter().map(|f| (f - all).exp()).collect()
}

/// α_c = (1 − 2/C + e^{f_c} Σ_d e^{−f_d}/C²)/Σ_cc of the Gaussian given that its outputs sum to 0.
fn bridge(mean: &[f64], covariance: ArrayView2<'_, f64>) -> Vec<f64> {
    let classes = mean.len() as f64;
    let shared: Vec<f64> = covariance.rows().into_iter().map(|row| row.sum()).collect();
    let total: f64 = shared.iter().sum();
    if total.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
        return probit(mean, covariance);
    }
    let off = mean.iter().sum::<f64>() / total;
    let f: Vec<f64> = mean.iter().zip(&shared).map(|(f, share)| f - share * off).collect();
    let variance = |c: usize| (covariance[[c, c]] - shared[c] * shared[c] / total).max(f64::MIN_POSITIVE);
    let negative: Vec<f64> = f.iter().map(|f| -f).collect();
    let rest = log_sum_exp(&negative);
    let alpha: Vec<f64> = (0..f.len())
        .map(|c| (1.0 - 2.0 / classes + (f[c] + rest).exp() / (classes * classes)) / variance(c))
        .collect();
    let sum: f64 = alpha.iter().sum();
    if sum.is_finite() { alpha.iter().map(|a| a / sum).collect() } else { probit(mean, covariance) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use ndarray::array;

    use super::*;

    #[test]
    fn without_variance_all_are_softmax() {
        let (mean, none) = ([0.3, -1.0, 0.8], Array2::<f64>::zeros((3, 3)));
        let exact: Vec<f64> = mean.iter().map(|f: &f64| (f - log_sum_exp(&mean)).exp()).collect();
        let found = probit(&mean, none.view());
        assert!(found.iter().zip(&exact).all(|(p, q)| (p - q).abs() < 1e-14));
        assert_eq!(bridge(&mean, none.view()), found);
    }

    #[test]
    fn all_three_agree_where_the_gaussian_is_moderate() {
        let mean = [0.9, -0.4, 0.1];
        let covariance = array![[0.8, 0.1, 0.0], [0.1, 0.5, -0.1], [0.0, -0.1, 0.6]];
        let rule = ClassRule::new(3, Seed::new(0));
        let exact = rule.log_probabilities(&mean, covariance.view()).unwrap();
        // (the bridge is the cruder of the two)
        for (found, near) in
            [(probit(&mean, covariance.view()), 0.05), (bridge(&mean, covariance.view()), 0.1)]
        {
            assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(found.iter().zip(&exact).all(|(p, l)| (p - l.exp()).abs() < near), "{found:?} {exact:?}");
        }
    }

    #[test]
    fn the_bridge_forgets_what_all_outputs_share() {
        let covariance = array![[0.8, 0.1, 0.0], [0.1, 0.5, -0.1], [0.0, -0.1, 0.6]];
        let plain = bridge(&[0.9, -0.4, 0.1], covariance.view());
        let lifted = bridge(&[0.9, -0.4, 0.1], (&covariance + 5.0).view());
        // a variance that is the same for all outputs and their sum adds nothing to the conditioned Gaussian
        assert!(plain.iter().zip(&lifted).all(|(p, q)| (p - q).abs() < 0.05), "{plain:?} {lifted:?}");
    }
}
