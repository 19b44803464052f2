//! Labels of C classes: one function a class, the largest is the likeliest.

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};
use softbias_priors::GaussianPrior;
use softbias_priors::math::stable::{log_sum_exp, log1p_exp};

use super::Likelihood;
use super::scalar::Parametric;
use crate::data::Data;
use crate::error::{ModelError, Result};

/// p(y = c | f) = exp f_c / Σ exp f_d, for labels 0, 1, …, C − 1 in one column and a prior with C outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "usize", into = "usize")]
pub struct Softmax {
    classes: usize,
}

impl Softmax {
    /// Labels of this many classes.
    ///
    /// # Errors
    /// [`ModelError::Classes`] for fewer than two.
    pub fn classes(classes: usize) -> Result<Softmax> {
        if classes >= 2 { Ok(Softmax { classes }) } else { Err(ModelError::Classes(classes)) }
    }

    /// Number of classes.
    #[must_use]
    pub fn count(&self) -> usize {
        self.classes
    }

    /// ln p(class | f) for each class, from the C values of the function.
    #[must_use]
    pub fn log_probabilities(&self, f: &[f64]) -> Vec<f64> {
        let all = log_sum_exp(f);
        f.iter().map(|value| value - all).collect()
    }

    /// The class of every row.
    ///
    /// # Errors
    /// [`ModelError::Support`], naming the first row whose label is no class, and [`ModelError::SingleOutput`] unless the labels
    /// stand in one column.
    pub fn labels(&self, data: &Data) -> Result<Vec<usize>> {
        if data.outputs() != 1 {
            return Err(ModelError::SingleOutput { prior: 1, labels: data.outputs() });
        }
        let class = |(row, &value): (usize, &f64)| {
            if value >= 0.0 && value.fract() == 0.0 && value < self.classes as f64 {
                Ok(value as usize)
            } else {
                let support = "classes are whole numbers from 0 to the number of classes less one";
                Err(ModelError::Support { support, row, value })
            }
        };
        data.labels().iter().enumerate().map(class).collect()
    }

    /// Checks every label of the data.
    ///
    /// # Errors
    /// As [`Softmax::labels`].
    pub fn check_labels(&self, data: &Data) -> Result<()> {
        self.labels(data).map(drop)
    }
}

impl TryFrom<usize> for Softmax {
    type Error = ModelError;
    fn try_from(classes: usize) -> Result<Softmax> {
        Softmax::classes(classes)
    }
}

impl From<Softmax> for usize {
    fn from(softmax: Softmax) -> usize {
        softmax.classes
    }
}

impl Likelihood for Softmax {
    /// Where one number is asked for, `f` is the lead of the label's class: f_y − ln Σ exp f_d over the other classes d.
    fn log_density(&self, _y: f64, f: f64) -> f64 {
        -log1p_exp(-f)
    }
}

impl Parametric for Softmax {
    fn log_at_mean(&self, prior: &dyn GaussianPrior, data: &Data) -> Result<f64> {
        let (labels, mean) = (self.labels(data)?, prior.mean(data.points())?);
        if mean.ncols() != self.classes {
            return Err(ModelError::Outputs { model: mean.ncols(), labels: self.classes });
        }
        let of_row = |(label, f): (&usize, ArrayView1<'_, f64>)| self.log_probabilities(&f.to_vec())[*label];
        Ok(labels.iter().zip(mean.rows()).map(of_row).sum())
    }
}
