//! Univariate polynomial bases by their three-term recurrences, stable at any order inside their window.

use serde::{Deserialize, Serialize};

/// A polynomial basis in one rescaled input t.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Basis {
    /// Legendre polynomials √(2j+1) Pⱼ(t), orthonormal for the uniform *distribution* on [−1, 1]: each has mean square 1 over
    /// the window. The default.
    #[default]
    Legendre,
    /// Chebyshev polynomials Tⱼ(t) of the first kind, |Tⱼ| ≤ 1 on [−1, 1].
    Chebyshev,
    /// Hermite polynomials Heⱼ(t)/√j!, orthonormal for a standard normal t.
    Hermite,
    /// Powers tʲ. Ill-conditioned at high order; here for comparison with papers that use them.
    Monomial,
}

impl Basis {
    /// Writes b₀(t), …, b_order(t) into `out` (length order + 1).
    pub fn evaluate(self, t: f64, out: &mut [f64]) {
        let Some(first) = out.first_mut() else { return };
        *first = 1.0;
        if out.len() > 1 {
            out[1] = t;
        }
        for j in 1..out.len().saturating_sub(1) {
            let k = j as f64;
            out[j + 1] = match self {
                Basis::Legendre => ((2.0 * k + 1.0) * t * out[j] - k * out[j - 1]) / (k + 1.0),
                Basis::Chebyshev => 2.0 * t * out[j] - out[j - 1],
                Basis::Hermite => (t * out[j] - k.sqrt() * out[j - 1]) / (k + 1.0).sqrt(),
                Basis::Monomial => t * out[j],
            };
        }
        if self == Basis::Legendre {
            out.iter_mut().enumerate().for_each(|(j, b)| *b *= (2.0 * j as f64 + 1.0).sqrt());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::math::quadrature::Quadrature;

    fn values(basis: Basis, order: usize, t: f64) -> Vec<f64> {
        let mut out = vec![0.0; order + 1];
        basis.evaluate(t, &mut out);
        out
    }

    #[test]
    fn legendre_and_hermite_are_orthonormal() {
        for (basis, rule) in [
            (Basis::Legendre, Quadrature::uniform(60).unwrap()),
            (Basis::Hermite, Quadrature::normal(60).unwrap()),
        ] {
            for i in 0..=20 {
                for j in 0..=20 {
                    let inner = rule.mean(|t| values(basis, 20, t)[i] * values(basis, 20, t)[j]);
                    assert!((inner - f64::from(u8::from(i == j))).abs() < 1e-9, "{basis:?} {i} {j}: {inner}");
                }
            }
        }
    }

    #[test]
    fn closed_forms() {
        for t in [-1.0, -0.3, 0.0, 0.7, 1.0f64] {
            for (j, b) in values(Basis::Chebyshev, 150, t).iter().enumerate() {
                assert!((b - (j as f64 * t.acos()).cos()).abs() < 1e-10);
            }
            let p = values(Basis::Legendre, 3, t);
            assert!((p[3] - 7f64.sqrt() * 0.5 * (5.0 * t.powi(3) - 3.0 * t)).abs() < 1e-14);
            assert!((values(Basis::Monomial, 7, t)[7] - t.powi(7)).abs() < 1e-15);
        }
        // Pⱼ(1) = 1 at any order
        for (j, b) in values(Basis::Legendre, 10_000, 1.0).iter().enumerate() {
            assert!((b / (2.0 * j as f64 + 1.0).sqrt() - 1.0).abs() < 1e-9);
        }
    }
}
