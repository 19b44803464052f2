//! Spectral mixtures: any stationary kernel as a sum of Gaussian humps in its spectral density (Wilson & Adams 2013).

use std::f64::consts::PI;

use super::algebra::VARIANCE_BOUNDS;
use super::periodic::fraction;
use super::radial::Wave;
use super::{Inputs, Kernel, KernelFunction, RandomFunction, SavedKernel, TILE, Tile};
use crate::group::Action;
use crate::math::simd;
use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{Parameters, PriorError, Seed};

/// Σ_q w_q Π_d exp(−2π² τ_d² v_qd) cos(2π τ_d μ_qd); means and variances component by component.
#[derive(Clone, Debug)]
struct Spectral {
    inputs: usize,
    weights: Vec<f64>,
    means: Vec<f64>,
    variances: Vec<f64>,
}

const MEAN_BOUNDS: (f64, f64) = (0.0, 1e15);
const SPREAD_BOUNDS: (f64, f64) = (1e-30, 1e30);

impl Spectral {
    /// Weight, means and variances of every component.
    fn components(&self) -> impl Iterator<Item = (f64, &[f64], &[f64])> {
        let each = self.means.chunks(self.inputs).zip(self.variances.chunks(self.inputs));
        self.weights.iter().zip(each).map(|(&w, (means, variances))| (w, means, variances))
    }

    /// exp(−2π² Σ_d τ_d² v_d) for every point of the tile.
    fn decay(a: &[f64], b: &Tile<'_>, variances: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (d, column) in b.columns().enumerate() {
            simd::add_square_difference(a[d], column, variances[d].sqrt(), out);
        }
        simd::map(out, |s| -2.0 * PI * PI * s);
        simd::exp(out);
    }

    /// 2π times the fraction of τμ.
    fn angles(a: f64, column: &[f64], mean: f64, out: &mut [f64]) {
        out.copy_from_slice(column);
        simd::map(out, |b| 2.0 * PI * fraction((a - b) * mean));
    }
}

