//! The models, what they are tuned and judged on, and how they do.

use std::sync::Arc;

use softbias::prelude::*;
use softbias::{Error, Pathways, tune::NOISE};

use crate::common::Args;

/// Years that a forecast reaches.
pub(crate) const AHEAD: f64 = 3.0;
/// One week in so many is looked at.
const EVERY: usize = 4;
/// The origin that is followed to the end of the record, too.
pub(crate) const LONG: f64 = 1990.0;
/// Parameters of the soft composite: name, in words, the book's value, and whether the parameter is its square. The book's season is
/// all in what decays here.
pub(crate) const BOOK: [(&str, &str, Option<f64>, bool); 13] = [
    ("core.trend.variance", "trend: scale", Some(66.0), true),
    ("core.trend.length", "trend: length", Some(67.0), false),
    ("core.season.variance", "exact season: scale", None, true),
    ("core.season.length", "exact season: roughness", None, false),
    ("softness2", "wandering season: softness", Some(2.4), true),
    ("rest.shape.length", "wandering season: roughness", Some(1.3), false),
    ("rest.memory.length", "wandering season: memory", Some(90.0), false),
    ("core.medium.variance", "medium term: scale", Some(0.66), true),
    ("core.medium.length", "medium term: length", Some(1.2), false),
    ("core.medium.alpha", "medium term: α", Some(0.78), false),
    ("core.short.variance", "correlated noise: scale", Some(0.18), true),
    ("core.short.length", "correlated noise: length", Some(0.133), false),
    (NOISE, "noise", Some(0.19), true),
];
pub(crate) const MODELS: [&str; 4] = ["soft season", "hard season", "single kernel", "trend and noise"];

/// Trend, a season that repeats itself exactly, medium term and correlated noise, in ppm and years, from the book's values.
fn core() -> Gp {
    let trend = 66.0 * 66.0 * Kernel::rbf(67.0).named("trend");
    let season = 2.4 * 2.4 * Kernel::periodic(1.0, 1.3).named("season");
    let medium = 0.66 * 0.66 * Kernel::rational_quadratic(1.2, 0.78).named("medium");
    let short = 0.18 * 0.18 * Kernel::rbf(0.13).named("short");
    about_level(trend + season + medium + short)
}

/// A season of unit variance whose shape is forgotten in time.
fn wandering() -> Gp {
    Gp::new(Kernel::periodic(1.0, 1.3).named("shape") * Kernel::rbf(90.0).named("memory"))
}

/// The level is integrated out about the first value on record: nothing has to be centred by looking ahead.
fn about_level(kernel: Kernel) -> Gp {
    Gp::new(kernel).about(Mean::constant(315.0).integrated(30.0))
}

fn soft() -> Result<Pathways<Gp, Gp>, Error> {
    Ok(core().relaxed(Softness::new(1.0)?, wandering()))
}

/// The models of the comparison, each with the parameters that are known: a year is a year.
fn spec(model: usize) -> Result<(Arc<dyn GaussianPrior>, &'static [&'static str]), Error> {
    Ok(match model {
        0 => (Arc::new(soft()?), &["core.season.period", "rest.shape.period"]),
        1 => (Arc::new(core()), &["season.period"]),
        _ => (Arc::new(about_level(20.0 * 20.0 * Kernel::rbf(20.0))), &[]),
    })
}

fn tuned(model: usize, train: &Data, restarts: usize, seed: Seed) -> Result<Tuned, Error> {
    let (prior, known) = spec(model)?;
    // Ridges of the evidence are followed no further than forecasts notice.
    let tune = Tune::default().restarts(restarts).iterations(120).seed(seed);
    let tune = known.iter().fold(tune, |tune, name| tune.fix(name));
    // One kernel follows the season and forgets everything within months, unless it is held to follow the trend.
    let (tune, noise) = match model {
        2 => (tune.start([("length", 0.3), (NOISE, 0.5 * 0.5)]), 2.0),
        3 => (tune.bounds("length", 5.0, 500.0), 2.0),
        _ => (tune, 0.19),
    };
    Ok(tune.run(prior.with_likelihood(Gaussian::noise(noise)), train)?)
}

/// Forecasts held against what came, label by label; in ppm.
#[derive(Clone, Default)]
pub(crate) struct Score {
    pub(crate) squares: Vec<f64>,
    pub(crate) log_densities: Vec<f64>,
    pub(crate) inside: Vec<f64>,
}

