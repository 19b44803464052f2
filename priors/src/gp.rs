//! Gaussian processes: a mean and a kernel make a prior over functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{Array1, Array2, Array3, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kernel::Layout;
use crate::kernel::{SavedKernel, TILE};
use crate::math::{Seed, linalg, simd};
use crate::mean::{Mean, SavedMean};
use crate::paths::{KernelPaths, Paths, SumPaths, difference_slopes};
use crate::prior::{Result, gaussian_draws};
use crate::{Blocks, GaussianPrior, Kernel, Parameters, Points, Prior, PriorError, SavedPrior, memory};

/// A Gaussian process: f ~ GP(mean, kernel), with independent copies for several outputs.
///
/// Its parameters are the kernel's, then those of a tuned mean (`mean.…`). A Gram matrix of n points costs n²/2 evaluations, run
/// over rows in parallel and over tiles of points in vector instructions; a gradient as many again, and no memory.
#[derive(Clone, Debug)]
pub struct Gp {
    kernel: Kernel,
    mean: Mean,
    outputs: usize,
}

/// Rows that one task computes.
const ROWS: usize = 16;

impl Gp {
    /// The process of mean zero with this kernel.
    #[must_use]
    pub fn new(kernel: Kernel) -> Gp {
        Gp { kernel, mean: Mean::zero(), outputs: 1 }
    }

    /// The same process about a mean.
    #[must_use]
    pub fn about(self, mean: Mean) -> Gp {
        Gp { mean, ..self }
    }

    /// Independent copies: a process with so many outputs that share the kernel and the mean.
    #[must_use]
    pub fn copies(self, outputs: usize) -> Gp {
        Gp { outputs, ..self }
    }

    /// The kernel.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    fn check(&self, x: &Points) -> Result<()> {
        if self.outputs == 0 {
            return Err(PriorError::Empty("outputs of a Gaussian process"));
        }
        self.kernel.check(x)?;
        self.mean.check(x)
    }

    /// Rows of the covariance between `x` and `z`; only entries j ≤ i where `lower`.
    fn matrix(&self, x: &Points, z: &Points, lower: bool) -> Result<Array2<f64>> {
        self.check(x)?;
        self.check(z)?;
        memory::announce("a covariance (point × point)", x.len(), z.len(), "ask for fewer points at a time")?;
        let (rows, columns) = (Layout::new(x), Layout::new(z));
        let kernel = self.kernel.function();
        let mut k = Array2::zeros((x.len(), z.len()));
        let finite = AtomicBool::new(true);
        k.axis_chunks_iter_mut(Axis(0), ROWS).into_par_iter().enumerate().for_each(|(chunk, mut block)| {
            for (i, mut row) in block.rows_mut().into_iter().enumerate() {
                let i = chunk * ROWS + i;
                let end = if lower { i + 1 } else { columns.len() };
                let Some(row) = row.as_slice_mut() else { continue };
                for from in (0..end).step_by(TILE) {
                    let to = (from + TILE).min(end);
                    kernel.fill(rows.row(i), &columns.tile(from, to), &mut row[from..to]);
                }
                if !simd::all_finite(&row[..end]) {
                    finite.store(false, Ordering::Relaxed);
                }
            }
        });
        if let (Some(hx), Some(hz)) = (self.mean.spread(x), self.mean.spread(z)) {
            k += &linalg::matmul_nt(hx.view(), hz.view());
        }
        if !finite.into_inner() || self.mean.is_spread() {
            expect_finite(&k)?;
        }
        Ok(k)
    }
}

/// An overflow of extreme parameters or inputs must not travel on as NaN.
fn expect_finite<S: ndarray::Data<Elem = f64>>(k: &ndarray::ArrayBase<S, ndarray::Ix2>) -> Result<()> {
    let Some(((row, column), &value)) = k.indexed_iter().find(|(_, v)| !v.is_finite()) else {
        return Ok(());
    };
    Err(PriorError::NotFinite { what: "the kernel", row, column, value })
}

impl Prior for Gp {
    fn outputs(&self) -> usize {
        self.outputs
    }

    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        gaussian_draws(self, n, x, seed)
    }
}

impl GaussianPrior for Gp {
    fn mean(&self, x: &Points) -> Result<Array2<f64>> {
        self.check(x)?;
        let one = self.mean.at(x);
        memory::announce("a mean (point × output)", x.len(), self.outputs, "use fewer outputs")?;
        let mean = Array2::from_shape_fn((x.len(), self.outputs), |(i, _)| one[i]);
        expect_finite(&mean)?;
        Ok(mean)
    }

