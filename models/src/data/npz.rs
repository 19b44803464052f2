//! Loading inputs and labels from two arrays of a NumPy archive.

use std::fs::File;
use std::path::Path;

use ndarray::{Axis, Ix1, Ix2};
use softbias_priors::Points;

use super::{Data, DataError};
use crate::npz::{Archive, NpzError};

impl Data {
    /// Inputs and labels from two arrays of a NumPy archive, as `numpy.savez(path, x=…, y=…)` and `numpy.savez_compressed` write them.
    ///
    /// `x` has a row a point along its first dimension and 1 or more further dimensions, which are flattened row by row (images of 28 × 28
    /// have 784 inputs). `y` has one label a row, or two dimensions: (row, output). Elements: floats of 32 or 64 bits, whole numbers of 8 to
    /// 64 bits (beyond 2⁵³ they are rounded), booleans as 0 and 1. Memory: up to 24 bytes an entry while it is read, 8 afterwards. Format:
    /// numpy.lib.format, versions 1 to 3.
    ///
    /// ```no_run
    /// # use softbias_models::data::{Data, DataError};
    /// # fn main() -> Result<(), DataError> {
    /// let train = Data::read_npz("train.npz", "x", "y")?;
    /// println!("{} rows of {} inputs", train.len(), train.inputs());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// For a file that cannot be read or is no archive; an array that is not there (naming those that are), that has elements of another type
    /// or other dimensions, that is cut off or damaged, or that is over the memory limit; other numbers of rows of the one than of the other;
    /// no rows; and NaN or an infinity.
    pub fn read_npz(path: impl AsRef<Path>, x: &str, y: &str) -> Result<Data, DataError> {
        let path = path.as_ref();
        let name = || path.display().to_string();
        let file = File::open(path).map_err(|error| DataError::Read {
            file: name(),
            kind: error.kind(),
            message: error.to_string(),
        })?;
        let wrong = |problem| DataError::Npz { file: name(), problem: Box::new(problem) };
        let mut archive = Archive::new(file).map_err(wrong)?;
        let inputs = archive.array(x).map_err(wrong)?;
        let dimensions = |name: &str, expected, found| {
            wrong(NpzError::Dimensions { name: name.to_owned(), expected, found })
        };
        let (rows, columns) = match inputs.shape() {
            [rows, rest @ ..] if !rest.is_empty() => (*rows, rest.iter().product::<usize>()),
            shape => return Err(dimensions(x, "2 or more: (row, …)", shape.len())),
        };
        let dims = inputs.ndim();
        let inputs = inputs.into_shape_with_order((rows, columns));
        let inputs = inputs.map_err(|_| dimensions(x, "2 or more: (row, …)", dims))?;
        let labels = archive.array(y).map_err(wrong)?;
        let found = labels.ndim();
        let labels = match found {
            1 => labels.into_dimensionality::<Ix1>().map(|labels| labels.insert_axis(Axis(1))),
            _ => labels.into_dimensionality::<Ix2>(),
        };
        let labels = labels.map_err(|_| dimensions(y, "1 or 2: (row) or (row, output)", found))?;
        if rows != labels.nrows() {
            return Err(DataError::RowCount { inputs: rows, labels: labels.nrows() });
        }
        if rows == 0 {
            return Err(DataError::NoRows);
        }
        Data::new(Points::new(inputs)?, labels)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::path::PathBuf;

    use ndarray::{Array1, Array2, Array3, array};

    use super::*;
    use crate::npz::Writer;

    /// A file of one test, which it removes.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            Scratch(std::env::temp_dir().join(format!("softbias_data_{name}_{}.npz", std::process::id())))
        }

        fn write(&self, fill: impl FnOnce(&mut Writer)) {
            let mut npz = Writer::new(File::create(&self.0).unwrap());
            fill(&mut npz);
            npz.finish().unwrap();
        }

        fn read(&self) -> Result<Data, DataError> {
            Data::read_npz(&self.0, "x", "y")
        }

