//! The format as binary decisions: one description that writes and reads, so that the two cannot differ.
//!
//! Everything in a message is a sequence of bits, each with odds that the reader knows before it reads it. A function that
//! describes a part of the format takes the value to write and gives the value that stands there: a channel that writes hands every
//! bit back as it is, a channel that reads ignores the one it is given.

use super::error::CodeError;

/// Results of this module.
pub(super) type Result<T> = std::result::Result<T, CodeError>;

/// The odds of a bit in integers: fixed point, so that writer and reader agree to the last bit on any machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Odds {
    zeros: u64,
    ones: u64,
}

impl Odds {
    /// Either with probability ½.
    pub(super) const EVEN: Odds = Odds { zeros: 1, ones: 1 };

    /// P(0) in units of 2^−`precision`, strictly between 0 and 1.
    pub(super) fn share_of_zero(self, precision: u32) -> u32 {
        let whole = 1u64 << precision;
        let share = (u128::from(whole) * u128::from(self.zeros)) / u128::from(self.zeros + self.ones);
        (share as u64).clamp(1, whole - 1) as u32
    }
}

/// Odds learned on the way: Krichevsky & Trofimov's estimator (1981), (n₁ + ½)/(n + 1).
///
/// It costs at most ½ log₂ n + 1 bits over the best fixed odds of n bits, known in advance; no counts are sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adaptive(Odds);

impl Default for Adaptive {
    fn default() -> Adaptive {
        Adaptive(Odds::EVEN)
    }
}

impl Adaptive {
    fn learn(&mut self, bit: bool) {
        // counts are kept in halves: both begin at ½
        if bit { self.0.ones += 2 } else { self.0.zeros += 2 }
    }
}

/// Where bits go to, or come from.
pub(super) trait Channel {
    /// Writes `bit` and gives it back, or ignores it and gives the bit that was read.
    fn bit(&mut self, bit: bool, odds: Odds) -> Result<bool>;

    /// A bit with learned odds.
    fn adaptive(&mut self, bit: bool, odds: &mut Adaptive) -> Result<bool> {
        let bit = self.bit(bit, odds.0)?;
        odds.learn(bit);
        Ok(bit)
    }

    /// The lowest `width` ≤ 64 bits of a number, the highest first.
    fn number(&mut self, value: u64, width: u32) -> Result<u64> {
        (0..width).rev().try_fold(0, |number, place| {
            let bit = self.bit((value >> place) & 1 == 1, Odds::EVEN)?;
            Ok((number << 1) | u64::from(bit))
        })
    }

    /// Elias' γ code (1975) of n ≥ 1: as many zeros as n has binary digits after its first, then n. 2⌊log₂ n⌋ + 1 bits.
    fn gamma(&mut self, n: u64) -> Result<u64> {
        let digits = n.max(1).ilog2();
        let mut places = 0;
        while !self.bit(places >= digits, Odds::EVEN)? {
            places += 1;
            if places > 63 {
                return Err(CodeError::NotAMessage("a whole number has more than 64 binary digits"));
            }
        }
        Ok((1 << places) | self.number(n & !(1 << digits), places)?)
    }

    /// Elias' δ code (1975) of n ≥ 1: γ of its number of binary digits, then those after its first.
    /// ⌊log₂ n⌋ + 2⌊log₂(⌊log₂ n⌋ + 1)⌋ + 1 bits.
    fn delta(&mut self, n: u64) -> Result<u64> {
        let digits = n.max(1).ilog2();
        let places = self.gamma(u64::from(digits) + 1)? - 1;
        if places > 63 {
            return Err(CodeError::NotAMessage("a whole number has more than 64 binary digits"));
        }
        Ok((1 << places) | self.number(n & !(1 << digits), places as u32)?)
    }
}

/// A channel that writes plain bits, and one that reads them: the odds are not used.
#[cfg(test)]
pub(super) mod plain {
    use super::*;

    #[derive(Default)]
    pub(crate) struct Writer(pub(crate) Vec<bool>);

    impl Channel for Writer {
        fn bit(&mut self, bit: bool, _odds: Odds) -> Result<bool> {
            self.0.push(bit);
            Ok(bit)
        }
    }

    pub(crate) struct Reader(pub(crate) std::collections::VecDeque<bool>);

    impl Reader {
        pub(crate) fn of(bits: &[bool]) -> Reader {
            Reader(bits.iter().copied().collect())
        }
    }

    impl Channel for Reader {
        fn bit(&mut self, _bit: bool, _odds: Odds) -> Result<bool> {
            self.0.pop_front().ok_or(CodeError::NotAMessage("cut short"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::plain::{Reader, Writer};
    use super::*;

    type Code = fn(&mut Writer, u64) -> Result<u64>;
    type Decode = fn(&mut Reader, u64) -> Result<u64>;

    const CODES: [(Code, Decode); 2] = [(Writer::gamma, Reader::gamma), (Writer::delta, Reader::delta)];

    fn word(code: Code, n: u64) -> Vec<bool> {
        let mut writer = Writer::default();
        assert_eq!(code(&mut writer, n).unwrap(), n);
        writer.0
    }

    #[test]
    fn known_codewords() {
        let text =
            |code: Code, n| word(code, n).iter().map(|bit| if *bit { '1' } else { '0' }).collect::<String>();
        // Elias (1975)
        for (n, gamma, delta) in [
            (1, "1", "1"),
            (2, "010", "0100"),
            (3, "011", "0101"),
            (4, "00100", "01100"),
            (8, "0001000", "00100000"),
            (10, "0001010", "00100010"),
            (17, "000010001", "001010001"),
        ] {
            assert_eq!((text(Writer::gamma, n), text(Writer::delta, n)), (gamma.into(), delta.into()), "{n}");
        }
    }

    #[test]
    fn round_trips_and_kraft() {
        let ends = (0..64).flat_map(|k| [1u64 << k, (1u64 << k) | 1, u64::MAX >> k]);
        for (code, decode) in CODES {
            for n in (1..3000).chain(ends.clone()) {
                let word = word(code, n);
                let mut reader = Reader::of(&word);
                assert_eq!(decode(&mut reader, 0).unwrap(), n);
                assert!(reader.0.is_empty());
                assert!(decode(&mut Reader::of(&word[..word.len() - 1]), 0).is_err());
            }
            let kraft: f64 = (1..1 << 16).map(|n| 0.5f64.powi(word(code, n).len() as i32)).sum();
            assert!(kraft <= 1.0 && kraft > 0.9, "{kraft}");
        }
        // 64 zeros are no number
        assert!(Reader::of(&[false; 200]).gamma(0).is_err());
        let mut too_long = Writer::default();
        too_long.gamma(65).unwrap();
        assert!(Reader::of(&too_long.0).delta(0).is_err());
    }

    #[test]
    fn odds_are_never_certain() {
        let mut odds = Adaptive::default();
        for _ in 0..100_000 {
            odds.learn(true);
        }
        assert!((1..40).contains(&odds.0.share_of_zero(20)));
        assert_eq!(Odds { zeros: 0, ones: 1 }.share_of_zero(24), 1);
        assert_eq!(Odds { zeros: 1, ones: 0 }.share_of_zero(24), (1 << 24) - 1);
        assert_eq!(Odds::EVEN.share_of_zero(24), 1 << 23);
    }
}
