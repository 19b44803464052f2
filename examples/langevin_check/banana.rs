//! A banana, x ~ N(0, 1) and y ~ N(x² − 1, ¼): the bias of SGLD falls as its step.

use softbias::prelude::*;
use softbias::report::{Value, traces};
use softbias::{Error, Samples};

use crate::targets::{Density, mean_of};

const WIDTH: f64 = 0.25;

fn banana(eps: &[f64], slopes: &mut [f64]) -> f64 {
    let away = eps[1] - (eps[0] * eps[0] - 1.0);
    slopes[0] = -eps[0] + 2.0 * eps[0] * away / WIDTH;
    slopes[1] = -away / WIDTH;
    -0.5 * (eps[0] * eps[0] + away * away / WIDTH)
}

/// E (y − x² + 1)²: the width across the banana, ¼.
fn across(samples: &Samples<f64>) -> (f64, f64) {
    mean_of(samples, |e| (e[1] - e[0] * e[0] + 1.0).powi(2))
}

/// E y²: along it, ¼ + 2.
fn along(samples: &Samples<f64>) -> (f64, f64) {
    mean_of(samples, |e| e[1] * e[1])
}

/// A panel of the bias, and the traces of SGLD at its smallest step and of HMC.
pub(crate) fn study(report: &mut Report, much: usize, seed: Seed) -> Result<(Panel, Figure), Error> {
    let target = Density { dim: 2, log: banana };
    report.table("banana: mean square across (0.25) and along (2.25)");
    // the curvature reaches 1 + 4x²/¼, which steps must not leave behind where draws go
    let steps: [f64; 4] = [0.04, 0.02, 0.01, 0.005];
    let (mut bias, mut seen) = (Vec::new(), Vec::new());
    let mut keep = |sampler: &str, samples: &Samples<f64>| {
        for (index, name) in ["x", "y"].into_iter().enumerate() {
            seen.push((format!("{sampler}: {name}"), samples.coordinate(index)));
        }
    };
    for (k, &step) in steps.iter().enumerate() {
        let thin = (0.2 / step).round() as usize;
        let start = vec![vec![0.0, -1.0]];
        let sampler =
            Sgld::step(step).start(start).thin(thin).warmup(20 * thin).draws(6000 * much).seed(seed.at(k));
        let samples = sampler.sample(&target)?;
        let (wide, long) = (across(&samples), along(&samples));
        bias.push(wide.0 / WIDTH - 1.0);
        report.row([
            ("sampler", Value::from("SGLD".to_owned())),
            ("step", step.into()),
            ("across", wide.0.into()),
            ("± error", wide.1.into()),
            ("along", long.0.into()),
            ("± its error", long.1.into()),
            ("diverged", samples.diverged().len().into()),
        ]);
        if k + 1 == steps.len() {
            keep(&format!("SGLD, step {step}"), &samples);
        }
    }
    // (a step small enough for the tails, and not adapted: learned where most draws are, it would be too large to ever enter them)
    let sampler = Hmc::leaps(40, 0.05).warmup(0).draws(4000 * much).seed(seed.named("hmc"));
    let samples = sampler.sample(&target)?;
    keep("HMC", &samples);
    let (wide, long) = (across(&samples), along(&samples));
    report.row([
        ("sampler", Value::from("HMC".to_owned())),
        ("across", wide.0.into()),
        ("± error", wide.1.into()),
        ("along", long.0.into()),
        ("± its error", long.1.into()),
    ]);
    let off = ((wide.0 - WIDTH).abs() / wide.1).max((long.0 - WIDTH - 2.0).abs() / long.1);
    report.check("banana: HMC off the truth, standard errors, worst", off, Relation::AtMost, 4.5);
    let last = bias[steps.len() - 1];
    report.check("banana: bias of SGLD across at the smallest step", last.abs(), Relation::AtMost, 0.06);
    report.check("banana: that bias over the one at the largest step", last / bias[0], Relation::AtMost, 0.3);
    let linear: Vec<f64> = steps.iter().map(|h| last * h / steps[steps.len() - 1]).collect();
    let panel = Panel::new("Banana: bias of the width across")
        .x("step h")
        .y("relative bias")
        .log_x()
        .log_y()
        .dashed("in proportion to the step", &steps, &linear)
        .points("SGLD", &steps, &bias);
    Ok((panel, traces("Banana: traces", seen)))
}
