//! Steps of stochastic-gradient Langevin dynamics: a large net and a small one, each on one chain; and the normals alone.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array2;
use softbias::math::normals;
use softbias::net::NetTarget;
use softbias::prelude::*;

const STEPS: usize = 200;

/// 8,000 rows of 784 numbers in ten classes, MLP 784-256-256-10, batches of 128.
fn large() -> NetTarget<f32, Softmax> {
    let n = 8000;
    let x = Array2::from_shape_vec((n, 784), Seed::new(1).normal1(n * 784).to_vec()).unwrap();
    let y = Array2::from_shape_fn((n, 1), |(i, _)| (i % 10) as f64);
    let net = Net::inputs(784).dense(256).relu().dense(256).relu().dense(10).build().unwrap();
    let model = net.with_likelihood(Softmax::classes(10).unwrap());
    NetTarget::new(&model, &Data::new(Points::new(x).unwrap(), y).unwrap()).unwrap()
}

/// A curve, MLP 1-50-50-1, batches of 32.
fn small() -> NetTarget<f32, Gaussian> {
    let xs: Vec<f64> = (0..1000).map(|i| f64::from(i) / 500.0 - 1.0).collect();
    let data = Data::line(xs.iter().copied(), xs.iter().map(|x| (3.0 * x).sin())).unwrap();
    let net = Net::inputs(1).dense(50).tanh().dense(50).tanh().dense(1).build().unwrap();
    NetTarget::new(&net.with_likelihood(Gaussian::known(0.1)), &data).unwrap()
}

fn steps(c: &mut Criterion) {
    let mut group = c.benchmark_group("sgld");
    group.sample_size(10).throughput(Throughput::Elements(STEPS as u64));
    let sampler = |batch| Sgld::step(1e-6).batch(batch).chains(1).warmup(0).draws(1).thin(STEPS);
    let target = large();
    group.bench_function("784-256-256-10, batch 128", |b| b.iter(|| sampler(128).sample(&target).unwrap()));
    let target = small();
    group.bench_function("1-50-50-1, batch 32", |b| b.iter(|| sampler(32).sample(&target).unwrap()));
    group.finish();
    let mut group = c.benchmark_group("normals");
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut single = vec![0f32; 269_322];
    group.throughput(Throughput::Elements(single.len() as u64));
    group.bench_function("f32, one thread", |b| {
        b.iter(|| one.install(|| normals::fill(Seed::new(1), &mut single)))
    });
    let mut double = vec![0f64; 269_322];
    group.bench_function("f64, one thread", |b| {
        b.iter(|| one.install(|| normals::fill(Seed::new(1), &mut double)))
    });
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
