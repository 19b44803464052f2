//! Exact inference in function space: one Cholesky factor of K + σ²I for each distinct covariance.

use ndarray::{Array2, ArrayView2};
use softbias_priors::math::linalg::{self, Cholesky, Jitter, LinalgError};
use softbias_priors::{Blocks, GaussianPrior, Nats, memory};

use super::reduced::residual;
use crate::data::Data;
use crate::error::Result;
use crate::evidence::{EffectiveDimension, Evidence, Grade};

/// Factors and weights of the representer form: one entry an output, or one for all when they share a covariance.
#[derive(Clone, Debug)]
pub(crate) struct FunctionSpace {
    /// One Cholesky factor of A for each distinct covariance.
    pub(crate) factors: Vec<Cholesky>,
    /// α = A⁻¹(y − mean): (row, output).
    pub(crate) alpha: Array2<f64>,
    inverses: Vec<Array2<f64>>,
    y: Array2<f64>,
    variance: f64,
    /// Features behind the prior, where there are finitely many: no more directions than these can be determined.
    features: Option<usize>,
}

const INSTEAD: &str =
    "use a prior with fewer features than rows in weight space (`Exact::WeightSpace`), or fewer rows";

impl FunctionSpace {
    /// O(n³) time for each distinct covariance, n² memory, announced first.
    pub(crate) fn new<P: GaussianPrior + ?Sized>(
        prior: &P,
        variance: f64,
        data: &Data,
        jitter: Jitter,
    ) -> Result<FunctionSpace> {
        let n = data.len();
        memory::announce("the covariance of the rows (row × row)", n, n, INSTEAD)?;
        let y = residual(prior, data)?;
        let blocks = prior.cov(data.points(), data.points())?;
        let count = if matches!(blocks, Blocks::Shared(_)) { 1 } else { y.ncols() };
        let mut factors = Vec::with_capacity(count);
        let mut alpha = Array2::zeros(y.raw_dim());
        for c in 0..y.ncols() {
            if c < count {
                let mut a = blocks.of_output(c).to_owned();
                a.diag_mut().mapv_inplace(|d| d + variance);
                factors.push(Cholesky::new(a.view(), jitter)?);
            }
            alpha.column_mut(c).assign(&factors[c.min(count - 1)].solve_vec(y.column(c))?);
        }
        let inverses = factors.iter().map(Cholesky::inverse).collect();
        let features = prior.weights().map(|w| w.scales().iter().filter(|s| **s != 0.0).count());
        Ok(FunctionSpace { factors, alpha, inverses, y, variance, features })
    }

    fn of_output(&self, c: usize) -> (&Cholesky, &Array2<f64>) {
        let at = c.min(self.factors.len() - 1);
        (&self.factors[at], &self.inverses[at])
    }

    /// Jitter that was added to the diagonal, the largest over the factors.
    pub(crate) fn jitter(&self) -> f64 {
        self.factors.iter().map(Cholesky::jitter).fold(0.0, f64::max)
    }

    pub(crate) fn quadratic(&self) -> f64 {
        (&self.y * &self.alpha).sum()
    }

    pub(crate) fn log_evidence(&self) -> f64 {
        let (n, outputs) = self.y.dim();
        let log_det: f64 = (0..outputs).map(|c| self.of_output(c).0.log_det()).sum();
        -0.5 * (self.quadratic() + log_det + (n * outputs) as f64 * (2.0 * std::f64::consts::PI).ln())
    }

    /// tr(A⁻¹K) of one output.
    fn determined(&self, c: usize) -> f64 {
        let n = self.y.nrows() as f64;
        n - self.variance * self.of_output(c).1.diag().sum()
    }

    pub(crate) fn evidence(&self, log_jacobian: Nats) -> Evidence {
        let (n, outputs) = self.y.dim();
        let (n, log_noise) = (n as f64, self.variance.ln());
        let mut information = 0.0;
        let mut fit = 0.0;
        for c in 0..outputs {
            let (alpha, determined) = (self.alpha.column(c), self.determined(c));
            let explained = &self.y.column(c) - &(&alpha * self.variance);
            information +=
                0.5 * (self.of_output(c).0.log_det() - n * log_noise - determined + alpha.dot(&explained));
            let scatter = self.variance * alpha.dot(&alpha) + determined;
            fit -= 0.5 * (n * ((2.0 * std::f64::consts::PI).ln() + log_noise) + scatter);
        }
        Evidence {
            log: Nats(self.log_evidence()) + log_jacobian,
            fit: Nats(fit) + log_jacobian,
            information: Nats(information),
            grade: Grade::Exact,
        }
    }

    pub(crate) fn effective_dimension(&self) -> EffectiveDimension {
        let (n, outputs) = self.y.dim();
        let determined: f64 = (0..outputs).map(|c| self.determined(c)).sum();
        let directions = n.min(self.features.unwrap_or(n)) * outputs;
        EffectiveDimension { determined, undetermined: (directions as f64 - determined).max(0.0), directions }
    }

    /// W = ½(αα' − A⁻¹), in the blocks of the covariance (summed over outputs that share one).
    pub(crate) fn sensitivity(&self) -> Blocks {
        let outputs = self.y.ncols();
        let outer = |alpha: Array2<f64>| linalg::syrk(alpha.view());
        if self.factors.len() == 1 {
            return Blocks::Shared((outer(self.alpha.clone()) - &self.inverses[0] * outputs as f64) * 0.5);
        }
        let of_output = |c: usize| {
            let alpha = self.alpha.column(c).to_owned().insert_axis(ndarray::Axis(1));
            (outer(alpha) - self.of_output(c).1) * 0.5
        };
        Blocks::PerOutput((0..outputs).map(of_output).collect())
    }

    /// ∂ log evidence / ∂σ².
    pub(crate) fn noise_sensitivity(&self) -> f64 {
        let trace: f64 = (0..self.y.ncols()).map(|c| self.of_output(c).1.diag().sum()).sum();
        0.5 * (self.alpha.iter().map(|a| a * a).sum::<f64>() - trace)
    }

    /// L⁻¹ cov(data, z) for one output: what a variance at z needs.
    pub(crate) fn explained(
        &self,
        cross: ArrayView2<'_, f64>,
        c: usize,
    ) -> std::result::Result<Array2<f64>, LinalgError> {
        self.of_output(c).0.solve_lower(cross)
    }
}
