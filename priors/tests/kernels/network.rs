//! Infinitely wide networks against sums over random weights, quadrature, and at their ends.

use std::f64::consts::PI;

use softbias_priors::kernel::Activation::{self, Erf, Relu, SquaredRelu, Step};
use softbias_priors::kernel::Tile;
use softbias_priors::math::quadrature::Quadrature;
use softbias_priors::{Kernel, Seed};

const A: [f64; 2] = [0.3, -1.2];
const B: [f64; 2] = [1.1, 0.4];

fn of(activation: Activation, u: f64) -> f64 {
    match activation {
        Step => f64::from(u8::from(u > 0.0)),
        Relu => u.max(0.0),
        SquaredRelu => u.max(0.0).powi(2),
        // Abramowitz & Stegun 7.1.26, |error| < 1.5e-7: enough beside sampling
        Erf => {
            let t = 1.0 / (1.0 + 0.327_591_1 * u.abs());
            let p = [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
            let sum = p.iter().rev().fold(0.0, |sum, c| (sum + c) * t);
            (1.0 - sum * (-u * u).exp()).copysign(u)
        }
    }
}

#[test]
fn depth_one_is_a_mean_over_random_weights() {
    let (weight, bias, n) = (0.8f64, 0.4f64, 400_000);
    let z = Seed::new(5).normal2(n, 3);
    for activation in [Step, Relu, SquaredRelu, Erf] {
        let unit = |z: ndarray::ArrayView1<'_, f64>, x: &[f64]| {
            of(activation, weight.sqrt() * (z[0] * x[0] + z[1] * x[1]) + bias.sqrt() * z[2])
        };
        let products: Vec<f64> = z.rows().into_iter().map(|z| unit(z, &A) * unit(z, &B)).collect();
        let mean = products.iter().sum::<f64>() / n as f64;
        let error = (products.iter().map(|p| (p - mean).powi(2)).sum::<f64>()).sqrt() / n as f64;
        let factor = if activation == Erf { 1.0 } else { 2.0 };
        let k = Kernel::network(activation, 1, weight, bias).unwrap().eval(&A, &B);
        assert!((factor * mean - k).abs() < 4.5 * factor * error, "{activation:?}: {mean} {k}");
    }
}

/// 2 E[u₊ᵏ v₊ᵏ] for variances p, q and covariance s, in polar coordinates by quadrature over the angle.
fn moment(order: i32, p: f64, q: f64, s: f64) -> f64 {
    let theta = (s / (p * q).sqrt()).clamp(-1.0, 1.0).acos();
    let (from, to) = (theta - 0.5 * PI, 0.5 * PI);
    let rule = Quadrature::uniform(40).unwrap();
    let at = |x: f64| {
        let t = from + 0.5 * (to - from) * (x + 1.0);
        (t.cos() * (t - theta).cos()).powi(order)
    };
    let radial = [1.0, 2.0, 8.0][order as usize];
    (p * q).sqrt().powi(order) * radial * (to - from) * rule.mean(at) / PI
}

#[test]
fn deep_tangents_are_those_of_a_numeric_recursion() {
    for (weight, bias) in [(1.0, 0.0), (0.7, 0.5), (1.9, 0.01)] {
        let inner = |x: &[f64], z: &[f64]| bias + weight * (x[0] * z[0] + x[1] * z[1]);
        let (mut p, mut q, mut s) = (inner(&A, &A), inner(&B, &B), inner(&A, &B));
        let mut tangent = s;
        for depth in 1..=6 {
            let (k, slope) = (moment(1, p, q, s), moment(0, p, q, s));
            let ours = Kernel::ntk(depth, weight, bias).unwrap().eval(&A, &B);
            assert!((ours / (k + tangent * slope) - 1.0).abs() < 1e-11, "depth {depth}: {ours}");
            let network = Kernel::network(Relu, depth, weight, bias).unwrap();
            assert!((network.eval(&A, &B) / k - 1.0).abs() < 1e-11);
            (p, q, s) = (bias + weight * p, bias + weight * q, bias + weight * k);
            tangent = s + weight * tangent * slope;
        }
    }
}

#[test]
fn known_values() {
    let norm2: f64 = A.iter().map(|a| a * a).sum();
    let opposite = A.map(|a| -a);
    let at = |activation, a: &[f64], b: &[f64]| Kernel::network(activation, 1, 0.7, 0.0).unwrap().eval(a, b);
    assert_eq!(at(Step, &A, &A), 1.0);
    assert!((at(Relu, &A, &A) - 0.7 * norm2).abs() < 1e-15);
    assert!((at(SquaredRelu, &A, &A) - 3.0 * (0.7 * norm2).powi(2)).abs() < 1e-14);
    for activation in [Step, Relu, SquaredRelu] {
        assert!(at(activation, &A, &opposite).abs() < 1e-15, "{activation:?}");
    }
    assert!((at(Erf, &A, &opposite) + at(Erf, &A, &A)).abs() < 1e-15);
    // At a right angle: θ = π/2.
    let across = [-A[1], A[0]];
    assert!((at(Step, &A, &across) - 0.5).abs() < 1e-15);
    assert!((at(Relu, &A, &across) - 0.7 * norm2 / PI).abs() < 1e-15);
    assert!(at(Erf, &A, &across).abs() < 1e-15);
}

/// Points closer than rounding of a cosine can tell: the step kernel falls off as the angle itself, and the gradient stays finite.
#[test]
fn nearly_coincident_and_opposite_points() {
    for h in [1e-4f64, 1e-7, 1e-10, 1e-13] {
        let (turned, against) = ([1.0, h], [-1.0, h]);
        for (b, angle) in [(&turned, h.atan()), (&against, PI - h.atan())] {
            let k = Kernel::network(Step, 1, 1.3, 0.0).unwrap().eval(&[1.0, 0.0], b);
            assert!((PI * (1.0 - k) - angle).abs() < 1e-15 * PI, "{h}: {k}");
        }
        let k = Kernel::network(Step, 1, 1.3, 0.0).unwrap().eval(&[1.0, 0.0], &turned);
        // 1 − k has the rounding of k, no more
        assert!((1.0 - k - h.atan() / PI).abs() < 2.3e-16);
    }
    for activation in [Step, Relu, SquaredRelu, Erf] {
        for depth in [1, 2, 5] {
            let kernel = Kernel::network(activation, depth, 0.6, 0.0).unwrap();
            let tangent = Kernel::ntk(depth, 0.6, 0.0).unwrap();
            for kernel in [kernel, tangent] {
                for b in [[1.0, 2.0], [-1.0, -2.0], [1.0, 2.0 + 4e-16], [0.0, 0.0], [3.0, 6.0]] {
                    let (mut gradient, mut slope) = ([0.0; 2], [0.0; 2]);
                    let k = kernel.function().contract(&[1.0, 2.0], &Tile::one(&b), &[1.0], &mut gradient);
                    kernel.function().slope(&[1.0, 2.0], &b, 1.0, &mut slope);
                    let all = [k, gradient[0], gradient[1], slope[0], slope[1]];
                    assert!(all.iter().all(|v| v.is_finite()), "{kernel:?} {b:?}: {all:?}");
                    assert_eq!(k, kernel.eval(&[1.0, 2.0], &b));
                }
                let origin = [0.0, 0.0];
                let k = kernel.eval(&origin, &origin);
                assert!((k - kernel.function().diagonal(&origin)).abs() < 1e-15, "{kernel:?}: {k}");
            }
        }
    }
}
