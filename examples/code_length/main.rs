//! Claim: one soft order-150 polynomial is a file of a few bytes, and the bound from that very file holds, at any softness.
//!
//! Core orders 0–3 free, orders 4–150 fading, from hard to soft. At every softness the posterior mean is rounded to the codebook that
//! certifies best, written to a file, read back and judged, beside the PAC-Bayes bound of the Gaussian posterior with the same prior,
//! and the evidence. No prior here has seen a row. What comes out: rounding does what softness does. A weight that is not worth its bits
//! is dropped, so that the bound from the file hardly moves where the PAC-Bayes bound grows with every direction that is left free.

#[path = "../common/mod.rs"]
mod common;
mod picture;
mod rung;
mod sets;
mod study;

use std::fs;
use std::process::ExitCode;

use clap::Parser;
use ndarray::Array2;
use rayon::prelude::*;
use softbias::prelude::*;
use softbias::{EmpiricalRisk, Error, ModelError};

use self::rung::{Rows, Rung, STEP};
use self::sets::Labels;
use self::study::Study;

fn run(args: &common::Args, report: &mut Report) -> Result<(), Error> {
    let (n, fresh) = if args.quick { (500, 4000) } else { (2000, 40_000) };
    let seed = Seed::new(args.seed).named("code length");
    let ladder = Softness::ladder(1e-3, 1e2, if args.quick { 5 } else { 10 })?;
    let directory = args.out.clone().unwrap_or_else(|| "out/code_length".into()).join("messages");
    fs::create_dir_all(&directory).map_err(|source| ModelError::Io { path: directory.clone(), source })?;
    let mut studies = Vec::new();
    for labels in Labels::ALL {
        eprintln!("{}", labels.name());
        let (train, test) = (labels.rows(n, seed)?, labels.rows(fresh, seed.named("fresh"))?);
        let rows = Rows { labels, train, test };
        let rungs: Vec<Rung> = ladder
            .par_iter()
            .enumerate()
            .map(|(k, &softness)| {
                let file = directory.join(format!("{}_{k}.bits", labels.name()));
                Rung::new(softness, ladder.len(), &rows, &file)
            })
            .collect::<Result<_, Error>>()?;
        let zero = EmpiricalRisk::of_function(labels.loss(), &rows.train, &Array2::zeros((n, 1)))?.mean;
        let study = Study { labels, n, zero, rungs };
        study.tabulate(report);
        study.check(report);
        studies.push(study);
    }
    report.note(format!(
        "White and plain: bits of the posterior mean at the declared noise, rounded to one step of {STEP} at every softness. Bits, bytes \
         and risk: of the model in the file, whose codebook and temper were searched for the least bound, which costs nothing beyond its \
         bits. Both bounds pay ln {} for the choice of a softness, at δ = 0.05.",
        ladder.len()
    ));
    report.figure("code_length", picture::draw(&studies));
    Ok(())
}

fn main() -> ExitCode {
    let args = common::Args::parse();
    let mut report = Report::new(
        "an order-150 polynomial is a file of a few bytes at any softness; the bound from that file holds on fresh rows, says something \
         where there is something to learn and nothing where labels are coins, and hardly moves at softness where the PAC-Bayes bound of \
         the same prior grows by half or more",
    );
    report.seed(args.seed);
    match run(&args, &mut report) {
        Ok(()) => common::finish(&report, &args, "code_length"),
        Err(error) => {
            eprintln!("code_length: {error}");
            ExitCode::from(2)
        }
    }
}
