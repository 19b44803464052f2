//! The names of the columns of data.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::DataError;

/// The names of the input and label columns. They are checked when data take them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    inputs: Vec<String>,
    labels: Vec<String>,
}

impl Names {
    /// Names of inputs and of labels, in the order of the columns.
    #[must_use]
    pub fn new<I: Into<String>, L: Into<String>>(
        inputs: impl IntoIterator<Item = I>,
        labels: impl IntoIterator<Item = L>,
    ) -> Names {
        Names {
            inputs: inputs.into_iter().map(Into::into).collect(),
            labels: labels.into_iter().map(Into::into).collect(),
        }
    }

    /// The names of the inputs.
    #[must_use]
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// The names of the labels.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// x, or x1, x2, … and y, or y1, y2, …
    pub(super) fn numbered(inputs: usize, outputs: usize) -> Names {
        let number = |name: &str, n: usize| match n {
            1 => vec![name.to_owned()],
            _ => (1..=n).map(|i| format!("{name}{i}")).collect(),
        };
        Names { inputs: number("x", inputs), labels: number("y", outputs) }
    }

    pub(super) fn check(&self, inputs: usize, outputs: usize) -> Result<(), DataError> {
        for (what, expected, found) in
            [("names of inputs", inputs, self.inputs.len()), ("names of labels", outputs, self.labels.len())]
        {
            if expected != found {
                return Err(DataError::Columns { what, expected, found });
            }
        }
        let all: Vec<&str> = self.inputs.iter().chain(&self.labels).map(String::as_str).collect();
        distinct("names", &all)
    }
}

/// Checks that every column has a name, and no two the same.
pub(super) fn distinct(file: &str, names: &[&str]) -> Result<(), DataError> {
    let mut seen = HashSet::new();
    for (i, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(DataError::Unnamed { file: file.to_owned(), position: i + 1 });
        }
        if !seen.insert(name) {
            return Err(DataError::DuplicateName { file: file.to_owned(), name: (*name).to_owned() });
        }
    }
    Ok(())
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.inputs.join(", "), self.labels.join(", "))
    }
}
