//! Bounds beside what test rows say.

use softbias::prelude::*;

use crate::binary::Study;
use crate::classes::Ten;
use crate::halves::Half;

/// Bounds, training and test errors, a predictor beside the other.
fn panel(title: &str, names: &[&str], rows: &[(f64, f64, f64)]) -> Panel {
    let most = rows.iter().map(|row| row.0).fold(0.0, f64::max);
    let at: Vec<f64> = (1..=rows.len()).map(|i| i as f64).collect();
    let of = |pick: fn(&(f64, f64, f64)) -> f64| rows.iter().map(pick).collect::<Vec<_>>();
    Panel::new(title)
        .x("prior and posterior")
        .y("zero–one risk")
        .y_range(0.0, (10.0 * most + 0.5).ceil() / 10.0)
        .categories(names.iter().copied())
        .points("bound", &at, of(|row| row.0))
        .colour("#d55e00")
        .points("on the rows it is from", &at, of(|row| row.1))
        .colour("#009e73")
        .points("on test rows", &at, of(|row| row.2))
        .colour("#0072b2")
}

pub(crate) fn draw(above: &Study, odd: &Study, halves: &[Half], classes: &[Ten]) -> Figure {
    let study = |s: &Study| s.entries.iter().map(|e| (e.bound, e.train, e.test)).collect::<Vec<_>>();
    let halves: Vec<_> = halves.iter().map(|h| (h.bound, h.train, h.test)).collect();
    let classes: Vec<_> = classes.iter().map(|t| (t.bound, t.train, t.test)).collect();
    Figure::new("")
        .columns(2)
        .panel(
            panel(
                "digit > 4, data-free priors",
                &["plain", "regression", "shifts", "chosen", "Gibbs"],
                &study(above),
            )
            .hline(0.161, "net, n = 55,000 (2017)"),
        )
        .panel(panel("odd or even, data-free priors", &["plain", "shifts"], &study(odd)))
        .panel(panel(
            "digit > 4, prior from one half",
            &["Q = P", "held-out kl", "posterior", "Gibbs", "mean"],
            &halves,
        ))
        .panel(panel("ten classes", &["plain", "shifts", "softmax"], &classes))
}
