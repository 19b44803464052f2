//! Built-in priors: the laws every one keeps, the laws that broken ones do not, closed forms, and windows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "priors/broken.rs"]
mod broken;
#[path = "priors/kernels.rs"]
mod kernels;
#[path = "priors/window.rs"]
mod window;

use std::sync::Arc;

use ndarray::Array2;
use softbias_priors::*;

/// Points on a line inside [−1, 1], with the ends and two that coincide.
fn line() -> Points {
    Points::line([-1.0, -0.4, 0.1, 0.1, 0.77, 1.0]).unwrap()
}

/// Points in a square, two of them the same.
fn square() -> Points {
    let x = [[-1.0, 1.0], [0.2, -0.3], [0.2, -0.3], [0.9, 0.5], [0.0, 0.0]];
    Points::new(Array2::from(x.to_vec())).unwrap()
}

fn soft(s: f64) -> Softness {
    Softness::new(s).unwrap()
}

fn keeps<P: GaussianPrior>(prior: &P, x: &Points, name: &str) {
    laws::gaussian(prior, x, Seed::new(11)).unwrap_or_else(|e| panic!("{name}: {e}"));
}

fn keeps_all<P: GaussianPrior + WhitePrior>(prior: &P, x: &Points, name: &str) {
    keeps(prior, x, name);
    laws::white(prior, x, Seed::new(12)).unwrap_or_else(|e| panic!("{name}: {e}"));
}

fn every_scales() -> Vec<(&'static str, Scales)> {
    vec![
        ("flat", Scales::flat()),
        ("geometric", Scales::geometric(1.6).tuned()),
        ("geometric at its bound", Scales::geometric(1.0).tuned()),
        ("geometric from 2", Scales::geometric(2.5).from_order(2).tuned()),
        ("power", Scales::power(1.5).tuned()),
        ("power from 2", Scales::power(1.5).from_order(2).tuned()),
        ("power at its upper bound", Scales::power(30.0).tuned()),
        ("power not tuned", Scales::power(2.0)),
        ("cut off", Scales::cut_off(3)),
        ("rule", Scales::rule(7, |j| if j % 2 == 0 { 1.0 } else { 0.25 })),
        ("nothing at all", Scales::rule(7, |_| 0.0)),
    ]
}

#[test]
fn polynomials_in_every_basis_with_every_scale() {
    for basis in [Basis::Legendre, Basis::Chebyshev, Basis::Hermite, Basis::Monomial] {
        for (name, scales) in every_scales() {
            let prior = Polynomial::orders(0..=7).basis(basis).scales(scales);
            keeps_all(&prior, &line(), &format!("{basis:?} {name}"));
        }
    }
    keeps_all(&Polynomial::orders(4..=20), &line(), "a rest");
    keeps_all(&Polynomial::orders(0..=0), &line(), "a constant");
    keeps_all(&Polynomial::orders(0..=400).scales(Scales::power(2.0).tuned()), &line(), "a high order");
}

#[test]
fn polynomials_of_several_inputs_and_outputs_and_with_means() {
    let in_square = |orders| Polynomial::orders(orders).window(Window::unit(2));
    keeps_all(&in_square(0..=4).scales(Scales::geometric(2.0).tuned()), &square(), "total degree");
    keeps_all(&in_square(2..=4).scales(Scales::power(1.0).from_order(2).tuned()), &square(), "a rest");
    keeps_all(&in_square(0..=3).tensor().scales(Scales::power(1.0).tuned()), &square(), "tensor");
    keeps_all(&in_square(2..=3).tensor().with_outputs(3), &square(), "tensor, outputs");
    let wide = Points::line([3.0, 7.0, 7.0, 9.5]).unwrap();
    let prior = Polynomial::orders(0..=4).window(Window::new(3.0, 10.0).unwrap()).with_outputs(2);
    keeps_all(&prior, &wide, "several outputs");
    let mean = Polynomial::orders(0..=2).with_mean([1.0, -2.0, 0.5]);
    assert!(!mean.centred());
    keeps_all(&mean, &line(), "with a mean");
    keeps_all(&mean.clone().with_outputs(2), &line(), "with a mean, outputs");
    // the mean is Σ mⱼ bⱼ, in units of the basis and not of the scales
    let half = mean.scales(Scales::geometric(9.0)).basis(Basis::Monomial);
    let found = half.mean(&Points::line([2.0 / 3.0]).unwrap()).unwrap()[[0, 0]];
    assert!((found - (1.0 - 4.0 / 3.0 + 2.0 / 9.0)).abs() < 1e-15);
}

