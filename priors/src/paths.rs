//! Functions drawn from a prior that can be evaluated anywhere, again and again.

use std::fmt;
use std::sync::Arc;

use ndarray::{Array1, Array2, Array3, Array4, Axis, s};
use rayon::prelude::*;

use crate::kernel::{Layout, RandomFunction, step};
use crate::linear::design;
use crate::math::linalg;
use crate::prior::Result;
use crate::{GaussianPrior, Kernel, Points, PriorError, Seed, memory};

/// Functions, the same ones at every call: what draws at a list of points are not.
pub trait Paths: fmt::Debug + Send + Sync {
    /// How many functions.
    fn count(&self) -> usize;

    /// Their values, (draw, point, output).
    ///
    /// # Errors
    /// When the points do not fit.
    fn values(&self, x: &Points) -> Result<Array3<f64>>;

    /// Their slopes, (draw, point, output, input). The default takes central differences, of a step of 1e-8 of the coordinate.
    ///
    /// # Errors
    /// When the points do not fit.
    fn slopes(&self, x: &Points) -> Result<Array4<f64>> {
        difference_path_slopes(self, x)
    }
}

/// Slopes of paths by central differences.
///
/// # Errors
/// When the points do not fit.
pub fn difference_path_slopes<P: Paths + ?Sized>(paths: &P, x: &Points) -> Result<Array4<f64>> {
    let mut all: Option<Array4<f64>> = None;
    for d in 0..x.inputs() {
        let slope = differences(
            x,
            d,
            |x| paths.values(x),
            |ahead, behind, between| {
                (ahead - behind) / between.view().insert_axis(Axis(0)).insert_axis(Axis(2))
            },
        )?;
        let (m, n, c) = slope.dim();
        let all = all.get_or_insert_with(|| Array4::zeros((m, n, c, x.inputs())));
        all.slice_mut(s![.., .., .., d]).assign(&slope);
    }
    Ok(all.unwrap_or_default())
}

/// Central differences along one coordinate, each point with a step of its own; to one side where the other is refused, as at either
/// end of a window.
fn differences<T>(
    x: &Points,
    d: usize,
    values: impl Fn(&Points) -> Result<T>,
    divide: impl Fn(T, T, Array1<f64>) -> T,
) -> Result<T> {
    let moved = |sign: f64| {
        let mut moved = x.view().to_owned();
        moved.column_mut(d).mapv_inplace(|v| v + sign * step(v));
        let moved = Points::new(moved)?;
        let refused = match values(&moved) {
            Ok(found) => return Ok((found, moved, None)),
            Err(error @ (PriorError::OutsideWindow { .. } | PriorError::NotFinite { .. })) => error,
            Err(error) => return Err(error),
        };
        let mut some = x.view().to_owned();
        for i in 0..x.len() {
            let one = moved.range(i..i + 1)?;
            if values(&one).is_ok() {
                some.row_mut(i).assign(&one.view().row(0));
            }
        }
        let some = Points::new(some)?;
        Ok((values(&some)?, some, Some(refused)))
    };
    let (ahead, behind) = (moved(1.0)?, moved(-1.0)?);
    let distances = &ahead.1.view().column(d) - &behind.1.view().column(d);
    match ahead.2.or(behind.2) {
        // no room on either side
        Some(refused) if distances.iter().any(|distance| *distance == 0.0) => Err(refused),
        _ => Ok(divide(ahead.0, behind.0, distances)),
    }
}

/// Central differences of a matrix of values (point, column): (point, column, input).
///
/// # Errors
/// When the points do not fit.
pub fn difference_slopes(
    x: &Points,
    columns: usize,
    values: impl Fn(&Points) -> Result<Array2<f64>>,
) -> Result<Array3<f64>> {
    let mut slopes = Array3::zeros((x.len(), columns, x.inputs()));
    for d in 0..x.inputs() {
        let slope = differences(x, d, &values, |ahead, behind, between| {
            (ahead - behind) / between.view().insert_axis(Axis(1))
        })?;
        slopes.index_axis_mut(Axis(2), d).assign(&slope);
    }
    Ok(slopes)
}

/// Draws of a prior with features: the weights are drawn once.
#[derive(Debug)]
pub(crate) struct FeaturePaths<P> {
    pub(crate) prior: P,
    /// White weights, one matrix (feature, draw) an output.
    pub(crate) white: Vec<Array2<f64>>,
}

