//! Posteriors of a net that are a list of weights: ensembles, samples of chains, a single optimum.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, Axis};
use softbias_priors::math::stable::log_mean_exp;
use softbias_priors::net::{Net, Precision};
use softbias_priors::prior::Result as PriorResult;
use softbias_priors::{Ledger, Points, Prior, PriorError, Saw, Seed, memory};

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::likelihood::{RowLikelihood, Softmax};
use crate::net::NetTarget;
use crate::posterior::Posterior;
use crate::prediction::Prediction;

/// Equally weighted white coordinates of a net, found by looking at data. It has neither evidence nor information: it is no density.
#[derive(Clone, Debug)]
pub struct NetDraws<T, L> {
    net: Net,
    likelihood: L,
    data: Data,
    draws: Arc<[Vec<T>]>,
    ledger: Ledger,
}

impl<T: Precision, L: RowLikelihood> NetDraws<T, L> {
    /// These coordinates, of which there must be some, all of the net's length.
    ///
    /// # Errors
    /// When there are none, or one has another length.
    pub fn new(target: &NetTarget<T, L>, draws: Vec<Vec<T>>) -> Result<NetDraws<T, L>> {
        let expected = target.net().weights();
        if draws.is_empty() {
            return Err(ModelError::NoWeights);
        }
        if let Some(odd) = draws.iter().find(|draw| draw.len() != expected) {
            let what = "coordinates of a draw";
            return Err(PriorError::Dimensions { what, expected, found: odd.len() }.into());
        }
        Ok(NetDraws {
            net: target.net().clone(),
            likelihood: target.likelihood().clone(),
            data: target.data().clone(),
            draws: draws.into(),
            ledger: Ledger::default(),
        })
    }

    /// Coordinates drawn from a posterior over this net's.
    pub(crate) fn drawn(net: &Net, likelihood: &L, data: &Data, draws: Vec<Vec<T>>) -> NetDraws<T, L> {
        let (net, likelihood, data) = (net.clone(), likelihood.clone(), data.clone());
        NetDraws { net, likelihood, data, draws: draws.into(), ledger: Ledger::default() }
    }

    /// The same, owing `ledger` on top: for example a choice of when to stop.
    #[must_use]
    pub fn charged(mut self, ledger: Ledger) -> NetDraws<T, L> {
        self.ledger = self.ledger.and(&ledger);
        self
    }

    /// The net.
    #[must_use]
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// The likelihood.
    #[must_use]
    pub fn likelihood(&self) -> &L {
        &self.likelihood
    }

    /// The rows it was conditioned on.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// White coordinates, one vector a draw.
    #[must_use]
    pub fn coordinates(&self) -> &[Vec<T>] {
        &self.draws
    }

    /// Values of every function at the points: (draw, point, output).
    ///
    /// # Errors
    /// When the points do not fit the net, or the values would be over the memory limit.
    pub fn functions_at(&self, x: &Points) -> PriorResult<Array3<f64>> {
        self.values(&(0..self.draws.len()).collect::<Vec<_>>(), x)
    }

    fn values(&self, which: &[usize], x: &Points) -> PriorResult<Array3<f64>> {
        memory::announce_draws(which.len(), x.len(), self.net.count())?;
        let rows = self.net.rows_of::<T>(x)?;
        let mut theta = vec![T::ZERO; self.net.weights()];
        let mut out = Array3::zeros((which.len(), x.len(), self.net.count()));
        for (mut own, draw) in out.axis_iter_mut(Axis(0)).zip(which) {
            self.net.place(&self.draws[*draw], &mut theta);
            let values = self.net.outputs_at(&theta, &rows);
            own.iter_mut().zip(values).for_each(|(out, value)| *out = value.get());
        }
        Ok(out)
    }
}

impl<T: Precision> NetDraws<T, Softmax> {
    /// Probabilities of the classes, averaged over the draws: (point, class).
    ///
    /// # Errors
    /// As [`NetDraws::functions_at`].
    pub fn class_probabilities(&self, x: &Points) -> Result<Array2<f64>> {
        let values = self.functions_at(x)?;
        let mut mean = Array2::zeros((x.len(), self.net.count()));
        for function in values.axis_iter(Axis(0)) {
            for (f, mut p) in function.rows().into_iter().zip(mean.rows_mut()) {
                let log = self.likelihood.log_probabilities(&f.to_vec());
                p.iter_mut().zip(log).for_each(|(p, log)| *p += log.exp() / self.draws.len() as f64);
            }
        }
        Ok(mean)
    }
}

impl<T: Precision, L: RowLikelihood> Prior for NetDraws<T, L> {
    fn outputs(&self) -> usize {
        self.net.count()
    }

    /// Functions taken from the list by chance, with replacement.
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> PriorResult<Array3<f64>> {
        let places = seed.uniform1(n, 0.0, self.draws.len() as f64);
        let last = self.draws.len() - 1;
        self.values(&places.iter().map(|u| (*u as usize).min(last)).collect::<Vec<_>>(), x)
    }

    fn ledger(&self) -> Ledger {
        let seen = Ledger::saw("conditioned", Saw::Labels, Some(self.data.rows()));
        self.net.ledger().of_posterior().and(self.data.ledger()).and(&seen).and(&self.ledger)
    }
}

impl<T: Precision, L: RowLikelihood> Posterior for NetDraws<T, L> {
    /// Mean and spread of the functions, and the noise of the labels averaged over them. For outputs that are no means of labels (log odds), those of the
    /// outputs.
    fn predict(&self, x: &Points) -> Result<Prediction> {
        let values = self.functions_at(x)?;
        let judged = self.likelihood.judged(self.net.count());
        let means = values.slice(ndarray::s![.., .., ..judged]);
        let shape = (x.len(), judged);
        let mean = means.mean_axis(Axis(0)).unwrap_or_else(|| Array2::zeros(shape));
        let mut spread = Array2::zeros(shape);
        for function in means.axis_iter(Axis(0)) {
            let away = &function - &mean;
            spread += &(&away * &away / self.draws.len() as f64);
        }
        let (mut noise, mut own) = (Array1::zeros(x.len()), vec![0.0; judged]);
        for function in values.axis_iter(Axis(0)) {
            for (f, noise) in function.rows().into_iter().zip(&mut noise) {
                self.likelihood.noise(&f.to_vec(), &mut own);
                // (one noise a point; several labels of unlike noise share their mean)
                *noise += own.iter().sum::<f64>() / (judged * self.draws.len()) as f64;
            }
        }
        Prediction::new(mean, spread, 0.0).with_noise_variances(noise)
    }

    /// ln of the average over draws of p(y | f), one number a row.
    fn log_predictive(&self, data: &Data) -> Result<Array1<f64>> {
        self.data.expect_same_transforms(data)?;
        self.likelihood.check(data, self.net.count())?;
        let values = self.functions_at(data.points())?;
        let mut slopes = vec![0.0; self.net.count()];
        Ok(Array1::from_shape_fn(data.len(), |i| {
            let y = data.labels().row(i).to_vec();
            let logs: Vec<f64> = values
                .index_axis(Axis(1), i)
                .rows()
                .into_iter()
                .map(|f| self.likelihood.row(&y, &f.to_vec(), &mut slopes))
                .collect();
            log_mean_exp(&logs)
        }))
    }
}
