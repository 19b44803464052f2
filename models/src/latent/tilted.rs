//! One label's density times a Gaussian, integrated: what predictions and expectation propagation need of a row.

use std::sync::OnceLock;

use softbias_priors::math::linalg::LinalgError;
use softbias_priors::math::quadrature::Quadrature;

use crate::error::Result;
use crate::likelihood::Derivatives;

/// Z = ∫ p(y | f) N(f; μ, v) df, and the moments of the integrand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tilted {
    /// ln Z.
    pub(crate) log_z: f64,
    /// ∂ ln Z / ∂μ = (mean − μ)/v.
    pub(crate) first: f64,
    /// ∂² ln Z / ∂μ².
    pub(crate) second: f64,
    /// 1 + v ∂² ln Z / ∂μ²: the variance of the integrand in units of v.
    pub(crate) shrink: f64,
}

/// Nodes a piece: with pieces of a few nats each the rule is exact to rounding.
const NODES: usize = 16;
/// Pieces on either side of the mode.
const PIECES: usize = 8;
/// Nats below its top where an integrand is over.
const DEPTH: f64 = 40.0;

fn rule() -> Result<&'static Quadrature> {
    static RULE: OnceLock<std::result::Result<Quadrature, LinalgError>> = OnceLock::new();
    Ok(RULE.get_or_init(|| Quadrature::uniform(NODES)).as_ref().map_err(Clone::clone)?)
}

/// The integral for a logistic factor, whose kink of width 1 around 0 gets pieces of its own.
pub(crate) fn logistic_tilted(
    likelihood: impl Fn(f64) -> Derivatives,
    mean: f64,
    variance: f64,
) -> Result<Tilted> {
    const KINK: [f64; 11] = [-32.0, -16.0, -8.0, -4.0, -2.0, 0.0, 2.0, 4.0, 8.0, 16.0, 32.0];
    log_concave(likelihood, &KINK, mean, variance)
}

/// The integral for any log-concave factor, by composite Gauss–Legendre around the mode of the integrand. Gauss–Hermite would do
/// for small variances only: a logistic factor is a step on the scale of a large one. About 700 evaluations.
///
/// Derivatives of ln Z are expectations of derivatives of ln p (Bonnet, Price), which keeps their digits where the label says
/// little.
pub(crate) fn log_concave(
    likelihood: impl Fn(f64) -> Derivatives,
    breaks: &[f64],
    mean: f64,
    variance: f64,
) -> Result<Tilted> {
    let sd = variance.sqrt();
    let point = likelihood(mean);
    if sd <= 1e-12 * mean.abs() || sd < 1e-150 {
        let shrink = 1.0 + variance * point.second;
        return Ok(Tilted { log_z: point.log, first: point.first, second: point.second, shrink });
    }
    let log = |f: f64| likelihood(f).log - 0.5 * ((f - mean) / sd).powi(2);
    let mode = mode(&likelihood, mean, sd);
    let top = log(mode);
    // The Gaussian alone falls by 40 nats within 9 standard deviations; a factor may fall sooner.
    let reach = |side: f64| {
        let mut width = 9.0 * sd;
        for _ in 0..200 {
            if log(mode + 0.5 * side * width) >= top - DEPTH {
                break;
            }
            width *= 0.5;
        }
        width
    };
    let (low, high) = (reach(-1.0), reach(1.0));
    let even = |width: f64| (1..=PIECES).map(move |k| width * k as f64 / PIECES as f64);
    let mut cuts: Vec<f64> =
        even(low).map(|d| mode - d).chain([mode]).chain(even(high).map(|d| mode + d)).collect();
    cuts.extend(breaks.iter().filter(|b| (mode - low..mode + high).contains(*b)));
    cuts.sort_by(f64::total_cmp);
    let rule = rule()?;
    let slope_at_mode = likelihood(mode).first;
    let (mut z, mut first, mut second, mut square) = (0.0, 0.0, 0.0, 0.0);
    let (mut shift, mut spread) = (0.0, 0.0);
    for ends in cuts.windows(2) {
        let (&[from, to], half) =
            (<&[f64; 2]>::try_from(ends).unwrap_or(&[0.0, 0.0]), 0.5 * (ends[1] - ends[0]));
        for (node, weight) in rule.nodes().iter().zip(rule.weights()) {
            let f = 0.5 * (from + to) + half * node;
            let at = likelihood(f);
            let mass = 2.0 * half * weight * (at.log - 0.5 * ((f - mean) / sd).powi(2) - top).exp();
            if mass > 0.0 {
                let slope = at.first - slope_at_mode;
                z += mass;
                first += mass * slope;
                second += mass * at.second;
                square += mass * slope * slope;
                shift += mass * (f - mode) / sd;
                spread += mass * ((f - mode) / sd).powi(2);
            }
        }
    }
    let (first, shift) = (first / z, shift / z);
    Ok(Tilted {
        log_z: top + (z / sd).ln() - 0.5 * (2.0 * std::f64::consts::PI).ln(),
        first: first + slope_at_mode,
        second: second / z + square / z - first * first,
        shrink: spread / z - shift * shift,
    })
}

