//! Priors made from one prior: scaled by a tunable factor, or charged with a debt to data.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2};

use crate::linear::Weights;
use crate::math::Seed;
use crate::parameters::{Coordinate, Parameter};
use crate::paths::{Paths, ScaledPaths};
use crate::prior::{Pullback, Result};
use crate::{Blocks, GaussianPrior, Ledger, Parameters, Points, Prior, SavedPrior, WhitePrior};

/// A prior whose departures from its mean are multiplied by `scale`, a parameter called `scale`.
#[derive(Clone, Debug)]
pub struct Scaled<P> {
    prior: P,
    scale: f64,
}

/// Bounds within which an overall scale may be tuned.
const SCALE_BOUNDS: (f64, f64) = (1e-9, 1e9);

impl<P: Prior> Scaled<P> {
    pub(crate) fn new(prior: P, scale: f64) -> Scaled<P> {
        Scaled { prior, scale }
    }

    fn own_parameter(&self) -> Parameters {
        Parameters::new([Parameter::free("scale", self.scale, SCALE_BOUNDS, Coordinate::Log)])
    }

    fn check(&self) -> Result<()> {
        self.own_parameter().check(&[self.scale])
    }
}

impl<P: GaussianPrior> Prior for Scaled<P> {
    fn outputs(&self) -> usize {
        self.prior.outputs()
    }

    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        let mean = self.mean(x)?;
        Ok((self.prior.draws(n, x, seed)? - &mean) * self.scale + &mean)
    }

    fn ledger(&self) -> Ledger {
        self.prior.ledger()
    }
}

impl<P: GaussianPrior> GaussianPrior for Scaled<P> {
    fn mean(&self, x: &Points) -> Result<Array2<f64>> {
        self.check()?;
        self.prior.mean(x)
    }

    fn centred(&self) -> bool {
        self.prior.centred()
    }

    fn cov(&self, x: &Points, z: &Points) -> Result<Blocks> {
        self.check()?;
        let square = self.scale * self.scale;
        Ok(self.prior.cov(x, z)?.map(|k| k * square))
    }

    fn gram(&self, x: &Points) -> Result<Blocks> {
        self.check()?;
        let square = self.scale * self.scale;
        Ok(self.prior.gram(x)?.map(|k| k * square))
    }

    fn var(&self, x: &Points) -> Result<Array2<f64>> {
        self.check()?;
        Ok(self.prior.var(x)? * (self.scale * self.scale))
    }

    fn weights(&self) -> Option<Box<dyn Weights + '_>> {
        Some(Box::new(ScaledWeights { inner: self.prior.weights()?, scale: self.scale }))
    }

    fn parameters(&self) -> Parameters {
        self.prior.parameters().followed_by(self.own_parameter())
    }

    fn with(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        self.parameters().check(theta)?;
        let (inner, scale) = theta.split_at(theta.len() - 1);
        Ok(Arc::new(Scaled { prior: self.prior.with(inner)?, scale: scale[0] }))
    }

    fn contract(&self, x: &Points, w: &Blocks) -> Result<Array1<f64>> {
        Ok(self.contract_with_sum(x, w)?.1)
    }

    fn contract_with_sum(&self, x: &Points, w: &Blocks) -> Result<(f64, Array1<f64>)> {
        let (sum, inner) = self.prior.contract_with_sum(x, w)?;
        let square = self.scale * self.scale;
        let own = 2.0 * self.scale * sum;
        Ok((square * sum, inner.iter().map(|slope| slope * square).chain([own]).collect()))
    }

    fn contract_mean(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        Ok(self.prior.contract_mean(x, g)?.map(|inner| {
            let mut gradient = inner.to_vec();
            gradient.push(0.0);
            gradient.into()
        }))
    }

    fn mean_slope(&self, x: &Points) -> Result<Array3<f64>> {
        self.check()?;
        self.prior.mean_slope(x)
    }

    fn cov_slope(
        &self,
        x: &Points,
        z: &Points,
        v: ArrayView2<'_, f64>,
        output: usize,
    ) -> Result<Array3<f64>> {
        self.check()?;
        Ok(self.prior.cov_slope(x, z, v, output)? * (self.scale * self.scale))
    }

    fn paths(&self, n: usize, inputs: usize, seed: Seed) -> Result<Arc<dyn Paths>> {
        self.check()?;
        let (of, mean) = (self.prior.paths(n, inputs, seed)?, self.with(&self.parameters().values())?);
        Ok(Arc::new(ScaledPaths { of, mean, scale: self.scale }))
    }

    fn saved(&self) -> Result<SavedPrior> {
        Ok(SavedPrior::Scaled { prior: Box::new(self.prior.saved()?), scale: self.scale })
    }
}

impl<P: GaussianPrior + WhitePrior> WhitePrior for Scaled<P> {
    fn dim(&self) -> usize {
        self.prior.dim()
    }

