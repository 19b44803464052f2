//! Additive kernels: sums of interactions of every order between one-input kernels.

use super::algebra::{VARIANCE_BOUNDS, inner_then, joined_parameters, parts_with, random_sign};
use super::{Inputs, Kernel, KernelFunction, RandomFunction, SavedKernel, TILE, Tile};
use crate::group::Action;
use crate::math::simd;
use crate::parameters::{Coordinate, Parameter};
use crate::prior::Result;
use crate::{Parameters, PriorError, Seed};

/// Σ_q σ_q² e_q(z₁ … z_d) with z_i the value of the i-th kernel at the i-th coordinates, and e_q the elementary symmetric polynomials.
///
/// They come from the recurrence E_q ← E_q + z_i E_{q−1}, one input at a time, and their slopes from running it backwards: sums of
/// products without a subtraction or a division, so that nothing is lost at any number of inputs, nor where a z_i is 0.
#[derive(Clone, Debug)]
struct Additive {
    bases: Vec<Kernel>,
    /// σ_q² of orders 1, 2, …
    variances: Vec<f64>,
}

/// One number a point of a tile.
type Row = [f64; TILE];

impl Additive {
    fn orders(&self) -> usize {
        self.variances.len()
    }

    fn values<'a>(&'a self, a: &'a [f64], b: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        self.bases.iter().enumerate().map(|(i, k)| k.eval(coordinate(a, i), coordinate(b, i)))
    }

    fn own_parameters(&self) -> Parameters {
        let each = self.variances.iter().enumerate().map(|(q, &v)| {
            let name = format!("variance{}", q + 1);
            // an order left out stays out
            let bounds = if v == 0.0 { (0.0, 0.0) } else { VARIANCE_BOUNDS };
            let coordinate = if v == 0.0 { Coordinate::Plain } else { Coordinate::Log };
            Parameter::free(&name, v, bounds, coordinate).fixed(v == 0.0)
        });
        Parameters::new(each)
    }
}

/// The i-th coordinate as a point of one input; no input where there is none.
fn coordinate(x: &[f64], i: usize) -> &[f64] {
    x.get(i..=i).unwrap_or(&[f64::NAN])
}

/// Σ_q variance_q e_q(z).
fn combine(variances: &[f64], z: impl Iterator<Item = f64>) -> f64 {
    let mut e = vec![0.0; variances.len() + 1];
    e[0] = 1.0;
    z.for_each(|z| advance(&mut e, z));
    e[1..].iter().zip(variances).map(|(e, v)| v * e).sum()
}

fn advance(e: &mut [f64], z: f64) {
    for q in (1..e.len()).rev() {
        e[q] += z * e[q - 1];
    }
}

/// The slopes of [`combine`] by every z.
fn slopes(variances: &[f64], z: &[f64]) -> Vec<f64> {
    let mut e = vec![0.0; variances.len() + 1];
    e[0] = 1.0;
    let mut before = Vec::with_capacity(z.len());
    for &z in z {
        before.push(e.clone());
        advance(&mut e, z);
    }
    // `after[q]` is the slope by E_q as it stands at this input
    let mut after: Vec<f64> = std::iter::once(0.0).chain(variances.iter().copied()).collect();
    let mut slopes = vec![0.0; z.len()];
    for ((slope, z), e) in slopes.iter_mut().zip(z).zip(&before).rev() {
        for q in 1..after.len() {
            *slope += after[q] * e[q - 1];
            after[q - 1] += z * after[q];
        }
    }
    slopes
}

/// The variances of e_q alone, with q = order + 1.
fn only(order: usize) -> Vec<f64> {
    (0..=order).map(|q| if q == order { 1.0 } else { 0.0 }).collect()
}

impl KernelFunction for Additive {
    fn eval(&self, a: &[f64], b: &[f64]) -> f64 {
        combine(&self.variances, self.values(a, b))
    }

    fn diagonal(&self, a: &[f64]) -> f64 {
        let values = self.bases.iter().enumerate().map(|(i, k)| k.0.diagonal(coordinate(a, i)));
        combine(&self.variances, values)
    }

    fn inputs(&self) -> Inputs {
        Inputs::Exactly(self.bases.len())
    }

    fn parameters(&self) -> Parameters {
        inner_then(joined_parameters(&self.bases), self.own_parameters())
    }

