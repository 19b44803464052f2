//! Class labels: the same numbers from one dense Cn × Cn matrix, from binary labels, from draws; invariances.

use ndarray::{Array1, Array2, Axis, s};
use softbias_models::*;
use softbias_priors::math::linalg;
use softbias_priors::*;

use crate::support::{Rbf, classes, close, inputs};

fn laplace(prior: Rbf, count: usize, data: &Data) -> SoftmaxPosterior {
    prior.with_likelihood(Softmax::classes(count).unwrap()).condition_by(&Laplace::new(), data).unwrap()
}

/// The inverse of a small matrix, by QR.
fn inverse(a: &Array2<f64>) -> Array2<f64> {
    let qr = linalg::qr(a.view()).unwrap();
    linalg::solve_upper(qr.r.view(), qr.q.t()).unwrap()
}

#[test]
fn the_dense_matrices_say_the_same() {
    let (n, count) = (7, 3);
    let data = classes(n, count);
    let x = Points::new(inputs(11).slice(s![7.., ..]).to_owned()).unwrap();
    for unlike in [false, true] {
        let prior = Rbf::new(1.7, 0.8).around(0.2, -0.3).outputs(count, unlike);
        let found = laplace(prior.clone(), count, &data);
        // everything stacked class after class
        let stack = |blocks: &Blocks, rows: usize, columns: usize| {
            let mut all = Array2::zeros((count * rows, count * columns));
            for c in 0..count {
                all.slice_mut(s![c * rows..(c + 1) * rows, c * columns..(c + 1) * columns])
                    .assign(&blocks.of_output(c));
            }
            all
        };
        let flat = |a: &Array2<f64>| -> Array1<f64> { a.t().iter().copied().collect() };
        let k = stack(&prior.cov(data.points(), data.points()).unwrap(), n, n);
        let f = flat(found.predict(data.points()).unwrap().mean());
        let mean = flat(&prior.mean(data.points()).unwrap());
        let mut w = Array2::zeros((count * n, count * n));
        let mut slope = Array1::zeros(count * n);
        let mut log = 0.0;
        for i in 0..n {
            let values: Vec<f64> = (0..count).map(|c| f[c * n + i]).collect();
            let p: Vec<f64> =
                Softmax::classes(count).unwrap().log_probabilities(&values).iter().map(|l| l.exp()).collect();
            let label = data.labels()[[i, 0]] as usize;
            log += p[label].ln();
            for c in 0..count {
                slope[c * n + i] = f64::from(u8::from(c == label)) - p[c];
                for d in 0..count {
                    w[[c * n + i, d * n + i]] = if c == d { p[c] } else { 0.0 } - p[c] * p[d];
                }
            }
        }
        // the mode: f − m = K ∇ ln p
        for (a, b) in (&f - &mean).iter().zip(&k.dot(&slope)) {
            close(*a, *b, 1e-9);
        }
        let b = Array2::<f64>::eye(count * n) + k.dot(&w);
        let log_det: f64 = linalg::qr(b.view()).unwrap().r.diag().iter().map(|d| d.abs().ln()).sum();
        let distance = slope.dot(&(&f - &mean));
        let e = found.evidence();
        close(e.log.get(), log - 0.5 * distance - 0.5 * log_det, 1e-10);
        let back = inverse(&b);
        let determined = (count * n) as f64 - back.diag().sum();
        close(e.information.get(), 0.5 * (log_det - determined + distance), 1e-9);
        close((e.fit - e.information).get(), e.log.get(), 1e-12);
        // predictions: K** − K*ᵀ W(I + KW)⁻¹ K*, with all covariances between classes
        let cross = stack(&prior.cov(data.points(), &x).unwrap(), n, 4);
        let new = stack(&prior.cov(&x, &x).unwrap(), 4, 4);
        let covariance = new - cross.t().dot(&w.dot(&back)).dot(&cross);
        let predicted = found.predict(&x).unwrap();
        let rise = flat(&prior.mean(&x).unwrap()) + cross.t().dot(&slope);
        let by_point = found.class_covariances(&x).unwrap();
        for i in 0..4 {
            for c in 0..count {
                close(predicted.mean()[[i, c]], rise[c * 4 + i], 1e-8);
                close(
                    predicted.variance(Uncertainty::Latent)[[i, c]],
                    covariance[[c * 4 + i, c * 4 + i]],
                    1e-8,
                );
                for d in 0..count {
                    close(by_point[[i, c, d]], covariance[[c * 4 + i, d * 4 + i]], 1e-8);
                }
            }
        }
        // joint draws have this covariance, between points and classes
        let draws = found.draws(20_000, &x, Seed::new(5)).unwrap();
        let columns: Vec<Array1<f64>> =
            (0..count * 4).map(|j| draws.slice(s![.., j % 4, j / 4]).to_owned() - rise[j]).collect();
        for a in 0..count * 4 {
            close(columns[a].mean().unwrap(), 0.0, 4.5 * (covariance[[a, a]] / 20_000.0).sqrt());
            for b in 0..=a {
                let sample = columns[a].dot(&columns[b]) / 20_000.0;
                let error = ((covariance[[a, a]] * covariance[[b, b]] + covariance[[a, b]].powi(2))
                    / 20_000.0)
                    .sqrt();
                assert!((sample - covariance[[a, b]]).abs() < 5.0 * error, "{a} {b}");
            }
        }
    }
}

