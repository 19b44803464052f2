//! Laws of full-batch samplers: closed forms of their bias, exact means and covariances without one.

use ndarray::Array2;
use softbias_models::langevin::Kernel;
use softbias_models::{
    Data, Gaussian, Hmc, Mala, NetTarget, NoUTurn, Psgld, Sampler, Sghmc, Sgld, Sgnht, StepSchedule, Target,
    WithLikelihood,
};
use softbias_priors::{Net, Points, Seed};

use crate::targets::{Normal, Plane, assert_mean, mean};

/// Mean of squares over all coordinates, with its standard error: coordinates are independent copies.
fn spread(samples: &softbias_models::Samples<f64>) -> (f64, f64) {
    let dim = samples.dim() as f64;
    mean(&samples.of(|draw| draw.iter().map(|x| x * x).sum::<f64>() / dim))
}

fn assert_spread<K: Kernel>(sampler: &Sampler<K>, target: &Normal, expected: f64, bias: f64) {
    let samples = sampler.sample(target).unwrap();
    let (found, error) = spread(&samples);
    assert!(samples.diverged().is_empty());
    assert!(
        (found - expected).abs() < 4.0 * error + bias * expected,
        "{samples}\n{found} ± {error}, not {expected}"
    );
    assert!(error < 0.02 * expected, "{samples}\n± {error}");
}

#[test]
fn sgld_has_the_variance_that_theory_gives_it() {
    // ε' = (1 − hk/2) ε + √(hT) ξ on N(0, 1/k): variance T/(k (1 − hk/4))
    for (step, lambda, temperature) in [(0.5, 0.0, 1.0), (1.5, 0.0, 1.0), (0.1, 0.0, 4.0), (0.2, 9.0, 0.25)] {
        let target = Normal { lambda: vec![lambda; 100], centre: 0.0 };
        let k = 1.0 + lambda;
        let expected = temperature / (k * (1.0 - 0.25 * step * k));
        let sampler = Sgld::step(step).temperature(temperature).draws(4000).warmup(200);
        assert_spread(&sampler, &target, expected, 0.0);
    }
}

#[test]
fn the_bias_of_sgld_goes_to_zero_with_its_step() {
    let target = Normal { lambda: vec![3.0; 200], centre: 0.0 };
    let bias = |step: f64| {
        let samples = Sgld::step(step).draws(4000).thin(3).warmup(500).sample(&target).unwrap();
        4.0 * spread(&samples).0 - 1.0
    };
    let found = [0.4, 0.1, 0.025].map(bias);
    // 1/(1 − h) − 1
    for (found, exact) in found.into_iter().zip([0.6667, 0.1111, 0.0256]) {
        assert!((found - exact).abs() < 0.015, "{found} for {exact}");
    }
}

#[test]
fn sghmc_has_the_law_of_its_linear_map() {
    let (friction, temperature) = (0.1, 1.5);
    for (step, k) in [(0.05, 1.0), (0.01, 4.0)] {
        // (ε, v) ↦ A (ε, v) + s (1, 1) ξ: the covariance solves P = A P Aᵀ + s² 11ᵀ
        let keep = 1.0 - friction;
        let a = [[1.0 - step * k, keep], [-step * k, keep]];
        let s2 = 2.0 * friction * step * temperature;
        let mut p = [[1.0, 0.0], [0.0, 1.0]];
        for _ in 0..20_000 {
            let mut next = [[s2; 2]; 2];
            for i in 0..2 {
                for j in 0..2 {
                    next[i][j] += (0..4).map(|m| a[i][m / 2] * p[m / 2][m % 2] * a[j][m % 2]).sum::<f64>();
                }
            }
            p = next;
        }
        let target = Normal { lambda: vec![k - 1.0; 200], centre: 0.0 };
        let sampler =
            Sghmc::step(step).friction(friction).temperature(temperature).draws(3000).thin(5).warmup(2000);
        assert_spread(&sampler, &target, p[0][0], 0.0);
        // close to the target's own variance
        assert!((p[0][0] * k / temperature - 1.0).abs() < 0.1, "{}", p[0][0]);
    }
}