    fn with(&self, theta: &[f64]) -> Result<Kernel> {
        let (inner, variances) = theta.split_at(theta.len() - self.orders());
        let bases = parts_with(&self.bases, inner)?;
        Ok(Kernel::new(Additive { bases, variances: variances.to_vec() }))
    }

    fn fill(&self, a: &[f64], b: &Tile<'_>, out: &mut [f64]) {
        let n = b.len();
        let mut z: Row = [0.0; TILE];
        let mut e = vec![[0.0; TILE]; self.orders()];
        for (i, k) in self.bases.iter().enumerate() {
            k.0.fill(coordinate(a, i), &Tile::new(vec![b.column(i)]), &mut z[..n]);
            for q in (1..e.len().min(i + 1)).rev() {
                let (lower, upper) = e.split_at_mut(q);
                simd::add_product(&z[..n], &lower[q - 1], &mut upper[0]);
            }
            simd::add_scaled(1.0, &z[..n], &mut e[0]);
        }
        out.fill(0.0);
        for (e, &v) in e.iter().zip(&self.variances) {
            simd::add_scaled(v, e, &mut out[..n]);
        }
    }

    fn contract(&self, a: &[f64], b: &Tile<'_>, w: &[f64], gradient: &mut [f64]) -> f64 {
        let (n, d, orders) = (b.len(), self.bases.len(), self.orders());
        let tile = |i: usize| Tile::new(vec![b.column(i)]);
        let mut z = vec![[0.0; TILE]; d];
        // E₀ … E_Q before each input, and after the last
        let mut e = vec![[0.0; TILE]; (d + 1) * (orders + 1)];
        e[0] = [1.0; TILE];
        for (i, k) in self.bases.iter().enumerate() {
            k.0.fill(coordinate(a, i), &tile(i), &mut z[i][..n]);
            let (done, next) = e.split_at_mut((i + 1) * (orders + 1));
            let now = &done[i * (orders + 1)..];
            next[0] = [1.0; TILE];
            for q in 1..=orders.min(i + 1) {
                next[q] = now[q];
                simd::add_product(&z[i][..n], &now[q - 1], &mut next[q]);
            }
        }
        let (inner, own) = gradient.split_at_mut(gradient.len() - orders);
        let mut total = 0.0;
        for (q, (own, v)) in own.iter_mut().zip(&self.variances).enumerate() {
            let sum = simd::dot(w, &e[d * (orders + 1) + q + 1][..n]);
            *own += sum;
            total += v * sum;
        }
        // slopes by E₀ … E_Q, each times w
        let mut after = vec![[0.0; TILE]; orders + 1];
        for (after, &v) in after[1..].iter_mut().zip(&self.variances) {
            simd::add_scaled(v, w, &mut after[..n]);
        }
        let mut end = inner.len();
        for (i, k) in self.bases.iter().enumerate().rev() {
            let start = end - k.count();
            let mut weights: Row = [0.0; TILE];
            for q in 1..=orders {
                if q <= i + 1 {
                    simd::add_product(&after[q][..n], &e[i * (orders + 1) + q - 1], &mut weights);
                }
                let (lower, upper) = after.split_at_mut(q);
                simd::add_product(&z[i][..n], &upper[0], &mut lower[q - 1]);
            }
            if start < end {
                k.0.contract(coordinate(a, i), &tile(i), &weights[..n], &mut inner[start..end]);
            }
            end = start;
        }
        total
    }

    fn slope(&self, a: &[f64], b: &[f64], w: f64, slope: &mut [f64]) {
        let slopes = slopes(&self.variances, &Vec::from_iter(self.values(a, b)));
        for ((i, (k, by)), slope) in self.bases.iter().zip(slopes).enumerate().zip(slope) {
            let (a, b) = (coordinate(a, i), coordinate(b, i));
            k.0.slope(a, b, w * by, std::slice::from_mut(slope));
        }
    }

    fn random_function(&self, _: usize, seed: Seed) -> Option<Box<dyn RandomFunction>> {
        // One sign an input and order makes the products of different subsets uncorrelated.
        let order = |(q, v): (usize, &f64)| {
            let seed = seed.at(q);
            let base = |(i, k): (usize, &Kernel)| {
                Some((random_sign(seed.at(i)), k.0.random_function(1, seed.at(i).named("function"))?))
            };
            let functions = self.bases.iter().enumerate().map(base).collect::<Option<Vec<_>>>()?;
            Some((v.sqrt(), functions))
        };
        Some(Box::new(RandomAdditive(self.variances.iter().enumerate().map(order).collect::<Option<_>>()?)))
    }

