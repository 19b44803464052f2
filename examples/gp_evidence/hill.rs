//! Occam's hill: one kernel at many length scales, asked for its evidence, its fit, and how it predicts rows that it has not seen.

use ndarray::Axis;
use rayon::prelude::*;
use softbias::prelude::*;
use softbias::report::{Legend, Value};
use softbias::{Error, Evidence, conditional_evidence, prequential};

use crate::common::Args;

const ROWS: usize = 24;
const FRESH: usize = 400;
const NOISE: f64 = 0.2;
const ENDS: (f64, f64) = (-3.0, 3.0);

fn truth(x: f64) -> f64 {
    (2.0 * x).sin() + 0.5 * (std::f64::consts::PI * x).cos()
}

fn model(length: f64, noise: f64) -> Model<Gp, Gaussian> {
    Gp::new(Kernel::rbf(length)).with_likelihood(Gaussian::known(noise))
}

/// Lengths spaced evenly in logarithm.
pub(crate) fn ladder(low: f64, high: f64, rungs: usize) -> Vec<f64> {
    (0..rungs).map(|i| low * (high / low).powf(i as f64 / (rungs - 1) as f64)).collect()
}

/// `n` rows of a function with noise, their inputs in random order.
fn simulated(n: usize, f: impl Fn(f64) -> f64, noise: f64, seed: Seed) -> Result<Data, Error> {
    let x = seed.named("x").uniform1(n, ENDS.0, ENDS.1);
    let z = seed.named("noise").normal1(n);
    let y: Vec<f64> = x.iter().zip(&z).map(|(&x, z)| f(x) + noise * z).collect();
    Ok(Data::line(x, y)?)
}

/// What one length scale gives.
pub(crate) struct Rung {
    pub(crate) length: f64,
    pub(crate) evidence: Evidence,
    /// Log density of every training row from all the others, mean a row.
    left_out: f64,
    /// Evidence of the second half of the rows given the first.
    conditional: f64,
    train_rmse: f64,
    test_rmse: f64,
    pub(crate) test_log_density: f64,
}

fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    let (count, sum) = values.into_iter().fold((0.0, 0.0), |(n, s), v| (n + 1.0, s + v));
    sum / count
}

fn greatest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::NEG_INFINITY, f64::max)
}

impl Rung {
    pub(crate) fn of<P>(
        length: f64,
        model: &Model<P, Gaussian>,
        train: &Data,
        test: &Data,
    ) -> Result<Rung, Error>
    where
        P: GaussianPrior + Clone + 'static,
    {
        let posterior = model.clone().condition(train)?;
        let (on_train, on_test) = (posterior.predict(train.points())?, posterior.predict(test.points())?);
        Ok(Rung {
            length,
            evidence: posterior.evidence(),
            left_out: mean(posterior.leave_one_out()?.log_density(train.labels())?),
            conditional: conditional_evidence(model, train, train.len() / 2)?.get(),
            train_rmse: on_train.rmse(train.labels())?,
            test_rmse: on_test.rmse(test.labels())?,
            test_log_density: mean(on_test.log_density(test.labels())?),
        })
    }
}

/// A way to choose a length.
pub(crate) type Criterion = (&'static str, fn(&Rung) -> f64);

/// Those that look at the training rows alone.
pub(crate) const CRITERIA: [Criterion; 4] = [
    ("evidence", |r| r.evidence.log.get()),
    ("conditional evidence", |r| r.conditional),
    ("leave-one-out", |r| r.left_out),
    ("fit (train RMSE)", |r| -r.train_rmse),
];
const EVIDENCE: usize = 0;
const FIT: usize = 3;

fn held_out(rung: &Rung) -> f64 {
    rung.test_log_density
}

/// The place of the best rung.
fn choice(rungs: &[Rung], score: fn(&Rung) -> f64) -> usize {
    (0..rungs.len()).fold(0, |best, k| if score(&rungs[k]) > score(&rungs[best]) { k } else { best })
}

pub(crate) fn best(rungs: &[Rung], score: fn(&Rung) -> f64) -> &Rung {
    &rungs[choice(rungs, score)]
}

/// Nats a held-out row that a choice gives away against the best rung.
pub(crate) fn regret(rungs: &[Rung], score: fn(&Rung) -> f64) -> f64 {
    best(rungs, held_out).test_log_density - best(rungs, score).test_log_density
}

pub(crate) fn tabulate<'a>(report: &mut Report, rungs: impl Iterator<Item = &'a Rung>) {
    for r in rungs {
        report.row([
            ("length", Value::from(r.length)),
            ("log evidence", r.evidence.log.get().into()),
            ("fit", r.evidence.fit.get().into()),
            ("information", r.evidence.information.get().into()),
            ("conditional evidence", r.conditional.into()),
            ("leave-one-out", r.left_out.into()),
            ("held out", r.test_log_density.into()),
            ("train RMSE", r.train_rmse.into()),
            ("test RMSE", r.test_rmse.into()),
        ]);
    }
}

