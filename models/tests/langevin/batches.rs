//! Gradients of batches: their scale, their noise, control variates, the toy of Welling and Teh.

use softbias_models::langevin::diagnostics::r_hat;
use softbias_models::{Hmc, Sghmc, Sgld, Sgnht, Target};
use softbias_priors::Seed;

use crate::targets::{Rows, mean};

fn rows(dim: usize) -> Rows {
    Rows { y: (Seed::new(8).normal1(50) * 2.0 + 1.0).to_vec(), sd: 2.0, dim }
}

/// Mean and variance of the coordinates about the exact mean, with the standard error of the latter.
fn moments(samples: &softbias_models::Samples<f64>, centre: f64) -> (f64, f64, f64) {
    let dim = samples.dim() as f64;
    let first = mean(&samples.of(|e| e.iter().sum::<f64>() / dim)).0;
    let (second, error) = mean(&samples.of(|e| e.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / dim));
    (first, second, error)
}

#[test]
fn batches_are_scaled_by_n_over_b_and_their_noise_is_known() {
    let target = rows(20);
    let (precision, centre) = target.exact();
    let (step, batch) = (0.01, 5.0);
    // ∇Ũ = ∇U + e, e with the variance of a total of n from b drawn without replacement: the same for all coordinates
    let n = target.y.len() as f64;
    let average = target.y.iter().sum::<f64>() / n;
    let s2 = target.y.iter().map(|y| (y - average).powi(2)).sum::<f64>() / (n - 1.0) / target.sd.powi(4);
    let noise = n * n / batch * (1.0 - batch / n) * s2;
    let expected = |noise: f64| (1.0 + 0.25 * step * noise) / (precision * (1.0 - 0.25 * step * precision));
    let plain = Sgld::step(step).batch(5).draws(8000).thin(10).warmup(1000);
    let (first, second, error) = moments(&plain.sample(&target).unwrap(), centre);
    assert!((first - centre).abs() < 0.02, "{first} for {centre}");
    assert!((second - expected(noise)).abs() < 4.0 * error, "{second} ± {error} for {}", expected(noise));
    assert!(expected(noise) > 1.2 * expected(0.0));
    // with a centre, gradients of a Gaussian target are those of all rows
    let (_, second, error) =
        moments(&plain.clone().centred_at(vec![0.3; 20]).sample(&target).unwrap(), centre);
    assert!((second - expected(0.0)).abs() < 4.0 * error, "{second} ± {error} for {}", expected(0.0));
    // and a batch of all rows is all rows
    let all =
        |s: softbias_models::Sampler<Sgld>| s.draws(10).warmup(10).sample(&target).unwrap().coordinate(0);
    assert_eq!(all(Sgld::step(step).batch(50)), all(Sgld::step(step)));
}

#[test]
fn a_thermostat_takes_up_noise_that_friction_does_not_know() {
    let target = rows(1);
    let (precision, centre) = target.exact();
    let thermostat = Sgnht::step(0.01).diffusion(2.0).batch(5).draws(40_000).thin(5).warmup(10_000);
    let (_, second, error) = moments(&thermostat.sample(&target).unwrap(), centre);
    assert!((second * precision - 1.0).abs() < 0.12 + 4.0 * error * precision, "{}", second * precision);
    let friction = Sghmc::step(1e-3).friction(0.01).batch(5).draws(20_000).thin(5).warmup(10_000);
    let (_, second, _) = moments(&friction.sample(&target).unwrap(), centre);
    assert!(second * precision > 1.5, "{}", second * precision);
}

/// Welling & Teh (2011), section 5.1: θ₁ ~ N(0, 10), θ₂ ~ N(0, 1), x ~ ½N(θ₁, 2) + ½N(θ₁ + θ₂, 2).
struct TwoModes {
    x: Vec<f64>,
}

impl TwoModes {
    fn new() -> TwoModes {
        let z = Seed::new(3).normal1(100);
        let which = Seed::new(4).uniform1(100, 0.0, 1.0);
        TwoModes { x: (0..100).map(|i| f64::from(u8::from(which[i] < 0.5)) + 2f64.sqrt() * z[i]).collect() }
    }
}

impl Target for TwoModes {
    type Number = f64;
    type Work = ();

    fn dim(&self) -> usize {
        2
    }

    fn rows(&self) -> usize {
        self.x.len()
    }

    fn log_likelihood(&self, eps: &[f64], rows: Option<&[usize]>, _: &mut (), gradient: &mut [f64]) -> f64 {
        let (first, second) = (10f64.sqrt() * eps[0], eps[1]);
        let (mut sum, mut slopes) = (0.0, [0.0; 2]);
        let mut add = |x: f64| {
            let (a, b) = (x - first, x - first - second);
            let (p, q) = ((-0.25 * a * a).exp(), (-0.25 * b * b).exp());
            sum += (p + q).ln();
            slopes[0] += 0.5 * (p * a + q * b) / (p + q);
            slopes[1] += 0.5 * q * b / (p + q);
        };
        match rows {
            Some(rows) => rows.iter().for_each(|i| add(self.x[*i])),
            None => self.x.iter().for_each(|x| add(*x)),
        }
        gradient[0] = 10f64.sqrt() * slopes[0];
        gradient[1] = slopes[1];
        sum
    }
}

#[test]
fn the_toy_of_welling_and_teh_against_quadrature() {
    let target = TwoModes::new();
    // moments of θ by a grid in white coordinates
    let (mut total, mut sums) = (0.0, [0.0; 5]);
    let mut slopes = [0.0; 2];
    let of = |e: &[f64]| {
        let (a, b) = (10f64.sqrt() * e[0], e[1]);
        [a, b, a * a, b * b, a * b]
    };
    let base = target.log_likelihood(&[0.0, 1.0], None, &mut (), &mut slopes);
    for i in -150..250 {
        for j in -400..400 {
            let eps = [0.005 * f64::from(i), 0.01 * f64::from(j)];
            let log = target.log_likelihood(&eps, None, &mut (), &mut slopes) - base;
            let weight = (log - 0.5 * (eps[0] * eps[0] + eps[1] * eps[1])).exp();
            total += weight;
            sums.iter_mut().zip(of(&eps)).for_each(|(s, v)| *s += weight * v);
        }
    }
    let exact = sums.map(|s| s / total);
    let check = |samples: &softbias_models::Samples<f64>, bias: f64| {
        for (k, exact) in exact.iter().enumerate() {
            let (found, error) = mean(&samples.of(|e| of(e)[k]));
            assert!(
                (found - exact).abs() < 4.0 * error + bias,
                "{samples}\nmoment {k}: {found} ± {error}, {exact}"
            );
            assert!(error < 0.1, "{error}");
        }
        assert!(r_hat(&samples.coordinate(1)) < 1.05);
    };
    check(&Hmc::leaps(10, 0.05).draws(8000).sample(&target).unwrap(), 0.0);
    check(&Sgld::step(2e-4).batch(20).draws(20_000).thin(100).warmup(5000).sample(&target).unwrap(), 0.04);
}
