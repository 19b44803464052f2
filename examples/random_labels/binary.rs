//! Two classes: regression on −1 and +1 at fixed hyperparameters and tuned; Bernoulli labels by Laplace and by EP.

use std::f64::consts::{E, PI};

use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, EvidenceMethod, ScalarLikelihood};

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

struct Task<'a> {
    set: &'a Set,
    train: Data,
    test: Data,
}

impl Task<'_> {
    fn outcome<P: Evidenced + GaussianPrior>(&self, posterior: &P, train: &Data) -> Result<Outcome, Error> {
        Ok(Outcome {
            evidence: posterior.evidence().log.get() / train.len() as f64,
            train: sign_accuracy(&posterior.mean(train.points())?, train),
            test: sign_accuracy(&posterior.mean(self.test.points())?, &self.test),
            ..Outcome::default()
        })
    }

    /// Length scale and noise ratio fixed, the overall scale at its best: s² = yᵀ(R + ratio I)⁻¹y / n, with R of variance 1.
    fn fixed(&self, train: &Data) -> Result<Outcome, Error> {
        let at = |variance: f64| {
            Gp::new(variance * Kernel::rbf(self.set.length))
                .with_likelihood(Gaussian::known((RATIO * variance).sqrt()))
                .condition(train)
        };
        // (R + ratio I)⁻¹y is what the mean leaves of y, over the ratio
        let left = train.labels() - &at(1.0)?.mean(train.points())?;
        let best = (&left * train.labels()).sum() / RATIO / train.len() as f64;
        self.outcome(&at(best)?, train)
    }

    /// Length scale, variance and noise all by evidence.
    fn tuned(&self, train: &Data, seed: Seed) -> Result<Outcome, Error> {
        let model = Gp::new(1.0 * Kernel::rbf(self.set.length)).with_likelihood(Gaussian::noise(0.5));
        let nothing = [("variance", 0.01), ("noise2", 1.0)];
        let tuned = Tune::default().restarts(0).start(nothing).seed(seed).run(model, train)?;
        let (noise, signal) = (tuned.value("noise2")?, tuned.value("variance")?);
        let found = self.outcome(&tuned.condition(train)?, train)?;
        Ok(Outcome { length: tuned.value("length")?, noise: noise / (noise + signal), ..found })
    }

    /// Bernoulli labels at fixed hyperparameters.
    fn signs<M>(&self, method: &M, train: &Data) -> Result<Outcome, Error>
    where
        M: Method<Gp, Bernoulli>,
        M::Posterior: Evidenced + GaussianPrior,
    {
        let model = Gp::new(LATENT * Kernel::rbf(self.set.length)).with_likelihood(Bernoulli::probit());
        self.outcome(&method.condition(model, train)?, train)
    }
}

pub(crate) fn run(set: &Set, plan: &Plan, seed: Seed, report: &mut Report) -> Result<Vec<Panel>, Error> {
    let (train, test) = set.binary(ROWS)?;
    let task = Task { set, train, test };
    let n = task.train.len();
    let labels = |c: f64, seed: Seed| redrawn(&task.train, c, &[-1.0, 1.0], seed.named("binary"));
    let clock = std::time::Instant::now();
    let fixed = plan.curve(plan.draws, seed, |c, seed| task.fixed(&labels(c, seed)?))?;
    eprintln!("fixed {:?}", clock.elapsed());
    let tuned = plan.curve(1, seed, |c, seed| task.tuned(&labels(c, seed)?, seed))?;
    eprintln!("tuned {:?}", clock.elapsed());
    let laplace = plan.curve(plan.draws, seed, |c, seed| task.signs(&Laplace::new(), &labels(c, seed)?))?;
    eprintln!("laplace {:?}", clock.elapsed());
    let ep = plan
        .curve(plan.draws, seed, |c, seed| task.signs(&ExpectationPropagation::new(), &labels(c, seed)?))?;
    eprintln!("ep {:?}", clock.elapsed());
    table(set, &task, plan, [&fixed, &tuned, &laplace, &ep], report);

    fixed.check("regression", 0.5, set.learned[0], report);
    laplace.check("Bernoulli by Laplace", 0.5, set.learned[0], report);
    ep.check("Bernoulli by EP", 0.5, set.learned[0], report);
    Ok(Vec::new())
}

fn table(
    set: &Set,
    task: &Task<'_>,
    plan: &Plan,
    [fixed, tuned, laplace, ep]: [&Curve; 4],
    report: &mut Report,
) {
    let n = task.train.len();
    let title = format!("{}, {}: {n} rows, {} to test on", set.name, set.question, task.test.len());
    report.table(title);
    let columns = [
        ("evidence/n", fixed.mean(|o| o.evidence)),
        ("train", fixed.mean(|o| o.train)),
        ("test", fixed.mean(|o| o.test)),
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
        let cells = columns.iter().map(|(name, values)| (*name, Value::from(values[k])));
        report.row([("c", Value::from(c))].into_iter().chain(cells));
    }
}
