//! The noise of the rows: one variance for all, and what is known of each row on top.

use std::sync::Arc;

use ndarray::Array2;

use crate::error::{ModelError, Result};
use crate::likelihood::Gaussian;

/// Variances of the noise: common + each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Noise {
    common: f64,
    each: Option<Arc<[f64]>>,
}

impl Noise {
    pub(crate) fn new(common: f64, each: Option<Arc<[f64]>>) -> Noise {
        Noise { common, each }
    }

    pub(crate) fn common(&self) -> f64 {
        self.common
    }

    pub(crate) fn each(&self) -> Option<&Arc<[f64]>> {
        self.each.as_ref()
    }

    pub(crate) fn of_row(&self, row: usize) -> f64 {
        self.common + self.each.as_ref().and_then(|each| each.get(row)).copied().unwrap_or(0.0)
    }

    /// The same with as much on top of every row.
    pub(crate) fn plus(self, variance: f64) -> Noise {
        Noise { common: self.common + variance, ..self }
    }

    pub(crate) fn add_to_diagonal(&self, k: &mut Array2<f64>) {
        k.diag_mut().iter_mut().enumerate().for_each(|(i, d)| *d += self.of_row(i));
    }

    /// The noise of the rows from `first` on.
    pub(crate) fn tail(&self, first: usize) -> Noise {
        Noise { each: self.each.as_ref().map(|each| each[first.min(each.len())..].into()), ..self.clone() }
    }

    /// These rows, then those.
    pub(crate) fn then(&self, rows: usize, more: &Noise, others: usize) -> Noise {
        if self.each.is_none() && more.each.is_none() {
            return self.clone();
        }
        let part =
            |noise: &Noise, n: usize| (0..n).map(|i| noise.of_row(i) - self.common).collect::<Vec<f64>>();
        let each = [part(self, rows), part(more, others)].concat();
        Noise { common: self.common, each: Some(each.into()) }
    }

    /// Checks that there is one entry a row, and that every row has noise.
    pub(crate) fn check(&self, rows: usize) -> Result<()> {
        if let Some(each) = &self.each {
            if each.len() != rows {
                return Err(ModelError::NoiseRows { expected: rows, found: each.len() });
            }
            if let Some(row) = (0..rows).find(|&i| !(self.of_row(i) > 0.0 && self.of_row(i).is_finite())) {
                return Err(ModelError::Noise(self.of_row(row).sqrt()));
            }
        }
        Ok(())
    }
}

impl From<Gaussian> for Noise {
    fn from(noise: Gaussian) -> Noise {
        Noise { common: noise.variance(), each: None }
    }
}
