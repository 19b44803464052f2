//! Random subspaces: many coordinates θ = θ₀ + P w moved by few weights w, where P comes from a seed and is never stored.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, concatenate, s};

use crate::linear::{Linear, Weights, design};
use crate::math::{Seed, linalg};
use crate::prior::Result;
use crate::{GaussianPrior, Ledger, Points, Prior, PriorError};

/// How the matrix P (coordinate, weight) is drawn. Its columns have length 1 on average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Projection {
    /// Independent N(0, 1/D) everywhere (Li et al. 2018): O(D d) to apply.
    Gaussian,
    /// So many entries ±√(d/(D k)) in every row, at random places, which may coincide (a count sketch; Achlioptas 2003): O(D k) to
    /// apply.
    Sparse {
        /// Entries a row, k.
        entries: usize,
    },
}

/// Where a subspace begins.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Origin {
    /// At 0.
    Zero,
    /// At given coordinates. They belong to whoever decodes: that they owe nothing to data, or what, the user has to say.
    Given(Arc<Array1<f64>>),
    /// At independent N(0, sd²) from the seed.
    Random {
        /// Their standard deviation.
        sd: f64,
    },
}

/// The subspace θ = θ₀ + P w of `full` coordinates, `dim` of them free. P and a random θ₀ come from the seed, some rows at a time.
///
/// Rows are cut into blocks by shape alone, so that the bits do not depend on the number of threads.
#[derive(Clone, Debug, PartialEq)]
pub struct Subspace {
    full: usize,
    dim: usize,
    projection: Projection,
    origin: Origin,
    seed: Seed,
}

/// Numbers of P in memory at a time, about. A constant of the format: the block of a row is a part of its seed.
const NUMBERS: usize = 1 << 18;

impl Subspace {
    /// A subspace of this dimension, drawn densely, through 0.
    ///
    /// # Errors
    /// Without coordinates or weights, or with more weights than coordinates.
    pub fn new(full: usize, dim: usize, seed: Seed) -> Result<Subspace> {
        if full == 0 || dim == 0 {
            return Err(PriorError::Empty("coordinates and weights of a subspace"));
        }
        if dim > full {
            return Err(PriorError::Dimensions {
                what: "weights of a subspace, at most as many as coordinates",
                expected: full,
                found: dim,
            });
        }
        Ok(Subspace { full, dim, projection: Projection::Gaussian, origin: Origin::Zero, seed })
    }

    /// With another matrix.
    ///
    /// # Errors
    /// For a sparse one without entries, or with more of them a row than there are weights.
    pub fn projection(self, projection: Projection) -> Result<Subspace> {
        if let Projection::Sparse { entries } = projection
            && !(1..=self.dim).contains(&entries)
        {
            let what = "entries in a row of a sparse projection, from 1 to the number of weights";
            return Err(PriorError::Dimensions { what, expected: self.dim, found: entries });
        }
        Ok(Subspace { projection, ..self })
    }

    /// Through another point.
    ///
    /// # Errors
    /// For another number of coordinates, and for NaN or an infinity.
    pub fn through(self, origin: Origin) -> Result<Subspace> {
        match &origin {
            Origin::Given(at) if at.len() != self.full => {
                return Err(self.misfit("coordinates of the origin", self.full, at.len()));
            }
            Origin::Given(at) => {
                if let Some((column, &value)) = at.iter().enumerate().find(|(_, v)| !v.is_finite()) {
                    return Err(PriorError::NotFinite { what: "origin", row: 0, column, value });
                }
            }
            Origin::Random { sd } if !(sd.is_finite() && *sd >= 0.0) => {
                return Err(PriorError::NotFinite {
                    what: "sd of the origin",
                    row: 0,
                    column: 0,
                    value: *sd,
                });
            }
            Origin::Random { .. } | Origin::Zero => {}
        }
        Ok(Subspace { origin, ..self })
    }

    /// Number of coordinates D.
    #[must_use]
    pub fn full(&self) -> usize {
        self.full
    }

    /// Number of weights d.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// θ₀, length D.
    #[must_use]
    pub fn origin(&self) -> Array1<f64> {
        match &self.origin {
            Origin::Zero => Array1::zeros(self.full),
            Origin::Given(at) => at.as_ref().clone(),
            Origin::Random { sd } => self.seed.named("origin").normal1(self.full) * *sd,
        }
    }

    /// θ₀ + P w, length D, from w, length d.
    ///
    /// # Errors
    /// For another number of weights.
    pub fn expand(&self, w: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        if w.len() != self.dim {
            return Err(self.misfit("weights of a subspace", self.dim, w.len()));
        }
        let mut theta = self.origin();
        for (block, rows) in self.blocks() {
            let mut part = theta.slice_mut(s![rows.clone()]);
            match self.projection {
                Projection::Gaussian => {
                    let dense = self.dense(block, rows.len());
                    part += &linalg::matmul(dense.view(), w.insert_axis(Axis(1))).column(0);
                }
                Projection::Sparse { entries } => {
                    self.sparse(block, rows.len(), entries).for_each(|(i, j, value)| part[i] += value * w[j]);
                }
            }
        }
        Ok(theta)
    }

    /// Pᵀ g, length d: the gradient with respect to w, from that with respect to θ, length D.
    ///
    /// # Errors
    /// For another number of coordinates.
    pub fn pullback(&self, gradient: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        Ok(self.pullback_rows(gradient.insert_axis(Axis(0)))?.row(0).to_owned())
    }

