//! Sums, products and scales of kernels.

use std::ops::{Add, Mul};

use super::{Inputs, Kernel, KernelFunction, Parts, RandomFunction, SavedKernel, TILE, Tile};
use crate::group::Action;
use crate::math::simd;
use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{Parameters, Seed};

/// Inputs that suit every part.
pub(super) fn common(parts: &[Kernel]) -> Inputs {
    parts.iter().fold(Inputs::Any, |all, part| all.and(part.0.inputs()))
}

/// Parameters of the parts, prefixed by their names, or by k1, k2, … in order.
pub(super) fn joined_parameters(parts: &[Kernel]) -> Parameters {
    let own =
        |(i, part): (usize, &Kernel)| part.0.name().map_or_else(|| format!("k{}", i + 1), str::to_owned);
    let names: Vec<String> = parts.iter().enumerate().map(own).collect();
    let prefixed = |(i, part): (usize, &Kernel)| {
        let twins = names[..i].iter().filter(|name| **name == names[i]).count();
        let mut name = names[i].clone();
        if twins > 0 {
            // a name that is taken gets a number, one that is free
            let taken = |name: &String| names.contains(name);
            name = (twins + 1..).map(|k| format!("{}_{k}", names[i])).find(|n| !taken(n)).unwrap_or(name);
        }
        part.parameters().prefixed(&name)
    };
    parts.iter().enumerate().map(prefixed).fold(Parameters::none(), Parameters::followed_by)
}

/// Those of what is wrapped, then the wrapper's own: names that would clash get the prefix `of`.
pub(super) fn inner_then(inner: Parameters, own: Parameters) -> Parameters {
    let clash = own.iter().any(|p| inner.position(&p.name).is_ok());
    (if clash { inner.prefixed("of") } else { inner }).followed_by(own)
}

pub(super) fn parts_with(parts: &[Kernel], theta: &[f64]) -> Result<Vec<Kernel>> {
    let mut left = theta;
    let take = |part: &Kernel| {
        let (mine, others) = left.split_at(part.count());
        left = others;
        part.with(mine)
    };
    parts.iter().map(take).collect()
}

#[derive(Clone, Debug)]
struct Sum(Vec<Kernel>);

impl KernelFunction for Sum {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        self.0.iter().map(|k| k.eval(a, b)).sum()
    }

    fn diagonal(&self, a: &[f64]) -> f64 {
        self.0.iter().map(|k| k.0.diagonal(a)).sum()
    }

    fn inputs(&self) -> Inputs {
        common(&self.0)
    }

    fn parameters(&self) -> Parameters {
        joined_parameters(&self.0)
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        Ok(Kernel::new(Sum(parts_with(&self.0, theta)?)))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let mut term = [0.0; TILE];
        let term = &mut term[..b.len()];
        for (i, k) in self.0.iter().enumerate() {
            if i == 0 {
                k.0.fill(a, b, out);
            } else {
                k.0.fill(a, b, term);
                simd::add_scaled(1.0, term, out);
            }
        }
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let mut left = gradient;
        let mut total = 0.0;
        for k in &self.0 {
            let (mine, others) = left.split_at_mut(k.count());
            total += k.0.contract(a, b, w, mine);
            left = others;
        }
        total
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        self.0.iter().for_each(|k| k.0.slope(a, b, w, slope));
    }

    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let of_part = |(i, k): (usize, &Kernel)| {
            Some((random_sign(seed.at(i)), k.0.random_function(inputs, seed.at(i))?))
        };
        let terms = self.0.iter().enumerate().map(of_part).collect::<Option<Vec<_>>>()?;
        Some(Box::new(RandomSum(terms)))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        self.0.iter().all(|k| k.0.preserved_by(action))
    }

    fn parts(&self) -> Parts<'_> {
        Parts::Sum(&self.0)
    }

    fn saved(&self) -> Result<SavedKernel> {
        SavedKernel::new("sum", &[]).of(&self.0)
    }
}

