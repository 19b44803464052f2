//! The exact posterior: again a Gaussian prior, so it can be asked, drawn from, and conditioned on more data.

use std::sync::Arc;

use ndarray::{Array2, Array3, Axis};
use softbias_priors::linear::design;
use softbias_priors::math::linalg;
use softbias_priors::prior::gaussian_draws;
use softbias_priors::{GaussianPrior, Ledger, Nats, Points, Prior, PriorError, PriorExt, Saw, Seed, memory};

use super::Exact;
use super::factor::{CovarianceFactor, Factor};
use super::function_space::FunctionSpace;
use super::noise::Noise;
use super::reduced::Reduced;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::evidence::{EffectiveDimension, Evidence};
use crate::likelihood::Gaussian;
use crate::posterior::{Evidenced, Informed, Posterior};
use crate::prediction::Prediction;
use crate::risk::{EmpiricalRisk, Loss};

type PriorResult<T> = std::result::Result<T, PriorError>;

/// The posterior of a Gaussian prior under Gaussian noise, exact.
///
/// It is a [`GaussianPrior`] itself: conditioning it on further rows is the same as conditioning on all rows at once (for a fixed
/// spec), and its ledger names the rows it has seen.
#[derive(Clone, Debug)]
pub struct ExactPosterior {
    pub(super) prior: Arc<dyn GaussianPrior>,
    pub(super) noise: Gaussian,
    pub(super) data: Data,
    method: Exact,
    pub(super) state: Arc<State>,
    evidence: Evidence,
    effective_dimension: EffectiveDimension,
}

#[derive(Debug)]
pub(super) enum State {
    /// ε | y ~ N(white, CCᵀ) for the live weights. The covariance factor is left out when it would be far larger than the data;
    /// then variances come as prior minus explained, through Q_w.
    Weights {
        live: Vec<usize>,
        white: Array2<f64>,
        covariance: Covariance,
    },
    Functions(FunctionSpace),
}

#[derive(Debug)]
pub(super) enum Covariance {
    Factor(CovarianceFactor),
    Explained(Array2<f64>),
}

impl ExactPosterior {
    pub(crate) fn new(
        prior: Arc<dyn GaussianPrior>,
        noise: Gaussian,
        data: &Data,
        method: Exact,
    ) -> Result<ExactPosterior> {
        noise.check()?;
        ExactPosterior::with_noise(prior, noise, noise.into(), data, method)
    }

    /// With the noise of the rows apart from that of new labels.
    pub(crate) fn with_noise(
        prior: Arc<dyn GaussianPrior>,
        noise: Gaussian,
        of_rows: Noise,
        data: &Data,
        method: Exact,
    ) -> Result<ExactPosterior> {
        let log_jacobian = data.log_jacobian();
        let (state, evidence, effective_dimension) = if method.in_weight_space(&*prior)? {
            let weights = prior.weights().ok_or(PriorError::Empty("features of a linear prior"))?;
            let reduced = Reduced::new(&*prior, &*weights, data)?;
            let scales = weights.scales();
            let factor = Factor::new(&reduced, &scales, noise.sd())?;
            let small = factor.live.len() <= 2000.max(2 * reduced.basis.nrows());
            let covariance = if small {
                Covariance::Factor(factor.covariance_factor(&reduced, scales.view())?)
            } else {
                Covariance::Explained(factor.q_w.clone())
            };
            let (evidence, dimension) = (factor.evidence(log_jacobian), factor.effective_dimension());
            (State::Weights { live: factor.live, white: factor.white, covariance }, evidence, dimension)
        } else {
            let functions = FunctionSpace::new(&*prior, of_rows, data)?;
            let (evidence, dimension) = (functions.evidence(log_jacobian), functions.effective_dimension());
            (State::Functions(functions), evidence, dimension)
        };
        Ok(ExactPosterior {
            prior,
            noise,
            data: data.clone(),
            method,
            state: Arc::new(state),
            evidence,
            effective_dimension,
        })
    }

    /// The same prior and noise on other rows, whose factor is known.
    pub(super) fn with_functions(&self, functions: FunctionSpace, data: Data) -> ExactPosterior {
        ExactPosterior {
            evidence: functions.evidence(data.log_jacobian()),
            effective_dimension: functions.effective_dimension(),
            state: Arc::new(State::Functions(functions)),
            data,
            ..self.clone()
        }
    }

    /// The prior that was conditioned.
    #[must_use]
    pub fn prior(&self) -> &Arc<dyn GaussianPrior> {
        &self.prior
    }

    /// The noise.
    #[must_use]
    pub fn noise(&self) -> Gaussian {
        self.noise
    }