#[test]
fn sgnht_keeps_the_temperature() {
    for temperature in [1.0, 0.3] {
        let target = Normal { lambda: vec![1.0; 200], centre: 0.0 };
        let sampler = Sgnht::step(0.05).temperature(temperature).draws(3000).thin(5).warmup(4000);
        // (first order in the step)
        assert_spread(&sampler, &target, 0.5 * temperature, 0.02);
    }
}

#[test]
fn samplers_with_a_test_have_no_bias_at_any_temperature() {
    for temperature in [1.0, 0.2, 3.0] {
        let target = Normal { lambda: vec![2.0; 10], centre: 0.0 };
        let expected = temperature / 3.0;
        let many = |s: u64| (4000, Seed::new(s));
        let (draws, seed) = many(1);
        assert_spread(
            &Mala::step(0.3).temperature(temperature).draws(2 * draws).seed(seed),
            &target,
            expected,
            0.0,
        );
        assert_spread(
            &Hmc::leaps(5, 0.3).temperature(temperature).draws(draws).seed(seed),
            &target,
            expected,
            0.0,
        );
        assert_spread(
            &NoUTurn::sampler().temperature(temperature).draws(draws).seed(seed),
            &target,
            expected,
            0.0,
        );
    }
}

#[test]
fn acceptance_is_what_warm_up_seeks() {
    let target = Normal { lambda: vec![1.0; 50], centre: 0.0 };
    let mala = Mala::step(0.01).warmup(2000).sample(&target).unwrap();
    assert!((mala.acceptance() - 0.574).abs() < 0.05, "{mala}");
    // (of two leaps: with more, acceptance rises again where trajectories turn round)
    let hmc = Hmc::leaps(2, 0.01).warmup(2000).acceptance(0.7).sample(&target).unwrap();
    assert!((hmc.acceptance() - 0.7).abs() < 0.06, "{hmc}");
    assert!(mala.steps()[0][0] > 0.05 && mala.steps()[0][0] == mala.steps()[0][100]);
}

/// Precision and mean of a Gaussian target, from its gradients.
fn gaussian<G: Target<Number = f64>>(target: &G) -> (Array2<f64>, Vec<f64>) {
    let d = target.dim();
    let slopes = |at: Vec<f64>| {
        let mut out = vec![0.0; d];
        target.log_likelihood(&at, None, &mut G::Work::default(), &mut out);
        out
    };
    let first = slopes(vec![0.0; d]);
    let mut precision = Array2::eye(d);
    for j in 0..d {
        let moved = slopes((0..d).map(|i| f64::from(u8::from(i == j))).collect());
        (0..d).for_each(|i| precision[[i, j]] -= moved[i] - first[i]);
    }
    (precision, first)
}

/// The inverse of a small positive matrix, by elimination.
fn inverse(a: &Array2<f64>) -> Array2<f64> {
    let d = a.nrows();
    let (mut a, mut b) = (a.clone(), Array2::<f64>::eye(d));
    for k in 0..d {
        let pivot = a[[k, k]];
        (0..d).for_each(|j| {
            a[[k, j]] /= pivot;
            b[[k, j]] /= pivot;
        });
        for i in (0..d).filter(|i| *i != k) {
            let factor = a[[i, k]];
            for j in 0..d {
                a[[i, j]] -= factor * a[[k, j]];
                b[[i, j]] -= factor * b[[k, j]];
            }
        }
    }
    b
}

#[test]
fn a_linear_net_under_gaussian_noise_has_its_conjugate_posterior() {
    let x = Array2::from_shape_vec((12, 2), Seed::new(4).normal1(24).to_vec()).unwrap();
    let y =
        x.column(0).to_owned() * 0.7 - x.column(1).to_owned() * 0.4 + 0.3 + Seed::new(5).normal1(12) * 0.5;
    let data = Data::new(Points::new(x).unwrap(), y.insert_axis(ndarray::Axis(1))).unwrap();
    let net = Net::inputs(2).dense(1).build().unwrap();
    let target = NetTarget::<f64, _>::new(&net.with_likelihood(Gaussian::known(0.5)), &data).unwrap();
    let (precision, slopes) = gaussian(&target);
    let covariance = inverse(&precision);
    let centre = covariance.dot(&ndarray::Array1::from(slopes));
    let check = |samples: &softbias_models::Samples<f64>| {
        for i in 0..3 {
            let scale = covariance[[i, i]].sqrt();
            assert_mean(&samples.coordinate(i), centre[i], scale, &format!("{samples}\nmean {i}"));
            for j in 0..=i {
                let products = samples.of(|e| (e[i] - centre[i]) * (e[j] - centre[j]));
                assert_mean(
                    &products,
                    covariance[[i, j]],
                    scale * scale,
                    &format!("{samples}\ncovariance {i} {j}"),
                );
            }
            assert!(samples.mixing(i).r_hat < 1.01, "{}", samples.mixing(i));
        }
    };
    check(&Mala::step(0.1).draws(10_000).sample(&target).unwrap());
    check(&Hmc::leaps(8, 0.1).draws(3000).sample(&target).unwrap());
    check(&NoUTurn::sampler().draws(3000).sample(&target).unwrap());
    check(&Sgld::step(2e-3).draws(5000).thin(100).warmup(2000).sample(&target).unwrap());
}

