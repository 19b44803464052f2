//! Evidence at other scales and noises: slopes by differences, scale 0, tuning.

use softbias_models::ModelError;
use softbias_models::{
    Evidenced, Gaussian, Informed, Method, Model, NetLaplace, NetLaplaceError, NetLaplacePosterior,
    Posterior, RowLikelihood, Structure, TuneScales,
};
use softbias_priors::Prior;
use softbias_priors::net::{Bend, Net, WeightLaw};
use softbias_priors::{Entry, Saw};

use super::common::*;

fn slopes_are_differences<L: RowLikelihood>(posterior: &NetLaplacePosterior<f64, L>) {
    let at: Vec<f64> =
        posterior.net().scales().iter().enumerate().map(|(i, s)| s * (0.8 + 0.1 * i as f64)).collect();
    let (_, slopes) = posterior.evidence_at(&at).unwrap();
    for (t, slope) in slopes.iter().enumerate() {
        let moved = |by: f64| {
            let mut scales = at.clone();
            scales[t] *= f64::exp(by);
            posterior.evidence_at(&scales).unwrap().0.get()
        };
        let difference = (moved(1e-4) - moved(-1e-4)) / 2e-4;
        near(*slope, difference, 1e-6);
    }
}

#[test]
fn slopes_of_the_evidence() {
    let net = Net::inputs(3).dense(5).tanh().layer_norm().dense(2).build().unwrap();
    let eps = anywhere(&net, 1);
    let few = regression(net.clone(), &data(8, 3, 2), 0.4);
    let many = regression(net.clone(), &data(90, 3, 2), 0.4);
    for by in [
        NetLaplace::full(),
        NetLaplace::kron(),
        NetLaplace::diag(),
        NetLaplace::low_rank(6),
        NetLaplace::last_layer(Structure::Full),
        NetLaplace::last_layer(Structure::Kron),
    ] {
        for target in [&few, &many] {
            let posterior = by.at(target, &eps).unwrap();
            slopes_are_differences(&posterior);
            let scales = net.scales();
            let (log, _, slope) = posterior.evidence_at_noise(&scales, 0.5).unwrap();
            let at = |sd: f64| posterior.evidence_at_noise(&scales, sd).unwrap().0.get();
            near(slope, (at(0.5 * f64::exp(1e-4)) - at(0.5 * f64::exp(-1e-4))) / 2e-4, 1e-6);
            // the same as approximating again with that noise
            let again = by.at(&target.clone().with_likelihood(Gaussian::noise(0.5)), &eps).unwrap();
            if by != NetLaplace::low_rank(6) {
                near(log.get(), again.evidence_of().log.get(), 1e-10);
            }
        }
    }
    slopes_are_differences(
        &NetLaplace::kron().at(&classification(net.clone(), &classes(40, 3, 2), 2), &eps).unwrap(),
    );
}

#[test]
fn other_scales_are_another_fit_at_the_same_weights() {
    let net = Net::inputs(3)
        .dense(4)
        .tanh()
        .dense(1)
        .weights(WeightLaw::normal(0.5).masked(4, 2, 0.2))
        .build()
        .unwrap();
    let eps = anywhere(&net, 2);
    let target = regression(net.clone(), &data(30, 3, 1), 0.4);
    let scales: Vec<f64> = net.scales().iter().map(|s| 1.7 * s).collect();
    let other = net.with_scales(&scales).unwrap();
    let moved: Vec<f64> = eps.iter().map(|e| e / 1.7).collect();
    for by in [NetLaplace::full(), NetLaplace::kron(), NetLaplace::diag()] {
        let found = by.at(&target, &eps).unwrap().evidence_at(&scales).unwrap().0;
        let again = by.at(&target.clone().with_net(other.clone()), &moved).unwrap();
        near(found.get(), again.evidence().log.get(), 1e-10);
    }
}

#[test]
fn a_scale_of_zero_is_a_tensor_that_is_not_there() {
    let net = Net::inputs(3).dense(5).tanh().dense(2).build().unwrap();
    let mut scales = net.scales();
    (scales[1], scales[3]) = (0.0, 0.0);
    let hard = net.with_scales(&scales).unwrap();
    let bare = Net::inputs(3).dense(5).without_bias().tanh().dense(2).without_bias().build().unwrap();
    let mut eps = anywhere(&net, 3);
    eps[15..20].fill(0.0);
    eps[30..].fill(0.0);
    let short: Vec<f64> = eps[..15].iter().chain(&eps[20..30]).copied().collect();
    let rows = data(25, 3, 2);
    for by in [NetLaplace::full(), NetLaplace::kron(), NetLaplace::diag(), NetLaplace::low_rank(25)] {
        let a = by.at(&regression(hard.clone(), &rows, 0.4), &eps).unwrap();
        let b = by.at(&regression(bare.clone(), &rows, 0.4), &short).unwrap();
        near(a.evidence().log.get(), b.evidence().log.get(), 1e-10);
        near(a.information().get(), b.information().get(), 1e-9);
    }
    // and the evidence of a soft one goes there
    let mut soft = scales.clone();
    (soft[1], soft[3]) = (1e-6, 1e-6);
    let hard_log = NetLaplace::full().at(&regression(hard, &rows, 0.4), &eps).unwrap().evidence().log;
    let soft = net.with_scales(&soft).unwrap();
    let soft_log = NetLaplace::full().at(&regression(soft, &rows, 0.4), &eps).unwrap().evidence().log;
    near(soft_log.get(), hard_log.get(), 1e-8);
}