/// ±1: makes cross terms of a sum vanish in the mean, whatever the means of its terms.
pub(super) fn random_sign(seed: Seed) -> f64 {
    if seed.named("sign").uniform1(1, -1.0, 1.0)[0] < 0.0 { -1.0 } else { 1.0 }
}

struct RandomSum(Vec<(f64, Box<dyn RandomFunction>)>);

impl RandomFunction for RandomSum {
    fn value(&self, x: &[f64]) -> f64 {
        self.0.iter().map(|(sign, z)| sign * z.value(x)).sum()
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        self.0.iter().for_each(|(sign, z)| z.slope(x, w * sign, slope));
    }
}

#[derive(Clone, Debug)]
struct Product(Vec<Kernel>);

impl Product {
    /// For every factor, the product of the others' `values`.
    fn others(values: &[f64], which: usize) -> f64 {
        values.iter().enumerate().filter(|(i, _)| *i != which).map(|(_, v)| v).product()
    }
}

impl KernelFunction for Product {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        self.0.iter().map(|k| k.eval(a, b)).product()
    }

    fn diagonal(&self, a: &[f64]) -> f64 {
        self.0.iter().map(|k| k.0.diagonal(a)).product()
    }

    fn inputs(&self) -> Inputs {
        common(&self.0)
    }

    fn parameters(&self) -> Parameters {
        joined_parameters(&self.0)
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        Ok(Kernel::new(Product(parts_with(&self.0, theta)?)))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let mut factor = [0.0; TILE];
        let factor = &mut factor[..b.len()];
        for (i, k) in self.0.iter().enumerate() {
            if i == 0 {
                k.0.fill(a, b, out);
            } else {
                k.0.fill(a, b, factor);
                simd::multiply(out, factor);
            }
        }
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let values: Vec<[f64; TILE]> = self
            .0
            .iter()
            .map(|k| {
                let mut values = [0.0; TILE];
                k.0.fill(a, b, &mut values[..b.len()]);
                values
            })
            .collect();
        let mut left = gradient;
        let mut total = 0.0;
        for (i, k) in self.0.iter().enumerate() {
            let (mine, others) = left.split_at_mut(k.count());
            left = others;
            let last = i + 1 == self.0.len();
            if mine.is_empty() && !last {
                continue;
            }
            // the weights of this factor: w times all the others, whatever they are (one of them may be 0)
            let mut weight = [0.0; TILE];
            let weight = &mut weight[..b.len()];
            weight.copy_from_slice(w);
            for (_, other) in values.iter().enumerate().filter(|(l, _)| *l != i) {
                simd::multiply(weight, &other[..b.len()]);
            }
            total = k.0.contract(a, b, weight, mine);
        }
        total
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let values: Vec<f64> = self.0.iter().map(|k| k.eval(a, b)).collect();
        for (i, k) in self.0.iter().enumerate() {
            k.0.slope(a, b, w * Product::others(&values, i), slope);
        }
    }

    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let of_part = |(i, k): (usize, &Kernel)| k.0.random_function(inputs, seed.at(i));
        Some(Box::new(RandomProduct(self.0.iter().enumerate().map(of_part).collect::<Option<_>>()?)))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        self.0.iter().all(|k| k.0.preserved_by(action))
    }

    fn parts(&self) -> Parts<'_> {
        Parts::Product(&self.0)
    }

    fn saved(&self) -> Result<SavedKernel> {
        SavedKernel::new("product", &[]).of(&self.0)
    }
}

pub(super) struct RandomProduct(pub(super) Vec<Box<dyn RandomFunction>>);

impl RandomFunction for RandomProduct {
    fn value(&self, x: &[f64]) -> f64 {
        self.0.iter().map(|z| z.value(x)).product()
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        let values: Vec<f64> = self.0.iter().map(|z| z.value(x)).collect();
        for (i, z) in self.0.iter().enumerate() {
            z.slope(x, w * Product::others(&values, i), slope);
        }
    }
}

