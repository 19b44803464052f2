//! Kernels of compact support: Wendland's polynomials, exactly 0 beyond a length scale.

use super::{Inputs, Kernel, KernelFunction, Lengths, SavedKernel, TILE, Tile};
use crate::group::Action;
use crate::math::simd;
use crate::prior::Result;
use crate::{Parameters, PriorError};

/// φ_{D,q}(r) of the scaled distance r.
#[derive(Clone, Debug)]
struct Wendland {
    smoothness: usize,
    lengths: Lengths,
}

/// Below it a distance counts as this: it keeps the slope of q = 0 finite at coincident points, where it multiplies a zero.
const LEAST: f64 = 1e-150;

/// The exponent j = ⌊D/2⌋ + q + 1: the least that keeps φ positive definite in D inputs.
fn exponent(inputs: usize, smoothness: usize) -> usize {
    inputs / 2 + smoothness + 1
}

/// r² to φ_{q} with exponent j, in place (Rasmussen & Williams 2006, 4.21).
fn values(smoothness: usize, exponent: usize, r2: &mut [f64]) {
    let mut left = [0.0; TILE];
    let left = &mut left[..r2.len()];
    simd::map(r2, f64::sqrt);
    left.copy_from_slice(r2);
    simd::map(left, |r| if r < 1.0 { 1.0 - r } else { 0.0 });
    simd::powi(left, exponent + smoothness);
    let j = exponent as f64;
    match smoothness {
        0 => r2.copy_from_slice(left),
        1 => simd::zip_map(r2, left, |r, p| p * (1.0 + (j + 1.0) * r)),
        2 => {
            let (one, two) = (j + 2.0, (j * j + 4.0 * j + 3.0) / 3.0);
            simd::zip_map(r2, left, |r, p| p * (1.0 + r * (one + r * two)));
        }
        _ => {
            let one = j + 3.0;
            let two = (6.0 * j * j + 36.0 * j + 45.0) / 15.0;
            let three = (j * j * j + 9.0 * j * j + 23.0 * j + 15.0) / 15.0;
            simd::zip_map(r2, left, |r, p| p * (1.0 + r * (one + r * (two + r * three))));
        }
    }
    // Beyond the support a polynomial that overflows must not meet the zero.
    simd::zip_map(r2, left, |k, p| if p > 0.0 { k } else { 0.0 });
}

/// r² to dφ/d(r²), in place: φ_q′ = −c r φ_{q−1} at the same exponent.
fn slopes(smoothness: usize, exponent: usize, r2: &mut [f64]) {
    let j = exponent as f64;
    let c = match smoothness {
        0 => {
            let mut left = [0.0; TILE];
            let left = &mut left[..r2.len()];
            simd::map(r2, f64::sqrt);
            left.copy_from_slice(r2);
            simd::map(left, |r| if r < 1.0 { 1.0 - r } else { 0.0 });
            simd::powi(left, exponent - 1);
            let at = |r: f64, p: f64| if r < 1.0 { -0.5 * j * p / r.max(LEAST) } else { 0.0 };
            return simd::zip_map(r2, left, at);
        }
        1 => (j + 1.0) * (j + 2.0),
        2 => (j + 3.0) * (j + 4.0) / 3.0,
        _ => (j + 5.0) * (j + 6.0) / 5.0,
    };
    values(smoothness - 1, exponent, r2);
    simd::map(r2, |k| -0.5 * c * k);
}

impl KernelFunction for Wendland {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut value = [self.lengths.square(a, b)];
        values(self.smoothness, exponent(a.len(), self.smoothness), &mut value);
        value[0]
    }

    fn diagonal(&self, _: &[f64]) -> f64 {
        1.0
    }

    fn inputs(&self) -> Inputs {
        self.lengths.inputs()
    }

    fn parameters(&self) -> Parameters {
        Parameters::new(self.lengths.parameters())
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        Ok(Kernel::new(Wendland { lengths: self.lengths.with(theta), ..*self }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        self.lengths.squares(a, b, out);
        values(self.smoothness, exponent(a.len(), self.smoothness), out);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let (mut squares, mut g) = ([0.0; TILE], [0.0; TILE]);
        let (squares, g) = (&mut squares[..b.len()], &mut g[..b.len()]);
        let exponent = exponent(a.len(), self.smoothness);
        self.lengths.squares(a, b, squares);
        g.copy_from_slice(squares);
        slopes(self.smoothness, exponent, g);
        simd::multiply(g, w);
        self.lengths.contract(a, b, g, squares, gradient);
        values(self.smoothness, exponent, squares);
        simd::dot(w, squares)
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let mut by_square = [self.lengths.square(a, b)];
        slopes(self.smoothness, exponent(a.len(), self.smoothness), &mut by_square);
        for (d, slope) in slope.iter_mut().enumerate() {
            let l = self.lengths.of(d);
            *slope += w * by_square[0] * 2.0 * (a[d] - b[d]) / (l * l);
        }
    }

    fn preserved_by(&self, action: &Action) -> bool {
        self.lengths.preserved_by(action)
    }

    fn saved(&self) -> Result<SavedKernel> {
        let mut saved = SavedKernel::new("wendland", &[]);
        self.lengths.save(&mut saved);
        saved.counts.push(self.smoothness);
        Ok(saved)
    }
}

impl Kernel {
    /// Wendland's polynomial φ_{D,q} of the scaled distance, 0 from r = 1 on: functions with q derivatives whose values further
    /// apart than a length scale are independent (Wendland 2005; Rasmussen & Williams 2006, 4.21). D is the number of inputs the
    /// kernel is asked for, q = `smoothness` is 0, 1, 2 or 3.
    ///
    /// # Errors
    /// For another smoothness.
    pub fn wendland(smoothness: usize, lengths: impl Into<Lengths>) -> Result<Kernel> {
        if smoothness > 3 {
            let what = "the smoothness of a Wendland kernel is 0, 1, 2 or 3";
            return Err(PriorError::Kernel { what, found: smoothness.to_string() });
        }
        Ok(Kernel::new(Wendland { smoothness, lengths: lengths.into() }))
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    if saved.kind != "wendland" {
        return None;
    }
    let (mut values, mut counts) = (saved.values.as_slice(), saved.counts.as_slice());
    let lengths = Lengths::read(&mut values, &mut counts);
    Some(match (lengths, values, counts) {
        (Some(lengths), &[], &[smoothness]) => Kernel::wendland(smoothness, lengths),
        _ => Err(saved.malformed()),
    })
}
