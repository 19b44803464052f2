//! Kernels of the phase between points: periodic and cosine.

use std::f64::consts::PI;

use super::radial::Wave;
use super::{Inputs, Kernel, KernelFunction, Lengths, RandomFunction, SavedKernel, TILE, Tile};
use crate::group::Action;
use crate::math::simd;
use crate::prior::Result;
use crate::{Parameters, Seed};

/// What is left of a number of turns after whole turns are taken off, in [−½, ½]; odd in `turns`.
#[inline(always)]
pub(super) fn fraction(turns: f64) -> f64 {
    turns - turns.round_ties_even()
}

/// exp(−2 Σ_d sin²(π(a_d − b_d)/p_d)/l_d²).
#[derive(Clone, Debug)]
struct Periodic {
    periods: Lengths,
    lengths: Lengths,
}

impl Periodic {
    /// Σ_d sin²/l_d² for every point of the tile. `each` is shown, input by input, the turns t = (a_d − b_d)/p_d, sin(π{t}) and
    /// cos(π{t}).
    fn exponents(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64], mut each: impl FnMut(usize, [&[f64]; 3])) {
        let (mut turns, mut sin, mut cos) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
        let n = b.len();
        let (turns, sin, cos) = (&mut turns[..n], &mut sin[..n], &mut cos[..n]);
        out.fill(0.0);
        for (d, column) in b.columns().enumerate() {
            let (a, period, l) = (a[d], self.periods.of(d), self.lengths.of(d));
            turns.copy_from_slice(column);
            let (frequency, steep) = (1.0 / period, 1.0 / l);
            simd::map(turns, |b| (a - b) * frequency);
            sin.copy_from_slice(turns);
            simd::map(sin, |t| PI * fraction(t));
            simd::sin_cos(sin, cos);
            simd::zip_map(out, sin, |sum, s| {
                let s = s * steep;
                sum + s * s
            });
            each(d, [turns, sin, cos]);
        }
    }
}

impl KernelFunction for Periodic {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut value = [0.0];
        self.fill(a, &Tile::one(b), &mut value);
        value[0]
    }

    fn diagonal(&self, _: &[f64]) -> f64 {
        1.0
    }

    fn inputs(&self) -> Inputs {
        self.periods.inputs().and(self.lengths.inputs())
    }

    fn parameters(&self) -> Parameters {
        Parameters::new([self.periods.parameters_called("period"), self.lengths.parameters()].concat())
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let (periods, lengths) = theta.split_at(self.periods.values().len());
        Ok(Kernel::new(Periodic { periods: self.periods.with(periods), lengths: self.lengths.with(lengths) }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        self.exponents(a, b, out, |_, _| ());
        simd::map(out, |s| -2.0 * s);
        simd::exp(out);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let n = b.len();
        let mut squares = Vec::with_capacity(n * b.inputs());
        let mut phases = Vec::with_capacity(n * b.inputs());
        let mut weights = [0.0; TILE];
        let weights = &mut weights[..n];
        self.exponents(a, b, weights, |_, [turns, sin, cos]| {
            let from = squares.len();
            squares.extend_from_slice(sin);
            simd::map(&mut squares[from..], |s| s * s);
            phases.extend_from_slice(sin);
            simd::multiply(&mut phases[from..], cos);
            simd::multiply(&mut phases[from..], turns);
        });
        simd::map(weights, |s| -2.0 * s);
        simd::exp(weights);
        simd::multiply(weights, w);
        let (of_periods, of_lengths) = gradient.split_at_mut(self.periods.values().len());
        for (d, (squares, phases)) in squares.chunks(n.max(1)).zip(phases.chunks(n.max(1))).enumerate() {
            let (period, l) = (self.periods.of(d), self.lengths.of(d));
            // ∂k/∂p = k 2π t sin(2πt)/(l² p), and the sine is 2 sin cos of half the angle
            of_periods[self.periods.place(d)] += 4.0 * PI / (l * l * period) * simd::dot(weights, phases);
            of_lengths[self.lengths.place(d)] += 4.0 / (l * l * l) * simd::dot(weights, squares);
        }
        simd::sum(weights)
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let mut value = [0.0];
        let mut directions = vec![0.0; slope.len()];
        self.exponents(a, &Tile::one(b), &mut value, |d, [_, sin, cos]| {
            let (period, l) = (self.periods.of(d), self.lengths.of(d));
            directions[d] = -4.0 * PI * sin[0] * cos[0] / (period * l * l);
        });
        let k = (-2.0 * value[0]).exp();
        slope.iter_mut().zip(directions).for_each(|(slope, direction)| *slope += w * k * direction);
    }

    /// The Fourier series of the kernel in one input has weights e^{−z} Iₖ(z), z = 1/l²: the law of a difference of two Poisson
    /// numbers of mean z/2 each (Skellam 1946). The product over inputs is one wave of all frequencies together.
    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let frequency = |d: usize| {
            let mean = 0.5 * self.lengths.of(d).powi(-2);
            let seed = seed.named("frequency").at(d);
            (seed.named("up").poisson(mean) - seed.named("down").poisson(mean)) * 2.0 * PI
                / self.periods.of(d)
        };
        Some(Box::new(Wave::new((0..inputs).map(frequency).collect(), seed)))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        self.periods.preserved_by(action) && self.lengths.preserved_by(action)
    }

    fn saved(&self) -> Result<SavedKernel> {
        let mut saved = SavedKernel::new("periodic", &[]);
        self.periods.save(&mut saved);
        self.lengths.save(&mut saved);
        Ok(saved)
    }
}

