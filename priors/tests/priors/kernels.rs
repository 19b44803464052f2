//! Closed forms that the features of a prior reproduce or approach.

use std::f64::consts::PI;

use ndarray::{Array1, Array2};
use softbias_priors::*;

use super::square;

fn kernel<P: GaussianPrior>(prior: &P, x: &Points) -> Array2<f64> {
    prior.cov(x, x).unwrap().of_output(0).to_owned()
}

fn from_pairs(x: &Points, k: impl Fn(&Array1<f64>, &Array1<f64>) -> f64) -> Array2<f64> {
    let row = |i: usize| x.view().row(i).to_owned();
    Array2::from_shape_fn((x.len(), x.len()), |(i, j)| k(&row(i), &row(j)))
}

fn rms(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    ((a - b).mapv(|v| v * v).sum() / a.len() as f64).sqrt()
}

/// Error of the kernel over ten seeds at each count; the errors must fall as 1/√count, and be as small as `unit`/√count.
fn approaches(expected: &Array2<f64>, unit: f64, of: impl Fn(usize, Seed) -> Array2<f64>) {
    let error = |count: usize| {
        let squares: f64 =
            (0..10).map(|i| rms(&of(count, Seed::new(100).at(count).at(i)), expected).powi(2)).sum();
        (squares / 10.0).sqrt()
    };
    let (few, many) = (error(100), error(10_000));
    assert!(few < unit / 10.0 && many < unit / 100.0, "{few} {many}");
    assert!((5.0..20.0).contains(&(few / many)), "not 1/√count: {few} {many}");
}

#[test]
fn fourier_features_approach_the_rbf_kernel() {
    let length = 0.6;
    let rbf = from_pairs(&square(), |x, z| {
        let d = x - z;
        (-d.dot(&d) / (2.0 * length * length)).exp()
    });
    // cos(ω(x − z)/ℓ) has a variance of at most 1
    approaches(&rbf, 1.0, |m, seed| kernel(&Features::fourier(m, 2, length, seed).unwrap(), &square()));
    // the diagonal is exact at any count
    let k = kernel(&Features::fourier(3, 2, length, Seed::new(1)).unwrap(), &square());
    assert!(k.diag().iter().all(|v| (v - 1.0).abs() < 1e-15));
}

#[test]
fn relu_features_approach_the_arc_cosine_kernel() {
    // 2 E[(u·x̃)₊(u·z̃)₊] = ‖x̃‖‖z̃‖ (sin θ + (π − θ) cos θ)/π with x̃ = (x, 1) (Cho & Saul 2009)
    let arc = from_pairs(&square(), |x, z| {
        let (xx, zz, xz) = (x.dot(x) + 1.0, z.dot(z) + 1.0, x.dot(z) + 1.0);
        let cos = (xz / (xx * zz).sqrt()).clamp(-1.0, 1.0);
        let theta = cos.acos();
        (xx * zz).sqrt() * (theta.sin() + (PI - theta) * cos) / PI
    });
    assert!((arc[[4, 4]] - 1.0).abs() < 1e-15);
    approaches(&arc, 6.0, |m, seed| kernel(&Features::relu(m, 2, seed).unwrap(), &square()));
}

#[test]
fn linear_features_approach_the_dot_product() {
    let dot = from_pairs(&square(), |x, z| x.dot(z));
    approaches(&dot, 3.0, |m, seed| kernel(&Features::linear(m, 2, seed).unwrap(), &square()));
}

#[test]
fn penalised_monomials_have_a_closed_form() {
    let x = Points::line([-1.0, -0.3, 0.0, 0.5, 0.99]).unwrap();
    for gamma in [1.0, 1.3, 4.0] {
        for top in [0, 3, 60, 1000] {
            let prior = Polynomial::orders(0..=top).basis(Basis::Monomial).scales(Scales::geometric(gamma));
            let expected = from_pairs(&x, |x, z| {
                let q = x[0] * z[0] / gamma;
                if q == 1.0 { top as f64 + 1.0 } else { (1.0 - q.powi(top as i32 + 1)) / (1.0 - q) }
            });
            let found = kernel(&prior, &x);
            let gap = (&found - &expected).iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            assert!(gap < 1e-11 * expected[[4, 4]].max(1.0), "γ {gamma} order {top}: {gap}");
        }
    }
}

#[test]
fn scales_by_their_formulas() {
    let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-14, "{found}");
    for j in 0..9usize {
        near(Scales::flat().at(j), 1.0);
        near(Scales::geometric(3.0).at(j), 3f64.powf(-0.5 * j as f64));
        near(Scales::power(2.0).at(j), (1.0 + j as f64).powi(-2));
        assert_eq!(Scales::cut_off(4).at(j), if j <= 4 { 1.0 } else { 0.0 });
        near(Scales::rule(8, |j| (j + 1) as f64).at(j), (j + 1) as f64);
    }
    near(Scales::geometric(3.0).from_order(5).at(7), 1.0 / 3.0);
    near(Scales::power(2.0).from_order(4).at(8), 0.25);
    assert_eq!(Scales::power(2.0).from_order(4).at(4), 1.0);
    // a cut-off is the same prior as fewer orders
    let x = square();
    let orders = |hi| Polynomial::orders(0..=hi).window(Window::unit(2));
    let (cut, fewer) = (kernel(&orders(6).scales(Scales::cut_off(3)), &x), kernel(&orders(3), &x));
    assert!(rms(&cut, &fewer) < 1e-13);
}

#[test]
fn several_inputs_multiply_the_bases() {
    // tensor of all orders ≤ m in each input: the kernel is the product of the kernels of the inputs
    let x = square();
    let k = kernel(&Polynomial::orders(0..=3).window(Window::unit(2)).tensor(), &x);
    let of_input = |i: usize| {
        kernel(&Polynomial::orders(0..=3), &Points::line(x.coordinate(i).unwrap().to_vec()).unwrap())
    };
    let product = of_input(0) * of_input(1);
    assert!(rms(&k, &product) < 1e-12 * product[[0, 0]]);
    // total degree ≤ 2 in monomials: 1, x, y, x², xy, y² (in this order)
    let prior = Polynomial::orders(0..=2).window(Window::unit(2)).basis(Basis::Monomial);
    let row = prior.basis_at(&[0.5, -0.25]);
    assert_eq!(row, [1.0, 0.5, -0.25, 0.25, -0.125, 0.0625]);
}

trait BasisAt {
    fn basis_at(&self, x: &[f64]) -> Vec<f64>;
}

impl<W: Weights> BasisAt for W {
    fn basis_at(&self, x: &[f64]) -> Vec<f64> {
        let point = Points::new(Array2::from_shape_vec((1, x.len()), x.to_vec()).unwrap()).unwrap();
        Weights::basis(self, &point).unwrap().row(0).to_vec()
    }
}