/// Where the slope of the integrand's logarithm changes sign: a bracket by doubling, then bisection. It only places the pieces, so
/// a few digits are enough.
fn mode(likelihood: impl Fn(f64) -> Derivatives, mean: f64, sd: f64) -> f64 {
    let rises = |f: f64| likelihood(f).first - (f - mean) / sd / sd > 0.0;
    let side = if rises(mean) { 1.0 } else { -1.0 };
    let (mut inside, mut outside) = (mean, mean + side * sd);
    for _ in 0..1000 {
        if rises(outside) != (side > 0.0) {
            break;
        }
        (inside, outside) = (outside, outside + 2.0 * (outside - inside));
    }
    for _ in 0..30 {
        let middle = 0.5 * (inside + outside);
        if rises(middle) == (side > 0.0) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    0.5 * (inside + outside)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::likelihood::{Bernoulli, Poisson, ScalarLikelihood};

    /// The trapezoid rule on 400,000 nodes over ±12 standard deviations: exact to rounding for these analytic integrands.
    fn dense(log: impl Fn(f64) -> f64, mean: f64, sd: f64) -> [f64; 3] {
        let nodes = 400_000;
        let step = 24.0 * sd / f64::from(nodes);
        let mut sums = [0.0; 3];
        for k in 0..=nodes {
            let d = -12.0 * sd + step * f64::from(k);
            let g = (log(mean + d) - 0.5 * (d / sd).powi(2)).exp();
            for (power, sum) in sums.iter_mut().enumerate() {
                *sum += g * (d / sd).powi(power as i32);
            }
        }
        let z = sums[0] * step / sd / (2.0 * std::f64::consts::PI).sqrt();
        let shift = sums[1] / sums[0];
        [z.ln(), shift / sd, sums[2] / sums[0] - shift * shift]
    }

    #[test]
    fn integrals_of_a_logistic_and_of_a_count() {
        for (mean, sd) in
            [(0.0, 1e-3), (0.3, 1.0), (-2.0, 3.0), (5.0, 0.2), (-30.0, 2.0), (4.0, 200.0), (-900.0, 100.0)]
        {
            let logit = Bernoulli::logit();
            for y in [-1.0, 1.0] {
                let found = logit.tilted(y, mean, sd * sd).unwrap();
                let expected = dense(|f| logit.derivatives(y, f).log, mean, sd);
                assert!((found.log_z - expected[0]).abs() < 1e-10 * (1.0 + expected[0].abs()), "{mean} {sd}");
                assert!((found.first - expected[1]).abs() * sd < 1e-10 * (1.0 + sd), "{mean} {sd}");
                assert!((found.shrink - expected[2]).abs() < 1e-9 * expected[2], "{mean} {sd}");
                assert!((1.0 + sd * sd * found.second - expected[2]).abs() < 1e-9, "{mean} {sd}");
            }
        }
        for (y, mean, sd) in [(0.0, 0.0, 1.0), (7.0, 1.0, 2.0), (1e4, 2.0, 3.0), (3.0, -5.0, 0.1)] {
            let found = Poisson::log_link().log_predictive(y, mean, sd * sd).unwrap();
            let [expected, ..] = dense(|f| Poisson::log_link().derivatives(y, f).log, mean, sd);
            assert!((found - expected).abs() < 1e-9 * (1.0 + expected.abs()), "{y} {mean} {sd}");
        }
    }

    #[test]
    fn extremes_stay_finite() {
        for variance in [0.0, 1e-300, 1e-24, 1e12, 1e24] {
            for mean in [-1e6, -1e3, 0.0, 1e3, 1e6] {
                for link in [Bernoulli::logit(), Bernoulli::probit()] {
                    let found = link.tilted(1.0, mean, variance).unwrap();
                    for value in [found.log_z, found.first, found.second, found.shrink] {
                        assert!(value.is_finite(), "{mean} {variance} {found:?}");
                    }
                }
            }
        }
    }
}