#[test]
fn two_classes_are_binary_labels_of_twice_the_variance() {
    let data = classes(25, 2);
    let signs = Data::new(data.points().clone(), data.labels().mapv(|y| 2.0 * y - 1.0)).unwrap();
    let soft = laplace(Rbf::new(0.9, 0.7).outputs(2, false), 2, &data);
    let logit =
        Rbf::new(1.8, 0.7).with_likelihood(Bernoulli::logit()).condition_by(&Laplace::new(), &signs).unwrap();
    close(soft.evidence().log.get(), logit.evidence().log.get(), 1e-11);
    close(soft.evidence().information.get(), logit.evidence().information.get(), 1e-9);
    let x = Points::new(inputs(31).slice(s![25.., ..]).to_owned()).unwrap();
    let (p, q) = (soft.class_probabilities(&x).unwrap(), logit.class_probabilities(&x).unwrap());
    for (p, q) in p.iter().zip(&q) {
        close(*p, *q, 1e-9);
    }
    let slope = |found: Gradients| found.prior[0];
    let (a, b) = (
        Laplace::new()
            .evidence_gradient(
                &Rbf::new(0.9, 0.7).outputs(2, false),
                &Softmax::classes(2).unwrap(),
                &data,
                None,
            )
            .unwrap(),
        Laplace::new().evidence_gradient(&Rbf::new(1.8, 0.7), &Bernoulli::logit(), &signs, None).unwrap(),
    );
    close(slope(a), 2.0 * slope(b), 1e-9);
}

#[test]
fn probabilities_are_averages_over_draws() {
    let count = 4;
    let data = classes(30, count);
    let found = laplace(Rbf::new(4.0, 0.6).outputs(count, false), count, &data);
    let x = Points::new(inputs(34).slice(s![30.., ..]).to_owned()).unwrap();
    let p = found.class_probabilities(&x).unwrap();
    let draws = found.draws(40_000, &x, Seed::new(6)).unwrap();
    let soft = draws.map_axis(Axis(2), |f| {
        Softmax::classes(count)
            .unwrap()
            .log_probabilities(&f.to_vec())
            .iter()
            .map(|l| l.exp())
            .collect::<Vec<_>>()
    });
    for i in 0..4 {
        close(p.row(i).sum(), 1.0, 1e-13);
        for c in 0..count {
            let average = soft.column(i).iter().map(|p| p[c]).sum::<f64>() / 40_000.0;
            // 4.5 standard errors, and the rule's own
            assert!((p[[i, c]] - average).abs() < 4.5 * 0.5 / 40_000f64.sqrt() + 3e-4);
        }
    }
    // another shift of the rule: an honest idea of its error
    let again = found.clone().seeded(Seed::new(9)).class_probabilities(&x).unwrap();
    assert!(p.iter().zip(&again).all(|(a, b)| (a - b).abs() < 3e-4 && a != b));
    for label in 0..count {
        let labels = Data::new(x.clone(), Array2::from_elem((4, 1), label as f64)).unwrap();
        for (log, p) in found.log_predictive(&labels).unwrap().iter().zip(p.column(label)) {
            close(log.exp(), *p, 1e-13);
        }
    }
    laws::prior(&found, &x, Seed::new(7)).unwrap();
    assert!(found.ledger().looked_at(data.rows()).is_some());
}

#[test]
fn order_of_rows_and_classes_and_threads_change_nothing() {
    let count = 3;
    let data = classes(24, count);
    let prior = Rbf::new(2.0, 0.7).outputs(count, false);
    let found = laplace(prior.clone(), count, &data);
    let shuffled = laplace(prior.clone(), count, &data.shuffle(Seed::new(8)).unwrap());
    close(shuffled.evidence().log.get(), found.evidence().log.get(), 1e-11);
    let turned = Data::new(data.points().clone(), data.labels().mapv(|y| (y + 1.0) % 3.0)).unwrap();
    let turned = laplace(prior.clone(), count, &turned);
    close(turned.evidence().log.get(), found.evidence().log.get(), 1e-11);
    let x = Points::new(inputs(5)).unwrap();
    let (p, q) = (found.predict(&x).unwrap(), turned.predict(&x).unwrap());
    for i in 0..5 {
        for c in 0..count {
            close(p.mean()[[i, c]], q.mean()[[i, (c + 1) % 3]], 1e-9);
        }
    }
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let likelihood = Softmax::classes(count).unwrap();
            let gradient = Laplace::new().evidence_gradient(&prior, &likelihood, &data, None).unwrap();
            (
                gradient.log,
                gradient.prior,
                laplace(prior.clone(), count, &data).class_probabilities(&x).unwrap(),
            )
        })
    };
    assert_eq!(on(1), on(4));
}
