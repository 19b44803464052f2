//! Predictions by the net linearised at its optimum.

use ndarray::{Array1, Array2};
use rayon::prelude::*;
use softbias_priors::Points;
use softbias_priors::net::Precision;

use super::posterior::NetLaplacePosterior;
use crate::data::Data;
use crate::error::Result;
use crate::likelihood::RowLikelihood;
use crate::posterior::Posterior;
use crate::prediction::Prediction;

impl<T: Precision, L: RowLikelihood> Posterior for NetLaplacePosterior<T, L> {
    /// Mean and variance of the outputs of the linearised net (latent), and with the noise of the labels at the mean (observation). Where some
    /// outputs say how noisy the others are, the others'.
    fn predict(&self, x: &Points) -> Result<Prediction> {
        let (mean, covariances) = self.linearised(x)?;
        let judged = self.likelihood.judged(mean.ncols());
        let shape = (mean.nrows(), judged);
        let latent = Array2::from_shape_fn(shape, |(i, c)| covariances[[i, c, c]].max(0.0));
        let mut own = vec![0.0; judged];
        let noise: Array1<f64> = mean
            .rows()
            .into_iter()
            .map(|f| {
                self.likelihood.noise(&f.to_vec(), &mut own);
                own.iter().sum::<f64>() / judged as f64
            })
            .collect();
        let mean = mean.slice(ndarray::s![.., ..judged]).to_owned();
        Prediction::new(mean, latent, 0.0).with_noise_variances(noise)
    }

    /// ln ∫ p(y | f) N(f; mean, covariance) df of the linearised net, one number a row: exact under Gaussian noise, by quadrature or a lattice
    /// for classes, signs and counts.
    fn log_predictive(&self, data: &Data) -> Result<Array1<f64>> {
        self.data.expect_same_transforms(data)?;
        self.likelihood.check(data, self.net.count())?;
        let (mean, covariances) = self.linearised(data.points())?;
        let averaged = self.likelihood.averaged(self.net.count());
        let of_row = |i: usize| {
            let (y, f) = (data.labels().row(i).to_vec(), mean.row(i).to_vec());
            averaged(&y, &f, covariances.index_axis(ndarray::Axis(0), i))
        };
        Ok((0..data.len()).into_par_iter().map(of_row).collect::<Result<Vec<f64>>>()?.into())
    }
}
