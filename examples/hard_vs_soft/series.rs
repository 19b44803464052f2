//! Part A: real series, random hold-out and a forecast.

use std::sync::Arc;

use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, LeastSquares, Standardise};

use crate::common::Args;

/// A series, with its window and round numbers for its labels, both fixed in this file whatever rows are drawn.
struct Series {
    name: &'static str,
    file: &'static str,
    target: &'static str,
    label: &'static str,
    window: (f64, f64),
    centre: f64,
    size: f64,
    /// What the figure shows: years, and values.
    shown: ((f64, f64), (f64, f64)),
}

const SERIES: [Series; 2] = [
    Series {
        name: "airline",
        file: "airline.csv",
        target: "passengers_thousands",
        label: "thousand passengers",
        window: (1949.0, 1961.0),
        centre: 300.0,
        size: 100.0,
        shown: ((1949.0, 1961.0), (50.0, 680.0)),
    },
    Series {
        name: "CO2",
        file: "co2.csv",
        target: "ppm",
        label: "ppm",
        window: (1958.0, 2002.0),
        centre: 340.0,
        size: 20.0,
        shown: ((1980.0, 1990.0), (333.0, 358.0)),
    },
];

const ORDER: usize = 150;
const DEGREES: [usize; 3] = [1, 3, 10];

type Spec = Arc<dyn GaussianPrior>;

/// Errors of one model on one split, in the unit of the labels; nats a label.
struct Score {
    rmse: f64,
    log_density: f64,
}

impl Series {
    fn window(&self) -> Result<Window, Error> {
        Ok(Window::new(self.window.0, self.window.1)?)
    }

    fn hard(&self, degree: usize) -> Result<Polynomial, Error> {
        Ok(Polynomial::orders(0..=degree).window(self.window()?))
    }

    /// Core 0..=3 and a rest of orders 4..=150 that fades as (j/4)^−p.
    fn soft(
        &self,
        softness: Softness,
        power: f64,
    ) -> Result<softbias::Pathways<Polynomial, Polynomial>, Error> {
        let fading = Scales::power(power).from_order(4).tuned();
        let rest = Polynomial::orders(4..=ORDER).window(self.window()?).scales(fading);
        Ok(self.hard(3)?.relaxed(softness, rest))
    }

    /// Every Bayesian model of the comparison, before tuning.
    fn specs(&self) -> Result<Vec<(String, Spec)>, Error> {
        let mut specs: Vec<(String, Spec)> = Vec::new();
        for degree in DEGREES {
            specs.push((format!("hard degree {degree}"), Arc::new(self.hard(degree)?.scaled(1.0))));
        }
        specs.push((format!("flat order {ORDER}, scale tuned"), Arc::new(self.hard(ORDER)?.scaled(1.0))));
        specs.push(("soft, tuned".to_owned(), Arc::new(self.soft(Softness::new(0.3)?, 2.0)?.scaled(1.0))));
        Ok(specs)
    }
}

fn score(tuned: &Tuned, train: &Data, test: &Data, size: f64) -> Result<Score, Error> {
    let prediction = tuned.condition(train)?.predict(test.points())?;
    let log_density = prediction.log_density(test.labels())?.sum() / test.len() as f64 - size.ln();
    Ok(Score { rmse: size * prediction.rmse(test.labels())?, log_density })
}

fn least_squares(spec: Polynomial, train: &Data, test: &Data, size: f64) -> Result<f64, Error> {
    let values = LeastSquares::fit(spec, train)?.predict(test.points())?;
    let total: f64 = values.iter().zip(test.labels()).map(|(f, y)| (f - y).powi(2)).sum();
    Ok(size * (total / test.len() as f64).sqrt())
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = values.fold((0.0, 0.0), |(n, s), v| (n + 1.0, s + v));
    sum / count
}

