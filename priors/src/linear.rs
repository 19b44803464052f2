//! Linear families: f(x) = Σⱼ (mⱼ + sⱼ εⱼ) bⱼ(x). One small trait to write; everything else follows from it.

use std::fmt;
use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Axis};

use crate::math::{Seed, linalg};
use crate::paths::{FeaturePaths, Paths};
use crate::prior::{Pullback, Result};
use crate::{
    Blocks, GaussianPrior, Ledger, Parameters, Points, Prior, PriorError, SavedPrior, WhitePrior, memory,
};

/// Finitely many features with their scales: what inference in weight space needs to know.
///
/// The prior is f(x) = mean(x) + Σⱼ sⱼ εⱼ bⱼ(x) with ε ~ N(0, I): basis and scales are kept apart, so that a scale of zero is an
/// ordinary number and tuning scales never evaluates the basis again.
pub trait Weights: Send + Sync {
    /// Number of features p (the same for every output).
    fn dim(&self) -> usize;

    /// The features at the points, *without* scales: shape (point, feature).
    ///
    /// # Errors
    /// When the points do not fit.
    fn basis(&self, x: &Points) -> Result<Array2<f64>>;

    /// The scales sⱼ ≥ 0, length p.
    fn scales(&self) -> Array1<f64>;

    /// Σⱼ qⱼ ∂(sⱼ²)/∂θ for every parameter θ. Without parameters: empty.
    fn scale_gradient(&self, q: ArrayView1<'_, f64>) -> Array1<f64> {
        let _ = q;
        Array1::zeros(0)
    }

    /// Whether some parameter changes the basis itself (a length scale of random features).
    fn basis_has_parameters(&self) -> bool {
        false
    }

    /// Σᵢⱼ gᵢⱼ ∂bⱼ(xᵢ)/∂θ for every parameter; `None` when none changes the basis.
    ///
    /// # Errors
    /// When the points do not fit.
    fn basis_gradient(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        let _ = (x, g);
        Ok(None)
    }
}

impl<W: Weights + ?Sized> Weights for &W {
    fn dim(&self) -> usize {
        (**self).dim()
    }
    fn basis(&self, x: &Points) -> Result<Array2<f64>> {
        (**self).basis(x)
    }
    fn scales(&self) -> Array1<f64> {
        (**self).scales()
    }
    fn scale_gradient(&self, q: ArrayView1<'_, f64>) -> Array1<f64> {
        (**self).scale_gradient(q)
    }
    fn basis_has_parameters(&self) -> bool {
        (**self).basis_has_parameters()
    }
    fn basis_gradient(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        (**self).basis_gradient(x, g)
    }
}

/// A linear family. Write this (all methods but the three of [`Weights`] have defaults) and the type is a [`Prior`], a
/// [`GaussianPrior`] and a [`WhitePrior`].
pub trait Linear: Weights + fmt::Debug + Clone + 'static {
    /// Number of outputs; they are independent copies.
    fn copies(&self) -> usize {
        1
    }

    /// Means mⱼ of the weights, in units of the basis (not of the scales), which no parameter may change; `None` for a centred
    /// prior.
    fn weight_mean(&self) -> Option<Array1<f64>> {
        None
    }

    /// What the family owes to data, for example for a learned input window.
    fn owes(&self) -> Ledger {
        Ledger::default()
    }

    /// Parameters that can be tuned, in the order of [`Weights::scale_gradient`].
    fn tunables(&self) -> Parameters {
        Parameters::none()
    }

    /// The family at other parameters; needed only where there are [`Linear::tunables`].
    ///
    /// # Errors
    /// For a wrong number of parameters or a value out of bounds.
    fn tuned_to(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        let _ = theta;
        Ok(Arc::new(self.clone()))
    }

    /// A description that can be written to a file; `None` for parts that are not built in.
    fn description(&self) -> Option<SavedPrior> {
        None
    }
}

