//! The law of f ∧ g, f ∨ g and f ⊕ g for independent f and g, without a subtraction: over sums of products, and over least sums.
//!
//! The textbook way is a sum over subsets, a product, and its inversion (Walsh–Hadamard for ⊕): O(2ᵏ 2^(2ᵏ)), but the inversion subtracts,
//! and leaves an error of 1e-16 of the *largest* probability. Rare functions are rarer than that by far. Splitting by the value at one
//! input instead needs three half-sized products and no subtraction: every probability keeps its own digits, and the same code finds
//! shortest formulas, where there is nothing to subtract with.

use rayon::prelude::*;

/// What takes the part of + and × in a sum over formulas.
pub(super) trait Algebra: Sync {
    /// The neutral element of `add`.
    const ZERO: f64;
    /// Of two alternatives.
    fn add(a: f64, b: f64) -> f64;
    /// Of two parts of one formula.
    fn mul(a: f64, b: f64) -> f64;
    /// A probability in this algebra.
    fn weight(probability: f64) -> f64;
    /// Whether a value has come to rest.
    fn settled(before: f64, after: f64) -> bool;
}

/// Probabilities: the sum over all formulas.
#[derive(Debug)]
pub(super) struct Sums;

impl Algebra for Sums {
    const ZERO: f64 = 0.0;
    fn add(a: f64, b: f64) -> f64 {
        a + b
    }
    fn mul(a: f64, b: f64) -> f64 {
        a * b
    }
    fn weight(probability: f64) -> f64 {
        probability
    }
    fn settled(before: f64, after: f64) -> bool {
        (after - before).abs() <= 1e-13 * after
    }
}

/// Lengths in nats: the shortest of all formulas.
#[derive(Debug)]
pub(super) struct Shortest;

impl Algebra for Shortest {
    const ZERO: f64 = f64::INFINITY;
    fn add(a: f64, b: f64) -> f64 {
        if b < a { b } else { a }
    }
    fn mul(a: f64, b: f64) -> f64 {
        a + b
    }
    fn weight(probability: f64) -> f64 {
        -probability.ln()
    }
    fn settled(before: f64, after: f64) -> bool {
        before == after
    }
}

/// Below this many functions a product is not worth a task of its own.
const TASK: usize = 1 << 12;

/// out(h) += Σ a(f) a(g) over f ∧ g = h: each unordered pair once, half the work of [`and`].
pub(super) fn squared<A: Algebra>(a: &[f64], out: &mut [f64], scratch: &mut [f64]) {
    if let [a] = a {
        out[0] = A::add(out[0], A::mul(*a, *a));
        return;
    }
    let half = a.len() / 2;
    let (a0, a1) = a.split_at(half);
    let (out0, out1) = out.split_at_mut(half);
    let (weighed, rest) = scratch.split_at_mut(half);
    weighed.iter_mut().zip(a0.iter().zip(a1)).for_each(|(sum, (x, y))| *sum = A::add(*x, A::add(*y, *y)));
    and::<A>(a0, weighed, out0, rest);
    squared::<A>(a1, out1, rest);
}

/// out(h) += Σ a(f) b(g) over f ∧ g = h, of tables in the order of their bits. Three products of half the size: 3^(2ᵏ) multiplications in
/// all, 43 million for four inputs. The scratch is as long as a.
pub(super) fn and<A: Algebra>(a: &[f64], b: &[f64], out: &mut [f64], scratch: &mut [f64]) {
    if a.len() < 4 {
        for (f, x) in a.iter().enumerate() {
            b.iter().enumerate().for_each(|(g, y)| out[f & g] = A::add(out[f & g], A::mul(*x, *y)));
        }
        return;
    }
    if a.len() == 4 {
        if let (Some(a), Some(b), Some(out)) = (a.first_chunk(), b.first_chunk(), out.first_chunk_mut()) {
            and_of_two_cells::<A>(a, b, out);
        }
        return;
    }
    let half = a.len() / 2;
    // by the value at the last input: 1 only where both are
    let ((a0, a1), (b0, b1)) = (a.split_at(half), b.split_at(half));
    let (out0, out1) = out.split_at_mut(half);
    let (both, rest) = scratch.split_at_mut(half);
    both.iter_mut().zip(b0.iter().zip(b1)).for_each(|(sum, (x, y))| *sum = A::add(*x, *y));
    let zeros = |out0: &mut [f64], rest: &mut [f64]| {
        and::<A>(a0, both, out0, rest);
        and::<A>(a1, b0, out0, rest);
    };
    if half < TASK {
        zeros(out0, rest);
        and::<A>(a1, b1, out1, rest);
    } else {
        let ones = || and::<A>(a1, b1, out1, &mut vec![A::ZERO; half]);
        rayon::join(ones, || zeros(out0, rest));
    }
}

/// The same for the four functions of two cells, written out.
#[inline]
fn and_of_two_cells<A: Algebra>(a: &[f64; 4], b: &[f64; 4], out: &mut [f64; 4]) {
    let one_cell = |a0: f64, a1: f64, b0: f64, b1: f64| {
        [A::add(A::mul(a0, A::add(b0, b1)), A::mul(a1, b0)), A::mul(a1, b1)]
    };
    let ones = one_cell(a[2], a[3], b[2], b[3]);
    let left = one_cell(a[0], a[1], A::add(b[0], b[2]), A::add(b[1], b[3]));
    let right = one_cell(a[2], a[3], b[0], b[1]);
    for i in 0..2 {
        out[i] = A::add(out[i], A::add(left[i], right[i]));
        out[2 + i] = A::add(out[2 + i], ones[i]);
    }
}

/// How many numbers are taken at once.
const LANES: usize = 8;

/// Σ a(f) a(g) over f ⊕ g = h for every h, a being the same for tables that differ by the order of the inputs. Splitting would need four
/// halves here, so that nothing is won by it: all pairs, for one h of each `orbit` (by the smallest of the order), 130 million products
/// for four inputs.
pub(super) fn xor<A: Algebra>(a: &[f64], orbit: &[usize]) -> Vec<f64> {
    let any = |h: usize| (0..a.len()).fold(A::ZERO, |sum, f| A::add(sum, A::mul(a[f], a[f ^ h])));
    // a(f ⊕ low) for every low part of h, so that the rest of h moves whole blocks
    let moved: Vec<Vec<f64>> =
        (0..LANES.min(a.len())).map(|low| (0..a.len()).map(|f| a[f ^ low]).collect()).collect();
    let by_blocks = |h: usize| {
        // each unordered pair once: from the table without the highest cell of h
        let (highest, other) = (1usize << h.ilog2(), &moved[h % LANES]);
        let mut sums = [A::ZERO; LANES];
        for start in (0..a.len()).step_by(LANES).filter(|start| start & highest == 0) {
            let across = start ^ (h - h % LANES);
            for (sum, (x, y)) in sums.iter_mut().zip(a[start..].iter().zip(&other[across..])) {
                *sum = A::add(*sum, A::mul(*x, *y));
            }
        }
        let sum = sums.into_iter().fold(A::ZERO, A::add);
        A::add(sum, sum)
    };
    let first = |h: usize| match orbit[h] == h {
        true if h < LANES => any(h),
        true => by_blocks(h),
        false => A::ZERO,
    };
    let found: Vec<f64> = (0..a.len()).into_par_iter().with_min_len(64).map(first).collect();
    orbit.iter().map(|&h| found[h]).collect()
}
