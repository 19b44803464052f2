//! Laplace's approximation of a net: a Gaussian over its weights, by the generalised Gauss–Newton matrix at an optimum.
//!
//! # Conventions
//!
//! H = Σ JᵀΛJ over the rows (a sum, never a mean), J the Jacobian of the outputs in the weights θ and Λ = S Sᵀ the curvature of −ln p(y | f) in
//! the outputs ([`RowLikelihood::root`]); with it the posterior precision in θ is H + diag(1/σ²). All work is in white coordinates ε, where the
//! prior is N(0, I), so that a tensor of scale σ = 0 is an ordinary case: with D = dθ/dε (at the optimum, where a prior is bent),
//!
//! - M = I + D H D is the precision of ε, Σ = M⁻¹ its covariance,
//! - log evidence = ln p(y | θ*) − ½|ε*|² − ½ ln|M|,
//! - information = KL(N(ε*, Σ) ‖ N(0, I)) = ½ (tr Σ + |ε*|² − P + ln|M|), exact for this Gaussian,
//! - fit = log + information = ln p(y | θ*) − ½ tr(D H D Σ).
//!
//! Kronecker factors: for a matrix of weights H ≈ A ⊗ G, with A = 1/(rows · positions) Σ a aᵀ over inputs and G = Σ g gᵀ over back-propagated
//! columns of S; a bias has G by itself. So |M| has the factors 1 + σ² aᵢ gⱼ. These are the conventions of laplace-torch with curvature of the
//! type "GGN", exact columns, weights and biases apart.
//!
//! Where only some weights are covered (last layer, mask) the others are constants: |ε*|² and P count the covered ones, and what the constants
//! owe to data stands in the ledger of the prior ([`NetLaplace::fixed_by`]).

mod by_rows;
mod classes;
mod cover;
mod diag;
mod error;
mod evidence;
mod fit;
mod full;
mod gram;
mod in_turns;
mod kron;
mod kron_solved;
mod last_layer;
mod later;
mod low_rank;
mod posterior;
mod predict;
mod symmetry;
mod tune;

use std::sync::Arc;

use softbias_priors::net::{Net, Precision};
use softbias_priors::{Ledger, PriorError, Saw, Seed};

pub use classes::ClassAverage;
pub use error::NetLaplaceError;
pub use posterior::NetLaplacePosterior;
pub use tune::TuneScales;

use self::cover::{Cover, last_layer, sites};
use self::fit::At;
use crate::curvature::Roots;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::likelihood::RowLikelihood;
use crate::model::{Method, Model};
use crate::net::{NetTarget, Target};
use crate::optimize::maximise;

/// What is kept of the curvature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Structure {
    /// All of it: P² numbers, P³ operations; by rows where the root has fewer: rows × outputs, or classes less one.
    Full,
    /// A pair of factors a matrix of weights.
    Kron,
    /// The diagonal.
    Diag,
    /// The largest eigenvalues, this many.
    LowRank(usize),
}

/// Which weights are random; the others are constants.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Over {
    All,
    LastLayer,
    Mask(Arc<[bool]>),
}

/// Laplace's approximation of a net. What is asked of the curvature is said first: [`NetLaplace::full`], [`NetLaplace::kron`], …
///
/// [`NetLaplace::at`] takes the optimum from a training of one's own, [`NetLaplace::in_turns`] tunes scales while it trains. As a [`Method`] it finds one itself, by L-BFGS on all rows in f64: enough for
/// small nets.
#[derive(Clone, Debug, PartialEq)]
pub struct NetLaplace {
    over: Over,
    structure: Structure,
    fixed: Option<Ledger>,
    seed: Seed,
    iterations: u64,
}

impl NetLaplace {
    fn of(over: Over, structure: Structure) -> NetLaplace {
        NetLaplace { over, structure, fixed: None, seed: Seed::new(0), iterations: 1000 }
    }

    /// The full matrix: exact for a net that is linear in its weights under Gaussian noise. P weights cost P² numbers, or, where the R
    /// rows of its root are fewer (rows of data × outputs, or classes less one), R × P.
    #[must_use]
    pub fn full() -> NetLaplace {
        NetLaplace::of(Over::All, Structure::Full)
    }

    /// Kronecker factors, a pair a layer (Martens & Grosse 2015; Ritter et al. 2018), layers independent of one another.
    #[must_use]
    pub fn kron() -> NetLaplace {
        NetLaplace::of(Over::All, Structure::Kron)
    }

    /// The diagonal.
    #[must_use]
    pub fn diag() -> NetLaplace {
        NetLaplace::of(Over::All, Structure::Diag)
    }

    /// The `k` directions that the data determine best; the prior in all others.
    #[must_use]
    pub fn low_rank(k: usize) -> NetLaplace {
        NetLaplace::of(Over::All, Structure::LowRank(k))
    }

    /// The last layer alone, its features taken as they are (Kristiadi et al. 2020).
    #[must_use]
    pub fn last_layer(structure: Structure) -> NetLaplace {
        NetLaplace::of(Over::LastLayer, structure)
    }

