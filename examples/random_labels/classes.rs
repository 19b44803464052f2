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
    let task = |c: f64, seed: Seed| -> Result<(Data, Data), Error> {
        let (train, test) = set.classes(seed)?;
        Ok((redrawn(&train, c, &fresh, seed.named("classes"))?, test))
    };
    let regression = |c: f64, seed: Seed| -> Result<Outcome, Error> {
        let (train, test) = task(c, seed)?;
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
            test: class_accuracy(&posterior.mean(test.points())?, &test),
            ..Outcome::default()
        })
    };
    let softmax = |c: f64, seed: Seed| -> Result<Outcome, Error> {
        let (train, test) = task(c, seed)?;
        let train = first(&train, ROWS)?;
        let model = Gp::new(LATENT * Kernel::rbf(set.length))
            .copies(CLASSES)
            .with_likelihood(Softmax::classes(CLASSES)?);
        // The class of the largest mean, not of the largest probability: where the prior is this wide, the Gaussian about the mode is so
        // wide in the classes that a row is not of (nothing curves there) that their averaged softmax comes out above its own.
        let posterior = Laplace::new().condition(model, &train)?;
        Ok(Outcome {
            evidence: posterior.evidence().log.get() / train.len() as f64,
            train: class_accuracy(posterior.predict(train.points())?.mean(), &train),
            test: class_accuracy(posterior.predict(test.points())?.mean(), &test),
            ..Outcome::default()
        })
    };
    let one_hot = plan.curve(plan.draws, seed, regression)?;
    let soft = plan.curve(1, seed, softmax)?;
    report.table(format!(
        "{}, ten classes: regression on ten columns (means over {} splits and draws of labels), softmax on at most {ROWS} rows (the first)",
        set.name, plan.draws
    ));
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
    let title = |what: &str| format!("{what}: {}, ten classes", set.name);
    let panel = |what: &str| Panel::new(title(what)).x("share of labels redrawn, c").x_range(0.0, 1.0);
    let evidence = panel("Evidence")
        .y("nats a row, softmax")
        .y2("nats a row, regression")
        .line("softmax, Laplace", plan.levels, soft.mean(|o| o.evidence))
        .twin("regression", plan.levels, one_hot.mean(|o| o.evidence));
    let accuracy = panel("Accuracy")
        .y("share of rows")
        .y_range(0.0, 1.03)
        .line("softmax, Laplace", plan.levels, soft.mean(|o| o.test))
        .line("regression", plan.levels, one_hot.mean(|o| o.test))
        .dashed("training, both", plan.levels, soft.mean(|o| o.train));
    Ok(vec![evidence, accuracy])
}
