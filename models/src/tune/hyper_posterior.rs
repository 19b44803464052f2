//! Draws of hyperparameters, whether they can be trusted, and what they predict together.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, s};
use rayon::prelude::*;
use softbias_priors::math::stable::log_mean_exp;
use softbias_priors::{GaussianPrior, Parameter, Parameters, Points};

use super::coordinates::Coordinates;
use super::diagnostics::{effective_sample_size, split_r_hat};
use super::problem::{Problem, Theta, moves};
use super::tuned::model_at;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::exact::Exact;
use crate::likelihood::{Gaussian, Parametric};
use crate::model::Method;
use crate::posterior::Posterior;
use crate::prediction::Uncertainty;

/// One chain as it was drawn.
#[derive(Debug, Default)]
pub(super) struct ChainDraws {
    pub(super) thetas: Vec<Theta>,
    pub(super) coordinates: Vec<Vec<f64>>,
    pub(super) log_evidence: Vec<Option<f64>>,
    pub(super) divergences: usize,
}

/// Draws of the free parameters of a model from their posterior given data; predictions average over them.
#[derive(Clone, Debug)]
pub struct HyperPosterior<L = Gaussian, M = Exact> {
    names: Vec<String>,
    draws: Array3<f64>,
    log_evidence: Array2<f64>,
    r_hat: Vec<f64>,
    effective: Vec<f64>,
    /// Draws whose trajectory broke the conservation of energy: where there are some, a part of the posterior may be missed.
    pub divergences: usize,
    /// What to look at before the draws are believed, in words.
    pub warnings: Vec<String>,
    /// Evaluations of the evidence, warm-up included.
    pub evaluations: usize,
    /// Whether a watcher ended the chains before their time.
    pub interrupted: bool,
    /// Every parameter, and how many are the prior's.
    list: (Vec<Parameter>, usize),
    thetas: Vec<Theta>,
    prior: Arc<dyn GaussianPrior>,
    likelihood: L,
    method: M,
    data: Data,
}

/// Mean and variances of a mixture, each (point, output). No Gaussian: its intervals are not mean ± 1.96 sd.
#[derive(Clone, Debug, PartialEq)]
pub struct Averaged {
    /// Mean of the function; under Gaussian and Student-t noise of a new label too.
    pub mean: Array2<f64>,
    /// Variance of the function: the mean of the variances plus the variance of the means.
    pub latent: Array2<f64>,
    /// The same with what [`Posterior::predict`] counts as noise: of a new label under Gaussian noise; under likelihoods of classes and
    /// counts it is the latent variance once more, and [`HyperPosterior::log_predictive`] judges labels.
    pub observation: Array2<f64>,
}

/// Draws that a prediction averages over, at most.
const THINNED: usize = 64;
/// R̂ above this, and effective draws a chain below that, are warned of (Vehtari et al. 2021).
const R_HAT: f64 = 1.01;
const EFFECTIVE: f64 = 100.0;
/// A share of the draws near a bound above which the bound, not the data, decides.
const AT_BOUND: f64 = 0.1;

