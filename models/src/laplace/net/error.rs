//! What can go wrong when Laplace's approximation meets a net.

use thiserror::Error;

/// Why a net's posterior cannot be approximated so.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum NetLaplaceError {
    /// A structure that does not fit the prior of a tensor.
    #[error("{structure} curvature needs {needs}, and the prior of `{tensor}` is another: use {instead}")]
    Law {
        /// The tensor.
        tensor: String,
        /// The structure.
        structure: &'static str,
        /// What it needs.
        needs: &'static str,
        /// What to use.
        instead: &'static str,
    },
    /// Weights that no layer showed.
    #[error(
        "the layers show {covered} weights and the net has {weights}: a layer must show each of its weights once in its reverse pass"
    )]
    Uncovered {
        /// Weights that were shown.
        covered: usize,
        /// Weights of the net.
        weights: usize,
    },
    /// A log likelihood or curvature that is no number.
    #[error("{what} is not finite at these weights: train again, with smaller steps or scales")]
    NotFinite {
        /// What.
        what: &'static str,
    },
    /// A mask that does not fit, or lets nothing through.
    #[error(
        "the mask has {found} entries, {chosen} of them true, and the net {weights} weights: one entry a weight, at least one true"
    )]
    Mask {
        /// Entries.
        found: usize,
        /// True ones.
        chosen: usize,
        /// Weights of the net.
        weights: usize,
    },
    /// No last layer.
    #[error(
        "the net does not end in a dense layer that gives its {outputs} outputs: choose weights by a mask (`NetLaplace::subnetwork`)"
    )]
    NoLastLayer {
        /// Outputs of the net.
        outputs: usize,
    },
    /// A combination that is not there.
    #[error("{0}")]
    Structure(&'static str),
    /// A scale that the fitted weights do not allow.
    #[error("a scale of {scale} for `{tensor}`: {reason}")]
    Scale {
        /// The tensor.
        tensor: String,
        /// The scale.
        scale: f64,
        /// Why not, and what to do.
        reason: &'static str,
    },
    /// A tensor that is not there.
    #[error("the net has no tensor `{0}`: `Net::tensors` names them")]
    NoTensor(String),
}