    fn preserved_by(&self, action: &Action) -> bool {
        // Inputs may change places where their kernels are the same, and stay or be mirrored where the kernel allows it.
        let saved = Vec::from_iter(self.bases.iter().map(Kernel::saved));
        action.inputs() == self.bases.len()
            && action.coordinates().zip(&self.bases).enumerate().all(|(i, ((source, sign, shift), k))| {
                let same = source == i || matches!((&saved[i], &saved[source]), (Ok(a), Ok(b)) if a == b);
                let own = Action::new(vec![0], vec![sign], vec![shift]);
                same && own.is_ok_and(|own| own.leaves(0) || k.0.preserved_by(&own))
            })
    }

    fn saved(&self) -> Result<SavedKernel> {
        SavedKernel::new("additive", &self.variances).of(&self.bases)
    }
}

/// An order of a random function: its weight, and a signed function an input.
type RandomOrder = (f64, Vec<(f64, Box<dyn RandomFunction>)>);

struct RandomAdditive(Vec<RandomOrder>);

impl RandomFunction for RandomAdditive {
    fn value(&self, x: &[f64]) -> f64 {
        let of_order = |(q, (weight, functions)): (usize, &RandomOrder)| {
            let values = functions.iter().enumerate().map(|(i, (sign, z))| sign * z.value(coordinate(x, i)));
            weight * combine(&only(q), values)
        };
        self.0.iter().enumerate().map(of_order).sum()
    }

    fn slope(&self, x: &[f64], w: f64, slope: &mut [f64]) {
        for (q, (weight, functions)) in self.0.iter().enumerate() {
            let values = functions.iter().enumerate().map(|(i, (sign, z))| sign * z.value(coordinate(x, i)));
            let slopes = slopes(&only(q), &Vec::from_iter(values));
            for ((i, ((sign, z), by)), slope) in functions.iter().zip(slopes).enumerate().zip(&mut *slope) {
                z.slope(coordinate(x, i), w * weight * sign * by, std::slice::from_mut(slope));
            }
        }
    }
}

impl Kernel {
    /// Σ_q σ_q² e_q(k₁ … k_d): the sum over orders q = 1 … `order` of the products of every q of these kernels, the i-th of which
    /// sees the i-th input alone (Duvenaud, Nickisch & Rasmussen 2011, eq. 5). Every order starts with an equal share of a variance
    /// that is 1 in all where the kernels' are: σ_q² = 1 / (order · binomial(d, q)).
    ///
    /// Its parameters are those of the kernels, as in a sum, then `variance1`, `variance2`, … A value costs d evaluations and
    /// O(d · order); so does a gradient.
    ///
    /// # Errors
    /// Without kernels, when one is not for a single input, or unless 1 ≤ order ≤ their number.
    pub fn additive(kernels: impl Into<Vec<Kernel>>, order: usize) -> Result<Kernel> {
        let kernels = kernels.into();
        // More orders than inputs are refused below; counting them must not take long.
        let orders = order.min(kernels.len() + 1);
        let mut binomial = 1.0;
        let shares = (1..=orders).map(|q| {
            binomial *= (kernels.len() + 1 - q) as f64 / q as f64;
            1.0 / (orders as f64 * binomial)
        });
        let shares = Vec::from_iter(shares);
        Kernel::additive_with(kernels, &shares)
    }

    /// [`Kernel::additive`] with these variances σ₁², σ₂², …; one of 0 leaves its order out for good.
    ///
    /// # Errors
    /// As there.
    pub fn additive_with(kernels: impl Into<Vec<Kernel>>, variances: &[f64]) -> Result<Kernel> {
        let bases = kernels.into();
        if bases.is_empty() || variances.is_empty() {
            let what =
                if bases.is_empty() { "kernels of an additive one" } else { "orders of an additive kernel" };
            return Err(PriorError::Empty(what));
        }
        if variances.len() > bases.len() {
            let (expected, found) = (bases.len(), variances.len());
            return Err(PriorError::Dimensions {
                what: "orders of an additive kernel (at most)",
                expected,
                found,
            });
        }
        bases.iter().try_for_each(|k| k.0.inputs().check(1))?;
        Ok(Kernel::new(Additive { bases, variances: variances.to_vec() }))
    }
}

pub(super) fn revive(saved: &SavedKernel) -> Option<Result<Kernel>> {
    (saved.kind == "additive").then(|| Kernel::additive_with(saved.revived_parts()?, &saved.values))
}
