//! Priors of weights: what a tensor makes of white noise.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::PriorError;
use crate::math::Real;
use crate::math::linalg::{Cholesky, Jitter};
use crate::math::simd::{Loops, widest};
use crate::math::special::{log_normal_cdf, normal_cdf, student_t_tail_inverse};
use crate::prior::Result;

/// How a standard normal number is bent before it is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Bend {
    /// Not at all: a normal weight.
    Normal,
    /// The Laplace distribution of variance 1.
    Laplace,
    /// Student's t of that many degrees of freedom, at scale 1 (its variance is dof/(dof − 2), where there is one).
    StudentT {
        /// Degrees of freedom, above 0.
        dof: f64,
    },
    /// Like a horseshoe (Carvalho, Polson & Scott 2010): a pole at 0 and tails of Cauchy's weight, θ = ε³/(1 + ε²) · exp(ε²/2).
    Horseshoe,
}

impl Bend {
    /// The bent number and its slope.
    #[must_use]
    pub fn at(self, eps: f64) -> (f64, f64) {
        match self {
            Bend::Normal => (eps, 1.0),
            Bend::Laplace => {
                // P(|θ| > t) = exp(−√2 t) is to be 2Φ(−|ε|)
                let [log_tail, slope, ..] = log_normal_cdf(-eps.abs());
                let size = -(log_tail + std::f64::consts::LN_2) * std::f64::consts::FRAC_1_SQRT_2;
                (size.max(0.0).copysign(eps), slope * std::f64::consts::FRAC_1_SQRT_2)
            }
            Bend::StudentT { dof } => {
                let size = student_t_tail_inverse(normal_cdf(-eps.abs()), dof);
                // by the ratio of the densities
                let log_t = crate::math::special::ln_gamma(0.5 * (dof + 1.0))
                    - crate::math::special::ln_gamma(0.5 * dof)
                    - 0.5 * (dof * std::f64::consts::PI).ln()
                    - 0.5 * (dof + 1.0) * (size * size / dof).ln_1p();
                let log_normal = -0.5 * (eps * eps + (2.0 * std::f64::consts::PI).ln());
                (size.copysign(eps), (log_normal - log_t).exp())
            }
            Bend::Horseshoe => {
                let square = eps * eps;
                let (tail, under) = ((0.5 * square).exp(), 1.0 + square);
                let slope = square * tail * (square + 3.0 + square * under) / (under * under);
                (eps * square / under * tail, slope)
            }
        }
    }
}

/// The prior of one tensor of weights: θ = mean + scale · profile · bend(ε), with ε ~ N(0, 1) each, or correlated within filters.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightLaw {
    mean: f64,
    scale: f64,
    by_fan_in: bool,
    bend: Bend,
    profile: Option<Arc<[f64]>>,
    correlation: Option<Arc<Array2<f64>>>,
}

impl WeightLaw {
    /// Independent normal weights of that standard deviation.
    #[must_use]
    pub fn normal(scale: f64) -> WeightLaw {
        WeightLaw { mean: 0.0, scale, by_fan_in: false, bend: Bend::Normal, profile: None, correlation: None }
    }

    /// Independent normal weights of standard deviation gain/√(inputs): variances stay as layers grow wide. √2 keeps them through ReLU.
    #[must_use]
    pub fn fan_in(gain: f64) -> WeightLaw {
        WeightLaw { by_fan_in: true, ..WeightLaw::normal(gain) }
    }

    /// Another distribution of the same scale.
    #[must_use]
    pub fn bent(self, bend: Bend) -> WeightLaw {
        WeightLaw { bend, ..self }
    }

    /// About another mean than 0.
    #[must_use]
    pub fn about(self, mean: f64) -> WeightLaw {
        WeightLaw { mean, ..self }
    }

    /// With factors of the scale by input (column): how much may come from each. A factor of 0 is a hard mask.
    #[must_use]
    pub fn by_input(self, factors: impl Into<Arc<[f64]>>) -> WeightLaw {
        WeightLaw { profile: Some(factors.into()), ..self }
    }

