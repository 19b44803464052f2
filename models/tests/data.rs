//! Data: loading, identities, cuts; sampling and transforms in the modules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "data/sampling.rs"]
mod sampling;
#[path = "data/transforms.rs"]
mod transforms;

use std::collections::HashSet;

use ndarray::{Array1, Array2, array};
use proptest::prelude::*;
use softbias_models::data::{
    Affine, Csv, Data, DataError, LabelTransform, LabelTransforms, Names, Sampling, Standardise,
};
use softbias_priors::{Entry, Points, Row, Saw, Seed};

fn file(name: &str) -> String {
    format!("{}/{name}", concat!(env!("CARGO_MANIFEST_DIR"), "/../data"))
}

fn airline() -> Data {
    Data::read_csv(file("airline.csv"), "passengers_thousands").unwrap()
}

fn numbered(n: usize) -> Data {
    Data::line((0..n).map(|i| i as f64), (0..n).map(|i| (i * i + 1) as f64)).unwrap()
}

fn ids(data: &Data) -> HashSet<Row> {
    data.rows().iter().copied().collect()
}

/// Mean and standard deviation over n, least and largest of the first label.
fn summary(data: &Data) -> (f64, f64, f64, f64) {
    let y = data.labels().column(0);
    let low = y.iter().copied().fold(f64::INFINITY, f64::min);
    let high = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (y.mean().unwrap(), y.std(0.0), low, high)
}

// ---- loading ----

#[test]
fn the_airline_file() {
    let data = airline();
    assert_eq!((data.len(), data.inputs(), data.outputs(), data.is_empty()), (144, 1, 1, false));
    let (x, y) = (data.points().view(), data.labels());
    assert_eq!((x[[0, 0]], y[[0, 0]], x[[143, 0]], y[[143, 0]]), (1949.0, 112.0, 1960.91667, 432.0));
    let (mean, deviation, low, high) = summary(&data);
    assert!((mean - 280.2986).abs() < 1e-4 && (deviation - 119.549).abs() < 1e-3);
    assert_eq!((low, high), (104.0, 622.0));
    assert_eq!(data.names().inputs(), ["decimal_year"]);
    assert_eq!(data.names().labels(), ["passengers_thousands"]);
    assert_eq!(data.sampling(), Sampling::List);
    assert!(data.ledger().is_empty());
    assert_eq!(data.points().rows().unwrap(), data.rows());
    assert_eq!(ids(&data).len(), 144);
}

#[test]
fn the_co2_file() {
    let data = Data::read_csv(file("co2.csv"), "ppm").unwrap();
    assert_eq!(data.len(), 2225);
    let (x, y) = (data.points().view(), data.labels());
    assert_eq!((x[[0, 0]], y[[0, 0]]), (1958.23836, 316.1));
    assert_eq!((x[[2224, 0]], y[[2224, 0]]), (2001.99178, 371.5));
    let (mean, deviation, low, high) = summary(&data);
    assert!((mean - 340.1422).abs() < 1e-4 && (deviation - 17.00006).abs() < 1e-5);
    assert_eq!((low, high), (313.0, 373.9));
}

#[test]
fn the_sunspot_and_diabetes_files() {
    let data = Data::read_csv(file("sunspots.csv"), "sunspot_number").unwrap();
    assert_eq!(data.len(), 309);
    let (mean, deviation, ..) = summary(&data);
    assert!((mean - 49.7521).abs() < 1e-4 && (deviation - 40.38708).abs() < 1e-5);

    let data = Data::read_csv(file("diabetes.csv"), "progression").unwrap();
    assert_eq!((data.len(), data.inputs(), data.outputs()), (442, 10, 1));
    let (mean, deviation, ..) = summary(&data);
    assert!((mean - 152.1335).abs() < 1e-4 && (deviation - 77.00575).abs() < 1e-5);
    assert_eq!(data.names().inputs()[2], "bmi");

    let some = Csv::new().targets(["progression", "bp"]).inputs(["bmi", "age"]).read(file("diabetes.csv"));
    let some = some.unwrap();
    assert_eq!((some.inputs(), some.outputs()), (2, 2));
    assert_eq!(some.points().view()[[0, 0]], 32.1);
    assert_eq!(some.labels().row(0).to_vec(), [151.0, 101.0]);
    assert_eq!(some.names(), &Names::new(["bmi", "age"], ["progression", "bp"]));
}

