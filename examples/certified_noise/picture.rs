//! Bounds, errors, evidence and information against the share of labels redrawn.

use softbias::prelude::*;

use crate::curve::{Curve, Outcome};
use crate::study::Study;

pub(crate) fn draw(study: &Study) -> Figure {
    let Study { process, polynomial, fitting, best, gibbs, interpolating, levels, .. } = study;
    let panel = |what: &str, y: &str| Panel::new(what).x("share of labels redrawn, c").x_range(0.0, 1.0).y(y);
    let line = |panel: Panel, curve: &Curve, of: fn(&Outcome) -> f64| {
        panel.line(curve.name, *levels, curve.mean(of))
    };
    let all = |panel: Panel, of: fn(&Outcome) -> f64| {
        study.all().into_iter().fold(panel, |panel, curve| line(panel, curve, of))
    };
    let bounds = panel("Certified risk, δ = 0.05", "bound").y_range(0.0, 1.02).hline(0.5, "guessing");
    let bounds = all(bounds, |o| o.bound);

    let errors =
        panel("Errors on training labels, and (dashed) on true labels of other rows", "share of labels")
            .y_range(-0.01, 0.6);
    let errors = all(errors, |o| o.train);
    let errors = errors
        .dashed("process, other rows", *levels, process.mean(|o| o.test))
        .colour("#56616b")
        .dashed("Gibbs posterior, other rows", *levels, gibbs.mean(|o| o.test))
        .colour("#a0a8b0");

    let evidence = panel("Log evidence", "nats a row");
    let evidence = [process, polynomial, interpolating]
        .into_iter()
        .fold(evidence, |panel, curve| line(panel, curve, |o| o.evidence));

    let information = panel("Relative entropy, code length, dimension", "a row").log_y();
    let information = [process, polynomial, fitting, gibbs, best, interpolating]
        .into_iter()
        .fold(information, |panel, curve| line(panel, curve, |o| o.information));
    let information = information
        .dashed("dimension of the process", *levels, process.mean(|o| o.dimension))
        .colour("#56616b");

    [bounds, errors, evidence, information].into_iter().fold(Figure::new("").columns(2), Figure::panel)
}
