//! Random features: finitely many random functions with Gaussian weights, the second linear family.

use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView2, Zip, s};
use serde::{Deserialize, Serialize};

use crate::linear::{Linear, Weights};
use crate::math::{Seed, linalg};
use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{GaussianPrior, Parameters, Points, PriorError, SavedPrior, memory};

/// What a random feature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FeatureMap {
    /// cos(ωᵀx/ℓ) and sin(ωᵀx/ℓ), ω ~ N(0, I) (Rahimi & Recht 2007): near an RBF Gaussian process of length ℓ for many features.
    Fourier,
    /// max(0, ωᵀx + b), (ω, b) ~ N(0, I): one hidden layer with random weights.
    Relu,
    /// ωᵀx, ω ~ N(0, I): random projections; never more than the inputs' dimension of them are distinct.
    Linear,
}

/// A Gaussian prior over sums of random features. The features are drawn from a seed when the prior is built, before any data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "AsRead")]
pub struct Features {
    map: FeatureMap,
    count: usize,
    inputs: usize,
    seed: Seed,
    length: f64,
    tuned: bool,
    outputs: usize,
    /// (feature, input), and for ReLU the bias as last column; drawn again from the seed on loading.
    #[serde(skip)]
    directions: Arc<Array2<f64>>,
}

/// Features as they stand in a file, before their directions are drawn again.
#[derive(Deserialize)]
struct AsRead {
    map: FeatureMap,
    count: usize,
    inputs: usize,
    seed: Seed,
    length: f64,
    tuned: bool,
    outputs: usize,
}

impl TryFrom<AsRead> for Features {
    type Error = PriorError;
    fn try_from(read: AsRead) -> Result<Features> {
        let AsRead { map, count, inputs, seed, length, tuned, outputs } = read;
        Features { map, count, inputs, seed, length, tuned, outputs, directions: Arc::default() }.checked()
    }
}

const LENGTH_BOUNDS: (f64, f64) = (1e-6, 1e6);

impl Features {
    fn new(map: FeatureMap, count: usize, inputs: usize, length: f64, seed: Seed) -> Result<Features> {
        Features { map, count, inputs, seed, length, tuned: false, outputs: 1, directions: Arc::default() }
            .checked()
    }

    /// `frequencies` random frequencies (two features each) of length scale `length`.
    ///
    /// # Errors
    /// Without frequencies or inputs, or for a length scale out of bounds.
    pub fn fourier(frequencies: usize, inputs: usize, length: f64, seed: Seed) -> Result<Features> {
        Features::new(FeatureMap::Fourier, frequencies, inputs, length, seed)
    }

    /// `count` rectified linear units with random weights and biases; as many as are wanted give an arc-cosine kernel.
    ///
    /// # Errors
    /// Without features or inputs.
    pub fn relu(count: usize, inputs: usize, seed: Seed) -> Result<Features> {
        Features::new(FeatureMap::Relu, count, inputs, 1.0, seed)
    }

    /// `count` random projections.
    ///
    /// # Errors
    /// Without features or inputs.
    pub fn linear(count: usize, inputs: usize, seed: Seed) -> Result<Features> {
        Features::new(FeatureMap::Linear, count, inputs, 1.0, seed)
    }

    /// Lets tuning move the length scale (called `length`) of Fourier features.
    #[must_use]
    pub fn tuned(self) -> Features {
        Features { tuned: true, ..self }
    }

    /// With several outputs, independent copies.
    #[must_use]
    pub fn with_outputs(self, outputs: usize) -> Features {
        Features { outputs, ..self }
    }

    /// The same features, checked, their directions drawn from the seed.
    ///
    /// # Errors
    /// Without features, inputs or outputs, for a length scale out of bounds, or over the memory limit.
    pub fn checked(mut self) -> Result<Features> {
        for (count, what) in
            [(self.count, "random features"), (self.inputs, "inputs"), (self.outputs, "outputs")]
        {
            if count == 0 {
                return Err(PriorError::Empty(what));
            }
        }
        self.all_parameters().check(&[self.length])?;
        let columns = self.inputs + usize::from(self.map == FeatureMap::Relu);
        memory::announce("the directions of random features", self.count, columns, "use fewer features")?;
        self.directions = Arc::new(self.seed.named("directions").normal2(self.count, columns));
        Ok(self)
    }

    fn all_parameters(&self) -> Parameters {
        let length = Parameter::free("length", self.length, LENGTH_BOUNDS, Coordinate::Log);
        Parameters::new([length.fixed(!self.tuned)])
    }

    /// ωᵀx/ℓ (+ b), shape (point, direction).
    fn project(&self, x: &Points) -> Result<Array2<f64>> {
        x.expect_inputs(self.inputs)?;
        let directions = self.directions.slice(s![.., ..self.inputs]);
        let mut u = linalg::matmul_nt(x.view(), directions);
        match self.map {
            FeatureMap::Fourier => u /= self.length,
            FeatureMap::Relu => u += &self.directions.column(self.inputs),
            FeatureMap::Linear => {}
        }
        Ok(u)
    }
}

impl Weights for Features {
    fn dim(&self) -> usize {
        if self.map == FeatureMap::Fourier { 2 * self.count } else { self.count }
    }

    fn basis(&self, x: &Points) -> Result<Array2<f64>> {
        let mut u = self.project(x)?;
        match self.map {
            FeatureMap::Fourier => {
                let mut values = Array2::zeros((x.len(), 2 * self.count));
                let (cos, sin) = values.view_mut().split_at(ndarray::Axis(1), self.count);
                Zip::from(cos).and(sin).and(&u).par_for_each(|c, s, u| (*s, *c) = u.sin_cos());
                Ok(values)
            }
            FeatureMap::Relu => {
                u.par_mapv_inplace(|v| v.max(0.0));
                Ok(u)
            }
            FeatureMap::Linear => Ok(u),
        }
    }

    fn scales(&self) -> Array1<f64> {
        let square = if self.map == FeatureMap::Relu { 2.0 } else { 1.0 };
        Array1::from_elem(Weights::dim(self), (square / self.count as f64).sqrt())
    }

    fn scale_gradient(&self, _q: ndarray::ArrayView1<'_, f64>) -> Array1<f64> {
        Array1::zeros(self.tunables().len())
    }

    fn basis_has_parameters(&self) -> bool {
        self.map == FeatureMap::Fourier
    }

    fn basis_gradient(&self, x: &Points, g: ArrayView2<'_, f64>) -> Result<Option<Array1<f64>>> {
        if self.map != FeatureMap::Fourier {
            return Ok(None);
        }
        let u = self.project(x)?;
        let (of_cos, of_sin) = g.split_at(ndarray::Axis(1), self.count);
        let mut sum = 0.0;
        Zip::from(&u).and(of_cos).and(of_sin).for_each(|u, c, s| {
            // du/dℓ = −u/ℓ
            let (sin, cos) = u.sin_cos();
            sum += (c * sin - s * cos) * u;
        });
        Ok(Some(Array1::from_elem(1, sum / self.length)))
    }
}

impl Linear for Features {
    fn copies(&self) -> usize {
        self.outputs
    }

    fn tunables(&self) -> Parameters {
        if self.map == FeatureMap::Fourier { self.all_parameters() } else { Parameters::none() }
    }

    fn tuned_to(&self, theta: &[f64]) -> Result<Arc<dyn GaussianPrior>> {
        let length = theta.first().copied().unwrap_or(self.length);
        Ok(Arc::new(Features { length, ..self.clone() }))
    }

    fn description(&self) -> Option<SavedPrior> {
        Some(SavedPrior::Features(self.clone()))
    }
}
