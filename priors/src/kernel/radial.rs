//! Kernels of a scaled distance: RBF, Matérn and rational quadratic, with one length scale or one an input (ARD).

use super::{Inputs, Kernel, KernelFunction, RandomFunction, SavedKernel, TILE, Tile};
use crate::group::Action;
use crate::math::simd;
use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{Parameters, Seed};

/// Length scales: one for all inputs, or one an input (automatic relevance determination).
#[derive(Clone, Debug, PartialEq)]
pub struct Lengths {
    values: Vec<f64>,
    ard: bool,
}

/// Bounds of every length scale.
pub(crate) const LENGTH_BOUNDS: (f64, f64) = (1e-15, 1e15);

impl From<f64> for Lengths {
    fn from(length: f64) -> Lengths {
        Lengths { values: vec![length], ard: false }
    }
}

impl<const N: usize> From<[f64; N]> for Lengths {
    fn from(lengths: [f64; N]) -> Lengths {
        Lengths { values: lengths.to_vec(), ard: true }
    }
}

impl From<Vec<f64>> for Lengths {
    fn from(values: Vec<f64>) -> Lengths {
        Lengths { values, ard: true }
    }
}

impl Lengths {
    pub(crate) fn of(&self, input: usize) -> f64 {
        self.values.get(self.place(input)).copied().unwrap_or(f64::NAN)
    }

    /// Where in the list the number of an input stands.
    pub(crate) fn place(&self, input: usize) -> usize {
        if self.ard { input } else { 0 }
    }

    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    pub(crate) fn is_ard(&self) -> bool {
        self.ard
    }

    pub(crate) fn inputs(&self) -> Inputs {
        if self.ard { Inputs::Exactly(self.values.len()) } else { Inputs::Any }
    }

    pub(crate) fn parameters(&self) -> Vec<Parameter> {
        self.parameters_called("length")
    }

    pub(crate) fn parameters_called(&self, what: &str) -> Vec<Parameter> {
        let name = |d: usize| if self.ard { format!("{what}{}", d + 1) } else { what.to_owned() };
        let each = self.values.iter().enumerate();
        each.map(|(d, &l)| Parameter::free(&name(d), l, LENGTH_BOUNDS, Coordinate::Log)).collect()
    }

    pub(crate) fn with(&self, theta: &[f64]) -> Lengths {
        Lengths { values: theta[..self.values.len()].to_vec(), ard: self.ard }
    }

    /// Writes the numbers behind what is there, and how many of them (0 for one that all inputs share).
    pub(crate) fn save(&self, into: &mut SavedKernel) {
        into.values.extend(&self.values);
        into.counts.push(if self.ard { self.values.len() } else { 0 });
    }

    /// Reads back what `save` wrote, from the front of both lists.
    pub(crate) fn read(values: &mut &[f64], counts: &mut &[usize]) -> Option<Lengths> {
        let (&count, left) = counts.split_first()?;
        let (mine, others) = values.split_at_checked(count.max(1))?;
        (*values, *counts) = (others, left);
        Some(Lengths { values: mine.to_vec(), ard: count > 0 })
    }

    /// Squared scaled distances to the points of a tile.
    pub(crate) fn squares(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        simd::square_distances(a, b.all(), |d| 1.0 / self.of(d), out);
    }

    /// The same for one pair, with the same bits.
    pub(crate) fn square(&self, a: &[f64], b: &[f64]) -> f64 {
        let scaled = |(d, (a, b)): (usize, (&f64, &f64))| {
            let t = (a - b) * (1.0 / self.of(d));
            t * t
        };
        a.iter().zip(b).enumerate().map(scaled).sum()
    }

    /// Adds Σⱼ gⱼ ∂r²ⱼ/∂θ, where gⱼ is the derivative by r²ⱼ; `squares` holds the r²ⱼ.
    pub(crate) fn contract(&self, a: &[f64], b: &Tile<'_>, g: &[f64], squares: &[f64], gradient: &mut [f64]) {
        if self.ard {
            let factor = |d: usize| -2.0 / self.of(d).powi(3);
            simd::add_weighted_squares(g, a, b.all(), factor, gradient);
        } else {
            gradient[0] -= 2.0 * simd::dot(g, squares) / self.values[0];
        }
    }

    /// Whether distances survive the action: coordinates may change places only where they share a length scale.
    pub(crate) fn preserved_by(&self, action: &Action) -> bool {
        !self.ard || action.sources().enumerate().all(|(d, source)| self.of(d) == self.of(source))
    }
}

/// The profile k(r²) of a kernel of the scaled distance.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Profile {
    Rbf,
    Matern12,
    Matern32,
    Matern52,
    RationalQuadratic { alpha: f64 },
}

use Profile::{Matern12, Matern32, Matern52, RationalQuadratic, Rbf};

#[derive(Clone, Debug)]
struct Radial {
    profile: Profile,
    lengths: Lengths,
}

