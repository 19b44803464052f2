//! Warps: maps of the inputs that a kernel looks through.

use std::f64::consts::TAU;
use std::fmt;
use std::sync::Arc;

use super::radial::LENGTH_BOUNDS;
use super::{Inputs, SavedKernel, Tile, step};
use crate::math::simd;
use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{Parameters, PriorError};

/// A map of the inputs, for [`Kernel::warped`](crate::Kernel::warped). Only [`Warp::map`] has to be written; whoever has parameters
/// writes [`Warp::parameters`] and [`Warp::with`] too. A point that it cannot map becomes NaN, which priors refuse by name.
pub trait Warp: fmt::Debug + Send + Sync {
    /// How many inputs it takes.
    fn inputs(&self) -> Inputs {
        Inputs::Any
    }

    /// How many coordinates the image of a point of so many inputs has.
    fn outputs(&self, inputs: usize) -> usize {
        inputs
    }

    /// Writes the image of a point.
    fn map(&self, x: &[f64], out: &mut [f64]);

    /// Writes the images of the points of a tile, one coordinate after the other; the bits are those of [`Warp::map`].
    fn map_tile(&self, x: &Tile<'_>, out: &mut [f64]) {
        let (mut point, mut image) = (vec![0.0; x.inputs()], vec![0.0; self.outputs(x.inputs())]);
        for j in 0..x.len() {
            x.read(j, &mut point);
            self.map(&point, &mut image);
            out.iter_mut().skip(j).step_by(x.len()).zip(&image).for_each(|(out, value)| *out = *value);
        }
    }

    /// Adds Jᵀ `slope`, where J is the Jacobian of the map at x. The default takes central differences.
    fn pull_back(&self, x: &[f64], slope: &[f64], out: &mut [f64]) {
        let (mut moved, mut ahead, mut behind) = (x.to_vec(), vec![0.0; slope.len()], vec![0.0; slope.len()]);
        for (d, out) in out.iter_mut().enumerate().take(x.len()) {
            let h = step(x[d]);
            moved[d] = x[d] + h;
            self.map(&moved, &mut ahead);
            moved[d] = x[d] - h;
            self.map(&moved, &mut behind);
            moved[d] = x[d];
            *out += along(slope, &ahead, &behind) / (2.0 * h);
        }
    }

    /// What can be tuned.
    fn parameters(&self) -> Parameters {
        Parameters::none()
    }

    /// The same map at other parameters, already checked against their bounds; called only where there are parameters.
    ///
    /// # Errors
    /// For values that make no map.
    fn with(&self, theta: &[f64]) -> Result<Arc<dyn Warp>> {
        let _ = theta;
        Err(PriorError::foreign(self))
    }

    /// Adds Σ_o slope_o ∂w_o(x)/∂θ, one entry a parameter. The default takes differences through [`Warp::with`], one-sided at a
    /// bound.
    fn pull_back_parameters(&self, x: &[f64], slope: &[f64], gradient: &mut [f64]) {
        let parameters = self.parameters();
        let theta = parameters.values();
        let image = |k: usize, value: f64| {
            let mut moved = theta.clone();
            moved[k] = value;
            let mut out = vec![f64::NAN; slope.len()];
            if let Ok(warp) = self.with(&moved) {
                warp.map(x, &mut out);
            }
            out
        };
        for (k, (p, gradient)) in parameters.iter().zip(gradient).enumerate() {
            let h = 1e-5 * p.value.abs().max(1e-6);
            let (high, low) = ((p.value + h).min(p.upper), (p.value - h).max(p.lower));
            if low < high {
                *gradient += along(slope, &image(k, high), &image(k, low)) / (high - low);
            }
        }
    }

    /// A description that can be written to a file.
    ///
    /// # Errors
    /// [`PriorError::Foreign`] for a warp that is not built in.
    fn saved(&self) -> Result<SavedKernel> {
        Err(PriorError::foreign(self))
    }
}

