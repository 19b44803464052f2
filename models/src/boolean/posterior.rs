//! Boolean functions conditioned on labels, by enumeration: every number is a finite sum over all functions.

use ndarray::{Array1, Array2, Array3};
use softbias_priors::boolean::{BooleanPrior, TruthTable, cells};
use softbias_priors::math::stable::log_sum_exp;
use softbias_priors::prior::Result as PriorResult;
use softbias_priors::{Ledger, Nats, Points, Prior, Saw, Seed};

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::evidence::{Evidence, Grade};
use crate::likelihood::{Flips, Likelihood};
use crate::model::{DefaultMethod, Method, Model};
use crate::posterior::{Evidenced, Informed, Posterior};
use crate::prediction::Prediction;
use crate::risk::{EmpiricalRisk, Loss, Moments};

/// Conditioning by looking at every function: exact. O(2^(2ᵏ)) after one look at the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Enumeration;

impl Method<BooleanPrior, Flips> for Enumeration {
    type Posterior = BooleanPosterior;

    fn condition(&self, model: Model<BooleanPrior, Flips>, data: &Data) -> Result<BooleanPosterior> {
        BooleanPosterior::new(model.prior, Ledger::default(), model.likelihood, data)
    }
}

impl DefaultMethod for Flips {
    type Method = Enumeration;
}

/// The posterior over all boolean functions: a probability each, and with it everything else.
#[derive(Clone, Debug)]
pub struct BooleanPosterior {
    prior: BooleanPrior,
    /// What the prior owes to data: a posterior may stand as a prior.
    owed: Ledger,
    flips: Flips,
    data: Data,
    law: BooleanPrior,
    /// Probabilities of −1 and +1 at every input.
    marginals: Vec<[f64; 2]>,
    evidence: Evidence,
}

impl BooleanPosterior {
    fn new(prior: BooleanPrior, owed: Ledger, flips: Flips, data: &Data) -> Result<BooleanPosterior> {
        let labels = signs(data)?;
        let rows = cells(prior.inputs(), data.points())?;
        let errors = errors(prior.inputs(), &rows, &labels);
        // one flip more or less is all that distinguishes functions
        let n = data.len();
        let [right, wrong] = [1.0, -1.0].map(|y| flips.log_density(y, 1.0));
        let fits: Vec<f64> =
            (0..=n).map(|e| (n - e) as f64 * right + if e == 0 { 0.0 } else { e as f64 * wrong }).collect();
        let of_function = |(p, e): (&f64, &usize)| p.ln() + fits[*e];
        let joint: Vec<f64> = prior.probabilities().iter().zip(&errors).map(of_function).collect();
        let log = log_sum_exp(&joint);
        if log == f64::NEG_INFINITY {
            return Err(ModelError::NothingFits { rows: n });
        }
        let law = BooleanPrior::weighted(prior.inputs(), joint.iter().map(|j| (j - log).exp()).collect())?;
        let (mut fit, mut information) = (0.0, 0.0);
        for ((q, p), e) in law.probabilities().iter().zip(prior.probabilities()).zip(&errors) {
            if *q > 0.0 {
                fit += q * fits[*e];
                information += q * (q / p).ln();
            }
        }
        let jacobian = data.log_jacobian();
        let evidence = Evidence {
            log: Nats(log) + jacobian,
            fit: Nats(fit) + jacobian,
            information: Nats(information.max(0.0)),
            grade: Grade::Exact,
        };
        let marginals = law.marginals();
        Ok(BooleanPosterior { prior, owed, flips, data: data.clone(), law, marginals, evidence })
    }

    /// The prior that was conditioned.
    #[must_use]
    pub fn prior(&self) -> &BooleanPrior {
        &self.prior
    }

    /// The posterior probability of every function.
    #[must_use]
    pub fn law(&self) -> &BooleanPrior {
        &self.law
    }

    /// How labels are flipped.
    #[must_use]
    pub fn flips(&self) -> Flips {
        self.flips
    }

    /// The posterior probability of one function.
    ///
    /// # Errors
    /// For a function of another number of inputs.
    pub fn probability(&self, function: TruthTable) -> Result<f64> {
        Ok(self.law.probability(function)?)
    }

    /// Probability of each label at the points, (point, label): column 0 for −1, column 1 for +1, flips included.
    ///
    /// # Errors
    /// When the points do not fit.
    pub fn class_probabilities(&self, x: &Points) -> Result<Array2<f64>> {
        let cells = cells(self.law.inputs(), x)?;
        let flip = self.flips.probability();
        Ok(Array2::from_shape_fn((x.len(), 2), |(i, side)| {
            let sides = self.marginals[cells[i]];
            (1.0 - flip) * sides[side] + flip * sides[1 - side]
        }))
    }

