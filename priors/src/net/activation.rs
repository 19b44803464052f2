//! Activations: functions of one number, applied to all.

use crate::math::Real;
use crate::math::error_function::erf_and_bell;
use crate::math::simd::{Loops, widest};
use crate::math::special::{erf, normal_cdf, normal_pdf};
use crate::net::Shape;
use crate::net::layer::{Layer, Passes, Sink, Tape};

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Activation {
    /// tanh x.
    Tanh,
    /// max(x, 0), with slope 0 at 0.
    Relu,
    /// x Φ(x), with the normal distribution function itself (Hendrycks & Gimpel 2016).
    Gelu,
    /// erf x.
    Erf,
    /// sin x.
    Sin,
}

impl Activation {
    fn name(self) -> &'static str {
        match self {
            Activation::Tanh => "tanh",
            Activation::Relu => "relu",
            Activation::Gelu => "gelu",
            Activation::Erf => "erf",
            Activation::Sin => "sin",
        }
    }

    /// Whether φ(−x) = −φ(x).
    #[must_use]
    pub fn is_odd(self) -> bool {
        matches!(self, Activation::Tanh | Activation::Erf | Activation::Sin)
    }

    /// Its value.
    #[must_use]
    pub fn value(self, x: f64) -> f64 {
        match self {
            Activation::Tanh => x.tanh(),
            Activation::Relu => x.max(0.0),
            Activation::Gelu => x * normal_cdf(x),
            Activation::Erf => erf(x),
            Activation::Sin => x.sin(),
        }
    }

    fn slope(self, x: f64) -> f64 {
        match self {
            Activation::Tanh => 1.0 - x.tanh().powi(2),
            Activation::Relu => f64::from(u8::from(x > 0.0)),
            Activation::Gelu => normal_cdf(x) + x * normal_pdf(x),
            Activation::Erf => std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp(),
            Activation::Sin => x.cos(),
        }
    }

    fn apply<T: Real>(self, x: &[T], y: &mut [T]) {
        match self {
            Activation::Tanh => widest(Tanh(x, y)),
            // (a NaN stays one)
            Activation::Relu => widest(Map(x, y, |x: T| if x < T::ZERO { T::ZERO } else { x })),
            Activation::Erf => widest(Map(x, y, |x: T| erf_and_bell(x).0)),
            Activation::Gelu => widest(Map(x, y, |x: T| x * phi(x).0)),
            Activation::Sin => x.iter().zip(y).for_each(|(x, y)| *y = T::of(self.value(x.get()))),
        }
    }

    /// Slopes times what comes from behind (or ahead: the map is its own transpose).
    fn chain<T: Real>(self, x: &[T], y: &[T], from: &[T], to: &mut [T]) {
        match self {
            Activation::Tanh => widest(Zip(y, from, to, |y: T, d: T| d * (T::ONE - y * y))),
            Activation::Relu => widest(Zip(x, from, to, |x: T, d: T| if x > T::ZERO { d } else { T::ZERO })),
            Activation::Erf => {
                let top = T::of(std::f64::consts::FRAC_2_SQRT_PI);
                widest(Zip(x, from, to, |x: T, d: T| d * top * erf_and_bell(x).1));
            }
            Activation::Gelu => {
                let slope = |x: T| {
                    let (below, density) = phi(x);
                    below + x * density
                };
                widest(Zip(x, from, to, |x: T, d: T| d * slope(x)));
            }
            Activation::Sin => {
                let slopes = x.iter().zip(from).map(|(x, d)| *d * T::of(self.slope(x.get())));
                to.iter_mut().zip(slopes).for_each(|(to, slope)| *to = slope);
            }
        }
    }
}

/// The normal distribution function Φ and its density.
#[inline(always)]
fn phi<T: Real>(x: T) -> (T, T) {
    let (value, bell) = erf_and_bell(x * T::of(std::f64::consts::FRAC_1_SQRT_2));
    let half = T::of(0.5);
    (
        half + half * value,
        bell * T::of(0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2),
    )
}

struct Tanh<'a, T>(&'a [T], &'a mut [T]);

