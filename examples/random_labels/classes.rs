//! Ten classes: regression on indicators, and softmax by Laplace.

use softbias::Error;
use softbias::prelude::*;
use softbias::report::Value;

use crate::sets::{Set, class_accuracy, first, indicators, redrawn};
use crate::{Outcome, Plan};

const CLASSES: usize = 10;
/// Noise variance over prior variance of the regression.
const RATIO: f64 = 1e-4;
/// Prior variance of each class's function under softmax.
const LATENT: f64 = 400.0;
const ROWS: usize = 400;

pub(crate) fn run(set: &Set, plan: &Plan, seed: Seed, report: &mut Report) -> Result<Vec<Panel>, Error> {
    let fresh: Vec<f64> = (0..CLASSES).map(|c| c as f64).collect();
    let labels = |data: &Data, c: f64, seed: Seed| redrawn(data, c, &fresh, seed.named("classes"));
    let regression = |c: f64, seed: Seed| -> Result<Outcome, Error> {
        let train = labels(&set.train, c, seed)?;
        let columns = indicators(&train, CLASSES)?;
        let at = |variance: f64| {
            Gp::new(variance * Kernel::rbf(set.length))
                .copies(CLASSES)
                .with_likelihood(Gaussian::known((RATIO * variance).sqrt()))
                .condition(&columns)
        };
        let left = columns.labels() - &at(1.0)?.mean(train.points())?;
        let best = (&left * columns.labels()).sum() / RATIO / columns.labels().len() as f64;
        let posterior = at(best)?;
        Ok(Outcome {
            evidence: posterior.evidence().log.get() / train.len() as f64,
            train: class_accuracy(&posterior.mean(train.points())?, &train),
            test: class_accuracy(&posterior.mean(set.test.points())?, &set.test),
            ..Outcome::default()
        })
    };
    let few = first(&set.train, ROWS)?;
    let softmax = |c: f64, seed: Seed| -> Result<Outcome, Error> {
        let train = labels(&few, c, seed)?;
        let model = Gp::new(LATENT * Kernel::rbf(set.length))
            .copies(CLASSES)
            .with_likelihood(Softmax::classes(CLASSES)?);
        let posterior = Laplace::new().condition(model, &train)?;
        eprintln!("softmax c {c}: {} steps {:?}", posterior.iterations(), posterior.warnings());
        Ok(Outcome {
            evidence: posterior.evidence().log.get() / train.len() as f64,
            train: class_accuracy(&posterior.mean(train.points())?, &train),
            test: class_accuracy(&posterior.mean(set.test.points())?, &set.test),
            ..Outcome::default()
        })
    };
    let clock = std::time::Instant::now();
    let one_hot = plan.curve(plan.draws, seed, regression)?;
    eprintln!("one-hot {:?}", clock.elapsed());
    let soft = plan.curve(1, seed, softmax)?;
    eprintln!("softmax {:?}", clock.elapsed());
    report.table(format!("{}, ten classes", set.name));
    let columns = [
        ("regression: evidence/n", one_hot.mean(|o| o.evidence)),
        ("train", one_hot.mean(|o| o.train)),
        ("test", one_hot.mean(|o| o.test)),
        ("softmax: evidence/n", soft.mean(|o| o.evidence)),
        ("softmax: train", soft.mean(|o| o.train)),
        ("softmax: test", soft.mean(|o| o.test)),
    ];
    for (k, &c) in plan.levels.iter().enumerate() {
        let cells = columns.iter().map(|(name, values)| (*name, Value::from(values[k])));
        report.row([("c", Value::from(c))].into_iter().chain(cells));
    }
    one_hot.check("ten classes, regression", 0.1, set.learned[1], report);
    soft.check("ten classes, softmax", 0.1, set.learned[1], report);
    Ok(Vec::new())
}
