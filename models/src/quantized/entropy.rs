//! Entropy coding: THE door to constriction. Binary decisions become the shortest prefix-free string, and are read back.
//!
//! A sequence of decisions belongs to an interval of [0, 1) as long as its probability (a range coder of Martin 1979, 32-bit words,
//! a 64-bit state, probabilities in units of 2⁻²⁴). Its code is the shortest bit string *all* of whose continuations lie in the
//! interval: at most log₂ 1/P + 2 bits. Intervals of different sequences are disjoint, so no code is the beginning of another:
//! Σ 2^−bits ≤ 1, without a length in front. (The same decisions by asymmetric numeral systems would need that length, some 15 bits.)

use std::convert::Infallible;
use std::num::NonZeroU32;

use constriction::stream::model::{DecoderModel, EncoderModel, EntropyModel};
use constriction::stream::queue::{DefaultRangeEncoder, RangeDecoder};
use constriction::stream::{Decode, Encode};
use constriction::{Queue, backends::ReadWords};

use super::channel::{Channel, Odds, Result};
use super::error::CodeError;

const PRECISION: usize = 24;

/// One bit, and the odds it was coded at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decision {
    bit: bool,
    odds: Odds,
}

impl EntropyModel<PRECISION> for Odds {
    type Symbol = bool;
    type Probability = u32;
}

impl Odds {
    /// Where a bit lies among the 2²⁴ parts, and how many are its own.
    fn part(self, bit: bool) -> (u32, NonZeroU32) {
        let zero = self.share_of_zero(PRECISION as u32);
        let (start, parts) = if bit { (zero, (1 << PRECISION) - zero) } else { (0, zero) };
        (start, NonZeroU32::new(parts).unwrap_or(NonZeroU32::MIN))
    }
}

impl EncoderModel<PRECISION> for Odds {
    fn left_cumulative_and_probability(
        &self,
        bit: impl std::borrow::Borrow<bool>,
    ) -> Option<(u32, NonZeroU32)> {
        Some(self.part(*bit.borrow()))
    }
}

impl DecoderModel<PRECISION> for Odds {
    fn quantile_function(&self, quantile: u32) -> (bool, u32, NonZeroU32) {
        let bit = quantile >= self.share_of_zero(PRECISION as u32);
        let (start, parts) = self.part(bit);
        (bit, start, parts)
    }
}

/// Bits as words, followed by the same bit for ever.
#[derive(Clone, Debug)]
struct Words<'a> {
    bits: &'a [bool],
    then: bool,
}

impl ReadWords<u32, Queue> for Words<'_> {
    type ReadError = Infallible;

    fn read(&mut self) -> std::result::Result<Option<u32>, Infallible> {
        let (now, later) = self.bits.split_at(self.bits.len().min(32));
        self.bits = later;
        let padded = now.iter().copied().chain(std::iter::repeat(self.then)).take(32);
        Ok(Some(padded.fold(0, |word, bit| (word << 1) | u32::from(bit))))
    }

    fn maybe_exhausted(&self) -> bool {
        self.bits.is_empty()
    }
}

/// Collects decisions, to be coded once all are known.
#[derive(Debug, Default)]
pub(super) struct Writer {
    decisions: Vec<Decision>,
}

impl Channel for Writer {
    fn bit(&mut self, bit: bool, odds: Odds) -> Result<bool> {
        self.decisions.push(Decision { bit, odds });
        Ok(bit)
    }
}

impl Writer {
    /// The code of the decisions.
    pub(super) fn finish(self) -> Result<Vec<bool>> {
        shortest(&self.decisions)
    }
}

/// Reads decisions from a code.
pub(super) struct Reader<'a> {
    bits: &'a [bool],
    coder: RangeDecoder<u32, u64, Words<'a>>,
    decisions: Vec<Decision>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bits: &'a [bool]) -> Reader<'a> {
        Reader { bits, coder: decoder(bits, false), decisions: Vec::new() }
    }

    /// Fails unless the bits read are, one for one, the code of what was read.
    pub(super) fn finish(self) -> Result<()> {
        if shortest(&self.decisions)? == self.bits {
            Ok(())
        } else {
            Err(CodeError::NotAMessage("it is not the shortest code of what it says"))
        }
    }
}

impl Channel for Reader<'_> {
    fn bit(&mut self, _bit: bool, odds: Odds) -> Result<bool> {
        let bit = self
            .coder
            .decode_symbol(odds)
            .map_err(|_| CodeError::NotAMessage("it lies outside of every interval"))?;
        self.decisions.push(Decision { bit, odds });
        Ok(bit)
    }
}

fn decoder(bits: &[bool], then: bool) -> RangeDecoder<u32, u64, Words<'_>> {
    let Ok(coder) = RangeDecoder::with_backend(Words { bits, then });
    coder
}

/// Whether these bits, followed by `then` for ever, lie in the interval of the decisions.
fn lies_within(bits: &[bool], then: bool, decisions: &[Decision]) -> bool {
    let mut coder = decoder(bits, then);
    decisions.iter().all(|d| coder.decode_symbol(d.odds).is_ok_and(|bit| bit == d.bit))
}

/// Whether every continuation of these bits lies in the interval: it is enough that the least and the greatest do.
fn settles(bits: &[bool], decisions: &[Decision]) -> bool {
    lies_within(bits, false, decisions) && lies_within(bits, true, decisions)
}

