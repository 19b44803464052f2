//! Elementwise functions over slices with the processor's widest instructions: THE door to pulp.
//!
//! Everything here is plain arithmetic without fused multiply-adds and with sums in a fixed order of lanes, so that the bits of a
//! result depend neither on the processor nor on the number of threads. Relative errors are a few units in the last place.

mod elementary;

use pulp::{Arch, NullaryFnOnce, Simd, WithSimd};

pub use elementary::angle1;

pub(super) use elementary::{exp_parts, ln_1p1, sin_cos1};

use elementary::{REDUCIBLE, exp1};

/// Lanes of every sum: a constant of the numbers, not of the machine.
const LANES: usize = 8;

/// eˣ in place. Below −708.7 it is 0, above 709.4 infinite; NaN stays NaN.
pub fn exp(x: &mut [f64]) {
    widest(Each(x, Exp));
}

/// ln(1 + x) in place, for x > −1.
pub fn ln_1p(x: &mut [f64]) {
    widest(Each(x, Ln1p));
}

/// cos x in place; the relative error grows with |x| as that of x itself does.
pub fn cos(x: &mut [f64]) {
    if reducible(x) {
        widest(Each(x, Cos));
    } else {
        x.iter_mut().for_each(|x| *x = x.cos());
    }
}

/// sin x in place and cos x beside it.
///
/// # Panics
/// If the lengths differ.
pub fn sin_cos(x: &mut [f64], cos: &mut [f64]) {
    assert_eq!(x.len(), cos.len(), "sin_cos: one cosine an angle");
    if reducible(x) {
        widest(SinCos(x, cos));
    } else {
        x.iter_mut().zip(cos).for_each(|(x, c)| (*x, *c) = x.sin_cos());
    }
}

/// A function of one number, inlined wherever it is called.
trait Elementary {
    fn at(&self, x: f64) -> f64;
}

macro_rules! elementary {
    ($($name:ident: $x:ident => $value:expr;)*) => {$(
        struct $name;
        impl Elementary for $name {
            #[inline(always)]
            fn at(&self, $x: f64) -> f64 {
                $value
            }
        }
    )*};
}

elementary! {
    Exp: x => exp1(x);
    Ln1p: x => ln_1p1(x);
    Cos: x => sin_cos1(x).1;
}

struct Each<'a, F>(&'a mut [f64], F);

impl<F: Elementary> Loops for Each<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for x in self.0 {
            *x = self.1.at(*x);
        }
    }
}

struct SinCos<'a>(&'a mut [f64], &'a mut [f64]);

impl Loops for SinCos<'_> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (x, c) in self.0.iter_mut().zip(self.1) {
            (*x, *c) = sin_cos1(*x);
        }
    }
}

/// `out[j] += ((x − column[j]) · factor)²`.
pub fn add_square_difference(x: f64, column: &[f64], factor: f64, out: &mut [f64]) {
    Arch::new().dispatch(|| {
        for (out, z) in out.iter_mut().zip(column) {
            let t = (x - z) * factor;
            *out += t * t;
        }
    });
}

/// `out[j] = Σ_d ((x[d] − columns[d][j]) · factor(d))²`: squared scaled distances from one point to many.
pub fn square_distances(x: &[f64], columns: &[&[f64]], factor: impl Fn(usize) -> f64, out: &mut [f64]) {
    Arch::new().dispatch(SquareDistances { x, columns, factor, out });
}

struct SquareDistances<'a, F> {
    x: &'a [f64],
    columns: &'a [&'a [f64]],
    factor: F,
    out: &'a mut [f64],
}

