//! Models as byte strings: weights rounded, coded without loss, decoded again; the model is the function of the decoded weights.
//!
//! # The code
//!
//! A message is, in this order, each part as bits with odds known before they are read:
//!
//! 1. the unit of the weights (white or plain) and the kind of codebook (steps or levels), one bit each at even odds;
//! 2. the codebook: the place of the step on its grid in Elias' δ code, or the number of levels in δ code and 16 bits a level;
//! 3. a symbol for each weight whose scale in the prior is not 0, output by output, in the order of the features. Odds are learned
//!    from the symbols before (Krichevsky & Trofimov 1981), in integers: what counts would cost in a table, ½ log₂ n bits each, is
//!    paid as it is learned, and for 100 to 5,000 weights that is less than any table (the tables of tight-pac-bayes take ⌈log₂ n⌉
//!    bits a level). A weight of scale 0 is not in the message, and costs nothing.
//!
//! These bits choose an interval of [0, 1) as long as their probability; the message is the shortest string all of whose
//! continuations lie in it.
//!
//! # Why it is a prefix code
//!
//! The decoder knows from the prior how many symbols there are, and needs no end. Intervals of different contents are disjoint, a
//! message stands for an interval 2^−bits long inside its own, and the decoder refuses a string that is not the very message of what
//! it says. So intervals of different messages are disjoint parts of [0, 1): Σ 2^−bits ≤ 1, and no message begins another. (Tests go
//! through all short strings.) Different messages may say the same function; that only adds to its weight.
//!
//! # What is not in the message
//!
//! The decoder: this format, and the prior with its features, scales, mean and seeds. They must not have seen the rows that certify; what
//! they owe is in [`Coded::code_ledger`](crate::Coded::code_ledger).

mod channel;
mod codebook;
mod entropy;
mod error;
mod lloyd;
mod message;
mod weights;

use std::sync::Arc;

use ndarray::{Array2, ArrayView2, s};
use softbias_priors::math::linalg;
use softbias_priors::{GaussianPrior, Ledger, Nats, Points, PriorError, Saw};

pub use codebook::{Codebook, Units};
pub use error::CodeError;
pub use message::Message;

use self::entropy::{Reader, Writer};
use self::weights::Symbols;
use crate::coded::Coded;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::exact::ExactPosterior;
use crate::posterior::Informed;

/// The function that a [`Message`] says, under the features of a prior: f(x) = mean(x) + Σⱼ wⱼ bⱼ(x) with decoded weights w.
///
/// ```
/// use softbias_models::{Codebook, Coded, Data, Gaussian, Message, Quantized, WithLikelihood};
/// use softbias_priors::Polynomial;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let data = Data::line((0..50).map(|i| f64::from(i) / 25.0 - 0.98), (0..50).map(|i| f64::from(i).sin()))?;
/// let prior = Polynomial::orders(0..=20);
/// let posterior = prior.clone().with_likelihood(Gaussian::noise(0.5)).condition(&data)?;
/// let model = Quantized::of(&posterior, Codebook::uniform(0.25))?;
///
/// // the bytes are all there is to it, given the prior
/// let bytes = model.message().to_bytes();
/// let decoded = Quantized::decode(prior, &Message::from_bytes(&bytes)?)?;
/// assert_eq!(decoded.values(data.points())?, model.values(data.points())?);
/// assert_eq!(model.code_length().bits(), model.message().bits() as f64);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Quantized {
    prior: Arc<dyn GaussianPrior>,
    coefficients: Array2<f64>,
    message: Message,
    fitted: Option<Data>,
    found: Ledger,
}

impl Quantized {
    /// The posterior mean, its weights rounded to a codebook.
    ///
    /// # Errors
    /// [`ModelError::NoFeatures`] for a posterior in function space; [`CodeError`] for a codebook that is none, or that the weights
    /// do not fit.
    pub fn of(posterior: &ExactPosterior, codebook: Codebook) -> Result<Quantized> {
        let none = || ModelError::NoFeatures(format!("{:?}", posterior.prior()).chars().take(60).collect());
        let coefficients = posterior.coefficients().ok_or_else(none)?;
        Quantized::of_weights(Arc::clone(posterior.prior()), coefficients.view(), codebook)?
            .fitted_on(posterior.conditioned_on())
    }

