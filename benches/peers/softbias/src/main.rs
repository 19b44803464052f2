//! The tasks of `benches/peers` in softbias: `softbias_bench DATA [--quick] [--repeats K] [--task NAME]…`; `softbias_bench uci …`
//! writes the table of tuned processes on UCI data.

#[path = "../../clock.rs"]
mod clock;
mod files;
mod nets;
mod uci;

use std::sync::Arc;

use clock::Args;
use files::Files;
use ndarray::{Array2, Axis};
use softbias::EvidenceMethod;
use softbias::prelude::*;

pub type Failure = Box<dyn std::error::Error>;

const DIM: usize = 8;
const NOISE: f64 = 0.05;

fn lengths() -> Vec<f64> {
    (0..DIM).map(|d| 0.3 + 0.1 * d as f64).collect()
}

fn simple() -> Kernel {
    1.3 * Kernel::rbf(lengths())
}

fn composite() -> Result<Kernel, Failure> {
    // the peers' lengths within the sine are those of this kernel
    let season = Kernel::periodic(0.4, 0.8).on(vec![0])?;
    Ok(simple()
        + 0.7 * Kernel::rbf(1.5) * season
        + 0.5 * Kernel::matern32(1.0)
        + 0.4 * Kernel::rational_quadratic(0.7, 1.5)
        + Kernel::linear(0.2f64.sqrt()))
}

/// Log evidence and its gradient in the logarithms of the peers' parameters, in their order.
fn evidence(args: &Args, files: &Files, task: &str, kernel: Kernel, n: usize) -> Result<(), Failure> {
    let data = files.train(n)?;
    let prior: Arc<dyn GaussianPrior> = Arc::new(Gp::new(kernel));
    let noise = Gaussian::noise(NOISE.sqrt());
    let objective = Exact::FunctionSpace.objective(prior.clone(), &noise, &data)?;
    let parameters = prior.parameters();
    let theta = parameters.values();
    args.measure(
        task,
        n,
        || Ok(objective.at(&theta, &[NOISE], &mut None)?),
        |found| {
            let slope = |name: &str| {
                let at = parameters.position(name).unwrap_or_else(|error| panic!("{error}"));
                // a scale counts as a variance there
                let factor = if name.ends_with("scale") { 0.5 } else { 1.0 };
                factor * found.prior[at] * theta[at]
            };
            let names = order(&parameters);
            let mut gradient: Vec<f64> = names.iter().map(|name| slope(name)).collect();
            gradient.push(found.likelihood[0] * NOISE);
            format!("\"value\": {:?}, \"gradient\": {gradient:?}", found.log)
        },
    )
}

/// Names in the order of the peers: the variance of each term before what is in it.
fn order(parameters: &softbias::Parameters) -> Vec<String> {
    let names: Vec<String> = parameters.iter().map(|p| p.name.clone()).collect();
    let term = |name: &str| {
        if name.starts_with('k') { name.split('.').next().unwrap_or("").to_owned() } else { String::new() }
    };
    let mut terms: Vec<String> = Vec::new();
    for name in &names {
        if !terms.contains(&term(name)) {
            terms.push(term(name));
        }
    }
    let mut ordered = Vec::new();
    for wanted in terms {
        let mine = || names.iter().filter(|name| term(name) == wanted);
        ordered.extend(mine().filter(|name| name.ends_with("variance")).cloned());
        // a periodic kernel: its length, then its period
        ordered
            .extend(mine().filter(|name| !name.ends_with("variance") && !name.ends_with("period")).cloned());
        ordered.extend(mine().filter(|name| name.ends_with("period")).cloned());
    }
    ordered
}

fn conditioned(data: &Data) -> Result<ExactPosterior, Failure> {
    Ok(Gp::new(simple()).with_likelihood(Gaussian::noise(NOISE.sqrt())).condition(data)?)
}

fn moments(mean: f64, variance: f64) -> String {
    format!("\"value\": {mean:?}, \"variance_sum\": {variance:?}")
}

fn predict(args: &Args, files: &Files) -> Result<(), Failure> {
    let (data, test) = (files.train(2000)?, files.test(args.points())?);
    let describe = |p: &softbias::Prediction| moments(p.mean().sum(), p.variance(Uncertainty::Latent).sum());
    let ready = conditioned(&data)?;
    args.measure("predict_cached", data.len(), || Ok(ready.predict(&test)?), describe)?;
    args.measure("predict", data.len(), || Ok(conditioned(&data)?.predict(&test)?), describe)
}

fn joint_draws(args: &Args, files: &Files) -> Result<(), Failure> {
    const DRAWS: usize = 1000;
    let (data, test) = (files.train(1000)?, files.test(500)?);
    let describe = |draws: &ndarray::Array3<f64>| {
        let draws: Array2<f64> = draws.index_axis(Axis(2), 0).to_owned();
        let mean = draws.mean_axis(Axis(0)).map_or(0.0, |mean| mean.sum());
        moments(mean, draws.var_axis(Axis(0), 0.0).sum())
    };
    let ready = conditioned(&data)?;
    let draw = |posterior: &ExactPosterior| Ok(posterior.draws(DRAWS, &test, Seed::new(1))?);
    args.measure("joint_draws_cached", data.len(), || draw(&ready), describe)?;
    args.measure("joint_draws", data.len(), || draw(&conditioned(&data)?), describe)
}

fn softmax_laplace(args: &Args, files: &Files) -> Result<(), Failure> {
    let n = 1000;
    let data = files.digits(n)?;
    args.measure(
        "softmax_laplace",
        n,
        || {
            let prior = Gp::new(1.0 * Kernel::rbf(2.0)).copies(10);
            Ok(prior.with_likelihood(Softmax::classes(10)?).condition(&data)?)
        },
        |posterior| format!("\"value\": {:?}", posterior.evidence().log.get()),
    )
}

fn main() -> Result<(), Failure> {
    if std::env::args().nth(1).as_deref() == Some("uci") {
        return uci::run();
    }
    let args = Args::parse("softbias", env!("CARGO_PKG_VERSION"))?;
    let files = Files::read(&args.data)?;
    if args.wants("evidence_gradient") {
        for &n in args.sizes() {
            evidence(&args, &files, "evidence_gradient", simple(), n)?;
        }
    }
    if args.wants("evidence_gradient_composite") {
        for &n in args.composite_sizes() {
            evidence(&args, &files, "evidence_gradient_composite", composite()?, n)?;
        }
    }
    if args.wants("predict") {
        predict(&args, &files)?;
    }
    if args.wants("joint_draws") {
        joint_draws(&args, &files)?;
    }
    if args.wants("softmax_laplace") {
        softmax_laplace(&args, &files)?;
    }
    nets::run(&args)
}
