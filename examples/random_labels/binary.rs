//! Two classes: regression on −1 and +1 at fixed hyperparameters and tuned; Bernoulli labels by Laplace and by EP.

use std::f64::consts::{E, PI};

use softbias::Error;
use softbias::prelude::*;
use softbias::report::Value;

use crate::sets::{Set, redrawn, sign_accuracy};
use crate::{Curve, Outcome, Plan};

/// Noise variance over prior variance: nearly none.
const RATIO: f64 = 1e-4;
/// Prior variance of the function behind Bernoulli labels: large enough that it can pass every label by far.
const LATENT: f64 = 400.0;
const ROWS: usize = 1000;

/// Evidence per datum, test accuracy and the tuned evidence per datum in an earlier computation by other code (three splits of the same
/// digits, 1000 rows), by c.
const EARLIER: [(f64, f64, f64, f64); 9] = [
    (0.0, -0.161, 0.995, -0.161),
    (0.1, -0.971, 0.965, -0.857),
    (0.2, -1.218, 0.929, -1.047),
    (0.3, -1.398, 0.878, -1.185),
    (0.4, -1.471, 0.852, -1.255),
    (0.5, -1.579, 0.777, -1.340),
    (0.6, -1.642, 0.689, -1.379),
    (0.8, -1.706, 0.609, -1.417),
    (1.0, -1.731, 0.502, -1.423),
];

/// What a label −1 or +1 costs that is taken for Gaussian noise: −½ ln 2πe.
fn noise_alone() -> f64 {
    -0.5 * (2.0 * PI * E).ln()
}

/// Rows to learn from, some of their labels redrawn, and rows to be tested on.
struct Task {
    length: f64,
    train: Data,
    test: Data,
}

impl Task {
    fn new(set: &Set, c: f64, seed: Seed) -> Result<Task, Error> {
        let (train, test) = set.binary(seed)?;
        Ok(Task { length: set.length, train: redrawn(&train, c, &[-1.0, 1.0], seed.named("binary"))?, test })
    }

    fn outcome<P: Evidenced + Posterior + GaussianPrior>(&self, posterior: &P) -> Result<Outcome, Error> {
        Ok(Outcome {
            evidence: posterior.evidence().log.get() / self.train.len() as f64,
            train: sign_accuracy(&posterior.mean(self.train.points())?, &self.train),
            test: sign_accuracy(&posterior.mean(self.test.points())?, &self.test),
            ..Outcome::default()
        })
    }

    /// Length scale and noise ratio fixed, the overall scale at its best: s² = yᵀ(R + ratio I)⁻¹y / n, with R of variance 1.
    fn fixed(&self) -> Result<Outcome, Error> {
        let at = |variance: f64| {
            Gp::new(variance * Kernel::rbf(self.length))
                .with_likelihood(Gaussian::known((RATIO * variance).sqrt()))
                .condition(&self.train)
        };
        // (R + ratio I)⁻¹y is what the mean leaves of y, over the ratio
        let left = self.train.labels() - &at(1.0)?.mean(self.train.points())?;
        let best = (&left * self.train.labels()).sum() / RATIO / self.train.len() as f64;
        self.outcome(&at(best)?)
    }

    /// Length scale, variance and noise all by evidence.
    fn tuned(&self) -> Result<Outcome, Error> {
        let model = Gp::new(1.0 * Kernel::rbf(self.length)).with_likelihood(Gaussian::noise(0.5));
        let nothing = [("variance", 0.01), ("noise2", 1.0)];
        let tuned = Tune::default().restarts(0).start(nothing).run(model, &self.train)?;
        let (noise, signal) = (tuned.value("noise2")?, tuned.value("variance")?);
        let found = self.outcome(&tuned.condition(&self.train)?)?;
        Ok(Outcome { length: tuned.value("length")?, noise: noise / (noise + signal), ..found })
    }

    /// Bernoulli labels at fixed hyperparameters.
    fn signs<M>(&self, method: &M) -> Result<Outcome, Error>
    where
        M: Method<Gp, Bernoulli>,
        M::Posterior: Evidenced + Posterior + GaussianPrior,
    {
        let model = Gp::new(LATENT * Kernel::rbf(self.length)).with_likelihood(Bernoulli::probit());
        self.outcome(&method.condition(model, &self.train)?)
    }
}

pub(crate) fn run(set: &Set, plan: &Plan, seed: Seed, report: &mut Report) -> Result<Vec<Panel>, Error> {
    let fixed = plan.curve(plan.draws, seed, |c, seed| Task::new(set, c, seed)?.fixed())?;
    let tuned = plan.curve(1, seed, |c, seed| Task::new(set, c, seed)?.tuned())?;
    let laplace = plan.curve(1, seed, |c, seed| Task::new(set, c, seed)?.signs(&Laplace::new()))?;
    let ep = plan.curve(1, seed, |c, seed| Task::new(set, c, seed)?.signs(&ExpectationPropagation::new()))?;
    let task = Task::new(set, 0.0, seed.at(0))?;
    table(set, &task, plan, [&fixed, &tuned, &laplace, &ep], report);

    fixed.check("regression", 0.5, set.learned[0], report);
    laplace.check("Bernoulli by Laplace", 0.5, set.learned[0], report);
    ep.check("Bernoulli by EP", 0.5, set.learned[0], report);
    check_tuned(&task, &tuned, &fixed, report);
    if set.name == "digits" && task.train.len() == ROWS {
        check_earlier(plan, &fixed, report);
    }
    Ok(panels(set, plan, [&fixed, &tuned, &laplace, &ep]))
}

