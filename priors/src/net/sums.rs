//! Sums over the rows of a batch with their gradients: rows in parallel on the way forth and back, then weights in parallel.
//!
//! The gradient of a large matrix is taken after the reverse pass, for a few of its rows at a time and all rows of data together: it is
//! written once, while it is in the nearest memory, instead of once a thread and added up.

use rayon::prelude::*;

use super::layer::{Precision, Sink, Site};
use super::pass::{Batch, Run};
use super::{Net, Tensor};
use crate::math::Real;
use crate::math::linalg::{Rows, gemm};

/// Of rows (by number) and outputs there, a number that adds over rows, and its slopes with respect to the outputs.
pub type Slopes<'a, T> = dyn Fn(&[usize], &[T], &mut [T]) -> f64 + Sync + 'a;

/// Where the gradient of a sum goes: it overwrites what is there.
#[derive(Debug)]
pub enum Gradient<'a, T> {
    /// The value alone is wanted.
    None,
    /// With respect to θ.
    Weights(&'a mut [T]),
    /// With respect to white coordinates.
    White {
        /// The coordinates whose θ the sum is taken at.
        eps: &'a [T],
        /// Where it goes.
        out: &'a mut [T],
    },
}

/// Memory of sums over batches, kept between calls: one lane for each part of the rows.
#[derive(Clone, Debug, Default)]
pub struct Work<T> {
    lanes: Vec<Lane<T>>,
}

#[derive(Clone, Debug, Default)]
struct Lane<T> {
    run: Run<T>,
    rows: Vec<usize>,
    dy: Vec<T>,
    /// Σ over the lane's rows, at the places of small tensors only.
    gradient: Vec<T>,
    /// Uses of large matrices.
    uses: Vec<Use<T>>,
    value: f64,
}

/// y = W x as the reverse pass met it.
#[derive(Clone, Debug, Default)]
struct Use<T> {
    start: usize,
    outputs: usize,
    /// `None`: the inputs of the run.
    x: Option<Vec<T>>,
    dy: Vec<T>,
}

/// Rows of one lane at least: large enough for efficient products, small enough to share; a constant of the numbers.
const LANE: usize = 64;
/// Most lanes at a time.
const LANES: usize = 16;
/// Numbers that one run should not exceed in its layers' outputs.
const HELD: usize = 1 << 22;
/// Matrices of at least this many weights are large.
const LARGE: usize = 1 << 14;

impl Net {
    /// Rows that a run of this net may take at a time.
    #[must_use]
    pub fn block(&self) -> usize {
        let held: usize = self.width() + self.layers().map(|layer| layer.output().size()).sum::<usize>();
        (HELD / held.max(1)).clamp(1, 256)
    }

    /// Σ over rows of a function of the outputs, and its gradient. In parallel; O(rows × weights), the memory of at most 16 × 256 rows' layers,
    /// and of 16 gradients of the tensors that are not matrices of 16,384 weights or more.
    ///
    /// # Panics
    /// If θ, the batch or the gradient does not fit the net.
    pub fn sum_slopes<T: Precision>(
        &self,
        theta: &[T],
        batch: Batch<'_, T>,
        slopes: &Slopes<'_, T>,
        work: &mut Work<T>,
        gradient: Gradient<'_, T>,
    ) -> f64 {
        let (eps, mut out) = match gradient {
            Gradient::None => (None, None),
            Gradient::Weights(out) => (None, Some(out)),
            Gradient::White { eps, out } => (Some(eps), Some(out)),
        };
        let lengths = eps.iter().map(|eps| eps.len()).chain(out.iter().map(|out| out.len()));
        assert!(lengths.into_iter().all(|len| len == self.weights()), "sum_slopes: one number a weight");
        assert!(batch.x.len().is_multiple_of(self.width()), "sum_slopes: rows of {} numbers", self.width());
        let n = batch.rows.map_or(batch.x.len() / self.width(), <[usize]>::len);
        let each = n.div_ceil(LANES).max(LANE).min(self.block());
        let used = n.div_ceil(each).clamp(1, LANES);
        if work.lanes.len() < used {
            work.lanes.resize_with(used, Lane::default);
        }
        let lanes = &mut work.lanes[..used];
        lanes.iter_mut().for_each(|lane| lane.value = 0.0);
        let turn = used * each;
        for from in (0..n.max(1)).step_by(turn) {
            let back = out.is_some().then_some(from == 0);
            let run = |(index, lane): (usize, &mut Lane<T>)| {
                let own = (from + index * each).min(n)..(from + (index + 1) * each).min(n);
                lane.on(self, theta, batch, own, slopes, back);
            };
            if let [lane] = lanes {
                run((0, lane));
            } else {
                lanes.par_iter_mut().enumerate().for_each(run);
            }
            if let Some(out) = &mut out {
                self.gather(lanes, from == 0, from + turn >= n, eps, out);
            }
        }
        lanes.iter().map(|lane| lane.value).sum()
    }

