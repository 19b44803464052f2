//! Loading data from CSV: one row a line, numbers separated by commas, with or without a header of names.

use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

use ::csv::{ReaderBuilder, StringRecord, Trim};
use ndarray::Array2;
use softbias_priors::Points;

use super::{Data, DataError, Names, gzip, names};

/// What to load from a CSV file: which columns are labels and which are inputs.
///
/// The first line names the columns ([`Csv::without_header`]: it is a row); every other line is one row. Files packed by gzip are
/// unpacked. Spaces around cells, empty lines, both kinds of line ends and
/// a byte-order mark are fine. Columns that are not asked for may hold anything. Errors give the line of the file from 1, the
/// header line included, of the unpacked text.
///
/// ```
/// use softbias_models::data::Csv;
///
/// # fn main() -> Result<(), softbias_models::data::DataError> {
/// let text = "station,year,ppm\nmauna loa,1959,315.98\nmauna loa,1960,316.91\n";
/// let data = Csv::new().target("ppm").inputs(["year"]).from_reader(text.as_bytes())?;
/// assert_eq!((data.len(), data.inputs()), (2, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Csv {
    targets: Vec<String>,
    inputs: Option<Vec<String>>,
    headerless: bool,
}

impl Csv {
    /// Nothing asked for yet: at least one target is needed.
    #[must_use]
    pub fn new() -> Csv {
        Csv::default()
    }

    /// One more column of labels.
    #[must_use]
    pub fn target(self, name: impl Into<String>) -> Csv {
        self.targets([name])
    }

    /// More columns of labels, in this order.
    #[must_use]
    pub fn targets<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Csv {
        self.targets.extend(names.into_iter().map(Into::into));
        self
    }

    /// The columns of the inputs, in this order. Not called, these are all columns that are no targets.
    #[must_use]
    pub fn inputs<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Csv {
        self.inputs = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The first line is a row already: columns go by their numbers, "1", "2", …
    ///
    /// ```
    /// # use softbias_models::data::Csv;
    /// # fn main() -> Result<(), softbias_models::data::DataError> {
    /// let data = Csv::new().without_header().target("3").from_reader("0,5,1\n0,7,2\n".as_bytes())?;
    /// assert_eq!((data.len(), data.inputs(), data.labels()[[1, 0]]), (2, 2, 2.0));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn without_header(self) -> Csv {
        Csv { headerless: true, ..self }
    }

    /// Data from a file.
    ///
    /// # Errors
    /// For a file that is missing, unreadable, empty, not UTF-8, without a header or without rows; for column names that are
    /// missing, repeated or unknown; and for a row that is ragged or a cell that is empty, no number or not finite.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Data, DataError> {
        let (bytes, file) = gzip::read(path.as_ref())?;
        self.load(&bytes, &file)
    }

    /// Data from a reader.
    ///
    /// # Errors
    /// As [`Csv::read`].
    pub fn from_reader(&self, mut reader: impl Read) -> Result<Data, DataError> {
        let file = "CSV input";
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|error| unreadable(file, &error))?;
        self.load(&gzip::unpacked(bytes, file)?, file)
    }

    fn load(&self, bytes: &[u8], file: &str) -> Result<Data, DataError> {
        let text = std::str::from_utf8(bytes).map_err(|error| DataError::NotUtf8 {
            file: file.to_owned(),
            line: line_at(bytes, error.valid_up_to()),
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(DataError::EmptyFile { file: file.to_owned() });
        }
        let place = Place { file, text };

        // Lengths are checked here and not by the reader, so that the error names the line.
        let mut records = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        let mut record = StringRecord::new();
        let mut next =
            |record: &mut StringRecord| records.read_record(record).map_err(|error| garbled(file, &error));
        let mut more = next(&mut record)?;
        let header: Vec<String> = if self.headerless {
            (1..=record.len()).map(|i| i.to_string()).collect()
        } else if record.iter().all(|name| name.parse::<f64>().is_ok()) {
            return Err(DataError::NoHeader { file: file.to_owned(), line: place.line(&record) });
        } else {
            let names = record.iter().map(str::to_owned).collect();
            more = next(&mut record)?;
            names
        };
        let columns: Vec<&str> = header.iter().map(String::as_str).collect();
        names::distinct(file, &columns)?;
        let wanted = self.choose(file, &columns)?;

        let (mut x, mut y) = (Vec::new(), Vec::new());
        let mut rows = 0;
        while more {
            if record.len() != columns.len() {
                return Err(DataError::Ragged {
                    file: file.to_owned(),
                    line: place.line(&record),
                    expected: columns.len(),
                    found: record.len(),
                });
            }
            for (wanted, values) in [(&wanted.inputs, &mut x), (&wanted.targets, &mut y)] {
                for (index, name) in wanted {
                    values.push(place.number(&record, *index, name)?);
                }
            }
            rows += 1;
            more = next(&mut record)?;
        }
        if rows == 0 {
            return Err(DataError::NoDataRows { file: file.to_owned() });
        }

        let shape = |_| DataError::NoDataRows { file: file.to_owned() };
        let x = Array2::from_shape_vec((rows, wanted.inputs.len()), x).map_err(shape)?;
        let y = Array2::from_shape_vec((rows, wanted.targets.len()), y).map_err(shape)?;
        let column_names =
            |wanted: &[(usize, &str)]| wanted.iter().map(|&(_, name)| name.to_owned()).collect();
        let (inputs, targets): (Vec<String>, Vec<String>) =
            (column_names(&wanted.inputs), column_names(&wanted.targets));
        Data::new(Points::new(x)?, y)?.named(Names::new(inputs, targets))
    }

    /// Where the asked columns stand in the header.
    fn choose<'h>(&self, file: &str, columns: &[&'h str]) -> Result<Wanted<'h>, DataError> {
        if self.targets.is_empty() {
            return Err(DataError::NoTarget);
        }
        let mut taken = HashSet::new();
        let mut find = |name: &String| {
            let found = columns.iter().enumerate().find(|(_, column)| **column == name.trim());
            let Some((index, column)) = found else {
                let known = columns.join(", ");
                return Err(DataError::UnknownColumn { file: file.to_owned(), name: name.clone(), known });
            };
            if !taken.insert(index) {
                return Err(DataError::AskedTwice { name: name.clone() });
            }
            Ok((index, *column))
        };
        let targets = self.targets.iter().map(&mut find).collect::<Result<Vec<_>, _>>()?;
        let inputs = match &self.inputs {
            Some(names) => names.iter().map(&mut find).collect::<Result<Vec<_>, _>>()?,
            None => columns.iter().copied().enumerate().filter(|(index, _)| !taken.contains(index)).collect(),
        };
        if inputs.is_empty() {
            return Err(DataError::NoInputs { file: file.to_owned() });
        }
        Ok(Wanted { inputs, targets })
    }
}

