//! Walks over rows: roots of the curvature of every row are sent back through the layers, and shown to sites column by column or together.

use std::ops::Range;

use rayon::prelude::*;
use softbias_priors::net::layer::{Sink, Site};
use softbias_priors::net::{Net, Precision, Run};

use crate::likelihood::RowLikelihood;
use crate::net::NetTarget;

/// Memory of one thread's part of a walk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane<T> {
    pub(crate) run: Run<T>,
    dy: Vec<T>,
    values: Vec<f64>,
    root: Vec<f64>,
    /// Slopes at every site, column by column.
    held: Vec<Vec<T>>,
}

/// What a site saw: inputs of `rows` rows, and `copies` blocks of slopes at its outputs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a, T> {
    pub(crate) x: &'a [T],
    pub(crate) dy: &'a [T],
    pub(crate) rows: usize,
    pub(crate) copies: usize,
    /// Whether these inputs were not shown before, and whether they will not be again.
    pub(crate) first: bool,
    pub(crate) last: bool,
}

/// Called at every site, for a block of rows.
pub(crate) type Visit<'a, T> = dyn FnMut(&dyn Site<T>, Seen<'_, T>) + 'a;

struct Gather<'a, 'b, T> {
    held: &'a mut Vec<Vec<T>>,
    site: usize,
    column: usize,
    columns: usize,
    show: Show,
    visit: &'a mut Visit<'b, T>,
}

/// How sites see the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// One after another, the inputs again with each.
    Each,
    /// All together, as copies.
    Together,
}

impl<T: Precision> Sink<T> for Gather<'_, '_, T> {
    fn visit(&mut self, site: &dyn Site<T>, x: &[T], dy: &[T], rows: usize) {
        if self.columns == 1 || self.show == Show::Each {
            let (first, last) = (self.column == 0, self.column + 1 == self.columns);
            return (self.visit)(site, Seen { x, dy, rows, copies: 1, first, last });
        }
        if self.held.len() <= self.site {
            self.held.push(Vec::new());
        }
        let held = &mut self.held[self.site];
        self.site += 1;
        if self.column == 0 {
            held.clear();
        }
        held.extend_from_slice(dy);
        if self.column + 1 == self.columns {
            (self.visit)(site, Seen { x, dy: held, rows, copies: self.columns, first: true, last: true });
        }
    }
}

/// Sends `columns` slopes at the outputs, written by `fill`, back through the net after its forward pass.
pub(crate) fn sweep<T: Precision>(
    lane: &mut Lane<T>,
    net: &Net,
    theta: &[T],
    (columns, show): (usize, Show),
    mut fill: impl FnMut(usize, &[T], &mut [T]),
    visit: &mut Visit<'_, T>,
) {
    let Lane { run, dy, held, .. } = lane;
    dy.resize(run.outputs().len(), T::ZERO);
    for column in 0..columns {
        fill(column, run.outputs(), dy);
        let mut gather = Gather { held, site: 0, column, columns, show, visit };
        run.backward(net, theta, dy, &mut gather);
    }
}

/// The rows of a target at weights θ, and the roots of their curvature.
#[derive(Debug)]
pub(crate) struct Roots<'a, T, L> {
    pub(crate) target: &'a NetTarget<T, L>,
    pub(crate) theta: &'a [T],
}

/// Numbers that one block should not exceed in its layers' outputs and in the slopes of all columns.
const HELD: usize = 1 << 22;

