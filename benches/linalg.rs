//! Factorizations at the sizes that inference meets: 115 rows of 151 columns with their noise below, and tall designs.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use softbias::Seed;
use softbias::math::linalg::{BACKEND, Cholesky, Jitter, qr, qr_r, svd, syrk};

fn factorizations(c: &mut Criterion) {
    let mut group = c.benchmark_group(BACKEND);
    group.sample_size(20);
    let named = |what: &str, (m, n): (usize, usize)| BenchmarkId::new(what, format!("{m}x{n}"));
    for shape in [(266, 115), (302, 151), (2_048, 151)] {
        let a = Seed::new(1).normal2(shape.0, shape.1);
        group.bench_function(named("qr", shape), |b| b.iter(|| qr(a.view()).unwrap()));
        group.bench_function(named("qr_r", shape), |b| b.iter(|| qr_r(a.view()).unwrap()));
    }
    for shape in [(115, 151), (302, 151)] {
        let a = Seed::new(2).normal2(shape.0, shape.1);
        group.bench_function(named("svd", shape), |b| b.iter(|| svd(a.view()).unwrap()));
    }
    for n in [115, 500, 1_000] {
        let a = syrk(Seed::new(3).normal2(n, n + 50).view());
        group.bench_function(named("cholesky", (n, n)), |b| {
            b.iter(|| Cholesky::new(a.view(), Jitter::None).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, factorizations);
criterion_main!(benches);