#[test]
fn marks_spaces_line_ends_and_quotes_are_fine() {
    let plain = Data::from_csv("x,y\n1,2\n3,4\n".as_bytes(), "y").unwrap();
    for text in [
        "\u{feff}x,y\n1,2\n3,4",
        "x,y\r\n1,2\r\n3,4\r\n",
        " x , y \n 1,\t2\n3 , 4 \n",
        "\n\nx,y\n\n1,2\n3,4\n\n\n",
        "\"x\",\"y\"\n\"1\",2\n+3.0,4e0\n",
    ] {
        assert_eq!(Data::from_csv(text.as_bytes(), "y").unwrap(), plain, "{text:?}");
    }
}

#[test]
fn a_column_that_is_not_asked_for_may_hold_anything() {
    let text = "name,x,y\na,1,2\n,3,4\n";
    let data = Csv::new().target("y").inputs(["x"]).from_reader(text.as_bytes()).unwrap();
    assert_eq!(data.labels(), &array![[2.0], [4.0]]);
    assert!(matches!(
        Data::from_csv(text.as_bytes(), "y"),
        Err(DataError::NotNumber { line: 2, column, text, .. }) if column == "name" && text == "a"
    ));
}

fn load(text: &str) -> DataError {
    Data::from_csv(text.as_bytes(), "y").unwrap_err()
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let file = || "CSV input".to_owned();
    for text in ["", "\n \r\n", "\u{feff}"] {
        assert_eq!(load(text), DataError::EmptyFile { file: file() });
    }
    assert_eq!(load("1,2\n3,4\n"), DataError::NoHeader { file: file(), line: 1 });
    assert_eq!(load("\n1,2\n3,4\n"), DataError::NoHeader { file: file(), line: 2 });
    assert_eq!(load("x,y\n"), DataError::NoDataRows { file: file() });
    assert_eq!(load("x,y, x\n1,2,3\n"), DataError::DuplicateName { file: file(), name: "x".into() });
    assert_eq!(load("x,,y\n1,2,3\n"), DataError::Unnamed { file: file(), position: 2 });
    assert_eq!(load("y\n1\n"), DataError::NoInputs { file: file() });
    let unknown = load("a,b\n1,2\n");
    assert!(
        matches!(&unknown, DataError::UnknownColumn { name, known, .. } if name == "y" && known == "a, b")
    );
    assert!(unknown.to_string().contains("no column `y`"));

    for end in ["\n", "\r\n"] {
        let load = |text: &str| load(&text.replace('\n', end));
        let column = || "y".to_owned();
        let at = |text: &str, line: usize| (file(), line, column(), text.to_owned());
        assert_eq!(
            load("x,y\n1,2\n3, \n"),
            DataError::MissingValue { file: file(), line: 3, column: column() }
        );
        // empty lines count as lines of the file
        assert_eq!(
            load("x,y\n\n1,2\n\n\n3,\n"),
            DataError::MissingValue { file: file(), line: 6, column: column() }
        );
        for bad in ["NA", "1.2.3", "0x10", "1 000", "−1"] {
            let (file, line, column, text) = at(bad, 2);
            assert_eq!(load(&format!("x,y\n1,{bad}\n")), DataError::NotNumber { file, line, column, text });
        }
        for bad in ["NaN", "inf", "-inf", "1e999"] {
            let (file, line, column, text) = at(bad, 4);
            assert_eq!(
                load(&format!("x,y\n1,2\n1,2\n1,{bad}\n")),
                DataError::NotFiniteCell { file, line, column, text }
            );
        }
        for (bad, found) in [("1", 1), ("1,2,3", 3), ("1,2,", 3)] {
            let expected = DataError::Ragged { file: file(), line: 3, expected: 2, found };
            assert_eq!(load(&format!("x,y\n1,2\n{bad}\n3,4\n")), expected);
        }
    }
    let bytes = b"x,y\n1,2\n3,\xff\n";
    assert_eq!(Data::from_csv(&bytes[..], "y").unwrap_err(), DataError::NotUtf8 { file: file(), line: 3 });
    // a quote that is never closed swallows the rest, and only its beginning is shown
    let swallowed = load(&format!("x,y\n1,\"2\n{}", "3,4\n".repeat(1000)));
    assert!(matches!(&swallowed, DataError::NotNumber { line: 2, text, .. } if text.chars().count() <= 40));
}

