//! Passes over batches: one run of a net on some rows, and sums of gradients over many, in parallel and without allocation once warm.

use rayon::prelude::*;

use super::Net;
use super::layer::{Precision, Sink, Summed, Tape};
use crate::math::Real;

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
        self.x.clear();
        self.x.extend_from_slice(x);
        self.again(net, theta)
    }

    fn again(&mut self, net: &Net, theta: &[T]) -> &[T] {
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

/// Of rows (by number) and outputs there, a number that adds over rows, and its slopes with respect to the outputs.
pub type Slopes<'a, T> = dyn Fn(&[usize], &[T], &mut [T]) -> f64 + Sync + 'a;

/// Memory of sums over batches: one lane for each part of the batch.
#[derive(Clone, Debug, Default)]
pub struct Work<T> {
    lanes: Vec<Lane<T>>,
    used: usize,
}

#[derive(Clone, Debug, Default)]
struct Lane<T> {
    run: Run<T>,
    rows: Vec<usize>,
    dy: Vec<T>,
    gradient: Vec<T>,
    value: f64,
}

/// Rows of one part: large enough for efficient products, small enough to share; a constant of the numbers.
const PART: usize = 64;
/// Most parts, each of which holds a gradient.
const PARTS: usize = 16;
/// Numbers that one run should not exceed in its layers' outputs.
const HELD: usize = 1 << 22;

impl Net {
    /// Rows that a run of this net may take at a time.
    #[must_use]
    pub fn block(&self) -> usize {
        let held: usize = self.width() + self.layers().map(|layer| layer.output().size()).sum::<usize>();
        (HELD / held.max(1)).clamp(1, 256)
    }

    /// Σ over rows of a function of the outputs, and its gradient with respect to θ, left in the lanes of `work`: add them up with
    /// [`Work::add_to`], or in a pass of your own over [`Work::gradients`]. Parts of the batch in parallel.
    ///
    /// # Panics
    /// If θ or the batch does not fit the net.
    pub fn sum_slopes<T: Precision>(
        &self,
        theta: &[T],
        batch: Batch<'_, T>,
        slopes: &Slopes<'_, T>,
        work: &mut Work<T>,
    ) -> f64 {
        let n = batch.rows.map_or(batch.x.len() / self.width(), <[usize]>::len);
        let part = PART.max(n.div_ceil(PARTS));
        work.used = n.div_ceil(part).max(1);
        if work.lanes.len() < work.used {
            work.lanes.resize_with(work.used, Lane::default);
        }
        let block = self.block();
        let run = |(index, lane): (usize, &mut Lane<T>)| {
            lane.gradient.clear();
            lane.gradient.resize(self.weights(), T::ZERO);
            lane.value = 0.0;
            let end = (index * part + part).min(n);
            let mut from = index * part;
            while from < end {
                let to = (from + block).min(end);
                lane.on(self, theta, batch, from..to, slopes);
                from = to;
            }
        };
        if work.used == 1 {
            run((0, &mut work.lanes[0]));
        } else {
            work.lanes[..work.used].par_iter_mut().enumerate().for_each(run);
        }
        work.lanes[..work.used].iter().map(|lane| lane.value).sum()
    }

    /// Slopes with respect to ε after [`Net::sum_slopes`]: the gradients of the parts added in their order and pulled back, in one pass that overwrites
    /// `out`.
    ///
    /// # Panics
    /// If a vector does not have the length of the weights, or `work` is of another net.
    pub fn gather<T: Precision>(&self, eps: &[T], work: &Work<T>, out: &mut [T]) {
        assert!(eps.len() == self.weights() && out.len() == self.weights(), "gather: one number a weight");
        self.by_chunks(out, |tensor, from, out| {
            let own = tensor.start + from..tensor.start + from + out.len();
            let mut parts = work.gradients();
            match parts.next() {
                Some(first) => out.copy_from_slice(&first[own.clone()]),
                None => out.fill(T::ZERO),
            }
            for part in parts {
                out.iter_mut().zip(&part[own.clone()]).for_each(|(out, g)| *out += *g);
            }
            tensor.law.pull(tensor.columns, from, &eps[own], out);
        });
    }

    /// Outputs at the rows of a batch, one after another; in parallel.
    ///
    /// # Panics
    /// If θ or the batch does not fit the net.
    pub fn outputs_at<T: Precision>(&self, theta: &[T], x: &[T]) -> Vec<T> {
        let block = self.block();
        let mut out = vec![T::ZERO; x.len() / self.width() * self.count()];
        let parts = x.par_chunks(block * self.width()).zip(out.par_chunks_mut(block * self.count()));
        parts.for_each_init(Run::default, |run, (x, out)| {
            out.copy_from_slice(run.forward(self, theta, x));
        });
        out
    }
}

impl<T: Precision> Lane<T> {
    fn on(
        &mut self,
        net: &Net,
        theta: &[T],
        batch: Batch<'_, T>,
        range: std::ops::Range<usize>,
        slopes: &Slopes<'_, T>,
    ) {
        let width = net.width();
        self.rows.clear();
        self.run.x.clear();
        match batch.rows {
            Some(rows) => {
                self.rows.extend_from_slice(&rows[range]);
                for &row in &self.rows {
                    self.run.x.extend_from_slice(&batch.x[row * width..(row + 1) * width]);
                }
            }
            None => {
                self.run.x.extend_from_slice(&batch.x[range.start * width..range.end * width]);
                self.rows.extend(range);
            }
        }
        self.run.again(net, theta);
        self.dy.resize(self.run.y.len(), T::ZERO);
        self.value += slopes(&self.rows, &self.run.y, &mut self.dy);
        self.run.backward(net, theta, &self.dy, &mut Summed(&mut self.gradient));
    }
}

impl<T: Real> Work<T> {
    /// Gradients of the parts of the last batch, to be added in this order.
    pub fn gradients(&self) -> impl Iterator<Item = &[T]> + Clone {
        self.lanes[..self.used].iter().map(|lane| lane.gradient.as_slice())
    }

    /// Adds the gradients of the parts to `out`, in their order.
    pub fn add_to(&self, out: &mut [T]) {
        const CHUNK: usize = 1 << 14;
        let add = |(index, out): (usize, &mut [T])| {
            for gradient in self.gradients() {
                let own = &gradient[index * CHUNK..][..out.len()];
                out.iter_mut().zip(own).for_each(|(out, g)| *out += *g);
            }
        };
        if out.len() <= 2 * CHUNK {
            out.chunks_mut(CHUNK).enumerate().for_each(add);
        } else {
            out.par_chunks_mut(CHUNK).enumerate().for_each(add);
        }
    }
}
