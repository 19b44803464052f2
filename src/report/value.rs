//! The values in the cells of a table, and the rows they form.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// The content of a cell.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Words.
    Text(String),
    /// A measured or computed number.
    Number(f64),
    /// A whole number, wide enough for every primitive integer in use.
    Integer(i128),
    /// Yes or no.
    Flag(bool),
    /// Nothing: not measured, or not applicable.
    Missing,
}

impl Value {
    /// Whether this is a number of some kind.
    pub(super) fn is_numeric(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Integer(_))
    }

    /// The value in full precision, as in a CSV cell; missing is empty.
    pub(super) fn exact(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(x) => non_finite(*x).map_or_else(|| format!("{x:?}"), str::to_owned),
            Self::Integer(n) => n.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Missing => String::new(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Value {
    fn from(x: f64) -> Self {
        Self::Number(x)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<usize> for Value {
    fn from(n: usize) -> Self {
        Self::Integer(n as i128)
    }
}

impl From<u64> for Value {
    fn from(n: u64) -> Self {
        Self::Integer(n.into())
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Integer(n.into())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Missing, Into::into)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(x) => Json(*x).serialize(serializer),
            Self::Integer(n) => serializer.serialize_i128(*n),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Missing => serializer.serialize_none(),
        }
    }
}

/// A number as JSON can carry it: JSON has no infinities and no NaN, so that these become words.
pub(super) struct Json(pub(super) f64);

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match non_finite(self.0) {
            Some(word) => serializer.serialize_str(word),
            None => serializer.serialize_f64(self.0),
        }
    }
}

/// The word for a number that is not finite.
pub(super) fn non_finite(x: f64) -> Option<&'static str> {
    match x {
        f64::INFINITY => Some("inf"),
        f64::NEG_INFINITY => Some("-inf"),
        _ if x.is_nan() => Some("nan"),
        _ => None,
    }
}

/// One row of a table: a value for each of its columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    cells: Vec<(String, Value)>,
}

impl Row {
    /// A row of the given cells; of two for one column the later counts.
    pub(super) fn new(cells: impl Iterator<Item = (String, Value)>) -> Self {
        let mut row = Self::default();
        for (column, value) in cells {
            match row.cells.iter_mut().find(|(known, _)| *known == column) {
                Some((_, earlier)) => *earlier = value,
                None => row.cells.push((column, value)),
            }
        }
        row
    }

    /// The value in a column, if the row has one there.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.cells.iter().find(|(known, _)| known == column).map(|(_, value)| value)
    }

    /// The columns and values, in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.cells.iter().map(|(column, value)| (column.as_str(), value))
    }
}

/// A row as a JSON object, with the title of its table in front.
pub(super) struct Titled<'a>(pub(super) Option<&'a str>, pub(super) &'a Row);

impl Serialize for Titled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        // A column of the row's own that is called `table` must not appear twice.
        if let Some(title) = self.0.filter(|_| self.1.get("table").is_none()) {
            map.serialize_entry("table", title)?;
        }
        for (column, value) in self.1.iter() {
            map.serialize_entry(column, value)?;
        }
        map.end()
    }
}

/// All columns of some rows, in order of first appearance.
pub(super) fn columns<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<&'a str> {
    let mut columns = Vec::new();
    for (column, _) in rows.into_iter().flat_map(Row::iter) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns
}