impl<T: Real> Loops for Tanh<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let two = T::ONE + T::ONE;
        for (x, y) in self.0.iter().zip(self.1) {
            // past 20 it is 1, and e⁴⁰ is finite in either precision
            let x = if *x > T::of(20.0) { T::of(20.0) } else { *x };
            let x = if x < T::of(-20.0) { T::of(-20.0) } else { x };
            let e = (two * x).exp_less_one();
            *y = e / (e + two);
        }
    }
}

struct Map<'a, T, F>(&'a [T], &'a mut [T], F);

impl<T: Real, F: Fn(T) -> T> Loops for Map<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        self.0.iter().zip(self.1).for_each(|(x, y)| *y = (self.2)(*x));
    }
}

struct Zip<'a, T, F>(&'a [T], &'a [T], &'a mut [T], F);

impl<T: Real, F: Fn(T, T) -> T> Loops for Zip<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for ((a, b), out) in self.0.iter().zip(self.1).zip(self.2) {
            *out = (self.3)(*a, *b);
        }
    }
}

/// An activation as a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Activate {
    pub(super) shape: Shape,
    pub(super) by: Activation,
}

impl Layer for Activate {
    fn name(&self) -> String {
        self.by.name().to_owned()
    }

    fn output(&self) -> Shape {
        self.shape
    }

    fn is_linear(&self) -> bool {
        false
    }

    fn activation(&self) -> Option<Activation> {
        Some(self.by)
    }
}

impl<T: Real> Passes<T> for Activate {
    fn forward(&self, _theta: &[T], x: &[T], y: &mut [T], _rows: usize, _tape: &mut Tape<T>) {
        self.by.apply(x, y);
    }

    fn backward(
        &self,
        _theta: &[T],
        x: &[T],
        y: &[T],
        dy: &[T],
        dx: Option<&mut [T]>,
        _rows: usize,
        _tape: &mut Tape<T>,
        _sink: &mut dyn Sink<T>,
    ) {
        if let Some(dx) = dx {
            self.by.chain(x, y, dy, dx);
        }
    }

    fn tangent(
        &self,
        _theta: &[T],
        _along: &[T],
        x: &[T],
        y: &[T],
        dx: Option<&[T]>,
        dy: &mut [T],
        _rows: usize,
        _tape: &mut Tape<T>,
    ) {
        match dx {
            Some(dx) => self.by.chain(x, y, dx, dy),
            None => dy.fill(T::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_functions_are_the_slow_ones() {
        for by in [Activation::Tanh, Activation::Relu] {
            let x: Vec<f64> = (-3000..3000).map(|i| 0.011 * f64::from(i)).collect();
            let mut y = vec![0.0; x.len()];
            by.apply(&x, &mut y);
            assert!(x.iter().zip(&y).all(|(x, y)| (y - by.value(*x)).abs() <= 1e-15 * y.abs()), "{by:?}");
            let narrow: Vec<f32> = x.iter().map(|x| *x as f32).collect();
            let mut y = vec![0.0f32; x.len()];
            by.apply(&narrow, &mut y);
            let error = |x: &f32, y: &f32| (f64::from(*y) - by.value(f64::from(*x))).abs();
            assert!(narrow.iter().zip(&y).all(|(x, y)| error(x, y) <= 3e-7 * f64::from(y.abs())), "{by:?}");
        }
        for by in [Activation::Erf, Activation::Gelu] {
            let x: Vec<f64> = (-3000..3000).map(|i| 0.011 * f64::from(i)).collect();
            let (ones, mut y, mut slopes) = (vec![1.0; x.len()], vec![0.0; x.len()], vec![0.0; x.len()]);
            by.apply(&x, &mut y);
            by.chain(&x, &y, &ones, &mut slopes);
            for ((x, y), slope) in x.iter().zip(&y).zip(&slopes) {
                // (where x Φ(x) is next to nothing it is so to the last bits of Φ)
                assert!((y - by.value(*x)).abs() <= 4e-16 * x.abs().max(1.0), "{by:?} at {x}");
                assert!((slope - by.slope(*x)).abs() <= 4e-16 * x.abs().max(1.0), "{by:?}, slope at {x}");
            }
        }
        let mut y = [0.0; 1];
        Activation::Relu.apply(&[f64::NAN], &mut y);
        assert!(y[0].is_nan());
    }
}