pub(crate) fn run(args: &Args, report: &mut Report) -> Result<(), Error> {
    let splits = if args.quick { 2 } else { 5 };
    for series in &SERIES {
        one(series, args, splits, report)?;
    }
    report.note("The overall scale is tuned at every rung, so a small softness can be made up for by a large scale: the sweep is nearly flat where only their product matters.");
    report.note("No polynomial extrapolates: the forecasts are here to show how badly, and that softness does not make it worse.");
    Ok(())
}

fn one(series: &Series, args: &Args, splits: usize, report: &mut Report) -> Result<(), Error> {
    let seed = Seed::new(args.seed).named(series.name);
    let raw = Data::read_csv(args.shipped(series.file), series.target)?;
    // Round numbers of the whole series, fixed whatever is drawn below; scale and noise are tuned on top of them.
    let standard = Standardise::with(vec![], vec![], vec![series.centre], vec![series.size])?;
    let data = standard.apply(&raw)?;

    let names: Vec<String> = series.specs()?.into_iter().map(|(name, _)| name).collect();
    let mut scores: Vec<Vec<Score>> = names.iter().map(|_| Vec::new()).collect();
    let mut unregularised = Vec::new();
    let mut sweeps = Vec::new();
    for split in 0..splits {
        eprintln!("{}: split {} of {splits}", series.name, split + 1);
        let (train, test) = data.split(0.8, seed.at(split))?;
        for ((_, spec), scores) in series.specs()?.into_iter().zip(&mut scores) {
            let tuned = tune(spec.with_likelihood(Gaussian::noise(0.1)), &train)?;
            scores.push(score(&tuned, &train, &test, series.size)?);
            if split == 0 {
                for warning in &tuned.warnings {
                    report.note(format!("{}: {warning}", series.name));
                }
            }
        }
        unregularised.push(least_squares(series.hard(ORDER)?, &train, &test, series.size)?);
        let spec = series.soft(Softness::HARD, 2.0)?;
        let bias = move |s: Softness| spec.clone().at(s).fixed();
        let ladder = Softness::ladder(1e-3, 1e1, 9)?;
        let loss = Loss::ClippedSquared { scale: 1.0 };
        let sweep =
            Sweep::of(bias).over(ladder).also("rest.power").certified(loss, 0.05).seed(seed.at(split));
        sweeps.push((sweep.run(Gaussian::noise(0.1), &Exact::Auto, &train, &test)?, train, test));
    }

    report.table(format!("{}: random hold-out, mean of {splits} splits", series.name));
    for (name, scores) in names.iter().zip(&scores) {
        report.row([
            ("model", Value::from(name.as_str())),
            ("test RMSE", mean(scores.iter().map(|s| s.rmse)).into()),
            ("test log density", mean(scores.iter().map(|s| s.log_density)).into()),
        ]);
    }
    let flat = mean(unregularised.iter().copied());
    report.row([
        ("model", Value::from(format!("flat order {ORDER}, least squares"))),
        ("test RMSE", flat.into()),
    ]);
    report.table(format!("{}: from hard to soft, first split (standardised labels)", series.name));
    sweeps[0].0.tabulate(report);

    let rmse = |k: usize| mean(scores[k].iter().map(|s| s.rmse));
    let log_density = |k: usize| mean(scores[k].iter().map(|s| s.log_density));
    let soft = names.len() - 1;
    let best_hard = (0..DEGREES.len()).map(rmse).fold(f64::INFINITY, f64::min);
    let best_density = (0..DEGREES.len()).map(log_density).fold(f64::NEG_INFINITY, f64::max);
    let named = |what: &str| format!("{}: {what}", series.name);
    report.check(
        named("soft RMSE over the best hard degree's"),
        rmse(soft) / best_hard,
        Relation::AtMost,
        0.7,
    );
    report.check(
        named("soft test log density above the best hard degree's"),
        log_density(soft) - best_density,
        Relation::Above,
        0.0,
    );
    let chosen =
        mean(sweeps.iter().map(|(s, ..)| s.best_by_evidence().test_rmse / s.best_by_test().test_rmse));
    report.check(
        named("test error of the rung chosen by evidence over the best rung's"),
        chosen,
        Relation::AtMost,
        1.2,
    );
    forecast(series, &data, report)?;
    let (sweep, train, test) = &sweeps[0];
    let best = sweep.best_by_evidence();
    if let Some(Ok(certificate)) = &best.certificate {
        report.note(format!("{}: {certificate}", series.name));
    }
    let held_out = bounds::held_out_mean(&best.posterior, Loss::ClippedSquared { scale: 1.0 }, test, 0.05)?;
    report.note(format!("{}, what a certificate must beat: {held_out}", series.name));
    report.figure(
        format!("{}_sweep", series.name.to_lowercase()),
        sweep.figure(&format!("{}: from hard to soft", series.name)),
    );
    report.figure(format!("{}_fit", series.name.to_lowercase()), picture(series, train, test)?);
    Ok(())
}