    /// G P, (row, weight), for many gradients at once, (row, coordinate): P is drawn only once.
    ///
    /// # Errors
    /// For another number of coordinates.
    pub fn pullback_rows(&self, gradients: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        if gradients.ncols() != self.full {
            return Err(self.misfit("coordinates of a subspace", self.full, gradients.ncols()));
        }
        let mut sum = Array2::zeros((gradients.nrows(), self.dim));
        for (block, rows) in self.blocks() {
            let part = gradients.slice(s![.., rows.clone()]);
            match self.projection {
                Projection::Gaussian => {
                    sum += &linalg::matmul(part, self.dense(block, rows.len()).view());
                }
                Projection::Sparse { entries } => {
                    for (i, j, value) in self.sparse(block, rows.len(), entries) {
                        sum.column_mut(j).scaled_add(value, &part.column(i));
                    }
                }
            }
        }
        Ok(sum)
    }

    fn blocks(&self) -> impl Iterator<Item = (usize, Range<usize>)> + '_ {
        let a_row = match self.projection {
            Projection::Gaussian => self.dim,
            Projection::Sparse { entries } => entries,
        };
        let height = (NUMBERS / a_row).clamp(1, self.full);
        let ends = move |start: usize| start..(start + height).min(self.full);
        (0..self.full).step_by(height).map(ends).enumerate()
    }

    fn seed_of(&self, block: usize) -> Seed {
        self.seed.named("projection").at(block)
    }

    /// Some rows of a dense P.
    fn dense(&self, block: usize, height: usize) -> Array2<f64> {
        self.seed_of(block).normal2(height, self.dim) / (self.full as f64).sqrt()
    }

    /// The entries of some rows of a sparse P: row within the block, place, value.
    fn sparse(
        &self,
        block: usize,
        height: usize,
        entries: usize,
    ) -> impl Iterator<Item = (usize, usize, f64)> + use<> {
        let size = (self.dim as f64 / (self.full as f64 * entries as f64)).sqrt();
        let last = self.dim - 1;
        // place and sign of an entry from one number
        let signed = self.seed_of(block).uniform1(height * entries, 0.0, 2.0 * self.dim as f64);
        signed.into_iter().enumerate().map(move |(i, u)| {
            let sign = if u.rem_euclid(2.0) < 1.0 { 1.0 } else { -1.0 };
            (i / entries, ((u / 2.0) as usize).min(last), sign * size)
        })
    }

    fn misfit(&self, what: &'static str, expected: usize, found: usize) -> PriorError {
        PriorError::Dimensions { what, expected, found }
    }
}

/// A linear prior within a random subspace of its white weights: f(x) = mean(x) + Φ(x)(θ₀ + P w), w ~ N(0, I), where Φ holds the
/// prior's features with their scales. A [`Linear`] family itself, of `dim` features: exact inference takes d dimensions.
///
/// Where there is a mean or an origin it is one feature more, of scale 0 and weight 1. Its parameters stay as they are.
#[derive(Clone, Debug)]
pub struct WithinSubspace {
    prior: Arc<dyn GaussianPrior>,
    subspace: Subspace,
    offset: bool,
}

impl WithinSubspace {
    /// This prior, within that subspace of its weights.
    ///
    /// # Errors
    /// For a prior without features, of another number of them than the subspace has coordinates, or with several outputs and a
    /// mean.
    pub fn new<P: GaussianPrior + 'static>(prior: P, subspace: Subspace) -> Result<WithinSubspace> {
        let features =
            prior.weights().ok_or(PriorError::Empty("features of a prior within a subspace"))?.dim();
        if features != subspace.full() {
            return Err(PriorError::Dimensions {
                what: "coordinates of the subspace, one a feature",
                expected: features,
                found: subspace.full(),
            });
        }
        if !prior.centred() && prior.outputs() > 1 {
            return Err(PriorError::Dimensions {
                what: "outputs of a prior with a mean, within a subspace",
                expected: 1,
                found: prior.outputs(),
            });
        }
        let offset = !prior.centred() || subspace.origin != Origin::Zero;
        Ok(WithinSubspace { prior: Arc::new(prior), subspace, offset })
    }

    /// The subspace.
    #[must_use]
    pub fn subspace(&self) -> &Subspace {
        &self.subspace
    }

    fn with_offset(&self, free: f64, offset: f64) -> Array1<f64> {
        let mut values = Array1::from_elem(Weights::dim(self), free);
        if self.offset {
            values[self.subspace.dim()] = offset;
        }
        values
    }
}

impl Weights for WithinSubspace {
    fn dim(&self) -> usize {
        self.subspace.dim() + usize::from(self.offset)
    }

    fn basis(&self, x: &Points) -> Result<Array2<f64>> {
        let features = self.prior.weights().ok_or(PriorError::Empty("features of a prior"))?;
        let design = design(&*features, x)?;
        let within = self.subspace.pullback_rows(design.view())?;
        if !self.offset {
            return Ok(within);
        }
        let at_origin = linalg::matmul(design.view(), self.subspace.origin().view().insert_axis(Axis(1)));
        let offset = at_origin + self.prior.mean(x)?.slice(s![.., ..1]);
        concatenate(Axis(1), &[within.view(), offset.view()]).map_err(|_| PriorError::Dimensions {
            what: "points in the mean",
            expected: within.nrows(),
            found: offset.nrows(),
        })
    }

    fn scales(&self) -> Array1<f64> {
        self.with_offset(1.0, 0.0)
    }
}

impl Linear for WithinSubspace {
    fn copies(&self) -> usize {
        self.prior.outputs()
    }

    fn weight_mean(&self) -> Option<Array1<f64>> {
        self.offset.then(|| self.with_offset(0.0, 1.0))
    }

    fn owes(&self) -> Ledger {
        self.prior.ledger()
    }
}