/// Below it a distance counts as this: it keeps −e^{−r}/2r finite at coincident points, where it multiplies a zero.
const LEAST: f64 = 1e-150;
const SQRT3: f64 = 1.732_050_807_568_877_2;
const SQRT5: f64 = 2.236_067_977_499_79;

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Rbf => "rbf",
            Matern12 => "matern12",
            Matern32 => "matern32",
            Matern52 => "matern52",
            RationalQuadratic { .. } => "rational quadratic",
        }
    }

    /// r² to k, in place.
    fn values(self, r2: &mut [f64]) {
        match self {
            Rbf => {
                simd::map(r2, |r2| -0.5 * r2);
                simd::exp(r2);
            }
            Matern12 => {
                simd::map(r2, |r2| -r2.sqrt());
                simd::exp(r2);
            }
            Matern32 => Self::damped(r2, SQRT3, |u| 1.0 + u),
            Matern52 => Self::damped(r2, SQRT5, |u| 1.0 + u + u * u / 3.0),
            RationalQuadratic { alpha } => {
                simd::map(r2, |r2| r2 / (2.0 * alpha));
                simd::ln_1p(r2);
                simd::map(r2, |l| -alpha * l);
                simd::exp(r2);
            }
        }
    }

    /// dk/d(r²), in place.
    fn slopes(self, r2: &mut [f64]) {
        match self {
            Rbf => {
                Rbf.values(r2);
                simd::map(r2, |k| -0.5 * k);
            }
            Matern12 => Self::damped(r2, 1.0, |u| -0.5 / if u < LEAST { LEAST } else { u }),
            Matern32 => Self::damped(r2, SQRT3, |_| -1.5),
            Matern52 => Self::damped(r2, SQRT5, |u| -5.0 / 6.0 * (1.0 + u)),
            RationalQuadratic { alpha } => {
                simd::map(r2, |r2| r2 / (2.0 * alpha));
                simd::ln_1p(r2);
                simd::map(r2, |l| -(alpha + 1.0) * l);
                simd::exp(r2);
                simd::map(r2, |k| -0.5 * k);
            }
        }
    }

    /// g(u) e^{−u} with u = c·r.
    fn damped(r2: &mut [f64], c: f64, g: impl Fn(f64) -> f64) {
        let mut decay = [0.0; TILE];
        let decay = &mut decay[..r2.len()];
        // beyond 750 the exponential is 0, and its polynomial must not be infinite
        simd::map(r2, |r2| {
            let u = c * r2.sqrt();
            if u > 750.0 { 750.0 } else { u }
        });
        decay.copy_from_slice(r2);
        simd::map(decay, |u| -u);
        simd::exp(decay);
        simd::zip_map(r2, decay, |u, e| g(u) * e);
    }

    /// A factor on the frequency of an RBF kernel that makes the mixture this kernel: 1/√(Gamma) laws of the scale.
    fn mixing(self, seed: Seed) -> f64 {
        let gamma = |shape: f64| (seed.named("mixing").gamma(shape) / shape).sqrt();
        match self {
            Rbf => 1.0,
            Matern12 => 1.0 / gamma(0.5),
            Matern32 => 1.0 / gamma(1.5),
            Matern52 => 1.0 / gamma(2.5),
            RationalQuadratic { alpha } => gamma(alpha),
        }
    }
}

