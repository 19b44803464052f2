//! Chains of a net's weights: draws that are a posterior over functions, without evidence.

use std::fmt;
use std::ops::Deref;

use softbias_priors::net::{Net, Precision};

use super::Sampler;
use super::kernel::Kernel;
use super::samples::Samples;
use crate::data::Data;
use crate::error::Result;
use crate::likelihood::RowLikelihood;
use crate::model::{Method, Model};
use crate::net::{NetDraws, NetTarget};

/// What a sampler makes of a net and data: [`Samples`] and the posterior that they are. It has neither evidence nor information, and the compiler
/// says so:
///
/// ```compile_fail
/// # use softbias_models::{Chains, Gaussian, Posterior};
/// fn evidence(chains: &Chains<f32, Gaussian>) {
///     let _ = chains.posterior().unwrap().evidence();
/// }
/// ```
pub struct Chains<T, L> {
    samples: Samples<T>,
    target: NetTarget<T, L>,
}

impl<T: fmt::Debug, L: fmt::Debug> fmt::Debug for Chains<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chains({:?})", self.target)
    }
}

impl<T: Precision, L: RowLikelihood> Chains<T, L> {
    /// The functions drawn, equally weighted.
    ///
    /// # Errors
    /// When nothing was kept.
    pub fn posterior(&self) -> Result<NetDraws<T, L>> {
        NetDraws::new(&self.target, self.samples.draws().cloned().collect())
    }

    /// The net with its data.
    #[must_use]
    pub fn target(&self) -> &NetTarget<T, L> {
        &self.target
    }
}

impl<T, L> Deref for Chains<T, L> {
    type Target = Samples<T>;

    fn deref(&self) -> &Samples<T> {
        &self.samples
    }
}

impl<T: Precision, L> fmt::Display for Chains<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.samples.fmt(f)
    }
}

impl<K: Kernel> Sampler<K> {
    /// Conditions a net in a precision of one's choice, by these chains.
    ///
    /// # Errors
    /// Those of [`NetTarget::new`] and [`Sampler::sample`].
    pub fn condition_in<T: Precision, L: RowLikelihood>(
        &self,
        model: &Model<Net, L>,
        data: &Data,
    ) -> Result<Chains<T, L>> {
        let target = NetTarget::new(model, data)?;
        Ok(Chains { samples: self.sample(&target)?, target })
    }
}

/// In f32.
impl<K: Kernel, L: RowLikelihood> Method<Net, L> for Sampler<K> {
    type Posterior = Chains<f32, L>;

    fn condition(&self, model: Model<Net, L>, data: &Data) -> Result<Chains<f32, L>> {
        self.condition_in(&model, data)
    }
}
