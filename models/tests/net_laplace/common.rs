//! Nets, data and dense matrices that the tests share.

use ndarray::{Array1, Array2};
use softbias_models::{
    Data, Evidenced, Gaussian, Model, NetLaplacePosterior, NetTarget, RowLikelihood, Softmax,
};
use softbias_priors::math::linalg::{self, Cholesky, Jitter};
use softbias_priors::net::Net;
use softbias_priors::{Points, Seed};

pub(crate) fn wave(count: usize, step: f64, shift: f64) -> Vec<f64> {
    (0..count).map(|i| (step * (i as f64 + 1.0) + shift).sin()).collect()
}

pub(crate) fn inputs(rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_vec((rows, columns), wave(rows * columns, 2.7, 0.1)).unwrap()
}

pub(crate) fn labels(rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_vec((rows, columns), wave(rows * columns, 1.3, 0.7)).unwrap()
}

pub(crate) fn data(rows: usize, inputs_: usize, outputs: usize) -> Data {
    Data::new(Points::new(inputs(rows, inputs_)).unwrap(), labels(rows, outputs)).unwrap()
}

pub(crate) fn classes(rows: usize, inputs_: usize, classes: usize) -> Data {
    let y = Array2::from_shape_fn((rows, 1), |(i, _)| ((7 * i + i * i) % classes) as f64);
    Data::new(Points::new(inputs(rows, inputs_)).unwrap(), y).unwrap()
}

pub(crate) fn regression(net: Net, data: &Data, sd: f64) -> NetTarget<f64, Gaussian> {
    NetTarget::new(&Model { prior: net, likelihood: Gaussian::noise(sd) }, data).unwrap()
}

pub(crate) fn classification(net: Net, data: &Data, count: usize) -> NetTarget<f64, Softmax> {
    NetTarget::new(&Model { prior: net, likelihood: Softmax::classes(count).unwrap() }, data).unwrap()
}

/// Any white coordinates of moderate size.
pub(crate) fn anywhere(net: &Net, seed: u64) -> Vec<f64> {
    Seed::new(seed).normal1(net.weights()).mapv(|e| 0.7 * e).to_vec()
}

/// Σ ln p at ε, and roots SᵀJ in white coordinates, (row · column × weight): by `jacobian_rows`.
pub(crate) fn roots<L: RowLikelihood>(target: &NetTarget<f64, L>, eps: &[f64]) -> (f64, Array2<f64>) {
    let (net, likelihood) = (target.net(), target.likelihood());
    let (n, count, p) = (target.data().len(), net.count(), net.weights());
    let mut theta = vec![0.0; p];
    net.place(eps, &mut theta);
    let mut jacobian = vec![0.0; n * count * p];
    net.jacobian_rows(&theta, target.inputs(), &mut jacobian);
    let values = net.outputs_at(&theta, target.inputs());
    let columns = likelihood.columns(count);
    let mut all = Array2::zeros((n * columns, p));
    let (mut log, mut root) = (0.0, vec![0.0; count]);
    for i in 0..n {
        let f = &values[i * count..(i + 1) * count];
        let own =
            Array2::from_shape_vec((count, p), jacobian[i * count * p..][..count * p].to_vec()).unwrap();
        log += likelihood.row(target.labels_of(i), f, &mut root);
        for column in 0..columns {
            likelihood.root(target.labels_of(i), f, column, &mut root);
            let mut row = Array1::from(root.clone()).dot(&own).to_vec();
            net.pull(eps, &mut row);
            all.row_mut(i * columns + column).assign(&Array1::from(row));
        }
    }
    (log, all)
}

/// D H D.
pub(crate) fn ggn<L: RowLikelihood>(target: &NetTarget<f64, L>, eps: &[f64]) -> Array2<f64> {
    linalg::syrk_t(roots(target, eps).1.view())
}

/// ln|I + H|.
pub(crate) fn log_det(h: &Array2<f64>) -> f64 {
    let m = h + &Array2::<f64>::eye(h.nrows());
    Cholesky::new(m.view(), Jitter::None).unwrap().log_det()
}

pub(crate) fn square(eps: &[f64]) -> f64 {
    eps.iter().map(|e| e * e).sum()
}

/// ln|M| that a posterior's evidence implies, given the white coordinates that it covers.
pub(crate) fn implied<L: RowLikelihood>(posterior: &NetLaplacePosterior<f64, L>, covered: &[f64]) -> f64 {
    -2.0 * (posterior.evidence_of().log - posterior.log_likelihood()).get() - square(covered)
}

/// The evidence by the convention, given ln|M|.
pub(crate) fn evidence<L: RowLikelihood>(target: &NetTarget<f64, L>, eps: &[f64], log_det: f64) -> f64 {
    roots(target, eps).0 - 0.5 * square(eps) - 0.5 * log_det
}

/// ln N(y; 0, K + σ²I) of every output under kernel k.
pub(crate) fn exact(data: &Data, k: &Array2<f64>, sd: f64) -> f64 {
    let n = data.len();
    let a = k + &(Array2::<f64>::eye(n) * (sd * sd));
    let factor = Cholesky::new(a.view(), Jitter::None).unwrap();
    data.labels()
        .columns()
        .into_iter()
        .map(|y| {
            let y = y.to_owned();
            let square = y.dot(&factor.solve_vec(y.view()).unwrap());
            -0.5 * (square + factor.log_det() + n as f64 * (2.0 * std::f64::consts::PI).ln())
        })
        .sum()
}

pub(crate) fn near(found: f64, expected: f64, relative: f64) {
    assert!((found - expected).abs() <= relative * (1.0 + expected.abs()), "{found} instead of {expected}");
}