    /// The full matrix over the weights at which the mask is true (Daxberger et al. 2021), in the order of θ.
    #[must_use]
    pub fn subnetwork(mask: impl Into<Arc<[bool]>>) -> NetLaplace {
        NetLaplace::of(Over::Mask(mask.into()), Structure::Full)
    }

    /// For a last layer or a sub-network: what the weights that are constants owe to data. Unless it is said, they are taken to have been trained
    /// on the rows at hand, which no certificate on these rows allows.
    #[must_use]
    pub fn fixed_by(self, ledger: Ledger) -> NetLaplace {
        NetLaplace { fixed: Some(ledger), ..self }
    }

    /// Where training and Lanczos' method start.
    #[must_use]
    pub fn seed(self, seed: Seed) -> NetLaplace {
        NetLaplace { seed, ..self }
    }

    /// Most steps of training.
    #[must_use]
    pub fn iterations(self, iterations: u64) -> NetLaplace {
        NetLaplace { iterations, ..self }
    }

    /// The posterior around white coordinates ε, which should be an optimum of ln p(y | ε) − ½|ε|².
    ///
    /// # Errors
    /// When ε has another length or is not finite; [`NetLaplaceError`] when the structure does not fit the net or its priors; over the memory
    /// limit, with what to use instead.
    pub fn at<T: Precision, L: RowLikelihood>(
        &self,
        target: &NetTarget<T, L>,
        eps: &[T],
    ) -> Result<NetLaplacePosterior<T, L>> {
        let net = target.net();
        if eps.len() != net.weights() {
            let what = "white coordinates";
            return Err(PriorError::Dimensions { what, expected: net.weights(), found: eps.len() }.into());
        }
        if eps.iter().any(|e| !e.get().is_finite()) {
            return Err(NetLaplaceError::NotFinite { what: "a white coordinate" }.into());
        }
        let mut theta = vec![T::ZERO; eps.len()];
        net.place(eps, &mut theta);
        let places = sites(net, &theta)?;
        let at = At { net, eps, theta: &theta };
        let roots = Roots { target, theta: &theta };
        let last = matches!(self.over, Over::LastLayer).then(|| last_layer(net, &places)).transpose()?;
        let cover = Arc::new(match (&self.over, last) {
            (Over::Mask(mask), _) => Cover::mask(net, mask)?,
            (_, Some(place)) => Cover::of(net, place.range().collect()),
            _ => Cover::all(net),
        });
        let (log, curvature) = match (self.structure, last) {
            (Structure::Full, Some(place)) => last_layer::last_full(&roots, &at, &place, &cover)?,
            (Structure::Full, None) => full::full(&roots, &at, &cover)?,
            (Structure::Kron, Some(place)) => kron::kron(&roots, &at, &[place])?,
            (Structure::Kron, None) => kron::kron(&roots, &at, &places)?,
            (Structure::Diag, _) => diag::diagonal(&roots, &at, &cover)?,
            (Structure::LowRank(rank), None) => low_rank::low_rank(&roots, &at, &cover, rank, self.seed)?,
            (Structure::LowRank(_), Some(_)) => {
                let problem = "the last layer has no curvature of low rank here: use `Structure::Full`, `Kron` or `Diag`";
                return Err(NetLaplaceError::Structure(problem).into());
            }
        };
        if !log.is_finite() {
            return Err(NetLaplaceError::NotFinite { what: "the log likelihood" }.into());
        }
        let ledger = match &self.fixed {
            _ if cover.is_all() => Ledger::default(),
            Some(ledger) => ledger.clone(),
            None => Ledger::saw("the weights that are constants", Saw::Labels, Some(target.data().rows())),
        };
        let symmetries = symmetry::symmetries(net, &places);
        NetLaplacePosterior::new(
            self.clone(),
            target,
            (eps.to_vec(), theta),
            cover,
            curvature,
            log,
            ledger,
            symmetries,
        )
    }
}

impl<L: RowLikelihood> Method<Net, L> for NetLaplace {
    type Posterior = NetLaplacePosterior<f64, L>;

    /// Climbs by L-BFGS on all rows from a draw of the prior at [`NetLaplace::seed`], and approximates there.
    ///
    /// # Errors
    /// As [`NetTarget::new`] and [`NetLaplace::at`]; [`NetLaplaceError::NotFinite`] when the start has no finite density.
    fn condition(&self, model: Model<Net, L>, data: &Data) -> Result<NetLaplacePosterior<f64, L>> {
        let target: NetTarget<f64, L> = NetTarget::new(&model, data)?;
        let start = self.seed.named("start").normal1(target.dim()).to_vec();
        let objective = |eps: &[f64]| {
            let mut gradient = vec![0.0; eps.len()];
            let log = target.log_likelihood(eps, None, &mut Default::default(), &mut gradient);
            gradient.iter_mut().zip(eps).for_each(|(g, e)| *g -= e);
            Some((log - 0.5 * eps.iter().map(|e| e * e).sum::<f64>(), gradient))
        };
        let optimum = maximise(&objective, &start, self.iterations, &|| false);
        let optimum =
            optimum.ok_or(ModelError::from(NetLaplaceError::NotFinite { what: "the log likelihood" }))?;
        self.at(&target, &optimum.x)
    }
}
