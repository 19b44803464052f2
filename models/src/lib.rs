//! Priors over functions meet data: likelihoods, exact inference, evidence, tuning.
//!
//! This crate is a part of `softbias`, the only one that a user needs to name.

pub mod boolean;
mod coded;
mod conditional;
pub mod curvature;
pub mod data;
mod ep;
mod error;
mod evidence;
mod exact;
pub mod ladder;
pub mod langevin;
mod laplace;
mod latent;
mod least_squares;
pub mod likelihood;
mod model;
pub mod net;
mod npz;
mod nuts;
mod optimize;
mod posterior;
mod prediction;
mod quantized;
mod risk;
mod saved;
pub mod train;
pub mod tune;
mod variational;
mod watch;

pub use boolean::{BooleanPosterior, Enumeration};
pub use coded::Coded;
pub use conditional::{conditional_evidence, conditional_evidence_over_orders};
pub use curvature::{GgnProduct, HessianProduct, Lanczos, Quadrature, SymmetricOperator, trace_of};
pub use data::{Data, DataError, LabelTransform, Sampling, Standardise};
pub use ep::{EpPosterior, ExpectationPropagation};
pub use error::{ModelError, Result};
pub use evidence::{EffectiveDimension, Evidence, Grade};
pub use exact::{Exact, ExactPosterior, prequential};
pub use ladder::Ladder;
pub use langevin::{
    Chains, Hmc, Mala, NoUTurn, Psgld, SampleError, Sampler, Samples, Sghmc, Sgld, Sgnht, StepSchedule,
};
pub use laplace::{
    ClassAverage, Laplace, LaplacePosterior, NetLaplace, NetLaplaceError, NetLaplacePosterior,
    SoftmaxPosterior, Structure, TuneScales,
};
pub use latent::{DifferentiableEvidence, Gradients, SitePosterior, Warning};
pub use least_squares::LeastSquares;
pub use likelihood::{
    Bernoulli, ExpectedLog, Flips, Gaussian, GaussianGamma, Heteroscedastic, Judged, Likelihood, Link,
    MeanAndNoise, NormalGammaPosterior, Parametric, Poisson, RowAverage, RowLikelihood, ScalarLikelihood,
    Softmax, StudentT,
};
pub use model::{DefaultMethod, Method, Model, WithLikelihood};
pub use net::{NetDraws, NetTarget, Target};
pub use posterior::{Evidenced, Informed, Posterior};
pub use prediction::{OriginalScale, Prediction, Uncertainty};
pub use quantized::{CodeError, Codebook, Message, Quantized, Units};
pub use risk::{Drawn, EmpiricalRisk, Loss, MonteCarlo};
pub use saved::SavedLikelihood;
pub use train::{Ensemble, MultiSwag, Schedule, Swag, Train, TrainError, Trained};
pub use tune::{EvidenceMethod, HyperPosterior, Hyperprior, Mode, Nuts, Tune, Tuned, tune};
pub use variational::Variational;