/// Tuned, the evidence falls to what labels cost that are noise and nothing else.
fn check_tuned(task: &Task, tuned: &Curve, fixed: &Curve, report: &mut Report) {
    let evidence = tuned.mean(|o| o.evidence);
    // Three parameters tuned on pure noise gain 3/2 nats in the mean, whatever n; 5 are seldom.
    let chance = 5.0 / task.train.len() as f64;
    let first = fixed.outcomes.iter().map(|draws| draws[0].evidence);
    let lead = evidence.iter().zip(first).map(|(t, f)| t - f).fold(f64::INFINITY, f64::min);
    report.check(
        "tuned: evidence per datum less that at fixed hyperparameters, least",
        lead,
        Relation::Above,
        0.0,
    );
    let step = tuned.largest_step(|o| o.evidence);
    report.check("tuned: largest step of the evidence per datum", step, Relation::AtMost, chance);
    let name = "tuned at c = 1: evidence per datum less that of noise alone, −½ ln 2πe";
    let gap = evidence[evidence.len() - 1] - noise_alone();
    report.check(name, gap.abs(), Relation::AtMost, chance);
}

/// Against the means of three that other code found for other splits and labels: the largest gap at any level, for the evidence in
/// standard errors of such a difference (with the deviation between draws taken over all levels: that at one is poorly known from six).
///
/// The accuracies are only asked to be near. One of the earlier ones (c = 0.4) is out of line with its neighbours, and 18 draws here are
/// 0.802 ± 0.006 there, where the table has 0.852.
fn check_earlier(plan: &Plan, fixed: &Curve, report: &mut Report) {
    let furthest = |ours: Vec<f64>, theirs: fn(&(f64, f64, f64, f64)) -> f64| {
        let theirs = |c: f64| EARLIER.iter().find(|row| row.0 == c).map_or(f64::NAN, theirs);
        plan.levels.iter().zip(&ours).fold(0.0, |most: f64, (&c, value)| most.max((value - theirs(c)).abs()))
    };
    let sd = fixed.deviation(|o| o.evidence);
    let variance = sd.iter().map(|sd| sd * sd).sum::<f64>() / sd.len() as f64;
    let error = (variance * (1.0 / 3.0 + 1.0 / plan.draws as f64)).sqrt();
    report.check(
        "regression: evidence per datum, furthest from the earlier table, in standard errors",
        furthest(fixed.mean(|o| o.evidence), |row| row.1) / error,
        Relation::AtMost,
        4.0,
    );
    report.check(
        "regression: test accuracy, furthest from the earlier table",
        furthest(fixed.mean(|o| o.test), |row| row.2),
        Relation::AtMost,
        0.1,
    );
}

fn table(set: &Set, task: &Task, plan: &Plan, [fixed, tuned, laplace, ep]: [&Curve; 4], report: &mut Report) {
    let (n, tests) = (task.train.len(), task.test.len());
    report.table(format!(
        "{}, {}: {n} rows, {tests} to test on; means over {} splits and draws of labels (tuned, Laplace, EP: the first)",
        set.name, set.question, plan.draws
    ));
    let earlier =
        |c: f64| EARLIER.iter().find(|row| row.0 == c && set.name == "digits" && task.train.len() == ROWS);
    let columns = [
        ("evidence/n", fixed.mean(|o| o.evidence)),
        ("sd", fixed.deviation(|o| o.evidence)),
        ("train", fixed.mean(|o| o.train)),
        ("test", fixed.mean(|o| o.test)),
        ("test sd", fixed.deviation(|o| o.test)),
        ("tuned: evidence/n", tuned.mean(|o| o.evidence)),
        ("tuned: train", tuned.mean(|o| o.train)),
        ("tuned: test", tuned.mean(|o| o.test)),
        ("tuned: length", tuned.mean(|o| o.length)),
        ("tuned: noise share", tuned.mean(|o| o.noise)),
        ("Laplace: evidence/n", laplace.mean(|o| o.evidence)),
        ("Laplace: test", laplace.mean(|o| o.test)),
        ("EP: evidence/n", ep.mean(|o| o.evidence)),
        ("EP: test", ep.mean(|o| o.test)),
    ];
    for (k, &c) in plan.levels.iter().enumerate() {
        let mut cells = vec![("c", Value::from(c))];
        cells.extend(columns.iter().map(|(name, values)| (*name, Value::from(values[k]))));
        cells.push(("earlier: evidence/n", earlier(c).map(|row| row.1).into()));
        cells.push(("earlier: test", earlier(c).map(|row| row.2).into()));
        cells.push(("earlier, tuned: evidence/n", earlier(c).map(|row| row.3).into()));
        report.row(cells);
    }
}

fn panels(set: &Set, plan: &Plan, [fixed, tuned, laplace, ep]: [&Curve; 4]) -> Vec<Panel> {
    let title = |what: &str| format!("{what}: {}, {}", set.name, set.question);
    let panel = |what: &str| Panel::new(title(what)).x("share of labels redrawn, c").x_range(0.0, 1.0);
    let names = ["regression, fixed", "regression, tuned", "Bernoulli, Laplace", "Bernoulli, EP"];
    let curves = [fixed, tuned, laplace, ep];
    let mut evidence = panel("Evidence").y("nats a row").hline(noise_alone(), "noise alone");
    let mut accuracy = panel("Accuracy").y("share of rows").y_range(0.0, 1.03);
    for (name, curve) in names.into_iter().zip(curves) {
        evidence = evidence.line(name, plan.levels, curve.mean(|o| o.evidence));
        accuracy = accuracy.line(name, plan.levels, curve.mean(|o| o.test));
    }
    let accuracy = accuracy.dashed("training, fixed", plan.levels, fixed.mean(|o| o.train));
    vec![evidence, accuracy]
}
