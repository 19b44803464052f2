//! A probability for every boolean function: uniform, by random formulas, by shortest formulas, or given.

use std::fmt;
use std::sync::Arc;

use ndarray::Array3;

use super::TruthTable;
use super::formulas::{self, CodeLengths};
use super::grammar::Grammar;
use super::table::{cell_count, cells, function_count};
use crate::math::{Nats, Seed};
use crate::prior::{Prior, Result};
use crate::{Ledger, Points, PriorError, Softness, memory};

/// A distribution over all 2^(2ᵏ) boolean functions of k ≤ 4 inputs. Cheap to clone.
#[derive(Clone, PartialEq)]
pub struct BooleanPrior {
    inputs: usize,
    probabilities: Arc<[f64]>,
}

impl BooleanPrior {
    /// Every function alike: what is learned of one input says nothing of another.
    ///
    /// # Errors
    /// Unless there are 1 to 4 inputs.
    pub fn uniform(inputs: usize) -> Result<BooleanPrior> {
        BooleanPrior::weighted(inputs, vec![1.0; function_count(inputs)?])
    }

    /// The function that a random formula computes: the sum over *all* formulas, Solomonoff's prior in small. Every probability is right to
    /// about 1e-12 of itself. Some 50 passes, each of 43 million multiplications for four inputs, and 130 million more with ⊕: seconds.
    ///
    /// # Errors
    /// Unless there are 1 to 4 inputs.
    pub fn formulas(inputs: usize, grammar: &Grammar) -> Result<BooleanPrior> {
        BooleanPrior::weighted(inputs, formulas::law(inputs, grammar)?)
    }

    /// P(f) ∝ e^−K(f): the shortest formula of every function in place of the sum over all of its formulas.
    ///
    /// # Errors
    /// Where no function has a formula.
    pub fn by_complexity(lengths: &CodeLengths) -> Result<BooleanPrior> {
        BooleanPrior::weighted(lengths.inputs(), lengths.as_slice().iter().map(|k| (-k).exp()).collect())
    }

    /// Probabilities in proportion to weights, one a function in the order of their tables.
    ///
    /// # Errors
    /// Unless there are 2^(2^inputs) of them, none negative, with a sum that is positive and finite.
    pub fn weighted(inputs: usize, mut weights: Vec<f64>) -> Result<BooleanPrior> {
        let expected = function_count(inputs)?;
        if weights.len() != expected {
            return Err(PriorError::Dimensions {
                what: "weights of functions",
                expected,
                found: weights.len(),
            });
        }
        let sum: f64 = weights.iter().sum();
        if !(sum > 0.0 && sum.is_finite()) || weights.iter().any(|w| *w < 0.0) {
            let what = "the weights of functions must be ≥ 0, with a positive finite sum";
            return Err(PriorError::Boolean { what, found: format!("a sum of {sum}") });
        }
        weights.iter_mut().for_each(|w| *w /= sum);
        Ok(BooleanPrior { inputs, probabilities: weights.into() })
    }

    /// The hard constraint: this prior given that the function is one of those.
    ///
    /// # Errors
    /// When none of them has a probability.
    pub fn only(&self, allowed: impl Fn(TruthTable) -> bool) -> Result<BooleanPrior> {
        let keep = |(f, p): (TruthTable, &f64)| if allowed(f) { *p } else { 0.0 };
        BooleanPrior::weighted(self.inputs, self.each().map(keep).collect())
    }

