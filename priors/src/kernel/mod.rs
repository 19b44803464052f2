//! Kernels: covariances k(a, b) between the values of a function at two points, and the one type that users hold.
//!
//! ```
//! use softbias_priors::{Gp, Kernel};
//!
//! let trend = 4.0 * Kernel::rbf(40.0);
//! let season = 2.0 * Kernel::periodic(1.0, 0.8) * Kernel::matern32(30.0);
//! let prior = Gp::new(trend.named("trend") + season.named("season"));
//! ```

mod additive;
mod algebra;
mod averaged;
mod changing;
mod dot;
mod dual;
mod network;
mod orders;
mod periodic;
mod power;
mod radial;
mod rules;
mod saved;
mod some_inputs;
mod spectral;
mod tile;
mod warp;
mod warped;
mod wendland;

use std::fmt;
use std::sync::Arc;

use crate::math::simd;
use crate::prior::Result;
use crate::{Parameters, Points, PriorError, Seed};

pub use network::Activation;
pub use radial::Lengths;
pub use saved::SavedKernel;
pub(crate) use tile::Layout;
pub use tile::{TILE, Tile};
pub use warp::{EachInput, InputWarp, Warp};

/// A kernel as its author writes it. Only [`KernelFunction::eval`] has to be written: the rest has slow, correct defaults, to be
/// overridden for speed.
///
/// Points come as slices of their coordinates. Whoever has parameters writes [`KernelFunction::parameters`] and
/// [`KernelFunction::with`] too. [`laws::kernel`](crate::laws::kernel) checks everything against `eval`.
pub trait KernelFunction: fmt::Debug + Send + Sync {
    /// k(a, b). Symmetric: k(a, b) and k(b, a) are the same bits (those of `fill` may differ by rounding).
    fn eval(&self, a: &[f64], b: &[f64]) -> f64;

    /// k(a, a), without cancellation.
    fn diagonal(&self, a: &[f64]) -> f64 {
        self.eval(a, a)
    }

    /// The least number of inputs a point must have, or exactly how many where `exact`.
    fn inputs(&self) -> Inputs {
        Inputs::Any
    }

    /// What can be tuned.
    fn parameters(&self) -> Parameters {
        Parameters::none()
    }

    /// The same kernel at other parameters, already checked against their bounds; called only where there are parameters.
    ///
    /// # Errors
    /// For values that make no kernel.
    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let _ = theta;
        Err(PriorError::foreign(self))
    }

    /// Writes k(a, bⱼ) for every point of the tile. Must give the bits of no other path than itself: `fill` decides what the
    /// covariance is, and agrees with `eval` to rounding.
    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let mut point = vec![0.0; b.inputs()];
        for (j, out) in out.iter_mut().enumerate().take(b.len()) {
            b.read(j, &mut point);
            *out = self.eval(a, &point);
        }
    }

    /// Adds Σⱼ wⱼ ∂k(a, bⱼ)/∂θ to the gradient, one entry a parameter, and gives Σⱼ wⱼ k(a, bⱼ), which costs little beside it. The
    /// default takes differences through [`KernelFunction::with`].
    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        differences(self, a, b, w, gradient);
        let mut values = [0.0; TILE];
        let values = &mut values[..b.len()];
        self.fill(a, b, values);
        simd::dot(w, values)
    }

    /// Adds w ∂k(a, b)/∂a to `slope`, one entry an input. The default takes central differences; at a kink the slope is that of
    /// the even extension, 0.
    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let mut moved = a.to_vec();
        for (d, slope) in slope.iter_mut().enumerate() {
            // small beside the distance, yet visible beside the coordinate
            let h = (1e-5 * (a[d] - b[d]).abs()).max(step(a[d]));
            moved[d] = a[d] + h;
            let ahead = self.eval(&moved, b);
            moved[d] = a[d] - h;
            *slope += w * (ahead - self.eval(&moved, b)) / (2.0 * h);
            moved[d] = a[d];
        }
    }

    /// A random function z with E[z(a) z(b)] = k(a, b), for points of that many inputs: what pathwise draws are made of (random
    /// Fourier features, Rahimi & Recht 2007, where the kernel is stationary). `None` where no such function is known.
    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let _ = (inputs, seed);
        None
    }

    /// Whether k(g a, g b) = k(a, b) for all points: then an average over a group costs |G| evaluations, not |G|².
    fn preserved_by(&self, action: &crate::group::Action) -> bool {
        let _ = action;
        false
    }

    /// Its terms, if it is a sum, and its factors, if it is a product: `+` and `*` keep them in one list.
    fn parts(&self) -> Parts<'_> {
        Parts::One
    }

    /// The name that prefixes its parameters within a sum or product.
    fn name(&self) -> Option<&str> {
        None
    }

    /// A description that can be written to a file.
    ///
    /// # Errors
    /// [`PriorError::Foreign`] for a kernel that is not built in.
    fn saved(&self) -> Result<SavedKernel> {
        Err(PriorError::foreign(self))
    }
}

/// What a kernel is made of, as far as `+` and `*` ask.
#[derive(Clone, Copy, Debug)]
pub enum Parts<'a> {
    /// Neither sum nor product.
    One,
    /// A sum of these.
    Sum(&'a [Kernel]),
    /// A product of these.
    Product(&'a [Kernel]),
}

/// How many inputs a kernel takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// Any number.
    Any,
    /// At least so many (it looks at some of them).
    AtLeast(usize),
    /// Exactly so many (one length scale an input).
    Exactly(usize),
    /// No number will do: parts of the kernel ask for so many and for so many.
    Conflict(usize, usize),
}

