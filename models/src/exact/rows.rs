//! What one factorisation says about single rows: leave-one-out predictions, prequential terms, and rows that come later.

use std::sync::Arc;

use ndarray::{Array1, Array2};
use softbias_priors::GaussianPrior;

use super::function_space::FunctionSpace;
use super::noise::Noise;
use super::posterior::{ExactPosterior, State};
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::likelihood::Gaussian;
use crate::model::Model;
use crate::prediction::Prediction;

impl ExactPosterior {
    /// The noise of the rows it was conditioned on.
    pub(crate) fn noise_of_rows(&self) -> Noise {
        match &*self.state {
            State::Functions(functions) => functions.noise().clone(),
            State::Weights { .. } => self.noise.into(),
        }
    }

    /// The prediction of every row from all the others, at the same parameters, in closed form (Rasmussen & Williams 2006, 5.10 to
    /// 5.12): O(n) after conditioning in function space; in weight space from the leverages, or through function space where the
    /// features interpolate.
    ///
    /// # Errors
    /// Where rows are interpolated so closely that nothing is left to tell them apart, or a matrix would be over the memory limit.
    pub fn leave_one_out(&self) -> Result<Prediction> {
        let labels = self.data.labels();
        let noise = self.noise_of_rows();
        let own;
        let functions = match &*self.state {
            State::Functions(functions) => functions,
            State::Weights { live, .. } if live.len() < self.data.len() => {
                return self.leave_one_out_by_leverage();
            }
            State::Weights { .. } => {
                own = FunctionSpace::new(&*self.prior, noise.clone(), &self.data)?;
                &own
            }
        };
        let (mean, variance) = functions.leave_one_out(labels);
        let of_row = |(i, c): (usize, usize)| (variance[[i, c]] - noise.of_row(i)).max(0.0);
        let latent = Array2::from_shape_fn(variance.dim(), of_row);
        let each = (0..labels.nrows()).map(|i| noise.of_row(i)).collect();
        Prediction::new(mean, latent, 0.0).with_noise_variances(each)
    }

    /// With m, v the posterior mean and variance at a row: 1/(A⁻¹)ᵢᵢ = σ⁴/(σ² − v) and αᵢ = (y − m)/σ².
    fn leave_one_out_by_leverage(&self) -> Result<Prediction> {
        let (mean, var) = self.mean_and_var(self.data.points())?;
        let (labels, noise) = (self.data.labels(), self.noise.variance());
        let left = var.mapv(|v| noise - v);
        if let Some(((row, _), _)) = left.indexed_iter().find(|(_, l)| **l <= 1e-12 * noise) {
            return Err(ModelError::Interpolated { row });
        }
        let mean = labels - &((labels - &mean) * noise / &left);
        // σ⁴/(σ² − v) − σ², without the difference
        Ok(Prediction::new(mean, var * noise / left, noise))
    }

    /// The posterior given these rows too, as if all had been there from the start: same prior, same noise, evidence of all rows.
    /// O(n²m) for m new rows in function space, where the factor is extended; in weight space all rows are reduced again.
    ///
    /// [`ExactPosterior::extend`] instead takes the posterior as a prior: its evidence is that of the new rows given the old.
    ///
    /// # Errors
    /// When the rows do not fit, or their noise is not known.
    pub fn append(&self, more: &Data) -> Result<ExactPosterior> {
        let all = self.data.concat(more)?;
        let noise = self.noise_of_rows();
        if noise.each().is_some() {
            return Err(ModelError::RowNoise("say that of the new rows too, by `append_with_noise`"));
        }
        self.appended(all, noise)
    }

    /// The same where the noise of the new rows is known one by one (standard deviations on top of the common noise).
    ///
    /// # Errors
    /// As [`ExactPosterior::append`], and for another number of standard deviations than rows.
    pub fn append_with_noise(&self, more: &Data, sds: &[f64]) -> Result<ExactPosterior> {
        let square = |sd: &f64| if *sd >= 0.0 { sd * sd } else { f64::NAN };
        let each: Arc<[f64]> = sds.iter().map(square).collect();
        let new = Noise::new(self.noise.variance(), Some(each));
        new.check(more.len())?;
        let noise = self.noise_of_rows().then(self.data.len(), &new, more.len());
        self.appended(self.data.concat(more)?, noise)
    }

    fn appended(&self, all: Data, noise: Noise) -> Result<ExactPosterior> {
        match &*self.state {
            State::Functions(functions) => {
                let functions = functions.append(&*self.prior, noise, &all)?;
                Ok(self.with_functions(functions, all))
            }
            State::Weights { .. } if noise.each().is_none() => {
                ExactPosterior::new(self.prior.clone(), self.noise, &all, self.method())
            }
            State::Weights { .. } => Err(ModelError::RowNoise(
                "condition by `Exact::FunctionSpace` to add rows with noise of their own",
            )),
        }
    }
}

/// ln p(row i | the rows before it) for every row in the order of the data, exact, from one factorisation in function space: O(n³).
/// Their sum is the log evidence (but for the Jacobian of label transforms); the curve is the prequential one of Dawid (1984).
///
/// # Errors
/// When model and data do not fit, the covariance would be over the memory limit, or the noise is too small to factor it without
/// jitter.
pub fn prequential<P: GaussianPrior>(model: &Model<P, Gaussian>, data: &Data) -> Result<Array1<f64>> {
    model.likelihood.check()?;
    FunctionSpace::unjittered(&model.prior, model.likelihood.into(), data)?.prequential()
}
