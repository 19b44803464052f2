//! Powers, some inputs only, change points, warps.

use std::sync::Arc;

use softbias_priors::kernel::{Activation, EachInput, InputWarp, Inputs, Warp};

use super::*;

#[test]
fn powers() {
    let x = points(8, 2);
    let base = || 0.9 * Kernel::rbf([0.8, 1.4]) + 0.3 * Kernel::matern32(2.0);
    for power in [0, 1, 2, 3, 7] {
        let raised = base().pow(power);
        keeps(&raised, &x);
        for (a, b) in rows(&x).iter().zip(rows(&x).iter().skip(1)) {
            let exact = base().eval(a, b).powi(power as i32);
            near(raised.eval(a, b), exact, 1e-15, "a power");
        }
    }
    // a power is a product of equal factors
    let (product, power) = (base() * base() * base(), base().pow(3));
    assert!((gram(&product, &x) - gram(&power, &x)).iter().all(|gap| gap.abs() < 1e-15));
}

#[test]
fn some_inputs() {
    let x = points(8, 3);
    let kernel = 1.3 * Kernel::rbf([0.7, 2.0]).named("part").on([2, 0]).unwrap();
    keeps(&kernel, &x);
    keeps(&(kernel.clone() + Kernel::matern52(1.0).on([1]).unwrap() * Kernel::rbf([1.0, 2.0, 3.0])), &x);
    let sum = kernel + Kernel::matern52(1.0);
    let names = Vec::from_iter(sum.parameters().into_iter().map(|p| p.name));
    assert_eq!(names, ["part.length1", "part.length2", "part.variance", "k2.length"]);
    let (a, b) = ([0.1, 9.0, -0.4], [0.3, -5.0, 0.2]);
    let direct = Kernel::rbf([0.7, 2.0]).eval(&[-0.4, 0.1], &[0.2, 0.3]);
    near(sum.eval(&a, &b), 1.3 * direct + Kernel::matern52(1.0).eval(&a, &b), 1e-15, "chosen inputs");
}

#[test]
fn some_inputs_refused() {
    let twice = Kernel::rbf(1.0).on([1, 0, 1]).unwrap_err();
    assert!(matches!(&twice, PriorError::Kernel { found, .. } if found.contains("input 1")), "{twice}");
    assert_eq!(Kernel::rbf(1.0).on([]).unwrap_err(), PriorError::Empty("inputs of a kernel"));
    let wrong = Kernel::rbf([1.0, 2.0]).on([0]).unwrap_err();
    assert!(matches!(wrong, PriorError::Dimensions { expected: 2, found: 1, .. }));
    // an input that the points lack, alone and beside a part that would be content
    let missing = Kernel::rbf(1.0).on([3]).unwrap();
    let least = PriorError::Dimensions { what: "coordinates of a point (at least)", expected: 4, found: 2 };
    assert_eq!(Gp::new(missing.clone()).var(&points(3, 2)).unwrap_err(), least);
    for conflict in [missing.clone() + Kernel::rbf([1.0, 1.0]), Kernel::rbf([1.0, 1.0]) * missing] {
        let error = Gp::new(conflict).cov(&points(3, 2), &points(3, 2)).unwrap_err();
        assert!(error.to_string().contains("parts for"), "{error}");
    }
}

