//! What a posterior says of itself: how far it is from a mode, scales on their bounds, one mode of many.

use ndarray::Array2;
use softbias_models::{
    Data, Gaussian, Method, Model, NetLaplace, NetLaplacePosterior, Posterior, RowLikelihood, Structure,
    TuneScales, Warning,
};
use softbias_priors::Points;
use softbias_priors::net::Net;

use super::common::*;

/// Inputs of mean 0 that are orthogonal to one another, so that a linear net has a curvature that every structure holds exactly.
fn balanced() -> Data {
    let x = Array2::from_shape_fn((8, 3), |(i, j)| if i >> j & 1 == 0 { 1.0 } else { -1.0 });
    Data::new(Points::new(x).unwrap(), labels(8, 2)).unwrap()
}

fn linear() -> Model<Net, Gaussian> {
    Model { prior: Net::inputs(3).dense(2).build().unwrap(), likelihood: Gaussian::noise(0.4) }
}

fn structures() -> [NetLaplace; 7] {
    [
        NetLaplace::full(),
        NetLaplace::kron(),
        NetLaplace::diag(),
        NetLaplace::low_rank(8),
        NetLaplace::last_layer(Structure::Full),
        NetLaplace::last_layer(Structure::Kron),
        NetLaplace::last_layer(Structure::Diag),
    ]
}

fn short<L: RowLikelihood>(posterior: &NetLaplacePosterior<f64, L>) -> f64 {
    let short = posterior.short_of_mode().unwrap().get();
    let warned = posterior.warnings().into_iter().find_map(|w| match w {
        Warning::NotAtMode { short } => Some(short),
        _ => None,
    });
    assert_eq!(warned, (short > 0.1).then_some(short));
    short
}

/// Where the log posterior is quadratic, what is missing is known: the evidence at the mode less the evidence elsewhere.
#[test]
fn a_place_that_is_no_mode_is_short_of_what_the_mode_has() {
    let (rows, model) = (balanced(), linear());
    for by in structures() {
        let mode = by.condition(model.clone(), &rows).unwrap();
        // (what the climb leaves; rounding of |g|² alone for curvature by rows)
        assert!(short(&mode) < 1e-7, "{}", short(&mode));
        let target = regression(model.prior.clone(), &rows, 0.4);
        for (seed, by_much) in [(1, 1.0), (2, 1e-2)] {
            let away = anywhere(&model.prior, seed);
            let eps: Vec<f64> = mode.centre().iter().zip(&away).map(|(e, a)| e + by_much * a).collect();
            let elsewhere = by.at(&target, &eps).unwrap();
            let missing = (mode.evidence().log - elsewhere.evidence().log).get();
            assert!(missing > 1e-3);
            near(short(&elsewhere), missing, 1e-6); // the mode itself is known to 1e-7 nats
        }
    }
}

#[test]
fn what_tuning_at_fixed_weights_leaves_is_said() {
    let (rows, model) = (balanced(), linear());
    for by in structures() {
        let tuned = by.condition(model.clone(), &rows).unwrap();
        let tuned = tuned.tune_scales_and_noise(&TuneScales::new()).unwrap();
        let again =
            Model { prior: tuned.net().clone(), likelihood: Gaussian::noise(tuned.likelihood().sd()) };
        let again = by.condition(again, &rows).unwrap();
        let missing = (again.evidence().log - tuned.evidence().log).get();
        assert!(missing > 1e-3, "tuning moved nothing: the test would see nothing");
        near(short(&tuned), missing, 1e-6);
    }
}

/// Only the weights that are covered can move: the others are constants.
#[test]
fn a_part_of_the_weights_is_at_its_own_mode() {
    let net = Net::inputs(3).dense(4).tanh().dense(2).build().unwrap();
    let rows = data(20, 3, 2);
    let eps = anywhere(&net, 4);
    let target = regression(net.clone(), &rows, 0.4);
    let mut mask = vec![false; net.weights()];
    mask[16..].fill(true);
    let by_mask = NetLaplace::subnetwork(mask).at(&target, &eps).unwrap();
    let last = NetLaplace::last_layer(Structure::Full).at(&target, &eps).unwrap();
    near(short(&by_mask), short(&last), 1e-9);
    // a Newton step on weights in which the net is linear ends at their mode
    assert!(short(&last) > 1.0 && short(&NetLaplace::full().at(&target, &eps).unwrap()) > short(&last));
}

#[test]
fn scales_that_end_on_a_bound_are_named() {
    let (rows, model) = (data(60, 2, 1), Net::inputs(2).dense(8).tanh().dense(1).build().unwrap());
    let posterior = NetLaplace::full()
        .condition(Model { prior: model, likelihood: Gaussian::noise(0.5) }, &rows)
        .unwrap();
    let on_bounds = |posterior: &NetLaplacePosterior<f64, Gaussian>| -> Vec<(String, f64, &'static str)> {
        let bound = |w| match w {
            Warning::OnBound { what, value, end } => Some((what, value, end)),
            _ => None,
        };
        posterior.warnings().into_iter().filter_map(bound).collect()
    };
    assert!(on_bounds(&posterior).is_empty());
    let free = posterior.tune_scales_and_noise(&TuneScales::new()).unwrap();
    assert_eq!(on_bounds(&free), []);
    let tight = posterior.tune_scales_and_noise(&TuneScales::new().within(1.01)).unwrap();
    let met = on_bounds(&tight);
    assert!(!met.is_empty());
    for (what, value, end) in met {
        let tensor = tight.net().tensors().iter().position(|tensor| tensor.name == what);
        let (now, before, wanted) = match tensor {
            Some(t) => (tight.net().scales()[t], posterior.net().scales()[t], free.net().scales()[t]),
            None => (tight.likelihood().sd(), 0.5, free.likelihood().sd()),
        };
        assert_eq!(value, now);
        assert!(tensor.is_some() || what == "noise");
        // at 1 % from where it was, on the side of where it would go
        assert!(((now / before).ln().abs() - 1.01_f64.ln()).abs() < 0.02 * 1.01_f64.ln());
        assert_eq!(end, if wanted > before { "upper" } else { "lower" });
        assert_eq!(now > before, wanted > before);
    }
}