#[test]
fn random_features() {
    let seed = Seed::new(3);
    keeps_all(&Features::fourier(30, 1, 0.5, seed).unwrap().tuned(), &line(), "fourier");
    keeps_all(&Features::fourier(30, 1, 1e6, seed).unwrap().tuned(), &line(), "fourier at its upper bound");
    keeps_all(&Features::fourier(9, 2, 0.8, seed).unwrap().tuned().with_outputs(2), &square(), "fourier 2");
    keeps_all(&Features::relu(40, 1, seed).unwrap(), &line(), "relu");
    keeps_all(&Features::relu(40, 2, seed).unwrap().with_outputs(2), &square(), "relu 2");
    keeps_all(&Features::linear(1, 1, seed).unwrap(), &line(), "linear");
    keeps_all(&Features::linear(5, 2, seed).unwrap().with_outputs(3), &square(), "linear 2");
}

#[test]
fn families_averaged_over_actions() {
    let seed = Seed::new(3);
    let turn = |sign: f64| group::Action::new(vec![0], vec![sign], vec![0.0]).unwrap();
    let shift = |by: f64| group::Action::new(vec![0], vec![1.0], vec![by]).unwrap();
    let features = Features::fourier(20, 1, 0.5, seed).unwrap();
    let smooth = Averaged::over(features.clone(), &[shift(-0.1), shift(0.0), shift(0.1)]).unwrap();
    keeps_all(&smooth, &line(), "averaged over shifts");
    keeps_all(&smooth.clone().relaxed(soft(0.3), features.clone()), &line(), "and relaxed");
    let outputs = Averaged::over(features.clone().with_outputs(2), &[shift(0.3)]).unwrap();
    keeps_all(&outputs, &line(), "with outputs");
    // averaged over a reflection, draws are even; an odd polynomial vanishes
    let even = Averaged::over(features, &[turn(1.0), turn(-1.0)]).unwrap();
    let x = Points::line([0.3, -0.3, 0.8, -0.8]).unwrap();
    let draws = even.draws(4, &x, seed).unwrap();
    for draw in draws.outer_iter() {
        assert!((draw[[0, 0]] - draw[[1, 0]]).abs() < 1e-12 && (draw[[2, 0]] - draw[[3, 0]]).abs() < 1e-12);
    }
    let odd = Averaged::over(Polynomial::orders(1..=1), &[turn(1.0), turn(-1.0)]).unwrap();
    assert!(odd.var(&x).unwrap().iter().all(|v| v.abs() < 1e-30));
    // an average of averages: covariance over both sides
    let plain = Features::fourier(20, 1, 0.5, seed).unwrap();
    let moved = |by: f64| Points::line([0.3 + by, -0.2 + by]).unwrap();
    let mut expected = Array2::<f64>::zeros((2, 2));
    for a in [-0.1, 0.0, 0.1] {
        for b in [-0.1, 0.0, 0.1] {
            expected += &(&plain.cov(&moved(a), &moved(b)).unwrap().of_output(0) / 9.0);
        }
    }
    let found = smooth.cov(&moved(0.0), &moved(0.0)).unwrap();
    assert!((&found.of_output(0) - &expected).iter().all(|d| d.abs() < 1e-13));
    assert!(matches!(Averaged::over(plain.clone(), &[]), Err(PriorError::Empty(_))));
    let wide = group::Action::identity(2);
    assert!(matches!(Averaged::over(plain, &[shift(0.0), wide]), Err(PriorError::Dimensions { .. })));
    // images move around their edges
    let down = group::Action::image_shift(2, 3, 1, -1).unwrap();
    let mut moved = [0.0; 6];
    down.apply(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut moved);
    assert_eq!(moved, [5.0, 6.0, 4.0, 2.0, 3.0, 1.0]);
}

#[test]
fn pathways_hard_and_soft_and_nested() {
    let core = || Polynomial::orders(0..=2).scales(Scales::geometric(1.5).tuned());
    let far = || Polynomial::orders(3..=12).scales(Scales::power(1.0).from_order(3).tuned());
    let fourier = || Features::fourier(12, 1, 0.4, Seed::new(1)).unwrap().tuned();
    for s in [0.0, 1e-3, 0.7, 30.0] {
        keeps_all(&core().relaxed(soft(s), far()), &line(), &format!("softness {s}"));
        keeps_all(&core().relaxed(soft(s), fourier()), &line(), &format!("with features, softness {s}"));
        keeps_all(&core().relaxed(soft(s), far()).fixed(), &line(), &format!("fixed, softness {s}"));
        let nested = core().relaxed(soft(s), far().relaxed(soft(0.3), fourier()));
        keeps_all(&nested, &line(), &format!("nested, softness {s}"));
        let inside = core().relaxed(soft(0.3), far().relaxed(soft(s), fourier()));
        keeps_all(&inside, &line(), &format!("nested, inner softness {s}"));
    }
    let names: Vec<String> = core()
        .relaxed(soft(1.0), far().relaxed(soft(0.3), fourier()))
        .parameters()
        .into_iter()
        .map(|p| p.name)
        .collect();
    assert_eq!(names, ["core.gamma", "rest.core.power", "rest.rest.length", "rest.softness2", "softness2"]);
    // a rest with a mean: its softness is never tuned
    let with_mean = core().relaxed(soft(0.5), Polynomial::orders(3..=4).with_mean([1.0, 2.0]));
    keeps_all(&with_mean, &line(), "a rest with a mean");
    assert!(with_mean.parameters().iter().any(|p| p.name == "softness2" && p.fixed));
    let two = Polynomial::orders(0..=2).with_outputs(2).relaxed(soft(0.4), far().with_outputs(2));
    keeps_all(&two, &line(), "several outputs");
}

