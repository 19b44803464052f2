//! Neural networks as priors over functions: layers with curvature, weights in white coordinates, soft pathways.
//!
//! A net is built once, `Net::inputs(784).dense(256).tanh().dense(10).build()?`, and its shapes are checked then. All of its weights are one
//! vector θ, the image of white noise ε ~ N(0, I) under the priors of its tensors, so that inference in ε is well scaled at any softness and a
//! weight of scale 0 is simply absent. Passes run in f32 or f64 over batches, cut by the number of rows alone: the bits of a result do not depend
//! on threads.

mod activation;
mod build;
mod chain;
mod conv;
mod dense;
mod law;
pub mod layer;
mod layer_norm;
mod parts;
mod pass;
mod pool;
mod shape;
mod sums;
mod white;

use std::fmt;

pub use activation::Activation;
pub use build::NetBuilder;
pub use law::{Bend, WeightLaw};
pub use layer::{Layer, Precision};
pub use pass::{Batch, Run};
pub use shape::Shape;
pub use sums::{Gradient, Slopes, Work};

use self::chain::Chain;
use self::parts::Part;
use crate::math::Real;
use crate::prior::Result;
use crate::{Ledger, PriorError};

/// A tensor of weights: its place in θ, its shape and its prior.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name: place of the layer in the net, kind, what it is, for example `0.dense.weight`.
    pub name: String,
    /// Where it begins in θ.
    pub start: usize,
    /// Rows: the outputs of a matrix.
    pub rows: usize,
    /// Columns: the inputs of a matrix, 1 for a bias.
    pub columns: usize,
    /// Its prior.
    pub law: WeightLaw,
}

impl Tensor {
    /// How many weights it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows * self.columns
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its place in θ.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.len()
    }

    /// Slopes with respect to white coordinates of scale 1 from those with respect to its weights, in place: for some of its whole rows, at
    /// their coordinates. (Those with respect to its own coordinates are `scale` times as large.)
    ///
    /// # Panics
    /// If the two have different lengths.
    pub fn pull_unit<T: Real>(&self, eps: &[T], slopes: &mut [T]) {
        assert!(eps.len() == slopes.len(), "pull_unit: one number a weight");
        self.law.clone().at(1.0).pull(self.columns, 0, eps, slopes);
    }
}

/// A neural network with a prior over its weights: a prior over functions.
#[derive(Clone)]
pub struct Net {
    input: Shape,
    body: Chain,
    tensors: Vec<Tensor>,
    parts: Vec<Part>,
    weights: usize,
    ledger: Ledger,
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Net({} → {}; {} weights)", self.input, self.body.name(), self.weights)
    }
}

impl Net {
    /// Begins a net on vectors of that many numbers.
    #[must_use]
    pub fn inputs(units: usize) -> NetBuilder {
        NetBuilder::new(Shape::flat(units))
    }

    /// Begins a net on images, given channel by channel, row by row.
    #[must_use]
    pub fn image(channels: usize, height: usize, width: usize) -> NetBuilder {
        NetBuilder::new(Shape::grid(channels, height, width))
    }

    /// Shape of an input.
    #[must_use]
    pub fn input(&self) -> Shape {
        self.input
    }

    /// How many numbers an input has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.input.size()
    }

    /// Number of outputs.
    #[must_use]
    pub fn count(&self) -> usize {
        self.body.output().size()
    }

    /// Number of weights.
    #[must_use]
    pub fn weights(&self) -> usize {
        self.weights
    }

    /// Its layers, outermost first.
    pub fn layers(&self) -> impl Iterator<Item = &dyn Layer> {
        self.body.layers.iter().map(AsRef::as_ref)
    }

    /// Its tensors of weights, in the order of θ, without a gap.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The scale of every tensor's prior, in their order.
    #[must_use]
    pub fn scales(&self) -> Vec<f64> {
        self.tensors.iter().map(|tensor| tensor.law.scale()).collect()
    }

    /// The same net with other scales of its priors. A scale of 0 is a hard constraint: the tensor keeps its mean.
    ///
    /// # Errors
    /// For a wrong number of scales, or one that is not finite and ≥ 0.
    pub fn with_scales(&self, scales: &[f64]) -> Result<Net> {
        if scales.len() != self.tensors.len() {
            return Err(PriorError::Dimensions {
                what: "scales of tensors",
                expected: self.tensors.len(),
                found: scales.len(),
            });
        }
        let mut net = self.clone();
        for (tensor, &scale) in net.tensors.iter_mut().zip(scales) {
            if !(scale >= 0.0 && scale.is_finite()) {
                return Err(PriorError::Net {
                    layer: tensor.name.clone(),
                    problem: format!("a scale must be finite and ≥ 0, found {scale}"),
                });
            }
            tensor.law = tensor.law.clone().at(scale);
        }
        Ok(net)
    }

    /// The same net with the prior of every tensor replaced by what `change` makes of it.
    #[must_use]
    pub fn with_laws(mut self, change: impl Fn(&Tensor) -> WeightLaw) -> Net {
        for tensor in &mut self.tensors {
            tensor.law = change(tensor);
        }
        self
    }

    /// The same net owing more to data.
    #[must_use]
    pub fn owing(mut self, ledger: Ledger) -> Net {
        self.ledger = self.ledger.and(&ledger);
        self
    }

    /// θ of ε; large tensors in parallel.
    ///
    /// # Panics
    /// If either is not as long as the net has weights.
    pub fn place<T: Real>(&self, eps: &[T], theta: &mut [T]) {
        assert!(eps.len() == self.weights && theta.len() == self.weights, "place: one number a weight");
        self.by_parts(theta, &|tensor: &Tensor, from, theta: &mut [T]| {
            let at = tensor.start + from;
            tensor.law.place(tensor.columns, from, &eps[at..at + theta.len()], theta);
        });
    }

    /// Slopes with respect to ε from those with respect to θ, in place.
    ///
    /// # Panics
    /// As [`Net::place`].
    pub fn pull<T: Real>(&self, eps: &[T], slopes: &mut [T]) {
        assert!(eps.len() == self.weights && slopes.len() == self.weights, "pull: one number a weight");
        self.by_parts(slopes, &|tensor: &Tensor, from, slopes: &mut [T]| {
            let at = tensor.start + from;
            tensor.law.pull(tensor.columns, from, &eps[at..at + slopes.len()], slopes);
        });
    }

    /// The tangent of θ from that of ε, in place.
    ///
    /// # Panics
    /// As [`Net::place`].
    pub fn push<T: Real>(&self, eps: &[T], tangent: &mut [T]) {
        assert!(eps.len() == self.weights && tangent.len() == self.weights, "push: one number a weight");
        for tensor in &self.tensors {
            let own = tensor.range();
            tensor.law.push(tensor.columns, 0, &eps[own.clone()], &mut tangent[own]);
        }
    }
}
