//! Whole powers of a kernel: products of independent functions of one law.

use super::algebra::RandomProduct;
use super::{Inputs, Kernel, KernelFunction, RandomFunction, SavedKernel, TILE, Tile};
use crate::group::Action;
use crate::math::simd;
use crate::prior::Result;
use crate::{Parameters, Seed};

#[derive(Clone, Debug)]
struct Power {
    kernel: Kernel,
    power: usize,
}

fn raised(value: f64, power: usize) -> f64 {
    let mut value = [value];
    simd::powi(&mut value, power);
    value[0]
}

impl Power {
    /// d(kᵖ)/dk.
    fn rate(&self, value: f64) -> f64 {
        self.power as f64 * raised(value, self.power.saturating_sub(1))
    }
}

impl KernelFunction for Power {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        raised(self.kernel.eval(a, b), self.power)
    }

    fn diagonal(&self, a: &[f64]) -> f64 {
        raised(self.kernel.0.diagonal(a), self.power)
    }

    fn inputs(&self) -> Inputs {
        self.kernel.0.inputs()
    }

    fn parameters(&self) -> Parameters {
        self.kernel.parameters()
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        Ok(self.kernel.with(theta)?.pow(self.power))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let out = &mut out[..b.len()];
        self.kernel.0.fill(a, b, out);
        simd::powi(out, self.power);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        if self.power == 0 {
            return simd::sum(w);
        }
        let mut weights = [0.0; TILE];
        let weights = &mut weights[..b.len()];
        self.kernel.0.fill(a, b, weights);
        simd::powi(weights, self.power - 1);
        simd::multiply(weights, w);
        let power = self.power as f64;
        simd::map(weights, |w| power * w);
        self.kernel.0.contract(a, b, weights, gradient) / power
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        self.kernel.0.slope(a, b, w * self.rate(self.kernel.eval(a, b)), slope);
    }

    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        if self.power > 3 {
            // second moments of such products settle too slowly
            return None;
        }
        let factor = |i: usize| self.kernel.0.random_function(inputs, seed.at(i));
        Some(Box::new(RandomProduct((0..self.power).map(factor).collect::<Option<_>>()?)))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        self.kernel.0.preserved_by(action)
    }

    fn name(&self) -> Option<&str> {
        self.kernel.0.name()
    }

    fn saved(&self) -> Result<SavedKernel> {
        let saved = SavedKernel::new("power", &[]).of(std::slice::from_ref(&self.kernel))?;
        Ok(SavedKernel { counts: vec![self.power], ..saved })
    }
}

impl Kernel {
    /// kᵖ for a whole p (positive kernels stay positive): products of p independent functions of the same law, with the same
    /// parameters. k⁰ is the constant kernel 1.
    #[must_use]
    pub fn pow(self, power: usize) -> Kernel {
        Kernel::new(Power { kernel: self, power })
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    let power = || match saved.counts[..] {
        [power] => Ok(power),
        _ => Err(saved.malformed()),
    };
    (saved.kind == "power").then(|| Ok(saved.revived_part()?.pow(power()?)))
}
