//! A report as files: `report.json`, `table.csv`, and an SVG and a PNG for each figure.

use std::path::{Path, PathBuf};

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::value::{Json, Titled, columns};
use super::{Check, Report, ReportError, Value};

/// Pixels of a saved PNG for each unit of length of its figure.
const PNG_SCALE: f64 = 2.0;

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Check", 5)?;
        object.serialize_field("name", &self.name)?;
        object.serialize_field("value", &Json(self.value))?;
        object.serialize_field("relation", &self.relation)?;
        object.serialize_field("threshold", &Json(self.threshold))?;
        object.serialize_field("holds", &self.holds())?;
        object.end()
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<Titled<'_>> = self
            .tables
            .iter()
            .flat_map(|table| table.rows.iter().map(|row| Titled(table.title.as_deref(), row)))
            .collect();
        let figures: Vec<&str> = self.figures().map(|(name, _)| name).collect();
        let mut object = serializer.serialize_struct("Report", 8)?;
        object.serialize_field("claim", &self.claim)?;
        object.serialize_field("holds", &self.holds())?;
        object.serialize_field("checks", &self.checks)?;
        object.serialize_field("rows", &rows)?;
        object.serialize_field("notes", &self.notes().collect::<Vec<_>>())?;
        object.serialize_field("figures", &figures)?;
        object.serialize_field("seed", &self.seed)?;
        object.serialize_field("softbias", env!("CARGO_PKG_VERSION"))?;
        object.end()
    }
}

impl Report {
    /// The report as JSON, with full-precision numbers; those not finite are the strings `"inf"`, `"-inf"`
    /// and `"nan"`.
    ///
    /// # Errors
    ///
    /// When the report cannot be serialised.
    pub fn json(&self) -> Result<String, ReportError> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// All rows as CSV by RFC 4180, over the union of their columns; missing values are empty.
    #[must_use]
    pub fn csv(&self) -> String {
        let columns = columns(self.rows());
        let titled = self.tables.iter().any(|table| table.title.is_some()) && !columns.contains(&"table");
        let header = titled.then_some("table").into_iter().chain(columns.iter().copied());
        let mut csv = record(header.map(quoted));
        for table in &self.tables {
            let title = titled.then(|| quoted(table.title.as_deref().unwrap_or_default()));
            for row in &table.rows {
                let cells = columns
                    .iter()
                    .map(|column| quoted(&row.get(column).map(Value::exact).unwrap_or_default()));
                csv += &record(title.clone().into_iter().chain(cells));
            }
        }
        csv
    }

    /// Writes the report into a directory, made if need be, and returns the files written.
    ///
    /// # Errors
    ///
    /// When a figure's name cannot name a file or a figure cannot be drawn, before anything is written; or
    /// when a file cannot be written.
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<Vec<PathBuf>, ReportError> {
        let dir = dir.as_ref();
        let tables = [
            ("report.json".to_owned(), self.json()?.into_bytes()),
            ("table.csv".to_owned(), self.csv().into_bytes()),
        ];
        let figures = self.drawn()?;
        std::fs::create_dir_all(dir).map_err(|source| ReportError::Io { path: dir.to_owned(), source })?;
        tables
            .into_iter()
            .chain(figures)
            .map(|(name, bytes)| {
                let path = dir.join(name);
                match std::fs::write(&path, bytes) {
                    Ok(()) => Ok(path),
                    Err(source) => Err(ReportError::Io { path, source }),
                }
            })
            .collect()
    }

    /// The files of the figures: none when figures were compiled out.
    fn drawn(&self) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
        let mut files = Vec::new();
        for (name, figure) in self.figures() {
            if !names_a_file(name) {
                return Err(ReportError::FigureName(name.to_owned()));
            }
            if cfg!(feature = "figures") {
                files.push((format!("{name}.svg"), figure.svg()?.into_bytes()));
                files.push((format!("{name}.png"), figure.png(PNG_SCALE)?));
            }
        }
        Ok(files)
    }
}

/// Whether a name is safe as the stem of a file on every system.
fn names_a_file(name: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && !name.starts_with('.') && name.len() <= 100 && name.chars().all(safe)
}

/// One line of a CSV file.
fn record(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

/// A CSV cell, in quotes where it has to be.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
