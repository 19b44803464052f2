//! Affine maps of columns, and the one that standardises them.

use std::sync::Arc;

use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::DataError;

/// One shift and one scale a column: a value becomes (value − shift) / scale. Every scale is > 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Columns", into = "Columns")]
pub struct Affine {
    shift: Arc<[f64]>,
    scale: Arc<[f64]>,
}

/// The saved form of [`Affine`], which is checked when it is read.
#[derive(Serialize, Deserialize)]
struct Columns {
    shift: Vec<f64>,
    scale: Vec<f64>,
}

impl TryFrom<Columns> for Affine {
    type Error = DataError;
    fn try_from(columns: Columns) -> Result<Affine, DataError> {
        Affine::new(columns.shift, columns.scale)
    }
}

impl From<Affine> for Columns {
    fn from(affine: Affine) -> Columns {
        Columns { shift: affine.shift.to_vec(), scale: affine.scale.to_vec() }
    }
}

impl Affine {
    /// From shifts and scales, one a column.
    ///
    /// # Errors
    /// For another number of scales than of shifts, and unless every shift is finite and every scale finite and > 0.
    pub fn new(shift: impl Into<Vec<f64>>, scale: impl Into<Vec<f64>>) -> Result<Affine, DataError> {
        let (shift, scale) = (shift.into(), scale.into());
        if shift.len() != scale.len() {
            return Err(DataError::Columns { what: "scales", expected: shift.len(), found: scale.len() });
        }
        for (column, (&shift, &scale)) in shift.iter().zip(&scale).enumerate() {
            if !(shift.is_finite() && scale.is_finite() && scale > 0.0) {
                return Err(DataError::Scale { column, shift, scale });
            }
        }
        Ok(Affine { shift: shift.into(), scale: scale.into() })
    }

    /// What is subtracted, one number a column.
    #[must_use]
    pub fn shift(&self) -> &[f64] {
        &self.shift
    }

    /// What is divided by after that, one number a column.
    #[must_use]
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// How many columns it is for.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.shift.len()
    }

    /// Mean and standard deviation of each column.
    pub(super) fn learn(values: ArrayView2<'_, f64>) -> Result<Affine, DataError> {
        let (shift, scale): (Vec<f64>, Vec<f64>) =
            values.columns().into_iter().map(mean_and_deviation).unzip();
        Affine::new(shift, scale)
    }

    pub(super) fn expect_columns(&self, what: &'static str, found: usize) -> Result<(), DataError> {
        if self.columns() == found {
            Ok(())
        } else {
            Err(DataError::Columns { what, expected: self.columns(), found })
        }
    }

    pub(super) fn forward(&self, mut values: Array2<f64>) -> Array2<f64> {
        for ((mut column, &shift), &scale) in
            values.columns_mut().into_iter().zip(self.shift()).zip(self.scale())
        {
            column.mapv_inplace(|value| (value - shift) / scale);
        }
        values
    }

    pub(super) fn backward(&self, mut values: Array2<f64>) -> Array2<f64> {
        for ((mut column, &shift), &scale) in
            values.columns_mut().into_iter().zip(self.shift()).zip(self.scale())
        {
            column.mapv_inplace(|value| value * scale + shift);
        }
        values
    }
}

/// Mean and standard deviation (the mean of squares is over n, not n − 1). A constant column gets scale 1, so that it becomes
/// zeros: its rounded mean may differ from the constant, and dividing by that difference would turn rounding into data.
fn mean_and_deviation(column: ArrayView1<'_, f64>) -> (f64, f64) {
    let first = column.first().copied().unwrap_or(0.0);
    if column.iter().all(|&value| value == first) {
        return (first, 1.0);
    }
    let n = column.len() as f64;
    // Deviations from the first value, by their largest: neither sums nor squares overflow or vanish.
    let largest = column.iter().fold(0.0f64, |largest, value| largest.max((value - first).abs()));
    let centre = column.iter().map(|value| (value - first) / largest).sum::<f64>() / n;
    let square = column.iter().map(|value| ((value - first) / largest - centre).powi(2)).sum::<f64>() / n;
    (first + centre * largest, largest * square.sqrt())
}
