//! `core + softness · rest`: the one shape of every soft bias.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Axis, concatenate, s};

use crate::linear::Weights;
use crate::math::Seed;
use crate::parameters::{Coordinate, Parameter};
use crate::paths::{Paths, SumPaths};
use crate::prior::{Pullback, Result};
use crate::{
    Blocks, GaussianPrior, Ledger, Parameters, Points, Prior, PriorError, SavedPrior, Softness, WhitePrior,
};

/// A soft bias at one softness: f = core + softness · rest, both drawn from their priors, independently.
///
/// Its parameters are those of the core (`core.…`), of the rest (`rest.…`) and `softness2` = softness², in which the evidence is
/// smooth at the hard end. With softness 0 it is the core, number for number.
#[derive(Clone, Debug)]
pub struct Pathways<C, R> {
    core: C,
    rest: R,
    softness: Softness,
    fixed: bool,
}

impl<C: Prior, R: Prior> Pathways<C, R> {
    /// `core + softness · rest`.
    #[must_use]
    pub fn new(core: C, softness: Softness, rest: R) -> Pathways<C, R> {
        Pathways { core, rest, softness, fixed: false }
    }

    /// The part that keeps the constraint.
    #[must_use]
    pub fn core(&self) -> &C {
        &self.core
    }

    /// The part that does not.
    #[must_use]
    pub fn rest(&self) -> &R {
        &self.rest
    }

    /// The softness.
    #[must_use]
    pub fn softness(&self) -> Softness {
        self.softness
    }

    /// The same bias at another softness.
    #[must_use]
    pub fn at(self, softness: Softness) -> Pathways<C, R> {
        Pathways { softness, ..self }
    }

    /// Holds the softness fixed when the model is tuned.
    #[must_use]
    pub fn fixed(self) -> Pathways<C, R> {
        Pathways { fixed: true, ..self }
    }

    fn check_outputs(&self) -> Result<()> {
        let (expected, found) = (self.core.outputs(), self.rest.outputs());
        if expected == found {
            Ok(())
        } else {
            Err(PriorError::Dimensions { what: "outputs of the rest", expected, found })
        }
    }
}

impl<C: Prior, R: Prior> Prior for Pathways<C, R> {
    fn outputs(&self) -> usize {
        self.core.outputs()
    }

    fn draws(&self, n: usize, x: &Points, seed: Seed) -> Result<Array3<f64>> {
        self.check_outputs()?;
        let mut draws = self.core.draws(n, x, seed.named("core"))?;
        draws.scaled_add(self.softness.get(), &self.rest.draws(n, x, seed.named("rest"))?);
        Ok(draws)
    }

    fn ledger(&self) -> Ledger {
        self.core.ledger().and(&self.rest.ledger())
    }
}

