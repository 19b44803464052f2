//! The exact posterior: again a Gaussian prior, so it can be asked, drawn from, and conditioned on more data.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, Axis};
use softbias_priors::linear::design;
use softbias_priors::math::linalg;
use softbias_priors::prior::gaussian_draws;
use softbias_priors::{
    Blocks, GaussianPrior, Ledger, Nats, Parameters, Points, Prior, PriorError, PriorExt, Saw, Seed, Weights,
    memory,
};

use super::Exact;
use super::factor::{CovarianceFactor, Factor};
use super::function_space::FunctionSpace;
use super::noise::Noise;
use super::reduced::Reduced;
use crate::data::Data;
use crate::error::Result;
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
    prior: Arc<dyn GaussianPrior>,
    noise: Gaussian,
    data: Data,
    method: Exact,
    state: Arc<State>,
    evidence: Evidence,
    effective_dimension: EffectiveDimension,
}

#[derive(Debug)]
enum State {
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
enum Covariance {
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

    /// Draws of new labels at the points, noise included: (draw, point, output), joint over points.
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
        // A posterior of very many weights keeps no factor over them: then only function space is left.
        let method = match self.method {
            Exact::WeightSpace if self.weights().is_none() => Exact::Auto,
            method => method,
        };
        ExactPosterior::new(Arc::new(self.clone()), self.noise, more, method)
    }

    fn live_design(&self, live: &[usize], x: &Points) -> PriorResult<Array2<f64>> {
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

impl GaussianPrior for ExactPosterior {
    fn mean(&self, x: &Points) -> PriorResult<Array2<f64>> {
        let mut mean = self.prior.mean(x)?;
        match &*self.state {
            State::Weights { live, white, .. } => {
                mean += &linalg::matmul(self.live_design(live, x)?.view(), white.view())
            }
            State::Functions(functions) => {
                let cross = self.prior.cov(self.data.points(), x)?;
                for c in 0..mean.ncols() {
                    mean.column_mut(c)
                        .scaled_add(1.0, &cross.of_output(c).t().dot(&functions.alpha.column(c)));
                }
            }
        }
        Ok(mean)
    }

    fn cov(&self, x: &Points, z: &Points) -> PriorResult<Blocks> {
        memory::announce("a covariance (point × point)", x.len(), z.len(), "ask for fewer points at a time")?;
        match &*self.state {
            State::Weights { live, covariance, .. } => {
                let at_x = self.live_design(live, x)?;
                let same = x == z;
                let at_z = if same { at_x.clone() } else { self.live_design(live, z)? };
                Ok(Blocks::Shared(match covariance {
                    Covariance::Factor(factor) => {
                        let spread = linalg::matmul(at_x.view(), factor.0.view());
                        if same {
                            linalg::syrk(spread.view())
                        } else {
                            linalg::matmul_nt(
                                spread.view(),
                                linalg::matmul(at_z.view(), factor.0.view()).view(),
                            )
                        }
                    }
                    Covariance::Explained(q_w) => {
                        let (ex, ez) = (
                            linalg::matmul(at_x.view(), q_w.view()),
                            linalg::matmul(at_z.view(), q_w.view()),
                        );
                        linalg::matmul_nt(at_x.view(), at_z.view()) - linalg::matmul_nt(ex.view(), ez.view())
                    }
                }))
            }
            State::Functions(functions) => {
                let (kx, kz) =
                    (self.prior.cov(self.data.points(), x)?, self.prior.cov(self.data.points(), z)?);
                let explain = |c: usize| -> PriorResult<Array2<f64>> {
                    let at_x = functions.explained(kx.of_output(c), c)?;
                    Ok(linalg::matmul_tn(at_x.view(), functions.explained(kz.of_output(c), c)?.view()))
                };
                match self.prior.cov(x, z)? {
                    Blocks::Shared(k) => Ok(Blocks::Shared(k - explain(0)?)),
                    blocks => {
                        let of_output = |c: usize| Ok(&blocks.of_output(c) - &explain(c)?);
                        Ok(Blocks::PerOutput((0..self.outputs()).map(of_output).collect::<PriorResult<_>>()?))
                    }
                }
            }
        }
    }

    fn var(&self, x: &Points) -> PriorResult<Array2<f64>> {
        let outputs = self.outputs();
        let norms = |a: &Array2<f64>| a.map_axis(Axis(1), |row| row.dot(&row));
        match &*self.state {
            State::Weights { live, covariance, .. } => {
                let design = self.live_design(live, x)?;
                let one: Array1<f64> = match covariance {
                    Covariance::Factor(factor) => norms(&linalg::matmul(design.view(), factor.0.view())),
                    Covariance::Explained(q_w) => {
                        let explained = norms(&linalg::matmul(design.view(), q_w.view()));
                        (norms(&design) - explained).mapv(|v| v.max(0.0))
                    }
                };
                Ok(Array2::from_shape_fn((x.len(), outputs), |(i, _)| one[i]))
            }
            State::Functions(functions) => {
                let mut var = self.prior.var(x)?;
                let cross = self.prior.cov(self.data.points(), x)?;
                for c in 0..outputs {
                    let v = functions.explained(cross.of_output(c), c)?;
                    let explained = v.map_axis(Axis(0), |column| column.dot(&column));
                    var.column_mut(c).zip_mut_with(&explained, |v, e| *v = (*v - e).max(0.0));
                }
                Ok(var)
            }
        }
    }

    fn weights(&self) -> Option<Box<dyn Weights + '_>> {
        let State::Weights { live, covariance: Covariance::Factor(factor), .. } = &*self.state else {
            return None;
        };
        Some(Box::new(PosteriorWeights { prior: self.prior.weights()?, live, factor }))
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

/// The features of a posterior: those of the prior, mixed so that their weights are white again.
struct PosteriorWeights<'a> {
    prior: Box<dyn Weights + 'a>,
    live: &'a [usize],
    factor: &'a CovarianceFactor,
}

impl Weights for PosteriorWeights<'_> {
    fn dim(&self) -> usize {
        self.live.len()
    }

    fn basis(&self, x: &Points) -> PriorResult<Array2<f64>> {
        let design = design(&*self.prior, x)?.select(Axis(1), self.live);
        Ok(linalg::matmul(design.view(), self.factor.0.view()))
    }

    fn scales(&self) -> Array1<f64> {
        Array1::ones(self.live.len())
    }
}

impl Posterior for ExactPosterior {
    fn predict(&self, x: &Points) -> Result<Prediction> {
        Ok(Prediction::new(self.mean(x)?, self.var(x)?, self.noise.variance()))
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
        EmpiricalRisk::gibbs_gaussian(loss, data, &self.mean(data.points())?, &self.var(data.points())?)
    }
}
