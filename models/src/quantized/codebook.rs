//! Codebooks: which numbers a weight may take. Whatever describes them is written in the message.

use super::channel::{Channel, Result};
use super::error::CodeError;
use super::lloyd;

/// In which unit weights are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// As ε in w = s ⊙ ε: a weight counts by how far it is from what its prior expects.
    White,
    /// As w: all features are rounded alike, whatever their prior. What falls below half a step costs next to nothing.
    Plain,
}

/// How weights are rounded. Everything chosen here is written in the message, so that any number of codebooks may be tried on the
/// rows that certify: there is nothing more to pay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Codebook {
    pub(super) units: Units,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Uniform(f64),
    Learned(usize),
}

impl Codebook {
    /// Whole multiples of a step, which is taken from a grid fixed in advance: numbers with two binary digits after the first (so
    /// within a ratio of 1.25), the nearest to this one. Good where weights are of many sizes, or most of them are 0.
    #[must_use]
    pub fn uniform(step: f64) -> Codebook {
        Codebook { units: Units::White, kind: Kind::Uniform(step) }
    }

    /// The `levels` numbers to which the weights can be moved at the least sum of squares (exact k-means on a line), each rounded
    /// to 16 bits (as in bfloat16: 8 bits of exponent, 7 of fraction) and written in the message. Good where weights are many and
    /// alike.
    #[must_use]
    pub fn learned(levels: usize) -> Codebook {
        Codebook { units: Units::White, kind: Kind::Learned(levels) }
    }

    /// The same codebook for weights in another unit; the first is [`Units::White`].
    #[must_use]
    pub fn units(self, units: Units) -> Codebook {
        Codebook { units, ..self }
    }

    /// Uniform codebooks in either unit, at every second step of the grid from `finest` to `coarsest`, and learned ones of 2 to 16
    /// levels: what a search may go through. Ends that are no steps leave the learned ones.
    #[must_use]
    pub fn ladder(finest: f64, coarsest: f64) -> Vec<Codebook> {
        let places = match (Step::nearest(finest), Step::nearest(coarsest)) {
            (Ok(finest), Ok(coarsest)) => (finest.0..=coarsest.0).step_by(2).collect(),
            _ => Vec::new(),
        };
        let uniform = places.into_iter().map(|place| Codebook::uniform(Step(place).size()));
        let learned = [2, 3, 4, 6, 8, 12, 16].map(Codebook::learned);
        let white: Vec<Codebook> = uniform.chain(learned).collect();
        let plain: Vec<Codebook> = white.iter().map(|book| book.units(Units::Plain)).collect();
        [white, plain].concat()
    }
}

/// The most levels of a learned codebook.
pub(super) const MOST_LEVELS: usize = 1024;

/// A step of the grid (1 + f/4)·2ᵉ, f = 0, 1, 2, 3, by its place 4e + f.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step(pub(super) i64);

impl Step {
    const EXPONENTS: std::ops::RangeInclusive<i64> = -31..=31;

    pub(super) fn nearest(step: f64) -> Result<Step> {
        if !(1e-9..=1e9).contains(&step) {
            return Err(CodeError::Step(step));
        }
        let place = 4 * step.log2().floor() as i64;
        // the logarithm may be off by one place at a power of two: both neighbours are looked at
        let off = |candidate: &Step| (candidate.size() / step).ln().abs();
        let candidates = (place - 1..=place + 5).map(Step);
        candidates.min_by(|a, b| off(a).total_cmp(&off(b))).ok_or(CodeError::Step(step))
    }

    pub(super) fn size(self) -> f64 {
        let (exponent, fraction) = (self.0.div_euclid(4), self.0.rem_euclid(4));
        // both factors are exact
        (1.0 + 0.25 * fraction as f64) * 2f64.powi(exponent as i32)
    }

    /// Its place, in Elias' δ code: 0, −1, 1, −2, … as 1, 2, 3, 4, …
    pub(super) fn pass(self, channel: &mut impl Channel) -> Result<Step> {
        let folded = if self.0 < 0 { -2 * self.0 } else { 2 * self.0 + 1 };
        let folded = channel.delta(folded as u64)?;
        let half = (folded / 2) as i64;
        let place = if folded % 2 == 0 { -half } else { half };
        if Step::EXPONENTS.contains(&place.div_euclid(4)) {
            Ok(Step(place))
        } else {
            Err(CodeError::NotAMessage("its step is beyond the grid"))
        }
    }
}

/// The upper half of a 32-bit floating-point number (bfloat16), rounded to even; what overflows becomes the largest.
fn to_short(value: f64) -> u16 {
    let bits = (value as f32).clamp(-3e38, 3e38).to_bits();
    let short = ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) as u16;
    // one zero: levels that differ by its sign alone would not ascend
    if short == 0x8000 { 0 } else { short }
}