impl<F: Fn(usize) -> f64> WithSimd for SquareDistances<'_, F> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let SquareDistances { x, columns, factor, out } = self;
        out.fill(0.0);
        let n = out.len();
        let (fours, rest) = columns.as_chunks::<4>();
        // Four coordinates a pass: what is summed stays in a register for longer.
        for (k, four) in fours.iter().enumerate() {
            let factors: [f64; 4] = std::array::from_fn(|i| factor(4 * k + i));
            let x = &x[4 * k..4 * k + 4];
            let (vectors, tail) = S::as_mut_simd_f64s(out);
            let at: [_; 4] = std::array::from_fn(|i| S::as_simd_f64s(&four[i][..n]));
            for (j, out) in vectors.iter_mut().enumerate() {
                for i in 0..4 {
                    let t = simd.sub_f64s(simd.splat_f64s(x[i]), at[i].0[j]);
                    let t = simd.mul_f64s(t, simd.splat_f64s(factors[i]));
                    *out = simd.add_f64s(*out, simd.mul_f64s(t, t));
                }
            }
            for (j, out) in tail.iter_mut().enumerate() {
                for i in 0..4 {
                    let t = (x[i] - at[i].1[j]) * factors[i];
                    *out += t * t;
                }
            }
        }
        for (i, column) in rest.iter().enumerate() {
            let (x, f) = (x[columns.len() - rest.len() + i], factor(columns.len() - rest.len() + i));
            for (out, z) in out.iter_mut().zip(*column) {
                let t = (x - z) * f;
                *out += t * t;
            }
        }
    }
}

/// Adds Σⱼ wⱼ (x_d − z_dj)² · factor(d) to `out[d]` for every coordinate d, where z are the columns.
pub fn add_weighted_squares(
    w: &[f64],
    x: &[f64],
    columns: &[&[f64]],
    factor: impl Fn(usize) -> f64,
    out: &mut [f64],
) {
    Arch::new().dispatch(WeightedSquares { w, x, columns, factor, out });
}

struct WeightedSquares<'a, F> {
    w: &'a [f64],
    x: &'a [f64],
    columns: &'a [&'a [f64]],
    factor: F,
    out: &'a mut [f64],
}

impl<F: Fn(usize) -> f64> WithSimd for WeightedSquares<'_, F> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let WeightedSquares { w, x, columns, factor, out } = self;
        // Four coordinates a pass: four sums at a time hide each other's latency.
        let (fours, rest) = columns.as_chunks::<4>();
        for (k, four) in fours.iter().enumerate() {
            let sums = weighted_sums(simd, w, &x[4 * k..], four);
            for (i, sum) in sums.into_iter().enumerate() {
                out[4 * k + i] += factor(4 * k + i) * sum;
            }
        }
        for (i, column) in rest.iter().enumerate() {
            let d = columns.len() - rest.len() + i;
            let [sum] = weighted_sums(simd, w, &x[d..], &[*column]);
            out[d] += factor(d) * sum;
        }
    }
}

/// Σⱼ wⱼ (x_i − z_ij)² of N columns, each in the order of [`lanes`]; written out, for compilers pack the lanes of several sums badly.
#[inline(always)]
fn weighted_sums<S: Simd, const N: usize>(simd: S, w: &[f64], x: &[f64], columns: &[&[f64]; N]) -> [f64; N] {
    let n = columns.iter().fold(w.len(), |n, column| n.min(column.len()));
    let whole = n - n % LANES;
    let each = LANES / S::F64_LANES;
    let (weights, _) = S::as_simd_f64s(&w[..whole]);
    let vectors: [&[S::f64s]; N] = std::array::from_fn(|i| S::as_simd_f64s(&columns[i][..whole]).0);
    let centres: [S::f64s; N] = std::array::from_fn(|i| simd.splat_f64s(x[i]));
    let mut sums = [[simd.splat_f64s(0.0); LANES]; N];
    for (chunk, weights) in weights.chunks_exact(each).enumerate() {
        for (part, w) in weights.iter().enumerate() {
            let j = chunk * each + part;
            for ((column, centre), sums) in vectors.iter().zip(&centres).zip(&mut sums) {
                let t = simd.sub_f64s(*centre, column[j]);
                sums[part] = simd.add_f64s(sums[part], simd.mul_f64s(simd.mul_f64s(*w, t), t));
            }
        }
    }
    std::array::from_fn(|i| {
        let mut all = [0.0; LANES];
        S::as_mut_simd_f64s(&mut all).0.copy_from_slice(&sums[i][..each]);
        let tail = w[whole..n].iter().zip(&columns[i][whole..n]);
        folded(&all) + tail.map(|(w, z)| w * (x[i] - z) * (x[i] - z)).sum::<f64>()
    })
}

#[inline(always)]
fn folded(sums: &[f64; LANES]) -> f64 {
    ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))
}

/// `out[j] += x · column[j]`.
pub fn add_scaled(x: f64, column: &[f64], out: &mut [f64]) {
    Arch::new().dispatch(|| out.iter_mut().zip(column).for_each(|(out, z)| *out += x * z));
}

