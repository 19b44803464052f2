//! Laplace's approximation of nets: against closed forms, dense matrices, naive factors, another library, and its own conventions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "net_laplace/common.rs"]
mod common;
#[path = "net_laplace/dense.rs"]
mod dense;
#[path = "net_laplace/factors.rs"]
mod factors;
#[path = "net_laplace/peer.rs"]
mod peer;
#[path = "net_laplace/posterior.rs"]
mod posterior;
#[path = "net_laplace/refusals.rs"]
mod refusals;
#[path = "net_laplace/scales.rs"]
mod scales;
#[path = "net_laplace/turns.rs"]
mod turns;
#[path = "net_laplace/warnings.rs"]
mod warnings;
