//! Values and derivatives of independent formulas: scikit-learn's, and plain ones in 50 digits (both by `peers/kernels.py`).

use ndarray::Array2;
use softbias_priors::kernel::Activation::{Erf, Relu, SquaredRelu, Step};
use softbias_priors::kernel::Tile;
use softbias_priors::*;

const A: [f64; 3] = [0.3, -1.2, 0.7];
const B: [f64; 3] = [1.1, 0.4, -0.5];

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 2e-14 * expected.abs().max(1.0), "{found} for {expected}");
}

/// θ ∂k/∂θ for every parameter.
fn logarithmic(kernel: &Kernel, a: &[f64], b: &[f64]) -> Vec<f64> {
    let parameters = kernel.parameters();
    let mut gradient = vec![0.0; parameters.len()];
    kernel.function().contract(a, &Tile::one(b), &[1.0], &mut gradient);
    gradient.iter().zip(parameters.values()).map(|(g, theta)| g * theta).collect()
}

fn agrees(kernel: &Kernel, a: &[f64], b: &[f64], k: f64, gradient: &[f64]) {
    near(kernel.eval(a, b), k);
    let found = logarithmic(kernel, a, b);
    assert_eq!(found.len(), gradient.len());
    found.iter().zip(gradient).for_each(|(found, expected)| near(*found, *expected));
}

#[test]
fn scikit_learn_says_the_same() {
    let lengths = [0.8, 2.0, 1.3];
    let cases: [(Kernel, f64, [f64; 3]); 4] = [
        (
            Kernel::rbf(lengths),
            0.287_642_898_789_910_5,
            [0.287_642_898_789_910_5, 0.184_091_455_225_542_77, 0.245_092_174_116_846_8],
        ),
        (
            Kernel::matern12(lengths),
            0.206_257_586_637_069_9,
            [0.130_656_110_543_288_5, 0.083_619_910_747_704_64, 0.111_328_283_539_843_43],
        ),
        (
            Kernel::matern32(lengths),
            0.242_509_341_090_379_75,
            [0.194_824_882_765_620_2, 0.124_687_924_969_996_95, 0.166_004_633_835_794_7],
        ),
        (
            Kernel::matern52(lengths),
            0.254_485_202_201_877_1,
            [0.221_265_423_903_276_8, 0.141_609_871_298_097_18, 0.188_533_852_319_951_82],
        ),
    ];
    for (kernel, k, gradient) in cases {
        agrees(&kernel, &A, &B, k, &gradient);
    }
    let quadratic = Kernel::rational_quadratic(0.9, 1.7);
    agrees(
        &quadratic,
        &A,
        &B,
        0.186_570_782_260_669_7,
        &[0.398_071_498_640_022_3, -0.114_206_254_782_006_19],
    );
    let periodic = Kernel::periodic(1.3, 0.8);
    let gradient = [-0.260_751_614_913_316_55, 0.355_635_362_300_987_63];
    agrees(&periodic, &A[..1], &B[..1], 0.065_085_854_379_420_6, &gradient);
    let dot = Kernel::linear(1.0) + Kernel::constant(0.36);
    near(dot.eval(&A, &B), -0.14);
    near(Kernel::polynomial(3, 1.0, 0.36).eval(&A, &B), -0.002_744);
}

