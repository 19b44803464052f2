//! Ensembles and SWAG: members of their own, and moments against their formulas.

use std::ops::ControlFlow;

use ndarray::{Array1, Array2, Axis};
use softbias_models::train::{Ending, Ensemble, MultiSwag, Swag, Train, Trajectory};
use softbias_models::*;
use softbias_priors::*;

use super::support::*;

fn model() -> Model<Net, Gaussian> {
    small_net(1, 15, 1).with_likelihood(Gaussian::noise(0.2))
}

#[test]
fn members_differ_and_come_again() {
    let data = curve(40);
    let train = Train::adam(0.05).batch(10).epochs(20).seed(Seed::new(3));
    let draws = model().condition_by(&Ensemble::of(train.clone(), 4), &data).unwrap();
    let again = model().condition_by(&Ensemble::of(train.clone(), 4), &data).unwrap();
    assert_eq!(draws.coordinates(), again.coordinates());
    for (i, member) in draws.coordinates().iter().enumerate() {
        assert!(draws.coordinates()[..i].iter().all(|other| other != member));
        let alone = climbed(&train.clone().seed(Seed::new(3).at(i)), &model(), &data);
        assert_eq!(&alone.coordinates, member, "the member is the climb of its seed");
    }
    // the prediction is the average over the members
    let mean = draws.functions_at(data.points()).unwrap().mean_axis(Axis(0)).unwrap();
    let away = (draws.predict(data.points()).unwrap().mean() - &mean).mapv(f64::abs).sum();
    assert!(away < 1e-12);
}

#[test]
fn members_owe_their_stopping_and_stop_together() {
    let data = curve(40);
    let train = Train::adam(0.05).epochs(30).early_stopping(0.2, 3);
    let draws = model().condition_by(&Ensemble::of(train.clone(), 3), &data).unwrap();
    let lines = draws.ledger().entries().iter().filter(|e| format!("{e:?}").contains("stopping")).count();
    assert_eq!(lines, 3, "every member held out rows of its own");
    let target = NetTarget::<f32, _>::new(&model(), &data).unwrap();
    let watched = Train::adam(0.05)
        .epochs(1_000_000)
        .watch(|p| if p.epoch >= 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
    let members = Ensemble::of(watched, 3).climb(&target).unwrap();
    assert!(members.iter().all(|member| member.course.ending == Ending::Interrupted));
}

#[test]
fn moments_of_a_trajectory() {
    let points = 1e3 + Seed::new(1).normal2(9, 4);
    let mut trajectory = Trajectory::new(4, 3);
    points.rows().into_iter().for_each(|row| trajectory.add(&row.to_vec()));
    assert_eq!(trajectory.count(), 9);
    let mean = points.mean_axis(Axis(0)).unwrap();
    let variance = points.var_axis(Axis(0), 0.0);
    assert!(mean.iter().zip(trajectory.mean()).all(|(a, b)| (a - b).abs() < 1e-11));
    assert!(variance.iter().zip(trajectory.variance()).all(|(a, b)| (a - b).abs() < 1e-11));
    assert_eq!(trajectory.deviations().len(), 3);
    for (column, i) in trajectory.deviations().zip(6..9) {
        let so_far = points.slice(ndarray::s![..=i, ..]).mean_axis(Axis(0)).unwrap();
        let away = &points.row(i) - &so_far;
        assert!(away.iter().zip(column).all(|(a, b)| (a - b).abs() < 1e-11));
    }
}

/// Mean and covariance of many draws against mean and ½ Σ + D Dᵀ / (2 (K − 1)).
#[test]
fn draws_have_the_moments_of_the_formula() {
    let (dim, rank, scale) = (3, 4, 0.5);
    let points = Seed::new(2).normal2(12, dim) * &Array1::from(vec![1.0, 2.0, 0.5]);
    let mut trajectory = Trajectory::new(dim, rank);
    let mut diagonal = Trajectory::new(dim, 0);
    for row in points.rows() {
        trajectory.add(&row.to_vec());
        diagonal.add(&row.to_vec());
    }
    let mut expected = Array2::from_diag(&(0.5 * Array1::from(trajectory.variance())));
    for column in trajectory.deviations() {
        let d = Array1::from(column.to_vec()).insert_axis(Axis(1));
        expected += &(d.dot(&d.t()) / (2.0 * (rank - 1) as f64));
    }
    let plain = Array2::from_diag(&Array1::from(diagonal.variance()));
    for (trajectory, expected) in [(&trajectory, expected), (&diagonal, plain)] {
        let n = 40_000;
        let draws: Vec<f64> = (0..n).flat_map(|i| trajectory.draw(scale, Seed::new(3).at(i))).collect();
        let draws = Array2::from_shape_vec((n, dim), draws).unwrap();
        let mean = draws.mean_axis(Axis(0)).unwrap();
        let centred = &draws - &mean;
        let covariance = centred.t().dot(&centred) / n as f64;
        for i in 0..dim {
            let sd = |i: usize| scale * expected[[i, i]].sqrt();
            assert!((mean[i] - trajectory.mean()[i]).abs() < 4.5 * sd(i) / (n as f64).sqrt());
            for j in 0..dim {
                let away = covariance[[i, j]] - scale * scale * expected[[i, j]];
                assert!(away.abs() < 4.5 * sd(i) * sd(j) * (2.0 / n as f64).sqrt(), "{i} {j} {away}");
            }
        }
    }
}

#[test]
fn swag_follows_the_climb() {
    let data = curve(40);
    let train = Train::sgd(0.003).batch(10).seed(Seed::new(4));
    let target = NetTarget::<f32, _>::new(&model(), &data).unwrap();
    let swag = Swag::along(train.clone().epochs(9), 5).rank(3);
    let (trajectory, course) = swag.follow(&target).unwrap();
    assert_eq!((trajectory.count(), course.epochs), (4, 9));
    // the climb is the same however long it is: its ends are the trajectory
    let mut expected = Trajectory::new(target.dim(), 3);
    (6..=9).for_each(|n| expected.add(&train.clone().epochs(n).climb(&target).unwrap().coordinates));
    assert_eq!(trajectory, expected);
    let draws = model().condition_by(&swag.clone().draws(7), &data).unwrap();
    assert_eq!(draws.coordinates().len(), 7);
    let first: Vec<f32> =
        trajectory.draw(1.0, Seed::new(4).named("swag").at(0)).iter().map(|e| *e as f32).collect();
    assert_eq!(draws.coordinates()[0], first);
    let several = model().condition_by(&MultiSwag::of(swag.draws(5), 3), &data).unwrap();
    assert_eq!(several.coordinates().len(), 15);
    let own = Swag::along(train.seed(Seed::new(4).at(2)).epochs(9), 5).rank(3).draws(5);
    let third = model().condition_by(&own, &data).unwrap();
    assert_eq!(several.coordinates()[10..], *third.coordinates());
}
