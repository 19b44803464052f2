//! Priors over functions, hard to soft, without a word about labels.
//!
//! Every inductive bias here has one shape, `f = core + softness · rest`: the core keeps a constraint, the rest does not, and
//! softness ≥ 0 is the standard deviation of the departure. Softness 0 is the hard constraint, an ordinary number.
//!
//! This crate is a part of `softbias`, the only one that a user needs to name.

pub mod adaptors;
mod averaged;
mod bias;
mod blocks;
pub mod boolean;
mod error;
mod features;
mod gp;
pub mod group;
pub mod kernel;
pub mod laws;
mod ledger;
pub mod linear;
pub mod math;
mod mean;
pub mod memory;
pub mod net;
pub mod parameters;
pub mod paths;
mod pathways;
mod points;
pub mod polynomial;
pub mod prior;
mod saved;
mod softness;
mod stack;
pub mod subspace;

pub use averaged::Averaged;
pub use bias::Bias;
pub use blocks::Blocks;
pub use boolean::BooleanPrior;
pub use error::PriorError;
pub use features::{FeatureMap, Features};
pub use gp::{Gp, SavedGp};
pub use group::Group;
pub use kernel::Kernel;
pub use ledger::{Entry, Ledger, Row, Saw};
pub use linear::{Linear, Weights};
pub use math::{Nats, Seed};
pub use mean::{Mean, MeanBasis, SavedMean};
pub use net::Net;
pub use parameters::{Parameter, Parameters};
pub use paths::Paths;
pub use pathways::Pathways;
pub use points::Points;
pub use polynomial::{Basis, Polynomial, Scales, Truncation, Window};
pub use prior::{GaussianPrior, Prior, PriorExt, WhitePrior};
pub use saved::SavedPrior;
pub use softness::Softness;
pub use stack::Stack;
pub use subspace::{Subspace, WithinSubspace};