#[test]
fn fifty_digits_say_the_same() {
    let (means, variances) = ([0.3, 0.1, 0.2, 0.5, 0.9, 0.0], [0.1, 0.02, 0.3, 0.05, 0.05, 0.05]);
    let mixture = Kernel::spectral_mixture(&[0.7, 1.6], &means, &variances).unwrap();
    near(mixture.eval(&A, &B), 0.012_348_301_101_570_672);
    let orders = Kernel::orders(3..=500, 1.000_000_1, -1.0, 1.0).unwrap();
    let k = orders.eval(&[0.999_999], &[0.999_999]);
    assert!((k / 497.737_073_302_055_5 - 1.0).abs() < 1e-13, "{k}");
    for (activation, values) in [
        (Step, [0.475_231_064_775_337_2, 0.707_396_283_687_812_9, 0.785_059_472_363_464_2]),
        (Relu, [0.541_074_733_674_548_1, 1.091_126_457_258_161_8, 1.447_229_589_568_234]),
        (SquaredRelu, [1.515_319_927_640_348_9, 78.453_724_277_103_18, 73_528.817_006_824_77]),
        (Erf, [-0.039_300_717_360_182_155, 0.127_951_080_090_615_97, 0.227_829_986_995_144_48]),
    ] {
        for (depth, expected) in (1..).zip(values) {
            near(Kernel::network(activation, depth, 0.9, 0.3).unwrap().eval(&A, &B), expected);
        }
    }
    for (depth, expected) in
        (1..).zip([0.469_790_073_958_247_48, 1.543_757_390_103_317_8, 2.638_316_902_050_649])
    {
        near(Kernel::ntk(depth, 0.9, 0.3).unwrap().eval(&A, &B), expected);
    }
}

#[test]
fn formulas_say_the_same() {
    use std::f64::consts::PI;
    let turns: f64 = A.iter().zip(&B).zip([1.3, 0.7, 2.9]).map(|((a, b), p)| (a - b) / p).sum();
    near(Kernel::cosine([1.3, 0.7, 2.9]).eval(&A, &B), (2.0 * PI * turns).cos());
    let sum: f64 = (0..3).map(|d| ((PI * (A[d] - B[d]) / 1.3).sin() / [0.8, 0.6, 1.0][d]).powi(2)).sum();
    near(Kernel::periodic(1.3, [0.8, 0.6, 1.0]).eval(&A, &B), (-2.0 * sum).exp());
    // A whole number of periods apart is no distance, however many.
    near(Kernel::periodic(0.1, 1e-3).eval(&[0.0], &[1e7]), 1.0);
    let about: f64 = (0..3).map(|d| 0.49 * (A[d] - 1.0) * (B[d] - 1.0)).sum();
    near(Kernel::linear_about(0.7, &[1.0; 3]).eval(&A, &B), about);
    // Wendland's polynomials as Rasmussen & Williams print them, with D = 3.
    let r = 0.4;
    let at = |q: usize| Kernel::wendland(q, 2.5).unwrap().eval(&[0.0; 3], &[0.6, 0.8, 0.0]);
    near(at(0), (1.0 - r) * (1.0 - r));
    near(at(1), (1.0f64 - r).powi(4) * (4.0 * r + 1.0));
    near(at(2), (1.0f64 - r).powi(6) * (35.0 * r * r + 18.0 * r + 3.0) / 3.0);
    near(at(3), (1.0f64 - r).powi(8) * (32.0 * r * r * r + 25.0 * r * r + 8.0 * r + 1.0));
    let far = Kernel::wendland(3, 1.0).unwrap();
    assert_eq!(far.eval(&[0.0], &[1.0]), 0.0);
    assert_eq!(far.eval(&[0.0], &[1e200]), 0.0);
}

/// The order-penalised polynomial is one prior, seen from its weights and from its values.
#[test]
fn orders_in_weight_space() {
    let x = Points::line([-2.0, -1.99, -0.7, 0.0, 0.3, 0.9, 1.499_999, 1.5]).unwrap();
    for (gamma, to) in [(1.0, 7), (1.01, 150), (1.7, 31), (1.0, 1000), (30.0, 64)] {
        let weights =
            Polynomial::orders(0..=to).basis(Basis::Monomial).scales(Scales::geometric(gamma).tuned());
        let weights = weights.window(Window::new(-2.0, 1.5).unwrap());
        let values = Gp::new(Kernel::orders(0..=to, gamma, -2.0, 1.5).unwrap());
        let (k, l) = (weights.cov(&x, &x).unwrap(), values.cov(&x, &x).unwrap());
        let (k, l): (Array2<f64>, Array2<f64>) = (k.of_output(0).to_owned(), l.of_output(0).to_owned());
        let gap = (&k - &l).iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        assert!(gap < 1e-12 * k[[0, 0]], "γ {gamma}, order {to}: {gap}");
        let w = Seed::new(2).normal2(8, 8);
        let w = Blocks::Shared(&w + &w.t());
        let (by_weights, by_values) =
            (weights.contract(&x, &w).unwrap()[0], values.contract(&x, &w).unwrap()[0]);
        assert!((by_weights / by_values - 1.0).abs() < 1e-10, "{by_weights} {by_values}");
    }
}

