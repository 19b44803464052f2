//! Exhaustive small worlds: every boolean function of at most four inputs, with a probability each.
//!
//! In such a world what is usually estimated is a finite sum: the law of the function that a random program computes (Solomonoff's
//! prior in small), the length of the shortest program of every function, posteriors, evidence and true risks.
//!
//! Values are signs: a point has coordinates −1 and +1, a function the values −1 and +1. The 2ᵏ inputs are numbered: input number c has
//! coordinate i = +1 where bit i of c is set.

mod convolution;
mod formulas;
mod grammar;
mod lempel_ziv;
mod prior;
mod table;

pub use formulas::CodeLengths;
pub use grammar::{Formula, Grammar, Rules};
pub use lempel_ziv::lz76_phrases;
pub use prior::BooleanPrior;
pub use table::{TruthTable, cells, points};
