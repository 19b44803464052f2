//! Elementwise functions over slices with the processor's widest instructions: THE door to pulp.
//!
//! Everything here is plain arithmetic without fused multiply-adds and with sums in a fixed order of lanes, so that the bits of a
//! result depend neither on the processor nor on the number of threads. Relative errors are a few units in the last place.

mod elementary;

use pulp::{Arch, NullaryFnOnce};

pub use elementary::angle1;

use elementary::{REDUCIBLE, exp1, ln_1p1, sin_cos1};

/// Lanes of every sum: a constant of the numbers, not of the machine.
const LANES: usize = 8;

/// eˣ in place. Below −708 it is 0, above 709 infinite; NaN stays NaN.
pub fn exp(x: &mut [f64]) {
    Arch::new().dispatch(|| x.iter_mut().for_each(|x| *x = exp1(*x)));
}

/// ln(1 + x) in place, for x > −1.
pub fn ln_1p(x: &mut [f64]) {
    Arch::new().dispatch(|| x.iter_mut().for_each(|x| *x = ln_1p1(*x)));
}

/// √x in place.
pub fn sqrt(x: &mut [f64]) {
    Arch::new().dispatch(|| x.iter_mut().for_each(|x| *x = x.sqrt()));
}

/// cos x in place; the relative error grows with |x| as that of x itself does.
pub fn cos(x: &mut [f64]) {
    if reducible(x) {
        Arch::new().dispatch(|| x.iter_mut().for_each(|x| *x = sin_cos1(*x).1));
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
        Arch::new().dispatch(|| x.iter_mut().zip(cos).for_each(|(x, c)| (*x, *c) = sin_cos1(*x)));
    } else {
        x.iter_mut().zip(cos).for_each(|(x, c)| (*x, *c) = x.sin_cos());
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
    Arch::new().dispatch(|| {
        out.fill(0.0);
        let n = out.len();
        let (fours, rest) = columns.as_chunks::<4>();
        // Four coordinates a pass: what is summed stays in a register for longer.
        for (k, four) in fours.iter().enumerate() {
            let at = |i: usize| (x[4 * k + i], factor(4 * k + i), &four[i][..n]);
            let ((x0, f0, c0), (x1, f1, c1), (x2, f2, c2), (x3, f3, c3)) = (at(0), at(1), at(2), at(3));
            for (j, out) in out.iter_mut().enumerate() {
                let (t0, t1) = ((x0 - c0[j]) * f0, (x1 - c1[j]) * f1);
                let (t2, t3) = ((x2 - c2[j]) * f2, (x3 - c3[j]) * f3);
                *out = *out + t0 * t0 + t1 * t1 + t2 * t2 + t3 * t3;
            }
        }
        for (i, column) in rest.iter().enumerate() {
            let (x, f) = (x[columns.len() - rest.len() + i], factor(columns.len() - rest.len() + i));
            for (out, z) in out.iter_mut().zip(*column) {
                let t = (x - z) * f;
                *out += t * t;
            }
        }
    });
}

/// Adds Σⱼ wⱼ (x_d − z_dj)² · factor(d) to `out[d]` for every coordinate d, where z are the columns.
pub fn add_weighted_squares(
    w: &[f64],
    x: &[f64],
    columns: &[&[f64]],
    factor: impl Fn(usize) -> f64,
    out: &mut [f64],
) {
    Arch::new().dispatch(|| {
        let pairs = columns.chunks(2).zip(x.chunks(2)).zip(out.chunks_mut(2)).enumerate();
        for (k, ((columns, x), out)) in pairs {
            let [a, b] = columns else {
                out[0] += factor(2 * k) * lanes(w, columns[0], |w, z| w * (x[0] - z) * (x[0] - z));
                continue;
            };
            let (sum_a, sum_b) = two_lanes(w, (x[0], a), (x[1], b));
            out[0] += factor(2 * k) * sum_a;
            out[1] += factor(2 * k + 1) * sum_b;
        }
    });
}

/// Σⱼ wⱼ (x − zⱼ)² for two columns at once, each in the order of [`lanes`].
#[inline(always)]
fn two_lanes(w: &[f64], (x, a): (f64, &[f64]), (y, b): (f64, &[f64])) -> (f64, f64) {
    let n = w.len().min(a.len()).min(b.len());
    let (mut sums_a, mut sums_b) = ([0.0; LANES], [0.0; LANES]);
    let (whole_w, rest_w) = w[..n].as_chunks::<LANES>();
    let (whole_a, rest_a) = a[..n].as_chunks::<LANES>();
    let (whole_b, rest_b) = b[..n].as_chunks::<LANES>();
    for ((w, a), b) in whole_w.iter().zip(whole_a).zip(whole_b) {
        for k in 0..LANES {
            sums_a[k] += w[k] * (x - a[k]) * (x - a[k]);
            sums_b[k] += w[k] * (y - b[k]) * (y - b[k]);
        }
    }
    let tail =
        |x: f64, rest: &[f64]| rest_w.iter().zip(rest).map(|(w, z)| w * (x - z) * (x - z)).sum::<f64>();
    (folded(&sums_a) + tail(x, rest_a), folded(&sums_b) + tail(y, rest_b))
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
    Arch::new().dispatch(|| lanes(a, a, |a, _| a * 0.0)) == 0.0
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
    Arch::new().dispatch(|| lanes(a, a, |a, _| a))
}

/// Σⱼ aⱼ bⱼ.
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    Arch::new().dispatch(|| lanes(a, b, |a, b| a * b))
}

/// Σⱼ wⱼ (x − zⱼ)², where z is the column.
#[must_use]
pub fn dot_square_difference(w: &[f64], x: f64, column: &[f64]) -> f64 {
    Arch::new().dispatch(|| {
        lanes(w, column, |w, z| {
            let t = x - z;
            w * (t * t)
        })
    })
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
