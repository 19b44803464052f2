//! Draws as NumPy arrays in one file.

use std::fs::File;
use std::path::Path;

use ndarray::{Array2, Array3};
use softbias_priors::net::Precision;

use super::Samples;
use crate::error::{ModelError, Result};
use crate::npz::{Archive, NpzError, Writer};

impl<T: Precision> Samples<T> {
    /// Writes an uncompressed `.npz`: `eps` (chain, draw, coordinate) in the precision of the draws, and `potential`, `acceptance_rate`,
    /// `step_size` (chain, draw). Chains that ended early are filled up with NaN.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save_npz(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let file = File::create(path).map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
        let mut npz = Writer::new(file);
        let eps = self.array();
        let mut written =
            if T::NAME == "f32" { npz.add("eps", &eps.mapv(|e| e as f32)) } else { npz.add("eps", &eps) };
        for (name, values) in self.statistics() {
            written = written.and_then(|()| npz.add(name, &values));
        }
        let all = written.and_then(|()| npz.finish());
        all.map_err(|error| ModelError::File { path: path.to_owned(), reason: error.to_string() })
    }
}

/// What [`Samples::save_npz`] wrote, in f64: `eps`, then `potential`.
///
/// # Errors
/// When the file cannot be read, or holds something else.
pub fn read_npz(path: impl AsRef<Path>) -> Result<(Array3<f64>, Array2<f64>)> {
    let path = path.as_ref();
    let wrong = |error: NpzError| ModelError::File { path: path.to_owned(), reason: error.to_string() };
    let file = File::open(path).map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
    let mut npz = Archive::new(file).map_err(wrong)?;
    let eps = npz.array_of("eps", "3: (chain, draw, coordinate)").map_err(wrong)?;
    Ok((eps, npz.array_of("potential", "2: (chain, draw)").map_err(wrong)?))
}
