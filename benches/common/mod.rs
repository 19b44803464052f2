//! The models and data that the benches share.

// Each bench compiles this module for itself and uses what it needs of it.
#![allow(dead_code)]

use std::path::Path;
use std::time::{Duration, Instant};

use softbias::prelude::*;
use softbias::{Error, Pathways, Standardise, Window};

/// One soft order-150 polynomial on a window: a cubic, and orders 4..=150 fading.
pub(crate) fn soft(softness: Softness, window: &Window) -> Pathways<Polynomial, Polynomial> {
    let rest = Polynomial::orders(4..=150).window(window.clone());
    Polynomial::orders(0..=3).window(window.clone()).relaxed(softness, rest)
}

/// `n` noisy values of a smooth curve over [−1, 1].
pub(crate) fn wiggly(n: usize) -> Result<Data, Error> {
    let noise = Seed::new(1).normal1(n);
    let xs: Vec<f64> = (0..n).map(|i| -1.0 + (2 * i + 1) as f64 / n as f64).collect();
    let ys = xs.iter().zip(&noise).map(|(x, z)| x * x + 0.3 * (20.0 * x).sin() + 0.1 * z);
    Ok(Data::line(xs.iter().copied(), ys)?)
}

/// Training rows (115) and test rows (29) of the airline series, labels rescaled by declared numbers; and the window.
pub(crate) fn airline() -> Result<(Data, Data, Window), Error> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/airline.csv");
    let raw = Data::read_csv(file, "passengers_thousands")?;
    let data = Standardise::with(vec![], vec![], vec![300.0], vec![100.0])?.apply(&raw)?;
    let (train, test) = data.split(0.8, Seed::new(1))?;
    Ok((train, test, Window::new(1949.0, 1961.0)?))
}

/// Runs `work` in a pool of this many threads.
pub(crate) fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool").install(work)
}

/// The shortest of several runs: what the work costs when nothing else gets in its way.
pub(crate) fn best_of<T>(runs: usize, mut work: impl FnMut() -> T) -> Duration {
    let time = |_| {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed()
    };
    (0..runs).map(time).min().unwrap_or_default()
}
