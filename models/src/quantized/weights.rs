//! Weights as symbols: whole multiples of a step, or indices of levels, each coded by what came before it.

use ndarray::Array1;

use super::channel::{Adaptive, Channel, Odds, Result};
use super::codebook::{Codebook, Kind, Levels, Step, Units};
use super::error::CodeError;

/// What a message says: a codebook, and a symbol a weight.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Symbols {
    pub(super) units: Units,
    values: Values,
}

#[derive(Clone, Debug, PartialEq)]
enum Values {
    Multiples { step: Step, of: Vec<i64> },
    Levels { levels: Levels, of: Vec<usize> },
}

/// The most steps from 0.
const FARTHEST: i64 = (1 << 32) - 1;

impl Symbols {
    /// The nearest symbols to the weights, which are in the units of the codebook. `None` at the place of the first weight that is
    /// not finite, or too many steps from 0.
    pub(super) fn nearest(
        weights: &[f64],
        codebook: Codebook,
    ) -> Result<std::result::Result<Symbols, usize>> {
        let values = match codebook.kind {
            Kind::Uniform(step) => {
                let step = Step::nearest(step)?;
                let fits = |w: &f64| (w / step.size()).abs() < FARTHEST as f64;
                if let Some(place) = weights.iter().position(|w| !fits(w)) {
                    return Ok(Err(place));
                }
                let of = weights.iter().map(|w| (w / step.size()).round_ties_even() as i64).collect();
                Values::Multiples { step, of }
            }
            Kind::Learned(k) => {
                let fits = |w: &f64| w.abs() < 3e38;
                if let Some(place) = weights.iter().position(|w| !fits(w)) {
                    return Ok(Err(place));
                }
                let levels = Levels::learn(weights, k)?;
                let of = weights.iter().map(|w| levels.nearest(*w)).collect();
                Values::Levels { levels, of }
            }
        };
        Ok(Ok(Symbols { units: codebook.units, values }))
    }

    /// Anything at all: what a reader hands to a channel that ignores it.
    fn blank() -> Symbols {
        Symbols { units: Units::White, values: Values::Multiples { step: Step(0), of: Vec::new() } }
    }

    /// The numbers that the symbols stand for.
    pub(super) fn numbers(&self) -> Array1<f64> {
        match &self.values {
            Values::Multiples { step, of } => of.iter().map(|m| *m as f64 * step.size()).collect(),
            Values::Levels { levels, of } => of.iter().map(|index| levels.value(*index)).collect(),
        }
    }

    /// Reads the symbols of `count` weights.
    pub(super) fn read(channel: &mut impl Channel, count: usize) -> Result<Symbols> {
        Symbols::blank().pass(channel, count)
    }

    /// The format: the unit, the kind of codebook, the codebook, then `count` symbols.
    pub(super) fn pass(&self, channel: &mut impl Channel, count: usize) -> Result<Symbols> {
        let plain = channel.bit(self.units == Units::Plain, Odds::EVEN)?;
        let units = if plain { Units::Plain } else { Units::White };
        let none = Levels::default();
        let (step, multiples, levels, indices): (_, &[i64], _, &[usize]) = match &self.values {
            Values::Multiples { step, of } => (*step, of, &none, &[]),
            Values::Levels { levels, of } => (Step(0), &[], levels, of),
        };
        let values = if channel.bit(matches!(self.values, Values::Levels { .. }), Odds::EVEN)? {
            let levels = levels.pass(channel)?;
            if levels.len() == 0 && count > 0 {
                return Err(CodeError::NotAMessage("it has weights but no levels"));
            }
            let mut code = Indices::of(levels.len());
            let at = |i: usize| indices.get(i).copied().unwrap_or(0);
            let of = (0..count).map(|i| code.pass(channel, at(i))).collect::<Result<_>>()?;
            Values::Levels { levels, of }
        } else {
            let step = step.pass(channel)?;
            let mut code = Multiples::default();
            let at = |i: usize| multiples.get(i).copied().unwrap_or(0);
            let of = (0..count).map(|i| code.pass(channel, at(i))).collect::<Result<_>>()?;
            Values::Multiples { step, of }
        };
        Ok(Symbols { units, values })
    }
}

