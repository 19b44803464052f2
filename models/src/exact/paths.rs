//! Functions drawn from the exact posterior that can be evaluated anywhere.

use std::sync::Arc;

use ndarray::{Array2, Array3, Array4, Axis, s};
use softbias_priors::linear::design;
use softbias_priors::math::linalg;
use softbias_priors::paths::Paths;
use softbias_priors::{GaussianPrior, Points, Prior, PriorError, Seed};

use super::posterior::{Covariance, ExactPosterior, State};

type PriorResult<T> = std::result::Result<T, PriorError>;

/// Draws by Matheron's rule (Wilson et al. 2020): f + cov(·, X) A⁻¹(y − f(X) − noise), f drawn from the prior. In weight space the
/// weights are drawn, which is exact.
#[derive(Debug)]
pub(super) enum PosteriorPaths {
    Weights {
        posterior: ExactPosterior,
        /// Departures of the white weights, (live weight, draw) an output.
        white: Vec<Array2<f64>>,
    },
    Functions {
        posterior: ExactPosterior,
        prior: Arc<dyn Paths>,
        /// What the data change, (row, draw) an output.
        update: Vec<Array2<f64>>,
    },
}

impl PosteriorPaths {
    pub(super) fn of(
        posterior: &ExactPosterior,
        n: usize,
        inputs: usize,
        seed: Seed,
    ) -> PriorResult<Arc<dyn Paths>> {
        let outputs = posterior.outputs();
        let posterior = posterior.clone();
        Ok(Arc::new(match &*posterior.state.clone() {
            State::Weights { white, covariance: Covariance::Factor(factor), .. } => {
                let of_output = |c: usize| {
                    let eps = seed.at(c).normal2(factor.0.ncols(), n);
                    linalg::matmul(factor.0.view(), eps.view()) + white.slice(s![.., c..c + 1])
                };
                let white = (0..outputs).map(of_output).collect();
                PosteriorPaths::Weights { posterior, white }
            }
            State::Weights { .. } => {
                return Err(PriorError::NoPaths("more weights than are kept".to_owned()));
            }
            State::Functions(functions) => {
                let prior = posterior.prior.paths(n, inputs, seed.named("prior"))?;
                let at_rows = prior.values(posterior.data.points())?;
                let mut update = Vec::with_capacity(outputs);
                for c in 0..outputs {
                    let mut noise = seed.named("noise").at(c).normal2(posterior.data.len(), n);
                    for (i, mut row) in noise.rows_mut().into_iter().enumerate() {
                        row *= functions.noise().of_row(i).sqrt();
                    }
                    let y = posterior.data.labels().slice(s![.., c..c + 1]);
                    let left = &y - &at_rows.index_axis(Axis(2), c).t() - noise;
                    update.push(functions.solve(left.view(), c)?);
                }
                PosteriorPaths::Functions { posterior, prior, update }
            }
        }))
    }
}

impl Paths for PosteriorPaths {
    fn count(&self) -> usize {
        match self {
            PosteriorPaths::Weights { white, .. } => white.first().map_or(0, Array2::ncols),
            PosteriorPaths::Functions { prior, .. } => prior.count(),
        }
    }

    fn values(&self, x: &Points) -> PriorResult<Array3<f64>> {
        match self {
            PosteriorPaths::Weights { posterior, white } => {
                let State::Weights { live, .. } = &*posterior.state else {
                    return Err(PriorError::Empty("weights of a posterior in weight space"));
                };
                let weights = posterior.prior.weights().ok_or(PriorError::Empty("features"))?;
                let design = design(&*weights, x)?.select(Axis(1), live);
                let mean = posterior.prior.mean(x)?;
                let mut values = Array3::zeros((self.count(), x.len(), white.len()));
                for (c, white) in white.iter().enumerate() {
                    let mut slot = values.index_axis_mut(Axis(2), c);
                    slot.assign(&linalg::matmul(design.view(), white.view()).t());
                    slot += &mean.column(c);
                }
                Ok(values)
            }
            PosteriorPaths::Functions { posterior, prior, update } => {
                let mut values = prior.values(x)?;
                let cross = posterior.prior.cov(x, posterior.data.points())?;
                for (c, update) in update.iter().enumerate() {
                    let mut slot = values.index_axis_mut(Axis(2), c);
                    slot += &linalg::matmul(cross.of_output(c), update.view()).t();
                }
                Ok(values)
            }
        }
    }

    fn slopes(&self, x: &Points) -> PriorResult<Array4<f64>> {
        let PosteriorPaths::Functions { posterior, prior, update } = self else {
            return softbias_priors::paths::difference_path_slopes(self, x);
        };
        let mut slopes = prior.slopes(x)?;
        for (c, update) in update.iter().enumerate() {
            let of_output = posterior.prior.cov_slope(x, posterior.data.points(), update.view(), c)?;
            // (point, draw, input) → (draw, point, input)
            let mut slot = slopes.index_axis_mut(Axis(2), c);
            slot += &of_output.permuted_axes([1, 0, 2]);
        }
        Ok(slopes)
    }
}
