//! Two-dimensional convolutions with stride and zero padding, as products with unfolded patches.

use crate::math::Real;
use crate::math::linalg::{Rows, gemm};
use crate::net::dense::Dense;
use crate::net::layer::{Layer, MatrixSite, Passes, Sink, Site, Tape};
use crate::net::{Shape, Tensor};

/// y = W * x + b: a dense layer from the patch at every position to the channels. θ holds W (channel out × channel in × row × column), then b
/// (channel out).
#[derive(Clone, Debug)]
pub(super) struct Conv {
    /// From a patch (channel in, row, column) to the channels.
    pub(super) dense: Dense,
    pub(super) input: Shape,
    /// Side of the square filter.
    pub(super) side: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

/// Side of the output of a filter along a side of the input; `None` if the filter does not fit.
pub(super) fn output_side(input: usize, filter: usize, stride: usize, padding: usize) -> Option<usize> {
    let room = (input + 2 * padding).checked_sub(filter)?;
    (stride > 0 && filter > 0).then(|| room / stride + 1)
}

impl Conv {
    pub(super) fn shape(&self) -> Option<Shape> {
        let side = |of| output_side(of, self.side, self.stride, self.padding);
        Some(Shape::grid(self.dense.outputs, side(self.input.height)?, side(self.input.width)?))
    }

    /// Calls back with the place in the patch, first place among the positions, first place in the input and the number of positions, for
    /// every run of positions whose inputs lie inside the grid.
    fn runs(&self, mut each: impl FnMut(usize, usize, usize, usize)) {
        let (out, input) = (Layer::output(self), self.input);
        for channel in 0..input.channels {
            for (down, right) in (0..self.side).flat_map(|i| (0..self.side).map(move |j| (i, j))) {
                let place = (channel * self.side + down) * self.side + right;
                // positions whose column lies inside
                let first = self.padding.saturating_sub(right).div_ceil(self.stride);
                let inside = (input.width + self.padding).saturating_sub(right).div_ceil(self.stride);
                let last = inside.min(out.width);
                if last <= first {
                    continue;
                }
                for i in 0..out.height {
                    let row = i * self.stride + down;
                    if row < self.padding || row - self.padding >= input.height {
                        continue;
                    }
                    let from = (channel * input.height + row - self.padding) * input.width
                        + (first * self.stride + right - self.padding);
                    each(place, i * out.width + first, from, last - first);
                }
            }
        }
    }

    /// Patches of one row of the batch: (place in the patch × position).
    fn patches<T: Real>(&self, x: &[T], out: &mut [T]) {
        let positions = Layer::output(self).positions();
        out.fill(T::ZERO);
        self.runs(|place, to, from, count| {
            let target = &mut out[place * positions + to..][..count];
            if self.stride == 1 {
                target.copy_from_slice(&x[from..from + count]);
            } else {
                target.iter_mut().zip(x[from..].iter().step_by(self.stride)).for_each(|(t, x)| *t = *x);
            }
        });
    }

    /// The reverse of `patches`: adds to the inputs.
    fn fold<T: Real>(&self, patches: &[T], dx: &mut [T]) {
        let positions = Layer::output(self).positions();
        self.runs(|place, to, from, count| {
            let source = &patches[place * positions + to..][..count];
            let target = dx[from..].iter_mut().step_by(self.stride);
            target.zip(source).for_each(|(x, g)| *x += *g);
        });
    }
}

impl Layer for Conv {
    fn name(&self) -> String {
        format!("conv({} → {} channels, {}×{})", self.input, self.dense.outputs, self.side, self.side)
    }

    fn output(&self) -> Shape {
        // (a filter that does not fit is refused when the net is built)
        self.shape().unwrap_or(Shape::grid(self.dense.outputs, 0, 0))
    }

    fn tensors(&self) -> Vec<Tensor> {
        self.dense.tensors()
    }

    fn is_linear(&self) -> bool {
        self.dense.is_linear()
    }

