//! A model is a prior with a likelihood: a spec, without data.

use softbias_priors::Prior;

use crate::data::Data;
use crate::error::Result;
use crate::exact::Exact;
use crate::laplace::Laplace;
use crate::likelihood::{
    Bernoulli, Gaussian, GaussianGamma, Heteroscedastic, Likelihood, Poisson, Softmax, StudentT,
};

/// A prior over functions and how labels scatter around them.
#[derive(Clone, Debug)]
pub struct Model<P, L> {
    /// The prior over functions.
    pub prior: P,
    /// The likelihood of a label given a function value.
    pub likelihood: L,
}

/// Priors get a likelihood here, so that the crate of priors never names one.
pub trait WithLikelihood: Prior + Sized {
    /// The model of this prior with that likelihood.
    fn with_likelihood<L: Likelihood>(self, likelihood: L) -> Model<Self, L> {
        Model { prior: self, likelihood }
    }
}

impl<P: Prior + Sized> WithLikelihood for P {}

/// A way to condition a model on data.
pub trait Method<P, L> {
    /// What comes out.
    type Posterior;

    /// The posterior of the model given the data.
    ///
    /// # Errors
    /// When model and data do not fit, or the computation fails.
    fn condition(&self, model: Model<P, L>, data: &Data) -> Result<Self::Posterior>;
}

impl<P, L> Model<P, L> {
    /// Conditions by a given method.
    ///
    /// # Errors
    /// Those of the method.
    pub fn condition_by<M: Method<P, L>>(self, method: &M, data: &Data) -> Result<M::Posterior> {
        method.condition(self, data)
    }
}

/// A likelihood with a method of conditioning that is taken when none is named: exact where that is possible, else Laplace's approximation.
#[diagnostic::on_unimplemented(
    message = "no method of conditioning is the default for `{Self}`",
    note = "name one: `model.condition_by(&method, &data)`, `Tune::by(method)`"
)]
pub trait DefaultMethod: Likelihood {
    /// The method.
    type Method: Default;
}

impl DefaultMethod for Gaussian {
    type Method = Exact;
}

impl DefaultMethod for Heteroscedastic {
    type Method = Exact;
}

impl DefaultMethod for GaussianGamma {
    type Method = Exact;
}

impl DefaultMethod for Bernoulli {
    type Method = Laplace;
}

impl DefaultMethod for Poisson {
    type Method = Laplace;
}

impl DefaultMethod for Softmax {
    type Method = Laplace;
}

impl DefaultMethod for StudentT {
    type Method = Laplace;
}

impl<P, L: DefaultMethod> Model<P, L> {
    /// Conditions by the default method of the likelihood: exactly under Gaussian noise, else by Laplace's approximation.
    ///
    /// # Errors
    /// Those of the method: when model and data do not fit, or a matrix would be over the memory limit.
    pub fn condition(self, data: &Data) -> Result<<L::Method as Method<P, L>>::Posterior>
    where
        L::Method: Method<P, L>,
    {
        L::Method::default().condition(self, data)
    }
}
