//! Arrays in NumPy's archives (npz), read and written: THE door to ndarray-npy and zip.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};

use ndarray::{Array, ArrayD, Dimension};
use ndarray_npy::{
    NpzWriter, ReadDataError, ReadNpyError, ReadNpyExt, ReadableElement, WritableElement, WriteNpzError,
};
use py_literal::Value;
use softbias_priors::memory::{self, TooLarge};
use thiserror::Error;
use zip::ZipArchive;

/// What is wrong with an archive of arrays, or with an array in it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NpzError {
    /// A file of another format, or one that is cut off: the table of an archive stands at its end.
    #[error("no zip archive, as npz files are ({0}); check that it is the file that is meant, and whole")]
    NotArchive(String),
    /// A name that no array has.
    #[error("no array `{name}`; there are: {known}")]
    NoArray {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Elements that are no real numbers, or numbers of a rare format.
    #[error(
        "array `{name}` has elements of type {found}; floating-point numbers of 32 or 64 bits, whole numbers of 8 to 64 bits and booleans \
         can be read: convert it first"
    )]
    Type {
        /// The array.
        name: String,
        /// NumPy's description of its elements.
        found: String,
    },
    /// Bytes that contradict the array's header or the archive's checksum, or a compression that is not known here.
    #[error("array `{name}` cannot be read, it is damaged or cut off: {reason}")]
    Damaged {
        /// The array.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Too few or too many dimensions.
    #[error("array `{name}` has {found} dimensions; expected {expected}")]
    Dimensions {
        /// The array.
        name: String,
        /// How many it should have.
        expected: &'static str,
        /// How many it has.
        found: usize,
    },
    /// More numbers than the memory limit allows.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// An archive that is open for reading.
pub(crate) struct Archive(ZipArchive<BufReader<File>>);

impl Archive {
    pub(crate) fn new(file: File) -> Result<Archive, NpzError> {
        let archive = ZipArchive::new(BufReader::new(file));
        archive.map(Archive).map_err(|error| NpzError::NotArchive(error.to_string()))
    }

    /// An array of any real numbers as f64, in standard layout. Memory: up to 24 bytes an entry while it is read, 8 afterwards.
    pub(crate) fn array(&mut self, name: &str) -> Result<ArrayD<f64>, NpzError> {
        let within = [name.to_owned(), format!("{name}.npy")];
        let Some(index) = within.iter().find_map(|name| self.0.index_for_name(name)) else {
            let known = self.0.file_names().map(|name| name.strip_suffix(".npy").unwrap_or(name));
            let known = known.collect::<Vec<_>>().join(", ");
            return Err(NpzError::NoArray { name: name.to_owned(), known });
        };
        let damaged = |reason: String| NpzError::Damaged { name: name.to_owned(), reason };
        let entry = self.0.by_index(index).map_err(|error| damaged(error.to_string()))?;
        let numbers = ArrayD::<Number>::read_npy(entry).map_err(|error| match error {
            ReadNpyError::WrongDescriptor(found) => {
                NpzError::Type { name: name.to_owned(), found: found.to_string() }
            }
            ReadNpyError::ParseData(error) => match error.downcast::<TooLarge>() {
                Ok(refused) => NpzError::TooLarge(*refused),
                Err(error) => damaged(error.to_string()),
            },
            other => damaged(other.to_string()),
        })?;
        let values = numbers.iter().map(|number| number.0).collect();
        ArrayD::from_shape_vec(numbers.raw_dim(), values).map_err(|error| damaged(error.to_string()))
    }

    /// An array of that many dimensions, which `expected` says in words.
    pub(crate) fn array_of<D: Dimension>(
        &mut self,
        name: &str,
        expected: &'static str,
    ) -> Result<Array<f64, D>, NpzError> {
        let array = self.array(name)?;
        let found = array.ndim();
        let wrong = |_| NpzError::Dimensions { name: name.to_owned(), expected, found };
        array.into_dimensionality().map_err(wrong)
    }
}

/// A number of any type that a file may hold, read as f64. What the crate reads by itself it allocates before it has seen the data, so that
/// a damaged header would end the program.
struct Number(f64);

/// Numbers taken from a file at a time.
const AT_ONCE: usize = 1 << 13;

impl ReadableElement for Number {
    fn read_to_end_exact_vec<R: Read>(
        mut reader: R,
        type_desc: &Value,
        len: usize,
    ) -> Result<Vec<Number>, ReadDataError> {
        let known = type_desc.as_string().and_then(|kind| Kind::of(kind));
        let Some(kind) = known else {
            return Err(ReadDataError::WrongDescriptor(type_desc.clone()));
        };
        memory::announce("an array in a file", len, 1, "save it in parts")
            .map_err(|refused| ReadDataError::ParseData(Box::new(refused)))?;
        let mut numbers = Vec::new();
        let mut bytes = vec![0; AT_ONCE * kind.size];
        while numbers.len() < len {
            let part = &mut bytes[..AT_ONCE.min(len - numbers.len()) * kind.size];
            reader.read_exact(part).map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => ReadDataError::MissingData,
                _ => ReadDataError::Io(error),
            })?;
            numbers.extend(part.chunks_exact(kind.size).map(|bytes| Number(kind.number(bytes))));
        }
        // Reading on to the end is also what makes the archive compare its checksum.
        match reader.read(&mut [0])? {
            0 => Ok(numbers),
            extra => Err(ReadDataError::ExtraBytes(extra)),
        }
    }
}

