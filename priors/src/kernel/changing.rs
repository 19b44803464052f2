//! A change point: one kernel before it, another after it, and a sigmoid between them.

use super::algebra::{common, inner_then, joined_parameters, random_sign};
use super::radial::LENGTH_BOUNDS;
use super::{Inputs, Kernel, KernelFunction, RandomFunction, SavedKernel, TILE, Tile};
use crate::group::Action;
use crate::math::simd;
use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{Parameters, Seed};

/// s(a) k₁ s(b) + r(a) k₂ r(b), with s(x) = 1/(1 + e^t), r = 1 − s and t = (x − at)/width.
#[derive(Clone, Debug)]
struct Changing {
    parts: [Kernel; 2],
    sigmoid: Sigmoid,
}

#[derive(Clone, Copy, Debug)]
struct Sigmoid {
    input: usize,
    at: f64,
    width: f64,
}

/// The sigmoid at one point.
#[derive(Clone, Copy, Debug)]
struct Weights {
    t: f64,
    before: f64,
    after: f64,
}

/// Bounds of a change point.
const AT_BOUNDS: (f64, f64) = (-1e15, 1e15);

impl Sigmoid {
    /// Both weights by their own formula: neither loses digits where it is small.
    fn at(self, x: &[f64]) -> Weights {
        let t = (x.get(self.input).copied().unwrap_or(f64::NAN) - self.at) / self.width;
        let mut decay = [-t, t];
        simd::exp(&mut decay);
        Weights { t, before: 1.0 / (1.0 + decay[1]), after: 1.0 / (1.0 + decay[0]) }
    }

    /// The weights of a tile: before, after, and t.
    fn tile(self, b: &Tile<'_>) -> [[f64; TILE]; 3] {
        let mut all = [[0.0; TILE]; 3];
        let [before, after, t] = &mut all;
        let (before, after, t) = (&mut before[..b.len()], &mut after[..b.len()], &mut t[..b.len()]);
        let Sigmoid { at, width, .. } = self;
        t.copy_from_slice(b.column(self.input));
        simd::map(t, |x| (x - at) / width);
        before.copy_from_slice(t);
        simd::exp(before);
        simd::map(before, |e| 1.0 / (1.0 + e));
        after.copy_from_slice(t);
        simd::map(after, |t| -t);
        simd::exp(after);
        simd::map(after, |e| 1.0 / (1.0 + e));
        all
    }
}

impl Changing {
    fn counts(&self) -> [usize; 2] {
        [self.parts[0].count(), self.parts[1].count()]
    }
}