/// `out[j] += a[j] · b[j]`.
pub fn add_product(a: &[f64], b: &[f64], out: &mut [f64]) {
    Arch::new().dispatch(|| out.iter_mut().zip(a.iter().zip(b)).for_each(|(out, (a, b))| *out += a * b));
}

/// `out[j] *= other[j]`.
pub fn multiply(out: &mut [f64], other: &[f64]) {
    Arch::new().dispatch(|| out.iter_mut().zip(other).for_each(|(out, z)| *out *= z));
}

/// Every entry through `f`, compiled for the widest instructions when `f` inlines to arithmetic.
pub fn map(x: &mut [f64], f: impl Fn(f64) -> f64) {
    Arch::new().dispatch(|| x.iter_mut().for_each(|x| *x = f(*x)));
}

/// `out[j] = f(out[j], other[j])`, likewise.
pub fn zip_map(out: &mut [f64], other: &[f64], f: impl Fn(f64, f64) -> f64) {
    Arch::new().dispatch(|| out.iter_mut().zip(other).for_each(|(out, z)| *out = f(*out, *z)));
}

/// Whether every entry is finite.
#[must_use]
pub fn all_finite(a: &[f64]) -> bool {
    // x · 0 is 0 for finite x and NaN otherwise
    widest(Sum(a, a, |a, _| a * 0.0)) == 0.0
}

/// x to a whole power, in place, by repeated squaring: relative errors grow as the power.
pub fn powi(x: &mut [f64], power: usize) {
    const CHUNK: usize = 64;
    for x in x.chunks_mut(CHUNK) {
        let mut base = [0.0; CHUNK];
        let base = &mut base[..x.len()];
        base.copy_from_slice(x);
        x.fill(1.0);
        for bit in (0..usize::BITS - power.leading_zeros()).rev() {
            map(x, |x| x * x);
            if power >> bit & 1 == 1 {
                multiply(x, base);
            }
        }
    }
}

/// Loops that fit none of the shapes here: whatever `run` does is compiled for the widest instructions, as far as it inlines. Mark
/// it `#[inline(always)]`; a closure cannot be, and a large one would stay behind.
pub trait Loops {
    /// What comes out.
    type Output;

    /// Runs them.
    fn run(self) -> Self::Output;
}

struct Dispatched<L>(L);

impl<L: Loops> NullaryFnOnce for Dispatched<L> {
    type Output = L::Output;

    #[inline(always)]
    fn call(self) -> L::Output {
        self.0.run()
    }
}

/// Runs loops with the widest instructions.
pub fn widest<L: Loops>(loops: L) -> L::Output {
    Arch::new().dispatch(Dispatched(loops))
}

/// Σⱼ aⱼ.
#[must_use]
pub fn sum(a: &[f64]) -> f64 {
    widest(Sum(a, a, |a, _| a))
}

/// Σⱼ aⱼ bⱼ.
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    widest(Sum(a, b, |a, b| a * b))
}

/// Σⱼ wⱼ (x − zⱼ)², where z is the column.
#[must_use]
pub fn dot_square_difference(w: &[f64], x: f64, column: &[f64]) -> f64 {
    widest(Sum(w, column, |w, z| {
        let t = x - z;
        w * (t * t)
    }))
}

/// Σⱼ f(aⱼ, bⱼ).
struct Sum<'a, F>(&'a [f64], &'a [f64], F);

impl<F: Fn(f64, f64) -> f64> Loops for Sum<'_, F> {
    type Output = f64;
    #[inline(always)]
    fn run(self) -> f64 {
        lanes(self.0, self.1, self.2)
    }
}

