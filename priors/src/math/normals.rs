//! Standard normals in bulk, by vector instructions: small generators in lanes, Box and Muller's transform as straight-line arithmetic.

use rayon::prelude::*;

use super::seed::Seed;
use super::simd::{Loops, ln_1p1, sin_cos1, widest};

/// How many numbers one set of generators serves. A constant of the numbers: changing it changes every draw.
pub const BLOCK: usize = 4096;

/// Generators side by side. A constant of the numbers, not of the machine.
const LANES: usize = 16;
/// Normals that all lanes make together: two each.
const GROUP: usize = 2 * LANES;
/// Groups whose words are held at a time.
const GROUPS: usize = 16;
/// Words of one kind held at a time.
const HELD: usize = GROUPS * LANES;

/// Fills a slice with standard normals, in parallel for long ones: the numbers depend on the seed and the place alone, and a prefix is a prefix.
///
/// Each block of [`BLOCK`] numbers has 16 generators xoshiro128++ (Blackman & Vigna 2021) of its own, seeded by the seed and the block's number;
/// pairs of their words become pairs of normals (Box & Muller 1958). They are other numbers than those of [`Seed::fill_normal`], which come from a
/// cipher and cost several times as much. In f32 nothing lies beyond 6.7 standard deviations, in f64 beyond 8.6.
pub fn fill<T: Normals>(seed: Seed, out: &mut [T]) {
    let fill = |(block, out): (usize, &mut [T])| fill_block(seed, block, out);
    if out.len() <= 2 * BLOCK {
        out.chunks_mut(BLOCK).enumerate().for_each(fill);
    } else {
        out.par_chunks_mut(BLOCK).enumerate().for_each(fill);
    }
}

/// One block of what [`fill`] makes (or its beginning): for loops that use the numbers while they are in the nearest memory.
pub fn fill_block<T: Normals>(seed: Seed, block: usize, out: &mut [T]) {
    let mut words = [0; 4 * LANES];
    seed.fill_words(block, &mut words);
    widest(Fill { words, out });
}

/// A precision that makes pairs of normals from random words.
pub trait Normals: Copy + Default + Send {
    /// 32-bit words for each of the two uniforms of a pair.
    const WORDS: usize;

    /// A pair of independent standard normals from two uniforms, each of one word or two (else the second is not used).
    fn pair(u: [u32; 2], v: [u32; 2]) -> (Self, Self);
}

struct Fill<'a, T> {
    words: [u32; 4 * LANES],
    out: &'a mut [T],
}

impl<T: Normals> Loops for Fill<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let mut states = [[0; LANES]; 4];
        states.as_flattened_mut().copy_from_slice(&self.words);
        let mut words = [[0; HELD]; 4];
        let (mut first, mut second) = ([T::default(); HELD], [T::default(); HELD]);
        for out in self.out.chunks_mut(GROUPS * GROUP) {
            let used = out.len().div_ceil(GROUP) * LANES;
            for k in (0..used).step_by(LANES) {
                for own in &mut words[..2 * T::WORDS] {
                    next(&mut states, &mut own[k..k + LANES]);
                }
            }
            let [a, b, c, d] = &words;
            // (slices of one length, so that the loop runs in vectors)
            let (a, b, c, d) = (&a[..used], &b[..used], &c[..used], &d[..used]);
            let (first, second) = (&mut first[..used], &mut second[..used]);
            for i in 0..used {
                let (x, y) = if T::WORDS == 1 {
                    T::pair([a[i], 0], [b[i], 0])
                } else {
                    T::pair([a[i], b[i]], [c[i], d[i]])
                };
                first[i] = x;
                second[i] = y;
            }
            let pairs = first.chunks_exact(LANES).zip(second.chunks_exact(LANES));
            for (out, (first, second)) in out.chunks_mut(GROUP).zip(pairs) {
                let halves = out.split_at_mut(out.len().min(LANES));
                halves.0.copy_from_slice(&first[..halves.0.len()]);
                halves.1.copy_from_slice(&second[..halves.1.len()]);
            }
        }
    }
}

