//! Layers one behind another, and layers side by side whose outputs add: residual blocks and relaxed layers are sums.

use std::sync::Arc;

use crate::net::layer::{Layer, Passes, Precision, Sink, Tape};
use crate::net::{Shape, Tensor};

/// Layers one behind another; none: the identity.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) input: Shape,
    pub(super) layers: Vec<Arc<dyn Layer>>,
}

impl Chain {
    /// Rows before layer `index`, and its number of outputs.
    fn width(&self, index: usize) -> usize {
        self.layers[index].output().size()
    }

    fn passes<T: Precision>(&self, index: usize) -> &dyn Passes<T> {
        T::of_layer(self.layers[index].as_ref())
    }
}

impl Layer for Chain {
    fn name(&self) -> String {
        match self.layers.len() {
            0 => "identity".to_owned(),
            _ => self.layers.iter().map(|layer| layer.name()).collect::<Vec<_>>().join(" · "),
        }
    }

    fn output(&self) -> Shape {
        self.layers.last().map_or(self.input, |layer| layer.output())
    }

    fn tensors(&self) -> Vec<Tensor> {
        self.layers.iter().flat_map(|layer| layer.tensors()).collect()
    }

    fn is_linear(&self) -> bool {
        self.layers.iter().all(|layer| layer.is_linear())
    }

    fn softened(&self, softness: f64) -> Option<Box<dyn Layer>> {
        let mut layers = self.layers.clone();
        for layer in layers.iter_mut().rev() {
            if let Some(softened) = layer.softened(softness) {
                *layer = Arc::from(softened);
                return Some(Box::new(Chain { input: self.input, layers }));
            }
            if !layer.is_linear() {
                return None;
            }
        }
        None
    }
}

// `numbers[i]` holds the output of layer i, but for the last; then come two vectors for slopes.
impl<T: Precision> Passes<T> for Chain {
    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], rows: usize, tape: &mut Tape<T>) {
        let Some(last) = self.layers.len().checked_sub(1) else {
            return y.copy_from_slice(x);
        };
        for i in 0..last {
            tape.vector(i, rows * self.width(i));
        }
        tape.inner(last + 1);
        for i in 0..=last {
            let (before, after) = tape.numbers.split_at_mut(i.min(last));
            let x = if i == 0 { x } else { &before[i - 1] };
            let y = if i == last { &mut *y } else { &mut after[0][..] };
            self.passes(i).forward(theta, x, y, rows, &mut tape.inner[i]);
        }
    }

    fn backward(
        &self,
        theta: &[T],
        x: &[T],
        y: &[T],
        dy: &[T],
        mut dx: Option<&mut [T]>,
        rows: usize,
        tape: &mut Tape<T>,
        sink: &mut dyn Sink<T>,
    ) {
        let Some(last) = self.layers.len().checked_sub(1) else {
            if let Some(dx) = dx {
                dx.copy_from_slice(dy);
            }
            return;
        };
        let widest = (0..last).map(|i| self.width(i)).max().unwrap_or(0);
        let mut behind = std::mem::take(tape.vector(last, rows * widest));
        let mut ahead = std::mem::take(tape.vector(last + 1, rows * widest));
        for i in (0..=last).rev() {
            let x = if i == 0 { x } else { &tape.numbers[i - 1] };
            let y = if i == last { y } else { &tape.numbers[i] };
            let dy = if i == last { dy } else { &behind[..rows * self.width(i)] };
            let needed = if i == 0 { dx.take() } else { Some(&mut ahead[..rows * self.width(i - 1)]) };
            self.passes(i).backward(theta, x, y, dy, needed, rows, &mut tape.inner[i], sink);
            std::mem::swap(&mut behind, &mut ahead);
        }
        tape.numbers[last] = behind;
        tape.numbers[last + 1] = ahead;
    }

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
    ) {
        let Some(last) = self.layers.len().checked_sub(1) else {
            return match dx {
                Some(dx) => dy.copy_from_slice(dx),
                None => dy.fill(T::ZERO),
            };
        };
        let widest = (0..last).map(|i| self.width(i)).max().unwrap_or(0);
        let mut behind = std::mem::take(tape.vector(last, rows * widest));
        let mut ahead = std::mem::take(tape.vector(last + 1, rows * widest));
        for i in 0..=last {
            let x = if i == 0 { x } else { &tape.numbers[i - 1] };
            let y = if i == last { y } else { &tape.numbers[i] };
            let dx = if i == 0 { dx } else { Some(&behind[..rows * self.width(i - 1)]) };
            let dy = if i == last { &mut *dy } else { &mut ahead[..rows * self.width(i)] };
            self.passes(i).tangent(theta, along, x, y, dx, dy, rows, &mut tape.inner[i]);
            std::mem::swap(&mut behind, &mut ahead);
        }
        tape.numbers[last] = behind;
        tape.numbers[last + 1] = ahead;
    }
}

