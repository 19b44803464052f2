//! What approximations of a posterior over function values share: the problem at the rows, integrals of one row, the posterior.

mod classes;
mod gradients;
pub(crate) mod mixture;
mod posterior;
mod problem;
mod state;
pub(crate) mod tilted;
mod warning;

pub(crate) use classes::ClassRule;
pub(crate) use gradients::along_prior;
pub use gradients::{DifferentiableEvidence, Gradients};
pub use posterior::SitePosterior;
pub(crate) use posterior::Sites;
pub(crate) use problem::{Problem, check_tolerance, mirrored, roots, scaled_both_sides, times_abs};
pub(crate) use state::State;
pub use warning::Warning;
