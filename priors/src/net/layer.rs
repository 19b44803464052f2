//! What a layer must do: forward, reverse and tangent passes over a batch, in either precision, and show its weights to curvature.

use std::fmt::Debug;

use crate::math::Real;
use crate::net::{Activation, Shape, Tensor};

/// A layer of a net: a map from activations to activations, row by row of a batch, that may have weights.
///
/// The weights of a whole net are one vector θ; a layer knows where its own begin. Everything numerical is in [`Passes`], for f32 and f64.
pub trait Layer: Debug + Send + Sync + Passes<f32> + Passes<f64> {
    /// What it is, as error messages and tables name it, for example `dense(784 → 256)`.
    fn name(&self) -> String;

    /// Shape of one row of its output.
    fn output(&self) -> Shape;

    /// Its tensors of weights in the order of θ, each with its prior.
    fn tensors(&self) -> Vec<Tensor> {
        Vec::new()
    }

    /// Whether it is linear in its input for given weights.
    fn is_linear(&self) -> bool;

    /// The function that it applies to every number by itself; `None` for a layer that is no activation.
    fn activation(&self) -> Option<Activation> {
        None
    }

    /// The same layer with its last linear map's weights multiplied by `softness` in the prior; `None` where no such weights are the last
    /// thing that is not linear in the input.
    fn softened(&self, softness: f64) -> Option<Box<dyn Layer>> {
        let _ = softness;
        None
    }
}

/// Working memory of one layer for one batch; kept between calls, so that nothing is allocated twice.
#[derive(Clone, Debug, Default)]
pub struct Tape<T> {
    /// Numbers kept by the forward pass, and scratch.
    pub numbers: Vec<Vec<T>>,
    /// Places kept by the forward pass.
    pub places: Vec<u32>,
    /// Tapes of the layers within.
    pub inner: Vec<Tape<T>>,
}

impl<T: Real> Tape<T> {
    /// The `index`-th vector, as long as asked, whatever is in it.
    pub fn vector(&mut self, index: usize, len: usize) -> &mut Vec<T> {
        while self.numbers.len() <= index {
            self.numbers.push(Vec::new());
        }
        self.numbers[index].resize(len, T::ZERO);
        &mut self.numbers[index]
    }

    /// As many tapes within as asked.
    pub fn inner(&mut self, count: usize) -> &mut [Tape<T>] {
        self.inner.resize_with(count, Tape::default);
        &mut self.inner
    }
}

/// The passes of a layer. `x`, `y` and their slopes hold rows one after another; θ is that of the whole net.
pub trait Passes<T: Real> {
    /// y from x.
    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], rows: usize, tape: &mut Tape<T>);

    /// Slopes with respect to x from those with respect to y, after the forward pass with the same tape; every weight site is shown to
    /// the sink. Without `dx` only the sites are visited.
    #[allow(clippy::too_many_arguments)]
    fn backward(
        &self,
        theta: &[T],
        x: &[T],
        y: &[T],
        dy: &[T],
        dx: Option<&mut [T]>,
        rows: usize,
        tape: &mut Tape<T>,
        sink: &mut dyn Sink<T>,
    );

    /// Directional derivative of y along tangents of θ and of x (`None`: zero), after the forward pass with the same tape.
    #[allow(clippy::too_many_arguments)]
    fn tangent(
        &self,
        theta: &[T],
        along: &[T],
        x: &[T],
        y: &[T],
        dx: Option<&[T]>,
        dy: &mut [T],
        rows: usize,
        tape: &mut Tape<T>,
    );
}

/// A tensor of weights where the reverse pass meets it: y = W x at one or more positions, or another use that knows its own gradient.
pub trait Site<T: Real> {
    /// Where its weights begin in θ.
    fn start(&self) -> usize;

    /// How many weights it has, those of its bias included.
    fn len(&self) -> usize;

    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds Σ over rows of the slopes with respect to its weights to a vector that holds its weights alone.
    fn gradient(&self, x: &[T], dy: &[T], rows: usize, out: &mut [T]);

    /// Adds Σ over rows of squared slopes, row by row. (For a matrix used at one position curvature does with one product.)
    fn squares(&self, x: &[T], dy: &[T], rows: usize, out: &mut [T]) {
        let (inputs, outputs) = (x.len() / rows.max(1), dy.len() / rows.max(1));
        let mut own = vec![T::ZERO; self.len()];
        for (x, dy) in x.chunks_exact(inputs.max(1)).zip(dy.chunks_exact(outputs.max(1))) {
            own.fill(T::ZERO);
            self.gradient(x, dy, 1, &mut own);
            out.iter_mut().zip(&own).for_each(|(out, g)| *out += *g * *g);
        }
    }

    /// For weights of the form W x: the vectors x and the slopes dy by position, as rows; `None` for other uses of weights.
    fn matrix(&self) -> Option<MatrixSite> {
        None
    }

    /// Writes the inputs of W, position by position of every row, one after another.
    fn unfold(&self, x: &[T], rows: usize, out: &mut Vec<T>) {
        let _ = rows;
        out.clear();
        out.extend_from_slice(x);
    }

    /// Writes the slopes at the outputs of W, position by position of every row.
    fn unfold_slopes(&self, dy: &[T], rows: usize, out: &mut Vec<T>) {
        let _ = rows;
        out.clear();
        out.extend_from_slice(dy);
    }
}

/// The shape of a matrix of weights and of its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatrixSite {
    /// Outputs of W.
    pub outputs: usize,
    /// Inputs of W.
    pub inputs: usize,
    /// Positions a row at which it is used (1 for a dense layer).
    pub positions: usize,
    /// Whether a bias of `outputs` numbers follows it in θ.
    pub bias: bool,
    /// Whether the site's x and dy are the matrix's inputs and outputs as they are: else they have to be unfolded.
    pub plain: bool,
}

/// Who watches a reverse pass.
pub trait Sink<T: Real> {
    /// The input `x` and the output slopes `dy` of a site.
    fn visit(&mut self, site: &dyn Site<T>, x: &[T], dy: &[T], rows: usize);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl<T: Real> Sink<T> for Nobody {
    fn visit(&mut self, _: &dyn Site<T>, _: &[T], _: &[T], _: usize) {}
}

/// Sums gradients over rows into a vector of the length of θ.
#[derive(Debug)]
pub struct Summed<'a, T>(pub &'a mut [T]);

impl<T: Real> Sink<T> for Summed<'_, T> {
    fn visit(&mut self, site: &dyn Site<T>, x: &[T], dy: &[T], rows: usize) {
        let own = site.start()..site.start() + site.len();
        site.gradient(x, dy, rows, &mut self.0[own]);
    }
}

/// A precision that finds its passes in a layer.
pub trait Precision: Real {
    /// The passes of this precision.
    fn of_layer(layer: &dyn Layer) -> &dyn Passes<Self>;
}

impl Precision for f32 {
    fn of_layer(layer: &dyn Layer) -> &dyn Passes<f32> {
        layer
    }
}

impl Precision for f64 {
    fn of_layer(layer: &dyn Layer) -> &dyn Passes<f64> {
        layer
    }
}