impl Score {
    pub(crate) fn of(posterior: &ExactPosterior, test: &Data) -> Result<Score, Error> {
        let prediction = posterior.predict(test.points())?;
        let (lower, upper) = prediction.interval(Uncertainty::Observation, 0.95)?;
        let labels = test.labels();
        let inside = labels.iter().zip(lower.iter().zip(&upper));
        Ok(Score {
            squares: prediction.mean().iter().zip(labels).map(|(m, y)| (m - y).powi(2)).collect(),
            log_densities: prediction.log_density(labels)?.to_vec(),
            inside: inside.map(|(y, (l, u))| f64::from(u8::from(l <= y && y <= u))).collect(),
        })
    }

    pub(crate) fn and(mut self, other: &Score) -> Score {
        self.squares.extend(&other.squares);
        self.log_densities.extend(&other.log_densities);
        self.inside.extend(&other.inside);
        self
    }

    pub(crate) fn rmse(&self) -> f64 {
        mean(&self.squares).sqrt()
    }

    pub(crate) fn nlpd(&self) -> f64 {
        -mean(&self.log_densities)
    }

    pub(crate) fn coverage(&self) -> f64 {
        mean(&self.inside)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// One model before one origin.
pub(crate) struct Outcome {
    pub(crate) tuned: Tuned,
    pub(crate) posterior: ExactPosterior,
    pub(crate) score: Score,
}

/// The rows from year `from` on and before year `to`.
pub(crate) fn years(data: &Data, from: f64, to: f64) -> Result<Data, Error> {
    let year = data.points().coordinate(0)?.to_vec();
    let rows: Vec<usize> = (0..data.len()).filter(|&i| (from..to).contains(&year[i])).collect();
    Ok(data.select(&rows)?)
}

/// What a run is made of.
pub(crate) struct Study {
    pub(crate) data: Data,
    pub(crate) origins: Vec<f64>,
    pub(crate) restarts: usize,
    pub(crate) seed: Seed,
}

impl Study {
    pub(crate) fn new(args: &Args) -> Result<Study, Error> {
        let restarts = if args.quick { 0 } else { 2 };
        let origins =
            if args.quick { vec![1975.0, 1990.0] } else { vec![1975.0, 1980.0, 1985.0, 1990.0, 1995.0] };
        let all = Data::read_csv(args.shipped("co2.csv"), "ppm")?;
        let rows: Vec<usize> = (0..all.len()).step_by(EVERY).collect();
        Ok(Study {
            data: all.select(&rows)?,
            origins,
            restarts,
            seed: Seed::new(args.seed).named("mauna loa"),
        })
    }

    pub(crate) fn outcome(&self, origin: f64, model: usize) -> Result<Outcome, Error> {
        let (train, test) = (self.before(origin)?, years(&self.data, origin, origin + AHEAD)?);
        let seed = self.seed.at(origin as usize).named(MODELS[model]);
        let tuned = tuned(model, &train, self.restarts, seed)?;
        let posterior = tuned.condition(&train)?;
        let score = Score::of(&posterior, &test)?;
        eprintln!("{origin}, {}: {} evaluations on {} rows", MODELS[model], tuned.evaluations, train.len());
        Ok(Outcome { tuned, posterior, score })
    }

    /// Log evidence before an origin at other softnesses, all else as tuned.
    pub(crate) fn profile(&self, outcome: &Outcome, softness: &[Softness]) -> Result<Vec<f64>, Error> {
        let Model { prior, likelihood, .. } = &outcome.tuned.model;
        let (parameters, train) = (prior.parameters(), outcome.posterior.data());
        let at = parameters.position("softness2")?;
        let evidence = |s: &Softness| {
            let mut theta = parameters.values();
            theta[at] = s.squared();
            Ok(prior.with(&theta)?.with_likelihood(*likelihood).condition(train)?.evidence().log.get())
        };
        softness.iter().map(evidence).collect()
    }

    /// All that came after an origin.
    pub(crate) fn after(&self, origin: f64) -> Result<Data, Error> {
        years(&self.data, origin, f64::INFINITY)
    }

    fn before(&self, origin: f64) -> Result<Data, Error> {
        years(&self.data, 0.0, origin)
    }
}
