//! 25 narrow modes on a grid (as Zhang et al. 2020): a constant step stays in one, cycles find all.

use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, Samples, Schedule};

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

/// How many draws lie within three standard deviations of each mode.
fn visits(samples: &Samples<f64>) -> Vec<usize> {
    let mut count = vec![0; 25];
    for eps in samples.draws() {
        let centre = [nearest(eps[0]), nearest(eps[1])];
        let away = (eps[0] - centre[0]).powi(2) + (eps[1] - centre[1]).powi(2);
        if away < 9.0 * VARIANCE {
            let place = |c: f64| (0.5 * c + 2.0) as usize;
            count[5 * place(centre[0]) + place(centre[1])] += 1;
        }
    }
    count
}

fn found(samples: &Samples<f64>) -> usize {
    visits(samples).iter().filter(|count| **count > 0).count()
}

pub(crate) fn study(report: &mut Report, much: usize, seed: Seed) -> Result<Panel, Error> {
    let target = Density { dim: 2, log: grid };
    let cycle = 500;
    let cycles = 120 * much;
    let start = vec![vec![0.0, 0.0]];
    let schedule = Schedule::Cyclical { first: 0.12, cycle, explore: 0.5 };
    // one chain each, as many iterations for either
    let draws = cycles * cycle / 20;
    let cyclical = Sgld::schedule(schedule).chains(1).start(start.clone()).warmup(0).thin(10).draws(draws);
    let cyclical = cyclical.seed(seed.named("cycles")).sample(&target)?;
    let plain = Sgld::step(0.01).chains(1).start(start).warmup(0).thin(20).draws(draws);
    let plain = plain.seed(seed.named("plain")).sample(&target)?;
    report.table(format!("25 modes: one chain of {} iterations from the middle mode", cycles * cycle));
    for (name, samples) in [("SGLD, step 0.01", &plain), ("cyclical SGLD, first step 0.12", &cyclical)] {
        let all = visits(samples);
        let near = all.iter().sum::<usize>();
        report.row([
            ("sampler", Value::from(name.to_owned())),
            ("modes found", found(samples).into()),
            ("least visited", (*all.iter().min().unwrap_or(&0) as f64 / near.max(1) as f64).into()),
            ("most visited", (*all.iter().max().unwrap_or(&0) as f64 / near.max(1) as f64).into()),
            ("draws at a mode", (near as f64 / samples.draws().count().max(1) as f64).into()),
        ]);
    }
    report.check("25 modes: found by cycles", found(&cyclical) as f64, Relation::Equals, 25.0);
    report.check("25 modes: found by a small constant step", found(&plain) as f64, Relation::AtMost, 3.0);
    let some = |samples: &Samples<f64>| -> (Vec<f64>, Vec<f64>) {
        samples.draws().step_by((draws / 1500).max(1)).map(|e| (e[0], e[1])).unzip()
    };
    let (a, b) = (some(&cyclical), some(&plain));
    Ok(Panel::new("25 modes: one chain each")
        .x("first coordinate")
        .y("second coordinate")
        .points("cyclical SGLD", &a.0, &a.1)
        .points("SGLD", &b.0, &b.1))
}
