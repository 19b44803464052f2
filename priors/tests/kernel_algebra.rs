//! Composed kernels: laws, closed forms, other routes to the same numbers, and bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "kernel_algebra/additive.rs"]
mod additive;
#[path = "kernel_algebra/averaged.rs"]
mod averaged;
#[path = "kernel_algebra/groups.rs"]
mod groups;
#[path = "kernel_algebra/rules.rs"]
mod rules;
#[path = "kernel_algebra/wrapped.rs"]
mod wrapped;

use ndarray::Array2;
use softbias_priors::kernel::{TILE, Tile};
use softbias_priors::*;

/// Points in so many inputs, two of them the same.
fn points(n: usize, inputs: usize) -> Points {
    let mut x = Seed::new(3).at(inputs).normal2(n, inputs);
    let first = x.row(0).to_owned();
    x.row_mut(n - 1).assign(&first);
    Points::new(x).unwrap()
}

/// The same inside the unit cube.
fn cube(n: usize, inputs: usize) -> Points {
    let x = Seed::new(5).uniform1(n * inputs, 0.02, 0.98).into_shape_with_order((n, inputs)).unwrap();
    Points::new(x).unwrap()
}

fn rows(x: &Points) -> Vec<Vec<f64>> {
    x.view().rows().into_iter().map(|row| row.to_vec()).collect()
}

fn gram(kernel: &Kernel, x: &Points) -> Array2<f64> {
    Gp::new(kernel.clone()).cov(x, x).unwrap().of_output(0).to_owned()
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    let gap = (found - expected).abs();
    assert!(gap <= tolerance * expected.abs().max(1.0), "{what}: {found} is not {expected} by {gap:e}");
}

/// Everything that a kernel promises, at these points: the laws of its process; matrices, diagonals and weighted sums that agree
/// with `eval`; slopes against differences; the same again after saving; and, where there are random functions, their covariance.
fn keeps(kernel: &Kernel, x: &Points) {
    let what = format!("{kernel:?}");
    laws::kernel(kernel, x, Seed::new(1)).unwrap_or_else(|e| panic!("{what}: {e}"));
    laws::gaussian(&Gp::new(kernel.clone()), x, Seed::new(1)).unwrap_or_else(|e| panic!("{what}: {e}"));
    let (k, rows, function) = (gram(kernel, x), rows(x), kernel.function());
    for (i, a) in rows.iter().enumerate() {
        near(function.diagonal(a), kernel.eval(a, a), 1e-13, &what);
        for (j, b) in rows.iter().enumerate() {
            near(k[[i, j]], kernel.eval(a, b), 1e-13, &what);
            assert_eq!(kernel.eval(a, b), kernel.eval(b, a), "{what}: symmetric bits");
        }
    }
    weighted_sums(kernel, x, &what);
    for (a, b) in [(0, 1), (2, 1), (1, 3), (3, 4)] {
        let (a, b) = (&rows[a], &rows[b]);
        let mut slope = vec![0.25; a.len()];
        function.slope(a, b, 0.7, &mut slope);
        along(a, |a| 0.7 * kernel.eval(a, b), &slope, &what);
    }
    let again = kernel.saved().unwrap().revive().unwrap();
    assert_eq!(again.parameters(), kernel.parameters(), "{what}: saved");
    assert_eq!(gram(&again, x), k, "{what}: saved");
    let moved = kernel.with(&kernel.parameters().values()).unwrap();
    assert_eq!(moved.parameters(), kernel.parameters(), "{what}: with its own parameters");
    random_functions(kernel, &rows[..4], &what);
}

/// `slope`, which began at 0.25, against central differences.
fn along(x: &[f64], of: impl Fn(&[f64]) -> f64, slope: &[f64], what: &str) {
    for d in 0..x.len() {
        let mut moved = x.to_vec();
        let h = 1e-5;
        moved[d] = x[d] + h;
        let ahead = of(&moved);
        moved[d] = x[d] - h;
        near(slope[d] - 0.25, (ahead - of(&moved)) / (2.0 * h), 1e-7, &format!("{what}: slope along {d}"));
    }
}

fn weighted_sums(kernel: &Kernel, x: &Points, what: &str) {
    let columns = x.view().t().as_standard_layout().into_owned();
    let n = x.len().min(TILE);
    let part = columns.slice(ndarray::s![.., ..n]).as_standard_layout().into_owned();
    let (tile, w) = (Tile::of(part.view()), Seed::new(8).normal1(n).to_vec());
    let a = x.view().row(1).to_vec();
    let mut gradient = vec![0.0; kernel.parameters().len()];
    let found = kernel.function().contract(&a, &tile, &w, &mut gradient);
    let expected: f64 = rows(x).iter().zip(&w).map(|(b, w)| w * kernel.eval(&a, b)).sum();
    near(found, expected, 1e-12, &format!("{what}: the sum that contract gives"));
}

fn random_functions(kernel: &Kernel, rows: &[Vec<f64>], what: &str) {
    const MANY: usize = 4000;
    let inputs = rows[0].len();
    let Some(one) = kernel.function().random_function(inputs, Seed::new(2)) else { return };
    let mut slope = vec![0.25; inputs];
    one.slope(&rows[0], 0.7, &mut slope);
    along(&rows[0], |x| 0.7 * one.value(x), &slope, &format!("{what}: random function"));
    let values = Vec::from_iter((0..MANY).map(|i| {
        let z = kernel.function().random_function(inputs, Seed::new(2).at(i)).unwrap();
        Vec::from_iter(rows.iter().map(|x| z.value(x)))
    }));
    for i in 0..rows.len() {
        for j in 0..=i {
            let products = Vec::from_iter(values.iter().map(|z| z[i] * z[j]));
            let mean = products.iter().sum::<f64>() / MANY as f64;
            let spread = products.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / MANY as f64;
            // Six standard errors: chance exceeds them once in 10⁸.
            let allowed = 6.0 * (spread / MANY as f64).sqrt() + 1e-12;
            let gap = (mean - kernel.eval(&rows[i], &rows[j])).abs();
            assert!(gap < allowed, "{what}: random functions at {i}, {j}: {gap} over {allowed}");
        }
    }
}
