//! Gaussian quadrature: nodes from the eigenvalues of a Jacobi matrix (Golub & Welsch 1969), weights from its recurrence.

use ndarray::Array2;

use super::linalg::{self, LinalgError};

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
}
