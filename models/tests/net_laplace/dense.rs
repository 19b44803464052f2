//! Linear nets against closed forms; full, diagonal, low rank and function space against dense matrices.

use ndarray::{Array2, s};
use softbias_models::{
    Evidenced, GgnProduct, Informed, MeanAndNoise, Method, Model, NetLaplace, NetTarget, Posterior,
    Structure, SymmetricOperator, Uncertainty,
};
use softbias_models::{Gaussian, RowLikelihood, Softmax, StudentT};
use softbias_priors::math::linalg;
use softbias_priors::net::{Bend, Net, WeightLaw};
use softbias_priors::{Points, Seed};

use super::common::*;

/// A linear net has the kernel s²x·x′ + b².
fn linear() -> Net {
    Net::inputs(4).dense(2).weights(WeightLaw::normal(0.8)).bias(WeightLaw::normal(0.5)).build().unwrap()
}

fn kernel(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
    a.dot(&b.t()) * 0.64 + 0.25
}

#[test]
fn a_linear_net_has_its_exact_evidence_and_predictions() {
    // more labels than weights, and fewer: the matrix over weights, and over rows
    for n in [12, 3] {
        let data = data(n, 4, 2);
        let model = Model { prior: linear(), likelihood: Gaussian::noise(0.3) };
        let posterior = NetLaplace::full().condition(model, &data).unwrap();
        let evidence = posterior.evidence();
        let x = inputs(n, 4);
        near(evidence.log.get(), exact(&data, &kernel(&x, &x), 0.3), 1e-9);
        near(evidence.log.get(), (evidence.fit - evidence.information).get(), 1e-13);

        let new = Array2::from_shape_vec((5, 4), wave(20, 0.9, 2.0)).unwrap();
        let found = posterior.predict(&Points::new(new.clone()).unwrap()).unwrap();
        let a = &kernel(&x, &x) + &(Array2::<f64>::eye(n) * 0.09);
        let factor = linalg::Cholesky::new(a.view(), linalg::Jitter::None).unwrap();
        let cross = kernel(&x, &new);
        let mean = cross.t().dot(&factor.solve(data.labels().view()).unwrap());
        let white = factor.solve_lower(cross.view()).unwrap();
        let var = kernel(&new, &new).diag().to_owned() - white.map_axis(ndarray::Axis(0), |w| w.dot(&w));
        for i in 0..5 {
            for c in 0..2 {
                near(found.mean()[[i, c]], mean[[i, c]], 1e-6);
                near(found.variance(Uncertainty::Latent)[[i, c]], var[i], 1e-10);
                near(found.variance(Uncertainty::Observation)[[i, c]], var[i] + 0.09, 1e-10);
            }
        }
    }
}

/// Everything a net can have: convolution, normalisation, a residual block, tied weights, a bent prior, correlated filters.
fn everything() -> Net {
    let moves = [(vec![0, 1, 2, 3, 4], vec![0, 1, 2, 3]), (vec![1, 0, 2, 4, 3], vec![1, 0, 3, 2])];
    Net::image(1, 4, 4)
        .conv(2, 3)
        .weights(WeightLaw::fan_in(1.0).correlated(3, 1.5).unwrap())
        .tanh()
        .average_pool(2)
        .dense(5)
        .weights(WeightLaw::normal(0.5).bent(Bend::Laplace))
        .gelu()
        .layer_norm()
        .tied(4, &moves)
        .residual(|block| block.dense(4).erf().dense(4))
        .dense(3)
        .weights(WeightLaw::normal(0.7).masked(4, 2, 0.3))
        .build()
        .unwrap()
}

fn full_is_dense<L: RowLikelihood>(target: &NetTarget<f64, L>) {
    let eps = anywhere(target.net(), 3);
    let h = ggn(target, &eps);
    let posterior = NetLaplace::full().at(target, &eps).unwrap();
    near(posterior.evidence().log.get(), evidence(target, &eps, log_det(&h)), 1e-10);
    let m = &h + &Array2::<f64>::eye(h.nrows());
    let inverse = linalg::Cholesky::new(m.view(), linalg::Jitter::None).unwrap().inverse();
    let p = h.nrows() as f64;
    let information = 0.5 * (inverse.diag().sum() + square(&eps) - p + log_det(&h));
    near(posterior.information().get(), information, 1e-10);
    near(posterior.effective_dimension().determined, p - inverse.diag().sum(), 1e-9);

    let product = GgnProduct::new(target, &eps).unwrap();
    let v = Seed::new(8).normal1(eps.len());
    let mut found = vec![0.0; eps.len()];
    product.apply(v.as_slice().unwrap(), &mut found);
    let expected = h.dot(&v);
    let size = expected.dot(&expected).sqrt();
    assert!(found.iter().zip(&expected).all(|(f, e)| (f - e).abs() < 1e-11 * size));
}

