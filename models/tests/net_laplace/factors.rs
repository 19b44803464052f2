//! Kronecker factors: against matrices written down naively, layer by layer, and where they are exact.

use ndarray::{Array1, Array2, s};
use softbias_models::{Evidenced, NetLaplace, NetTarget, Posterior, RowLikelihood, Structure, Uncertainty};
use softbias_priors::Points;
use softbias_priors::Softness;
use softbias_priors::math::linalg;
use softbias_priors::net::{Net, NetBuilder, WeightLaw};

use super::common::*;

/// ln|I + s² A ⊗ G|, by the matrix.
fn pair(a: &Array2<f64>, g: &Array2<f64>, square: f64) -> f64 {
    let (n, m) = (a.nrows(), g.nrows());
    let whole =
        Array2::from_shape_fn((n * m, n * m), |(i, j)| square * g[[i / n, j / n]] * a[[i % n, j % n]]);
    log_det(&whole)
}

fn found<L: RowLikelihood>(target: &NetTarget<f64, L>, eps: &[f64], by: &NetLaplace) -> f64 {
    implied(&by.at(target, eps).unwrap(), eps)
}

/// Slopes in the pre-activations of a dense layer are those of its biases.
fn bias_rows<L: RowLikelihood>(target: &NetTarget<f64, L>, eps: &[f64], tensor: usize) -> Array2<f64> {
    let own = target.net().tensors()[tensor].clone();
    roots(target, eps).1.slice(s![.., own.range()]).to_owned() / own.law.scale()
}

#[test]
fn dense_layers_by_hand() {
    let net = Net::inputs(3).dense(5).tanh().dense(2).bias(WeightLaw::normal(0.6)).build().unwrap();
    let target = classification(net.clone(), &classes(70, 3, 2), 2);
    let eps = anywhere(&net, 1);
    let mut theta = vec![0.0; eps.len()];
    net.place(&eps, &mut theta);
    let x = inputs(70, 3);
    let hidden = {
        let w = Array2::from_shape_vec((5, 3), theta[..15].to_vec()).unwrap();
        (x.dot(&w.t()) + Array1::from(theta[15..20].to_vec())).mapv(f64::tanh)
    };
    let scales = net.scales();
    let mut expected = 0.0;
    for (inputs, weights) in [(&x, 0), (&hidden, 2)] {
        let a = inputs.t().dot(inputs) / 70.0;
        let rows = bias_rows(&target, &eps, weights + 1);
        let g = rows.t().dot(&rows);
        expected += pair(&a, &g, scales[weights].powi(2)) + log_det(&(&g * scales[weights + 1].powi(2)));
    }
    near(found(&target, &eps, &NetLaplace::kron()), expected, 1e-10);
    // the last layer alone
    let posterior = NetLaplace::last_layer(Structure::Kron).at(&target, &eps).unwrap();
    let a = hidden.t().dot(&hidden) / 70.0;
    let rows = bias_rows(&target, &eps, 3);
    let g = rows.t().dot(&rows);
    let log_det = pair(&a, &g, scales[2].powi(2)) + log_det(&(&g * scales[3].powi(2)));
    let own = square(&eps[20..]);
    near(
        posterior.evidence_of().log.get(),
        posterior.log_likelihood().get() - 0.5 * own - 0.5 * log_det,
        1e-10,
    );
}

#[test]
fn convolutions_by_hand() {
    // one convolution and nothing else: slopes are the columns of the root, at each position
    let net = Net::image(2, 3, 3).conv_by(2, 2, 1, 0).build().unwrap();
    let (n, positions, sd) = (6, 4, 0.5);
    let target = regression(net.clone(), &data(n, 18, 8), sd);
    let eps = anywhere(&net, 2);
    let x = inputs(n, 18);
    let mut a = Array2::<f64>::zeros((8, 8));
    for row in x.rows() {
        for (top, left) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let patch = Array1::from_shape_fn(8, |i| {
                let (channel, down, right) = (i / 4, i % 4 / 2, i % 2);
                row[channel * 9 + (top + down) * 3 + left + right]
            });
            a += &Array2::from_shape_fn((8, 8), |(i, j)| patch[i] * patch[j]);
        }
    }
    a /= (n * positions) as f64;
    // every output has its own column: a slope 1/sd at its channel and position
    let g = Array2::<f64>::eye(2) * ((n * positions) as f64 / (sd * sd));
    let scales = net.scales();
    let expected = pair(&a, &g, scales[0].powi(2)) + log_det(&(&g * scales[1].powi(2)));
    near(found(&target, &eps, &NetLaplace::kron()), expected, 1e-10);
}

