//! Numbers that carry P derivatives, one at a time and a tile at a time; with P = 0 they are plain numbers.

use std::ops::{Add, Mul, Sub};

use super::TILE;

/// A value and its derivatives along P directions. Everything inlines, so that loops over tiles turn into vector instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dual<const P: usize> {
    pub(crate) value: f64,
    pub(crate) along: [f64; P],
}

impl<const P: usize> Dual<P> {
    #[inline(always)]
    pub(crate) fn constant(value: f64) -> Dual<P> {
        Dual { value, along: [0.0; P] }
    }

    /// With these derivatives, as many as are carried.
    #[inline(always)]
    pub(crate) fn seeded(value: f64, slopes: &[f64]) -> Dual<P> {
        let mut along = [0.0; P];
        along.iter_mut().zip(slopes).for_each(|(out, s)| *out = *s);
        Dual { value, along }
    }

    /// f(self), given f and f′ there.
    #[inline(always)]
    pub(crate) fn chain(self, value: f64, slope: f64) -> Dual<P> {
        let mut along = self.along;
        for d in &mut along {
            *d *= slope;
        }
        Dual { value, along }
    }

    #[inline(always)]
    pub(crate) fn times(self, factor: f64) -> Dual<P> {
        self.chain(self.value * factor, factor)
    }

    #[inline(always)]
    pub(crate) fn plus(self, constant: f64) -> Dual<P> {
        Dual { value: self.value + constant, ..self }
    }

    /// √self; at 0 its slope counts as 0.
    #[inline(always)]
    pub(crate) fn sqrt(self) -> Dual<P> {
        let root = self.value.sqrt();
        self.chain(root, 0.5 * inverse(root))
    }

    /// self/other; 0 where other is 0 (or below).
    #[inline(always)]
    pub(crate) fn over(self, other: Dual<P>) -> Dual<P> {
        let inverse = inverse(other.value);
        let value = self.value * inverse;
        let mut along = self.along;
        for (d, o) in along.iter_mut().zip(&other.along) {
            *d = (*d - value * o) * inverse;
        }
        Dual { value, along }
    }
}

/// 1/x, and 0 for x ≤ 0.
#[inline(always)]
pub(crate) fn inverse(x: f64) -> f64 {
    if x > 0.0 { 1.0 / x } else { 0.0 }
}

impl<const P: usize> Add for Dual<P> {
    type Output = Dual<P>;
    #[inline(always)]
    fn add(self, other: Dual<P>) -> Dual<P> {
        let mut along = self.along;
        for (d, o) in along.iter_mut().zip(&other.along) {
            *d += o;
        }
        Dual { value: self.value + other.value, along }
    }
}

impl<const P: usize> Sub for Dual<P> {
    type Output = Dual<P>;
    #[inline(always)]
    fn sub(self, other: Dual<P>) -> Dual<P> {
        let mut along = self.along;
        for (d, o) in along.iter_mut().zip(&other.along) {
            *d -= o;
        }
        Dual { value: self.value - other.value, along }
    }
}

impl<const P: usize> Mul for Dual<P> {
    type Output = Dual<P>;
    #[inline(always)]
    fn mul(self, other: Dual<P>) -> Dual<P> {
        let mut along = self.along;
        for (d, o) in along.iter_mut().zip(&other.along) {
            *d = *d * other.value + self.value * o;
        }
        Dual { value: self.value * other.value, along }
    }
}

/// One number a point of a tile, values and derivatives each contiguous.
#[derive(Clone, Debug)]
pub(crate) struct Column<const P: usize> {
    pub(crate) value: [f64; TILE],
    pub(crate) along: [[f64; TILE]; P],
}

impl<const P: usize> Column<P> {
    pub(crate) fn zero() -> Column<P> {
        Column { value: [0.0; TILE], along: [[0.0; TILE]; P] }
    }

    #[inline(always)]
    pub(crate) fn get(&self, j: usize) -> Dual<P> {
        let mut along = [0.0; P];
        for (out, all) in along.iter_mut().zip(&self.along) {
            *out = all[j];
        }
        Dual { value: self.value[j], along }
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, j: usize, x: Dual<P>) {
        self.value[j] = x.value;
        for (all, d) in self.along.iter_mut().zip(&x.along) {
            all[j] = *d;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_of_a_formula() {
        // f(x, y) = √(xy + 2x) / (y − x)·3 at (0.7, 1.9)
        let (x, y): (Dual<2>, Dual<2>) = (Dual::seeded(0.7, &[1.0, 0.0]), Dual::seeded(1.9, &[0.0, 1.0]));
        let f = (x * y + x.times(2.0)).sqrt().over(y - x).times(3.0).plus(1.0);
        let direct = |x: f64, y: f64| (x * y + 2.0 * x).sqrt() / (y - x) * 3.0 + 1.0;
        assert!((f.value - direct(0.7, 1.9)).abs() < 1e-14);
        let h = 1e-5;
        let by_x = (direct(0.7 + h, 1.9) - direct(0.7 - h, 1.9)) / (2.0 * h);
        let by_y = (direct(0.7, 1.9 + h) - direct(0.7, 1.9 - h)) / (2.0 * h);
        assert!((f.along[0] - by_x).abs() < 1e-8 && (f.along[1] - by_y).abs() < 1e-8);
        let zero = Dual::<1>::seeded(0.0, &[1.0]);
        assert_eq!(zero.sqrt().along, [0.0]);
        assert_eq!(x.over(Dual::constant(0.0)).value, 0.0);
    }
}
