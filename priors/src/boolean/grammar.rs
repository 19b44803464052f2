//! Random formulas: a grammar that ends by itself, the formulas it makes, and what they cost to write down.

use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::TruthTable;
use super::table::{INPUTS, cell_count};
use crate::PriorError;
use crate::math::{Nats, Seed};
use crate::prior::Result;

/// The probability of each rule by which a formula E is written, from left to right, as a prefix code: E → xᵢ | 0 or 1 | ¬E | E∧E | E∨E |
/// E⊕E. Which input, and which constant, is uniform.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// One of the inputs.
    pub variable: f64,
    /// One of the constants.
    pub constant: f64,
    /// The negation of a formula.
    pub not: f64,
    /// The conjunction of two.
    pub and: f64,
    /// The disjunction of two.
    pub or: f64,
    /// The exclusive disjunction of two.
    pub xor: f64,
}

/// A probabilistic grammar of formulas: a language, in which −ln of the probability of a formula is its length.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Rules", into = "Rules")]
pub struct Grammar {
    rules: Rules,
}

/// The most parts that a formula may have on average: sums over all formulas converge by this factor a pass, or faster.
const MOST_PARTS: f64 = 0.95;

impl Grammar {
    /// The grammar with these rules.
    ///
    /// # Errors
    /// Unless the rules are probabilities that sum to 1 (to 1e-9), with fewer than 0.95 parts on average (not + 2 (and + or + xor)): a
    /// grammar with 1 or more need not come to an end.
    pub fn new(rules: Rules) -> Result<Grammar> {
        let Rules { variable, constant, not, and, or, xor } = rules;
        let all = [variable, constant, not, and, or, xor];
        let sum: f64 = all.iter().sum();
        if all.iter().any(|p| !(0.0..=1.0).contains(p)) || (sum - 1.0).abs() > 1e-9 {
            let what = "the rules of a grammar must be probabilities that sum to 1";
            return Err(PriorError::Boolean { what, found: format!("{all:?}") });
        }
        let parts = not + 2.0 * (and + or + xor);
        if parts > MOST_PARTS {
            let what = "the formulas of a grammar end for certain, and soon enough to be summed, only with not + 2 (and + or + xor) ≤ 0.95";
            return Err(PriorError::Boolean { what, found: format!("{parts}") });
        }
        Ok(Grammar { rules })
    }

    /// Inputs, ¬, ∧ and ∨: probabilities 0.5, 0.1, 0.2 and 0.2. A formula has 10 symbols on average.
    #[must_use]
    pub fn and_or_not() -> Grammar {
        Grammar { rules: Rules { variable: 0.5, constant: 0.0, not: 0.1, and: 0.2, or: 0.2, xor: 0.0 } }
    }

    /// The same language with one more word: ⊕ takes its probability, 0.1, from ∧ and ∨.
    #[must_use]
    pub fn and_or_not_xor() -> Grammar {
        Grammar { rules: Rules { variable: 0.5, constant: 0.0, not: 0.1, and: 0.15, or: 0.15, xor: 0.1 } }
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.rules
    }

    /// A random formula of that many inputs.
    ///
    /// # Errors
    /// Unless there are 1 to 4 inputs.
    pub fn formula(&self, inputs: usize, seed: Seed) -> Result<Formula> {
        cell_count(inputs)?;
        Ok(self.drawn(inputs, seed))
    }

    /// What `tries` random formulas compute, by really writing them: formula i is [`Grammar::formula`] at `seed.at(i)`.
    ///
    /// # Errors
    /// Unless there are 1 to 4 inputs.
    pub fn guesses(&self, inputs: usize, tries: usize, seed: Seed) -> Result<Vec<TruthTable>> {
        cell_count(inputs)?;
        Ok((0..tries).into_par_iter().map(|i| self.drawn(inputs, seed.at(i)).function()).collect())
    }

    fn drawn(&self, inputs: usize, seed: Seed) -> Formula {
        let mut tokens = Vec::new();
        let mut numbers = [0.0; 16];
        let mut open = 1;
        while open > 0 {
            let place = tokens.len() % numbers.len();
            if place == 0 {
                seed.at(tokens.len()).fill_uniform(&mut numbers);
            }
            let token = self.token(inputs, numbers[place]);
            open = open + token.parts() - 1;
            tokens.push(token);
        }
        Formula { inputs, tokens }
    }

