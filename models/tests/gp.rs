//! Exact Gaussian processes: reference vectors, and every shortcut against the long way round.

#![allow(clippy::unwrap_used)]

use ndarray::{Array1, Array2, Axis, s};
use softbias_models::{
    Data, Exact, Gaussian, Heteroscedastic, Posterior, Uncertainty, WithLikelihood, prequential, tune,
};
use softbias_priors::{Features, GaussianPrior, Gp, Kernel, Mean, Points, Prior, Seed};

fn close(found: f64, expected: f64, tolerance: f64) {
    let off = (found - expected).abs() / expected.abs().max(1.0);
    assert!(off <= tolerance, "found {found}, expected {expected}");
}

fn plane(n: usize, seed: u64) -> Data {
    let x = Seed::new(seed).normal2(n, 2);
    let noise = Seed::new(seed + 1).normal1(n);
    let y = Array1::from_shape_fn(n, |i| (1.5 * x[[i, 0]]).sin() + 0.3 * x[[i, 1]] + 0.2 * noise[i]);
    Data::regression(x, y).unwrap()
}

fn gp() -> Gp {
    Gp::new(1.3 * Kernel::rbf([0.8, 1.6]) + 0.4 * Kernel::matern32(0.7)).about(Mean::constant(0.2))
}

/// Five points, computed in double precision by independent code (Rasmussen & Williams 2006, algorithm 2.1).
#[test]
fn reference_vector() {
    let data = Data::line([-2.0, -1.0, 0.0, 0.5, 1.5], [0.3, -0.2, 0.1, 0.9, 0.4]).unwrap();
    let gp = Gp::new(1.3 * Kernel::rbf(0.8));
    let posterior = gp.with_likelihood(Gaussian::noise(0.05f64.sqrt())).condition(&data).unwrap();
    close(posterior.evidence().log.get(), -5.141_553_251_180, 1e-12);
    let at = posterior.predict(&Points::line([0.25]).unwrap()).unwrap();
    close(at.mean()[[0, 0]], 0.518_600_795_263, 1e-11);
    close(at.variance(Uncertainty::Latent)[[0, 0]], 0.030_463_785_331, 1e-10);
}

#[test]
fn leaving_one_out_is_leaving_one_out() {
    let data = plane(30, 1);
    let model = gp().with_likelihood(Gaussian::noise(0.2));
    let all = model.clone().condition(&data).unwrap().leave_one_out().unwrap();
    for row in [0, 7, 29] {
        let others: Vec<usize> = (0..30).filter(|i| *i != row).collect();
        let posterior = model.clone().condition(&data.select(&others).unwrap()).unwrap();
        let at = posterior.predict(&data.points().range(row..row + 1).unwrap()).unwrap();
        for of in [Uncertainty::Latent, Uncertainty::Observation] {
            close(all.variance(of)[[row, 0]], at.variance(of)[[0, 0]], 1e-9);
        }
        close(all.mean()[[row, 0]], at.mean()[[0, 0]], 1e-9);
    }
    // in weight space: by leverages for few features, through function space for many
    for features in [8, 60] {
        let prior = Features::fourier(features, 2, 1.0, Seed::new(2)).unwrap();
        let model = prior.with_likelihood(Gaussian::noise(0.3));
        let in_weights = model.clone().condition(&data).unwrap().leave_one_out().unwrap();
        let in_functions = model.condition_by(&Exact::FunctionSpace, &data).unwrap().leave_one_out().unwrap();
        for row in 0..30 {
            close(in_weights.mean()[[row, 0]], in_functions.mean()[[row, 0]], 1e-8);
            let of = Uncertainty::Observation;
            close(in_weights.variance(of)[[row, 0]], in_functions.variance(of)[[row, 0]], 1e-8);
        }
    }
}

