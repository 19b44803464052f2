//! Laplace's approximation of nets: what a fit costs, its decompositions and evidence included, and the peak of memory with `-- memory`.
//!
//! Beside laplace-torch: `benches/peers/run --task kron_fit` and the other fits there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

use std::hint::black_box;

use criterion::Criterion;
use ndarray::Array2;
use softbias::net::Net;
use softbias::{
    Data, Evidenced, Gaussian, Model, NetLaplace, NetTarget, Points, RowLikelihood, Seed, Softmax, Structure,
};

fn images() -> NetTarget<f32, Softmax> {
    let x = Seed::new(1).uniform1(8000 * 784, 0.0, 1.0).into_shape_with_order((8000, 784)).unwrap();
    let y = Array2::from_shape_fn((8000, 1), |(i, _)| ((i * 7919) % 10) as f64);
    let net = Net::inputs(784).dense(128).tanh().dense(128).tanh().dense(10).build().unwrap();
    let model = Model { prior: net, likelihood: Softmax::classes(10).unwrap() };
    NetTarget::new(&model, &Data::new(Points::new(x).unwrap(), y).unwrap()).unwrap()
}

fn points() -> NetTarget<f64, Gaussian> {
    let x = Seed::new(2).uniform1(1000 * 10, 0.0, 1.0).into_shape_with_order((1000, 10)).unwrap();
    let y = x.column(0).mapv(|x: f64| (6.0 * x).sin());
    let net = Net::inputs(10).dense(50).tanh().dense(50).tanh().dense(1).build().unwrap();
    let model = Model { prior: net, likelihood: Gaussian::noise(0.3) };
    NetTarget::new(&model, &Data::regression(x, y).unwrap()).unwrap()
}

fn fit<T: softbias::net::Precision, L: RowLikelihood>(target: &NetTarget<T, L>, by: &NetLaplace) -> f64 {
    let eps: Vec<T> = Seed::new(3).normal1(target.net().weights()).iter().map(|e| T::of(0.5 * e)).collect();
    by.at(target, black_box(&eps)).unwrap().evidence_of().log.get()
}

fn benches(c: &mut Criterion) {
    let (images, points) = (images(), points());
    let mut group = c.benchmark_group("net laplace");
    group.sample_size(10);
    for (name, by) in [
        ("kron, 784-128-128-10, n = 8,000", NetLaplace::kron()),
        ("diag, 784-128-128-10, n = 8,000", NetLaplace::diag()),
        ("last layer full, 784-128-128-10, n = 8,000", NetLaplace::last_layer(Structure::Full)),
    ] {
        group.bench_function(name, |b| b.iter(|| fit(&images, &by)));
    }
    for (name, by) in [
        ("full, 10-50-50-1, n = 1,000", NetLaplace::full()),
        ("diag, 10-50-50-1, n = 1,000", NetLaplace::diag()),
        ("kron, 10-50-50-1, n = 1,000", NetLaplace::kron()),
        ("low rank 20, 10-50-50-1, n = 1,000", NetLaplace::low_rank(20)),
    ] {
        group.bench_function(name, |b| b.iter(|| fit(&points, &by)));
    }
    group.finish();
}

/// The largest resident size of this process so far, in bytes, where the system tells it.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(1024.0 * line.split_whitespace().nth(1)?.parse::<f64>().ok()?)
}

fn main() {
    if std::env::args().any(|word| word == "memory") {
        let images = images();
        for (name, by) in [("diag", NetLaplace::diag()), ("kron", NetLaplace::kron())] {
            let before = peak();
            let log = fit(&images, &by);
            if let (Some(before), Some(after)) = (before, peak()) {
                println!(
                    "{name}: log evidence {log:.3}, peak {:.1} MB above the data",
                    (after - before) / 1e6
                );
            }
        }
        return;
    }
    let mut c = Criterion::default().configure_from_args();
    benches(&mut c);
    c.final_summary();
}
