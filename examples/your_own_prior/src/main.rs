//! Claim: the yearly growth of CO2 at Mauna Loa is no straight line: evidence relaxes the constraint, and held-out years agree.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use softbias::prelude::*;
use softbias::{Error, Standardise};
use your_own_prior::straight_unless_bent;

#[derive(Parser)]
struct Args {
    /// Directory for the report
    #[arg(long, default_value = "out/your_own_prior")]
    out: PathBuf,
    /// Fewer rungs
    #[arg(long)]
    quick: bool,
    /// Seed of the split
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Directory of the data
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data"))]
    data: PathBuf,
}

const FIRST: f64 = 1958.0;
const LAST: f64 = 2002.0;

fn run(args: &Args) -> Result<Report, Error> {
    let raw = Data::read_csv(args.data.join("co2.csv"), "ppm")?;
    let data = Standardise::with(vec![], vec![], vec![340.0], vec![20.0])?.apply(&raw)?;
    let (train, test) = data.split(0.8, Seed::new(args.seed))?;
    let rungs = if args.quick { 5 } else { 9 };
    let swept = Sweep::of(straight_unless_bent(FIRST, LAST))
        .over(Softness::ladder(1e-3, 1e1, rungs)?)
        .certified(Loss::ClippedSquared { scale: 1.0 }, 0.05)
        .run(Gaussian::noise(0.1), &Exact::Auto, &train, &test)?;

    let mut report = Report::new(
        "a straight line is relaxed by the evidence, and held-out weeks are predicted better for it",
    );
    report.seed(args.seed);
    swept.tabulate(&mut report);
    let (hard, best) = (&swept.rungs()[0], swept.best_by_evidence());
    let gain = (best.evidence.log - hard.evidence.log).get();
    report.check("nats of evidence gained by softness", gain, Relation::Above, 10.0);
    report.check(
        "test RMSE of the rung chosen over the hard end's",
        best.test_rmse / hard.test_rmse,
        Relation::AtMost,
        0.9,
    );
    report.figure("sweep", swept.figure("a straight line, relaxed"));

    let grid = Points::linspace(FIRST, LAST, 500)?;
    let x = grid.coordinate(0)?.to_vec();
    let ppm = |values: &ndarray::Array2<f64>| values.iter().map(|v| 340.0 + 20.0 * v).collect::<Vec<f64>>();
    let (straight, bent) = (hard.posterior.predict(&grid)?, best.posterior.predict(&grid)?);
    let panel = Panel::new("CO2 at Mauna Loa")
        .x("year")
        .y("ppm")
        .points("held out", test.points().view().column(0), ppm(test.labels()))
        .line("straight", &x, ppm(straight.mean()))
        .line("straight unless bent", &x, ppm(bent.mean()));
    report.figure("fit", Figure::new("").panel(panel).size(900.0, 480.0));
    Ok(report)
}

fn main() -> ExitCode {
    let args = Args::parse();
    let saved = run(&args).and_then(|report| Ok((report.save(&args.out)?, report)));
    match saved {
        Ok((files, report)) => {
            println!("{report}\n\nsaved {} files in {}", files.len(), args.out.display());
            ExitCode::from(u8::from(!report.holds()))
        }
        Err(error) => {
            eprintln!("your_own_prior: {error}");
            ExitCode::from(2)
        }
    }
}
