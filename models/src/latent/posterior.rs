//! A Gaussian posterior over functions that is its prior times one Gaussian site a row: what Laplace and EP both find.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, Axis, s};
use rayon::prelude::*;
use softbias_priors::math::linalg::{self, Cholesky};
use softbias_priors::prior::gaussian_draws;
use softbias_priors::{
    Blocks, GaussianPrior, Ledger, Nats, Parameters, Points, Prior, PriorError, PriorExt, Saw, Seed, memory,
};

use super::Warning;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::evidence::Evidence;
use crate::likelihood::{Bernoulli, Judged, ScalarLikelihood};
use crate::posterior::{Evidenced, Informed, Posterior};
use crate::prediction::Prediction;
use crate::risk::{EmpiricalRisk, Loss};

type PriorResult<T> = std::result::Result<T, PriorError>;

/// Test points at a time: bounds the memory of a prediction at (rows × this), whatever is asked.
const BLOCK: usize = 1024;

/// q(f) ∝ p(f) Π exp(νᵢ fᵢ − ½ τᵢ fᵢ²), in the form that inverts no covariance.
#[derive(Clone, Debug)]
pub(crate) struct Sites {
    /// K⁻¹(E f − mean) at the rows.
    pub(crate) alpha: Array1<f64>,
    /// τ^½.
    pub(crate) root: Array1<f64>,
    /// Of B = I + τ^½ K τ^½.
    pub(crate) factor: Cholesky,
}

/// The approximate posterior of a function under a likelihood of one latent value: a Gaussian process whose values at the rows are
/// N(f̂, (K⁻¹ + T)⁻¹), with T diagonal.
///
/// It is a [`GaussianPrior`] itself, with draws joint over points; its ledger names the rows it has seen. `predict` gives mean and
/// variance of the *latent* function (the observation of a [`Prediction`] adds noise where labels are the function plus noise, and
/// nothing otherwise); probabilities of labels come from [`Posterior::log_predictive`] and
/// [`SitePosterior::class_probabilities`].
#[derive(Clone, Debug)]
pub struct SitePosterior<L> {
    prior: Arc<dyn GaussianPrior>,
    likelihood: L,
    data: Data,
    sites: Arc<Sites>,
    evidence: Evidence,
    iterations: usize,
    warnings: Vec<Warning>,
}

impl<L: ScalarLikelihood> SitePosterior<L> {
    pub(crate) fn new(
        prior: Arc<dyn GaussianPrior>,
        likelihood: L,
        data: &Data,
        sites: Sites,
        evidence: Evidence,
        (iterations, warnings): (usize, Vec<Warning>),
    ) -> SitePosterior<L> {
        let data = data.clone();
        SitePosterior { prior, likelihood, data, sites: Arc::new(sites), evidence, iterations, warnings }
    }

    /// The prior that was conditioned.
    #[must_use]
    pub fn prior(&self) -> &Arc<dyn GaussianPrior> {
        &self.prior
    }

    /// The likelihood.
    #[must_use]
    pub fn likelihood(&self) -> &L {
        &self.likelihood
    }

    /// The rows it was conditioned on.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Iterations that were needed.
    #[must_use]
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// What should be known about this approximation; empty when there is nothing to say.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The same posterior, owing `ledger` on top: for example because it was chosen among several by looking at rows.
    #[must_use]
    pub fn charged(mut self, ledger: Ledger) -> SitePosterior<L> {
        self.prior = Arc::new(self.prior.charged(ledger));
        self
    }

    /// Mean and variance at the points, a block of them at a time.
    fn moments(&self, x: &Points) -> PriorResult<(Array1<f64>, Array1<f64>)> {
        let (mut mean, mut var) = (self.prior.mean(x)?.column(0).to_owned(), Array1::zeros(x.len()));
        self.by_blocks(x, |rows, part, cross| {
            mean.slice_mut(s![rows.clone()]).scaled_add(1.0, &cross.t().dot(&self.sites.alpha));
            let explained = self.explained(cross)?.map_axis(Axis(0), |column| column.dot(&column));
            let left = &self.prior.var(part)?.column(0) - &explained;
            var.slice_mut(s![rows]).assign(&left.mapv(|v| v.max(0.0)));
            Ok(())
        })?;
        Ok((mean, var))
    }

    fn by_blocks(
        &self,
        x: &Points,
        mut visit: impl FnMut(std::ops::Range<usize>, &Points, Array2<f64>) -> PriorResult<()>,
    ) -> PriorResult<()> {
        for start in (0..x.len()).step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(x.len());
            let part = x.range(rows.clone())?;
            let cross = self.prior.cov(self.data.points(), &part).map_err(|e| e.of_row_after(start))?;
            visit(rows, &part, cross.of_output(0).to_owned())?;
        }
        Ok(())
    }

    /// L⁻¹ S cov(rows, x): its squares are the variance that the data took away.
    fn explained(&self, mut cross: Array2<f64>) -> PriorResult<Array2<f64>> {
        for (mut row, root) in cross.rows_mut().into_iter().zip(&self.sites.root) {
            row *= *root;
        }
        Ok(self.sites.factor.solve_lower(cross.view())?)
    }
}

