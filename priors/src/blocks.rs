//! A covariance between two sets of points, one matrix for all outputs or one for each.

use std::ops::Range;
use std::sync::LazyLock;

use ndarray::{Array2, ArrayView2, s};

use crate::PriorError;
use crate::prior::Result;

/// A covariance between two sets of points, as small as the outputs allow.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Blocks {
    /// The outputs are independent copies: one (point, point) matrix serves all.
    Shared(Array2<f64>),
    /// The outputs are independent, each with its own matrix.
    PerOutput(Vec<Array2<f64>>),
}

static NOTHING: LazyLock<Array2<f64>> = LazyLock::new(|| Array2::zeros((0, 0)));

impl Blocks {
    /// The matrix of one output; past the last one, the last. Of no matrices at all: one without rows.
    #[must_use]
    pub fn of_output(&self, output: usize) -> ArrayView2<'_, f64> {
        match self {
            Blocks::Shared(k) => k.view(),
            Blocks::PerOutput(list) => match list.get(output).or(list.last()) {
                Some(k) => k.view(),
                None => NOTHING.view(),
            },
        }
    }

    /// Checks that there are matrices of shape n × n: one, or one an output.
    ///
    /// # Errors
    /// When there are not.
    pub fn check_square(&self, n: usize, outputs: usize) -> Result<()> {
        let (count, all): (usize, Vec<_>) = match self {
            Blocks::Shared(k) => (outputs, vec![k.dim()]),
            Blocks::PerOutput(list) => (list.len(), list.iter().map(Array2::dim).collect()),
        };
        if count != outputs {
            return Err(PriorError::Dimensions {
                what: "covariance blocks",
                expected: outputs,
                found: count,
            });
        }
        match all.into_iter().find(|dim| *dim != (n, n)) {
            Some((rows, columns)) => {
                let found = if rows == n { columns } else { rows };
                Err(PriorError::Dimensions { what: "rows of a covariance", expected: n, found })
            }
            None => Ok(()),
        }
    }

    /// These rows of every matrix.
    pub(crate) fn rows(&self, rows: Range<usize>) -> Blocks {
        let some = |k: &Array2<f64>| k.slice(s![rows.clone(), ..]).to_owned();
        match self {
            Blocks::Shared(k) => Blocks::Shared(some(k)),
            Blocks::PerOutput(list) => Blocks::PerOutput(list.iter().map(some).collect()),
        }
    }

    /// `self + factor · other`, entry by entry.
    ///
    /// # Errors
    /// When the shapes or the numbers of outputs differ.
    pub fn plus(self, factor: f64, other: &Blocks) -> Result<Blocks> {
        let add = |mut a: Array2<f64>, b: ArrayView2<'_, f64>| {
            if a.dim() != b.dim() {
                return Err(PriorError::Dimensions {
                    what: "rows of a covariance",
                    expected: a.nrows(),
                    found: b.nrows(),
                });
            }
            a.scaled_add(factor, &b);
            Ok(a)
        };
        match (self, other) {
            (Blocks::Shared(a), Blocks::Shared(b)) => Ok(Blocks::Shared(add(a, b.view())?)),
            (Blocks::Shared(a), Blocks::PerOutput(list)) => {
                list.iter().map(|b| add(a.clone(), b.view())).collect::<Result<_>>().map(Blocks::PerOutput)
            }
            (Blocks::PerOutput(list), Blocks::PerOutput(other)) if list.len() != other.len() => {
                let (expected, found) = (list.len(), other.len());
                Err(PriorError::Dimensions { what: "covariance blocks", expected, found })
            }
            (Blocks::PerOutput(list), b) => {
                let sum = list.into_iter().enumerate().map(|(c, a)| add(a, b.of_output(c)));
                sum.collect::<Result<_>>().map(Blocks::PerOutput)
            }
        }
    }

    /// Every matrix through `change`.
    #[must_use]
    pub fn map(self, mut change: impl FnMut(Array2<f64>) -> Array2<f64>) -> Blocks {
        match self {
            Blocks::Shared(k) => Blocks::Shared(change(k)),
            Blocks::PerOutput(list) => Blocks::PerOutput(list.into_iter().map(change).collect()),
        }
    }

    /// Σ over matching entries of the products, over every output: ⟨self, other⟩. A shared `other` stands for each output of
    /// `self`; a shared `self` is a sum over outputs already, so `other` must be shared too.
    ///
    /// # Errors
    /// When the shapes or the numbers of outputs differ.
    pub fn inner(&self, other: &Blocks) -> Result<f64> {
        let product = |a: &Array2<f64>, b: &Array2<f64>| {
            if a.dim() != b.dim() {
                let (expected, found) = (a.nrows(), b.nrows());
                return Err(PriorError::Dimensions { what: "rows of a covariance", expected, found });
            }
            // row by row: no matrix of products, and rounding that grows with neither side
            Ok(a.rows().into_iter().zip(b.rows()).map(|(a, b)| a.dot(&b)).sum())
        };
        match (self, other) {
            (Blocks::Shared(a), Blocks::Shared(b)) => product(a, b),
            (Blocks::Shared(a), Blocks::PerOutput(list)) if list.len() == 1 => product(a, &list[0]),
            (Blocks::PerOutput(list), Blocks::Shared(b)) => list.iter().map(|a| product(a, b)).sum(),
            (Blocks::PerOutput(a), Blocks::PerOutput(b)) if a.len() == b.len() => {
                a.iter().zip(b).map(|(a, b)| product(a, b)).sum()
            }
            (a, b) => Err(PriorError::Dimensions {
                what: "covariance blocks",
                expected: a.count(),
                found: b.count(),
            }),
        }
    }

    fn count(&self) -> usize {
        match self {
            Blocks::Shared(_) => 1,
            Blocks::PerOutput(list) => list.len(),
        }
    }
}