    /// A mask of the inputs: the first `width` at full scale, the others at `softness` of it.
    #[must_use]
    pub fn masked(self, inputs: usize, width: usize, softness: f64) -> WeightLaw {
        self.by_input((0..inputs).map(|j| if j < width { 1.0 } else { softness }).collect::<Vec<_>>())
    }

    /// Weights of a filter of `side` × `side` that are alike where they are near: correlation exp(−distance/length), distances in pixels.
    ///
    /// # Errors
    /// For a length that is not above 0.
    pub fn correlated(self, side: usize, length: f64) -> Result<WeightLaw> {
        if !(length > 0.0 && length.is_finite()) || side == 0 {
            return Err(PriorError::Net {
                layer: "weights".to_owned(),
                problem: format!(
                    "correlated filters need side ≥ 1 and length > 0, found {side} and {length}"
                ),
            });
        }
        let place = |i: usize| ((i / side) as f64, (i % side) as f64);
        let all = Array2::from_shape_fn((side * side, side * side), |(i, j)| {
            let ((a, b), (c, d)) = (place(i), place(j));
            (-(a - c).hypot(b - d) / length).exp()
        });
        let jitter = Jitter::Escalating { first: 1e-14, last: 1e-8 };
        let factor = Cholesky::new(all.view(), jitter)?.l().to_owned();
        Ok(WeightLaw { correlation: Some(Arc::new(factor)), ..self })
    }

    /// The standard deviation, or whatever the bend scales by.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The bend.
    #[must_use]
    pub fn bend(&self) -> Bend {
        self.bend
    }

    /// Whether θ is the mean plus one scale times independent normals: what Kronecker factors of curvature need.
    #[must_use]
    pub fn is_isotropic(&self) -> bool {
        self.bend == Bend::Normal && self.profile.is_none() && self.correlation.is_none()
    }

    /// Whether weights are correlated within filters.
    #[must_use]
    pub fn is_correlated(&self) -> bool {
        self.correlation.is_some()
    }

    /// Whether its scale depends on the input.
    #[must_use]
    pub fn is_profiled(&self) -> bool {
        self.profile.is_some()
    }

    /// Whether θ is linear in ε.
    #[must_use]
    pub fn is_normal(&self) -> bool {
        self.bend == Bend::Normal
    }

    /// The same at another scale.
    #[must_use]
    pub fn at(self, scale: f64) -> WeightLaw {
        WeightLaw { scale, ..self }
    }

    /// The same with its scale, and its mean, multiplied.
    #[must_use]
    pub fn times(self, factor: f64) -> WeightLaw {
        WeightLaw { scale: self.scale * factor, mean: self.mean * factor, ..self }
    }

    /// With the scale that belongs to that many inputs, checked against the tensor.
    pub(super) fn resolved(self, layer: &str, inputs: usize, side: Option<usize>) -> Result<WeightLaw> {
        let wrong = |problem: String| PriorError::Net { layer: layer.to_owned(), problem };
        let scale = if self.by_fan_in { self.scale / (inputs.max(1) as f64).sqrt() } else { self.scale };
        if !(scale >= 0.0 && scale.is_finite() && self.mean.is_finite()) {
            return Err(wrong(format!(
                "weights need a finite scale ≥ 0 and a finite mean, found {scale} and {}",
                self.mean
            )));
        }
        if let Bend::StudentT { dof } = self.bend
            && !(dof > 0.0 && dof.is_finite())
        {
            return Err(wrong(format!("Student's t needs degrees of freedom above 0, found {dof}")));
        }
        if let Some(profile) = &self.profile {
            if profile.len() != inputs {
                return Err(wrong(format!("{} factors for {inputs} inputs", profile.len())));
            }
            if let Some(bad) = profile.iter().find(|f| !(f.is_finite() && **f >= 0.0)) {
                return Err(wrong(format!("factors of a scale must be finite and ≥ 0, found {bad}")));
            }
        }
        if let Some(factor) = &self.correlation {
            if side.map(|side| side * side) != Some(factor.nrows()) {
                return Err(wrong("correlated weights belong to convolutions of the same side".to_owned()));
            }
            if self.bend != Bend::Normal || self.profile.is_some() {
                return Err(wrong("correlated weights are normal and of one scale".to_owned()));
            }
        }
        Ok(WeightLaw { scale, by_fan_in: false, ..self })
    }

