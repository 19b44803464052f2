//! Epochs of training: Adam and SGD on a net 784-256-256-10 and 8,000 rows, and the pass over a batch alone.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use softbias::net::WeightLaw;
use softbias::prelude::*;
use softbias::{NetTarget, Target};

const ROWS: usize = 8_000;

/// Ten classes of noise about ten centres.
fn target() -> NetTarget<f32, Softmax> {
    let centres = Seed::new(1).normal2(10, 784);
    let noise = Seed::new(2).normal2(ROWS, 784);
    let x = Array2::from_shape_fn((ROWS, 784), |(i, j)| 0.1 * centres[[i % 10, j]] + noise[[i, j]]);
    let y = Array2::from_shape_fn((ROWS, 1), |(i, _)| (i % 10) as f64);
    let data = Data::new(Points::new(x).unwrap(), y).unwrap();
    let net = Net::inputs(784).dense(256).relu().dense(256).relu().dense(10).weights(WeightLaw::fan_in(1.0));
    let model = net.build().unwrap().with_likelihood(Softmax::classes(10).unwrap());
    NetTarget::new(&model, &data).unwrap()
}

fn epochs(c: &mut Criterion) {
    let target = target();
    let mut group = c.benchmark_group("784-256-256-10, 8,000 rows, batch 128, f32");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    for (name, train) in [("Adam epoch", Train::adam(0.01)), ("SGD epoch", Train::sgd(0.01))] {
        group.bench_function(name, |b| {
            // the look at the outcome is paid once, whatever the number of epochs
            b.iter_custom(|count| {
                let start = Instant::now();
                train.clone().batch(128).epochs(count as usize).climb(&target).unwrap();
                start.elapsed()
            });
        });
    }
    let rows: Vec<usize> = (0..127).map(|i| i * 61).collect();
    let eps: Vec<f32> = Seed::new(3).normal1(target.dim()).iter().map(|e| *e as f32).collect();
    let (mut work, mut gradient) = (Default::default(), vec![0.0; eps.len()]);
    group.bench_function("value and gradient of a batch", |b| {
        b.iter(|| target.log_likelihood(&eps, Some(&rows), &mut work, &mut gradient));
    });
    group.finish();
}

criterion_group!(benches, epochs);
criterion_main!(benches);