    /// Any weights, (feature, output), in the unit of the prior's features and as departures from its mean, rounded to a codebook.
    /// Say which rows they were fitted to by [`fitted_on`](Quantized::fitted_on); until then they count as fitted to any.
    ///
    /// # Errors
    /// For a prior without features, another number of weights, and as [`Quantized::of`].
    pub fn of_weights<P: GaussianPrior + 'static>(
        prior: P,
        coefficients: ArrayView2<'_, f64>,
        codebook: Codebook,
    ) -> Result<Quantized> {
        let prior: Arc<dyn GaussianPrior> = Arc::new(prior);
        let scales = Scales::of(&*prior)?;
        let expected = (scales.all.len(), prior.outputs());
        if coefficients.dim() != expected {
            return Err(ModelError::Features {
                what: "the matrix of weights",
                expected,
                found: coefficients.dim(),
            });
        }
        let weights = scales.gather(coefficients, codebook)?;
        let symbols = match Symbols::nearest(&weights, codebook)? {
            Ok(symbols) => symbols,
            Err(place) => {
                let (feature, output) = scales.place(place);
                let value = weights.get(place).copied().unwrap_or(f64::NAN);
                return Err(CodeError::Weight { feature, output, value }.into());
            }
        };
        let mut writer = Writer::default();
        symbols.pass(&mut writer, weights.len())?;
        let message = Message::new(writer.finish()?);
        let coefficients = scales.scatter(&symbols, prior.outputs());
        Ok(Quantized::new(prior, coefficients, message))
    }

    /// The function that a message says: from the bytes and the prior, and nothing else. The weights are those of the encoder bit
    /// for bit. Which rows they were fitted to is not in the bytes: see [`fitted_on`](Quantized::fitted_on).
    ///
    /// # Errors
    /// [`CodeError::NotAMessage`] for a string that is not the message of any weights of this prior: damaged, cut short, or followed
    /// by more.
    pub fn decode<P: GaussianPrior + 'static>(prior: P, message: &Message) -> Result<Quantized> {
        let prior: Arc<dyn GaussianPrior> = Arc::new(prior);
        let scales = Scales::of(&*prior)?;
        let mut reader = Reader::new(message.code());
        let symbols = Symbols::read(&mut reader, scales.live.len() * prior.outputs())?;
        reader.finish()?;
        let coefficients = scales.scatter(&symbols, prior.outputs());
        Ok(Quantized::new(prior, coefficients, message.clone()))
    }

    fn new(prior: Arc<dyn GaussianPrior>, coefficients: Array2<f64>, message: Message) -> Quantized {
        let found = Ledger::saw("weights, by a search that is not known,", Saw::Labels, None);
        Quantized { prior, coefficients, message, fitted: None, found }
    }

    /// Declares that the weights were fitted to these rows and to no others: what held-out bounds must know, and on what scale the
    /// function may be judged.
    ///
    /// # Errors
    /// When the data have other outputs than the prior.
    pub fn fitted_on(self, data: &Data) -> Result<Quantized> {
        if data.outputs() != self.prior.outputs() {
            return Err(ModelError::Outputs { model: self.prior.outputs(), labels: data.outputs() });
        }
        let found = Ledger::saw("weights", Saw::Labels, Some(data.rows()));
        Ok(Quantized { fitted: Some(data.clone()), found, ..self })
    }

    /// Of the posterior mean under each of these codebooks, the one of the least cost; the first of equals.
    ///
    /// A search by the certified bound costs nothing: the codebook is in the message, whose length is paid already, and the bound
    /// holds for all messages at once. (Not so the search over priors, which are not in the message: charge them,
    /// [`charged`](softbias_priors::PriorExt::charged).) A held-out bound of what was found pays for the search, for its cost may have
    /// looked at those rows.
    ///
    /// # Errors
    /// Without a codebook that fits, the error of the last one; and those of `cost`.
    pub fn search<E: From<ModelError>>(
        posterior: &ExactPosterior,
        codebooks: impl IntoIterator<Item = Codebook>,
        cost: impl Fn(&Quantized) -> std::result::Result<f64, E>,
    ) -> std::result::Result<Quantized, E> {
        let mut best: Option<(f64, Quantized)> = None;
        let mut refused = ModelError::Prior(PriorError::Empty("codebooks to search"));
        let mut tried = 0;
        for codebook in codebooks {
            tried += 1;
            match Quantized::of(posterior, codebook) {
                Ok(model) => {
                    let cost = cost(&model)?;
                    if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                        best = Some((cost, model));
                    }
                }
                Err(error) => refused = error,
            }
        }
        let (_, model) = best.ok_or(refused)?;
        Ok(Quantized { found: model.found.clone().and(&Ledger::chose("codebook", tried)), ..model })
    }

    /// The byte string that the model is.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The decoded weights, (feature, output), as departures from the prior's mean.
    #[must_use]
    pub fn coefficients(&self) -> &Array2<f64> {
        &self.coefficients
    }

    /// The prior whose features it uses, a part of the decoder.
    #[must_use]
    pub fn prior(&self) -> &Arc<dyn GaussianPrior> {
        &self.prior
    }
}