/// Rows at a time where a basis is summed up and not kept.
const BLOCK: usize = 2048;

/// The scaled design matrix Φ = B diag(s): shape (point, feature).
///
/// # Errors
/// When the points do not fit, or the matrix is over the memory limit.
pub fn design<W: Weights + ?Sized>(weights: &W, x: &Points) -> Result<Array2<f64>> {
    announce(weights, x)?;
    let (basis, scales) = (weights.basis(x)?, weights.scales());
    for (what, expected, found) in [
        ("points in the basis", x.len(), basis.nrows()),
        ("features in the basis", weights.dim(), basis.ncols()),
        ("scales of the features", weights.dim(), scales.len()),
    ] {
        if expected != found {
            return Err(PriorError::Dimensions { what, expected, found });
        }
    }
    Ok(basis * &scales)
}

fn announce<W: Weights + ?Sized>(weights: &W, x: &Points) -> Result<()> {
    Ok(memory::announce(
        "a design matrix (point × feature)",
        x.len(),
        weights.dim(),
        "use fewer features or fewer points at a time",
    )?)
}

/// Σⱼ over features of the squared design, a row a point: the prior variance.
fn row_norms(design: ArrayView2<'_, f64>) -> Array1<f64> {
    design.map_axis(Axis(1), |row| row.dot(&row))
}

fn columns_alike(one: Array1<f64>, outputs: usize) -> Array2<f64> {
    let n = one.len();
    Array2::from_shape_fn((n, outputs), |(i, _)| one[i])
}

impl<L: Linear> Prior for L {
    fn outputs(&self) -> usize {
        self.copies()
    }

    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        memory::announce_draws(n, x.len(), self.copies())?;
        memory::announce("white noise (draw × feature)", n, self.dim(), "ask for fewer draws at a time")?;
        let design = design(self, x)?;
        let mean = GaussianPrior::mean(self, x)?;
        let mut draws = Array3::zeros((n, x.len(), self.copies()));
        for c in 0..self.copies() {
            let eps = seed.at(c).normal2(n, self.dim());
            let values = linalg::matmul_nt(eps.view(), design.view()) + mean.column(c);
            draws.index_axis_mut(Axis(2), c).assign(&values);
        }
        Ok(draws)
    }

    fn ledger(&self) -> Ledger {
        self.owes()
    }
}

impl<L: Linear> GaussianPrior for L {
    fn mean(&self, x: &Points) -> Result<Array2<f64>> {
        let one = match self.weight_mean() {
            None => Array1::zeros(x.len()),
            Some(mean) => {
                let mut one = Array1::zeros(x.len());
                // A block of rows at a time: the basis at all of them may be far larger than the result.
                for start in (0..x.len()).step_by(BLOCK) {
                    let rows = start..(start + BLOCK).min(x.len());
                    let basis = self.basis(&x.range(rows.clone())?).map_err(|e| e.of_row_after(start))?;
                    one.slice_mut(ndarray::s![rows]).assign(&basis.dot(&mean));
                }
                one
            }
        };
        Ok(columns_alike(one, self.copies()))
    }

    fn centred(&self) -> bool {
        self.weight_mean().is_none()
    }

    fn cov(&self, x: &Points, z: &Points) -> Result<Blocks> {
        memory::announce(
            "a covariance (point × point)",
            x.len(),
            z.len(),
            "use weight space, or fewer points at a time",
        )?;
        let at_x = design(self, x)?;
        if x == z {
            return Ok(Blocks::Shared(linalg::syrk(at_x.view())));
        }
        Ok(Blocks::Shared(linalg::matmul_nt(at_x.view(), design(self, z)?.view())))
    }

    fn var(&self, x: &Points) -> Result<Array2<f64>> {
        Ok(columns_alike(row_norms(design(self, x)?.view()), self.copies()))
    }

