//! 25 narrow modes on a grid (as Zhang et al. 2020): a constant step stays in one, cycles find all.

use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, Samples, StepSchedule};

use crate::targets::Density;

/// Variance of a mode; modes stand 2 apart, at −4, −2, 0, 2, 4.
const VARIANCE: f64 = 0.03;

fn nearest(x: f64) -> f64 {
    (2.0 * (0.5 * x).round()).clamp(-4.0, 4.0)
}

/// A mixture of equal normals on a grid is a product: a mixture of five along each axis.
fn grid(eps: &[f64], slopes: &mut [f64]) -> f64 {
    let mut log = 0.0;
    for (x, slope) in eps.iter().zip(slopes) {
        let top = -0.5 * (x - nearest(*x)).powi(2) / VARIANCE;
        let (mut sum, mut pull) = (0.0, 0.0);
        for centre in [-4.0, -2.0, 0.0, 2.0, 4.0] {
            let share = (-0.5 * (x - centre) * (x - centre) / VARIANCE - top).exp();
            sum += share;
            pull += share * (centre - x) / VARIANCE;
        }
        log += top + sum.ln();
        *slope = pull / sum;
    }
    log
}

/// The first step of a cycle: 1 − h/(2 · variance) is −1 there, so that a mode neither holds a chain nor throws it out for good.
const FIRST: f64 = 4.0 * VARIANCE;
/// Steps at which draws are counted: those of the end of a cycle, of the size of the constant step.
const SMALL: f64 = 0.02;

/// Draws made at a small step.
fn fine(samples: &Samples<f64>) -> Vec<[f64; 2]> {
    let steps = samples.steps().concat();
    samples.draws().zip(steps).filter(|(_, step)| *step <= SMALL).map(|(e, _)| [e[0], e[1]]).collect()
}

/// How many draws lie within three standard deviations of each mode.
fn visits(draws: &[[f64; 2]]) -> [usize; 25] {
    let mut count = [0; 25];
    for [x, y] in draws {
        let centre = [nearest(*x), nearest(*y)];
        if (x - centre[0]).powi(2) + (y - centre[1]).powi(2) < 9.0 * VARIANCE {
            let place = |c: f64| (0.5 * c + 2.0) as usize;
            count[5 * place(centre[0]) + place(centre[1])] += 1;
        }
    }
    count
}

pub(crate) fn study(report: &mut Report, much: usize, seed: Seed) -> Result<Panel, Error> {
    let target = Density { dim: 2, log: grid };
    let (cycle, cycles, thin) = (250, 400 * much, 10);
    let start = vec![vec![0.0, 0.0]];
    // (the gradient has no noise of its own here, so that little of a cycle goes without)
    let schedule = StepSchedule::Cyclical { first: FIRST, cycle, explore: 0.02 };
    let run = |sampler: softbias::Sampler<Sgld>, seed: Seed, iterations: usize| {
        let plan = sampler.chains(1).start(start.clone()).warmup(0).thin(thin).draws(iterations / thin);
        plan.seed(seed).sample(&target)
    };
    let cyclical = run(Sgld::schedule(schedule), seed.named("cycles"), schedule.sampled(cycles * cycle))?;
    let plain = run(Sgld::step(0.01), seed.named("plain"), cycles * cycle)?;
    report.table(format!(
        "25 modes: one chain of {} iterations from the middle mode, draws at steps up to {SMALL}",
        cycles * cycle
    ));
    let found = [("SGLD, step 0.01", fine(&plain)), ("cyclical SGLD, first step 0.12", fine(&cyclical))].map(
        |(name, draws)| {
            let all = visits(&draws);
            let near = all.iter().sum::<usize>().max(1) as f64;
            let found = all.iter().filter(|count| **count > 0).count();
            let share = |count: Option<&usize>| count.map_or(0.0, |count| *count as f64 / near);
            report.row([
                ("sampler", Value::from(name.to_owned())),
                ("modes found", found.into()),
                ("least visited", share(all.iter().min()).into()),
                ("most visited", share(all.iter().max()).into()),
                ("draws at a mode", (near / draws.len().max(1) as f64).into()),
            ]);
            (found as f64, draws)
        },
    );
    let [(few, plain), (many, cyclical)] = found;
    report.check("25 modes: found by cycles", many, Relation::Equals, 25.0);
    report.check("25 modes: found by a small constant step", few, Relation::Equals, 1.0);
    let some = |draws: &[[f64; 2]]| -> (Vec<f64>, Vec<f64>) {
        draws.iter().step_by((draws.len() / 2000).max(1)).map(|e| (e[0], e[1])).unzip()
    };
    let (a, b) = (some(&cyclical), some(&plain));
    Ok(Panel::new("25 modes: one chain each")
        .x("first coordinate")
        .y("second coordinate")
        .points("cyclical SGLD", &a.0, &a.1)
        .colour("#8fb5d6")
        .points("SGLD", &b.0, &b.1)
        .colour("#c85200"))
}
