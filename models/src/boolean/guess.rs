//! Guess and check: draw functions until they fit, without learning anything (Chiang et al. 2022).

use softbias_priors::Nats;
use softbias_priors::boolean::{TruthTable, cells};

use super::posterior::signs;
use crate::data::Data;
use crate::error::Result;
use crate::evidence::Grade;

/// What came of guessing.
#[derive(Clone, Debug, PartialEq)]
pub struct Guessed {
    tries: usize,
    accepted: Vec<TruthTable>,
}

/// Keeps the functions that fit every label. The share kept estimates the evidence without flips, without bias, and what is kept are
/// independent draws from the posterior of the law that was guessed from ([`softbias_priors::BooleanPrior::guesses`], or random formulas:
/// [`softbias_priors::boolean::Grammar::guesses`]). O(distinct inputs) a guess.
///
/// # Errors
/// When inputs or labels are not −1 and +1, or a guess has another number of inputs.
pub fn guess_and_check(guesses: &[TruthTable], data: &Data) -> Result<Guessed> {
    let labels = signs(data)?;
    let rows = cells(data.inputs(), data.points())?;
    // (input, label), once each: a guess is as good on a row that was seen twice
    let mut facts: Vec<(usize, bool)> = rows.into_iter().zip(labels.iter().map(|y| *y > 0.0)).collect();
    facts.sort_unstable();
    facts.dedup();
    let mut accepted = Vec::new();
    for guess in guesses {
        if guess.inputs() != data.inputs() {
            data.points().expect_inputs(guess.inputs())?;
        }
        if facts.iter().all(|(cell, up)| (guess.sign(*cell) > 0.0) == *up) {
            accepted.push(*guess);
        }
    }
    Ok(Guessed { tries: guesses.len(), accepted })
}

impl Guessed {
    /// How many functions were guessed.
    #[must_use]
    pub fn tries(&self) -> usize {
        self.tries
    }

    /// Those that fit: draws from the posterior.
    #[must_use]
    pub fn accepted(&self) -> &[TruthTable] {
        &self.accepted
    }

    /// The share that fits, an unbiased estimate of the evidence; NaN without guesses.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.accepted.len() as f64 / self.tries as f64
    }

    /// The standard error of the rate. It is 0, and says nothing, where none or all fitted.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        (self.rate() * (1.0 - self.rate()) / self.tries as f64).sqrt()
    }

    /// ln of the rate, with its standard error in nats (to first order); −∞ ± ∞ where nothing fitted.
    #[must_use]
    pub fn log_evidence(&self) -> (Nats, Grade) {
        let rate = self.rate();
        let standard_error = if rate > 0.0 { self.standard_error() / rate } else { f64::INFINITY };
        (Nats(rate.ln()), Grade::Estimate { standard_error })
    }
}
