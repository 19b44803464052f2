//! The vocabulary of priors over functions: what can be asked of any of them, before a label is seen.

use std::fmt;
use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2};

use crate::adaptors::{Charged, Scaled};
use crate::linear::Weights;
use crate::math::{Seed, linalg};
use crate::paths::{Paths, difference_slopes};
use crate::{Blocks, Ledger, Parameters, Pathways, Points, PriorError, SavedPrior, Softness, memory};

/// Results of the priors crate.
pub type Result<T> = std::result::Result<T, PriorError>;

/// A distribution over functions from points to ℝ^outputs. Object-safe; adaptors live in [`PriorExt`].
pub trait Prior: fmt::Debug + Send + Sync {
    /// Number of outputs of a function.
    fn outputs(&self) -> usize {
        1
    }

    /// `n` functions drawn from the prior, at the points `x`: shape (draw, point, output). The same seed gives the same draws on
    /// any number of threads.
    ///
    /// # Errors
    /// When the points do not fit the prior.
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>>;

    /// What the prior owes to data. Whoever wraps a prior passes its ledger on: the default says that nothing is owed.
    fn ledger(&self) -> Ledger {
        Ledger::default()
    }
}

/// A Gaussian process: a prior known by its mean and covariance at any points.
pub trait GaussianPrior: Prior {
    /// Mean, shape (point, output).
    ///
    /// # Errors
    /// When the points do not fit the prior (a centred prior may give its zeros without looking at them).
    fn mean(&self, x: &Points) -> Result<Array2<f64>>;

    /// Whether the mean is zero everywhere. Say so where it is: the softness of a rest that is not centred is not tuned.
    fn centred(&self) -> bool {
        false
    }

    /// Covariance between the values at `x` and at `z`.
    ///
    /// # Errors
    /// When the points do not fit, or the matrix would be over the memory limit.
    fn cov(&self, x: &Points, z: &Points) -> Result<Blocks>;

    /// `cov(x, x)`, of which only the lower triangle is promised: all that a Cholesky factor reads. Priors for which the other
    /// half costs anything leave it out.
    ///
    /// # Errors
    /// As [`GaussianPrior::cov`].
    fn gram(&self, x: &Points) -> Result<Blocks> {
        self.cov(x, x)
    }

    /// Variance, shape (point, output). Without a default on purpose: the diagonal of a full covariance is a trap.
    ///
    /// # Errors
    /// When the points do not fit the prior.
    fn var(&self, x: &Points) -> Result<Array2<f64>>;