impl SitePosterior<Bernoulli> {
    /// Probability of each label at the points, (point, label): column 0 for −1, column 1 for +1. The latent value is integrated
    /// out, in closed form for the probit link and by quadrature for the logit (to about 1e-10). O(n²) a point.
    ///
    /// # Errors
    /// When the points do not fit.
    pub fn class_probabilities(&self, x: &Points) -> Result<Array2<f64>> {
        let (mean, var) = self.moments(x)?;
        let of_point = |i: usize| self.likelihood.probabilities(mean[i], var[i]);
        let rows = (0..x.len()).into_par_iter().map(of_point).collect::<Result<Vec<_>>>()?;
        Ok(Array2::from(rows))
    }
}

impl<L: ScalarLikelihood> Prior for SitePosterior<L> {
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> PriorResult<Array3<f64>> {
        gaussian_draws(self, n, x, seed)
    }

    fn ledger(&self) -> Ledger {
        let seen = Ledger::saw("conditioned", Saw::Labels, Some(self.data.rows()));
        self.prior.ledger().of_posterior().and(self.data.ledger()).and(&seen)
    }
}

impl<L: ScalarLikelihood> GaussianPrior for SitePosterior<L> {
    fn mean(&self, x: &Points) -> PriorResult<Array2<f64>> {
        let mut mean = self.prior.mean(x)?;
        self.by_blocks(x, |rows, _, cross| {
            mean.slice_mut(s![rows, 0]).scaled_add(1.0, &cross.t().dot(&self.sites.alpha));
            Ok(())
        })?;
        Ok(mean)
    }

    fn cov(&self, x: &Points, z: &Points) -> PriorResult<Blocks> {
        memory::announce("a covariance (point × point)", x.len(), z.len(), "ask for fewer points at a time")?;
        let explained = |at: &Points| {
            memory::announce(
                "a covariance (row × point)",
                self.data.len(),
                at.len(),
                "ask for fewer points at a time",
            )?;
            self.explained(self.prior.cov(self.data.points(), at)?.of_output(0).to_owned())
        };
        let at_x = explained(x)?;
        let both = if x == z {
            linalg::syrk_t(at_x.view())
        } else {
            linalg::matmul_tn(at_x.view(), explained(z)?.view())
        };
        Ok(Blocks::Shared(&self.prior.cov(x, z)?.of_output(0) - &both))
    }

    fn var(&self, x: &Points) -> PriorResult<Array2<f64>> {
        Ok(self.moments(x)?.1.insert_axis(Axis(1)))
    }

    fn parameters(&self) -> Parameters {
        Parameters::none()
    }

    fn with(&self, theta: &[f64]) -> PriorResult<Arc<dyn GaussianPrior>> {
        self.parameters().check(theta)?;
        Ok(Arc::new(self.clone()))
    }

    fn contract(&self, _x: &Points, _w: &Blocks) -> PriorResult<Array1<f64>> {
        Ok(Array1::zeros(0))
    }
}

impl<L: ScalarLikelihood> Posterior for SitePosterior<L> {
    fn predict(&self, x: &Points) -> Result<Prediction> {
        let (mean, var) = self.moments(x)?;
        let (mean, var) = (mean.insert_axis(Axis(1)), var.insert_axis(Axis(1)));
        Ok(Prediction::new(mean, var, self.likelihood.noise_variance()))
    }

    /// ln p(y | data) of new labels, one number a row: the density of each label with the latent value integrated out. O(n²) a row.
    fn log_predictive(&self, data: &Data) -> Result<Array1<f64>> {
        self.data.expect_same_transforms(data)?;
        if data.outputs() != 1 {
            return Err(ModelError::SingleOutput { prior: 1, labels: data.outputs() });
        }
        self.likelihood.check_labels(data)?;
        let (mean, var) = self.moments(data.points())?;
        let of_row = |i: usize| self.likelihood.log_predictive(data.labels()[[i, 0]], mean[i], var[i]);
        Ok((0..data.len()).into_par_iter().map(of_row).collect::<Result<Vec<_>>>()?.into())
    }
}

impl<L: ScalarLikelihood> Evidenced for SitePosterior<L> {
    fn evidence_of(&self) -> Evidence {
        self.evidence
    }
}

impl<L: Judged> Informed for SitePosterior<L> {
    /// KL of this Gaussian from the prior: exact for the approximate posterior that is at hand, so a PAC-Bayes bound on it holds.
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
        let (mean, var) = self.moments(data.points())?;
        EmpiricalRisk::gibbs_gaussian(loss, data, &mean.insert_axis(Axis(1)), &var.insert_axis(Axis(1)))
    }
}
