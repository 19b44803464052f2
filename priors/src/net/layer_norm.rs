//! Layer normalisation (Ba, Kiros & Hinton 2016): every row to mean 0 and variance 1, then a gain and a shift a number.

use crate::math::Real;
use crate::net::layer::{Layer, Passes, Sink, Site, Tape};
use crate::net::{Shape, Tensor, WeightLaw};

/// Added to the variance.
const FLOOR: f64 = 1e-5;

/// y = gain · (x − mean)/√(variance + 1e-5) + shift over the whole row. θ holds the gains, then the shifts.
#[derive(Clone, Debug)]
pub(super) struct LayerNorm {
    pub(super) start: usize,
    pub(super) shape: Shape,
    pub(super) gain: WeightLaw,
    pub(super) shift: WeightLaw,
    pub(super) label: String,
}

/// The site of gains and shifts: what it sees as `x` is the normalised row.
struct Affine {
    start: usize,
    size: usize,
}

impl<T: Real> Site<T> for Affine {
    fn start(&self) -> usize {
        self.start
    }

    fn len(&self) -> usize {
        2 * self.size
    }

    fn gradient(&self, x: &[T], dy: &[T], _rows: usize, out: &mut [T]) {
        let (gain, shift) = out.split_at_mut(self.size);
        for (x, dy) in x.chunks_exact(self.size).zip(dy.chunks_exact(self.size)) {
            for ((g, x), d) in gain.iter_mut().zip(x).zip(dy) {
                *g += *x * *d;
            }
            shift.iter_mut().zip(dy).for_each(|(s, d)| *s += *d);
        }
    }
}

impl LayerNorm {
    fn size(&self) -> usize {
        self.shape.size()
    }

    /// d (x̂) along dx, which is its own transpose: (dx − mean dx − x̂ mean(x̂ dx))/sd.
    fn through<T: Real>(normal: &[T], scale: T, from: impl Fn(usize) -> T, to: &mut [T]) {
        let share = T::of(1.0 / normal.len() as f64);
        let mean = (0..normal.len()).map(&from).sum::<T>() * share;
        let along = normal.iter().enumerate().map(|(j, x)| *x * from(j)).sum::<T>() * share;
        for (j, (to, x)) in to.iter_mut().zip(normal).enumerate() {
            *to = (from(j) - mean - *x * along) * scale;
        }
    }
}

impl Layer for LayerNorm {
    fn name(&self) -> String {
        format!("layer_norm({})", self.shape)
    }

    fn output(&self) -> Shape {
        self.shape
    }

    fn tensors(&self) -> Vec<Tensor> {
        let tensor = |what: &str, start: usize, law: &WeightLaw| Tensor {
            name: format!("{}.{what}", self.label),
            start,
            rows: self.size(),
            columns: 1,
            law: law.clone(),
        };
        vec![tensor("gain", self.start, &self.gain), tensor("shift", self.start + self.size(), &self.shift)]
    }

    fn is_linear(&self) -> bool {
        false
    }
}

impl<T: Real> Passes<T> for LayerNorm {
    fn forward(&self, theta: &[T], x: &[T], y: &mut [T], rows: usize, tape: &mut Tape<T>) {
        let size = self.size();
        let (gain, shift) = theta[self.start..self.start + 2 * size].split_at(size);
        let share = T::of(1.0 / size as f64);
        tape.vector(0, rows * size);
        tape.vector(1, rows);
        let (normal, scales) = tape.numbers.split_at_mut(1);
        for (row, scale) in scales[0].iter_mut().enumerate() {
            let own = row * size..(row + 1) * size;
            let (x, y, normal) = (&x[own.clone()], &mut y[own.clone()], &mut normal[0][own]);
            let mean = x.iter().copied().sum::<T>() * share;
            let variance = x.iter().map(|x| (*x - mean) * (*x - mean)).sum::<T>() * share;
            *scale = T::ONE / (variance + T::of(FLOOR)).root();
            for (j, normal) in normal.iter_mut().enumerate() {
                *normal = (x[j] - mean) * *scale;
                y[j] = *normal * gain[j] + shift[j];
            }
        }
    }

    fn backward(
        &self,
        theta: &[T],
        _x: &[T],
        _y: &[T],
        dy: &[T],
        dx: Option<&mut [T]>,
        rows: usize,
        tape: &mut Tape<T>,
        sink: &mut dyn Sink<T>,
    ) {
        let size = self.size();
        let site = Affine { start: self.start, size };
        sink.visit(&site, &tape.numbers[0][..rows * size], dy, rows);
        let Some(dx) = dx else { return };
        let gain = &theta[self.start..self.start + size];
        for row in 0..rows {
            let own = row * size..(row + 1) * size;
            let (normal, dy) = (&tape.numbers[0][own.clone()], &dy[own.clone()]);
            LayerNorm::through(normal, tape.numbers[1][row], |j| dy[j] * gain[j], &mut dx[own]);
        }
    }

    fn tangent(
        &self,
        theta: &[T],
        along: &[T],
        _x: &[T],
        _y: &[T],
        dx: Option<&[T]>,
        dy: &mut [T],
        rows: usize,
        tape: &mut Tape<T>,
    ) {
        let size = self.size();
        let gain = &theta[self.start..self.start + size];
        let (moved_gain, moved_shift) = along[self.start..self.start + 2 * size].split_at(size);
        for row in 0..rows {
            let own = row * size..(row + 1) * size;
            let (normal, dy) = (&tape.numbers[0][own.clone()], &mut dy[own.clone()]);
            match dx {
                Some(dx) => {
                    let dx = &dx[own];
                    LayerNorm::through(normal, tape.numbers[1][row], |j| dx[j], dy);
                    dy.iter_mut().zip(gain).for_each(|(dy, g)| *dy *= *g);
                }
                None => dy.fill(T::ZERO),
            }
            for j in 0..size {
                dy[j] += normal[j] * moved_gain[j] + moved_shift[j];
            }
        }
    }
}
