//! Training and tuning in turns.

use softbias_models::{
    Data, Gaussian, Method, Model, NetLaplace, NetLaplacePosterior, Posterior, Schedule, Train, TuneScales,
    Warning,
};
use softbias_priors::net::{Net, WeightLaw};
use softbias_priors::{Points, Prior, Saw};

use super::common::*;

/// Labels that are linear in the inputs, and a little noise that is not drawn.
fn lines() -> Data {
    let x = inputs(40, 3);
    let noise = wave(40, 1.9, 0.4);
    let y = ndarray::Array2::from_shape_fn((40, 1), |(i, _)| x[[i, 0]] - 0.6 * x[[i, 2]] + 0.4 * noise[i]);
    Data::new(Points::new(x).unwrap(), y).unwrap()
}

fn turned(rounds: usize) -> Result<NetLaplacePosterior<f64, Gaussian>, softbias_models::ModelError> {
    let net = Net::inputs(3).dense(1).weights(WeightLaw::normal(5.0)).without_bias().build().unwrap();
    let model = Model { prior: net, likelihood: Gaussian::known(0.4) };
    let train = Train::lbfgs().precision::<f64>().epochs(200);
    let few = TuneScales::new().iterations(3);
    NetLaplace::full().in_turns(&train, rounds, &model, &lines(), |p| p.tune_scales(&few))
}

#[test]
fn turns_end_at_the_largest_evidence_of_a_linear_net() {
    let found = turned(20).unwrap();
    // the evidence of a linear net is exact at every scale: none is better than the one found
    let at = |scale: f64| {
        let net = found.net().with_scales(&[scale]).unwrap();
        let model = Model { prior: net, likelihood: Gaussian::known(0.4) };
        NetLaplace::full().condition(model, &lines()).unwrap().evidence().log.get()
    };
    let (scale, best) = (found.net().scales()[0], found.evidence().log.get());
    near(at(scale), best, 1e-8);
    for factor in [0.5, 0.98, 1.02, 2.0, 5.0 / scale] {
        assert!(at(factor * scale) < best, "{factor}");
    }
    // at a mode, and owing what the scales saw
    assert!(!found.warnings().iter().any(|w| matches!(w, Warning::NotAtMode { .. })));
    let saw = |what: Saw| format!("{:?}", found.net().ledger()).contains(&format!("{what:?}"));
    assert!(saw(Saw::Labels));
}

#[test]
fn turns_are_the_same_again_and_need_a_round() {
    let net = Net::inputs(3).dense(6).tanh().dense(1).build().unwrap();
    let model = Model { prior: net, likelihood: Gaussian::noise(0.4) };
    let run = || {
        let train = Train::adam(0.02).schedule(Schedule::cosine(0.02)).epochs(15).batch(10);
        let tune = |p: &NetLaplacePosterior<f32, Gaussian>| {
            p.tune_scales_and_noise(&TuneScales::new().iterations(2))
        };
        NetLaplace::kron().in_turns(&train, 2, &model, &data(40, 3, 1), tune).unwrap()
    };
    let (one, other) = (run(), run());
    assert_eq!(one.centre(), other.centre());
    assert!(one.likelihood().sd() != 0.4 && one.net().scales() == other.net().scales());
    let error = turned(0).unwrap_err().to_string();
    assert!(error.contains("at least one round"), "{error}");
}
