//! What three kinds of data make of a symmetry: tables, checks and curves over softness, alike for fields and for images.

use softbias::prelude::*;
use softbias::report::Value;
use softbias::{Error, Sweep};

use crate::models::{Fit, Found, Symmetry};

/// How far the data keep the symmetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Exactly,
    Nearly,
    NotAtAll,
}

impl Kept {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Kept::Exactly => "exactly",
            Kept::Nearly => "nearly",
            Kept::NotAtAll => "not at all",
        }
    }
}

/// Data of one kind, and what the three priors made of several draws of them.
pub(crate) struct Case {
    pub(crate) kept: Kept,
    pub(crate) what: String,
    pub(crate) found: Vec<Found>,
    /// Between which numbers the median of the tuned softness is to lie.
    pub(crate) softness: (f64, f64),
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

impl Case {
    fn over(&self, of: impl Fn(&Found) -> f64) -> Vec<f64> {
        self.found.iter().map(of).collect()
    }

    fn median_softness(&self) -> f64 {
        let mut values = self.over(|f| f.softness);
        values.sort_by(f64::total_cmp);
        let n = values.len();
        0.5 * (values[(n - 1) / 2] + values[n / 2])
    }

    fn rmse(&self, of: fn(&Found) -> &Fit) -> f64 {
        mean(&self.over(|f| of(f).mse())).sqrt()
    }

    /// Root mean squared error of the soft prior over that of the better of the two others, and the standard error of that ratio from
    /// the differences draw by draw.
    fn beside_the_better(&self) -> (f64, f64) {
        let better: fn(&Found) -> &Fit =
            if self.rmse(|f| &f.hard) < self.rmse(|f| &f.free) { |f| &f.hard } else { |f| &f.free };
        let gaps = self.over(|f| f.soft.mse() - better(f).mse());
        let (centre, n) = (mean(&gaps), gaps.len() as f64);
        let variance = gaps.iter().map(|gap| (gap - centre).powi(2)).sum::<f64>() / (n - 1.0);
        let (soft, best) = (self.rmse(|f| &f.soft), self.rmse(better));
        (soft / best, (variance / n).sqrt() / (2.0 * soft * best))
    }

    fn row(&self, report: &mut Report) {
        let up = self.found.iter().filter(|f| f.slope > 0.0).count();
        let (ratio, error) = self.beside_the_better();
        report.row([
            ("symmetry kept", Value::from(self.kept.word())),
            ("data", self.what.as_str().into()),
            ("softness, median", self.median_softness().into()),
            ("slope > 0", format!("{up} of {}", self.found.len()).into()),
            ("evidence: hard", mean(&self.over(|f| f.hard.evidence)).into()),
            ("soft", mean(&self.over(|f| f.soft.evidence)).into()),
            ("free", mean(&self.over(|f| f.free.evidence)).into()),
            ("test RMSE: hard", self.rmse(|f| &f.hard).into()),
            ("RMSE: soft", self.rmse(|f| &f.soft).into()),
            ("RMSE: free", self.rmse(|f| &f.free).into()),
            ("soft over the better", ratio.into()),
            ("±", error.into()),
        ]);
    }

    fn check(&self, title: &str, report: &mut Report) {
        let name = |what: &str| format!("{title}, {}: {what}", self.kept.word());
        let (low, high) = self.softness;
        let softness = self.median_softness();
        if low > 0.0 {
            report.check(name("median of the tuned softness"), softness, Relation::AtLeast, low);
        }
        if high.is_finite() {
            report.check(name("median of the tuned softness"), softness, Relation::AtMost, high);
        }
        // Both others are ends of the soft prior: where it is behind, the search failed.
        let lead = self.over(|f| f.soft.evidence - f.hard.evidence.max(f.free.evidence));
        let least = lead.into_iter().fold(f64::INFINITY, f64::min);
        report.check(
            name("evidence of soft less the better of hard and free, least"),
            least,
            Relation::AtLeast,
            -0.05,
        );
        if self.kept != Kept::Exactly {
            let gain = mean(&self.over(|f| f.soft.evidence - f.hard.evidence));
            report.check(name("evidence of soft less hard, mean"), gain, Relation::Above, 0.5);
            let up = self.found.iter().filter(|f| f.slope > 0.0).count() as f64 / self.found.len() as f64;
            report.check(name("share of slopes > 0 at the hard end"), up, Relation::AtLeast, 0.8);
        }
        if self.kept != Kept::NotAtAll {
            let gain = mean(&self.over(|f| f.soft.evidence - f.free.evidence));
            report.check(name("evidence of soft less free, mean"), gain, Relation::Above, 0.2);
        }
        let (ratio, error) = self.beside_the_better();
        let what = "test RMSE of soft over the better of hard and free, less two standard errors";
        report.check(name(what), ratio - 2.0 * error, Relation::AtMost, 1.02);
    }
}

pub(crate) fn tell(title: &str, heading: String, cases: &[Case], report: &mut Report) {
    report.table(heading);
    cases.iter().for_each(|case| case.row(report));
    cases.iter().for_each(|case| case.check(title, report));
}

/// Evidence and test error over softness on one draw, noise and scale tuned at every rung, at the length scale of the tuned soft prior.
pub(crate) fn panel(
    title: String,
    symmetry: &Symmetry,
    found: &Found,
    train: &Data,
    test: &Data,
    rungs: usize,
) -> Result<Panel, Error> {
    let (core, rest) = (symmetry.hard(found.length)?, symmetry.free(found.length));
    let bias = |softness: Softness| core.clone().relaxed(softness, rest.clone());
    let (least, most) = (0.003, 100.0);
    let ladder = Softness::ladder(least, most, rungs)?;
    let swept = Sweep::of(bias).over(ladder).run(Gaussian::noise(0.3), &Exact::Auto, train, test)?;
    let hard = least / 4.0;
    let at = |softness: f64| if softness == 0.0 { hard } else { softness.min(most) };
    let x: Vec<f64> = swept.rungs().iter().map(|rung| at(rung.softness.get())).collect();
    let evidence: Vec<f64> = swept.rungs().iter().map(|rung| rung.evidence.log.get()).collect();
    let error: Vec<f64> = swept.rungs().iter().map(|rung| rung.test_rmse).collect();
    Ok(Panel::new(title)
        .x("softness")
        .y("log evidence, nats")
        .y2("test RMSE")
        .log_x()
        .ticks_x([(hard, "hard")])
        .line("log evidence", &x, &evidence)
        .twin("test RMSE", &x, &error)
        .vline(at(found.softness).max(hard), "tuned"))
}
