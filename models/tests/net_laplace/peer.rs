//! Evidences by laplace-torch 0.3 on the same weights: `benches/peers/laplace_torch.py` prints them.

use softbias_models::{ClassAverage, Data, Evidenced, NetLaplace, NetTarget, RowLikelihood, Structure};
use softbias_priors::Points;
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

#[test]
fn convolutional_evidences_are_those_of_another_library() {
    let net = Net::image(2, 5, 4).conv_by(3, 3, 2, 1).tanh().dense(3).build().unwrap();
    let data = classes(20, 40, 3);
    let values = table([
        [-104.6361893682, -49.4520724471],
        [-111.9991374576, -72.9834155259],
        [-121.1717187688, -127.9569735106],
        [-63.2046206484, -38.0230642159],
        [-63.9013691297, -40.4742938953],
        [-68.4628087162, -69.8562995755],
    ]);
    agrees(&net, |net| classification(net, &data, 3), &values);
}

fn first_three(net: &Net) -> Points {
    Points::new(inputs(3, net.width())).unwrap()
}

#[test]
fn predictions_are_those_of_another_library() {
    let net = Net::inputs(3).dense(6).tanh().dense(5).tanh().dense(2).build().unwrap();
    let net = net.with_laws(|_| WeightLaw::normal(0.5));
    let eps: Vec<f64> = wave(net.weights(), 12.9898, 0.4).iter().map(|w| 1.6 * w).collect();
    let target = regression(net.clone(), &data(24, 3, 2), 0.6);
    // variance of the first output, covariance, variance of the second, at the first row
    for (by, expected) in [
        (NetLaplace::full(), [0.037278760295, -0.006551070889, 0.031441146369]),
        (NetLaplace::kron(), [0.10464120128, -0.033455257205, 0.081545023924]),
        (NetLaplace::diag(), [0.267706062416, -0.099694749611, 0.158064632311]),
    ] {
        let found = by.at(&target, &eps).unwrap().linearised(&first_three(&net)).unwrap().1;
        for (found, expected) in [found[[0, 0, 0]], found[[0, 0, 1]], found[[0, 1, 1]]].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-10, "{by:?}: {found} {expected}");
        }
    }

    let net = Net::inputs(4).dense(7).relu().dense(6).tanh().dense(3).build().unwrap();
    let net = net.with_laws(|_| WeightLaw::normal(0.5));
    let eps: Vec<f64> = wave(net.weights(), 12.9898, 0.4).iter().map(|w| 1.6 * w).collect();
    let target = classification(net.clone(), &classes(30, 4, 3), 3);
    for (by, probit, bridge) in [
        (
            NetLaplace::full(),
            [0.32549034071, 0.238241097585, 0.436268561704],
            [0.322184349337, 0.331255935773, 0.346559714891],
        ),
        (
            NetLaplace::kron(),
            [0.326374172054, 0.239846347149, 0.433779480797],
            [0.328405486613, 0.358437594095, 0.313156919291],
        ),
        (
            NetLaplace::diag(),
            [0.327032353037, 0.241175941338, 0.431791705625],
            [0.330968673261, 0.343577209788, 0.32545411695],
        ),
    ] {
        let posterior = by.at(&target, &eps).unwrap();
        for (average, expected) in [(ClassAverage::Probit, probit), (ClassAverage::Bridge, bridge)] {
            let found = posterior.class_probabilities(&first_three(&net), average).unwrap();
            let off = found.row(0).iter().zip(expected).map(|(p, q)| (p - q).abs()).fold(0.0, f64::max);
            assert!(off < 1e-9, "{by:?} {average:?}: {found}");
        }
    }
}
