//! Occam's hill on real data: yearly sunspot numbers with a fifth held out, variance and noise tuned at every length.

use rayon::prelude::*;
use softbias::Error;
use softbias::prelude::*;
use softbias::report::Value;

use crate::common::Args;
use crate::hill::{CRITERIA, Rung, best, ladder, regret, tabulate};

/// The level is integrated out; tuning starts at round numbers.
fn prior(length: f64) -> Gp {
    Gp::new(40.0 * 40.0 * Kernel::rbf(length)).about(Mean::constant(50.0).integrated(50.0))
}

pub(crate) fn run(args: &Args, report: &mut Report) -> Result<(), Error> {
    let data = Data::read_csv(args.shipped("sunspots.csv"), "sunspot_number")?;
    let seed = Seed::new(args.seed).named("sunspots");
    let (splits, count) = if args.quick { (2, 13) } else { (5, 25) };
    let lengths = ladder(0.3, 100.0, count);
    let hills: Vec<Vec<Rung>> = (0..splits)
        .into_par_iter()
        .map(|k| {
            let (train, test) = data.split(0.8, seed.at(k))?;
            let at = |&length: &f64| {
                let spec = prior(length).with_likelihood(Gaussian::noise(20.0));
                let tuned = Tune::default()
                    .restarts(1)
                    .seed(seed.at(k))
                    .fix("length")
                    .start([("variance", 1e6)])
                    .run(spec, &train)?;
                Rung::of(length, &tuned.model, &train, &test)
            };
            lengths.par_iter().map(at).collect()
        })
        .collect::<Result<_, Error>>()?;
    report.table("sunspots, variance and noise tuned at every length: the first split");
    tabulate(report, hills[0].iter().step_by(count / 12));
    report.table(format!("sunspots: which length each criterion chooses, {splits} splits"));
    let mean = |of: &dyn Fn(&[Rung]) -> f64| hills.iter().map(|hill| of(hill)).sum::<f64>() / splits as f64;
    for (name, score) in CRITERIA {
        report.row([
            ("chosen by", Value::from(name)),
            ("length (geometric mean)", mean(&|hill| best(hill, score).length.ln()).exp().into()),
            ("given away, nats a held-out row", mean(&|hill| regret(hill, score)).into()),
        ]);
    }
    let (given_away, by_fit) =
        (mean(&|hill| regret(hill, CRITERIA[0].1)), mean(&|hill| regret(hill, CRITERIA[3].1)));
    report.check("sunspots: nats a held-out row given away by evidence", given_away, Relation::AtMost, 0.05);
    report.check("sunspots: the same by fit", by_fit, Relation::AtLeast, 0.1);
    report.figure("sunspots", picture(&hills[0]));
    Ok(())
}

fn picture(hill: &[Rung]) -> Figure {
    let lengths: Vec<f64> = hill.iter().map(|r| r.length).collect();
    let values = |of: &dyn Fn(&Rung) -> f64| hill.iter().map(of).collect::<Vec<f64>>();
    let panel = |title: &str, y: &str| Panel::new(title).x("length scale (years)").y(y).log_x();
    let evidence =
        panel("Sunspots: evidence", "nats").line("log evidence", &lengths, values(&|r| r.evidence.log.get()));
    let scores = panel("Sunspots: held-out rows", "nats a row").dashed(
        "held out",
        &lengths,
        values(&|r| r.test_log_density),
    );
    Figure::new("").columns(2).panel(evidence).panel(scores)
}