/// Chains side by side, their outputs added.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    pub(super) branches: Vec<Arc<dyn Layer>>,
    pub(super) input: Shape,
}

impl Layer for Sum {
    fn name(&self) -> String {
        let names = self.branches.iter().map(|branch| branch.name());
        format!("({})", names.collect::<Vec<_>>().join(" + "))
    }

    fn output(&self) -> Shape {
        self.branches.first().map_or(self.input, |branch| branch.output())
    }

    fn tensors(&self) -> Vec<Tensor> {
        self.branches.iter().flat_map(|branch| branch.tensors()).collect()
    }

    fn is_linear(&self) -> bool {
        self.branches.iter().all(|branch| branch.is_linear())
    }
}

// `numbers[i]` holds the output of branch i, and after them one vector for slopes.
impl<T: Precision> Passes<T> for Sum {
    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], rows: usize, tape: &mut Tape<T>) {
        y.fill(T::ZERO);
        tape.inner(self.branches.len());
        for (i, branch) in self.branches.iter().enumerate() {
            tape.vector(i, y.len());
            T::of_layer(branch.as_ref()).forward(theta, x, &mut tape.numbers[i], rows, &mut tape.inner[i]);
            y.iter_mut().zip(&tape.numbers[i]).for_each(|(y, of)| *y += *of);
        }
    }

    fn backward(
        &self,
        theta: &[T],
        x: &[T],
        _y: &[T],
        dy: &[T],
        mut dx: Option<&mut [T]>,
        rows: usize,
        tape: &mut Tape<T>,
        sink: &mut dyn Sink<T>,
    ) {
        let spare = self.branches.len();
        let mut slopes = std::mem::take(tape.vector(spare, x.len()));
        if let Some(dx) = &mut dx {
            dx.fill(T::ZERO);
        }
        for (i, branch) in self.branches.iter().enumerate() {
            let needed = dx.is_some().then_some(&mut slopes[..]);
            T::of_layer(branch.as_ref()).backward(
                theta,
                x,
                &tape.numbers[i],
                dy,
                needed,
                rows,
                &mut tape.inner[i],
                sink,
            );
            if let Some(dx) = &mut dx {
                dx.iter_mut().zip(&slopes).for_each(|(dx, of)| *dx += *of);
            }
        }
        tape.numbers[spare] = slopes;
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
        let spare = self.branches.len();
        let mut moved = std::mem::take(tape.vector(spare, dy.len()));
        dy.fill(T::ZERO);
        for (i, branch) in self.branches.iter().enumerate() {
            T::of_layer(branch.as_ref()).tangent(
                theta,
                along,
                x,
                &tape.numbers[i],
                dx,
                &mut moved,
                rows,
                &mut tape.inner[i],
            );
            dy.iter_mut().zip(&moved).for_each(|(dy, of)| *dy += *of);
        }
        tape.numbers[spare] = moved;
    }
}
