//! Claim: in a world small enough to count, a simplicity prior learns what is simple, nothing learns what is random, and bounds hold.
//!
//! All 65,536 boolean functions of four inputs (256 of three with --quick), each with the probability that a random formula computes it:
//! Solomonoff's prior in small, summed over all formulas. Beside it the uniform prior, to which no input says anything of another, and the
//! same language with one more word, ⊕. Learning curves, evidence, risks and posteriors are finite sums here; only data are drawn.

mod bounds;
#[path = "../common/mod.rs"]
mod common;
mod curves;
mod evidence;
mod simplicity;
mod worlds;

use std::process::ExitCode;

use clap::Parser;
use softbias::Error;
use softbias::prelude::*;

use self::worlds::Worlds;

fn run(args: &common::Args, report: &mut Report) -> Result<(), Error> {
    let seed = Seed::new(args.seed).named("boolean worlds");
    let worlds = Worlds::new(args.quick, seed.named("targets"))?;
    let mut panels = simplicity::run(&worlds, report)?;
    panels.extend(curves::run(&worlds, report)?);
    panels.extend(evidence::run(&worlds, seed.named("evidence"), report)?);
    panels.extend(bounds::run(&worlds, seed.named("bounds"), report)?);
    report.figure("boolean_worlds", panels.into_iter().fold(Figure::new("").columns(3), Figure::panel));
    Ok(())
}

fn main() -> ExitCode {
    let args = common::Args::parse();
    let mut report = Report::new(
        "where everything can be counted: a prior over formulas learns simple functions from a part of their inputs and a uniform prior \
         nothing beyond its rows, both exactly as much as each other over all functions; the evidence is the probability that a random \
         formula fits, it tells the language in which a function is simple, and bounds hold against true risks",
    );
    report.seed(args.seed);
    match run(&args, &mut report) {
        Ok(()) => common::finish(&report, &args, "boolean_worlds"),
        Err(error) => {
            eprintln!("boolean_worlds: {error}");
            ExitCode::from(2)
        }
    }
}
