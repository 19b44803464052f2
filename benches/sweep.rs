//! A sweep of nine rungs over the airline series, everything tuned at each, on one thread and on two.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use softbias::prelude::*;
use softbias::{Swept, Window};

fn sweep(train: &Data, test: &Data, window: &Window) -> Swept {
    let bias = |s: Softness| common::soft(s, window);
    let ladder = Softness::ladder(1e-3, 1e1, 9).unwrap();
    let noise = Gaussian::noise(0.1);
    Sweep::of(bias).over(ladder).run(noise, &Exact::Auto, train, test).unwrap()
}

fn threads(c: &mut Criterion) {
    let (train, test, window) = common::airline().unwrap();
    let mut group = c.benchmark_group("sweep of nine rungs");
    group.sample_size(10);
    for threads in [1, 2] {
        let id = BenchmarkId::new("threads", threads);
        group.bench_function(id, |b| {
            b.iter(|| common::on_threads(threads, || sweep(&train, &test, &window)));
        });
    }
    group.finish();
}

/// The gain of a second thread; needs a machine with nothing else to do.
fn gain(_: &mut Criterion) {
    let (train, test, window) = common::airline().unwrap();
    let time = |threads| {
        common::on_threads(threads, || common::best_of(5, || sweep(&train, &test, &window))).as_secs_f64()
    };
    let (one, two) = (time(1), time(2));
    println!("best of 5: {:.0} ms on one thread, {:.0} ms on two: {:.2}×\n", 1e3 * one, 1e3 * two, one / two);
}

criterion_group!(benches, threads, gain);
criterion_main!(benches);