fn along(slope: &[f64], ahead: &[f64], behind: &[f64]) -> f64 {
    slope.iter().zip(ahead.iter().zip(behind)).map(|(s, (a, b))| s * (a - b)).sum()
}

/// A map of one input, to one coordinate or two. As a [`Warp`] it maps every input alike; [`EachInput`] maps each its own way.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum InputWarp {
    /// x itself.
    Identity,
    /// scale · x + shift, both given.
    Affine {
        /// The factor.
        scale: f64,
        /// What is added.
        shift: f64,
    },
    /// x / length. Its parameter is `length`: with one warp an input ([`EachInput`]) this is automatic relevance determination for
    /// kernels that have no lengths of their own, such as those of networks.
    Length {
        /// The unit of the input.
        length: f64,
    },
    /// ln(x + offset), for x > −offset.
    Log {
        /// What is added first.
        offset: f64,
    },
    /// 1 − (1 − xᵃ)ᵇ, the distribution function of Kumaraswamy's law on [0, 1], which is near that of a Beta law but has a closed
    /// form (input warping: Snoek et al. 2014). Its parameters are `a` and `b`; both 1 is the identity.
    Kumaraswamy {
        /// Bends at 0.
        a: f64,
        /// Bends at 1.
        b: f64,
    },
    /// (cos, sin) of 2πx/period, two coordinates: any kernel of it is periodic (MacKay 1998). Its parameter is `period`.
    Periodic {
        /// After which everything repeats.
        period: f64,
    },
}

use InputWarp::{Affine, Identity, Kumaraswamy, Length, Log, Periodic};

/// Bounds of the shapes of Kumaraswamy's law.
const SHAPE_BOUNDS: (f64, f64) = (1e-2, 1e2);

/// Nearer than this to 0 or 1 the slope of Kumaraswamy's distribution function, which may be infinite there, is that at this place.
const EDGE: f64 = 1e-15;

/// The angle 2πx/period, but for whole turns.
#[inline(always)]
fn turn(x: f64, period: f64) -> f64 {
    let turns = x / period;
    TAU * (turns - turns.round())
}

/// 1 − xᵃ, without cancellation.
fn rest_of_power(x: f64, a: f64) -> f64 {
    -(a * x.ln()).exp_m1()
}

/// ln(1 − xᵃ), likewise.
fn ln_rest_of_power(x: f64, a: f64) -> f64 {
    let power = (a * x.ln()).exp();
    if power < 0.5 { (-power).ln_1p() } else { rest_of_power(x, a).ln() }
}

impl InputWarp {
    fn outputs_of_one(self) -> usize {
        if matches!(self, Periodic { .. }) { 2 } else { 1 }
    }

    /// One input of many points: one coordinate of their images, then the other if there are two.
    fn map_column(self, x: &[f64], out: &mut [f64]) {
        let (first, second) = out.split_at_mut(x.len());
        first.copy_from_slice(x);
        match self {
            Identity => {}
            Affine { scale, shift } => simd::map(first, |x| scale * x + shift),
            Length { length } => simd::map(first, |x| x / length),
            Log { offset } => first.iter_mut().for_each(|x| *x = (*x + offset).ln()),
            Kumaraswamy { a, b } => {
                first.iter_mut().for_each(|x| *x = -(b * ln_rest_of_power(*x, a)).exp_m1());
            }
            Periodic { period } => {
                simd::map(first, |x| turn(x, period));
                second.copy_from_slice(first);
                simd::sin_cos(second, first);
            }
        }
    }

    /// Σ slope · dw/dx.
    fn slope_one(self, x: f64, slope: &[f64]) -> f64 {
        match self {
            Identity => slope[0],
            Affine { scale, .. } => scale * slope[0],
            Length { length } => slope[0] / length,
            Log { offset } => slope[0] / (x + offset),
            Kumaraswamy { a, b } => {
                let x = if x < EDGE { x.max(EDGE) } else { x };
                let rest = rest_of_power(x, a).max(EDGE);
                slope[0] * a * b * x.powf(a - 1.0) * rest.powf(b - 1.0)
            }
            Periodic { period } => {
                let (sin, cos) = turn(x, period).sin_cos();
                TAU / period * (slope[1] * cos - slope[0] * sin)
            }
        }
    }