/// How a number stands in a file.
struct Kind {
    letter: char,
    size: usize,
    big: bool,
}

impl Kind {
    /// From NumPy's description, such as `<f8` (numpy.lib.format, "Format Version 1.0").
    fn of(text: &str) -> Option<Kind> {
        let mut rest = text.chars();
        let order = rest.next()?;
        let letter = rest.next()?;
        let size: usize = rest.as_str().parse().ok()?;
        let known = match letter {
            'f' => matches!(size, 4 | 8),
            'i' | 'u' => matches!(size, 1 | 2 | 4 | 8),
            'b' => size == 1,
            _ => false,
        };
        let ordered = matches!(order, '<' | '>') || (order == '|' && size == 1);
        (known && ordered).then_some(Kind { letter, size, big: order == '>' })
    }

    /// The number in `size` bytes; whole numbers beyond 2⁵³ are rounded.
    fn number(&self, bytes: &[u8]) -> f64 {
        let add = |bits: u64, &byte: &u8| bits << 8 | u64::from(byte);
        let bits = if self.big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) };
        match (self.letter, self.size) {
            ('f', 4) => f64::from(f32::from_bits(bits as u32)),
            ('f', _) => f64::from_bits(bits),
            ('i', size) => {
                let above = 64 - 8 * size as u32;
                ((bits << above) as i64 >> above) as f64
            }
            _ => bits as f64,
        }
    }
}

/// An archive that is being written, without compression.
pub(crate) struct Writer(NpzWriter<File>);

impl Writer {
    pub(crate) fn new(file: File) -> Writer {
        Writer(NpzWriter::new(file))
    }

    pub(crate) fn add<A: WritableElement, D: Dimension>(
        &mut self,
        name: &str,
        array: &Array<A, D>,
    ) -> Result<(), WriteNpzError> {
        self.0.add_array(name, array)
    }

    /// Writes the archive's table: without it, the file is none.
    pub(crate) fn finish(self) -> Result<(), WriteNpzError> {
        self.0.finish().map(|_| ())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::path::PathBuf;

    use ndarray::{Array2, ArrayD, IxDyn, ShapeBuilder, array};
    use ndarray_npy::NpzWriter;
    use zip::CompressionMethod;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// A path for one test's file, which it removes.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            Scratch(std::env::temp_dir().join(format!("softbias_npz_{name}_{}", std::process::id())))
        }

