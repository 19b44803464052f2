//! Special functions: THE door to statrs and libm.

use statrs::function::{beta, erf::erfc_inv, gamma};

/// Standard normal density φ(x).
#[must_use]
pub fn normal_pdf(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// ln N(y; mean, variance), for a variance above 0.
#[must_use]
pub fn normal_log_density(y: f64, mean: f64, variance: f64) -> f64 {
    -0.5 * ((y - mean).powi(2) / variance + (2.0 * std::f64::consts::PI * variance).ln())
}

/// Standard normal distribution function Φ(x), with relative accuracy in the lower tail.
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    // not the erfc of statrs: that one is good to 1e-10 only
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The error function.
#[must_use]
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// Quantile of the standard normal, Φ⁻¹(p) for p in (0, 1); ±∞ at the ends.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * p)
}

/// ln Γ(x) for x > 0.
#[must_use]
pub fn ln_gamma(x: f64) -> f64 {
    gamma::ln_gamma(x)
}

/// The digamma function ψ(x) = d ln Γ / dx.
#[must_use]
pub fn digamma(x: f64) -> f64 {
    gamma::digamma(x)
}

/// The regularised incomplete beta function Iₓ(a, b) for a, b > 0 and x in [0, 1]; NaN elsewhere.
#[must_use]
pub fn beta_regularised(a: f64, b: f64, x: f64) -> f64 {
    beta::checked_beta_reg(a, b, x).unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incomplete_beta() {
        // Iₓ(1, b) = 1 − (1 − x)ᵇ, and the symmetry Iₓ(a, b) = 1 − I₁₋ₓ(b, a)
        for x in [0.0, 0.1, 0.5, 0.9, 1.0] {
            assert!((beta_regularised(1.0, 7.0, x) - (1.0 - (1.0 - x).powi(7))).abs() < 1e-13);
            let (one, other) = (beta_regularised(3.0, 0.5, x), beta_regularised(0.5, 3.0, 1.0 - x));
            assert!((one + other - 1.0).abs() < 1e-13);
        }
        assert!(beta_regularised(1.0, 1.0, 1.5).is_nan() && beta_regularised(0.0, 1.0, 0.5).is_nan());
    }

    #[test]
    fn normal_tables() {
        assert!((erf(0.5) - 0.520_499_877_813_046_5).abs() < 1e-15 && erf(-0.5) == -erf(0.5));
        assert!((normal_cdf(1.96) - 0.975_002_104_851_78).abs() < 1e-12);
        assert!((normal_cdf(-10.0) / 7.619_853_024_160_593e-24 - 1.0).abs() < 1e-9);
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-9);
        for p in [1e-6, 0.01, 0.3, 0.5, 0.9] {
            assert!((normal_cdf(normal_quantile(p)) / p - 1.0).abs() < 1e-8);
        }
        assert!((normal_pdf(0.0) - 0.398_942_280_401_432_7).abs() < 1e-15);
    }
}