    /// The same posterior, owing `ledger` on top: for example because its grammar was chosen among several by looking at rows.
    #[must_use]
    pub fn charged(mut self, ledger: Ledger) -> BooleanPosterior {
        self.owed = self.owed.and(&ledger);
        self
    }

    /// Conditions on further rows: the posterior is the prior, with the same flips.
    ///
    /// # Errors
    /// When the rows do not fit, or no function that is left fits them.
    pub fn extend(&self, more: &Data) -> Result<BooleanPosterior> {
        self.data.expect_same_transforms(more)?;
        BooleanPosterior::new(self.law.clone(), self.ledger(), self.flips, more)
    }
}

/// The labels, one a row, each −1 or +1.
pub(super) fn signs(data: &Data) -> Result<Vec<f64>> {
    if data.outputs() != 1 {
        return Err(ModelError::SingleOutput { prior: 1, labels: data.outputs() });
    }
    let labels = data.labels().column(0).to_vec();
    match labels.iter().enumerate().find(|(_, y)| y.abs() != 1.0) {
        Some((row, &value)) => {
            Err(ModelError::Support { support: "labels of boolean functions are −1 or +1", row, value })
        }
        None => Ok(labels),
    }
}

/// How many rows every function gets wrong. A function differs by one cell from one that came before it: O(n + 2^(2ᵏ)).
fn errors(inputs: usize, rows: &[usize], labels: &[f64]) -> Vec<usize> {
    // rows of each input with label −1, which +1 gets wrong, and the other way round
    let mut wrong = vec![[0usize; 2]; 1 << inputs];
    for (cell, y) in rows.iter().zip(labels) {
        wrong[*cell][usize::from(*y < 0.0)] += 1;
    }
    let mut errors = vec![wrong.iter().map(|[minus, _]| minus).sum::<usize>()];
    for [minus, plus] in wrong {
        let with: Vec<usize> = errors.iter().map(|e| e - minus + plus).collect();
        errors.extend(with);
    }
    errors
}

impl Prior for BooleanPosterior {
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> PriorResult<Array3<f64>> {
        self.law.draws(n, x, seed)
    }

    fn ledger(&self) -> Ledger {
        let seen = Ledger::saw("conditioned", Saw::Labels, Some(self.data.rows()));
        self.owed.clone().of_posterior().and(self.data.ledger()).and(&seen)
    }
}

impl Posterior for BooleanPosterior {
    /// Mean and variance of the function, whose values are −1 and +1. For labels see [`BooleanPosterior::class_probabilities`].
    fn predict(&self, x: &Points) -> Result<Prediction> {
        let cells = cells(self.law.inputs(), x)?;
        let of = |moment: fn([f64; 2]) -> f64| {
            Array2::from_shape_fn((x.len(), 1), |(i, _)| moment(self.marginals[cells[i]]))
        };
        Ok(Prediction::new(of(|[minus, plus]| plus - minus), of(|[minus, plus]| 4.0 * plus * minus), 0.0))
    }

    /// ln p(y | data) of each row's label by itself, flips included; −∞ for a label that is impossible.
    fn log_predictive(&self, data: &Data) -> Result<Array1<f64>> {
        self.data.expect_same_transforms(data)?;
        let labels = signs(data)?;
        let both = self.class_probabilities(data.points())?;
        Ok(labels.iter().enumerate().map(|(i, y)| both[[i, usize::from(*y > 0.0)]].ln()).collect())
    }
}

impl Evidenced for BooleanPosterior {
    fn evidence_of(&self) -> Evidence {
        self.evidence
    }
}

impl Informed for BooleanPosterior {
    fn information(&self) -> Nats {
        self.evidence.information
    }

    fn prior_ledger(&self) -> Ledger {
        self.owed.clone().of_functions().and(self.data.ledger())
    }

    fn conditioned_on(&self) -> &Data {
        &self.data
    }

    /// The expected loss of a function drawn from the posterior, exactly: a sum of two terms a row.
    fn risk(&self, loss: Loss, data: &Data) -> Result<EmpiricalRisk> {
        self.data.expect_same_transforms(data)?;
        EmpiricalRisk::check(loss, data, 1)?;
        let rows = cells(self.law.inputs(), data.points())?;
        let of_row = |(cell, y): (&usize, &f64)| {
            let [minus, plus] = self.marginals[*cell];
            Moments::of([(minus, loss.of(*y, -1.0)), (plus, loss.of(*y, 1.0))])
        };
        let rows: Vec<Moments> = rows.iter().zip(data.labels()).map(of_row).collect();
        Ok(EmpiricalRisk::of_rows(loss, 1, &rows))
    }
}
