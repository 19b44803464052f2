//! Modes with a formula, steps computed by hand, rates of schedules, gradients by differences and in expectation.

use std::sync::Mutex;

use softbias_models::train::{Ending, Optimiser, Schedule, Train};
use softbias_models::*;
use softbias_priors::net::WeightLaw;
use softbias_priors::*;

use super::support::*;

fn linear_model() -> Model<Net, Gaussian> {
    let net = Net::inputs(3).dense(1).weights(WeightLaw::normal(0.8)).bias(WeightLaw::normal(0.5));
    net.build().unwrap().with_likelihood(Gaussian::noise(0.3))
}

/// Slope of the log posterior of the linear net at ε, written out.
fn slope(eps: &[f64], data: &Data) -> Vec<f64> {
    let scales = [0.8, 0.8, 0.8, 0.5];
    let mut slope: Vec<f64> = eps.iter().map(|e| -e).collect();
    for (x, y) in data.points().view().rows().into_iter().zip(data.labels()) {
        let features: Vec<f64> = x.iter().chain(&[1.0]).zip(scales).map(|(x, s)| s * x).collect();
        let f: f64 = features.iter().zip(eps).map(|(b, e)| b * e).sum();
        slope.iter_mut().zip(&features).for_each(|(s, b)| *s += b * (y - f) / 0.09);
    }
    slope
}

#[test]
fn every_optimiser_finds_the_mode_of_a_linear_net() {
    let data = linear_data(60);
    let sgd = |nesterov| Optimiser::Sgd { momentum: 0.9, nesterov };
    let exact = Gp::new(Kernel::linear(0.8) + Kernel::constant(0.25))
        .with_likelihood(Gaussian::noise(0.3))
        .condition(&data)
        .unwrap()
        .predict(data.points())
        .unwrap();
    let ways = [
        ("lbfgs", Train::lbfgs(), 1e-5),
        ("adam", Train::adam(0.05).full_batch().schedule(Schedule::cosine(0.05)).epochs(3000), 1e-5),
        ("sgd", Train::by(sgd(false), Schedule::constant(0.01)).full_batch().epochs(3000), 1e-9),
        ("nesterov", Train::by(sgd(true), Schedule::constant(0.01)).full_batch().epochs(3000), 1e-9),
        // noise of the gradient dies with the rate
        ("batches", Train::adam(0.05).batch(16).schedule(Schedule::cosine(0.05)).epochs(3000), 3e-3),
    ];
    for (name, train, tolerance) in ways {
        let trained = linear_model().condition_by(&train.precision::<f64>(), &data).unwrap();
        let slope = slope(trained.coordinates(), &data);
        // Newton's step is the distance to the mode: the curvature is that of 60 rows, at least 1
        assert!(slope.iter().all(|s| s.abs() < 100.0 * tolerance), "{name}: {slope:?}");
        let mean = trained.predict(data.points()).unwrap();
        let away = (mean.mean() - exact.mean()).mapv(f64::abs).fold(0.0, |a: f64, b| a.max(*b));
        assert!(away < tolerance, "{name}: {away:e}");
        let course = trained.course();
        let steepest = slope.iter().fold(0.0, |most: f64, s| most.max(s.abs()));
        assert!((course.slope - steepest).abs() < 1e-9 * (1.0 + steepest), "{name}");
        let square: f64 = trained.coordinates().iter().map(|e| e * e).sum();
        assert_eq!(course.log_posterior, course.log_likelihood - 0.5 * square);
        let logs = trained.log_predictive(&data).unwrap().sum();
        assert!((course.log_likelihood - logs).abs() < 1e-9 * logs.abs(), "{name}");
        assert_eq!(course.ending, if name == "lbfgs" { Ending::Converged } else { Ending::Finished });
        assert_eq!(trained.ledger().looked_at_count(data.rows()), 60);
    }
}

#[test]
fn single_precision_comes_as_near_as_it_can() {
    let data = linear_data(60);
    let exact = linear_model().condition_by(&Train::lbfgs().precision::<f64>(), &data).unwrap();
    for train in
        [Train::lbfgs(), Train::adam(0.05).schedule(Schedule::cosine(0.05)).full_batch().epochs(2000)]
    {
        let trained = linear_model().condition_by(&train, &data).unwrap();
        for (a, b) in trained.coordinates().iter().zip(exact.coordinates()) {
            assert!((f64::from(*a) - b).abs() < 2e-4, "{a} {b}");
        }
    }
}

#[test]
fn the_mode_of_a_bowl() {
    let bowl = bowl(12, 5);
    let train = Train::lbfgs().precision::<f64>();
    let mode = train.climb(&bowl).unwrap().coordinates;
    for (j, e) in mode.iter().enumerate() {
        let sum: f64 = bowl.centres.iter().map(|a| a[j]).sum();
        assert!((e - 0.7 * sum / (1.0 + 0.7 * 12.0)).abs() < 1e-6);
    }
}