#[test]
fn change_points() {
    let x = points(8, 2);
    let (before, after) = (2.0 * Kernel::rbf(0.8), Kernel::matern32([0.5, 1.5]));
    let kernel = before.clone().named("early").changing(1, 0.2, 0.6, after.clone());
    keeps(&kernel, &x);
    keeps(&(0.5 * kernel.clone().changing(0, -0.1, 0.3, Kernel::rbf(2.0))), &x);
    let names = Vec::from_iter(kernel.parameters().into_iter().map(|p| p.name));
    assert_eq!(names, ["early.length", "early.variance", "k2.length1", "k2.length2", "at", "width"]);
    // by the formula, in the open
    let s = |x: f64| 1.0 / (1.0 + ((x - 0.2) / 0.6).exp());
    let (a, b) = ([0.3, -0.7], [1.0, 0.9]);
    let (k1, k2, sa, sb) = (before.eval(&a, &b), after.eval(&a, &b), s(a[1]), s(b[1]));
    near(kernel.eval(&a, &b), sa * k1 * sb + (1.0 - sa) * k2 * (1.0 - sb), 1e-15, "a change point");
    // far from it one kernel is left, to the last digit, and the other never overflows
    let (a, b) = ([0.3, -900.0], [1.0, -901.0]);
    assert_eq!(kernel.eval(&a, &b), before.eval(&a, &b));
    let (a, b) = ([0.3, 900.0], [1.0, 901.0]);
    assert_eq!(kernel.eval(&a, &b), after.eval(&a, &b));
    let absent = Kernel::rbf(1.0).changing(2, 0.0, 1.0, Kernel::rbf(2.0));
    assert!(matches!(Gp::new(absent).var(&x), Err(PriorError::Dimensions { expected: 3, .. })));
    let still = Kernel::rbf(1.0).changing(0, 0.0, 0.0, Kernel::rbf(2.0));
    assert!(matches!(Gp::new(still).var(&x), Err(PriorError::Parameter { .. })));
}

#[test]
fn built_in_warps() {
    let x = cube(7, 2);
    let base = || 1.4 * Kernel::rbf(0.6) + 0.4 * Kernel::matern32(1.3);
    let one = [
        InputWarp::Identity,
        InputWarp::Affine { scale: -2.0, shift: 0.3 },
        InputWarp::Log { offset: 0.5 },
        InputWarp::Kumaraswamy { a: 1.7, b: 0.6 },
        InputWarp::Kumaraswamy { a: 0.4, b: 3.0 },
        InputWarp::Periodic { period: 0.8 },
        InputWarp::Length { length: 0.7 },
    ];
    for warp in one {
        keeps(&base().warped(warp), &x);
    }
    let each = EachInput::new([one[3], one[5]]);
    keeps(&Kernel::rational_quadratic([0.5, 0.8, 1.1], 1.2).warped(each.clone()), &x);
    keeps(&Kernel::rbf(0.9).warped(each.clone()).warped(one[3]), &x);
    let names = Vec::from_iter(Kernel::rbf(0.9).warped(each).parameters().into_iter().map(|p| p.name));
    assert_eq!(names, ["length", "warp.input1.a", "warp.input1.b", "warp.input2.period"]);
    // on a circle an RBF kernel is MacKay's periodic kernel, exp(−2 sin²(π(x − z)/p)/ℓ²)
    let circle = Kernel::rbf(0.7).warped(InputWarp::Periodic { period: 3.0 });
    for (a, b) in [(0.1, 0.9), (-4.0, 7.3), (0.2, 3.2)] {
        let sin = (std::f64::consts::PI * (a - b) / 3.0f64).sin();
        near(circle.eval(&[a], &[b]), (-2.0 * sin * sin / 0.49).exp(), 1e-14, "MacKay's kernel");
    }
}

#[test]
fn lengths_of_inputs_for_any_kernel() {
    let lengths = || EachInput::new([0.5, 2.0].map(|length| InputWarp::Length { length }));
    let (ours, ard) = (Kernel::rbf(1.0).warped(lengths()), Kernel::rbf([0.5, 2.0]));
    for (a, b) in [([0.1, 0.9], [-0.4, 0.3]), ([2.0, 1.0], [0.0, -1.0])] {
        near(ours.eval(&a, &b), ard.eval(&a, &b), 1e-14, "ARD");
    }
    let network = Kernel::network(Activation::Relu, 2, 1.3, 0.2).unwrap().warped(lengths());
    keeps(&network, &cube(7, 2));
    let names = Vec::from_iter(network.parameters().into_iter().map(|p| p.name));
    assert_eq!(names, ["weight", "bias", "warp.input1.length", "warp.input2.length"]);
    assert_eq!((Kernel::rbf(1.0) * 2.5).eval(&[0.3], &[0.3]), 2.5);
}

