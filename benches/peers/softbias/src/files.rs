//! The files that `data.py` wrote, as softbias reads them.

use std::path::Path;

use ndarray::Array2;
use softbias::{Data, Points};

use crate::clock::table;
use crate::{DIM, Failure};

/// The files that `data.py` wrote.
pub struct Files {
    train: Vec<Vec<f64>>,
    test: Vec<Vec<f64>>,
    digits: Vec<Vec<f64>>,
}

impl Files {
    pub fn read(directory: &Path) -> Result<Self, Failure> {
        let table = |name: &str| table(&directory.join(name));
        Ok(Self { train: table("train.csv")?, test: table("test.csv")?, digits: table("digits.csv")? })
    }

    pub fn train(&self, n: usize) -> Result<Data, Failure> {
        data(&self.train[..n])
    }

    pub fn digits(&self, n: usize) -> Result<Data, Failure> {
        data(&self.digits[..n])
    }

    pub fn test(&self, n: usize) -> Result<Points, Failure> {
        Ok(Points::new(Array2::from_shape_fn((n, DIM), |(i, d)| self.test[i][d]))?)
    }
}

/// Inputs, and the label in the last column.
fn data(rows: &[Vec<f64>]) -> Result<Data, Failure> {
    let inputs = rows[0].len() - 1;
    let x = Array2::from_shape_fn((rows.len(), inputs), |(i, d)| rows[i][d]);
    let y = rows.iter().map(|row| row[inputs]).collect();
    Ok(Data::regression(x, y)?)
}