    /// Gradients of large matrices for the rows that the lanes hold; at the end those of small tensors too, and all pulled back to `eps`.
    fn gather<T: Precision>(
        &self,
        lanes: &[Lane<T>],
        first: bool,
        last: bool,
        eps: Option<&[T]>,
        out: &mut [T],
    ) {
        self.by_parts(out, &|tensor: &Tensor, from, out: &mut [T]| {
            let own = tensor.start + from..tensor.start + from + out.len();
            let large = lanes[0].uses.iter().position(|used| used.start == tensor.start);
            if let Some(index) = large {
                let rows = from / tensor.columns..(from + out.len()) / tensor.columns;
                for (number, lane) in lanes.iter().enumerate() {
                    let Some(used) = lane.uses.get(index) else { continue };
                    let slopes = Rows::of(&used.dy, used.outputs).columns(rows.clone());
                    let x = used.x.as_deref().unwrap_or(lane.run.read());
                    gemm(out, slopes.t(), Rows::of(x, tensor.columns), !(first && number == 0));
                }
            } else if last {
                let (one, others) = (&lanes[0], &lanes[1..]);
                out.copy_from_slice(&one.gradient[own.clone()]);
                for lane in others {
                    out.iter_mut().zip(&lane.gradient[own.clone()]).for_each(|(out, g)| *out += *g);
                }
            }
            if let (true, Some(eps)) = (last, eps) {
                tensor.law.pull(tensor.columns, from, &eps[own], out);
            }
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
    /// Runs on these rows of the batch; `back`: also the reverse pass, and whether it is the first of a sum.
    fn on(
        &mut self,
        net: &Net,
        theta: &[T],
        batch: Batch<'_, T>,
        range: std::ops::Range<usize>,
        slopes: &Slopes<'_, T>,
        back: Option<bool>,
    ) {
        let width = net.width();
        self.rows.clear();
        let x = self.run.inputs();
        match batch.rows {
            Some(rows) => {
                self.rows.extend_from_slice(&rows[range]);
                for &row in &self.rows {
                    x.extend_from_slice(&batch.x[row * width..(row + 1) * width]);
                }
            }
            None => {
                x.extend_from_slice(&batch.x[range.start * width..range.end * width]);
                self.rows.extend(range);
            }
        }
        self.run.again(net, theta);
        self.dy.resize(self.run.outputs().len(), T::ZERO);
        self.value += slopes(&self.rows, self.run.outputs(), &mut self.dy);
        let Some(first) = back else { return };
        if self.gradient.len() != net.weights() {
            // (the places of large matrices are never touched, and such pages are not used)
            self.gradient = vec![T::ZERO; net.weights()];
        }
        let inputs = self.run.read().as_ptr();
        let mut met = Met { inputs, gradient: &mut self.gradient, first, uses: &mut self.uses, used: 0 };
        self.run.backward(net, theta, &self.dy, &mut met);
        let used = met.used;
        self.uses.truncate(used);
    }
}

/// Sums gradients of small tensors, and keeps the uses of large matrices.
struct Met<'a, T> {
    /// Where the inputs of the run are: they stay there, and need no copy.
    inputs: *const T,
    gradient: &'a mut [T],
    first: bool,
    uses: &'a mut Vec<Use<T>>,
    used: usize,
}

impl<T: Real> Sink<T> for Met<'_, T> {
    fn visit(&mut self, site: &dyn Site<T>, x: &[T], dy: &[T], rows: usize) {
        let own = &mut self.gradient[site.start()..][..site.len()];
        let large = site.matrix().filter(|m| m.plain && m.outputs * m.inputs >= LARGE);
        let Some(matrix) = large else {
            if self.first {
                own.fill(T::ZERO);
            }
            return site.gradient(x, dy, rows, own);
        };
        let bias = &mut own[matrix.outputs * matrix.inputs..];
        if self.first {
            bias.fill(T::ZERO);
        }
        if !bias.is_empty() {
            let rows = dy.chunks_exact(matrix.outputs);
            rows.for_each(|dy| bias.iter_mut().zip(dy).for_each(|(b, g)| *b += *g));
        }
        if self.uses.len() == self.used {
            self.uses.push(Use::default());
        }
        let kept = &mut self.uses[self.used];
        self.used += 1;
        (kept.start, kept.outputs) = (site.start(), matrix.outputs);
        if std::ptr::eq(x.as_ptr(), self.inputs) {
            kept.x = None;
        } else {
            let kept = kept.x.get_or_insert_default();
            kept.clear();
            kept.extend_from_slice(x);
        }
        kept.dy.clear();
        kept.dy.extend_from_slice(dy);
    }
}