/// A copy of the bowl's slope a row, for steps by hand.
fn by_hand(bowl: &Bowl, eps: &[f64]) -> Vec<f64> {
    let n = bowl.centres.len() as f64;
    let sum = |j: usize| bowl.centres.iter().map(|a| bowl.weight * (a[j] - eps[j])).sum::<f64>();
    (0..eps.len()).map(|j| (sum(j) - eps[j]) / n).collect()
}

#[test]
fn three_steps_of_adam_by_hand() {
    let bowl = bowl(4, 3);
    let start = [0.3, -2.0, 1.0];
    let (rate, one, two, floor) = (0.1, 0.8, 0.95, 1e-3);
    let optimiser = Optimiser::Adam { betas: (one, two), eps: floor };
    let train = Train::by(optimiser, Schedule::constant(rate)).full_batch().epochs(3).start(start);
    let found = train.precision::<f64>().climb(&bowl).unwrap().coordinates;
    // algorithm 1 of Kingma & Ba, for a maximum
    let (mut eps, mut m, mut v) = (start.to_vec(), [0.0; 3], [0.0; 3]);
    for t in 1..=3 {
        let g = by_hand(&bowl, &eps);
        for j in 0..3 {
            m[j] = one * m[j] + (1.0 - one) * g[j];
            v[j] = two * v[j] + (1.0 - two) * g[j] * g[j];
            let (m_hat, v_hat) = (m[j] / (1.0 - one.powi(t)), v[j] / (1.0 - two.powi(t)));
            eps[j] += rate * m_hat / (v_hat.sqrt() + floor);
        }
    }
    assert!(found.iter().zip(&eps).all(|(a, b)| (a - b).abs() < 1e-14), "{found:?} {eps:?}");
    assert!(eps.iter().zip(start).all(|(a, b)| (a - b).abs() > 0.05));
}

#[test]
fn three_steps_of_sgd_by_hand() {
    let bowl = bowl(4, 3);
    let start = [0.3, -2.0, 1.0];
    for nesterov in [false, true] {
        for most in [None, Some(0.5)] {
            let optimiser = Optimiser::Sgd { momentum: 0.7, nesterov };
            let train =
                Train::by(optimiser, Schedule::steps(0.1, 2, 0.5)).full_batch().epochs(3).start(start);
            let train = most.map_or(train.clone(), |most| train.clone().clip(most));
            let found = train.precision::<f64>().climb(&bowl).unwrap().coordinates;
            let (mut eps, mut v) = (start.to_vec(), [0.0; 3]);
            for t in 0..3 {
                let mut g = by_hand(&bowl, &eps);
                let length = g.iter().map(|g| g * g).sum::<f64>().sqrt();
                assert!(t > 0 || length > 0.5);
                if let Some(most) = most.filter(|most| *most < length) {
                    g.iter_mut().for_each(|g| *g *= most / length);
                }
                let rate = if t < 2 { 0.1 } else { 0.05 };
                for j in 0..3 {
                    v[j] = 0.7 * v[j] + g[j];
                    eps[j] += rate * if nesterov { g[j] + 0.7 * v[j] } else { v[j] };
                }
            }
            assert!(found.iter().zip(&eps).all(|(a, b)| (a - b).abs() < 1e-14), "{found:?} {eps:?}");
        }
    }
}

#[test]
fn long_vectors_step_like_short_ones() {
    // beyond what one thread takes: the same coordinates repeated
    let small = bowl(3, 2);
    let repeated = |a: &Vec<f64>| a.iter().copied().cycle().take(100_000).collect::<Vec<f64>>();
    let large = Bowl { centres: small.centres.iter().map(repeated).collect(), weight: small.weight };
    let start = vec![0.4, -1.0];
    for train in [Train::adam(0.1), Train::sgd(0.1)] {
        let train = train.precision::<f64>().full_batch().epochs(4);
        let short = train.clone().start(start.clone()).climb(&small).unwrap().coordinates;
        let long = train.start(repeated(&start)).climb(&large).unwrap().coordinates;
        assert_eq!(bits(&long), bits(&repeated(&short)));
    }
}

#[test]
fn rates_of_schedules() {
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} {b}");
    let constant = Schedule::constant(0.2);
    near(constant.at(0, 10, 5), 0.2);
    near(constant.at(49, 10, 5), 0.2);
    let cosine = Schedule::cosine(0.2);
    near(cosine.at(0, 10, 4), 0.2);
    near(cosine.at(10, 10, 4), 0.2 * 0.5 * (1.0 + 0.5f64.sqrt()));
    near(cosine.at(20, 10, 4), 0.1);
    near(cosine.at(40, 10, 4), 0.0);
    near(Schedule::cosine_to(0.2, 0.1).at(20, 10, 4), 0.15);
    let steps = Schedule::steps(0.8, 3, 0.5);
    near(steps.at(29, 10, 9), 0.8);
    near(steps.at(30, 10, 9), 0.4);
    near(steps.at(89, 10, 9), 0.2);
    let settling = Schedule::settling(1.0, 0.2);
    near(settling.at(49, 10, 10), 1.0);
    near(settling.at(70, 10, 10), 0.6);
    near(settling.at(95, 10, 10), 0.2);
    let warm = Schedule::constant(0.4).warm_up(2.0);
    near(warm.at(0, 10, 5), 0.4 / 20.0);
    near(warm.at(9, 10, 5), 0.2);
    near(warm.at(19, 10, 5), 0.4);
    near(warm.at(30, 10, 5), 0.4);
}