/// cos(2π Σ_d (a_d − b_d)/p_d).
#[derive(Clone, Debug)]
struct Cosine {
    periods: Lengths,
}

impl Cosine {
    /// 2π times the fraction of Σ_d (a_d − b_d)/p_d.
    fn angles(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        out.fill(0.0);
        for (d, column) in b.columns().enumerate() {
            let (a, period) = (a[d], self.periods.of(d));
            simd::zip_map(out, column, |sum, b| sum + (a - b) / period);
        }
        simd::map(out, |t| 2.0 * PI * fraction(t));
    }
}

impl KernelFunction for Cosine {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut value = [0.0];
        self.fill(a, &Tile::one(b), &mut value);
        value[0]
    }

    fn diagonal(&self, _: &[f64]) -> f64 {
        1.0
    }

    fn inputs(&self) -> Inputs {
        self.periods.inputs()
    }

    fn parameters(&self) -> Parameters {
        Parameters::new(self.periods.parameters_called("period"))
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        Ok(Kernel::new(Cosine { periods: self.periods.with(theta) }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        self.angles(a, b, out);
        simd::cos(out);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let (mut sin, mut cos, mut part) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
        let n = b.len();
        let (sin, cos, part) = (&mut sin[..n], &mut cos[..n], &mut part[..n]);
        self.angles(a, b, sin);
        simd::sin_cos(sin, cos);
        simd::multiply(sin, w);
        for (d, column) in b.columns().enumerate() {
            let (a, period) = (a[d], self.periods.of(d));
            part.copy_from_slice(column);
            simd::map(part, |b| a - b);
            gradient[self.periods.place(d)] += 2.0 * PI / (period * period) * simd::dot(sin, part);
        }
        simd::dot(w, cos)
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let mut angle = [0.0];
        self.angles(a, &Tile::one(b), &mut angle);
        for (d, slope) in slope.iter_mut().enumerate() {
            *slope -= w * angle[0].sin() * 2.0 * PI / self.periods.of(d);
        }
    }

    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let frequencies = (0..inputs).map(|d| 2.0 * PI / self.periods.of(d)).collect();
        Some(Box::new(Wave::new(frequencies, seed)))
    }

    /// The wave may come out as itself or reversed.
    fn preserved_by(&self, action: &Action) -> bool {
        let wave: Vec<f64> = (0..action.inputs()).map(|d| 1.0 / self.periods.of(d)).collect();
        let mut image = vec![0.0; wave.len()];
        action.pull_back(&wave, 1.0, &mut image);
        image == wave || image.iter().zip(&wave).all(|(image, wave)| *image == -wave)
    }

    fn saved(&self) -> Result<SavedKernel> {
        let mut saved = SavedKernel::new("cosine", &[]);
        self.periods.save(&mut saved);
        Ok(saved)
    }
}

impl Kernel {
    /// exp(−2 Σ_d sin²(π(a_d − b_d)/p_d)/l_d²): functions that repeat themselves exactly (MacKay 1998; Rasmussen & Williams 2006,
    /// 4.31), in several inputs the product over them. Periods and lengths are one for all inputs or one an input each;
    /// parameters `period`, `length`. Relative to the period a length of 1 is smooth, 0.1 rough.
    pub fn periodic(periods: impl Into<Lengths>, lengths: impl Into<Lengths>) -> Kernel {
        Kernel::new(Periodic { periods: periods.into(), lengths: lengths.into() })
    }

    /// cos(2π Σ_d (a_d − b_d)/p_d): one plane wave of random amplitude and phase. Parameter `period`, one or one an input.
    pub fn cosine(periods: impl Into<Lengths>) -> Kernel {
        Kernel::new(Cosine { periods: periods.into() })
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    let (mut values, mut counts) = (saved.values.as_slice(), saved.counts.as_slice());
    let mut read = || Lengths::read(&mut values, &mut counts);
    let kernel = match saved.kind.as_str() {
        "periodic" => read().zip(read()).map(|(periods, lengths)| Kernel::periodic(periods, lengths)),
        "cosine" => read().map(Kernel::cosine),
        _ => return None,
    };
    Some(kernel.filter(|_| values.is_empty() && counts.is_empty()).ok_or_else(|| saved.malformed()))
}
