//! Loops over long vectors, block by block: in parallel, without allocation, sums in a fixed order.

use softbias_priors::math::Real;
use softbias_priors::math::normals::BLOCK;

/// Blocks that are not worth another thread.
const GRAIN: usize = 4;

/// Runs `body` over blocks of [`BLOCK`] numbers of vectors of one length, with the block's number; adds up what it gives, in order.
pub(super) fn sweep<T: Real, const N: usize>(
    vectors: [&mut [T]; N],
    sums: &mut Vec<[f64; 2]>,
    body: &(impl Fn(usize, [&mut [T]; N]) -> [f64; 2] + Sync),
) -> [f64; 2] {
    let len = vectors.iter().map(|v| v.len()).min().unwrap_or(0);
    sums.clear();
    sums.resize(len.div_ceil(BLOCK), [0.0; 2]);
    halve(vectors, sums, 0, body);
    sums.iter().fold([0.0; 2], |all, own| [all[0] + own[0], all[1] + own[1]])
}

fn halve<T: Real, const N: usize>(
    vectors: [&mut [T]; N],
    sums: &mut [[f64; 2]],
    first: usize,
    body: &(impl Fn(usize, [&mut [T]; N]) -> [f64; 2] + Sync),
) {
    if sums.len() == 1 {
        sums[0] = body(first, vectors);
    } else if !sums.is_empty() {
        let middle = sums.len() / 2;
        let mut behind: [&mut [T]; N] = std::array::from_fn(|_| Default::default());
        let mut k = 0;
        let before = vectors.map(|vector| {
            let (before, rest) = vector.split_at_mut(middle * BLOCK);
            behind[k] = rest;
            k += 1;
            before
        });
        let parallel = sums.len() > GRAIN;
        let (left, right) = sums.split_at_mut(middle);
        if parallel {
            rayon::join(|| halve(before, left, first, body), || halve(behind, right, first + middle, body));
        } else {
            halve(before, left, first, body);
            halve(behind, right, first + middle, body);
        }
    }
}

/// Σ x², in lanes: a constant of the numbers.
#[inline(always)]
pub(super) fn squares<T: Real>(x: &[T]) -> f64 {
    const LANES: usize = 16;
    let mut sums = [T::ZERO; LANES];
    let (whole, rest) = x.as_chunks::<LANES>();
    for x in whole {
        for k in 0..LANES {
            sums[k] += x[k] * x[k];
        }
    }
    let rest: f64 = rest.iter().map(|x| x.get() * x.get()).sum();
    sums.iter().map(|sum| sum.get()).sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_once_and_in_its_place() {
        for n in [0, 1, BLOCK, BLOCK + 1, 11 * BLOCK + 5] {
            let mut a: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let mut b = vec![0.0; n];
            let mut sums = Vec::new();
            let found = sweep([&mut a, &mut b], &mut sums, &|block, [a, b]| {
                b.iter_mut().zip(a.iter()).for_each(|(b, a)| *b += a - (block * BLOCK) as f64);
                [b.len() as f64, squares(b)]
            });
            assert!(b.iter().enumerate().all(|(i, b)| *b == (i % BLOCK) as f64));
            let exact: f64 = b.iter().map(|b| b * b).sum();
            assert!(found[0] == n as f64 && (found[1] - exact).abs() <= 1e-12 * exact);
        }
    }
}