#[test]
fn appended_rows_are_as_if_there_from_the_start() {
    let data = plane(90, 3);
    let rows: Vec<usize> = (0..90).collect();
    let (first, later) = (data.select(&rows[..60]).unwrap(), data.select(&rows[60..]).unwrap());
    let model = gp().copies(1).with_likelihood(Gaussian::noise(0.2));
    let x = Points::new(Seed::new(9).normal2(7, 2)).unwrap();
    let at_once = model.clone().condition(&data).unwrap();
    let appended = model.clone().condition(&first).unwrap().append(&later).unwrap();
    let extended = model.clone().condition(&first).unwrap().extend(&later).unwrap();
    assert_eq!(appended.data().len(), 90);
    close(appended.evidence().log.get(), at_once.evidence().log.get(), 1e-11);
    close(appended.evidence().information.get(), at_once.evidence().information.get(), 1e-9);
    let before = model.condition(&first).unwrap().evidence().log.get();
    close(before + extended.evidence().log.get(), at_once.evidence().log.get(), 1e-10);
    for other in [appended, extended] {
        let (a, b) = (other.predict(&x).unwrap(), at_once.predict(&x).unwrap());
        for i in 0..7 {
            close(a.mean()[[i, 0]], b.mean()[[i, 0]], 1e-9);
            close(a.variance(Uncertainty::Latent)[[i, 0]], b.variance(Uncertainty::Latent)[[i, 0]], 1e-8);
        }
    }
}

#[test]
fn prequential_terms_are_the_evidence_and_its_parts() {
    let data = plane(40, 5);
    let model = gp().with_likelihood(Gaussian::noise(0.2));
    let terms = prequential(&model, &data).unwrap();
    close(terms.sum(), model.clone().condition(&data).unwrap().evidence().log.get(), 1e-11);
    let rows: Vec<usize> = (0..40).collect();
    let before = model.condition(&data.select(&rows[..25]).unwrap()).unwrap();
    let next = data.select(&rows[25..26]).unwrap();
    close(terms[25], before.predict(next.points()).unwrap().log_density(next.labels()).unwrap()[0], 1e-9);
}

/// Two measurements of one value with variance v each are one measurement, their mean, with variance v/2.
#[test]
fn known_noise_row_by_row() {
    let x = [0.1, 0.5, 0.9, 1.6];
    let twice = Data::line([x, x].concat(), [0.3, -0.1, 0.4, 0.2, 0.5, 0.1, 0.2, 0.0]).unwrap();
    let once = Data::line(x, [0.4, 0.0, 0.3, 0.1]).unwrap();
    let prior = || Gp::new(Kernel::rbf(0.6));
    let sds = [0.1, 0.2, 0.3, 0.4];
    let halved: Vec<f64> = sds.iter().map(|s| s / 2f64.sqrt()).collect();
    let of_twice = Heteroscedastic::known([sds, sds].concat()).unwrap();
    let a = prior().with_likelihood(of_twice).condition_by(&Exact::Auto, &twice).unwrap();
    let of_once = Heteroscedastic::known(halved.clone()).unwrap();
    let b = prior().with_likelihood(of_once).condition_by(&Exact::Auto, &once).unwrap();
    let at = Points::line([0.0, 0.7, 3.0]).unwrap();
    let (pa, pb) = (a.predict(&at).unwrap(), b.predict(&at).unwrap());
    for i in 0..3 {
        close(pa.mean()[[i, 0]], pb.mean()[[i, 0]], 1e-11);
        close(pa.variance(Uncertainty::Latent)[[i, 0]], pb.variance(Uncertainty::Latent)[[i, 0]], 1e-10);
    }
    close(a.evidence().fit.get() - a.evidence().information.get(), a.evidence().log.get(), 1e-11);
    // equal noise, given row by row or at once
    let each = Heteroscedastic::known([0.3; 4]).unwrap().plus(0.4);
    let each = prior().with_likelihood(each).condition_by(&Exact::Auto, &once).unwrap();
    let same = prior().with_likelihood(Gaussian::noise(0.5)).condition(&once).unwrap();
    close(each.evidence().log.get(), same.evidence().log.get(), 1e-12);
    let new = each.predict(&at).unwrap();
    close(
        new.variance(Uncertainty::Observation)[[0, 0]] - new.variance(Uncertainty::Latent)[[0, 0]],
        0.16,
        1e-12,
    );
    let noisier = new.with_noise(&[1.0, 0.0, 2.0]).unwrap();
    close(
        noisier.variance(Uncertainty::Observation)[[2, 0]] - noisier.variance(Uncertainty::Latent)[[2, 0]],
        4.16,
        1e-12,
    );
    // rows that come later bring their own noise
    let all = Data::line([0.1, 0.5], [0.4, 0.0]).unwrap();
    let first = prior().with_likelihood(Heteroscedastic::known([halved[0], halved[1]]).unwrap());
    let first = first.condition_by(&Exact::Auto, &all).unwrap();
    let later = Data::line([0.9, 1.6], [0.3, 0.1]).unwrap();
    assert!(first.append(&later).is_err());
    let joined = first.append_with_noise(&later, &halved[2..]).unwrap();
    close(joined.evidence().log.get(), b.evidence().log.get(), 1e-11);
}

