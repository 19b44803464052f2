//! Claim: a Bayesian net fits labels drawn at random as well as true ones (99 % of the rows or more), and every form of Laplace's evidence tells the two apart.
//!
//! Labels of images are redrawn with probability c (Zhang et al. 2017, with evidence beside). MNIST by a perceptron of two hidden layers; CIFAR-10,
//! where it is at hand, by a small residual convolutional net. Trained by Adam, towards the mode, at the same prior at every c; evidence by Kronecker
//! factors, by the diagonal, and by the full curvature of the last layer.

#[path = "../common/mod.rs"]
mod common;
mod sets;

use std::process::ExitCode;

use clap::Parser;
use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, NetTarget, Structure};

use self::sets::{Set, accuracy, redrawn};

/// One net at one level of noise in the labels.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    c: f64,
    train: f64,
    test: f64,
    kron: f64,
    diag: f64,
    last: f64,
    information: f64,
    dimension: f64,
}

fn fitted(set: &Set, c: f64, seed: Seed) -> Result<Outcome, Error> {
    let train = redrawn(&set.train, c, seed.named("labels"))?;
    let model = set.net.clone().with_likelihood(Softmax::classes(10)?);
    let target = NetTarget::<f32, _>::new(&model, &train)?;
    let schedule = Schedule::cosine(0.03);
    let adam = Train::adam(0.03).schedule(schedule).epochs(set.epochs).batch(64).seed(seed.named("training"));
    let climbed = adam.climb(&target)?;
    let net = softbias::NetDraws::new(&target, vec![climbed.coordinates.clone()])?;
    let rows = train.len() as f64;
    let evidence = |how: NetLaplace| -> Result<NetLaplacePosterior<f32, Softmax>, Error> {
        Ok(how.at(&target, &climbed.coordinates)?)
    };
    let kron = evidence(NetLaplace::kron())?;
    Ok(Outcome {
        c,
        train: accuracy(&net.class_probabilities(train.points())?, &train),
        test: accuracy(&net.class_probabilities(set.test.points())?, &set.test),
        kron: kron.evidence().log.get() / rows,
        information: kron.evidence().information.get() / rows,
        dimension: kron.effective_dimension().determined,
        diag: evidence(NetLaplace::diag())?.evidence().log.get() / rows,
        last: evidence(NetLaplace::last_layer(Structure::Full))?.evidence().log.get() / rows,
    })
}

fn largest_step(all: &[Outcome], of: impl Fn(&Outcome) -> f64) -> f64 {
    all.windows(2).map(|pair| of(&pair[1]) - of(&pair[0])).fold(f64::NEG_INFINITY, f64::max)
}

fn check(set: &Set, all: &[Outcome], report: &mut Report) {
    let name = set.name;
    let worst = all.iter().map(|o| o.train).fold(1.0, f64::min);
    report.check(format!("{name}: training accuracy at the worst level"), worst, Relation::AtLeast, 0.99);
    type Of = fn(&Outcome) -> f64;
    let evidences: [(&str, Of); 3] =
        [("Kronecker", |o| o.kron), ("diagonal", |o| o.diag), ("last layer", |o| o.last)];
    for (form, of) in evidences {
        if set.steady || form == "last layer" {
            let step = largest_step(all, of);
            report.check(
                format!("{name}, {form}: largest step of the evidence with c"),
                step,
                Relation::Below,
                0.0,
            );
        } else {
            let change = of(&all[all.len() - 1]) - of(&all[0]);
            report.check(
                format!("{name}, {form}: evidence of random labels less that of true ones"),
                change,
                Relation::Below,
                0.0,
            );
        }
    }
    let fall = all[0].test - all[all.len() - 1].test;
    report.check(
        format!("{name}: what test accuracy loses from c = 0 to 1"),
        fall,
        Relation::AtLeast,
        set.learned - 0.2,
    );
    report.check(
        format!("{name}: test accuracy on true labels"),
        all[0].test,
        Relation::AtLeast,
        set.learned,
    );
}

fn run(args: &common::Args, report: &mut Report) -> Result<(), Error> {
    let seed = Seed::new(args.seed).named("bnn random labels");
    let mut figure = Figure::new("").columns(2);
    for set in Set::all(args, seed.named("split"), report)? {
        let (mut all, levels) = (Vec::new(), set.levels);
        for &c in levels {
            eprintln!("{}: c = {c}", set.name);
            all.push(fitted(&set, c, seed.named(set.name))?);
        }
        report.table(format!(
            "{}: {} rows, {:?}; evidence in nats a row",
            set.name,
            set.train.len(),
            set.net
        ));
        for outcome in &all {
            report.row([
                ("c", Value::from(outcome.c)),
                ("train accuracy", outcome.train.into()),
                ("test accuracy", outcome.test.into()),
                ("Kronecker", outcome.kron.into()),
                ("diagonal", outcome.diag.into()),
                ("last layer", outcome.last.into()),
                ("information/n", outcome.information.into()),
                ("eff. dimension", outcome.dimension.into()),
            ]);
        }
        check(&set, &all, report);
        let of = |pick: fn(&Outcome) -> f64| all.iter().map(pick).collect::<Vec<_>>();
        let panel = |what: &str| {
            Panel::new(format!("{}: {what}", set.name)).x("share of labels redrawn, c").x_range(0.0, 1.0)
        };
        figure = figure
            .panel(
                panel("Laplace evidence")
                    .y("nats a row")
                    .line("Kronecker", levels, of(|o| o.kron))
                    .line("diagonal", levels, of(|o| o.diag))
                    .line("last layer, full", levels, of(|o| o.last)),
            )
            .panel(
                panel("accuracy")
                    .y("share of rows")
                    .y_range(0.0, 1.03)
                    .line("training labels", levels, of(|o| o.train))
                    .line("true labels of other rows", levels, of(|o| o.test)),
            );
    }
    report.figure("bnn_random_labels", figure);
    Ok(())
}

fn main() -> ExitCode {
    let args = common::Args::parse();
    let mut report = Report::new(
        "nets fit redrawn labels as well as true ones; Laplace's evidence, whether by Kronecker factors, the diagonal or the last layer alone, \
         tells them apart, and so does test accuracy; it falls at every step of c, but for Kronecker factors and the diagonal of the \
         convolutional net",
    );
    report.seed(args.seed);
    match run(&args, &mut report) {
        Ok(()) => common::finish(&report, &args, "bnn_random_labels"),
        Err(error) => {
            eprintln!("bnn_random_labels: {error}");
            ExitCode::from(2)
        }
    }
}