#[test]
fn what_is_wrong_with_what_was_asked_is_said() {
    let text = "a,b,c\n1,2,3\n";
    let read = |csv: Csv| csv.from_reader(text.as_bytes()).unwrap_err();
    assert_eq!(read(Csv::new()), DataError::NoTarget);
    assert_eq!(read(Csv::new().target("a").target("a")), DataError::AskedTwice { name: "a".into() });
    assert_eq!(read(Csv::new().target("a").inputs(["b", "a"])), DataError::AskedTwice { name: "a".into() });
    assert!(matches!(read(Csv::new().target("a").inputs(["d"])), DataError::UnknownColumn { .. }));
    assert!(matches!(read(Csv::new().target("a").inputs([""; 0])), DataError::NoInputs { .. }));

    let missing = Data::read_csv(file("no such file.csv"), "y").unwrap_err();
    assert!(matches!(&missing, DataError::Read { file, kind: std::io::ErrorKind::NotFound, .. }
        if file.ends_with("no such file.csv")));
    let message = Data::read_csv(file("airline.csv"), "y").unwrap_err().to_string();
    assert!(message.contains("airline.csv") && message.contains("decimal_year, passengers_thousands"));
    assert!(matches!(Data::read_csv(file("."), "y"), Err(DataError::Read { .. })));
}

// ---- making data ----

#[test]
fn shapes_and_numbers_are_checked() {
    let points = |n: usize| Points::linspace(0.0, 1.0, n).unwrap();
    assert_eq!(Data::new(points(0), Array2::zeros((0, 1))), Err(DataError::NoRows));
    assert_eq!(Data::new(points(2), Array2::zeros((2, 0))), Err(DataError::NoOutputs));
    assert_eq!(
        Data::new(points(2), Array2::zeros((3, 1))),
        Err(DataError::RowCount { inputs: 2, labels: 3 })
    );
    let error = Data::new(points(2), array![[0.0, 1.0], [2.0, f64::NAN]]).unwrap_err();
    assert!(matches!(error, DataError::NotFinite { row: 1, column: 1, value, .. } if value.is_nan()));
    assert!(matches!(Data::line([f64::INFINITY], [1.0]), Err(DataError::Prior(_))));
    assert!(Data::regression(Array2::zeros((2, 0)), Array1::zeros(2)).is_err());
    let data = Data::regression(Array2::ones((2, 3)), Array1::zeros(2)).unwrap();
    assert_eq!(data.names(), &Names::new(["x1", "x2", "x3"], ["y"]));
    assert!(data.clone().named(Names::new(["a", "b"], ["c"])).is_err());
    assert!(data.clone().named(Names::new(["a", "b", "a"], ["c"])).is_err());
    assert!(data.clone().named(Names::new(["a", "", "b"], ["c"])).is_err());
    assert_eq!(data.named(Names::new(["a", "b", "c"], ["d"])).unwrap().names().to_string(), "a, b, c → d");
}