#[test]
fn slopes_of_the_mean() {
    let data = plane(40, 7);
    let posterior = gp().with_likelihood(Gaussian::noise(0.2)).condition(&data).unwrap();
    let x = Points::new(Seed::new(8).normal2(5, 2)).unwrap();
    let slope = posterior.mean_slope(&x).unwrap();
    for d in 0..2 {
        let moved = |h: f64| {
            let mut x = x.view().to_owned();
            x.column_mut(d).mapv_inplace(|v| v + h);
            posterior.mean(&Points::new(x).unwrap()).unwrap()
        };
        let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        (0..5).for_each(|i| close(slope[[i, 0, d]], difference[[i, 0]], 1e-7));
    }
}

/// Draws that are functions: the same at every call, with the moments of the posterior, slopes that are theirs.
#[test]
fn paths_are_draws_of_the_posterior() {
    let data = plane(25, 11);
    let posterior = gp().with_likelihood(Gaussian::noise(0.1)).condition(&data).unwrap();
    let x = Points::new(Seed::new(12).normal2(6, 2)).unwrap();
    let n = 4000;
    let paths = posterior.paths(n, 2, Seed::new(13)).unwrap();
    let values = paths.values(&x).unwrap();
    assert_eq!(paths.values(&x.range(2..4).unwrap()).unwrap(), values.slice(s![.., 2..4, ..]));
    let (mean, var) = (posterior.mean(&x).unwrap(), posterior.var(&x).unwrap());
    let prior_var = posterior.prior().var(&x).unwrap();
    for i in 0..6 {
        let of_point = values.slice(s![.., i, 0]);
        let m = of_point.mean().unwrap();
        let v = of_point.mapv(|f| (f - m).powi(2)).mean().unwrap();
        // sampling error, and that of 2,048 random functions, which is shared by all draws
        assert!(
            (m - mean[[i, 0]]).abs() < 5.0 * (var[[i, 0]] / n as f64).sqrt() + 1e-9,
            "{m} {}",
            mean[[i, 0]]
        );
        assert!(
            (v - var[[i, 0]]).abs() < 0.12 * var[[i, 0]] + 0.05 * prior_var[[i, 0]] * var[[i, 0]],
            "{v} {}",
            var[[i, 0]]
        );
    }
    let slopes = paths.slopes(&x).unwrap();
    let by_differences = softbias_priors::paths::difference_path_slopes(&*paths, &x).unwrap();
    let off = (&slopes - &by_differences).iter().fold(0.0, |m: f64, d| m.max(d.abs()));
    assert!(off < 1e-6 * by_differences.iter().fold(1.0, |m: f64, d| m.max(d.abs())), "{off}");
    // exact where there are features
    let linear = Features::fourier(30, 2, 1.0, Seed::new(3)).unwrap();
    let posterior = linear.with_likelihood(Gaussian::noise(0.1)).condition(&data).unwrap();
    let values = posterior.paths(n, 2, Seed::new(1)).unwrap().values(&x).unwrap();
    let values = values.index_axis(Axis(2), 0).to_owned();
    let cov = posterior.cov(&x, &x).unwrap().of_output(0).to_owned();
    let centred = &values - &posterior.mean(&x).unwrap().column(0);
    let sample: Array2<f64> = centred.t().dot(&centred) / n as f64;
    for (found, expected) in sample.iter().zip(&cov) {
        assert!(
            (found - expected).abs()
                < 5.5 * (2.0 / n as f64).sqrt() * cov.diag().iter().fold(0.0, |m: f64, v| m.max(*v))
        );
    }
    assert_eq!(posterior.outputs(), 1);
}

