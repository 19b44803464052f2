//! The ledger: what a prior owes to data. A certificate refuses rows that its prior saw, and pays for every choice made.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::math::Nats;

/// The identity of one data row. It stays with the row through every split, shuffle and transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Row(pub u64);

/// Which part of the rows was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Saw {
    /// The inputs alone (an input window, inducing points, a median heuristic).
    Inputs,
    /// The labels too (tuning by evidence, conditioning).
    Labels,
    /// The labels too, but only to choose the noise of a likelihood: no part of the prior over functions, so that a PAC-Bayes
    /// certificate is none the worse; a posterior conditioned with that noise has seen the labels all the same.
    Noise,
}

/// One line of a [`Ledger`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Entry {
    /// Something was learned from these rows, in a way that no finite price covers.
    Saw {
        /// What was learned, in words.
        what: String,
        /// Inputs alone, or labels too.
        saw: Saw,
        /// The rows, sorted; `None` when they had no identity.
        rows: Option<Arc<[Row]>>,
    },
    /// One of `among` alternatives fixed in advance was chosen by looking: it costs ln `among`.
    Chose {
        /// What was chosen, in words.
        what: String,
        /// Out of how many.
        among: usize,
    },
}

/// What a prior (or a posterior) owes to data: which rows it looked at, and which choices were made on the way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "AsRead")]
pub struct Ledger {
    entries: Vec<Entry>,
}

/// A ledger as it stands in a file, where rows may be in any order.
#[derive(Deserialize)]
struct AsRead {
    entries: Vec<Entry>,
}

impl From<AsRead> for Ledger {
    fn from(read: AsRead) -> Ledger {
        let sorted = |entry: Entry| match entry {
            Entry::Saw { what, saw, rows: Some(rows) } => Ledger::saw(what, saw, Some(&rows)).entries,
            other => vec![other],
        };
        Ledger { entries: read.entries.into_iter().flat_map(sorted).collect() }
    }
}

impl Ledger {
    /// A ledger that says: `what` was learned from `rows` (`None`: from rows without identity).
    #[must_use]
    pub fn saw(what: impl Into<String>, saw: Saw, rows: Option<&[Row]>) -> Ledger {
        let rows = rows.map(|rows| {
            let mut sorted = rows.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            sorted.into()
        });
        Ledger { entries: vec![Entry::Saw { what: what.into(), saw, rows }] }
    }

    /// A ledger that says: one of `among` alternatives, listed in advance, was chosen by looking.
    #[must_use]
    pub fn chose(what: impl Into<String>, among: usize) -> Ledger {
        Ledger { entries: vec![Entry::Chose { what: what.into(), among: among.max(1) }] }
    }

    /// Both ledgers together. What was seen stands once; choices are added up, even two that read alike: each was made.
    #[must_use]
    pub fn and(mut self, other: &Ledger) -> Ledger {
        for entry in &other.entries {
            let choice = matches!(entry, Entry::Chose { .. });
            if choice || !self.entries.contains(entry) {
                self.entries.push(entry.clone());
            }
        }
        self
    }

    /// What the prior over functions owes: without what only the noise was chosen by.
    #[must_use]
    pub fn of_functions(mut self) -> Ledger {
        self.entries.retain(|entry| !matches!(entry, Entry::Saw { saw: Saw::Noise, .. }));
        self
    }

    /// What a posterior owes: the noise it was conditioned with counts like anything else.
    #[must_use]
    pub fn of_posterior(mut self) -> Ledger {
        for entry in &mut self.entries {
            if let Entry::Saw { saw: saw @ Saw::Noise, .. } = entry {
                *saw = Saw::Labels;
            }
        }
        self
    }

    /// The lines.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether nothing is owed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The price of all choices: Σ ln k.
    #[must_use]
    pub fn price(&self) -> Nats {
        let price = |entry: &Entry| match entry {
            Entry::Chose { among, .. } => (*among as f64).ln(),
            Entry::Saw { .. } => 0.0,
        };
        Nats(self.entries.iter().map(price).sum())
    }

    /// How many of `rows` were looked at by anything at all (all, as soon as some line saw rows without identity).
    #[must_use]
    pub fn looked_at_count(&self, rows: &[Row]) -> usize {
        let seen = |row: &Row| {
            self.entries.iter().any(|entry| match entry {
                Entry::Saw { rows: None, .. } => true,
                Entry::Saw { rows: Some(seen), .. } => seen.binary_search(row).is_ok(),
                Entry::Chose { .. } => false,
            })
        };
        rows.iter().filter(|row| seen(row)).count()
    }

    /// The first line that looked at any of `rows`: what was learned, how many of them it saw (all, when its rows had no
    /// identity), and whether labels were seen. Cost: a binary search a row.
    #[must_use]
    pub fn looked_at(&self, rows: &[Row]) -> Option<(String, usize, Saw)> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Saw { what, saw, rows: None } => Some((what.clone(), rows.len(), *saw)),
            Entry::Saw { what, saw, rows: Some(seen) } => {
                let count = rows.iter().filter(|row| seen.binary_search(row).is_ok()).count();
                (count > 0).then(|| (what.clone(), count, *saw))
            }
            Entry::Chose { .. } => None,
        })
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return f.write_str("nothing owed to data");
        }
        for (i, entry) in self.entries.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            match entry {
                Entry::Saw { what, saw, rows } => {
                    let part = if *saw == Saw::Inputs { "the inputs of " } else { "" };
                    match rows {
                        Some(rows) => write!(f, "{what} from {part}{} rows", rows.len())?,
                        None => write!(f, "{what} from {part}rows without identity")?,
                    }
                }
                Entry::Chose { what, among } => write!(f, "{what}: one of {among}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_remembers_rows_and_prices() {
        let window = Ledger::saw("window", Saw::Inputs, Some(&[Row(3), Row(1), Row(3)]));
        let both = window.clone().and(&Ledger::chose("rung", 9)).and(&window);
        assert_eq!(both.entries().len(), 2);
        assert!((both.price().get() - 9f64.ln()).abs() < 1e-15);
        assert_eq!(both.looked_at(&[Row(2), Row(4)]), None);
        assert_eq!(both.looked_at_count(&[Row(1), Row(2), Row(3)]), 2);
        assert_eq!(both.looked_at(&[Row(3), Row(4)]), Some(("window".into(), 1, Saw::Inputs)));
        let unnamed = Ledger::saw("median", Saw::Inputs, None);
        assert_eq!(unnamed.looked_at(&[Row(9)]), Some(("median".into(), 1, Saw::Inputs)));
        assert_eq!(both.to_string(), "window from the inputs of 2 rows; rung: one of 9");
    }
}