impl<C, R> GaussianPrior for Pathways<C, R>
where
    C: GaussianPrior + Clone + 'static,
    R: GaussianPrior + Clone + 'static,
{
    fn mean(&self, x: &Points) -> Result<Array2<f64>> {
        self.check_outputs()?;
        let mut mean = self.core.mean(x)?;
        mean.scaled_add(self.softness.get(), &self.rest.mean(x)?);
        Ok(mean)
    }

    fn centred(&self) -> bool {
        self.core.centred() && self.rest.centred()
    }

    fn cov(&self, x: &Points, z: &Points) -> Result<Blocks> {
        self.check_outputs()?;
        self.core.cov(x, z)?.plus(self.softness.squared(), &self.rest.cov(x, z)?)
    }

    fn gram(&self, x: &Points) -> Result<Blocks> {
        self.check_outputs()?;
        self.core.gram(x)?.plus(self.softness.squared(), &self.rest.gram(x)?)
    }

    fn var(&self, x: &Points) -> Result<Array2<f64>> {
        self.check_outputs()?;
        let mut var = self.core.var(x)?;
        var.scaled_add(self.softness.squared(), &self.rest.var(x)?);
        Ok(var)
    }

    fn weights(&self) -> Option<Box<dyn Weights + '_>> {
        let (core, rest) = (self.core.weights()?, self.rest.weights()?);
        let parameters = (self.core.parameters().len(), self.rest.parameters().len());
        Some(Box::new(Both { core, rest, softness: self.softness, parameters }))
    }

    fn parameters(&self) -> Parameters {
        let v = self.softness.squared();
        // A rest with a mean would make the evidence smooth in neither softness nor its square: then it is not tuned.
        let bounds = if self.rest.centred() { (0.0, v.max(1e12)) } else { (v, v) };
        let softness = Parameter::free("softness2", v, bounds, Coordinate::Variance)
            .fixed(self.fixed || !self.rest.centred());
        let parts =
            self.core.parameters().prefixed("core").followed_by(self.rest.parameters().prefixed("rest"));
        parts.followed_by(Parameters::new([softness]))
    }

    fn with(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        self.parameters().check(theta)?;
        let (core, rest) = theta.split_at(self.core.parameters().len());
        let (rest, softness) = rest.split_at(self.rest.parameters().len());
        // √ of a square may be off in the last place: an unchanged parameter leaves the softness alone.
        let unchanged = softness[0] == self.softness.squared();
        let softness = if unchanged { self.softness } else { Softness::new(softness[0].sqrt())? };
        let path = Pathways {
            core: self.core.with(core)?,
            rest: self.rest.with(rest)?,
            softness,
            fixed: self.fixed,
        };
        Ok(Arc::new(path))
    }

    fn contract(&self, x: &Points, w: &Blocks) -> Result<Array1<f64>> {
        self.check_outputs()?;
        let (of_rest, rest) = self.rest.contract_with_sum(x, w)?;
        Ok(self.slopes(&self.core.contract(x, w)?, of_rest, rest))
    }

    fn contract_with_sum(&self, x: &Points, w: &Blocks) -> Result<(f64, Array1<f64>)> {
        self.check_outputs()?;
        let (of_core, core) = self.core.contract_with_sum(x, w)?;
        let (of_rest, rest) = self.rest.contract_with_sum(x, w)?;
        Ok((of_core + self.softness.squared() * of_rest, self.slopes(&core, of_rest, rest)))
    }

    fn contract_mean(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        self.check_outputs()?;
        let (core, rest) = (self.core.contract_mean(x, g)?, self.rest.contract_mean(x, g)?);
        if core.is_none() && rest.is_none() {
            return Ok(None);
        }
        let core = core.unwrap_or_else(|| Array1::zeros(self.core.parameters().len()));
        let rest = rest.unwrap_or_else(|| Array1::zeros(self.rest.parameters().len())) * self.softness.get();
        Ok(Some(joined(&[core.view(), rest.view(), Array1::zeros(1).view()])))
    }

    fn mean_slope(&self, x: &Points) -> Result<Array3<f64>> {
        self.check_outputs()?;
        let mut slope = self.core.mean_slope(x)?;
        slope.scaled_add(self.softness.get(), &self.rest.mean_slope(x)?);
        Ok(slope)
    }

    fn cov_slope(
        &self,
        x: &Points,
        z: &Points,
        v: ArrayView2<'_, f64>,
        output: usize,
    ) -> Result<Array3<f64>> {
        self.check_outputs()?;
        let mut slope = self.core.cov_slope(x, z, v, output)?;
        slope.scaled_add(self.softness.squared(), &self.rest.cov_slope(x, z, v, output)?);
        Ok(slope)
    }

    fn paths(&self, n: usize, inputs: usize, seed: Seed) -> Result<Arc<dyn Paths>> {
        self.check_outputs()?;
        let core = self.core.paths(n, inputs, seed.named("core"))?;
        if self.softness.is_hard() {
            return Ok(core);
        }
        let rest = self.rest.paths(n, inputs, seed.named("rest"))?;
        Ok(Arc::new(SumPaths(vec![(1.0, core), (self.softness.get(), rest)])))
    }

    fn saved(&self) -> Result<SavedPrior> {
        Ok(SavedPrior::Pathways {
            core: Box::new(self.core.saved()?),
            rest: Box::new(self.rest.saved()?),
            softness: self.softness,
            fixed: self.fixed,
        })
    }
}

impl<C: GaussianPrior, R: GaussianPrior> Pathways<C, R> {
    /// The slopes of both parts and of the softness², from those of the rest by itself and its sum.
    fn slopes(&self, core: &Array1<f64>, of_rest: f64, rest: Array1<f64>) -> Array1<f64> {
        let rest = rest * self.softness.squared();
        let softness = if self.rest.centred() { of_rest } else { 0.0 };
        joined(&[core.view(), rest.view(), Array1::from_elem(1, softness).view()])
    }
}

fn joined(parts: &[ArrayView1<'_, f64>]) -> Array1<f64> {
    parts.iter().flat_map(|part| part.iter().copied()).collect()
}

/// The features of both sides, one after the other.
struct Both<'a> {
    core: Box<dyn Weights + 'a>,
    rest: Box<dyn Weights + 'a>,
    softness: Softness,
    parameters: (usize, usize),
}