impl<L, M> HyperPosterior<L, M> {
    pub(super) fn new(
        problem: &Problem<'_>,
        chains: Vec<ChainDraws>,
        interrupted: bool,
        prior: Arc<dyn GaussianPrior>,
        likelihood: L,
        method: M,
        data: &Data,
    ) -> Result<HyperPosterior<L, M>> {
        let length = chains.iter().map(|chain| chain.thetas.len()).min().unwrap_or(0);
        if length < 4 {
            return Err(ModelError::Sampling(format!(
                "was interrupted after {length} draws of a chain: at least 4 are needed"
            )));
        }
        let coordinates = Coordinates::new(&problem.list, &[]);
        let moving = coordinates.moving();
        let names: Vec<String> = moving.iter().map(|&i| problem.list[i].name.clone()).collect();
        let draws = Array3::from_shape_fn((chains.len(), length, moving.len()), |(c, k, j)| {
            chains[c].thetas[k][moving[j]]
        });
        let log_evidence = Array2::from_shape_fn((chains.len(), length), |(c, k)| {
            chains[c].evidence_of(k, data.log_jacobian())
        });
        // in the coordinates of tuning, where no tail is long
        let of = |j: usize| -> Vec<Vec<f64>> {
            chains.iter().map(|chain| chain.coordinates[..length].iter().map(|u| u[j]).collect()).collect()
        };
        let r_hat: Vec<f64> = (0..names.len()).map(|j| split_r_hat(&of(j))).collect();
        let effective: Vec<f64> = (0..names.len()).map(|j| effective_sample_size(&of(j))).collect();
        let divergences = chains.iter().map(|chain| chain.divergences).sum();
        let mut warnings = Vec::new();
        for (j, name) in names.iter().enumerate() {
            if r_hat[j] > R_HAT {
                warnings.push(format!("`{name}`: R̂ = {:.3}, the chains disagree; draw more", r_hat[j]));
            }
            if effective[j] < EFFECTIVE * chains.len() as f64 {
                warnings.push(format!("`{name}`: only {:.0} effective draws; draw more", effective[j]));
            }
            let values = draws.slice(s![.., .., j]);
            let met = values.iter().filter(|&&v| coordinates.end_of(moving[j], v).is_some()).count();
            if met as f64 > AT_BOUND * values.len() as f64 {
                let share = 100.0 * met as f64 / values.len() as f64;
                warnings
                    .push(format!("`{name}`: {share:.0} % of the draws lie at a bound, which decides there"));
            }
        }
        if divergences > 0 {
            warnings.push(format!("{divergences} divergent draws: a part of the posterior may be missed"));
        }
        let thetas = chains.into_iter().flat_map(|chain| chain.thetas.into_iter().take(length)).collect();
        Ok(HyperPosterior {
            names,
            draws,
            log_evidence,
            r_hat,
            effective,
            divergences,
            warnings,
            evaluations: problem.track.evaluations(),
            interrupted,
            list: (problem.list.clone(), problem.of_prior),
            thetas,
            prior,
            likelihood,
            method,
            data: data.clone(),
        })
    }

    /// Names of the parameters that were drawn.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The draws in natural units: (chain, draw, parameter), parameters in the order of [`HyperPosterior::names`].
    #[must_use]
    pub fn draws(&self) -> &Array3<f64> {
        &self.draws
    }

    /// Log evidence at every draw, without hyperpriors, Jacobian of label transforms included: (chain, draw).
    #[must_use]
    pub fn log_evidence(&self) -> &Array2<f64> {
        &self.log_evidence
    }

    /// All draws of one parameter, chain after chain.
    ///
    /// # Errors
    /// When no parameter of that name was drawn.
    pub fn values(&self, name: &str) -> Result<Array1<f64>> {
        let at = self.position(name)?;
        Ok(self.draws.slice(s![.., .., at]).iter().copied().collect())
    }

    /// Posterior mean of one parameter.
    ///
    /// # Errors
    /// When no parameter of that name was drawn.
    pub fn mean(&self, name: &str) -> Result<f64> {
        let values = self.values(name)?;
        Ok(values.sum() / values.len() as f64)
    }

    /// Posterior standard deviation of one parameter.
    ///
    /// # Errors
    /// When no parameter of that name was drawn.
    pub fn sd(&self, name: &str) -> Result<f64> {
        let (values, mean) = (self.values(name)?, self.mean(name)?);
        Ok((values.mapv(|v| (v - mean).powi(2)).sum() / (values.len() as f64 - 1.0)).sqrt())
    }

    /// Split R̂ of one parameter, in its coordinate of tuning: near 1 when the chains agree.
    ///
    /// # Errors
    /// When no parameter of that name was drawn.
    pub fn r_hat(&self, name: &str) -> Result<f64> {
        Ok(self.r_hat[self.position(name)?])
    }