    /// The finitely many features behind the prior, if there are any; inference may then choose weight space.
    fn weights(&self) -> Option<Box<dyn Weights + '_>> {
        None
    }

    /// Its parameters, every part's included.
    fn parameters(&self) -> Parameters {
        Parameters::none()
    }

    /// The same prior at other parameters (in the order of [`GaussianPrior::parameters`]).
    ///
    /// # Errors
    /// For a wrong number of parameters or a value out of bounds.
    fn with(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>>;

    /// Σᵢⱼ Wᵢⱼ ∂kᵢⱼ/∂θ for every parameter θ, where k = cov(x, x) and W, symmetric, has the same blocks (for shared blocks: the
    /// sum over the outputs). One pass; no n × n matrix a parameter.
    ///
    /// # Errors
    /// When points or blocks do not fit.
    fn contract(&self, x: &Points, w: &Blocks) -> Result<Array1<f64>>;

    /// Σᵢⱼ Wᵢⱼ kᵢⱼ beside [`GaussianPrior::contract`]: what the scale of this prior, or the softness that it comes in by, has for a
    /// slope. The default computes k again, some rows at a time.
    ///
    /// # Errors
    /// As [`GaussianPrior::contract`].
    fn contract_with_sum(&self, x: &Points, w: &Blocks) -> Result<(f64, Array1<f64>)> {
        const ROWS: usize = 256;
        w.check_square(x.len(), self.outputs())?;
        let mut sum = 0.0;
        for start in (0..x.len()).step_by(ROWS) {
            let rows = start..(start + ROWS).min(x.len());
            sum += w.rows(rows.clone()).inner(&self.cov(&x.range(rows)?, x)?)?;
        }
        Ok((sum, self.contract(x, w)?))
    }

    /// Σᵢ_c gᵢ_c ∂mᵢ_c/∂θ for every parameter θ, where m = mean(x) and g is (point, output); `None` where no parameter moves the
    /// mean.
    ///
    /// # Errors
    /// When points or g do not fit.
    fn contract_mean(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        let _ = (x, g);
        Ok(None)
    }

    /// Slopes of the mean, (point, output, input). The default takes central differences.
    ///
    /// # Errors
    /// When the points do not fit.
    fn mean_slope(&self, x: &Points) -> Result<Array3<f64>> {
        if self.centred() {
            return Ok(Array3::zeros((x.len(), self.outputs(), x.inputs())));
        }
        difference_slopes(x, self.outputs(), |x| self.mean(x))
    }

    /// Σⱼ ∂cov(xᵢ, zⱼ)/∂xᵢ vⱼ for one output, where v is (point of z, column): shape (point of x, column, input). The default takes
    /// central differences.
    ///
    /// # Errors
    /// When points or v do not fit.
    fn cov_slope(
        &self,
        x: &Points,
        z: &Points,
        v: ArrayView2<'_, f64>,
        output: usize,
    ) -> Result<Array3<f64>> {
        if v.nrows() != z.len() {
            return Err(PriorError::Dimensions { what: "rows of v", expected: z.len(), found: v.nrows() });
        }
        difference_slopes(x, v.ncols(), |x| Ok(linalg::matmul(self.cov(x, z)?.of_output(output), v)))
    }

    /// `n` functions drawn from the prior that can be evaluated anywhere, at points of that many inputs: exact where there are
    /// finitely many features; for kernels by random functions, whose covariance is the kernel's to 1/√2048.
    ///
    /// # Errors
    /// [`PriorError::NoPaths`] where no such functions are known; `draws` serves any prior at a fixed list of points.
    fn paths(&self, n: usize, inputs: usize, seed: Seed) -> Result<Arc<dyn Paths>> {
        let _ = (n, inputs, seed);
        Err(PriorError::NoPaths(format!("{self:?}").chars().take(80).collect()))
    }

    /// A description that can be written to a file; parts that are not built in have none.
    ///
    /// # Errors
    /// [`PriorError::Foreign`] for a part that is not built in.
    fn saved(&self) -> Result<SavedPrior> {
        Err(PriorError::foreign(self))
    }
}

/// Maps a gradient with respect to function values (point, output) back to white coordinates, *adding* to a buffer.
pub type Pullback<'a> = Box<dyn FnOnce(ArrayView2<'_, f64>, &mut [f64]) -> Result<()> + 'a>;

/// A prior that is the image of white noise: f = f_ε with ε ~ N(0, I).
///
/// Inference in ε is well scaled at any softness: a weight of scale zero has a zero column in the Jacobian and adds nothing.
pub trait WhitePrior: Prior {
    /// Number of white coordinates.
    fn dim(&self) -> usize;

