//! The cost of bounds beyond the risk: one kl inversion, and every bound of one posterior.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use softbias::bounds::{
    Bound, CBound, CatoniGrid, EmpiricalBernstein, FactorTwo, Maurer, McAllester, Pinsker, PriorScales,
    Quadratic, Seeger, Tandem, Thiemann, UnexpectedBernstein, binomial_tail_inverse,
};
use softbias::math::stable::binary_kl_inverse_upper;
use softbias::{EmpiricalRisk, Loss, Nats};

fn inversion(c: &mut Criterion) {
    let arguments: Vec<(f64, f64)> =
        (0..1000).map(|i| (0.5 * f64::from(i) / 1000.0, 1e-4 * (1.0 + f64::from(i * 7919 % 1000)))).collect();
    let mut next = arguments.iter().cycle();
    c.bench_function("kl inverse", |b| {
        b.iter(|| {
            let &(q, c) = next.next().unwrap();
            binary_kl_inverse_upper(black_box(q), black_box(c))
        });
    });
}

fn everything(c: &mut Criterion) {
    let grid = PriorScales::below(0.05, 0.1, 100.0).unwrap();
    let all: [&dyn Bound; 13] = [
        &Seeger,
        &Maurer,
        &CatoniGrid::default(),
        &Quadratic,
        &Thiemann::best(),
        &Pinsker,
        &McAllester,
        &EmpiricalBernstein,
        &UnexpectedBernstein,
        &FactorTwo,
        &Tandem,
        &CBound,
        &grid,
    ];
    for n in [1_000, 60_000, 1_000_000_000] {
        let risk = EmpiricalRisk::known(Loss::ZeroOne, 0.05, n);
        let information = Nats(0.06 * n as f64);
        c.bench_function(&format!("every bound, n = {n}"), |b| {
            b.iter(|| all.map(|bound| bound.value(black_box(&risk), information, n, 0.05)));
        });
    }
    c.bench_function("binomial tail, 400 errors of 8,000", |b| {
        b.iter(|| binomial_tail_inverse(black_box(400), 8_000, 0.05));
    });
}

criterion_group!(benches, inversion, everything);
criterion_main!(benches);
