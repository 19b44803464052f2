//! Claim: evidence prefers the length scale that predicts, where fit prefers the shortest; and it is the same number in weight space.
//!
//! Occam's hill over length scales, simulated and on sunspots, beside leave-one-out and conditional evidence; and the
//! order-penalised polynomial as a Gaussian process against the same prior over weights.

#[path = "../common/mod.rs"]
mod common;
mod hill;
mod orders;
mod sunspots;

use std::process::ExitCode;

use clap::Parser;
use softbias::prelude::*;

fn main() -> ExitCode {
    let args = common::Args::parse();
    let mut report = Report::new(
        "over length scales the fit only improves towards the shortest, while the evidence has an inner peak next to the best \
         held-out score; and an order-penalised polynomial has the same evidence as a Gaussian process and as a prior over weights",
    );
    report.seed(args.seed);
    let parts = [hill::run, sunspots::run, orders::run];
    let done = parts.iter().try_for_each(|part| part(&args, &mut report));
    match done {
        Ok(()) => common::finish(&report, &args, "gp_evidence"),
        Err(error) => {
            eprintln!("gp_evidence: {error}");
            ExitCode::from(2)
        }
    }
}