impl Coded for Quantized {
    fn code_length(&self) -> Nats {
        Nats::from_bits(self.message.bits() as f64)
    }

    fn values(&self, x: &Points) -> Result<Array2<f64>> {
        /// Rows at a time: the features at all points may be far larger than the values.
        const ROWS: usize = 2048;
        let mut values = self.prior.mean(x)?;
        let features = self.prior.weights().ok_or(PriorError::Empty("features of a prior"))?;
        for start in (0..x.len()).step_by(ROWS) {
            let rows = start..(start + ROWS).min(x.len());
            let basis = features.basis(&x.range(rows.clone())?).map_err(|error| error.of_row_after(start))?;
            let departure = linalg::matmul(basis.view(), self.coefficients.view());
            let mut part = values.slice_mut(s![rows, ..]);
            part += &departure;
        }
        Ok(values)
    }

    fn code_ledger(&self) -> Ledger {
        let of_prior = self.prior.ledger().of_functions();
        self.fitted.iter().fold(of_prior, |ledger, data| ledger.and(data.ledger()))
    }

    fn ledger(&self) -> Ledger {
        let of_prior = self.prior.ledger().of_posterior();
        self.fitted.iter().fold(of_prior, |ledger, data| ledger.and(data.ledger())).and(&self.found)
    }

    fn fitted_to(&self) -> Option<&Data> {
        self.fitted.as_ref()
    }
}

/// The scales of a prior's weights: which of them are in a message.
struct Scales {
    all: ndarray::Array1<f64>,
    live: Vec<usize>,
}

impl Scales {
    fn of(prior: &dyn GaussianPrior) -> Result<Scales> {
        let none = || ModelError::NoFeatures(format!("{prior:?}").chars().take(60).collect());
        let all = prior.weights().ok_or_else(none)?.scales();
        let live = all.iter().enumerate().filter(|(_, scale)| **scale > 0.0).map(|(j, _)| j).collect();
        Ok(Scales { all, live })
    }

    /// Feature and output of a weight by its place in the message.
    fn place(&self, place: usize) -> (usize, usize) {
        let count = self.live.len().max(1);
        (self.live.get(place % count).copied().unwrap_or(0), place / count)
    }

    /// The weights of a message in the units of the codebook, output by output.
    fn gather(&self, coefficients: ArrayView2<'_, f64>, codebook: Codebook) -> Result<Vec<f64>> {
        let is_dead = |j: usize| self.live.binary_search(&j).is_err();
        let dead = coefficients.indexed_iter().find(|((j, _), w)| **w != 0.0 && is_dead(*j));
        if let Some(((feature, _), &value)) = dead {
            return Err(CodeError::DeadWeight { feature, value }.into());
        }
        let unit = |j: usize| if codebook.units == Units::White { self.all[j] } else { 1.0 };
        let of_output = |c: usize| self.live.iter().map(move |&j| coefficients[[j, c]] / unit(j));
        Ok((0..coefficients.ncols()).flat_map(of_output).collect())
    }

    /// The coefficients that the symbols stand for: everything that the decoder computes with them.
    fn scatter(&self, symbols: &Symbols, outputs: usize) -> Array2<f64> {
        let mut coefficients = Array2::zeros((self.all.len(), outputs));
        for (place, number) in symbols.numbers().into_iter().enumerate() {
            let (j, c) = self.place(place);
            let unit = if symbols.units == Units::White { self.all[j] } else { 1.0 };
            coefficients[[j, c]] = number * unit;
        }
        coefficients
    }
}
