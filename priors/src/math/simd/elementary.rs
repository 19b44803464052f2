//! Elementary functions of one number as straight-line arithmetic, to be inlined into vector loops.

/// Adding it rounds to a whole number, which then stands in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²

/// (t, 2ᵏ) with eˣ = (1 + t) · 2ᵏ and |t| below √2 − 1, for x from -709 to 710; a NaN stays in t.
#[inline(always)]
pub(in crate::math) fn exp_parts(x: f64) -> (f64, f64) {
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    // Taylor's series to r¹³: |r| ≤ ln 2 / 2, so the rest is below 5e-18.
    let mut p = 1.0 / 6_227_020_800.0;
    p = p * r + 1.0 / 479_001_600.0;
    p = p * r + 1.0 / 39_916_800.0;
    p = p * r + 1.0 / 3_628_800.0;
    p = p * r + 1.0 / 362_880.0;
    p = p * r + 1.0 / 40_320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    (r + r * r * p, power)
}

#[inline(always)]
pub(super) fn exp1(x: f64) -> f64 {
    // Where the power of two is 0 and where it is infinite; a NaN stays.
    let clamped = if x < -709.0 { -709.0 } else { x };
    let clamped = if clamped > 710.0 { 710.0 } else { clamped };
    let (t, power) = exp_parts(clamped);
    (1.0 + t) * power
}

#[inline(always)]
pub(in crate::math) fn ln_1p1(x: f64) -> f64 {
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let y = 1.0 + x;
    // What rounding lost of x, to be added back to first order.
    let lost = if y.is_finite() { (x - (y - 1.0)) / y } else { 0.0 };
    // y = 2ᵏ m with √½ ≤ m < √2
    let bits = y.to_bits();
    let offset = bits.wrapping_sub(0x3fe6_a09e_667f_3bcd);
    let exponent = offset & 0xfff0_0000_0000_0000;
    let m = f64::from_bits(bits.wrapping_sub(exponent));
    // the signed exponent as a float, without a conversion that has no vector instruction
    let biased = (offset >> 52).wrapping_add(1024) & 0x7ff;
    let k = f64::from_bits(0x4330_0000_0000_0000 | biased) - 4_503_599_627_371_520.0;
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    // artanh: |s| ≤ 0.1716, so the rest is below 2e-17.
    let mut p = 1.0 / 21.0;
    p = p * z + 1.0 / 19.0;
    p = p * z + 1.0 / 17.0;
    p = p * z + 1.0 / 15.0;
    p = p * z + 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    let ln_m = 2.0 * s + 2.0 * s * z * p;
    let value = k * LN2_HIGH + (ln_m + (k * LN2_LOW + lost));
    let value = if x == -1.0 { f64::NEG_INFINITY } else { value };
    let value = if x == f64::INFINITY { x } else { value };
    if x >= -1.0 { value } else { f64::NAN }
}

/// Angles below it keep their digits in the reduction by π/2 in three parts.
pub(super) const REDUCIBLE: f64 = 1e5;

/// (sin x, cos x) for |x| below [`REDUCIBLE`].
#[inline(always)]
pub(in crate::math) fn sin_cos1(x: f64) -> (f64, f64) {
    // π/2 in three parts of 33 bits each, so that k times the first two is exact.
    const HALF_PI: [f64; 3] =
        [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];
    let shifted = x * std::f64::consts::FRAC_2_PI + ROUND;
    let k = shifted - ROUND;
    let r = ((x - k * HALF_PI[0]) - k * HALF_PI[1]) - k * HALF_PI[2];
    let z = r * r;
    // Taylor's series: |r| ≤ π/4.
    let mut s = -1.0 / 1_307_674_368_000.0;
    s = s * z + 1.0 / 6_227_020_800.0;
    s = s * z - 1.0 / 39_916_800.0;
    s = s * z + 1.0 / 362_880.0;
    s = s * z - 1.0 / 5040.0;
    s = s * z + 1.0 / 120.0;
    s = s * z - 1.0 / 6.0;
    let sin = r + r * z * s;
    let mut c = 1.0 / 20_922_789_888_000.0;
    c = c * z - 1.0 / 87_178_291_200.0;
    c = c * z + 1.0 / 479_001_600.0;
    c = c * z - 1.0 / 3_628_800.0;
    c = c * z + 1.0 / 40_320.0;
    c = c * z - 1.0 / 720.0;
    c = c * z + 1.0 / 24.0;
    let cos = 1.0 - (0.5 * z - z * z * c);
    let quadrant = shifted.to_bits();
    let (a, b) = if quadrant & 1 == 1 { (cos, sin) } else { (sin, cos) };
    let a = f64::from_bits(a.to_bits() ^ ((quadrant & 2) << 62));
    let b = f64::from_bits(b.to_bits() ^ ((quadrant.wrapping_add(1) & 2) << 62));
    (a, b)
}

/// The angle of the point (x, y) for x, y ≥ 0, in [0, π/2], and what it lacks of π/2, each to its own digits: atan2(y, x) and
/// atan2(x, y); 0 at the origin. To be inlined into a loop.
#[inline(always)]
pub fn angle1(y: f64, x: f64) -> (f64, f64) {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, FRAC_PI_8};
    const TAN_PI_16: f64 = 0.198_912_367_379_658;
    const TAN_3_PI_16: f64 = 0.668_178_637_919_298_9;
    const TAN_PI_8: f64 = 0.414_213_562_373_095_03;
    let flat = y < x || y == 0.0;
    let (low, high) = if flat { (y, x) } else { (x, y) };
    // The nearest of three directions 0, π/8 and π/4; what is left is at most π/16.
    let (tan, nearest) = if low > TAN_PI_16 * high { (TAN_PI_8, FRAC_PI_8) } else { (0.0, 0.0) };
    let (tan, nearest) = if low > TAN_3_PI_16 * high { (1.0, FRAC_PI_4) } else { (tan, nearest) };
    let below = high + tan * low;
    let t = (low - tan * high) / if below > 0.0 { below } else { 1.0 };
    let z = t * t;
    // Taylor's series to t²¹: |t| ≤ 0.199, so the rest is below 2e-17.
    let mut p = 1.0 / 21.0;
    p = 1.0 / 19.0 - p * z;
    p = 1.0 / 17.0 - p * z;
    p = 1.0 / 15.0 - p * z;
    p = 1.0 / 13.0 - p * z;
    p = 1.0 / 11.0 - p * z;
    p = 1.0 / 9.0 - p * z;
    p = 1.0 / 7.0 - p * z;
    p = 1.0 / 5.0 - p * z;
    p = 1.0 / 3.0 - p * z;
    let angle = nearest + (t - t * z * p);
    let other = FRAC_PI_2 - angle;
    if flat { (angle, other) } else { (other, angle) }
}
