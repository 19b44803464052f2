//! Maximisation with gradients: THE door to argmin.

use std::sync::Mutex;

use argmin::core::{CostFunction, Error, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;

/// Where a maximisation ended.
#[derive(Clone, Debug)]
pub(crate) struct Optimum {
    pub(crate) x: Vec<f64>,
    pub(crate) value: f64,
}

/// Value and gradient at a point; `None` where the objective is not defined (there the search turns back).
pub(crate) type Objective<'a> = dyn Fn(&[f64]) -> Option<(f64, Vec<f64>)> + Sync + 'a;

/// Stand-in for −∞, which the line search of the library takes for a failure of its own.
const FORBIDDEN: f64 = 1e200;
/// How often L-BFGS is started again from the best point so far, after a line search gave up there.
const RESUMES: usize = 3;

struct Problem<'a> {
    objective: &'a Objective<'a>,
    stop: &'a (dyn Fn() -> bool + Sync),
    memo: Mutex<Memo>,
}

#[derive(Default)]
struct Memo {
    best: Option<(Vec<f64>, f64, Vec<f64>)>,
    last: Option<(Vec<f64>, f64, Vec<f64>)>,
}

impl Problem<'_> {
    /// Minus value and gradient; the solver asks for them apart, at the same point.
    fn at(&self, x: &[f64]) -> (f64, Vec<f64>) {
        let mut memo = self.memo.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, value, gradient)) = memo.last.as_ref().filter(|(at, ..)| at == x) {
            return (-value, gradient.iter().map(|g| -g).collect());
        }
        let found = (self.objective)(x).filter(|(v, g)| v.is_finite() && g.iter().all(|g| g.is_finite()));
        let Some((value, gradient)) = found else {
            return (FORBIDDEN, vec![0.0; x.len()]);
        };
        let here = (x.to_vec(), value, gradient.clone());
        if memo.best.as_ref().is_none_or(|(_, best, _)| value > *best) {
            memo.best = Some(here.clone());
        }
        memo.last = Some(here);
        (-value, gradient.into_iter().map(|g| -g).collect())
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

/// Maximises by L-BFGS with More–Thuente line searches; gives the best point met, whatever made the solver stop. `None` when the
/// objective is not defined at the start. `stop` is asked before every evaluation.
pub(crate) fn maximise(
    objective: &Objective<'_>,
    start: &[f64],
    iterations: u64,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Optimum> {
    let problem = Problem { objective, stop, memo: Mutex::default() };
    let best = || {
        let memo = problem.memo.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        memo.best.clone()
    };
    if stop() || problem.at(start).0 == FORBIDDEN {
        return None;
    }
    if !start.is_empty() {
        for _ in 0..=RESUMES {
            let Some((from, before, gradient)) = best() else {
                break;
            };
            // Evidence is in nats: a slope of 1e-6 nats a unit of log-parameter is flat.
            if stop() || gradient.iter().all(|g| g.abs() < 1e-6) {
                break;
            }
            let solver = LBFGS::new(MoreThuenteLineSearch::new(), 8).with_tolerance_grad(1e-6);
            let Ok(solver) = solver.and_then(|s| s.with_tolerance_cost(1e-11)) else {
                break;
            };
            // A line search that fails ends the run with an error; the best point so far is kept all the same.
            let _ = Executor::new(&problem, solver)
                .configure(|state| state.param(from).max_iters(iterations))
                .run();
            let after = best().map_or(before, |(_, value, _)| value);
            if after - before <= 1e-9 * (1.0 + before.abs()) {
                break;
            }
        }
    }
    best().map(|(x, value, _)| Optimum { x, value })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rosenbrock() {
        let f = |x: &[f64]| {
            let (a, b) = (x[0], x[1]);
            let value = -((1.0 - a).powi(2) + 100.0 * (b - a * a).powi(2));
            Some((value, vec![2.0 * (1.0 - a) + 400.0 * a * (b - a * a), -200.0 * (b - a * a)]))
        };
        let optimum = maximise(&f, &[-1.2, 1.0], 200, &|| false).unwrap();
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
}