#[test]
fn identities_are_stable_and_duplicates_distinct() {
    assert_eq!(airline().rows(), airline().rows());
    let data = Data::line([1.0, 2.0, 1.0, 1.0, 0.0], [5.0, 5.0, 5.0, 5.0, 0.0]).unwrap();
    assert_eq!(ids(&data).len(), 5);
    // both zeros are the same number, and what stands elsewhere does not matter
    let other = Data::line([9.0, 1.0, -0.0], [9.0, 5.0, -0.0]).unwrap();
    assert_eq!(other.rows()[1..], [data.rows()[0], data.rows()[4]]);
    // inputs and labels are not confused
    let wide = Data::regression(array![[1.0, 5.0]], array![2.0]).unwrap();
    let tall = Data::new(Points::line([1.0]).unwrap(), array![[5.0, 2.0]]).unwrap();
    assert_ne!(wide.rows(), tall.rows());
    // a constant of the format, worked out apart from this code
    assert_eq!(Data::line([1.0], [2.0]).unwrap().rows(), [Row(2_162_935_947_439_301_137)]);
    // new labels at the inputs of known rows are no new rows
    let again = Data::new(data.points().clone(), Array2::ones((5, 1))).unwrap();
    assert_eq!(again.rows(), data.rows());
}

// ---- cuts ----

#[test]
fn cuts_keep_rows_and_identities_together() {
    let data = airline();
    let at = |row: Row| data.rows().iter().position(|&r| r == row).unwrap();
    let check = |part: &Data| {
        for (i, &row) in part.rows().iter().enumerate() {
            assert_eq!(part.labels().row(i), data.labels().row(at(row)));
            assert_eq!(part.points().view().row(i), data.points().view().row(at(row)));
            assert_eq!(part.points().rows().unwrap()[i], row);
        }
        assert_eq!(part.names(), data.names());
    };
    let seed = Seed::new(3);
    let (a, b) = data.split(0.7, seed).unwrap();
    assert_eq!((a.len(), b.len()), (101, 43));
    let (c, d) = data.split_at(100).unwrap();
    assert_eq!((c.len(), d.len()), (100, 44));
    let shuffled = data.shuffle(seed).unwrap();
    assert_ne!(shuffled.rows(), data.rows());
    assert_eq!(ids(&shuffled), ids(&data));
    let chosen = data.select(&[5, 3, 5]).unwrap();
    assert_eq!(chosen.rows(), [data.rows()[5], data.rows()[3], data.rows()[5]]);
    for part in [&a, &b, &c, &d, &shuffled, &chosen] {
        check(part);
    }
    assert!(ids(&a).is_disjoint(&ids(&b)) && ids(&c).is_disjoint(&ids(&d)));
    assert_eq!(&ids(&a) | &ids(&b), ids(&data));
    assert_eq!(a.concat(&b).unwrap().len(), 144);
    check(&b.concat(&a).unwrap());
    assert_eq!(c.concat(&d).unwrap().rows(), data.rows());
}

#[test]
fn random_cuts_follow_the_seed() {
    let data = numbered(40);
    let cut = |seed: u64| data.split_rows(20, Seed::new(seed)).unwrap().0;
    assert_eq!(cut(1), cut(1));
    assert_ne!(cut(1).rows(), cut(2).rows());
    assert_eq!(data.split(0.5, Seed::new(1)).unwrap().0, cut(1));
    // each row is in the first half about half of the time, and pairs as often as they should be together
    let (mut one, mut two) = (0, 0);
    for seed in 0..2000 {
        let part = ids(&cut(seed));
        one += usize::from(part.contains(&data.rows()[0]));
        two += usize::from(part.contains(&data.rows()[0]) && part.contains(&data.rows()[39]));
    }
    assert!((one as f64 / 2000.0 - 0.5).abs() < 0.05, "{one}");
    assert!((two as f64 / 2000.0 - 0.5 * 19.0 / 39.0).abs() < 0.05, "{two}");
}

