//! Kernels of an inner product: linear, polynomial and constant.

use super::algebra::VARIANCE_BOUNDS;
use super::{Inputs, Kernel, KernelFunction, Lengths, RandomFunction, SavedKernel, TILE, Tile};
use crate::group::Action;
use crate::math::simd;
use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{Parameters, Seed};

/// Bounds of the centre of a linear kernel.
const CENTRE_BOUNDS: (f64, f64) = (-1e15, 1e15);
/// Bounds of the offset of a polynomial kernel: 0, a homogeneous polynomial, is a value like others.
const OFFSET_BOUNDS: (f64, f64) = (0.0, 1e15);

/// Σ_d s_d² (a_d − c_d)(b_d − c_d), with standard deviations of the slopes in place of length scales.
#[derive(Clone, Debug)]
struct Inner {
    scales: Lengths,
    /// Empty for the origin.
    centre: Vec<f64>,
}

impl Inner {
    fn centre(&self, input: usize) -> f64 {
        self.centre.get(input).copied().unwrap_or(0.0)
    }

    fn inputs(&self) -> Inputs {
        let of_centre = if self.centre.is_empty() { Inputs::Any } else { Inputs::Exactly(self.centre.len()) };
        self.scales.inputs().and(of_centre)
    }

    fn parameters(&self) -> Vec<Parameter> {
        let centre =
            self.centre.iter().enumerate().map(|(d, &c)| {
                Parameter::free(&format!("centre{}", d + 1), c, CENTRE_BOUNDS, Coordinate::Plain)
            });
        self.scales.parameters_called("scale").into_iter().chain(centre).collect()
    }

    fn with(&self, theta: &[f64]) -> Inner {
        let (scales, centre) = theta.split_at(self.scales.values().len());
        Inner { scales: self.scales.with(scales), centre: centre[..self.centre.len()].to_vec() }
    }

    /// The products are taken in an order that keeps the bits when a and b change places.
    fn products(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        out.fill(0.0);
        for (d, column) in b.columns().enumerate() {
            let (c, s) = (self.centre(d), self.scales.of(d));
            let (a, square) = (a[d] - c, s * s);
            simd::zip_map(out, column, |sum, b| sum + (a * (b - c)) * square);
        }
    }

    /// Adds Σⱼ gⱼ ∂uⱼ/∂θ; `products` holds the uⱼ.
    fn contract(&self, a: &[f64], b: &Tile<'_>, g: &[f64], products: &[f64], gradient: &mut [f64]) {
        let of_scales = self.scales.values().len();
        let total = simd::sum(g);
        if self.scales.is_ard() {
            for (d, column) in b.columns().enumerate() {
                let c = self.centre(d);
                let sum = from_centre(g, column, c);
                gradient[d] += 2.0 * self.scales.of(d) * (a[d] - c) * sum;
            }
        } else {
            gradient[0] += 2.0 * simd::dot(g, products) / self.scales.of(0);
        }
        for (d, c) in self.centre.iter().enumerate() {
            let s = self.scales.of(d);
            let sum = from_centre(g, b.column(d), *c) + (a[d] - c) * total;
            gradient[of_scales + d] -= s * s * sum;
        }
    }

    /// Adds w times the slope of the product in a.
    fn slope(&self, b: &[f64], w: f64, slope: &mut [f64]) {
        for (d, slope) in slope.iter_mut().enumerate() {
            let s = self.scales.of(d);
            *slope += w * s * s * (b[d] - self.centre(d));
        }
    }

    fn preserved_by(&self, action: &Action) -> bool {
        let centre: Vec<f64> = (0..action.inputs()).map(|d| self.centre(d)).collect();
        let mut image = vec![0.0; centre.len()];
        action.apply(&centre, &mut image);
        image == centre && self.scales.preserved_by(action)
    }

    fn draw(&self, inputs: usize, offset: f64, seed: Seed) -> Plane {
        let z = seed.named("slope").normal1(inputs);
        let slopes: Vec<f64> = (0..inputs).map(|d| self.scales.of(d) * z[d]).collect();
        let at_centre: f64 = slopes.iter().enumerate().map(|(d, s)| s * self.centre(d)).sum();
        Plane { value: offset.sqrt() * seed.named("offset").normal1(1)[0] - at_centre, slopes }
    }
}

