//! The exact posterior as a Gaussian process: mean, covariance and variance anywhere.

use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, Axis, s};
use softbias_priors::linear::design;
use softbias_priors::math::linalg;
use softbias_priors::paths::{Paths, difference_slopes};
use softbias_priors::{Blocks, GaussianPrior, Parameters, Points, Prior, PriorError, Seed, Weights, memory};

use super::factor::CovarianceFactor;
use super::paths::PosteriorPaths;
use super::posterior::{Covariance, ExactPosterior, State};

type PriorResult<T> = std::result::Result<T, PriorError>;

/// Points that are predicted at a time in function space: memory for so many rows of cov(points, data).
const BLOCK: usize = 1024;

impl ExactPosterior {
    /// Mean and variance from one pass over cov(points, data): O(n²) a point in function space, in blocks of points.
    pub(super) fn mean_and_var(&self, x: &Points) -> PriorResult<(Array2<f64>, Array2<f64>)> {
        let State::Functions(functions) = &*self.state else {
            return Ok((self.mean(x)?, self.var(x)?));
        };
        let (mut mean, mut var) = (self.prior.mean(x)?, self.prior.var(x)?);
        for from in (0..x.len()).step_by(BLOCK) {
            let to = (from + BLOCK).min(x.len());
            let cross = self.prior.cov(&x.range(from..to)?, self.data.points())?;
            for c in 0..mean.ncols() {
                let update = cross.of_output(c).dot(&functions.alpha.column(c));
                mean.slice_mut(s![from..to, c]).scaled_add(1.0, &update);
            }
            let mut of_blocks = |cross: Array2<f64>, outputs: std::ops::Range<usize>| -> PriorResult<()> {
                let white = functions.whiten_rows(cross, outputs.start)?;
                let explained = white.map_axis(Axis(1), |row| row.dot(&row));
                for c in outputs {
                    var.slice_mut(s![from..to, c]).zip_mut_with(&explained, |v, e| *v = (*v - e).max(0.0));
                }
                Ok(())
            };
            let outputs = mean.ncols();
            match cross {
                Blocks::Shared(cross) => of_blocks(cross, 0..outputs)?,
                Blocks::PerOutput(list) => {
                    for (c, cross) in list.into_iter().enumerate() {
                        of_blocks(cross, c..c + 1)?;
                    }
                }
                _ => return Err(PriorError::Empty("covariance blocks of a known kind")),
            }
        }
        Ok((mean, var))
    }
}

impl GaussianPrior for ExactPosterior {
    fn mean(&self, x: &Points) -> PriorResult<Array2<f64>> {
        let mut mean = self.prior.mean(x)?;
        match &*self.state {
            State::Weights { live, white, .. } => {
                mean += &linalg::matmul(self.live_design(live, x)?.view(), white.view())
            }
            State::Functions(functions) => {
                for from in (0..x.len()).step_by(BLOCK) {
                    let to = (from + BLOCK).min(x.len());
                    let cross = self.prior.cov(&x.range(from..to)?, self.data.points())?;
                    for c in 0..mean.ncols() {
                        let update = cross.of_output(c).dot(&functions.alpha.column(c));
                        mean.slice_mut(s![from..to, c]).scaled_add(1.0, &update);
                    }
                }
            }
        }
        Ok(mean)
    }

