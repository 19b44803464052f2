//! Data: inputs, labels, the identity of every row, how the rows were drawn, and what was learned from them on the way.
//!
//! ```
//! use softbias_models::data::{Data, Standardise};
//! use softbias_priors::Seed;
//!
//! # fn main() -> Result<(), softbias_models::data::DataError> {
//! let data = Data::line((0..10).map(f64::from), (0..10).map(|i| f64::from(i * i + 1)))?.log_labels()?;
//! let (train, test) = data.split(0.8, Seed::new(1))?;
//! let standardise = Standardise::of(&train)?;
//! let (train, test) = (standardise.apply(&train)?, standardise.apply(&test)?);
//! assert_eq!((train.len(), test.len()), (8, 2));
//! assert!(test.ledger().looked_at(test.rows()).is_none()); // the numbers were learned from the training rows alone
//! # Ok(())
//! # }
//! ```

mod affine;
mod cifar;
mod csv;
mod error;
mod gzip;
mod identity;
mod idx;
mod names;
mod npz;
mod sampling;
mod saved;
mod split;
mod transform;

use std::fmt;
use std::sync::Arc;

use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};
use softbias_priors::{Ledger, Points, Row};

pub use crate::npz::NpzError;
pub use affine::Affine;
pub use csv::Csv;
pub use error::DataError;
pub use names::Names;
pub use sampling::Sampling;
pub use transform::{LabelTransform, LabelTransforms, Standardise};

use sampling::Origin;

/// Rows of inputs (row, input) and labels (row, output): at least one of each, every number finite. Cheap to clone.
///
/// Every row has an identity that stays with it through every cut, order and transform. It is a hash of the numbers of the row
/// and of its occurrence number among identical rows, so that loading a file twice gives the same identities. Equal rows of two
/// different files therefore share an identity, which errs on the careful side: what saw one counts as having seen both.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "saved::Plain", into = "saved::Plain")]
pub struct Data {
    points: Points,
    labels: Arc<Array2<f64>>,
    rows: Arc<[Row]>,
    names: Arc<Names>,
    origin: Origin,
    input_transforms: Vec<Affine>,
    label_transforms: LabelTransforms,
    ledger: Ledger,
}

impl Data {
    /// Data from points and labels of shape (row, output). Sampling starts as [`Sampling::List`].
    ///
    /// Points that carry the identities of data rows keep them: new labels at known inputs are no new rows.
    ///
    /// # Errors
    /// Without rows or outputs, for another number of rows of labels than of points, and for NaN or an infinity.
    pub fn new(x: Points, y: Array2<f64>) -> Result<Data, DataError> {
        if y.ncols() == 0 {
            return Err(DataError::NoOutputs);
        }
        if x.len() != y.nrows() {
            return Err(DataError::RowCount { inputs: x.len(), labels: y.nrows() });
        }
        if x.is_empty() {
            return Err(DataError::NoRows);
        }
        expect_finite("label", &y)?;
        let rows: Arc<[Row]> = match x.rows() {
            Some(rows) => rows.into(),
            None => identity::identify(x.view(), y.view()).into(),
        };
        Ok(Data {
            names: Arc::new(Names::numbered(x.inputs(), y.ncols())),
            points: x.identified(rows.clone())?,
            labels: Arc::new(y),
            rows,
            origin: Origin::of(Sampling::List),
            input_transforms: Vec::new(),
            label_transforms: LabelTransforms::default(),
            ledger: Ledger::default(),
        })
    }

    /// Data with one output, from inputs (row, input) and labels (row).
    ///
    /// # Errors
    /// As [`Data::new`], and for inputs without columns.
    pub fn regression(x: Array2<f64>, y: Array1<f64>) -> Result<Data, DataError> {
        Data::new(Points::new(x)?, y.insert_axis(Axis(1)))
    }

    /// Data with one input and one output.
    ///
    /// # Errors
    /// As [`Data::new`].
    pub fn line(
        x: impl IntoIterator<Item = f64>,
        y: impl IntoIterator<Item = f64>,
    ) -> Result<Data, DataError> {
        Data::new(Points::line(x)?, Array1::from_iter(y).insert_axis(Axis(1)))
    }

    /// The same data with other names of the columns. Names that are not given are x, or x1, x2, … and y, or y1, y2, …
    ///
    /// # Errors
    /// Where there is not one name a column, for an empty name, and for a name that two columns share.
    pub fn named(mut self, names: Names) -> Result<Data, DataError> {
        names.check(self.inputs(), self.outputs())?;
        self.names = Arc::new(names);
        Ok(self)
    }

    /// The inputs, as points that carry the identities of their rows.
    #[must_use]
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// The labels (row, output), after all transforms so far.
    #[must_use]
    pub fn labels(&self) -> &Array2<f64> {
        &self.labels
    }

    /// The identities of the rows.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Number of rows, at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Always false: data have at least one row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.points.inputs()
    }

    /// Number of outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.labels.ncols()
    }

    /// The names of the columns.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What the transforms of inputs and labels learned from rows. Whoever uses these data owes it too.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The same description with other rows.
    fn with_rows(self, x: Points, y: Array2<f64>, rows: Vec<Row>) -> Result<Data, DataError> {
        let fresh = Data::new(x.identified(rows)?, y)?;
        Ok(Data { points: fresh.points, labels: fresh.labels, rows: fresh.rows, ..self })
    }
}

impl fmt::Debug for Data {
    /// A summary: printing every number and identity would hide it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data")
            .field("rows", &self.len())
            .field("names", &self.names)
            .field("sampling", &self.origin.sampling)
            .field("input_transforms", &self.input_transforms.len())
            .field("label_transforms", &self.label_transforms)
            .field("ledger", &format_args!("{}", self.ledger))
            .finish_non_exhaustive()
    }
}

fn expect_finite(what: &'static str, values: &Array2<f64>) -> Result<(), DataError> {
    match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some(((row, column), &value)) => Err(DataError::NotFinite { what, row, column, value }),
        None => Ok(()),
    }
}