#[test]
fn what_makes_no_kernel_is_refused() {
    let refused = |kernel: std::result::Result<Kernel, PriorError>| assert!(kernel.is_err(), "{kernel:?}");
    refused(Kernel::wendland(4, 1.0));
    refused(Kernel::network(Relu, 0, 1.0, 0.0));
    refused(Kernel::ntk(0, 1.0, 0.0));
    #[allow(clippy::reversed_empty_ranges)]
    refused(Kernel::orders(3..=2, 1.0, -1.0, 1.0));
    refused(Kernel::orders(0..=usize::MAX, 1.0, -1.0, 1.0));
    refused(Kernel::orders(0..=3, 1.0, 1.0, 1.0));
    refused(Kernel::orders(0..=3, 1.0, f64::NAN, 1.0));
    refused(Kernel::spectral_mixture(&[], &[], &[]));
    refused(Kernel::spectral_mixture(&[1.0, 1.0], &[1.0, 1.0, 1.0], &[1.0, 1.0, 1.0]));
    refused(Kernel::spectral_mixture(&[1.0], &[1.0, 1.0], &[1.0]));
    let x = Points::new(Seed::new(1).normal2(4, 3)).unwrap();
    let on = |kernel: Kernel| Gp::new(kernel).cov(&x, &x);
    let bad = [
        Kernel::periodic([1.0, 2.0, 3.0], [1.0, 2.0]),
        Kernel::periodic([1.0, 2.0], 1.0),
        Kernel::periodic(0.0, 1.0),
        Kernel::cosine(f64::NAN),
        Kernel::linear(Vec::new()),
        Kernel::linear_about([1.0, 1.0, 1.0], &[0.0]),
        Kernel::polynomial(2, 1.0, -1.0),
        Kernel::constant(-1.0),
        Kernel::orders(0..=3, 1.0, -9.0, 9.0).unwrap(),
        Kernel::spectral_mixture(&[-1.0], &[1.0; 3], &[1.0; 3]).unwrap(),
        Kernel::wendland(1, [1.0, 2.0]).unwrap(),
        Kernel::network(Relu, 1, 0.0, 1.0).unwrap(),
        Kernel::ntk(1, 1.0, -1e-9).unwrap(),
    ];
    for kernel in bad {
        assert!(on(kernel.clone()).is_err(), "{kernel:?}");
    }
    let outside = Gp::new(Kernel::orders(0..=3, 0.9 + 0.2, -1.0, 1.0).unwrap());
    let x = Points::line([0.0, 1.1]).unwrap();
    assert!(matches!(outside.cov(&x, &x), Err(PriorError::NotFinite { .. })));
    assert!(matches!(outside.var(&x), Err(PriorError::NotFinite { .. })));
}

#[test]
fn saved_kernels_are_checked() {
    use softbias_priors::kernel::SavedKernel;
    for kind in ["periodic", "cosine", "spectral mixture", "linear", "polynomial", "constant", "orders"] {
        assert!(SavedKernel::new(kind, &[]).revive().is_err(), "{kind}");
    }
    for kind in ["wendland", "relu network", "erf network"] {
        let saved = SavedKernel::new(kind, &[1.0, 1.0]);
        assert!(saved.revive().is_err(), "{kind}");
        assert!(SavedKernel { counts: vec![9, 9], ..saved }.revive().is_err(), "{kind}");
    }
    let lost = SavedKernel { counts: vec![1, 1], ..SavedKernel::new("erf network", &[1.0, 1.0]) };
    assert!(lost.revive().is_err(), "a tangent kernel of another activation");
}
