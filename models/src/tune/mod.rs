//! Parameters chosen by the evidence: L-BFGS from several starts in parallel, hard ends evaluated exactly, the ledger charged.

mod coordinates;
mod objective;

use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use softbias_priors::parameters::Coordinate;
use softbias_priors::{GaussianPrior, Ledger, Nats, Parameter, Parameters, PriorExt, Saw, Seed};

use self::coordinates::Coordinates;
use self::objective::Objective;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::exact::reduced::residual;
use crate::exact::{Exact, ExactPosterior};
use crate::likelihood::Gaussian;
use crate::model::{Method, Model};
use crate::optimize::{Optimum, maximise};

/// The name of the noise among tuned parameters; its value is the variance.
pub const NOISE: &str = "noise2";

/// How to tune.
#[derive(Clone, Debug)]
pub struct Tune {
    method: Exact,
    restarts: usize,
    iterations: u64,
    seed: Seed,
    fixed: Vec<(String, bool)>,
    further: Vec<Vec<(String, f64)>>,
}

impl Default for Tune {
    fn default() -> Tune {
        Tune {
            method: Exact::Auto,
            restarts: 2,
            iterations: 200,
            seed: Seed::new(0),
            fixed: Vec::new(),
            further: Vec::new(),
        }
    }
}

/// Tunes the free parameters of a model by evidence, with the default settings of [`Tune`].
///
/// # Errors
/// When model and data do not fit, or no start has a finite evidence.
pub fn tune<P: GaussianPrior + 'static>(model: Model<P, Gaussian>, data: &Data) -> Result<Tuned> {
    Tune::default().run(model, data)
}

/// One point that the search ended at: a local optimum of the evidence, inside or with a softness held at its hard end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mode {
    /// Log evidence there.
    pub log_evidence: Nats,
    /// Every parameter there, the noise last.
    pub parameters: Parameters,
}

/// The outcome of tuning.
#[derive(Clone, Debug)]
pub struct Tuned {
    /// The model at the best parameters. Its prior is charged with the rows that were looked at.
    pub model: Model<Arc<dyn GaussianPrior>, Gaussian>,
    /// Log evidence there, Jacobian of label transforms included.
    pub log_evidence: Nats,
    modes: Vec<Mode>,
    /// For every softness² that was tuned: the slope of the evidence at softness² = 0 (in nats per unit of softness²), all else at
    /// the best hard parameters. Positive: the data ask for the constraint to be relaxed.
    pub slopes_at_hard: Vec<(String, f64)>,
    /// Parameters that sit on a bound, in words.
    pub warnings: Vec<String>,
    /// Evaluations of the evidence, over all starts.
    pub evaluations: usize,
    method: Exact,
}

impl Tuned {
    /// Conditions the tuned model.
    ///
    /// # Errors
    /// When the data do not fit.
    pub fn condition(&self, data: &Data) -> Result<ExactPosterior> {
        self.method.condition(self.model.clone(), data)
    }

    /// The optima that the starts led to, best first, those within a thousandth of a nat of each other once; the first is `model`.
    #[must_use]
    pub fn modes(&self) -> &[Mode] {
        &self.modes
    }

    /// The tuned value of a parameter by name ([`NOISE`] for the noise variance).
    ///
    /// The number has seen the labels and carries no ledger: a prior built from it by hand looks innocent and is not.
    ///
    /// # Errors
    /// When no parameter has that name.
    pub fn value(&self, name: &str) -> Result<f64> {
        let parameters = &self.modes[0].parameters;
        let at = parameters.position(name)?;
        Ok(parameters.values()[at])
    }
}

/// One evaluation point in full: parameters of the prior, then the noise variance.
type Theta = Vec<f64>;

impl Tune {
    /// Random starts beside the spec's own values (at first 2).
    #[must_use]
    pub fn restarts(self, restarts: usize) -> Tune {
        Tune { restarts, ..self }
    }

    /// Iterations of L-BFGS a start, at most (at first 200).
    #[must_use]
    pub fn iterations(self, iterations: u64) -> Tune {
        Tune { iterations, ..self }
    }

