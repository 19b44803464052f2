//! The search for the best parameters: starts, climbs, softnesses pinned at their hard end, and the free end.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use softbias_priors::parameters::Coordinate;
use softbias_priors::{Parameters, Seed};

use super::NOISE;
use super::coordinates::Coordinates;
use super::problem::{Point, Problem, Theta};
use crate::error::{ModelError, Result};
use crate::optimize::maximise;

/// What all starts found: optima best first, slopes at the hard end, and what is odd about the best.
pub(super) struct Found {
    pub(super) optima: Vec<Point>,
    pub(super) slopes: Vec<(String, f64)>,
    pub(super) warnings: Vec<String>,
}

pub(super) struct Search<'a> {
    pub(super) problem: &'a Problem<'a>,
    pub(super) iterations: u64,
    /// How often to leap at most.
    pub(super) leaps: usize,
}

/// A softness that starts at the hard end is first looked for at softness 0.1.
const INTERIOR: f64 = 1e-2;
/// Random points of which a start is the best.
const CANDIDATES: usize = 6;
/// How far a leap goes, in (log) parameters.
const LEAP: f64 = 4.0;
/// Optima this close, in nats, may be one.
const TIED: f64 = 1e-3;
/// They are one when no (log) parameter differs by more.
const SAME: f64 = 0.02;
/// A top is no top when the evidence rises by more than this, in nats, a unit of some (log) parameter.
const STEEP: f64 = 0.05;
/// A promise of this many nats, of a constraint relaxed as far as [`INTERIOR`], should have been kept by a climb.
const PROMISED: f64 = 1e-2;
/// How often another point than the best may have to take its place.
const RETHOUGHT: usize = 3;
/// A climb and a fresh evaluation at its end agree to this many nats, unless the approximation has several modes.
const AGREED: f64 = 1e-3;

