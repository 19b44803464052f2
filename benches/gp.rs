//! One log evidence with its full gradient beside the bare Cholesky factor and inverse of the same backend, and other exact work.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use softbias::EvidenceMethod;
use softbias::math::linalg::Cholesky;
use softbias::prelude::*;

fn data(n: usize) -> Data {
    let x = Seed::new(1).uniform1(n * 8, 0.0, 1.0).into_shape_with_order((n, 8)).unwrap();
    let noise = Seed::new(2).normal1(n);
    let y = x.column(0).mapv(|v| (6.0 * v).sin()) + x.column(3) + noise * 0.2;
    Data::regression(x, y).unwrap()
}

fn simple() -> Kernel {
    1.3 * Kernel::rbf((0..8).map(|d| 0.3 + 0.1 * f64::from(d)).collect::<Vec<f64>>())
}

fn composite() -> Kernel {
    let season = Kernel::periodic(0.4, 0.8).on(vec![0]).unwrap();
    simple()
        + 0.7 * Kernel::rbf(1.5) * season
        + 0.5 * Kernel::matern32(1.0)
        + 0.4 * Kernel::rational_quadratic(0.7, 1.5)
        + Kernel::linear(0.4)
}

fn evidence(c: &mut Criterion) {
    let mut group = c.benchmark_group("evidence with gradient");
    group.sample_size(10);
    for n in [500, 1_000, 2_000] {
        let data = data(n);
        let noise = Gaussian::noise(0.22);
        let bare = Gp::new(simple()).gram(data.points()).unwrap().of_output(0).to_owned();
        group.bench_function(BenchmarkId::new("bare Cholesky and inverse", n), |b| {
            b.iter(|| Cholesky::in_place(bare.clone(), 0.05).unwrap().into_inverse(|_, _, v| v));
        });
        for (name, kernel) in [("ARD RBF", simple()), ("five terms", composite())] {
            let prior: Arc<dyn GaussianPrior> = Arc::new(Gp::new(kernel));
            let theta = prior.parameters().values();
            let objective = Exact::FunctionSpace.objective(prior, &noise, &data).unwrap();
            group.bench_function(BenchmarkId::new(name, n), |b| {
                b.iter(|| objective.at(&theta, &[0.05], &mut None).unwrap());
            });
        }
    }
    group.finish();
}

fn predictions(c: &mut Criterion) {
    let mut group = c.benchmark_group("posterior of 1,000 rows");
    group.sample_size(10);
    let model = Gp::new(simple()).with_likelihood(Gaussian::noise(0.22));
    let posterior = model.condition(&data(1_000)).unwrap();
    let x = data(3_000).points().range(1_000..3_000).unwrap();
    group.bench_function("mean and variance at 2,000 points", |b| b.iter(|| posterior.predict(&x).unwrap()));
    let few = x.range(0..300).unwrap();
    group.bench_function("1,000 joint draws at 300 points", |b| {
        b.iter(|| posterior.draws(1_000, &few, Seed::new(3)).unwrap());
    });
    group.bench_function("100 paths at 300 points", |b| {
        b.iter(|| posterior.paths(100, 8, Seed::new(3)).unwrap().values(&few).unwrap());
    });
    group.finish();
}

criterion_group!(benches, evidence, predictions);
criterion_main!(benches);
