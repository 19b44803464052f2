//! Bad input to priors: a typed error or the right answer, never a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use ndarray::{Array2, array};
use softbias_priors::*;

fn line(x: f64) -> Points {
    Points::line([x]).unwrap()
}

/// The errors of every question that evaluates the prior.
fn errors<P: GaussianPrior>(prior: &P, x: &Points) -> Vec<PriorError> {
    vec![
        prior.var(x).unwrap_err(),
        prior.cov(x, x).unwrap_err(),
        prior.draws(2, x, Seed::new(1)).unwrap_err(),
    ]
}

fn orders(lo: usize, hi: usize) -> Polynomial {
    Polynomial::orders(lo..=hi)
}

#[test]
fn points_are_finite_and_have_coordinates() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        match Points::new(array![[0.0, 1.0], [2.0, value]]).unwrap_err() {
            PriorError::NotFinite { what: "input", row: 1, column: 1, value: found } => {
                assert_eq!(found.to_bits(), value.to_bits());
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(Points::line([0.0, value]), Err(PriorError::NotFinite { row: 1, .. })));
    }
    assert!(matches!(Points::linspace(0.0, f64::NAN, 3), Err(PriorError::NotFinite { .. })));
    assert!(matches!(Points::new(Array2::zeros((3, 0))), Err(PriorError::Dimensions { .. })));
    assert!(matches!(Points::new(Array2::zeros((0, 0))), Err(PriorError::Dimensions { .. })));
    let three = Points::linspace(0.0, 1.0, 3).unwrap();
    assert!(matches!(three.clone().identified([Row(1)]), Err(PriorError::Dimensions { .. })));
    assert!(matches!(three.range(2..4), Err(PriorError::Dimensions { .. })));
    #[allow(clippy::reversed_empty_ranges)]
    let reversed = three.range(2..1);
    assert!(matches!(reversed, Err(PriorError::Dimensions { .. })));
    assert!(matches!(three.coordinate(1), Err(PriorError::Dimensions { .. })));
    assert_eq!(three.range(3..3).unwrap().len(), 0);
}

#[test]
fn wrong_dimensions_are_named() {
    let two = Points::new(array![[0.0, 0.0]]).unwrap();
    let features = Features::fourier(3, 1, 1.0, Seed::new(1)).unwrap();
    let expected = PriorError::Dimensions { what: "coordinates of a point", expected: 1, found: 2 };
    for found in
        [errors(&orders(0, 2), &two), errors(&features, &two), errors(&orders(0, 2).scaled(2.0), &two)]
    {
        assert!(found.iter().all(|error| *error == expected), "{found:?}");
    }
    assert!(orders(0, 2).with_mean([0.0; 3]).mean(&two).is_err());
    // one point fits, the other does not
    assert!(orders(0, 2).cov(&line(0.0), &two).is_err());
    let eps = ndarray::Array1::zeros(4);
    assert!(matches!(orders(0, 2).forward(eps.view(), &line(0.0)), Err(PriorError::Dimensions { .. })));
    let path = orders(0, 1).relaxed(Softness::HARD, orders(2, 2));
    assert!(matches!(path.forward(eps.view(), &line(0.0)), Err(PriorError::Dimensions { .. })));
    // W of the wrong shape
    let w = Blocks::Shared(Array2::zeros((2, 2)));
    assert!(matches!(path.contract(&line(0.0), &w), Err(PriorError::Dimensions { .. })));
    assert!(Blocks::Shared(Array2::zeros((2, 2))).inner(&Blocks::Shared(Array2::zeros((3, 3)))).is_err());
    assert!(Blocks::Shared(Array2::zeros((2, 2))).plus(1.0, &Blocks::Shared(Array2::zeros((3, 3)))).is_err());
    let per = |n| Blocks::PerOutput(vec![Array2::zeros((2, 2)); n]);
    assert!(per(2).plus(1.0, &per(3)).is_err() && per(2).inner(&per(3)).is_err());
}

