//! The evidence by guessing, and what it says of labels that are flipped or random.

use ndarray::Array1;
use rayon::prelude::*;
use softbias::boolean::{Grammar, World, guess_and_check};
use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, Flips};

use crate::worlds::Worlds;

pub(crate) fn run(worlds: &Worlds, seed: Seed, report: &mut Report) -> Result<Vec<Panel>, Error> {
    Ok(vec![guessing(worlds, seed.named("guesses"), report)?, noise(worlds, seed.named("noise"), report)?])
}

/// Random formulas are really written, and kept where they fit; the same formulas serve all data sets.
fn guessing(worlds: &Worlds, seed: Seed, report: &mut Report) -> Result<Panel, Error> {
    let tries = if worlds.quick { 100_000 } else { 1_000_000 };
    let guesses = Grammar::and_or_not().guesses(worlds.inputs, tries, seed.named("formulas"))?;
    report.table(format!("Guess and check: {tries} random formulas against the exact evidence"));
    let (mut exact, mut rates, mut furthest) = (Vec::new(), Vec::new(), 0.0f64);
    let sizes: &[usize] = if worlds.quick { &[1, 3, 6] } else { &[1, 2, 4, 8, 16, 32] };
    for (t, target) in worlds.targets.iter().enumerate() {
        for &n in sizes {
            let data = World::of(target.function).sample(n, seed.named("rows").at(t).at(n))?;
            let posterior = worlds.simple.clone().with_likelihood(Flips::none()).condition(&data)?;
            let evidence = posterior.evidence().log.get().exp();
            let found = guess_and_check(&guesses, &data)?;
            let error = (evidence * (1.0 - evidence) / tries as f64).sqrt();
            let away = (found.rate() - evidence) / error;
            report.row([
                ("target", Value::from(target.name)),
                ("rows", n.into()),
                ("evidence", evidence.into()),
                ("rate", found.rate().into()),
                ("standard errors apart", away.into()),
            ]);
            // (below that a count is no normal number)
            if evidence * tries as f64 >= 25.0 {
                furthest = furthest.max(away.abs());
                exact.push(evidence);
                rates.push(found.rate());
            }
        }
    }
    report.check(
        "guess and check: furthest from the evidence, in standard errors",
        furthest,
        Relation::AtMost,
        4.5,
    );
    let least = exact.iter().copied().fold(1.0, f64::min);
    Ok(Panel::new("Guess and check")
        .x("exact evidence")
        .y("share of random formulas that fit")
        .log_x()
        .log_y()
        .line("rate = evidence", [least, 1.0], [least, 1.0])
        .points("data sets", exact, rates))
}

/// How the labels of a data set come about.
#[derive(Clone, Copy)]
enum Labels {
    /// A simple target, a tenth of its labels flipped.
    Structured,
    /// A table of coins, a tenth of its labels flipped.
    Table,
    /// A coin a row: the same input has now one label, now the other.
    Coins,
}

const FLIPPED: f64 = 0.1;

impl Labels {
    fn name(self) -> &'static str {
        match self {
            Labels::Structured => "x1 ∧ x2",
            Labels::Table => "random tables",
            Labels::Coins => "a coin a row",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Labels::Structured => "#0072b2",
            Labels::Table => "#d55e00",
            Labels::Coins => "#009e73",
        }
    }

    fn sample(self, worlds: &Worlds, n: usize, k: usize, seed: Seed) -> Result<Data, Error> {
        let target = match self {
            Labels::Table => worlds.random[k % worlds.random.len()],
            Labels::Structured | Labels::Coins => worlds.structured(),
        };
        let world = World::of(target).flipped(Flips::with_probability(FLIPPED)?);
        let data = world.sample(n, seed.named("rows").at(k))?;
        let Labels::Coins = self else {
            return Ok(data);
        };
        let sign = |u: &f64| if *u < 0.5 { -1.0 } else { 1.0 };
        let coins: Array1<f64> = seed.named("coins").at(k).uniform1(n, 0.0, 1.0).iter().map(sign).collect();
        Ok(Data::regression(data.points().view().to_owned(), coins)?)
    }
}

/// Log evidence a row by the probability of a flip that the model assumes, mean over data sets.
fn noise(worlds: &Worlds, seed: Seed, report: &mut Report) -> Result<Panel, Error> {
    let (n, sets) = if worlds.quick { (100, 8) } else { (200, 24) };
    let assumed: Vec<f64> = (1..25).map(|i| 0.02 * f64::from(i)).collect();
    let curve = |prior: &BooleanPrior, labels: Labels| -> Result<Vec<f64>, Error> {
        let data = (0..sets).map(|k| labels.sample(worlds, n, k, seed));
        let data: Vec<Data> = data.collect::<Result<_, Error>>()?;
        let at = |flip: &f64| -> Result<f64, Error> {
            let mut sum = 0.0;
            for data in &data {
                let model = prior.clone().with_likelihood(Flips::with_probability(*flip)?);
                sum += model.condition(data)?.evidence().log.get();
            }
            Ok(sum / (sets * n) as f64)
        };
        assumed.par_iter().map(at).collect()
    };
    let coin = -std::f64::consts::LN_2;
    report.table(format!(
        "Labels flipped with probability {FLIPPED}, tables of coins likewise, and a coin a row: {n} rows, log evidence a row in nats, mean \
         over {sets} data sets"
    ));
    let mut panel = Panel::new("Evidence of the noise")
        .x("probability of a flip that is assumed")
        .y("log evidence a row, nats")
        .y_range(-1.1, -0.3)
        .hline(coin, "coins, −ln 2")
        .vline(FLIPPED, "true, but for coins");
    let mut best = Vec::new();
    for labels in [Labels::Structured, Labels::Table, Labels::Coins] {
        for (name, prior) in [("formulas", &worlds.simple), ("uniform", &worlds.uniform)] {
            let log = curve(prior, labels)?;
            let top = (0..log.len()).fold(0, |top, i| if log[i] > log[top] { i } else { top });
            report.row([
                ("labels", Value::from(labels.name())),
                ("prior", name.into()),
                ("best flip probability", assumed[top].into()),
                ("evidence there", log[top].into()),
            ]);
            best.push((assumed[top], log[top]));
            let title = format!("{}, {name}", labels.name());
            panel = match name {
                "uniform" => panel.dashed(title, &assumed, log),
                _ => panel.line(title, &assumed, log),
            }
            .colour(labels.colour());
        }
    }
    let [simple, uniform, table_simple, table_uniform, coins, _] = best[..] else {
        return Err(Error::Empty("curves of evidence"));
    };
    let away = (simple.0 - FLIPPED).abs();
    report.check(
        "flip probability that the evidence prefers, less the true one",
        away,
        Relation::AtMost,
        0.041,
    );
    report.check("a coin a row: the same", coins.0, Relation::AtLeast, 0.4);
    let by = n as f64 * (simple.1 - uniform.1);
    report.check("simple target with flips: evidence, formulas over uniform, nats", by, Relation::Above, 0.0);
    let by = n as f64 * (table_simple.1 - table_uniform.1);
    report.check("random tables with flips: evidence, formulas over uniform, nats", by, Relation::Below, 0.0);
    Ok(panel)
}