impl KernelFunction for Changing {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let (wa, wb) = (self.sigmoid.at(a), self.sigmoid.at(b));
        let [before, after] = &self.parts;
        wa.before * wb.before * before.eval(a, b) + wa.after * wb.after * after.eval(a, b)
    }

    fn diagonal(&self, a: &[f64]) -> f64 {
        let Weights { before, after, .. } = self.sigmoid.at(a);
        before * before * self.parts[0].0.diagonal(a) + after * after * self.parts[1].0.diagonal(a)
    }

    fn inputs(&self) -> Inputs {
        common(&self.parts).and(Inputs::AtLeast(self.sigmoid.input.saturating_add(1)))
    }

    fn parameters(&self) -> Parameters {
        let own = [
            Parameter::free("at", self.sigmoid.at, AT_BOUNDS, Coordinate::Plain),
            Parameter::free("width", self.sigmoid.width, LENGTH_BOUNDS, Coordinate::Log),
        ];
        inner_then(joined_parameters(&self.parts), Parameters::new(own))
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let (inner, own) = theta.split_at(theta.len() - 2);
        let (first, second) = inner.split_at(self.counts()[0]);
        let parts = [self.parts[0].with(first)?, self.parts[1].with(second)?];
        Ok(Kernel::new(Changing { parts, sigmoid: Sigmoid { at: own[0], width: own[1], ..self.sigmoid } }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let (wa, [before, after, _]) = (self.sigmoid.at(a), self.sigmoid.tile(b));
        let out = &mut out[..b.len()];
        let mut term = [0.0; TILE];
        let term = &mut term[..b.len()];
        self.parts[0].0.fill(a, b, out);
        simd::zip_map(out, &before, |k, s| wa.before * s * k);
        self.parts[1].0.fill(a, b, term);
        simd::zip_map(term, &after, |k, r| wa.after * r * k);
        simd::add_scaled(1.0, term, out);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let (wa, [before, after, t]) = (self.sigmoid.at(a), self.sigmoid.tile(b));
        let counts = self.counts();
        let (first, left) = gradient.split_at_mut(counts[0]);
        let (second, own) = left.split_at_mut(counts[1]);
        let sides = [(before, wa.before, wa.after, &after, -1.0), (after, wa.after, wa.before, &before, 1.0)];
        let mut total = 0.0;
        for ((part, mine), (weight, weight_a, other_a, other, sign)) in
            self.parts.iter().zip([first, second]).zip(sides)
        {
            let mut weights = weight;
            let weights = &mut weights[..b.len()];
            simd::zip_map(weights, w, |s, w| weight_a * s * w);
            total += part.0.contract(a, b, weights, mine);
            // The weight s(a) s(b) has the slope ∓ s(a) s(b) (r(a) t′(a) + r(b) t′(b)); t′ is −1/width by `at`, −t/width by `width`.
            let mut values = [0.0; TILE];
            let values = &mut values[..b.len()];
            part.0.fill(a, b, values);
            simd::multiply(values, weights);
            let (sum, by_other) = (simd::sum(values), simd::dot(values, other));
            own[0] -= sign * (other_a * sum + by_other) / self.sigmoid.width;
            simd::multiply(values, &t);
            own[1] -= sign * (other_a * wa.t * sum + simd::dot(values, other)) / self.sigmoid.width;
        }
        total
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let (wa, wb) = (self.sigmoid.at(a), self.sigmoid.at(b));
        let [before, after] = &self.parts;
        before.0.slope(a, b, w * wa.before * wb.before, slope);
        after.0.slope(a, b, w * wa.after * wb.after, slope);
        if let Some(slope) = slope.get_mut(self.sigmoid.input) {
            let rate = wa.before * wa.after / self.sigmoid.width;
            *slope += w * rate * (wb.after * after.eval(a, b) - wb.before * before.eval(a, b));
        }
    }

    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let part = |i: usize| self.parts[i].0.random_function(inputs, seed.at(i));
        Some(Box::new(RandomChange {
            parts: [part(0)?, part(1)?],
            sign: random_sign(seed),
            of: self.sigmoid,
        }))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        action.leaves(self.sigmoid.input) && self.parts.iter().all(|k| k.0.preserved_by(action))
    }

    fn saved(&self) -> Result<SavedKernel> {
        let Sigmoid { input, at, width } = self.sigmoid;
        let saved = SavedKernel::new("changing", &[at, width]).of(&self.parts)?;
        Ok(SavedKernel { counts: vec![input], ..saved })
    }
}

struct RandomChange {
    parts: [Box<dyn RandomFunction>; 2],
    sign: f64,
    of: Sigmoid,
}

impl RandomFunction for RandomChange {
    fn value(&self, x: &[f64]) -> f64 {
        let Weights { before, after, .. } = self.of.at(x);
        before * self.parts[0].value(x) + self.sign * after * self.parts[1].value(x)
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        let Weights { before, after, .. } = self.of.at(x);
        self.parts[0].slope(x, w * before, slope);
        self.parts[1].slope(x, w * self.sign * after, slope);
        if let Some(slope) = slope.get_mut(self.of.input) {
            let rise = self.sign * self.parts[1].value(x) - self.parts[0].value(x);
            *slope += w * before * after / self.of.width * rise;
        }
    }
}

impl Kernel {
    /// This kernel before the change point, `other` after it: s(a) k₁ s(b) + (1 − s(a)) k₂ (1 − s(b)), where s falls from 1 to 0 as a
    /// sigmoid of (x − at)/width in one input (Saatçi, Turner & Rasmussen 2010; Lloyd et al. 2014).
    ///
    /// Its parameters are those of the two kernels, as in a sum, then `at` and `width`. Tune `at` within bounds that the data
    /// reach (`bounded("at", …)`): far outside it has no effect, and no slope.
    #[must_use]
    pub fn changing(self, input: usize, at: f64, width: f64, other: Kernel) -> Kernel {
        Kernel::new(Changing { parts: [self, other], sigmoid: Sigmoid { input, at, width } })
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    let changing = || {
        let ([at, width], parts) = (saved.numbers()?, saved.revived_parts()?);
        match (<[Kernel; 2]>::try_from(parts), &saved.counts[..]) {
            (Ok([before, after]), &[input]) => Ok(before.changing(input, at, width, after)),
            _ => Err(saved.malformed()),
        }
    };
    (saved.kind == "changing").then(changing)
}
