//! Every kernel keeps the laws of kernels and of Gaussian priors, and has the values of independent formulas.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "kernels/broken.rs"]
mod broken;
#[path = "kernels/extremes.rs"]
mod extremes;
#[path = "kernels/network.rs"]
mod network;
#[path = "kernels/reference.rs"]
mod reference;

use ndarray::Array2;
use softbias_priors::kernel::Activation::{Erf, Relu, SquaredRelu, Step};
use softbias_priors::{Gp, Kernel, Points, Seed, laws};

/// Points about the origin, two of them the same.
fn points(n: usize, inputs: usize) -> Points {
    let mut x: Array2<f64> = Seed::new(3).named("points").normal2(n, inputs);
    let first = x.row(0).to_owned();
    x.row_mut(n - 1).assign(&first);
    Points::new(x).unwrap()
}

fn keeps_the_laws(kernel: &Kernel, x: &Points) {
    let broken = |e| format!("{kernel:?} in {} inputs: {e}", x.inputs());
    laws::kernel(kernel, x, Seed::new(1)).map_err(broken).unwrap();
    let broken = |e| format!("{kernel:?} in {} inputs: {e}", x.inputs());
    laws::gaussian(&Gp::new(kernel.clone()), x, Seed::new(1)).map_err(broken).unwrap();
}

#[test]
fn radial() {
    for kernel in [
        Kernel::rbf(0.8),
        Kernel::rbf([0.8, 2.0]),
        Kernel::matern12([0.8, 2.0]),
        Kernel::matern32(1.1),
        Kernel::matern52([1.1, 0.4]),
        Kernel::rational_quadratic([0.7, 0.9], 1.3),
        2.0 * Kernel::rbf(0.5) + (0.7 * Kernel::matern32([1.0, 3.0])).named("m") * Kernel::linear(0.5),
    ] {
        keeps_the_laws(&kernel, &points(8, 2));
    }
    for smoothness in 0..=3 {
        keeps_the_laws(&Kernel::wendland(smoothness, [1.5, 2.5]).unwrap(), &points(8, 2));
        for inputs in 1..=5 {
            keeps_the_laws(&Kernel::wendland(smoothness, 2.2).unwrap(), &points(7, inputs));
        }
    }
}

#[test]
fn periodic() {
    for kernel in [
        Kernel::periodic(1.3, 0.8),
        Kernel::periodic([1.3, 0.7], 0.5),
        Kernel::periodic(1.3, [0.8, 1.5]),
        Kernel::periodic([1.3, 0.7], [0.8, 1.5]),
        Kernel::cosine(1.3),
        Kernel::cosine([1.3, 2.0]),
        Kernel::spectral_mixture(&[0.7, 1.6], &[0.3, 0.0, 0.5, 0.9], &[0.1, 0.02, 0.3, 0.05]).unwrap(),
        Kernel::spectral_mixture(&[0.7], &[0.4, 0.4], &[0.1, 0.1]).unwrap(),
    ] {
        keeps_the_laws(&kernel, &points(8, 2));
    }
    for inputs in [1, 3] {
        keeps_the_laws(&Kernel::periodic(1.3, 0.8), &points(8, inputs));
        keeps_the_laws(&Kernel::cosine(1.3), &points(8, inputs));
    }
    keeps_the_laws(&Kernel::spectral_mixture(&[0.7, 2.0], &[0.3, 1.1], &[0.1, 0.02]).unwrap(), &points(8, 1));
}

#[test]
fn inner_products() {
    for kernel in [
        Kernel::linear(0.7),
        Kernel::linear([0.7, 1.9]),
        Kernel::linear_about(0.7, &[0.3, -1.0]),
        Kernel::linear_about([0.7, 1.9], &[0.0, 2.0]),
        Kernel::constant(2.3),
        Kernel::polynomial(1, 0.7, 0.4),
        Kernel::polynomial(2, 0.7, 0.0),
        Kernel::polynomial(3, [0.7, 0.4], 0.5),
        Kernel::linear(1.0) + Kernel::constant(0.5),
    ] {
        keeps_the_laws(&kernel, &points(8, 2));
    }
    // Products of so many normals have tails in which no sample moment settles: these without random draws' moments.
    for degree in [0, 5] {
        laws::gaussian(&Gp::new(Kernel::polynomial(degree, 0.3, 0.5)), &points(8, 2), Seed::new(1)).unwrap();
    }
    let line = Points::line([-0.9, -0.55, 0.0, 0.2, 0.71, 1.0, -0.9]).unwrap();
    for kernel in [
        Kernel::orders(0..=7, 1.7, -1.0, 1.0),
        Kernel::orders(2..=40, 1.01, -2.0, 1.5),
        Kernel::orders(3..=3, 1.2, -1.3, 1.0),
        Kernel::orders(0..=0, 2.0, -1.0, 1.0),
        Kernel::orders(0..=1000, 1.3, -1.0, 1.0),
    ] {
        keeps_the_laws(&kernel.unwrap(), &line);
    }
}

#[test]
fn networks() {
    for (weight, bias) in [(0.9, 0.3), (1.4, 0.0), (0.5, 2.0)] {
        for depth in [1, 2, 4] {
            for activation in [Step, Relu, SquaredRelu, Erf] {
                let kernel = Kernel::network(activation, depth, weight, bias).unwrap();
                if activation == SquaredRelu && depth > 1 {
                    // Variances of many orders of magnitude: draws have the jitter of the largest.
                    laws::kernel(&kernel, &points(8, 3), Seed::new(1)).unwrap();
                } else {
                    keeps_the_laws(&kernel, &points(8, 3));
                }
            }
            keeps_the_laws(&Kernel::ntk(depth, weight, bias).unwrap(), &points(8, 3));
        }
    }
    keeps_the_laws(&Kernel::network(Relu, 3, 1.0, 0.1).unwrap(), &points(8, 1));
    keeps_the_laws(&Kernel::ntk(2, 1.0, 0.1).unwrap(), &points(8, 1));
}