/// One word of every lane's generator.
#[inline(always)]
fn next(states: &mut [[u32; LANES]; 4], out: &mut [u32]) {
    let [mut a, mut b, mut c, mut d] = *states;
    for l in 0..LANES {
        out[l] = a[l].wrapping_add(d[l]).rotate_left(7).wrapping_add(a[l]);
    }
    for l in 0..LANES {
        let shifted = b[l] << 9;
        c[l] ^= a[l];
        d[l] ^= b[l];
        b[l] ^= c[l];
        a[l] ^= d[l];
        c[l] ^= shifted;
        d[l] = d[l].rotate_left(11);
    }
    *states = [a, b, c, d];
}

impl Normals for f32 {
    const WORDS: usize = 1;

    #[inline(always)]
    fn pair(u: [u32; 2], v: [u32; 2]) -> (f32, f32) {
        const LN2: f32 = std::f32::consts::LN_2;
        // (0, 1], with full digits near 0: the tails of the normal. 31 bits, as signed numbers have an instruction that makes them floats.
        let u = ((u[0] >> 1) as i32) as f32 * (1.0 / 2_147_483_648.0) + 1.0 / 4_294_967_296.0;
        // u = 2ᵏ m with √½ ≤ m < √2, and ln m by artanh: |s| ≤ 0.1716, the rest is below 3e-9
        let bits = u.to_bits();
        let exponent = bits.wrapping_sub(0x3f35_04f3) & 0xff80_0000;
        let m = f32::from_bits(bits.wrapping_sub(exponent));
        let k = ((exponent as i32) >> 23) as f32;
        let s = (m - 1.0) / (m + 1.0);
        let z = s * s;
        let p = ((1.0 / 9.0 * z + 1.0 / 7.0) * z + 1.0 / 5.0) * z + 1.0 / 3.0;
        let ln = k * LN2 + (2.0 * s + 2.0 * s * (z * p));
        let radius = (if ln < 0.0 { -2.0 * ln } else { 0.0 }).sqrt();
        // An angle in ±π/4 from the low 30 bits; the two above choose among the four quarters, as the sine is symmetric.
        let turn = v[0];
        let x = ((turn << 2) as i32) as f32 * (std::f32::consts::FRAC_PI_4 / 2_147_483_648.0);
        let z = x * x;
        let sin = x + x * z * ((-1.0 / 5040.0 * z + 1.0 / 120.0) * z - 1.0 / 6.0);
        let cos = 1.0 + z * (((1.0 / 40_320.0 * z - 1.0 / 720.0) * z + 1.0 / 24.0) * z - 0.5);
        let cos = f32::from_bits(cos.to_bits() ^ (turn & 0x8000_0000));
        let (a, b) = if turn & 0x4000_0000 == 0 { (cos, sin) } else { (sin, cos) };
        (radius * a, radius * b)
    }
}

impl Normals for f64 {
    const WORDS: usize = 2;

    #[inline(always)]
    fn pair(u: [u32; 2], v: [u32; 2]) -> (f64, f64) {
        const HALF_STEP: f64 = 1.0 / 9_007_199_254_740_992.0; // 2⁻⁵³
        // 1 + an odd multiple of 2⁻⁵³, by setting the digits behind the point
        let beyond_one = |w: [u32; 2]| {
            let bits = u64::from(w[0]) << 32 | u64::from(w[1]);
            f64::from_bits(0x3ff0_0000_0000_0000 | bits >> 12)
        };
        let radius = (-2.0 * ln_1p1((beyond_one(u) - 2.0) + HALF_STEP)).sqrt();
        let (sin, cos) = sin_cos1(2.0 * std::f64::consts::PI * (beyond_one(v) - 1.0));
        (radius * cos, radius * sin)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::math::special::normal_cdf;

    fn normals<T: Normals>(seed: u64, n: usize) -> Vec<T> {
        let mut out = vec![T::default(); n];
        fill(Seed::new(seed), &mut out);
        out
    }

    fn wide(n: usize) -> [Vec<f64>; 2] {
        [normals::<f32>(1, n).into_iter().map(f64::from).collect(), normals::<f64>(2, n)]
    }

    #[test]
    fn moments_to_the_sixth() {
        let n = 4_000_000;
        for z in wide(n) {
            // E zᵏ, and the variance of zᵏ
            let known = [(0.0, 1.0), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0), (0.0, 945.0), (15.0, 10_170.0)];
            for (k, (mean, variance)) in (1..).zip(known) {
                let found = z.iter().map(|z| z.powi(k)).sum::<f64>() / n as f64;
                let error = (variance / n as f64).sqrt();
                assert!((found - mean).abs() < 4.5 * error, "moment {k}: {found} ± {error}");
            }
        }
    }

