//! Polynomials of any order in one input with orders that fade geometrically, in function space (Szegő's kernel, cut off).

use std::ops::RangeInclusive;

use super::dual::{Column, Dual};
use super::{Inputs, Kernel, KernelFunction, RandomFunction, SavedKernel, TILE, Tile};
use crate::group::Action;
use crate::math::simd::{self, Loops};
use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{Parameters, PriorError, Seed};

const GAMMA_BOUNDS: (f64, f64) = (1.0, 1e6);

/// Σⱼ (uv/γ)ʲ over the orders, with u, v the inputs in the window.
#[derive(Clone, Debug)]
struct Orders {
    from: usize,
    to: usize,
    gamma: f64,
    low: f64,
    high: f64,
}

impl Orders {
    /// The place of an input in the window, in [−1, 1]; NaN outside, where a polynomial of high order has no use.
    #[inline(always)]
    fn place(&self, x: f64) -> f64 {
        let half = 0.5 * (self.high - self.low);
        let t = (x - (self.low + half)) / half;
        let inside = if t < -1.0 { -1.0 } else { t };
        let inside = if inside > 1.0 { 1.0 } else { inside };
        // Rounding at the very ends is not outside.
        if t.abs() <= 1.0 + 1e-9 { inside } else { f64::NAN }
    }

    /// t = uv/γ for every point of the tile.
    fn ratios(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let a = self.place(a[0]);
        out.copy_from_slice(b.column(0));
        simd::map(out, |b| (a * self.place(b)) / self.gamma);
    }

    fn sums<const P: usize>(&self, t: &Column<P>, n: usize) -> Column<P> {
        simd::widest(Sums { from: self.from, to: self.to, t, n })
    }
}

/// Σⱼ tʲ over the orders, from t with its derivative (1) to the sum with its own. Sums of 2m and m + 1 terms follow from that of m
/// without a division: exact at t = 1 and good to rounding near it, where (1 − tⁿ)/(1 − t) is not.
struct Sums<'a, const P: usize> {
    from: usize,
    to: usize,
    t: &'a Column<P>,
    n: usize,
}

impl<const P: usize> Loops for Sums<'_, P> {
    type Output = Column<P>;

    #[inline(always)]
    fn run(self) -> Column<P> {
        let Sums { from, to, t, n } = self;
        let n = n.min(TILE);
        let (mut sum, mut power) = (Column::zero(), t.clone());
        sum.value.fill(1.0);
        let terms = to - from + 1;
        for bit in (0..terms.ilog2()).rev() {
            let odd = terms >> bit & 1 == 1;
            for j in 0..n {
                let p = power.get(j);
                let twice = sum.get(j) * p.plus(1.0);
                let square = p * p;
                sum.set(j, if odd { twice + square } else { twice });
                power.set(j, if odd { square * t.get(j) } else { square });
            }
        }
        let mut first = Column::<P>::zero();
        first.value.fill(1.0);
        for bit in (0..usize::BITS - from.leading_zeros()).rev() {
            let odd = from >> bit & 1 == 1;
            for j in 0..n {
                let square = first.get(j) * first.get(j);
                first.set(j, if odd { square * t.get(j) } else { square });
            }
        }
        for j in 0..n {
            sum.set(j, sum.get(j) * first.get(j));
        }
        sum
    }
}

