//! Draws, predictives, ledgers, risks, symmetries, and the same bits on any number of threads.

use ndarray::{Array2, Axis};
use softbias_models::{
    Bernoulli, ClassAverage, Data, Gaussian, Grade, Informed, Loss, Method, Model, ModelError, MonteCarlo,
    NetLaplace, NetTarget, Posterior, Structure, Uncertainty, Warning,
};
use softbias_priors::math::linalg;
use softbias_priors::net::{Net, WeightLaw};
use softbias_priors::{Ledger, Points, Prior, Saw, Seed, laws};

use super::common::*;

fn all() -> [NetLaplace; 8] {
    [
        NetLaplace::full(),
        NetLaplace::kron(),
        NetLaplace::diag(),
        NetLaplace::low_rank(5),
        NetLaplace::last_layer(Structure::Full),
        NetLaplace::last_layer(Structure::Kron),
        NetLaplace::last_layer(Structure::Diag),
        NetLaplace::subnetwork((0..26).map(|w| w % 2 == 0).collect::<Vec<_>>()),
    ]
}

/// 26 weights, linear in each layer's.
fn small() -> Net {
    Net::inputs(3).dense(4).tanh().dense(2).build().unwrap()
}

#[test]
fn draws_have_the_covariance_that_predictions_state() {
    // a net that is linear in its weights: functions are Gaussian, and the linearised net is the net
    let net = Net::inputs(3).dense(2).build().unwrap();
    let x = Points::new(inputs(4, 3)).unwrap();
    for (by, n) in [
        (NetLaplace::full(), 20),
        (NetLaplace::full(), 2),
        (NetLaplace::kron(), 20),
        (NetLaplace::diag(), 20),
        (NetLaplace::low_rank(3), 20),
    ] {
        let target = regression(net.clone(), &data(n, 3, 2), 0.5);
        let posterior = by.at(&target, &anywhere(&net, 1)).unwrap();
        let (mean, covariance) = posterior.linearised(&x).unwrap();
        let draws = posterior.draws(6000, &x, Seed::new(2)).unwrap();
        let found = draws.mean_axis(Axis(0)).unwrap();
        for i in 0..4 {
            for c in 0..2 {
                let sd = covariance[[i, c, c]].sqrt();
                assert!((found[[i, c]] - mean[[i, c]]).abs() < 5.0 * sd / 77.0, "{by:?}");
                for d in 0..2 {
                    let off = |k: usize, c: usize| draws[[k, i, c]] - mean[[i, c]];
                    let moment = (0..6000).map(|k| off(k, c) * off(k, d)).sum::<f64>() / 6000.0;
                    let size = sd * covariance[[i, d, d]].sqrt();
                    assert!((moment - covariance[[i, c, d]]).abs() < 0.1 * size, "{by:?} {moment}");
                }
            }
        }
    }
}

#[test]
fn the_posterior_keeps_the_laws_of_a_prior() {
    for by in all() {
        let target = regression(small(), &data(15, 3, 2), 0.4);
        let posterior = by.at(&target, &anywhere(&small(), 1)).unwrap();
        laws::prior(&posterior, &Points::new(inputs(5, 3)).unwrap(), Seed::new(3)).unwrap();
    }
}

#[test]
fn the_same_bits_on_one_thread_and_on_four() {
    let net = Net::image(1, 6, 6)
        .conv(3, 3)
        .tanh()
        .average_pool(2)
        .dense(12)
        .layer_norm()
        .relu()
        .dense(3)
        .build()
        .unwrap();
    let data = classes(700, 36, 3);
    let target = classification(net.clone(), &data, 3);
    let eps = anywhere(&net, 2);
    let p = net.weights();
    let x = Points::new(inputs(70, 36)).unwrap();
    let run = || {
        let mut bits = Vec::new();
        for by in [
            NetLaplace::full(),
            NetLaplace::kron(),
            NetLaplace::diag(),
            NetLaplace::low_rank(6),
            NetLaplace::last_layer(Structure::Full),
            NetLaplace::subnetwork((0..p).map(|w| w % 5 == 0).collect::<Vec<_>>()),
        ] {
            let posterior = by.at(&target, &eps).unwrap();
            let evidence = posterior.evidence();
            bits.extend([evidence.log.get(), evidence.information.get()]);
            let (mean, covariance) = posterior.linearised(&x).unwrap();
            bits.extend(mean.iter().chain(&covariance));
            bits.extend(&posterior.draws(3, &x, Seed::new(4)).unwrap());
        }
        bits.iter().map(|b| b.to_bits()).collect::<Vec<_>>()
    };
    let on = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run);
    assert_eq!(on(1), on(4));
}

