//! A report: a claim, the numbers behind it, and the checks that decide whether it holds.
//!
//! A [`Report`] is an ordinary value. It is filled row by row, printed by [`Display`](std::fmt::Display) and
//! written by [`Report::save`] as JSON, CSV and figures. What it writes depends on what it holds alone — no
//! clock, no machine — so that two runs of one program can be compared byte by byte.
//!
//! ```
//! use softbias::report::{Relation, Report};
//!
//! let mut report = Report::new("The softer prior has the larger evidence.");
//! report
//!     .seed(1)
//!     .row([("prior", "hard".into()), ("log evidence", (-31.2).into())])
//!     .row([("prior", "soft".into()), ("log evidence", (-12.5).into())])
//!     .check("gain in log evidence", -12.5 - -31.2, Relation::Above, 0.0);
//! assert!(report.holds());
//! ```

#[cfg(feature = "figures")]
mod axis;
#[cfg(feature = "figures")]
mod draw;
mod figure;
#[cfg(feature = "figures")]
mod frame;
#[cfg(feature = "figures")]
mod geometry;
#[cfg(feature = "figures")]
mod layout;
#[cfg(feature = "figures")]
mod legend;
#[cfg(feature = "figures")]
mod notes;
mod panel;
mod save;
mod text;
mod traces;
mod value;

use std::fmt;
use std::path::PathBuf;

pub use figure::Figure;
pub use panel::{Legend, Panel};
pub use traces::traces;
pub use value::{Row, Value};

/// The order a check demands between a value and its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Relation {
    /// Strictly less than the threshold.
    Below,
    /// Less than the threshold, or equal to it.
    AtMost,
    /// Exactly the threshold: meant for counts and flags, not for rounded results.
    Equals,
    /// Greater than the threshold, or equal to it.
    AtLeast,
    /// Strictly greater than the threshold.
    Above,
}

impl Relation {
    /// Whether `value` stands in this relation to `threshold`; never when either is NaN.
    #[must_use]
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Below => value < threshold,
            Self::AtMost => value <= threshold,
            Self::Equals => value == threshold,
            Self::AtLeast => value >= threshold,
            Self::Above => value > threshold,
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Below => "<",
            Self::AtMost => "≤",
            Self::Equals => "=",
            Self::AtLeast => "≥",
            Self::Above => ">",
        })
    }
}

/// One testable part of a claim: a value against a threshold.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Check {
    /// What is compared.
    pub name: String,
    /// The value found.
    pub value: f64,
    /// The relation demanded of it.
    pub relation: Relation,
    /// What it is compared with.
    pub threshold: f64,
}

impl Check {
    /// Whether the value found stands in the relation demanded.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.relation.holds(self.value, self.threshold)
    }
}

/// Why a report or a figure could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or a directory could not be written.
    #[error("cannot write {}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The report could not be put into JSON.
    #[error("cannot put the report into JSON")]
    Json(#[from] serde_json::Error),
    /// The name of a figure does not do as the name of a file.
    #[error("`{0}` cannot name a file: use letters, digits, `-`, `_` and, except first, `.`")]
    FigureName(String),
    /// What a figure is to show cannot be drawn.
    #[error("cannot draw `{figure}`: {reason}")]
    Figure {
        /// The title of the panel or the figure at fault.
        figure: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Figures were compiled out.
    #[error("figures need the feature `figures`")]
    FiguresOff,
}

/// Rows under a common title.
#[derive(Clone, Debug, Default, PartialEq)]
struct Table {
    title: Option<String>,
    rows: Vec<Row>,
}

/// A claim with its tables, notes, checks and figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    claim: String,
    seed: Option<u64>,
    tables: Vec<Table>,
    notes: Vec<String>,
    checks: Vec<Check>,
    figures: Vec<(String, Figure)>,
}

impl Report {
    /// A report on a claim, as yet without evidence.
    #[must_use]
    pub fn new(claim: impl Into<String>) -> Self {
        Self {
            claim: claim.into(),
            seed: None,
            tables: Vec::new(),
            notes: Vec::new(),
            checks: Vec::new(),
            figures: Vec::new(),
        }
    }

    /// Records the seed of everything random behind the report.
    pub fn seed(&mut self, seed: u64) -> &mut Self {
        self.seed = Some(seed);
        self
    }

    /// Begins a titled table: the rows that follow belong to it.
    pub fn table(&mut self, title: impl Into<String>) -> &mut Self {
        self.tables.push(Table { title: Some(title.into()), rows: Vec::new() });
        self
    }

    /// Adds a row to the table last begun; its columns stand in order of first appearance.
    pub fn row<K: Into<String>>(&mut self, cells: impl IntoIterator<Item = (K, Value)>) -> &mut Self {
        let row = Row::new(cells.into_iter().map(|(column, value)| (column.into(), value)));
        match self.tables.last_mut() {
            Some(table) => table.rows.push(row),
            None => self.tables.push(Table { title: None, rows: vec![row] }),
        }
        self
    }

    /// Adds a remark, printed below the tables.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        self.notes.push(text.into());
        self
    }

    /// Adds a check, on which the claim then depends.
    pub fn check(
        &mut self,
        name: impl Into<String>,
        value: f64,
        relation: Relation,
        threshold: f64,
    ) -> &mut Self {
        self.checks.push(Check { name: name.into(), value, relation, threshold });
        self
    }

    /// Adds a figure, saved under `name`; a figure added before under the same name is replaced.
    pub fn figure(&mut self, name: impl Into<String>, figure: Figure) -> &mut Self {
        let name = name.into();
        match self.figures.iter_mut().find(|(known, _)| *known == name) {
            Some((_, earlier)) => *earlier = figure,
            None => self.figures.push((name, figure)),
        }
        self
    }

    /// Whether every check holds; a report without checks claims nothing and holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.checks.iter().all(Check::holds)
    }

    /// The claim.
    #[must_use]
    pub fn claim(&self) -> &str {
        &self.claim
    }

    /// The checks, in the order they were added.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The rows of all tables, in the order they were added.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.tables.iter().flat_map(|table| &table.rows)
    }

    /// The figures and the names they are saved under.
    pub fn figures(&self) -> impl Iterator<Item = (&str, &Figure)> {
        self.figures.iter().map(|(name, figure)| (name.as_str(), figure))
    }

    /// The remarks, among them the one on figures that this build cannot draw.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        let undrawn = !cfg!(feature = "figures") && !self.figures.is_empty();
        let undrawn = undrawn.then_some("Figures are not drawn: this build lacks the feature `figures`.");
        self.notes.iter().map(String::as_str).chain(undrawn)
    }
}
