//! What is measured at one level of one draw of labels, and how it goes with the level.

use softbias::bounds::Certificate;

use crate::sets::Task;

/// One model at one level and one draw of labels. Errors are those of one fixed function (the posterior mean, or what a string says), risks
/// those of the predictor that is certified.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) bound: f64,
    /// The risk that the certificate speaks of: over all rows of the list.
    pub(crate) promised: f64,
    /// The risk expected on other images whose labels are redrawn alike; ½ at c = 1.
    pub(crate) expected: f64,
    /// Share of the training labels that the function says wrong, and of the true labels of other rows.
    pub(crate) train: f64,
    pub(crate) test: f64,
    /// From a half of the other rows.
    pub(crate) held_out: f64,
    /// Log evidence, relative entropy or code length, and effective dimension, a row; NaN where there is none.
    pub(crate) evidence: f64,
    pub(crate) information: f64,
    pub(crate) dimension: f64,
    pub(crate) bits: f64,
}

impl Outcome {
    /// From the certificate and the risks on the other rows, with labels as redrawn and with true ones; all else unknown.
    pub(crate) fn certified(certificate: &Certificate, task: &Task, others: f64, truth: f64) -> Outcome {
        let (n, rest) = (task.train.len() as f64, task.others.len() as f64);
        Outcome {
            bound: certificate.value,
            promised: (n * certificate.empirical_risk + rest * others) / (n + rest),
            expected: (1.0 - task.c) * truth + 0.5 * task.c,
            train: f64::NAN,
            test: f64::NAN,
            held_out: f64::NAN,
            evidence: f64::NAN,
            information: certificate.information.get() / n,
            dimension: f64::NAN,
            bits: f64::NAN,
        }
    }
}

/// The outcomes of one model by level and draw.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    pub(crate) outcomes: Vec<Vec<Outcome>>,
}

impl Curve {
    pub(crate) fn mean(&self, of: impl Fn(&Outcome) -> f64) -> Vec<f64> {
        let mean = |draws: &Vec<Outcome>| draws.iter().map(&of).sum::<f64>() / draws.len() as f64;
        self.outcomes.iter().map(mean).collect()
    }

    /// The steps of the mean from one level to the next.
    fn steps(&self, of: impl Fn(&Outcome) -> f64) -> Vec<f64> {
        self.mean(of).windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// Over the first so many levels.
    pub(crate) fn least_step(&self, levels: usize, of: impl Fn(&Outcome) -> f64) -> f64 {
        least(self.steps(of).into_iter().take(levels.saturating_sub(1)))
    }

    pub(crate) fn largest_step(&self, of: impl Fn(&Outcome) -> f64) -> f64 {
        largest(self.steps(of))
    }

    /// Over all levels and draws.
    pub(crate) fn least(&self, of: impl Fn(&Outcome) -> f64) -> f64 {
        least(self.outcomes.iter().flatten().map(of))
    }

    pub(crate) fn largest(&self, of: impl Fn(&Outcome) -> f64) -> f64 {
        largest(self.outcomes.iter().flatten().map(of))
    }

    /// Over the draws at the first level, true labels; and at the last, labels that are coins.
    pub(crate) fn largest_at_first(&self, of: impl Fn(&Outcome) -> f64) -> f64 {
        largest(self.outcomes.first().into_iter().flatten().map(of))
    }

    pub(crate) fn least_at_last(&self, of: impl Fn(&Outcome) -> f64) -> f64 {
        least(self.outcomes.last().into_iter().flatten().map(of))
    }
}

fn least(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::INFINITY, f64::min)
}

fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::NEG_INFINITY, f64::max)
}
