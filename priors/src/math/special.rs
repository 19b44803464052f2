//! Special functions: THE door to statrs and libm.

use statrs::function::{beta, erf::erfc_inv, gamma};

/// Standard normal density φ(x).
#[must_use]
pub fn normal_pdf(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// ln N(y; mean, variance); of variance 0 that of a point mass, ±∞.
#[must_use]
pub fn normal_log_density(y: f64, mean: f64, variance: f64) -> f64 {
    if variance == 0.0 {
        return if y == mean { f64::INFINITY } else { f64::NEG_INFINITY };
    }
    -0.5 * ((y - mean).powi(2) / variance + (2.0 * std::f64::consts::PI * variance).ln())
}

/// Standard normal distribution function Φ(x), with relative accuracy in the lower tail.
#[must_use]
pub fn normal_cdf(x: f64) -> f64 {
    // not the erfc of statrs: that one is good to 1e-10 only
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// ln Φ(x) and its first three derivatives, each with its digits at both ends: the first is the inverse Mills ratio φ(x)/Φ(x).
///
/// With u = −x and the continued fraction φ/Φ = u + 1/(u + 2/(u + 3/(…))) (Laplace 1805) every derivative is a product of tails of
/// that fraction in the lower tail, where differences such as x + φ/Φ ≈ 1/u would lose all of their digits.
#[must_use]
pub fn log_normal_cdf(x: f64) -> [f64; 4] {
    const LOWER: f64 = -2.0;
    if x >= LOWER {
        let cdf = normal_cdf(x);
        let log = if x > 0.0 { (-normal_cdf(-x)).ln_1p() } else { cdf.ln() };
        let mills = normal_pdf(x) / cdf;
        // far above, where the ratio is 0, so is its product with anything
        let (plus, twice) = (x + mills, x + 2.0 * mills);
        let second = -mills * plus;
        return [log, mills, second, mills * plus * twice - mills];
    }
    let u = -x;
    // the tails k/(u + (k+1)/(u + …)), for k = 3, 2 and 1; 160 are enough from u = 2 on
    let third = (4..160).rev().fold(0.0, |tail, k| f64::from(k) / (u + tail));
    let third = 3.0 / (u + third);
    let second = 2.0 / (u + third);
    let first = 1.0 / (u + second);
    let mills = u + first;
    let log = -0.5 * (u * u + (2.0 * std::f64::consts::PI).ln()) - mills.ln();
    [log, mills, -mills * first, mills * first * first * second * (third - second)]
}

/// ln Γ(x + ½) − ln Γ(x) and its derivative, for x > 0, without the cancellation between two huge numbers.
#[must_use]
pub fn log_gamma_half_step(x: f64) -> (f64, f64) {
    if x < 16.0 {
        // Γ(x + 1) = x Γ(x) carries a small x up to where the series holds
        let (above, slope) = log_gamma_half_step(x + 1.0);
        return (above - (0.5 / x).ln_1p(), slope + 0.5 / (x * (x + 0.5)));
    }
    // coefficients of x^−1, x^−3, … in the expansion of the ratio (Tricomi & Erdélyi 1951)
    const SERIES: [f64; 5] = [-1.0 / 8.0, 1.0 / 192.0, -1.0 / 640.0, 17.0 / 14336.0, -31.0 / 18432.0];
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let value = SERIES.iter().rev().fold(0.0, |sum, c| c + square * sum) * inverse;
    let powers = SERIES.iter().zip([1.0, 3.0, 5.0, 7.0, 9.0]);
    let slope = powers.rev().fold(0.0, |sum, (c, power)| -power * c + square * sum) * square;
    (0.5 * x.ln() + value, 0.5 * inverse + slope)
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

/// t ≥ 0 with P(T > t) = tail for Student's t of `dof` degrees of freedom, tail in (0, ½].
#[must_use]
pub fn student_t_tail_inverse(tail: f64, dof: f64) -> f64 {
    if dof == 1.0 {
        // (π/2 − π tail loses nothing for a small tail in this form)
        return (std::f64::consts::PI * tail).tan().recip().max(0.0);
    }
    // P(|T| > t) = I_x(ν/2, ½) at x = ν/(ν + t²)
    let x = beta::inv_beta_reg(0.5 * dof, 0.5, (2.0 * tail).min(1.0));
    (dof * (1.0 - x) / x).max(0.0).sqrt()
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

    // ln ½ and −2/π among them are numbers of the table, not constants
    #[allow(clippy::approx_constant)]
    const REFERENCE: [(f64, [f64; 4]); 10] = [
        (-1000.0, [-500007.82669481216, 1000.000999998, -0.999999000006, 1.999976000299996e-09]),
        (-37.5, [-707.6689893175072, 37.526628874883656, -0.9992919051145792, 3.7605140156381736e-05]),
        (-10.0, [-53.23128515051247, 10.098093233962512, -0.9905546221743438, 0.0017864003921165069]),
        (-4.5, [-12.59241973571308, 4.704319844827732, -0.9611859007152245, 0.013795416560255427]),
        (-3.5, [-8.366065308344092, 3.7513912648576997, -0.9430669950487032, 0.023500827274448546]),
        (-1.0, [-1.8410216450092636, 1.525135276160981, -0.8009023344296512, 0.11693119540604884]),
        (0.0, [-0.6931471805599453, 0.7978845608028654, -0.6366197723675814, 0.21801361414499015]),
        (0.7, [-0.27702394227713123, 0.41192475041929066, -0.45802932530149837, 0.2860430083108298]),
        (3.0, [-0.0013508099647481938, 0.004437839042125664, -0.013333211541740806, 0.03568013687657047]),
        (
            9.0,
            [-1.1285884059538405e-19, 1.0279773571668915e-18, -9.251796214502023e-18, 8.223818857335131e-17],
        ),
    ];

    #[test]
    fn the_log_of_the_normal_cdf() {
        // reference values from mpmath at 60 digits: x, ln Φ, and three derivatives
        for (x, expected) in REFERENCE {
            for (found, expected) in log_normal_cdf(x).into_iter().zip(expected) {
                assert!(
                    (found - expected).abs() <= 2e-13 * expected.abs() + 1e-300,
                    "{x}: {found} {expected}"
                );
            }
        }
        // the two branches meet
        let (below, above) = (log_normal_cdf((-2f64).next_down()), log_normal_cdf(-2.0));
        for (b, a) in below.into_iter().zip(above) {
            assert!((b - a).abs() < 1e-12 * a.abs(), "{b} {a}");
        }
        assert!(log_normal_cdf(1e6)[1..].iter().all(|d| *d == 0.0));
    }

    #[test]
    fn half_steps_of_log_gamma() {
        for x in [0.05, 0.5, 1.0, 3.3, 15.9, 16.1, 40.0] {
            let (value, slope) = log_gamma_half_step(x);
            let plain = ln_gamma(x + 0.5) - ln_gamma(x);
            assert!((value - plain).abs() < 1e-14 * (1.0 + ln_gamma(x).abs()), "{x}: {value} {plain}");
            assert!((slope - (digamma(x + 0.5) - digamma(x))).abs() < 1e-11 * slope.abs(), "{x}");
        }
        // Γ(1)/Γ(½) = 1/√π
        assert!((log_gamma_half_step(0.5).0 + 0.5 * std::f64::consts::PI.ln()).abs() < 1e-15);
    }
}
