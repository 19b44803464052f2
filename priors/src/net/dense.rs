//! Dense layers: y = W x + b, the weights free or tied by permutations of inputs and outputs.

use std::sync::Arc;

use crate::math::Real;
use crate::math::linalg::{Rows, gemm};
use crate::net::layer::{Layer, MatrixSite, Passes, Sink, Site, Tape};
use crate::net::{Shape, Tensor, WeightLaw};

/// y = W x + b. θ holds W (outputs × inputs) row by row, then b.
#[derive(Clone, Debug)]
pub(super) struct Dense {
    pub(super) start: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) weights: WeightLaw,
    /// `None`: no bias.
    pub(super) bias: Option<WeightLaw>,
    pub(super) label: String,
}

impl Dense {
    /// Where the matrix stands in θ.
    pub(super) fn weights(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.inputs * self.outputs
    }

    /// Where the bias stands in θ; empty without one.
    pub(super) fn biases(&self) -> std::ops::Range<usize> {
        let start = self.weights().end;
        start..start + if self.bias.is_some() { self.outputs } else { 0 }
    }

    /// Where all its weights stand in θ.
    pub(super) fn own(&self) -> std::ops::Range<usize> {
        self.start..self.biases().end
    }

    /// The same with every scale multiplied.
    pub(super) fn times(&self, softness: f64) -> Dense {
        let bias = self.bias.as_ref().map(|law| law.clone().times(softness));
        Dense { weights: self.weights.clone().times(softness), bias, ..self.clone() }
    }
}

/// Adds the bias to every row.
fn add_bias<T: Real>(y: &mut [T], bias: &[T]) {
    if !bias.is_empty() {
        y.chunks_exact_mut(bias.len()).for_each(|row| row.iter_mut().zip(bias).for_each(|(y, b)| *y += *b));
    }
}

impl Layer for Dense {
    fn name(&self) -> String {
        format!("dense({} → {})", self.inputs, self.outputs)
    }

    fn output(&self) -> Shape {
        Shape::flat(self.outputs)
    }

    fn tensors(&self) -> Vec<Tensor> {
        let weights = Tensor {
            name: format!("{}.weight", self.label),
            start: self.start,
            rows: self.outputs,
            columns: self.inputs,
            law: self.weights.clone(),
        };
        let bias = self.bias.as_ref().map(|law| Tensor {
            name: format!("{}.bias", self.label),
            start: self.biases().start,
            rows: self.outputs,
            columns: 1,
            law: law.clone(),
        });
        std::iter::once(weights).chain(bias).collect()
    }

    fn is_linear(&self) -> bool {
        self.bias.is_none()
    }

    fn softened(&self, softness: f64) -> Option<Box<dyn Layer>> {
        Some(Box::new(self.times(softness)))
    }
}

impl<T: Real> Passes<T> for Dense {
    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], _rows: usize, _tape: &mut Tape<T>) {
        gemm(y, Rows::of(x, self.inputs), Rows::of(&theta[self.weights()], self.inputs).t(), false);
        add_bias(y, &theta[self.biases()]);
    }

    fn backward(
        &self,
        theta: &[T],
        x: &[T],
        _y: &[T],
        dy: &[T],
        dx: Option<&mut [T]>,
        rows: usize,
        _tape: &mut Tape<T>,
        sink: &mut dyn Sink<T>,
    ) {
        sink.visit(self, x, dy, rows);
        if let Some(dx) = dx {
            gemm(dx, Rows::of(dy, self.outputs), Rows::of(&theta[self.weights()], self.inputs), false);
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
        _rows: usize,
        _tape: &mut Tape<T>,
    ) {
        gemm(dy, Rows::of(x, self.inputs), Rows::of(&along[self.weights()], self.inputs).t(), false);
        if let Some(dx) = dx {
            gemm(dy, Rows::of(dx, self.inputs), Rows::of(&theta[self.weights()], self.inputs).t(), true);
        }
        add_bias(dy, &along[self.biases()]);
    }
}

impl<T: Real> Site<T> for Dense {
    fn start(&self) -> usize {
        self.start
    }

    fn len(&self) -> usize {
        self.own().len()
    }

    fn gradient(&self, x: &[T], dy: &[T], _rows: usize, out: &mut [T]) {
        let (weights, bias) = out.split_at_mut(self.inputs * self.outputs);
        gemm(weights, Rows::of(dy, self.outputs).t(), Rows::of(x, self.inputs), true);
        if !bias.is_empty() {
            dy.chunks_exact(self.outputs)
                .for_each(|row| bias.iter_mut().zip(row).for_each(|(b, g)| *b += *g));
        }
    }