impl KernelFunction for Spectral {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut value = [0.0];
        self.fill(a, &Tile::one(b), &mut value);
        value[0]
    }

    fn diagonal(&self, _: &[f64]) -> f64 {
        self.weights.iter().sum()
    }

    fn inputs(&self) -> Inputs {
        Inputs::Exactly(self.inputs)
    }

    fn parameters(&self) -> Parameters {
        let name = |what: &str, i: usize| format!("{what}{}_{}", i / self.inputs + 1, i % self.inputs + 1);
        let weights = self
            .weights
            .iter()
            .enumerate()
            .map(|(q, &w)| Parameter::free(&format!("w{}", q + 1), w, VARIANCE_BOUNDS, Coordinate::Log));
        // A frequency is tuned as it is: evidence has one hill every 1/range of it, and 0 is a value like others.
        let means = self
            .means
            .iter()
            .enumerate()
            .map(|(i, &m)| Parameter::free(&name("mean", i), m, MEAN_BOUNDS, Coordinate::Plain));
        let variances = self
            .variances
            .iter()
            .enumerate()
            .map(|(i, &v)| Parameter::free(&name("variance", i), v, SPREAD_BOUNDS, Coordinate::Log));
        Parameters::new(weights.chain(means).chain(variances))
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let (weights, others) = theta.split_at(self.weights.len());
        let (means, variances) = others.split_at(self.means.len());
        Kernel::spectral_mixture(weights, means, variances)
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let (mut term, mut cos) = ([0.0; TILE], [0.0; TILE]);
        let (term, cos) = (&mut term[..b.len()], &mut cos[..b.len()]);
        out.fill(0.0);
        for (w, means, variances) in self.components() {
            Spectral::decay(a, b, variances, term);
            for (d, column) in b.columns().enumerate().filter(|(d, _)| means[*d] != 0.0) {
                Spectral::angles(a[d], column, means[d], cos);
                simd::cos(cos);
                simd::multiply(term, cos);
            }
            simd::add_scaled(w, term, out);
        }
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let (n, inputs) = (b.len(), self.inputs);
        let (of_weights, others) = gradient.split_at_mut(self.weights.len());
        let (of_means, of_variances) = others.split_at_mut(self.means.len());
        let (mut sin, mut cos) = (vec![0.0; n * inputs], vec![0.0; n * inputs]);
        let (mut term, mut part) = ([0.0; TILE], [0.0; TILE]);
        let (term, part) = (&mut term[..n], &mut part[..n]);
        let mut total = 0.0;
        for (q, (weight, means, variances)) in self.components().enumerate() {
            Spectral::decay(a, b, variances, term);
            simd::multiply(term, w);
            for (d, (sin, cos)) in sin.chunks_mut(n.max(1)).zip(cos.chunks_mut(n.max(1))).enumerate() {
                Spectral::angles(a[d], b.column(d), means[d], sin);
                simd::sin_cos(sin, cos);
            }
            // By μ_d: everything else times −sin(2πτμ) 2πτ. The products of the others are made without a division.
            for (d, sin) in sin.chunks(n.max(1)).enumerate() {
                let a = a[d];
                part.copy_from_slice(b.column(d));
                simd::map(part, |b| a - b);
                simd::multiply(part, sin);
                simd::multiply(part, term);
                for (_, cos) in cos.chunks(n.max(1)).enumerate().filter(|(other, _)| *other != d) {
                    simd::multiply(part, cos);
                }
                of_means[q * inputs + d] -= 2.0 * PI * weight * simd::sum(part);
            }
            cos.chunks(n.max(1)).for_each(|cos| simd::multiply(term, cos));
            for (d, column) in b.columns().enumerate() {
                of_variances[q * inputs + d] -=
                    2.0 * PI * PI * weight * simd::dot_square_difference(term, a[d], column);
            }
            let sum = simd::sum(term);
            of_weights[q] += sum;
            total += weight * sum;
        }
        total
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let mut decay = [0.0];
        for (weight, means, variances) in self.components() {
            Spectral::decay(a, &Tile::one(b), variances, &mut decay);
            let angles = (0..self.inputs).map(|d| 2.0 * PI * fraction((a[d] - b[d]) * means[d]));
            let waves: Vec<(f64, f64)> = angles.map(f64::sin_cos).collect();
            for (d, slope) in slope.iter_mut().enumerate() {
                let others = waves.iter().enumerate().filter(|(other, _)| *other != d);
                let others: f64 = others.map(|(_, (_, cos))| cos).product();
                let (sin, cos) = waves[d];
                let own = -4.0 * PI * PI * (a[d] - b[d]) * variances[d] * cos - 2.0 * PI * means[d] * sin;
                *slope += w * weight * decay[0] * others * own;
            }
        }
    }

    /// A frequency from the mixture: a component by its weight, a sign for each mean, a normal departure.
    fn random_function(&self, inputs: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        let total = self.diagonal(&[]);
        let mut left = seed.named("component").uniform1(1, 0.0, total)[0];
        let last = self.weights.len().checked_sub(1)?;
        let chosen = self.weights.iter().position(|w| {
            left -= w;
            left < 0.0
        });
        let (_, means, variances) = self.components().nth(chosen.unwrap_or(last))?;
        let signs = seed.named("sign").uniform1(inputs, -1.0, 1.0);
        let z = seed.named("frequency").normal1(inputs);
        let frequency = |d: usize| 2.0 * PI * (signs[d].signum() * means[d] + variances[d].sqrt() * z[d]);
        let wave = Wave::new((0..inputs.min(self.inputs)).map(frequency).collect(), seed);
        Some(Box::new(Louder { amplitude: total.sqrt(), wave }))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        let alike = |list: &[f64]| action.sources().enumerate().all(|(d, source)| list[d] == list[source]);
        action.inputs() == self.inputs && self.components().all(|(_, m, v)| alike(m) && alike(v))
    }

    fn saved(&self) -> Result<SavedKernel> {
        let values = [self.weights.as_slice(), &self.means, &self.variances].concat();
        let counts = vec![self.weights.len()];
        Ok(SavedKernel { counts, ..SavedKernel::new("spectral mixture", &values) })
    }
}

struct Louder {
    amplitude: f64,
    wave: Wave,
}

impl RandomFunction for Louder {
    fn value(&self, x: &[f64]) -> f64 {
        self.amplitude * self.wave.value(x)
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        self.wave.slope(x, self.amplitude * w, slope);
    }
}

impl Kernel {
    /// Σ_q w_q Π_d exp(−2π² τ_d² v_qd) cos(2π τ_d μ_qd), τ = a − b (Wilson & Adams 2013, eq. 12): Q components in D inputs.
    ///
    /// `weights` has Q entries; `means` (frequencies, in turns a unit of the input) and `variances` (of the frequencies) have Q·D,
    /// component by component. Parameters `w1`, …, `mean1_1` (component, input), …, `variance1_1`, …
    ///
    /// # Errors
    /// When there are no weights, or the lists do not fit together.
    pub fn spectral_mixture(weights: &[f64], means: &[f64], variances: &[f64]) -> Result<Kernel> {
        if weights.is_empty() {
            return Err(PriorError::Empty("components of a spectral mixture"));
        }
        let inputs = (means.len() / weights.len()).max(1);
        for (what, list) in
            [("means of a spectral mixture", means), ("variances of a spectral mixture", variances)]
        {
            let (expected, found) = (weights.len() * inputs, list.len());
            if expected != found {
                return Err(PriorError::Dimensions { what, expected, found });
            }
        }
        let (weights, means, variances) = (weights.to_vec(), means.to_vec(), variances.to_vec());
        Ok(Kernel::new(Spectral { inputs, weights, means, variances }))
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    if saved.kind != "spectral mixture" {
        return None;
    }
    let count = saved.counts.first().copied().unwrap_or(0);
    let Some((weights, others)) = saved.values.split_at_checked(count) else {
        return Some(Err(saved.malformed()));
    };
    let (means, variances) = others.split_at(others.len() / 2);
    Some(Kernel::spectral_mixture(weights, means, variances))
}
