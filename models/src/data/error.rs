//! What can be wrong with data, with a file of data, or with a way to cut or transform them.

use softbias_priors::PriorError;
use thiserror::Error;

use crate::npz::NpzError;

/// An error about data: what was wrong, where, and what to do.
///
/// `row` counts rows of the data from 0; `line` is the line of the file from 1, the header line included, so that an editor
/// jumps to it. `file` is the path, or `CSV input` where a reader without a path was given.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DataError {
    /// Data without rows.
    #[error("there are no rows: data need at least one")]
    NoRows,
    /// Labels without columns.
    #[error("there are no outputs: labels need at least one column")]
    NoOutputs,
    /// Inputs and labels that do not belong together.
    #[error(
        "{inputs} rows of inputs but {labels} rows of labels: give one row of labels for each row of inputs"
    )]
    RowCount {
        /// Rows of the inputs.
        inputs: usize,
        /// Rows of the labels.
        labels: usize,
    },
    /// NaN or an infinity.
    #[error(
        "{what} at row {row}, column {column} is {value}: remove or impute it, every number must be finite"
    )]
    NotFinite {
        /// Which numbers.
        what: &'static str,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The offending number.
        value: f64,
    },
    /// The wrong number of columns.
    #[error("{what}: expected {expected} columns, found {found}")]
    Columns {
        /// Columns of what.
        what: &'static str,
        /// How many were expected.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Two data sets with differently named columns.
    #[error("the columns differ ({one} against {other}): only rows with the same columns can be joined")]
    Names {
        /// The columns of the one.
        one: String,
        /// The columns of the other.
        other: String,
    },
    /// Data that went through other transforms than they should have.
    #[error(
        "the {what} went through other transforms than those of the data they are to match: apply the same transforms, in the same \
         order, to both first"
    )]
    Transforms {
        /// Inputs or labels.
        what: &'static str,
    },
    /// A row that is not there.
    #[error("row {row} was asked for, but there are only {len} rows, counted from 0")]
    OutOfRange {
        /// The row asked for.
        row: usize,
        /// How many there are.
        len: usize,
    },
    /// A fraction that is none.
    #[error("a split needs a fraction between 0 and 1, both excluded, found {0}")]
    Fraction(f64),
    /// A split with an empty part.
    #[error("{first} of {len} rows for the first part leaves a part empty: both need at least one row")]
    EmptyPart {
        /// Rows of the first part.
        first: usize,
        /// Rows in all.
        len: usize,
    },
    /// Too few or too many folds.
    #[error("{len} rows cannot be cut into {folds} folds: ask for at least 2 and at most one a row")]
    Folds {
        /// How many folds.
        folds: usize,
        /// How many rows.
        len: usize,
    },
    /// The logarithm of a label that has none.
    #[error(
        "the label at row {row}, column {column} (`{name}`) is {value}: logarithms need labels > 0, shift them or model them as \
         they are"
    )]
    NotPositive {
        /// Row, from 0.
        row: usize,
        /// Column of the labels, from 0.
        column: usize,
        /// Its name.
        name: String,
        /// The label.
        value: f64,
    },
    /// A scale that cannot be divided by, or a mean that is no number.
    #[error(
        "column {column}: standardising needs a finite mean and a finite scale > 0, found mean {shift} and scale {scale}"
    )]
    Scale {
        /// Column, from 0.
        column: usize,
        /// The mean.
        shift: f64,
        /// The scale.
        scale: f64,
    },
    /// Saved data that contradict themselves.
    #[error("the saved data are corrupt: {0}")]
    Corrupt(&'static str),
    /// A file that cannot be read.
    #[error("cannot read {file}: {message}; check that the path is right and the file readable")]
    Read {
        /// The file.
        file: String,
        /// The kind of failure.
        kind: std::io::ErrorKind,
        /// What the system says.
        message: String,
    },
    /// A file with nothing in it.
    #[error("{file} is empty: a header line and at least one line of numbers are needed")]
    EmptyFile {
        /// The file.
        file: String,
    },
    /// A file that starts with numbers.
    #[error(
        "{file} has no header: line {line} holds only numbers; put the names of the columns in the first line, or ask for \
         columns by number with `without_header`"
    )]
    NoHeader {
        /// The file.
        file: String,
        /// Line of the file, from 1.
        line: usize,
    },
    /// A header and nothing below.
    #[error("{file} has a header but no rows of data below it")]
    NoDataRows {
        /// The file.
        file: String,
    },
    /// A column without a name.
    #[error("{file}: column {position} (counted from 1) has no name: every column of the header needs one")]
    Unnamed {
        /// The file, or `names`.
        file: String,
        /// Which column, from 1.
        position: usize,
    },
    /// A name that two columns share.
    #[error("{file}: two columns are called `{name}`: rename one, so that it is clear which is meant")]
    DuplicateName {
        /// The file, or `names`.
        file: String,
        /// The name.
        name: String,
    },
    /// No label column was named.
    #[error("no target was named: say which column holds the labels, with `target(\"name\")`")]
    NoTarget,
    /// No column is left for the inputs.
    #[error("{file}: no column is left for the inputs: at least one is needed besides the targets")]
    NoInputs {
        /// The file.
        file: String,
    },
    /// A name that no column has.
    #[error("{file} has no column `{name}`; it has: {known}")]
    UnknownColumn {
        /// The file.
        file: String,
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// A column asked for twice.
    #[error("column `{name}` was asked for twice: a column is one input or one target, once")]
    AskedTwice {
        /// Its name.
        name: String,
    },
    /// An empty cell.
    #[error("{file}, line {line}, column `{column}`: the value is missing; remove the row or impute it")]
    MissingValue {
        /// The file.
        file: String,
        /// Line of the file, from 1.
        line: usize,
        /// Name of the column.
        column: String,
    },
    /// A cell that is no number.
    #[error(
        "{file}, line {line}, column `{column}`: `{text}` is not a number; correct it, or leave the column out"
    )]
    NotNumber {
        /// The file.
        file: String,
        /// Line of the file, from 1.
        line: usize,
        /// Name of the column.
        column: String,
        /// What stands there (its beginning, when long).
        text: String,
    },
    /// A cell that holds NaN, an infinity, or a number too large for one.
    #[error(
        "{file}, line {line}, column `{column}`: `{text}` is not finite as a 64-bit number; remove the row or impute it"
    )]
    NotFiniteCell {
        /// The file.
        file: String,
        /// Line of the file, from 1.
        line: usize,
        /// Name of the column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// A row with too few or too many cells.
    #[error("{file}, line {line}: expected {expected} cells as in the first line, found {found}")]
    Ragged {
        /// The file.
        file: String,
        /// Line of the file, from 1.
        line: usize,
        /// Cells of the first line.
        expected: usize,
        /// Cells of this row.
        found: usize,
    },
    /// Bytes that are no text.
    #[error("{file}, line {line}: the text is not UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// The file.
        file: String,
        /// Line of the file, from 1.
        line: usize,
    },
    /// A gzip file that cannot be unpacked.
    #[error(
        "cannot unpack {file} beyond {unpacked} bytes: {message}; the gzip file is cut off or damaged, fetch it again"
    )]
    Gzip {
        /// The file.
        file: String,
        /// Bytes unpacked until then.
        unpacked: usize,
        /// What is wrong with it.
        message: String,
    },
    /// A file of another format, or a damaged one.
    #[error(
        "{file}, byte {byte}: expected {expected}, found {found}; check that it is the file that is meant"
    )]
    Format {
        /// The file.
        file: String,
        /// Which byte, from 0, of the unpacked file.
        byte: usize,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A file that is too short or too long for what it says it holds.
    #[error(
        "{file} should have {expected} bytes by its header or its records, found {found}; it is cut off or of another format"
    )]
    FileLength {
        /// The file.
        file: String,
        /// Bytes that it should have, unpacked.
        expected: usize,
        /// Bytes that it has.
        found: usize,
    },
    /// A NumPy archive, or an array in it, that cannot be loaded.
    #[error("{file}: {problem}")]
    Npz {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: Box<NpzError>,
    },
    /// Inputs that a prior would refuse.
    #[error(transparent)]
    Prior(#[from] PriorError),
}