#[test]
fn psgld_is_right_with_its_correction_and_wrong_without() {
    // α = 0: G depends on the place alone, so that with Γ the law is right as the step falls, whatever the metric
    let target = Plane(|x: f64, y: f64| (-0.5 * (x * x + y * y), [-x, -y]));
    let sampler = || Psgld::step(0.02).decay(0.0).floor(4.0).draws(6000).thin(100).warmup(2000);
    let second =
        |samples: softbias_models::Samples<f64>| mean(&samples.of(|e| 0.5 * (e[0] * e[0] + e[1] * e[1])));
    // (the likelihood is flat here, so that ḡ = 0 and G = 1/λ: as SGLD with step h/λ)
    let (found, error) = second(sampler().sample(&target).unwrap());
    assert!((found - 1.0 / (1.0 - 0.25 * 0.005)).abs() < 4.0 * error, "{found} ± {error}");
    // ln p = −2 x² on top of the prior: variance 1/5, and G = 1/(4 + 4|x|); without Γ the density is that over G
    let target = Normal { lambda: vec![4.0; 20], centre: 0.0 };
    let variance = |samples: softbias_models::Samples<f64>| {
        mean(&samples.of(|e| e.iter().map(|x| x * x).sum::<f64>() / 20.0))
    };
    let (sd, moment) = (0.2f64.sqrt(), (2.0 / std::f64::consts::PI).sqrt());
    let without = (0.2 + 2.0 * moment * sd.powi(3)) / (1.0 + moment * sd);
    let (right, error) = variance(sampler().corrected().sample(&target).unwrap());
    assert!((right / 0.2 - 1.0).abs() < 0.01 + 4.0 * error / 0.2, "{right} ± {error}");
    let (wrong, error) = variance(sampler().sample(&target).unwrap());
    assert!((wrong / without - 1.0).abs() < 0.01 + 4.0 * error / 0.2, "{wrong} ± {error} for {without}");
}

#[test]
fn falling_steps_lose_their_bias_when_draws_are_weighed() {
    let target = Normal { lambda: vec![3.0; 400], centre: 0.0 };
    let schedule = StepSchedule::Falling { first: 0.8, delay: 1.0, power: 0.55 };
    let samples = Sgld::schedule(schedule).draws(20_000).warmup(0).chains(2).sample(&target).unwrap();
    let squares = samples.of(|e| e.iter().map(|x| x * x).sum::<f64>() / 400.0);
    let steps = samples.steps();
    let pairs = || squares.iter().flatten().zip(steps.iter().flatten());
    let weighed = pairs().map(|(s, w)| s * w).sum::<f64>() / pairs().map(|(_, w)| w).sum::<f64>();
    // the variance moves on as v ← (1 − 2h)² v + h, from the prior's 1
    let (mut v, mut sum, mut total) = (1.0, 0.0, 0.0);
    for h in &steps[0] {
        v = (1.0 - 2.0 * h) * (1.0 - 2.0 * h) * v + h;
        sum += h * v;
        total += h;
    }
    assert!((weighed * total / sum - 1.0).abs() < 0.015, "{weighed} for {}", sum / total);
    assert!((weighed / 0.25 - 1.0).abs() < 0.07 && (v / 0.25 - 1.0).abs() < 0.005, "{weighed}");
    assert!(steps[0][0] == 0.8 && steps[0][19_999] < 4e-3);
}