/// Whole numbers, mostly small: is it 0 (by how many of the two before it were), its sign, how many binary digits, the digits.
///
/// Odds are learned where there is something to learn: of 0, of each further binary digit, and of the digit after the first. The
/// weights behind the last that counts cost about ½ log₂ of their number together.
#[derive(Clone, Debug)]
struct Multiples {
    zero: [Adaptive; 3],
    digits: [Adaptive; 31],
    second: [Adaptive; 32],
    before: [bool; 2],
}

impl Default for Multiples {
    fn default() -> Multiples {
        // The first features are those that matter, in every family that is ordered: the odds behind them stay clean.
        let (zero, digits, second) = Default::default();
        Multiples { zero, digits, second, before: [true; 2] }
    }
}

impl Multiples {
    fn pass(&mut self, channel: &mut impl Channel, value: i64) -> Result<i64> {
        let context = self.before.iter().filter(|nonzero| **nonzero).count();
        let nonzero = channel.adaptive(value != 0, &mut self.zero[context])?;
        self.before = [self.before[1], nonzero];
        if !nonzero {
            return Ok(0);
        }
        let negative = channel.bit(value < 0, Odds::EVEN)?;
        let size = value.unsigned_abs().max(1);
        let mut places = 0;
        for odds in &mut self.digits {
            if !channel.adaptive(size.ilog2() > places, odds)? {
                break;
            }
            places += 1;
        }
        let mut found = 1;
        if places > 0 {
            let second = (size >> (places - 1)) & 1 == 1;
            let second = channel.adaptive(second, &mut self.second[places as usize])?;
            found = (2 | u64::from(second)) << (places - 1);
            found |= channel.number(size & ((1 << (places - 1)) - 1), places - 1)?;
        }
        Ok(if negative { -(found as i64) } else { found as i64 })
    }
}

/// Indices below k: down a balanced tree, the odds of every fork learned.
#[derive(Clone, Debug)]
struct Indices {
    forks: Vec<Adaptive>,
}

impl Indices {
    fn of(count: usize) -> Indices {
        Indices { forks: vec![Adaptive::default(); count] }
    }

