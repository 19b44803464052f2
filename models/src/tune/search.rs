//! The search for the best parameters: starts, climbs, softnesses pinned at their hard end, and the free end.

use rayon::prelude::*;
use softbias_priors::parameters::Coordinate;
use softbias_priors::{Parameter, Parameters, Seed};

use super::NOISE;
use super::coordinates::Coordinates;
use super::objective::{self, Objective};
use crate::error::{ModelError, Result};
use crate::optimize::{Optimum, maximise};

/// One evaluation point in full: parameters of the prior, then the noise variance.
pub(super) type Theta = Vec<f64>;

/// What all starts found: optima best first, slopes at the hard end.
pub(super) struct Found {
    pub(super) optima: Vec<(f64, Theta)>,
    pub(super) slopes: Vec<(String, f64)>,
    pub(super) evaluations: usize,
}

pub(super) struct Search<'a> {
    pub(super) objective: &'a Objective<'a>,
    /// The prior's parameters, then the noise variance.
    pub(super) list: Vec<Parameter>,
    pub(super) iterations: u64,
}

/// A softness that starts at the hard end is first looked for at softness 0.1.
const INTERIOR: f64 = 1e-2;

impl Search<'_> {
    fn value(&self, theta: &[f64], dead_too: bool) -> Result<objective::Value> {
        let (prior, variance) = theta.split_at(theta.len() - 1);
        self.objective.at(prior, variance[0], dead_too)
    }

    fn is_free(&self, name: &str) -> bool {
        self.list.iter().any(|p| p.name == name && !p.fixed)
    }

    fn moves(&self, i: usize) -> bool {
        let p = &self.list[i];
        !p.fixed && p.lower < p.upper
    }

    /// Softnesses (and other variances that may be 0) to be tuned.
    fn variances(&self) -> Vec<usize> {
        let variance = |&i: &usize| self.moves(i) && self.list[i].coordinate == Coordinate::Variance;
        (0..self.list.len()).filter(variance).collect()
    }

    /// The spec's own values, and random ones about them.
    pub(super) fn starts(&self, restarts: usize, seed: Seed) -> Vec<Theta> {
        let own = self.own();
        let all = Coordinates::new(&self.list, &[]);
        let mut starts = vec![own.clone()];
        for k in 0..restarts {
            let noise = seed.at(k).normal1(all.moving().len());
            // A factor e^1.5 either way in every (log) parameter: another basin, not another universe.
            let u: Vec<f64> = all.to_free(&own).iter().zip(&noise).map(|(u, z)| u + 1.5 * z).collect();
            let mut theta = own.clone();
            all.write(&u, &mut theta);
            starts.push(theta);
        }
        starts
    }

    /// The spec's own values, brought to the labels' scale.
    fn own(&self) -> Theta {
        self.to_scale(self.list.iter().map(|p| p.value).collect())
    }

    pub(super) fn start_at(&self, parameters: &Parameters, values: &[(String, f64)]) -> Result<Theta> {
        let mut theta: Theta = self.list.iter().map(|p| p.value).collect();
        for (name, value) in values {
            let at = parameters.position(name)?;
            theta[at] = value.clamp(self.list[at].lower, self.list[at].upper);
        }
        Ok(self.to_scale(theta))
    }

    /// Moves a softness of 0 inside. Where scale and noise are both free, their common factor has a closed form: the one that
    /// maximises the evidence.
    fn to_scale(&self, mut theta: Theta) -> Theta {
        for i in self.variances() {
            if theta[i] == 0.0 {
                theta[i] = INTERIOR;
            }
        }
        if !(self.is_free("scale") && self.is_free(NOISE)) {
            return theta;
        }
        let amplitude2 = self.value(&theta, false).map_or(1.0, |v| v.amplitude2);
        if amplitude2.is_finite() && amplitude2 > 0.0 {
            for (p, value) in self.list.iter().zip(&mut theta) {
                match p.name.as_str() {
                    "scale" => *value = (*value * amplitude2.sqrt()).clamp(p.lower, p.upper),
                    NOISE => *value = (*value * amplitude2).clamp(p.lower, p.upper),
                    _ => {}
                }
            }
        }
        theta
    }

    fn climb(&self, start: &Theta, pinned: &[usize]) -> Option<(Optimum, Theta)> {
        let coordinates = Coordinates::new(&self.list, pinned);
        let evaluate = |u: &[f64]| {
            let mut theta = start.clone();
            let slopes = coordinates.write(u, &mut theta);
            let value = self.value(&theta, false).ok()?;
            let natural = |i: usize| {
                if i + 1 == theta.len() { value.noise_gradient } else { value.gradient[i] }
            };
            let gradient =
                coordinates.moving().iter().zip(&slopes).map(|(&i, slope)| natural(i) * slope).collect();
            Some((value.log, gradient))
        };
        let optimum = maximise(&evaluate, &coordinates.to_free(start), self.iterations)?;
        let mut theta = start.clone();
        coordinates.write(&optimum.x, &mut theta);
        Some((optimum, theta))
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
        let climbed: Vec<_> = jobs
            .into_par_iter()
            .map(|(start, pinned)| {
                let mut start = start.clone();
                pinned.iter().for_each(|&i| start[i] = 0.0);
                (pinned, self.climb(&start, pinned))
            })
            .collect();
        let mut evaluations = 0;
        let mut optima: Vec<(f64, Theta)> = Vec::new();
        let mut slopes = Vec::new();
        for (optimum, theta) in climbed.iter().filter_map(|(_, result)| result.as_ref()) {
            evaluations += optimum.evaluations;
            optima.push((optimum.value, theta.clone()));
        }
        let Some(mut best) = self.best(&optima) else {
            let cause = starts.first().and_then(|theta| self.value(theta, false).err());
            return Err(ModelError::NoFiniteEvidence(
                cause.map_or_else(String::new, |error| error.to_string()),
            ));
        };
        for &i in &variances {
            let hard =
                climbed.iter().filter(|(pinned, _)| *pinned == &vec![i]).filter_map(|(_, r)| r.as_ref());
            let Some((_, theta)) = hard.max_by(|a, b| a.0.value.total_cmp(&b.0.value)) else {
                continue;
            };
            let slope = self.value(theta, true)?.gradient[i];
            slopes.push((self.list[i].name.clone(), slope));
            // The hard end is left only uphill; and where it is left, the inside is searched from right there too.
            if slope > 0.0 && best.1[i] == 0.0 {
                let mut start = theta.clone();
                start[i] = 1e-2 * INTERIOR;
                if let Some((optimum, theta)) = self.climb(&start, &[]) {
                    evaluations += optimum.evaluations;
                    optima.push((optimum.value, theta));
                }
            }
            // The free end, explicitly.
            let mut free = best.1.clone();
            free[i] = self.list[i].upper;
            evaluations += 1;
            if let Some(value) = self.value(&free, false).ok().filter(|value| value.log > best.0) {
                optima.push((value.log, free));
            }
        }
        if let Some(better) = self.best(&optima) {
            best = better;
        }
        optima.retain(|(value, _)| value.is_finite());
        optima.sort_by(|a, b| b.0.total_cmp(&a.0));
        optima.insert(0, best);
        Ok(Found { optima, slopes, evaluations })
    }

    /// The best optimum; a hard one where it is as good as a soft one to a millionth of a nat.
    fn best(&self, optima: &[(f64, Theta)]) -> Option<(f64, Theta)> {
        let top = optima.iter().filter(|o| o.0.is_finite()).max_by(|a, b| a.0.total_cmp(&b.0))?;
        let zeros = |theta: &Theta| self.variances().iter().filter(|&&i| theta[i] == 0.0).count();
        let tied = optima.iter().filter(|o| o.0 >= top.0 - 1e-6);
        tied.max_by(|a, b| zeros(&a.1).cmp(&zeros(&b.1)).then(a.0.total_cmp(&b.0))).cloned()
    }
}
