//! Kernels that look at some inputs only.

use super::{Inputs, Kernel, KernelFunction, RandomFunction, SavedKernel, Tile};
use crate::group::Action;
use crate::prior::Result;
use crate::{Parameters, PriorError, Seed};

#[derive(Clone, Debug)]
struct OnSome {
    kernel: Kernel,
    inputs: Vec<usize>,
}

/// Those coordinates of a point; NaN where it has none.
fn pick(x: &[f64], inputs: &[usize]) -> Vec<f64> {
    inputs.iter().map(|&i| x.get(i).copied().unwrap_or(f64::NAN)).collect()
}

/// Adds a slope by those coordinates to one by all.
fn put(part: &[f64], inputs: &[usize], slope: &mut [f64]) {
    for (part, &i) in part.iter().zip(inputs) {
        if let Some(slope) = slope.get_mut(i) {
            *slope += part;
        }
    }
}

impl OnSome {
    fn tile<'a>(&self, b: &Tile<'a>) -> Tile<'a> {
        Tile::new(self.inputs.iter().map(|&i| b.column(i)).collect())
    }
}

/// No point has so many coordinates.
const MOST_INPUTS: usize = 1_000_000;

impl KernelFunction for OnSome {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        self.kernel.eval(&pick(a, &self.inputs), &pick(b, &self.inputs))
    }

    fn diagonal(&self, a: &[f64]) -> f64 {
        self.kernel.0.diagonal(&pick(a, &self.inputs))
    }

    fn inputs(&self) -> Inputs {
        Inputs::AtLeast(self.inputs.iter().max().map_or(0, |last| last.saturating_add(1)))
    }

    fn parameters(&self) -> Parameters {
        self.kernel.parameters()
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        Ok(Kernel::new(OnSome { kernel: self.kernel.with(theta)?, inputs: self.inputs.clone() }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        self.kernel.0.fill(&pick(a, &self.inputs), &self.tile(b), out);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        self.kernel.0.contract(&pick(a, &self.inputs), &self.tile(b), w, gradient)
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let mut part = vec![0.0; self.inputs.len()];
        self.kernel.0.slope(&pick(a, &self.inputs), &pick(b, &self.inputs), w, &mut part);
        put(&part, &self.inputs, slope);
    }

    fn random_function(&self, _: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let function = self.kernel.0.random_function(self.inputs.len(), seed)?;
        Some(Box::new(RandomOnSome { function, inputs: self.inputs.clone() }))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        action.restricted_to(&self.inputs).is_some_and(|action| self.kernel.0.preserved_by(&action))
    }

    fn name(&self) -> Option<&str> {
        self.kernel.0.name()
    }

    fn saved(&self) -> Result<SavedKernel> {
        let saved = SavedKernel::new("on", &[]).of(std::slice::from_ref(&self.kernel))?;
        Ok(SavedKernel { counts: self.inputs.clone(), ..saved })
    }
}

struct RandomOnSome {
    function: Box<dyn RandomFunction>,
    inputs: Vec<usize>,
}

impl RandomFunction for RandomOnSome {
    fn value(&self, x: &[f64]) -> f64 {
        self.function.value(&pick(x, &self.inputs))
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        let mut part = vec![0.0; self.inputs.len()];
        self.function.slope(&pick(x, &self.inputs), w, &mut part);
        put(&part, &self.inputs, slope);
    }
}

impl Kernel {
    /// The same kernel of these coordinates alone, in this order (active dimensions): functions that are constant along all
    /// others. Points that lack one of them are refused where they are met.
    ///
    /// # Errors
    /// Without inputs, when one is listed twice, or when the kernel is for another number of them.
    pub fn on(self, inputs: impl Into<Vec<usize>>) -> Result<Kernel> {
        let inputs = inputs.into();
        if let Some(found) = inputs.iter().find(|i| **i >= MOST_INPUTS) {
            let found = found.to_string();
            return Err(PriorError::Kernel { what: "inputs are counted from 0 and below a million", found });
        }
        if inputs.is_empty() {
            return Err(PriorError::Empty("inputs of a kernel"));
        }
        if let Some((_, twice)) = inputs.iter().enumerate().find(|(i, input)| inputs[..*i].contains(input)) {
            let what = "a kernel looks at each input once";
            return Err(PriorError::Kernel { what, found: format!("input {twice} twice in {inputs:?}") });
        }
        self.0.inputs().check(inputs.len())?;
        Ok(Kernel::new(OnSome { kernel: self, inputs }))
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    (saved.kind == "on").then(|| saved.revived_part()?.on(saved.counts.clone()))
}
