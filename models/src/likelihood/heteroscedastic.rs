//! Gaussian noise whose standard deviation is known row by row.

use std::sync::Arc;

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};
use softbias_priors::math::special::normal_log_density;
use softbias_priors::parameters::Coordinate;
use softbias_priors::{GaussianPrior, Parameter, Parameters};

use super::scalar::{label_scale2, noise_bounds};
use super::{Gaussian, Likelihood, NOISE, Parametric};
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::exact::noise::Noise;
use crate::exact::reduced::residual;
use crate::exact::{Exact, ExactPosterior};
use crate::model::{Method, Model};

/// y = f(x) + N(0, sdᵢ² + common²): the standard deviation sdᵢ of each row's error is known, for example from repeated
/// measurement; what all rows share on top may be 0.
///
/// Inference is in function space. Predicted observations have the common noise alone: add what is known of new rows with
/// [`Prediction::with_noise`](crate::Prediction::with_noise).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heteroscedastic {
    each: Arc<[f64]>,
    common: f64,
}

impl Heteroscedastic {
    /// Known standard deviations, one a row of the data to come, in the unit of the labels (after their transforms).
    ///
    /// # Errors
    /// For one that is negative or not finite.
    pub fn known(sds: impl IntoIterator<Item = f64>) -> Result<Heteroscedastic> {
        let each: Arc<[f64]> = sds.into_iter().map(|sd| if sd < 0.0 { f64::NAN } else { sd * sd }).collect();
        match each.iter().find(|v| !v.is_finite()) {
            Some(v) => Err(ModelError::Noise(v.sqrt())),
            None => Ok(Heteroscedastic { each, common: 0.0 }),
        }
    }

    /// With noise of standard deviation `sd` on top, the same for all rows.
    #[must_use]
    pub fn plus(self, sd: f64) -> Heteroscedastic {
        Heteroscedastic { common: sd, ..self }
    }

    pub(crate) fn checked(self) -> Result<Heteroscedastic> {
        let odd = self.each.iter().chain([&self.common]).find(|v| !(**v >= 0.0 && v.is_finite())).copied();
        odd.map_or(Ok(self), |v| Err(ModelError::Noise(v)))
    }

    pub(crate) fn each(&self) -> &Arc<[f64]> {
        &self.each
    }
}

impl Parametric for Heteroscedastic {
    /// The variance that all rows share on top, [`NOISE`]; held fixed where there is none.
    fn parameters(&self) -> Parameters {
        let variance = self.common * self.common;
        let parameter = Parameter::free(NOISE, variance, (0.0, f64::MAX), Coordinate::Variance);
        Parameters::new([parameter.fixed(self.common == 0.0)])
    }

    fn with(&self, theta: &[f64]) -> Result<Heteroscedastic> {
        self.parameters().check(theta)?;
        match theta {
            &[variance] if variance != self.common * self.common => Ok(self.clone().plus(variance.sqrt())),
            _ => Ok(self.clone()),
        }
    }

    fn tunables(&self, prior: &dyn GaussianPrior, data: &Data) -> Result<Parameters> {
        let (_, most) = noise_bounds(label_scale2(prior, data)?, self.common * self.common);
        Ok(Parameters::new(self.parameters().into_iter().map(|p| Parameter { upper: most, ..p })))
    }

    fn log_at_mean(&self, prior: &dyn GaussianPrior, data: &Data) -> Result<f64> {
        let common = self.common * self.common;
        let noise = Noise::new(common, Some(self.each.clone()));
        let rows = residual(prior, data)?;
        let of_row = |(i, row): (usize, ArrayView1<'_, f64>)| {
            row.iter().map(|r| normal_log_density(*r, 0.0, noise.of_row(i))).sum::<f64>()
        };
        Ok(rows.rows().into_iter().enumerate().map(of_row).sum())
    }
}

impl Likelihood for Heteroscedastic {
    /// Of a new label, of which only the common noise is known.
    fn log_density(&self, y: f64, f: f64) -> f64 {
        Gaussian::known(self.common).log_density(y, f)
    }
}

impl<P: GaussianPrior + 'static> Method<P, Heteroscedastic> for Exact {
    type Posterior = ExactPosterior;

    /// In function space, whatever the variant but `WeightSpace`, which is an error.
    fn condition(&self, model: Model<P, Heteroscedastic>, data: &Data) -> Result<ExactPosterior> {
        if *self == Exact::WeightSpace {
            return Err(ModelError::RowNoise("weight space has one level for all rows; use `Exact::Auto`"));
        }
        let Heteroscedastic { each, common } = model.likelihood;
        if !(common >= 0.0 && (common * common).is_finite()) {
            return Err(ModelError::Noise(common));
        }
        let noise = Noise::new(common * common, Some(each));
        noise.check(data.len())?;
        ExactPosterior::with_noise(
            Arc::new(model.prior),
            Gaussian::known(common),
            noise,
            data,
            Exact::FunctionSpace,
        )
    }
}