    fn pass(&mut self, channel: &mut impl Channel, index: usize) -> Result<usize> {
        let (mut low, mut high) = (0, self.forks.len());
        while high - low > 1 {
            // every fork has a middle of its own
            let middle = usize::midpoint(low, high);
            if channel.adaptive(index >= middle, &mut self.forks[middle])? {
                low = middle
            } else {
                high = middle
            }
        }
        Ok(low)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::quantized::entropy::{Reader, Writer};
    use proptest::prelude::*;
    use softbias_priors::Seed;

    fn code(symbols: &Symbols, count: usize) -> Vec<bool> {
        let mut writer = Writer::default();
        assert_eq!(&symbols.pass(&mut writer, count).unwrap(), symbols);
        writer.finish().unwrap()
    }

    fn there_and_back(weights: &[f64], codebook: Codebook) -> (Vec<f64>, usize) {
        let symbols = Symbols::nearest(weights, codebook).unwrap().unwrap();
        let code = code(&symbols, weights.len());
        let mut reader = Reader::new(&code);
        let read = Symbols::read(&mut reader, weights.len()).unwrap();
        reader.finish().unwrap();
        assert_eq!(read, symbols);
        (read.numbers().to_vec(), code.len())
    }

    #[test]
    fn extremes() {
        let step = 1.0;
        let (far, _) = there_and_back(&[4e9, -4e9, 0.0, 1.0, -1.0, 2.0, 3.0], Codebook::uniform(step));
        assert_eq!(far, [4e9, -4e9, 0.0, 1.0, -1.0, 2.0, 3.0]);
        assert_eq!(there_and_back(&[], Codebook::uniform(1.0)).0, Vec::<f64>::new());
        assert_eq!(there_and_back(&[], Codebook::learned(3)).0, Vec::<f64>::new());
        for bad in [f64::NAN, f64::INFINITY, 5e9] {
            assert_eq!(Symbols::nearest(&[1.0, bad], Codebook::uniform(1.0)).unwrap(), Err(1));
        }
        assert_eq!(Symbols::nearest(&[1.0, f64::NAN], Codebook::learned(2)).unwrap(), Err(1));
    }

    /// Empirical entropy of the symbols in bits, all of them together.
    fn entropy(symbols: &[f64]) -> f64 {
        let mut counts = std::collections::HashMap::new();
        symbols.iter().for_each(|s| *counts.entry(s.to_bits()).or_insert(0usize) += 1);
        let n = symbols.len() as f64;
        counts.values().map(|c| -(*c as f64) * (*c as f64 / n).log2()).sum()
    }

    #[test]
    fn independent_symbols_cost_their_entropy() {
        let weights = Seed::new(1).normal1(5000).to_vec();
        // 4 and 16 levels of learned odds, ½ log₂ n bits each: well under 1 %
        for (codebook, allowed) in [
            (Codebook::learned(4), 1.01),
            (Codebook::learned(16), 1.02),
            // digits after the second are taken for even; the entropy is that of the sample, which knows its own counts
            (Codebook::uniform(1.0), 1.02),
            (Codebook::uniform(0.25), 1.03),
            (Codebook::uniform(0.03125), 1.05),
        ] {
            let (decoded, bits) = there_and_back(&weights, codebook);
            let ratio = bits as f64 / entropy(&decoded);
            assert!(ratio < allowed && ratio > 0.99, "{codebook:?}: {ratio}");
        }
    }

    #[test]
    fn zeros_are_nearly_free() {
        let bits = |zeros: usize| {
            let mut weights = vec![1.3, -0.4, 2.2, 0.9];
            weights.extend(vec![1e-9; zeros]);
            there_and_back(&weights, Codebook::uniform(0.1)).1
        };
        assert!(bits(146) - bits(0) < 10, "{} {}", bits(146), bits(0));
        assert!(bits(5000) - bits(0) < 13, "{} {}", bits(5000), bits(0));
    }

    /// Every string of up to 15 bits that says something for two weights: no one begins another, and Σ 2^−bits ≤ 1.
    #[test]
    fn kraft_over_all_short_messages() {
        let mut found: Vec<Vec<bool>> = Vec::new();
        for length in 0..16 {
            for number in 0..1u32 << length {
                let bits: Vec<bool> = (0..length).rev().map(|k| (number >> k) & 1 == 1).collect();
                let mut reader = Reader::new(&bits);
                if Symbols::read(&mut reader, 2).is_ok() && reader.finish().is_ok() {
                    assert!(found.iter().all(|other| !bits.starts_with(other)), "{bits:?}");
                    found.push(bits);
                }
            }
        }
        let kraft: f64 = found.iter().map(|bits| 0.5f64.powi(bits.len() as i32)).sum();
        // the rest are longer, and what the shortest strings leave between intervals
        assert!(found.len() > 500 && kraft > 0.1 && kraft < 1.0, "{} {kraft}", found.len());
    }

    proptest! {
        #[test]
        fn rounding_is_within_half_a_step(
            weights in prop::collection::vec(-50.0..50.0f64, 0..60),
            step in 0.001..10.0f64,
        ) {
            let (decoded, _) = there_and_back(&weights, Codebook::uniform(step));
            let step = Step::nearest(step).unwrap().size();
            for (w, d) in weights.iter().zip(&decoded) {
                // rounding of the quotient itself: one part in 2⁵²
                prop_assert!((w - d).abs() <= 0.5 * step + 1e-12);
            }
        }

        #[test]
        fn learned_levels_come_back(
            weights in prop::collection::vec(-5.0..5.0f64, 0..60),
            levels in 1..20usize,
        ) {
            let (decoded, _) = there_and_back(&weights, Codebook::learned(levels));
            prop_assert!(decoded.len() == weights.len());
        }
    }
}
