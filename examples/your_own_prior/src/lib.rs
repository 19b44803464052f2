//! A prior of one's own: broken lines, and the bias "straight unless the data bend it".

use ndarray::{Array1, Array2};
use softbias::prelude::*;
use softbias::prior::Result;

/// Hinges max(0, x − knot) with white weights: continuous broken lines that start flat at the first knot.
#[derive(Clone, Debug)]
pub struct Hinges {
    knots: Vec<f64>,
}

impl Hinges {
    /// `count` knots evenly from `first` to `last`, fixed before any data.
    #[must_use]
    pub fn new(first: f64, last: f64, count: usize) -> Hinges {
        let step = (last - first) / count as f64;
        Hinges { knots: (0..count).map(|k| first + step * k as f64).collect() }
    }
}

// These three methods are all that a linear prior needs.
impl Weights for Hinges {
    fn dim(&self) -> usize {
        self.knots.len()
    }

    fn basis(&self, x: &Points) -> Result<Array2<f64>> {
        x.expect_inputs(1)?;
        Ok(Array2::from_shape_fn((x.len(), self.knots.len()), |(i, j)| {
            (x.view()[[i, 0]] - self.knots[j]).max(0.0)
        }))
    }

    fn scales(&self) -> Array1<f64> {
        Array1::from_elem(self.knots.len(), 1.0 / (self.knots.len() as f64).sqrt())
    }
}

impl Linear for Hinges {}

/// The bias: a straight line, and `softness` times a broken one. At softness 0 it is the straight line.
pub fn straight_unless_bent(
    first: f64,
    last: f64,
) -> impl Fn(Softness) -> softbias::Pathways<Polynomial, Hinges> + Clone {
    let line = Window::new(first, last).map(|window| Polynomial::orders(0..=1).window(window));
    // a window that is none stays the polynomial's own, which then refuses points outside it with a typed error
    let line = line.unwrap_or_else(|_| Polynomial::orders(0..=1));
    let hinges = Hinges::new(first, last, 60);
    move |softness| line.clone().relaxed(softness, hinges.clone())
}