    /// The rule at a uniform number; what is left of the number below the rule says which input or constant.
    fn token(&self, inputs: usize, mut u: f64) -> Token {
        let Rules { variable, constant, not, and, or, xor } = self.rules;
        let which = |u: f64, p: f64, count: usize| ((u / p * count as f64) as usize).min(count - 1);
        for (p, token) in [(not, Token::Not), (and, Token::And), (or, Token::Or), (xor, Token::Xor)] {
            if u < p {
                return token;
            }
            u -= p;
        }
        if u < constant {
            return Token::Constant(which(u, constant, 2) == 1);
        }
        Token::Input(which(u - constant, variable, inputs))
    }
}

impl TryFrom<Rules> for Grammar {
    type Error = PriorError;
    fn try_from(rules: Rules) -> Result<Grammar> {
        Grammar::new(rules)
    }
}

impl From<Grammar> for Rules {
    fn from(grammar: Grammar) -> Rules {
        grammar.rules
    }
}

/// One symbol of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Token {
    Input(usize),
    Constant(bool),
    Not,
    And,
    Or,
    Xor,
}

impl Token {
    /// How many formulas follow it.
    fn parts(self) -> usize {
        match self {
            Token::Input(_) | Token::Constant(_) => 0,
            Token::Not => 1,
            Token::And | Token::Or | Token::Xor => 2,
        }
    }
}

/// A formula of a [`Grammar`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Formula {
    inputs: usize,
    /// In prefix order.
    tokens: Vec<Token>,
}

impl Formula {
    /// Number of symbols.
    #[must_use]
    pub fn symbols(&self) -> usize {
        self.tokens.len()
    }

    /// The function it computes.
    #[must_use]
    pub fn function(&self) -> TruthTable {
        let bits = self.folded(|token, parts: &[u16]| match (token, parts) {
            (Token::Input(i), _) => INPUTS[i],
            (Token::Constant(value), _) => {
                if value {
                    u16::MAX
                } else {
                    0
                }
            }
            (Token::Not, [a]) => !a,
            (Token::And, [a, b]) => a & b,
            (Token::Or, [a, b]) => a | b,
            (_, parts) => parts.iter().fold(0, |a, b| a ^ b),
        });
        let mask = (1usize << (1 << self.inputs)) - 1;
        TruthTable::trusted(self.inputs, usize::from(bits.unwrap_or_default()) & mask)
    }

    /// −ln of the probability that the grammar writes it: the length of its code.
    #[must_use]
    pub fn code_length(&self, grammar: &Grammar) -> Nats {
        let Rules { variable, constant, not, and, or, xor } = grammar.rules;
        let cost = |token: &Token| {
            -match token {
                Token::Input(_) => variable / self.inputs as f64,
                Token::Constant(_) => 0.5 * constant,
                Token::Not => not,
                Token::And => and,
                Token::Or => or,
                Token::Xor => xor,
            }
            .ln()
        };
        Nats(self.tokens.iter().map(cost).sum())
    }

    /// What a symbol makes of its parts, from the innermost outwards.
    fn folded<T: Clone>(&self, combine: impl Fn(Token, &[T]) -> T) -> Option<T> {
        let mut done: Vec<T> = Vec::new();
        for &token in self.tokens.iter().rev() {
            // read backwards, the first part is on top
            let mut parts = done.split_off(done.len().saturating_sub(token.parts()));
            parts.reverse();
            done.push(combine(token, &parts));
        }
        done.pop()
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.folded(|token, parts: &[String]| match (token, parts) {
            (Token::Input(i), _) => format!("x{}", i + 1),
            (Token::Constant(value), _) => u8::from(value).to_string(),
            (Token::And, [a, b]) => format!("({a} ∧ {b})"),
            (Token::Or, [a, b]) => format!("({a} ∨ {b})"),
            (Token::Xor, [a, b]) => format!("({a} ⊕ {b})"),
            (_, parts) => format!("¬{}", parts.concat()),
        });
        f.pad(&text.unwrap_or_default())
    }
}
