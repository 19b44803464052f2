//! Draws as NumPy arrays in one file: THE door to ndarray-npy.

use std::fs::File;
use std::path::Path;

use ndarray::{Array2, Array3};
use ndarray_npy::{NpzReader, NpzWriter, WriteNpzError};
use softbias_priors::net::Precision;

use super::Samples;
use crate::error::{ModelError, Result};

fn unwritten(path: &Path, error: WriteNpzError) -> ModelError {
    ModelError::File { path: path.to_owned(), reason: error.to_string() }
}

fn created(path: &Path) -> Result<File> {
    File::create(path).map_err(|source| ModelError::Io { path: path.to_owned(), source })
}

impl<T: Precision> Samples<T> {
    /// Writes an uncompressed `.npz`: `eps` (chain, draw, coordinate) in the precision of the draws, and `potential`, `acceptance_rate`,
    /// `step_size` (chain, draw). Chains that ended early are filled up with NaN.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save_npz(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let wrong = |error| unwritten(path, error);
        let mut npz = NpzWriter::new(created(path)?);
        let eps = self.array();
        if T::NAME == "f32" {
            npz.add_array("eps", &eps.mapv(|e| e as f32)).map_err(wrong)?;
        } else {
            npz.add_array("eps", &eps).map_err(wrong)?;
        }
        for (name, values) in self.statistics() {
            npz.add_array(name, &values).map_err(wrong)?;
        }
        npz.finish().map_err(wrong)?;
        Ok(())
    }
}

/// What [`Samples::save_npz`] wrote, in f64: `eps`, then `potential`.
///
/// # Errors
/// When the file cannot be read, or holds something else.
pub fn read_npz(path: impl AsRef<Path>) -> Result<(Array3<f64>, Array2<f64>)> {
    let path = path.as_ref();
    let wrong = |reason: String| ModelError::File { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
    let mut npz = NpzReader::new(file).map_err(|error| wrong(error.to_string()))?;
    let eps = match npz.by_name::<ndarray::OwnedRepr<f64>, ndarray::Ix3>("eps") {
        Ok(eps) => eps,
        Err(_) => npz
            .by_name::<ndarray::OwnedRepr<f32>, ndarray::Ix3>("eps")
            .map_err(|error| wrong(error.to_string()))?
            .mapv(f64::from),
    };
    Ok((eps, npz.by_name("potential").map_err(|error| wrong(error.to_string()))?))
}
