//! From hard to soft: one bias conditioned at every softness of a ladder, asked the same things at each rung.

use std::sync::Arc;

use rayon::prelude::*;
use softbias_models::{
    Data, EffectiveDimension, Evidence, Exact, ExactPosterior, Gaussian, Loss, Posterior, Tune, Tuned,
    WithLikelihood, tune::NOISE,
};
use softbias_priors::{Bias, GaussianPrior, Ledger, PriorExt, Seed, Softness};

use crate::Error;
use crate::bounds::{Certificate, Certify, Maurer, check_sampling};
use crate::report::{Figure, Panel, Report, Value};

/// A sweep over softness, from the hard end outwards.
///
/// Noise and overall scale are tuned by evidence at every rung, so that the hard end is no straw man; [`Sweep::held`] keeps them as
/// given instead, and the report says so.
#[derive(Clone, Debug)]
pub struct Sweep<B> {
    bias: B,
    ladder: Vec<Softness>,
    held: bool,
    also: Vec<String>,
    certify: Option<(Loss, f64)>,
    seed: Seed,
}

/// One softness, and everything asked of it.
#[derive(Clone, Debug)]
pub struct Rung {
    /// The softness.
    pub softness: Softness,
    /// The evidence of the training rows.
    pub evidence: Evidence,
    /// Effective dimension, in both meanings.
    pub effective_dimension: EffectiveDimension,
    /// Noise standard deviation used.
    pub noise: f64,
    /// Overall scale used.
    pub scale: f64,
    /// Root mean square error on the training rows.
    pub train_rmse: f64,
    /// Root mean square error on the test rows.
    pub test_rmse: f64,
    /// Mean log density of a training row, in nats (summed over outputs).
    pub train_log_density: f64,
    /// Mean log density of a test row, in nats.
    pub test_log_density: f64,
    /// The certificate, or why there is none; absent when none was asked for.
    pub certificate: Option<Result<Certificate, String>>,
    /// Parameters that tuning left on a bound, in words.
    pub warnings: Vec<String>,
    /// The posterior.
    pub posterior: ExactPosterior,
}

/// The outcome of a sweep: rungs in the order of the ladder.
#[derive(Clone, Debug)]
pub struct Swept {
    rungs: Vec<Rung>,
    notes: Vec<String>,
}

