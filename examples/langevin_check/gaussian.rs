//! A standard normal: the variance of SGLD at a step h is 1/(1 − h/4), of samplers with a test 1.

use softbias::langevin::Kernel;
use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, Mala, NoUTurn, Sampler};

use crate::targets::{Density, mean_of};

const DIM: usize = 50;

fn normal(eps: &[f64], slopes: &mut [f64]) -> f64 {
    slopes.iter_mut().zip(eps).for_each(|(s, e)| *s = -e);
    -0.5 * eps.iter().map(|e| e * e).sum::<f64>()
}

/// Mean square of a coordinate and its standard error.
fn spread<K: Kernel>(sampler: Sampler<K>, draws: usize, seed: Seed) -> Result<(f64, f64), Error> {
    let target = Density { dim: DIM, log: normal };
    let samples = sampler.warmup(300).draws(draws).seed(seed).sample(&target)?;
    Ok(mean_of(&samples, |e| e.iter().map(|x| x * x).sum::<f64>() / DIM as f64))
}

pub(crate) fn study(report: &mut Report, much: usize, seed: Seed) -> Result<Panel, Error> {
    report.table(format!("standard normal of {DIM} coordinates: variance of a coordinate"));
    let theory = |h: f64| 1.0 / (1.0 - 0.25 * h);
    let steps: [f64; 6] = [0.1, 0.2, 0.4, 0.8, 1.2, 1.6];
    let (mut found, mut worst) = (Vec::new(), 0.0f64);
    for (k, &step) in steps.iter().enumerate() {
        let (variance, error) = spread(Sgld::step(step), 1500 * much, seed.at(k))?;
        worst = worst.max((variance - theory(step)).abs() / error);
        found.push(variance);
        report.row([
            ("sampler", Value::from("SGLD".to_owned())),
            ("step", step.into()),
            ("variance", variance.into()),
            ("± error", error.into()),
            ("theory", theory(step).into()),
        ]);
    }
    let tested = [
        ("MALA", spread(Mala::step(0.1), 1500 * much, seed.named("mala"))?),
        ("HMC", spread(Hmc::leaps(5, 0.1), 1500 * much, seed.named("hmc"))?),
        ("NUTS", spread(NoUTurn::sampler(), 700 * much, seed.named("nuts"))?),
    ];
    let mut off = 0.0f64;
    for (name, (variance, error)) in tested {
        off = off.max((variance - 1.0).abs() / error);
        report.row([
            ("sampler", Value::from(name.to_owned())),
            ("variance", variance.into()),
            ("± error", error.into()),
            ("theory", 1.0.into()),
        ]);
    }
    report.check("Gaussian: SGLD off theory, standard errors, worst step", worst, Relation::AtMost, 4.5);
    report.check(
        "Gaussian: samplers with a test off the truth, standard errors, worst",
        off,
        Relation::AtMost,
        4.5,
    );
    let line: Vec<f64> = (0..=80).map(|i| 0.02 * f64::from(i)).collect();
    let curve: Vec<f64> = line.iter().map(|h| theory(*h)).collect();
    Ok(Panel::new("Gaussian: variance against the step")
        .x("step h")
        .y("variance")
        .line("theory, 1/(1 − h/4)", &line, &curve)
        .points("SGLD", &steps, &found)
        .hline(1.0, "the target's"))
}
