//! The digits, as images and as directions, some of their labels redrawn, and cut at random.

use ndarray::{Array1, Axis};
use softbias::data::Csv;
use softbias::prelude::*;
use softbias::{DataError, Error};

use crate::common::Args;

/// Images of digits with the true labels: even +1, odd −1. A fixed list; nothing is supposed about how it came about.
pub(crate) struct Digits {
    /// Pixels from 0 to 1.
    images: Data,
    /// The same divided by their lengths: a rule for one image, which nothing is learned for.
    directions: Data,
}

impl Digits {
    pub(crate) fn load(args: &Args) -> Result<Digits, Error> {
        let read = Csv::new().without_header().target("65").read(args.shipped("digits.csv.gz"))?;
        let even = |class: &f64| if (*class as usize).is_multiple_of(2) { 1.0 } else { -1.0 };
        let truth: Array1<f64> = read.labels().iter().map(even).collect();
        let pixels = &read.points().view() / 16.0;
        let lengths = pixels.map_axis(Axis(1), |image| image.dot(&image).sqrt()).insert_axis(Axis(1));
        let list = |points| -> Result<Data, DataError> {
            Data::new(Points::new(points)?.identified(read.rows())?, truth.clone().insert_axis(Axis(1)))
        };
        Ok(Digits { directions: list(&pixels / &lengths)?, images: list(pixels)? })
    }

    /// The images, each label of the list redrawn with probability c, and cut in two.
    pub(crate) fn images(&self, rows: usize, c: f64, seed: Seed) -> Result<Task, Error> {
        Task::new(&self.images, rows, c, seed)
    }

    /// The same rows with the same labels, as directions.
    pub(crate) fn directions(&self, rows: usize, c: f64, seed: Seed) -> Result<Task, Error> {
        Task::new(&self.directions, rows, c, seed)
    }
}

/// Rows to learn from and to certify with, and the others.
///
/// Labels are redrawn in the whole list, before it is cut: what is left is a random part of a list, which is all that a certificate
/// asks for, and its promise is about the mean over that list with those labels.
pub(crate) struct Task {
    pub(crate) c: f64,
    pub(crate) train: Data,
    /// All other rows of the list, with labels redrawn, and with their true ones.
    pub(crate) others: Data,
    pub(crate) truth: Data,
    /// A random half of the other rows: a held-out bound speaks of all of them.
    pub(crate) held_out: Data,
}

impl Task {
    fn new(list: &Data, rows: usize, c: f64, seed: Seed) -> Result<Task, Error> {
        // The same cut for any labels: it depends on the seed and on which rows there are.
        let cut = |c: f64| redrawn(list, c, seed)?.split_rows(rows, seed.named("split"));
        let ((train, others), (_, truth)) = (cut(c)?, cut(0.0)?);
        let held_out = others.split(0.5, seed.named("held out"))?.0;
        Ok(Task { c, train, others, truth, held_out })
    }
}

/// The same rows, each label redrawn with probability c. One coin a row decides at every level: what is redrawn at one c stays so, with
/// the same fresh label, at every greater one.
fn redrawn(list: &Data, c: f64, seed: Seed) -> Result<Data, DataError> {
    let coins = seed.named("coins").uniform1(list.len(), 0.0, 1.0);
    let fresh = seed.named("fresh").uniform1(list.len(), -1.0, 1.0).mapv(f64::signum);
    let redraw = |((&old, &coin), &fresh): ((&f64, &f64), &f64)| if coin < c { fresh } else { old };
    let labels: Array1<f64> = list.labels().iter().zip(&coins).zip(&fresh).map(redraw).collect();
    Data::new(list.points().clone(), labels.insert_axis(Axis(1)))
}
