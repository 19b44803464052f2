//! Sums and minima over *all* formulas of a grammar: the law of what a random one computes, and the shortest one of every function.

use std::sync::Arc;

use super::TruthTable;
use super::convolution::{Algebra, Shortest, Sums, squared, xor};
use super::grammar::{Grammar, Rules};
use super::table::{INPUTS, function_count};
use crate::PriorError;
use crate::math::Nats;
use crate::prior::Result;

/// More passes than any grammar that can be built needs: 0.95 to their power is below 1e-22.
const PASSES: usize = 1000;

/// The probability that a random formula computes each function, to about 1e-12 of each.
pub(super) fn law(inputs: usize, grammar: &Grammar) -> Result<Vec<f64>> {
    let leaves = leaves::<Sums>(inputs, grammar)?;
    // any law is a start; one with no mass missing is a near one
    let mass: f64 = leaves.iter().sum();
    solve::<Sums>(inputs, grammar, &leaves, leaves.iter().map(|p| p / mass).collect())
}

/// The formulas that are one symbol.
fn leaves<A: Algebra>(inputs: usize, grammar: &Grammar) -> Result<Vec<f64>> {
    let Rules { variable, constant, .. } = grammar.rules();
    let mut leaves = vec![A::ZERO; function_count(inputs)?];
    let last = leaves.len() - 1;
    for table in &INPUTS[..inputs] {
        leaves[usize::from(*table) & last] = A::weight(variable / inputs as f64);
    }
    leaves[0] = A::weight(0.5 * constant);
    leaves[last] = A::weight(0.5 * constant);
    Ok(leaves)
}

/// The solution of x = leaves + not · x(¬f) + and · (x ∧ x) + or · (x ∨ x) + xor · (x ⊕ x), by iteration. Over probabilities this is a
/// contraction by the mean number of parts, a constant below 1, or less; over lengths pass d knows all formulas of depth d.
fn solve<A: Algebra>(inputs: usize, grammar: &Grammar, leaves: &[f64], start: Vec<f64>) -> Result<Vec<f64>> {
    let rules = grammar.rules();
    let (n, last) = (leaves.len(), leaves.len() - 1);
    let orbit = if rules.xor > 0.0 { orbits(inputs)? } else { Vec::new() };
    let (mut x, mut scratch) = (start, vec![A::ZERO; n]);

    for _ in 0..PASSES {
        let mut next = leaves.to_vec();
        let mut take = |rule: f64, part: &dyn Fn(usize) -> f64| {
            let weight = A::weight(rule);
            next.iter_mut().enumerate().for_each(|(f, sum)| *sum = A::add(*sum, A::mul(weight, part(f))));
        };
        if rules.not > 0.0 {
            take(rules.not, &|f| x[last - f]);
        }
        if rules.and > 0.0 {
            let mut both = vec![A::ZERO; n];
            squared::<A>(&x, &mut both, &mut scratch);
            take(rules.and, &|f| both[f]);
        }
        if rules.or > 0.0 {
            // f ∨ g = ¬(¬f ∧ ¬g), and ¬f is f counted from the end
            let not: Vec<f64> = x.iter().rev().copied().collect();
            let mut neither = vec![A::ZERO; n];
            squared::<A>(&not, &mut neither, &mut scratch);
            take(rules.or, &|f| neither[last - f]);
        }
        if rules.xor > 0.0 {
            let one = xor::<A>(&x, &orbit);
            take(rules.xor, &|f| one[f]);
        }
        let settled = x.iter().zip(&next).all(|(before, after)| A::settled(*before, *after));
        x = next;
        if settled {
            return Ok(x);
        }
    }
    let what = "the sum over all formulas converges in 1000 passes for any grammar that ends for certain";
    Err(PriorError::Boolean { what, found: format!("no convergence for {rules:?}") })
}

/// For every table the smallest that reordering the inputs makes of it.
fn orbits(inputs: usize) -> Result<Vec<usize>> {
    let mut orbit: Vec<usize> = (0..function_count(inputs)?).collect();
    for order in orders(inputs) {
        for (f, smallest) in orbit.iter_mut().enumerate() {
            let other = TruthTable::trusted(inputs, f).permuted(&order)?;
            *smallest = (*smallest).min(usize::from(other.bits()));
        }
    }
    Ok(orbit)
}

/// All orders of 0..n.
fn orders(n: usize) -> Vec<Vec<usize>> {
    (0..n).fold(vec![Vec::new()], |orders, next| {
        let with = |order: &Vec<usize>, at: usize| {
            let mut longer = order.clone();
            longer.insert(at, next);
            longer
        };
        orders.iter().flat_map(|order| (0..=order.len()).map(move |at| with(order, at))).collect()
    })
}

/// The length K(f) of the shortest formula of every function: Kolmogorov complexity, computable because the language is a grammar.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeLengths {
    inputs: usize,
    nats: Arc<[f64]>,
}

impl CodeLengths {
    /// Exactly, by the fixed point of shortest parts: K(f) = min over rules of −ln of the rule's probability and the K of its parts. As many
    /// passes as the deepest shortest formula has levels; a pass is 43 million additions for four inputs (some 0.1 s).
    ///
    /// # Errors
    /// Unless there are 1 to 4 inputs.
    pub fn shortest(inputs: usize, grammar: &Grammar) -> Result<CodeLengths> {
        let leaves = leaves::<Shortest>(inputs, grammar)?;
        let nats = solve::<Shortest>(inputs, grammar, &leaves, leaves.clone())?;
        Ok(CodeLengths { inputs, nats: nats.into() })
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// K(f); infinite where no formula computes the function.
    ///
    /// # Errors
    /// For a function of another number of inputs.
    pub fn of(&self, function: TruthTable) -> Result<Nats> {
        function.expect_inputs(self.inputs)?;
        Ok(Nats(self.nats[usize::from(function.bits())]))
    }

    /// K in nats of every function, in the order of their tables.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        &self.nats
    }
}
