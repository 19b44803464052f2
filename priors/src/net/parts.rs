//! Long vectors of weights cut into parts: whole rows of a tensor, worked on in parallel and without allocation.

use super::{Net, Tensor};
use crate::math::Real;

/// Numbers of a part: it and a batch's slopes fit the nearest large cache. A constant of the numbers.
const PART: usize = 1 << 15;

/// Some whole rows of a tensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    tensor: usize,
    /// Where in θ it begins.
    start: usize,
    /// How many weights.
    len: usize,
}

/// The parts of all tensors, in the order of θ.
pub(super) fn parts(tensors: &[Tensor]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (index, tensor) in tensors.iter().enumerate() {
        // rows by eight, as products like them; weights that belong together stay so
        let together = if tensor.columns.is_multiple_of(tensor.law.apart()) { 1 } else { tensor.law.apart() };
        let wanted = PART.div_ceil(tensor.columns.max(1));
        let step = wanted.next_multiple_of(8 * together) * tensor.columns;
        let mut from = 0;
        while from < tensor.len() {
            let len = step.min(tensor.len() - from);
            parts.push(Part { tensor: index, start: tensor.start + from, len });
            from += len;
        }
    }
    parts
}

impl Net {
    /// Shows every part of a vector of weights: its tensor, where in the tensor it begins, its numbers. Long vectors in parallel.
    pub(super) fn by_parts<T: Real>(&self, of: &mut [T], each: &(impl Fn(&Tensor, usize, &mut [T]) + Sync)) {
        self.halve(&self.parts, of, each);
    }

    fn halve<T: Real>(
        &self,
        parts: &[Part],
        of: &mut [T],
        each: &(impl Fn(&Tensor, usize, &mut [T]) + Sync),
    ) {
        let [first, rest @ ..] = parts else { return };
        if rest.is_empty() {
            let tensor = &self.tensors[first.tensor];
            return each(tensor, first.start - tensor.start, of);
        }
        let middle = first.start + of.len() / 2;
        let at = parts.partition_point(|part| part.start < middle).clamp(1, parts.len() - 1);
        let (before, behind) = parts.split_at(at);
        let (left, right) = of.split_at_mut(before.iter().map(|part| part.len).sum());
        if left.len() + right.len() <= PART {
            self.halve(before, left, each);
            self.halve(behind, right, each);
        } else {
            rayon::join(|| self.halve(before, left, each), || self.halve(behind, right, each));
        }
    }
}
