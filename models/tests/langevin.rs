//! Chains of draws on targets whose law is known, and what must hold of every run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "langevin/batches.rs"]
mod batches;
#[path = "langevin/errors.rs"]
mod errors;
#[path = "langevin/export.rs"]
mod export;
#[path = "langevin/laws.rs"]
mod laws;
#[path = "langevin/modes.rs"]
mod modes;
#[path = "langevin/runs.rs"]
mod runs;
#[path = "langevin/targets.rs"]
mod targets;