        fn archive(&self) -> Archive {
            Archive::new(File::open(&self.0).unwrap()).unwrap()
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    fn stored() -> SimpleFileOptions {
        SimpleFileOptions::default().compression_method(CompressionMethod::Stored)
    }

    /// A member that is made of a header in words and of bytes.
    fn raw(file: &Scratch, descr: &str, shape: &str, bytes: &[u8]) {
        use std::io::Write;
        let mut zip = zip::ZipWriter::new(File::create(&file.0).unwrap());
        zip.start_file("x.npy", stored()).unwrap();
        let mut header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
        header += &" ".repeat(63 - (header.len() + 10) % 64);
        header.push('\n');
        zip.write_all(b"\x93NUMPY\x01\x00").unwrap();
        zip.write_all(&u16::try_from(header.len()).unwrap().to_le_bytes()).unwrap();
        zip.write_all(header.as_bytes()).unwrap();
        zip.write_all(bytes).unwrap();
        zip.finish().unwrap();
    }

    #[test]
    fn numbers_of_every_type_come_back() {
        let file = Scratch::new("types");
        for packing in [stored(), stored().compression_method(CompressionMethod::Deflated)] {
            let mut npz = NpzWriter::new_with_options(File::create(&file.0).unwrap(), packing);
            npz.add_array("f64", &array![[1.5, -2e300], [0.1, f64::NAN]]).unwrap();
            npz.add_array("f32", &array![1.5_f32, -3.25]).unwrap();
            npz.add_array("i8", &array![i8::MIN, 7]).unwrap();
            npz.add_array("i16", &array![i16::MIN, 7]).unwrap();
            npz.add_array("i32", &array![i32::MIN, 7]).unwrap();
            npz.add_array("i64", &array![-(1_i64 << 53), 7]).unwrap();
            npz.add_array("u8", &array![u8::MAX, 7]).unwrap();
            npz.add_array("u16", &array![u16::MAX, 7]).unwrap();
            npz.add_array("u32", &array![u32::MAX, 7]).unwrap();
            npz.add_array("u64", &array![1_u64 << 53, 7]).unwrap();
            npz.add_array("bool", &array![true, false]).unwrap();
            npz.finish().unwrap();
            let mut archive = file.archive();
            let wide = archive.array("f64").unwrap();
            assert_eq!((wide.shape(), wide[[0, 1]], wide[[1, 0]]), ([2, 2].as_slice(), -2e300, 0.1));
            assert!(wide[[1, 1]].is_nan());
            let two_53 = 9_007_199_254_740_992.0; // 2⁵³
            for (name, expected) in [
                ("f32", [1.5, -3.25]),
                ("i8", [-128.0, 7.0]),
                ("i16", [-32_768.0, 7.0]),
                ("i32", [-2_147_483_648.0, 7.0]),
                ("i64", [-two_53, 7.0]),
                ("u8", [255.0, 7.0]),
                ("u16", [65_535.0, 7.0]),
                ("u32", [4_294_967_295.0, 7.0]),
                ("u64", [two_53, 7.0]),
                ("bool", [1.0, 0.0]),
            ] {
                assert_eq!(
                    archive.array(name).unwrap().iter().copied().collect::<Vec<_>>(),
                    expected,
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn more_numbers_than_are_read_at_once_and_columns_first() {
        let file = Scratch::new("long");
        let long = Array2::from_shape_fn((3, 5000), |(i, j)| (10_000 * i + j) as f64);
        let mut columns_first = Array2::zeros((3, 5000).f());
        columns_first.assign(&long);
        let mut npz = NpzWriter::new(File::create(&file.0).unwrap());
        npz.add_array("long", &columns_first.mapv(|v| v as f32)).unwrap();
        npz.finish().unwrap();
        let read = file.archive().array("long").unwrap();
        assert!(read.is_standard_layout());
        assert_eq!(read, long.into_dyn());
    }

    #[test]
    fn the_other_order_of_bytes() {
        let file = Scratch::new("order");
        raw(&file, "'>i2'", "(2,)", &[1, 2, 0xff, 0xfe]);
        assert_eq!(
            file.archive().array("x").unwrap(),
            ArrayD::from_shape_vec(IxDyn(&[2]), vec![258.0, -2.0]).unwrap()
        );
    }

    #[test]
    fn types_that_are_no_real_numbers() {
        let file = Scratch::new("foreign");
        for descr in ["'<c16'", "'<f2'", "'<U3'", "'|O'", "'=f8'", "[('a', '<f8')]", "''"] {
            raw(&file, descr, "(1,)", &[0; 16]);
            match file.archive().array("x").unwrap_err() {
                NpzError::Type { name, found } => assert_eq!((name.as_str(), found.as_str()), ("x", descr)),
                other => panic!("{descr}: {other}"),
            }
        }
    }

    /// A header may say anything: nothing is allocated on its word.
    #[test]
    fn headers_that_say_too_much() {
        let file = Scratch::new("lies");
        raw(&file, "'<f8'", "(3,)", &[0; 16]);
        assert!(matches!(file.archive().array("x"), Err(NpzError::Damaged { .. })));
        raw(&file, "'<f8'", "(1,)", &[0; 16]);
        assert!(matches!(file.archive().array("x"), Err(NpzError::Damaged { .. })));
        raw(&file, "'<f8'", "(1000000000000000,)", &[0; 16]);
        assert!(matches!(file.archive().array("x"), Err(NpzError::TooLarge(_))));
        raw(&file, "'<f8'", "(4294967296, 4294967296, 4294967296)", &[0; 16]);
        assert!(matches!(file.archive().array("x"), Err(NpzError::Damaged { .. })));
        raw(&file, "nonsense", "(1,)", &[0; 8]);
        assert!(matches!(file.archive().array("x"), Err(NpzError::Damaged { .. })));
    }

    #[test]
    fn a_changed_byte_does_not_pass() {
        let file = Scratch::new("changed");
        let bytes = 123.456_f64.to_le_bytes();
        raw(&file, "'<f8'", "(1,)", &bytes);
        let mut whole = std::fs::read(&file.0).unwrap();
        let at = whole.windows(8).position(|window| window == bytes).unwrap();
        whole[at] ^= 1;
        std::fs::write(&file.0, whole).unwrap();
        assert!(matches!(file.archive().array("x"), Err(NpzError::Damaged { .. })));
    }
}
