//! What can go wrong between a prior, a likelihood and data.

use std::path::PathBuf;

use softbias_priors::PriorError;
use softbias_priors::math::linalg::LinalgError;
use softbias_priors::memory::TooLarge;
use thiserror::Error;

use crate::data::DataError;
use crate::langevin::SampleError;
use crate::laplace::NetLaplaceError;
use crate::quantized::CodeError;
use crate::risk::Loss;
use crate::train::TrainError;

/// An error of the models crate: what was wrong, where, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The prior, or its points.
    #[error(transparent)]
    Prior(#[from] PriorError),
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Linear algebra failed.
    #[error(transparent)]
    Linalg(#[from] LinalgError),
    /// An allocation over the limit.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// Laplace's approximation of a net.
    #[error(transparent)]
    NetLaplace(#[from] NetLaplaceError),
    /// Weights as a byte string.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// A ladder of tempered posteriors.
    #[error(transparent)]
    Ladder(#[from] crate::ladder::LadderError),
    /// Training.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// Chains of draws.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// No data.
    #[error("there are no rows: a posterior by training or sampling needs at least one")]
    NoRows,
    /// A list of weights with nothing in it.
    #[error("there are no weights: a posterior that is a list of them needs at least one")]
    NoWeights,
    /// A noise level that is none.
    #[error(
        "the noise standard deviation must be a finite number > 0, found {0}; for interpolation take a small one, such as 1e-6 of the labels' scale"
    )]
    Noise(f64),
    /// What no file can hold yet.
    #[error("{0} cannot be saved: save the model and the data, and condition again on loading")]
    Unsaved(&'static str),
    /// A row that the others and the features determine altogether.
    #[error(
        "row {row} is interpolated: leaving it out leaves nothing to predict it with; more noise, or fewer features"
    )]
    Interpolated {
        /// The row.
        row: usize,
    },
    /// Noise known row by row where one level for all is needed.
    #[error("the noise is known row by row: {0}")]
    RowNoise(&'static str),
    /// Known noise for another number of rows.
    #[error(
        "the noise is known for {found} rows and the data have {expected}: give one standard deviation a row, in their order"
    )]
    NoiseRows {
        /// Rows of the data.
        expected: usize,
        /// Rows whose noise is known.
        found: usize,
    },
    /// Parameters of a Gamma prior that are none.
    #[error("a Gamma prior needs finite shape > 0 and rate > 0, found shape {shape}, rate {rate}")]
    Gamma {
        /// The shape given.
        shape: f64,
        /// The rate given.
        rate: f64,
    },
    /// Labels and model have different numbers of outputs.
    #[error("the model has {model} outputs, the labels {labels}")]
    Outputs {
        /// Outputs of the prior.
        model: usize,
        /// Columns of the labels.
        labels: usize,
    },
    /// The prior has no finite feature map.
    #[error(
        "weight space needs a prior with finitely many features, and `{0}` has none: use `Exact::Auto` or `Exact::FunctionSpace`"
    )]
    NoFeatures(String),
    /// A prior whose gradient does not belong to its parameters.
    #[error(
        "the prior has {parameters} parameters but gives a gradient of length {found}: `Weights::scale_gradient` (or `contract`) \
         must give one number a parameter, as `laws::gaussian` checks"
    )]
    Gradient {
        /// Parameters.
        parameters: usize,
        /// Length of the gradient.
        found: usize,
    },
    /// Two parameters with one name.
    #[error(
        "two parameters are called `{0}`: a prior that is scaled twice over has two scales; scale it once"
    )]
    DuplicateParameter(String),
    /// Bounds between which nothing can be tuned.
    #[error(
        "parameter `{name}` is to be tuned between {lower} and {upper}, which needs finite lower < upper, and lower > 0 for a logarithm"
    )]
    Bounds {
        /// Its name.
        name: String,
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// Bounds of tuning beyond those that the parameter has itself.
    #[error(
        "parameter `{name}` cannot be tuned between {lower} and {upper}: its own bounds are {least} and {most}"
    )]
    BeyondBounds {
        /// Its name.
        name: String,
        /// Lower bound asked for.
        lower: f64,
        /// Upper bound asked for.
        upper: f64,
        /// Its own lower bound.
        least: f64,
        /// Its own upper bound.
        most: f64,
    },
    /// A hyperprior that is none, or does not fit its parameter.
    #[error("the hyperprior of `{name}`: {reason}")]
    Hyperprior {
        /// The parameter.
        name: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Nothing to draw.
    #[error("sampling hyperparameters {0}")]
    Sampling(String),
    /// Features of the wrong shape, from a prior written elsewhere.
    #[error(
        "{what} has shape {found:?}, expected {expected:?}: `laws::gaussian` finds such slips in a prior of one's own"
    )]
    Features {
        /// Which array.
        what: &'static str,
        /// The shape it should have.
        expected: (usize, usize),
        /// The shape it has.
        found: (usize, usize),
    },
    /// Labels that the loss cannot judge.
    #[error("the zero–one loss needs labels −1 or +1; row {row} has {value}")]
    Sign {
        /// Row.
        row: usize,
        /// The label.
        value: f64,
    },
    /// A loss without a largest value where one is needed.
    #[error(
        "{0} is unbounded, and an estimate by draws needs a loss in [0, 1]: clip it, or ask for `risk`, which is exact"
    )]
    Unbounded(Loss),
    /// An estimate by draws without draws.
    #[error("an estimate by draws needs at least one draw")]
    NoDraws,
    /// A Gibbs risk that no formula gives.
    #[error("{0}: estimate it by draws (`risk_by_draws`, `certify_by_draws`)")]
    ByDraws(&'static str),
    /// A probability, level or fraction out of range.
    #[error("{what} must lie strictly between {low} and {high}, found {value}")]
    Range {
        /// What it is.
        what: &'static str,
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
        /// The value given.
        value: f64,
    },
    /// Predictions cannot be carried back through this label transform.
    #[error(
        "a prediction on {0} labels has no Gaussian form on the original scale: transform the ends of its intervals instead"
    )]
    Transform(&'static str),
    /// A label to which the likelihood gives no density.
    #[error("the label of row {row} is {value}: {support}")]
    Support {
        /// What labels may be, in words.
        support: &'static str,
        /// Row, from 0.
        row: usize,
        /// The label.
        value: f64,
    },
    /// A likelihood of one output met several.
    #[error(
        "this likelihood takes one function and one column of labels; the prior has {prior} outputs, the labels {labels} columns: \
         condition each output on its own"
    )]
    SingleOutput {
        /// Outputs of the prior.
        prior: usize,
        /// Columns of the labels.
        labels: usize,
    },
    /// Fewer than two classes.
    #[error("there must be at least two classes, found {0}")]
    Classes(usize),
    /// A prior with another number of outputs than there are classes.
    #[error(
        "{classes} classes need a prior with {classes} outputs, one function a class; this one has {outputs}"
    )]
    ClassOutputs {
        /// Number of classes.
        classes: usize,
        /// Outputs of the prior.
        outputs: usize,
    },
    /// Parameters of Student-t noise that are none.
    #[error(
        "Student-t noise needs 0.1 ≤ dof ≤ 1e8 and a scale > 0 with a finite square, found dof {dof}, scale {scale}"
    )]
    StudentT {
        /// Degrees of freedom given.
        dof: f64,
        /// The scale given.
        scale: f64,
    },
    /// A probability of flipped labels that is none.
    #[error("the probability that a label is flipped must lie in [0, ½), found {0}; at ½ labels say nothing")]
    Flips(f64),
    /// No function of the prior fits the labels.
    #[error(
        "no function that the prior gives a probability fits all {rows} labels, so that there is no posterior: let labels be flipped \
         (`Flips::with_probability`), or soften the prior (`BooleanPrior::mixed`)"
    )]
    NothingFits {
        /// Number of rows.
        rows: usize,
    },
    /// An iteration did not come to rest.
    #[error(
        "{method} did not converge in {iterations} iterations (last step {step:.1e} posterior standard deviations): {advice}"
    )]
    NotConverged {
        /// Which method.
        method: &'static str,
        /// Iterations made.
        iterations: usize,
        /// Size of the last step, in posterior standard deviations.
        step: f64,
        /// What to do.
        advice: &'static str,
    },
    /// A likelihood without the curvature that Laplace's approximation needs.
    #[error(
        "the log density of the labels has no curvature for Laplace's approximation to use: condition by `Variational`"
    )]
    NotSmooth,
    /// No number of use where an iteration stands.
    #[error(
        "{method}: the log density of the labels is {value} where the iteration stands: give the prior a mean and a scale that make \
         them possible"
    )]
    NoDensity {
        /// Which method.
        method: &'static str,
        /// The log density.
        value: f64,
    },
    /// No starting point gave a finite evidence.
    #[error(
        "tuning found no parameters with a finite evidence: check the labels' scale and the starting values ({0})"
    )]
    NoFiniteEvidence(String),
    /// Reading or writing a file failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A saved file that is not what it should be.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Results of the models crate.
pub type Result<T> = std::result::Result<T, ModelError>;
