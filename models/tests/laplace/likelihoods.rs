//! Derivatives by differences, densities that sum to 1, labels out of support.

use softbias_models::*;

use crate::support::{close, labelled};

fn derivatives_agree<L: ScalarLikelihood>(likelihood: &L, y: f64, f: f64) {
    let h = 1e-4 * (1.0 + f.abs());
    let slope = |of: &dyn Fn(f64) -> f64| {
        (8.0 * (of(f + h) - of(f - h)) - (of(f + 2.0 * h) - of(f - 2.0 * h))) / (12.0 * h)
    };
    let at = |f: f64| likelihood.derivatives(y, f);
    let d = at(f);
    assert_eq!(d.log, likelihood.log_density(y, f));
    // rounding of the differenced function over the step
    let tolerance = |size: f64| 1e-8 + 1e-11 * size.abs() / h;
    close(d.first, slope(&|f| at(f).log), tolerance(d.log));
    close(d.second, slope(&|f| at(f).first), tolerance(d.first));
    close(d.third, slope(&|f| at(f).second), tolerance(d.second));
    let curvature = likelihood.curvature(&d);
    assert!(curvature.value >= 0.0);
    close(curvature.slope, slope(&|f| likelihood.curvature(&at(f)).value), 1e-8);
}

#[test]
fn derivatives_by_differences() {
    for f in [-30.0, -6.0, -1.9, 0.0, 0.4, 3.0, 12.0] {
        for y in [-1.0, 1.0] {
            derivatives_agree(&Bernoulli::logit(), y, f);
            derivatives_agree(&Bernoulli::probit(), y, f);
        }
        for dof in [0.5, 4.0, 1e4] {
            derivatives_agree(&StudentT::new(dof, 0.7).unwrap(), 1.3, f);
        }
    }
    for f in [-8.0, -1.0, 0.0, 2.5] {
        for y in [0.0, 1.0, 17.0] {
            derivatives_agree(&Poisson::log_link(), y, f);
        }
    }
}

#[test]
fn slopes_of_a_student_t_by_differences() {
    for (dof, scale, y, f) in
        [(4.0, 0.7, 1.3, 0.2), (1.0, 2.0, -9.0, 0.5), (60.0, 0.1, 0.3, 0.25), (2.5, 1.0, 0.0, 0.0)]
    {
        let t = StudentT::new(dof, scale).unwrap();
        let theta = t.parameters().values();
        let found = t.parameter_slopes(y, f);
        for k in 0..2 {
            let h = 1e-3 * theta[k];
            let at = |by: f64| {
                let mut moved = theta.clone();
                moved[k] += by;
                let t = t.with(&moved).unwrap();
                let d = t.derivatives(y, f);
                [d.log, d.first, d.second, t.curvature(&d).value]
            };
            let (one, back, two, far) = (at(h), at(-h), at(2.0 * h), at(-2.0 * h));
            let slopes = [found[k].log, found[k].first, found[k].second, found[k].curvature];
            for j in 0..4 {
                let difference = (8.0 * (one[j] - back[j]) - (two[j] - far[j])) / (12.0 * h);
                close(slopes[j], difference, 1e-8);
            }
        }
    }
}

#[test]
fn far_out_everything_is_finite_and_right() {
    for y in [-1.0, 1.0] {
        for f in [-1e3, 1e3] {
            for link in [Bernoulli::logit(), Bernoulli::probit()] {
                let d = link.derivatives(y, f);
                assert!([d.log, d.first, d.second, d.third].iter().all(|v| v.is_finite()), "{d:?}");
                assert!(d.second <= 0.0);
            }
        }
    }
    close(Bernoulli::logit().log_density(1.0, -1e3), -1e3, 1e-15);
    // −x²/2 − ln(x √2π) − 1/x² + …
    close(Bernoulli::probit().log_density(-1.0, 1e3), -500_007.826_694_812_2, 1e-14);
    let t = StudentT::new(3.0, 1e-3).unwrap();
    let d = t.derivatives(1e150, -1e150);
    assert!([d.log, d.first, d.second, d.third].iter().all(|v| v.is_finite()), "{d:?}");
    let d = Poisson::log_link().derivatives(0.0, -1e3);
    assert_eq!((d.log, d.first), (0.0, 0.0));
    assert_eq!(Poisson::log_link().log_density(3.0, 1e3), f64::NEG_INFINITY);
}

#[test]
fn densities_sum_to_one() {
    for f in [-3.0, 0.2, 2.0] {
        for link in [Bernoulli::logit(), Bernoulli::probit()] {
            close(link.log_density(1.0, f).exp() + link.log_density(-1.0, f).exp(), 1.0, 1e-14);
        }
        let total: f64 = (0..200).map(|y| Poisson::log_link().log_density(f64::from(y), f).exp()).sum();
        close(total, 1.0, 1e-12);
        let p = Softmax::classes(3).unwrap().log_probabilities(&[f, 1.0, -800.0]);
        close(p.iter().map(|l| l.exp()).sum(), 1.0, 1e-14);
        // the lead of a class over the others is all that its probability knows
        let lead = f - (1f64.exp() + (-800f64).exp()).ln();
        close(Softmax::classes(3).unwrap().log_density(0.0, lead), p[0], 1e-14);
    }
    // heavy tails: substitute y = f + scale tan t
    let t = StudentT::new(2.0, 0.4).unwrap();
    let n = 20_000;
    let total: f64 = (0..n)
        .map(|k| {
            let angle = std::f64::consts::PI * ((f64::from(k) + 0.5) / f64::from(n) - 0.5);
            let weight = 0.4 / angle.cos().powi(2) * std::f64::consts::PI / f64::from(n);
            t.log_density(1.0 + 0.4 * angle.tan(), 1.0).exp() * weight
        })
        .sum();
    close(total, 1.0, 1e-7);
    // many degrees of freedom are Gaussian noise
    let t = StudentT::new(1e8, 0.3).unwrap();
    for y in [-1.0, 0.1, 0.6] {
        close(t.log_density(y, 0.2), Gaussian::noise(0.3).log_density(y, 0.2), 1e-6);
    }
}

#[test]
fn labels_out_of_support_are_named() {
    let at_two = |value: f64| labelled(4, move |i, _, _| if i == 2 { value } else { 1.0 });
    let named = |found: Result<()>, value: f64| match found {
        Err(ModelError::Support { row: 2, value: found, .. }) => assert_eq!(found, value),
        other => panic!("{other:?}"),
    };
    for value in [0.0, 2.0, -0.999] {
        named(Bernoulli::probit().check_labels(&at_two(value)), value);
    }
    for value in [-1.0, 0.5] {
        named(Poisson::log_link().check_labels(&at_two(value)), value);
        named(Softmax::classes(3).unwrap().check_labels(&at_two(value)), value);
    }
    named(Softmax::classes(3).unwrap().check_labels(&at_two(3.0)), 3.0);
    assert!(Poisson::log_link().check_labels(&at_two(1e6)).is_ok());
    assert!(matches!(Softmax::classes(1), Err(ModelError::Classes(1))));
    for (dof, scale) in
        [(0.0, 1.0), (4.0, 0.0), (4.0, -1.0), (f64::NAN, 1.0), (4.0, f64::INFINITY), (1e9, 1.0)]
    {
        assert!(matches!(StudentT::new(dof, scale), Err(ModelError::StudentT { .. })));
    }
    assert!(StudentT::new(4.0, 1.0).unwrap().with(&[4.0]).is_err());
    assert!(Bernoulli::logit().with(&[1.0]).is_err() && Bernoulli::logit().with(&[]).is_ok());
}
