//! Images, how they are cut, and their labels redrawn.

use std::path::PathBuf;

use ndarray::Array2;
use softbias::data::Csv;
use softbias::prelude::*;
use softbias::{DataError, Error};

use crate::common::Args;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Which {
    Digits,
    Mnist,
    Cifar,
}

/// Images with their class as label, pixels from 0 to 1.
pub(crate) struct Set {
    pub(crate) name: &'static str,
    all: Data,
    /// How many rows to learn from, and at most how many to be tested on.
    rows: (usize, usize),
    /// What the binary task asks of a class.
    pub(crate) question: &'static str,
    pub(crate) positive: fn(usize) -> bool,
    /// The rows of the binary task: all, or those of classes 0 and 1.
    pub(crate) two_classes: bool,
    /// The length scale at which a process interpolates: a bit less than half the typical distance between two images.
    pub(crate) length: f64,
    /// Test accuracies that count as having learned the true labels: binary, ten classes.
    pub(crate) learned: [f64; 2],
}

impl Set {
    pub(crate) fn load(which: Which, args: &Args) -> Result<Set, Error> {
        let rows = if args.quick { (250, 400) } else { (1000, 1000) };
        let even = |class: usize| class.is_multiple_of(2);
        Ok(match which {
            Which::Digits => Set {
                name: "digits",
                all: scaled(
                    &Csv::new().without_header().target("65").read(args.shipped("digits.csv.gz"))?,
                    16.0,
                )?,
                rows,
                question: "even against odd",
                positive: even,
                two_classes: false,
                length: 1.4,
                learned: if args.quick { [0.93, 0.9] } else { [0.98, 0.95] },
            },
            Which::Mnist => {
                let file = |what: &str| args.shipped(format!("mnist/train-{what}-ubyte.gz"));
                Set {
                    name: "mnist",
                    all: scaled(&Data::read_idx(file("images-idx3"), file("labels-idx1"))?, 255.0)?,
                    rows,
                    question: "even against odd",
                    positive: even,
                    two_classes: false,
                    length: 4.7,
                    learned: if args.quick { [0.85, 0.75] } else { [0.92, 0.85] },
                }
            }
            Which::Cifar => {
                let batches = (1..=5).map(|k| cifar(args, &format!("data_batch_{k}.bin")));
                let all = Data::read_cifar10(batches.collect::<Result<Vec<_>, _>>()?)?;
                Set {
                    name: "cifar",
                    all: scaled(&all, 255.0)?,
                    rows: (rows.0.min(700), rows.1.min(300)),
                    question: "airplane against automobile",
                    positive: |class| class == 0,
                    two_classes: true,
                    length: 9.0,
                    learned: if args.quick { [0.6, 0.15] } else { [0.7, 0.2] },
                }
            }
        })
    }

    /// A random split, by classes.
    pub(crate) fn classes(&self, seed: Seed) -> Result<(Data, Data), Error> {
        self.cut(&self.all, seed)
    }

    /// A random split of the binary task: labels −1 and +1.
    pub(crate) fn binary(&self, seed: Seed) -> Result<(Data, Data), Error> {
        let asked = (0..self.all.len()).filter(|&i| !self.two_classes || class(&self.all, i) < 2);
        let data = self.all.select(&Vec::from_iter(asked))?;
        let labels = (0..data.len()).map(|i| if (self.positive)(class(&data, i)) { 1.0 } else { -1.0 });
        self.cut(&relabelled(&data, labels.collect())?, seed)
    }

    fn cut(&self, data: &Data, seed: Seed) -> Result<(Data, Data), Error> {
        let (train, test) = data.split_rows(self.rows.0, seed.named("split"))?;
        Ok((train, first(&test, self.rows.1)?))
    }
}

fn class(data: &Data, row: usize) -> usize {
    data.labels()[[row, 0]] as usize
}

/// A batch in the directory of --data, or in that of SOFTBIAS_DATA.
fn cifar(args: &Args, batch: &str) -> Result<PathBuf, DataError> {
    let file = PathBuf::from("cifar-10-batches-bin").join(batch);
    let here = args.shipped(&file);
    if here.is_file() { Ok(here) } else { args.external(&file).ok_or_else(|| absent(here)) }
}

fn absent(file: PathBuf) -> DataError {
    let message = "CIFAR-10 is not shipped: give the directory that holds `cifar-10-batches-bin` (the binary version) by --data or in \
                   SOFTBIAS_DATA";
    DataError::Read {
        file: file.display().to_string(),
        kind: std::io::ErrorKind::NotFound,
        message: message.to_owned(),
    }
}

pub(crate) fn first(data: &Data, rows: usize) -> Result<Data, Error> {
    Ok(if data.len() > rows { data.split_at(rows)?.0 } else { data.clone() })
}

/// The same rows with pixels divided by a fixed number, which nothing is learned from.
fn scaled(data: &Data, by: f64) -> Result<Data, DataError> {
    let points = Points::new(&data.points().view() / by)?.identified(data.rows())?;
    Data::new(points, data.labels().clone())
}

/// The same rows under other labels.
pub(crate) fn relabelled(data: &Data, labels: Vec<f64>) -> Result<Data, Error> {
    let labels = labels.into_iter().collect::<ndarray::Array1<f64>>();
    Ok(Data::new(data.points().clone(), labels.insert_axis(ndarray::Axis(1)))?)
}

/// The same rows, each label redrawn from `fresh` with probability c. One coin a row decides at every level: what is redrawn at one c
/// stays so, with the same fresh label, at every greater one.
pub(crate) fn redrawn(data: &Data, c: f64, fresh: &[f64], seed: Seed) -> Result<Data, Error> {
    let coins = seed.named("coins").uniform1(data.len(), 0.0, 1.0);
    let which = seed.named("fresh").uniform1(data.len(), 0.0, fresh.len() as f64);
    let redraw = |((&old, &coin), &which): ((&f64, &f64), &f64)| {
        if coin < c { fresh[(which as usize).min(fresh.len() - 1)] } else { old }
    };
    relabelled(data, data.labels().iter().zip(&coins).zip(&which).map(redraw).collect())
}

/// One column a class: 1 for the row's own, 0 for the others, less the share 1/C.
pub(crate) fn indicators(data: &Data, classes: usize) -> Result<Data, Error> {
    let own = |(i, c): (usize, usize)| f64::from(u8::from(class(data, i) == c)) - 1.0 / classes as f64;
    Ok(Data::new(data.points().clone(), Array2::from_shape_fn((data.len(), classes), own))?)
}

/// The share of rows whose label is the sign of the function.
pub(crate) fn sign_accuracy(function: &Array2<f64>, data: &Data) -> f64 {
    let right = function.iter().zip(data.labels()).filter(|(f, y)| **f * **y > 0.0);
    right.count() as f64 / data.len() as f64
}

/// The share of rows whose class has the largest value.
pub(crate) fn class_accuracy(values: &Array2<f64>, data: &Data) -> f64 {
    let right = values.rows().into_iter().zip(data.labels()).filter(|(row, y)| {
        let largest = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        largest.is_some_and(|(c, _)| c == **y as usize)
    });
    right.count() as f64 / data.len() as f64
}