/// Σⱼ f(aⱼ, bⱼ), summed in a fixed order of lanes.
#[inline(always)]
fn lanes(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> f64 {
    let n = a.len().min(b.len());
    let mut sums = [0.0; LANES];
    let (whole_a, rest_a) = a[..n].as_chunks::<LANES>();
    let (whole_b, rest_b) = b[..n].as_chunks::<LANES>();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for k in 0..LANES {
            sums[k] += f(a[k], b[k]);
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(a, b)| f(*a, *b)).sum();
    folded(&sums) + rest
}

/// Whether all are; without an early end, which would keep it from running in vectors.
fn reducible(x: &[f64]) -> bool {
    Arch::new().dispatch(|| x.iter().fold(true, |all, x| all & (x.abs() < REDUCIBLE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(
        points: impl Iterator<Item = f64>,
        ours: fn(&mut [f64]),
        theirs: fn(f64) -> f64,
        floor: f64,
    ) -> f64 {
        points.fold(0.0, |worst: f64, x| {
            let mut y = [x];
            ours(&mut y);
            let exact = theirs(x);
            worst.max((y[0] - exact).abs() / exact.abs().max(floor))
        })
    }

    #[test]
    fn exponentials() {
        let points = (-70_700..70_800).map(|i| f64::from(i) * 0.010_013);
        assert!(worst(points, exp, f64::exp, 0.0) < 6e-16);
        let mut edges = [-1e300, f64::NEG_INFINITY, 0.0, f64::INFINITY, f64::NAN, -709.0];
        exp(&mut edges);
        assert_eq!(edges[..4], [0.0, 0.0, 1.0, f64::INFINITY]);
        assert!(edges[4].is_nan() && edges[5] == 0.0);
    }

    #[test]
    fn logarithms() {
        let points =
            (-300..300).flat_map(|i| [0.11, -0.11, 0.7, 3.0].map(|m| m * 10f64.powf(0.05 * f64::from(i))));
        assert!(worst(points.filter(|x| *x > -0.999), ln_1p, f64::ln_1p, 0.0) < 8e-16);
        let mut edges = [0.0, -1.0, f64::INFINITY, -2.0, 1e308];
        ln_1p(&mut edges);
        assert!(
            edges[0] == 0.0
                && edges[1] == f64::NEG_INFINITY
                && edges[2] == f64::INFINITY
                && edges[3].is_nan()
        );
        assert!((edges[4] - 1e308f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn angles() {
        let points = || (-90_000..90_000).map(|i| f64::from(i) * 1.000_37);
        assert!(worst(points(), cos, f64::cos, 1.0) < 3e-16);
        let sine: fn(&mut [f64]) = |x| sin_cos(x, &mut [0.0]);
        assert!(worst(points(), sine, f64::sin, 1.0) < 3e-16);
        assert!(worst([1e-9, 3e7, -1e12].into_iter(), sine, f64::sin, 0.0) < 3e-16);
    }

    #[test]
    fn powers_and_angles_of_points() {
        for power in [0, 1, 2, 3, 7, 12, 51] {
            let mut x: Vec<f64> = (0..100).map(|i| 0.02 * f64::from(i) - 1.0).collect();
            let exact: Vec<f64> = x.iter().map(|x| x.powi(power)).collect();
            powi(&mut x, power as usize);
            assert!(x.iter().zip(&exact).all(|(x, e)| (x - e).abs() <= 1e-14 * e.abs()));
        }
        for i in -400..400 {
            for x in [1.0, 1e-170, 3e150] {
                let y = x * 10f64.powf(0.02 * f64::from(i));
                let ((angle, other), exact) = (angle1(y, x), [y.atan2(x), x.atan2(y)]);
                assert!((angle - exact[0]).abs() <= 5e-16 * exact[0], "{y} {x}: {angle} {exact:?}");
                assert!((other - exact[1]).abs() <= 5e-16 * exact[1], "{y} {x}: {other} {exact:?}");
            }
        }
        let right = std::f64::consts::FRAC_PI_2;
        assert_eq!(
            [angle1(0.0, 0.0), angle1(0.0, 2.0), angle1(3.0, 0.0)],
            [(0.0, right), (0.0, right), (right, 0.0)]
        );
        assert_eq!(angle1(1.0, 1.0), (0.5 * right, 0.5 * right));
    }

    #[test]
    fn sums() {
        let a: Vec<f64> = (0..37).map(|i| f64::from(i) - 11.0).collect();
        let b: Vec<f64> = (0..37).map(|i| 0.5 * f64::from(i)).collect();
        assert_eq!(dot(&a, &b), a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>());
        let direct: f64 = a.iter().zip(&b).map(|(w, z)| w * (3.0 - z) * (3.0 - z)).sum();
        assert!((dot_square_difference(&a, 3.0, &b) - direct).abs() < 1e-10);
    }
}
