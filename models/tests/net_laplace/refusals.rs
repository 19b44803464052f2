//! What does not fit is refused, with the error that says so.

use softbias_models::{Gaussian, Model, ModelError, NetLaplace, NetLaplaceError, NetTarget, Structure};
use softbias_priors::net::{Bend, Net, WeightLaw};
use softbias_priors::{PriorError, Seed, memory};

use super::common::*;

fn refused(by: &NetLaplace, net: Net) -> ModelError {
    let eps = anywhere(&net, 1);
    let outputs = net.count();
    let rows = data(6, net.width(), outputs);
    by.at(&regression(net, &rows, 0.5), &eps).unwrap_err()
}

fn plain() -> Net {
    Net::inputs(3).dense(4).tanh().dense(2).build().unwrap()
}

#[test]
fn structures_that_do_not_fit_a_prior_name_the_tensor() {
    let law = WeightLaw::normal(1.0).bent(Bend::StudentT { dof: 4.0 });
    let bent = Net::inputs(3).dense(4).tanh().dense(2).weights(law).build().unwrap();
    let found = refused(&NetLaplace::kron(), bent);
    let ModelError::NetLaplace(NetLaplaceError::Law { tensor, instead, .. }) = &found else {
        panic!("{found}")
    };
    assert!(tensor == "2.dense.weight" && instead.contains("diag"), "{found}");

    let law = WeightLaw::normal(1.0).correlated(3, 1.0).unwrap();
    let net = Net::image(1, 3, 3).conv(2, 3).weights(law).build().unwrap();
    let found = refused(&NetLaplace::diag(), net);
    assert!(
        matches!(&found, ModelError::NetLaplace(NetLaplaceError::Law { tensor, .. }) if tensor == "0.conv.weight")
    );
}

#[test]
fn masks_last_layers_and_ranks() {
    for mask in [vec![true; 5], vec![false; 26]] {
        let found = refused(&NetLaplace::subnetwork(mask), plain());
        assert!(matches!(found, ModelError::NetLaplace(NetLaplaceError::Mask { weights: 26, .. })));
    }
    let no_last = Net::inputs(3).dense(4).tanh().build().unwrap();
    let found = refused(&NetLaplace::last_layer(Structure::Full), no_last);
    assert!(matches!(found, ModelError::NetLaplace(NetLaplaceError::NoLastLayer { outputs: 4 })));
    let conv = Net::image(1, 3, 3).conv(2, 3).build().unwrap();
    let found = refused(&NetLaplace::last_layer(Structure::Diag), conv);
    assert!(matches!(found, ModelError::NetLaplace(NetLaplaceError::NoLastLayer { outputs: 18 })));
    let found = refused(&NetLaplace::last_layer(Structure::LowRank(2)), plain());
    assert!(matches!(found, ModelError::NetLaplace(NetLaplaceError::Structure(_))));
    let found = refused(&NetLaplace::low_rank(0), plain());
    assert!(matches!(found, ModelError::NetLaplace(NetLaplaceError::Structure(_))));
}

#[test]
fn coordinates_that_are_none() {
    let target = regression(plain(), &data(6, 3, 2), 0.5);
    let short = NetLaplace::full().at(&target, &[0.0; 3]).unwrap_err();
    assert!(matches!(short, ModelError::Prior(PriorError::Dimensions { expected: 26, found: 3, .. })));
    let mut eps = vec![0.1; 26];
    eps[7] = f64::NAN;
    let found = NetLaplace::kron().at(&target, &eps).unwrap_err();
    assert!(matches!(found, ModelError::NetLaplace(NetLaplaceError::NotFinite { .. })));
    // outputs that overflow
    let eps = vec![1e200; 26];
    for by in [NetLaplace::full(), NetLaplace::kron(), NetLaplace::diag(), NetLaplace::low_rank(3)] {
        assert!(by.at(&target, &eps).is_err(), "{by:?}");
    }
    let posterior = NetLaplace::full().at(&target, &[0.1; 26]).unwrap();
    assert!(matches!(posterior.sample(0, Seed::new(1)), Err(ModelError::NoDraws)));
    let wrong = softbias_priors::Points::new(inputs(4, 2)).unwrap();
    assert!(posterior.linearised(&wrong).is_err());
}

#[test]
fn a_matrix_over_the_limit_is_refused_with_what_to_use() {
    // a net of half a million weights: 2 TB
    let net = Net::inputs(700).dense(700).relu().dense(2).build().unwrap();
    let eps = vec![0.0; net.weights()];
    let rows = data(2, 700, 2);
    let target: NetTarget<f64, Gaussian> =
        NetTarget::new(&Model { prior: net.clone(), likelihood: Gaussian::noise(1.0) }, &rows).unwrap();
    // in function space it is four rows
    assert!(NetLaplace::full().at(&target, &eps).is_ok());
    assert!(8 * (net.weights() as u64).pow(2) > memory::limit());
    let refused = |found: ModelError| {
        let said = found.to_string();
        assert!(matches!(found, ModelError::TooLarge(_)) && said.contains("NetLaplace::kron"), "{said}");
    };
    // its evidence needs no row of the curvature, predictions do
    let target = regression(net.clone(), &data(400, 700, 2), 1.0);
    let posterior = NetLaplace::full().at(&target, &eps).unwrap();
    refused(posterior.linearised(target.data().points()).unwrap_err());
    let target = regression(net.clone(), &data(12_000, 700, 2), 1.0);
    refused(NetLaplace::full().at(&target, &eps).map(|_| ()).unwrap_err());
    assert!(NetLaplace::diag().at(&target, &eps).is_ok());
}
