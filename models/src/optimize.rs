//! Maximisation with gradients: THE door to argmin.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{CostFunction, Error, Executor, Gradient, KV, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;

/// Where a maximisation ended.
#[derive(Clone, Debug)]
pub(crate) struct Optimum {
    pub(crate) x: Vec<f64>,
    pub(crate) value: f64,
    /// Iterations made; fewer than asked for, where there was nothing more to gain.
    pub(crate) iterations: u64,
}

/// Value and gradient at a point; `None` where the objective is not defined (there the search turns back).
pub(crate) type Objective<'a> = dyn Fn(&[f64]) -> Option<(f64, Vec<f64>)> + Sync + 'a;

/// Stand-in for −∞, which the line search of the library takes for a failure of its own.
const FORBIDDEN: f64 = 1e200;
/// How often L-BFGS is started again from the best point so far, after a line search gave up there.
const RESUMES: usize = 3;

/// A slope below this, in nats a unit of log-parameter, is flat.
const FLAT: f64 = 1e-6;

/// What one run of L-BFGS minimises: minus the objective, in a unit that makes the slope at its start 1. The library's first step is
/// the slope itself, and a step of thousands (evidence is in nats, and has thousands of rows) leaps beyond every bound.
struct Problem<'a> {
    objective: &'a Objective<'a>,
    stop: &'a (dyn Fn() -> bool + Sync),
    memo: Mutex<Memo>,
    unit: f64,
}

#[derive(Default)]
struct Memo {
    best: Option<(Vec<f64>, f64, Vec<f64>)>,
    last: Option<(Vec<f64>, f64, Vec<f64>)>,
}

impl Problem<'_> {
    /// Minus value and gradient in the unit; the solver asks for them apart, at the same point.
    fn at(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let mut memo = self.memo.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let scaled = |value: f64, gradient: &[f64]| {
            (-value / self.unit, gradient.iter().map(|g| -g / self.unit).collect())
        };
        if let Some((_, value, gradient)) = memo.last.as_ref().filter(|(at, ..)| at == x) {
            return scaled(*value, gradient);
        }
        let found = (self.objective)(x).filter(|(v, g)| v.is_finite() && g.iter().all(|g| g.is_finite()));
        let Some((value, gradient)) = found else {
            return (FORBIDDEN, vec![0.0; x.len()]);
        };
        let result = scaled(value, &gradient);
        let here = (x.to_vec(), value, gradient);
        if memo.best.as_ref().is_none_or(|(_, best, _)| value > *best) {
            memo.best = Some(here.clone());
        }
        memo.last = Some(here);
        result
    }
}

impl CostFunction for &Problem<'_> {
    type Param = Vec<f64>;
    type Output = f64;
    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        if (self.stop)() {
            return Err(Error::msg("interrupted"));
        }
        Ok(self.at(x).0)
    }
}

impl Gradient for &Problem<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;
    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        if (self.stop)() {
            return Err(Error::msg("interrupted"));
        }
        Ok(self.at(x).1)
    }
}

/// Counts iterations, which a run that ends with an error does not tell.
struct Count(Arc<AtomicU64>);