/// Columns to load, as (index in the header, name).
struct Wanted<'h> {
    inputs: Vec<(usize, &'h str)>,
    targets: Vec<(usize, &'h str)>,
}

/// Where records stand: for errors that name file, line and column.
struct Place<'a> {
    file: &'a str,
    text: &'a str,
}

impl Place<'_> {
    fn line(&self, record: &StringRecord) -> usize {
        let bytes = self.text.as_bytes();
        let start = record.position().map_or(0, |position| position.byte() as usize).min(bytes.len());
        // The reader leaves line ends and empty lines before a record as its beginning.
        let blank = bytes.iter().skip(start).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line_at(bytes, start + blank)
    }

    fn number(&self, record: &StringRecord, index: usize, name: &str) -> Result<f64, DataError> {
        let text = record.get(index).unwrap_or_default();
        let at = || (self.file.to_owned(), self.line(record), name.to_owned());
        let short = || text.chars().take(40).collect::<String>();
        if text.is_empty() {
            let (file, line, column) = at();
            return Err(DataError::MissingValue { file, line, column });
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            Ok(_) => {
                let (file, line, column) = at();
                Err(DataError::NotFiniteCell { file, line, column, text: short() })
            }
            Err(_) => {
                let (file, line, column) = at();
                Err(DataError::NotNumber { file, line, column, text: short() })
            }
        }
    }
}

/// The line, from 1, on which a byte stands.
fn line_at(bytes: &[u8], byte: usize) -> usize {
    1 + bytes.iter().take(byte).filter(|&&byte| byte == b'\n').count()
}

fn unreadable(file: &str, error: &std::io::Error) -> DataError {
    DataError::Read { file: file.to_owned(), kind: error.kind(), message: error.to_string() }
}

fn garbled(file: &str, error: &::csv::Error) -> DataError {
    DataError::Read {
        file: file.to_owned(),
        kind: std::io::ErrorKind::InvalidData,
        message: error.to_string(),
    }
}

impl Data {
    /// Data from a CSV file: `target` is the column of the labels, all others are inputs. See [`Csv`] for more.
    ///
    /// # Errors
    /// As [`Csv::read`].
    pub fn read_csv(path: impl AsRef<Path>, target: &str) -> Result<Data, DataError> {
        Csv::new().target(target).read(path)
    }

    /// Data from a reader of CSV, likewise.
    ///
    /// # Errors
    /// As [`Csv::read`].
    pub fn from_csv(reader: impl Read, target: &str) -> Result<Data, DataError> {
        Csv::new().target(target).from_reader(reader)
    }
}
