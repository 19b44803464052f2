//! Bounds: reference values, order, coverage beside negative controls, refusals, peers' defects, each in its module.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "bounds/certificates.rs"]
mod certificates;
#[path = "bounds/coverage.rs"]
mod coverage;
#[path = "bounds/order.rs"]
mod order;
#[path = "bounds/peers.rs"]
mod peers;
#[path = "bounds/refusals.rs"]
mod refusals;
#[path = "bounds/regression.rs"]
mod regression;
#[path = "bounds/support.rs"]
mod support;
#[path = "bounds/values.rs"]
mod values;
