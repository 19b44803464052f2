//! Functions whose obvious formula loses digits: log-sum-exp and the binary relative entropy with its inverses.

/// ln Σ exp(xᵢ), without overflow. −∞ for an empty slice.
#[must_use]
pub fn log_sum_exp(x: &[f64]) -> f64 {
    let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        // all −∞ (or empty): −∞; any +∞: +∞; a NaN among finite values is met in the sum below.
        return if x.iter().any(|v| v.is_nan()) { f64::NAN } else { top };
    }
    top + x.iter().map(|v| (v - top).exp()).sum::<f64>().ln()
}

/// ln(1/m Σ exp(xᵢ)) over the m values of a slice.
#[must_use]
pub fn log_mean_exp(x: &[f64]) -> f64 {
    log_sum_exp(x) - (x.len() as f64).ln()
}

/// ln(1 + eˣ) (softplus), right to the last digit at both ends.
#[must_use]
pub fn log1p_exp(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// ln(1 − e⁻ˣ) for x > 0 (Mächler 2012): either branch keeps its digits.
#[must_use]
pub fn log1m_exp(x: f64) -> f64 {
    if x < std::f64::consts::LN_2 { (-(-x).exp_m1()).ln() } else { (-(-x).exp()).ln_1p() }
}

/// Relative entropy kl(q‖p) of two Bernoulli distributions, in nats, for q and p in [0, 1].
///
/// As −q g(d/q) − (1 − q) g(−d/(1 − q)) with d = p − q and g(u) = ln(1 + u) − u ≤ 0: the linear terms cancel exactly, nothing is negative,
/// and the result has its digits (to some thirty units in the last place) however near q and p are.
#[must_use]
pub fn binary_kl(q: f64, p: f64) -> f64 {
    if q <= 0.0 {
        return -(-p).ln_1p();
    }
    if q >= 1.0 {
        return -p.ln();
    }
    let d = p - q;
    -q * log_minus(p / q, d / q) - (1.0 - q) * log_minus((1.0 - p) / (1.0 - q), -d / (1.0 - q))
}

/// ln(ratio) − u, where ratio = 1 + u (and has its own digits near 0). For small u by s = u/(2 + u): ln(1 + u) = 2 (s + s³/3 + s⁵/5 + …) and 2s − u = −us, so that nothing cancels.
fn log_minus(ratio: f64, u: f64) -> f64 {
    // s² ≤ 0.021: ten terms reach 1e-18
    const SERIES: [f64; 10] = {
        let (mut terms, mut k) = ([0.0; 10], 0);
        while k < 10 {
            terms[k] = 1.0 / (2 * k + 3) as f64;
            k += 1;
        }
        terms
    };
    if u.abs() > 0.25 {
        return ratio.ln() - u;
    }
    let s = u / (2.0 + u);
    let square = s * s;
    2.0 * s * square * SERIES.iter().rev().fold(0.0, |sum, term| term + square * sum) - u * s
}

/// Upper inverse kl⁻¹(q, c) = sup {p ≥ q : kl(q‖p) ≤ c}, for q in [0, 1] and c ≥ 0.
///
/// Householder's steps, from the root of kl's first three terms; at the end more is added than rounding can have taken, so that a bound
/// built on it errs on the safe side, by some tens of units in the last place. NaN in, or q outside [0, 1], or c < 0: NaN. Two evaluations
/// of kl, as a rule.
#[must_use]
pub fn binary_kl_inverse_upper(q: f64, c: f64) -> f64 {
    if !(0.0..=1.0).contains(&q) || c.is_nan() || c < 0.0 {
        return f64::NAN;
    }
    if c == 0.0 || q == 1.0 {
        return q;
    }
    // three upper bounds: kl ≥ 2(p − q)², kl ≥ (p − q)²/(2p), and kl ≥ −(1 − q) ln(1 − p) − entropy(q)
    let mut most = (q + (0.5 * c).sqrt()).min(q + c + (c * (c + 2.0 * q)).sqrt()).next_up();
    if most > 0.5 {
        let entropy = if q > 0.0 { -q * q.ln() - (1.0 - q) * (-q).ln_1p() } else { 0.0 };
        most = most.min((-(-(c + entropy) / (1.0 - q)).exp_m1()).next_up());
    }
    most = most.min(1.0);
    // kl(q‖q + d) = d²/(2(v + ad)) to third order in d, for v = q(1 − q) and a = 2(1 − 2q)/3
    let skew = c * (2.0 - 4.0 * q) / 3.0;
    let mut p = (q + (skew + (skew * skew + 2.0 * c * q * (1.0 - q)).sqrt())).min(most);
    for _ in 0..100 {
        if p >= 1.0 || p <= q {
            break;
        }
        let above = binary_kl(q, p) - c;
        // Householder's step of third order, from the slopes (p − q)/(p(1 − p)), bend/(p(1 − p))² and 2 twist/(p(1 − p))³ of kl
        let (left, right) = (p - q, 1.0 - p);
        let bend = q * right * right + (1.0 - q) * p * p;
        let twist = (1.0 - q) * p * p * p - q * right * right * right;
        let inverse = left.recip();
        let newton = above * inverse * p * right;
        let curved = above * inverse * inverse;
        let (over, under) =
            (1.0 - 0.5 * curved * bend, 1.0 - curved * bend + curved * curved * twist * left / 3.0);
        let step = if over > 0.25 && under > 0.25 { newton * over / under } else { newton };
        let next = (p - step).min(most);
        // one too far to the left is halved: the root is above q
        p = if next > q { next } else { 0.5 * (p + q) };
        if step.abs() <= 1e-4 * left.min(right) {
            // the next step would be of the order of this one to the fourth
            break;
        }
    }
    if p >= 1.0 {
        return 1.0;
    }
    // what rounding can have taken: some units of p, and of kl divided by its slope
    let p = p.max(q);
    let over = if p > q { 40.0 * c * p * (1.0 - p) / (p - q) } else { 0.0 };
    (p + f64::EPSILON * (2.0 * p + over)).min(1.0)
}

/// Lower inverse inf {p ≤ q : kl(q‖p) ≤ c}: the lower end of the last bracket.
#[must_use]
pub fn binary_kl_inverse_lower(q: f64, c: f64) -> f64 {
    // kl(q‖p) = kl(1−q‖1−p); rounding in 1 − (…) is pushed down.
    let p = 1.0 - binary_kl_inverse_upper(1.0 - q, c);
    (p - f64::EPSILON).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_sum_exp_survives_extremes() {
        assert_eq!(log_sum_exp(&[]), f64::NEG_INFINITY);
        assert_eq!(log_sum_exp(&[f64::NEG_INFINITY; 3]), f64::NEG_INFINITY);
        assert!((log_sum_exp(&[1000.0, 1000.0]) - 1000.0 - std::f64::consts::LN_2).abs() < 1e-12);
        assert!((log_mean_exp(&[-2000.0, -2000.0]) + 2000.0).abs() < 1e-12);
        assert!(log_sum_exp(&[0.0, f64::NAN]).is_nan());
    }

    #[test]
    fn softplus_and_its_mirror() {
        assert_eq!(log1p_exp(-800.0), 0.0);
        assert_eq!(log1p_exp(800.0), 800.0);
        assert!((log1p_exp(0.0) - std::f64::consts::LN_2).abs() < 1e-16);
        assert!((log1m_exp(1e-10) - (1e-10f64).ln()).abs() < 1e-9);
        assert!((log1m_exp(50.0) + (-50.0f64).exp()).abs() < 1e-30);
    }

    #[test]
    fn kl_near_its_zero_keeps_its_digits() {
        // kl(q‖q+d) = d²/(2q(1−q)) + O(d³)
        let (q, d) = (0.3, 1e-9);
        let leading = d * d / (2.0 * q * (1.0 - q));
        assert!((binary_kl(q, q + d) / leading - 1.0).abs() < 1e-6);
        assert_eq!(binary_kl(0.25, 0.25), 0.0);
        // a tiny p keeps its own digits
        let tiny = 0.5 * (0.5f64 / 1e-13).ln() + 0.5 * (0.5f64 / (1.0 - 1e-13)).ln();
        assert!((binary_kl(0.5, 1e-13) / tiny - 1.0).abs() < 1e-14);
        // the two branches meet
        for q in [0.01, 0.2, 0.5, 0.77] {
            for step in [0.099, 0.101] {
                let p = q + step * f64::min(q, 1.0 - q);
                let plain = q * (q / p).ln() + (1.0 - q) * ((1.0 - q) / (1.0 - p)).ln();
                assert!((binary_kl(q, p) - plain).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn kl_inverse_matches_the_reference_vectors() {
        // theory: recomputed reference values, double precision
        for (q, c, p) in [
            (0.0, 0.01, 0.009950166251),
            (0.0, 0.1, 0.095162581964),
            (0.1, 0.01, 0.147675539298),
            (0.1, 0.1, 0.282379139456),
            (0.02, 0.05, 0.098572167737),
            (0.3, 0.001, 0.320751028277),
            (0.5, 0.5, 0.897530048810),
            (0.9, 0.05, 0.968721603728),
        ] {
            assert!((binary_kl_inverse_upper(q, c) - p).abs() < 6e-13, "kl⁻¹({q}, {c})");
        }
    }

    #[test]
    fn kl_inverse_is_conservative_at_every_scale() {
        for q in [0.0, 1e-12, 1e-3, 0.1, 0.5, 0.9, 0.999_999, 1.0] {
            for c in [0.0, 1e-15, 1e-9, 1e-4, 0.3, 5.0, 700.0, 1e9] {
                let p = binary_kl_inverse_upper(q, c);
                assert!((q..=1.0).contains(&p), "{q} {c} {p}");
                assert!(p == q || p == 1.0 || binary_kl(q, p) >= c, "not the upper end at {q} {c}");
                let p = binary_kl_inverse_lower(q, c);
                assert!((0.0..=q).contains(&p));
            }
        }
        let mut random = 0.5f64;
        for i in 0..200_000 {
            random = (random * 9301.0 + 0.49297).fract();
            let q = if i % 3 == 0 { random.powi(6) } else { random };
            let c = 10f64.powf(12.0 * (f64::from(i) * 0.618_034).fract() - 10.0);
            let p = binary_kl_inverse_upper(q, c);
            assert!(p >= q && (p == 1.0 || binary_kl(q, p) >= c), "not the upper end at {q} {c}: {p}");
        }
        // and tight: by bisection
        for i in 0..400 {
            let (q, c) = (f64::from(i % 20) / 21.0, 10f64.powf(f64::from(i) / 45.0 - 7.0));
            let (mut low, mut high) = (q, 1.0);
            for _ in 0..200 {
                let middle = 0.5 * (low + high);
                if binary_kl(q, middle) <= c { low = middle } else { high = middle }
            }
            let p = binary_kl_inverse_upper(q, c);
            // (where kl itself rounds, either may stop first)
            assert!((p - high).abs() <= 1e-14 * high, "{q} {c}: {p} {high}");
        }
        assert!(binary_kl_inverse_upper(1.5, 0.1).is_nan());
        assert!(binary_kl_inverse_upper(0.5, -0.1).is_nan());
        assert!(binary_kl_inverse_upper(0.5, f64::NAN).is_nan());
    }
}
