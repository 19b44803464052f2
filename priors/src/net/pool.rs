//! Pooling over windows of the grid, and flattening.

use crate::math::Real;
use crate::net::Shape;
use crate::net::conv::output_side;
use crate::net::layer::{Layer, Passes, Sink, Tape};

/// What is made of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pooled {
    Average,
    Largest,
}

/// Pooling over square windows without padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool {
    pub(super) input: Shape,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) stride: usize,
    pub(super) by: Pooled,
}

impl Pool {
    pub(super) fn shape(&self) -> Option<Shape> {
        let down = output_side(self.input.height, self.height, self.stride, 0)?;
        Some(Shape::grid(
            self.input.channels,
            down,
            output_side(self.input.width, self.width, self.stride, 0)?,
        ))
    }

    /// Calls back with every output place of a row and the first input place of its window.
    fn windows(&self, mut each: impl FnMut(usize, usize)) {
        let out = self.output();
        let mut place = 0;
        for channel in 0..out.channels {
            for (i, j) in (0..out.height).flat_map(|i| (0..out.width).map(move |j| (i, j))) {
                let top = (channel * self.input.height + i * self.stride) * self.input.width;
                each(place, top + j * self.stride);
                place += 1;
            }
        }
    }

    fn inside(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.height).flat_map(move |i| (0..self.width).map(move |j| i * self.input.width + j))
    }
}

impl Layer for Pool {
    fn name(&self) -> String {
        let by = if self.by == Pooled::Average { "average" } else { "max" };
        format!("{by}_pool({}, {}×{})", self.input, self.height, self.width)
    }

    fn output(&self) -> Shape {
        self.shape().unwrap_or(Shape::grid(self.input.channels, 0, 0))
    }

    fn is_linear(&self) -> bool {
        self.by == Pooled::Average
    }
}

impl<T: Real> Passes<T> for Pool {
    fn forward(&self, _theta: &[T], x: &[T], y: &mut [T], rows: usize, tape: &mut Tape<T>) {
        let (size, out) = (self.input.size(), self.output().size());
        let share = T::of(1.0 / (self.height * self.width) as f64);
        tape.places.resize(rows * out, 0);
        for row in 0..rows {
            let (x, y) = (&x[row * size..][..size], &mut y[row * out..][..out]);
            let places = &mut tape.places[row * out..][..out];
            self.windows(|to, from| match self.by {
                Pooled::Average => y[to] = self.inside().map(|at| x[from + at]).sum::<T>() * share,
                Pooled::Largest => {
                    let mut best = from;
                    for at in self.inside() {
                        // a NaN wins, and stays
                        if !matches!(
                            x[from + at].partial_cmp(&x[best]),
                            Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal)
                        ) {
                            best = from + at;
                        }
                    }
                    places[to] = best as u32;
                    y[to] = x[best];
                }
            });
        }
    }

    fn backward(
        &self,
        _theta: &[T],
        _x: &[T],
        _y: &[T],
        dy: &[T],
        dx: Option<&mut [T]>,
        rows: usize,
        tape: &mut Tape<T>,
        _sink: &mut dyn Sink<T>,
    ) {
        let Some(dx) = dx else { return };
        let (size, out) = (self.input.size(), self.output().size());
        let share = T::of(1.0 / (self.height * self.width) as f64);
        dx.fill(T::ZERO);
        for row in 0..rows {
            let (dx, dy) = (&mut dx[row * size..][..size], &dy[row * out..][..out]);
            let places = &tape.places[row * out..][..out];
            self.windows(|to, from| match self.by {
                Pooled::Average => self.inside().for_each(|at| dx[from + at] += dy[to] * share),
                Pooled::Largest => dx[places[to] as usize] += dy[to],
            });
        }
    }

    fn tangent(
        &self,
        _theta: &[T],
        _along: &[T],
        _x: &[T],
        _y: &[T],
        dx: Option<&[T]>,
        dy: &mut [T],
        rows: usize,
        tape: &mut Tape<T>,
    ) {
        let Some(dx) = dx else { return dy.fill(T::ZERO) };
        let (size, out) = (self.input.size(), self.output().size());
        let share = T::of(1.0 / (self.height * self.width) as f64);
        for row in 0..rows {
            let (dx, dy) = (&dx[row * size..][..size], &mut dy[row * out..][..out]);
            let places = &tape.places[row * out..][..out];
            self.windows(|to, from| match self.by {
                Pooled::Average => dy[to] = self.inside().map(|at| dx[from + at]).sum::<T>() * share,
                Pooled::Largest => dy[to] = dx[places[to] as usize],
            });
        }
    }
}
