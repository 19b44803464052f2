//! Student-t noise: outliers pull little, and less the farther out they are.

use serde::{Deserialize, Serialize};
use softbias_priors::math::special::log_gamma_half_step;
use softbias_priors::parameters::Coordinate;
use softbias_priors::{GaussianPrior, Parameter, Parameters};

use super::Likelihood;
use super::scalar::{
    Curvature, Derivatives, Judged, ParameterSlopes, Parametric, ScalarLikelihood, label_scale2, noise_bounds,
};
use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::latent::mixture::student_t_log_predictive;

/// y = f(x) + scale · t(dof): heavy tails for few degrees of freedom, Gaussian noise for many.
///
/// ln p(y | f) is not concave in f: where (y − f)² > dof·scale² its curvature is negative, and the posterior may have several modes.
/// [`Laplace`](crate::Laplace) therefore steps by a curvature that is never negative, and takes the expected (Fisher) curvature
/// (dof + 1)/((dof + 3) scale²) for its Gaussian and its evidence (Laplace–Fisher, Hartmann & Vanhatalo 2019): positive, the same for
/// every row and smooth in the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "AsRead")]
pub struct StudentT {
    dof: f64,
    scale: f64,
    known_dof: bool,
    known_scale: bool,
}

#[derive(Deserialize)]
struct AsRead {
    dof: f64,
    scale: f64,
    known_dof: bool,
    known_scale: bool,
}

impl TryFrom<AsRead> for StudentT {
    type Error = ModelError;
    fn try_from(read: AsRead) -> Result<StudentT> {
        let AsRead { dof, scale, known_dof, known_scale } = read;
        Ok(StudentT { known_dof, known_scale, ..StudentT::new(dof, scale)? })
    }
}

const DOF_BOUNDS: (f64, f64) = (0.1, 1e8);
const VARIANCE_BOUNDS: (f64, f64) = (1e-200, 1e200);

impl StudentT {
    /// Noise of `dof` degrees of freedom (0.1 to 1e8) and this scale, in the unit of the labels; tuning may move both (as the
    /// parameters `dof` and `scale2`, the square of the scale).
    ///
    /// # Errors
    /// [`ModelError::StudentT`] for numbers out of these bounds.
    pub fn new(dof: f64, scale: f64) -> Result<StudentT> {
        let t = StudentT { dof, scale, known_dof: false, known_scale: false };
        let fits = scale > 0.0 && t.parameters().check(&[dof, scale * scale]).is_ok();
        if fits { Ok(t) } else { Err(ModelError::StudentT { dof, scale }) }
    }

    /// The same noise, whose degrees of freedom tuning leaves alone.
    #[must_use]
    pub fn known_dof(self) -> StudentT {
        StudentT { known_dof: true, ..self }
    }

    /// The same noise, whose scale tuning leaves alone.
    #[must_use]
    pub fn known_scale(self) -> StudentT {
        StudentT { known_scale: true, ..self }
    }

    /// Degrees of freedom.
    #[must_use]
    pub fn dof(&self) -> f64 {
        self.dof
    }

    /// Scale.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// z = (y − f)/(√dof · scale), and w = 1/(1 + z²): every derivative is a polynomial in w, and none overflows.
    fn standardised(&self, y: f64, f: f64) -> (f64, f64) {
        let z = (y - f) / (self.dof.sqrt() * self.scale);
        (z, 1.0 / (1.0 + z * z))
    }

    /// ln(1 + z²).
    fn log_tail(z: f64) -> f64 {
        if z.abs() < 1e8 { (z * z).ln_1p() } else { 2.0 * z.abs().ln() }
    }
}

impl Likelihood for StudentT {
    fn log_density(&self, y: f64, f: f64) -> f64 {
        self.derivatives(y, f).log
    }
}

impl Parametric for StudentT {
    fn parameters(&self) -> Parameters {
        Parameters::new([
            Parameter::free("dof", self.dof, DOF_BOUNDS, Coordinate::Log).fixed(self.known_dof),
            Parameter::free("scale2", self.scale * self.scale, VARIANCE_BOUNDS, Coordinate::Log)
                .fixed(self.known_scale),
        ])
    }

