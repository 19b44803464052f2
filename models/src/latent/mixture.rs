//! The predictive density of Student-t noise around a Gaussian function value, as a mixture over the noise's precision.

use softbias_priors::math::special::{ln_gamma, normal_log_density};
use softbias_priors::math::stable::log_sum_exp;

/// ln ∫ t(residual + mean; f) N(f; mean, variance) df, for a residual y − mean: noise of variance scale²/λ with λ ~ Gamma(dof/2,
/// dof/2), so a single integral over u = ln λ of a Gaussian density. Its integrand is analytic in a strip of half-width π, where the
/// trapezoid rule converges geometrically.
pub(crate) fn student_t_log_predictive(dof: f64, scale: f64, residual: f64, variance: f64) -> f64 {
    let half = 0.5 * dof;
    // ln of the density of u, half (u − e^u) + constant, written as −half (e^u − 1 − u) + another: nothing cancels for many degrees
    // of freedom
    let constant = stirling(half);
    let square = scale * scale;
    let log = |u: f64| {
        let width = variance + square * (-u).exp();
        -half * (u.exp_m1() - u) + normal_log_density(residual, 0.0, width)
    };
    // Where the integrand lives: at most as far left as for a variance of 0, whose mode is at (dof + 1)/(dof + residual²/scale²).
    let sd = half.sqrt().recip();
    let tilt = (residual / scale).powi(2).min(1e300);
    let left = ((dof + 1.0) / (dof + tilt)).min(1.0).ln() - 12.0 * sd - 80.0 / (dof + 1.0);
    let right = 12.0 * sd.min(1.0) + (1.0 + 80.0 / dof).ln();
    let step = 0.4 * sd.min(1.0);
    let nodes = ((right - left) / step).ceil().min(1e6) as usize;
    let step = (right - left) / nodes as f64;
    let values: Vec<f64> = (0..=nodes).map(|k| log(left + step * k as f64)).collect();
    log_sum_exp(&values) + step.ln() + constant
}

/// h ln h − h − ln Γ(h).
fn stirling(h: f64) -> f64 {
    if h < 16.0 {
        return h * h.ln() - h - ln_gamma(h);
    }
    let (inverse, square) = (1.0 / h, 1.0 / (h * h));
    let tail = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    0.5 * (h / (2.0 * std::f64::consts::PI)).ln() - tail
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::likelihood::{Likelihood, StudentT};

    #[test]
    fn it_is_the_integral_over_the_function() {
        for dof in [0.3, 1.0, 4.0, 30.0, 1e4] {
            for (scale, residual, sd) in
                [(1.0, 0.3, 0.5), (0.1, 5.0, 1.0), (2.0, -40.0, 0.3), (0.05, 0.0, 3.0)]
            {
                let t = StudentT::new(dof, scale).unwrap();
                let (nodes, reach) = (200_000, 12.0 * sd);
                let step = 2.0 * reach / f64::from(nodes);
                let integral: f64 = (0..=nodes)
                    .map(|k| {
                        let f = -reach + step * f64::from(k);
                        step * (t.log_density(residual, f) + normal_log_density(f, 0.0, sd * sd)).exp()
                    })
                    .sum();
                let found = student_t_log_predictive(dof, scale, residual, sd * sd);
                // 1e-9: what the plain sum is good for
                assert!(
                    (found - integral.ln()).abs() < 1e-9 * (1.0 + found.abs()),
                    "{dof} {scale} {residual} {found} {}",
                    integral.ln()
                );
            }
        }
    }

    #[test]
    fn without_variance_it_is_the_density() {
        for (dof, y) in [(0.1, 1e6), (3.0, -7.0), (1e7, 2.0)] {
            let t = StudentT::new(dof, 0.7).unwrap();
            let found = student_t_log_predictive(dof, 0.7, y, 0.0);
            assert!((found - t.log_density(y, 0.0)).abs() < 1e-7, "{dof} {found} {}", t.log_density(y, 0.0));
        }
    }
}