/// The last fifth from the first four fifths, the window declared to cover both.
fn forecast(series: &Series, data: &Data, report: &mut Report) -> Result<(), Error> {
    let (train, test) = data.split_at(data.len() * 4 / 5)?;
    report.table(format!("{}: forecast of the last fifth (no polynomial extrapolates)", series.name));
    let mut errors = Vec::new();
    for (name, spec) in series.specs()? {
        let tuned = tune(spec.with_likelihood(Gaussian::noise(0.1)), &train)?;
        let score = score(&tuned, &train, &test, series.size)?;
        report.row([
            ("model", Value::from(name)),
            ("test RMSE", score.rmse.into()),
            ("test log density", score.log_density.into()),
        ]);
        errors.push(score.rmse);
    }
    let best_hard = errors[..DEGREES.len()].iter().copied().fold(f64::INFINITY, f64::min);
    let soft = errors[errors.len() - 1];
    let name = format!("{}: soft forecast RMSE over the best hard degree's", series.name);
    report.check(name, soft / best_hard, Relation::AtMost, 1.5);
    Ok(())
}

/// Data, the soft fit with its band, and the hard alternatives, in the unit of the labels.
fn picture(series: &Series, train: &Data, test: &Data) -> Result<Figure, Error> {
    let ((first, last), (low, high)) = series.shown;
    let grid = Points::linspace(first, last, 800)?;
    let x: Vec<f64> = grid.coordinate(0)?.to_vec();
    let units = |values: &ndarray::Array2<f64>| {
        values.iter().map(|v| series.centre + series.size * v).collect::<Vec<f64>>()
    };
    let (observed, held_out) = (units(train.labels()), units(test.labels()));
    let panel = |title: &str| {
        Panel::new(title)
            .x("year")
            .y(series.label)
            .points("training", train.points().view().column(0), &observed)
            .points("held out", test.points().view().column(0), &held_out)
            .colour("#D55E00")
    };
    let specs = series.specs()?;
    let mut hard_panel = panel("Hard degrees");
    let mut soft_panel = panel("Soft, tuned by evidence");
    for (name, spec) in specs {
        if name.starts_with("flat") {
            continue;
        }
        let prediction =
            tune(spec.with_likelihood(Gaussian::noise(0.1)), train)?.condition(train)?.predict(&grid)?;
        let line = units(prediction.mean());
        if name.starts_with("soft") {
            let (lower, upper) = prediction.interval(Uncertainty::Observation, 0.95)?;
            soft_panel = soft_panel.line("soft order 150", &x, line).band(
                "soft order 150",
                &x,
                units(&lower),
                units(&upper),
            );
        } else {
            hard_panel = hard_panel.line(name, &x, line);
        }
    }
    let framed = |panel: Panel| panel.x_range(first, last).y_range(low, high);
    Ok(Figure::new("").columns(2).panel(framed(hard_panel)).panel(framed(soft_panel)))
}
