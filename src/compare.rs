//! Unlike models on the same data: evidences side by side, posterior odds, and their average.

use ndarray::{Array1, Array2};
use rayon::prelude::*;
use softbias_models::{
    Data, EffectiveDimension, Evidence, Exact, ExactPosterior, Gaussian, Method, Model, Posterior,
    Uncertainty,
};
use softbias_priors::math::special::normal_log_density;
use softbias_priors::math::stable::log_sum_exp;
use softbias_priors::{GaussianPrior, Ledger, Points};

use crate::Error;
use crate::report::{Report, Value};

/// One model of a comparison.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Its name.
    pub name: String,
    /// Its evidence.
    pub evidence: Evidence,
    /// Its effective dimension.
    pub effective_dimension: EffectiveDimension,
    /// Its posterior probability among the models compared, which are given equal prior probability.
    pub probability: f64,
    /// Its posterior over functions.
    pub posterior: ExactPosterior,
}

/// Models side by side, in the order they were given.
#[derive(Clone, Debug)]
pub struct Comparison {
    entries: Vec<Compared>,
}

/// Conditions every model on the data, in parallel, and weighs them by their evidence (equal prior odds).
///
/// # Errors
/// Without a model, or when one does not fit the data.
pub fn compare<P, S: Into<String>>(
    models: impl IntoIterator<Item = (S, Model<P, Gaussian>)>,
    data: &Data,
) -> Result<Comparison, Error>
where
    P: GaussianPrior + 'static,
{
    let models: Vec<_> = models.into_iter().map(|(name, model)| (name.into(), model)).collect();
    if models.is_empty() {
        return Err(Error::Empty("models to compare"));
    }
    // Whoever certifies one of them has chosen it among all.
    let choice = Ledger::chose("model, out of those compared", models.len());
    let conditioned = models
        .into_par_iter()
        .map(|(name, model)| Ok((name, Exact::Auto.condition(model, data)?.charged(choice.clone()))))
        .collect::<Result<Vec<(String, ExactPosterior)>, Error>>()?;
    let logs: Vec<f64> = conditioned.iter().map(|(_, q)| q.evidence().log.get()).collect();
    let total = log_sum_exp(&logs);
    let entry = |((name, posterior), log): ((String, ExactPosterior), &f64)| Compared {
        name,
        evidence: posterior.evidence(),
        effective_dimension: posterior.effective_dimension(),
        probability: (log - total).exp(),
        posterior,
    };
    Ok(Comparison { entries: conditioned.into_iter().zip(&logs).map(entry).collect() })
}

impl Comparison {
    /// The models, in the order they were given.
    #[must_use]
    pub fn entries(&self) -> &[Compared] {
        &self.entries
    }

    /// Posterior odds of one model against another, by their places; `None` when there is no such model.
    #[must_use]
    pub fn odds(&self, one: usize, other: usize) -> Option<f64> {
        let log = |k: usize| Some(self.entries.get(k)?.evidence.log.get());
        Some((log(one)? - log(other)?).exp())
    }

    /// The model average at the points: a mixture of the models' predictions, weighted by posterior probability.
    ///
    /// # Errors
    /// When the points do not fit.
    pub fn predict(&self, x: &Points) -> Result<Mixture, Error> {
        let parts = self
            .entries
            .iter()
            .map(|entry| {
                let prediction = entry.posterior.predict(x)?;
                Ok((
                    entry.probability,
                    prediction.mean().clone(),
                    prediction.variance(Uncertainty::Observation),
                ))
            })
            .collect::<Result<_, Error>>()?;
        Ok(Mixture { parts })
    }

    /// The table as a report.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = Report::new("models compared by their evidence");
        for entry in &self.entries {
            report.row([
                ("model", Value::from(entry.name.as_str())),
                ("log evidence", entry.evidence.log.get().into()),
                ("fit", entry.evidence.fit.get().into()),
                ("information", entry.evidence.information.get().into()),
                ("eff. dimension", entry.effective_dimension.determined.into()),
                ("probability", entry.probability.into()),
            ]);
        }
        report
    }
}

/// A mixture of Gaussian predictions of new labels.
#[derive(Clone, Debug)]
pub struct Mixture {
    parts: Vec<(f64, Array2<f64>, Array2<f64>)>,
}

impl Mixture {
    /// Mean, (point, output).
    #[must_use]
    pub fn mean(&self) -> Array2<f64> {
        self.average(|mean, _| mean.clone())
    }

    /// Variance of a new label, (point, output): within the models and between them.
    #[must_use]
    pub fn variance(&self) -> Array2<f64> {
        let centre = self.mean();
        self.average(|mean, variance| variance + (mean - &centre).mapv(|d| d * d))
    }

    fn average(&self, of: impl Fn(&Array2<f64>, &Array2<f64>) -> Array2<f64>) -> Array2<f64> {
        let mut sum = Array2::zeros(self.parts[0].1.raw_dim());
        for (weight, mean, variance) in &self.parts {
            sum.scaled_add(*weight, &of(mean, variance));
        }
        sum
    }

    /// ln p(y | x) of new labels, one number a row.
    ///
    /// # Errors
    /// When the labels have another shape.
    pub fn log_density(&self, labels: &Array2<f64>) -> Result<Array1<f64>, Error> {
        if labels.dim() != self.parts[0].1.dim() {
            let (expected, found) = (self.parts[0].1.nrows(), labels.nrows());
            return Err(softbias_priors::PriorError::Dimensions {
                what: "labels of a prediction",
                expected,
                found,
            }
            .into());
        }
        Ok(Array1::from_shape_fn(labels.nrows(), |i| {
            let of_part = |(weight, mean, variance): &(f64, Array2<f64>, Array2<f64>)| {
                let row = |c| normal_log_density(labels[[i, c]], mean[[i, c]], variance[[i, c]]);
                weight.ln() + (0..labels.ncols()).map(row).sum::<f64>()
            };
            log_sum_exp(&self.parts.iter().map(of_part).collect::<Vec<_>>())
        }))
    }
}
