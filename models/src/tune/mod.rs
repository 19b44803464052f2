//! Parameters chosen by the evidence: L-BFGS from several starts in parallel, hard ends evaluated exactly, the ledger charged.

mod coordinates;
mod diagnostics;
mod hyper_posterior;
mod hyperprior;
mod method;
mod objective;
mod problem;
mod sample;
mod search;
mod tuned;
mod watch;

use std::ops::ControlFlow;
use std::sync::Arc;

use softbias_priors::{GaussianPrior, Parameters, Seed};

pub use self::hyper_posterior::{Averaged, HyperPosterior};
pub use self::hyperprior::Hyperprior;
pub use self::method::{EvidenceGradient, EvidenceMethod, EvidenceObjective, Warm};
pub use self::sample::{Nuts, SamplingProgress};
pub use self::tuned::{Mode, Tuned};
pub use self::watch::Progress;
pub use crate::likelihood::NOISE;

use self::problem::{Problem, Wishes};
use self::search::Search;
use self::watch::Track;
use crate::data::Data;
use crate::error::Result;
use crate::exact::Exact;
use crate::likelihood::Parametric;
use crate::model::{DefaultMethod, Model};
use crate::watch::Watch;

/// How to tune.
///
/// Parameters go by their names in full (`softness2`, `rest.power`, [`NOISE`]); an unknown one is an error that lists those there are.
#[derive(Clone, Debug)]
pub struct Tune<M = Exact> {
    method: M,
    restarts: usize,
    iterations: u64,
    seed: Seed,
    wishes: Wishes,
    further: Vec<Start>,
    watch: Watch<Progress>,
}

/// A start that the user names.
#[derive(Clone, Debug)]
struct Start {
    values: Vec<(String, f64)>,
    /// Or brought to the labels' scale.
    as_it_is: bool,
}

impl Default for Tune {
    fn default() -> Tune {
        Tune::by(Exact::Auto)
    }
}

/// Tunes the free parameters of a model by evidence, with the default method of its likelihood and the default settings of
/// [`Tune`].
///
/// # Errors
/// When model and data do not fit, or no start has a finite evidence.
pub fn tune<P, L>(model: Model<P, L>, data: &Data) -> Result<Tuned<L, L::Method>>
where
    P: GaussianPrior + 'static,
    L: Parametric + DefaultMethod,
    L::Method: EvidenceMethod<L>,
{
    Tune::by(L::Method::default()).run(model, data)
}

impl<M> Tune<M> {
    /// Tuning by the evidence that this method gives.
    #[must_use]
    pub fn by(method: M) -> Tune<M> {
        Tune {
            method,
            restarts: 2,
            iterations: 200,
            seed: Seed::new(0),
            wishes: Wishes::default(),
            further: Vec::new(),
            watch: Watch::none(),
        }
    }

    /// The same settings with another method of inference.
    #[must_use]
    pub fn method<N>(self, method: N) -> Tune<N> {
        let Tune { restarts, iterations, seed, wishes, further, watch, .. } = self;
        Tune { method, restarts, iterations, seed, wishes, further, watch }
    }

    /// Random starts beside the spec's own values (at first 2), each the best of six random points about them. With any at all, one or
    /// two more climbs begin where one parameter was thrown far from the best optimum.
    #[must_use]
    pub fn restarts(self, restarts: usize) -> Tune<M> {
        Tune { restarts, ..self }
    }

    /// Iterations of L-BFGS a start, at most (at first 200).
    #[must_use]
    pub fn iterations(self, iterations: u64) -> Tune<M> {
        Tune { iterations, ..self }
    }

    /// The seed of the random starts.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Tune<M> {
        Tune { seed, ..self }
    }

    /// A further start: the spec's own values but for these, by name; where scale and noise are free, their common factor is first
    /// brought to the labels' scale. Starts matter where the evidence has several optima.
    #[must_use]
    pub fn start<S: Into<String>>(mut self, values: impl IntoIterator<Item = (S, f64)>) -> Tune<M> {
        let values = values.into_iter().map(|(name, value)| (name.into(), value)).collect();
        self.further.push(Start { values, as_it_is: false });
        self
    }

    /// A further start exactly at these parameters, such as those of a [`Mode`] that was saved: an interrupted search goes on there.
    /// (A softness of 0 is looked at as the hard end, and as the beginning of a climb inside.) Parameters that are held fixed stay
    /// as the spec has them.
    #[must_use]
    pub fn start_at(mut self, parameters: &Parameters) -> Tune<M> {
        let values = parameters.iter().map(|p| (p.name.clone(), p.value)).collect();
        self.further.push(Start { values, as_it_is: true });
        self
    }

    /// Lets a parameter move that the spec holds fixed ([`NOISE`] for the noise).
    #[must_use]
    pub fn free(mut self, name: &str) -> Tune<M> {
        self.wishes.fixed.push((name.into(), false));
        self
    }

    /// Holds a parameter fixed.
    #[must_use]
    pub fn fix(mut self, name: &str) -> Tune<M> {
        self.wishes.fixed.push((name.into(), true));
        self
    }

    /// Tunes a parameter between these bounds, which may not reach beyond the parameter's own. Its start is moved between them.
    #[must_use]
    pub fn bounds(mut self, name: &str, lower: f64, upper: f64) -> Tune<M> {
        self.wishes.bounds.push((name.into(), lower, upper));
        self
    }

    /// Weighs a parameter by a density of its own: the sum of log evidence and log hyperpriors is maximised, and the two are
    /// reported apart. The hyperprior of a parameter that does not move counts nothing; a second one replaces the first.
    #[must_use]
    pub fn hyperprior(mut self, name: &str, hyperprior: Hyperprior) -> Tune<M> {
        self.wishes.hyperpriors.push((name.into(), hyperprior));
        self
    }

    /// Calls back after every evaluation, from any thread but never from two at once. [`ControlFlow::Break`] ends the search: the
    /// best point so far is the outcome, and [`Tuned::interrupted`] says so. Where that is depends on when the break came;
    /// without one, watching changes no number.
    #[must_use]
    pub fn watch(self, callback: impl Fn(&Progress) -> ControlFlow<()> + Send + Sync + 'static) -> Tune<M> {
        Tune { watch: Watch::by(callback), ..self }
    }

    /// Tunes.
    ///
    /// # Errors
    /// When model and data do not fit, a name is unknown, bounds or a hyperprior make no sense, or no start has a finite evidence.
    pub fn run<P, L>(&self, model: Model<P, L>, data: &Data) -> Result<Tuned<L, M>>
    where
        P: GaussianPrior + 'static,
        L: Parametric,
        M: EvidenceMethod<L>,
    {
        let prior: Arc<dyn GaussianPrior> = Arc::new(model.prior);
        let track = Track::new(self.watch.clone(), data.log_jacobian());
        let problem = Problem::new(&self.wishes, &self.method, &prior, &model.likelihood, data, track)?;
        let leaps = if self.restarts > 0 { 2 } else { 0 };
        let search = Search { problem: &problem, iterations: self.iterations, leaps };
        let mut starts = search.starts(self.restarts, self.seed);
        for start in &self.further {
            starts.push(search.start_at(&start.values, start.as_it_is)?);
        }
        let found = search.run(&starts)?;
        Tuned::new(&problem, found, &prior, &model.likelihood, &self.method, data)
    }
}