fn from_short(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

/// Levels as they stand in a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Levels(Vec<u16>);

impl Levels {
    /// The best `k` for the values, or fewer where some round to the same 16 bits.
    pub(super) fn learn(values: &[f64], k: usize) -> Result<Levels> {
        if !(1..=MOST_LEVELS).contains(&k) {
            return Err(CodeError::Levels { found: k, most: MOST_LEVELS });
        }
        let mut short: Vec<u16> = lloyd::levels(values, k).into_iter().map(to_short).collect();
        short.dedup();
        Ok(Levels(short))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn value(&self, index: usize) -> f64 {
        self.0.get(index).map_or(0.0, |bits| from_short(*bits))
    }

    pub(super) fn nearest(&self, value: f64) -> usize {
        let off = |index: &usize| (self.value(*index) - value).abs();
        (0..self.len()).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(0)
    }

    /// Their number plus 1 in Elias' δ code, then 16 bits each.
    pub(super) fn pass(&self, channel: &mut impl Channel) -> Result<Levels> {
        let count = channel.delta(self.len() as u64 + 1)?.saturating_sub(1) as usize;
        if count > MOST_LEVELS {
            return Err(CodeError::NotAMessage("it has too many levels"));
        }
        let level = |index: usize| u64::from(self.0.get(index).copied().unwrap_or(0));
        let levels = (0..count).map(|index| Ok(channel.number(level(index), 16)? as u16));
        let levels = Levels(levels.collect::<Result<_>>()?);
        let ascending = (1..count).all(|i| levels.value(i - 1) < levels.value(i));
        let finite = (0..count).all(|i| levels.value(i).is_finite());
        if ascending && finite {
            Ok(levels)
        } else {
            Err(CodeError::NotAMessage("its levels are not ascending numbers"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::quantized::channel::plain::{Reader, Writer};

    #[test]
    fn the_grid_of_steps() {
        for place in -118..=118 {
            let step = Step(place);
            assert_eq!(Step::nearest(step.size()).unwrap(), step);
            assert!(Step(place + 1).size() / step.size() <= 1.25);
            let mut writer = Writer::default();
            step.pass(&mut writer).unwrap();
            assert_eq!(Step(0).pass(&mut Reader::of(&writer.0)).unwrap(), step);
        }
        assert_eq!(Step::nearest(0.1).unwrap().size(), 0.09375);
        for end in [1e-9, 1e9] {
            let step = Step::nearest(end).unwrap();
            assert_eq!(step.pass(&mut Writer::default()).unwrap(), step);
            assert!((step.size() / end).ln().abs() < 0.12);
        }
        for step in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-10, 2e9] {
            assert!(matches!(Step::nearest(step), Err(CodeError::Step(_))));
        }
    }

    #[test]
    fn sixteen_bits() {
        for value in [0.0, 1.0, -2.5, 0.007_812_5, 1e-30, -3e30] {
            let rounded = from_short(to_short(value));
            assert!((rounded - value).abs() <= value.abs() / 256.0, "{value} {rounded}");
        }
        assert!(from_short(to_short(1e300)).is_finite() && from_short(to_short(f64::MIN)).is_finite());
        // ties go to even: 1 + 2⁻⁸ lies between 1 and 1 + 2⁻⁷
        assert_eq!(from_short(to_short(1.0 + 0.5f64.powi(8))), 1.0);
        assert_eq!(from_short(to_short(1.0 + 3.0 * 0.5f64.powi(8))), 1.0 + 0.5f64.powi(6));
    }

    #[test]
    fn levels_in_a_message() {
        let values = [0.0, 0.01, 1.0, 1.02, -3.0];
        let levels = Levels::learn(&values, 3).unwrap();
        assert_eq!(levels.len(), 3);
        assert!(values.iter().all(|v| (levels.value(levels.nearest(*v)) - v).abs() < 0.02));
        let mut writer = Writer::default();
        levels.pass(&mut writer).unwrap();
        assert_eq!(writer.0.len(), 5 + 3 * 16);
        let none = Levels(Vec::new());
        assert_eq!(none.pass(&mut Reader::of(&writer.0)).unwrap(), levels);
        // descending levels are no codebook
        let mut writer = Writer::default();
        writer.delta(3).unwrap();
        for level in [to_short(2.0), to_short(1.0)] {
            writer.number(u64::from(level), 16).unwrap();
        }
        assert!(none.pass(&mut Reader::of(&writer.0)).is_err());
        assert!(Levels::learn(&values, 0).is_err() && Levels::learn(&values, 2000).is_err());
        assert_eq!(Levels::learn(&[], 4).unwrap().len(), 0);
    }
}
