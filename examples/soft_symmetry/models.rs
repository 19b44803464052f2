//! The three priors — hard symmetric, soft, free — tuned by evidence, tested, and swept from hard to soft.

use ndarray::Array1;
use softbias::group::Group;
use softbias::prelude::*;
use softbias::{Error, Pathways};

/// A kernel family on points, and the symmetry in question.
pub(crate) struct Symmetry {
    pub(crate) kernel: fn(f64) -> Kernel,
    pub(crate) group: Group,
    /// Length scales to choose from by evidence, each prior for itself. The core and the rest of a soft prior share theirs: a rest with
    /// a length scale of its own takes part in what it is not for, noise when short and constants when long.
    pub(crate) lengths: &'static [f64],
}

impl Symmetry {
    pub(crate) fn hard(&self, length: f64) -> Result<Gp, Error> {
        Ok(Gp::new((self.kernel)(length).averaged(&self.group)?))
    }

    pub(crate) fn free(&self, length: f64) -> Gp {
        Gp::new((self.kernel)(length))
    }

    fn soft(&self, length: f64, softness: Softness) -> Result<Pathways<Gp, Gp>, Error> {
        Ok(self.hard(length)?.relaxed(softness, self.free(length)))
    }

    /// Scale, noise and softness tuned at every length scale; the tuning of highest evidence, and its length scale.
    fn tuned<P: GaussianPrior + 'static>(
        &self,
        prior: impl Fn(f64) -> Result<P, Error>,
        train: &Data,
    ) -> Result<(Tuned, f64), Error> {
        let mut best: Option<(Tuned, f64)> = None;
        for &length in self.lengths {
            let prior = prior(length)?.scaled(1.0);
            let mut search = Tune::default().restarts(0);
            for parameter in prior.parameters().iter() {
                if parameter.name.ends_with("length") {
                    search = search.fix(&parameter.name);
                }
                if parameter.name == "softness2" {
                    search = search.start([("softness2", 9.0)]);
                }
            }
            let tuned = search.run(prior.with_likelihood(Gaussian::noise(0.3)), train)?;
            if best.as_ref().is_none_or(|(known, _)| tuned.log_evidence.get() > known.log_evidence.get()) {
                best = Some((tuned, length));
            }
        }
        best.ok_or(Error::Empty("length scales to choose from"))
    }
}

/// What one prior makes of one data set.
#[derive(Clone)]
pub(crate) struct Fit {
    /// Log evidence, in nats.
    pub(crate) evidence: f64,
    /// Squared error of each test row.
    pub(crate) errors: Array1<f64>,
}

impl Fit {
    fn new(tuned: &Tuned, train: &Data, test: &Data) -> Result<Fit, Error> {
        let mean = tuned.condition(train)?.mean(test.points())?;
        let errors = (&mean - test.labels()).column(0).mapv(|e| e * e);
        Ok(Fit { evidence: tuned.log_evidence.get(), errors })
    }

    pub(crate) fn mse(&self) -> f64 {
        self.errors.sum() / self.errors.len() as f64
    }
}

/// All three on one data set.
pub(crate) struct Found {
    pub(crate) hard: Fit,
    pub(crate) soft: Fit,
    pub(crate) free: Fit,
    /// The tuned softness, and the length scale that goes with it.
    pub(crate) softness: f64,
    pub(crate) length: f64,
    /// Slope of the evidence along softness² at the hard end, in nats, at that length scale.
    pub(crate) slope: f64,
}

impl Found {
    pub(crate) fn on(symmetry: &Symmetry, train: &Data, test: &Data) -> Result<Found, Error> {
        let start = Softness::new(0.3)?;
        let (hard, _) = symmetry.tuned(|length| symmetry.hard(length), train)?;
        let (free, _) = symmetry.tuned(|length| Ok(symmetry.free(length)), train)?;
        let (soft, length) = symmetry.tuned(|length| symmetry.soft(length, start), train)?;
        Ok(Found {
            softness: soft.value("softness2")?.sqrt(),
            length,
            slope: soft.slopes_at_hard.first().map_or(f64::NAN, |(_, slope)| *slope),
            hard: Fit::new(&hard, train, test)?,
            soft: Fit::new(&soft, train, test)?,
            free: Fit::new(&free, train, test)?,
        })
    }
}
