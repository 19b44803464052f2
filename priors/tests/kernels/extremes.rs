//! Extreme parameters and features: finite numbers, or an error that says so.

use ndarray::Array2;
use softbias_priors::kernel::Activation::{Erf, Relu, SquaredRelu, Step};
use softbias_priors::kernel::Tile;
use softbias_priors::*;

/// Every kernel at a length scale or its like, and at its inverse.
fn at(s: f64) -> Vec<Kernel> {
    let mut all = vec![
        Kernel::rbf(s),
        Kernel::matern12(s),
        Kernel::matern32([s, 1.0 / s]),
        Kernel::matern52(s),
        Kernel::rational_quadratic(s, 0.7),
        Kernel::periodic(s, 1.0),
        Kernel::periodic(1.0, s),
        Kernel::periodic([s, 1.0 / s], [1.0 / s, s]),
        Kernel::cosine(s),
        Kernel::spectral_mixture(&[1.0], &[s, 1.0 / s], &[s * s, 1.0]).unwrap(),
        Kernel::linear(s),
        Kernel::linear_about(1.0 / s, &[s, -s]),
        Kernel::polynomial(3, s, s),
        Kernel::constant(s),
    ];
    for smoothness in 0..=3 {
        all.push(Kernel::wendland(smoothness, s).unwrap());
    }
    for (weight, bias) in [(s, 1.0), (1.0, s), (s, s), (s, 0.0), (s, 1.0 / s)] {
        for depth in [1, 3] {
            all.push(Kernel::ntk(depth, weight, bias).unwrap());
            for activation in [Step, Relu, SquaredRelu, Erf] {
                all.push(Kernel::network(activation, depth, weight, bias).unwrap());
            }
        }
    }
    all
}

#[test]
fn finite_or_refused() {
    let base: Array2<f64> = Seed::new(8).normal2(6, 2);
    let (mut finite, mut refused) = (0, 0);
    for size in [1e-12, 1.0, 1e12] {
        let mut x = &base * size;
        x.row_mut(4).fill(0.0);
        let opposite = -&x.row(0);
        x.row_mut(5).assign(&opposite);
        let x = Points::new(x).unwrap();
        for kernel in [1e-12, 1e-3, 1.0, 1e3, 1e12].into_iter().flat_map(at) {
            let gp = Gp::new(kernel.clone());
            let what = format!("{kernel:?} at {size}");
            let k = match gp.cov(&x, &x) {
                Err(PriorError::NotFinite { .. }) => {
                    refused += 1;
                    continue;
                }
                k => k.unwrap(),
            };
            finite += 1;
            let k = k.of_output(0).to_owned();
            let top = k.diag().iter().fold(0.0, |m: f64, v| m.max(*v));
            assert!(
                k.diag().iter().zip(gp.var(&x).unwrap()).all(|(a, b)| (a - b).abs() <= 1e-10 * b),
                "{what}"
            );
            assert!(k.iter().all(|v| v.abs() <= top * (1.0 + 1e-10)), "{what}");
            let rows: Vec<Vec<f64>> = x.view().rows().into_iter().map(|row| row.to_vec()).collect();
            for a in &rows {
                for b in &rows {
                    let mut gradient = vec![0.0; kernel.parameters().len()];
                    kernel.function().contract(a, &Tile::one(b), &[1.0], &mut gradient);
                    let mut slope = [0.0; 2];
                    kernel.function().slope(a, b, 1.0, &mut slope);
                    assert!(
                        gradient.iter().chain(&slope).all(|v| v.is_finite()),
                        "{what}: {a:?} {b:?} {gradient:?} {slope:?}"
                    );
                }
            }
        }
    }
    assert!(finite > 20 * refused, "{finite} {refused}");
}
