//! Learning rates over the course of training.

use std::f64::consts::PI;

use super::TrainError;

/// A learning rate that changes with the epochs. The objective is the log posterior divided by the number of rows, and its coordinates are white,
/// so that a rate of Adam is a step in units of the prior's standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    rate: f64,
    warm_up: f64,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Constant,
    /// Half a period of a cosine, down to this rate (Loshchilov & Hutter 2017, eq. 5, without restarts).
    Cosine {
        last: f64,
    },
    Steps {
        every: usize,
        factor: f64,
    },
    /// Constant for half of the epochs, then linearly down to this rate at nine tenths of them.
    Settling {
        last: f64,
    },
}

impl Schedule {
    /// Always the same.
    #[must_use]
    pub fn constant(rate: f64) -> Schedule {
        Schedule { rate, warm_up: 0.0, shape: Shape::Constant }
    }

    /// From `rate` to 0 along half a period of a cosine (Loshchilov & Hutter 2017).
    #[must_use]
    pub fn cosine(rate: f64) -> Schedule {
        Schedule { shape: Shape::Cosine { last: 0.0 }, ..Schedule::constant(rate) }
    }

    /// From `rate` to `last` along half a period of a cosine.
    #[must_use]
    pub fn cosine_to(rate: f64, last: f64) -> Schedule {
        Schedule { shape: Shape::Cosine { last }, ..Schedule::constant(rate) }
    }

    /// Multiplied by `factor` after every so many epochs.
    #[must_use]
    pub fn steps(rate: f64, every: usize, factor: f64) -> Schedule {
        Schedule { shape: Shape::Steps { every, factor }, ..Schedule::constant(rate) }
    }

    /// `rate` for the first half of the epochs, then linearly down to `last`, which holds for the last tenth: for averages over a trajectory
    /// (Izmailov et al. 2018, section 3).
    #[must_use]
    pub fn settling(rate: f64, last: f64) -> Schedule {
        Schedule { shape: Shape::Settling { last }, ..Schedule::constant(rate) }
    }

    /// The same, multiplied by what grows linearly from 0 to 1 over the first epochs (a part of one, or several).
    #[must_use]
    pub fn warm_up(self, epochs: f64) -> Schedule {
        Schedule { warm_up: epochs, ..self }
    }

    /// The rate at step `step` (from 0, over all epochs) where an epoch has `per_epoch` steps and there are `epochs` of them.
    #[must_use]
    pub fn at(&self, step: usize, per_epoch: usize, epochs: usize) -> f64 {
        let epoch = step as f64 / per_epoch.max(1) as f64;
        let done = (epoch / epochs.max(1) as f64).min(1.0);
        let rate = match self.shape {
            Shape::Constant => self.rate,
            Shape::Cosine { last } => last + (self.rate - last) * 0.5 * (1.0 + (PI * done).cos()),
            Shape::Steps { every, factor } => {
                self.rate * factor.powi((step / (every * per_epoch).max(1)).min(1 << 20) as i32)
            }
            Shape::Settling { last } => {
                let way = ((done - 0.5) / 0.4).clamp(0.0, 1.0);
                self.rate + (last - self.rate) * way
            }
        };
        // (the first step of a warm-up has its share, and not none)
        let warm = (step + 1) as f64 / (self.warm_up * per_epoch as f64);
        if warm < 1.0 { rate * warm } else { rate }
    }

    pub(super) fn check(&self) -> Result<(), TrainError> {
        let (mut last, mut decay) = (0.0, 1.0);
        match self.shape {
            Shape::Constant => {}
            Shape::Cosine { last: l } | Shape::Settling { last: l } => last = l,
            Shape::Steps { every, factor } => {
                decay = factor;
                if every == 0 {
                    return Err(TrainError::Setting {
                        what: "the number of epochs between steps of the learning rate",
                        range: "at least 1",
                        value: 0.0,
                    });
                }
            }
        }
        above("the learning rate", self.rate)?;
        above("the factor of a learning rate", decay)?;
        from_zero("the last learning rate", last)?;
        from_zero("the epochs of a warm-up", self.warm_up)
    }
}

/// That a number is finite and > 0.
pub(super) fn above(what: &'static str, value: f64) -> Result<(), TrainError> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(TrainError::Setting { what, range: "finite and > 0", value })
}

fn from_zero(what: &'static str, value: f64) -> Result<(), TrainError> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(TrainError::Setting { what, range: "finite and ≥ 0", value })
}