    fn forward(&self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<Array2<f64>> {
        let mean = self.mean(x)?;
        Ok((self.prior.forward(eps, x)? - &mean) * self.scale + mean)
    }

    fn pullback<'a>(&'a self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<(Array2<f64>, Pullback<'a>)> {
        let mean = self.mean(x)?;
        let (value, back) = self.prior.pullback(eps, x)?;
        let scaled: Pullback<'a> =
            Box::new(move |cotangent, gradient| back((&cotangent * self.scale).view(), gradient));
        Ok(((value - &mean) * self.scale + mean, scaled))
    }

    fn pushforward(
        &self,
        eps: ArrayView1<'_, f64>,
        x: &Points,
        tangent: ArrayView1<'_, f64>,
    ) -> Result<Array2<f64>> {
        Ok(self.prior.pushforward(eps, x, tangent)? * self.scale)
    }
}

struct ScaledWeights<'a> {
    inner: Box<dyn Weights + 'a>,
    scale: f64,
}

impl Weights for ScaledWeights<'_> {
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn basis(&self, x: &Points) -> Result<Array2<f64>> {
        self.inner.basis(x)
    }

    fn scales(&self) -> Array1<f64> {
        self.inner.scales() * self.scale
    }

    fn scale_gradient(&self, q: ArrayView1<'_, f64>) -> Array1<f64> {
        let mut gradient = (self.inner.scale_gradient(q) * (self.scale * self.scale)).to_vec();
        gradient.push(2.0 * self.scale * self.inner.scales().mapv(|s| s * s).dot(&q));
        gradient.into()
    }

    fn basis_has_parameters(&self) -> bool {
        self.inner.basis_has_parameters()
    }

    fn basis_gradient(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        Ok(self.inner.basis_gradient(x, g)?.map(|inner| {
            let mut gradient = inner.to_vec();
            gradient.push(0.0);
            gradient.into()
        }))
    }
}

/// A prior that owes more to data than it says itself, for example because its parameters were tuned.
#[derive(Clone, Debug)]
pub struct Charged<P> {
    prior: P,
    ledger: Ledger,
}

impl<P: Prior> Charged<P> {
    pub(crate) fn new(prior: P, ledger: Ledger) -> Charged<P> {
        Charged { prior, ledger }
    }
}

impl<P: Prior> Prior for Charged<P> {
    fn outputs(&self) -> usize {
        self.prior.outputs()
    }
    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        self.prior.draws(n, x, seed)
    }
    fn ledger(&self) -> Ledger {
        self.prior.ledger().and(&self.ledger)
    }
}

impl<P: GaussianPrior> GaussianPrior for Charged<P> {
    fn mean(&self, x: &Points) -> Result<Array2<f64>> {
        self.prior.mean(x)
    }
    fn centred(&self) -> bool {
        self.prior.centred()
    }
    fn cov(&self, x: &Points, z: &Points) -> Result<Blocks> {
        self.prior.cov(x, z)
    }
    fn gram(&self, x: &Points) -> Result<Blocks> {
        self.prior.gram(x)
    }
    fn var(&self, x: &Points) -> Result<Array2<f64>> {
        self.prior.var(x)
    }
    fn weights(&self) -> Option<Box<dyn Weights + '_>> {
        self.prior.weights()
    }
    fn parameters(&self) -> Parameters {
        self.prior.parameters()
    }
    fn with(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        Ok(Arc::new(Charged { prior: self.prior.with(theta)?, ledger: self.ledger.clone() }))
    }
    fn contract(&self, x: &Points, w: &Blocks) -> Result<Array1<f64>> {
        self.prior.contract(x, w)
    }
    fn contract_with_sum(&self, x: &Points, w: &Blocks) -> Result<(f64, Array1<f64>)> {
        self.prior.contract_with_sum(x, w)
    }
    fn contract_mean(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        self.prior.contract_mean(x, g)
    }
    fn mean_slope(&self, x: &Points) -> Result<Array3<f64>> {
        self.prior.mean_slope(x)
    }
    fn cov_slope(
        &self,
        x: &Points,
        z: &Points,
        v: ArrayView2<'_, f64>,
        output: usize,
    ) -> Result<Array3<f64>> {
        self.prior.cov_slope(x, z, v, output)
    }
    fn paths(&self, n: usize, inputs: usize, seed: Seed) -> Result<Arc<dyn Paths>> {
        self.prior.paths(n, inputs, seed)
    }
    fn saved(&self) -> Result<SavedPrior> {
        Ok(SavedPrior::Charged { prior: Box::new(self.prior.saved()?), ledger: self.ledger.clone() })
    }
}

impl<P: WhitePrior> WhitePrior for Charged<P> {
    fn dim(&self) -> usize {
        self.prior.dim()
    }
    fn forward(&self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<Array2<f64>> {
        self.prior.forward(eps, x)
    }
    fn pullback<'a>(&'a self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<(Array2<f64>, Pullback<'a>)> {
        self.prior.pullback(eps, x)
    }
    fn pushforward(
        &self,
        eps: ArrayView1<'_, f64>,
        x: &Points,
        tangent: ArrayView1<'_, f64>,
    ) -> Result<Array2<f64>> {
        self.prior.pushforward(eps, x, tangent)
    }
}
