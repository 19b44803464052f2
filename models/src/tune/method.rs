//! What tuning asks of a method of inference: the evidence and its gradient in every parameter.

use std::fmt;
use std::sync::Arc;

use ndarray::{Array1, Array2};
use softbias_priors::GaussianPrior;

use crate::data::Data;
use crate::error::Result;
use crate::latent::{DifferentiableEvidence, Warning};
use crate::likelihood::Parametric;
use crate::model::Method;

/// A method of inference whose evidence can be tuned: it gives the log evidence with its gradient in the parameters of the prior
/// and of the likelihood.
#[diagnostic::on_unimplemented(
    message = "`{Self}` gives no evidence gradient under the likelihood `{L}`",
    note = "`tune(model, data)` takes the default method of the likelihood; `Tune::by(method)` another one"
)]
pub trait EvidenceMethod<L: Parametric>:
    Method<Arc<dyn GaussianPrior>, L> + Clone + fmt::Debug + Send + Sync
{
    /// Does once whatever no parameter changes.
    ///
    /// # Errors
    /// When model and data do not fit.
    fn objective<'a>(
        &self,
        prior: Arc<dyn GaussianPrior>,
        likelihood: &L,
        data: &'a Data,
    ) -> Result<Box<dyn EvidenceObjective + 'a>>;
}

/// What one evaluation leaves to the next one of the same climb, such as the mode of an approximation: a better start, and no
/// other result where that mode is the only one.
pub type Warm = Option<Array2<f64>>;

/// A prior, a likelihood and data, ready to be asked for the evidence at many parameters.
pub trait EvidenceObjective: fmt::Debug + Send + Sync {
    /// Log evidence and gradient at these parameters of the prior and of the likelihood, each in its natural unit.
    ///
    /// # Errors
    /// Where the evidence is not defined; the search turns back there.
    fn at(&self, prior: &[f64], likelihood: &[f64], warm: &mut Warm) -> Result<EvidenceGradient>;

    /// The same, slopes along a softness of 0 included, which [`EvidenceObjective::at`] may leave out at less cost.
    ///
    /// # Errors
    /// As [`EvidenceObjective::at`].
    fn at_hard_end(&self, prior: &[f64], likelihood: &[f64]) -> Result<EvidenceGradient> {
        self.at(prior, likelihood, &mut None)
    }
}

/// The log evidence at some parameters, without the Jacobian of label transforms, which no parameter changes.
#[derive(Clone, Debug)]
pub struct EvidenceGradient {
    /// ln p(y | X), in nats.
    pub log: f64,
    /// Its gradient in the prior's parameters, in their natural unit.
    pub prior: Array1<f64>,
    /// Its gradient in the likelihood's parameters, in their natural unit.
    pub likelihood: Array1<f64>,
    /// The common factor on all variances, noise included, that would maximise the evidence; where there is a closed form.
    pub amplitude2: Option<f64>,
    /// What should be known about this evaluation, in words; mostly nothing.
    pub warnings: Vec<String>,
}

/// A method with nothing to prepare: every evaluation conditions afresh, from where the last one of its climb ended.
#[derive(Debug)]
struct Afresh<'a, L, M> {
    method: M,
    prior: Arc<dyn GaussianPrior>,
    likelihood: L,
    data: &'a Data,
}

impl<L, M> EvidenceMethod<L> for M
where
    L: Parametric + 'static,
    M: DifferentiableEvidence<L>
        + Method<Arc<dyn GaussianPrior>, L>
        + Clone
        + fmt::Debug
        + Send
        + Sync
        + 'static,
{
    fn objective<'a>(
        &self,
        prior: Arc<dyn GaussianPrior>,
        likelihood: &L,
        data: &'a Data,
    ) -> Result<Box<dyn EvidenceObjective + 'a>> {
        Ok(Box::new(Afresh { method: self.clone(), prior, likelihood: likelihood.clone(), data }))
    }
}

impl<L, M> EvidenceObjective for Afresh<'_, L, M>
where
    L: Parametric,
    M: DifferentiableEvidence<L> + fmt::Debug + Send + Sync,
{
    fn at(&self, prior: &[f64], likelihood: &[f64], warm: &mut Warm) -> Result<EvidenceGradient> {
        let (prior, likelihood) = (self.prior.with(prior)?, self.likelihood.with(likelihood)?);
        let found = self.method.evidence_gradient(&*prior, &likelihood, self.data, warm.as_ref())?;
        *warm = Some(found.start);
        Ok(EvidenceGradient {
            log: found.log,
            prior: found.prior,
            likelihood: found.likelihood,
            amplitude2: None,
            warnings: found.warnings.iter().map(Warning::to_string).collect(),
        })
    }
}