    /// Effective number of draws behind the mean of one parameter, in its coordinate of tuning.
    ///
    /// # Errors
    /// When no parameter of that name was drawn.
    pub fn effective_sample_size(&self, name: &str) -> Result<f64> {
        Ok(self.effective[self.position(name)?])
    }

    fn position(&self, name: &str) -> Result<usize> {
        let (list, _) = &self.list;
        Ok(Parameters::new(list.iter().filter(|p| moves(p)).cloned()).position(name)?)
    }

    /// `k` draws spread evenly over all.
    fn thinned(&self, k: usize) -> Vec<&Theta> {
        let (all, k) = (self.thetas.len(), k.min(self.thetas.len()));
        (0..k).map(|i| &self.thetas[(2 * i + 1) * all / (2 * k)]).collect()
    }
}

type PosteriorOf<L, M> = <M as Method<Arc<dyn GaussianPrior>, L>>::Posterior;

impl<L: Parametric, M: Method<Arc<dyn GaussianPrior>, L> + Sync> HyperPosterior<L, M> {
    fn conditioned(&self, theta: &Theta) -> Result<PosteriorOf<L, M>> {
        let list = (&self.list.0[..], self.list.1);
        let model = model_at(list, theta, &self.prior, &self.likelihood, &self.data)?;
        self.method.condition(model, &self.data)
    }

    /// The model conditioned at `k` draws spread evenly over all of them (all of them, when there are no more). Every prior is charged
    /// with the rows that the draws looked at.
    ///
    /// # Errors
    /// Those of conditioning.
    pub fn posteriors(&self, k: usize) -> Result<Vec<PosteriorOf<L, M>>>
    where
        PosteriorOf<L, M>: Send,
    {
        self.thinned(k).into_par_iter().map(|theta| self.conditioned(theta)).collect()
    }

    /// Mean and variance of the mixture over 64 draws spread evenly over all, by the law of total variance.
    ///
    /// # Errors
    /// When the points do not fit, and those of conditioning.
    pub fn predict(&self, x: &Points) -> Result<Averaged>
    where
        PosteriorOf<L, M>: Posterior,
    {
        let each = self.thinned(THINNED).into_par_iter().map(|theta| {
            let prediction = self.conditioned(theta)?.predict(x)?;
            let variances = [Uncertainty::Latent, Uncertainty::Observation].map(|of| prediction.variance(of));
            Ok((prediction.mean().clone(), variances))
        });
        let each: Vec<(Array2<f64>, [Array2<f64>; 2])> = each.collect::<Result<_>>()?;
        let count = each.len() as f64;
        let mut mean = Array2::zeros((x.len(), self.prior.outputs()));
        each.iter().for_each(|(m, _)| mean += &(m / count));
        let mut latent = Array2::zeros(mean.raw_dim());
        let mut observation = Array2::zeros(mean.raw_dim());
        for (m, [of_function, of_label]) in &each {
            let between = (m - &mean).mapv_into(|d| d * d);
            latent += &((of_function + &between) / count);
            observation += &((of_label + &between) / count);
        }
        Ok(Averaged { mean, latent, observation })
    }

    /// ln p(y | x) of new labels under the mixture, one number a row, averaged over 64 draws spread evenly over all: the average of
    /// [`Posterior::log_predictive`], whatever the likelihood.
    ///
    /// # Errors
    /// When the data do not fit, and those of conditioning.
    pub fn log_predictive(&self, data: &Data) -> Result<Array1<f64>>
    where
        PosteriorOf<L, M>: Posterior,
    {
        let each = self.thinned(THINNED).into_par_iter();
        let each = each.map(|theta| self.conditioned(theta)?.log_predictive(data));
        let each: Vec<Array1<f64>> = each.collect::<Result<_>>()?;
        let mixed = |row: usize| {
            let logs: Vec<f64> = each.iter().map(|log| log[row]).collect();
            log_mean_exp(&logs)
        };
        Ok((0..data.len()).map(mixed).collect())
    }
}
