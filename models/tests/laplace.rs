//! Laplace's approximation: likelihoods, binary labels, classes, gradients, bad input, each in its module.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "laplace/bad_input.rs"]
mod bad_input;
#[path = "laplace/binary.rs"]
mod binary;
#[path = "laplace/gradients.rs"]
mod gradients;
#[path = "laplace/likelihoods.rs"]
mod likelihoods;
#[path = "laplace/real.rs"]
mod real;
#[path = "laplace/softmax.rs"]
mod softmax;
#[path = "laplace/support.rs"]
mod support;
