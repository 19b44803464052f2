//! A linear-Gaussian regression with n rows compressed to at most p rows by orthogonal transformations.

use ndarray::{Array1, Array2, Axis, concatenate, s};
use rayon::prelude::*;
use softbias_priors::math::linalg;
use softbias_priors::{GaussianPrior, Weights, memory};

use crate::data::Data;
use crate::error::{ModelError, Result};

/// Rows per block of the blocked QR. A constant, so that the bits do not depend on the number of threads.
const BLOCK: usize = 2048;
/// How many triangles are stacked and factored at once on the way up.
const FAN_IN: usize = 8;

/// y − mean = B S ε + noise, with B = Q R₀ eliminated: r ≤ p rows carry everything that the labels say about the weights.
#[derive(Clone, Debug)]
pub(crate) struct Reduced {
    /// R₀, or B itself when n ≤ p: (r, p), without scales.
    pub(crate) basis: Array2<f64>,
    /// Qᵀ(y − mean): (r, output).
    pub(crate) y: Array2<f64>,
    /// ‖(I − QQᵀ)(y − mean)‖² of each output: what no weights can explain.
    pub(crate) rss: Array1<f64>,
    /// Number of rows before.
    pub(crate) n: usize,
}

/// Labels with the prior mean taken off; checks the number of outputs.
pub(crate) fn residual<P: GaussianPrior + ?Sized>(prior: &P, data: &Data) -> Result<Array2<f64>> {
    if prior.outputs() != data.outputs() {
        return Err(ModelError::Outputs { model: prior.outputs(), labels: data.outputs() });
    }
    Ok(data.labels() - &prior.mean(data.points())?)
}

impl Reduced {
    /// Compresses. Costs O(n p²) time and O(p²) memory beyond one block of rows for each thread when n > p; nothing when n ≤ p.
    pub(crate) fn new<P: GaussianPrior + ?Sized>(
        prior: &P,
        weights: &dyn Weights,
        data: &Data,
    ) -> Result<Reduced> {
        let y = residual(prior, data)?;
        let (n, p, outputs) = (data.len(), weights.dim(), y.ncols());
        memory::announce(
            "a reduced design (feature × feature)",
            n.min(p),
            p,
            "use fewer features, or `Exact::FunctionSpace`",
        )?;
        if n <= p {
            return Ok(Reduced { basis: weights.basis(data.points())?, y, rss: Array1::zeros(outputs), n });
        }
        let triangle = tall_qr(n, |rows| {
            let block = weights.basis(&data.points().range(rows.clone())?)?;
            concatenate(Axis(1), &[block.view(), y.slice(s![rows, ..])])
                .map_err(|_| ModelError::Outputs { model: outputs, labels: y.ncols() })
        })?;
        let (triangle, rss) = triangle_and_rest(triangle, p);
        Ok(Reduced {
            basis: triangle.slice(s![..p, ..p]).to_owned(),
            y: triangle.slice(s![..p, p..]).to_owned(),
            rss,
            n,
        })
    }

    /// The same problem on some of the columns only, compressed again when they are fewer than the rows: O(r live²).
    pub(crate) fn on_columns(&self, columns: &[usize]) -> Result<Reduced> {
        let basis = self.basis.select(Axis(1), columns);
        let p = columns.len();
        if p >= self.basis.nrows() {
            return Ok(Reduced { basis, ..self.clone() });
        }
        let both = concatenate(Axis(1), &[basis.view(), self.y.view()]).unwrap_or_default();
        let (triangle, rss) = triangle_and_rest(linalg::qr_r(both.view())?, p);
        Ok(Reduced {
            basis: triangle.slice(s![..p, ..p]).to_owned(),
            y: triangle.slice(s![..p, p..]).to_owned(),
            rss: rss + &self.rss,
            n: self.n,
        })
    }
}

/// The triangle of [B | y]: its last columns hold Qᵀy above and, below row p, exactly what is left of y. Nothing is subtracted.
fn triangle_and_rest(triangle: Array2<f64>, p: usize) -> (Array2<f64>, Array1<f64>) {
    let below = triangle.slice(s![p.min(triangle.nrows()).., p..]);
    let rss = below.map_axis(Axis(0), |column| column.dot(&column));
    (triangle, rss)
}

/// The triangular factor of a tall matrix that is only ever seen a block of rows at a time; blocks are done in parallel.
pub(crate) fn tall_qr(
    n: usize,
    block: impl Fn(std::ops::Range<usize>) -> Result<Array2<f64>> + Sync,
) -> Result<Array2<f64>> {
    let starts: Vec<usize> = (0..n).step_by(BLOCK).collect();
    let mut level: Vec<Array2<f64>> = starts
        .into_par_iter()
        .map(|start| Ok(linalg::qr_r(block(start..(start + BLOCK).min(n))?.view())?))
        .collect::<Result<_>>()?;
    while level.len() > 1 {
        level = level
            .par_chunks(FAN_IN)
            .map(|group| {
                let views: Vec<_> = group.iter().map(|r| r.view()).collect();
                let stacked = concatenate(Axis(0), &views).unwrap_or_default();
                Ok(linalg::qr_r(stacked.view())?)
            })
            .collect::<Result<_>>()?;
    }
    Ok(level.pop().unwrap_or_default())
}
