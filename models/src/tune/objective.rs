//! The exact log evidence and its gradient as a function of the parameters, with everything that does not change done once.

use std::sync::Arc;

use ndarray::{Array1, Array2, Axis, array};
use softbias_priors::math::linalg::matmul;
use softbias_priors::{GaussianPrior, PriorError, Weights};

use super::method::{EvidenceGradient, EvidenceMethod, EvidenceObjective, Warm};
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::exact::Exact;
use crate::exact::factor::Factor;
use crate::exact::function_space::evidence_slopes;
use crate::exact::noise::Noise;
use crate::exact::reduced::{Reduced, residual};
use crate::likelihood::{Gaussian, Heteroscedastic};

impl EvidenceMethod<Gaussian> for Exact {
    fn objective<'a>(
        &self,
        prior: Arc<dyn GaussianPrior>,
        likelihood: &Gaussian,
        data: &'a Data,
    ) -> Result<Box<dyn EvidenceObjective + 'a>> {
        likelihood.check()?;
        Ok(Box::new(Objective::new(prior, data, *self)?))
    }
}

impl EvidenceMethod<Heteroscedastic> for Exact {
    fn objective<'a>(
        &self,
        prior: Arc<dyn GaussianPrior>,
        likelihood: &Heteroscedastic,
        data: &'a Data,
    ) -> Result<Box<dyn EvidenceObjective + 'a>> {
        let objective = Objective::new(prior, data, Exact::FunctionSpace)?;
        Ok(Box::new(Objective { each: Some(likelihood.each().clone()), ..objective }))
    }
}

/// A Gaussian model, in weight space or in function space.
#[derive(Debug)]
struct Objective<'a> {
    prior: Arc<dyn GaussianPrior>,
    data: &'a Data,
    weight_space: bool,
    /// Whether a parameter moves the prior mean, and with it the right-hand side.
    mean_moves: bool,
    /// Serves every evaluation, unless a parameter changes the basis or the mean.
    reduced: Option<Reduced>,
    /// Noise variances known row by row, on top of the common one.
    each: Option<Arc<[f64]>>,
}

impl EvidenceObjective for Objective<'_> {
    /// In weight space O((r + p) r²) with r = min(n, p), whatever n (O(n p²) when a parameter changes the basis or the mean); in
    /// function space O(n³). Columns of scale 0, and those too small to change a digit, are left out before anything is factored.
    fn at(&self, prior: &[f64], likelihood: &[f64], _: &mut Warm) -> Result<EvidenceGradient> {
        self.evaluate(prior, likelihood, false)
    }

    fn at_hard_end(&self, prior: &[f64], likelihood: &[f64]) -> Result<EvidenceGradient> {
        self.evaluate(prior, likelihood, true)
    }
}

