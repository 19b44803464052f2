//! Lempel–Ziv complexity of a truth table: a proxy of Kolmogorov's that needs no grammar.

use super::TruthTable;

/// The number of phrases of the string in the exhaustive history of Lempel & Ziv (1976): each phrase is the shortest that does not
/// already occur earlier (it may overlap itself); the last may be cut short. O(n²) comparisons of strings.
#[must_use]
pub fn lz76_phrases(string: &[bool]) -> usize {
    let (mut start, mut phrases) = (0, 0);
    while start < string.len() {
        let mut length = 1;
        // grow the phrase as long as it can be copied from a start before its own
        while start + length <= string.len() {
            let phrase = &string[start..start + length];
            let copied = string[..start + length - 1].windows(length).any(|earlier| earlier == phrase);
            if !copied {
                break;
            }
            length += 1;
        }
        phrases += 1;
        start += length;
    }
    phrases
}

impl TruthTable {
    /// Its complexity in bits by Lempel & Ziv (1976), as Dingle, Camargo & Louis (2018) scale it: log₂ n (N(s) + N(s reversed))/2 for
    /// the n values s in the order of their inputs, log₂ n where all are the same. It depends on the order of the inputs.
    #[must_use]
    pub fn lempel_ziv_bits(self) -> f64 {
        let mut string = self.string();
        let log = (string.len() as f64).log2();
        if string.iter().all(|value| *value == string[0]) {
            return log;
        }
        let forward = lz76_phrases(&string);
        string.reverse();
        0.5 * log * (forward + lz76_phrases(&string)) as f64
    }
}
