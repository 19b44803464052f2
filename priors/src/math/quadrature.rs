//! Gaussian quadrature: nodes from the eigenvalues of a Jacobi matrix (Golub & Welsch 1969), weights from its recurrence.

use std::sync::OnceLock;

use ndarray::Array2;

use super::linalg::{self, LinalgError};
use super::special::normal_pdf;

/// Nodes and weights of a quadrature rule: ∫ g dμ ≈ Σ wᵢ g(xᵢ) for a probability measure μ, so the weights sum to one.
#[derive(Clone, Debug)]
pub struct Quadrature {
    nodes: Vec<f64>,
    weights: Vec<f64>,
}

impl Quadrature {
    /// Gauss–Hermite rule for a standard normal: exact for polynomials of degree below 2·`points`. Costs `points`³.
    ///
    /// # Errors
    /// When the eigenvalue routine does not converge.
    pub fn normal(points: usize) -> Result<Quadrature, LinalgError> {
        Quadrature::golub_welsch(points, |k| (k as f64).sqrt())
    }

    /// Gauss–Legendre rule for the uniform distribution on [−1, 1]: exact below degree 2·`points`.
    ///
    /// # Errors
    /// When the eigenvalue routine does not converge.
    pub fn uniform(points: usize) -> Result<Quadrature, LinalgError> {
        Quadrature::golub_welsch(points, |k| {
            let k = k as f64;
            k / (4.0 * k * k - 1.0).sqrt()
        })
    }

    /// `off(k)`, k = 1, 2, …: the square roots of the recurrence coefficients of the measure's orthogonal polynomials.
    fn golub_welsch(points: usize, off: impl Fn(usize) -> f64) -> Result<Quadrature, LinalgError> {
        let mut jacobi = Array2::zeros((points, points));
        for k in 1..points {
            jacobi[[k, k - 1]] = off(k);
            jacobi[[k - 1, k]] = off(k);
        }
        let mut nodes = linalg::eigh(jacobi.view())?.values.to_vec();
        // w = 1/Σₖ pₖ(x)², a sum of squares: far out, where a weight is 1e-40 and multiplies huge values, the first entries of
        // the eigenvectors (the textbook's √w) are rounding noise.
        let weight = |&x: &f64| {
            let (mut square, mut last, mut this) = (1.0, 0.0, 1.0);
            for k in 1..points {
                let before = if k > 1 { off(k - 1) } else { 0.0 };
                (last, this) = (this, (x * this - before * last) / off(k));
                square += this * this;
            }
            1.0 / square
        };
        let mut weights: Vec<f64> = nodes.iter().map(weight).collect();
        // The measures are symmetric: make the rule exactly so.
        for i in 0..points / 2 {
            let j = points - 1 - i;
            let (x, w) = (0.5 * (nodes[j] - nodes[i]), 0.5 * (weights[i] + weights[j]));
            (nodes[i], nodes[j], weights[i], weights[j]) = (-x, x, w, w);
        }
        if points % 2 == 1 {
            nodes[points / 2] = 0.0;
        }
        Ok(Quadrature { nodes, weights })
    }

    /// The expectation of `g` under the rule's measure.
    pub fn mean(&self, g: impl Fn(f64) -> f64) -> f64 {
        self.nodes.iter().zip(&self.weights).map(|(x, w)| w * g(*x)).sum()
    }

    /// The nodes, ascending.
    #[must_use]
    pub fn nodes(&self) -> &[f64] {
        &self.nodes
    }

    /// The weights, summing to one.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }
}

/// Nodes a piece, and pieces over nine standard deviations either side.
const NODES: usize = 16;
const PIECES: usize = 9;
const REACH: f64 = 9.0;

/// E g(mean + sd z) for standard normal z, several at once, for g smooth between `kinks` (places of its argument, in any order): composite
/// Gauss–Legendre over nine standard deviations either side, about 300 evaluations, to about 1e-12 of the size of g where g does not change
/// much faster than over a tenth of a standard deviation. For steps and narrow bends use the kinks.
///
/// # Errors
/// When the nodes of the rule cannot be found.
pub fn normal_expectation<const K: usize>(
    g: impl Fn(f64) -> [f64; K],
    kinks: &[f64],
    mean: f64,
    sd: f64,
) -> Result<[f64; K], LinalgError> {
    static RULE: OnceLock<Result<Quadrature, LinalgError>> = OnceLock::new();
    let rule = RULE.get_or_init(|| Quadrature::uniform(NODES)).as_ref().map_err(Clone::clone)?;
    let pieces = 2 * PIECES;
    let even = (0..=pieces).map(|k| REACH * (2.0 * k as f64 / pieces as f64 - 1.0));
    let inside = kinks.iter().map(|k| (k - mean) / sd).filter(|z| z.abs() < REACH);
    let mut cuts: Vec<f64> = even.chain(inside).collect();
    cuts.sort_by(f64::total_cmp);
    let mut total = [0.0; K];
    for ends in cuts.windows(2) {
        let (centre, half) = (0.5 * (ends[0] + ends[1]), 0.5 * (ends[1] - ends[0]));
        for (t, weight) in rule.nodes.iter().zip(&rule.weights) {
            let z = centre + half * t;
            let mass = 2.0 * half * weight * normal_pdf(z);
            total.iter_mut().zip(g(mean + sd * z)).for_each(|(sum, value)| *sum += mass * value);
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn moments_of_the_normal() {
        let rule = Quadrature::normal(12).unwrap();
        for (power, moment) in [(0, 1.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0), (3, 0.0)] {
            assert!((rule.mean(|x| x.powi(power)) - moment).abs() < 1e-10 * f64::max(1.0, moment));
        }
        // E cos(tx) = exp(−t²/2)
        assert!((rule.mean(|x| (1.5 * x).cos()) - (-1.125f64).exp()).abs() < 1e-8);
    }

    #[test]
    fn moments_of_the_uniform() {
        for points in [1, 2, 5, 30] {
            let rule = Quadrature::uniform(points).unwrap();
            assert!((rule.weights().iter().sum::<f64>() - 1.0).abs() < 1e-13);
            for k in 0..points.min(6) as i32 {
                assert!((rule.mean(|x| x.powi(2 * k)) - 1.0 / f64::from(2 * k + 1)).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn expectations_with_kinks() {
        // E [1, z², cos(3 f)], and E|f − 0.4| with its kink
        let (mean, sd): (f64, f64) = (0.3, 0.7);
        let found = normal_expectation(|f| [1.0, f * f, (3.0 * f).cos()], &[], mean, sd).unwrap();
        let cos = (3.0 * mean).cos() * (-0.5 * 9.0 * sd * sd).exp();
        for (found, expected) in found.into_iter().zip([1.0, mean * mean + sd * sd, cos]) {
            assert!((found - expected).abs() < 1e-13, "{found} {expected}");
        }
        let d = (mean - 0.4) / sd;
        let folded = sd * (2.0 * normal_pdf(d) + d * crate::math::special::erf(d / 2f64.sqrt()));
        let [found] = normal_expectation(|f| [(f - 0.4).abs()], &[0.4], mean, sd).unwrap();
        assert!((found - folded).abs() < 1e-13);
    }
}