    fn centred(&self) -> bool {
        self.mean.is_zero()
    }

    fn cov(&self, x: &Points, z: &Points) -> Result<Blocks> {
        Ok(Blocks::Shared(self.matrix(x, z, false)?))
    }

    fn gram(&self, x: &Points) -> Result<Blocks> {
        Ok(Blocks::Shared(self.matrix(x, x, true)?))
    }

    fn var(&self, x: &Points) -> Result<Array2<f64>> {
        self.check(x)?;
        let layout = Layout::new(x);
        let mut one: Array1<f64> =
            (0..x.len()).map(|i| self.kernel.function().diagonal(layout.row(i))).collect();
        if let Some(h) = self.mean.spread(x) {
            one += &h.map_axis(Axis(1), |row| row.dot(&row));
        }
        let var = Array2::from_shape_fn((x.len(), self.outputs), |(i, _)| one[i]);
        expect_finite(&var)?;
        Ok(var)
    }

    fn parameters(&self) -> Parameters {
        self.kernel.parameters().followed_by(self.mean.parameters())
    }

    fn with(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        self.parameters().check(theta)?;
        let (of_kernel, of_mean) = theta.split_at(self.kernel.parameters().len());
        Ok(Arc::new(Gp {
            kernel: self.kernel.with(of_kernel)?,
            mean: self.mean.with(of_mean),
            ..self.clone()
        }))
    }

    fn contract(&self, x: &Points, w: &Blocks) -> Result<Array1<f64>> {
        if self.kernel.parameters().is_empty() {
            self.check(x)?;
            w.check_square(x.len(), self.outputs)?;
            return Ok(Array1::zeros(self.parameters().len()));
        }
        Ok(self.contract_with_sum(x, w)?.1)
    }

    fn contract_with_sum(&self, x: &Points, w: &Blocks) -> Result<(f64, Array1<f64>)> {
        self.check(x)?;
        let n = x.len();
        w.check_square(n, self.outputs)?;
        let summed;
        let w = match w {
            Blocks::Shared(w) => w.view(),
            Blocks::PerOutput(list) => {
                summed = list.iter().skip(1).fold(w.of_output(0).to_owned(), |sum, w| sum + w);
                summed.view()
            }
        };
        let by_rows = w.as_standard_layout();
        let all = by_rows.as_slice().unwrap_or(&[]);
        let of_kernel = self.kernel.parameters().len();
        let layout = Layout::new(x);
        let kernel = self.kernel.function();
        // One partial gradient a block of rows, added up in order whoever computed them.
        let of_block = |block: usize| {
            let (mut total, mut gradient) = (0.0, vec![0.0; of_kernel]);
            let mut weights = [0.0; TILE];
            for i in block * ROWS..((block + 1) * ROWS).min(n) {
                for from in (0..=i).step_by(TILE) {
                    let to = (from + TILE).min(i + 1);
                    let weights = &mut weights[..to - from];
                    // the lower triangle stands for both
                    let own = &all[i * n + from..i * n + to];
                    weights.iter_mut().zip(own).for_each(|(out, w)| *out = 2.0 * w);
                    if to == i + 1 {
                        weights[i - from] *= 0.5;
                    }
                    total += kernel.contract(layout.row(i), &layout.tile(from, to), weights, &mut gradient);
                }
            }
            (total, gradient)
        };
        let blocks: Vec<(f64, Vec<f64>)> = (0..n.div_ceil(ROWS)).into_par_iter().map(of_block).collect();
        let (mut total, mut gradient) = (0.0, Array1::zeros(self.parameters().len()));
        for (of_block, block) in blocks {
            total += of_block;
            gradient.iter_mut().zip(block).for_each(|(sum, g)| *sum += g);
        }
        if let Some(h) = self.mean.spread(x) {
            // Σ W HHᵀ
            total += (&w.dot(&h) * &h).sum();
        }
        // an overflow, or a point that the kernel has no value at, must not travel on as NaN
        if let Err(error) = expect_finite(&gradient.view().insert_axis(Axis(0)))
            && w.iter().all(|w| w.is_finite())
        {
            return Err(error);
        }
        Ok((total, gradient))
    }