    /// The rows it was conditioned on.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    pub(crate) fn method(&self) -> Exact {
        self.method
    }

    /// Effective dimension in both meanings.
    #[must_use]
    pub fn effective_dimension(&self) -> EffectiveDimension {
        self.effective_dimension
    }

    /// What was added to the diagonal of the covariance to factor it, absolute; 0 in weight space, and usually elsewhere.
    #[must_use]
    pub fn jitter(&self) -> f64 {
        match &*self.state {
            State::Weights { .. } => 0.0,
            State::Functions(functions) => functions.jitter(),
        }
    }

    /// Posterior means of the coefficients of the prior's features, (feature, output), as departures from the prior's mean; `None`
    /// in function space. Where the prior is itself a posterior, its features are mixtures of the original ones.
    #[must_use]
    pub fn coefficients(&self) -> Option<Array2<f64>> {
        let State::Weights { live, white, .. } = &*self.state else {
            return None;
        };
        let scales = self.prior.weights()?.scales();
        let mut all = Array2::zeros((scales.len(), white.ncols()));
        for (k, &j) in live.iter().enumerate() {
            all.row_mut(j).assign(&(&white.row(k) * scales[j]));
        }
        Some(all)
    }

    /// Covariance of the coefficients of the basis (the same for every output), (feature, feature); `None` in function space, and
    /// where it was left out because it would be far larger than the data.
    #[must_use]
    pub fn coefficient_covariance(&self) -> Option<Array2<f64>> {
        let State::Weights { live, covariance: Covariance::Factor(factor), .. } = &*self.state else {
            return None;
        };
        let scales = self.prior.weights()?.scales();
        let mut spread = Array2::zeros((scales.len(), factor.0.ncols()));
        for (k, &j) in live.iter().enumerate() {
            spread.row_mut(j).assign(&(&factor.0.row(k) * scales[j]));
        }
        Some(linalg::syrk(spread.view()))
    }

    /// Draws of new labels at the points, noise included (the common one, where it is known row by row): (draw, point, output),
    /// joint over points.
    ///
    /// # Errors
    /// When the points do not fit, or the draws would be over the memory limit.
    pub fn label_draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        let mut draws = self.draws(n, x, seed)?;
        let mut noise = vec![0.0; draws.len()];
        seed.named("label noise").fill_normal(&mut noise);
        draws.iter_mut().zip(noise).for_each(|(draw, z)| *draw += self.noise.sd() * z);
        Ok(draws)
    }

    /// The same posterior, owing `ledger` on top: for example because it was chosen among several by looking at rows.
    #[must_use]
    pub fn charged(mut self, ledger: Ledger) -> ExactPosterior {
        self.prior = Arc::new(self.prior.charged(ledger));
        self
    }

    /// Conditions on further rows: the posterior is the prior, with the same noise.
    ///
    /// # Errors
    /// When the rows do not fit.
    pub fn extend(&self, more: &Data) -> Result<ExactPosterior> {
        self.data.expect_same_transforms(more)?;
        if self.noise_of_rows().each().is_some() {
            return Err(ModelError::RowNoise("say that of the new rows too, by `append_with_noise`"));
        }
        // A posterior of very many weights keeps no factor over them: then only function space is left.
        let method = match self.method {
            Exact::WeightSpace if self.weights().is_none() => Exact::Auto,
            method => method,
        };
        ExactPosterior::new(Arc::new(self.clone()), self.noise, more, method)
    }

    pub(super) fn live_design(&self, live: &[usize], x: &Points) -> PriorResult<Array2<f64>> {
        let weights = self.prior.weights().ok_or(PriorError::Empty("features of a linear prior"))?;
        Ok(design(&*weights, x)?.select(Axis(1), live))
    }
}

impl Prior for ExactPosterior {
    fn outputs(&self) -> usize {
        self.prior.outputs()
    }

    fn draws(&self, n: usize, x: &Points, seed: Seed) -> PriorResult<Array3<f64>> {
        let State::Weights { live, covariance: Covariance::Factor(factor), .. } = &*self.state else {
            return gaussian_draws(self, n, x, seed);
        };
        memory::announce_draws(n, x.len(), self.outputs())?;
        let spread = linalg::matmul(self.live_design(live, x)?.view(), factor.0.view());
        let mean = self.mean(x)?;
        let mut draws = Array3::zeros((n, x.len(), self.outputs()));
        for c in 0..self.outputs() {
            let eps = seed.at(c).normal2(n, spread.ncols());
            let values = linalg::matmul_nt(eps.view(), spread.view()) + mean.column(c);
            draws.index_axis_mut(Axis(2), c).assign(&values);
        }
        Ok(draws)
    }

    fn ledger(&self) -> Ledger {
        let seen = Ledger::saw("conditioned", Saw::Labels, Some(self.data.rows()));
        self.prior.ledger().of_posterior().and(self.data.ledger()).and(&seen)
    }
}

impl Posterior for ExactPosterior {
    fn predict(&self, x: &Points) -> Result<Prediction> {
        let (mean, var) = self.mean_and_var(x)?;
        Ok(Prediction::new(mean, var, self.noise.variance()))
    }
}

impl Evidenced for ExactPosterior {
    fn evidence_of(&self) -> Evidence {
        self.evidence
    }
}

impl Informed for ExactPosterior {
    fn information(&self) -> Nats {
        self.evidence.information
    }

    fn prior_ledger(&self) -> Ledger {
        self.prior.ledger().of_functions().and(self.data.ledger())
    }

    fn conditioned_on(&self) -> &Data {
        &self.data
    }

    fn risk(&self, loss: Loss, data: &Data) -> Result<EmpiricalRisk> {
        self.data.expect_same_transforms(data)?;
        let (mean, var) = self.mean_and_var(data.points())?;
        EmpiricalRisk::gibbs_gaussian(loss, data, &mean, &var)
    }
}
