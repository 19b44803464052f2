//! Step sizes over iterations: constant, falling, in cycles.

use std::fmt;

use super::SampleError;

/// The step size at every iteration, counted from 0 and through warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum StepSchedule {
    /// The same step always: a bias that stays, and mixes best.
    Constant(f64),
    /// a (b₀ + t)^−γ, with γ in (½, 1]: the bias goes to 0, and so does the speed (Welling & Teh 2011). Weigh draws by their steps.
    Falling {
        /// a.
        first: f64,
        /// b₀ > 0.
        delay: f64,
        /// γ.
        power: f64,
    },
    /// a₀/2 [cos(π t mod C / C) + 1], C iterations a cycle: large steps without noise to find another mode, then small ones with noise to
    /// sample it (Zhang et al. 2020). Draws are kept from the second part only.
    Cyclical {
        /// a₀, at the beginning of each cycle.
        first: f64,
        /// C, iterations a cycle.
        cycle: usize,
        /// The fraction β of a cycle that explores, in [0, 1).
        explore: f64,
    },
}

impl StepSchedule {
    pub(super) fn check(&self, sampler: &'static str) -> Result<(), SampleError> {
        let wrong = |what, range, value| Err(SampleError::Setting { sampler, what, range, value });
        let (StepSchedule::Constant(step)
        | StepSchedule::Falling { first: step, .. }
        | StepSchedule::Cyclical { first: step, .. }) = *self;
        if !(step > 0.0 && step.is_finite()) {
            return wrong("the step", "finite and > 0", step);
        }
        match *self {
            StepSchedule::Constant(_) => Ok(()),
            StepSchedule::Falling { delay, .. } if !(delay > 0.0 && delay.is_finite()) => {
                wrong("the delay of a falling step", "finite and > 0", delay)
            }
            StepSchedule::Falling { power, .. } if !(power > 0.5 && power <= 1.0) => {
                wrong("the power of a falling step", "in (½, 1]", power)
            }
            StepSchedule::Falling { .. } => Ok(()),
            StepSchedule::Cyclical { explore, .. } if !(0.0..1.0).contains(&explore) => {
                wrong("the exploring part of a cycle", "in [0, 1)", explore)
            }
            StepSchedule::Cyclical { cycle, .. } if self.sampling() == 0 => wrong(
                "the iterations of a cycle that sample",
                "at least 1: make the cycle longer",
                cycle as f64,
            ),
            StepSchedule::Cyclical { .. } => Ok(()),
        }
    }

    /// The step of iteration t.
    #[must_use]
    pub fn at(&self, t: usize) -> f64 {
        match *self {
            StepSchedule::Constant(step) => step,
            StepSchedule::Falling { first, delay, power } => first * (delay + t as f64).powf(-power),
            StepSchedule::Cyclical { first, cycle, .. } => {
                let phase = (t % cycle) as f64 / cycle as f64;
                0.5 * first * ((std::f64::consts::PI * phase).cos() + 1.0)
            }
        }
    }

    /// Iterations of a cycle that explore, and a cycle's length.
    fn cycle(&self) -> (usize, usize) {
        match *self {
            StepSchedule::Cyclical { cycle, explore, .. } => {
                ((explore * cycle as f64).ceil() as usize, cycle)
            }
            _ => (0, 1),
        }
    }

    /// Iterations of a cycle that sample.
    fn sampling(&self) -> usize {
        let (explores, cycle) = self.cycle();
        cycle.saturating_sub(explores)
    }

    /// Whether iteration t adds noise, and its place may be kept.
    #[must_use]
    pub fn samples(&self, t: usize) -> bool {
        let (explores, cycle) = self.cycle();
        t % cycle >= explores
    }

    /// How many of the first t iterations sample.
    #[must_use]
    pub fn sampled(&self, t: usize) -> usize {
        let (explores, cycle) = self.cycle();
        t / cycle * (cycle - explores) + (t % cycle).saturating_sub(explores)
    }

    /// The number of iterations after which `count` have sampled.
    pub(super) fn until(&self, count: usize) -> usize {
        let (explores, cycle) = self.cycle();
        let each = cycle - explores;
        let whole = count.saturating_sub(1) / each;
        if count == 0 { 0 } else { whole * cycle + explores + (count - whole * each) }
    }
}

impl fmt::Display for StepSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            StepSchedule::Constant(step) => write!(f, "step {step:e}"),
            StepSchedule::Falling { first, delay, power } => {
                write!(f, "step {first:e} ({delay} + t)^−{power}")
            }
            StepSchedule::Cyclical { first, cycle, explore } => {
                let explores = (100.0 * explore).round();
                write!(
                    f,
                    "step from {first:e} in cycles of {cycle} iterations, the first {explores} % without noise"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn counts_are_those_of_a_walk() {
        let all = [
            StepSchedule::Constant(0.1),
            StepSchedule::Cyclical { first: 0.1, cycle: 7, explore: 0.5 },
            StepSchedule::Cyclical { first: 0.1, cycle: 5, explore: 0.0 },
            StepSchedule::Cyclical { first: 0.1, cycle: 4, explore: 0.7 },
        ];
        for schedule in all {
            schedule.check("SGLD").unwrap();
            let mut count = 0;
            for t in 0..100 {
                assert_eq!(schedule.sampled(t), count, "{schedule} at {t}");
                count += usize::from(schedule.samples(t));
                if schedule.samples(t) {
                    assert_eq!(schedule.until(count), t + 1, "{schedule} for {count}");
                }
            }
        }
    }

    #[test]
    fn steps_fall_and_return() {
        let falling = StepSchedule::Falling { first: 2.0, delay: 4.0, power: 0.5001 };
        assert!((falling.at(0) - 1.0).abs() < 1e-3 && falling.at(10) < falling.at(9));
        let cyclical = StepSchedule::Cyclical { first: 2.0, cycle: 10, explore: 0.5 };
        assert_eq!([cyclical.at(0), cyclical.at(10), cyclical.at(5)], [2.0, 2.0, 1.0]);
        for bad in [
            StepSchedule::Constant(0.0),
            StepSchedule::Constant(f64::NAN),
            StepSchedule::Falling { first: 1.0, delay: 1.0, power: 0.5 },
            StepSchedule::Falling { first: 1.0, delay: 0.0, power: 0.6 },
            StepSchedule::Cyclical { first: 1.0, cycle: 10, explore: 1.0 },
            StepSchedule::Cyclical { first: 1.0, cycle: 0, explore: 0.0 },
            StepSchedule::Cyclical { first: 1.0, cycle: 1, explore: 0.5 },
        ] {
            assert!(matches!(bad.check("SGLD"), Err(SampleError::Setting { .. })), "{bad:?}");
        }
    }
}