#[test]
fn outputs_that_do_not_fit() {
    let path = orders(0, 2).with_outputs(2).relaxed(Softness::HARD, orders(3, 4).with_outputs(3));
    let expected = PriorError::Dimensions { what: "outputs of the rest", expected: 2, found: 3 };
    assert!(errors(&path, &line(0.0)).iter().all(|error| *error == expected));
    assert!(
        errors(&orders(0, 2).with_outputs(0), &line(0.0)).iter().all(|e| matches!(e, PriorError::Empty(_)))
    );
    assert!(matches!(Stack::new(vec![]), Err(PriorError::Empty(_))));
    let two: Arc<dyn GaussianPrior> = Arc::new(orders(0, 2).with_outputs(2));
    assert!(matches!(Stack::new(vec![two]), Err(PriorError::Dimensions { found: 2, .. })));
}

#[test]
fn an_empty_range_of_orders() {
    for prior in [orders(5, 3), orders(1, 0), orders(usize::MAX, 0)] {
        assert_eq!(prior.clone().checked().unwrap_err(), PriorError::Empty("orders of a polynomial"));
        assert!(errors(&prior, &line(0.0)).iter().all(|error| matches!(error, PriorError::Empty(_))));
        let soft = orders(0, 2).relaxed(Softness::HARD, prior);
        assert!(errors(&soft, &line(0.0)).iter().all(|error| matches!(error, PriorError::Empty(_))));
    }
}

#[test]
fn high_orders_are_valid() {
    for order in [10_000, 20_000] {
        let x = Points::line([-1.0, -0.3, 0.0, 0.99, 1.0]).unwrap();
        for basis in [Basis::Legendre, Basis::Chebyshev, Basis::Monomial] {
            let prior = orders(0, order).basis(basis).scales(Scales::power(1.5));
            assert!(prior.draws(2, &x, Seed::new(1)).unwrap().iter().all(|v| v.is_finite()));
            assert!(prior.var(&x).unwrap().iter().all(|v| *v > 0.0 && v.is_finite()));
        }
    }
}

#[test]
fn too_many_terms() {
    let inputs = |lo, hi, d| orders(lo, hi).window(Window::unit(d));
    for prior in [
        inputs(0, 100, 10),
        inputs(0, 100, 10).tensor(),
        inputs(0, 20, 60).tensor(),
        inputs(10, 20, 60).tensor(),
        inputs(0, 2000, 1000),
        inputs(1000, 2000, 1000),
        inputs(30, 31, 200_000),
        inputs(0, 10_000_000, 1),
        inputs(0, usize::MAX, 1),
        inputs(usize::MAX, usize::MAX, 3).tensor(),
    ] {
        let error = prior.clone().checked().unwrap_err();
        let typed = matches!(error, PriorError::Terms { .. })
            || matches!(error, PriorError::Dimensions { what: "highest order, at most", .. });
        assert!(typed, "{error:?}");
        assert_eq!(Weights::dim(&prior), 0);
        assert_eq!(Weights::scales(&prior).len(), 0);
    }
    match inputs(0, 100, 10).checked() {
        Err(PriorError::Terms { count, limit, inputs, order }) => {
            assert_eq!((inputs, order), (10, 100));
            assert!(count == 46_897_636_623_981 && limit < count);
        }
        other => panic!("{other:?}"),
    }
    // few terms of a high order are no many terms
    assert_eq!(inputs(200_000, 200_000, 2).checked().unwrap().dim_of_terms(), 200_001);
    let x = Points::new(array![[0.5, -0.5]]).unwrap();
    assert_eq!(Weights::basis(&inputs(3000, 3000, 2), &x).unwrap().dim(), (1, 3001));
    assert_eq!(Weights::basis(&inputs(3000, 3000, 2).tensor(), &x).unwrap().dim(), (1, 6001));
}

trait Terms {
    fn dim_of_terms(&self) -> usize;
}

impl Terms for Polynomial {
    fn dim_of_terms(&self) -> usize {
        assert_eq!(Weights::scales(self).len(), Weights::dim(self));
        Weights::dim(self)
    }
}