impl Search<'_> {
    fn is_free(&self, name: &str) -> bool {
        self.problem.list.iter().any(|p| p.name == name && !p.fixed)
    }

    /// Softnesses (and other variances that may be 0) to be tuned.
    fn variances(&self) -> Vec<usize> {
        let variance = |&i: &usize| {
            let p = &self.problem.list[i];
            self.problem.moves(i) && p.coordinate == Coordinate::Variance && p.lower <= 0.0
        };
        (0..self.problem.list.len()).filter(variance).collect()
    }

    /// The spec's own values, and random ones about them: of a few for every start the one of highest evidence, which costs one
    /// evaluation where a climb costs dozens.
    pub(super) fn starts(&self, restarts: usize, seed: Seed) -> Vec<Theta> {
        let own = self.to_scale(self.problem.list.iter().map(|p| p.value).collect());
        let all = Coordinates::new(&self.problem.list, &[]);
        let candidate = |seed: Seed| {
            let noise = seed.normal1(all.moving().len());
            // A factor e^1.5 either way in every (log) parameter: another basin, not another universe.
            let u: Vec<f64> = all.to_free(&own).iter().zip(&noise).map(|(u, z)| u + 1.5 * z).collect();
            let mut theta = own.clone();
            all.write(&u, &mut theta);
            let target = self.problem.value(&theta, &mut None).ok();
            let target = target.map(|value| value.log + self.problem.log_hyperprior(&theta, |_| true));
            (theta, target.filter(|target| !target.is_nan()).unwrap_or(f64::NEG_INFINITY))
        };
        let drawn: Vec<_> =
            (0..restarts * CANDIDATES).into_par_iter().map(|k| candidate(seed.at(k))).collect();
        let best = |few: &[(Theta, f64)]| {
            let first = few.iter().max_by(|a, b| a.1.total_cmp(&b.1));
            first.map_or_else(|| own.clone(), |(theta, _)| theta.clone())
        };
        std::iter::once(own.clone()).chain(drawn.chunks(CANDIDATES).map(best)).collect()
    }

    /// The spec's own values but for some; brought to the labels' scale unless they are to be taken as they are.
    pub(super) fn start_at(&self, values: &[(String, f64)], as_it_is: bool) -> Result<Theta> {
        let list = &self.problem.list;
        let names = Parameters::new(list.iter().cloned());
        let mut theta: Theta = list.iter().map(|p| p.value).collect();
        for (name, value) in values {
            let at = names.position(name)?;
            if self.problem.moves(at) && !value.is_nan() {
                theta[at] = value.clamp(list[at].lower, list[at].upper);
            }
        }
        if as_it_is {
            self.inside(&mut theta);
            return Ok(theta);
        }
        Ok(self.to_scale(theta))
    }

    /// Moves a softness of 0 inside.
    fn inside(&self, theta: &mut Theta) {
        for i in self.variances() {
            if theta[i] == 0.0 {
                theta[i] = INTERIOR.min(self.problem.list[i].upper);
            }
        }
    }

    /// Where scale and noise are both free, their common factor has a closed form: the one that maximises the evidence.
    fn to_scale(&self, mut theta: Theta) -> Theta {
        self.inside(&mut theta);
        if !(self.is_free("scale") && self.is_free(NOISE)) {
            return theta;
        }
        let amplitude2 = self.problem.value(&theta, &mut None).ok().and_then(|v| v.amplitude2).unwrap_or(1.0);
        if amplitude2.is_finite() && amplitude2 > 0.0 {
            for (p, value) in self.problem.list.iter().zip(&mut theta) {
                match p.name.as_str() {
                    "scale" => *value = (*value * amplitude2.sqrt()).clamp(p.lower, p.upper),
                    NOISE => *value = (*value * amplitude2).clamp(p.lower, p.upper),
                    _ => {}
                }
            }
        }
        theta
    }

    fn climb(&self, start: &Theta, pinned: &[usize]) -> Option<Point> {
        let coordinates = Coordinates::new(&self.problem.list, pinned);
        let warm = Mutex::new(None);
        let evaluate = |u: &[f64]| {
            let mut warm = warm.lock().unwrap_or_else(PoisonError::into_inner);
            let (point, gradient) = self.problem.at(&coordinates, start, u, &mut warm)?;
            Some((point.target(), gradient))
        };
        let stop = || self.problem.track.stopped();
        let optimum = maximise(&evaluate, &coordinates.to_free(start), self.iterations, &stop);
        self.problem.track.ended_one();
        let optimum = optimum?;
        let mut theta = start.clone();
        coordinates.write(&optimum.x, &mut theta);
        let moving = |i: usize| coordinates.moving().contains(&i);
        let log_evidence = optimum.value - self.problem.log_hyperprior(&theta, moving);
        let log_hyperprior = self.problem.log_hyperprior(&theta, |_| true);
        Some(Point { log_evidence, log_hyperprior, theta })
    }

    pub(super) fn run(&self, starts: &[Theta]) -> Result<Found> {
        let variances = self.variances();
        // Smooth problems: all inside; each softness pinned at 0; all pinned at 0.
        let mut patterns: Vec<Vec<usize>> = vec![Vec::new()];
        patterns.extend(variances.iter().map(|&i| vec![i]));
        if variances.len() > 1 {
            patterns.push(variances.clone());
        }
        let jobs: Vec<(&Theta, &Vec<usize>)> =
            patterns.iter().flat_map(|p| starts.iter().map(move |s| (s, p))).collect();
        self.problem.track.begins(jobs.len());
        let climbed: Vec<Option<Point>> = jobs
            .into_par_iter()
            .map(|(start, pinned)| {
                let mut start = start.clone();
                pinned.iter().for_each(|&i| start[i] = 0.0);
                self.climb(&start, pinned)
            })
            .collect();
        let mut optima: Vec<Point> = climbed.into_iter().flatten().collect();
        let mut slopes = Vec::new();
        self.leap(&mut optima);
        if self.problem.track.stopped() {
            optima.extend(self.problem.track.best());
        } else if let Some(best) = self.best(&optima) {
            for &i in &variances {
                // its own hyperprior, which may forbid the hard end, has no say in which hard point is the best
                let score = |p: &Point| p.log_evidence + self.problem.log_hyperprior(&p.theta, |k| k != i);
                let hard = optima.iter().filter(|point| point.theta[i] == 0.0 && score(point).is_finite());
                let hard = hard.max_by(|a, b| score(a).total_cmp(&score(b))).map(|point| point.theta.clone());
                if let Some(hard) = hard {
                    self.ends_of_softness(i, &hard, &best, &mut optima, &mut slopes)?;
                }
            }
        }
        let Some(mut best) = self.best(&optima) else {
            let cause = starts.first().and_then(|theta| self.problem.value(theta, &mut None).err());
            return Err(ModelError::NoFiniteEvidence(
                cause.map_or_else(String::new, |error| error.to_string()),
            ));
        };
        optima.retain(|point| point.target().is_finite());
        let mut warnings = Vec::new();
        for _ in 0..RETHOUGHT {
            if self.problem.track.stopped() {
                break;
            }
            warnings = self.look_again(&mut best, &slopes);
            optima.retain(|point| point.theta != best.theta);
            match self.best(&optima) {
                // what looked best was not to be found again
                Some(other) if other.target() > best.target() + AGREED => {
                    optima.push(std::mem::replace(&mut best, other));
                }
                _ => break,
            }
        }
        optima.retain(|point| point.theta != best.theta);
        optima.sort_by(|a, b| b.target().total_cmp(&a.target()));
        optima.insert(0, best);
        Ok(Found { optima: self.distinct(optima), slopes, warnings })
    }

    /// From the best optimum one parameter at a time is thrown far to either side, and where that costs least another climb begins: the
    /// optima of a length in use and of one without use (very long) lie apart like that. Goes on as long as it pays, twice at most.
    fn leap(&self, optima: &mut Vec<Point>) {
        for _ in 0..self.leaps {
            let Some(best) = self.best(optima).filter(|_| !self.problem.track.stopped()) else {
                return;
            };
            let hard: Vec<usize> = self.variances().into_iter().filter(|&i| best.theta[i] == 0.0).collect();
            let coordinates = Coordinates::new(&self.problem.list, &hard);
            let from = coordinates.to_free(&best.theta);
            let thrown = |job: usize| {
                let mut u = from.clone();
                u[job / 2] += if job.is_multiple_of(2) { LEAP } else { -LEAP };
                let (point, _) = self.problem.at(&coordinates, &best.theta, &u, &mut None)?;
                point.target().is_finite().then_some(point)
            };
            let logarithmic = |place: &usize| {
                let i = coordinates.moving()[*place];
                self.problem.list[i].coordinate != Coordinate::Plain
            };
            let jobs: Vec<usize> =
                (0..from.len()).filter(logarithmic).flat_map(|place| [2 * place, 2 * place + 1]).collect();
            let landed: Vec<Option<Point>> = jobs.into_par_iter().map(thrown).collect();
            let highest = landed.into_iter().flatten().max_by(|a, b| a.target().total_cmp(&b.target()));
            let Some(start) = highest else {
                return;
            };
            self.problem.track.begins(1);
            let Some(end) = self.climb(&start.theta, &hard) else {
                return;
            };
            let gain = end.target() - best.target();
            optima.push(end);
            if gain <= TIED {
                return;
            }
        }
    }

    /// Evaluates the best point afresh, without a start from elsewhere, as conditioning there will; says what is odd about it.
    fn look_again(&self, best: &mut Point, slopes: &[(String, f64)]) -> Vec<String> {
        let value = match self.problem.value(&best.theta, &mut None) {
            Ok(value) => value,
            Err(error) => {
                return vec![format!("the best point cannot be found again from a fresh start: {error}")];
            }
        };
        let mut warnings = value.warnings.clone();
        if (value.log - best.log_evidence).abs() > AGREED * (1.0 + 1e-6 * value.log.abs()) {
            warnings.push(format!(
                "the search met an evidence of {:.3} nats here and a fresh start gives {:.3}: the approximate posterior has several \
                 modes",
                best.log_evidence, value.log
            ));
        }
        best.log_evidence = value.log;
        let hard: Vec<usize> = self.variances().into_iter().filter(|&i| best.theta[i] == 0.0).collect();
        let coordinates = Coordinates::new(&self.problem.list, &hard);
        let mut theta = best.theta.clone();
        let units = coordinates.write(&coordinates.to_free(&best.theta), &mut theta);
        let moving = coordinates.moving().iter().zip(units);
        let along = moving.map(|(&i, unit)| (i, self.problem.slope(&value, &best.theta, i) * unit));
        let steepest = along.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        if let Some((i, slope)) = steepest.filter(|(_, slope)| slope.abs() > STEEP) {
            warnings.push(format!(
                "the search ended before its top: the evidence still changes by {slope:.2e} nats a unit of the (log) parameter \
                 `{}`; allow more `iterations`, or go on with `start_at`",
                self.problem.list[i].name
            ));
        }
        for &i in &hard {
            let name = &self.problem.list[i].name;
            let slope = slopes.iter().find(|(of, _)| of == name).map_or(0.0, |(_, slope)| *slope);
            if slope * INTERIOR > PROMISED {
                warnings.push(format!(
                    "the evidence rises from `{name}` = 0 (by {slope:.2e} nats a unit), and yet no value above 0 was found to be better"
                ));
            }
        }
        warnings
    }

    /// The slope at the best hard point of softness `i`, and what lies beyond either end.
    fn ends_of_softness(
        &self,
        i: usize,
        hard: &Theta,
        best: &Point,
        optima: &mut Vec<Point>,
        slopes: &mut Vec<(String, f64)>,
    ) -> Result<()> {
        let slope = self.problem.slope_at_hard_end(hard, i)?;
        slopes.push((self.problem.list[i].name.clone(), slope));
        // The hard end is left only uphill; and where it is left, the inside is searched from right there too.
        let uphill = slope + self.problem.hyperprior(i).map_or(0.0, |h| h.slope(0.0));
        if uphill > 0.0 && best.theta[i] == 0.0 {
            let mut start = hard.clone();
            start[i] = (1e-2 * INTERIOR).min(self.problem.list[i].upper);
            self.problem.track.begins(1);
            optima.extend(self.climb(&start, &[]));
        }
        // The free end, explicitly.
        let mut free = best.theta.clone();
        free[i] = self.problem.list[i].upper;
        if let Ok(value) = self.problem.value(&free, &mut None) {
            let log_hyperprior = self.problem.log_hyperprior(&free, |_| true);
            let point = Point { log_evidence: value.log, log_hyperprior, theta: free };
            if point.target() > best.target() {
                optima.push(point);
            }
        }
        Ok(())
    }

    /// The best optimum; a hard one where it is as good as a soft one to a millionth of a nat.
    fn best(&self, optima: &[Point]) -> Option<Point> {
        let finite = || optima.iter().filter(|o| o.target().is_finite());
        let top = finite().map(Point::target).max_by(f64::total_cmp)?;
        let variances = self.variances();
        let zeros = |point: &Point| variances.iter().filter(|&&i| point.theta[i] == 0.0).count();
        let tied = finite().filter(|o| o.target() >= top - 1e-6);
        tied.max_by(|a, b| zeros(a).cmp(&zeros(b)).then(a.target().total_cmp(&b.target()))).cloned()
    }

    /// Every optimum once, in the order given.
    fn distinct(&self, optima: Vec<Point>) -> Vec<Point> {
        let mut kept: Vec<Point> = Vec::new();
        for point in optima {
            if !kept.iter().any(|known| self.same(known, &point)) {
                kept.push(point);
            }
        }
        kept
    }

    /// Equal evidence makes two ends one mode only where the parameters agree too, or where no valley lies between them: along
    /// a parameter that the evidence does not see, climbs end anywhere.
    fn same(&self, a: &Point, b: &Point) -> bool {
        if (a.target() - b.target()).abs() > TIED {
            return false;
        }
        let all = Coordinates::new(&self.problem.list, &[]);
        let near = |a: &f64, b: &f64| (a - b).abs() <= SAME;
        if all.to_plain(&a.theta).iter().zip(&all.to_plain(&b.theta)).all(|(a, b)| near(a, b)) {
            return true;
        }
        if self.problem.track.stopped() {
            return false;
        }
        let (from, to) = (all.to_free(&a.theta), all.to_free(&b.theta));
        let floor = a.target().min(b.target()) - TIED;
        [0.25, 0.5, 0.75].iter().all(|share| {
            let u: Vec<f64> = from.iter().zip(&to).map(|(a, b)| a + share * (b - a)).collect();
            let between = self.problem.at(&all, &a.theta, &u, &mut None);
            between.is_some_and(|(point, _)| point.target() >= floor)
        })
    }
}
