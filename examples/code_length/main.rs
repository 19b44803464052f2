//! Claim: one soft order-150 polynomial is a byte string of a few hundred bits, and the bound from that very file holds and is not vacuous.
//!
//! Core orders 0–3 free, orders 4–150 fading, from hard to soft. At every softness the posterior mean is rounded to the codebook that
//! certifies best, written to a file, read back and judged: bits against softness, beside the PAC-Bayes bound of the Gaussian
//! posterior with the same prior, and the evidence. No prior here has seen a row.

#[path = "../common/mod.rs"]
mod common;
mod rung;
mod sets;

use std::fs;
use std::process::ExitCode;

use clap::Parser;
use rayon::prelude::*;
use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, ModelError};

use self::rung::{Rows, Rung};
use self::sets::Labels;

fn run(args: &common::Args, report: &mut Report) -> Result<(), Error> {
    let (n, fresh) = if args.quick { (500, 4000) } else { (2000, 40_000) };
    let seed = Seed::new(args.seed).named("code length");
    let ladder = Softness::ladder(1e-3, 1e2, if args.quick { 5 } else { 10 })?;
    let directory = args.out.clone().unwrap_or_else(|| "out/code_length".into()).join("messages");
    fs::create_dir_all(&directory).map_err(|source| ModelError::Io { path: directory.clone(), source })?;
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
        tabulate(labels, n, &rungs, report);
    }
    Ok(())
}

fn tabulate(labels: Labels, n: usize, rungs: &[Rung], report: &mut Report) {
    report.table(format!("{}: {n} rows, {}", labels.name(), labels.loss()));
    for rung in rungs {
        let softness =
            if rung.softness.is_hard() { "hard".to_owned() } else { format!("{:.3}", rung.softness.get()) };
        report.row([
            ("softness", Value::from(softness)),
            ("log evidence", rung.evidence.into()),
            ("information", rung.information.into()),
            ("eff. dimension", rung.dimension.into()),
            ("bits", rung.bits.into()),
            ("bytes", rung.bytes.into()),
            ("risk", rung.train.into()),
            ("on fresh rows", rung.test.into()),
            ("Occam", rung.occam.value.into()),
            ("Gibbs risk", rung.pac_bayes.empirical_risk.into()),
            ("of fresh", rung.gibbs_test.into()),
            ("KL", rung.pac_bayes.information.get().into()),
            ("PAC-Bayes", rung.pac_bayes.value.into()),
        ]);
    }
}

fn main() -> ExitCode {
    let args = common::Args::parse();
    let mut report = Report::new("");
    report.seed(args.seed);
    match run(&args, &mut report) {
        Ok(()) => common::finish(&report, &args, "code_length"),
        Err(error) => {
            eprintln!("code_length: {error}");
            ExitCode::from(2)
        }
    }
}
