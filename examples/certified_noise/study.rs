//! All models side by side: a table, and what is claimed of them.

use softbias::prelude::*;
use softbias::report::Value;

use crate::curve::{Curve, Outcome};
use crate::models::{DELTA, SETTINGS};
use crate::written::FITS;

/// Every model at every level.
pub(crate) struct Study {
    pub(crate) levels: &'static [f64],
    pub(crate) rows: usize,
    pub(crate) process: Curve,
    pub(crate) polynomial: Curve,
    pub(crate) fitting: Curve,
    /// These do not fit noise: they are what the bound asks for.
    pub(crate) gibbs: Curve,
    pub(crate) best: Curve,
    pub(crate) interpolating: Curve,
}

impl Study {
    pub(crate) fn all(&self) -> [&Curve; 6] {
        [&self.process, &self.polynomial, &self.fitting, &self.gibbs, &self.best, &self.interpolating]
    }

    pub(crate) fn tabulate(&self, draws: usize, report: &mut Report) {
        for curve in self.all() {
            report.table(format!(
                "{}: {} rows, means over {draws} cuts and draws of labels, bounds at δ = {DELTA}",
                curve.name, self.rows
            ));
            let columns: [(&str, fn(&Outcome) -> f64); 10] = [
                ("bound", |o| o.bound),
                ("risk over the list", |o| o.promised),
                ("expected risk", |o| o.expected),
                ("held-out bound", |o| o.held_out),
                ("train error", |o| o.train),
                ("test error", |o| o.test),
                ("evidence/n", |o| o.evidence),
                ("information/n", |o| o.information),
                ("eff. dimension/n", |o| o.dimension),
                ("bits", |o| o.bits),
            ];
            let columns = columns.map(|(name, of)| (name, curve.mean(of)));
            for (k, &c) in self.levels.iter().enumerate() {
                let known = columns.iter().filter(|(_, values)| !values[k].is_nan());
                let cells = known.map(|(name, values)| (*name, Value::from(values[k])));
                report.row([("c", Value::from(c))].into_iter().chain(cells));
            }
        }
        report.note(format!(
            "Labels are redrawn in the whole list of digits before it is cut, so that nothing need be supposed of them: a certificate is \
             about the mean over that list (risk over the list). Expected risk: of the same predictor on the other images, labels redrawn \
             with the same probability. Held-out bounds are of the posterior mean or the string, from half of the rows that it has not \
             seen. Errors are of the mean or the string; the test error is on true labels. Every certificate of a prior pays ln {SETTINGS}: \
             settings were chosen with this list in view."
        ));
    }

    pub(crate) fn check(&self, report: &mut Report) {
        for curve in [&self.process, &self.polynomial, &self.fitting, &self.gibbs, &self.best] {
            let mut check = |what: &str, value, relation, threshold| {
                report.check(format!("{}: {what}", curve.name), value, relation, threshold);
            };
            check("least step of the bound with c", curve.least_step(|o| o.bound), Relation::Above, 0.0);
            check("largest bound at c = 0", curve.largest_at_first(|o| o.bound), Relation::Below, 0.5);
            check("least bound at c = 1", curve.least_at_last(|o| o.bound), Relation::AtLeast, 0.5);
        }
        for curve in [&self.process, &self.polynomial, &self.fitting, &self.interpolating] {
            let name = format!("{}: largest training error at any c", curve.name);
            report.check(name, curve.largest(|o| o.train), Relation::AtMost, FITS);
        }
        let vacuous = self.interpolating.least(|o| o.bound);
        report.check("interpolating: least bound at any c", vacuous, Relation::AtLeast, 0.9);

        let slack = |of: fn(&Outcome) -> f64| {
            self.all().map(|curve| curve.least(of)).into_iter().fold(f64::INFINITY, f64::min)
        };
        let (promised, expected) = (slack(|o| o.bound - o.promised), slack(|o| o.bound - o.expected));
        report.check("any model: bound less risk over the list, least", promised, Relation::AtLeast, 0.0);
        report.check("any model: bound less expected risk, least", expected, Relation::AtLeast, 0.0);

        for curve in [&self.process, &self.polynomial, &self.interpolating] {
            let name = format!("{}: largest step of the evidence with c", curve.name);
            report.check(name, curve.largest_step(|o| o.evidence), Relation::Below, 0.0);
            let moved = curve.mean(|o| o.dimension);
            let name = format!("{}: largest change of the effective dimension a row", curve.name);
            let change = moved.iter().fold(0.0, |most, d| f64::max(most, (d - moved[0]).abs()));
            report.check(name, change, Relation::Equals, 0.0);
        }
        let longer = self.fitting.least_step(|o| o.bits);
        report.check(
            "shortest string that fits: least step of its bits with c",
            longer,
            Relation::Above,
            0.0,
        );
    }
}
