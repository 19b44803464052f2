//! Curvature as Kronecker factors, a pair a matrix of weights (Martens & Grosse 2015): how they are summed.

use std::sync::{Arc, OnceLock};

use ndarray::{Array1, Array2};
use rayon::prelude::*;
use softbias_priors::math::linalg::{self, LinalgError};
use softbias_priors::memory;
use softbias_priors::net::Precision;
use softbias_priors::net::layer::{MatrixSite, Site};

use super::cover::Place;
use super::error::NetLaplaceError;
use super::fit::{At, Curvature, write_rows};
use super::gram::Gram;
use super::kron_solved::Pairs;
use crate::curvature::{Lane, Roots, Seen, Show, in_parts};
use crate::error::Result;
use crate::likelihood::RowLikelihood;

/// A symmetric matrix, its eigenvalues, and its eigenvectors once they are asked for.
#[derive(Debug)]
pub(super) struct Factor {
    matrix: Array2<f64>,
    values: Array1<f64>,
    vectors: OnceLock<Option<Array2<f64>>>,
}

impl Factor {
    fn new(matrix: Array2<f64>) -> Result<Factor> {
        let values = linalg::eigenvalues(matrix.view())?.mapv_into(|v| v.max(0.0));
        Ok(Factor { matrix, values, vectors: OnceLock::new() })
    }

    /// Ascending, none below 0.
    pub(super) fn values(&self) -> &Array1<f64> {
        &self.values
    }

    /// In columns, in the order of the values.
    pub(super) fn vectors(&self) -> Result<&Array2<f64>> {
        let found = self.vectors.get_or_init(|| Some(linalg::eigh(self.matrix.view()).ok()?.vectors));
        found
            .as_ref()
            .ok_or_else(|| LinalgError::NoConvergence { stage: "eigh", size: self.matrix.nrows() }.into())
    }
}

/// The curvature of one site in white coordinates of scale 1.
// (a net has few: none is moved often)
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub(super) enum Block {
    /// A ⊗ G for the weights, G for the bias.
    Matrix {
        site: MatrixSite,
        /// Inputs by inputs.
        a: Factor,
        /// Outputs by outputs.
        g: Factor,
        /// What makes a row of weights of its white coordinates, where that is not the scale alone.
        fold: Option<Array2<f64>>,
        weights: usize,
        bias: Option<usize>,
    },
    /// Weights that are no matrix: gains and shifts, tied layers.
    Dense {
        h: Array2<f64>,
        /// Tensor and length of each.
        tensors: Vec<(usize, usize)>,
    },
}

/// A block and where its weights begin in θ.
#[derive(Debug)]
pub(super) struct Sited {
    pub(super) place: Place,
    pub(super) block: Block,
}

/// Rows of data whose products are summed at a time.
const BLOCK: usize = 256;

/// Sums of one part of the rows.
enum Sum<T> {
    /// Of inputs (none where these are the data) and of slopes.
    Matrix {
        a: Gram<T>,
        g: Gram<T>,
    },
    Dense(Gram<T>),
}

impl<T: Precision> Sum<T> {
    fn new(place: &Place) -> Sum<T> {
        match place.matrix {
            Some(site) => Sum::Matrix { a: Gram::new(Self::inputs(place, site)), g: Gram::new(site.outputs) },
            None => Sum::Dense(Gram::new(place.len)),
        }
    }

    fn size(place: &Place) -> usize {
        place.matrix.map_or(place.len.pow(2), |site| Self::inputs(place, site).pow(2) + site.outputs.pow(2))
    }

    /// The side of the inputs' sum.
    fn inputs(place: &Place, site: MatrixSite) -> usize {
        if place.reads_data { 0 } else { site.inputs }
    }

    fn parts(&mut self) -> impl Iterator<Item = &mut Gram<T>> {
        let (first, second) = match self {
            Sum::Matrix { a, g } => (a, Some(g)),
            Sum::Dense(h) => (h, None),
        };
        std::iter::once(first).chain(second)
    }

