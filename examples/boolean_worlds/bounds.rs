//! Certificates against the truth, which is known here.

use rayon::prelude::*;
use softbias::boolean::{TruthTable, World};
use softbias::bounds::{Bound, CountableBinomial, Seeger};
use softbias::prelude::*;
use softbias::report::Value;
use softbias::{EmpiricalRisk, Error, Flips};

use crate::worlds::Worlds;

const DELTA: f64 = 0.05;
const FLIPPED: f64 = 0.1;

/// Of one data set: the true risk of the Gibbs predictor and what is promised of it; whether promises about the most probable function
/// are broken, by its probability before the rows were seen, and when that is not paid.
#[derive(Clone, Copy)]
struct Promise {
    risk: f64,
    bound: f64,
    best_broken: bool,
    unpaid_broken: bool,
}

fn promise(prior: &BooleanPrior, world: World, n: usize, seed: Seed) -> Result<Promise, Error> {
    let data = world.sample(n, seed)?;
    let posterior = prior.clone().with_likelihood(world.flips()).condition(&data)?;
    let certificate = posterior.certify(&Seeger, Loss::ZeroOne, &data, DELTA)?;
    let best = posterior.law().most_probable();
    let on_rows = EmpiricalRisk::of_function(Loss::ZeroOne, &data, &best.values(data.points())?)?;
    let broken = |paid: Nats| world.risk_of(best) > CountableBinomial.value(&on_rows, paid, n, DELTA);
    Ok(Promise {
        risk: world.risk(posterior.law())?,
        bound: certificate.value,
        best_broken: broken(prior.code_length(best)?),
        unpaid_broken: broken(Nats::ZERO),
    })
}

/// Means over data sets by the number of rows, and how often a promise was broken.
struct Curve {
    risk: Vec<f64>,
    bound: Vec<f64>,
    broken: f64,
    best_broken: f64,
    unpaid_broken: f64,
}

/// Data set k is the same for all priors.
fn curve(
    prior: &BooleanPrior,
    targets: &[TruthTable],
    rows: &[usize],
    sets: usize,
    seed: Seed,
) -> Result<Curve, Error> {
    let flips = Flips::with_probability(FLIPPED)?;
    let one = |i: usize| {
        let (n, k) = (rows[i / sets], i % sets);
        promise(prior, World::of(targets[k % targets.len()]).flipped(flips), n, seed.at(n).at(k))
    };
    let all: Vec<Promise> = (0..rows.len() * sets).into_par_iter().map(one).collect::<Result<_, Error>>()?;
    let mean = |of: fn(&Promise) -> f64| -> Vec<f64> {
        all.chunks(sets).map(|sets| sets.iter().map(of).sum::<f64>() / sets.len() as f64).collect()
    };
    let share = |of: fn(&Promise) -> bool| all.iter().filter(|p| of(p)).count() as f64 / all.len() as f64;
    Ok(Curve {
        risk: mean(|p| p.risk),
        bound: mean(|p| p.bound),
        broken: share(|p| p.risk > p.bound),
        best_broken: share(|p| p.best_broken),
        unpaid_broken: share(|p| p.unpaid_broken),
    })
}

pub(crate) fn run(worlds: &Worlds, seed: Seed, report: &mut Report) -> Result<Vec<Panel>, Error> {
    let sets = if worlds.quick { 40 } else { 100 };
    let rows: &[usize] = if worlds.quick { &[10, 30, 100, 300] } else { &[5, 10, 20, 40, 80, 160, 320, 640] };
    let priors = [("formulas", &worlds.simple, "#0072b2"), ("uniform", &worlds.uniform, "#d55e00")];
    let kinds = [("x1 ∧ x2", vec![worlds.structured()]), ("random tables", worlds.random.clone())];
    report.table(format!(
        "PAC-Bayes bound (Seeger, δ = {DELTA}) and true Gibbs risk, {FLIPPED} of the labels flipped: means over {sets} data sets"
    ));
    let xs: Vec<f64> = rows.iter().map(|n| *n as f64).collect();
    let (mut panels, mut bounds) = (Vec::new(), Vec::new());
    for (kind, targets) in &kinds {
        let mut panel = Panel::new(format!("Bound and truth: {kind}"))
            .x("rows")
            .y("zero–one risk")
            .log_x()
            .y_range(0.0, 1.0)
            .hline(FLIPPED, "flips");
        for (name, prior, colour) in priors {
            let found = curve(prior, targets, rows, sets, seed.named(kind))?;
            for (i, n) in rows.iter().enumerate() {
                report.row([
                    ("target", Value::from(*kind)),
                    ("prior", name.into()),
                    ("rows", (*n).into()),
                    ("true risk", found.risk[i].into()),
                    ("bound", found.bound[i].into()),
                ]);
            }
            panel = panel
                .line(format!("{name}: bound"), &xs, &found.bound)
                .colour(colour)
                .dashed(format!("{name}: true risk"), &xs, &found.risk)
                .colour(colour);
            report.check(
                format!("{kind}, {name}: share of broken promises"),
                found.broken,
                Relation::AtMost,
                DELTA,
            );
            report.check(
                format!("{kind}, {name}: the same of the most probable function, its bits paid"),
                found.best_broken,
                Relation::AtMost,
                DELTA,
            );
            bounds.push(found);
        }
        panels.push(panel);
    }
    let [simple, uniform, table_simple, table_uniform] = &bounds[..] else {
        return Err(Error::Empty("curves of bounds"));
    };
    let most = |a: &Curve, b: &Curve| {
        a.bound.iter().zip(&b.bound).map(|(a, b)| a - b).fold(f64::NEG_INFINITY, f64::max)
    };
    let name = "x1 ∧ x2: bound by formulas less that by the uniform prior, largest";
    report.check(name, most(simple, uniform), Relation::AtMost, 0.0);
    let last = rows.len() - 1;
    let by = table_simple.bound[last] - table_uniform.bound[last];
    report.check("random tables: the same, at the most rows", by, Relation::Above, 0.0);
    let broken = bounds.iter().map(|c| c.unpaid_broken).fold(0.0, f64::max);
    report.check(
        "negative control: the same of the most probable function, nothing paid, most",
        broken,
        Relation::Above,
        2.0 * DELTA,
    );
    Ok(panels)
}
