//! The error function as straight-line arithmetic, for vector loops in either precision.

use super::Real;

// W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969): highest power first.
const NEAR: [f64; 5] = [
    1.857_777_061_846_031_5e-1,
    3.161_123_743_870_565_6,
    1.138_641_541_510_501_6e2,
    3.774_852_376_853_02e2,
    3.209_377_589_138_469_5e3,
];
const UNDER_NEAR: [f64; 5] = [
    1.0,
    2.360_129_095_234_412e1,
    2.440_246_379_344_441_7e2,
    1.282_616_526_077_372_3e3,
    2.844_236_833_439_171e3,
];
const FAR: [f64; 9] = [
    2.153_115_354_744_038_5e-8,
    5.641_884_969_886_701e-1,
    8.883_149_794_388_375,
    6.611_919_063_714_163e1,
    2.986_351_381_974_001e2,
    8.819_522_212_417_69e2,
    1.712_047_612_634_070_6e3,
    2.051_078_377_826_071_5e3,
    1.230_339_354_797_997_2e3,
];
const UNDER_FAR: [f64; 9] = [
    1.0,
    1.574_492_611_070_983_5e1,
    1.176_939_508_913_125e2,
    5.371_811_018_620_099e2,
    1.621_389_574_566_690_2e3,
    3.290_799_235_733_459_6e3,
    4.362_619_090_143_247e3,
    3.439_367_674_143_721_6e3,
    1.230_339_354_803_749_4e3,
];

#[inline(always)]
fn polynomial<T: Real, const N: usize>(coefficients: &[f64; N], x: T) -> T {
    coefficients[1..].iter().fold(T::of(coefficients[0]), |sum, c| sum * x + T::of(*c))
}

/// erf x to a few last bits, and e^(−x²) to as much as 1 has.
#[inline(always)]
pub(crate) fn erf_and_bell<T: Real>(x: T) -> (T, T) {
    // (past 6 it is 1; NaN stays NaN)
    let size = if x < T::ZERO { -x } else { x };
    let size = if size > T::of(6.0) { T::of(6.0) } else { size };
    let square = size * size;
    let bell = (-square).exp_less_one() + T::ONE;
    let near = size * (polynomial(&NEAR, square) / polynomial(&UNDER_NEAR, square));
    let far = T::ONE - bell * (polynomial(&FAR, size) / polynomial(&UNDER_FAR, size));
    let value = if size < T::of(0.5) { near } else { far };
    (if x < T::ZERO { -value } else { value }, bell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_slow_one() {
        for i in -80_000..80_000 {
            let x = 1e-4 * f64::from(i);
            let (value, bell) = erf_and_bell(x);
            let exact = libm::erf(x);
            assert!((value - exact).abs() <= 6e-16 * exact.abs(), "{x}: {value} {exact}");
            assert!((bell - (-x * x).exp()).abs() <= 3e-16, "{x}");
            let narrow = x as f32;
            let exact = libm::erf(f64::from(narrow));
            assert!((f64::from(erf_and_bell(narrow).0) - exact).abs() <= 2.5e-7 * exact.abs(), "{narrow}");
        }
        let tiny = erf_and_bell(1e-300).0 / 1e-300;
        assert!((tiny - std::f64::consts::FRAC_2_SQRT_PI).abs() < 1e-15);
        assert_eq!(
            [erf_and_bell(f64::INFINITY).0, erf_and_bell(-1e300).0, erf_and_bell(-0.0).0],
            [1.0, -1.0, 0.0]
        );
        assert!(erf_and_bell(f64::NAN).0.is_nan() && erf_and_bell(f32::NAN).0.is_nan());
    }
}