    fn add(&mut self, buffer: &mut Vec<T>, site: &dyn Site<T>, seen: Seen<'_, T>) {
        match (self, site.matrix()) {
            (Sum::Matrix { a, g }, Some(shape)) if shape.plain => {
                if seen.first {
                    a.add(seen.x);
                }
                g.add(seen.dy);
            }
            (Sum::Matrix { a, g }, Some(_)) => {
                if seen.first {
                    site.unfold(seen.x, seen.rows, buffer);
                    a.add(buffer);
                }
                site.unfold_slopes(seen.dy, seen.rows * seen.copies, buffer);
                g.add(buffer);
            }
            (Sum::Dense(h), _) => {
                buffer.clear();
                buffer.resize(seen.rows * seen.copies * site.len(), T::ZERO);
                write_rows(site, seen, site.len(), 0, buffer);
                h.add(buffer);
            }
            (Sum::Matrix { .. }, None) => {}
        }
    }
}

struct Memory<T> {
    lane: Lane<T>,
    sums: Vec<Sum<T>>,
    buffer: Vec<T>,
    log: f64,
}

/// The factors of the given sites; with Σ ln p over the rows.
///
/// A is the mean over rows and positions of a aᵀ, a the inputs of the matrix, and G the sum over rows, positions and columns of the root of
/// g gᵀ, g the slopes at its outputs: the expand form (Eschenhagen et al. 2023), exact where inputs and slopes are uncorrelated.
pub(super) fn kron<T: Precision, L: RowLikelihood>(
    roots: &Roots<'_, T, L>,
    at: &At<'_, T>,
    places: &[Place],
) -> Result<(f64, Arc<dyn Curvature<T>>)> {
    for place in places {
        check(at, place)?;
        let side = place.matrix.map_or(place.len, |site| site.inputs.max(site.outputs));
        memory::announce("a factor of the curvature", side, side, "use `NetLaplace::diag` or `low_rank(k)`")?;
    }
    // the factor of the data needs no walk, and its eigenvalues come from one thread: beside the rest
    let of_data = || -> Result<Vec<Option<Inputs>>> {
        let gram = places.iter().any(|place| place.reads_data).then(|| data_gram(roots));
        let of_place = |place: &Place| gram.clone().filter(|_| place.reads_data);
        let inputs = |place: &Place| of_place(place).map(|gram| Inputs::new(at, place, gram)).transpose();
        places.iter().map(inputs).collect()
    };
    let ((log, sums), of_data) = rayon::join(|| walked(roots, places), of_data);
    let n = roots.target.data().len();
    let all = places.par_iter().zip(sums).zip(of_data?);
    let blocks = all.map(|((place, sum), inputs)| sited(at, place, sum, inputs, n));
    let blocks = Arc::new(blocks.collect::<Result<Vec<_>>>()?);
    Ok((log, Arc::new(Pairs { blocks, tensors: at.net.tensors().len() })))
}

/// Sums at every place, but for those of the data; with Σ ln p over the rows.
fn walked<T: Precision, L: RowLikelihood>(roots: &Roots<'_, T, L>, places: &[Place]) -> (f64, Vec<Sum<f64>>) {
    let size = places.iter().map(Sum::<T>::size).sum();
    let fresh = || Memory {
        lane: Lane::default(),
        sums: places.iter().map(Sum::new).collect(),
        buffer: Vec::new(),
        log: 0.0,
    };
    let on = |memory: &mut Memory<T>, rows: std::ops::Range<usize>| {
        let Memory { lane, sums, buffer, log } = memory;
        *log = roots.visit(lane, rows, Show::Each, &mut |site, seen| {
            if let Some(index) = places.iter().position(|place| place.start == site.start()) {
                sums[index].add(buffer, site, seen);
            }
        });
    };
    let mut totals: Vec<Sum<f64>> = places.iter().map(Sum::new).collect();
    let mut log = 0.0;
    in_parts(roots.target.data().len(), size, fresh, on, |memory| {
        log += memory.log;
        for (total, own) in totals.iter_mut().zip(&mut memory.sums) {
            total.parts().zip(own.parts()).for_each(|(total, own)| total.take(own));
        }
    });
    (log, totals)
}

