//! Claim: certificates tell true labels from random ones, for models that fit both; where a model interpolates they say nothing.
//!
//! Labels of digits are redrawn with probability c, as by Zhang et al. (2017). A Gaussian process, a soft polynomial and a byte string
//! fit the rows at every c. Their bounds lie below guessing on true labels, grow with c, and are vacuous at c = 1; so do evidence and
//! information, while the effective dimension never sees a label. Beside them the posterior and the string that the bound itself asks
//! for, which do not fit noise, and a process with nearly no noise, whose bound says nothing at any c.

#[path = "../common/mod.rs"]
mod common;
mod curve;
mod models;
mod picture;
mod sets;
mod study;
mod written;

use std::process::ExitCode;

use clap::Parser;
use rayon::prelude::*;
use softbias::Error;
use softbias::prelude::*;

use self::curve::{Curve, Outcome};
use self::models::{INTERPOLATING, RATIO};
use self::sets::Digits;
use self::study::Study;
use self::written::Written;

/// Rows to learn from, probabilities of a redrawn label, and how often rows are cut and labels redrawn.
struct Plan {
    rows: usize,
    levels: &'static [f64],
    draws: usize,
    /// Noises that strings are looked for with, and flip probabilities of Gibbs posteriors.
    noises: &'static [f64],
    flips: &'static [f64],
}

impl Plan {
    fn new(quick: bool) -> Plan {
        if quick {
            let (noises, flips): (&[f64], &[f64]) = (&[0.1, 0.6], &[0.05]);
            Plan { rows: 1000, levels: &[0.0, 0.2, 1.0], draws: 1, noises, flips }
        } else {
            let (noises, flips): (&[f64], &[f64]) = (&[0.1, 0.3, 0.6, 0.9], &[0.2, 0.05, 0.01]);
            Plan { rows: 1000, levels: &[0.0, 0.1, 0.2, 0.5, 0.75, 1.0], draws: 2, noises, flips }
        }
    }
}

/// Every model on one draw of labels.
fn everything(digits: &Digits, plan: &Plan, c: f64, seed: Seed) -> Result<[Outcome; 6], Error> {
    let images = digits.images(plan.rows, c, seed)?;
    let Written { fitting, best } = Written::new(&images, plan.noises, seed)?;
    Ok([
        models::process(RATIO, &images)?,
        models::polynomial(&digits.directions(plan.rows, c, seed)?)?,
        fitting,
        models::gibbs(&images, plan.flips)?,
        best,
        models::process(INTERPOLATING, &images)?,
    ])
}

fn run(args: &common::Args, report: &mut Report) -> Result<(), Error> {
    let plan = Plan::new(args.quick);
    let Plan { rows, levels, draws, .. } = plan;
    let seed = Seed::new(args.seed).named("certified noise");
    let digits = Digits::load(args)?;
    // Draw k is made by the same seed at all levels.
    let one = |i: usize| everything(&digits, &plan, levels[i / draws], seed.at(i % draws));
    let all: Vec<[Outcome; 6]> =
        (0..levels.len() * draws).into_par_iter().map(one).collect::<Result<_, Error>>()?;
    let curve = |k: usize, name: &'static str| {
        let of_level = |part: &[[Outcome; 6]]| part.iter().map(|outcomes| outcomes[k]).collect();
        Curve { name, outcomes: all.chunks(draws).map(of_level).collect() }
    };
    let study = Study {
        levels,
        rows,
        process: curve(0, "process"),
        polynomial: curve(1, "polynomial"),
        fitting: curve(2, "shortest string that fits"),
        gibbs: curve(3, "Gibbs posterior"),
        best: curve(4, "string of the least bound"),
        interpolating: curve(5, "interpolating process"),
    };
    study.tabulate(draws, report);
    study.check(report);
    report.figure("certified_noise", picture::draw(&study));
    Ok(())
}

fn main() -> ExitCode {
    let args = common::Args::parse();
    let mut report = Report::new(
        "a Gaussian process, a soft polynomial and a byte string fit redrawn labels as they fit true ones; their bounds are below guessing \
         on true labels, grow with c and are vacuous at c = 1, and that of a process that interpolates is vacuous throughout",
    );
    report.seed(args.seed);
    match run(&args, &mut report) {
        Ok(()) => common::finish(&report, &args, "certified_noise"),
        Err(error) => {
            eprintln!("certified_noise: {error}");
            ExitCode::from(2)
        }
    }
}