    /// The function of ε at the points: (point, output).
    ///
    /// # Errors
    /// When ε or the points do not fit.
    fn forward(&self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<Array2<f64>>;

    /// Value and reverse derivative from one forward pass.
    ///
    /// # Errors
    /// When ε or the points do not fit.
    fn pullback<'a>(&'a self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<(Array2<f64>, Pullback<'a>)>;

    /// Directional derivative of the values along a tangent of ε: (point, output).
    ///
    /// # Errors
    /// When ε, the tangent or the points do not fit.
    fn pushforward(
        &self,
        eps: ArrayView1<'_, f64>,
        x: &Points,
        tangent: ArrayView1<'_, f64>,
    ) -> Result<Array2<f64>>;

    /// The whole Jacobian (point, output, coordinate), for small problems.
    ///
    /// # Errors
    /// When it would be over the memory limit (the error says the bytes), or ε or the points do not fit.
    fn jacobian(&self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<Array3<f64>> {
        let (n, c, p) = (x.len(), self.outputs(), self.dim());
        memory::announce(
            "a Jacobian (point × output × coordinate)",
            n * c,
            p,
            "use pullback or pushforward",
        )?;
        let mut jacobian = Array3::zeros((n, c, p));
        let mut tangent = Array1::zeros(p);
        for j in 0..p {
            tangent[j] = 1.0;
            jacobian.index_axis_mut(ndarray::Axis(2), j).assign(&self.pushforward(eps, x, tangent.view())?);
            tangent[j] = 0.0;
        }
        Ok(jacobian)
    }
}

/// What can be built from any prior.
pub trait PriorExt: Prior + Sized {
    /// `self + softness · rest`: this prior as the core of a soft bias.
    fn relaxed<R: Prior>(self, softness: Softness, rest: R) -> Pathways<Self, R> {
        Pathways::new(self, softness, rest)
    }

    /// The same prior with the standard deviation of its departures from the mean multiplied by `scale`, a parameter that can be
    /// tuned.
    fn scaled(self, scale: f64) -> Scaled<Self> {
        Scaled::new(self, scale)
    }

    /// The same prior, owing `ledger` on top of what it owes already.
    fn charged(self, ledger: Ledger) -> Charged<Self> {
        Charged::new(self, ledger)
    }
}

impl<P: Prior + Sized> PriorExt for P {}

/// Draws of a Gaussian prior from its mean and covariance, for priors without features: a Cholesky factor of cov(x, x), O(n³).
///
/// # Errors
/// When the points do not fit, or the covariance is not positive definite even with jitter 1e-8 of its mean diagonal.
pub fn gaussian_draws<P: GaussianPrior + ?Sized>(
    prior: &P,
    n: usize,
    x: &Points,
    seed: Seed,
) -> Result<Array3<f64>> {
    memory::announce_draws(n, x.len(), prior.outputs())?;
    let mean = prior.mean(x)?;
    let blocks = prior.cov(x, x)?;
    let mut draws = Array3::zeros((n, x.len(), prior.outputs()));
    let jitter = linalg::Jitter::Escalating { first: 1e-14, last: 1e-8 };
    let mut shared: Option<linalg::Cholesky> = None;
    for c in 0..prior.outputs() {
        if blocks.of_output(c).iter().all(|k| *k == 0.0) {
            // a function that is its mean at these points
            draws.index_axis_mut(ndarray::Axis(2), c).assign(&mean.column(c));
            continue;
        }
        let factor = match (&blocks, shared.take()) {
            (Blocks::Shared(_), Some(factor)) => factor,
            _ => linalg::Cholesky::new(blocks.of_output(c), jitter)?,
        };
        let noise = seed.at(c).normal2(n, x.len());
        let mut values = linalg::matmul_nt(noise.view(), factor.l());
        values += &mean.column(c);
        draws.index_axis_mut(ndarray::Axis(2), c).assign(&values);
        shared = Some(factor);
    }
    Ok(draws)
}

impl<P: Prior + ?Sized> Prior for Arc<P> {
    fn outputs(&self) -> usize {
        (**self).outputs()
    }
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        (**self).draws(n, x, seed)
    }
    fn ledger(&self) -> Ledger {
        (**self).ledger()
    }
}

impl<P: GaussianPrior + ?Sized> GaussianPrior for Arc<P> {
    fn mean(&self, x: &Points) -> Result<Array2<f64>> {
        (**self).mean(x)
    }
    fn centred(&self) -> bool {
        (**self).centred()
    }
    fn cov(&self, x: &Points, z: &Points) -> Result<Blocks> {
        (**self).cov(x, z)
    }
    fn gram(&self, x: &Points) -> Result<Blocks> {
        (**self).gram(x)
    }
    fn var(&self, x: &Points) -> Result<Array2<f64>> {
        (**self).var(x)
    }
    fn weights(&self) -> Option<Box<dyn Weights + '_>> {
        (**self).weights()
    }
    fn parameters(&self) -> Parameters {
        (**self).parameters()
    }
    fn with(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        (**self).with(theta)
    }
    fn contract(&self, x: &Points, w: &Blocks) -> Result<Array1<f64>> {
        (**self).contract(x, w)
    }
    fn contract_with_sum(&self, x: &Points, w: &Blocks) -> Result<(f64, Array1<f64>)> {
        (**self).contract_with_sum(x, w)
    }
    fn contract_mean(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        (**self).contract_mean(x, g)
    }
    fn mean_slope(&self, x: &Points) -> Result<Array3<f64>> {
        (**self).mean_slope(x)
    }
    fn cov_slope(
        &self,
        x: &Points,
        z: &Points,
        v: ArrayView2<'_, f64>,
        output: usize,
    ) -> Result<Array3<f64>> {
        (**self).cov_slope(x, z, v, output)
    }
    fn paths(&self, n: usize, inputs: usize, seed: Seed) -> Result<Arc<dyn Paths>> {
        (**self).paths(n, inputs, seed)
    }
    fn saved(&self) -> Result<SavedPrior> {
        (**self).saved()
    }
}
