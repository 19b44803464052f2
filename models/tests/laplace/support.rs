//! A Gaussian process for tests: an RBF kernel with a linear mean, every parameter tunable, shared or unlike outputs.
#![allow(dead_code)]

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView2};
use softbias_models::*;
use softbias_priors::parameters::Coordinate;
use softbias_priors::prior::gaussian_draws;
use softbias_priors::*;

type PriorResult<T> = std::result::Result<T, PriorError>;

#[derive(Clone, Debug)]
pub(crate) struct Rbf {
    pub(crate) variance: f64,
    pub(crate) length: f64,
    /// Mean offset + slope · x₁, of output c times (c + 1).
    pub(crate) offset: f64,
    pub(crate) slope: f64,
    pub(crate) outputs: usize,
    /// Output c has the length scale length · (1 + c/2), and its own matrix.
    pub(crate) unlike: bool,
}

impl Rbf {
    pub(crate) fn new(variance: f64, length: f64) -> Rbf {
        Rbf { variance, length, offset: 0.0, slope: 0.0, outputs: 1, unlike: false }
    }

    pub(crate) fn around(self, offset: f64, slope: f64) -> Rbf {
        Rbf { offset, slope, ..self }
    }

    pub(crate) fn outputs(self, outputs: usize, unlike: bool) -> Rbf {
        Rbf { outputs, unlike, ..self }
    }

    fn stretch(&self, c: usize) -> f64 {
        if self.unlike { 1.0 + 0.5 * c as f64 } else { 1.0 }
    }

    fn blocks(&self, of_output: impl Fn(usize) -> Array2<f64>) -> Blocks {
        if self.unlike {
            Blocks::PerOutput((0..self.outputs).map(of_output).collect())
        } else {
            Blocks::Shared(of_output(0))
        }
    }
}

fn square(x: &Points, z: &Points) -> Array2<f64> {
    let (x, z) = (x.view(), z.view());
    Array2::from_shape_fn((x.nrows(), z.nrows()), |(i, j)| {
        x.row(i).iter().zip(z.row(j)).map(|(a, b)| (a - b).powi(2)).sum()
    })
}

impl Prior for Rbf {
    fn outputs(&self) -> usize {
        self.outputs
    }
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> PriorResult<Array3<f64>> {
        gaussian_draws(self, n, x, seed)
    }
}

impl GaussianPrior for Rbf {
    fn mean(&self, x: &Points) -> PriorResult<Array2<f64>> {
        let at = |(i, c): (usize, usize)| (c + 1) as f64 * (self.offset + self.slope * x.view()[[i, 0]]);
        Ok(Array2::from_shape_fn((x.len(), self.outputs), at))
    }

    fn cov(&self, x: &Points, z: &Points) -> PriorResult<Blocks> {
        let square = square(x, z);
        Ok(self.blocks(|c| {
            let length = self.length * self.stretch(c);
            square.mapv(|d| self.variance * (-0.5 * d / (length * length)).exp())
        }))
    }

    /// The upper half is none of anybody's business.
    fn gram(&self, x: &Points) -> PriorResult<Blocks> {
        Ok(self.cov(x, x)?.map(|mut k| {
            k.indexed_iter_mut().filter(|((i, j), _)| j > i).for_each(|(_, v)| *v = f64::NAN);
            k
        }))
    }

    fn var(&self, x: &Points) -> PriorResult<Array2<f64>> {
        Ok(Array2::from_elem((x.len(), self.outputs), self.variance))
    }

    fn parameters(&self) -> Parameters {
        let free =
            |name: &str, value: f64, low: f64| Parameter::free(name, value, (low, 1e30), Coordinate::Plain);
        Parameters::new([
            free("variance", self.variance, 1e-30),
            free("length", self.length, 1e-9),
            free("offset", self.offset, -1e30),
            free("slope", self.slope, -1e30),
        ])
    }

    fn with(&self, theta: &[f64]) -> PriorResult<Arc<dyn GaussianPrior>> {
        self.parameters().check(theta)?;
        let &[variance, length, offset, slope] = theta else { unreachable!() };
        Ok(Arc::new(Rbf { variance, length, offset, slope, ..self.clone() }))
    }

