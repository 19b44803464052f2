//! Images from files: gzip, IDX and CIFAR-10, held against what is known of the shipped sets, and refused when damaged.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use softbias_models::data::{Csv, Data, DataError};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data").join(name)
}

fn counts(data: &Data) -> Vec<usize> {
    let mut counts = vec![0; 10];
    data.labels().iter().for_each(|&class| counts[class as usize] += 1);
    counts
}

fn first_labels(data: &Data) -> Vec<f64> {
    data.labels().iter().take(10).copied().collect()
}

fn pixel_sum(data: &Data) -> f64 {
    data.points().view().sum() // whole numbers: exact below 2⁵³
}

fn digits() -> Data {
    Csv::new().without_header().target("65").read(shipped("digits.csv.gz")).unwrap()
}

fn mnist(part: &str) -> Result<Data, DataError> {
    let file = |what: &str| shipped(&format!("mnist/{part}-{what}-ubyte.gz"));
    Data::read_idx(file("images-idx3"), file("labels-idx1"))
}

/// A file of these bytes in a directory of its own, which the test removes.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let dir = std::env::temp_dir().join(format!("softbias_images_{name}_{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        Scratch(dir)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn digits_are_what_they_are_known_to_be() {
    let data = digits();
    assert_eq!((data.len(), data.inputs(), data.outputs()), (1797, 64, 1));
    assert_eq!(counts(&data), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    assert_eq!(pixel_sum(&data), 561_718.0);
    assert_eq!(first_labels(&data), [0., 1., 2., 3., 4., 5., 6., 7., 8., 9.]);
    assert_eq!(data.names().labels(), ["65"]);
}

#[test]
fn a_packed_file_and_a_packed_reader_are_the_same_data() {
    let bytes = std::fs::read(shipped("digits.csv.gz")).unwrap();
    let read = Csv::new().without_header().target("65").from_reader(bytes.as_slice()).unwrap();
    assert_eq!(read, digits());
}

#[test]
fn mnist_is_what_it_is_known_to_be() {
    let test = mnist("t10k").unwrap();
    assert_eq!((test.len(), test.inputs()), (2000, 784));
    assert_eq!(counts(&test), [200, 225, 198, 206, 196, 173, 203, 214, 189, 196]);
    assert_eq!(first_labels(&test), [0., 5., 6., 6., 7., 0., 5., 8., 9., 2.]);
    assert_eq!(pixel_sum(&test), 52_509_902.0);
    let sums: Vec<f64> = test.points().view().rows().into_iter().take(3).map(|row| row.sum()).collect();
    assert_eq!(sums, [32_791.0, 22_902.0, 24_788.0]);

    let train = mnist("train").unwrap();
    assert_eq!(counts(&train), [801, 902, 793, 826, 784, 690, 811, 856, 755, 782]);
    assert_eq!(first_labels(&train), [7., 3., 8., 3., 1., 4., 8., 9., 1., 5.]);
    assert_eq!(pixel_sum(&train), 209_636_698.0);
}

#[test]
fn damaged_gzip_files_are_told_from_others() {
    let scratch = Scratch::new("gzip");
    let bytes = std::fs::read(shipped("digits.csv.gz")).unwrap();
    let load = |path: &Path| Csv::new().without_header().target("65").read(path);

    let cut = scratch.file("cut.csv.gz", &bytes[..bytes.len() / 2]);
    let Err(DataError::Gzip { file, unpacked, .. }) = load(&cut) else { panic!("a cut file was read") };
    assert!(file.ends_with("cut.csv.gz") && unpacked > 0, "{file} {unpacked}");

    let mut wrong = bytes.clone();
    let last = wrong.len() - 6; // in the checksum that ends the file
    wrong[last] ^= 0xff;
    assert!(matches!(load(&scratch.file("wrong.csv.gz", &wrong)), Err(DataError::Gzip { .. })));

    // without the beginning it is no gzip file, and no text either
    assert!(matches!(load(&scratch.file("headless.gz", &bytes[4..])), Err(DataError::NotUtf8 { .. })));
    assert!(matches!(load(&scratch.0.join("none.csv.gz")), Err(DataError::Read { .. })));
}

#[test]
fn csv_without_a_header_goes_by_numbers() {
    let load = |text: &str| Csv::new().without_header().target("2").from_reader(text.as_bytes());
    let data = load("1,2,3\n4,5,6\n").unwrap();
    assert_eq!(data.names().inputs(), ["1", "3"]);
    assert_eq!(data.labels().column(0).to_vec(), [2.0, 5.0]);
    let file = || "CSV input".to_owned();
    assert_eq!(
        load("1,2,3\n4,5\n").unwrap_err(),
        DataError::Ragged { file: file(), line: 2, expected: 3, found: 2 }
    );
    let known = "1".to_owned();
    assert_eq!(load("7\n").unwrap_err(), DataError::UnknownColumn { file: file(), name: "2".into(), known });
    assert_eq!(load("\n\n").unwrap_err(), DataError::EmptyFile { file: file() });
}

/// Two images of 1 × 2 pixels.
const IMAGES: [u8; 20] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20, 30, 40];
const CLASSES: [u8; 10] = [0, 0, 8, 1, 0, 0, 0, 2, 7, 1];

