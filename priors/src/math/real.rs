//! Two precisions: f32 for speed, f64 for laws; nothing else implements [`Real`].

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use serde::{Serialize, de::DeserializeOwned};

use super::linalg::Multiplies;
use super::normals::Normals;
use super::simd::exp_parts;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// f32 or f64.
pub trait Real:
    sealed::Sealed
    + Multiplies
    + Normals
    + Serialize
    + DeserializeOwned
    + Copy
    + Send
    + Sync
    + Default
    + Debug
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + Sum
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Its name, as files and reports write it.
    const NAME: &'static str;

    /// The nearest number of this precision.
    fn of(x: f64) -> Self;

    /// As f64, exactly.
    fn get(self) -> f64;

    /// √x.
    #[must_use]
    fn root(self) -> Self;

    /// eˣ − 1 with its digits near 0, as straight-line arithmetic for vector loops; x is clamped to where eˣ is finite.
    #[must_use]
    fn exp_less_one(self) -> Self;
}

impl Real for f64 {
    const ZERO: f64 = 0.0;
    const ONE: f64 = 1.0;
    const NAME: &'static str = "f64";

    #[inline(always)]
    fn of(x: f64) -> f64 {
        x
    }

    #[inline(always)]
    fn get(self) -> f64 {
        self
    }

    #[inline(always)]
    fn root(self) -> f64 {
        self.sqrt()
    }

    #[inline(always)]
    fn exp_less_one(self) -> f64 {
        let x = if self < -708.0 { -708.0 } else { self };
        let x = if x > 708.0 { 708.0 } else { x };
        let (t, power) = exp_parts(x);
        t * power + (power - 1.0)
    }
}

impl Real for f32 {
    const ZERO: f32 = 0.0;
    const ONE: f32 = 1.0;
    const NAME: &'static str = "f32";

    #[inline(always)]
    fn of(x: f64) -> f32 {
        x as f32
    }

    #[inline(always)]
    fn get(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn root(self) -> f32 {
        self.sqrt()
    }

    #[inline(always)]
    fn exp_less_one(self) -> f32 {
        const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³
        const LN2: [f32; 2] = [0.693_145_75, 1.428_606_8e-6];
        let x = if self < -87.0 { -87.0 } else { self };
        let x = if x > 87.0 { 87.0 } else { x };
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let k = shifted - ROUND;
        let r = (x - k * LN2[0]) - k * LN2[1];
        // to r⁷: the rest is below 6e-9
        let mut p = 1.0 / 5040.0;
        p = p * r + 1.0 / 720.0;
        p = p * r + 1.0 / 120.0;
        p = p * r + 1.0 / 24.0;
        p = p * r + 1.0 / 6.0;
        p = p * r + 0.5;
        let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
        (r + r * r * p) * power + (power - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst<T: Real>() -> f64 {
        let points = (-40_000..40_000).flat_map(|i| [1e-3 * f64::from(i), 1e-9 * f64::from(i)]);
        points.fold(0.0, |worst: f64, x| {
            let x = T::of(x).get();
            let exact = x.exp_m1();
            worst.max((T::of(x).exp_less_one().get() - exact).abs() / exact.abs().max(1e-300))
        })
    }

    #[test]
    fn exponentials_less_one_keep_their_digits() {
        assert!(worst::<f64>() < 1e-15, "{}", worst::<f64>());
        assert!(worst::<f32>() < 3e-7, "{}", worst::<f32>());
        assert!(f32::NAN.exp_less_one().is_nan() && f64::NAN.exp_less_one().is_nan());
        assert_eq!((-1e30f32).exp_less_one(), -1.0);
        assert_eq!(0f64.exp_less_one(), 0.0);
    }
}
