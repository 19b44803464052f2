//! Gaussian predictions in which every variance has a name.

use ndarray::{Array1, Array2, Axis};
use softbias_priors::math::special::{normal_log_density, normal_quantile};

use crate::data::{Data, LabelTransform};
use crate::error::{ModelError, Result};

/// Whose uncertainty is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncertainty {
    /// Of the function.
    Latent,
    /// Of a new label: the function's, and the noise.
    Observation,
}

/// Mean and variances at some points, each (point, output).
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    mean: Array2<f64>,
    latent: Array2<f64>,
    /// Noise variance of each point.
    noise: Array1<f64>,
}

impl Prediction {
    pub(crate) fn new(mean: Array2<f64>, latent: Array2<f64>, noise: f64) -> Prediction {
        let noise = Array1::from_elem(mean.nrows(), noise);
        Prediction { mean, latent, noise }
    }

    /// With known noise on top, one standard deviation a point, in the unit of the labels.
    ///
    /// # Errors
    /// For another number of them, or one that is negative or not finite.
    pub fn with_noise(self, sds: &[f64]) -> Result<Prediction> {
        let variance = |sd: &f64| if *sd < 0.0 { f64::NAN } else { sd * sd };
        self.with_noise_variances(sds.iter().map(variance).collect())
    }

    pub(crate) fn with_noise_variances(self, each: Array1<f64>) -> Result<Prediction> {
        if each.len() != self.noise.len() {
            return Err(ModelError::NoiseRows { expected: self.noise.len(), found: each.len() });
        }
        match each.iter().find(|v| !v.is_finite()) {
            Some(v) => Err(ModelError::Noise(v.sqrt())),
            None => Ok(Prediction { noise: self.noise + each, ..self }),
        }
    }

    /// Mean of the function, and of a new label: (point, output).
    #[must_use]
    pub fn mean(&self) -> &Array2<f64> {
        &self.mean
    }

    /// Variance, of the function or of a new label: (point, output).
    #[must_use]
    pub fn variance(&self, of: Uncertainty) -> Array2<f64> {
        match of {
            Uncertainty::Latent => self.latent.clone(),
            Uncertainty::Observation => &self.latent + &self.noise.view().insert_axis(Axis(1)),
        }
    }

    /// Standard deviation, likewise.
    #[must_use]
    pub fn sd(&self, of: Uncertainty) -> Array2<f64> {
        self.variance(of).mapv_into(f64::sqrt)
    }

    /// Central interval that holds the given probability, as (lower, upper).
    ///
    /// # Errors
    /// Unless 0 < level < 1.
    pub fn interval(&self, of: Uncertainty, level: f64) -> Result<(Array2<f64>, Array2<f64>)> {
        if !(level > 0.0 && level < 1.0) {
            return Err(ModelError::Range {
                what: "the level of an interval",
                low: 0.0,
                high: 1.0,
                value: level,
            });
        }
        // by the lower tail, which keeps its digits as the level goes to 1
        let half = self.sd(of) * -normal_quantile(0.5 * (1.0 - level));
        Ok((&self.mean - &half, &self.mean + &half))
    }

    /// ln p(y | x) of new labels, one number a row: the log density of the observation, summed over outputs.
    ///
    /// # Errors
    /// When the labels have another shape.
    pub fn log_density(&self, labels: &Array2<f64>) -> Result<Array1<f64>> {
        self.fits(labels)?;
        Ok(Array1::from_shape_fn(labels.nrows(), |i| {
            (0..labels.ncols())
                .map(|c| {
                    normal_log_density(labels[[i, c]], self.mean[[i, c]], self.latent[[i, c]] + self.noise[i])
                })
                .sum()
        }))
    }

    /// Root mean square error of the mean, over rows and outputs.
    ///
    /// # Errors
    /// When the labels have another shape.
    pub fn rmse(&self, labels: &Array2<f64>) -> Result<f64> {
        self.fits(labels)?;
        let total: f64 = self.mean.iter().zip(labels).map(|(m, y)| (m - y).powi(2)).sum();
        Ok((total / labels.len() as f64).sqrt())
    }

    /// The prediction in the unit of the labels before `data` was transformed.
    ///
    /// # Errors
    /// For transforms that are not affine: there the prediction is not Gaussian.
    pub fn on_original_scale(&self, data: &Data) -> Result<OriginalScale> {
        let (mut mean, mut latent) = (self.mean.clone(), self.latent.clone());
        let each = self.noise.view().insert_axis(Axis(1));
        let mut noise = Array2::from_shape_fn(mean.dim(), |(i, _)| each[[i, 0]]);
        for transform in data.label_transforms().as_slice().iter().rev() {
            let LabelTransform::Affine(affine) = transform else {
                return Err(ModelError::Transform("log"));
            };
            if affine.columns() != mean.ncols() {
                return Err(ModelError::Outputs { model: mean.ncols(), labels: affine.columns() });
            }
            for (c, (shift, scale)) in affine.shift().iter().zip(affine.scale()).enumerate() {
                mean.column_mut(c).mapv_inplace(|m| m * scale + shift);
                latent.column_mut(c).mapv_inplace(|v| v * scale * scale);
                noise.column_mut(c).mapv_inplace(|v| v * scale * scale);
            }
        }
        Ok(OriginalScale { mean, latent, noise })
    }

    fn fits(&self, labels: &Array2<f64>) -> Result<()> {
        if self.mean.dim() == labels.dim() {
            return Ok(());
        }
        if self.mean.ncols() == labels.ncols() {
            let (expected, found) = (self.mean.nrows(), labels.nrows());
            return Err(softbias_priors::PriorError::Dimensions {
                what: "labels of a prediction",
                expected,
                found,
            }
            .into());
        }
        Err(ModelError::Outputs { model: self.mean.ncols(), labels: labels.ncols() })
    }
}

/// A prediction carried back to the unit of the original labels; the noise may differ by output there.
#[derive(Clone, Debug, PartialEq)]
pub struct OriginalScale {
    /// Mean, (point, output).
    pub mean: Array2<f64>,
    /// Variance of the function, (point, output).
    pub latent: Array2<f64>,
    /// Noise variance, (point, output).
    pub noise: Array2<f64>,
}

impl OriginalScale {
    /// Standard deviation, (point, output).
    #[must_use]
    pub fn sd(&self, of: Uncertainty) -> Array2<f64> {
        match of {
            Uncertainty::Latent => self.latent.mapv(f64::sqrt),
            Uncertainty::Observation => (&self.latent + &self.noise).mapv_into(f64::sqrt),
        }
    }
}
