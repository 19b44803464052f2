//! One orthogonal factorisation from which evidence, information, effective dimension, posterior and gradient all follow.

use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate, s};
use softbias_priors::Nats;
use softbias_priors::math::linalg;

use super::reduced::Reduced;
use crate::error::Result;
use crate::evidence::{EffectiveDimension, Evidence, Grade};

/// [Φ  σI] = L Qᵀ with Φ the scaled design of the reduced problem, so that A = σ²I + ΦΦᵀ = LLᵀ without ever being formed.
///
/// Q = [Q_w; Q_z] gives the rest as sums of squares: [w; z] = Q L⁻¹ y is the posterior mean w of the white weights and the residual
/// z in units of σ; ‖Q_w‖² = tr(A⁻¹K) is the effective dimension. Nothing is subtracted, and no condition number squared, so the
/// numbers stay honest as the noise goes to 0.
#[derive(Clone, Debug)]
pub(crate) struct Factor {
    n: usize,
    rss: Array1<f64>,
    sigma: f64,
    /// Lᵀ, upper triangular (r, r).
    upper: Array2<f64>,
    /// Columns with a scale above 0; the others add nothing to anything.
    pub(crate) live: Vec<usize>,
    /// Q_w: (live, r).
    pub(crate) q_w: Array2<f64>,
    q_z: Array2<f64>,
    /// L⁻¹ y: (r, output).
    whitened: Array2<f64>,
    /// Posterior mean in white coordinates: (live, output).
    pub(crate) white: Array2<f64>,
    z: Array2<f64>,
}

impl Factor {
    /// Factors at these scales and this noise: one QR of an (r + live) × r matrix, O((r + live) r²).
    pub(crate) fn new(reduced: &Reduced, scales: &Array1<f64>, sigma: f64) -> Result<Factor> {
        let live: Vec<usize> = scales.indexed_iter().filter(|(_, s)| **s != 0.0).map(|(j, _)| j).collect();
        let r = reduced.basis.nrows();
        let mut stacked = Array2::zeros((live.len() + r, r));
        for (k, &j) in live.iter().enumerate() {
            stacked.row_mut(k).assign(&(&reduced.basis.column(j) * scales[j]));
        }
        stacked.slice_mut(s![live.len().., ..]).diag_mut().fill(sigma);
        let qr = linalg::qr(stacked.view())?;
        let whitened = linalg::solve_upper_transposed(qr.r.view(), reduced.y.view())?;
        let (q_w, q_z) = qr.q.view().split_at(Axis(0), live.len());
        let (white, z) = (linalg::matmul(q_w, whitened.view()), linalg::matmul(q_z, whitened.view()));
        Ok(Factor {
            n: reduced.n,
            rss: reduced.rss.clone(),
            sigma,
            upper: qr.r,
            q_w: q_w.to_owned(),
            q_z: q_z.to_owned(),
            live,
            whitened,
            white,
            z,
        })
    }

    fn outputs(&self) -> f64 {
        self.white.ncols() as f64
    }

    /// Rows that the reduction took away: there the model has noise only.
    fn outside(&self) -> f64 {
        (self.n - self.upper.nrows()) as f64
    }

    fn rss_in_noise_units(&self) -> f64 {
        self.rss.sum() / (self.sigma * self.sigma)
    }

    /// ‖y − posterior mean‖²/σ², over all rows and outputs.
    pub(crate) fn scatter(&self) -> f64 {
        square(&self.z) + self.rss_in_noise_units()
    }

    /// ln |A| over all n rows, for one output.
    fn log_det(&self) -> f64 {
        2.0 * self.upper.diag().iter().map(|d| d.abs().ln()).sum::<f64>()
            + 2.0 * self.outside() * self.sigma.ln()
    }

    /// yᵀA⁻¹y over all outputs, also the amplitude: the common factor a² that would maximise the evidence is this over n·outputs.
    pub(crate) fn quadratic(&self) -> f64 {
        square(&self.whitened) + self.rss_in_noise_units()
    }

    /// ln |I + K/σ²| for one output: log_det with the noise taken off.
    pub(crate) fn log_det_ratio(&self) -> f64 {
        2.0 * self.upper.diag().iter().map(|d| (d / self.sigma).abs().ln()).sum::<f64>()
    }

    /// tr(A⁻¹K) for one output.
    pub(crate) fn determined(&self) -> f64 {
        square(&self.q_w)
    }

    pub(crate) fn log_evidence(&self) -> f64 {
        let n = self.n as f64;
        -0.5 * (self.quadratic() + self.outputs() * (self.log_det() + n * (2.0 * std::f64::consts::PI).ln()))
    }

