//! Exhaustive small worlds: all boolean functions of up to four inputs, with and without labels.

pub use softbias_models::boolean::*;
pub use softbias_priors::boolean::*;
