//! The tasks of `benches/peers` in gprx: `gprx_bench DATA [--quick] [--repeats K] [--task NAME]…`.

#[path = "../../clock.rs"]
mod clock;
mod files;

use clock::Args;
use files::{Data, Rows};
use gprx::kernel::{
    ConstantKernel, DistanceKernel, KernelSpec, LinearKernel, MaternKernel, MaternNu, PeriodicKernel,
    RationalQuadraticKernel, RbfArdKernel, RbfKernel, ScalarDistance, WithPoints,
};
use gprx::{
    DoublePrecision, FittedGpr, Fixed, GaussianLikelihood, Gpr, GprError, PredictOptions, Prediction,
    VarianceKind,
};

type Failure = Box<dyn std::error::Error>;
type Fitted = FittedGpr<Fixed>;

const DIM: usize = 8;
const NOISE: f64 = 0.05;
const LATENT: PredictOptions = PredictOptions { variance_kind: VarianceKind::Latent };

fn variance(v: f64) -> Result<KernelSpec, GprError> {
    ConstantKernel::new(v).map(KernelSpec::from)
}

fn simple() -> Result<KernelSpec, GprError> {
    let lengths: Vec<f64> = (0..DIM).map(|d| 0.3 + 0.1 * d as f64).collect();
    Ok(variance(1.3)? * KernelSpec::from(RbfArdKernel::new(&lengths)?))
}

/// The five terms. A leaf of coordinates reads all of them, so the periodic one, which reads the first input
/// alone, is a leaf of supplied distances: the faithful way in this crate.
fn composite(first_input: &ScalarDistance) -> Result<DistanceKernel<WithPoints>, GprError> {
    let smooth = DistanceKernel::from(variance(0.7)? * KernelSpec::from(RbfKernel::new(1.5)?));
    let season = smooth * first_input.kernel(PeriodicKernel::new(0.8, 0.4)?);
    let rough = variance(0.5)? * KernelSpec::from(MaternKernel::new(1.0, MaternNu::ThreeHalves)?);
    let many = variance(0.4)? * KernelSpec::from(RationalQuadraticKernel::new(0.7, 1.5)?);
    let line = KernelSpec::from(LinearKernel::new(0.2)?);
    Ok(DistanceKernel::from(simple()?) + season + rough + many + line)
}

fn fitted(rows: &Rows) -> Result<Fitted, GprError> {
    Gpr::new(simple()?, GaussianLikelihood::new(NOISE)?)
        .with_optimizer(Fixed)
        .factor(&rows.x, rows.n, DIM, &rows.y)
        .map_err(GprError::from)
}

fn negated(gradient: &[f64]) -> Vec<f64> {
    gradient.iter().map(|g| -g).collect()
}

fn described(value: f64, gradient: &[f64]) -> String {
    format!("\"value\": {:?}, \"gradient\": {:?}", -value, negated(gradient))
}

fn evidence(args: &Args, data: &Data, n: usize) -> Result<(), Failure> {
    let mut gp = fitted(&data.train(n))?;
    let mut theta = vec![0.0; gp.num_params()];
    gp.get_params(&mut theta)?;
    args.measure(
        "evidence_gradient",
        n,
        || {
            let mut gradient = vec![0.0; theta.len()];
            let value = gp.value_and_gradient_into(&theta, &mut gradient)?;
            Ok((value, gradient))
        },
        |(value, gradient)| described(*value, gradient),
    )
}

fn evidence_composite(args: &Args, data: &Data, n: usize) -> Result<(), Failure> {
    let rows = data.train(n);
    let first = &rows.x[..n];
    let squares: Vec<f64> = first.iter().flat_map(|a| first.iter().map(move |b| (a - b) * (a - b))).collect();
    let distance = ScalarDistance::new();
    let mut gp: FittedGpr<Fixed, DoublePrecision, DistanceKernel<WithPoints>> =
        Gpr::new(composite(&distance)?, GaussianLikelihood::new(NOISE)?)
            .with_optimizer(Fixed)
            .factor([distance.from_vec(squares)], n, &rows.x, DIM, &rows.y)
            .map_err(|(_, error)| error)?;
    let mut theta = vec![0.0; gp.num_params()];
    gp.get_params(&mut theta)?;
    args.measure(
        "evidence_gradient_composite",
        n,
        || {
            let mut gradient = vec![0.0; theta.len()];
            let value = gp.value_and_gradient_into(&theta, &mut gradient)?;
            Ok((value, gradient))
        },
        |(value, gradient)| described(*value, gradient),
    )
}

fn moments(mean: &[f64], variance: &[f64]) -> String {
    let (value, sum) = (mean.iter().sum::<f64>(), variance.iter().sum::<f64>());
    format!("\"value\": {value:?}, \"variance_sum\": {sum:?}")
}

fn predict(args: &Args, data: &Data) -> Result<(), Failure> {
    let (rows, test) = (data.train(2000), data.test(args.points()));
    let describe = |p: &Prediction| moments(&p.mean, &p.variance);
    let ready = fitted(&rows)?;
    let cached = || Ok(ready.predict_with(&test.x, test.n, DIM, LATENT)?);
    args.measure("predict_cached", rows.n, cached, describe)?;
    let whole = || Ok(fitted(&rows)?.predict_with(&test.x, test.n, DIM, LATENT)?);
    args.measure("predict", rows.n, whole, describe)
}

fn joint_draws(args: &Args, data: &Data) -> Result<(), Failure> {
    const DRAWS: usize = 1000;
    let (rows, test) = (data.train(1000), data.test(500));
    // Column-major: one draw after the other.
    let describe = |draws: &Vec<f64>| {
        let at = |i: usize| draws.iter().skip(i).step_by(test.n);
        let mean: Vec<f64> = (0..test.n).map(|i| at(i).sum::<f64>() / DRAWS as f64).collect();
        let spread = |i: usize| at(i).map(|f| (f - mean[i]).powi(2)).sum::<f64>() / DRAWS as f64;
        moments(&mean, &(0..test.n).map(spread).collect::<Vec<f64>>())
    };
    let ready = fitted(&rows)?;
    let cached = || Ok(ready.sample_with(&test.x, test.n, DIM, LATENT, DRAWS, 1)?);
    args.measure("joint_draws_cached", rows.n, cached, describe)?;
    let whole = || Ok(fitted(&rows)?.sample_with(&test.x, test.n, DIM, LATENT, DRAWS, 1)?);
    args.measure("joint_draws", rows.n, whole, describe)
}

/// The version of gprx that this program was built with, from the lock file.
fn version() -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let after = lock.split("name = \"gprx\"\nversion = \"").nth(1);
    after.and_then(|rest| rest.split('"').next()).unwrap_or("unknown")
}

fn main() -> Result<(), Failure> {
    let args = Args::parse("gprx", version())?;
    let data = Data::read(&args.data)?;
    if args.wants("evidence_gradient") {
        for n in args.sizes() {
            evidence(&args, &data, *n)?;
        }
    }
    if args.wants("evidence_gradient_composite") {
        for n in args.composite_sizes() {
            evidence_composite(&args, &data, *n)?;
        }
    }
    if args.wants("predict") {
        predict(&args, &data)?;
    }
    if args.wants("joint_draws") {
        joint_draws(&args, &data)?;
    }
    Ok(())
}
