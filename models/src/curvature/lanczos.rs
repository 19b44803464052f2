//! Lanczos' method with full reorthogonalisation: eigenpairs at the ends of a spectrum, and traces of functions of a matrix by quadrature.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};
use softbias_priors::Seed;
use softbias_priors::math::linalg;

use crate::error::{ModelError, Result};

/// A symmetric matrix that is known by its products.
pub trait SymmetricOperator: Sync {
    /// Rows, and columns.
    fn dim(&self) -> usize;

    /// out = A v.
    fn apply(&self, v: &[f64], out: &mut [f64]);
}

/// A matrix that is held.
impl SymmetricOperator for Array2<f64> {
    fn dim(&self) -> usize {
        self.nrows()
    }

    fn apply(&self, v: &[f64], out: &mut [f64]) {
        let column = ArrayView2::from_shape((v.len(), 1), v);
        if let Ok(column) = column {
            linalg::matmul(self.view(), column).iter().zip(out).for_each(|(value, out)| *out = *value);
        }
    }
}

/// A tridiagonal matrix T = Q A Qᵀ with orthonormal rows Q: its eigenvalues are Ritz values of A.
#[derive(Clone, Debug)]
pub struct Lanczos {
    /// Ritz values, ascending.
    values: Array1<f64>,
    /// Eigenvectors of T, in columns.
    inner: Array2<f64>,
    /// Q, (step × coordinate).
    basis: Array2<f64>,
    /// Size of what is left outside the space, the coefficient that the next step would have.
    rest: f64,
}

/// A step whose rest is this small beside the matrix found an invariant space.
const INVARIANT: f64 = 1e-12;

impl Lanczos {
    /// Makes at most `steps` steps from a random direction. Where the space is invariant before that, it goes on from another direction, so
    /// that eigenvalues of any multiplicity are found in as many steps as there are coordinates. Costs a product a step, and O(steps² n).
    ///
    /// # Errors
    /// Without a step; over the memory limit of the basis (steps × coordinates); and when products are not finite.
    pub fn new(operator: &dyn SymmetricOperator, steps: usize, seed: Seed) -> Result<Lanczos> {
        let start = seed.named("lanczos").normal1(operator.dim());
        Lanczos::from(operator, steps, start, seed)
    }

    fn from(
        operator: &dyn SymmetricOperator,
        steps: usize,
        start: Array1<f64>,
        seed: Seed,
    ) -> Result<Lanczos> {
        let n = operator.dim();
        let steps = steps.min(n);
        if steps == 0 {
            let what = "the number of Lanczos steps";
            return Err(ModelError::Range { what, low: 0.0, high: f64::INFINITY, value: 0.0 });
        }
        let instead = "take fewer steps";
        softbias_priors::memory::announce("a Lanczos basis (step × coordinate)", steps, n, instead)?;
        let mut basis = Array2::zeros((steps, n));
        let mut tridiagonal = Array2::<f64>::zeros((steps, steps));
        let mut next = unit(start);
        let (mut rest, mut scale) = (0.0, 0.0f64);
        let mut product = vec![0.0; n];
        for step in 0..steps {
            basis.row_mut(step).assign(&next);
            operator.apply(next.as_slice().unwrap_or_default(), &mut product);
            let mut w = Array1::from(std::mem::take(&mut product));
            let own = w.dot(&next);
            if !own.is_finite() {
                return Err(linalg::LinalgError::NotFinite { what: "a product", stage: "lanczos" }.into());
            }
            tridiagonal[[step, step]] = own;
            orthogonalise(&mut w, basis.slice(s![..=step, ..]));
            rest = w.dot(&w).sqrt();
            scale = scale.max(own.abs() + rest);
            if step + 1 < steps {
                if rest > INVARIANT * scale {
                    (tridiagonal[[step, step + 1]], tridiagonal[[step + 1, step]]) = (rest, rest);
                    next = &w / rest;
                } else {
                    let mut fresh = seed.named("again").at(step).normal1(n);
                    orthogonalise(&mut fresh, basis.slice(s![..=step, ..]));
                    next = unit(fresh);
                }
            }
            product = w.to_vec();
        }
        let linalg::Eigh { values, vectors } = linalg::eigh(tridiagonal.view())?;
        Ok(Lanczos { values, inner: vectors, basis, rest })
    }

    /// Ritz values, ascending.
    #[must_use]
    pub fn values(&self) -> &Array1<f64> {
        &self.values
    }

    /// How far every Ritz value is from an eigenvalue at most: |rest · last coordinate|, in the order of the values.
    #[must_use]
    pub fn errors(&self) -> Array1<f64> {
        self.inner.row(self.inner.nrows() - 1).mapv(|last| (self.rest * last).abs())
    }

    /// The `k` largest Ritz values, descending, and their vectors as rows (k × coordinate).
    #[must_use]
    pub fn largest(&self, k: usize) -> (Array1<f64>, Array2<f64>) {
        let steps = self.values.len();
        let k = k.min(steps);
        let values = self.values.slice(s![steps - k..;-1]).to_owned();
        let inner = self.inner.slice(s![.., steps - k..;-1]);
        (values, linalg::matmul_tn(inner, self.basis.view()))
    }

