//! Input windows: rescaling, edges, what is outside, and what a learned window owes.

use ndarray::{Array2, array};
use softbias_priors::*;

fn line_basis(window: Window) -> Polynomial {
    Polynomial::orders(1..=1).basis(Basis::Monomial).window(window)
}

fn t(prior: &Polynomial, x: f64) -> Result<f64, PriorError> {
    Ok(Weights::basis(prior, &Points::line([x])?)?[[0, 0]])
}

#[test]
fn a_window_becomes_the_unit_interval() {
    let prior = line_basis(Window::new(10.0, 14.0).unwrap());
    for (x, expected) in [(10.0, -1.0), (11.0, -0.5), (12.0, 0.0), (14.0, 1.0)] {
        assert_eq!(t(&prior, x).unwrap(), expected);
    }
    let boxed = Window::boxed([(0.0, 1.0), (-5.0, 5.0)]).unwrap();
    assert_eq!(boxed.inputs(), 2);
    let prior = Polynomial::orders(1..=1).basis(Basis::Monomial).window(boxed);
    let basis = Weights::basis(&prior, &Points::new(array![[0.25, 5.0]]).unwrap()).unwrap();
    assert_eq!(basis, array![[-0.5, 1.0]]);
    // far from 0 and wide: no overflow, the ends are the ends
    for (low, high) in [(1e15, 1e15 + 2.0), (-8e307, 8e307), (1e-300, 3e-300), (1949.0, 1960.91667)] {
        let prior = line_basis(Window::new(low, high).unwrap());
        for (x, expected) in [(low, -1.0), (high, 1.0)] {
            let found = t(&prior, x).unwrap();
            assert!((found - expected).abs() < 1e-12 && found.abs() <= 1.0, "[{low}, {high}]: {found}");
        }
    }
}

#[test]
fn rounding_at_an_edge_is_inside_and_more_is_outside() {
    let prior = line_basis(Window::new(0.1, 0.7).unwrap());
    for x in [0.1f64.next_down(), 0.7f64.next_up(), 0.7 + 1e-10] {
        assert_eq!(t(&prior, x).unwrap().abs(), 1.0);
    }
    assert!(matches!(t(&prior, 0.7 + 1e-8), Err(PriorError::OutsideWindow { .. })));
}

#[test]
fn a_point_outside_is_named() {
    let window = Window::boxed([(0.0, 1.0), (-5.0, 5.0)]).unwrap();
    let prior = Polynomial::orders(0..=3).window(window);
    let x = Points::new(array![[0.5, 0.0], [1.0, 5.0], [0.5, -5.5]]).unwrap();
    let error = prior.var(&x).unwrap_err();
    let expected = PriorError::OutsideWindow { row: 2, input: 1, value: -5.5, low: -5.0, high: 5.0 };
    assert_eq!(error, expected);
    let text = error.to_string();
    for part in ["point 2", "coordinate 1 = -5.5", "[-5, 5]", "beyond_window()"] {
        assert!(text.contains(part), "{text}");
    }
    for result in [
        prior.cov(&x, &x).map(drop),
        prior.draws(1, &x, Seed::new(1)).map(drop),
        prior.clone().scaled(2.0).var(&x).map(drop),
        prior.clone().relaxed(Softness::HARD, prior.clone()).var(&x).map(drop),
    ] {
        assert_eq!(result.unwrap_err(), expected);
    }
    // allowed on request, and then a plain polynomial
    assert!(prior.beyond_window().var(&x).unwrap().iter().all(|v| v.is_finite()));
    let beyond = line_basis(Window::unit(1)).beyond_window();
    assert_eq!(t(&beyond, -7.5).unwrap(), -7.5);
}

#[test]
fn a_window_that_is_none_is_refused() {
    for (low, high) in
        [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::NAN), (0.0, f64::INFINITY), (-1e308, 1.7e308)]
    {
        let error = Window::new(low, high).unwrap_err();
        assert!(matches!(error, PriorError::Window { input: 0, .. }), "{error:?}");
    }
    assert!(matches!(Window::boxed([(0.0, 1.0), (3.0, 2.0)]), Err(PriorError::Window { input: 1, .. })));
    assert!(matches!(Window::boxed([]), Err(PriorError::Empty(_))));
    let none = Polynomial::orders(0..=2).window(Window::unit(0));
    assert!(matches!(none.var(&Points::line([0.0]).unwrap()), Err(PriorError::Empty(_))));
}

#[test]
fn a_learned_window_is_in_the_ledger() {
    let x = Points::new(array![[0.0, 3.0], [2.0, 3.0], [-4.0, 3.0]]).unwrap();
    let known = x.clone().identified([Row(7), Row(9), Row(8)]).unwrap();
    let window = Window::around(&known).unwrap();
    let prior = Polynomial::orders(0..=1).basis(Basis::Monomial).window(window);
    assert!(prior.var(&x).is_ok());
    assert_eq!(Weights::basis(&prior, &x).unwrap().row(1).to_vec(), [1.0, 1.0, 0.0]);
    let owed = prior.clone().relaxed(Softness::HARD, Polynomial::orders(2..=3)).scaled(2.0).ledger();
    for ledger in [prior.ledger(), owed] {
        assert_eq!(ledger.looked_at_count(&[Row(6), Row(7), Row(8), Row(9), Row(10)]), 3);
        let (what, count, saw) = ledger.looked_at(&[Row(9), Row(10)]).unwrap();
        assert_eq!((what.as_str(), count, saw), ("input window", 1, Saw::Inputs));
        assert!(ledger.looked_at(&[Row(1), Row(2)]).is_none());
    }
    // points without identity: every row may be among them
    let unknown = Window::around(&x).unwrap();
    assert_eq!(unknown.ledger().looked_at_count(&[Row(1), Row(2)]), 2);
    assert_eq!(unknown.ledger().looked_at(&[Row(1), Row(2)]).unwrap().1, 2);
    // a declared window owes nothing
    assert!(Window::new(0.0, 1.0).unwrap().ledger().is_empty());
    let none = Points::new(Array2::zeros((0, 2))).unwrap();
    assert!(matches!(Window::around(&none), Err(PriorError::Empty(_))));
    let huge = Points::line([-1e308, 1.7e308]).unwrap();
    assert!(matches!(Window::around(&huge), Err(PriorError::Window { .. })));
    let one_far = Points::line([1e300]).unwrap();
    assert!(matches!(Window::around(&one_far), Err(PriorError::Window { .. })));
}
