//! Models that are byte strings: weights of random features, rounded, and certified at their length.

use ndarray::{Array1, Array2, Axis};
use softbias::bounds::{Bound, CountableKl};
use softbias::prelude::*;
use softbias::{EmpiricalRisk, Error, Ledger};

use crate::curve::Outcome;
use crate::models::{DELTA, paid};
use crate::sets::Task;

/// Numbers of random frequencies: the first for the string that fits, either for the one of the least bound; that choice is paid for.
const COUNTS: [usize; 2] = [1024, 64];
const LENGTH: f64 = 1.4;
/// Passes over the weights.
const SWEEPS: usize = 6;
/// Steps of the codebooks, which are in the string: numbers of their grid, from fine to coarse.
const STEPS: [f64; 12] = [0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5];
/// A string fits when it says at most this share of the training labels wrong.
pub(crate) const FITS: f64 = 0.005;

/// Of one draw of labels.
pub(crate) struct Written {
    /// The shortest string that fits.
    pub(crate) fitting: Outcome,
    /// The string of the least bound.
    pub(crate) best: Outcome,
}

/// A string, what it costs, and the mistakes it makes on the training rows.
struct Candidate {
    model: Quantized,
    bound: f64,
    error: f64,
}

impl Candidate {
    fn bits(&self) -> usize {
        self.model.message().bits()
    }
}

impl Written {
    /// `noises` are those of the regression that looks for weights: no part of the decoder, and free.
    pub(crate) fn new(task: &Task, noises: &[f64], seed: Seed) -> Result<Written, Error> {
        let (mut fitting, mut best): (Option<Candidate>, Option<Candidate>) = (None, None);
        for (place, count) in COUNTS.into_iter().enumerate() {
            let features = Features::fourier(count, task.train.inputs(), LENGTH, seed.named("features"))?;
            let chosen = Ledger::chose("number of frequencies", COUNTS.len());
            let search = Search::new(&features, task)?;
            let prior = paid(features).charged(chosen);
            for &noise in noises {
                let likelihood = Gaussian::known(noise);
                let posterior = prior.clone().with_likelihood(likelihood).condition(&task.train)?;
                let mean = posterior.coefficients().ok_or(Error::Empty("features"))?.column(0).to_owned();
                let starts = [Array1::zeros(mean.len()), mean / &search.scales];
                for (start, step) in starts.iter().flat_map(|start| STEPS.map(|step| (start, step))) {
                    let weights = search.weights(start, noise, step);
                    let book = Codebook::uniform(step);
                    let model = Quantized::of_weights(prior.clone(), weights.view(), book)?;
                    let candidate = search.judged(model.fitted_on(&task.train)?)?;
                    let fits = place == 0 && candidate.error <= FITS;
                    if fits && fitting.as_ref().is_none_or(|best| candidate.bits() < best.bits()) {
                        fitting = Some(Candidate { model: candidate.model.clone(), ..candidate });
                    }
                    if best.as_ref().is_none_or(|best| candidate.bound < best.bound) {
                        best = Some(candidate);
                    }
                }
            }
        }
        let of =
            |found: Option<Candidate>| outcome(&found.ok_or(Error::Empty("strings that fit"))?.model, task);
        Ok(Written { fitting: of(fitting)?, best: of(best)? })
    }
}

/// What the search for strings on one set of features needs.
struct Search<'a> {
    task: &'a Task,
    /// Features times scales, a row a feature.
    features: Array2<f64>,
    scales: Array1<f64>,
    squares: Array1<f64>,
}

impl<'a> Search<'a> {
    fn new(features: &Features, task: &'a Task) -> Result<Search<'a>, Error> {
        let scales = features.scales();
        let scaled = features.basis(task.train.points())? * &scales;
        let squares = scaled.map_axis(Axis(0), |feature| feature.dot(&feature));
        Ok(Search { task, features: scaled.t().as_standard_layout().to_owned(), scales, squares })
    }

    /// Whole multiples of the step that make |y − Φw|² + noise² |w|² small: from a rounded start, one weight at a time to the best
    /// multiple for it.
    ///
    /// Where weights are only rounded, every one errs by itself; here each makes up for the others, and from 0 most remain 0.
    fn weights(&self, start: &Array1<f64>, noise: f64, step: f64) -> Array2<f64> {
        let mut white = start.mapv(|weight| step * (weight / step).round());
        let mut left = &self.task.train.labels().column(0) - &self.features.t().dot(&white);
        for _ in 0..SWEEPS {
            let mut moved = false;
            for ((feature, square), weight) in
                self.features.rows().into_iter().zip(&self.squares).zip(&mut white)
            {
                let best = (feature.dot(&left) + square * *weight) / (square + noise * noise);
                let by = step * (best / step).round() - *weight;
                if by != 0.0 {
                    left.scaled_add(-by, &feature);
                    *weight += by;
                    moved = true;
                }
            }
            if !moved {
                break;
            }
        }
        (white * &self.scales).insert_axis(Axis(1))
    }

    /// The bound before anything is paid for choices, which is the same for all: as certified, with the features evaluated once.
    fn judged(&self, model: Quantized) -> Result<Candidate, Error> {
        let white = &model.coefficients().column(0) / &self.scales;
        let values = self.features.t().dot(&white).insert_axis(Axis(1));
        let risk = EmpiricalRisk::of_function(Loss::ZeroOne, &self.task.train, &values)?;
        let bound = CountableKl.value(&risk, model.code_length(), self.task.train.len(), DELTA);
        Ok(Candidate { error: risk.mean, bound, model })
    }
}

fn outcome(model: &Quantized, task: &Task) -> Result<Outcome, Error> {
    let certificate = model.certify(&CountableKl, Loss::ZeroOne, &task.train, DELTA)?;
    let risk = |data: &Data| Ok::<f64, Error>(model.risk(Loss::ZeroOne, data)?.mean);
    Ok(Outcome {
        train: risk(&task.train)?,
        test: risk(&task.truth)?,
        held_out: model.certify_held_out(Loss::ZeroOne, &task.held_out, DELTA)?.value,
        bits: model.message().bits() as f64,
        ..Outcome::certified(&certificate, task, risk(&task.others)?, risk(&task.truth)?)
    })
}