impl<'a> Objective<'a> {
    fn new(prior: Arc<dyn GaussianPrior>, data: &'a Data, method: Exact) -> Result<Objective<'a>> {
        let weight_space = method.in_weight_space(&*prior)?;
        let one = data.points().range(0..1)?;
        let mean_moves = prior.contract_mean(&one, Array2::zeros((1, prior.outputs())).view())?.is_some();
        let reduced = match prior.weights() {
            Some(weights) if weight_space && !mean_moves && !weights.basis_has_parameters() => {
                Some(Reduced::new(&*prior, &*weights, data)?)
            }
            _ => None,
        };
        Ok(Objective { prior, data, weight_space, mean_moves, reduced, each: None })
    }

    fn evaluate(&self, theta: &[f64], likelihood: &[f64], dead_too: bool) -> Result<EvidenceGradient> {
        let &[variance] = likelihood else {
            let found = likelihood.len();
            return Err(PriorError::Dimensions { what: "parameters of the noise", expected: 1, found }.into());
        };
        let prior = self.prior.with(theta)?;
        if self.weight_space {
            self.in_weight_space(&*prior, variance, dead_too)
        } else {
            self.in_function_space(&*prior, variance)
        }
    }

    fn in_weight_space(
        &self,
        prior: &dyn GaussianPrior,
        variance: f64,
        dead_too: bool,
    ) -> Result<EvidenceGradient> {
        let weights = prior.weights().ok_or(PriorError::Empty("features of a linear prior"))?;
        let scales = weights.scales();
        let sigma = variance.sqrt();
        let fresh;
        let reduced = match &self.reduced {
            Some(reduced) if dead_too => reduced,
            Some(reduced) => {
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
                reduced
            }
            None => {
                fresh = Reduced::new(prior, &*weights, self.data)?;
                &fresh
            }
        };
        let factor = Factor::new(reduced, &scales, sigma)?;
        let mut gradient = weights.scale_gradient(factor.scale_sensitivity(reduced)?.view());
        if self.reduced.is_none() {
            self.add_slopes_over_rows(&mut gradient, prior, &*weights, reduced, &factor, variance)?;
        }
        Ok(self.value(&factor, gradient))
    }

    /// What parameters of the basis and of the mean add, for which every row is needed again.
    fn add_slopes_over_rows(
        &self,
        gradient: &mut Array1<f64>,
        prior: &dyn GaussianPrior,
        weights: &dyn Weights,
        reduced: &Reduced,
        factor: &Factor,
        variance: f64,
    ) -> Result<()> {
        let points = self.data.points();
        let (scales, basis, y) = (weights.scales(), weights.basis(points)?, residual(prior, self.data)?);
        if weights.basis_has_parameters() {
            let g = factor.basis_sensitivity(reduced, scales.view(), &basis, &y)?;
            if let Some(more) = weights.basis_gradient(points, g.view())? {
                add(gradient, &more)?;
            }
        }
        if self.mean_moves {
            let phi = basis.select(Axis(1), &factor.live) * &scales.select(Axis(0), &factor.live);
            let alpha = (y - matmul(phi.view(), factor.white.view())) / variance;
            if let Some(more) = prior.contract_mean(points, alpha.view())? {
                add(gradient, &more)?;
            }
        }
        Ok(())
    }

    fn value(&self, factor: &Factor, gradient: Array1<f64>) -> EvidenceGradient {
        EvidenceGradient {
            log: factor.log_evidence(),
            prior: gradient,
            likelihood: array![factor.noise_sensitivity()],
            warnings: Vec::new(),
            amplitude2: Some(factor.quadratic() / self.data.labels().len() as f64),
        }
    }

    fn in_function_space(&self, prior: &dyn GaussianPrior, variance: f64) -> Result<EvidenceGradient> {
        let slopes = evidence_slopes(prior, &Noise::new(variance, self.each.clone()), self.data)?;
        let points = self.data.points();
        let mut gradient = prior.contract(points, &slopes.covariance)?;
        if self.mean_moves
            && let Some(more) = prior.contract_mean(points, slopes.mean.view())?
        {
            add(&mut gradient, &more)?;
        }
        Ok(EvidenceGradient {
            log: slopes.log,
            prior: gradient,
            likelihood: array![slopes.noise],
            warnings: Vec::new(),
            amplitude2: Some(slopes.quadratic / self.data.labels().len() as f64),
        })
    }
}

/// Adds a gradient of a prior that may be written elsewhere.
fn add(gradient: &mut Array1<f64>, more: &Array1<f64>) -> Result<()> {
    if gradient.len() != more.len() {
        return Err(ModelError::Gradient { parameters: gradient.len(), found: more.len() });
    }
    *gradient += more;
    Ok(())
}

/// A column with sⱼ‖bⱼ‖ below this fraction of the noise changes σ²I + ΦΦᵀ by less than a hundredth of its rounding.
const NEGLIGIBLE: f64 = 1e-9;

/// The columns that can be told from columns of scale 0.
fn visible(reduced: &Reduced, scales: &Array1<f64>, sigma: f64) -> Vec<usize> {
    let norm = |j: usize| reduced.basis.column(j).iter().map(|b| b * b).sum::<f64>().sqrt();
    (0..scales.len()).filter(|&j| scales[j] * norm(j) > NEGLIGIBLE * sigma).collect()
}