    /// The Gauss quadrature of the spectrum as the first direction sees it.
    #[must_use]
    pub fn quadrature(&self) -> Quadrature {
        let weights = self.inner.row(0).mapv(|first| first * first);
        Quadrature { nodes: self.values.clone(), weights }
    }
}

/// Nodes and weights (which sum to 1) of a spectral density.
#[derive(Clone, Debug, PartialEq)]
pub struct Quadrature {
    /// Ritz values.
    pub nodes: Array1<f64>,
    /// Their weights.
    pub weights: Array1<f64>,
}

/// tr f(A) by stochastic Lanczos quadrature (Ubaru, Chen & Saad 2017) with that many random directions, and its standard error over them
/// (0 for one direction); with the quadrature of every direction.
///
/// # Errors
/// Without a direction, and those of [`Lanczos::new`].
pub fn trace_of(
    operator: &dyn SymmetricOperator,
    f: impl Fn(f64) -> f64,
    steps: usize,
    directions: usize,
    seed: Seed,
) -> Result<(f64, f64, Vec<Quadrature>)> {
    if directions == 0 {
        return Err(ModelError::NoDraws);
    }
    let n = operator.dim() as f64;
    let quadratures = (0..directions)
        .map(|k| Ok(Lanczos::new(operator, steps, seed.at(k))?.quadrature()))
        .collect::<Result<Vec<_>>>()?;
    let of = |q: &Quadrature| n * q.nodes.iter().zip(&q.weights).map(|(x, w)| w * f(*x)).sum::<f64>();
    let each: Vec<f64> = quadratures.iter().map(of).collect();
    let count = directions as f64;
    let mean = each.iter().sum::<f64>() / count;
    let spread = each.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    Ok((mean, (spread / count).sqrt(), quadratures))
}

fn unit(v: Array1<f64>) -> Array1<f64> {
    let size = v.dot(&v).sqrt();
    if size > 0.0 { v / size } else { v }
}

/// Twice, which is enough (Parlett: Kahan's remark).
fn orthogonalise(v: &mut Array1<f64>, basis: ArrayView2<'_, f64>) {
    for _ in 0..2 {
        let along = linalg::matmul(basis, v.view().insert_axis(Axis(1)));
        *v -= &linalg::matmul_tn(basis, along.view()).remove_axis(Axis(1));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn matrix(n: usize) -> Array2<f64> {
        let a = Seed::new(5).normal2(n, n + 3);
        linalg::syrk(a.view()) / n as f64
    }

    #[test]
    fn as_many_steps_as_coordinates_give_the_spectrum() {
        let a = matrix(30);
        let exact = linalg::eigh(a.view()).unwrap();
        let found = Lanczos::new(&a, 30, Seed::new(1)).unwrap();
        assert!((&exact.values - found.values()).iter().all(|d| d.abs() < 1e-11), "{:?}", found.values());
        let (values, vectors) = found.largest(4);
        let back = linalg::matmul(vectors.view(), a.view());
        for k in 0..4 {
            let off = &back.row(k) - &(&vectors.row(k) * values[k]);
            assert!(off.dot(&off).sqrt() < 1e-10);
        }
    }

    #[test]
    fn the_largest_values_come_first_and_say_how_near_they_are() {
        let a = matrix(200);
        let exact = linalg::eigh(a.view()).unwrap();
        let found = Lanczos::new(&a, 60, Seed::new(1)).unwrap();
        let (value, error) = (found.values()[59], found.errors()[59]);
        assert!((value - exact.values[199]).abs() <= error + 1e-12 && error < 1e-6, "{value} {error}");
    }

    #[test]
    fn repeated_eigenvalues_are_all_found() {
        let a = Array2::from_diag(&Array1::from_shape_fn(12, |i| f64::from((i % 3) as u8)));
        let found = Lanczos::new(&a, 12, Seed::new(2)).unwrap();
        let twos = found.values().iter().filter(|v| (**v - 2.0).abs() < 1e-12).count();
        assert_eq!(twos, 4, "{:?}", found.values());
    }

    #[test]
    fn traces_by_quadrature() {
        let a = matrix(120);
        let exact: f64 = linalg::eigh(a.view()).unwrap().values.iter().map(|v| v.ln_1p()).sum();
        let (found, error, _) = trace_of(&a, f64::ln_1p, 40, 60, Seed::new(3)).unwrap();
        assert!((found - exact).abs() < 4.0 * error && error < 0.03 * exact, "{found} ± {error}, {exact}");
        assert!(matches!(trace_of(&a, f64::ln_1p, 40, 0, Seed::new(3)), Err(ModelError::NoDraws)));
        assert!(matches!(Lanczos::new(&a, 0, Seed::new(3)), Err(ModelError::Range { .. })));
    }
}
