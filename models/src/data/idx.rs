//! Loading images and their classes from IDX files, the format of MNIST.

use std::path::Path;

use ndarray::Array2;
use softbias_priors::{Points, PriorError, memory};

use super::{Data, DataError, gzip};

impl Data {
    /// Images and their classes from two IDX files of unsigned bytes, such as MNIST's, as they are or packed by gzip.
    ///
    /// Inputs are the pixels 0 to 255, row by row (28 × 28 images have 784 inputs); the label is the class, a whole number in one
    /// column. Memory: 8 bytes a pixel. Format: LeCun, Cortes and Burges, "The MNIST database", section on file formats.
    ///
    /// ```no_run
    /// # use softbias_models::data::{Data, DataError};
    /// # fn main() -> Result<(), DataError> {
    /// let train = Data::read_idx("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")?;
    /// assert_eq!(train.inputs(), 784);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// For a file that cannot be read or unpacked, one that is no IDX file of unsigned bytes, one that holds fewer or more bytes than
    /// its header says, files of other than images and classes, and other numbers of the one than of the other.
    pub fn read_idx(images: impl AsRef<Path>, classes: impl AsRef<Path>) -> Result<Data, DataError> {
        let images = Idx::read(images.as_ref())?;
        let classes = Idx::read(classes.as_ref())?;
        let (rows, pixels) = match images.sizes.split_first() {
            Some((&rows, sizes)) if !sizes.is_empty() => (rows, sizes.iter().product()),
            _ => return Err(images.dimensions("2 or more dimensions, of images")),
        };
        if classes.sizes.len() != 1 {
            return Err(classes.dimensions("1 dimension, of classes"));
        }
        labelled(rows, pixels, &images.values, &classes.values)
    }
}

/// Data from the bytes of pixels, image by image, and one class an image.
pub(super) fn labelled(rows: usize, pixels: usize, x: &[u8], classes: &[u8]) -> Result<Data, DataError> {
    if rows != classes.len() {
        return Err(DataError::RowCount { inputs: rows, labels: classes.len() });
    }
    if rows == 0 {
        return Err(DataError::NoRows);
    }
    memory::announce("images (image × pixel)", rows, pixels, "load fewer files at a time")
        .map_err(PriorError::from)?;
    let expected = rows.saturating_mul(pixels);
    let shape = |_| DataError::Columns { what: "pixels of all images", expected, found: x.len() };
    let x =
        Array2::from_shape_vec((rows, pixels), x.iter().map(|&v| f64::from(v)).collect()).map_err(shape)?;
    let y = Array2::from_shape_fn((rows, 1), |(i, _)| classes.get(i).map_or(f64::NAN, |&c| f64::from(c)));
    Data::new(Points::new(x)?, y)
}

/// An IDX file of unsigned bytes.
struct Idx {
    file: String,
    sizes: Vec<usize>,
    values: Vec<u8>,
}

/// The type code of unsigned bytes.
const UNSIGNED_BYTES: u8 = 8;

impl Idx {
    fn read(path: &Path) -> Result<Idx, DataError> {
        let (bytes, file) = gzip::read(path)?;
        let cut =
            |expected: usize| DataError::FileLength { file: file.clone(), expected, found: bytes.len() };
        let (&[zero, also, kind, dimensions], rest) = bytes.split_first_chunk::<4>().ok_or_else(|| cut(4))?;
        let foreign = |byte: usize, expected, found: u8| DataError::Format {
            file: file.clone(),
            byte,
            expected,
            found: found.to_string(),
        };
        if zero != 0 {
            return Err(foreign(0, "0, as every IDX file begins", zero));
        }
        if also != 0 {
            return Err(foreign(1, "0, as every IDX file begins", also));
        }
        if kind != UNSIGNED_BYTES {
            return Err(foreign(2, "8, the IDX code of unsigned bytes", kind));
        }
        if dimensions == 0 {
            return Err(foreign(3, "the number of dimensions, 1 or more", dimensions));
        }
        let header = 4 * usize::from(dimensions);
        let (sizes, values) = rest.split_at_checked(header).ok_or_else(|| cut(4 + header))?;
        let sizes = sizes.chunks_exact(4).map(|size| size.iter().fold(0, |n, &b| n << 8 | usize::from(b)));
        let sizes = Vec::from_iter(sizes);
        let expected = sizes.iter().fold(1, |n: usize, &size| n.saturating_mul(size));
        if values.len() != expected {
            return Err(cut((4 + header).saturating_add(expected)));
        }
        let values = values.to_vec();
        Ok(Idx { file, sizes, values })
    }

    fn dimensions(&self, expected: &'static str) -> DataError {
        DataError::Format { file: self.file.clone(), byte: 3, expected, found: self.sizes.len().to_string() }
    }
}
