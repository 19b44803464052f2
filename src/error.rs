//! One error for programs that use all of the toolkit: each part's own error, unchanged.

use softbias_models::{DataError, ModelError};
use softbias_priors::PriorError;
use softbias_priors::laws::LawError;
use thiserror::Error;

use crate::bounds::CertificateError;
use crate::report::ReportError;

/// Any error of the toolkit.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A prior, or its points.
    #[error(transparent)]
    Prior(#[from] PriorError),
    /// Data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A model meeting data.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A certificate refused.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A report that could not be saved.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A law that a prior breaks.
    #[error(transparent)]
    Law(#[from] LawError),
    /// A sweep or a comparison without members.
    #[error("{0}: there must be at least one")]
    Empty(&'static str),
}