    fn matrix(&self) -> Option<MatrixSite> {
        let bias = self.bias.is_some();
        Some(MatrixSite { outputs: self.outputs, inputs: self.inputs, positions: 1, bias, plain: true })
    }
}

/// A dense layer whose matrix is an average over permutations, W = 1/|G| Σ_g P_out(g)ᵀ V P_in(g): equivariant, or invariant where outputs
/// are not moved. θ holds the free V, then b (tied likewise).
#[derive(Clone, Debug)]
pub(super) struct Tied {
    pub(super) dense: Dense,
    /// For every element, where it takes an input from, and an output.
    pub(super) moves: Arc<[(Vec<usize>, Vec<usize>)]>,
}

impl Tied {
    /// The average of a matrix and a bias: itself the reverse of itself, as the elements form a group.
    fn averaged<T: Real>(&self, free: &[T], out: &mut [T]) {
        let (n, m) = (self.dense.inputs, self.dense.outputs);
        let share = T::of(1.0 / self.moves.len() as f64);
        out.fill(T::ZERO);
        for (from, to) in self.moves.iter() {
            for i in 0..m {
                let row = &free[to[i] * n..(to[i] + 1) * n];
                let own = &mut out[i * n..(i + 1) * n];
                own.iter_mut().zip(from).for_each(|(w, j)| *w += share * row[*j]);
                if self.dense.bias.is_some() {
                    out[n * m + i] += share * free[n * m + to[i]];
                }
            }
        }
    }

    fn at_zero(&self) -> Dense {
        Dense { start: 0, ..self.dense.clone() }
    }
}

impl Layer for Tied {
    fn name(&self) -> String {
        format!("tied({} → {}, {} moves)", self.dense.inputs, self.dense.outputs, self.moves.len())
    }

    fn output(&self) -> Shape {
        self.dense.output()
    }

    fn tensors(&self) -> Vec<Tensor> {
        self.dense.tensors()
    }

    fn is_linear(&self) -> bool {
        self.dense.is_linear()
    }

    fn softened(&self, softness: f64) -> Option<Box<dyn Layer>> {
        Some(Box::new(Tied { dense: self.dense.times(softness), ..self.clone() }))
    }
}

impl<T: Real> Passes<T> for Tied {
    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], rows: usize, tape: &mut Tape<T>) {
        let own = self.dense.own();
        let tied = tape.vector(0, own.len());
        self.averaged(&theta[own], tied);
        self.at_zero().forward(tied, x, y, rows, &mut Tape::default());
    }

    fn backward(
        &self,
        _theta: &[T],
        x: &[T],
        _y: &[T],
        dy: &[T],
        dx: Option<&mut [T]>,
        rows: usize,
        tape: &mut Tape<T>,
        sink: &mut dyn Sink<T>,
    ) {
        sink.visit(self, x, dy, rows);
        if let Some(dx) = dx {
            let (n, m) = (self.dense.inputs, self.dense.outputs);
            gemm(dx, Rows::of(dy, m), Rows::of(&tape.numbers[0][..n * m], n), false);
        }
    }

    fn tangent(
        &self,
        _theta: &[T],
        along: &[T],
        x: &[T],
        y: &[T],
        dx: Option<&[T]>,
        dy: &mut [T],
        rows: usize,
        tape: &mut Tape<T>,
    ) {
        let own = self.dense.own();
        let mut moved = vec![T::ZERO; own.len()];
        self.averaged(&along[own], &mut moved);
        let tied = tape.vector(0, moved.len()).clone();
        self.at_zero().tangent(&tied, &moved, x, y, dx, dy, rows, &mut Tape::default());
    }
}

impl<T: Real> Site<T> for Tied {
    fn start(&self) -> usize {
        self.dense.start
    }

    fn len(&self) -> usize {
        self.dense.own().len()
    }

    fn gradient(&self, x: &[T], dy: &[T], rows: usize, out: &mut [T]) {
        let mut free = vec![T::ZERO; out.len()];
        self.dense.gradient(x, dy, rows, &mut free);
        let mut tied = vec![T::ZERO; out.len()];
        self.averaged(&free, &mut tied);
        out.iter_mut().zip(tied).for_each(|(out, g)| *out += g);
    }
}