impl<B: Bias> Sweep<B>
where
    B::Prior: GaussianPrior + 'static,
{
    /// A sweep of this bias over its hard end alone; give it a ladder.
    pub fn of(bias: B) -> Sweep<B> {
        Sweep {
            bias,
            ladder: vec![Softness::HARD],
            held: false,
            also: Vec::new(),
            certify: None,
            seed: Seed::new(0),
        }
    }

    /// Over these softnesses (see [`Softness::ladder`], which starts at the hard end).
    #[must_use]
    pub fn over(self, ladder: Vec<Softness>) -> Sweep<B> {
        Sweep { ladder, ..self }
    }

    /// Keeps noise and scale as given instead of tuning them at every rung.
    #[must_use]
    pub fn held(self) -> Sweep<B> {
        Sweep { held: true, ..self }
    }

    /// Tunes one more parameter of the prior, by name, at every rung (not the softness: that is the rung). All others stay as the
    /// bias gives them, also those that it marks as tuned.
    #[must_use]
    pub fn also(mut self, parameter: &str) -> Sweep<B> {
        self.also.push(parameter.into());
        self
    }

    /// Asks for a certificate at every rung, with confidence 1 − `delta` for all rungs together: a random half of the training rows
    /// tunes and conditions the prior, the other half turns it into a posterior and certifies it.
    #[must_use]
    pub fn certified(self, loss: Loss, delta: f64) -> Sweep<B> {
        Sweep { certify: Some((loss, delta)), ..self }
    }

    /// The seed of restarts and of the certificates' split.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Sweep<B> {
        Sweep { seed, ..self }
    }

    /// Runs every rung, in parallel.
    ///
    /// # Errors
    /// Without a rung, or when model and data do not fit. A certificate that is refused is no error: the rung says why.
    pub fn run(&self, noise: Gaussian, method: &Exact, train: &Data, test: &Data) -> Result<Swept, Error> {
        if self.ladder.is_empty() {
            return Err(Error::Empty("rungs of a sweep"));
        }
        train.expect_same_transforms(test)?;
        let rungs = self
            .ladder
            .par_iter()
            .enumerate()
            .map(|(k, &softness)| self.rung(softness, self.seed.at(k), noise, *method, train, test))
            .collect::<Result<Vec<_>, Error>>()?;
        let mut notes = vec![match (self.held, noise.is_known()) {
            (true, _) => format!("noise held at {} and scale held at every rung", noise.sd()),
            (false, true) => format!("scale tuned by evidence at every rung; noise known, {}", noise.sd()),
            (false, false) => "noise and overall scale tuned by evidence at every rung".to_owned(),
        }];
        if !self.also.is_empty() {
            notes.push(format!("also tuned at every rung: {}", self.also.join(", ")));
        }
        if let Some((loss, delta)) = self.certify {
            notes.push(format!(
                "certificates: {loss}, δ = {delta} for all {} rungs together; prior from one random half of the training rows, \
                 posterior and bound from the other",
                self.ladder.len()
            ));
        }
        let warned = rungs
            .iter()
            .flat_map(|r| r.warnings.iter().map(move |w| format!("softness {}: {w}", r.softness)));
        notes.extend(warned);
        Ok(Swept { rungs, notes })
    }

    fn tuned(
        &self,
        softness: Softness,
        seed: Seed,
        noise: Gaussian,
        method: Exact,
        data: &Data,
    ) -> Result<Tuned, Error> {
        let prior = Arc::new(self.bias.at(softness)) as Arc<dyn GaussianPrior>;
        let has_scale = prior.parameters().iter().any(|p| p.name == "scale");
        let prior = if has_scale { prior } else { Arc::new(prior.scaled(1.0)) };
        let mut tune = Tune::default().method(method).seed(seed);
        for p in prior.parameters().iter().filter(|p| self.held || p.name != "scale") {
            tune = tune.fix(&p.name);
        }
        if self.held {
            tune = tune.fix(NOISE);
        }
        for name in &self.also {
            tune = tune.free(name);
        }
        if !self.held && !softness.is_hard() {
            // A small softness may be made up for by a large scale: an optimum of its own, far from the spec's values.
            let own = prior.parameters().iter().find(|p| p.name == "scale").map_or(1.0, |p| p.value);
            tune = tune.start([("scale", own / softness.get())]);
        }
        Ok(tune.run(prior.with_likelihood(noise), data)?)
    }

    fn rung(
        &self,
        softness: Softness,
        seed: Seed,
        noise: Gaussian,
        method: Exact,
        train: &Data,
        test: &Data,
    ) -> Result<Rung, Error> {
        let tuned = self.tuned(softness, seed, noise, method, train)?;
        // Whoever certifies this posterior has chosen it out of the ladder.
        let posterior = tuned.condition(train)?.charged(self.choice());
        let (scale, noise_used) = (tuned.value("scale")?, tuned.model.likelihood.sd());
        let (on_train, on_test) = (posterior.predict(train.points())?, posterior.predict(test.points())?);
        let certificate = self
            .certify
            .map(|ask| self.certificate(softness, noise, method, train, ask).map_err(|e| e.to_string()));
        let mean = |values: ndarray::Array1<f64>| values.sum() / values.len() as f64;
        Ok(Rung {
            softness,
            evidence: posterior.evidence(),
            effective_dimension: posterior.effective_dimension(),
            noise: noise_used,
            scale,
            train_rmse: on_train.rmse(train.labels())?,
            test_rmse: on_test.rmse(test.labels())?,
            train_log_density: mean(on_train.log_density(train.labels())?),
            test_log_density: mean(on_test.log_density(test.labels())?),
            certificate,
            warnings: tuned.warnings,
            posterior,
        })
    }

    fn choice(&self) -> Ledger {
        Ledger::chose("softness, out of the ladder", self.ladder.len())
    }

    fn certificate(
        &self,
        softness: Softness,
        noise: Gaussian,
        method: Exact,
        train: &Data,
        (loss, delta): (Loss, f64),
    ) -> Result<Certificate, Error> {
        check_sampling(train)?;
        // One split for all rungs: the price of looking at all of them is ln(rungs), whatever their split.
        let (first, second) = train.split(0.5, self.seed.named("certificate"))?;
        let tuned = self.tuned(softness, self.seed.named("certificate"), noise, method, &first)?;
        // The noise is no part of the prior over functions: any noise gives a posterior that the bound covers.
        let noise = tuned.model.likelihood;
        let prior = tuned.condition(&first)?.charged(self.choice());
        let posterior = prior.with_likelihood(noise).condition_by(&method, &second)?;
        posterior.certify(&Maurer, loss, &second, delta)
    }
}