#[test]
fn full_curvature_and_products_are_the_dense_matrix() {
    // in function space (22 < P) and over weights (P < 360)
    full_is_dense(&classification(everything(), &classes(11, 16, 3), 3));
    full_is_dense(&classification(everything(), &classes(180, 16, 3), 3));
    full_is_dense(&regression(everything(), &data(9, 16, 3), 0.4));
    // convolutions with one position that see more or less than their input
    for image in [
        Net::image(1, 8, 8).average_pool(8).conv(4, 3),
        Net::image(1, 8, 8).average_pool(4).conv_by(4, 1, 2, 0),
        Net::image(1, 8, 8).average_pool(2).conv_by(4, 3, 2, 0),
    ] {
        let net = image.tanh().dense(3).build().unwrap();
        full_is_dense(&classification(net.clone(), &classes(5, 64, 3), 3));
        full_is_dense(&classification(net, &classes(90, 64, 3), 3));
    }
    let net = Net::inputs(3).dense(6).sin().dense(2).build().unwrap();
    let noisy = Model { prior: net, likelihood: MeanAndNoise };
    full_is_dense(&NetTarget::new(&noisy, &data(20, 3, 1)).unwrap());
    let net = Net::inputs(3).dense(6).relu().dense(1).build().unwrap();
    let heavy = Model { prior: net, likelihood: StudentT::new(4.0, 0.3).unwrap() };
    full_is_dense(&NetTarget::new(&heavy, &data(50, 3, 1)).unwrap());
}

#[test]
fn a_wide_last_layer_is_its_block_of_the_dense_matrix() {
    for bias in [true, false] {
        let last = Net::inputs(3).dense(70).tanh().dense(3);
        let net = if bias { last } else { last.without_bias() }.build().unwrap();
        let target = classification(net.clone(), &classes(40, 3, 3), 3);
        let eps = anywhere(&net, 4);
        let own = net.tensors()[2].start..net.weights();
        let block = ggn(&target, &eps).slice(s![own.clone(), own.clone()]).to_owned();
        let posterior = NetLaplace::last_layer(Structure::Full).at(&target, &eps).unwrap();
        near(implied(&posterior, &eps[own]), log_det(&block), 1e-11);
    }
}

#[test]
fn the_root_of_softmax_is_its_curvature() {
    let softmax = Softmax::classes(4).unwrap();
    let sure = [40.0, 0.0, 0.0, 0.0];
    for f in [
        [0.3, -1.2, 2.0, 0.4],
        sure,
        [0.0, 0.0, 0.0, 40.0],
        [900.0, 0.0, -900.0, 0.0],
        [-1e9, 1.0, 1.0, -1e9],
    ] {
        let p: Vec<f64> = softmax.log_probabilities(&f).iter().map(|l| l.exp()).collect();
        let mut sum = Array2::<f64>::zeros((4, 4));
        let (mut root, mut all) = (vec![0.0; 4], vec![f64::NAN; 12]);
        softmax.roots(&[1.0], &f, &mut all);
        for column in 0..softmax.columns(4) {
            softmax.root(&[1.0], &f, column, &mut root);
            for c in 0..4 {
                near(all[column * 4 + c], root[c], 1e-15);
                for d in 0..4 {
                    sum[[c, d]] += root[c] * root[d];
                }
            }
        }
        for c in 0..4 {
            for d in 0..4 {
                // (a sum where the difference 1 − p has lost its digits)
                let of = |c: usize| p[c] * (0..4).filter(|d| *d != c).map(|d| p[d]).sum::<f64>();
                let expected = if c == d { of(c) } else { -p[c] * p[d] };
                let size = (of(c) * of(d)).sqrt();
                assert!((sum[[c, d]] - expected).abs() <= 1e-14 * size, "{f:?}: {c}, {d}");
            }
        }
    }
}

#[test]
fn the_diagonal_is_that_of_the_dense_matrix() {
    // (correlated filters have no diagonal in white coordinates: another net)
    let net = Net::image(1, 4, 4)
        .conv_by(2, 3, 2, 1)
        .tanh()
        .dense(5)
        .weights(WeightLaw::normal(0.5).bent(Bend::StudentT { dof: 3.0 }))
        .gelu()
        .layer_norm()
        .residual(|block| block.dense(5).erf().dense(5))
        .dense(3)
        .weights(WeightLaw::normal(0.7).masked(5, 2, 0.3))
        .build()
        .unwrap();
    let target = classification(net, &classes(70, 16, 3), 3);
    let eps = anywhere(target.net(), 4);
    let log_det = ggn(&target, &eps).diag().iter().map(|h| h.ln_1p()).sum();
    let posterior = NetLaplace::diag().at(&target, &eps).unwrap();
    near(posterior.evidence().log.get(), evidence(&target, &eps, log_det), 1e-11);
}

