//! The log evidence and its gradient as a function of the parameters, with everything that does not change done once.

use std::sync::Arc;

use ndarray::{Array1, Axis};
use softbias_priors::{GaussianPrior, PriorError};

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::exact::Exact;
use crate::exact::factor::Factor;
use crate::exact::function_space::evidence_slopes;
use crate::exact::noise::Noise;
use crate::exact::reduced::{Reduced, residual};

/// Log evidence (without the Jacobian of label transforms, which no parameter changes) at one parameter vector.
pub(crate) struct Value {
    pub(crate) log: f64,
    /// With respect to the prior's parameters, in their natural unit.
    pub(crate) gradient: Array1<f64>,
    /// With respect to the noise variance.
    pub(crate) noise_gradient: f64,
    /// The common factor on all variances that would maximise the evidence.
    pub(crate) amplitude2: f64,
}

/// A prior and data, ready to be asked for the evidence at many parameters.
pub(crate) struct Objective<'a> {
    prior: Arc<dyn GaussianPrior>,
    data: &'a Data,
    weight_space: bool,
    /// Serves every evaluation, unless a parameter changes the basis.
    reduced: Option<Reduced>,
}

impl<'a> Objective<'a> {
    pub(crate) fn new(prior: Arc<dyn GaussianPrior>, data: &'a Data, method: Exact) -> Result<Objective<'a>> {
        let weight_space = method.in_weight_space(&*prior)?;
        let reduced = match prior.weights() {
            Some(weights) if weight_space && !weights.basis_has_parameters() => {
                Some(Reduced::new(&*prior, &*weights, data)?)
            }
            _ => None,
        };
        Ok(Objective { prior, data, weight_space, reduced })
    }

    /// In weight space O((r + p) r²) with r = min(n, p), whatever n (O(n p²) when a parameter changes the basis); in function
    /// space O(n³).
    ///
    /// `dead_too` asks for the slope along parameters that turn columns of scale 0 on, such as softness² at the hard end;
    /// without it such columns, and those too small to change a digit, are left out before anything is factored.
    pub(crate) fn at(&self, theta: &[f64], variance: f64, dead_too: bool) -> Result<Value> {
        let prior = self.prior.with(theta)?;
        let value = if self.weight_space {
            self.in_weight_space(&*prior, variance, dead_too)
        } else {
            self.in_function_space(&*prior, variance)
        }?;
        if value.gradient.len() != theta.len() {
            return Err(ModelError::Gradient { parameters: theta.len(), found: value.gradient.len() });
        }
        Ok(value)
    }

    fn count(&self) -> f64 {
        self.data.labels().len() as f64
    }

    fn in_weight_space(&self, prior: &dyn GaussianPrior, variance: f64, dead_too: bool) -> Result<Value> {
        let weights = prior.weights().ok_or(PriorError::Empty("features of a linear prior"))?;
        let scales = weights.scales();
        let fresh;
        let reduced = match &self.reduced {
            Some(reduced) => reduced,
            None => {
                fresh = Reduced::new(prior, &*weights, self.data)?;
                &fresh
            }
        };
        let sigma = variance.sqrt();
        let basis_moves = weights.basis_has_parameters();
        if !dead_too && !basis_moves {
            let visible = visible(reduced, &scales, sigma);
            if visible.len() < scales.len() {
                let few = reduced.on_columns(&visible)?;
                let factor = Factor::new(&few, &scales.select(Axis(0), &visible), sigma)?;
                let mut q = Array1::zeros(scales.len());
                for (&j, of_column) in visible.iter().zip(factor.scale_sensitivity(&few)?) {
                    q[j] = of_column;
                }
                return Ok(self.value(&factor, weights.scale_gradient(q.view())));
            }
        }
        let factor = Factor::new(reduced, &scales, sigma)?;
        let mut gradient = weights.scale_gradient(factor.scale_sensitivity(reduced)?.view());
        if basis_moves {
            let basis = weights.basis(self.data.points())?;
            let g = factor.basis_sensitivity(reduced, scales.view(), &basis, &residual(prior, self.data)?)?;
            if let Some(more) = weights.basis_gradient(self.data.points(), g.view())? {
                gradient += &more;
            }
        }
        Ok(self.value(&factor, gradient))
    }

    fn value(&self, factor: &Factor, gradient: Array1<f64>) -> Value {
        Value {
            log: factor.log_evidence(),
            gradient,
            noise_gradient: factor.noise_sensitivity(),
            amplitude2: factor.quadratic() / self.count(),
        }
    }

    fn in_function_space(&self, prior: &dyn GaussianPrior, variance: f64) -> Result<Value> {
        let slopes = evidence_slopes(prior, &Noise::new(variance, None), self.data)?;
        Ok(Value {
            log: slopes.log,
            gradient: prior.contract(self.data.points(), &slopes.covariance)?,
            noise_gradient: slopes.noise,
            amplitude2: slopes.quadratic / self.count(),
        })
    }
}

/// A column with sⱼ‖bⱼ‖ below this fraction of the noise changes σ²I + ΦΦᵀ by less than a hundredth of its rounding.
const NEGLIGIBLE: f64 = 1e-9;

/// The columns that can be told from columns of scale 0.
fn visible(reduced: &Reduced, scales: &Array1<f64>, sigma: f64) -> Vec<usize> {
    let norm = |j: usize| reduced.basis.column(j).iter().map(|b| b * b).sum::<f64>().sqrt();
    (0..scales.len()).filter(|&j| scales[j] * norm(j) > NEGLIGIBLE * sigma).collect()
}