impl<P: GaussianPrior> FeaturePaths<P> {
    pub(crate) fn new(prior: P, n: usize, seed: Seed) -> Result<FeaturePaths<P>> {
        let features =
            prior.weights().map(|w| w.dim()).ok_or(PriorError::Empty("features of a linear prior"))?;
        let of_output = |c: usize| seed.at(c).normal2(n, features).t().as_standard_layout().into_owned();
        let white = (0..prior.outputs()).map(of_output).collect();
        Ok(FeaturePaths { prior, white })
    }
}

impl<P: GaussianPrior> Paths for FeaturePaths<P> {
    fn count(&self) -> usize {
        self.white.first().map_or(0, Array2::ncols)
    }

    fn values(&self, x: &Points) -> Result<Array3<f64>> {
        let weights = self.prior.weights().ok_or(PriorError::Empty("features of a linear prior"))?;
        let (mean, design) = (self.prior.mean(x)?, design(&*weights, x)?);
        let mut values = Array3::zeros((self.count(), x.len(), self.white.len()));
        for (c, white) in self.white.iter().enumerate() {
            let of_output = linalg::matmul(design.view(), white.view());
            let mut slot = values.index_axis_mut(Axis(2), c);
            slot.assign(&of_output.t());
            slot += &mean.column(c);
        }
        Ok(values)
    }
}

/// Draws of a Gaussian process: many random functions whose second moment is the kernel, with normal weights (Rahimi & Recht 2007;
/// Wilson et al. 2020 for their use in pathwise conditioning). Their covariance is the kernel's up to 1/√(number of functions).
pub(crate) struct KernelPaths {
    pub(crate) mean: Arc<dyn GaussianPrior>,
    functions: Vec<Box<dyn RandomFunction>>,
    /// One matrix (function, draw) an output.
    weights: Vec<Array2<f64>>,
    inputs: usize,
}

impl fmt::Debug for KernelPaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KernelPaths({} functions of {:?})", self.functions.len(), self.mean)
    }
}

/// Points whose tables of slopes are held at a time.
const POINTS: usize = 64;

/// Random functions behind the draws of a Gaussian process.
pub(crate) const FUNCTIONS: usize = 2048;

impl KernelPaths {
    pub(crate) fn new(
        prior: Arc<dyn GaussianPrior>,
        kernel: &Kernel,
        inputs: usize,
        n: usize,
        seed: Seed,
    ) -> Result<KernelPaths> {
        let one = |m: usize| {
            let function = kernel.function().random_function(inputs, seed.named("functions").at(m));
            function.ok_or_else(|| PriorError::NoPaths(format!("{kernel:?}").chars().take(80).collect()))
        };
        let functions = (0..FUNCTIONS).map(one).collect::<Result<Vec<_>>>()?;
        let scale = 1.0 / (FUNCTIONS as f64).sqrt();
        // draw by draw, so that more draws extend fewer
        let of_output = |c: usize| {
            let by_draw = seed.named("weights").at(c).normal2(n, FUNCTIONS) * scale;
            by_draw.t().as_standard_layout().into_owned()
        };
        let weights = (0..prior.outputs()).map(of_output).collect();
        Ok(KernelPaths { mean: prior, functions, weights, inputs })
    }

    /// (point, function), in parallel over points.
    fn table(&self, x: &Points) -> Result<Array2<f64>> {
        x.expect_inputs(self.inputs)?;
        memory::announce(
            "random functions at points",
            x.len(),
            self.functions.len(),
            "ask for fewer points",
        )?;
        let layout = Layout::new(x);
        let mut table = Array2::zeros((x.len(), self.functions.len()));
        table.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(i, mut row)| {
            row.iter_mut().zip(&self.functions).for_each(|(out, z)| *out = z.value(layout.row(i)));
        });
        if let Some(((row, column), &value)) = table.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(PriorError::NotFinite { what: "a random function", row, column, value });
        }
        Ok(table)
    }
}

impl Paths for KernelPaths {
    fn count(&self) -> usize {
        self.weights.first().map_or(0, Array2::ncols)
    }