impl KernelFunction for Orders {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        let mut value = [0.0];
        self.fill(a, &Tile::one(b), &mut value);
        value[0]
    }

    fn inputs(&self) -> Inputs {
        Inputs::Exactly(1)
    }

    fn parameters(&self) -> Parameters {
        Parameters::new([Parameter::free("gamma", self.gamma, GAMMA_BOUNDS, Coordinate::Log)])
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        Kernel::orders(self.from..=self.to, theta[0], self.low, self.high)
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let n = b.len();
        let mut t = Column::<0>::zero();
        self.ratios(a, b, &mut t.value[..n]);
        out[..n].copy_from_slice(&self.sums(&t, n).value[..n]);
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let n = b.len();
        let mut t = Column::<1>::zero();
        t.along[0].fill(1.0);
        self.ratios(a, b, &mut t.value[..n]);
        let mut sums = self.sums(&t, n);
        // ∂t/∂γ = −t/γ
        simd::multiply(&mut sums.along[0][..n], &t.value[..n]);
        gradient[0] -= simd::dot(w, &sums.along[0][..n]) / self.gamma;
        simd::dot(w, &sums.value[..n])
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let mut t = Column::<1>::zero();
        t.along[0].fill(1.0);
        self.ratios(a, &Tile::one(b), &mut t.value[..1]);
        let half = 0.5 * (self.high - self.low);
        slope[0] += w * self.sums(&t, 1).along[0][0] * self.place(b[0]) / (self.gamma * half);
    }

    /// The polynomial itself: its coefficients are independent.
    fn random_function(&self, _: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        const MOST: usize = 100_000;
        let count = self.to - self.from + 1;
        if count > MOST {
            return None;
        }
        let coefficients = seed.named("coefficients").normal1(count).to_vec();
        Some(Box::new(Drawn { coefficients, orders: self.clone() }))
    }

    /// The reflection about the middle of the window, where it keeps even and odd orders apart.
    fn preserved_by(&self, action: &Action) -> bool {
        let middle = self.low + 0.5 * (self.high - self.low);
        let mut image = [0.0];
        action.apply(&[middle], &mut image);
        action.inputs() == 1 && image[0] == middle
    }

    fn saved(&self) -> Result<SavedKernel> {
        let counts = vec![self.from, self.to];
        Ok(SavedKernel { counts, ..SavedKernel::new("orders", &[self.gamma, self.low, self.high]) })
    }
}

struct Drawn {
    coefficients: Vec<f64>,
    orders: Orders,
}

impl Drawn {
    /// Horner's rule in u/√γ, with the derivative.
    fn at(&self, x: f64) -> Dual<1> {
        let u: Dual<1> = Dual::seeded(self.orders.place(x) / self.orders.gamma.sqrt(), &[1.0]);
        let sum =
            self.coefficients.iter().rev().fold(Dual::constant(0.0), |sum: Dual<1>, c| (sum * u).plus(*c));
        let first = (0..usize::BITS - self.orders.from.leading_zeros()).rev();
        sum * first.fold(Dual::constant(1.0), |power: Dual<1>, bit| {
            let square = power * power;
            if self.orders.from >> bit & 1 == 1 { square * u } else { square }
        })
    }
}

impl RandomFunction for Drawn {
    fn value(&self, x: &[f64]) -> f64 {
        self.at(x[0]).value
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        let half = 0.5 * (self.orders.high - self.orders.low);
        slope[0] += w * self.at(x[0]).along[0] / (self.orders.gamma.sqrt() * half);
    }
}

impl Kernel {
    /// Σⱼ (uv/γ)ʲ over the orders j, where u and v are the two inputs, rescaled from the window [low, high] to [−1, 1]: the
    /// polynomials Σⱼ wⱼ uʲ with wⱼ ~ N(0, γ⁻ʲ), that is with the penalty γʲ wⱼ² (Wilson 2025), of one input and any order. The
    /// same prior in weight space is [`Polynomial`](crate::Polynomial) with monomials and geometric scales. Costs log₂ of the
    /// number of orders. Parameter `gamma` ≥ 1.
    ///
    /// The window is declared, not learned from points. Outside it the kernel is NaN, which a [`Gp`](crate::Gp) reports as an error.
    ///
    /// # Errors
    /// Without an order, and for a window that is none.
    pub fn orders(orders: RangeInclusive<usize>, gamma: f64, low: f64, high: f64) -> Result<Kernel> {
        let (from, to) = orders.into_inner();
        if from > to || to == usize::MAX {
            return Err(PriorError::Empty("orders of a polynomial"));
        }
        if !(low < high && (high - low).is_finite()) {
            return Err(PriorError::Window { input: 0, low, high });
        }
        Ok(Kernel::new(Orders { from, to, gamma, low, high }))
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    if saved.kind != "orders" {
        return None;
    }
    let &[from, to] = saved.counts.as_slice() else { return Some(Err(saved.malformed())) };
    Some(saved.numbers::<3>().and_then(|[gamma, low, high]| Kernel::orders(from..=to, gamma, low, high)))
}
