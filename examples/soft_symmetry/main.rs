//! Claim: a symmetry relaxed by a softness that evidence tunes is as good as the better of keeping it hard and giving it up.
//!
//! The prior is core + softness · rest: a Gaussian process averaged over a group, so that its functions keep the symmetry exactly, and one
//! that knows nothing of it (a residual pathway, Finzi, Benton & Wilson 2021). Three kinds of data each: the symmetry holds exactly, nearly,
//! not at all. Fields on a plane under the eight symmetries of the square, drawn; and images of handwritten digits.

mod cases;
#[path = "../common/mod.rs"]
mod common;
mod digits;
mod fields;
mod models;

use std::process::ExitCode;

use clap::Parser;
use softbias::Error;
use softbias::prelude::*;

fn run(args: &common::Args, report: &mut Report) -> Result<(), Error> {
    let seed = Seed::new(args.seed).named("soft symmetry");
    let mut panels = fields::run(args.quick, seed.named("fields"), report)?;
    panels.extend(digits::run(args, seed.named("digits"), report)?);
    report.note(
        "Where the symmetry holds exactly, finding that out costs the soft prior a little test error beside the hard one; the column \
         `soft over the better` says how much.",
    );
    report.figure("soft_symmetry", panels.into_iter().fold(Figure::new("").columns(3), Figure::panel));
    Ok(())
}

fn main() -> ExitCode {
    let args = common::Args::parse();
    let mut report = Report::new(
        "whether data keep a symmetry exactly, nearly or not at all, evidence tunes the softness of the symmetric prior near 0, in between, \
         or large, and its test error is within noise of the better of the hard symmetric prior and the free one",
    );
    report.seed(args.seed);
    match run(&args, &mut report) {
        Ok(()) => common::finish(&report, &args, "soft_symmetry"),
        Err(error) => {
            eprintln!("soft_symmetry: {error}");
            ExitCode::from(2)
        }
    }
}