/// The shortest bits that settle the decisions. A few dozen decodings.
fn shortest(decisions: &[Decision]) -> Result<Vec<bool>> {
    let mut coder = DefaultRangeEncoder::new();
    for Decision { bit, odds } in decisions {
        coder.encode_symbol(*bit, *odds).map_err(|_| CodeError::NotAMessage("it cannot be coded"))?;
    }
    let Ok(words) = coder.into_compressed();
    // A point of the interval; in whole words it settles the decisions.
    let within: Vec<bool> =
        words.iter().flat_map(|word| (0..32).rev().map(move |k| (word >> k) & 1 == 1)).collect();
    // If strings of some length settle the decisions, then the one that begins the point does or one of its two neighbours.
    let of_length = |length: usize| {
        let middle = &within[..length];
        [Some(middle.to_vec()), neighbour(middle, true), neighbour(middle, false)]
            .into_iter()
            .flatten()
            .find(|bits| settles(bits, decisions))
    };
    let (mut low, mut high) = (0, within.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if of_length(middle).is_some() { high = middle } else { low = middle + 1 }
    }
    of_length(high).ok_or(CodeError::NotAMessage("it cannot be coded"))
}

/// The next string of the same length, upwards or downwards, in the order of the numbers that they begin.
fn neighbour(bits: &[bool], up: bool) -> Option<Vec<bool>> {
    let last = bits.iter().rposition(|bit| *bit != up)?;
    let mut next = bits.to_vec();
    next[last..].iter_mut().for_each(|bit| *bit = !*bit);
    Some(next)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::quantized::channel::Adaptive;
    use softbias_priors::Seed;

    #[test]
    fn neighbours() {
        let of = |text: &str| text.bytes().map(|b| b == b'1').collect::<Vec<_>>();
        assert_eq!(neighbour(&of("0111"), true), Some(of("1000")));
        assert_eq!(neighbour(&of("1000"), false), Some(of("0111")));
        assert_eq!(neighbour(&of("0100"), true), Some(of("0101")));
        assert_eq!(neighbour(&of("111"), true), None);
        assert_eq!(neighbour(&of("000"), false), None);
        assert_eq!(neighbour(&[], true), None);
    }

    #[test]
    fn even_odds_are_plain_bits() {
        // an interval of length 2^−k is its own code, but for the top end, which the range coder leaves unused
        let mut writer = Writer::default();
        writer.number(0b0110_1001, 8).unwrap();
        let code = writer.finish().unwrap();
        assert!(code.len() <= 9, "{code:?}");
        assert_eq!(Reader::new(&code).number(0, 8).unwrap(), 0b0110_1001);
        assert_eq!(Writer::default().finish().unwrap(), Vec::<bool>::new());
    }

    /// The code of every sequence of four bits with learned odds: prefix-free, short, and read back.
    #[test]
    fn codes_of_short_sequences_are_prefix_free() {
        let mut codes = Vec::new();
        for sequence in 0..16u32 {
            let mut writer = Writer::default();
            let mut odds = Adaptive::default();
            let bits: Vec<bool> = (0..4).map(|k| (sequence >> k) & 1 == 1).collect();
            for bit in &bits {
                writer.adaptive(*bit, &mut odds).unwrap();
            }
            let ideal: f64 =
                writer.decisions.iter().map(|d| 24.0 - f64::from(d.odds.part(d.bit).1.get()).log2()).sum();
            let code = writer.finish().unwrap();
            assert!((code.len() as f64) < ideal + 2.0, "{code:?} {ideal}");
            let mut reader = Reader::new(&code);
            let mut odds = Adaptive::default();
            for bit in &bits {
                assert_eq!(reader.adaptive(false, &mut odds).unwrap(), *bit);
            }
            reader.finish().unwrap();
            codes.push(code);
        }
        let kraft: f64 = codes.iter().map(|code| 0.5f64.powi(code.len() as i32)).sum();
        assert!(kraft <= 1.0, "{kraft}");
        for (i, one) in codes.iter().enumerate() {
            assert!(codes.iter().enumerate().all(|(j, other)| i == j || !other.starts_with(one)));
        }
    }

    #[test]
    fn long_sequences_cost_their_entropy() {
        let n = 20_000;
        for p in [0.5, 0.1, 0.003] {
            let ones: Vec<bool> = Seed::new(1).uniform1(n, 0.0, 1.0).iter().map(|u| *u < p).collect();
            let mut writer = Writer::default();
            let mut odds = Adaptive::default();
            for bit in &ones {
                writer.adaptive(*bit, &mut odds).unwrap();
            }
            let code = writer.finish().unwrap();
            let share = ones.iter().filter(|bit| **bit).count() as f64 / n as f64;
            let entropy = -(n as f64) * (share * share.log2() + (1.0 - share) * (1.0 - share).log2());
            // ½ log₂ n + 1 for learning the odds, 2 for the end, and what a state of 32 to 64 bits rounds away
            let allowed = entropy * 1.0002 + 0.5 * (n as f64).log2() + 3.0;
            assert!(
                (code.len() as f64) < allowed && code.len() as f64 >= entropy - 1.0,
                "{p}: {} {entropy}",
                code.len()
            );
            let mut reader = Reader::new(&code);
            let mut odds = Adaptive::default();
            assert!(ones.iter().all(|bit| reader.adaptive(false, &mut odds).unwrap() == *bit));
            reader.finish().unwrap();
        }
    }
}