#[test]
fn low_rank_keeps_the_largest_and_is_full_with_all() {
    let net = Net::inputs(3).dense(6).tanh().dense(2).build().unwrap();
    let target = regression(net, &data(40, 3, 2), 0.5);
    let eps = anywhere(target.net(), 5);
    let h = ggn(&target, &eps);
    let values = linalg::eigenvalues(h.view()).unwrap();
    let p = h.nrows();
    for k in [4, p] {
        let log_det = values.iter().rev().take(k).map(|v| v.max(0.0).ln_1p()).sum();
        let posterior = NetLaplace::low_rank(k).at(&target, &eps).unwrap();
        near(posterior.evidence().log.get(), evidence(&target, &eps, log_det), 1e-9);
    }
    // predictions, too
    let x = Points::new(inputs(6, 3)).unwrap();
    let low = NetLaplace::low_rank(p).at(&target, &eps).unwrap().linearised(&x).unwrap().1;
    let full = NetLaplace::full().at(&target, &eps).unwrap().linearised(&x).unwrap().1;
    assert!((&low - &full).iter().all(|d| d.abs() < 1e-9));
}

/// The part of a matrix at some places.
fn part(h: &Array2<f64>, which: &[usize]) -> Array2<f64> {
    Array2::from_shape_fn((which.len(), which.len()), |(i, j)| h[[which[i], which[j]]])
}

#[test]
fn the_last_layer_and_sub_networks_are_parts_of_the_matrix() {
    let net = everything();
    let target = classification(net.clone(), &classes(25, 16, 3), 3);
    let eps = anywhere(&net, 6);
    let h = ggn(&target, &eps);
    let last: Vec<usize> = (net.weights() - 15..net.weights()).collect();
    let mask: Vec<bool> = (0..net.weights()).map(|w| w % 3 == 1).collect();
    let chosen: Vec<usize> = (0..net.weights()).filter(|w| w % 3 == 1).collect();
    let log = roots(&target, &eps).0;
    for (by, which) in [
        (NetLaplace::last_layer(Structure::Full), &last),
        (NetLaplace::subnetwork((0..net.weights()).map(|w| last.contains(&w)).collect::<Vec<_>>()), &last),
        (NetLaplace::subnetwork(mask), &chosen),
    ] {
        let posterior = by.at(&target, &eps).unwrap();
        let own: f64 = which.iter().map(|w| eps[*w].powi(2)).sum();
        near(posterior.evidence().log.get(), log - 0.5 * own - 0.5 * log_det(&part(&h, which)), 1e-10);
        assert_eq!(posterior.covered(), which.len());
    }
    let diag = NetLaplace::last_layer(Structure::Diag).at(&target, &eps).unwrap();
    let own: f64 = last.iter().map(|w| eps[*w].powi(2)).sum();
    let log_det: f64 = last.iter().map(|w| h[[*w, *w]].ln_1p()).sum();
    near(diag.evidence().log.get(), log - 0.5 * own - 0.5 * log_det, 1e-11);
}

#[test]
fn narrow_numbers_agree_with_wide_ones() {
    let net = Net::inputs(4).dense(16).tanh().dense(16).relu().dense(3).build().unwrap();
    let data = classes(60, 4, 3);
    let wide = classification(net.clone(), &data, 3);
    let model = Model { prior: net.clone(), likelihood: Softmax::classes(3).unwrap() };
    let narrow: NetTarget<f32, Softmax> = NetTarget::new(&model, &data).unwrap();
    let eps = anywhere(&net, 7);
    let short: Vec<f32> = eps.iter().map(|e| *e as f32).collect();
    for by in [
        NetLaplace::full(),
        NetLaplace::kron(),
        NetLaplace::diag(),
        NetLaplace::low_rank(10),
        NetLaplace::last_layer(Structure::Full),
        NetLaplace::last_layer(Structure::Kron),
    ] {
        let (a, b) = (by.at(&wide, &eps).unwrap(), by.at(&narrow, &short).unwrap());
        near(b.evidence_of().log.get(), a.evidence_of().log.get(), 2e-5);
    }
}
