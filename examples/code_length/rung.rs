//! One softness: the posterior, the shortest certified message, its file, and everything that is asked of them.

use std::fs;
use std::path::Path;

use softbias::bounds::{Certificate, CountableBinomial, Seeger};
use softbias::prelude::*;
use softbias::{Error, Ledger, Message, ModelError, Pathways, Units};

use crate::sets::Labels;

const DELTA: f64 = 0.05;

/// The step of the codebook that is the same at every softness.
pub(crate) const STEP: f64 = 0.125;

/// Likelihoods are tempered by these factors on the noise, and the best is taken: the noise is no part of the prior, and both bounds
/// hold for every posterior at once.
const TEMPERS: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 16.0];

pub(crate) fn soft(softness: Softness) -> Pathways<Polynomial, Polynomial> {
    Polynomial::orders(0..=3).relaxed(softness, Polynomial::orders(4..=150)).fixed()
}

/// Rows to fit and certify, and fresh ones.
pub(crate) struct Rows {
    pub(crate) labels: Labels,
    pub(crate) train: Data,
    pub(crate) test: Data,
}

/// What is found at one softness.
pub(crate) struct Rung {
    pub(crate) softness: Softness,
    /// At the declared noise.
    pub(crate) evidence: f64,
    pub(crate) information: f64,
    pub(crate) dimension: f64,
    /// Of the posterior mean at the declared noise, rounded to one step whatever the softness: white and plain weights.
    pub(crate) at_one_step: [usize; 2],
    /// Of the model in the file.
    pub(crate) bits: usize,
    pub(crate) bytes: usize,
    pub(crate) train: f64,
    pub(crate) test: f64,
    pub(crate) occam: Certificate,
    /// Largest difference between a value of the model in the file and of the model that was written to it.
    pub(crate) gap: f64,
    /// Of the Gibbs predictor with the least certified risk.
    pub(crate) gibbs_test: f64,
    pub(crate) pac_bayes: Certificate,
}

impl Rung {
    pub(crate) fn new(softness: Softness, rungs: usize, rows: &Rows, file: &Path) -> Result<Rung, Error> {
        let (loss, train) = (rows.labels.loss(), &rows.train);
        // Which rung is looked at is in no message: it is paid.
        let prior = soft(softness).charged(Ledger::chose("softness, out of the ladder", rungs));
        let posteriors = TEMPERS
            .iter()
            .map(|temper| {
                let noise = Gaussian::known(temper * rows.labels.noise());
                Ok(prior.clone().with_likelihood(noise).condition(train)?)
            })
            .collect::<Result<Vec<ExactPosterior>, Error>>()?;

        let certified = |model: &Quantized| {
            Ok::<f64, Error>(model.certify(&CountableBinomial, loss, train, DELTA)?.value)
        };
        let of_posterior =
            |posterior: &ExactPosterior| Quantized::search(posterior, Codebook::ladder(0.02, 8.0), certified);
        let models = posteriors.iter().map(of_posterior).collect::<Result<Vec<_>, Error>>()?;
        let written = least(models, certified)?;
        let io = |source| ModelError::Io { path: file.to_owned(), source };
        fs::write(file, written.message().to_bytes()).map_err(io)?;

        // From here on the file is the model.
        let bytes = fs::read(file).map_err(io)?;
        let message = Message::from_bytes(&bytes).map_err(ModelError::from)?;
        let model = Quantized::decode(prior, &message)?.fitted_on(train)?;
        let difference = model.values(rows.test.points())? - written.values(rows.test.points())?;

        let gibbs = |q: &ExactPosterior| Ok::<_, Error>(q.certify(&Seeger, loss, train, DELTA)?.value);
        let first = &posteriors[0];
        let (evidence, dimension) = (first.evidence(), first.effective_dimension());
        let best = least(posteriors.clone(), gibbs)?;
        let bits = |units| {
            Ok::<_, Error>(Quantized::of(first, Codebook::uniform(STEP).units(units))?.message().bits())
        };
        Ok(Rung {
            softness,
            evidence: evidence.log.get(),
            information: evidence.information.get(),
            dimension: dimension.determined,
            at_one_step: [bits(Units::White)?, bits(Units::Plain)?],
            bits: model.message().bits(),
            bytes: bytes.len(),
            train: model.risk(loss, train)?.mean,
            test: model.risk(loss, &rows.test)?.mean,
            occam: model.certify(&CountableBinomial, loss, train, DELTA)?,
            gap: difference.iter().fold(0.0, |most, d| f64::max(most, d.abs())),
            gibbs_test: best.risk(loss, &rows.test)?.mean,
            pac_bayes: best.certify(&Seeger, loss, train, DELTA)?,
        })
    }
}

/// The first of the candidates with the least cost.
fn least<T>(candidates: Vec<T>, cost: impl Fn(&T) -> Result<f64, Error>) -> Result<T, Error> {
    let costs = candidates.iter().map(cost).collect::<Result<Vec<f64>, Error>>()?;
    let mut all = candidates.into_iter().zip(costs);
    let first = all.next().ok_or(Error::Empty("candidates"))?;
    Ok(all.fold(first, |best, next| if next.1 < best.1 { next } else { best }).0)
}