    fn softened(&self, softness: f64) -> Option<Box<dyn Layer>> {
        Some(Box::new(Conv { dense: self.dense.times(softness), ..self.clone() }))
    }
}

impl<T: Real> Passes<T> for Conv {
    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], rows: usize, tape: &mut Tape<T>) {
        let (positions, patch) = (Layer::output(self).positions(), self.dense.inputs);
        let patches = tape.vector(0, patch * positions);
        let weights = Rows::of(&theta[self.dense.weights()], patch);
        let (x, y) =
            (x.chunks_exact(self.input.size()), y.chunks_exact_mut(self.dense.outputs * positions.max(1)));
        for (x, y) in x.zip(y).take(rows) {
            self.patches(x, patches);
            gemm(y, weights, Rows::of(patches, positions), false);
            for (y, b) in y.chunks_exact_mut(positions).zip(&theta[self.dense.biases()]) {
                y.iter_mut().for_each(|y| *y += *b);
            }
        }
    }

    fn backward(
        &self,
        theta: &[T],
        x: &[T],
        _y: &[T],
        dy: &[T],
        dx: Option<&mut [T]>,
        rows: usize,
        tape: &mut Tape<T>,
        sink: &mut dyn Sink<T>,
    ) {
        sink.visit(self, x, dy, rows);
        let Some(dx) = dx else { return };
        let (positions, patch) = (Layer::output(self).positions(), self.dense.inputs);
        let slopes = tape.vector(0, patch * positions);
        let weights = Rows::of(&theta[self.dense.weights()], patch).t();
        dx.fill(T::ZERO);
        let dy = dy.chunks_exact(self.dense.outputs * positions);
        for (dy, dx) in dy.zip(dx.chunks_exact_mut(self.input.size())).take(rows) {
            gemm(slopes, weights, Rows::of(dy, positions), false);
            self.fold(slopes, dx);
        }
    }

    fn tangent(
        &self,
        theta: &[T],
        along: &[T],
        x: &[T],
        _y: &[T],
        dx: Option<&[T]>,
        dy: &mut [T],
        rows: usize,
        tape: &mut Tape<T>,
    ) {
        let (positions, patch, size) =
            (Layer::output(self).positions(), self.dense.inputs, self.input.size());
        let patches = tape.vector(0, patch * positions);
        let moved = Rows::of(&along[self.dense.weights()], patch);
        let weights = Rows::of(&theta[self.dense.weights()], patch);
        for (row, dy) in dy.chunks_exact_mut(self.dense.outputs * positions).enumerate().take(rows) {
            let own = row * size..(row + 1) * size;
            self.patches(&x[own.clone()], patches);
            gemm(dy, moved, Rows::of(patches, positions), false);
            if let Some(dx) = dx {
                self.patches(&dx[own], patches);
                gemm(dy, weights, Rows::of(patches, positions), true);
            }
            for (dy, b) in dy.chunks_exact_mut(positions).zip(&along[self.dense.biases()]) {
                dy.iter_mut().for_each(|y| *y += *b);
            }
        }
    }
}

impl<T: Real> Site<T> for Conv {
    fn start(&self) -> usize {
        self.dense.start
    }

    fn len(&self) -> usize {
        self.dense.own().len()
    }

    fn gradient(&self, x: &[T], dy: &[T], rows: usize, out: &mut [T]) {
        let (positions, patch) = (Layer::output(self).positions(), self.dense.inputs);
        let mut patches = vec![T::ZERO; patch * positions];
        let (weights, bias) = out.split_at_mut(self.dense.outputs * patch);
        let dy = dy.chunks_exact(self.dense.outputs * positions);
        for (x, dy) in x.chunks_exact(self.input.size()).zip(dy).take(rows) {
            self.patches(x, &mut patches);
            gemm(weights, Rows::of(dy, positions), Rows::of(&patches, positions).t(), true);
            for (b, dy) in bias.iter_mut().zip(dy.chunks_exact(positions)) {
                *b += dy.iter().copied().sum::<T>();
            }
        }
    }

    fn matrix(&self) -> Option<MatrixSite> {
        let positions = Layer::output(self).positions();
        let bias = self.dense.bias.is_some();
        let whole = self.padding == 0 && self.side == self.input.height && self.side == self.input.width;
        let (outputs, inputs) = (self.dense.outputs, self.dense.inputs);
        Some(MatrixSite { outputs, inputs, positions, bias, plain: positions == 1 && whole })
    }

    fn unfold(&self, x: &[T], rows: usize, out: &mut Vec<T>) {
        let (positions, patch) = (Layer::output(self).positions(), self.dense.inputs);
        let mut patches = vec![T::ZERO; patch * positions];
        out.clear();
        for x in x.chunks_exact(self.input.size()).take(rows) {
            self.patches(x, &mut patches);
            out.extend((0..positions).flat_map(|p| patches.iter().skip(p).step_by(positions)).copied());
        }
    }

    fn unfold_slopes(&self, dy: &[T], rows: usize, out: &mut Vec<T>) {
        let positions = Layer::output(self).positions();
        out.clear();
        for dy in dy.chunks_exact(self.dense.outputs * positions).take(rows) {
            out.extend((0..positions).flat_map(|p| dy.iter().skip(p).step_by(positions)).copied());
        }
    }
}