    /// The seed of the random starts.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Tune {
        Tune { seed, ..self }
    }

    /// A further start: the spec's own values but for these, by name. Starts matter where the evidence has several optima.
    #[must_use]
    pub fn start<S: Into<String>>(mut self, values: impl IntoIterator<Item = (S, f64)>) -> Tune {
        self.further.push(values.into_iter().map(|(name, value)| (name.into(), value)).collect());
        self
    }

    /// The exact method used.
    #[must_use]
    pub fn method(self, method: Exact) -> Tune {
        Tune { method, ..self }
    }

    /// Lets a parameter move that the spec holds fixed ([`NOISE`] for the noise).
    #[must_use]
    pub fn free(mut self, name: &str) -> Tune {
        self.fixed.push((name.into(), false));
        self
    }

    /// Holds a parameter fixed.
    #[must_use]
    pub fn fix(mut self, name: &str) -> Tune {
        self.fixed.push((name.into(), true));
        self
    }

    /// Tunes.
    ///
    /// # Errors
    /// When model and data do not fit, a name is unknown, or no start has a finite evidence.
    pub fn run<P: GaussianPrior + 'static>(&self, model: Model<P, Gaussian>, data: &Data) -> Result<Tuned> {
        model.likelihood.check()?;
        let prior: Arc<dyn GaussianPrior> = Arc::new(model.prior);
        let parameters = self.parameters(&*prior, model.likelihood, data)?;
        let objective = Objective::new(prior.clone(), data, self.method)?;
        let search = Search {
            objective: &objective,
            list: parameters.iter().cloned().collect(),
            iterations: self.iterations,
        };
        let mut starts = search.starts(self.restarts, self.seed);
        for values in &self.further {
            starts.push(search.start_at(&parameters, values)?);
        }
        let found = search.run(&starts)?;
        self.finish(&search, prior, model.likelihood, data, found)
    }

    /// The prior's parameters and the noise, with what the user fixed or freed.
    fn parameters(&self, prior: &dyn GaussianPrior, noise: Gaussian, data: &Data) -> Result<Parameters> {
        let y = residual(prior, data)?;
        let scale2 = y.iter().map(|v| v * v).sum::<f64>() / y.len() as f64;
        let scale2 = if scale2 > 0.0 { scale2 } else { 1.0 };
        // Noise cannot explode unnoticed: ten times the labels' own size is its bound, and a bound that is met is reported.
        let bounds = ((1e-16 * scale2).min(noise.variance()), (100.0 * scale2).max(noise.variance()));
        let noise = Parameter::free(NOISE, noise.variance(), bounds, Coordinate::Log).fixed(noise.is_known());
        let all = prior.parameters().followed_by(Parameters::new([noise]));
        let change = |all: Parameters, (name, fixed): &(String, bool)| all.with_fixed(name, *fixed);
        let all = self.fixed.iter().try_fold(all, change)?;
        for (i, p) in all.iter().enumerate() {
            if all.iter().take(i).any(|other| other.name == p.name) {
                return Err(ModelError::DuplicateParameter(p.name.clone()));
            }
            let moves = !p.fixed && p.lower != p.upper;
            let least = if p.coordinate == Coordinate::Log { f64::MIN_POSITIVE } else { f64::MIN };
            if moves && !(p.lower < p.upper && p.lower >= least && p.upper.is_finite()) {
                return Err(ModelError::Bounds { name: p.name.clone(), lower: p.lower, upper: p.upper });
            }
        }
        Ok(all)
    }

    fn finish(
        &self,
        search: &Search<'_>,
        prior: Arc<dyn GaussianPrior>,
        noise: Gaussian,
        data: &Data,
        found: Found,
    ) -> Result<Tuned> {
        let moving = Coordinates::new(&search.list, &[]);
        let mut modes: Vec<Mode> = Vec::new();
        for (value, theta) in &found.optima {
            let log_evidence = Nats(*value) + data.log_jacobian();
            let known = |mode: &Mode| (mode.log_evidence.get() - log_evidence.get()).abs() < 1e-3;
            if !modes.iter().any(known) {
                let at = search.list.iter().zip(theta).map(|(p, &value)| Parameter { value, ..p.clone() });
                modes.push(Mode { log_evidence, parameters: Parameters::new(at) });
            }
        }
        let Some((value, theta)) = found.optima.first() else {
            return Err(ModelError::NoFiniteEvidence(String::new()));
        };
        let (of_prior, variance) = theta.split_at(theta.len() - 1);
        let mut tuned_prior = prior.with(of_prior)?;
        let names: Vec<&str> = moving
            .moving()
            .iter()
            .map(|&i| search.list[i].name.as_str())
            .filter(|name| *name != NOISE)
            .collect();
        if !names.is_empty() {
            let what = format!("tuned {}", names.join(", "));
            let seen = Ledger::saw(what, Saw::Labels, Some(data.rows())).and(data.ledger());
            tuned_prior = Arc::new(tuned_prior.charged(seen));
        }
        if moving.moving().contains(&(theta.len() - 1)) {
            let seen = Ledger::saw("tuned noise", Saw::Noise, Some(data.rows()));
            tuned_prior = Arc::new(tuned_prior.charged(seen));
        }
        let noise = if variance[0] == noise.variance() { noise } else { noise.at(variance[0].sqrt()) };
        Ok(Tuned {
            model: Model { prior: tuned_prior, likelihood: noise },
            log_evidence: Nats(*value) + data.log_jacobian(),
            modes,
            slopes_at_hard: found.slopes,
            warnings: moving.on_bounds(theta),
            evaluations: found.evaluations,
            method: self.method,
        })
    }
}

/// What all starts found: optima best first, slopes at the hard end.
struct Found {
    optima: Vec<(f64, Theta)>,
    slopes: Vec<(String, f64)>,
    evaluations: usize,
}

struct Search<'a> {
    objective: &'a Objective<'a>,
    /// The prior's parameters, then the noise variance.
    list: Vec<Parameter>,
    iterations: u64,
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
    fn starts(&self, restarts: usize, seed: Seed) -> Vec<Theta> {
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

    fn start_at(&self, parameters: &Parameters, values: &[(String, f64)]) -> Result<Theta> {
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

    fn run(&self, starts: &[Theta]) -> Result<Found> {
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
        for (pinned, result) in &climbed {
            if let Some((optimum, theta)) = result {
                evaluations += optimum.evaluations;
                optima.push((optimum.value, theta.clone()));
                debug_assert!(pinned.iter().all(|&i| theta[i] == 0.0));
            }
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
