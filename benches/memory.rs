//! Peak memory of one log evidence with its gradient, in n × n matrices: `cargo bench --bench memory -- 10000`, with the word `soft`
//! for a soft symmetry.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

use std::sync::Arc;

use softbias::group::{Action, Group};
use softbias::prelude::*;
use softbias::{EvidenceMethod, memory};

/// The largest resident size of this process so far, in bytes, where the system tells it.
fn peak() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(1024.0 * line.split_whitespace().nth(1)?.parse::<f64>().ok()?)
}

fn main() {
    let n = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(2000);
    memory::set_limit(u64::MAX);
    let x = Seed::new(1).uniform1(n * 8, 0.0, 1.0).into_shape_with_order((n, 8)).unwrap();
    let y = x.column(0).mapv(|v| (6.0 * v).sin());
    let data = Data::regression(x, y).unwrap();
    let kernel = || 1.3 * Kernel::rbf([0.5; 8]) + 0.5 * Kernel::matern32(1.0);
    let prior: Arc<dyn GaussianPrior> = if std::env::args().any(|word| word == "soft") {
        let swaps =
            Group::generated_by(&[Action::permutation(vec![1, 0, 2, 3, 4, 5, 6, 7]).unwrap()], 2).unwrap();
        let symmetric = Gp::new(kernel().averaged(&swaps).unwrap());
        Arc::new(symmetric.relaxed(Softness::new(0.3).unwrap(), Gp::new(kernel())).scaled(1.2))
    } else {
        Arc::new(Gp::new(kernel()))
    };
    let theta = prior.parameters().values();
    let noise = Gaussian::noise(0.2);
    let objective = Exact::FunctionSpace.objective(prior, &noise, &data).unwrap();
    let before = peak();
    let found = objective.at(&theta, &[0.04], &mut None).unwrap();
    println!("n = {n}: log evidence {:.6}, {} slopes", found.log, found.prior.len());
    match (before, peak()) {
        (Some(before), Some(after)) => {
            let matrix = 8.0 * (n as f64).powi(2);
            println!(
                "peak {:.0} MB above {:.0} MB = {:.3} matrices of n × n",
                (after - before) / 1e6,
                before / 1e6,
                (after - before) / matrix
            );
        }
        _ => println!("this system does not tell the peak"),
    }
}