impl KernelFunction for Radial {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut value = [self.lengths.square(a, b)];
        self.profile.values(&mut value);
        value[0]
    }

    fn diagonal(&self, _: &[f64]) -> f64 {
        1.0
    }

    fn inputs(&self) -> Inputs {
        self.lengths.inputs()
    }

    fn parameters(&self) -> Parameters {
        let mut all = self.lengths.parameters();
        if let RationalQuadratic { alpha } = self.profile {
            all.push(Parameter::free("alpha", alpha, ALPHA_BOUNDS, Coordinate::Log));
        }
        Parameters::new(all)
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let lengths = self.lengths.with(theta);
        let profile = match (self.profile, theta.last()) {
            (RationalQuadratic { .. }, Some(&alpha)) => RationalQuadratic { alpha },
            (profile, _) => profile,
        };
        Ok(Kernel::new(Radial { profile, lengths }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        self.lengths.squares(a, b, out);
        self.profile.values(out);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let (mut squares, mut slopes) = ([0.0; TILE], [0.0; TILE]);
        let (squares, slopes) = (&mut squares[..b.len()], &mut slopes[..b.len()]);
        self.lengths.squares(a, b, squares);
        slopes.copy_from_slice(squares);
        self.profile.slopes(slopes);
        simd::multiply(slopes, w);
        self.lengths.contract(a, b, slopes, squares, gradient);
        // From here on `slopes` turns into w·k: k is the slope times a simple function of the distance.
        match self.profile {
            Rbf => return -2.0 * simd::sum(slopes),
            Matern12 => simd::zip_map(slopes, squares, |s, r2| -2.0 * s * r2.sqrt().max(LEAST)),
            Matern32 => simd::zip_map(slopes, squares, |s, r2| s * (1.0 + SQRT3 * r2.sqrt()) / -1.5),
            Matern52 => simd::zip_map(slopes, squares, |s, r2| {
                let u = SQRT5 * r2.sqrt();
                s * (1.0 + u * u / (3.0 * (1.0 + u))) * (-6.0 / 5.0)
            }),
            RationalQuadratic { alpha } => {
                simd::map(squares, |r2| r2 / (2.0 * alpha));
                simd::zip_map(slopes, squares, |s, u| -2.0 * s * (1.0 + u));
                // ∂k/∂α = k (u/(1+u) − ln(1+u)), u = r²/2α
                let mut log = [0.0; TILE];
                let log = &mut log[..b.len()];
                log.copy_from_slice(squares);
                simd::ln_1p(log);
                simd::zip_map(log, squares, |l, u| u / (1.0 + u) - l);
                gradient[self.lengths.values().len()] += simd::dot(slopes, log);
            }
        }
        simd::sum(slopes)
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let mut by_square = [self.lengths.square(a, b)];
        self.profile.slopes(&mut by_square);
        for (d, slope) in slope.iter_mut().enumerate() {
            let l = self.lengths.of(d);
            *slope += w * by_square[0] * 2.0 * (a[d] - b[d]) / (l * l);
        }
    }

    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let mixing = self.profile.mixing(seed);
        let frequencies = seed.named("frequency").normal1(inputs);
        let frequencies =
            frequencies.iter().enumerate().map(|(d, z)| z * mixing / self.lengths.of(d)).collect();
        Some(Box::new(Wave::new(frequencies, seed)))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        self.lengths.preserved_by(action)
    }

    fn saved(&self) -> Result<SavedKernel> {
        let mut values = self.lengths.values().to_vec();
        if let RationalQuadratic { alpha } = self.profile {
            values.push(alpha);
        }
        let counts = vec![usize::from(self.lengths.is_ard())];
        Ok(SavedKernel { counts, ..SavedKernel::new(self.profile.name(), &values) })
    }
}

const ALPHA_BOUNDS: (f64, f64) = (1e-4, 1e6);

/// √2 cos(ω·x + b), b uniform: what the draws of a stationary kernel are made of.
pub(crate) struct Wave {
    frequencies: Vec<f64>,
    phase: f64,
}

impl Wave {
    pub(crate) fn new(frequencies: Vec<f64>, seed: Seed) -> Wave {
        let turn = 2.0 * std::f64::consts::PI;
        Wave { frequencies, phase: seed.named("phase").uniform1(1, 0.0, turn)[0] }
    }

    fn angle(&self, x: &[f64]) -> f64 {
        self.phase + self.frequencies.iter().zip(x).map(|(w, x)| w * x).sum::<f64>()
    }
}

impl RandomFunction for Wave {
    fn value(&self, x: &[f64]) -> f64 {
        std::f64::consts::SQRT_2 * self.angle(x).cos()
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        let common = -w * std::f64::consts::SQRT_2 * self.angle(x).sin();
        slope.iter_mut().zip(&self.frequencies).for_each(|(s, f)| *s += common * f);
    }
}

impl Kernel {
    fn radial(profile: Profile, lengths: impl Into<Lengths>) -> Kernel {
        Kernel::new(Radial { profile, lengths: lengths.into() })
    }

    /// exp(−r²/2) of the scaled distance r: infinitely smooth functions (Rasmussen & Williams 2006, 4.9).
    pub fn rbf(lengths: impl Into<Lengths>) -> Kernel {
        Kernel::radial(Rbf, lengths)
    }

    /// exp(−r): continuous, nowhere differentiable functions (4.18).
    pub fn matern12(lengths: impl Into<Lengths>) -> Kernel {
        Kernel::radial(Matern12, lengths)
    }

    /// (1 + √3 r) exp(−√3 r): functions with one derivative (4.17).
    pub fn matern32(lengths: impl Into<Lengths>) -> Kernel {
        Kernel::radial(Matern32, lengths)
    }

    /// (1 + √5 r + 5r²/3) exp(−√5 r): functions with two derivatives (4.17).
    pub fn matern52(lengths: impl Into<Lengths>) -> Kernel {
        Kernel::radial(Matern52, lengths)
    }

    /// (1 + r²/2α)^−α: a mixture of RBF kernels over length scales (4.19).
    pub fn rational_quadratic(lengths: impl Into<Lengths>, alpha: f64) -> Kernel {
        Kernel::radial(RationalQuadratic { alpha }, lengths)
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    let mut values = saved.values.clone();
    let profile = match saved.kind.as_str() {
        "rbf" => Rbf,
        "matern12" => Matern12,
        "matern32" => Matern32,
        "matern52" => Matern52,
        "rational quadratic" => RationalQuadratic { alpha: values.pop()? },
        _ => return None,
    };
    let ard = saved.counts.first().is_some_and(|&n| n == 1);
    if values.is_empty() || (!ard && values.len() != 1) {
        return Some(Err(saved.malformed()));
    }
    Some(Ok(Kernel::radial(profile, Lengths { values, ard })))
}
