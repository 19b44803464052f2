//! Claim: Langevin samplers have the bias that theory gives their step and no other, and cycles of steps find modes that a small step misses.
//!
//! Four targets whose laws are known in closed form or by quadrature: a Gaussian, a banana, the two-mode toy of Welling and Teh sampled from
//! batches, and a grid of 25 narrow modes. What comes out: at a constant step SGLD is off by just what its linear recursion says, a Metropolis test
//! takes the bias away at any step, falling steps make it vanish as the step does, and large steps at the beginning of each cycle carry a chain
//! over barriers that it would not pass in any affordable time at a step that is small enough to sample a mode.

mod banana;
#[path = "../common/mod.rs"]
mod common;
mod gaussian;
mod grid;
mod targets;
mod toy;

use std::process::ExitCode;

use clap::Parser;
use softbias::Error;
use softbias::prelude::*;

fn run(args: &common::Args, report: &mut Report) -> Result<(), Error> {
    let seed = Seed::new(args.seed).named("langevin check");
    let much = if args.quick { 1 } else { 10 };
    let gaussian = gaussian::study(report, much, seed.named("gaussian"))?;
    let (banana, traces) = banana::study(report, much, seed.named("banana"))?;
    let panels = [
        gaussian,
        banana,
        toy::study(report, much, seed.named("toy"))?,
        grid::study(report, much, seed.named("grid"))?,
    ];
    let figure = panels.into_iter().fold(Figure::new("").columns(2).size(1000.0, 900.0), Figure::panel);
    report.figure("langevin_check", figure);
    report.figure("langevin_traces", traces);
    Ok(())
}

fn main() -> ExitCode {
    let args = common::Args::parse();
    let mut report = Report::new(
        "Langevin samplers have the bias that theory gives their step and no other; cycles of steps find all modes of a grid of which a small \
         constant step sees one",
    );
    report.seed(args.seed);
    match run(&args, &mut report) {
        Ok(()) => common::finish(&report, &args, "langevin_check"),
        Err(error) => {
            eprintln!("langevin_check: {error}");
            ExitCode::from(2)
        }
    }
}
