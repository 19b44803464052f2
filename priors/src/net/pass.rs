//! One run of a net on some rows: forward, reverse and tangent passes, without allocation once warm.

use super::Net;
use super::layer::{Precision, Sink, Tape};

/// Rows to run on: a matrix held row by row, and which of its rows (`None`: all).
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a, T> {
    /// The matrix.
    pub x: &'a [T],
    /// Which rows, in this order.
    pub rows: Option<&'a [usize]>,
}

/// One run of a net: its inputs, outputs and what the reverse and tangent passes need. Kept between calls, it allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Run<T> {
    rows: usize,
    x: Vec<T>,
    y: Vec<T>,
    tape: Tape<T>,
}

impl<T: Precision> Run<T> {
    /// Runs the net at θ on rows held one after another.
    ///
    /// # Panics
    /// If θ or the rows do not fit the net.
    pub fn forward(&mut self, net: &Net, theta: &[T], x: &[T]) -> &[T] {
        self.inputs().extend_from_slice(x);
        self.again(net, theta)
    }

    /// The rows of the next run, none yet.
    pub(super) fn inputs(&mut self) -> &mut Vec<T> {
        self.x.clear();
        &mut self.x
    }

    /// The rows of the last run, one after another: what sites that read them are shown, in this very place.
    #[must_use]
    pub fn read(&self) -> &[T] {
        &self.x
    }

    /// Runs on the rows in [`Run::inputs`].
    pub(super) fn again(&mut self, net: &Net, theta: &[T]) -> &[T] {
        assert!(
            theta.len() == net.weights() && self.x.len().is_multiple_of(net.width()),
            "run: shapes do not fit"
        );
        self.rows = self.x.len() / net.width();
        self.y.resize(self.rows * net.count(), T::ZERO);
        T::of_layer(&net.body).forward(theta, &self.x, &mut self.y, self.rows, &mut self.tape);
        &self.y
    }

    /// How many rows it ran on.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Outputs of the last run, row by row.
    #[must_use]
    pub fn outputs(&self) -> &[T] {
        &self.y
    }

    /// Shows every site the slopes that follow from those at the outputs, at the θ of the last run.
    ///
    /// # Panics
    /// If the slopes do not have the outputs' length.
    pub fn backward(&mut self, net: &Net, theta: &[T], dy: &[T], sink: &mut dyn Sink<T>) {
        assert!(dy.len() == self.y.len(), "backward: one slope an output");
        let tape = &mut self.tape;
        T::of_layer(&net.body).backward(theta, &self.x, &self.y, dy, None, self.rows, tape, sink);
    }

    /// Directional derivative of the outputs along a tangent of θ.
    ///
    /// # Panics
    /// If the tangent or `out` does not fit.
    pub fn tangent(&mut self, net: &Net, theta: &[T], along: &[T], out: &mut [T]) {
        assert!(along.len() == theta.len() && out.len() == self.y.len(), "tangent: shapes do not fit");
        let tape = &mut self.tape;
        T::of_layer(&net.body).tangent(theta, along, &self.x, &self.y, None, out, self.rows, tape);
    }
}
