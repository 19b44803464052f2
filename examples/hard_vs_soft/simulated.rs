//! Part B: the simulations of Goldblum et al. (2024), and the column that they leave out: everything tuned by evidence.

use rayon::prelude::*;
use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, LeastSquares};

use crate::common::Args;

/// A target on [0, 1], and the penalty of the paper's soft fit on it: (α k²)² on the coefficient of xᵏ.
struct Target {
    name: &'static str,
    f: fn(f64) -> f64,
    alpha: f64,
    /// The paper's mean squared errors as recomputed, by (n, degree 2, degree 10, soft with a free constant).
    paper: &'static [(usize, f64, f64, f64)],
}

const TARGETS: [Target; 3] = [
    Target {
        name: "x²",
        f: |x| x * x,
        alpha: 0.01,
        paper: &[
            (10, 6.75e-3, 7.3e13, 6.8e-3),
            (20, 2.10e-3, 6.4e3, 2.59e-3),
            (70, 3.96e-4, 6.09e-3, 5.62e-4),
        ],
    },
    Target {
        name: "cos 1.5πx",
        f: |x| (1.5 * std::f64::consts::PI * x).cos(),
        alpha: 0.01,
        paper: &[
            (10, 8.29e-2, 7.3e13, 3.41e-2),
            (20, 4.85e-2, 6.4e3, 1.56e-2),
            (70, 3.57e-2, 6.09e-3, 6.42e-3),
        ],
    },
    Target {
        name: "degree 10",
        f: |x| -36.0 * x + 49.0 * x.powi(5) - 14.0 * x.powi(7) + x.powi(10),
        alpha: 0.001,
        paper: &[
            (10, 7.80, 7.3e13, 0.138),
            (20, 4.08, 6.4e3, 1.69e-2),
            (70, 3.21, 6.09e-3, 1.78e-3),
            (100, 3.17, 4.72e-3, 1.32e-3),
        ],
    },
];

/// Mean squared errors on the noise-free grid: degree 2, degree 10, the paper's soft fit, soft tuned by evidence.
type Errors = [f64; 4];
const MODELS: [&str; 4] = ["degree 2", "degree 10", "soft, fixed penalty", "soft, by evidence"];

fn once(target: &Target, n: usize, seed: Seed) -> Result<Errors, Error> {
    let x = seed.named("x").uniform1(n, 0.0, 1.0);
    let y = x.mapv(target.f) + 0.1 * seed.named("noise").normal1(n);
    let data = Data::line(x, y)?;
    let grid = Points::linspace(0.0, 1.0, 100)?;
    let truth: Vec<f64> = grid.coordinate(0)?.iter().map(|&x| (target.f)(x)).collect();
    let error = |values: &ndarray::Array2<f64>| {
        values.iter().zip(&truth).map(|(f, t)| (f - t).powi(2)).sum::<f64>() / truth.len() as f64
    };
    let powers = |degree| Polynomial::orders(0..=degree).basis(Basis::Monomial);
    // The paper's objective Σ(y − f)² + Σ(αk²)² w², its constant free: unit noise, scales 1/(αk²), a huge one for the constant.
    let scales = Scales::rule(10, |k| if k == 0 { 1e6 } else { 1.0 / (target.alpha * (k * k) as f64) });
    let paper = powers(10).scales(scales).with_likelihood(Gaussian::known(1.0)).condition(&data)?;

    let window = Window::new(0.0, 1.0)?;
    let rest =
        Polynomial::orders(3..=150).window(window.clone()).scales(Scales::geometric(4.0).from_order(3));
    let soft = Polynomial::orders(0..=2).window(window).relaxed(Softness::new(0.3)?, rest).scaled(1.0);
    let tuned =
        Tune::default().restarts(1).seed(seed).run(soft.with_likelihood(Gaussian::noise(0.1)), &data)?;
    Ok([
        error(&LeastSquares::fit(powers(2), &data)?.predict(&grid)?),
        error(&LeastSquares::fit(powers(10), &data)?.predict(&grid)?),
        error(paper.predict(&grid)?.mean()),
        error(tuned.condition(&data)?.predict(&grid)?.mean()),
    ])
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let m = values.len();
    0.5 * (values[(m - 1) / 2] + values[m / 2])
}

pub(crate) fn run(args: &Args, report: &mut Report) -> Result<(), Error> {
    let (sizes, repeats): (&[usize], usize) =
        if args.quick { (&[10, 30, 70], 12) } else { (&[10, 20, 30, 50, 70, 100], 100) };
    let root = Seed::new(args.seed).named("simulated");
    let mut figure = Figure::new("").columns(3);
    for target in &TARGETS {
        report.table(format!("{}: mean squared error, {repeats} data sets a size", target.name));
        let mut means: Vec<[f64; 4]> = Vec::new();
        for &n in sizes {
            eprintln!("{}: {repeats} data sets of {n}", target.name);
            let seed = root.named(target.name).at(n);
            let runs: Vec<Errors> = (0..repeats)
                .into_par_iter()
                .map(|k| once(target, n, seed.at(k)))
                .collect::<Result<_, Error>>()?;
            let column = |m: usize| runs.iter().map(|r| r[m]).collect::<Vec<f64>>();
            let mean: [f64; 4] = std::array::from_fn(|m| column(m).iter().sum::<f64>() / repeats as f64);
            let recomputed = target.paper.iter().find(|(at, ..)| *at == n);
            let mut cells = vec![("n", Value::from(n))];
            for (m, name) in MODELS.iter().enumerate() {
                cells.push((name, mean[m].into()));
            }
            for (m, name) in MEDIANS.iter().enumerate() {
                cells.push((name, median(column(m)).into()));
            }
            cells.push(("paper: degree 2", recomputed.map(|r| r.1).into()));
            cells.push(("paper: degree 10", recomputed.map(|r| r.2).into()));
            cells.push(("paper: soft", recomputed.map(|r| r.3).into()));
            report.row(cells);
            means.push(mean);
        }
        let worst = |of: &dyn Fn(&[f64; 4]) -> f64| means.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
        if target.name == "x²" {
            let name = "x²: soft by evidence over hard degree 2, where degree 2 is exactly right (worst n)";
            report.check(name, worst(&|m| m[3] / m[0]), Relation::AtMost, 2.5);
        } else {
            let name = format!("{}: soft by evidence over the better hard model (worst n)", target.name);
            report.check(name, worst(&|m| m[3] / m[0].min(m[1])), Relation::Below, 1.0);
        }
        let x: Vec<f64> = sizes.iter().map(|&n| n as f64).collect();
        let mut panel = Panel::new(target.name).x("n").y("mean squared error").log_y();
        for (m, name) in MODELS.iter().enumerate() {
            panel = panel.line(*name, &x, means.iter().map(|row| row[m]).collect::<Vec<f64>>());
        }
        let (low, high) =
            means.iter().flatten().fold((f64::INFINITY, 0.0f64), |(l, h), &v| (l.min(v), h.max(v.min(50.0))));
        figure = figure.panel(panel.y_range(0.7 * low, 1.4 * high));
    }
    report.note("Means at n ≤ 20 are carried by a few data sets: read the medians beside them.");
    report.figure("simulated", figure);
    Ok(())
}

const MEDIANS: [&str; 4] =
    ["median: degree 2", "median: degree 10", "median: fixed penalty", "median: by evidence"];