/// The fourth moment of a product of planes is 3^degree times the square of its second.
const MOST_PLANES: usize = 3;

/// Σⱼ gⱼ (bⱼ − c), of which nothing cancels where the points lie far from 0 and near c.
fn from_centre(g: &[f64], column: &[f64], c: f64) -> f64 {
    let mut departures = [0.0; TILE];
    let departures = &mut departures[..column.len()];
    departures.copy_from_slice(column);
    simd::map(departures, |b| b - c);
    simd::dot(g, departures)
}

/// A random affine function.
struct Plane {
    value: f64,
    slopes: Vec<f64>,
}

impl RandomFunction for Plane {
    fn value(&self, x: &[f64]) -> f64 {
        self.slopes.iter().zip(x).fold(self.value, |sum, (s, x)| sum + s * x)
    }

    fn slope(&self, _: &[f64], w: f64, slope: &mut [f64]) {
        slope.iter_mut().zip(&self.slopes).for_each(|(out, s)| *out += w * s);
    }
}

#[derive(Clone, Debug)]
struct Linear(Inner);

impl KernelFunction for Linear {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut value = [0.0];
        self.fill(a, &Tile::one(b), &mut value);
        value[0]
    }

    fn inputs(&self) -> Inputs {
        self.0.inputs()
    }

    fn parameters(&self) -> Parameters {
        Parameters::new(self.0.parameters())
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        Ok(Kernel::new(Linear(self.0.with(theta))))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        self.0.products(a, b, out);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let mut products = [0.0; TILE];
        let products = &mut products[..b.len()];
        self.0.products(a, b, products);
        self.0.contract(a, b, w, products, gradient);
        simd::dot(w, products)
    }

    fn slope(&self, _: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        self.0.slope(b, w, slope);
    }

    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        Some(Box::new(self.0.draw(inputs, 0.0, seed)))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        self.0.preserved_by(action)
    }

    fn saved(&self) -> Result<SavedKernel> {
        let mut saved = SavedKernel::new("linear", &[]);
        self.0.scales.save(&mut saved);
        saved.values.extend(&self.0.centre);
        Ok(saved)
    }
}

/// (Σ_d s_d² a_d b_d + offset)^degree.
#[derive(Clone, Debug)]
struct Power {
    inner: Inner,
    offset: f64,
    degree: usize,
}

impl KernelFunction for Power {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut value = [0.0];
        self.fill(a, &Tile::one(b), &mut value);
        value[0]
    }

    fn inputs(&self) -> Inputs {
        self.inner.inputs()
    }

    fn parameters(&self) -> Parameters {
        let offset = Parameter::free("offset", self.offset, OFFSET_BOUNDS, Coordinate::Variance);
        Parameters::new(self.inner.parameters().into_iter().chain([offset]))
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let (inner, offset) = theta.split_at(theta.len() - 1);
        Ok(Kernel::new(Power { inner: self.inner.with(inner), offset: offset[0], ..*self }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        self.inner.products(a, b, out);
        let offset = self.offset;
        simd::map(out, |u| u + offset);
        simd::powi(out, self.degree);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let (mut products, mut g) = ([0.0; TILE], [0.0; TILE]);
        let (products, g) = (&mut products[..b.len()], &mut g[..b.len()]);
        self.inner.products(a, b, products);
        let (offset, degree) = (self.offset, self.degree as f64);
        g.copy_from_slice(products);
        simd::map(g, |u| u + offset);
        if self.degree == 0 {
            return simd::sum(w);
        }
        simd::powi(g, self.degree - 1);
        simd::zip_map(g, w, |g, w| degree * g * w);
        let last = gradient.len() - 1;
        let sum = simd::sum(g);
        gradient[last] += sum;
        self.inner.contract(a, b, g, products, &mut gradient[..last]);
        (simd::dot(g, products) + offset * sum) / degree
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let mut u = [0.0];
        self.inner.products(a, &Tile::one(b), &mut u);
        u[0] += self.offset;
        if self.degree > 0 {
            simd::powi(&mut u, self.degree - 1);
            self.inner.slope(b, w * self.degree as f64 * u[0], slope);
        }
    }

    /// A product of so many independent random planes; `None` above degree 3, where their second moment settles too slowly.
    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        if self.degree > MOST_PLANES {
            return None;
        }
        let plane = |i: usize| self.inner.draw(inputs, self.offset, seed.at(i));
        Some(Box::new(Planes((0..self.degree).map(plane).collect())))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        self.inner.preserved_by(action)
    }

    fn saved(&self) -> Result<SavedKernel> {
        let mut saved = SavedKernel::new("polynomial", &[]);
        self.inner.scales.save(&mut saved);
        saved.values.push(self.offset);
        saved.counts.push(self.degree);
        Ok(saved)
    }
}