#[test]
fn class_probabilities_are_probabilities_and_near_one_another() {
    let net = Net::inputs(3).dense(6).tanh().dense(3).build().unwrap();
    let data = classes(60, 3, 3);
    let likelihood = softbias_models::Softmax::classes(3).unwrap();
    let model = Model { prior: net, likelihood };
    let posterior = NetLaplace::kron().condition(model, &data).unwrap();
    let integral = posterior.class_probabilities(data.points(), ClassAverage::Integral).unwrap();
    let drawn = posterior.sample(400, Seed::new(1)).unwrap().class_probabilities(data.points()).unwrap();
    for (by, within) in [(ClassAverage::Probit, 0.1), (ClassAverage::Bridge, 0.25)] {
        let found = posterior.class_probabilities(data.points(), by).unwrap();
        assert!(
            found.rows().into_iter().all(|p| (p.sum() - 1.0).abs() < 1e-10 && p.iter().all(|p| *p > 0.0))
        );
        let off = (&found - &integral).iter().fold(0.0, |most: f64, d| most.max(d.abs()));
        assert!(off < within, "{by:?}: {off}");
    }
    assert!((&drawn - &integral).iter().all(|d| d.abs() < 0.2));
    let logs = posterior.log_predictive(&data).unwrap();
    for (i, log) in logs.iter().enumerate() {
        near(log.exp(), integral[[i, data.labels()[[i, 0]] as usize]], 1e-9);
    }
}

#[test]
fn densities_of_new_labels_are_gaussian_for_regression_and_averages_for_signs() {
    let target = regression(small(), &data(15, 3, 2), 0.4);
    let posterior = NetLaplace::full().at(&target, &anywhere(&small(), 1)).unwrap();
    let new = Data::new(Points::new(inputs(4, 3) * 0.5).unwrap(), labels(4, 2)).unwrap();
    let (mean, covariance) = posterior.linearised(new.points()).unwrap();
    for (i, log) in posterior.log_predictive(&new).unwrap().iter().enumerate() {
        let c = &covariance.index_axis(Axis(0), i) + &(Array2::<f64>::eye(2) * 0.16);
        let (a, b) = (new.labels()[[i, 0]] - mean[[i, 0]], new.labels()[[i, 1]] - mean[[i, 1]]);
        let det = c[[0, 0]] * c[[1, 1]] - c[[0, 1]] * c[[1, 0]];
        let square = (c[[1, 1]] * a * a - 2.0 * c[[0, 1]] * a * b + c[[0, 0]] * b * b) / det;
        near(*log, -0.5 * (square + det.ln()) - (2.0 * std::f64::consts::PI).ln(), 1e-11);
    }
    let found = posterior.predict(new.points()).unwrap();
    let more = found.variance(Uncertainty::Observation) - found.variance(Uncertainty::Latent);
    assert!(more.iter().all(|v| (v - 0.16).abs() < 1e-12));

    let net = Net::inputs(3).dense(4).tanh().dense(1).build().unwrap();
    let y = labels(20, 1).mapv(f64::signum);
    let rows = Data::new(Points::new(inputs(20, 3)).unwrap(), y).unwrap();
    let signs: NetTarget<f64, Bernoulli> =
        NetTarget::new(&Model { prior: net.clone(), likelihood: Bernoulli::probit() }, &rows).unwrap();
    let posterior = NetLaplace::full().at(&signs, &anywhere(&net, 3)).unwrap();
    let (mean, covariance) = posterior.linearised(rows.points()).unwrap();
    for (i, log) in posterior.log_predictive(&rows).unwrap().iter().enumerate() {
        let lead = rows.labels()[[i, 0]] * mean[[i, 0]] / (1.0 + covariance[[i, 0, 0]]).sqrt();
        near(log.exp(), softbias_priors::math::special::normal_cdf(lead), 1e-9);
    }
}

#[test]
fn conditional_evidence_of_a_linear_net_is_exact_but_for_draws() {
    let net =
        Net::inputs(3).dense(1).weights(WeightLaw::normal(0.8)).bias(WeightLaw::normal(0.5)).build().unwrap();
    let all = data(20, 3, 1);
    let rows: Vec<usize> = (0..20).collect();
    let (first, rest) = (all.select(&rows[..17]).unwrap(), all.select(&rows[17..]).unwrap());
    let model = Model { prior: net, likelihood: Gaussian::noise(0.7) };
    let posterior = NetLaplace::full().condition(model, &first).unwrap();
    let kernel = |d: &Data| {
        let x = d.points().view().to_owned();
        x.dot(&x.t()) * 0.64 + 0.25
    };
    let expected = exact(&all, &kernel(&all), 0.7) - exact(&first, &kernel(&first), 0.7);
    let found = posterior.conditional_evidence(&rest, 40_000, Seed::new(3)).unwrap().get();
    assert!((found - expected).abs() < 0.03, "{found} {expected}");
    assert!(matches!(posterior.conditional_evidence(&rest, 0, Seed::new(3)), Err(ModelError::NoDraws)));
}

