//! Evidences by laplace-torch 0.3 on the same weights: `benches/peers/laplace_torch.py` prints them.

use softbias_models::{Data, Evidenced, NetLaplace, NetTarget, RowLikelihood, Structure};
use softbias_priors::net::{Net, WeightLaw};

use super::common::*;

/// Structure, evidence at prior standard deviation 0.5 and 1.5.
type Values = [(NetLaplace, f64, f64); 6];

fn table(values: [[f64; 2]; 6]) -> Values {
    let by = [
        NetLaplace::full(),
        NetLaplace::kron(),
        NetLaplace::diag(),
        NetLaplace::last_layer(Structure::Full),
        NetLaplace::last_layer(Structure::Kron),
        NetLaplace::last_layer(Structure::Diag),
    ];
    let mut values = values.into_iter();
    by.map(|by| {
        let [narrow, wide] = values.next().unwrap();
        (by, narrow, wide)
    })
}

fn agrees<L: RowLikelihood>(net: &Net, target: impl Fn(Net) -> NetTarget<f64, L>, values: &Values) {
    let theta: Vec<f64> = wave(net.weights(), 12.9898, 0.4).iter().map(|w| 0.8 * w).collect();
    for (by, narrow, wide) in values {
        for (sd, expected) in [(0.5, narrow), (1.5, wide)] {
            let net = net.clone().with_laws(|_| WeightLaw::normal(sd));
            let eps: Vec<f64> = theta.iter().map(|w| w / sd).collect();
            let found = by.at(&target(net), &eps).unwrap().evidence_of().log.get();
            near(found, *expected, 1e-8);
        }
    }
}

#[test]
fn regression_evidences_are_those_of_another_library() {
    let net = Net::inputs(3).dense(6).tanh().dense(5).tanh().dense(2).build().unwrap();
    let data: Data = data(24, 3, 2);
    let values = table([
        [-230.7410895039, -195.4954438981],
        [-238.4397473848, -215.1706463002],
        [-249.9837354523, -251.2271068488],
        [-190.5518468572, -186.5337329338],
        [-193.0672213881, -191.1512759939],
        [-198.0414111045, -201.5066816601],
    ]);
    agrees(&net, |net| regression(net, &data, 0.6), &values);
}

#[test]
fn classification_evidences_are_those_of_another_library() {
    let net = Net::inputs(4).dense(7).relu().dense(6).tanh().dense(3).build().unwrap();
    let data = classes(30, 4, 3);
    let values = table([
        [-102.0754425452, -48.5688545672],
        [-104.7542817782, -58.5082425171],
        [-110.4475502761, -86.5501392056],
        [-47.2976668145, -38.2195338056],
        [-48.3183745212, -41.1048654913],
        [-52.8876657649, -58.2285052515],
    ]);
    agrees(&net, |net| classification(net, &data, 3), &values);
}