    /// Adds Σ slope · ∂w/∂θ.
    fn parameter_slopes(self, x: f64, slope: &[f64], gradient: &mut [f64]) {
        match self {
            Identity | Affine { .. } | Log { .. } => {}
            Kumaraswamy { a, b } => {
                let rest = rest_of_power(x, a);
                // both slopes vanish at the ends
                if x > 0.0 && rest > 0.0 {
                    gradient[0] += slope[0] * b * rest.powf(b - 1.0) * x.powf(a) * x.ln();
                    gradient[1] -= slope[0] * rest.powf(b) * ln_rest_of_power(x, a);
                }
            }
            // a function of x/θ
            Length { length: unit } | Periodic { period: unit } => {
                gradient[0] -= x / unit * self.slope_one(x, slope);
            }
        }
    }

    fn with_own(self, theta: &[f64]) -> InputWarp {
        match (self, theta) {
            (Kumaraswamy { .. }, &[a, b]) => Kumaraswamy { a, b },
            (Length { .. }, &[length]) => Length { length },
            (Periodic { .. }, &[period]) => Periodic { period },
            (same, _) => same,
        }
    }

    fn own_parameters(self) -> Parameters {
        let shape = |name, value| Parameter::free(name, value, SHAPE_BOUNDS, Coordinate::Log);
        let unit =
            |name, value| Parameters::new([Parameter::free(name, value, LENGTH_BOUNDS, Coordinate::Log)]);
        match self {
            Identity | Affine { .. } | Log { .. } => Parameters::none(),
            Kumaraswamy { a, b } => Parameters::new([shape("a", a), shape("b", b)]),
            Length { length } => unit("length", length),
            Periodic { period } => unit("period", period),
        }
    }

    fn description(self) -> SavedKernel {
        match self {
            Identity => SavedKernel::new("identity", &[]),
            Affine { scale, shift } => SavedKernel::new("affine", &[scale, shift]),
            Length { length } => SavedKernel::new("length", &[length]),
            Log { offset } => SavedKernel::new("log", &[offset]),
            Kumaraswamy { a, b } => SavedKernel::new("kumaraswamy", &[a, b]),
            Periodic { period } => SavedKernel::new("circle", &[period]),
        }
    }

    fn described(saved: &SavedKernel) -> Result<InputWarp> {
        match (saved.kind.as_str(), &saved.values[..]) {
            ("identity", []) => Ok(Identity),
            ("affine", &[scale, shift]) => Ok(Affine { scale, shift }),
            ("length", &[length]) => Ok(Length { length }),
            ("log", &[offset]) => Ok(Log { offset }),
            ("kumaraswamy", &[a, b]) => Ok(Kumaraswamy { a, b }),
            ("circle", &[period]) => Ok(Periodic { period }),
            _ => Err(saved.malformed()),
        }
    }
}

/// Maps every coordinate by its own warp, for as many points as its column holds.
fn map_each<'a>(
    warps: impl Iterator<Item = &'a InputWarp>,
    x: impl Iterator<Item = &'a [f64]>,
    mut out: &mut [f64],
) {
    for (warp, x) in warps.zip(x) {
        let Some((mine, others)) = out.split_at_mut_checked(warp.outputs_of_one() * x.len()) else { return };
        warp.map_column(x, mine);
        out = others;
    }
}

/// For every coordinate: its place, its warp, and the slope by its image.
fn each_slope<'a>(
    warps: impl Iterator<Item = &'a InputWarp>,
    mut slope: &[f64],
    mut with: impl FnMut(usize, &InputWarp, &[f64]),
) {
    for (i, warp) in warps.enumerate() {
        let Some((mine, others)) = slope.split_at_checked(warp.outputs_of_one()) else { return };
        if mine.is_empty() {
            return;
        }
        with(i, warp, mine);
        slope = others;
    }
}