impl<I: State> Observe<I> for Count {
    fn observe_iter(&mut self, _: &I, _: &KV) -> Result<(), Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

fn steepest(gradient: &[f64]) -> f64 {
    gradient.iter().fold(0.0, |most: f64, g| most.max(g.abs()))
}

/// Maximises by L-BFGS with More–Thuente line searches, `iterations` in all; gives the best point met, whatever made the solver stop.
/// `None` when the objective is not defined at the start. `stop` is asked before every evaluation.
pub(crate) fn maximise(
    objective: &Objective<'_>,
    start: &[f64],
    iterations: u64,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Optimum> {
    let mut problem = Problem { objective, stop, memo: Mutex::default(), unit: 1.0 };
    let best = |problem: &Problem<'_>| {
        let memo = problem.memo.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        memo.best.clone()
    };
    if stop() || problem.at(start).0 == FORBIDDEN {
        return None;
    }
    let made = Arc::new(AtomicU64::new(0));
    // However often it is started again from the best point so far, after a line search gave up there.
    for _ in 0..=RESUMES {
        let left = iterations.saturating_sub(made.load(Ordering::Relaxed));
        let Some((from, before, gradient)) = best(&problem) else {
            break;
        };
        if stop() || left == 0 || steepest(&gradient) < FLAT {
            break;
        }
        problem.unit = steepest(&gradient).max(1.0);
        // What an evidence of this size is uncertain by: shorter steps chase rounding.
        let settled = 1e-10 * (1.0 + before.abs());
        let solver = LBFGS::new(MoreThuenteLineSearch::new(), 8).with_tolerance_grad(FLAT / problem.unit);
        let Ok(solver) = solver.and_then(|s| s.with_tolerance_cost(settled / problem.unit)) else {
            break;
        };
        // A line search that fails ends the run with an error; the best point so far is kept all the same.
        let _ = Executor::new(&problem, solver)
            .configure(|state| state.param(from).max_iters(left))
            .add_observer(Count(made.clone()), ObserverMode::Always)
            .run();
        let after = best(&problem).map_or(before, |(_, value, _)| value);
        if after - before <= 10.0 * settled {
            break;
        }
    }
    let iterations = made.load(Ordering::Relaxed);
    best(&problem).map(|(x, value, _)| Optimum { x, value, iterations })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Rosenbrock's.
    fn valley(x: &[f64]) -> Option<(f64, Vec<f64>)> {
        let (a, b) = (x[0], x[1]);
        let value = -((1.0 - a).powi(2) + 100.0 * (b - a * a).powi(2));
        Some((value, vec![2.0 * (1.0 - a) + 400.0 * a * (b - a * a), -200.0 * (b - a * a)]))
    }

    #[test]
    fn rosenbrock() {
        let optimum = maximise(&valley, &[-1.2, 1.0], 200, &|| false).unwrap();
        assert!((optimum.x[0] - 1.0).abs() < 1e-5 && (optimum.x[1] - 1.0).abs() < 1e-5, "{optimum:?}");
    }

    #[test]
    fn forbidden_regions_are_left_alone() {
        // ln x − x, not defined for x ≤ 0, started where a long first step goes there
        let f = |x: &[f64]| (x[0] > 0.0).then(|| (x[0].ln() - x[0], vec![1.0 / x[0] - 1.0]));
        let optimum = maximise(&f, &[30.0], 100, &|| false).unwrap();
        assert!((optimum.x[0] - 1.0).abs() < 1e-4, "{optimum:?}");
        assert!(maximise(&f, &[-1.0], 100, &|| false).is_none());
        assert_eq!(maximise(&|_| Some((2.0, vec![])), &[], 10, &|| false).unwrap().value, 2.0);
    }

    #[test]
    fn a_steep_start_is_no_leap() {
        // slopes of thousands beside plateaus, as evidence has them in squashed log parameters
        let f = |x: &[f64]| {
            let square = |x: f64, top: f64| -5e3 * (x - top).powi(2) / (1.0 + (x - top).powi(2));
            let slope = |x: f64, top: f64| -1e4 * (x - top) / (1.0 + (x - top).powi(2)).powi(2);
            let value = square(x[0], 2.0) + square(x[1], -1.5);
            Some((value, vec![slope(x[0], 2.0), slope(x[1], -1.5)]))
        };
        let optimum = maximise(&f, &[0.0, 0.0], 100, &|| false).unwrap();
        assert!(optimum.value.abs() < 1e-8, "{optimum:?}");
    }

    #[test]
    fn the_budget_of_iterations_is_one_for_all() {
        let short = maximise(&valley, &[-1.2, 1.0], 3, &|| false).unwrap();
        assert!(short.value < -0.1, "three steps do not cross the valley: {short:?}");
    }
}
