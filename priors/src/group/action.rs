//! One action on points: coordinates change places, change sign, move by a constant.

use crate::PriorError;
use crate::prior::Result;

/// One action on points: `(g x)ᵢ = signᵢ · x[sourceᵢ] + shiftᵢ`, a distance-preserving map.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    source: Vec<usize>,
    sign: Vec<f64>,
    shift: Vec<f64>,
}

impl Action {
    /// `(g x)ᵢ = signᵢ · x[sourceᵢ] + shiftᵢ`.
    ///
    /// # Errors
    /// Unless `source` is a permutation, every sign ±1, every shift finite, and there is one of each a coordinate.
    pub fn new(source: Vec<usize>, sign: Vec<f64>, shift: Vec<f64>) -> Result<Action> {
        let expected = source.len();
        if let Some(found) = [sign.len(), shift.len()].into_iter().find(|&found| found != expected) {
            return Err(PriorError::Dimensions { what: "signs and shifts of an action", expected, found });
        }
        if let Some(found) = sign.iter().find(|sign| sign.abs() != 1.0) {
            return Err(PriorError::Group { what: "a sign must be 1 or −1", found: found.to_string() });
        }
        if let Some(found) = shift.iter().find(|shift| !shift.is_finite()) {
            return Err(PriorError::Group { what: "a shift must be finite", found: found.to_string() });
        }
        Ok(Action { sign, shift, ..Action::permutation(source)? })
    }

    /// An image moved down and right by so many pixels, around the edges; negative numbers move it up and left. Points are pixels
    /// flattened row by row.
    ///
    /// # Errors
    /// For no pixels.
    pub fn image_shift(height: usize, width: usize, down: isize, right: isize) -> Result<Action> {
        if height == 0 || width == 0 {
            return Err(PriorError::Empty("pixels of an image"));
        }
        let from =
            |place: usize, by: isize, size: usize| (place as isize - by).rem_euclid(size as isize) as usize;
        let source =
            |pixel: usize| from(pixel / width, down, height) * width + from(pixel % width, right, width);
        Action::permutation((0..height * width).map(source).collect())
    }

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
                    return Err(PriorError::Group {
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
        if !(2.0 * centre).is_finite() {
            let found = centre.to_string();
            return Err(PriorError::Group { what: "the centre of a reflection must be finite", found });
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

    /// Source, sign and shift of each coordinate of the image.
    pub fn coordinates(&self) -> impl Iterator<Item = (usize, f64, f64)> {
        let each = self.source.iter().zip(&self.sign).zip(&self.shift);
        each.map(|((&source, &sign), &shift)| (source, sign, shift))
    }

    /// Whether it leaves a coordinate as it is.
    #[must_use]
    pub fn leaves(&self, coordinate: usize) -> bool {
        self.coordinates().nth(coordinate) == Some((coordinate, 1.0, 0.0))
    }

    /// What it does to these coordinates, if they stay among themselves.
    #[must_use]
    pub fn restricted_to(&self, coordinates: &[usize]) -> Option<Action> {
        let mut restricted = Action { source: Vec::new(), sign: Vec::new(), shift: Vec::new() };
        for &i in coordinates {
            let source = *self.source.get(i)?;
            restricted.source.push(coordinates.iter().position(|&c| c == source)?);
            restricted.sign.push(self.sign[i]);
            restricted.shift.push(self.shift[i]);
        }
        Some(restricted)
    }

    /// Writes the image of a point. Coordinates that a point lacks are NaN.
    pub fn apply(&self, x: &[f64], out: &mut [f64]) {
        for (out, (source, sign, shift)) in out.iter_mut().zip(self.coordinates()) {
            *out = sign * x.get(source).copied().unwrap_or(f64::NAN) + shift;
        }
    }

    /// Adds `w` times the transposed linear part applied to a slope: the chain rule.
    pub fn pull_back(&self, slope: &[f64], w: f64, out: &mut [f64]) {
        for (s, (source, sign, _)) in slope.iter().zip(self.coordinates()) {
            if let Some(out) = out.get_mut(source) {
                *out += w * sign * s;
            }
        }
    }

    /// What undoes it.
    #[must_use]
    pub fn inverse(&self) -> Action {
        let mut inverse = Action::identity(self.inputs());
        for (i, (source, sign, shift)) in self.coordinates().enumerate() {
            (inverse.source[source], inverse.sign[source], inverse.shift[source]) = (i, sign, -sign * shift);
        }
        inverse
    }

    /// The places and signs, without the shifts: in a finite group no two actions have the same.
    pub(super) fn linear(&self) -> Vec<(usize, bool)> {
        self.coordinates().map(|(source, sign, _)| (source, sign < 0.0)).collect()
    }

    /// The largest difference between the shifts of two actions.
    pub(super) fn shift_gap(&self, other: &Action) -> f64 {
        self.shift.iter().zip(&other.shift).fold(0.0, |gap: f64, (a, b)| gap.max((a - b).abs()))
    }

    /// First `self`, then `next`, which acts on as many inputs.
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
