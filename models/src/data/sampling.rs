//! Sampling: what is known about how the rows were drawn, which decides what a certificate may speak of.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use softbias_priors::Row;

use super::Data;

/// How the rows of some data came about. It is written down when the data are loaded, declared or cut, and never guessed from
/// the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Sampling {
    /// Declared by the user, with [`Data::declared_iid`]: the rows are independent draws from one distribution.
    Iid,
    /// A fixed list as loaded; nothing is known about how it was drawn. No certificate.
    #[default]
    List,
    /// A uniformly random part, without repetition, of a fixed list. A certificate speaks of the mean over that list only, and
    /// for a prior that saw none of the list: whoever knows the other rows knows which are left for this part.
    /// [`Data::list`] names the rows of the list.
    RandomSplit {
        /// How many rows the list has.
        of: usize,
    },
    /// A part cut by order, such as the first years of a series. No certificate.
    Ordered,
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sampling::Iid => {
                f.write_str("the rows are declared to be independent draws from one distribution")
            }
            Sampling::List => {
                f.write_str("the rows are a fixed list, and nothing is known about how it was drawn")
            }
            Sampling::RandomSplit { of } => {
                write!(f, "the rows are a uniformly random part of a fixed list of {of} rows")
            }
            Sampling::Ordered => f.write_str("the rows are a part cut by order"),
        }
    }
}

/// A sampling, and which list it speaks of where it speaks of one: two lists of the same length are not the same list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) sampling: Sampling,
    /// The rows of the list, sorted, for a random part of one.
    pub(super) list: Option<Arc<[Row]>>,
}

impl Origin {
    /// A sampling that speaks of no particular list.
    pub(super) fn of(sampling: Sampling) -> Origin {
        Origin { sampling, list: None }
    }

    /// Of a uniformly random part of `data`. A random part of a random part of a list is a random part of that list.
    pub(super) fn random_part(data: &Data) -> Origin {
        match data.origin.sampling {
            Sampling::List => {
                let mut list = data.rows().to_vec();
                list.sort_unstable();
                Origin { sampling: Sampling::RandomSplit { of: list.len() }, list: Some(list.into()) }
            }
            Sampling::Iid | Sampling::RandomSplit { .. } | Sampling::Ordered => data.origin.clone(),
        }
    }

    /// Of a part chosen by other means: `otherwise`, unless the rows are independent draws, which they stay.
    pub(super) fn chosen_part(data: &Data, otherwise: Sampling) -> Origin {
        if data.origin.sampling == Sampling::Iid { data.origin.clone() } else { Origin::of(otherwise) }
    }

    /// Of two parts together that share no row: the common origin where there is one, else a list.
    pub(super) fn union(&self, other: &Origin) -> Origin {
        if self == other { self.clone() } else { Origin::of(Sampling::List) }
    }
}

impl Data {
    /// The same data, declared to be independent draws from one distribution. Nothing can check this: a certificate built on
    /// it holds under that assumption, and says so.
    #[must_use]
    pub fn declared_iid(mut self) -> Data {
        self.origin = Origin::of(Sampling::Iid);
        self
    }

    /// How the rows came about.
    #[must_use]
    pub fn sampling(&self) -> Sampling {
        self.origin.sampling
    }

    /// The rows of the fixed list that these are a random part of, sorted; `None` unless sampling is a
    /// [`RandomSplit`](Sampling::RandomSplit).
    #[must_use]
    pub fn list(&self) -> Option<&[Row]> {
        self.origin.list.as_deref()
    }
}