/// A mean that is tuned, or integrated out under a wide prior, finds the line behind the labels; both by analytic gradients.
#[test]
fn means_are_tuned_and_integrated_out() {
    let x = Seed::new(21).normal2(40, 2);
    let noise = Seed::new(22).normal1(40) * 0.05;
    let y = x.dot(&ndarray::array![2.0, -1.0]) + 3.0 + noise;
    let data = Data::regression(x, y).unwrap();
    let mean = || Mean::linear(0.0, &[0.0, 0.0]);
    let prior = || Gp::new(0.1 * Kernel::rbf(1.0));
    let tuned = tune(prior().about(mean().tuned()).with_likelihood(Gaussian::noise(0.1)), &data).unwrap();
    for (name, truth) in [("mean.constant", 3.0), ("mean.slope1", 2.0), ("mean.slope2", -1.0)] {
        assert!((tuned.value(name).unwrap() - truth).abs() < 0.1, "{name}: {}", tuned.value(name).unwrap());
    }
    let wide = prior()
        .about(mean().integrated(100.0))
        .with_likelihood(Gaussian::noise(0.05))
        .condition(&data)
        .unwrap();
    let far = Points::new(ndarray::array![[8.0, 8.0]]).unwrap();
    assert!((wide.mean(&far).unwrap()[[0, 0]] - 11.0).abs() < 0.5);
    let slope = wide.mean_slope(&far).unwrap();
    close(slope[[0, 0, 0]], 2.0, 0.05);
    let values = wide.paths(2000, 2, Seed::new(1)).unwrap().values(&far).unwrap();
    let (m, v) = (wide.mean(&far).unwrap()[[0, 0]], wide.var(&far).unwrap()[[0, 0]]);
    assert!((values.mean().unwrap() - m).abs() < 6.0 * (v / 2000.0).sqrt());
    // evidence of a tuned mean is smooth in it: differences
    let at = |c: f64| {
        let model = prior().about(Mean::linear(c, &[2.0, -1.0])).with_likelihood(Gaussian::noise(0.1));
        model.condition(&data).unwrap().evidence().log.get()
    };
    let best = tuned.condition(&data).unwrap().evidence().log.get();
    assert!(best > at(2.9) && best > at(3.1));
}

/// Noise known row by row: the kernel, and what all rows share on top, are tuned all the same.
#[test]
fn tuning_with_known_noise() {
    let x = Seed::new(31).uniform1(60, 0.0, 6.0);
    let sds: Vec<f64> = (0..60).map(|i| 0.02 + 0.01 * f64::from(i % 20)).collect();
    let noise = Seed::new(32).normal1(60);
    let y = Array1::from_shape_fn(60, |i| x[i].sin() + (sds[i].powi(2) + 0.09f64).sqrt() * noise[i]);
    let data = Data::line(x, y).unwrap();
    let prior = || Gp::new(1.0 * Kernel::rbf(1.0));
    let known = Heteroscedastic::known(sds.iter().copied()).unwrap();
    let alone = tune(prior().with_likelihood(known.clone()), &data).unwrap();
    let on_top = tune(prior().with_likelihood(known.plus(0.1)), &data).unwrap();
    assert!(on_top.log_evidence.get() > alone.log_evidence.get() + 5.0);
    let sd = on_top.value("noise2").unwrap().sqrt();
    assert!((sd - 0.3).abs() < 0.1, "{sd}");
    let posterior = on_top.condition(&data).unwrap();
    close(posterior.evidence().log.get(), on_top.log_evidence.get(), 1e-9);
    let file = std::env::temp_dir().join(format!("softbias-row-noise-{}", std::process::id()));
    assert!(matches!(posterior.save(&file), Err(softbias_models::ModelError::Unsaved(_))));
}
