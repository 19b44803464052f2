//! Tuning a soft order-150 polynomial by evidence: whole runs, and one evaluation of evidence and gradient.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use softbias::prelude::*;
use softbias::{Tuned, Window};

fn tuned(data: &Data, window: &Window) -> Tuned {
    let prior = common::soft(Softness::new(0.3).unwrap(), window).scaled(1.0);
    tune(prior.with_likelihood(Gaussian::noise(0.1)), data).unwrap()
}

fn whole(c: &mut Criterion) {
    let (train, _, window) = common::airline().unwrap();
    let mut group = c.benchmark_group("tune order 150");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    for (data, window) in [(train, window), (common::wiggly(2_000).unwrap(), Window::unit(1))] {
        let rows = BenchmarkId::new("rows", data.len());
        group.bench_function(rows, |b| b.iter(|| tuned(&data, &window)));
        // The whole run on one thread over its number of evaluations.
        let one = BenchmarkId::new("one evaluation, rows", data.len());
        group.bench_function(one, |b| {
            b.iter_custom(|count| {
                common::on_threads(1, || {
                    let start = Instant::now();
                    let evaluations = tuned(&data, &window).evaluations;
                    start.elapsed().mul_f64(count as f64 / evaluations as f64)
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, whole);
criterion_main!(benches);
