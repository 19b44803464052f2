//! Gaussian sites a row, and the posterior that they make of the prior: what expectation propagation and variational inference update.

use ndarray::{Array1, Array2, Axis};
use softbias_priors::math::linalg::Cholesky;

use super::{Problem, roots};
use crate::error::Result;

/// Sites exp(ν g − ½ τ g²) in g = f − mean, and the Gaussian that they make of the prior.
pub(crate) struct State {
    pub(crate) tau: Array1<f64>,
    pub(crate) nu: Array1<f64>,
    pub(crate) root: Array1<f64>,
    pub(crate) factor: Cholesky,
    /// E g at the rows.
    pub(crate) g: Array1<f64>,
    /// K⁻¹ E g.
    pub(crate) alpha: Array1<f64>,
    /// Marginal variances of g, and 1 − τ times them.
    pub(crate) var: Array1<f64>,
    pub(crate) free: Array1<f64>,
}

impl State {
    /// O(n³/3) for the factor and n³ for the variances.
    pub(crate) fn new(problem: &Problem, tau: Array1<f64>, nu: Array1<f64>) -> Result<State> {
        let root = roots(&tau);
        let factor = problem.factor(&root)?;
        let alpha = &nu - &Problem::precision_times(&factor, &root, &problem.k.dot(&nu))?;
        let g = problem.k.dot(&alpha);
        let (var, free) = marginals(problem, &root, &factor)?;
        Ok(State { tau, nu, root, factor, g, alpha, var, free })
    }

    /// KL of this Gaussian from the prior: ½ (ln|B| − tr(I − B⁻¹) + αᵀKα), never negative.
    pub(crate) fn information(&self) -> f64 {
        let determined: f64 = self.free.iter().map(|free| 1.0 - free).sum();
        (0.5 * (self.factor.log_det() - determined + self.alpha.dot(&self.g))).max(0.0)
    }
}

/// Marginal variances v of the posterior, and 1 − τv, each from whichever form keeps its digits: v = K − ‖L⁻¹SK‖² loses them to a
/// large K, S Σ S = I − B⁻¹ to a small τ.
fn marginals(problem: &Problem, root: &Array1<f64>, factor: &Cholesky) -> Result<(Array1<f64>, Array1<f64>)> {
    let norms = |a: Array2<f64>| a.map_axis(Axis(0), |column| column.dot(&column));
    let prior = problem.k.diag();
    let strong = |i: usize| root[i] * root[i] * prior[i] > 1.0;
    let n = root.len();
    let weak_ones = if (0..n).all(strong) {
        None
    } else {
        let mut scaled = problem.k.clone();
        for (mut row, root) in scaled.rows_mut().into_iter().zip(root) {
            row *= *root;
        }
        Some(norms(factor.solve_lower(scaled.view())?))
    };
    let strong_ones =
        if (0..n).any(strong) { Some(norms(factor.solve_lower(Array2::eye(n).view())?)) } else { None };
    let (mut var, mut free) = (Array1::zeros(n), Array1::zeros(n));
    for i in 0..n {
        let tau = root[i] * root[i];
        (var[i], free[i]) = match (&weak_ones, &strong_ones) {
            (Some(explained), _) if !strong(i) => {
                let v = (prior[i] - explained[i]).max(0.0);
                (v, 1.0 - tau * v)
            }
            (_, Some(inverse)) => ((1.0 - inverse[i]) / tau, inverse[i]),
            _ => (prior[i], 1.0),
        };
    }
    Ok((var, free))
}
