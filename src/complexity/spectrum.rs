//! Spectra of curvature by stochastic Lanczos quadrature, and effective dimensions of models too large for a matrix.

use softbias_models::curvature::{Quadrature, SymmetricOperator, trace_of};
use softbias_models::{EffectiveDimension, Result};
use softbias_priors::Seed;

use crate::report::Panel;

/// The spectral density of a curvature in white coordinates, where the prior's precision is 1.
#[derive(Clone, Debug)]
pub struct Spectrum {
    dim: usize,
    rank: usize,
    /// One quadrature a direction: nodes and weights, weights summing to 1.
    pub quadratures: Vec<Quadrature>,
    determined: (f64, f64),
}

/// The spectrum of a curvature by `directions` random directions of `steps` Lanczos steps each (Ghorbani, Krishnan & Xiao 2019). `rank` is the most
/// directions that the data could determine: rows × outputs (or classes less one). Costs steps × directions products.
///
/// # Errors
/// Without a direction or step, over the memory limit, and when products are not finite.
pub fn spectrum(
    curvature: &dyn SymmetricOperator,
    rank: usize,
    steps: usize,
    directions: usize,
    seed: Seed,
) -> Result<Spectrum> {
    // a Hessian has negative eigenvalues, which determine nothing
    let share = |value: f64| value.max(0.0) / (1.0 + value.max(0.0));
    let (trace, error, quadratures) = trace_of(curvature, share, steps, directions, seed)?;
    let dim = curvature.dim();
    Ok(Spectrum { dim, rank: rank.min(dim), quadratures, determined: (trace, error) })
}

impl Spectrum {
    /// Directions that data determine, Σ λ/(1 + λ) (MacKay 1992), and, of those that data could determine, the ones left to the prior: the two
    /// meanings that the literature mixes up.
    #[must_use]
    pub fn effective_dimension(&self) -> EffectiveDimension {
        let determined = self.determined.0;
        let undetermined = (self.rank as f64 - determined).max(0.0);
        EffectiveDimension { determined, undetermined, directions: self.rank }
    }

    /// Standard error of [`EffectiveDimension::determined`] over the random directions (0 for one).
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        self.determined.1
    }

    /// How many eigenvalues are above a value, in expectation over directions.
    #[must_use]
    pub fn above(&self, value: f64) -> f64 {
        let each = self.quadratures.iter().map(|q| {
            q.nodes.iter().zip(&q.weights).filter(|(node, _)| **node > value).map(|(_, w)| w).sum::<f64>()
        });
        self.dim as f64 * each.sum::<f64>() / self.quadratures.len() as f64
    }

    /// A figure of the number of eigenvalues above λ, against λ.
    #[must_use]
    pub fn panel(&self, title: impl Into<String>) -> Panel {
        let top = self.quadratures.iter().flat_map(|q| q.nodes.iter()).copied().fold(1e-6, f64::max);
        let at: Vec<f64> = (0..=200).map(|i| top * 10f64.powf(f64::from(i) * 0.05 - 10.0)).collect();
        let counts: Vec<f64> = at.iter().map(|value| self.above(*value)).collect();
        Panel::new(title).x("eigenvalue λ").y("eigenvalues above").log_x().line("", &at, counts)
    }
}
