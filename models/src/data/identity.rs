//! Identities of rows: a hash of what stands in a row, the same on every machine and for every load of the same file.

use std::collections::HashMap;

use ndarray::ArrayView2;
use softbias_priors::Row;

/// The identity of every row: a hash of its inputs and labels, mixed with its occurrence number among identical rows, so that
/// repeated rows differ and the n-th of them is the same at every load.
pub(super) fn identify(x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> Vec<Row> {
    let mut seen: HashMap<u64, u64> = HashMap::new();
    let shape = absorb(absorb(0, x.ncols() as u64), y.ncols() as u64);
    x.rows()
        .into_iter()
        .zip(y.rows())
        .map(|(inputs, labels)| {
            let content = inputs.iter().chain(labels).fold(shape, |hash, &value| absorb(hash, bits(value)));
            let occurrence = seen.entry(content).or_insert(0);
            let identity = absorb(content, *occurrence);
            *occurrence += 1;
            Row(identity)
        })
        .collect()
}

/// A hash of a set of rows, whatever their order.
pub(super) fn fingerprint(rows: &[Row]) -> u64 {
    let mut sorted = rows.to_vec();
    sorted.sort_unstable();
    sorted.iter().fold(absorb(0, rows.len() as u64), |hash, row| absorb(hash, row.0))
}

/// The bits of a number, the same for both zeros, which are equal.
fn bits(value: f64) -> u64 {
    if value == 0.0 { 0 } else { value.to_bits() }
}

/// Takes one more word into the hash: the step and the finaliser of SplitMix64 (Steele, Lea & Flood 2014). A constant of the
/// format: changing it changes every identity, and saved ledgers no longer name the rows of reloaded files.
fn absorb(hash: u64, word: u64) -> u64 {
    mix(hash.rotate_left(29) ^ mix(word.wrapping_add(0x9e37_79b9_7f4a_7c15)))
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