fn sets(seed: Seed) -> Result<(Data, Data), Error> {
    let rows = |n, name| simulated(n, truth, NOISE, seed.named(name));
    Ok((rows(ROWS, "train")?, rows(FRESH, "test")?))
}

pub(crate) fn run(args: &Args, report: &mut Report) -> Result<(), Error> {
    let seed = Seed::new(args.seed).named("hill");
    let (draws, count) = if args.quick { (20, 25) } else { (200, 41) };
    let lengths = ladder(0.03, 30.0, count);
    let hills: Vec<Vec<Rung>> = (0..draws)
        .into_par_iter()
        .map(|k| {
            let (train, test) = sets(seed.at(k))?;
            lengths.iter().map(|&length| Rung::of(length, &model(length, NOISE), &train, &test)).collect()
        })
        .collect::<Result<_, Error>>()?;
    report.table(format!(
        "Occam's hill: {ROWS} rows, the first draw (scores of left-out and held-out rows are means a row)"
    ));
    tabulate(report, hills[0].iter().step_by(count / 12));

    report.table(format!("which length each criterion chooses: {draws} draws"));
    let over = |of: &dyn Fn(&[Rung]) -> f64| hills.iter().map(|hill| of(hill)).collect::<Vec<f64>>();
    for (name, score) in CRITERIA {
        let regrets = over(&|hill| regret(hill, score));
        let ratio = over(&|hill| (best(hill, score).length / best(hill, held_out).length).ln());
        report.row([
            ("chosen by", Value::from(name)),
            ("given away, nats a held-out row: mean", mean(regrets.iter().copied()).into()),
            ("worst draw", greatest(regrets).into()),
            ("length over the best (geometric mean)", mean(ratio).exp().into()),
        ]);
    }
    report.note("`fit` in a table is that of the evidence, E ln p(y | f) over posterior functions: it pays for their spread, and so levels off at short lengths where the error of the mean goes on falling.");

    let average = |k: usize| mean(hills.iter().map(|hill| hill[k].train_rmse));
    let step = (1..count).map(|k| average(k) - average(k - 1)).fold(f64::INFINITY, f64::min);
    report.check(
        "train RMSE grows with the length at every rung: least step of the mean",
        step,
        Relation::Above,
        0.0,
    );
    let share = |of: &dyn Fn(&[Rung]) -> bool| mean(over(&|hill| f64::from(u8::from(of(hill)))));
    let inside = share(&|hill| (1..count - 1).contains(&choice(hill, CRITERIA[EVIDENCE].1)));
    report.check("draws in which the evidence peaks inside", inside, Relation::Equals, 1.0);
    let of_evidence = mean(over(&|hill| regret(hill, CRITERIA[EVIDENCE].1)));
    let of_fit = mean(over(&|hill| regret(hill, CRITERIA[FIT].1)));
    report.check("nats a held-out row given away by evidence", of_evidence, Relation::AtMost, 0.06);
    report.check("the same by fit", of_fit, Relation::AtLeast, 0.5);
    let apart =
        over(&|hill| (best(hill, CRITERIA[EVIDENCE].1).length / best(hill, held_out).length).ln().abs());
    report.check(
        "factor between the lengths of most evidence and best held-out score",
        mean(apart).exp(),
        Relation::AtMost,
        1.5,
    );

    let by_fit = over(&|hill| (best(hill, CRITERIA[FIT].1).length / best(hill, held_out).length).ln());
    report.check(
        "length of the best fit over that of the best held-out score",
        mean(by_fit).exp(),
        Relation::AtMost,
        0.1,
    );

    let (train, _) = sets(seed.at(0))?;
    report.check(
        "three other routes to the same numbers: worst gap, nats",
        routes(&hills[0], &train)?,
        Relation::AtMost,
        1e-8,
    );
    gallery(seed.named("gallery"), report)?;
    report.figure("hill", picture(&hills[0], &train)?);
    Ok(())
}

/// Evidence as the sum of prequential terms, conditional evidence as that of the later ones, leave-one-out by leaving one out.
fn routes(hill: &[Rung], train: &Data) -> Result<f64, Error> {
    let (n, first) = (train.len(), train.len() / 2);
    let mut worst = 0.0f64;
    for rung in hill.iter().filter(|r| (0.1..2.0).contains(&r.length)) {
        let model = model(rung.length, NOISE);
        let terms = prequential(&model, train)?;
        worst = worst.max((terms.sum() - rung.evidence.log.get()).abs());
        worst = worst.max((terms.iter().skip(first).sum::<f64>() - rung.conditional).abs());
        let left_out = (0..n).map(|i| {
            let others: Vec<usize> = (0..n).filter(|j| *j != i).collect();
            let one = train.select(&[i])?;
            let prediction = model.clone().condition(&train.select(&others)?)?.predict(one.points())?;
            Ok(prediction.log_density(one.labels())?.sum())
        });
        let left_out = mean(left_out.collect::<Result<Vec<f64>, Error>>()?);
        worst = worst.max((left_out - rung.left_out).abs());
    }
    Ok(worst)
}

