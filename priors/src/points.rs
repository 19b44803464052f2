//! Points: where functions are asked for their values. One row is one point; every number is finite.

use std::sync::Arc;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use crate::{PriorError, Row};

/// Input points, shape (points, inputs), checked to be finite when made. Cheap to clone.
///
/// Points that come from a data set carry the identity of their rows, so that whatever is learned from them can be named in a
/// [`Ledger`](crate::Ledger).
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    x: Arc<Array2<f64>>,
    rows: Option<Arc<[Row]>>,
}

impl Points {
    /// Points from a matrix, one row a point. There may be none (0 rows), but a point has at least one coordinate.
    ///
    /// # Errors
    /// For a matrix without columns, and for NaN or an infinity (named by row and column).
    pub fn new(x: Array2<f64>) -> Result<Points, PriorError> {
        if x.ncols() == 0 {
            return Err(PriorError::Dimensions { what: "coordinates of a point", expected: 1, found: 0 });
        }
        if let Some(((row, column), &value)) = x.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(PriorError::NotFinite { what: "input", row, column, value });
        }
        Ok(Points { x: Arc::new(x), rows: None })
    }

    /// Points on a line.
    ///
    /// # Errors
    /// For NaN or an infinity.
    pub fn line(x: impl IntoIterator<Item = f64>) -> Result<Points, PriorError> {
        Points::new(ndarray::Array1::from_iter(x).insert_axis(Axis(1)))
    }

    /// `n` points evenly from `low` to `high`, both included.
    ///
    /// # Errors
    /// For NaN or an infinity.
    pub fn linspace(low: f64, high: f64, n: usize) -> Result<Points, PriorError> {
        Points::line(ndarray::Array1::linspace(low, high, n))
    }

    /// The same points with the identities of the data rows they came from.
    ///
    /// # Errors
    /// When there is not one identity a point.
    pub fn identified(mut self, rows: impl Into<Arc<[Row]>>) -> Result<Points, PriorError> {
        let rows = rows.into();
        if rows.len() != self.len() {
            return Err(PriorError::Dimensions {
                what: "row identities",
                expected: self.len(),
                found: rows.len(),
            });
        }
        self.rows = Some(rows);
        Ok(self)
    }

    /// The points of a range of rows.
    ///
    /// # Errors
    /// When the range goes past the end.
    pub fn range(&self, rows: std::ops::Range<usize>) -> Result<Points, PriorError> {
        if rows.start > rows.end || rows.end > self.len() {
            return Err(PriorError::Dimensions { what: "points", expected: rows.end, found: self.len() });
        }
        let identities = self.rows.as_ref().map(|all| all[rows.clone()].into());
        let x = self.x.slice(ndarray::s![rows, ..]).to_owned();
        Ok(Points { x: Arc::new(x), rows: identities })
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.x.nrows()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.x.nrows() == 0
    }

    /// Number of coordinates of a point.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.x.ncols()
    }

    /// The matrix (point, input).
    #[must_use]
    pub fn view(&self) -> ArrayView2<'_, f64> {
        self.x.view()
    }

    /// One coordinate of every point.
    ///
    /// # Errors
    /// When there is no such coordinate.
    pub fn coordinate(&self, input: usize) -> Result<ArrayView1<'_, f64>, PriorError> {
        if input >= self.inputs() {
            return Err(PriorError::Dimensions {
                what: "coordinates",
                expected: input + 1,
                found: self.inputs(),
            });
        }
        Ok(self.x.column(input))
    }

    /// The identities of the rows, where the points came from data.
    #[must_use]
    pub fn rows(&self) -> Option<&[Row]> {
        self.rows.as_deref()
    }

    /// Checks the number of coordinates.
    ///
    /// # Errors
    /// When it differs from `inputs`.
    pub fn expect_inputs(&self, inputs: usize) -> Result<(), PriorError> {
        if self.inputs() == inputs {
            Ok(())
        } else {
            Err(PriorError::Dimensions {
                what: "coordinates of a point",
                expected: inputs,
                found: self.inputs(),
            })
        }
    }
}
