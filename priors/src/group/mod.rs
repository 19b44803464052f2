//! Finite groups that act on points: coordinates change places, change sign, move by a constant.

use serde::{Deserialize, Serialize};

use crate::PriorError;
use crate::prior::Result;

/// One action on points: (g x)ᵢ = signᵢ · x[sourceᵢ] + shiftᵢ, a distance-preserving map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    source: Vec<usize>,
    sign: Vec<f64>,
    shift: Vec<f64>,
}

impl Action {
    /// The identity on points of so many inputs.
    #[must_use]
    pub fn identity(inputs: usize) -> Action {
        Action { source: (0..inputs).collect(), sign: vec![1.0; inputs], shift: vec![0.0; inputs] }
    }

    /// Coordinate i of the image is coordinate `source[i]` of the point.
    ///
    /// # Errors
    /// Unless `source` is a permutation.
    pub fn permutation(source: Vec<usize>) -> Result<Action> {
        let inputs = source.len();
        let mut seen = vec![false; inputs];
        for &s in &source {
            match seen.get_mut(s) {
                Some(seen) if !*seen => *seen = true,
                _ => {
                    let found = format!("{source:?}");
                    return Err(PriorError::Kernel {
                        what: "a permutation names every coordinate once",
                        found,
                    });
                }
            }
        }
        Ok(Action { source, ..Action::identity(inputs) })
    }

    /// The reflection of one coordinate about `centre`.
    ///
    /// # Errors
    /// When there is no such coordinate, or the centre is not finite.
    pub fn reflection(inputs: usize, coordinate: usize, centre: f64) -> Result<Action> {
        if coordinate >= inputs {
            return Err(PriorError::Dimensions {
                what: "coordinates",
                expected: coordinate + 1,
                found: inputs,
            });
        }
        if !centre.is_finite() {
            let found = centre.to_string();
            return Err(PriorError::Kernel { what: "the centre of a reflection must be finite", found });
        }
        let mut action = Action::identity(inputs);
        action.sign[coordinate] = -1.0;
        action.shift[coordinate] = 2.0 * centre;
        Ok(action)
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.source.len()
    }

    /// Where each coordinate of the image comes from.
    pub fn sources(&self) -> impl Iterator<Item = usize> {
        self.source.iter().copied()
    }

    /// Writes the image of a point.
    pub fn apply(&self, x: &[f64], out: &mut [f64]) {
        for (i, out) in out.iter_mut().enumerate().take(self.inputs()) {
            *out = self.sign[i] * x[self.source[i]] + self.shift[i];
        }
    }

    /// Adds `w` times the transposed linear part applied to a slope: the chain rule.
    pub fn pull_back(&self, slope: &[f64], w: f64, out: &mut [f64]) {
        for (i, s) in slope.iter().enumerate().take(self.inputs()) {
            out[self.source[i]] += w * self.sign[i] * s;
        }
    }

    /// First `self`, then `next`.
    #[must_use]
    pub fn then(&self, next: &Action) -> Action {
        let of = |i: usize| next.source[i];
        Action {
            source: (0..self.inputs()).map(|i| self.source[of(i)]).collect(),
            sign: (0..self.inputs()).map(|i| next.sign[i] * self.sign[of(i)]).collect(),
            shift: (0..self.inputs()).map(|i| next.sign[i] * self.shift[of(i)] + next.shift[i]).collect(),
        }
    }
}