#[test]
fn softness_and_ladders() {
    for bad in [-1.0, -f64::MIN_POSITIVE, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(matches!(Softness::new(bad), Err(PriorError::Softness(_))), "{bad}");
    }
    assert!(Softness::new(-0.0).unwrap().is_hard());
    for (low, high, rungs) in [
        (0.0, 1.0, 5),
        (-1.0, 1.0, 5),
        (1.0, 1.0, 5),
        (2.0, 1.0, 5),
        (f64::NAN, 1.0, 5),
        (0.1, f64::NAN, 5),
        (0.1, f64::INFINITY, 5),
        (0.1, 1.0, 0),
        (0.1, 1.0, 1),
    ] {
        assert!(matches!(Softness::ladder(low, high, rungs), Err(PriorError::Ladder { .. })));
    }
    let ladder = Softness::ladder(1e-3, 10.0, 5).unwrap();
    assert_eq!((ladder.len(), ladder[0], ladder[1].get(), ladder[5].get()), (6, Softness::HARD, 1e-3, 10.0));
    assert!(ladder.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn scales_that_are_none() {
    for value in [-1.0, f64::NAN, f64::INFINITY] {
        let prior = orders(0, 3).scales(Scales::rule(3, |j| if j == 2 { value } else { 1.0 }));
        let is = |e: &PriorError| matches!(e, PriorError::Scale { order: 2, value: v } if v.to_bits() == value.to_bits());
        assert!(errors(&prior, &line(0.0)).iter().all(is));
    }
    let short = orders(0, 3).scales(Scales::rule(2, |_| 1.0));
    assert_eq!(
        short.checked().unwrap_err(),
        PriorError::Dimensions { what: "scales by order", expected: 4, found: 3 }
    );
    // an overflow: γ^(5000/2) at order 0
    let overflow = orders(0, 3).scales(Scales::geometric(9.0).from_order(5000));
    assert!(matches!(overflow.checked(), Err(PriorError::Scale { order: 0, .. })));
    for scales in [
        Scales::geometric(0.5),
        Scales::geometric(f64::NAN),
        Scales::geometric(f64::INFINITY),
        Scales::power(-1.0),
        Scales::power(f64::NAN),
        Scales::power(0.0),
    ] {
        assert!(matches!(orders(0, 3).scales(scales).checked(), Err(PriorError::Parameter { .. })));
    }
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e200] {
        let is = |e: &PriorError| matches!(e, PriorError::Parameter { name, .. } if name == "scale");
        assert!(errors(&orders(0, 3).scaled(scale), &line(0.0)).iter().all(is), "{scale}");
        assert!(is(&orders(0, 3).scaled(scale).mean(&line(0.0)).unwrap_err()));
    }
    // all scales zero: a function that is 0, no error
    let nothing = orders(0, 3).scales(Scales::rule(3, |_| 0.0));
    assert_eq!(nothing.var(&line(0.3)).unwrap()[[0, 0]], 0.0);
    assert!(matches!(
        orders(0, 2).with_mean([1.0]).checked(),
        Err(PriorError::Dimensions { what: "means of the coefficients", expected: 3, found: 1 })
    ));
}

#[test]
fn means_that_are_not_finite() {
    for value in [f64::NAN, f64::INFINITY] {
        let prior = orders(0, 1).with_mean([0.0, value]);
        assert!(matches!(prior.mean(&line(0.5)), Err(PriorError::NotFinite { column: 1, .. })));
    }
}

#[test]
fn parameters_out_of_bounds() {
    let prior = orders(0, 2)
        .scales(Scales::geometric(2.0).tuned())
        .relaxed(Softness::HARD, Features::fourier(3, 1, 0.5, Seed::new(1)).unwrap().tuned())
        .scaled(2.0);
    let theta = prior.parameters().values();
    assert_eq!(theta, [2.0, 0.5, 0.0, 2.0]);
    let names = ["core.gamma", "rest.length", "softness2", "scale"];
    for (k, name) in names.into_iter().enumerate() {
        assert_eq!(prior.parameters().position(name).unwrap(), k);
        for bad in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            let mut theta = theta.clone();
            theta[k] = bad;
            match prior.with(&theta).unwrap_err() {
                PriorError::Parameter { name: found, value, .. } => {
                    assert_eq!((found.as_str(), value.to_bits()), (name, bad.to_bits()));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    for theta in [&[][..], &theta[..3], &[theta.clone(), theta.clone()].concat()] {
        let expected = PriorError::Dimensions { what: "parameters", expected: 4, found: theta.len() };
        assert_eq!(prior.with(theta).unwrap_err(), expected);
    }
    match prior.parameters().position("lenght").unwrap_err() {
        PriorError::UnknownParameter { name, known } => {
            assert_eq!((name.as_str(), known), ("lenght", names.join(", ")));
        }
        other => panic!("{other:?}"),
    }
    assert!(prior.parameters().with_fixed("no such", true).is_err());
}

#[test]
fn features_that_are_none() {
    let seed = Seed::new(1);
    assert!(matches!(Features::fourier(0, 1, 1.0, seed), Err(PriorError::Empty("random features"))));
    assert!(matches!(Features::relu(3, 0, seed), Err(PriorError::Empty("inputs"))));
    assert!(matches!(Features::linear(0, 0, seed), Err(PriorError::Empty(_))));
    for length in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300] {
        let error = Features::fourier(3, 1, length, seed).unwrap_err();
        assert!(matches!(error, PriorError::Parameter { .. }), "{error:?}");
    }
    assert!(matches!(Features::relu(usize::MAX, 3, seed), Err(PriorError::TooLarge(_))));
    assert!(matches!(Features::fourier(1 << 40, 1, 1.0, seed), Err(PriorError::TooLarge(_))));
    let none = Features::relu(3, 1, seed).unwrap().with_outputs(0);
    assert!(matches!(none.checked(), Err(PriorError::Empty("outputs"))));
}

#[test]
fn no_points_give_empty_answers() {
    let none = Points::line([]).unwrap();
    let soft = orders(0, 2).relaxed(Softness::HARD, Features::relu(3, 1, Seed::new(1)).unwrap()).scaled(2.0);
    let one = line(0.4);
    assert_eq!(soft.mean(&none).unwrap().dim(), (0, 1));
    assert_eq!(soft.var(&none).unwrap().dim(), (0, 1));
    assert_eq!(soft.cov(&none, &none).unwrap().of_output(0).dim(), (0, 0));
    assert_eq!(soft.cov(&one, &none).unwrap().of_output(0).dim(), (1, 0));
    assert_eq!(soft.draws(3, &none, Seed::new(1)).unwrap().dim(), (3, 0, 1));
    assert_eq!(soft.draws(0, &one, Seed::new(1)).unwrap().dim(), (0, 1, 1));
    assert_eq!(prior::gaussian_draws(&soft, 3, &none, Seed::new(1)).unwrap().dim(), (3, 0, 1));
    laws::gaussian(&soft, &none, Seed::new(1)).unwrap();
}

#[test]
fn far_beyond_the_window_overflows_without_a_panic() {
    let prior = orders(0, 300).beyond_window();
    let x = Points::line([1e9, 1e10]).unwrap();
    let var = prior.var(&x).unwrap();
    assert!(var.iter().all(|v| !v.is_finite()));
    assert!(prior::gaussian_draws(&prior, 1, &x, Seed::new(1)).is_err());
    assert!(laws::gaussian(&prior, &x, Seed::new(1)).is_err());
}

#[test]
fn large_results_are_announced() {
    let x = Points::linspace(-1.0, 1.0, 1000).unwrap();
    let prior = orders(0, 2).scaled(2.0);
    let huge = 1usize << 50;
    let stack = Stack::new(vec![Arc::new(orders(0, 2))]).unwrap();
    for error in [
        prior.draws(huge, &x, Seed::new(1)).unwrap_err(),
        stack.draws(huge, &x, Seed::new(1)).unwrap_err(),
        prior::gaussian_draws(&prior, huge, &x, Seed::new(1)).unwrap_err(),
        orders(0, 4_000_000).var(&x).unwrap_err(),
    ] {
        match error {
            PriorError::TooLarge(e) => assert_eq!(e.bytes, 8 * e.rows as u128 * e.columns as u128),
            other => panic!("{other:?}"),
        }
    }
    // a mean is summed a block of rows at a time, and errors name the row among all
    let many = Points::linspace(-1.0, 1.0, 5000).unwrap();
    let slope = orders(0, 1).basis(Basis::Monomial).with_mean([0.5, 2.0]);
    let expected = many.view().mapv(|x| 0.5 + 2.0 * x);
    assert_eq!(slope.mean(&many).unwrap(), expected);
    let error = slope.mean(&Points::linspace(0.0, 1.000_001, 5000).unwrap()).unwrap_err();
    assert!(matches!(error, PriorError::OutsideWindow { row: 4999, .. }), "{error}");
}
