//! Claim: a layer that is a convolution plus softness times a dense one does about as well as the better of the two, whichever that is.
//!
//! Labels of random images come from nets whose first layer keeps locality and weight sharing exactly, nearly, or not at all. Three students, alike
//! behind their first layer: a convolution (hard), a dense layer (free), and their soft sum, whose softness is the scale of a tensor, tuned with
//! all other scales by the Kronecker–Laplace evidence while the net is trained.

#[path = "../common/mod.rs"]
mod common;
mod tasks;

use std::process::ExitCode;

use clap::Parser;
use softbias::Error;
use softbias::prelude::*;
use softbias::report::Value;
use softbias::{NetTarget, TuneScales};

use self::tasks::{Student, Task};

struct Plan {
    rounds: usize,
    epochs: usize,
    repeats: usize,
    rows: usize,
}

impl Plan {
    fn new(quick: bool) -> Plan {
        if quick {
            Plan { rounds: 4, epochs: 80, repeats: 1, rows: 2000 }
        } else {
            Plan { rounds: 6, epochs: 150, repeats: 4, rows: 2000 }
        }
    }
}

/// One student after training.
#[derive(Clone, Copy, Debug)]
struct Learned {
    test: f64,
    evidence: f64,
    softness: f64,
}

fn taught(task: &Task, student: Student, plan: &Plan, seed: Seed) -> Result<Learned, Error> {
    let mut net = student.net()?;
    let base = student.net()?.scales();
    let soft = student.soft_tensor(&net);
    let mut start: Option<Vec<f64>> = None;
    let mut noise = 0.3;
    let mut found = None;
    for round in 0..plan.rounds {
        let model = net.clone().with_likelihood(Gaussian::noise(noise));
        let target = NetTarget::<f32, _>::new(&model, &task.train)?;
        let mut adam = Train::adam(0.01).schedule(Schedule::cosine(0.01)).epochs(plan.epochs).batch(100);
        adam = adam.seed(seed.at(round));
        if let Some(start) = &start {
            adam = adam.start(start.clone());
        }
        let eps = adam.climb(&target)?.coordinates;
        let posterior = NetLaplace::kron().at(&target, &eps)?;
        let tuned = posterior.tune_scales_and_noise(&TuneScales::new().within(10.0))?;
        net = tuned.net().clone();
        noise = tuned.likelihood().sd();
        start = Some(tuned.centre().iter().map(|e| f64::from(*e)).collect());
        found = Some(tuned);
    }
    let last = found.ok_or(softbias::ModelError::NoWeights)?;
    Ok(Learned {
        test: last.predict(task.test.points())?.rmse(task.test.labels())?,
        evidence: last.evidence().log.get() / task.train.len() as f64,
        softness: soft.map_or(f64::NAN, |at| net.scales()[at] / base[at]),
    })
}

fn run(args: &common::Args, report: &mut Report) -> Result<(), Error> {
    let seed = Seed::new(args.seed).named("soft locality");
    let plan = Plan::new(args.quick);
    let mut bars = Vec::new();
    let mut softnesses = Vec::new();
    report.table(format!(
        "test RMSE and evidence a row, means over {} draws of teacher and rows",
        plan.repeats
    ));
    for (name, departure) in Task::KINDS {
        let mut all = [[0.0; 3]; 3];
        for (place, student) in Student::ALL.into_iter().enumerate() {
            for repeat in 0..plan.repeats {
                eprintln!("{name}: {student:?}, {repeat}");
                let task = Task::new(departure, plan.rows, seed.named(name).at(repeat))?;
                let learned = taught(&task, student, &plan, seed.named("training").at(repeat))?;
                let share = 1.0 / plan.repeats as f64;
                for (sum, value) in
                    all[place].iter_mut().zip([learned.test, learned.evidence, learned.softness])
                {
                    *sum += share * value;
                }
            }
        }
        let [hard, soft, free] = all;
        report.row([
            ("the teacher keeps locality", Value::from(name)),
            ("hard", hard[0].into()),
            ("soft", soft[0].into()),
            ("free", free[0].into()),
            ("evidence: hard", hard[1].into()),
            ("evidence: soft", soft[1].into()),
            ("evidence: free", free[1].into()),
            ("softness found", soft[2].into()),
        ]);
        let best = hard[0].min(free[0]);
        report.check(
            format!("{name}: soft RMSE over the better of hard and free"),
            soft[0] / best,
            Relation::AtMost,
            1.15,
        );
        softnesses.push(soft[2]);
        bars.push((name, [hard[0], soft[0], free[0]]));
    }
    report.check("softness found, nearly over exactly", softnesses[1] / softnesses[0], Relation::Above, 1.0);
    report.check(
        "softness found, not at all over nearly",
        softnesses[2] / softnesses[1],
        Relation::Above,
        1.0,
    );
    let names: Vec<&str> = bars.iter().map(|(name, _)| *name).collect();
    let at: Vec<f64> = (1..=bars.len()).map(|i| i as f64).collect();
    let of = |k: usize| bars.iter().map(|(_, values)| values[k]).collect::<Vec<_>>();
    let errors = Panel::new("Test error")
        .x("the teacher keeps locality")
        .y("RMSE")
        .categories(names.iter().copied())
        .points("hard: convolution", &at, of(0))
        .points("soft", &at, of(1))
        .points("free: dense", &at, of(2));
    let softness = Panel::new("Softness found by the evidence")
        .x("the teacher keeps locality")
        .y("of the dense layer's prior scale")
        .categories(names.iter().copied())
        .log_y()
        .points("softness", &at, softnesses);
    report.figure("soft_locality", Figure::new("").columns(2).panel(errors).panel(softness));
    Ok(())
}

fn main() -> ExitCode {
    let args = common::Args::parse();
    let mut report = Report::new(
        "convolution + softness · dense, its softness tuned by evidence, errs about as little as the better of convolution and dense layer, where locality \
         holds exactly, nearly and not at all",
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
