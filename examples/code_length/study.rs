//! All rungs of one kind of labels: a table and the checks.

use softbias::prelude::*;
use softbias::report::Value;

use crate::rung::Rung;
use crate::sets::Labels;

/// What a ladder of softness gave on one set of rows.
pub(crate) struct Study {
    pub(crate) labels: Labels,
    pub(crate) n: usize,
    /// Risk of the function 0.
    pub(crate) zero: f64,
    pub(crate) rungs: Vec<Rung>,
}

impl Study {
    pub(crate) fn tabulate(&self, report: &mut Report) {
        report.table(format!("{}: {} rows, {}", self.labels.name(), self.n, self.labels.loss()));
        for rung in &self.rungs {
            let hard = rung.softness.is_hard();
            let softness = if hard { "hard".to_owned() } else { format!("{:.3}", rung.softness.get()) };
            report.row([
                ("softness", Value::from(softness)),
                ("log evidence", rung.evidence.into()),
                ("information", rung.information.into()),
                ("eff. dimension", rung.dimension.into()),
                ("white", rung.at_one_step[0].into()),
                ("plain", rung.at_one_step[1].into()),
                ("bits", rung.bits.into()),
                ("bytes", rung.bytes.into()),
                ("risk", rung.train.into()),
                ("on fresh rows", rung.test.into()),
                ("Occam", rung.occam.value.into()),
                ("Gibbs risk", rung.pac_bayes.empirical_risk.into()),
                ("of fresh", rung.gibbs_test.into()),
                ("KL", rung.pac_bayes.information.get().into()),
                ("PAC-Bayes", rung.pac_bayes.value.into()),
            ]);
        }
    }

    fn over(&self, of: impl Fn(&Rung) -> f64) -> (f64, f64) {
        let values = self.rungs.iter().map(of);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    }

    /// The rung that evidence would choose.
    pub(crate) fn by_evidence(&self) -> &Rung {
        // A ladder has at least its hard end.
        let first = &self.rungs[0];
        self.rungs.iter().fold(first, |best, rung| if rung.evidence > best.evidence { rung } else { best })
    }

    pub(crate) fn check(&self, report: &mut Report) {
        let name = |what: &str| format!("{}: {what}", self.labels.name());
        let mut check = |what: &str, value, relation, threshold| {
            report.check(name(what), value, relation, threshold);
        };
        check(
            "largest change of a value on its way through the file",
            self.over(|r| r.gap).1,
            Relation::Equals,
            0.0,
        );
        check(
            "largest file over all softness, bytes",
            self.over(|r| r.bytes as f64).1,
            Relation::AtMost,
            16.0,
        );
        let slack = self.over(|r| r.occam.value - r.test).0;
        check("bound from the file less risk on fresh rows, least", slack, Relation::Above, 0.0);
        let slack = self.over(|r| r.pac_bayes.value - r.gibbs_test).0;
        check("PAC-Bayes bound less Gibbs risk on fresh rows, least", slack, Relation::Above, 0.0);

        // White weights at one step: softness is paid in bits, as long as the step is small beside them.
        let paid: Vec<&Rung> = self.rungs.iter().filter(|r| r.softness.get() <= 1.0).collect();
        let column = |of: &dyn Fn(&Rung) -> f64| paid.iter().map(|r| of(r)).collect::<Vec<f64>>();
        let correlation = spearman(&column(&|r| r.dimension), &column(&|r| r.at_one_step[0] as f64));
        check(
            "rank correlation of white bits at one step and effective dimension, softness up to 1",
            correlation,
            Relation::AtLeast,
            0.9,
        );
        if self.labels == Labels::Coins {
            check("least bound from a file", self.over(|r| r.occam.value).0, Relation::AtLeast, 0.5);
            return;
        }
        let guessing = if self.labels == Labels::Curve { self.zero } else { 0.5 };
        check(
            "bound from the file over the risk of guessing, worst",
            self.over(|r| r.occam.value).1 / guessing,
            Relation::Below,
            1.0,
        );
        let best = self.by_evidence();
        let chosen = best.occam.value / self.over(|r| r.occam.value).0;
        check(
            "bound from the file at the softness of the highest evidence, over the least",
            chosen,
            Relation::AtMost,
            1.15,
        );
        // From there outwards.
        let beyond: Vec<&Rung> =
            self.rungs.iter().filter(|r| r.softness.get() >= best.softness.get()).collect();
        let growth = |of: &dyn Fn(&Rung) -> f64| beyond.iter().map(|r| of(r) / of(best)).fold(0.0, f64::max);
        check(
            "growth of the bound from the file beyond that softness",
            growth(&|r| r.occam.value),
            Relation::AtMost,
            1.1,
        );
        check(
            "growth of the PAC-Bayes bound beyond it",
            growth(&|r| r.pac_bayes.value),
            Relation::AtLeast,
            1.5,
        );
    }
}

/// Spearman's rank correlation; equal values share their mean rank.
fn spearman(x: &[f64], y: &[f64]) -> f64 {
    let ranks = |values: &[f64]| {
        let rank = |v: &f64| {
            let below = values.iter().filter(|w| *w < v).count() as f64;
            let equal = values.iter().filter(|w| *w == v).count() as f64;
            below + 0.5 * (equal - 1.0)
        };
        values.iter().map(rank).collect::<Vec<f64>>()
    };
    let (x, y) = (ranks(x), ranks(y));
    let centre = 0.5 * (x.len() as f64 - 1.0);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - centre) * (b - centre)).sum::<f64>();
    dot(&x, &y) / (dot(&x, &x) * dot(&y, &y)).sqrt()
}