    /// core + softness · rest, for laws: the rest with probability s²/(1 + s²), else this one. Softness 0 is the hard end, and any other
    /// costs the functions of the core at most ln(1 + s²) nats.
    ///
    /// # Errors
    /// For a rest of another number of inputs.
    pub fn mixed(&self, softness: Softness, rest: &BooleanPrior) -> Result<BooleanPrior> {
        if rest.inputs != self.inputs {
            let (expected, found) = (self.inputs, rest.inputs);
            return Err(PriorError::Dimensions { what: "inputs of the rest", expected, found });
        }
        let square = softness.squared();
        let mix = |(core, rest): (&f64, &f64)| core + square * rest;
        let weights = self.probabilities.iter().zip(&*rest.probabilities).map(mix);
        BooleanPrior::weighted(self.inputs, weights.collect())
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The probability of every function, in the order of their tables.
    #[must_use]
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// Every function with its probability.
    pub fn each(&self) -> impl Iterator<Item = (TruthTable, &f64)> {
        self.probabilities.iter().enumerate().map(|(f, p)| (TruthTable::trusted(self.inputs, f), p))
    }

    /// The probability of one function.
    ///
    /// # Errors
    /// For a function of another number of inputs.
    pub fn probability(&self, function: TruthTable) -> Result<f64> {
        function.expect_inputs(self.inputs)?;
        Ok(self.probabilities[usize::from(function.bits())])
    }

    /// −ln P(f): what the function costs by this prior; infinite where it has no probability.
    ///
    /// # Errors
    /// For a function of another number of inputs.
    pub fn code_length(&self, function: TruthTable) -> Result<Nats> {
        Ok(Nats(-self.probability(function)?.ln()))
    }

    /// The most probable function; of several, the one with the smallest table.
    #[must_use]
    pub fn most_probable(&self) -> TruthTable {
        let better =
            |best: usize, f: usize| if self.probabilities[f] > self.probabilities[best] { f } else { best };
        TruthTable::trusted(self.inputs, (0..self.probabilities.len()).fold(0, better))
    }

    /// The entropy of the law.
    #[must_use]
    pub fn entropy(&self) -> Nats {
        Nats(self.probabilities.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum())
    }

    /// The probabilities of −1 and of +1 at every input, in the order of their numbers. Each is a sum of its own, so that neither is a
    /// difference. O(2ᵏ 2^(2ᵏ)).
    #[must_use]
    pub fn marginals(&self) -> Vec<[f64; 2]> {
        let mut marginals = vec![[0.0; 2]; 1 << self.inputs];
        for (f, p) in self.probabilities.iter().enumerate().filter(|(_, p)| **p > 0.0) {
            for (cell, sides) in marginals.iter_mut().enumerate() {
                sides[f >> cell & 1] += p;
            }
        }
        marginals
    }

    /// For every set S of inputs, by its bits, the probability that a random function agrees with `target` on all of S: all at once, as sums
    /// over the supersets of agreement, O(2ᵏ 2^(2ᵏ)). The function at S ∪ {c}, over that at S, is the probability that a function which
    /// agrees on S does so at c: all learning curves of the target are in here.
    ///
    /// # Errors
    /// For a function of another number of inputs.
    pub fn agreement(&self, target: TruthTable) -> Result<Vec<f64>> {
        target.expect_inputs(self.inputs)?;
        let agree = |set: usize| !(set ^ usize::from(target.bits())) & (self.probabilities.len() - 1);
        let mut sums: Vec<f64> =
            (0..self.probabilities.len()).map(|set| self.probabilities[agree(set)]).collect();
        for cell in 0..cell_count(self.inputs)? {
            for block in sums.chunks_mut(2 << cell) {
                let (without, with) = block.split_at_mut(1 << cell);
                without.iter_mut().zip(with).for_each(|(without, with)| *without += *with);
            }
        }
        Ok(sums)
    }

    /// `tries` functions drawn from it, function i being the same however many are drawn.
    #[must_use]
    pub fn guesses(&self, tries: usize, seed: Seed) -> Vec<TruthTable> {
        let sum_up = |below: &mut f64, p: &f64| {
            *below += p;
            Some(*below)
        };
        let cumulative: Vec<f64> = self.probabilities.iter().scan(0.0, sum_up).collect();
        let at = |u: f64| cumulative.partition_point(|c| *c <= u);
        // rounding may lead past the last function that has a probability
        let last = self.probabilities.iter().rposition(|p| *p > 0.0).unwrap_or_default();
        seed.uniform1(tries, 0.0, 1.0)
            .iter()
            .map(|u| TruthTable::trusted(self.inputs, at(*u).min(last)))
            .collect()
    }
}

impl fmt::Debug for BooleanPrior {
    /// A summary: 65,536 numbers would hide it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BooleanPrior")
            .field("inputs", &self.inputs)
            .field("entropy", &format_args!("{}", self.entropy()))
            .field("most_probable", &format_args!("{}", self.most_probable()))
            .finish_non_exhaustive()
    }
}

impl Prior for BooleanPrior {
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        memory::announce_draws(n, x.len(), 1)?;
        let cells = cells(self.inputs, x)?;
        let functions = self.guesses(n, seed);
        Ok(Array3::from_shape_fn((n, x.len(), 1), |(draw, point, _)| functions[draw].sign(cells[point])))
    }

    fn ledger(&self) -> Ledger {
        Ledger::default()
    }
}