#[test]
fn factors_are_exact_for_one_layer_without_bias_and_for_one_row() {
    let net = Net::inputs(4).dense(3).without_bias().build().unwrap();
    let target = regression(net.clone(), &data(15, 4, 3), 0.4);
    let eps = anywhere(&net, 3);
    near(found(&target, &eps, &NetLaplace::kron()), log_det(&ggn(&target, &eps)), 1e-11);

    // one row and one output: every layer's block is a product already
    let net = Net::inputs(4).dense(3).without_bias().tanh().dense(1).without_bias().build().unwrap();
    let target = regression(net.clone(), &data(1, 4, 1), 0.4);
    let eps = anywhere(&net, 4);
    let h = ggn(&target, &eps);
    let blocks = log_det(&h.slice(s![..12, ..12]).to_owned()) + log_det(&h.slice(s![12.., 12..]).to_owned());
    near(found(&target, &eps, &NetLaplace::kron()), blocks, 1e-11);
}

/// The factor of the data is summed apart from the others: only where a matrix is multiplied by the data.
#[test]
fn factors_of_the_data_are_for_those_who_read_the_data() {
    for width in [1, 4] {
        let one_layer = [
            Net::inputs(width).relu().dense(3).without_bias(),
            Net::inputs(width).gelu().dense(3).without_bias(),
            Net::inputs(width).tanh().dense(3).without_bias(),
            Net::inputs(width).flatten().dense(3).without_bias(),
        ];
        for net in one_layer {
            let target = regression(net.build().unwrap(), &data(15, width, 3), 0.4);
            let eps = anywhere(target.net(), 3);
            near(found(&target, &eps, &NetLaplace::kron()), log_det(&ggn(&target, &eps)), 1e-11);
        }
    }
    // a block that is silent at 0, and not on the data
    let net = Net::inputs(4)
        .residual(|b| b.dense(4).without_bias().relu())
        .dense(1)
        .without_bias()
        .build()
        .unwrap();
    let target = regression(net.clone(), &data(15, 4, 1), 0.4);
    let eps = anywhere(&net, 5);
    let h = ggn(&target, &eps);
    let last = target.net().tensors()[1].range();
    let expected = log_det(&h.slice(s![last.clone(), last.clone()]).to_owned());
    let posterior = NetLaplace::last_layer(Structure::Kron).at(&target, &eps).unwrap();
    near(implied(&posterior, &eps[last]), expected, 1e-11);
    // two that read them, and more rows than one part has
    let soft = Softness::new(0.3).unwrap();
    let dense = || |b: NetBuilder| b.dense(3).without_bias();
    let net = Net::inputs(4).relaxed(soft, dense(), dense()).build().unwrap();
    let target = regression(net.clone(), &data(700, 4, 3), 0.4);
    let eps = anywhere(&net, 4);
    let h = ggn(&target, &eps);
    let blocks = log_det(&h.slice(s![..12, ..12]).to_owned()) + log_det(&h.slice(s![12.., 12..]).to_owned());
    near(found(&target, &eps, &NetLaplace::kron()), blocks, 1e-10);
}

