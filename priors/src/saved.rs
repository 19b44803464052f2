//! Descriptions of built-in priors that can be written to a file and built again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::prior::Result;
use crate::{Features, GaussianPrior, Ledger, Polynomial, PriorExt, Softness, Stack};

/// A built-in prior as plain data. The enum is part of the file format: variants are only ever added at its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SavedPrior {
    /// A polynomial.
    Polynomial(Polynomial),
    /// Random features.
    Features(Features),
    /// Core and rest.
    Pathways {
        /// The core.
        core: Box<SavedPrior>,
        /// The rest.
        rest: Box<SavedPrior>,
        /// The softness.
        softness: Softness,
        /// Whether the softness is held fixed by tuning.
        fixed: bool,
    },
    /// A scaled prior.
    Scaled {
        /// What is scaled.
        prior: Box<SavedPrior>,
        /// By how much.
        scale: f64,
    },
    /// A prior with a debt to data.
    Charged {
        /// The prior.
        prior: Box<SavedPrior>,
        /// The debt.
        ledger: Ledger,
    },
    /// Independent outputs.
    Stack(Vec<SavedPrior>),
    /// A Gaussian process.
    Gp(crate::SavedGp),
}

impl SavedPrior {
    /// Builds the prior again, with every check that building it the first time makes.
    ///
    /// # Errors
    /// When the description is not that of a valid prior.
    pub fn revive(&self) -> Result<Arc<dyn GaussianPrior>> {
        Ok(match self {
            SavedPrior::Polynomial(p) => Arc::new(p.clone().checked()?),
            SavedPrior::Features(f) => Arc::new(f.clone().checked()?),
            SavedPrior::Pathways { core, rest, softness, fixed } => {
                let path = core.revive()?.relaxed(*softness, rest.revive()?);
                Arc::new(if *fixed { path.fixed() } else { path })
            }
            SavedPrior::Scaled { prior, scale } => {
                let scaled = prior.revive()?.scaled(*scale);
                scaled.parameters().check(&scaled.parameters().values())?;
                Arc::new(scaled)
            }
            SavedPrior::Charged { prior, ledger } => Arc::new(prior.revive()?.charged(ledger.clone())),
            SavedPrior::Gp(gp) => Arc::new(gp.revive()?),
            SavedPrior::Stack(parts) => {
                Arc::new(Stack::new(parts.iter().map(SavedPrior::revive).collect::<Result<Vec<_>>>()?)?)
            }
        })
    }
}