    fn with(&self, theta: &[f64]) -> Result<StudentT> {
        self.parameters().check(theta)?;
        match theta {
            [dof, square] => Ok(StudentT { dof: *dof, scale: square.sqrt(), ..*self }),
            _ => Ok(*self),
        }
    }

    /// scale² as any noise variance: it cannot grow far beyond the labels.
    fn tunables(&self, prior: &dyn GaussianPrior, data: &Data) -> Result<Parameters> {
        let (lower, upper) = noise_bounds(label_scale2(prior, data)?, self.scale * self.scale);
        let own = self.parameters().into_iter();
        Ok(Parameters::new(own.map(|p| if p.name == "scale2" { Parameter { lower, upper, ..p } } else { p })))
    }
}

impl ScalarLikelihood for StudentT {
    fn derivatives(&self, y: f64, f: f64) -> Derivatives {
        let nu = self.dof;
        let unit = nu.sqrt() * self.scale;
        let (z, w) = self.standardised(y, f);
        let constant = log_gamma_half_step(0.5 * nu).0 - 0.5 * std::f64::consts::PI.ln() - unit.ln();
        Derivatives {
            log: constant - 0.5 * (nu + 1.0) * StudentT::log_tail(z),
            first: (nu + 1.0) * (z * w) / unit,
            second: (nu + 1.0) * (1.0 - 2.0 * w) * w / unit / unit,
            third: 2.0 * (nu + 1.0) * (z * w) * w * (1.0 - 4.0 * w) / unit / unit / unit,
        }
    }

    fn curvature(&self, _at: &Derivatives) -> Curvature {
        let value = (self.dof + 1.0) / (self.dof + 3.0) / self.scale / self.scale;
        Curvature { value, slope: 0.0 }
    }

    /// Where −∂² ln p/∂f² is small or negative (in the tails): that of the parabola below ln p that touches it at f, the weight of
    /// iteratively reweighted least squares. The direction always climbs; how far is searched.
    fn step_curvature(&self, y: f64, f: f64, at: &Derivatives) -> f64 {
        let (_, w) = self.standardised(y, f);
        let touching = (self.dof + 1.0) / self.dof * w / self.scale / self.scale;
        if -at.second > 0.1 * touching { -at.second } else { touching }
    }

    fn parameter_slopes(&self, y: f64, f: f64) -> Vec<ParameterSlopes> {
        let (nu, v) = (self.dof, self.scale * self.scale);
        let unit = nu.sqrt() * self.scale;
        let (z, w) = self.standardised(y, f);
        let ratio = (nu + 1.0) / nu;
        let of_dof = ParameterSlopes {
            log: 0.5
                * (log_gamma_half_step(0.5 * nu).1 - 1.0 / nu - StudentT::log_tail(z) + ratio * (1.0 - w)),
            first: z * w / unit * (1.0 - ratio * w),
            second: w / (nu * v) * (1.0 - 2.0 * w - ratio * w * (3.0 - 4.0 * w)),
            curvature: 2.0 / (v * (nu + 3.0).powi(2)),
        };
        let of_square = ParameterSlopes {
            log: 0.5 * ((nu + 1.0) * (1.0 - w) - 1.0) / v,
            first: -(nu + 1.0) / v * (z * w / unit) * w,
            second: -ratio / v / v * w * w * (3.0 - 4.0 * w),
            curvature: -(nu + 1.0) / (nu + 3.0) / v / v,
        };
        vec![of_dof, of_square]
    }

    fn support(&self) -> &'static str {
        "labels are finite numbers"
    }

    fn supports(&self, y: f64) -> bool {
        y.is_finite()
    }

    fn log_predictive(&self, y: f64, mean: f64, variance: f64) -> Result<f64> {
        Ok(student_t_log_predictive(self.dof, self.scale, y - mean, variance))
    }

    /// scale² dof/(dof − 2), infinite for dof ≤ 2.
    fn noise_variance(&self) -> f64 {
        if self.dof > 2.0 { self.scale * self.scale * self.dof / (self.dof - 2.0) } else { f64::INFINITY }
    }
}

impl Judged for StudentT {}