    #[test]
    fn the_distribution_function() {
        let n = 1_000_000;
        for mut z in wide(n) {
            z.sort_by(f64::total_cmp);
            let distance = z.iter().enumerate().fold(0.0, |worst: f64, (i, z)| {
                worst.max((normal_cdf(*z) - (i as f64 + 0.5) / n as f64).abs())
            });
            // Kolmogorov: above 1.95/√n once in a thousand
            assert!(distance < 1.95 / (n as f64).sqrt(), "{distance}");
        }
    }

    #[test]
    fn tails() {
        let n = 4_000_000;
        for z in wide(n) {
            for cut in [3.0, 4.0, 4.5, 5.0] {
                for side in [1.0, -1.0] {
                    let found = z.iter().filter(|z| side * **z > cut).count() as f64;
                    let expected = n as f64 * normal_cdf(-cut);
                    assert!(
                        (found - expected).abs() < 4.5 * expected.sqrt() + 1.0,
                        "{cut}: {found} {expected}"
                    );
                }
            }
            assert!(z.iter().all(|z| z.abs() < 9.0));
        }
        // the smallest and the largest uniform
        let far = f32::pair([0, 0], [0, 0]).0;
        assert!((f64::from(far) - (64.0 * std::f64::consts::LN_2).sqrt()).abs() < 1e-5, "{far}");
        assert_eq!(f32::pair([u32::MAX, 0], [0, 0]).0, 0.0);
        let far = f64::pair([0, 0], [0, 0]).0;
        assert!((far - (106.0 * std::f64::consts::LN_2).sqrt()).abs() < 1e-12, "{far}");
    }

    #[test]
    fn no_correlation_at_lags_within_and_between_lanes_and_blocks() {
        let n = 1 << 20;
        let lags = [1, 2, 15, 16, 17, 31, 32, 33, 64, 512, 1024, 4095, 4096, 4097, 8192, 65_536];
        for z in wide(n) {
            let products = |power: i32, mean: f64, lag: usize| {
                let pairs = z.iter().zip(&z[lag..]);
                let sum: f64 = pairs.map(|(a, b)| (a.powi(power) - mean) * (b.powi(power) - mean)).sum();
                sum / ((n - lag) as f64).sqrt()
            };
            for lag in lags {
                assert!(products(1, 0.0, lag).abs() < 4.5, "lag {lag}: {}", products(1, 0.0, lag));
                assert!(products(2, 1.0, lag).abs() < 2.0 * 4.5, "squares, lag {lag}");
            }
        }
    }

    #[test]
    fn the_same_numbers_on_any_number_of_threads_and_a_prefix_is_a_prefix() {
        fn check<T: Normals + PartialEq + std::fmt::Debug + Sync>() {
            let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
            let all = pool(1).install(|| normals::<T>(5, 50_001));
            assert_eq!(all, pool(4).install(|| normals::<T>(5, 50_001)));
            for n in [1, 2, 31, 33, 511, 1025, 4097, 20_000] {
                assert_eq!(normals::<T>(5, n), all[..n]);
            }
            assert_ne!(normals::<T>(6, 100), all[..100]);
            assert_ne!(all[..4096], all[4096..8192]);
        }
        check::<f32>();
        check::<f64>();
    }
}