#[test]
fn scaled_charged_and_stacked() {
    let core = || Polynomial::orders(0..=2).scales(Scales::geometric(1.5).tuned());
    let debt = || Ledger::saw("tuned", Saw::Labels, Some(&[Row(1)]));
    keeps_all(&core().scaled(2.5), &line(), "scaled");
    keeps(&core().scaled(1e9), &line(), "scaled to the upper bound");
    keeps(
        &Features::fourier(9, 1, 0.6, Seed::new(2)).unwrap().tuned().scaled(0.5),
        &line(),
        "scaled features",
    );
    keeps_all(&core().with_mean([1.0, 2.0, 3.0]).scaled(0.3), &line(), "scaled with a mean");
    keeps_all(
        &core().scaled(2.0).relaxed(soft(0.0), core().scaled(3.0)).scaled(0.7),
        &line(),
        "scaled thrice",
    );
    let charged = core().scaled(2.0).charged(debt());
    keeps_all(&charged, &line(), "charged");
    assert_eq!(charged.ledger().looked_at_count(&[Row(1), Row(2)]), 1);
    let parts = || -> Vec<Arc<dyn GaussianPrior>> {
        vec![
            Arc::new(core().charged(debt())),
            Arc::new(Features::relu(7, 1, Seed::new(4)).unwrap().scaled(0.5)),
        ]
    };
    let stack = Stack::new(parts()).unwrap();
    keeps(&stack, &line(), "stack");
    keeps(&stack.clone().scaled(3.0), &line(), "scaled stack");
    keeps(&stack.clone().relaxed(soft(0.0), Stack::new(parts()).unwrap()), &line(), "stack on stack");
    assert!(stack.parameters().position("0.gamma").is_ok() && stack.parameters().position("1.scale").is_ok());
    assert!(!stack.ledger().is_empty());
    // shared blocks on one side, one block an output on the other
    keeps(&core().with_outputs(2).relaxed(soft(0.4), stack.clone()), &line(), "copies, then a stack");
    keeps(&stack.relaxed(soft(0.4), core().with_outputs(2)), &line(), "a stack, then copies");
    // through a pointer
    let shared: Arc<dyn GaussianPrior> = Arc::new(core().scaled(2.0));
    keeps(&shared, &line(), "shared");
}

#[test]
fn one_point_and_many_points() {
    let prior = Polynomial::orders(0..=3).relaxed(soft(0.3), Polynomial::orders(4..=30)).scaled(2.0);
    keeps(&prior, &Points::line([0.3]).unwrap(), "one point");
    keeps(&prior, &Points::line([0.3, 0.3, 0.3]).unwrap(), "one point, three times");
    laws::prior(&prior, &Points::linspace(-1.0, 1.0, 700).unwrap(), Seed::new(5)).unwrap();
    let features = Features::fourier(300, 1, 0.1, Seed::new(6)).unwrap();
    laws::prior(&features, &Points::linspace(-1.0, 1.0, 700).unwrap(), Seed::new(5)).unwrap();
}

#[test]
fn biases_are_hard_at_softness_zero() {
    let core = || Polynomial::orders(0..=2);
    let fading = |s| core().relaxed(s, Polynomial::orders(3..=15));
    laws::bias(&fading, &core(), &line()).unwrap();
    let nested =
        |s| core().relaxed(s, Polynomial::orders(3..=5).relaxed(soft(0.2), Polynomial::orders(6..=9)));
    laws::bias(&nested, &core(), &line()).unwrap();
    let smooth = |s| core().relaxed(s, Features::fourier(20, 1, 0.2, Seed::new(1)).unwrap()).scaled(2.0);
    laws::bias(&smooth, &core().scaled(2.0), &line()).unwrap();
    let two = |s| core().with_outputs(2).relaxed(s, Polynomial::orders(3..=15).with_outputs(2));
    laws::bias(&two, &core().with_outputs(2), &line()).unwrap();
    assert!(fading.hard().softness().is_hard());
}
