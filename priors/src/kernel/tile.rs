//! A tile of points, one slice a coordinate: what kernels are evaluated on.

use ndarray::{Array2, ArrayView2, Axis};

use crate::Points;

/// The most points a tile holds.
pub const TILE: usize = 256;

/// Up to [`TILE`] points, coordinate by coordinate: contiguous over points, so that arithmetic runs in vectors.
#[derive(Clone, Debug)]
pub struct Tile<'a> {
    columns: Vec<&'a [f64]>,
    len: usize,
}

impl<'a> Tile<'a> {
    /// A tile of these columns, one a coordinate, all of one length.
    ///
    /// # Panics
    /// If the lengths differ, or there are more than [`TILE`] points.
    #[must_use]
    pub fn new(columns: Vec<&'a [f64]>) -> Tile<'a> {
        let len = columns.first().map_or(0, |column| column.len());
        assert!(
            len <= TILE && columns.iter().all(|c| c.len() == len),
            "a tile: columns of one length up to {TILE}"
        );
        Tile { columns, len }
    }

    /// The rows of a (coordinate, point) matrix in standard layout, as a tile.
    ///
    /// # Panics
    /// As [`Tile::new`], and for another layout.
    #[must_use]
    pub fn of(columns: ArrayView2<'a, f64>) -> Tile<'a> {
        let row = |i: usize| columns.index_axis_move(Axis(0), i).to_slice();
        Tile::new((0..columns.nrows()).filter_map(row).collect())
    }

    /// One point.
    #[must_use]
    pub fn one(point: &'a [f64]) -> Tile<'a> {
        Tile::new(point.chunks(1).collect())
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of coordinates.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.columns.len()
    }

    /// One coordinate of every point.
    #[must_use]
    pub fn column(&self, input: usize) -> &'a [f64] {
        self.columns[input]
    }

    /// Every coordinate, as a slice of columns.
    #[must_use]
    pub fn all(&self) -> &[&'a [f64]] {
        &self.columns
    }

    /// Every coordinate.
    pub fn columns(&self) -> impl Iterator<Item = &'a [f64]> {
        self.columns.iter().copied()
    }

    /// Writes the coordinates of one point.
    pub fn read(&self, point: usize, out: &mut [f64]) {
        for (out, column) in out.iter_mut().zip(&self.columns) {
            *out = column[point];
        }
    }
}

/// Points laid out both ways: rows to start from, columns to run over.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    rows: Array2<f64>,
    columns: Array2<f64>,
}

impl Layout {
    pub(crate) fn new(x: &Points) -> Layout {
        Layout {
            rows: x.view().as_standard_layout().into_owned(),
            columns: x.view().t().as_standard_layout().into_owned(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.nrows()
    }

    /// The coordinates of one point.
    pub(crate) fn row(&self, i: usize) -> &[f64] {
        let d = self.rows.ncols();
        self.rows.as_slice().map_or(&[], |all| &all[i * d..(i + 1) * d])
    }

    /// Points `from..to` as a tile.
    pub(crate) fn tile(&self, from: usize, to: usize) -> Tile<'_> {
        let n = self.rows.nrows();
        let all = self.columns.as_slice().unwrap_or(&[]);
        Tile::new((0..self.columns.nrows()).map(|d| &all[d * n + from..d * n + to]).collect())
    }
}