    fn values(&self, x: &Points) -> Result<Array3<f64>> {
        let (table, mean) = (self.table(x)?, self.mean.mean(x)?);
        let mut values = Array3::zeros((self.count(), x.len(), self.weights.len()));
        for (c, weights) in self.weights.iter().enumerate() {
            let mut slot = values.index_axis_mut(Axis(2), c);
            slot.assign(&linalg::matmul(table.view(), weights.view()).t());
            slot += &mean.column(c);
        }
        Ok(values)
    }

    fn slopes(&self, x: &Points) -> Result<Array4<f64>> {
        x.expect_inputs(self.inputs)?;
        let (layout, d) = (Layout::new(x), self.inputs);
        let of_mean = self.mean.mean_slope(x)?;
        let of_point = |i: usize| {
            let mut table = Array2::zeros((self.functions.len(), d));
            for (mut row, z) in table.rows_mut().into_iter().zip(&self.functions) {
                if let Some(row) = row.as_slice_mut() {
                    z.slope(layout.row(i), 1.0, row);
                }
            }
            table
        };
        let values = x.len().saturating_mul(self.weights.len()).saturating_mul(d);
        memory::announce("slopes of paths (draw × value)", self.count(), values, "ask for fewer points")?;
        let mut slopes = Array4::zeros((self.count(), x.len(), self.weights.len(), d));
        for from in (0..x.len()).step_by(POINTS) {
            let block = from..(from + POINTS).min(x.len());
            let tables: Vec<Array2<f64>> = block.clone().into_par_iter().map(of_point).collect();
            for (i, table) in block.zip(&tables) {
                for (c, weights) in self.weights.iter().enumerate() {
                    let mut slot = slopes.slice_mut(s![.., i, c, ..]);
                    slot.assign(&linalg::matmul_tn(weights.view(), table.view()));
                    slot += &of_mean.slice(s![i, c, ..]);
                }
            }
        }
        Ok(slopes)
    }
}

/// Σ factor · part over parts with the same draws, for sums of independent priors.
#[derive(Debug)]
pub(crate) struct SumPaths(pub(crate) Vec<(f64, Arc<dyn Paths>)>);

impl Paths for SumPaths {
    fn count(&self) -> usize {
        self.0.first().map_or(0, |(_, part)| part.count())
    }

    fn values(&self, x: &Points) -> Result<Array3<f64>> {
        let mut sum: Option<Array3<f64>> = None;
        for (factor, part) in &self.0 {
            let part = part.values(x)? * *factor;
            sum = Some(match sum {
                Some(sum) => sum + part,
                None => part,
            });
        }
        sum.ok_or(PriorError::Empty("parts of a sum"))
    }

    fn slopes(&self, x: &Points) -> Result<Array4<f64>> {
        let mut sum: Option<Array4<f64>> = None;
        for (factor, part) in &self.0 {
            let part = part.slopes(x)? * *factor;
            sum = Some(match sum {
                Some(sum) => sum + part,
                None => part,
            });
        }
        sum.ok_or(PriorError::Empty("parts of a sum"))
    }
}

/// Departures from a mean, multiplied.
#[derive(Debug)]
pub(crate) struct ScaledPaths {
    pub(crate) of: Arc<dyn Paths>,
    pub(crate) mean: Arc<dyn GaussianPrior>,
    pub(crate) scale: f64,
}

impl Paths for ScaledPaths {
    fn count(&self) -> usize {
        self.of.count()
    }

    fn values(&self, x: &Points) -> Result<Array3<f64>> {
        let mean = self.mean.mean(x)?;
        Ok((self.of.values(x)? - &mean) * self.scale + &mean)
    }
}

/// Outputs drawn one by one.
#[derive(Debug)]
pub(crate) struct StackPaths(pub(crate) Vec<Arc<dyn Paths>>);

impl Paths for StackPaths {
    fn count(&self) -> usize {
        self.0.first().map_or(0, |part| part.count())
    }

    fn values(&self, x: &Points) -> Result<Array3<f64>> {
        let mut values = Array3::zeros((self.count(), x.len(), self.0.len()));
        for (c, part) in self.0.iter().enumerate() {
            let of_part = part.values(x)?;
            values.index_axis_mut(Axis(2), c).assign(&of_part.index_axis(Axis(2), 0));
        }
        Ok(values)
    }
}
