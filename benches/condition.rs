//! Conditioning an order-150 soft polynomial and its evidence, from 100 rows to 100,000: linear in the rows.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use softbias::Window;
use softbias::prelude::*;

fn evidence(data: &Data) -> f64 {
    let prior = common::soft(Softness::new(0.3).unwrap(), &Window::unit(1));
    prior.with_likelihood(Gaussian::noise(0.1)).condition(data).unwrap().evidence().log.get()
}

fn condition(c: &mut Criterion) {
    let mut group = c.benchmark_group("condition order 150");
    group.sample_size(10);
    for n in [100, 1_000, 10_000, 100_000] {
        let data = common::wiggly(n).unwrap();
        group.throughput(Throughput::Elements(n as u64));
        group.bench_with_input(BenchmarkId::from_parameter(n), &data, |b, data| b.iter(|| evidence(data)));
    }
    group.finish();
}

/// The exponent of the time between 10,000 and 100,000 rows, on one thread; 1 is linear.
fn exponent(_: &mut Criterion) {
    common::on_threads(1, || {
        let time = |n, runs| {
            let data = common::wiggly(n).unwrap();
            common::best_of(runs, || evidence(&data)).as_secs_f64()
        };
        let (few, many) = (time(10_000, 9), time(100_000, 3));
        println!(
            "one thread: {:.1} ms at 10,000 rows, {:.1} ms at 100,000: exponent {:.3}\n",
            1e3 * few,
            1e3 * many,
            (many / few).log10()
        );
    });
}

criterion_group!(benches, condition, exponent);
criterion_main!(benches);