impl<T: Precision, L: RowLikelihood> Roots<'_, T, L> {
    /// Columns of the root of one row.
    pub(crate) fn columns(&self) -> usize {
        self.target.likelihood().columns(self.target.net().count())
    }

    /// Rows of one block.
    pub(crate) fn block(&self) -> usize {
        let net = self.target.net();
        let outputs: usize = net.layers().map(|layer| layer.output().size()).sum();
        (HELD / (net.width() + outputs * (1 + self.columns()))).clamp(1, net.block())
    }

    /// Runs on some rows, and gives Σ ln p(y | θ) over them.
    pub(crate) fn forward(&self, lane: &mut Lane<T>, rows: Range<usize>) -> f64 {
        let (target, count) = (self.target, self.target.net().count());
        let width = target.net().width();
        let x = &target.inputs()[rows.start * width..rows.end * width];
        let Lane { run, values, root, .. } = lane;
        let outputs = run.forward(target.net(), self.theta, x);
        values.clear();
        values.extend(outputs.iter().map(|f| f.get()));
        root.resize(count, 0.0);
        let of_row = |(row, f): (usize, &[f64])| target.likelihood().row(target.labels_of(row), f, root);
        rows.zip(values.chunks_exact(count)).map(of_row).sum()
    }

    /// Shows every site the inputs and back-propagated roots of some rows, block by block; gives Σ ln p(y | θ) over them.
    pub(crate) fn visit(
        &self,
        lane: &mut Lane<T>,
        rows: Range<usize>,
        show: Show,
        visit: &mut Visit<'_, T>,
    ) -> f64 {
        let (count, columns) = (self.target.net().count(), self.columns());
        self.blocks(rows, |block| {
            let log = self.forward(lane, block.clone());
            let (values, mut roots) = (std::mem::take(&mut lane.values), std::mem::take(&mut lane.root));
            roots.resize(block.len() * columns * count, 0.0);
            let each = block.zip(values.chunks_exact(count)).zip(roots.chunks_exact_mut(columns * count));
            each.for_each(|((row, f), own)| {
                self.target.likelihood().roots(self.target.labels_of(row), f, own)
            });
            let fill = |column: usize, _: &[T], dy: &mut [T]| {
                for (dy, own) in dy.chunks_exact_mut(count).zip(roots.chunks_exact(columns * count)) {
                    let own = &own[column * count..(column + 1) * count];
                    dy.iter_mut().zip(own).for_each(|(d, s)| *d = T::of(*s));
                }
            };
            sweep(lane, self.target.net(), self.theta, (columns, show), fill, visit);
            (lane.values, lane.root) = (values, roots);
            log
        })
    }

    /// Outputs of the last [`Roots::forward`], row by row.
    pub(crate) fn values<'b>(&self, lane: &'b Lane<T>) -> &'b [f64] {
        &lane.values
    }

    /// Sums what `on` gives for blocks of rows.
    pub(crate) fn blocks(&self, rows: Range<usize>, mut on: impl FnMut(Range<usize>) -> f64) -> f64 {
        let (mut from, mut sum) = (rows.start, 0.0);
        while from < rows.end {
            let to = (from + self.block()).min(rows.end);
            sum += on(from..to);
            from = to;
        }
        sum
    }
}

/// Most parts that are worked on at a time, and rows of a part.
const LANES: usize = 16;
const SMALLEST: usize = 64;
const LARGEST: usize = 2048;

/// Runs `on` over parts of the rows, a few at a time in parallel, and merges what their memories hold in the order of the parts: sums do not
/// depend on threads. `size`: numbers that one memory holds, of which few are kept where they are large.
pub(crate) fn in_parts<S: Send>(
    rows: usize,
    size: usize,
    fresh: impl Fn() -> S,
    on: impl Fn(&mut S, Range<usize>) + Sync,
    mut merge: impl FnMut(&mut S),
) {
    let lanes = 1 << ((1 << 23) / size.max(1)).clamp(2, LANES).ilog2();
    let part = rows.div_ceil(lanes).clamp(SMALLEST, LARGEST);
    let parts = rows.div_ceil(part);
    let mut memories: Vec<S> = (0..lanes.min(parts)).map(|_| fresh()).collect();
    for first in (0..parts).step_by(lanes) {
        let used = lanes.min(parts - first);
        memories[..used].par_iter_mut().enumerate().for_each(|(index, memory)| {
            let from = (first + index) * part;
            on(memory, from..(from + part).min(rows));
        });
        memories[..used].iter_mut().for_each(&mut merge);
    }
}