impl Weights for Both<'_> {
    fn dim(&self) -> usize {
        self.core.dim() + self.rest.dim()
    }

    fn basis(&self, x: &Points) -> Result<Array2<f64>> {
        let (core, rest) = (self.core.basis(x)?, self.rest.basis(x)?);
        concatenate(Axis(1), &[core.view(), rest.view()]).map_err(|_| PriorError::Dimensions {
            what: "points",
            expected: core.nrows(),
            found: rest.nrows(),
        })
    }

    fn scales(&self) -> Array1<f64> {
        joined(&[self.core.scales().view(), (self.rest.scales() * self.softness.get()).view()])
    }

    fn scale_gradient(&self, q: ArrayView1<'_, f64>) -> Array1<f64> {
        let (of_core, of_rest) = q.split_at(Axis(0), self.core.dim());
        let softness = self.rest.scales().mapv(|s| s * s).dot(&of_rest);
        let rest = self.rest.scale_gradient(of_rest) * self.softness.squared();
        joined(&[
            self.core.scale_gradient(of_core).view(),
            rest.view(),
            Array1::from_elem(1, softness).view(),
        ])
    }

    fn basis_has_parameters(&self) -> bool {
        self.core.basis_has_parameters() || self.rest.basis_has_parameters()
    }

    fn basis_gradient(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        let split = self.core.dim();
        let core = self.core.basis_gradient(x, g.slice(s![.., ..split]))?;
        let rest = self.rest.basis_gradient(x, g.slice(s![.., split..]))?;
        if core.is_none() && rest.is_none() {
            return Ok(None);
        }
        let core = core.unwrap_or_else(|| Array1::zeros(self.parameters.0));
        let rest = rest.unwrap_or_else(|| Array1::zeros(self.parameters.1));
        Ok(Some(joined(&[core.view(), rest.view(), Array1::zeros(1).view()])))
    }
}

impl<C: WhitePrior, R: WhitePrior> WhitePrior for Pathways<C, R> {
    fn dim(&self) -> usize {
        self.core.dim() + self.rest.dim()
    }

    fn forward(&self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<Array2<f64>> {
        let (core, rest) = self.halves(eps)?;
        let mut value = self.core.forward(core, x)?;
        value.scaled_add(self.softness.get(), &self.rest.forward(rest, x)?);
        Ok(value)
    }

    fn pullback<'a>(&'a self, eps: ArrayView1<'_, f64>, x: &Points) -> Result<(Array2<f64>, Pullback<'a>)> {
        let (core, rest) = self.halves(eps)?;
        let (mut value, core_back) = self.core.pullback(core, x)?;
        let (rest_value, rest_back) = self.rest.pullback(rest, x)?;
        value.scaled_add(self.softness.get(), &rest_value);
        let back: Pullback<'a> = Box::new(move |cotangent, gradient| {
            if gradient.len() != self.dim() {
                return Err(PriorError::Dimensions {
                    what: "a gradient",
                    expected: self.dim(),
                    found: gradient.len(),
                });
            }
            let (of_core, of_rest) = gradient.split_at_mut(self.core.dim());
            core_back(cotangent, of_core)?;
            rest_back((&cotangent * self.softness.get()).view(), of_rest)
        });
        Ok((value, back))
    }

    fn pushforward(
        &self,
        eps: ArrayView1<'_, f64>,
        x: &Points,
        tangent: ArrayView1<'_, f64>,
    ) -> Result<Array2<f64>> {
        let ((core, rest), (core_t, rest_t)) = (self.halves(eps)?, self.halves(tangent)?);
        let mut value = self.core.pushforward(core, x, core_t)?;
        value.scaled_add(self.softness.get(), &self.rest.pushforward(rest, x, rest_t)?);
        Ok(value)
    }
}

impl<C: WhitePrior, R: WhitePrior> Pathways<C, R> {
    fn halves<'e>(&self, eps: ArrayView1<'e, f64>) -> Result<(ArrayView1<'e, f64>, ArrayView1<'e, f64>)> {
        self.check_outputs()?;
        if eps.len() != self.dim() {
            return Err(PriorError::Dimensions {
                what: "white coordinates",
                expected: self.dim(),
                found: eps.len(),
            });
        }
        Ok(eps.split_at(Axis(0), self.core.dim()))
    }
}
