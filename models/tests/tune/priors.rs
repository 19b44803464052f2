//! Small priors written for these tests: a kernel without features, two alike, a mean that moves.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2};
use softbias_priors::linear::Weights;
use softbias_priors::parameters::Coordinate;
use softbias_priors::prior::{Result, gaussian_draws};
use softbias_priors::*;

/// Σ over the lengths of exp(−(x − z)²/2l²): no features; a last parameter, `idle`, that nothing depends on.
#[derive(Clone, Debug)]
pub(crate) struct Kernels {
    pub(crate) lengths: Vec<f64>,
    pub(crate) idle: Option<f64>,
}

fn squares(x: &Points, z: &Points) -> Array2<f64> {
    Array2::from_shape_fn((x.len(), z.len()), |(i, j)| (x.view()[[i, 0]] - z.view()[[j, 0]]).powi(2))
}

impl Prior for Kernels {
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        gaussian_draws(self, n, x, seed)
    }
}

impl GaussianPrior for Kernels {
    fn mean(&self, x: &Points) -> Result<Array2<f64>> {
        Ok(Array2::zeros((x.len(), 1)))
    }
    fn centred(&self) -> bool {
        true
    }
    fn cov(&self, x: &Points, z: &Points) -> Result<Blocks> {
        let squares = squares(x, z);
        let mut k = Array2::zeros(squares.raw_dim());
        for l in &self.lengths {
            k += &squares.mapv(|s| (-0.5 * s / (l * l)).exp());
        }
        Ok(Blocks::Shared(k))
    }
    fn var(&self, x: &Points) -> Result<Array2<f64>> {
        Ok(Array2::from_elem((x.len(), 1), self.lengths.len() as f64))
    }
    fn parameters(&self) -> Parameters {
        let length =
            |(i, l): (usize, &f64)| Parameter::free(&format!("length{i}"), *l, (1e-3, 1e3), Coordinate::Log);
        let idle = self.idle.map(|v| Parameter::free("idle", v, (1e-3, 1e3), Coordinate::Log));
        Parameters::new(self.lengths.iter().enumerate().map(length).chain(idle))
    }
    fn with(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        self.parameters().check(theta)?;
        let (lengths, idle) = theta.split_at(self.lengths.len());
        Ok(Arc::new(Kernels { lengths: lengths.to_vec(), idle: idle.first().copied() }))
    }
    fn contract(&self, x: &Points, w: &Blocks) -> Result<Array1<f64>> {
        let squares = squares(x, x);
        let slope =
            |l: &f64| w.inner(&Blocks::Shared(squares.mapv(|s| (-0.5 * s / (l * l)).exp() * s / l.powi(3))));
        let mut gradient = self.lengths.iter().map(slope).collect::<Result<Vec<f64>>>()?;
        gradient.extend(self.idle.map(|_| 0.0));
        Ok(gradient.into())
    }
}

/// Another prior around the line `slope` · x.
#[derive(Clone, Debug)]
pub(crate) struct Tilted {
    pub(crate) around: Arc<dyn GaussianPrior>,
    pub(crate) slope: f64,
}

impl Prior for Tilted {
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        Ok(self.around.draws(n, x, seed)? + self.mean(x)?)
    }
}

impl GaussianPrior for Tilted {
    fn mean(&self, x: &Points) -> Result<Array2<f64>> {
        Ok(&x.view() * self.slope)
    }
    fn cov(&self, x: &Points, z: &Points) -> Result<Blocks> {
        self.around.cov(x, z)
    }
    fn var(&self, x: &Points) -> Result<Array2<f64>> {
        self.around.var(x)
    }
    fn weights(&self) -> Option<Box<dyn Weights + '_>> {
        Some(Box::new(Padded(self.around.weights()?)))
    }
    fn parameters(&self) -> Parameters {
        let slope = Parameter::free("slope", self.slope, (-50.0, 50.0), Coordinate::Plain);
        self.around.parameters().followed_by(Parameters::new([slope]))
    }
    fn with(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        let (around, slope) = theta.split_at(theta.len() - 1);
        Ok(Arc::new(Tilted { around: self.around.with(around)?, slope: slope[0] }))
    }
    fn contract(&self, x: &Points, w: &Blocks) -> Result<Array1<f64>> {
        Ok(padded(self.around.contract(x, w)?, 0.0))
    }
    fn contract_mean(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        let before = Array1::zeros(self.around.parameters().len());
        Ok(Some(padded(before, (&g * &x.view()).sum())))
    }
}

fn padded(gradient: Array1<f64>, last: f64) -> Array1<f64> {
    gradient.into_iter().chain([last]).collect()
}

struct Padded<'a>(Box<dyn Weights + 'a>);

impl Weights for Padded<'_> {
    fn dim(&self) -> usize {
        self.0.dim()
    }
    fn basis(&self, x: &Points) -> Result<Array2<f64>> {
        self.0.basis(x)
    }
    fn scales(&self) -> Array1<f64> {
        self.0.scales()
    }
    fn scale_gradient(&self, q: ArrayView1<'_, f64>) -> Array1<f64> {
        padded(self.0.scale_gradient(q), 0.0)
    }
    fn basis_has_parameters(&self) -> bool {
        self.0.basis_has_parameters()
    }
    fn basis_gradient(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        Ok(self.0.basis_gradient(x, g)?.map(|gradient| padded(gradient, 0.0)))
    }
}
