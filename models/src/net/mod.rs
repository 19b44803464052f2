//! Nets meet data: the log posterior in white coordinates, and posteriors that are a list of weights.

mod draws;
mod target;

pub use draws::NetDraws;
pub use target::{NetTarget, Target};
