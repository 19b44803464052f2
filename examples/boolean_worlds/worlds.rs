//! The worlds: priors over the functions of four (or three) inputs, and targets from simple to random.

use softbias::Error;
use softbias::boolean::{CodeLengths, Grammar, TruthTable};
use softbias::prelude::*;

/// A function to be learned.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) function: TruthTable,
}

pub(crate) struct Worlds {
    pub(crate) quick: bool,
    pub(crate) inputs: usize,
    /// The law of a random formula of inputs, ¬, ∧, ∨; the same with ⊕; and every function alike.
    pub(crate) simple: BooleanPrior,
    pub(crate) with_xor: BooleanPrior,
    pub(crate) uniform: BooleanPrior,
    /// The shortest formula of every function, in the first language.
    pub(crate) lengths: CodeLengths,
    /// From simple to hard.
    pub(crate) targets: Vec<Target>,
    /// Tables of coins.
    pub(crate) random: Vec<TruthTable>,
}

/// The one that stands for the others where one is enough.
pub(crate) const STRUCTURED: usize = 1;

impl Worlds {
    pub(crate) fn new(quick: bool, seed: Seed) -> Result<Worlds, Error> {
        let k = if quick { 3 } else { 4 };
        let of = |name, function: fn(&[bool]) -> bool| -> Result<Target, Error> {
            Ok(Target { name, function: TruthTable::of(k, function)? })
        };
        let uniform = BooleanPrior::uniform(k)?;
        Ok(Worlds {
            quick,
            inputs: k,
            simple: BooleanPrior::formulas(k, &Grammar::and_or_not())?,
            with_xor: BooleanPrior::formulas(k, &Grammar::and_or_not_xor())?,
            lengths: CodeLengths::shortest(k, &Grammar::and_or_not())?,
            targets: vec![
                of("x1", |x| x[0])?,
                of("x1 ∧ x2", |x| x[0] && x[1])?,
                of("x1 ∧ (x2 ∨ x3)", |x| x[0] && (x[1] || x[2]))?,
                of("x1 ? x2 : x3", |x| if x[0] { x[1] } else { x[2] })?,
                of("majority", |x| 2 * x.iter().filter(|set| **set).count() > x.len())?,
                of("parity", |x| x.iter().filter(|set| **set).count() % 2 == 1)?,
            ],
            random: uniform.guesses(if quick { 64 } else { 400 }, seed),
            uniform,
        })
    }

    /// Number of inputs of a function, 2ᵏ.
    pub(crate) fn cells(&self) -> usize {
        1 << self.inputs
    }

    pub(crate) fn structured(&self) -> TruthTable {
        self.targets[STRUCTURED].function
    }

    pub(crate) fn parity(&self) -> TruthTable {
        self.targets[self.targets.len() - 1].function
    }
}