#[test]
fn kumaraswamy_is_a_distribution_function() {
    let map = |a: f64, b: f64, x: f64| {
        let mut out = [0.0];
        InputWarp::Kumaraswamy { a, b }.map(&[x], &mut out);
        out[0]
    };
    for (a, b) in [(1.0, 1.0), (0.3, 4.0), (7.0, 0.2), (2.0, 2.0)] {
        assert_eq!((map(a, b, 0.0), map(a, b, 1.0)), (0.0, 1.0));
        for x in [1e-12, 0.2, 0.5, 0.999] {
            near(map(a, b, x), 1.0 - (1.0 - f64::powf(x, a)).powf(b), 1e-12, "its distribution function");
        }
        // relative digits near 0, where the formula as it stands would lose them
        near(map(a, b, 1e-40) / (b * 1e-40f64.powf(a)), 1.0, 1e-11, "near 0");
    }
    assert!(map(2.0, 2.0, -0.1).is_nan() && map(2.0, 2.0, 1.1).is_nan());
    // slopes at the ends are finite, whatever the shapes
    let ends = Points::line([0.0, 1.0, 0.5]).unwrap();
    let gp = Gp::new(Kernel::rbf(0.5).warped(InputWarp::Kumaraswamy { a: 0.3, b: 0.4 }));
    let w = Blocks::Shared(Array2::ones((3, 3)));
    assert!(gp.contract(&ends, &w).unwrap().iter().all(|g| g.is_finite()));
    let mut slope = [0.0];
    gp.kernel().function().slope(&[0.0], &[0.4], 1.0, &mut slope);
    gp.kernel().function().slope(&[1.0], &[0.4], 1.0, &mut slope);
    assert!(slope[0].is_finite());
    // outside there is no image, and the error says where
    let outside = Points::line([0.5, 1.5]).unwrap();
    assert!(matches!(gp.cov(&outside, &outside), Err(PriorError::NotFinite { row: 0, column: 1, .. })));
}

/// A warp as a user writes it: the distance from the origin and a tilt, with nothing but `map` and its parameter.
#[derive(Debug)]
struct Polar {
    tilt: f64,
}

impl Warp for Polar {
    fn inputs(&self) -> Inputs {
        Inputs::Exactly(2)
    }
    fn outputs(&self, _: usize) -> usize {
        3
    }
    fn map(&self, x: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&[(x[0] * x[0] + x[1] * x[1]).sqrt(), x[0] + self.tilt * x[1], self.tilt.sin()]);
    }
    fn parameters(&self) -> Parameters {
        Parameters::new([Parameter::free("tilt", self.tilt, (0.0, 2.0), parameters::Coordinate::Plain)])
    }
    fn with(&self, theta: &[f64]) -> softbias_priors::prior::Result<Arc<dyn Warp>> {
        Ok(Arc::new(Polar { tilt: theta[0] }))
    }
}

#[test]
fn a_warp_of_ones_own() {
    let x = points(7, 2);
    for tilt in [0.4, 0.0] {
        let kernel = Kernel::rbf([0.9, 1.5, 0.7]).warped(Polar { tilt });
        laws::gaussian(&Gp::new(kernel.clone()), &x, Seed::new(1)).unwrap();
        let (a, b) = ([0.3, -0.7], [1.0, 0.9]);
        let mut slope = [0.25; 2];
        kernel.function().slope(&a, &b, 1.0, &mut slope);
        along(&a, |a| kernel.eval(a, &b), &slope, "a warp of one's own");
        assert!(matches!(kernel.saved(), Err(PriorError::Foreign(name)) if name == "Polar"));
    }
    // numbers of inputs travel through warps: two images an input, three inputs of its own
    let circle = |kernel: Kernel| kernel.warped(InputWarp::Periodic { period: 1.0 }).function().inputs();
    assert_eq!(circle(Kernel::rbf(1.0)), Inputs::Any);
    assert_eq!(circle(Kernel::rbf([1.0; 6])), Inputs::Exactly(3));
    assert_eq!(circle(Kernel::rbf([1.0; 5])), Inputs::Conflict(10, 5));
    assert_eq!(circle(Kernel::rbf(1.0).on([4]).unwrap()), Inputs::AtLeast(3));
    let wrong = Kernel::rbf([1.0, 1.0]).warped(Polar { tilt: 0.1 });
    assert!(Gp::new(wrong).var(&x).unwrap_err().to_string().contains("parts for 3 and for 2"));
    let three = Gp::new(Kernel::rbf(1.0).warped(Polar { tilt: 0.1 }));
    assert!(matches!(three.var(&points(3, 3)), Err(PriorError::Dimensions { expected: 2, found: 3, .. })));
}