        fn problem(&self) -> NpzError {
            match self.read().unwrap_err() {
                DataError::Npz { file, problem } => {
                    assert_eq!(file, self.0.display().to_string());
                    *problem
                }
                other => panic!("{other}"),
            }
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn images_and_classes() {
        let file = Scratch::new("images");
        let images = Array3::from_shape_fn((3, 2, 4), |(i, j, k)| (100 * i + 10 * j + k) as u8);
        file.write(|npz| {
            npz.add("x", &images).unwrap();
            npz.add("y", &array![7_i64, 0, 9]).unwrap();
        });
        let data = file.read().unwrap();
        assert_eq!((data.len(), data.inputs(), data.outputs()), (3, 8, 1));
        let row = [200.0, 201.0, 202.0, 203.0, 210.0, 211.0, 212.0, 213.0];
        assert_eq!(data.points().view().row(2).to_vec(), row);
        assert_eq!(data.labels(), &array![[7.0], [0.0], [9.0]]);
    }

    #[test]
    fn several_outputs() {
        let file = Scratch::new("outputs");
        file.write(|npz| {
            npz.add("x", &array![[0.5_f32], [1.5]]).unwrap();
            npz.add("y", &array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).unwrap();
        });
        let data = file.read().unwrap();
        assert_eq!(data.points().view(), array![[0.5], [1.5]]);
        assert_eq!(data.labels(), &array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        // Rows are known by their numbers, wherever these come from.
        let same = Data::new(Points::new(array![[0.5], [1.5]]).unwrap(), data.labels().clone()).unwrap();
        assert_eq!(data.rows(), same.rows());
    }

    #[test]
    fn what_is_not_there_or_does_not_fit() {
        let file = Scratch::new("wrong");
        assert!(matches!(file.read().unwrap_err(), DataError::Read { .. }));
        file.write(|npz| {
            npz.add("images", &array![[1.0]]).unwrap();
            npz.add("y", &array![1.0]).unwrap();
        });
        let absent = NpzError::NoArray { name: "x".to_owned(), known: "images, y".to_owned() };
        assert_eq!(file.problem(), absent);
        let shapes = |x: Array2<f64>, y: Array1<f64>| {
            file.write(|npz| {
                npz.add("x", &x).unwrap();
                npz.add("y", &y).unwrap();
            });
            file.read().unwrap_err()
        };
        let differ = shapes(Array2::zeros((3, 2)), Array1::zeros(2));
        assert_eq!(differ, DataError::RowCount { inputs: 3, labels: 2 });
        assert_eq!(shapes(Array2::zeros((0, 2)), Array1::zeros(0)), DataError::NoRows);
        assert!(matches!(shapes(Array2::zeros((3, 0)), Array1::zeros(3)), DataError::Prior(_)));
        let bent = shapes(array![[1.0], [f64::INFINITY]], array![0.0, 1.0]);
        assert!(bent.to_string().contains("inf"), "{bent}");
        match shapes(array![[1.0], [2.0]], array![0.0, f64::NAN]) {
            DataError::NotFinite { what: "label", row: 1, column: 0, value } => assert!(value.is_nan()),
            other => panic!("{other}"),
        }
        file.write(|npz| {
            npz.add("x", &array![1.0, 2.0]).unwrap();
            npz.add("y", &array![1.0, 2.0]).unwrap();
        });
        assert!(matches!(file.problem(), NpzError::Dimensions { found: 1, .. }));
        file.write(|npz| {
            npz.add("x", &array![[1.0], [2.0]]).unwrap();
            npz.add("y", &array![[[1.0]], [[2.0]]]).unwrap();
        });
        assert!(matches!(file.problem(), NpzError::Dimensions { found: 3, .. }));
    }

    #[test]
    fn no_archive_and_every_cut() {
        let file = Scratch::new("cut");
        std::fs::write(&file.0, "x,y\n1,2\n").unwrap();
        assert!(matches!(file.problem(), NpzError::NotArchive(_)));
        file.write(|npz| {
            npz.add("x", &array![[1.0], [2.0]]).unwrap();
            npz.add("y", &array![1.0, 2.0]).unwrap();
        });
        let whole = std::fs::read(&file.0).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&file.0, &whole[..length]).unwrap();
            assert!(matches!(file.problem(), NpzError::NotArchive(_)), "cut to {length} bytes");
        }
    }
}
