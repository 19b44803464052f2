//! Bits and bounds against softness, one column a kind of labels.

use softbias::prelude::*;

use crate::rung::Rung;
use crate::sets::Labels;
use crate::study::Study;

pub(crate) fn draw(studies: &[Study]) -> Figure {
    let figure = Figure::new("").columns(studies.len());
    let figure = studies.iter().fold(figure, |figure, study| figure.panel(bits(study)));
    studies.iter().fold(figure, |figure, study| figure.panel(bounds(study)))
}

/// An axis of softness with the hard end drawn at its left.
struct Axis<'a> {
    study: &'a Study,
    hard: f64,
}

impl Axis<'_> {
    fn of(study: &Study) -> Axis<'_> {
        let soft = study.rungs.iter().map(|r| r.softness.get()).filter(|s| *s > 0.0);
        Axis { study, hard: soft.fold(f64::INFINITY, f64::min) / 6.0 }
    }

    fn place(&self, rung: &Rung) -> f64 {
        if rung.softness.is_hard() { self.hard } else { rung.softness.get() }
    }

    fn panel(&self, what: &str, y: &str) -> Panel {
        let title = format!("{}: {what}", self.study.labels.name());
        Panel::new(title).x("softness").y(y).log_x().ticks_x([(self.hard, "hard")])
    }

    fn line(&self, panel: Panel, name: &str, of: impl Fn(&Rung) -> f64) -> Panel {
        let points: (Vec<f64>, Vec<f64>) = self.study.rungs.iter().map(|r| (self.place(r), of(r))).unzip();
        panel.line(name, &points.0, &points.1)
    }
}

fn bits(study: &Study) -> Panel {
    let axis = Axis::of(study);
    let panel = axis.panel("code length", "bits").log_y();
    let panel = axis.line(panel, "in the file", |r| r.bits as f64);
    let panel = axis.line(panel, "plain weights, one step", |r| r.at_one_step[1] as f64);
    let panel = axis.line(panel, "white weights, one step", |r| r.at_one_step[0] as f64);
    axis.line(panel, "KL of the Gibbs predictor", |r| r.pac_bayes.information.bits())
}

fn bounds(study: &Study) -> Panel {
    let axis = Axis::of(study);
    let loss = if study.labels == Labels::Curve { "squared error, clipped at 1" } else { "zero–one loss" };
    let panel = axis.panel("risk and bounds", loss);
    let panel = axis.line(panel, "bound from the file", |r| r.occam.value);
    let panel = axis.line(panel, "its risk on fresh rows", |r| r.test);
    let panel = axis.line(panel, "PAC-Bayes bound", |r| r.pac_bayes.value);
    let panel = axis.line(panel, "Gibbs risk on fresh rows", |r| r.gibbs_test);
    panel.vline(axis.place(study.by_evidence()), "highest evidence")
}
