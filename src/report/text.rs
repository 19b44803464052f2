//! A report as text: aligned tables, numbers to four digits, checks and the verdict.

use std::fmt;

use super::value::{columns, non_finite};
use super::{Check, Report, Table, Value};

/// Significant digits of a printed number.
const DIGITS: i32 = 4;

/// The mark of an empty cell.
const MISSING: &str = "–";

/// A number to about four significant digits, in scientific notation when tiny or huge.
pub(super) fn short(x: f64) -> String {
    if let Some(word) = non_finite(x) {
        return word.to_owned();
    }
    if x == 0.0 {
        return "0".to_owned();
    }
    let digits = DIGITS as usize - 1;
    let scientific = format!("{x:.digits$e}");
    // The exponent is read after rounding: 9.9999 is printed as 10.
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-3..6).contains(&exponent) {
        let decimals = (DIGITS - 1 - exponent).max(0) as usize;
        trimmed(&format!("{x:.decimals$}")).to_owned()
    } else {
        format!("{}e{exponent}", trimmed(mantissa))
    }
}

/// A decimal number without the zeros that end it.
fn trimmed(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// A cell as printed.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Missing) => MISSING.to_owned(),
        Some(Value::Number(x)) => short(*x),
        Some(Value::Flag(flag)) => if *flag { "yes" } else { "no" }.to_owned(),
        // A line break would tear the table apart.
        Some(value) => value.exact().replace(['\n', '\r', '\t'], " "),
    }
}

/// One printed column.
struct Column {
    cells: Vec<String>,
    width: usize,
    right: bool,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(title) = &self.title {
            writeln!(f, "{title}")?;
        }
        let columns: Vec<Column> = columns(&self.rows)
            .into_iter()
            .map(|name| {
                let values = || self.rows.iter().map(|row| row.get(name));
                let cells: Vec<String> = std::iter::once(name.to_owned()).chain(values().map(cell)).collect();
                let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
                Column { cells, width, right: values().flatten().any(Value::is_numeric) }
            })
            .collect();
        if columns.is_empty() {
            return Ok(());
        }
        for line in 0..=self.rows.len() {
            let cells: Vec<String> = columns
                .iter()
                .map(|Column { cells, width, right }| match right {
                    true => format!("{:>width$}", cells[line]),
                    false => format!("{:<width$}", cells[line]),
                })
                .collect();
            writeln!(f, "  {}", cells.join("  ").trim_end())?;
            if line == 0 {
                let rules: Vec<String> = columns.iter().map(|column| "-".repeat(column.width)).collect();
                writeln!(f, "  {}", rules.join("  "))?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, relation, threshold } = self;
        let verdict = if self.holds() { "ok   " } else { "FAILS" };
        let (mut left, mut right) = (short(*value), short(*threshold));
        // Rounding must not make two numbers look equal that are told apart.
        if left == right && value != threshold && !value.is_nan() {
            (left, right) = (format!("{value:?}"), format!("{threshold:?}"));
        }
        write!(f, "{verdict}  {name}: {left} {relation} {right}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.claim)?;
        for table in &self.tables {
            write!(f, "\n{table}")?;
        }
        for (i, note) in self.notes().enumerate() {
            let gap = if i == 0 { "\n" } else { "" };
            writeln!(f, "{gap}{note}")?;
        }
        for (i, check) in self.checks.iter().enumerate() {
            let gap = if i == 0 { "\n" } else { "" };
            writeln!(f, "{gap}{check}")?;
        }
        let verdict = if self.holds() { "the claim holds" } else { "the claim FAILS" };
        write!(f, "\n{verdict}")
    }
}