    fn weights(&self) -> Option<Box<dyn Weights + '_>> {
        Some(Box::new(self))
    }

    fn parameters(&self) -> Parameters {
        self.tunables()
    }

    fn with(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        self.tunables().check(theta)?;
        self.tuned_to(theta)
    }

    fn contract(&self, x: &Points, w: &Blocks) -> Result<Array1<f64>> {
        contract(self, x, w)
    }

    fn paths(&self, n: usize, _inputs: usize, seed: Seed) -> Result<Arc<dyn Paths>> {
        Ok(Arc::new(FeaturePaths::new(self.clone(), n, seed)?))
    }

    fn saved(&self) -> Result<SavedPrior> {
        self.description().ok_or_else(|| PriorError::foreign(self))
    }
}

/// [`GaussianPrior::contract`] by way of the features: qⱼ = bⱼᵀ W bⱼ and G = 2 W B diag(s²), O(n²p).
fn contract<W: Weights + ?Sized>(weights: &W, x: &Points, w: &Blocks) -> Result<Array1<f64>> {
    let list = match w {
        Blocks::Shared(w) => std::slice::from_ref(w),
        Blocks::PerOutput(list) => list,
    };
    // All outputs share the covariance, so the sum over them is all that counts.
    let mut sum = Array2::zeros((x.len(), x.len()));
    for w in list {
        if w.dim() != sum.dim() {
            return Err(PriorError::Dimensions { what: "rows of W", expected: x.len(), found: w.nrows() });
        }
        sum += w;
    }
    let w = sum;
    let basis = weights.basis(x)?;
    let wb = linalg::matmul(w.view(), basis.view());
    let q = (&wb * &basis).sum_axis(Axis(0));
    let mut gradient = weights.scale_gradient(q.view());
    if weights.basis_has_parameters() {
        let squares = weights.scales().mapv(|s| 2.0 * s * s);
        if let Some(more) = weights.basis_gradient(x, (wb * squares).view())? {
            gradient += &more;
        }
    }
    Ok(gradient)
}

impl<L: Linear> WhitePrior for L {
    fn dim(&self) -> usize {
        self.copies() * Weights::dim(self)
    }

    fn forward(&self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<Array2<f64>> {
        Ok(self.pushforward(eps, x, eps)? + GaussianPrior::mean(self, x)?)
    }

    fn pullback<'a>(&'a self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<(Array2<f64>, Pullback<'a>)> {
        let white = split(eps, self.copies(), Weights::dim(self))?;
        let design = design(self, x)?;
        let value = linalg::matmul_nt(design.view(), white) + GaussianPrior::mean(self, x)?;
        let back: Pullback<'a> = Box::new(move |cotangent, gradient| {
            let p = design.ncols();
            if cotangent.dim() != (design.nrows(), self.copies()) || gradient.len() != p * self.copies() {
                return Err(PriorError::Dimensions {
                    what: "a cotangent and its gradient",
                    expected: p,
                    found: gradient.len(),
                });
            }
            let add = linalg::matmul_tn(cotangent, design.view());
            gradient.iter_mut().zip(add.iter()).for_each(|(g, a)| *g += a);
            Ok(())
        });
        Ok((value, back))
    }

    fn pushforward(
        &self,
        _eps: ArrayView1<'_, f64>,
        x: &Points,
        tangent: ArrayView1<'_, f64>,
    ) -> Result<Array2<f64>> {
        let tangent = split(tangent, self.copies(), Weights::dim(self))?;
        Ok(linalg::matmul_nt(design(self, x)?.view(), tangent))
    }
}

/// White coordinates as (output, feature).
fn split(eps: ArrayView1<'_, f64>, outputs: usize, dim: usize) -> Result<ArrayView2<'_, f64>> {
    let found = eps.len();
    eps.into_shape_with_order((outputs, dim)).map_err(|_| PriorError::Dimensions {
        what: "white coordinates",
        expected: outputs * dim,
        found,
    })
}
