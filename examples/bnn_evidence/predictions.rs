//! What posteriors of one net predict, by Laplace, Hamiltonian Monte Carlo and Langevin dynamics, beside the infinite net's.

use std::ops::Range;

use softbias::langevin::Mixing;
use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Chains, Error, NetTarget};

use crate::Plan;
use crate::sets::Set;
use crate::widths::best;

const WIDTH: usize = 32;

pub(crate) fn study(set: &Set, plan: &Plan, seed: Seed, report: &mut Report) -> Result<Panel, Error> {
    eprintln!("{}: predictions", set.name);
    let model = set.model(WIDTH, 1)?;
    let target = NetTarget::<f64, _>::new(&model, &set.data)?;
    let (eps, laplace) = best(&target, plan.starts, seed.named("start"))?;
    let draws = if plan.quick { 150 } else { 1000 };
    let hmc = Hmc::leaps(25, 0.02).chains(4).warmup(draws).draws(draws).seed(seed.named("hmc"));
    let hmc = hmc.condition_in::<f64, _>(&model, &set.data)?;
    // a step well inside the stable range of the stiffest direction
    let stiffest = softbias::curvature::Lanczos::new(
        &softbias::curvature::GgnProduct::new(&target, &eps)?,
        20,
        seed.named("stiffest"),
    )?;
    let largest = stiffest.values().iter().copied().fold(0.0, f64::max);
    let step = 0.4 / (1.0 + largest);
    let thin = if plan.quick { 100 } else { 400 };
    let sgld = Sgld::step(step).chains(4).warmup(draws * thin / 2).draws(draws).thin(thin);
    let sgld = sgld.seed(seed.named("sgld")).condition_in::<f64, _>(&model, &set.data)?;
    let (low, high) = set
        .data
        .points()
        .view()
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    let x = Points::linspace(low - 0.5, high + 0.5, 200)?;
    let drawn = laplace.sample(400, seed.named("laplace"))?;
    report.table(format!(
        "{}: posteriors of {WIDTH} units, and of infinitely many, on the rows they are from",
        set.name
    ));
    let panel =
        Panel::new(format!("{}: {WIDTH} units", set.name)).x("x").y("function, ± 2 standard deviations");
    let mut shown = Shown { set, x: &x, report, panel };
    shown.add("Laplace, linearised", Some("#0072b2"), &laplace, None)?;
    shown.add("Laplace, weights drawn", None, &drawn, None)?;
    shown.add("HMC", Some("#d55e00"), &hmc.posterior()?, Some(mixing(&hmc, &x)?))?;
    shown.add("SGLD", Some("#009e73"), &sgld.posterior()?, Some(mixing(&sgld, &x)?))?;
    shown.add("infinite net, exact", None, &set.limit()?.condition(&set.data)?, None)?;
    let panel = shown.panel;
    report.note(format!("{}: {hmc}", set.name));
    report.note(format!("{}: {sgld}", set.name));
    Ok(panel.points(
        "rows",
        set.data.points().view().iter().copied().collect::<Vec<_>>(),
        set.data.labels().iter().copied().collect::<Vec<_>>(),
    ))
}

/// What posteriors say at some points: rows of a table, and curves.
struct Shown<'a> {
    set: &'a Set,
    x: &'a Points,
    report: &'a mut Report,
    panel: Panel,
}

impl Shown<'_> {
    /// A posterior's row, and in the figure where it has a colour.
    fn add<P: Posterior>(
        &mut self,
        name: &'static str,
        colour: Option<&str>,
        posterior: &P,
        mixed: Option<f64>,
    ) -> Result<(), Error> {
        let prediction = posterior.predict(self.x)?;
        let mean = prediction.mean().column(0).to_vec();
        let sd = prediction.sd(Uncertainty::Latent).column(0).to_vec();
        let data = &self.set.data;
        self.report.row([
            ("posterior", Value::from(name)),
            ("train RMSE", posterior.predict(data.points())?.rmse(data.labels())?.into()),
            ("log predictive a row", (posterior.log_predictive(data)?.sum() / data.len() as f64).into()),
            ("mean sd on the grid", (sd.iter().sum::<f64>() / sd.len() as f64).into()),
            ("largest R̂ of functions", mixed.map_or(Value::Missing, Value::from)),
        ]);
        let Some(colour) = colour else { return Ok(()) };
        let at: Vec<f64> = self.x.view().iter().copied().collect();
        let edge = |sign: f64| mean.iter().zip(&sd).map(|(m, s)| m + sign * 2.0 * s).collect::<Vec<_>>();
        let shown = std::mem::take(&mut self.panel).line(name, &at, &mean).colour(colour);
        let shown = shown.dashed("", &at, edge(-1.0)).colour(colour);
        self.panel = shown.dashed("", &at, edge(1.0)).colour(colour);
        Ok(())
    }
}

/// The largest R̂ of the function at any of the points; NaN where one has none.
fn mixing(chains: &Chains<f64, Gaussian>, x: &Points) -> Result<f64, Error> {
    let functions = chains.posterior()?.functions_at(x)?;
    let mut from = 0;
    let mut own = Vec::new();
    for chain in 0..chains.count() {
        own.push(from..from + chains.chain(chain).len());
        from += chains.chain(chain).len();
    }
    let of_point = |point: usize| {
        let chain = |own: &Range<usize>| own.clone().map(|draw| functions[[draw, point, 0]]).collect();
        Mixing::of(&own.iter().map(chain).collect::<Vec<Vec<f64>>>()).r_hat
    };
    let all: Vec<f64> = (0..x.len()).map(of_point).collect();
    Ok(if all.iter().any(|r| r.is_nan()) { f64::NAN } else { all.into_iter().fold(1.0, f64::max) })
}
