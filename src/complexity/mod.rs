//! How complex a fitted model is: spectra of its curvature, effective dimension in both meanings, local learning coefficient.

mod learning;
mod spectrum;

pub use learning::{LearningCoefficient, LocalLearning};
pub use spectrum::{Spectrum, spectrum};
