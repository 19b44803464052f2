//! The files that `data.py` wrote, as gprx reads them.

use std::path::Path;

use crate::clock::table;
use crate::{DIM, Failure};

/// Inputs (column-major, n × 8) and, for training rows, outputs.
pub struct Rows {
    pub n: usize,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

/// The files that `data.py` wrote.
pub struct Data {
    train: Vec<Vec<f64>>,
    test: Vec<Vec<f64>>,
}

impl Data {
    pub fn read(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { train: table(&directory.join("train.csv"))?, test: table(&directory.join("test.csv"))? })
    }

    pub fn train(&self, n: usize) -> Rows {
        rows(&self.train[..n])
    }

    pub fn test(&self, n: usize) -> Rows {
        rows(&self.test[..n])
    }
}

fn rows(values: &[Vec<f64>]) -> Rows {
    let x = (0..DIM).flat_map(|d| values.iter().map(move |row| row[d])).collect();
    let y = values.iter().filter_map(|row| row.get(DIM).copied()).collect();
    Rows { n: values.len(), x, y }
}
