//! Gaussian processes keep the laws of Gaussian priors, and one reference vector.

#![allow(clippy::unwrap_used)]

use ndarray::Array2;
use softbias_priors::{GaussianPrior, Gp, Kernel, Mean, Points, Seed, laws};

fn plane(n: usize) -> Points {
    let mut x: Array2<f64> = Seed::new(3).normal2(n, 2);
    let first = x.row(0).to_owned();
    x.row_mut(n - 1).assign(&first); // two points coincide
    Points::new(x).unwrap()
}

#[test]
fn laws_hold() {
    let x = plane(9);
    let kernels = [
        1.7 * Kernel::rbf(0.8),
        Kernel::rbf([0.8, 2.0]),
        Kernel::matern12([0.8, 2.0]),
        Kernel::matern32(1.1),
        0.3 * Kernel::matern52([1.1, 0.4]),
        Kernel::rational_quadratic([0.7, 0.9], 1.3),
        2.0 * Kernel::rbf(0.5) + 0.7 * Kernel::matern32([1.0, 3.0]) * Kernel::rational_quadratic(1.0, 0.5),
    ];
    for kernel in kernels {
        laws::gaussian(&Gp::new(kernel.clone()), &x, Seed::new(1))
            .map_err(|e| format!("{kernel:?}: {e}"))
            .unwrap();
    }
    let about = Gp::new(Kernel::rbf(0.8)).about(Mean::linear(0.3, &[1.0, -2.0]).integrated(0.7)).copies(2);
    laws::gaussian(&about, &x, Seed::new(1)).unwrap();
}

#[test]
fn wide_tiles_agree_with_eval() {
    let kernel = 2.0 * Kernel::rbf([0.5, 0.8]) + Kernel::matern52(0.9);
    let x = Points::new(Seed::new(4).normal2(700, 2)).unwrap();
    let gp = Gp::new(kernel.clone());
    let (full, lower) = (gp.cov(&x, &x).unwrap(), gp.gram(&x).unwrap());
    let (full, lower) = (full.of_output(0), lower.of_output(0));
    for (i, j) in [(0, 0), (255, 256), (256, 255), (699, 3), (511, 512), (699, 699), (300, 290)] {
        let (a, b) = (x.view().row(i).to_vec(), x.view().row(j).to_vec());
        assert!((full[[i, j]] - kernel.eval(&a, &b)).abs() < 1e-14);
        assert_eq!(full[[i, j]], full[[j, i]]);
        assert_eq!(lower[[i.max(j), i.min(j)]], full[[i, j]]);
    }
}
