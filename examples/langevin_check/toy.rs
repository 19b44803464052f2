//! The toy of Welling and Teh (2011, section 5.1): two modes of a mixture's means, sampled from batches, against quadrature.

use softbias::Error;
use softbias::net::Target;
use softbias::prelude::*;
use softbias::report::Value;

use crate::targets::mean_of;

/// θ₁ ~ N(0, 10), θ₂ ~ N(0, 1); x ~ ½N(θ₁, 2) + ½N(θ₁ + θ₂, 2), drawn at θ = (0, 1).
struct Mixture {
    x: Vec<f64>,
}

impl Mixture {
    fn new(seed: Seed) -> Mixture {
        let (z, which) = (seed.named("z").normal1(100), seed.named("which").uniform1(100, 0.0, 1.0));
        let x = |i: usize| f64::from(u8::from(which[i] < 0.5)) + 2f64.sqrt() * z[i];
        Mixture { x: (0..100).map(x).collect() }
    }
}

impl Target for Mixture {
    type Number = f64;
    type Work = ();

    fn dim(&self) -> usize {
        2
    }

    fn rows(&self) -> usize {
        self.x.len()
    }

    fn log_likelihood(&self, eps: &[f64], rows: Option<&[usize]>, _: &mut (), gradient: &mut [f64]) -> f64 {
        let [first, second] = theta(eps);
        let (mut sum, mut slopes) = (0.0, [0.0; 2]);
        let mut add = |x: f64| {
            let (a, b) = (x - first, x - first - second);
            let (p, q) = ((-0.25 * a * a).exp(), (-0.25 * b * b).exp());
            sum += (p + q).ln();
            slopes[0] += 0.5 * (p * a + q * b) / (p + q);
            slopes[1] += 0.5 * q * b / (p + q);
        };
        match rows {
            Some(rows) => rows.iter().for_each(|i| add(self.x[*i])),
            None => self.x.iter().for_each(|x| add(*x)),
        }
        gradient[0] = 10f64.sqrt() * slopes[0];
        gradient[1] = slopes[1];
        sum
    }
}

fn theta(eps: &[f64]) -> [f64; 2] {
    [10f64.sqrt() * eps[0], eps[1]]
}

const NAMES: [&str; 5] = ["E θ₁", "E θ₂", "E θ₁²", "E θ₂²", "P(θ₂ > 0)"];

fn moments(eps: &[f64]) -> [f64; 5] {
    let [a, b] = theta(eps);
    [a, b, a * a, b * b, f64::from(u8::from(b > 0.0))]
}

/// By a grid in white coordinates.
fn exact(target: &Mixture) -> [f64; 5] {
    let mut slopes = [0.0; 2];
    let base = target.log_likelihood(&[0.0, 1.0], None, &mut (), &mut slopes);
    let (mut total, mut sums) = (0.0, [0.0; 5]);
    for i in -160..280 {
        for j in -400..400 {
            let eps = [0.005 * f64::from(i), 0.01 * (f64::from(j) + 0.5)];
            let log = target.log_likelihood(&eps, None, &mut (), &mut slopes) - base;
            let weight = (log - 0.5 * (eps[0] * eps[0] + eps[1] * eps[1])).exp();
            total += weight;
            sums.iter_mut().zip(moments(&eps)).for_each(|(s, v)| *s += weight * v);
        }
    }
    sums.map(|s| s / total)
}

pub(crate) fn study(report: &mut Report, much: usize, seed: Seed) -> Result<Panel, Error> {
    let target = Mixture::new(seed.named("rows"));
    let exact = exact(&target);
    let sampler =
        Sgld::step(2e-4).batch(10).thin(100).warmup(2000).draws(4000 * much).seed(seed.named("sgld"));
    let samples = sampler.sample(&target)?;
    report.table("two-mode toy, 100 rows: SGLD on batches of 10 against quadrature");
    let mut worst = 0.0f64;
    for (k, name) in NAMES.into_iter().enumerate() {
        let (found, error) = mean_of(&samples, |e| moments(e)[k]);
        // (a bias of the step and of the batches on top of the error of the draws)
        worst = worst.max(((found - exact[k]).abs() - 4.5 * error).max(0.0));
        report.row([
            ("moment", Value::from(name.to_owned())),
            ("SGLD", found.into()),
            ("± error", error.into()),
            ("quadrature", exact[k].into()),
        ]);
    }
    report.check(
        "toy: SGLD off quadrature beyond 4.5 standard errors, worst moment",
        worst,
        Relation::AtMost,
        0.05,
    );
    let some: Vec<[f64; 2]> = samples.draws().step_by(8 * much).map(|e| theta(e)).collect();
    let (x, y): (Vec<f64>, Vec<f64>) = some.iter().map(|t| (t[0], t[1])).unzip();
    Ok(Panel::new("Two-mode toy: draws from batches of 10").x("θ₁").y("θ₂").points("SGLD", &x, &y).points(
        "where the rows came from",
        &[0.0],
        &[1.0],
    ))
}