struct Planes(Vec<Plane>);

impl RandomFunction for Planes {
    fn value(&self, x: &[f64]) -> f64 {
        self.0.iter().map(|plane| plane.value(x)).product()
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        let values: Vec<f64> = self.0.iter().map(|plane| plane.value(x)).collect();
        for (i, plane) in self.0.iter().enumerate() {
            let others = values.iter().enumerate().filter(|(other, _)| *other != i);
            plane.slope(x, w * others.map(|(_, v)| v).product::<f64>(), slope);
        }
    }
}

#[derive(Clone, Debug)]
struct Constant {
    variance: f64,
}

impl KernelFunction for Constant {
    fn eval(&self, _: &[f64], _: &[f64]) -> f64 {
        self.variance
    }

    fn parameters(&self) -> Parameters {
        Parameters::new([Parameter::free("variance", self.variance, VARIANCE_BOUNDS, Coordinate::Log)])
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        Ok(Kernel::constant(theta[0]))
    }

    fn fill(&self, _: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        out[..b.len()].fill(self.variance);
    }

    fn contract(&self, _: &[f64], _: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let sum = simd::sum(w);
        gradient[0] += sum;
        self.variance * sum
    }

    fn slope(&self, _: &[f64], _: &[f64], _: f64, _: &mut [f64]) {}

    fn random_function(&self, _: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let value = self.variance.sqrt() * seed.named("offset").normal1(1)[0];
        Some(Box::new(Plane { value, slopes: Vec::new() }))
    }

    fn preserved_by(&self, _: &Action) -> bool {
        true
    }

    fn saved(&self) -> Result<SavedKernel> {
        Ok(SavedKernel::new("constant", &[self.variance]))
    }
}

impl Kernel {
    /// Σ_d s_d² a_d b_d: linear functions through the origin, whose slopes have the standard deviations s (one for all inputs, or
    /// one an input; parameters `scale`). Add a [`Kernel::constant`] for an intercept.
    pub fn linear(scales: impl Into<Lengths>) -> Kernel {
        Kernel::new(Linear(Inner { scales: scales.into(), centre: Vec::new() }))
    }

    /// Σ_d s_d² (a_d − c_d)(b_d − c_d): linear functions through 0 at a centre, one coordinate an input, that can be tuned
    /// (`centre1`, …).
    pub fn linear_about(scales: impl Into<Lengths>, centre: &[f64]) -> Kernel {
        Kernel::new(Linear(Inner { scales: scales.into(), centre: centre.to_vec() }))
    }

    /// (Σ_d s_d² a_d b_d + offset)^degree: polynomials of that degree in all inputs, homogeneous ones where the offset is 0.
    /// Parameters `scale` (one, or one an input) and `offset` ≥ 0.
    pub fn polynomial(degree: usize, scales: impl Into<Lengths>, offset: f64) -> Kernel {
        Kernel::new(Power { inner: Inner { scales: scales.into(), centre: Vec::new() }, offset, degree })
    }

    /// The same variance everywhere: one random constant. Parameter `variance`.
    #[must_use]
    pub fn constant(variance: f64) -> Kernel {
        Kernel::new(Constant { variance })
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    let (mut values, mut counts) = (saved.values.as_slice(), saved.counts.as_slice());
    let mut scales = || Lengths::read(&mut values, &mut counts);
    let kernel = match saved.kind.as_str() {
        "constant" => return Some(saved.numbers::<1>().map(|[variance]| Kernel::constant(variance))),
        "linear" => scales().filter(|_| counts.is_empty()).map(|scales| Kernel::linear_about(scales, values)),
        "polynomial" => scales().and_then(|scales| match (values, counts) {
            (&[offset], &[degree]) => Some(Kernel::polynomial(degree, scales, offset)),
            _ => None,
        }),
        _ => return None,
    };
    Some(kernel.ok_or_else(|| saved.malformed()))
}
