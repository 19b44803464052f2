//! Claim: what a Bayesian net learns, in nats, hardly depends on how many weights it has; the evidence of one mode drifts from the truth as
//! the net grows.
//!
//! One-dimensional regression by nets of 2 to 512 hidden units, each output layer scaled by its fan-in. Full, Kronecker and diagonal Laplace at the
//! best of several optima; for up to 32 units the evidence itself, by annealed importance sampling, and the information itself, by
//! thermodynamic integration; for infinitely many, both from the Gaussian process that the nets become. Then predictions of 32 units by Laplace,
//! HMC and SGLD side by side.

#[path = "../common/mod.rs"]
mod common;
mod predictions;
mod sets;
mod widths;

use std::process::ExitCode;

use clap::Parser;
use softbias::Error;
use softbias::prelude::*;

use self::sets::Set;

/// Sizes of the study.
pub(crate) struct Plan {
    pub(crate) quick: bool,
    pub(crate) widths: Vec<usize>,
    /// Nets up to this width climb the ladder.
    pub(crate) climbs: usize,
    pub(crate) starts: usize,
    pub(crate) ladder: Ladder,
    pub(crate) sweeps: usize,
}

impl Plan {
    fn new(quick: bool, seed: Seed) -> Plan {
        let ladder = Ladder::new().steps(12).seed(seed.named("ladder"));
        if quick {
            let ladder = ladder.rungs(150).particles(32);
            return Plan { quick, widths: vec![2, 4, 16, 64], climbs: 4, starts: 3, ladder, sweeps: 12 };
        }
        let ladder = ladder.rungs(200).particles(48);
        let widths = vec![2, 4, 8, 16, 32, 64, 128, 256, 512];
        Plan { quick, widths, climbs: 32, starts: 5, ladder, sweeps: 30 }
    }
}

fn run(args: &common::Args, report: &mut Report) -> Result<(), Error> {
    let seed = Seed::new(args.seed).named("bnn evidence");
    let plan = Plan::new(args.quick, seed);
    let mut figure = Figure::new("").columns(3);
    for set in Set::all(args, seed.named("toy"), report)? {
        let study = widths::study(&set, &plan, seed.named(set.name), report)?;
        study.check(&set, &plan, report);
        figure = study.panels(&set).into_iter().fold(figure, Figure::panel);
        figure = figure.panel(predictions::study(&set, &plan, seed.named("predictions"), report)?);
    }
    report.figure("bnn_evidence", figure);
    Ok(())
}

fn main() -> ExitCode {
    let args = common::Args::parse();
    let mut report = Report::new(
        "what a Bayesian net learns, in nats, hardly depends on how many weights it has; the evidence of one mode drifts from the truth as \
         the net grows",
    );
    report.seed(args.seed);
    match run(&args, &mut report) {
        Ok(()) => common::finish(&report, &args, "bnn_evidence"),
        Err(error) => {
            eprintln!("bnn_evidence: {error}");
            ExitCode::from(2)
        }
    }
}
