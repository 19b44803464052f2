//! A trained net: one function, with the course of its training.

use ndarray::{Array1, Array3};
use softbias_priors::net::{Net, Precision};
use softbias_priors::prior::Result as PriorResult;
use softbias_priors::{Ledger, Points, Prior, Row, Saw, Seed};

use super::climb::{Climbed, Course};
use crate::data::Data;
use crate::error::Result;
use crate::likelihood::RowLikelihood;
use crate::net::{NetDraws, NetTarget};
use crate::posterior::Posterior;
use crate::prediction::Prediction;

/// A net at the mode that training found (or where it was stopped): a posterior that is one function, without evidence or information.
#[derive(Clone, Debug)]
pub struct Trained<T, L> {
    draws: NetDraws<T, L>,
    course: Course,
}

/// What stopping early owes.
pub(super) fn debt(course: &Course, data: &Data) -> Ledger {
    if course.held_out.is_empty() {
        return Ledger::default();
    }
    let rows: Vec<Row> = course.held_out.iter().filter_map(|at| data.rows().get(*at).copied()).collect();
    Ledger::saw("stopping", Saw::Labels, Some(&rows))
}

impl<T: Precision, L: RowLikelihood> Trained<T, L> {
    pub(super) fn new(target: &NetTarget<T, L>, climbed: Climbed<T>) -> Result<Trained<T, L>> {
        let Climbed { coordinates, course } = climbed;
        let owed = debt(&course, target.data());
        Ok(Trained { draws: NetDraws::new(target, vec![coordinates])?.charged(owed), course })
    }

    /// White coordinates.
    #[must_use]
    pub fn coordinates(&self) -> &[T] {
        &self.draws.coordinates()[0]
    }

    /// How they were reached: log likelihood and log posterior, epochs, why it ended.
    #[must_use]
    pub fn course(&self) -> &Course {
        &self.course
    }

    /// The net.
    #[must_use]
    pub fn net(&self) -> &Net {
        self.draws.net()
    }

    /// The likelihood.
    #[must_use]
    pub fn likelihood(&self) -> &L {
        self.draws.likelihood()
    }

    /// The rows it was trained on, those held out included.
    #[must_use]
    pub fn data(&self) -> &Data {
        self.draws.data()
    }

    /// The same as a list of weights with one entry.
    #[must_use]
    pub fn as_draws(&self) -> &NetDraws<T, L> {
        &self.draws
    }
}

impl<T: Precision, L: RowLikelihood> Prior for Trained<T, L> {
    fn outputs(&self) -> usize {
        self.draws.outputs()
    }

    fn draws(&self, n: usize, x: &Points, seed: Seed) -> PriorResult<Array3<f64>> {
        self.draws.draws(n, x, seed)
    }

    fn ledger(&self) -> Ledger {
        self.draws.ledger()
    }
}

impl<T: Precision, L: RowLikelihood> Posterior for Trained<T, L> {
    fn predict(&self, x: &Points) -> Result<Prediction> {
        self.draws.predict(x)
    }

    fn log_predictive(&self, data: &Data) -> Result<Array1<f64>> {
        self.draws.log_predictive(data)
    }
}
