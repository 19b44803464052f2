//! What a kernel carries beside its values: a name, a parameter held fixed, a parameter kept within bounds.

use super::{Inputs, Kernel, KernelFunction, RandomFunction, SavedKernel, Tile};
use crate::group::Action;
use crate::prior::Result;
use crate::{Parameters, PriorError, Seed};

/// The same kernel with a name, or with a rule for one of its parameters.
#[derive(Clone, Debug)]
struct Ruled {
    kernel: Kernel,
    /// The name of the kernel, or that of the parameter within the kernel alone.
    name: String,
    rule: Rule,
}

#[derive(Clone, Copy, Debug)]
enum Rule {
    Named,
    Fixed,
    Bounded { low: f64, high: f64 },
}

impl KernelFunction for Ruled {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        self.kernel.eval(a, b)
    }
    fn diagonal(&self, a: &[f64]) -> f64 {
        self.kernel.0.diagonal(a)
    }
    fn inputs(&self) -> Inputs {
        self.kernel.0.inputs()
    }
    fn parameters(&self) -> Parameters {
        let ruled = self.kernel.parameters().into_iter().map(|mut p| {
            if p.name == self.name {
                match self.rule {
                    Rule::Named => {}
                    Rule::Fixed => p.fixed = true,
                    Rule::Bounded { low, high } => {
                        (p.lower, p.upper) = (p.lower.max(low), p.upper.min(high));
                    }
                }
            }
            p
        });
        Parameters::new(ruled)
    }
    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        Ok(Kernel::new(Ruled { kernel: self.kernel.with(theta)?, ..self.clone() }))
    }
    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        self.kernel.0.fill(a, b, out);
    }
    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        self.kernel.0.contract(a, b, w, gradient)
    }
    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        self.kernel.0.slope(a, b, w, slope);
    }
    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        self.kernel.0.random_function(inputs, seed)
    }
    fn preserved_by(&self, action: &Action) -> bool {
        self.kernel.0.preserved_by(action)
    }
    fn name(&self) -> Option<&str> {
        if matches!(self.rule, Rule::Named) { Some(&self.name) } else { self.kernel.0.name() }
    }
    fn saved(&self) -> Result<SavedKernel> {
        let (kind, values) = match self.rule {
            Rule::Named => ("named", vec![]),
            Rule::Fixed => ("fixed", vec![]),
            Rule::Bounded { low, high } => ("bounded", vec![low, high]),
        };
        let saved = SavedKernel::new(kind, &values).of(std::slice::from_ref(&self.kernel))?;
        Ok(SavedKernel { words: vec![self.name.clone()], ..saved })
    }
}

impl Kernel {
    /// The same kernel under a name, which prefixes its parameters within a sum or a product.
    #[must_use]
    pub fn named(self, name: &str) -> Kernel {
        Kernel::new(Ruled { kernel: self, name: name.into(), rule: Rule::Named })
    }

    /// The same kernel with one parameter, by its name in [`Kernel::parameters`], held at its value: tuning leaves it alone, and
    /// [`Kernel::with`] still moves it.
    ///
    /// # Errors
    /// When no parameter has that name; the error lists those there are.
    pub fn fixed(self, name: &str) -> Result<Kernel> {
        self.parameters().position(name)?;
        Ok(Kernel::new(Ruled { kernel: self, name: name.into(), rule: Rule::Fixed }))
    }

    /// The same kernel with one parameter kept in [low, high], as far as its own bounds reach. Its value must lie there.
    ///
    /// # Errors
    /// When no parameter has that name, when a bound is NaN or low > high, or when its value lies outside.
    pub fn bounded(self, name: &str, low: f64, high: f64) -> Result<Kernel> {
        let at = self.parameters().position(name)?;
        if low.is_nan() || high.is_nan() || low > high {
            let what = "bounds of a parameter must be numbers low ≤ high";
            return Err(PriorError::Kernel { what, found: format!("[{low}, {high}]") });
        }
        let kernel =
            Kernel::new(Ruled { kernel: self, name: name.into(), rule: Rule::Bounded { low, high } });
        match kernel.parameters().into_iter().nth(at) {
            Some(p) if !(p.lower..=p.upper).contains(&p.value) => {
                let (name, value) = (p.name, p.value);
                Err(PriorError::Parameter { name, value, lower: p.lower, upper: p.upper })
            }
            _ => Ok(kernel),
        }
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    let ruled = || {
        let (kernel, [name]) = (saved.revived_part()?, &saved.words[..]) else {
            return Err(saved.malformed());
        };
        match saved.kind.as_str() {
            "named" => Ok(kernel.named(name)),
            "fixed" => kernel.fixed(name),
            _ => saved.numbers::<2>().and_then(|[low, high]| kernel.bounded(name, low, high)),
        }
    };
    ["named", "fixed", "bounded"].contains(&saved.kind.as_str()).then(ruled)
}
