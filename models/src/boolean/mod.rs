//! Exhaustive small worlds with labels: posterior, evidence, information and risk of boolean functions as finite sums.
//!
//! ```
//! use softbias_models::boolean::{World, guess_and_check};
//! use softbias_models::{Flips, Posterior, WithLikelihood};
//! use softbias_priors::boolean::{BooleanPrior, Grammar, TruthTable};
//! use softbias_priors::Seed;
//!
//! # fn main() -> Result<(), softbias_models::ModelError> {
//! let target = TruthTable::of(3, |x| x[0] && (x[1] || x[2]))?;
//! let data = World::of(target).sample(10, Seed::new(1))?;
//! let posterior =
//!     BooleanPrior::formulas(3, &Grammar::and_or_not())?.with_likelihood(Flips::none()).condition(&data)?;
//! // the evidence is the probability that a random formula fits
//! let guesses = Grammar::and_or_not().guesses(3, 20_000, Seed::new(2))?;
//! let checked = guess_and_check(&guesses, &data)?;
//! assert!((checked.rate() - posterior.evidence().log.get().exp()).abs() < 4.0 * checked.standard_error());
//! # Ok(())
//! # }
//! ```

mod guess;
mod posterior;
mod world;

pub use guess::{Guessed, guess_and_check};
pub use posterior::{BooleanPosterior, Enumeration};
pub use world::World;