#[test]
fn risks_are_by_draws_and_ledgers_say_what_was_seen() {
    let net = Net::inputs(3).dense(4).tanh().dense(1).build().unwrap();
    let y = labels(30, 1).mapv(f64::signum);
    let rows = Data::new(Points::new(inputs(30, 3)).unwrap(), y).unwrap();
    let model = Model { prior: net.clone(), likelihood: Bernoulli::logit() };
    let posterior = NetLaplace::full().condition(model.clone(), &rows).unwrap();
    assert!(matches!(posterior.risk(Loss::ZeroOne, &rows), Err(ModelError::ByDraws(_))));
    let how = MonteCarlo { draws: 300, delta: 0.01, seed: Seed::new(1) };
    let risk = posterior.risk_by_draws(Loss::ZeroOne, &rows, how).unwrap();
    assert!(risk.mean > risk.drawn.unwrap().average && risk.mean < 0.6);
    // the prior saw nothing, the posterior these rows
    assert!(posterior.prior_ledger().is_empty());
    assert_eq!(posterior.ledger().looked_at_count(rows.rows()), 30);
    assert_eq!(posterior.evidence().grade, Grade::Approximate);

    // features of a last layer were trained on these rows, unless it is said that they were not
    let last = NetLaplace::last_layer(Structure::Full);
    let fixed = last.condition(model.clone(), &rows).unwrap();
    assert_eq!(fixed.prior_ledger().looked_at_count(rows.rows()), 30);
    let elsewhere = Ledger::saw("features", Saw::Labels, Some(&[]));
    let fixed = last.fixed_by(elsewhere).condition(model, &rows).unwrap();
    assert_eq!(fixed.prior_ledger().looked_at_count(rows.rows()), 0);
}

#[test]
fn hidden_units_can_be_arranged() {
    let count = |net: Net| {
        let outputs = net.clone().outputs();
        let inputs = net.width();
        let eps = anywhere(&net, 1);
        let posterior =
            NetLaplace::diag().at(&regression(net, &data(5, inputs, outputs), 0.5), &eps).unwrap();
        let symmetries = posterior.symmetries().get();
        let warned = posterior.warnings().iter().any(|w| matches!(w, Warning::OneMode { .. }));
        assert_eq!(warned, symmetries > 0.0);
        symmetries
    };
    let factorial = |h: u32| (1..=h).map(|k| f64::from(k).ln()).sum::<f64>();
    let two = std::f64::consts::LN_2;
    near(count(Net::inputs(2).dense(5).tanh().dense(1).build().unwrap()), factorial(5) + 5.0 * two, 1e-12);
    near(
        count(Net::inputs(2).dense(5).relu().dense(4).erf().dense(1).build().unwrap()),
        factorial(5) + factorial(4) + 4.0 * two,
        1e-12,
    );
    assert_eq!(count(Net::inputs(2).dense(3).build().unwrap()), 0.0);
    // a mean that is not 0 has no other sign; a profile no other place
    let about = WeightLaw::normal(1.0).about(0.3);
    near(count(Net::inputs(2).dense(5).bias(about).tanh().dense(1).build().unwrap()), factorial(5), 1e-12);
    let masked = WeightLaw::normal(1.0).masked(5, 2, 0.1);
    assert_eq!(count(Net::inputs(2).dense(5).tanh().dense(1).weights(masked).build().unwrap()), 0.0);
}

#[test]
fn the_optimum_of_a_method_is_one() {
    let model = Model { prior: small(), likelihood: Gaussian::noise(0.3) };
    let rows = data(40, 3, 2);
    let posterior = NetLaplace::full().condition(model.clone(), &rows).unwrap();
    let target: NetTarget<f64, Gaussian> = NetTarget::new(&model, &rows).unwrap();
    let mut gradient = vec![0.0; 26];
    let eps = posterior.centre();
    softbias_models::Target::log_likelihood(&target, eps, None, &mut Default::default(), &mut gradient);
    let steepest = gradient.iter().zip(eps).map(|(g, e)| (g - e).abs()).fold(0.0, f64::max);
    assert!(steepest < 1e-2, "{steepest}");
    let h = ggn(&target, eps);
    assert!(linalg::eigenvalues(h.view()).unwrap()[25] > 1.0);
}
