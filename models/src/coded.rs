//! One function out of countably many, each with a code: what an Occam certificate needs.

use ndarray::Array2;
use softbias_priors::{Ledger, Nats, Points};

use crate::data::Data;
use crate::error::Result;
use crate::risk::{EmpiricalRisk, Loss};

/// A function that a decoder fixed in advance makes of a string: one of countably many, whatever was done to find it.
///
/// The weights P(h) = 2^−bits are those of a prior only if the code is *prefix-free*: no string is the beginning of another, so
/// that they sum to at most 1 (Kraft). A file of a known format is not yet one: its length has to be in the string, or to follow
/// from it. And whatever the decoder needs beside the string must have been fixed before the rows were seen, or stand in
/// [`code_ledger`](Coded::code_ledger).
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no code, so no certificate as one function out of countably many",
    label = "no code length here",
    note = "write a posterior's weights as a byte string with `Quantized::of(&posterior, codebook)`; for the Gibbs predictor of a \
            posterior use `certify` with a PAC-Bayes bound"
)]
pub trait Coded {
    /// ln 1/P(h) in nats, where P(h) = 2^−bits for a prefix-free code: the weights of all functions sum to at most 1.
    fn code_length(&self) -> Nats;

    /// Values of the decoded function at the points, (point, output).
    ///
    /// # Errors
    /// When the points do not fit.
    fn values(&self, x: &Points) -> Result<Array2<f64>>;

    /// What the *code* owes to data: the decoder, its features and scales, anything that is not in the string. Rows in here cannot
    /// certify.
    fn code_ledger(&self) -> Ledger;

    /// What the function that was found owes to data: the rows it was fitted to, and those of the code. Rows in here are not held
    /// out.
    fn ledger(&self) -> Ledger;

    /// The rows that the function was fitted to, where they are known: it can be judged on rows that went through the same
    /// transforms.
    fn fitted_to(&self) -> Option<&Data> {
        None
    }

    /// Its mean loss on data.
    ///
    /// # Errors
    /// When the data do not fit, went through other transforms than the rows it was [fitted to](Coded::fitted_to), or the loss
    /// cannot judge their labels.
    fn risk(&self, loss: Loss, data: &Data) -> Result<EmpiricalRisk> {
        if let Some(fitted) = self.fitted_to() {
            fitted.expect_same_transforms(data)?;
        }
        EmpiricalRisk::of_function(loss, data, &self.values(data.points())?)
    }
}