/// Labels that are nothing but noise, of unit variance, on a grid: interpolated by a prior that does not know of noise.
fn gallery(seed: Seed, report: &mut Report) -> Result<(), Error> {
    let labels = |n, name| seed.named(name).normal1(n);
    let train =
        Data::new(Points::linspace(ENDS.0, ENDS.1, ROWS)?, labels(ROWS, "train").insert_axis(Axis(1)))?;
    let test = simulated(FRESH, |_| 0.0, 1.0, seed.named("test"))?;
    let at = |noise: f64| Rung::of(0.4, &model(0.4, noise), &train, &test);
    let (sure, doubting) = (at(1e-3)?, at(1.0)?);
    report.note(format!(
        "Negative gallery: an RBF of length 0.4 and noise 0.001 goes through {ROWS} values of pure noise (train RMSE {:.1e}, held out \
         {:.2} about labels of variance 1); its log evidence is {:.0}, against {:.0} of the same kernel with noise 1.",
        sure.train_rmse,
        sure.test_rmse,
        sure.evidence.log.get(),
        doubting.evidence.log.get(),
    ));
    report.check("pure noise is interpolated: train RMSE", sure.train_rmse, Relation::Below, 1e-2);
    report.check(
        "and not predicted: held-out RMSE, where 0 has about 1",
        sure.test_rmse,
        Relation::AtLeast,
        1.0,
    );
    let preferred = (doubting.evidence.log - sure.evidence.log).get();
    report.check("nats by which the evidence prefers to call it noise", preferred, Relation::Above, 10.0);
    Ok(())
}

fn picture(hill: &[Rung], train: &Data) -> Result<Figure, Error> {
    let lengths: Vec<f64> = hill.iter().map(|r| r.length).collect();
    let values = |of: &dyn Fn(&Rung) -> f64| hill.iter().map(of).collect::<Vec<f64>>();
    let chosen = best(hill, CRITERIA[EVIDENCE].1).length;
    let panel = |title: &str, y: &str| Panel::new(title).x("length scale").y(y).log_x();
    let rows = train.len() as f64;
    let parts = panel("Log evidence and its parts", "nats")
        .line("log evidence", &lengths, values(&|r| r.evidence.log.get()))
        .line("fit", &lengths, values(&|r| r.evidence.fit.get()))
        .line("−information", &lengths, values(&|r| -r.evidence.information.get()))
        .vline(chosen, "peak")
        .y_range(-80.0, 15.0);
    let scores = panel("Scores of a row", "nats a row")
        .line("evidence", &lengths, values(&|r| r.evidence.log.get() / rows))
        .line("conditional evidence", &lengths, values(&|r| r.conditional / (rows - (rows / 2.0).floor())))
        .line("leave-one-out", &lengths, values(&|r| r.left_out))
        .dashed("held out", &lengths, values(&|r| r.test_log_density))
        .vline(chosen, "peak")
        .y_range(-2.5, 0.0);
    let errors = panel("Error of the mean", "RMSE")
        .line("train", &lengths, values(&|r| r.train_rmse))
        .dashed("held out", &lengths, values(&|r| r.test_rmse))
        .vline(chosen, "peak");
    let mut figure = Figure::new("").columns(3).panel(parts).panel(scores).panel(errors);
    let grid = Points::linspace(ENDS.0, ENDS.1, 401)?;
    let x: Vec<f64> = grid.coordinate(0)?.to_vec();
    for (name, length) in [("too short", 0.1), ("most evidence", chosen), ("too long", 2.5)] {
        let prediction = model(length, NOISE).condition(train)?.predict(&grid)?;
        let (lower, upper) = prediction.interval(Uncertainty::Latent, 0.95)?;
        let fit = Panel::new(format!("{name}: length {length:.2}"))
            .x("x")
            .y("y")
            .line("mean", &x, prediction.mean().iter())
            .band("mean", &x, lower.iter(), upper.iter())
            .dashed("truth", &x, x.iter().map(|&x| truth(x)).collect::<Vec<f64>>())
            .points("data", train.points().view().column(0), train.labels().iter());
        figure = figure.panel(fit.y_range(-2.5, 2.5).legend(Legend::Below));
    }
    Ok(figure)
}