    fn contract(&self, x: &Points, w: &Blocks) -> PriorResult<Array1<f64>> {
        let (square, k) = (square(x, x), self.cov(x, x)?);
        let mut gradient = Array1::zeros(4);
        for c in 0..if self.unlike { self.outputs } else { 1 } {
            let length = self.length * self.stretch(c);
            let weighted = &k.of_output(c) * &w.of_output(c);
            gradient[0] += weighted.sum() / self.variance;
            gradient[1] += (&weighted * &square).sum() / (length * length * self.length);
        }
        Ok(gradient)
    }

    fn contract_mean(&self, x: &Points, g: ArrayView2<'_, f64>) -> PriorResult<Option<Array1<f64>>> {
        let mut gradient = Array1::zeros(4);
        for ((i, c), g) in g.indexed_iter() {
            gradient[2] += (c + 1) as f64 * g;
            gradient[3] += (c + 1) as f64 * g * x.view()[[i, 0]];
        }
        Ok(Some(gradient))
    }
}

#[track_caller]
pub(crate) fn close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * (1.0 + expected.abs()),
        "found {found}, expected {expected}"
    );
}

/// Inputs in the plane that have a closed form.
pub(crate) fn inputs(n: usize) -> Array2<f64> {
    Array2::from_shape_fn(
        (n, 2),
        |(i, j)| if j == 0 { (1.7 * i as f64).sin() } else { (0.9 * i as f64).cos() },
    )
}

pub(crate) fn labelled(n: usize, label: impl Fn(usize, f64, f64) -> f64) -> Data {
    let x = inputs(n);
    let y = (0..n).map(|i| label(i, x[[i, 0]], x[[i, 1]])).collect();
    Data::regression(x, y).unwrap()
}

pub(crate) fn binary(n: usize) -> Data {
    labelled(n, |i, x, _| if x + 0.5 * (5.0 * i as f64).sin() > 0.0 { 1.0 } else { -1.0 })
}

pub(crate) fn classes(n: usize, count: usize) -> Data {
    labelled(n, |i, x, z| {
        let angle = z.atan2(x) / std::f64::consts::TAU + 0.5 + 0.1 * (5.0 * i as f64).sin();
        (angle * count as f64).floor().clamp(0.0, count as f64 - 1.0)
    })
}

pub(crate) fn counts(n: usize) -> Data {
    labelled(n, |i, x, z| ((1.0 + x + 0.5 * z + 0.6 * (5.0 * i as f64).sin()).exp()).round())
}

pub(crate) fn heavy_tailed(n: usize) -> Data {
    labelled(n, |i, x, z| x + 0.3 * z + 0.2 * (5.0 * i as f64).sin() + if i % 11 == 3 { 4.0 } else { 0.0 })
}

/// Holds the gradient of an evidence against central differences (fourth order) of re-converged evidences, relative to the size of
/// the gradient along that parameter or to 1.
pub(crate) fn gradient_is_the_difference<M, L>(
    method: &M,
    prior: &Rbf,
    likelihood: &L,
    data: &Data,
    tolerance: f64,
) where
    M: DifferentiableEvidence<L>,
    L: Parametric,
{
    let at = |prior: &dyn GaussianPrior, likelihood: &L| {
        method.evidence_gradient(prior, likelihood, data, None).unwrap().log
    };
    let found = method.evidence_gradient(prior, likelihood, data, None).unwrap();
    let slope = |value: f64, of: &dyn Fn(f64) -> f64| {
        let h = if value == 0.0 { 1e-3 } else { 2e-3 * value.abs() };
        (8.0 * (of(value + h) - of(value - h)) - (of(value + 2.0 * h) - of(value - 2.0 * h))) / (12.0 * h)
    };
    let theta = prior.parameters().values();
    for k in 0..theta.len() {
        let of = |value: f64| {
            let mut moved = theta.clone();
            moved[k] = value;
            at(&*prior.with(&moved).unwrap(), likelihood)
        };
        close(found.prior[k], slope(theta[k], &of), tolerance);
    }
    let theta = likelihood.parameters().values();
    assert_eq!(found.likelihood.len(), theta.len());
    for k in 0..theta.len() {
        let of = |value: f64| {
            let mut moved = theta.clone();
            moved[k] = value;
            at(prior, &likelihood.with(&moved).unwrap())
        };
        close(found.likelihood[k], slope(theta[k], &of), tolerance);
    }
    // a warm start finds the same numbers
    let again = method.evidence_gradient(prior, likelihood, data, Some(&found.start)).unwrap();
    close(again.log, found.log, 1e-11);
    for (a, b) in again.prior.iter().zip(&found.prior) {
        close(*a, *b, 1e-7);
    }
}
