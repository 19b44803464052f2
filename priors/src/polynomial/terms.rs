//! Which products of univariate polynomials a multivariate basis holds, and of what order each is.

use serde::{Deserialize, Serialize};

use crate::PriorError;
use crate::prior::Result;

/// How orders combine over several inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Truncation {
    /// The order of a product is the sum of its degrees: C(d+m, m) terms. The default.
    #[default]
    TotalDegree,
    /// The order of a product is its largest degree: (m+1)ᵈ terms.
    Tensor,
}

/// One term: the degree in every input.
pub(crate) type Degrees = Vec<u32>;

/// More terms than this are refused with a typed error.
const MOST_TERMS: u128 = 5_000_000;

impl Truncation {
    pub(crate) fn order(self, degrees: &[u32]) -> usize {
        match self {
            Truncation::TotalDegree => degrees.iter().map(|&d| d as usize).sum(),
            Truncation::Tensor => degrees.iter().map(|&d| d as usize).max().unwrap_or(0),
        }
    }

    /// Number of terms of order ≤ m in d inputs; saturates.
    fn up_to(self, m: usize, d: usize) -> u128 {
        match self {
            Truncation::TotalDegree => {
                (1..=d as u128).fold(1u128, |count, k| count.saturating_mul(m as u128 + k) / k)
            }
            Truncation::Tensor => (0..d).fold(1u128, |count, _| count.saturating_mul(m as u128 + 1)),
        }
    }

    /// Number of terms with order in lo..=hi.
    pub(crate) fn count(self, lo: usize, hi: usize, inputs: usize) -> Result<usize> {
        let below = if lo == 0 { 0 } else { self.up_to(lo - 1, inputs) };
        let all = self.up_to(hi, inputs);
        // Where the count of all orders overflows, the difference of two overflows says nothing.
        let count = if all > u128::MAX >> 64 { all } else { all.saturating_sub(below) };
        if count > MOST_TERMS {
            return Err(PriorError::Terms { count, limit: MOST_TERMS, inputs, order: hi });
        }
        Ok(count as usize)
    }

    /// The terms with order in lo..=hi, by order and then lexicographically.
    pub(crate) fn terms(self, lo: usize, hi: usize, inputs: usize) -> Result<Vec<Degrees>> {
        let mut terms = Vec::with_capacity(self.count(lo, hi, inputs)?);
        self.extend(&mut Vec::with_capacity(inputs), lo, hi, inputs, &mut terms);
        terms.sort_by_key(|degrees| self.order(degrees));
        Ok(terms)
    }

    fn extend(self, head: &mut Degrees, lo: usize, hi: usize, inputs: usize, terms: &mut Vec<Degrees>) {
        if head.len() == inputs {
            if self.order(head) >= lo {
                terms.push(head.clone());
            }
            return;
        }
        let order = self.order(head);
        // The last degree starts where the order reaches `lo`: terms of lower orders are never listed.
        let last = head.len() + 1 == inputs;
        let (least, most) = match self {
            Truncation::TotalDegree => (lo.saturating_sub(order), hi - order),
            Truncation::Tensor => (if order < lo { lo } else { 0 }, hi),
        };
        for degree in (if last { least as u32 } else { 0 }..=most as u32).rev() {
            head.push(degree);
            self.extend(head, lo, hi, inputs, terms);
            head.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn counts_are_lengths() {
        for truncation in [Truncation::TotalDegree, Truncation::Tensor] {
            for inputs in 1..=3 {
                for (lo, hi) in [(0, 0), (0, 4), (2, 5), (5, 5)] {
                    let terms = truncation.terms(lo, hi, inputs).unwrap();
                    assert_eq!(terms.len(), truncation.count(lo, hi, inputs).unwrap());
                    assert!(terms.iter().all(|t| (lo..=hi).contains(&truncation.order(t))));
                }
            }
        }
        assert_eq!(Truncation::TotalDegree.count(0, 3, 2).unwrap(), 10);
        assert!(Truncation::Tensor.count(0, 1000, 10).is_err());
    }
}