    fn cov(&self, x: &Points, z: &Points) -> PriorResult<Blocks> {
        memory::announce("a covariance (point × point)", x.len(), z.len(), "ask for fewer points at a time")?;
        match &*self.state {
            State::Weights { live, covariance, .. } => {
                let at_x = self.live_design(live, x)?;
                let same = x == z;
                let at_z = if same { at_x.clone() } else { self.live_design(live, z)? };
                Ok(Blocks::Shared(match covariance {
                    Covariance::Factor(factor) => {
                        let spread = linalg::matmul(at_x.view(), factor.0.view());
                        if same {
                            linalg::syrk(spread.view())
                        } else {
                            linalg::matmul_nt(
                                spread.view(),
                                linalg::matmul(at_z.view(), factor.0.view()).view(),
                            )
                        }
                    }
                    Covariance::Explained(q_w) => {
                        let (ex, ez) = (
                            linalg::matmul(at_x.view(), q_w.view()),
                            linalg::matmul(at_z.view(), q_w.view()),
                        );
                        linalg::matmul_nt(at_x.view(), at_z.view()) - linalg::matmul_nt(ex.view(), ez.view())
                    }
                }))
            }
            State::Functions(functions) => {
                let (kx, kz) =
                    (self.prior.cov(self.data.points(), x)?, self.prior.cov(self.data.points(), z)?);
                let explain = |c: usize| -> PriorResult<Array2<f64>> {
                    let at_x = functions.explained(kx.of_output(c), c)?;
                    Ok(linalg::matmul_tn(at_x.view(), functions.explained(kz.of_output(c), c)?.view()))
                };
                match self.prior.cov(x, z)? {
                    Blocks::Shared(k) => Ok(Blocks::Shared(k - explain(0)?)),
                    blocks => {
                        let of_output = |c: usize| Ok(&blocks.of_output(c) - &explain(c)?);
                        Ok(Blocks::PerOutput((0..self.outputs()).map(of_output).collect::<PriorResult<_>>()?))
                    }
                }
            }
        }
    }

    fn var(&self, x: &Points) -> PriorResult<Array2<f64>> {
        let outputs = self.outputs();
        let norms = |a: &Array2<f64>| a.map_axis(Axis(1), |row| row.dot(&row));
        match &*self.state {
            State::Weights { live, covariance, .. } => {
                let design = self.live_design(live, x)?;
                let one: Array1<f64> = match covariance {
                    Covariance::Factor(factor) => norms(&linalg::matmul(design.view(), factor.0.view())),
                    Covariance::Explained(q_w) => {
                        let explained = norms(&linalg::matmul(design.view(), q_w.view()));
                        (norms(&design) - explained).mapv(|v| v.max(0.0))
                    }
                };
                Ok(Array2::from_shape_fn((x.len(), outputs), |(i, _)| one[i]))
            }
            State::Functions(_) => Ok(self.mean_and_var(x)?.1),
        }
    }

    fn mean_slope(&self, x: &Points) -> PriorResult<Array3<f64>> {
        let State::Functions(functions) = &*self.state else {
            return difference_slopes(x, self.outputs(), |x| self.mean(x));
        };
        let mut slope = self.prior.mean_slope(x)?;
        for c in 0..self.outputs() {
            let alpha = functions.alpha.slice(s![.., c..c + 1]);
            let of_output = self.prior.cov_slope(x, self.data.points(), alpha, c)?;
            let mut slot = slope.index_axis_mut(Axis(1), c);
            slot += &of_output.index_axis(Axis(1), 0);
        }
        Ok(slope)
    }

    fn paths(&self, n: usize, inputs: usize, seed: Seed) -> PriorResult<Arc<dyn Paths>> {
        PosteriorPaths::of(self, n, inputs, seed)
    }

    fn weights(&self) -> Option<Box<dyn Weights + '_>> {
        let State::Weights { live, covariance: Covariance::Factor(factor), .. } = &*self.state else {
            return None;
        };
        Some(Box::new(PosteriorWeights { prior: self.prior.weights()?, live, factor }))
    }

    fn parameters(&self) -> Parameters {
        Parameters::none()
    }

    fn with(&self, theta: &[f64]) -> PriorResult<Arc<dyn GaussianPrior>> {
        self.parameters().check(theta)?;
        Ok(Arc::new(self.clone()))
    }

    fn contract(&self, _x: &Points, _w: &Blocks) -> PriorResult<Array1<f64>> {
        Ok(Array1::zeros(0))
    }
}

/// The features of a posterior: those of the prior, mixed so that their weights are white again.
struct PosteriorWeights<'a> {
    prior: Box<dyn Weights + 'a>,
    live: &'a [usize],
    factor: &'a CovarianceFactor,
}

impl Weights for PosteriorWeights<'_> {
    fn dim(&self) -> usize {
        self.live.len()
    }

    fn basis(&self, x: &Points) -> PriorResult<Array2<f64>> {
        let design = design(&*self.prior, x)?.select(Axis(1), self.live);
        Ok(linalg::matmul(design.view(), self.factor.0.view()))
    }

    fn scales(&self) -> Array1<f64> {
        Array1::ones(self.live.len())
    }
}