#[test]
fn a_second_cut_with_the_same_seed_is_fresh() {
    // Positions within the part, chosen by the second cut, must not be those that the first cut chose.
    let data = numbered(64);
    let mut both = 0;
    for seed in (0..500).map(Seed::new) {
        let (first, rest) = data.split_rows(32, seed).unwrap();
        let (second, _) = rest.split_rows(16, seed).unwrap();
        assert!(ids(&first).is_disjoint(&ids(&second)));
        let (again, _) = numbered(32).split_rows(16, seed).unwrap();
        let position = |data: &Data, row: &Row| data.rows().iter().position(|r| r == row).unwrap();
        let a: HashSet<usize> = second.rows().iter().map(|row| position(&rest, row)).collect();
        let b: HashSet<usize> = again.rows().iter().map(|row| position(&numbered(32), row)).collect();
        both += a.intersection(&b).count();
    }
    assert!((both as f64 / 500.0 - 8.0).abs() < 0.5, "{both}");
}

#[test]
fn folds_are_a_partition() {
    let data = numbered(23);
    for k in [2, 5, 23] {
        let folds = data.folds(k, Seed::new(8)).unwrap();
        assert_eq!(folds.len(), k);
        let mut tested = Vec::new();
        for (train, test) in &folds {
            assert!(test.len() == 23 / k || test.len() == 23 / k + 1);
            assert_eq!(train.len() + test.len(), 23);
            assert!(ids(train).is_disjoint(&ids(test)));
            assert_eq!(train.sampling(), Sampling::RandomSplit { of: 23 });
            assert_eq!(test.sampling(), Sampling::RandomSplit { of: 23 });
            tested.extend_from_slice(test.rows());
        }
        tested.sort_unstable();
        let mut all = data.rows().to_vec();
        all.sort_unstable();
        assert_eq!(tested, all);
    }
}

#[test]
fn impossible_cuts_are_refused() {
    let data = numbered(4);
    let seed = Seed::new(1);
    assert_eq!(data.select(&[0, 4]), Err(DataError::OutOfRange { row: 4, len: 4 }));
    assert_eq!(data.select(&[]), Err(DataError::NoRows));
    for fraction in [0.0, 1.0, -0.5, f64::INFINITY] {
        assert_eq!(data.split(fraction, seed), Err(DataError::Fraction(fraction)));
    }
    assert!(matches!(data.split(f64::NAN, seed), Err(DataError::Fraction(_))));
    assert_eq!(data.split(0.01, seed), Err(DataError::EmptyPart { first: 0, len: 4 }));
    assert_eq!(data.split(0.99, seed), Err(DataError::EmptyPart { first: 4, len: 4 }));
    for first in [0, 4, usize::MAX] {
        assert_eq!(data.split_rows(first, seed), Err(DataError::EmptyPart { first, len: 4 }));
        assert_eq!(data.split_at(first), Err(DataError::EmptyPart { first, len: 4 }));
    }
    for folds in [0, 1, 5] {
        assert_eq!(data.folds(folds, seed), Err(DataError::Folds { folds, len: 4 }));
    }
    let wide = Data::regression(Array2::ones((2, 2)), Array1::zeros(2)).unwrap();
    assert!(matches!(data.concat(&wide), Err(DataError::Columns { what: "inputs", .. })));
    let renamed = data.clone().named(Names::new(["a"], ["y"])).unwrap();
    assert!(matches!(data.concat(&renamed), Err(DataError::Names { .. })));
    assert_eq!(data.concat(&data.log_labels().unwrap()), Err(DataError::Transforms { what: "labels" }));
    let standardised = Standardise::inputs(&data).unwrap().apply(&data).unwrap();
    assert_eq!(standardised.concat(&data), Err(DataError::Transforms { what: "inputs" }));
}

#[test]
fn one_row() {
    let data = numbered(1);
    assert_eq!(data.len(), 1);
    assert!(data.split(0.5, Seed::new(1)).is_err() && data.split_at(1).is_err());
    assert!(data.folds(2, Seed::new(1)).is_err());
    assert_eq!(data.shuffle(Seed::new(1)).unwrap(), data);
    assert_eq!(data.select(&[0]).unwrap(), data);
    let standardised = Standardise::of(&data).unwrap().apply(&data).unwrap();
    assert_eq!(standardised.labels(), &array![[0.0]]);
    assert_eq!(standardised.original_labels(), array![[1.0]]);
    assert_eq!(standardised.log_jacobian().get(), 0.0);
}
