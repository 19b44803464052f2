//! The figures: forecasts from every origin, the long one that fails, and what the evidence says about the season.

use softbias::prelude::*;
use softbias::report::Legend;
use softbias::{Error, Points};

use crate::study::{AHEAD, LONG, MODELS, Outcome, Study, years};

const BEFORE: f64 = 2.0;

/// Mean and the ends of the 95 % band of new labels.
fn band(posterior: &ExactPosterior, grid: &Points) -> Result<[Vec<f64>; 3], Error> {
    let prediction = posterior.predict(grid)?;
    let (lower, upper) = prediction.interval(Uncertainty::Observation, 0.95)?;
    let of = |values: &ndarray::Array2<f64>| values.iter().copied().collect();
    Ok([of(prediction.mean()), of(&lower), of(&upper)])
}

/// Labels between two years as points.
fn observed(panel: Panel, name: &str, data: &Data, from: f64, to: f64) -> Result<Panel, Error> {
    let rows = years(data, from, to)?;
    Ok(panel.points(name, rows.points().view().column(0), rows.labels().iter()))
}

/// The multiple of 5 below: a tick, which no label of an axis should meet.
fn whole(ppm: f64) -> f64 {
    5.0 * (ppm / 5.0).floor()
}

/// A panel an origin: two years that were seen, and three that were forecast.
pub(crate) fn forecasts(study: &Study, by_origin: &[&[Outcome]]) -> Result<Figure, Error> {
    let mut figure = Figure::new("").columns(3);
    for (&origin, of_origin) in study.origins.iter().zip(by_origin) {
        let (from, to) = (origin - BEFORE, origin + AHEAD);
        let grid = Points::linspace(from, to, 401)?;
        let x: Vec<f64> = grid.coordinate(0)?.to_vec();
        let shown = years(&study.data, from, to)?;
        let labels = || shown.labels().iter().copied();
        let (low, high) =
            (labels().fold(f64::INFINITY, f64::min), labels().fold(f64::NEG_INFINITY, f64::max));
        let mut panel = Panel::new(format!("forecast from {origin}")).x("year").y("ppm");
        for (m, name) in MODELS.iter().enumerate() {
            let [mean, lower, upper] = band(&of_origin[m].posterior, &grid)?;
            panel = panel.line(*name, &x, mean);
            if m == 0 {
                panel = panel.band(*name, &x, lower, upper);
            }
        }
        panel = observed(panel, "seen", &study.data, from, origin)?;
        panel = observed(panel, "to come", &study.data, origin, to)?.colour("#E69F00");
        figure = figure.panel(panel.x_range(from, to).y_range(whole(low - 6.0), whole(high) + 7.0));
    }
    let mut scores =
        Panel::new("forecasts scored, mean over three years").x("origin").y("NLPD (nats a label)");
    for (m, name) in MODELS.iter().enumerate() {
        let nlpd: Vec<f64> = by_origin.iter().map(|of_origin| of_origin[m].score.nlpd()).collect();
        scores = scores.line(*name, &study.origins, &nlpd).points(*name, &study.origins, &nlpd);
    }
    Ok(figure.panel(scores))
}

/// The forecast from 1990 to the end of the record, and its errors beside its bands.
pub(crate) fn long(study: &Study, outcome: &Outcome) -> Result<Figure, Error> {
    let (from, to) = (LONG - 4.0, 2002.0);
    let grid = Points::linspace(from, to, 1201)?;
    let x: Vec<f64> = grid.coordinate(0)?.to_vec();
    let [mean, lower, upper] = band(&outcome.posterior, &grid)?;
    let half: Vec<f64> = upper.iter().zip(&mean).map(|(u, m)| u - m).collect();
    let minus: Vec<f64> = half.iter().map(|h| -h).collect();
    let forecast = Panel::new("forecast of twelve years from 1990").x("year").y("ppm");
    let forecast = forecast.line(MODELS[0], &x, &mean).band(MODELS[0], &x, &lower, &upper);
    let forecast = observed(forecast, "seen", &study.data, from, LONG)?;
    let forecast = observed(forecast, "to come", &study.data, LONG, to)?.colour("#E69F00");

    let errors = Panel::new("what came minus what was forecast").x("year").y("ppm");
    let mut errors = errors.band(MODELS[0], &x, &minus, &half).hline(0.0, "");
    for (name, from, to) in [("seen", from, LONG), ("to come", LONG, to)] {
        let rows = years(&study.data, from, to)?;
        let prediction = outcome.posterior.predict(rows.points())?;
        let error = rows.labels() - prediction.mean();
        errors = errors.points(name, rows.points().view().column(0), error.iter());
    }
    Ok(Figure::new("").columns(2).panel(forecast.x_range(from, to)).panel(errors.x_range(from, to)))
}

/// Log evidence over softness below its peak, all else as tuned; and what softness gains where all is tuned again.
pub(crate) fn softness(study: &Study, by_origin: &[&[Outcome]]) -> Result<Figure, Error> {
    let ladder = Softness::ladder(0.03, 10.0, 31)?;
    let hard = 0.012;
    let x: Vec<f64> = ladder.iter().map(|s| if s.is_hard() { hard } else { s.get() }).collect();
    let mut over = Panel::new("evidence over softness, all else as tuned")
        .x("softness (ppm)")
        .y("log evidence below its peak (nats)")
        .y_range(-30.0, 1.0)
        .log_x()
        .ticks_x([(hard, "hard")]);
    for (&origin, of_origin) in study.origins.iter().zip(by_origin) {
        let profile = study.profile(&of_origin[0], &ladder)?;
        let peak = profile.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let below: Vec<f64> = profile.iter().map(|e| e - peak).collect();
        over = over.line(format!("{origin}"), &x, below);
    }
    let gain: Vec<f64> = by_origin.iter().map(|of_origin| crate::gain(of_origin)).collect();
    let gains = Panel::new("what a soft season gains, each model tuned")
        .x("origin")
        .y("log evidence, soft − hard (nats)")
        .line("gain", &study.origins, &gain)
        .points("gain", &study.origins, &gain)
        .legend(Legend::None);
    Ok(Figure::new("").columns(2).panel(over).panel(gains))
}
