//! Complexity against closed forms: regular and singular models, spectra of known matrices, both meanings of effective dimension.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use ndarray::{Array1, Array2};
use softbias::complexity::{LearningCoefficient, spectrum};
use softbias::curvature::{GgnProduct, HessianProduct, SymmetricOperator};
use softbias::prelude::*;
use softbias::{NetTarget, Target};

/// ln p = −½ n Σ aᵢ² εᵢ² (regular), or −½ n (ε₁ ε₂)² (singular), about 0.
struct Well {
    rows: usize,
    singular: bool,
    dim: usize,
}

impl Target for Well {
    type Number = f64;
    type Work = ();

    fn dim(&self) -> usize {
        self.dim
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn log_likelihood(&self, eps: &[f64], rows: Option<&[usize]>, (): &mut (), gradient: &mut [f64]) -> f64 {
        let n = rows.map_or(self.rows, <[usize]>::len) as f64;
        if self.singular {
            gradient[0] = -n * eps[0] * eps[1] * eps[1];
            gradient[1] = -n * eps[1] * eps[0] * eps[0];
            return -0.5 * n * (eps[0] * eps[1]).powi(2);
        }
        gradient.iter_mut().zip(eps).for_each(|(g, e)| *g = -n * e);
        -0.5 * n * eps.iter().map(|e| e * e).sum::<f64>()
    }
}

#[test]
fn a_regular_optimum_has_half_its_weights() {
    let well = Well { rows: 20_000, singular: false, dim: 6 };
    let hmc = Hmc::leaps(10, 0.01).chains(8).warmup(300).draws(800).seed(Seed::new(1));
    let found = LearningCoefficient::new().at(&well, &[0.0; 6], hmc).unwrap();
    // exactly ½ d βn/(βn + γ)
    let beta = 1.0 / (20_000f64).ln();
    let exact = 3.0 * beta * 20_000.0 / (beta * 20_000.0 + 1.0);
    assert!((found.coefficient - exact).abs() < 4.0 * found.standard_error, "{found:?} {exact}");
    assert!(found.standard_error < 0.15);
}

#[test]
fn sgld_finds_the_same_up_to_its_step() {
    let well = Well { rows: 20_000, singular: false, dim: 6 };
    let sgld = Sgld::step(1e-4).chains(8).warmup(2000).draws(4000).thin(4).seed(Seed::new(2));
    let found = LearningCoefficient::new().at(&well, &[0.0; 6], sgld).unwrap();
    assert!((found.coefficient - 3.0).abs() < 0.3 + 4.0 * found.standard_error, "{found:?}");
}

#[test]
fn a_singular_one_has_less() {
    let well = Well { rows: 20_000, singular: true, dim: 2 };
    let hmc = Hmc::leaps(30, 0.05).chains(16).warmup(1000).draws(4000).seed(Seed::new(3));
    let found = LearningCoefficient::new().at(&well, &[0.0; 2], hmc).unwrap();
    // the integral over both coordinates, by quadrature: β E ½n(ab)² under exp(−β ½n(ab)² − ½(a² + b²)); its limit is ½ as n grows, of ln n speed
    let scale = 20_000.0 / (20_000f64).ln();
    let (mut mass, mut mean) = (0.0, 0.0);
    for i in 0..4000 {
        let a = (f64::from(i) + 0.5) * 0.002;
        // b given a is normal with precision 1 + scale a²
        let precision = 1.0 + scale * a * a;
        let weight = (-0.5 * a * a).exp() / precision.sqrt();
        mass += weight;
        mean += weight * 0.5 * scale * a * a / precision;
    }
    let exact = mean / mass;
    assert!((found.coefficient - exact).abs() < 4.0 * found.standard_error + 0.01, "{found:?} {exact}");
    assert!(found.coefficient < 0.5);
}

#[test]
fn spectra_of_a_net_and_what_they_count() {
    let net = Net::inputs(2).dense(6).tanh().dense(1).build().unwrap();
    let x = Seed::new(4).normal2(20, 2);
    let y: Array1<f64> = x.column(0).mapv(f64::sin);
    let data = Data::regression(x, y).unwrap();
    let target = NetTarget::<f64, _>::new(&net.clone().with_likelihood(Gaussian::noise(0.2)), &data).unwrap();
    let eps = Seed::new(5).normal1(net.weights()).to_vec();
    let product = GgnProduct::new(&target, &eps).unwrap();
    let dim = net.weights();
    // dense, by products with the unit vectors
    let dense = |operator: &dyn SymmetricOperator| {
        let mut all = Array2::zeros((dim, dim));
        for j in 0..dim {
            let mut unit = vec![0.0; dim];
            unit[j] = 1.0;
            let mut column = vec![0.0; dim];
            operator.apply(&unit, &mut column);
            all.column_mut(j).assign(&Array1::from(column));
        }
        all
    };
    let values = softbias::math::linalg::eigh(dense(&product).view()).unwrap().values;
    let exact: f64 = values.iter().map(|v| v / (1.0 + v)).sum();
    let found = spectrum(&product, 20, dim, 60, Seed::new(6)).unwrap();
    let dimension = found.effective_dimension();
    assert!((dimension.determined - exact).abs() < 4.0 * found.standard_error(), "{dimension:?} {exact}");
    assert!((dimension.determined + dimension.undetermined - 20.0).abs() < 1e-9);
    let count = values.iter().filter(|v| **v > 1.0).count() as f64;
    assert!((found.above(1.0) - count).abs() < 2.0, "{} {count}", found.above(1.0));
    // the Hessian is symmetric, differs from the Gauss–Newton matrix off the optimum, and agrees with it in a net that is linear in its weights
    let hessian = dense(&HessianProduct::new(&target, &eps).unwrap());
    assert!((&hessian - &hessian.t()).iter().all(|d| d.abs() < 1e-5 * hessian[[0, 0]].abs().max(1.0)));
    assert!((&hessian - &dense(&product)).iter().any(|d| d.abs() > 1e-2));
    let linear = Net::inputs(2).dense(1).build().unwrap();
    let target = NetTarget::<f64, _>::new(&linear.with_likelihood(Gaussian::noise(0.2)), &data).unwrap();
    let eps = [0.3, -0.2, 0.1];
    let (mut a, mut b) = ([0.0; 3], [0.0; 3]);
    HessianProduct::new(&target, &eps).unwrap().apply(&[1.0, 2.0, -1.0], &mut a);
    GgnProduct::new(&target, &eps).unwrap().apply(&[1.0, 2.0, -1.0], &mut b);
    assert!(a.iter().zip(&b).all(|(a, b)| (a / b - 1.0).abs() < 1e-6), "{a:?} {b:?}");
    assert!(HessianProduct::new(&target, &[0.0]).is_err());
}