impl Warp for InputWarp {
    fn outputs(&self, inputs: usize) -> usize {
        inputs * self.outputs_of_one()
    }
    fn map(&self, x: &[f64], out: &mut [f64]) {
        map_each(std::iter::repeat(self), x.chunks(1), out);
    }
    fn map_tile(&self, x: &Tile<'_>, out: &mut [f64]) {
        map_each(std::iter::repeat(self), x.columns(), out);
    }
    fn pull_back(&self, x: &[f64], slope: &[f64], out: &mut [f64]) {
        each_slope(std::iter::repeat(self), slope, |i, warp, slope| out[i] += warp.slope_one(x[i], slope));
    }
    fn parameters(&self) -> Parameters {
        self.own_parameters()
    }
    fn with(&self, theta: &[f64]) -> Result<Arc<dyn Warp>> {
        Ok(Arc::new(self.with_own(theta)))
    }
    fn pull_back_parameters(&self, x: &[f64], slope: &[f64], gradient: &mut [f64]) {
        each_slope(std::iter::repeat(self), slope, |i, warp, slope| {
            warp.parameter_slopes(x[i], slope, gradient);
        });
    }
    fn saved(&self) -> Result<SavedKernel> {
        Ok(self.description())
    }
}

/// A warp of its own for each input, in order; parameters are called `input1.a`, ….
#[derive(Clone, Debug, PartialEq)]
pub struct EachInput(Vec<InputWarp>);

impl EachInput {
    /// One warp an input.
    #[must_use]
    pub fn new(warps: impl Into<Vec<InputWarp>>) -> EachInput {
        EachInput(warps.into())
    }
}

impl Warp for EachInput {
    fn inputs(&self) -> Inputs {
        Inputs::Exactly(self.0.len())
    }
    fn outputs(&self, _: usize) -> usize {
        self.0.iter().map(|warp| warp.outputs_of_one()).sum()
    }
    fn map(&self, x: &[f64], out: &mut [f64]) {
        map_each(self.0.iter(), x.chunks(1), out);
    }
    fn map_tile(&self, x: &Tile<'_>, out: &mut [f64]) {
        map_each(self.0.iter(), x.columns(), out);
    }
    fn pull_back(&self, x: &[f64], slope: &[f64], out: &mut [f64]) {
        each_slope(self.0.iter(), slope, |i, warp, slope| out[i] += warp.slope_one(x[i], slope));
    }
    fn parameters(&self) -> Parameters {
        let each = self.0.iter().enumerate();
        let each = each.map(|(i, warp)| warp.own_parameters().prefixed(&format!("input{}", i + 1)));
        each.fold(Parameters::none(), Parameters::followed_by)
    }
    fn with(&self, mut theta: &[f64]) -> Result<Arc<dyn Warp>> {
        let each = self.0.iter().map(|warp| {
            let (mine, others) = theta.split_at(warp.own_parameters().len());
            theta = others;
            warp.with_own(mine)
        });
        Ok(Arc::new(EachInput(each.collect())))
    }
    fn pull_back_parameters(&self, x: &[f64], slope: &[f64], mut gradient: &mut [f64]) {
        each_slope(self.0.iter(), slope, |i, warp, slope| {
            let left = std::mem::take(&mut gradient);
            let (mine, others) = left.split_at_mut(warp.own_parameters().len());
            warp.parameter_slopes(x[i], slope, mine);
            gradient = others;
        });
    }
    fn saved(&self) -> Result<SavedKernel> {
        let parts = self.0.iter().map(|warp| warp.description()).collect();
        Ok(SavedKernel { parts, ..SavedKernel::new("each input", &[]) })
    }
}

/// A built-in warp from its description.
pub(super) fn revive(saved: &SavedKernel) -> Result<Arc<dyn Warp>> {
    if saved.kind == "each input" {
        let each = saved.parts.iter().map(InputWarp::described);
        return Ok(Arc::new(EachInput(each.collect::<Result<_>>()?)));
    }
    Ok(Arc::new(InputWarp::described(saved)?))
}