    fn contract_mean(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        if self.mean.parameters().is_empty() {
            return Ok(None);
        }
        self.check(x)?;
        if g.dim() != (x.len(), self.outputs) {
            let (expected, found) = (x.len(), g.nrows());
            return Err(PriorError::Dimensions { what: "rows of a gradient", expected, found });
        }
        let of_mean = self.mean.design(x).t().dot(&g.sum_axis(Axis(1)));
        let none = Array1::zeros(self.kernel.parameters().len());
        Ok(Some(none.iter().chain(&of_mean).copied().collect()))
    }

    fn cov_slope(
        &self,
        x: &Points,
        z: &Points,
        v: ArrayView2<'_, f64>,
        output: usize,
    ) -> Result<Array3<f64>> {
        self.check(x)?;
        self.check(z)?;
        if v.nrows() != z.len() {
            return Err(PriorError::Dimensions { what: "rows of v", expected: z.len(), found: v.nrows() });
        }
        if output >= self.outputs {
            return Err(PriorError::Dimensions {
                what: "outputs",
                expected: output + 1,
                found: self.outputs,
            });
        }
        let (rows, others, kernel) = (Layout::new(x), Layout::new(z), self.kernel.function());
        let mut slopes = Array3::zeros((x.len(), v.ncols(), x.inputs()));
        slopes.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(i, mut slopes)| {
            let mut slope = vec![0.0; x.inputs()];
            for j in 0..z.len() {
                slope.fill(0.0);
                kernel.slope(rows.row(i), others.row(j), 1.0, &mut slope);
                for (mut out, v) in slopes.rows_mut().into_iter().zip(v.row(j)) {
                    out.iter_mut().zip(&slope).for_each(|(out, s)| *out += v * s);
                }
            }
        });
        if let Some(of_z) = self.mean.spread(z) {
            // coefficients that are integrated out: ∂/∂x of h(x)ᵀ(H_zᵀ v)
            let weights = linalg::matmul_tn(of_z.view(), v);
            let part = |x: &Points| Ok(self.mean.spread(x).unwrap_or_default().dot(&weights));
            slopes += &difference_slopes(x, v.ncols(), part)?;
        }
        if let Some(((row, column, _), &value)) = slopes.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(PriorError::NotFinite { what: "the slope of the kernel", row, column, value });
        }
        Ok(slopes)
    }

    fn paths(&self, n: usize, inputs: usize, seed: Seed) -> Result<Arc<dyn Paths>> {
        self.kernel.function().inputs().check(inputs)?;
        let drawn = KernelPaths::new(Arc::new(self.clone()), &self.kernel, inputs, n, seed)?;
        let Some(coefficients) = self.mean.drawn(n, self.outputs, seed.named("mean")) else {
            return Ok(Arc::new(drawn));
        };
        let spread = MeanPaths { mean: self.mean.clone(), coefficients };
        Ok(Arc::new(SumPaths(vec![(1.0, Arc::new(drawn)), (1.0, Arc::new(spread))])))
    }

    fn saved(&self) -> Result<SavedPrior> {
        Ok(SavedPrior::Gp(SavedGp {
            kernel: self.kernel.saved()?,
            mean: self.mean.saved()?,
            outputs: self.outputs,
        }))
    }
}

/// The part of the draws that comes from coefficients of the mean that are integrated out.
#[derive(Debug)]
struct MeanPaths {
    mean: Mean,
    /// White coefficients, (function, draw) an output.
    coefficients: Vec<Array2<f64>>,
}

impl Paths for MeanPaths {
    fn count(&self) -> usize {
        self.coefficients.first().map_or(0, Array2::ncols)
    }

    fn values(&self, x: &Points) -> Result<Array3<f64>> {
        self.mean.check(x)?;
        let mut values = Array3::zeros((self.count(), x.len(), self.coefficients.len()));
        if let Some(spread) = self.mean.spread(x) {
            for (c, coefficients) in self.coefficients.iter().enumerate() {
                values.index_axis_mut(Axis(2), c).assign(&spread.dot(coefficients).t());
            }
        }
        Ok(values)
    }
}

/// A Gaussian process as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedGp {
    kernel: SavedKernel,
    mean: SavedMean,
    outputs: usize,
}

impl SavedGp {
    pub(crate) fn revive(&self) -> Result<Gp> {
        let (kernel, mean) = (self.kernel.revive()?, self.mean.revive());
        Ok(Gp { kernel, mean, outputs: self.outputs })
    }
}