impl Inputs {
    /// Checks a number of inputs.
    ///
    /// # Errors
    /// When it does not do.
    pub fn check(self, found: usize) -> Result<()> {
        match self {
            Inputs::AtLeast(least) if found < least => Err(PriorError::Dimensions {
                what: "coordinates of a point (at least)",
                expected: least,
                found,
            }),
            Inputs::Exactly(expected) if found != expected => {
                Err(PriorError::Dimensions { what: "coordinates of a point", expected, found })
            }
            Inputs::Conflict(one, other) => {
                let what = "parts of a kernel must suit one number of inputs (`on` gives each its own)";
                Err(PriorError::Kernel { what, found: format!("parts for {one} and for {other}") })
            }
            _ => Ok(()),
        }
    }

    /// What satisfies both.
    #[must_use]
    pub fn and(self, other: Inputs) -> Inputs {
        match (self, other) {
            (Inputs::Any, one) | (one, Inputs::Any) => one,
            (Inputs::AtLeast(a), Inputs::AtLeast(b)) => Inputs::AtLeast(a.max(b)),
            (Inputs::Exactly(n), Inputs::AtLeast(m)) | (Inputs::AtLeast(m), Inputs::Exactly(n)) => {
                if n < m {
                    Inputs::Conflict(n, m)
                } else {
                    Inputs::Exactly(n)
                }
            }
            (Inputs::Exactly(n), Inputs::Exactly(m)) if n != m => Inputs::Conflict(n, m),
            (conflict @ Inputs::Conflict(..), _) | (_, conflict @ Inputs::Conflict(..)) => conflict,
            (one, _) => one,
        }
    }
}

/// A function drawn at random, and its slope.
pub trait RandomFunction: Send + Sync {
    /// Its value.
    fn value(&self, x: &[f64]) -> f64;

    /// Adds w times its gradient. The default takes central differences.
    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        let mut moved = x.to_vec();
        for (d, slope) in slope.iter_mut().enumerate() {
            let h = step(x[d]);
            moved[d] = x[d] + h;
            let ahead = self.value(&moved);
            moved[d] = x[d] - h;
            *slope += w * (ahead - self.value(&moved)) / (2.0 * h);
            moved[d] = x[d];
        }
    }
}

/// A step for central differences at x where nothing is known of the scale on which functions change: 1e-8 of the coordinate, which
/// leaves half of the digits on either side.
pub(crate) fn step(x: f64) -> f64 {
    if x == 0.0 { 1e-8 } else { 1e-8 * x.abs() }
}

/// A kernel: cheap to clone, added by `+`, multiplied by `*` with kernels and by a variance.
#[derive(Clone)]
pub struct Kernel(Arc<dyn KernelFunction>, usize);

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Kernel {
    /// A kernel of one's own.
    pub fn new(function: impl KernelFunction + 'static) -> Kernel {
        let parameters = function.parameters().len();
        Kernel(Arc::new(function), parameters)
    }

    /// Number of parameters, known beforehand: to list them costs names.
    pub(crate) fn count(&self) -> usize {
        self.1
    }

    /// What it is made of.
    #[must_use]
    pub fn function(&self) -> &dyn KernelFunction {
        &*self.0
    }

    /// k(a, b); NaN for points that do not fit the kernel or each other.
    #[must_use]
    pub fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let fit = a.len() == b.len() && self.0.inputs().check(a.len()).is_ok();
        if fit { self.0.eval(a, b) } else { f64::NAN }
    }

    /// Its parameters.
    #[must_use]
    pub fn parameters(&self) -> Parameters {
        self.0.parameters()
    }

    /// The same kernel at other parameters.
    ///
    /// # Errors
    /// For a wrong number of parameters or a value out of bounds.
    pub fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let parameters = self.parameters();
        parameters.check(theta)?;
        if parameters.is_empty() { Ok(self.clone()) } else { self.0.with(theta) }
    }

    /// A description that can be written to a file.
    ///
    /// # Errors
    /// [`PriorError::Foreign`] where a part is not built in.
    pub fn saved(&self) -> Result<SavedKernel> {
        self.0.saved()
    }

    /// Checks values and bounds of the parameters, and the points' inputs.
    pub(crate) fn check(&self, x: &Points) -> Result<()> {
        self.0.inputs().check(x.inputs())?;
        let parameters = self.parameters();
        parameters.check(&parameters.values())
    }
}

/// Fourth-order differences of `eval` along each parameter (one-sided of second order at a bound).
fn differences<K: KernelFunction + ?Sized>(
    kernel: &K,
    a: &[f64],
    b: &Tile<'_>,
    w: &[f64],
    gradient: &mut [f64],
) {
    let parameters = kernel.parameters();
    let theta = parameters.values();
    let mut out = vec![0.0; b.len()];
    for (k, p) in parameters.iter().enumerate() {
        let mut at = |value: f64| {
            let mut moved = theta.clone();
            moved[k] = value;
            let Ok(kernel) = kernel.with(&moved) else { return f64::NAN };
            kernel.0.fill(a, b, &mut out);
            out.iter().zip(w).map(|(k, w)| k * w).sum::<f64>()
        };
        let h = 1e-3 * p.value.abs().max(1e-6);
        let inside = |value: f64| (p.lower..=p.upper).contains(&value);
        gradient[k] += if inside(p.value - 2.0 * h) && inside(p.value + 2.0 * h) {
            let near = at(p.value + h) - at(p.value - h);
            let far = at(p.value + 2.0 * h) - at(p.value - 2.0 * h);
            (8.0 * near - far) / (12.0 * h)
        } else {
            let h = if inside(p.value + 2.0 * h) { h } else { -h };
            (-3.0 * at(p.value) + 4.0 * at(p.value + h) - at(p.value + 2.0 * h)) / (2.0 * h)
        };
    }
}
