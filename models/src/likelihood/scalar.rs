//! Likelihoods of one latent number a label: the derivatives and integrals that approximate inference asks for.

use softbias_priors::math::quadrature::normal_expectation;
use softbias_priors::{GaussianPrior, Parameters};

use super::Likelihood;
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::exact::reduced::residual;

/// A likelihood that may have parameters of its own, which tuning can move.
pub trait Parametric: Likelihood {
    /// Its parameters; most have none.
    fn parameters(&self) -> Parameters {
        Parameters::none()
    }

    /// The same likelihood at other parameters, in the order of [`Parametric::parameters`].
    ///
    /// # Errors
    /// For a wrong number of parameters or a value out of bounds.
    fn with(&self, theta: &[f64]) -> Result<Self> {
        self.parameters().check(theta)?;
        Ok(self.clone())
    }

    /// Its parameters with the bounds between which they are tuned on these labels; at first its own.
    ///
    /// # Errors
    /// When model and data do not fit.
    fn tunables(&self, prior: &dyn GaussianPrior, data: &Data) -> Result<Parameters> {
        let _ = (prior, data);
        Ok(self.parameters())
    }

    /// ln p(y | f) of all labels with the prior mean for f, without the Jacobian of label transforms: what a model that explains
    /// nothing gets.
    ///
    /// # Errors
    /// When model and data do not fit.
    fn log_at_mean(&self, prior: &dyn GaussianPrior, data: &Data) -> Result<f64> {
        let mean = data.labels() - &residual(prior, data)?;
        Ok(data.labels().iter().zip(&mean).map(|(y, f)| self.log_density(*y, *f)).sum())
    }
}

/// Mean square of the labels about the prior mean; 1 where that is 0.
pub(crate) fn label_scale2(prior: &dyn GaussianPrior, data: &Data) -> Result<f64> {
    let y = residual(prior, data)?;
    let mean_square = y.iter().map(|v| v * v).sum::<f64>() / y.len() as f64;
    Ok(if mean_square > 0.0 && mean_square.is_finite() { mean_square } else { 1.0 })
}

/// A noise variance is tuned between these: it cannot explode unnoticed, for ten times the labels' own size is a bound, and a bound
/// that is met is reported.
pub(crate) fn noise_bounds(label_scale2: f64, variance: f64) -> (f64, f64) {
    ((1e-16 * label_scale2).min(variance), (100.0 * label_scale2).max(variance))
}

/// ln p(y | f) and its derivatives in f, at one label and one f.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Derivatives {
    /// ln p(y | f).
    pub log: f64,
    /// Its first derivative.
    pub first: f64,
    /// Its second.
    pub second: f64,
    /// Its third.
    pub third: f64,
}

/// The precision, never negative, that a Gaussian approximation credits to a label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curvature {
    /// The precision.
    pub value: f64,
    /// Its derivative in f.
    pub slope: f64,
}

/// Derivatives with respect to one parameter of a likelihood, at one label and one f.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParameterSlopes {
    /// Of ln p(y | f).
    pub log: f64,
    /// Of its first derivative in f.
    pub first: f64,
    /// Of its second derivative in f.
    pub second: f64,
    /// Of [`Curvature::value`].
    pub curvature: f64,
}

/// A likelihood in which a label depends on one value of the function.
pub trait ScalarLikelihood: Parametric + 'static {
    /// ln p(y | f) and three derivatives, with their digits also at |f| = 1e3.
    fn derivatives(&self, y: f64, f: f64) -> Derivatives;

    /// The curvature of the Gaussian approximation at the mode: −∂² ln p/∂f², unless that can be negative.
    fn curvature(&self, at: &Derivatives) -> Curvature {
        Curvature { value: -at.second, slope: -at.third }
    }

    /// The curvature that a step to the mode takes for this row, not negative: −∂² ln p/∂f² where it is that.
    fn step_curvature(&self, y: f64, f: f64, at: &Derivatives) -> f64 {
        let _ = (y, f);
        (-at.second).max(0.0)
    }

    /// The slopes along each parameter, in the order of [`Parametric::parameters`].
    fn parameter_slopes(&self, y: f64, f: f64) -> Vec<ParameterSlopes> {
        let _ = (y, f);
        Vec::new()
    }

    /// Whether ln p has a curvature in f that Laplace's approximation can use.
    fn is_smooth(&self) -> bool {
        true
    }

    /// The labels that have a density, in words.
    fn support(&self) -> &'static str;

    /// Whether a label is one of them.
    fn supports(&self, y: f64) -> bool;

    /// ln ∫ p(y | f) N(f; mean, variance) df, to about 1e-10.
    ///
    /// # Errors
    /// When the nodes of the quadrature cannot be found.
    fn log_predictive(&self, y: f64, mean: f64, variance: f64) -> Result<f64>;

    /// Variance of a label around the function value, where a label is the value plus noise; else 0.
    fn noise_variance(&self) -> f64 {
        0.0
    }

    /// Checks every label of the data.
    ///
    /// # Errors
    /// [`ModelError::Support`], naming the first row whose label has no density.
    fn check_labels(&self, data: &Data) -> Result<()> {
        match data.labels().indexed_iter().find(|(_, y)| !self.supports(**y)) {
            Some(((row, _), &value)) => Err(ModelError::Support { support: self.support(), row, value }),
            None => Ok(()),
        }
    }
}

/// Likelihoods whose label can be held against the function value itself, so that a loss judges it (the sign of f against a label
/// ±1, its size against a real label). A count against a log rate cannot.
pub trait Judged: ScalarLikelihood {}

/// A likelihood whose log density can be averaged over a Gaussian: what variational inference asks for.
pub trait ExpectedLog: ScalarLikelihood {
    /// E ln p(y | f) for f ~ N(mean, variance), and its slopes along mean and variance.
    ///
    /// # Errors
    /// When the average is −∞, or the nodes of a quadrature cannot be found.
    fn expected_log(&self, y: f64, mean: f64, variance: f64) -> Result<[f64; 3]>;
}

/// The same by quadrature: the slopes are the averages of ∂ ln p/∂f and ½ ∂² ln p/∂f² (Bonnet, Price).
pub(crate) fn expected_by_quadrature<L: ScalarLikelihood>(
    likelihood: &L,
    y: f64,
    kinks: &[f64],
    mean: f64,
    variance: f64,
) -> Result<[f64; 3]> {
    let at = |f: f64| {
        let d = likelihood.derivatives(y, f);
        [d.log, d.first, 0.5 * d.second]
    };
    if variance == 0.0 { Ok(at(mean)) } else { Ok(normal_expectation(at, kinks, mean, variance.sqrt())?) }
}
