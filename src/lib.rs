//! **softbias**: soft against hard inductive biases, in one vocabulary.
//!
//! Write an explicit prior over functions, condition it on data, and ask every model the same things: its predictions, its marginal
//! likelihood ([`Evidence`]), its [`EffectiveDimension`], and a certificate of its risk ([`bounds`]). A hard constraint is the end
//! of a soft bias, at [`Softness::HARD`] = 0, and the data say how soft it should be:
//!
//! ```
//! use softbias::prelude::*;
//!
//! # fn main() -> Result<(), softbias::Error> {
//! let xs: Vec<f64> = (0..40).map(|i| f64::from(i) / 20.0 - 0.975).collect();
//! let data = Data::line(xs.iter().copied(), xs.iter().map(|x| x * x + 0.1 * (9.0 * x).sin()))?;
//!
//! // hard at 0: a cubic; soft beyond: orders up to 30, fading
//! let soft = |s| Polynomial::orders(0..=3).relaxed(s, Polynomial::orders(4..=30)).scaled(1.0);
//! let hard = tune(soft(Softness::HARD).with_likelihood(Gaussian::noise(0.1)), &data)?;
//! assert!(hard.value("softness2")? > 0.0); // the data ask for the constraint to be relaxed
//! println!("{}", hard.condition(&data)?.evidence());
//! # Ok(())
//! # }
//! ```
//!
//! The crate is a face over two more: `softbias-priors` (functions, never a label) and `softbias-models` (labels). Everything a user
//! needs is here.

pub mod boolean;
pub mod bounds;
mod compare;
pub mod complexity;
mod error;
pub mod report;
mod sweep;

pub use compare::{Compared, Comparison, Mixture, compare};
pub use error::Error;
pub use softbias_models::{
    Bernoulli, BooleanPosterior, Chains, ClassAverage, CodeError, Codebook, Coded, Data, DataError,
    DefaultMethod, DifferentiableEvidence, Drawn, EffectiveDimension, EmpiricalRisk, Ensemble, Enumeration,
    EpPosterior, Evidence, EvidenceMethod, Evidenced, Exact, ExactPosterior, ExpectationPropagation,
    ExpectedLog, Flips, Gaussian, GaussianGamma, Grade, Gradients, Heteroscedastic, Hmc, HyperPosterior,
    Hyperprior, Informed, Judged, LabelTransform, Ladder, Laplace, LaplacePosterior, LeastSquares,
    Likelihood, Link, Loss, Mala, MeanAndNoise, Message, Method, Mode, Model, ModelError, MonteCarlo,
    MultiSwag, NetDraws, NetLaplace, NetLaplaceError, NetLaplacePosterior, NetTarget, NoUTurn,
    NormalGammaPosterior, Nuts, OriginalScale, Parametric, Poisson, Posterior, Prediction, Psgld, Quantized,
    RowLikelihood, SampleError, Sampler, Samples, Sampling, SavedLikelihood, ScalarLikelihood, Schedule,
    Sghmc, Sgld, Sgnht, SitePosterior, Softmax, SoftmaxPosterior, Standardise, StepSchedule, Structure,
    StudentT, Swag, Target, Train, TrainError, Trained, Tune, TuneScales, Tuned, Uncertainty, Units,
    Variational, Warning, WithLikelihood, conditional_evidence, conditional_evidence_over_orders, curvature,
    data, ladder, langevin, likelihood, prequential, train, tune,
};
pub use softbias_priors::{
    Averaged, Basis, Bias, Blocks, BooleanPrior, Entry, FeatureMap, Features, GaussianPrior, Gp, Kernel,
    Ledger, Linear, Mean, MeanBasis, Nats, Net, Parameter, Parameters, Paths, Pathways, Points, Polynomial,
    Prior, PriorError, PriorExt, Row, SavedPrior, Saw, Scales, Seed, Softness, Stack, Subspace, Truncation,
    Weights, WhitePrior, Window, WithinSubspace, adaptors, group, kernel, laws, linear, math, memory,
    parameters, paths, prior, subspace,
};
pub use sweep::{Rung, Sweep, Swept};

/// Neural networks: as priors, and what training and sampling them works on.
pub mod net {
    pub use softbias_models::net::*;
    pub use softbias_priors::net::*;
}

/// The README's program, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What most programs import: `use softbias::prelude::*;`.
pub mod prelude {
    pub use crate::bounds::{self, Certify, CertifyCoded};
    pub use crate::report::{Figure, Panel, Relation, Report};
    pub use crate::{
        Averaged, Basis, Bernoulli, Bias, BooleanPrior, Codebook, Coded, Data, Ensemble, Evidence, Evidenced,
        Exact, ExactPosterior, ExpectationPropagation, Features, Flips, Gaussian, GaussianPrior, Gp,
        Heteroscedastic, Hmc, Hyperprior, Informed, Kernel, Ladder, Laplace, Linear, Loss, Mean, Method,
        Model, Nats, Net, NetLaplace, NetLaplacePosterior, Nuts, Paths, Points, Poisson, Polynomial,
        Posterior, Prior, PriorExt, Quantized, Scales, Schedule, Seed, Sgld, Softmax, Softness, StudentT,
        Swag, Sweep, Train, Tune, Tuned, Uncertainty, Variational, Weights, Window, WithLikelihood, compare,
        tune,
    };
}