#[test]
fn tuned_scales_and_noise_are_stationary_and_better() {
    let net = Net::inputs(2).dense(8).tanh().dense(1).build().unwrap();
    let rows = data(60, 2, 1);
    let model = Model { prior: net, likelihood: Gaussian::noise(0.5) };
    for by in [NetLaplace::full(), NetLaplace::kron(), NetLaplace::diag()] {
        let before = by.condition(model.clone(), &rows).unwrap();
        let after = before.tune_scales_and_noise(&TuneScales::new()).unwrap();
        let sd = after.likelihood().sd();
        let (log, slopes, noise) = after.evidence_at_noise(&after.net().scales(), sd).unwrap();
        assert!(after.evidence().log > before.evidence().log);
        near(log.get(), after.evidence().log.get(), 1e-10);
        assert!(slopes.iter().chain([&noise]).all(|s| s.abs() < 1e-3), "{slopes:?} {noise}");
        // the weights stay where they were
        let weights = |p: &NetLaplacePosterior<f64, Gaussian>| {
            let mut theta = vec![0.0; p.centre().len()];
            p.net().place(p.centre(), &mut theta);
            theta
        };
        assert!(weights(&before).iter().zip(weights(&after)).all(|(a, b)| (a - b).abs() < 1e-12));
        let entries = after.net().ledger();
        let saw = |what: Saw| {
            entries
                .entries()
                .iter()
                .any(|e| matches!(e, Entry::Saw { saw, rows: Some(_), .. } if *saw == what))
        };
        assert!(saw(Saw::Labels) && saw(Saw::Noise));
        let scales_alone = before.tune_scales(&TuneScales::new()).unwrap();
        assert_eq!(scales_alone.likelihood().sd(), 0.5);
        assert!(scales_alone.evidence().log <= after.evidence().log + softbias_priors::Nats(1e-6));
    }
    // noise that is known stays
    let known = Model { likelihood: Gaussian::known(0.5), ..model };
    let kept = NetLaplace::full().condition(known, &rows).unwrap();
    let kept = kept.tune_scales_and_noise(&TuneScales::new()).unwrap();
    assert_eq!(kept.likelihood().sd(), 0.5);
}

#[test]
fn a_tensor_that_is_not_needed_is_tried_at_zero() {
    // labels of no constant part: the bias is not needed
    let net =
        Net::inputs(2).dense(1).weights(WeightLaw::normal(1.0)).bias(WeightLaw::normal(1.0)).build().unwrap();
    let x = inputs(40, 2);
    let y = ndarray::Array2::from_shape_fn((40, 1), |(i, _)| 0.8 * x[[i, 0]] - 0.5 * x[[i, 1]]);
    let rows = softbias_models::Data::new(softbias_priors::Points::new(x).unwrap(), y).unwrap();
    let model = Model { prior: net, likelihood: Gaussian::noise(0.1) };
    let posterior = NetLaplace::full().condition(model, &rows).unwrap();
    let tuned = posterior.tune_scales(&TuneScales::new().or_hard(["0.dense.bias"])).unwrap();
    let kept = posterior.tune_scales(&TuneScales::new().or_hard(["0.dense.weight"])).unwrap();
    assert_eq!(tuned.net().scales()[1], 0.0);
    assert!(kept.net().scales()[0] > 0.0);
    let wrong = posterior.tune_scales(&TuneScales::new().or_hard(["bias"]));
    assert!(matches!(wrong, Err(ModelError::NetLaplace(NetLaplaceError::NoTensor(name))) if name == "bias"));
    assert!(posterior.tune_scales(&TuneScales::new().within(0.5)).is_err());
}

#[test]
fn scales_that_the_weights_do_not_allow_are_refused() {
    let law = WeightLaw::normal(0.5).bent(Bend::Laplace);
    let net = Net::inputs(2).dense(3).weights(law).tanh().dense(1).build().unwrap();
    let eps = anywhere(&net, 3);
    let posterior = NetLaplace::full().at(&regression(net.clone(), &data(9, 2, 1), 0.4), &eps).unwrap();
    let scales = net.scales();
    for (tensor, scale) in [(0, 0.3), (1, 0.0), (2, -1.0), (2, f64::NAN)] {
        let mut other = scales.clone();
        other[tensor] = scale;
        assert!(posterior.evidence_at(&other).is_err(), "{tensor} {scale}");
    }
    assert!(posterior.evidence_at(&scales[1..]).is_err());
    assert!(posterior.evidence_at_noise(&scales, 0.0).is_err());
    // a bent prior keeps its scale while others are tuned
    let tuned = posterior.tune_scales(&TuneScales::new()).unwrap();
    assert_eq!(tuned.net().scales()[0], scales[0]);
    assert_ne!(tuned.net().scales()[1], scales[1]);
}