    /// Evidence with its parts, each computed on its own.
    pub(crate) fn evidence(&self, log_jacobian: Nats) -> Evidence {
        let (n, c) = (self.n as f64, self.outputs());
        let information = 0.5 * (c * (self.log_det_ratio() - self.determined()) + square(&self.white));
        let scatter = self.scatter() + c * self.determined();
        let constant = (2.0 * std::f64::consts::PI).ln() + 2.0 * self.sigma.ln();
        let fit = -0.5 * (n * c * constant + scatter);
        Evidence {
            log: Nats(self.log_evidence()) + log_jacobian,
            fit: Nats(fit) + log_jacobian,
            information: Nats(information),
            grade: Grade::Exact,
        }
    }

    pub(crate) fn effective_dimension(&self) -> EffectiveDimension {
        let (r, c) = (self.upper.nrows(), self.white.ncols());
        let directions = self.n.min(self.live.len());
        // ‖Q_z‖² counts, besides undetermined directions, the rows that no live column reaches.
        let undetermined = (square(&self.q_z) - (r - directions.min(r)) as f64).max(0.0);
        EffectiveDimension {
            determined: c as f64 * self.determined(),
            undetermined: c as f64 * undetermined,
            directions: c * directions,
        }
    }

    /// qⱼ = bⱼᵀ W bⱼ with W = ½ Σ(αα' − A⁻¹), for every column, dead ones too: ∂ log evidence / ∂(sⱼ²).
    pub(crate) fn scale_sensitivity(&self, reduced: &Reduced) -> Result<Array1<f64>> {
        let inside = linalg::solve_upper_transposed(self.upper.view(), reduced.basis.view())?;
        let alpha = &self.z / self.sigma;
        let pull = linalg::matmul_tn(reduced.basis.view(), alpha.view());
        let spread = inside.map_axis(Axis(0), |column| column.dot(&column));
        Ok(0.5 * (pull.map_axis(Axis(1), |row| row.dot(&row)) - self.outputs() * spread))
    }

    /// ∂ log evidence / ∂σ².
    pub(crate) fn noise_sensitivity(&self) -> f64 {
        let variance = self.sigma * self.sigma;
        let pull = self.scatter() / variance;
        let spread = (square(&self.q_z) + self.outside()) / variance;
        0.5 * (pull - self.outputs() * spread)
    }

    /// ∂ log evidence / ∂B over the original n rows, for a basis that itself has parameters: (n, p).
    pub(crate) fn basis_sensitivity(
        &self,
        reduced: &Reduced,
        scales: ArrayView1<'_, f64>,
        basis: &Array2<f64>,
        residual: &Array2<f64>,
    ) -> Result<Array2<f64>> {
        let live_scales = scales.select(Axis(0), &self.live);
        let phi = basis.select(Axis(1), &self.live) * &live_scales;
        let variance = self.sigma * self.sigma;
        let alpha = (residual - &linalg::matmul(phi.view(), self.white.view())) / variance;
        let a_inverse_phi = if reduced.n <= reduced.basis.ncols() {
            // no reduction took place: A⁻¹Φ = L⁻ᵀ Q_wᵀ
            linalg::solve_upper(self.upper.view(), self.q_w.t())?
        } else {
            linalg::matmul(phi.view(), self.covariance_factor(reduced, scales)?.square().view()) / variance
        };
        let live = (linalg::matmul_nt(alpha.view(), self.white.view()) - a_inverse_phi * self.outputs())
            * &live_scales;
        let mut all = Array2::zeros(basis.dim());
        for (k, &j) in self.live.iter().enumerate() {
            all.column_mut(j).assign(&live.column(k));
        }
        Ok(all)
    }

    /// A factor C with CCᵀ = posterior covariance of the live white weights: σR⁻¹ from the QR of [Φ; σI], O((r + live) live²).
    pub(crate) fn covariance_factor(
        &self,
        reduced: &Reduced,
        scales: ArrayView1<'_, f64>,
    ) -> Result<CovarianceFactor> {
        let phi = reduced.basis.select(Axis(1), &self.live) * &scales.select(Axis(0), &self.live);
        let noise = Array2::from_diag_elem(self.live.len(), self.sigma);
        let stacked = concatenate(Axis(0), &[phi.view(), noise.view()]).unwrap_or_default();
        let r = linalg::qr_r(stacked.view())?;
        Ok(CovarianceFactor(linalg::solve_upper(r.view(), noise.view())?))
    }
}

/// C with CCᵀ = covariance of white weights.
#[derive(Clone, Debug)]
pub(crate) struct CovarianceFactor(pub(crate) Array2<f64>);

impl CovarianceFactor {
    fn square(&self) -> Array2<f64> {
        linalg::syrk(self.0.view())
    }
}

/// Σ of squares of all entries.
pub(crate) fn square(a: &Array2<f64>) -> f64 {
    a.iter().map(|v| v * v).sum()
}
