//! Random subspaces: adjoint maps, the same bits on any number of threads, and priors within them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use ndarray::{Array1, s};
use softbias_priors::subspace::{Origin, Projection};
use softbias_priors::*;

const KINDS: [Projection; 3] =
    [Projection::Gaussian, Projection::Sparse { entries: 1 }, Projection::Sparse { entries: 3 }];

fn subspace(full: usize, dim: usize, kind: Projection) -> Subspace {
    Subspace::new(full, dim, Seed::new(3)).unwrap().projection(kind).unwrap()
}

#[test]
fn expansion_and_pullback_are_adjoint() {
    for kind in KINDS {
        for (full, dim) in [(1, 1), (40, 7), (5000, 300)] {
            if matches!(kind, Projection::Sparse { entries } if entries > dim) {
                continue;
            }
            let space = subspace(full, dim, kind);
            let (w, g) = (Seed::new(4).normal1(dim), Seed::new(5).normal1(full));
            let (forth, back) = (space.expand(w.view()).unwrap(), space.pullback(g.view()).unwrap());
            // both sums have `full` terms of size 1/√full
            assert!((forth.dot(&g) - back.dot(&w)).abs() < 1e-10, "{kind:?} {full} {dim}");
            // and many rows at once are the rows one by one, to rounding
            let rows = Seed::new(6).normal2(3, full);
            let all = space.pullback_rows(rows.view()).unwrap();
            let one = space.pullback(rows.row(2)).unwrap();
            assert!((&all.row(2) - &one).iter().all(|d| d.abs() < 1e-12));
        }
    }
}

#[test]
fn columns_have_length_one_and_little_in_common() {
    for kind in KINDS {
        let space = subspace(20_000, 5, kind);
        let unit = |j: usize| Array1::from_shape_fn(5, |i| f64::from(u8::from(i == j)));
        let columns: Vec<Array1<f64>> = (0..5).map(|j| space.expand(unit(j).view()).unwrap()).collect();
        for (i, a) in columns.iter().enumerate() {
            for (j, b) in columns.iter().enumerate() {
                // standard error at most √(5/20,000) = 0.016 (places of a sparse row)
                assert!((a.dot(b) - f64::from(u8::from(i == j))).abs() < 0.07, "{kind:?}: {}", a.dot(b));
            }
        }
    }
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    for kind in KINDS {
        let space = subspace(30_000, 50, kind).through(Origin::Random { sd: 0.3 }).unwrap();
        let run = || {
            let theta = space.expand(Seed::new(1).normal1(50).view()).unwrap();
            (space.pullback(theta.view()).unwrap(), theta)
        };
        let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        assert_eq!(pool(1).install(run), pool(4).install(run));
    }
}

#[test]
fn origins() {
    let space = subspace(9, 2, Projection::Gaussian);
    let zero = Array1::zeros(2);
    assert_eq!(space.expand(zero.view()).unwrap(), Array1::<f64>::zeros(9));
    let given = Arc::new(Array1::linspace(0.0, 1.0, 9));
    let at = space.clone().through(Origin::Given(given.clone())).unwrap();
    assert_eq!(&at.expand(zero.view()).unwrap(), given.as_ref());
    let random = space.clone().through(Origin::Random { sd: 2.0 }).unwrap();
    assert_eq!(random.expand(zero.view()).unwrap(), random.origin());
    let short = Origin::Given(Arc::new(Array1::zeros(8)));
    assert!(space.clone().through(short).is_err());
    assert!(space.clone().through(Origin::Given(Arc::new(Array1::from_elem(9, f64::NAN)))).is_err());
    assert!(space.clone().through(Origin::Random { sd: -1.0 }).is_err());
    assert!(space.clone().projection(Projection::Sparse { entries: 0 }).is_err());
    assert!(space.expand(Array1::zeros(3).view()).is_err() && space.pullback(zero.view()).is_err());
    assert!(Subspace::new(3, 4, Seed::new(1)).is_err() && Subspace::new(0, 0, Seed::new(1)).is_err());
}

#[test]
fn a_prior_within_a_subspace_keeps_the_laws() {
    let x = Points::linspace(-0.9, 0.8, 7).unwrap();
    let soft = Polynomial::orders(0..=3).relaxed(Softness::new(0.3).unwrap(), Polynomial::orders(4..=30));
    let space = subspace(31, 6, Projection::Gaussian);
    let within = WithinSubspace::new(soft.clone(), space.clone()).unwrap();
    laws::gaussian(&within, &x, Seed::new(1)).unwrap();
    laws::white(&within, &x, Seed::new(1)).unwrap();
    // the very function of the expanded weights
    let w = Seed::new(2).normal1(6);
    let full = soft.forward(space.expand(w.view()).unwrap().view(), &x).unwrap();
    let direct = within.forward(w.view(), &x).unwrap();
    assert!((&full - &direct).iter().all(|d| d.abs() < 1e-12));
    // with a mean and an origin
    let features = Features::relu(40, 1, Seed::new(7)).unwrap();
    let shifted =
        subspace(40, 5, Projection::Sparse { entries: 2 }).through(Origin::Random { sd: 1.0 }).unwrap();
    let within = WithinSubspace::new(features.clone(), shifted.clone()).unwrap();
    laws::gaussian(&within, &x, Seed::new(1)).unwrap();
    let w = Seed::new(2).normal1(6);
    let full = features.forward(shifted.expand(w.slice(s![..5])).unwrap().view(), &x).unwrap();
    let direct = within.forward(w.view(), &x).unwrap();
    assert!((&full - &direct).iter().all(|d| d.abs() < 1e-12));
    assert!(WithinSubspace::new(features, space).is_err());
    let two = Polynomial::orders(0..=30).with_mean(vec![1.0; 31]).with_outputs(2);
    assert!(WithinSubspace::new(two, subspace(31, 6, Projection::Gaussian)).is_err());
}
