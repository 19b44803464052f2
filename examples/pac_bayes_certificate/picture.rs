//! Bounds beside what test rows say.

use softbias::prelude::*;

use crate::binary::Study;
use crate::classes::Ten;
use crate::halves::Half;

/// Bounds, training and test errors over numbered predictors.
fn panel(title: &str, rows: &[(f64, f64, f64)]) -> Panel {
    let at: Vec<f64> = (1..=rows.len()).map(|i| i as f64).collect();
    let of = |pick: fn(&(f64, f64, f64)) -> f64| rows.iter().map(pick).collect::<Vec<_>>();
    Panel::new(title)
        .x("row of the table")
        .y("zero–one risk")
        .x_range(0.5, rows.len() as f64 + 0.5)
        .ticks_x(at.iter().map(|i| (*i, format!("{i}"))))
        .points("bound", &at, of(|row| row.0))
        .points("Gibbs, its rows", &at, of(|row| row.1))
        .points("test", &at, of(|row| row.2))
}

pub(crate) fn draw(above: &Study, odd: &Study, halves: &[Half], classes: &[Ten]) -> Figure {
    let study = |s: &Study| s.entries.iter().map(|e| (e.bound, e.train, e.test)).collect::<Vec<_>>();
    let halves: Vec<_> = halves.iter().map(|h| (h.bound, h.train, h.test)).collect();
    let classes: Vec<_> = classes.iter().map(|t| (t.bound, t.train, t.test)).collect();
    Figure::new("")
        .columns(2)
        .panel(
            panel("digit > 4, data-free priors", &study(above))
                .hline(0.161, "net, n = 55,000 (2017)")
                .y_range(0.0, 0.5),
        )
        .panel(panel("odd or even, data-free priors", &study(odd)).y_range(0.0, 0.5))
        .panel(panel("digit > 4, prior from one half", &halves).y_range(0.0, 0.25))
        .panel(panel("ten classes", &classes).y_range(0.0, 1.0))
}
