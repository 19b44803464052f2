//! Claim: a convolution plus softness times a dense layer errs as little as the better of the two where locality holds exactly or not at all, and less
//! than both where it nearly holds; the evidence finds how soft.
//!
//! Labels of random images come from nets whose first layer keeps locality and weight sharing exactly, nearly, or not at all. Students learn them with
//! a first layer that starts at several softnesses (0 is the hard constraint) or is dense (free). Training and tuning of all scales, softness among
//! them, by the full Laplace evidence take turns; of the soft students the one with the highest evidence is taken, without a look at the test rows.

#[path = "../common/mod.rs"]
mod common;
mod tasks;

use std::process::ExitCode;

use clap::Parser;
use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, TuneScales};

use self::tasks::{First, NOISE, Task};

struct Plan {
    /// Softnesses to start from; the first is 0.
    starts: &'static [f64],
    rounds: usize,
    epochs: usize,
    repeats: usize,
    rows: usize,
}

impl Plan {
    fn new(quick: bool) -> Plan {
        if quick {
            Plan { starts: &[0.0, 0.03, 0.2], rounds: 4, epochs: 60, repeats: 1, rows: 1000 }
        } else {
            Plan { starts: &[0.0, 0.03, 0.1, 0.3, 1.0], rounds: 6, epochs: 100, repeats: 3, rows: 1500 }
        }
    }
}

/// One student after training.
#[derive(Clone, Copy, Debug)]
struct Learned {
    /// Root mean squared error on fresh rows, their noise included.
    test: f64,
    /// Log evidence a row.
    evidence: f64,
    /// Prior scale of the dense layer's weights, over that of a dense layer alone.
    softness: f64,
}

/// Trains the weights and tunes the scales in turns.
fn taught(task: &Task, first: First, plan: &Plan, seed: Seed) -> Result<Learned, Error> {
    let free = First::Free.net()?.scales();
    let train = Train::adam(0.01).schedule(Schedule::cosine(0.01)).epochs(plan.epochs).batch(100).seed(seed);
    let model = first.net()?.with_likelihood(Gaussian::known(NOISE));
    // (a few steps a round: the weights follow before the scales go on)
    let few = TuneScales::new().within(10.0).iterations(8);
    let tune = |posterior: &NetLaplacePosterior<f32, Gaussian>| posterior.tune_scales(&few);
    let last = NetLaplace::full().in_turns(&train, plan.rounds, &model, &task.train, tune)?;
    let softness = First::soft_tensor(last.net()).map(|at| last.net().scales()[at] / free[at]);
    Ok(Learned {
        test: last.predict(task.test.points())?.rmse(task.test.labels())?,
        evidence: last.evidence().log.get() / task.train.len() as f64,
        softness: softness.unwrap_or(f64::NAN),
    })
}

/// Everything learned of one teacher: by softness at the start, and the free student last.
fn all(task: &Task, plan: &Plan, seed: Seed) -> Result<Vec<Learned>, Error> {
    let soft = plan.starts.iter().map(|softness| First::Relaxed(*softness));
    soft.chain([First::Free]).map(|first| taught(task, first, plan, seed)).collect()
}

fn mean(of: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = of.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    sum / count
}

fn run(args: &common::Args, report: &mut Report) -> Result<(), Error> {
    let seed = Seed::new(args.seed).named("soft locality");
    let plan = Plan::new(args.quick);
    let starts: Vec<String> = plan.starts.iter().map(f64::to_string).chain(["free".into()]).collect();
    let categories = || starts.iter().map(|start| if start == "0" { "0 (hard)" } else { start.as_str() });
    let places: Vec<f64> = (1..=starts.len()).map(|i| i as f64).collect();
    let mut evidences =
        Panel::new("Log evidence").x("softness at the start").y("nats a row").categories(categories());
    let mut errors = Panel::new("Error").x("softness at the start").y("test RMSE").categories(categories());
    let mut softness_of = Vec::new();
    for (name, departure) in Task::KINDS {
        let mut learned = Vec::new();
        for repeat in 0..plan.repeats {
            eprintln!("locality holds {name}: teacher {} of {}", repeat + 1, plan.repeats);
            let task = Task::new(departure, plan.rows, seed.named(name).at(repeat))?;
            learned.push(all(&task, &plan, seed.named("training").at(repeat))?);
        }
        report.table(format!("locality holds {name}: means over {} teachers", plan.repeats));
        let column = |of: fn(&Learned) -> f64| -> Vec<f64> {
            (0..starts.len()).map(|k| mean(learned.iter().map(|all| of(&all[k])))).collect()
        };
        let (evidence, test, softness) = (column(|l| l.evidence), column(|l| l.test), column(|l| l.softness));
        for (k, start) in starts.iter().enumerate() {
            report.row([
                ("softness at the start", Value::from(start.as_str())),
                ("log evidence a row", evidence[k].into()),
                ("test RMSE", test[k].into()),
                ("softness found", softness[k].into()),
            ]);
        }
        let soft: Vec<&Learned> = learned
            .iter()
            .filter_map(|all| {
                all[..plan.starts.len()].iter().max_by(|a, b| a.evidence.total_cmp(&b.evidence))
            })
            .collect();
        let (hard, free) = (test[0], test[plan.starts.len()]);
        let chosen = mean(soft.iter().map(|l| l.test));
        softness_of.push(mean(soft.iter().map(|l| l.softness)));
        report.row([
            ("softness at the start", Value::from("by evidence")),
            ("log evidence a row", mean(soft.iter().map(|l| l.evidence)).into()),
            ("test RMSE", chosen.into()),
            ("softness found", mean(soft.iter().map(|l| l.softness)).into()),
        ]);
        let most = if name == "nearly" { 1.0 } else { 1.1 };
        report.check(
            format!("{name}: test RMSE of the soft student over the better of hard and free"),
            chosen / hard.min(free),
            Relation::AtMost,
            most,
        );
        evidences = evidences.line(name, &places, evidence);
        errors = errors.line(name, &places, test);
    }
    let [exactly, nearly, not_at_all] = softness_of[..] else { return Ok(()) };
    report.check("softness by evidence: not at all less exactly", not_at_all - exactly, Relation::Above, 0.0);
    if !args.quick {
        // (one teacher is too few: where the hard student's training is stuck, softness helps it out)
        report.check("softness by evidence: nearly less exactly", nearly - exactly, Relation::Above, 0.0);
    }
    report.figure("soft_locality", Figure::new("").columns(2).panel(evidences).panel(errors));
    Ok(())
}

fn main() -> ExitCode {
    let args = common::Args::parse();
    let mut report = Report::new(
        "convolution + softness · dense, its softness found by evidence, errs about as little as the better of convolution and dense layer where \
         locality holds exactly or not at all, and less than both where it nearly holds",
    );
    report.seed(args.seed);
    match run(&args, &mut report) {
        Ok(()) => common::finish(&report, &args, "soft_locality"),
        Err(error) => {
            eprintln!("soft_locality: {error}");
            ExitCode::from(2)
        }
    }
}
