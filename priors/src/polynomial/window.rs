//! The input window: the box that polynomials see as [−1, 1]ᵈ. Declared in the spec, or learned at a price.

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use crate::prior::Result;
use crate::{Ledger, Points, PriorError, Saw};

/// A box in input space, one interval a coordinate.
///
/// A window learned from points has looked at them: its ledger names their rows, and no certificate covers those rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    ends: Vec<(f64, f64)>,
    ledger: Ledger,
}

impl Window {
    /// [low, high] in one input.
    ///
    /// # Errors
    /// Unless low < high are finite.
    pub fn new(low: f64, high: f64) -> Result<Window> {
        Window::boxed([(low, high)])
    }

    /// A box in several inputs.
    ///
    /// # Errors
    /// Without an interval, or unless low < high are finite in each.
    pub fn boxed(ends: impl IntoIterator<Item = (f64, f64)>) -> Result<Window> {
        let window = Window { ends: ends.into_iter().collect(), ledger: Ledger::default() };
        window.check()?;
        Ok(window)
    }

    /// [−1, 1] in every input.
    #[must_use]
    pub fn unit(inputs: usize) -> Window {
        Window { ends: vec![(-1.0, 1.0); inputs], ledger: Ledger::default() }
    }

    /// The smallest box around points, which the ledger then names as looked at (points of standardised data: the rows behind
    /// them, not those that the standardisation saw; data carry that debt themselves). A coordinate with a single value gets an
    /// interval of width 2 around it.
    ///
    /// # Errors
    /// Without points.
    pub fn around(x: &Points) -> Result<Window> {
        if x.is_empty() {
            return Err(PriorError::Empty("points to learn a window from"));
        }
        let view = x.view();
        let ends = view.columns().into_iter().map(|column| {
            let low = column.iter().copied().fold(f64::INFINITY, f64::min);
            let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if low < high { (low, high) } else { (low - 1.0, high + 1.0) }
        });
        let ledger = Ledger::saw("input window", Saw::Inputs, x.rows());
        let window = Window { ends: ends.collect(), ledger };
        window.check()?;
        Ok(window)
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.ends.len()
    }

    /// What it owes to data.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.ends.is_empty() {
            return Err(PriorError::Empty("intervals of a window"));
        }
        let bad = |&(low, high): &(f64, f64)| !(low < high && (high - low).is_finite());
        match self.ends.iter().position(bad) {
            Some(input) => {
                let (low, high) = self.ends[input];
                Err(PriorError::Window { input, low, high })
            }
            None => Ok(()),
        }
    }

    /// The points in window coordinates.
    ///
    /// # Errors
    /// For a wrong number of coordinates, and for a point outside unless `beyond`.
    pub(crate) fn rescale(&self, x: &Points, beyond: bool) -> Result<Array2<f64>> {
        x.expect_inputs(self.inputs())?;
        let centre: Array1<f64> = self.ends.iter().map(|(low, high)| low + 0.5 * (high - low)).collect();
        let half: Array1<f64> = self.ends.iter().map(|(low, high)| 0.5 * (high - low)).collect();
        let mut t = (&x.view() - &centre) / &half;
        for ((row, input), t) in t.indexed_iter_mut() {
            if !beyond && t.abs() > 1.0 {
                // Rounding at the very ends of the window is not outside it.
                if t.abs() > 1.0 + 1e-9 {
                    let (low, high) = self.ends[input];
                    return Err(PriorError::OutsideWindow {
                        row,
                        input,
                        value: x.view()[[row, input]],
                        low,
                        high,
                    });
                }
                *t = t.clamp(-1.0, 1.0);
            }
        }
        Ok(t)
    }
}
