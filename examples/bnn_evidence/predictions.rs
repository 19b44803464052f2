//! What three posteriors of one net predict: Laplace, Hamiltonian Monte Carlo, Langevin dynamics.

use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, NetDraws, NetTarget};

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
    let sgld = Sgld::step(step).chains(4).warmup(draws * 20).draws(draws).thin(20);
    let sgld =
        sgld.seed(seed.named("sgld")).start(vec![eps.clone()]).condition_in::<f64, _>(&model, &set.data)?;
    let (low, high) = set
        .data
        .points()
        .view()
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    let x = Points::linspace(low - 0.5, high + 0.5, 200)?;
    let laplace = laplace.sample(400, seed.named("laplace"))?;
    let at: Vec<f64> = x.view().iter().copied().collect();
    let mut panel =
        Panel::new(format!("{}: {WIDTH} units", set.name)).x("x").y("function, ± 2 standard deviations");
    report.table(format!("{}: posteriors of {WIDTH} units on the rows they are from", set.name));
    let mut add =
        |name: &'static str, colour: &str, posterior: &NetDraws<f64, Gaussian>| -> Result<(), Error> {
            let prediction = posterior.predict(&x)?;
            let (mean, sd) =
                (prediction.mean().column(0).to_vec(), prediction.sd(Uncertainty::Latent).column(0).to_vec());
            let edge = |sign: f64| mean.iter().zip(&sd).map(|(m, s)| m + sign * 2.0 * s).collect::<Vec<_>>();
            let shown = std::mem::take(&mut panel).line(name, &at, mean.clone()).colour(colour);
            let shown =
                shown.dashed("", &at, edge(-1.0)).colour(colour).dashed("", &at, edge(1.0)).colour(colour);
            panel = shown;
            let rmse = posterior.predict(set.data.points())?.rmse(set.data.labels())?;
            let log = posterior.log_predictive(&set.data)?.sum() / set.data.len() as f64;
            report.row([
                ("posterior", Value::from(name)),
                ("train RMSE", rmse.into()),
                ("log predictive a row", log.into()),
                ("mean sd on the grid", (sd.iter().sum::<f64>() / sd.len() as f64).into()),
            ]);
            Ok(())
        };
    add("Laplace, weights drawn", "#0072b2", &laplace)?;
    add("HMC", "#d55e00", &hmc.posterior()?)?;
    add("SGLD", "#009e73", &sgld.posterior()?)?;
    report.note(format!("{}: {hmc}", set.name));
    report.note(format!("{}: {sgld}", set.name));
    Ok(panel.points(
        "rows",
        set.data.points().view().iter().copied().collect::<Vec<_>>(),
        set.data.labels().iter().copied().collect::<Vec<_>>(),
    ))
}
