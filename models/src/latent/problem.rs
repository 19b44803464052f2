//! What inference over the function values at the rows starts from, and the matrix B = I + W^½ K W^½ that it factors.

use ndarray::{Array1, Array2, Axis, Zip};
use softbias_priors::math::linalg::{Cholesky, LinalgError};
use softbias_priors::{Blocks, GaussianPrior, memory};

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::likelihood::ScalarLikelihood;

/// Labels, prior mean and prior covariance at the rows, for one output.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) y: Array1<f64>,
    pub(crate) mean: Array1<f64>,
    /// Symmetric, both halves.
    pub(crate) k: Array2<f64>,
    shared: bool,
}

impl Problem {
    /// Checks labels and outputs, and announces the n × n matrices.
    pub(crate) fn new<L: ScalarLikelihood>(
        prior: &dyn GaussianPrior,
        likelihood: &L,
        data: &Data,
    ) -> Result<Problem> {
        if prior.outputs() != 1 || data.outputs() != 1 {
            return Err(ModelError::SingleOutput { prior: prior.outputs(), labels: data.outputs() });
        }
        likelihood.check_labels(data)?;
        let n = data.len();
        memory::announce("the covariance of the rows (row × row)", n, n, "use fewer rows")?;
        let mean = prior.mean(data.points())?;
        let (k, shared) = match prior.gram(data.points())? {
            Blocks::PerOutput(mut list) => (list.pop().unwrap_or_default(), false),
            blocks => (blocks.of_output(0).to_owned(), true),
        };
        for (what, expected, found) in
            [("the prior mean", (n, 1), mean.dim()), ("the covariance of the rows", (n, n), k.dim())]
        {
            if expected != found {
                return Err(ModelError::Features { what, expected, found });
            }
        }
        let y = data.labels().column(0).to_owned();
        Ok(Problem { y, mean: mean.column(0).to_owned(), k: mirrored(k), shared })
    }

    /// A matrix in the blocks of the covariance.
    pub(crate) fn blocks(&self, matrix: Array2<f64>) -> Blocks {
        if self.shared { Blocks::Shared(matrix) } else { Blocks::PerOutput(vec![matrix]) }
    }

    /// The Cholesky factor of I + S K S, S = diag(root): all its eigenvalues are at least 1. O(n³/3).
    pub(crate) fn factor(&self, root: &Array1<f64>) -> std::result::Result<Cholesky, LinalgError> {
        Cholesky::in_place(scaled_both_sides(self.k.clone(), root), 1.0)
    }

    /// S B⁻¹ S v: the precision (K + S⁻²)⁻¹ at work. O(n²).
    pub(crate) fn precision_times(
        factor: &Cholesky,
        root: &Array1<f64>,
        v: &Array1<f64>,
    ) -> std::result::Result<Array1<f64>, LinalgError> {
        Ok(factor.solve_vec((root * v).view())? * root)
    }
}

/// Checks a tolerance in posterior standard deviations.
pub(crate) fn check_tolerance(value: f64) -> Result<()> {
    let (what, low, high) = ("the tolerance, in posterior standard deviations,", 0.0, 1.0);
    if value > low && value < high { Ok(()) } else { Err(ModelError::Range { what, low, high, value }) }
}

/// The lower triangle copied to the upper one.
pub(crate) fn mirrored(mut k: Array2<f64>) -> Array2<f64> {
    for i in 0..k.nrows() {
        for j in 0..i {
            k[[j, i]] = k[[i, j]];
        }
    }
    k
}

/// diag(root) · matrix · diag(root).
pub(crate) fn scaled_both_sides(mut matrix: Array2<f64>, root: &Array1<f64>) -> Array2<f64> {
    Zip::from(matrix.axis_iter_mut(Axis(0))).and(root).par_for_each(|mut row, &of_row| {
        Zip::from(&mut row).and(root).for_each(|entry, of_column| *entry *= of_row * of_column);
    });
    matrix
}

/// Square roots, of what may be −0 by rounding too.
pub(crate) fn roots(values: &Array1<f64>) -> Array1<f64> {
    values.mapv(|v| v.max(0.0).sqrt())
}

/// |matrix| v, entry by entry, for v ≥ 0.
pub(crate) fn times_abs(matrix: &Array2<f64>, v: ndarray::ArrayView1<'_, f64>) -> Array1<f64> {
    matrix.map_axis(Axis(1), |row| row.iter().zip(v).map(|(a, b)| a.abs() * b).sum())
}