    /// How many weights belong together: a filter where they are correlated, else one.
    pub(super) fn apart(&self) -> usize {
        self.correlation.as_ref().map_or(1, |factor| factor.nrows())
    }

    fn factor(&self, j: usize) -> f64 {
        self.scale * self.profile.as_ref().map_or(1.0, |profile| profile[j])
    }

    /// θ of ε, for weights `from..` of a tensor of that many columns. (Correlated ones: whole filters at a time.)
    pub(super) fn place<T: Real>(&self, columns: usize, from: usize, eps: &[T], theta: &mut [T]) {
        let mean = T::of(self.mean);
        match (&self.correlation, &self.profile, self.bend) {
            (None, None, Bend::Normal) => {
                let scale = T::of(self.scale);
                widest(Affine { mean, scale, eps, theta });
            }
            (Some(factor), ..) => {
                let k = factor.nrows();
                for (eps, theta) in eps.chunks_exact(k).zip(theta.chunks_exact_mut(k)) {
                    for i in 0..k {
                        let sum = (0..=i).map(|j| factor[[i, j]] * eps[j].get()).sum::<f64>();
                        theta[i] = T::of(self.mean + self.scale * sum);
                    }
                }
            }
            _ => {
                for (at, (e, t)) in eps.iter().zip(theta).enumerate() {
                    let bent = self.bend.at(e.get()).0;
                    *t = T::of(self.mean + self.factor((from + at) % columns) * bent);
                }
            }
        }
    }

    /// Slopes with respect to ε from those with respect to θ, in place.
    pub(super) fn pull<T: Real>(&self, columns: usize, from: usize, eps: &[T], slopes: &mut [T]) {
        match (&self.correlation, &self.profile, self.bend) {
            (None, None, Bend::Normal) => {
                let scale = T::of(self.scale);
                slopes.iter_mut().for_each(|s| *s *= scale);
            }
            (Some(factor), ..) => {
                let k = factor.nrows();
                for slopes in slopes.chunks_exact_mut(k) {
                    for j in 0..k {
                        let sum = (j..k).map(|i| factor[[i, j]] * slopes[i].get()).sum::<f64>();
                        slopes[j] = T::of(self.scale * sum);
                    }
                }
            }
            _ => {
                for (at, (e, s)) in eps.iter().zip(slopes).enumerate() {
                    *s *= T::of(self.factor((from + at) % columns) * self.bend.at(e.get()).1);
                }
            }
        }
    }

    /// The tangent of θ from that of ε, in place.
    pub(super) fn push<T: Real>(&self, columns: usize, from: usize, eps: &[T], tangent: &mut [T]) {
        match &self.correlation {
            Some(factor) => {
                let k = factor.nrows();
                for tangent in tangent.chunks_exact_mut(k) {
                    for i in (0..k).rev() {
                        let sum = (0..=i).map(|j| factor[[i, j]] * tangent[j].get()).sum::<f64>();
                        tangent[i] = T::of(self.scale * sum);
                    }
                }
            }
            None => self.pull(columns, from, eps, tangent),
        }
    }
}
/// θ = mean + scale ε.
struct Affine<'a, T> {
    mean: T,
    scale: T,
    eps: &'a [T],
    theta: &'a mut [T],
}

impl<T: Real> Loops for Affine<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        self.eps.iter().zip(self.theta).for_each(|(e, t)| *t = self.mean + self.scale * *e);
    }
}