/// variance · k.
#[derive(Clone, Debug)]
struct Scale {
    variance: f64,
    kernel: Kernel,
}

/// Bounds of a variance that is tuned.
pub(crate) const VARIANCE_BOUNDS: (f64, f64) = (1e-18, 1e18);

impl KernelFunction for Scale {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        self.variance * self.kernel.eval(a, b)
    }

    fn diagonal(&self, a: &[f64]) -> f64 {
        self.variance * self.kernel.0.diagonal(a)
    }

    fn inputs(&self) -> Inputs {
        self.kernel.0.inputs()
    }

    fn parameters(&self) -> Parameters {
        let own = Parameter::free("variance", self.variance, VARIANCE_BOUNDS, Coordinate::Log);
        inner_then(self.kernel.parameters(), Parameters::new([own]))
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let (inner, variance) = theta.split_at(theta.len() - 1);
        Ok(Kernel::new(Scale { variance: variance[0], kernel: self.kernel.with(inner)? }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        self.kernel.0.fill(a, b, out);
        let variance = self.variance;
        simd::map(out, |k| variance * k);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let mut scaled = [0.0; TILE];
        let scaled = &mut scaled[..b.len()];
        let variance = self.variance;
        scaled.copy_from_slice(w);
        simd::map(scaled, |w| variance * w);
        let last = gradient.len() - 1;
        let total = self.kernel.0.contract(a, b, scaled, &mut gradient[..last]);
        gradient[last] += total / variance;
        total
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        self.kernel.0.slope(a, b, w * self.variance, slope);
    }

    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        Some(Box::new(RandomSum(vec![(self.variance.sqrt(), self.kernel.0.random_function(inputs, seed)?)])))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        self.kernel.0.preserved_by(action)
    }

    fn name(&self) -> Option<&str> {
        self.kernel.0.name()
    }

    fn saved(&self) -> Result<SavedKernel> {
        SavedKernel::new("scale", &[self.variance]).of(std::slice::from_ref(&self.kernel))
    }
}

impl Add for Kernel {
    type Output = Kernel;
    /// k₁ + k₂: sums of independent functions.
    fn add(self, other: Kernel) -> Kernel {
        let terms = |kernel: &Kernel| match kernel.0.parts() {
            Parts::Sum(terms) => terms.to_vec(),
            _ => vec![kernel.clone()],
        };
        Kernel::new(Sum([terms(&self), terms(&other)].concat()))
    }
}

impl Mul for Kernel {
    type Output = Kernel;
    /// k₁ k₂: products of independent functions.
    fn mul(self, other: Kernel) -> Kernel {
        let factors = |kernel: &Kernel| match kernel.0.parts() {
            Parts::Product(factors) => factors.to_vec(),
            _ => vec![kernel.clone()],
        };
        Kernel::new(Product([factors(&self), factors(&other)].concat()))
    }
}

impl Mul<Kernel> for f64 {
    type Output = Kernel;
    /// variance · k, the variance being a parameter called `variance`.
    fn mul(self, kernel: Kernel) -> Kernel {
        Kernel::new(Scale { variance: self, kernel })
    }
}

impl Mul<f64> for Kernel {
    type Output = Kernel;
    /// variance · k.
    fn mul(self, variance: f64) -> Kernel {
        variance * self
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    let parts = || {
        let parts = saved.revived_parts()?;
        if parts.is_empty() { Err(saved.malformed()) } else { Ok(parts) }
    };
    Some(match saved.kind.as_str() {
        "sum" => parts().map(|parts| Kernel::new(Sum(parts))),
        "product" => parts().map(|parts| Kernel::new(Product(parts))),
        "scale" => saved.numbers::<1>().and_then(|[variance]| Ok(variance * saved.revived_part()?)),
        _ => return None,
    })
}
