//! Randomness: THE door to rand. Seeds are values that split by name and by index; nothing holds hidden state.

use ndarray::{Array1, Array2};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, Poisson, StandardNormal, StandardUniform};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// How many numbers one stream of the cipher serves in a bulk fill. A constant of the format: changing it changes every draw.
const BLOCK: usize = 4096;

/// A seed: where a stream of random numbers starts.
///
/// Seeds split by name and by index into independent seeds, so that parallel work draws the same numbers on any number of threads
/// and a new draw in one place moves no draw elsewhere. The streams are ChaCha8 (Bernstein 2008), counter-based: the seed is
/// the key, the block of a bulk fill is the stream number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seed([u64; 2]);

impl Seed {
    /// The seed with this number.
    #[must_use]
    pub fn new(number: u64) -> Seed {
        Seed([mix(number ^ 0x736f_6674_6269_6173), mix(number.wrapping_add(0x9e37_79b9_7f4a_7c15))])
    }

    /// The independent seed of a purpose, for example `seed.named("noise")`.
    #[must_use]
    pub fn named(self, name: &str) -> Seed {
        // FNV-1a over the bytes, then mixed with both halves: names of any length, no two alike in practice.
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
        self.child(hash, name.len() as u64 + 1)
    }

    /// The independent seed of the `index`-th of many alike, for example of one chain.
    #[must_use]
    pub fn at(self, index: usize) -> Seed {
        self.child(index as u64, 0)
    }

    fn child(self, key: u64, tag: u64) -> Seed {
        let a = mix(self.0[0] ^ mix(key.wrapping_add(0x9e37_79b9_7f4a_7c15)));
        let b = mix(self.0[1].rotate_left(23) ^ mix(key ^ tag.wrapping_mul(0xd6e8_feb8_6659_fd93)) ^ a);
        Seed([a, b])
    }

    /// A generator that starts here; for use within one thread.
    #[must_use]
    pub fn rng(self) -> impl Rng + Clone + std::fmt::Debug {
        self.stream(0)
    }

    fn stream(self, stream: u64) -> ChaCha8Rng {
        let mut key = [0u8; 32];
        for (i, word) in [self.0[0], self.0[1], mix(self.0[0] ^ 1), mix(self.0[1] ^ 2)].iter().enumerate() {
            key[8 * i..8 * i + 8].copy_from_slice(&word.to_le_bytes());
        }
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(stream);
        rng
    }

    /// Fills a slice with standard normals, in parallel for long ones; the numbers do not depend on the number of threads.
    pub fn fill_normal(self, out: &mut [f64]) {
        self.fill(out, |rng| StandardNormal.sample(rng));
    }

    /// Fills a slice with uniforms on [0, 1), likewise.
    pub fn fill_uniform(self, out: &mut [f64]) {
        self.fill(out, |rng| StandardUniform.sample(rng));
    }

    fn fill(self, out: &mut [f64], draw: impl Fn(&mut ChaCha8Rng) -> f64 + Sync) {
        let fill_block = |(block, values): (usize, &mut [f64])| {
            let mut rng = self.stream(block as u64 + 1);
            values.iter_mut().for_each(|v| *v = draw(&mut rng));
        };
        if out.len() <= 4 * BLOCK {
            out.chunks_mut(BLOCK).enumerate().for_each(fill_block);
        } else {
            out.par_chunks_mut(BLOCK).enumerate().for_each(fill_block);
        }
    }

    /// A vector of standard normals.
    #[must_use]
    pub fn normal1(self, n: usize) -> Array1<f64> {
        let mut out = vec![0.0; n];
        self.fill_normal(&mut out);
        Array1::from_vec(out)
    }

    /// A matrix of standard normals.
    #[must_use]
    pub fn normal2(self, rows: usize, columns: usize) -> Array2<f64> {
        let mut out = Array2::zeros((rows, columns));
        if let Some(values) = out.as_slice_mut() {
            self.fill_normal(values);
        }
        out
    }

    /// A vector of uniforms on [low, high).
    #[must_use]
    pub fn uniform1(self, n: usize, low: f64, high: f64) -> Array1<f64> {
        let mut out = vec![0.0; n];
        self.fill_uniform(&mut out);
        Array1::from_vec(out).mapv_into(|u| low + (high - low) * u)
    }

    /// A number from the Gamma distribution of that shape and rate 1; NaN unless the shape is finite and above 0.
    #[must_use]
    pub fn gamma(self, shape: f64) -> f64 {
        Gamma::new(shape, 1.0).map_or(f64::NAN, |gamma| gamma.sample(&mut self.rng()))
    }

    /// A number from the Poisson distribution of that mean, above 1e15 its normal limit; NaN unless the mean is finite and ≥ 0.
    #[must_use]
    pub fn poisson(self, mean: f64) -> f64 {
        let mut rng = self.rng();
        if mean == 0.0 {
            0.0
        } else if mean > 1e15 {
            let z: f64 = StandardNormal.sample(&mut rng);
            (mean + mean.sqrt() * z).round()
        } else {
            Poisson::new(mean).map_or(f64::NAN, |poisson| poisson.sample(&mut rng))
        }
    }

    /// Fills `out` with 32-bit words for the states of small generators: the words of SplitMix64 from both halves of the seed of a block.
    pub(super) fn fill_words(self, block: usize, out: &mut [u32]) {
        let Seed([a, b]) = self.child(block as u64, 0x6e6f_726d_616c);
        let mut word = a;
        for pair in out.chunks_mut(2) {
            word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = mix(word) ^ b;
            pair.iter_mut().zip([mixed as u32, (mixed >> 32) as u32]).for_each(|(out, w)| *out = w);
        }
    }