#[test]
fn idx_files_are_read_or_refused_with_the_byte() {
    let scratch = Scratch::new("idx");
    let load = |images: &[u8], classes: &[u8]| {
        Data::read_idx(scratch.file("images", images), scratch.file("classes", classes))
    };
    let data = load(&IMAGES, &CLASSES).unwrap();
    assert_eq!(data.points().view().row(1).to_vec(), [30.0, 40.0]);
    assert_eq!(data.labels().column(0).to_vec(), [7.0, 1.0]);

    let with = |at: usize, byte: u8| {
        let mut images = IMAGES;
        images[at] = byte;
        load(&images, &CLASSES).unwrap_err()
    };
    for (at, byte) in [(0, 1), (1, 0x8b), (2, 0x0d), (3, 0)] {
        match with(at, byte) {
            DataError::Format { file, byte: place, found, .. } => {
                assert!(file.ends_with("images"));
                assert_eq!((place, found), (at, byte.to_string()));
            }
            other => panic!("{other}"),
        }
    }
    let length = |error: DataError| match error {
        DataError::FileLength { expected, found, .. } => (expected, found),
        other => panic!("{other}"),
    };
    assert_eq!(length(load(&IMAGES[..19], &CLASSES).unwrap_err()), (20, 19)); // a pixel is missing
    assert_eq!(length(load(&IMAGES[..9], &CLASSES).unwrap_err()), (16, 9)); // in the header
    assert_eq!(length(load(&[], &CLASSES).unwrap_err()), (4, 0));
    assert_eq!(length(with(7, 3)), (22, 20)); // three images announced
    length(with(4, 0xff)); // billions announced: refused, not allocated

    // images for classes, and classes for images
    assert!(matches!(load(&CLASSES, &CLASSES), Err(DataError::Format { byte: 3, .. })));
    assert!(matches!(load(&IMAGES, &IMAGES), Err(DataError::Format { byte: 3, .. })));
    let three = [0, 0, 8, 1, 0, 0, 0, 3, 7, 1, 1];
    assert_eq!(load(&IMAGES, &three).unwrap_err(), DataError::RowCount { inputs: 2, labels: 3 });
    let (none, of_none) = ([0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 4], [0, 0, 8, 1, 0, 0, 0, 0]);
    assert_eq!(load(&none, &of_none).unwrap_err(), DataError::NoRows);
}

#[test]
fn cifar_batches_are_read_or_refused_with_the_byte() {
    let scratch = Scratch::new("cifar");
    let record = |class: u8, first: u8| {
        let pixels = (0..3072).map(|i| if i == 0 { first } else { (i % 251) as u8 });
        std::iter::once(class).chain(pixels).collect::<Vec<u8>>()
    };
    let one = scratch.file("one.bin", &[record(6, 59), record(9, 154)].concat());
    let two = scratch.file("two.bin", &record(0, 1));
    let data = Data::read_cifar10([&one, &two]).unwrap();
    assert_eq!((data.len(), data.inputs()), (3, 3072));
    assert_eq!(data.labels().column(0).to_vec(), [6.0, 9.0, 0.0]);
    assert_eq!(data.points().view().column(0).to_vec(), [59.0, 154.0, 1.0]);
    assert_eq!(data.points().view()[[2, 3071]], f64::from(3071 % 251));

    let foreign = scratch.file("foreign.bin", &[record(1, 0), record(10, 0)].concat());
    match Data::read_cifar10([&foreign]).unwrap_err() {
        DataError::Format { byte, found, .. } => assert_eq!((byte, found.as_str()), (3073, "10")),
        other => panic!("{other}"),
    }
    let cut = scratch.file("cut.bin", &record(1, 0)[..3000]);
    match Data::read_cifar10([&two, &cut]).unwrap_err() {
        DataError::FileLength { file, expected, found } => {
            assert!(file.ends_with("cut.bin"));
            assert_eq!((expected, found), (3073, 3000));
        }
        other => panic!("{other}"),
    }
    assert_eq!(Data::read_cifar10(Vec::<PathBuf>::new()).unwrap_err(), DataError::NoRows);
    assert_eq!(Data::read_cifar10([scratch.file("empty.bin", &[])]).unwrap_err(), DataError::NoRows);
}

/// The batches themselves are not shipped: looked at where `SOFTBIAS_DATA` has them (the first 1,000 records of each).
#[test]
fn cifar_is_what_it_is_known_to_be() {
    let Some(dir) = std::env::var_os("SOFTBIAS_DATA") else { return };
    let file = PathBuf::from(dir).join("cifar-10-batches-bin/data_batch_1.bin");
    if std::fs::metadata(&file).map_or(true, |file| file.len() != 3_073_000) {
        return;
    }
    let data = Data::read_cifar10([file]).unwrap();
    assert_eq!(first_labels(&data), [6., 9., 9., 4., 1., 1., 2., 7., 8., 3.]);
    assert_eq!(counts(&data), [102, 112, 99, 92, 99, 85, 107, 102, 99, 103]);
    let x = data.points().view();
    assert_eq!((x[[0, 0]], x[[0, 3]], x[[0, 3071]], x[[999, 3071]]), (59.0, 68.0, 72.0, 126.0));
    assert_eq!(pixel_sum(&data), 370_453_111.0);
}
