//! Expected losses against integrals, draws and closed forms.

#![allow(clippy::unwrap_used)]
use ndarray::{Array1, array};

use super::*;
use crate::likelihood::Link;
use softbias_priors::math::quadrature::Quadrature;
use softbias_priors::math::special::normal_pdf;

#[test]
fn expected_clipped_loss_is_the_integral() {
    let loss = Loss::ClippedSquared { scale: 0.7 };
    // split at the kinks so that Gauss–Legendre is exact enough
    let rule = Quadrature::uniform(60).unwrap();
    for (y, mean, sd) in
        [(0.0f64, 0.0f64, 1.0f64), (0.3, -0.2, 0.1), (1.0, 5.0, 2.0), (2.0, 2.0, 0.01), (0.0, 9.0, 0.5)]
    {
        let ends: [f64; 4] = [mean - 12.0 * sd, y - 0.7, y + 0.7, mean + 12.0 * sd];
        let mut integral = 0.0;
        for pair in ends.windows(2) {
            let (a, b) = (f64::max(pair[0], ends[0]), f64::min(pair[1], ends[3]));
            for piece in 0..8 {
                let (l, h) = (a + (b - a) * f64::from(piece) / 8.0, a + (b - a) * f64::from(piece + 1) / 8.0);
                if h > l {
                    let g = |t: f64| {
                        let f = l + (h - l) * (t + 1.0) / 2.0;
                        loss.of(y, f) * normal_pdf((f - mean) / sd) / sd
                    };
                    integral += (h - l) * rule.mean(g);
                }
            }
        }
        let found = loss.expected(y, mean, sd * sd).unwrap();
        assert!((found - integral).abs() < 1e-9, "{y} {mean} {sd}: {found} {integral}");
    }
}

#[test]
fn expected_zero_one_loss() {
    assert!((Loss::ZeroOne.expected(1.0, 0.0, 1.0).unwrap() - 0.5).abs() < 1e-15);
    assert!((Loss::ZeroOne.expected(-1.0, 1.96, 1.0).unwrap() - 0.975_002_104_851_78).abs() < 1e-12);
    assert_eq!(Loss::ZeroOne.expected(1.0, 2.0, 0.0).unwrap(), 0.0);
    assert_eq!(Loss::ZeroOne.expected(1.0, 0.0, 0.0).unwrap(), 1.0);
}

#[test]
fn moments_of_every_loss_against_draws() {
    let z = Seed::new(1).normal1(400_000);
    let losses = [
        Loss::ZeroOne,
        Loss::Margin { gamma: 0.4 },
        Loss::ClippedSquared { scale: 0.7 },
        Loss::ClippedSquared { scale: 0.05 },
        Loss::ClippedLog { link: Link::Probit, least: 1e-3 },
        Loss::ClippedLog { link: Link::Logit, least: 0.02 },
        Loss::Squared { scale: 2.0 },
        Loss::GaussianLog { noise: 0.9 },
        Loss::FlipLog { probability: 0.1 },
    ];
    for loss in losses {
        for (y, mean, sd) in [(1.0, 0.3, 0.8), (-1.0, 0.5, 0.2), (1.0, -2.0, 3.0)] {
            let values = z.mapv(|z| loss.of(y, mean + sd * z));
            let n = z.len() as f64;
            let moment = |power: i32| values.mapv(|v| v.powi(power)).sum() / n;
            let found = loss.moments(y, mean, sd * sd).unwrap();
            let error =
                |power: i32| 4.5 * ((moment(2 * power) - moment(power).powi(2)).max(0.0) / n).sqrt() + 1e-12;
            assert!((found.first - moment(1)).abs() < error(1), "{loss} at {mean} {sd}: {found:?}");
            assert!((found.second - moment(2)).abs() < error(2), "{loss} at {mean} {sd}: {found:?}");
            assert_eq!(found.tandem, found.first * found.first);
            // a sure value
            assert_eq!(loss.moments(y, mean, 0.0).unwrap().first, loss.of(y, mean));
        }
    }
}

#[test]
fn clipped_squares_by_recurrence_and_by_quadrature() {
    // the two routes meet where one takes over from the other
    let loss = Loss::ClippedSquared { scale: 0.5 };
    for mean in [0.0, 0.4, 1.3, 4.0] {
        let below = loss.moments(0.0, mean, (1.5 - 1e-9_f64).powi(2)).unwrap();
        let above = loss.moments(0.0, mean, (1.5 + 1e-9_f64).powi(2)).unwrap();
        assert!((below.first - above.first).abs() < 1e-8 && (below.second - above.second).abs() < 1e-8);
    }
    // a very wide Gaussian is flat on the window: E min(u²/s², 1) = 1 − 2s φ(0)/sd (1 − 1/3)
    let wide = loss.moments(0.0, 0.0, 1e12).unwrap();
    assert!((1.0 - wide.first - 2.0 / 3.0 * normal_pdf(0.0) * 1e-6).abs() < 1e-15);
}

#[test]
fn the_probability_of_the_wrong_class() {
    let (mean, variance): (Array1<f64>, Array1<f64>) =
        (array![0.3, -0.1, 0.6, 0.0], array![0.5, 2.0, 1e-6, 0.0]);
    let draws = 400_000;
    let z = Seed::new(2).normal2(draws, 4);
    let f = &z * &variance.mapv(f64::sqrt) + &mean;
    for class in 0..4 {
        let y = array![class as f64];
        let wrong = f.rows().into_iter().filter(|f| Loss::Misclassified.of_row(y.view(), *f) > 0.5).count();
        let (found, p) = (
            Loss::Misclassified.moments_of_row(y.view(), mean.view(), variance.view()).unwrap().first,
            wrong as f64 / draws as f64,
        );
        assert!(
            (found - p).abs() < 4.5 * (p * (1.0 - p) / draws as f64).sqrt() + 1e-9,
            "{class}: {found} {p}"
        );
    }
    // two equal classes: a coin; ten of them: nine in ten
    for classes in [2usize, 10] {
        let (mean, variance) = (Array1::zeros(classes), Array1::ones(classes));
        let found = Loss::Misclassified.moments_of_row(array![0.0].view(), mean.view(), variance.view());
        assert!((found.unwrap().first - 1.0 + 1.0 / classes as f64).abs() < 1e-13);
    }
}