/// Mean of x xᵀ over the rows of data.
fn data_gram<T: Precision, L: RowLikelihood>(roots: &Roots<'_, T, L>) -> Array2<f64> {
    let (n, width) = (roots.target.data().len(), roots.target.net().width());
    let mut total = Gram::<f64>::new(width);
    let on = |sum: &mut Gram<T>, rows: std::ops::Range<usize>| {
        // (a block at a time, of which the panels' copies are small)
        let rows = &roots.target.inputs()[rows.start * width..rows.end * width];
        rows.chunks(BLOCK * width).for_each(|rows| sum.add(rows));
    };
    in_parts(n, width * width, || Gram::new(width), on, |sum| total.take(sum));
    total.square() / n as f64
}

fn check<T>(at: &At<'_, T>, place: &Place) -> Result<()> {
    let refuse = |tensor: &str, needs, instead| {
        let (tensor, structure) = (tensor.to_owned(), "Kronecker");
        Err(NetLaplaceError::Law { tensor, structure, needs, instead }.into())
    };
    for tensor in
        at.net.tensors().iter().filter(|t| place.matrix.is_some() && place.range().contains(&t.start))
    {
        if !tensor.law.is_normal() {
            let needs = "normal weights, whose scales are constants";
            return refuse(&tensor.name, needs, "`NetLaplace::diag`, `full` or `low_rank(k)`");
        }
        if tensor.start != place.start && !tensor.law.is_isotropic() {
            return refuse(&tensor.name, "biases of one scale", "`NetLaplace::diag` or `full`");
        }
    }
    Ok(())
}

/// The inputs' side of a matrix: its factor, and what makes a row of weights of its white coordinates where that is not the scale alone.
struct Inputs {
    a: Factor,
    fold: Option<Array2<f64>>,
}

impl Inputs {
    fn new<T: Precision>(at: &At<'_, T>, place: &Place, mut a: Array2<f64>) -> Result<Inputs> {
        let tensor = place.tensors(at.net).next().map(|index| &at.net.tensors()[index]);
        let fold = tensor.filter(|tensor| !tensor.law.is_isotropic()).map(|tensor| {
            let none = vec![0.0; a.nrows()];
            let mut unit = Array2::<f64>::eye(a.nrows());
            for mut row in unit.rows_mut() {
                tensor.pull_unit(&none, row.as_slice_mut().unwrap_or_default());
            }
            unit
        });
        if let Some(unit) = &fold {
            a = linalg::matmul(linalg::matmul_tn(unit.view(), a.view()).view(), unit.view());
        }
        Ok(Inputs { a: Factor::new(a)?, fold })
    }
}

fn sited<T: Precision>(
    at: &At<'_, T>,
    place: &Place,
    sum: Sum<f64>,
    of_data: Option<Inputs>,
    n: usize,
) -> Result<Sited> {
    let tensors: Vec<usize> = place.tensors(at.net).collect();
    let block = match (sum, place.matrix) {
        (Sum::Matrix { a, g }, Some(site)) => {
            let mean = || a.square() / (n * site.positions) as f64;
            let Inputs { a, fold } = of_data.map_or_else(|| Inputs::new(at, place, mean()), Ok)?;
            let g = Factor::new(g.square())?;
            let bias = site.bias.then(|| tensors[1]);
            Block::Matrix { site, a, g, fold, weights: tensors[0], bias }
        }
        (Sum::Matrix { g: h, .. } | Sum::Dense(h), _) => {
            // U'HU by rows, twice
            let mut h = h.square();
            for _ in 0..2 {
                for mut row in h.rows_mut() {
                    pull_place(at, place, row.as_slice_mut().unwrap_or_default());
                }
                h = h.t().as_standard_layout().into_owned();
            }
            let tensors = tensors.iter().map(|t| (*t, at.net.tensors()[*t].len())).collect();
            Block::Dense { h, tensors }
        }
    };
    Ok(Sited { place: *place, block })
}

/// Slopes of one place's weights, to white coordinates of scale 1.
pub(super) fn pull_place<T: Precision>(at: &At<'_, T>, place: &Place, slopes: &mut [f64]) {
    for index in place.tensors(at.net) {
        let tensor = &at.net.tensors()[index];
        let eps: Vec<f64> = at.eps[tensor.range()].iter().map(|e| e.get()).collect();
        let from = tensor.start - place.start;
        tensor.pull_unit(&eps, &mut slopes[from..from + tensor.len()]);
    }
}