#[test]
fn weights_that_are_no_matrix_are_blocks_of_their_own() {
    let moves = [(vec![0, 1, 2, 3], vec![0, 1, 2]), (vec![1, 0, 3, 2], vec![1, 0, 2])];
    let net = Net::inputs(4).layer_norm().tied(3, &moves).build().unwrap();
    let target = regression(net.clone(), &data(20, 4, 3), 0.4);
    let eps = anywhere(&net, 5);
    let h = ggn(&target, &eps);
    // gains and shifts together, the tied layer with its bias
    let blocks = log_det(&h.slice(s![..8, ..8]).to_owned()) + log_det(&h.slice(s![8.., 8..]).to_owned());
    near(found(&target, &eps, &NetLaplace::kron()), blocks, 1e-10);
    assert_eq!(NetLaplace::kron().at(&target, &eps).unwrap().covered(), 23);
}

#[test]
fn profiles_and_correlations_of_inputs_are_folded_in() {
    let law = WeightLaw::normal(0.7).by_input([1.0, 0.5, 0.0, 2.0]);
    let net = Net::inputs(4).dense(3).weights(law).without_bias().build().unwrap();
    let target = regression(net.clone(), &data(15, 4, 3), 0.4);
    let eps = anywhere(&net, 6);
    near(found(&target, &eps, &NetLaplace::kron()), log_det(&ggn(&target, &eps)), 1e-11);

    let law = WeightLaw::fan_in(1.0).correlated(2, 1.2).unwrap();
    let net = Net::image(2, 2, 2).conv_by(3, 2, 1, 0).weights(law).without_bias().build().unwrap();
    let target = regression(net.clone(), &data(15, 8, 3), 0.4);
    let eps = anywhere(&net, 7);
    near(found(&target, &eps, &NetLaplace::kron()), log_det(&ggn(&target, &eps)), 1e-10);
    let points = Points::new(inputs(4, 8)).unwrap();
    let kron = NetLaplace::kron().at(&target, &eps).unwrap().linearised(&points).unwrap().1;
    let full = NetLaplace::full().at(&target, &eps).unwrap().linearised(&points).unwrap().1;
    assert!((&kron - &full).iter().all(|d| d.abs() < 1e-10));
}

/// J Σ Jᵀ with the dense Σ of the blocks.
#[test]
fn predictions_by_factors_are_those_of_their_dense_form() {
    let net = Net::image(1, 3, 3).conv_by(2, 2, 1, 0).tanh().layer_norm().dense(2).build().unwrap();
    let data = classes(30, 9, 2);
    let target = classification(net.clone(), &data, 2);
    let eps = anywhere(&net, 8);
    let posterior = NetLaplace::kron().at(&target, &eps).unwrap();
    let scales = net.scales();
    // each block of the precision by one-tensor posteriors: from draws of nothing, by the factors themselves
    let spread = posterior.sample(4000, softbias_priors::Seed::new(5)).unwrap();
    let draws = Array2::from_shape_fn((4000, net.weights()), |(k, w)| spread.coordinates()[k][w] - eps[w]);
    let covariance = draws.t().dot(&draws) / 4000.0;
    let mut theta = vec![0.0; eps.len()];
    net.place(&eps, &mut theta);
    let new = inputs(5, 9);
    let mut jacobian = vec![0.0; 5 * 2 * net.weights()];
    net.jacobian_rows(&theta, new.as_slice().unwrap(), &mut jacobian);
    let mut j = Array2::from_shape_vec((10, net.weights()), jacobian).unwrap();
    for mut row in j.rows_mut() {
        net.pull(&eps, row.as_slice_mut().unwrap());
    }
    let expected = linalg::matmul_nt(linalg::matmul(j.view(), covariance.view()).view(), j.view());
    let found = posterior.linearised(&Points::new(new).unwrap()).unwrap().1;
    for i in 0..5 {
        let size = (expected[[2 * i, 2 * i]] * expected[[2 * i + 1, 2 * i + 1]]).sqrt();
        for (c, d) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            // 4000 draws know a variance to 1/√2000
            let off = found[[i, c, d]] - expected[[2 * i + c, 2 * i + d]];
            assert!(off.abs() < 0.12 * size, "{i}: {off} of {size}");
        }
    }
    assert_eq!(scales.len(), net.tensors().len());
    let prediction = posterior.predict(data.points()).unwrap();
    assert!(prediction.variance(Uncertainty::Latent).iter().all(|v| *v > 0.0));
}
