//! Cutting and joining data: parts by choice, by chance and by order. Identities stay with their rows.
//!
//! A random cut depends on the seed and on which rows there are, so that cutting a part again with the same seed is a fresh
//! random cut and not an echo of the first.

use std::collections::HashSet;

use ndarray::{Array2, ArrayView2, Axis};
use softbias_priors::{Points, Row, Seed};

use super::sampling::{Origin, Sampling};
use super::{Data, DataError};

impl Data {
    /// The rows at these positions (from 0), in this order; a position may be repeated.
    ///
    /// Sampling: a [`List`](Sampling::List), because nothing is known about how the positions were chosen. Independent draws
    /// stay so, provided that no position is repeated and that the positions were chosen without looking at the rows, which
    /// only the caller can know.
    ///
    /// # Errors
    /// For a position that is not there, and for no positions.
    pub fn select(&self, rows: &[usize]) -> Result<Data, DataError> {
        if let Some(&row) = rows.iter().find(|&&row| row >= self.len()) {
            return Err(DataError::OutOfRange { row, len: self.len() });
        }
        // A row that stands there twice is not two independent draws.
        let mut seen = HashSet::with_capacity(rows.len());
        let origin = if rows.iter().all(|row| seen.insert(row)) {
            Origin::chosen_part(self, Sampling::List)
        } else {
            Origin::of(Sampling::List)
        };
        self.part(rows, &origin)
    }

    /// The same rows in a random order. Sampling stays what it was: how rows are ordered says nothing about how they were drawn.
    ///
    /// # Errors
    /// None for data that were made; the type serves the checks inside.
    pub fn shuffle(&self, seed: Seed) -> Result<Data, DataError> {
        self.part(&self.random_order("shuffle", seed), &self.origin)
    }

    /// Two random parts, the first with `fraction` of the rows (rounded to the nearest number), both in the order of these data.
    ///
    /// Sampling: independent draws stay so, a part of a list becomes a [`RandomSplit`](Sampling::RandomSplit) of that list, and
    /// a part cut by order stays one.
    ///
    /// # Errors
    /// For a fraction outside (0, 1), and where one part would be empty.
    pub fn split(&self, fraction: f64, seed: Seed) -> Result<(Data, Data), DataError> {
        if !(fraction > 0.0 && fraction < 1.0) {
            return Err(DataError::Fraction(fraction));
        }
        self.split_rows((fraction * self.len() as f64).round() as usize, seed)
    }

    /// Two random parts, the first with exactly `first` rows; otherwise like [`split`](Data::split).
    ///
    /// # Errors
    /// Where one part would be empty.
    pub fn split_rows(&self, first: usize, seed: Seed) -> Result<(Data, Data), DataError> {
        self.expect_parts(first)?;
        let mut order = self.random_order("split", seed);
        let second = order.split_off(first);
        let origin = Origin::random_part(self);
        Ok((self.part(&sorted(order), &origin)?, self.part(&sorted(second), &origin)?))
    }

    /// The rows before position `row`, and those from it on, in order.
    ///
    /// Sampling: [`Ordered`](Sampling::Ordered), unless the rows are independent draws.
    ///
    /// # Errors
    /// Where one part would be empty.
    pub fn split_at(&self, row: usize) -> Result<(Data, Data), DataError> {
        self.expect_parts(row)?;
        let origin = Origin::chosen_part(self, Sampling::Ordered);
        let part = |rows: std::ops::Range<usize>| self.part(&rows.collect::<Vec<_>>(), &origin);
        Ok((part(0..row)?, part(row..self.len())?))
    }

    /// `folds` random folds, as pairs (train, test): every row is in exactly one test part and in every other train part, and
    /// the sizes of the test parts differ by at most one. Order and sampling as in [`split`](Data::split).
    ///
    /// # Errors
    /// For fewer than two folds, and for more folds than rows.
    pub fn folds(&self, folds: usize, seed: Seed) -> Result<Vec<(Data, Data)>, DataError> {
        if folds < 2 || folds > self.len() {
            return Err(DataError::Folds { folds, len: self.len() });
        }
        let order = self.random_order("folds", seed);
        let origin = Origin::random_part(self);
        (0..folds)
            .map(|fold| {
                let part = |test: bool| {
                    let of_part = |&(i, _): &(usize, _)| (i % folds == fold) == test;
                    let rows = order.iter().enumerate().filter(of_part).map(|(_, &row)| row).collect();
                    self.part(&sorted(rows), &origin)
                };
                Ok((part(false)?, part(true)?))
            })
            .collect()
    }

    /// The rows of both, these first, with the identities that they have.
    ///
    /// Sampling: what both have in common; random parts must be parts of the very same list. Otherwise a
    /// [`List`](Sampling::List), and also when the two share a row, for a row that stands there twice is not two draws.
    ///
    /// # Errors
    /// Where columns, or the transforms that inputs or labels went through, differ.
    pub fn concat(&self, other: &Data) -> Result<Data, DataError> {
        for (what, expected, found) in
            [("inputs", self.inputs(), other.inputs()), ("labels", self.outputs(), other.outputs())]
        {
            if expected != found {
                return Err(DataError::Columns { what, expected, found });
            }
        }
        if self.names != other.names {
            return Err(DataError::Names { one: self.names.to_string(), other: other.names.to_string() });
        }
        self.expect_same_transforms(other)?;

        let mine: HashSet<&Row> = self.rows().iter().collect();
        let origin = if other.rows().iter().any(|row| mine.contains(row)) {
            Origin::of(Sampling::List)
        } else {
            self.origin.union(&other.origin)
        };
        let x = stack("inputs", self.points.view(), other.points.view())?;
        let y = stack("labels", self.labels.view(), other.labels.view())?;
        let rows: Vec<Row> = self.rows().iter().chain(other.rows()).copied().collect();
        let joined = Data { origin, ledger: self.ledger.clone().and(&other.ledger), ..self.clone() };
        joined.with_rows(Points::new(x)?, y, rows)
    }

    /// The rows at these positions, all of which are there.
    fn part(&self, rows: &[usize], origin: &Origin) -> Result<Data, DataError> {
        let x = Points::new(self.points.view().select(Axis(0), rows))?;
        let y = self.labels.select(Axis(0), rows);
        let identities: Vec<Row> = rows.iter().filter_map(|&row| self.rows().get(row).copied()).collect();
        Data { origin: origin.clone(), ..self.clone() }.with_rows(x, y, identities)
    }

    fn expect_parts(&self, first: usize) -> Result<(), DataError> {
        if first == 0 || first >= self.len() {
            return Err(DataError::EmptyPart { first, len: self.len() });
        }
        Ok(())
    }

    /// A random order of the rows, for one purpose. Which rows there are enters the stream: the same seed cuts a part, and the
    /// whole that it came from, independently. Without this a second cut would be a function of the first.
    fn random_order(&self, purpose: &str, seed: Seed) -> Vec<usize> {
        let which = super::identity::fingerprint(self.rows());
        seed.named(purpose).named(&format!("{which:016x}")).permutation(self.len())
    }
}

fn sorted(mut rows: Vec<usize>) -> Vec<usize> {
    rows.sort_unstable();
    rows
}

fn stack(
    what: &'static str,
    above: ArrayView2<'_, f64>,
    below: ArrayView2<'_, f64>,
) -> Result<Array2<f64>, DataError> {
    ndarray::concatenate(Axis(0), &[above, below]).map_err(|_| DataError::Columns {
        what,
        expected: above.ncols(),
        found: below.ncols(),
    })
}