    /// Replaces `out` by `size` different numbers below n, every set of them equally likely (Floyd's algorithm: no more numbers are drawn than
    /// are kept, whatever n). `seen` is memory kept between calls; it is given back all false.
    ///
    /// # Panics
    /// If `size` is above n.
    pub fn subset(self, n: usize, size: usize, seen: &mut Vec<bool>, out: &mut Vec<usize>) {
        assert!(size <= n, "subset: {size} of {n}");
        seen.resize(n, false);
        out.clear();
        let mut rng = self.rng();
        for last in n - size..n {
            let found = rng.random_range(0..=last);
            let new = if seen[found] { last } else { found };
            seen[new] = true;
            out.push(new);
        }
        out.iter().for_each(|i| seen[*i] = false);
    }

    /// One uniform on [0, 1).
    #[must_use]
    pub fn uniform(self) -> f64 {
        StandardUniform.sample(&mut self.rng())
    }

    /// A random order of 0..n (Fisher and Yates).
    #[must_use]
    pub fn permutation(self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        let mut rng = self.rng();
        for i in (1..n).rev() {
            order.swap(i, rng.random_range(0..=i));
        }
        order
    }
}

/// The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every input bit reaches every output bit.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn children_differ() {
        let root = Seed::new(7);
        let mut seen = HashSet::new();
        for i in 0..1000 {
            assert!(seen.insert(root.at(i)));
            assert!(seen.insert(root.named(&format!("{i}"))));
            assert!(seen.insert(root.named("x").at(i)));
            assert!(seen.insert(Seed::new(i as u64 + 100)));
        }
        assert_ne!(root.named("a").named("b"), root.named("b").named("a"));
        assert_ne!(root.named("ab"), root.named("a").named("b"));
    }

    #[test]
    fn the_same_numbers_on_any_number_of_threads() {
        let draw = || {
            let mut out = vec![0.0; 50_000];
            Seed::new(1).fill_normal(&mut out);
            out
        };
        let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        assert_eq!(pool(1).install(draw), pool(8).install(draw));
        // and a prefix is a prefix
        let mut short = vec![0.0; 5000];
        Seed::new(1).fill_normal(&mut short);
        assert_eq!(short[..], draw()[..5000]);
    }

    #[test]
    fn moments() {
        let n = 200_000;
        let z = Seed::new(3).normal1(n);
        let moment = |k: i32| z.iter().map(|v| v.powi(k)).sum::<f64>() / n as f64;
        let error = |variance: f64| 4.5 * (variance / n as f64).sqrt();
        assert!(moment(1).abs() < error(1.0));
        assert!((moment(2) - 1.0).abs() < error(2.0));
        assert!(moment(3).abs() < error(15.0));
        assert!((moment(4) - 3.0).abs() < error(96.0));
        let u = Seed::new(4).uniform1(n, -1.0, 3.0);
        assert!((u.mean().unwrap() - 1.0).abs() < error(16.0 / 12.0));
        assert!(u.iter().all(|v| (-1.0..3.0).contains(v)));
    }

    #[test]
    fn gammas() {
        for shape in [0.5, 2.5, 40.0] {
            let draws: Vec<f64> = (0..20_000).map(|i| Seed::new(5).at(i).gamma(shape)).collect();
            let mean = draws.iter().sum::<f64>() / 2e4;
            let variance = draws.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / 2e4;
            assert!((mean / shape - 1.0).abs() < 4.5 / (2e4 * shape).sqrt());
            assert!((variance / shape - 1.0).abs() < 0.15);
        }
        assert!(Seed::new(1).gamma(-1.0).is_nan());
    }

    #[test]
    fn counts() {
        for mean in [0.3, 7.0, 400.0, 1e16] {
            let draws: Vec<f64> = (0..20_000).map(|i| Seed::new(6).at(i).poisson(mean)).collect();
            let average = draws.iter().sum::<f64>() / 2e4;
            let variance = draws.iter().map(|k| (k - average).powi(2)).sum::<f64>() / 2e4;
            assert!((average - mean).abs() < 4.5 * (mean / 2e4).sqrt());
            assert!((variance / mean - 1.0).abs() < 0.1, "{mean}: {variance}");
            assert!(draws.iter().all(|k| *k >= 0.0 && k.fract() == 0.0));
        }
        assert_eq!(Seed::new(1).poisson(0.0), 0.0);
        assert!(Seed::new(1).poisson(-1.0).is_nan());
    }

    #[test]
    fn subsets_are_uniform() {
        let (mut seen, mut out, mut count) = (Vec::new(), Vec::new(), [0usize; 5]);
        let mut pairs = HashSet::new();
        for i in 0..10_000 {
            Seed::new(9).at(i).subset(5, 2, &mut seen, &mut out);
            assert!(out.len() == 2 && out[0] != out[1] && seen.iter().all(|s| !s));
            out.iter().for_each(|k| count[*k] += 1);
            pairs.insert((out[0].min(out[1]), out[0].max(out[1])));
        }
        let chi2: f64 = count.iter().map(|&c| (c as f64 - 4000.0).powi(2) / 2400.0).sum();
        assert!(chi2 < 20.0 && pairs.len() == 10, "{count:?}");
        Seed::new(9).subset(5, 5, &mut seen, &mut out);
        out.sort_unstable();
        assert_eq!(out, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn permutations_are_uniform() {
        let mut count = [0usize; 6];
        for i in 0..6000 {
            let p = Seed::new(9).at(i).permutation(3);
            count[p[0] * 2 + usize::from(p[1] > p[2])] += 1;
        }
        let chi2: f64 = count.iter().map(|&c| (c as f64 - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi2 < 25.0, "{count:?}");
    }
}