#[test]
fn slopes_of_the_log_likelihood_by_differences() {
    let data = blobs(9);
    let model = small_net(2, 4, 2).with_likelihood(Softmax::classes(2).unwrap());
    let target = NetTarget::<f64, _>::new(&model, &data).unwrap();
    let eps = Seed::new(4).normal1(target.dim()).to_vec();
    let (mut work, mut gradient, mut spare) = Default::default();
    let rows = [7, 2, 2, 5];
    let mut at = |eps: &[f64], gradient: &mut Vec<f64>| {
        gradient.resize(eps.len(), 0.0);
        target.log_likelihood(eps, Some(&rows), &mut work, gradient)
    };
    at(&eps, &mut gradient);
    for j in 0..eps.len() {
        let mut moved = |by: f64| {
            let mut eps = eps.clone();
            eps[j] += by;
            at(&eps, &mut spare)
        };
        let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((difference - gradient[j]).abs() < 1e-8 * (1.0 + gradient[j].abs()), "{j}");
    }
}

/// Remembers the rows it was asked about.
struct Witness {
    inner: Bowl,
    asked: Mutex<Vec<Vec<usize>>>,
}

impl Target for Witness {
    type Number = f64;
    type Work = ();
    fn dim(&self) -> usize {
        self.inner.dim()
    }
    fn rows(&self) -> usize {
        self.inner.rows()
    }
    fn log_likelihood(&self, eps: &[f64], rows: Option<&[usize]>, work: &mut (), out: &mut [f64]) -> f64 {
        let all: Vec<usize> = (0..self.rows()).collect();
        self.asked.lock().unwrap().push(rows.unwrap_or(&all).to_vec());
        self.inner.log_likelihood(eps, rows, work, out)
    }
}

#[test]
fn an_epoch_is_every_row_once_and_its_gradients_average_to_the_whole() {
    for (rows, batch, most, least) in [(24, 6, 6, 6), (23, 6, 6, 5), (10, 10, 10, 10), (7, 3, 3, 2)] {
        let witness = Witness { inner: bowl(rows, 2), asked: Mutex::default() };
        // an infinitesimal rate: all batches are seen from the same place
        let train = Train::sgd(1e-300).precision::<f64>().batch(batch).epochs(2).start([0.5, 0.2]);
        train.climb(&witness).unwrap();
        let asked = witness.asked.into_inner().unwrap();
        let (epochs, last) = asked.split_at(asked.len() - 1);
        assert_eq!(last[0].len(), rows, "the outcome is judged by all rows");
        let half = epochs.len() / 2;
        assert_eq!(half, rows.div_ceil(batch));
        for epoch in [&epochs[..half], &epochs[half..]] {
            let mut seen = epoch.concat();
            seen.sort_unstable();
            assert_eq!(seen, (0..rows).collect::<Vec<_>>());
            assert!(epoch.iter().all(|batch| (least..=most).contains(&batch.len())));
            let mut whole = [0.0; 2];
            witness.inner.log_likelihood(&[0.5, 0.2], None, &mut (), &mut whole);
            if most == least {
                let mut mean = [0.0; 2];
                for part in epoch {
                    let mut own = [0.0; 2];
                    witness.inner.log_likelihood(&[0.5, 0.2], Some(part), &mut (), &mut own);
                    let scale = rows as f64 / part.len() as f64 / half as f64;
                    mean.iter_mut().zip(own).for_each(|(m, g)| *m += scale * g);
                }
                assert!(mean.iter().zip(whole).all(|(a, b)| (a - b).abs() < 1e-12));
            }
        }
        assert!(half == 1 || epochs[..half] != epochs[half..], "every epoch has an order of its own");
    }
}

#[test]
fn two_blobs_are_told_apart() {
    let data = blobs(200);
    let model = || small_net(2, 16, 2).with_likelihood(Softmax::classes(2).unwrap());
    for train in [Train::adam(0.02), Train::sgd(0.2), Train::lbfgs()] {
        let trained = model().condition_by(&train.clone().epochs(60).seed(Seed::new(7)), &data).unwrap();
        let p = trained.as_draws().class_probabilities(data.points()).unwrap();
        let right = p.rows().into_iter().zip(data.labels()).filter(|(p, y)| p[**y as usize] > 0.5).count();
        assert_eq!(right, 200, "{train:?}");
        let history = &trained.course().history;
        assert!(history[history.len() - 1].log_likelihood > history[0].log_likelihood);
    }
}