impl Swept {
    /// The rungs, in the order of the ladder.
    #[must_use]
    pub fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// The rung with the highest evidence.
    #[must_use]
    pub fn best_by_evidence(&self) -> &Rung {
        self.best(|rung| rung.evidence.log.get())
    }

    /// The rung with the lowest test error. It was chosen by looking at the test rows: no held-out bound from them covers it.
    #[must_use]
    pub fn best_by_test(&self) -> &Rung {
        self.best(|rung| -rung.test_rmse)
    }

    fn best(&self, score: impl Fn(&Rung) -> f64) -> &Rung {
        // `run` refuses an empty ladder, so there is a first rung.
        let first = &self.rungs[0];
        self.rungs.iter().fold(first, |best, rung| if score(rung) > score(best) { rung } else { best })
    }

    /// Appends one row a rung, and the notes, to a report.
    pub fn tabulate(&self, report: &mut Report) {
        for rung in &self.rungs {
            let bound = match &rung.certificate {
                Some(Ok(certificate)) => Value::from(certificate.value),
                Some(Err(_)) => Value::from("none"),
                None => Value::Missing,
            };
            let mut cells = vec![
                (
                    "softness",
                    Value::from(if rung.softness.is_hard() {
                        "hard".to_owned()
                    } else {
                        rung.softness.to_string()
                    }),
                ),
                ("log evidence", rung.evidence.log.get().into()),
                ("fit", rung.evidence.fit.get().into()),
                ("information", rung.evidence.information.get().into()),
                ("eff. dimension", rung.effective_dimension.determined.into()),
                ("noise", rung.noise.into()),
                ("scale", rung.scale.into()),
                ("train RMSE", rung.train_rmse.into()),
                ("test RMSE", rung.test_rmse.into()),
                ("train log density", rung.train_log_density.into()),
                ("test log density", rung.test_log_density.into()),
            ];
            if rung.certificate.is_some() {
                cells.push(("certificate", bound));
            }
            report.row(cells);
        }
        for note in &self.notes {
            if !report.notes().any(|known| known == note) {
                report.note(note.clone());
            }
        }
        let refusal = self.rungs.iter().find_map(|rung| rung.certificate.as_ref()?.as_ref().err());
        if let Some(reason) = refusal {
            report.note(format!("no certificate: {reason}"));
        }
    }

    /// Evidence, errors and effective dimension over the ladder, the hard end drawn at the left.
    #[must_use]
    pub fn figure(&self, title: &str) -> Figure {
        let least =
            self.rungs.iter().map(|r| r.softness.get()).filter(|s| *s > 0.0).fold(f64::INFINITY, f64::min);
        let hard = if least.is_finite() { least / 6.0 } else { 1.0 };
        let xs: Vec<f64> =
            self.rungs.iter().map(|r| if r.softness.is_hard() { hard } else { r.softness.get() }).collect();
        let values = |of: fn(&Rung) -> f64| self.rungs.iter().map(of).collect::<Vec<_>>();
        let panel =
            |title: &str, y: &str| Panel::new(title).x("softness").y(y).log_x().ticks_x([(hard, "hard")]);
        let evidence = panel("Evidence", "nats")
            .line("log evidence", &xs, values(|r| r.evidence.log.get()))
            .line("fit", &xs, values(|r| r.evidence.fit.get()));
        let error = panel("Error", "RMSE")
            .line("train", &xs, values(|r| r.train_rmse))
            .line("test", &xs, values(|r| r.test_rmse))
            .log_y();
        let paid = panel("What was learned", "nats, directions")
            .line("information", &xs, values(|r| r.evidence.information.get()))
            .line("effective dimension", &xs, values(|r| r.effective_dimension.determined));
        Figure::new(title).columns(3).panel(evidence).panel(error).panel(paid)
    }

    /// The sweep as a report of its own: table and figure, no checks.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut report = Report::new("softness swept from the hard end outwards");
        self.tabulate(&mut report);
        report.figure("sweep", self.figure(""));
        report
    }
}
