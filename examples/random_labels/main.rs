//! Claim: a Gaussian process fits labels drawn at random as perfectly as true ones, and its evidence tells the two apart.
//!
//! The labels of images are redrawn with probability c (redrawn, not flipped: one fresh label in C is the old one). The setting of Zhang
//! et al. (2017) for Gaussian processes, as in Wilson & Izmailov (2020), with evidence in place of a bound on it. Binary: regression on
//! labels −1 and +1 at hyperparameters that interpolate, then tuned; the same with a Bernoulli likelihood, by Laplace and by EP. Ten
//! classes: regression on indicators, and softmax by Laplace.

mod binary;
mod classes;
#[path = "../common/mod.rs"]
mod common;
mod sets;

use std::process::ExitCode;

use clap::Parser;
use rayon::prelude::*;
use softbias::Error;
use softbias::prelude::*;

use self::sets::{Set, Which};

#[derive(clap::Parser)]
struct Options {
    #[command(flatten)]
    common: common::Args,

    /// Images to take; CIFAR-10 is not shipped: name the directory that holds `cifar-10-batches-bin` by --data or SOFTBIAS_DATA
    #[arg(long, value_enum, default_value_t = Which::Digits)]
    set: Which,
}

/// The probabilities of a redrawn label, and how often the labels are redrawn at each.
struct Plan {
    levels: &'static [f64],
    draws: usize,
}

impl Plan {
    fn new(quick: bool) -> Plan {
        if quick {
            Plan { levels: &[0.0, 0.2, 0.5, 1.0], draws: 2 }
        } else {
            Plan { levels: &[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0], draws: 6 }
        }
    }
}

impl Plan {
    /// Runs a model at every level, on `draws` draws of labels; draw k is made by the same seed at all levels.
    fn curve(
        &self,
        draws: usize,
        seed: Seed,
        run: impl Fn(f64, Seed) -> Result<Outcome, Error> + Sync,
    ) -> Result<Curve, Error> {
        let one = |i: usize| run(self.levels[i / draws], seed.at(i % draws));
        let all: Vec<Outcome> =
            (0..self.levels.len() * draws).into_par_iter().map(one).collect::<Result<_, Error>>()?;
        Ok(Curve { outcomes: all.chunks(draws).map(<[Outcome]>::to_vec).collect() })
    }
}

/// One model at one level and one draw of labels.
#[derive(Clone, Copy, Default)]
struct Outcome {
    /// Log evidence per datum, in nats.
    evidence: f64,
    /// Accuracies on the labels as redrawn, and on true labels of other rows.
    train: f64,
    test: f64,
    /// Tuned length scale, and share of the noise in the tuned variance of a label.
    length: f64,
    noise: f64,
}

/// Outcomes by level and draw.
struct Curve {
    outcomes: Vec<Vec<Outcome>>,
}

impl Curve {
    fn mean(&self, of: impl Fn(&Outcome) -> f64) -> Vec<f64> {
        let mean = |draws: &Vec<Outcome>| draws.iter().map(&of).sum::<f64>() / draws.len() as f64;
        self.outcomes.iter().map(mean).collect()
    }

    /// Standard deviation over the draws.
    fn deviation(&self, of: impl Fn(&Outcome) -> f64 + Copy) -> Vec<f64> {
        let variance = |(draws, mean): (&Vec<Outcome>, f64)| {
            let squares = draws.iter().map(|o| (of(o) - mean).powi(2)).sum::<f64>();
            (squares / (draws.len().max(2) - 1) as f64).sqrt()
        };
        self.outcomes.iter().zip(self.mean(of)).map(variance).collect()
    }

    /// The largest step of the mean from one level to the next: negative when it falls strictly.
    fn largest_step(&self, of: impl Fn(&Outcome) -> f64) -> f64 {
        self.mean(of).windows(2).map(|pair| pair[1] - pair[0]).fold(f64::NEG_INFINITY, f64::max)
    }

    fn worst_train(&self) -> f64 {
        self.outcomes.iter().flatten().map(|o| o.train).fold(1.0, f64::min)
    }

    /// Perfect fit at every level, evidence falling at every step, test accuracy falling to chance.
    fn check(&self, name: &str, chance: f64, learned: f64, report: &mut Report) {
        // At c = 1 the accuracy of one draw has a standard deviation of about 0.04, not the 0.016 of coins: like images share a guess.
        let luck = 0.16 / (self.outcomes[0].len() as f64).sqrt();
        report.check(
            format!("{name}: training accuracy at the worst level"),
            self.worst_train(),
            Relation::Equals,
            1.0,
        );
        let step = self.largest_step(|o| o.evidence);
        report.check(format!("{name}: largest step of the evidence per datum"), step, Relation::Below, 0.0);
        let test = self.mean(|o| o.test);
        let (first, last) = (test[0], test[test.len() - 1]);
        report.check(format!("{name}: test accuracy on true labels"), first, Relation::AtLeast, learned);
        let rise = self.largest_step(|o| o.test);
        report.check(
            format!("{name}: largest step of the test accuracy"),
            rise,
            Relation::AtMost,
            0.25 * luck,
        );
        report.check(
            format!("{name}: test accuracy at c = 1 less chance"),
            (last - chance).abs(),
            Relation::AtMost,
            luck,
        );
    }
}

fn run(options: &Options, report: &mut Report) -> Result<(), Error> {
    let plan = Plan::new(options.common.quick);
    let seed = Seed::new(options.common.seed).named("random labels");
    let set = Set::load(options.set, &options.common)?;
    let mut panels = binary::run(&set, &plan, seed, report)?;
    panels.extend(classes::run(&set, &plan, seed, report)?);
    let figure = panels.into_iter().fold(Figure::new("").columns(2), Figure::panel);
    report.figure(format!("random_labels_{}", set.name), figure);
    Ok(())
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut report = Report::new(
        "a Gaussian process fits redrawn labels as perfectly as true ones; its evidence falls with every step of c, its test accuracy \
         to chance, and tuned by evidence it finds that labels at c = 1 are noise",
    );
    report.seed(options.common.seed);
    match run(&options, &mut report) {
        Ok(()) => common::finish(&report, &options.common, "random_labels"),
        Err(error) => {
            eprintln!("random_labels: {error}");
            ExitCode::from(2)
        }
    }
}
