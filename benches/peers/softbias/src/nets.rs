//! The tasks of nets in softbias: steps of SGLD, epochs of Adam, fits of Laplace's approximation, all in f32.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use ndarray::{Array1, Array2, Axis};
use ndarray_npy::read_npy;
use softbias::net::WeightLaw;
use softbias::prelude::*;
use softbias::{NetLaplace, NetTarget, RowLikelihood, Seed, Sgld, Structure, Target, Train};

use crate::Failure;
use crate::clock::Args;

/// h of SGLD: ε moves by h/2 times the slope and by noise of variance h.
const STEP: f64 = 1e-6;
const RATE: f64 = 1e-3;
const BATCH: usize = 128;

const IMAGES: Shape = Shape { data: "images", widths: &[784, 256, 256, 10] };
const IMAGES_NARROW: Shape = Shape { data: "images", widths: &[784, 128, 128, 10] };
const CURVE: Shape = Shape { data: "curve", widths: &[1, 50, 50, 1] };
const POINTS: Shape = Shape { data: "points", widths: &[10, 50, 50, 1] };

/// A net, and the data it is for.
struct Shape {
    data: &'static str,
    widths: &'static [usize],
}

/// A net held against its data, and the weights that `data.py` wrote: with priors N(0, 1) they are the white coordinates as well.
struct Problem<L> {
    target: NetTarget<f32, L>,
    weights: Vec<f32>,
}

impl Shape {
    fn net(&self) -> Result<Net, Failure> {
        let (first, last) = (self.widths[0], self.widths[self.widths.len() - 1]);
        let hidden = &self.widths[1..self.widths.len() - 1];
        let net = hidden.iter().fold(Net::inputs(first), |net, units| net.dense(*units).tanh()).dense(last);
        Ok(net.build()?.with_laws(|_| WeightLaw::normal(1.0)))
    }

    fn problem<L: RowLikelihood>(&self, directory: &Path, likelihood: L) -> Result<Problem<L>, Failure> {
        let file = |name: String| directory.join(format!("{name}.npy"));
        let x: Array2<f32> = read_npy(file(format!("{}_x", self.data)))?;
        let y: Array1<f32> = read_npy(file(format!("{}_y", self.data)))?;
        let widths: Vec<String> = self.widths.iter().map(ToString::to_string).collect();
        let weights: Array1<f32> = read_npy(file(format!("weights_{}", widths.join("_"))))?;
        let data = Data::new(Points::new(x.mapv(f64::from))?, y.mapv(f64::from).insert_axis(Axis(1)))?;
        let target = NetTarget::new(&self.net()?.with_likelihood(likelihood), &data)?;
        Ok(Problem { target, weights: weights.to_vec() })
    }
}

impl<L: RowLikelihood> Problem<L> {
    fn rows(&self) -> usize {
        self.target.data().len()
    }

    fn start(&self) -> Vec<f64> {
        self.weights.iter().map(|w| f64::from(*w)).collect()
    }
}

/// The value is the mean log likelihood of all rows where the chain ends.
fn sgld<L: RowLikelihood>(
    args: &Args,
    task: &str,
    problem: &Problem<L>,
    batch: usize,
    steps: usize,
) -> Result<(), Failure> {
    let steps = if args.quick { steps / 10 } else { steps };
    let sampler = Sgld::step(STEP).batch(batch).chains(1).warmup(0).draws(1).thin(steps);
    let sampler = sampler.start(vec![problem.start()]).seed(Seed::new(1));
    let target = &problem.target;
    args.measure(
        task,
        problem.rows(),
        || {
            let samples = sampler.sample(target)?;
            let end = samples.draws().next().cloned();
            Ok(end.ok_or_else(|| format!("{task}: the chain diverged: {:?}", samples.diverged()))?)
        },
        |end| {
            let mut gradient = vec![0.0; end.len()];
            let log = target.log_likelihood(end, None, &mut Default::default(), &mut gradient);
            format!("\"value\": {:?}, \"units\": {steps}, \"unit\": \"steps\"", log / problem.rows() as f64)
        },
    )
}

/// Epochs of one climb, the first to warm up. The clock is read between epochs: a climb ends with a look at all rows, which is no part of them.
/// The value is the mean log likelihood of the first epoch's batches as they were met.
fn adam<L: RowLikelihood>(args: &Args, problem: &Problem<L>) -> Result<(), Failure> {
    let times = Arc::new(Mutex::new(Vec::new()));
    let clock = times.clone();
    let train =
        Train::adam(RATE).batch(BATCH).epochs(1 + args.repeats).start(problem.start()).watch(move |_| {
            clock.lock().unwrap_or_else(|broken| broken.into_inner()).push(Instant::now());
            ControlFlow::Continue(())
        });
    let climbed = train.climb(&problem.target)?;
    let times = times.lock().unwrap_or_else(|broken| broken.into_inner());
    let taken = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    let (value, steps) = (climbed.course.history[0].log_likelihood, problem.rows().div_ceil(BATCH));
    let said = format!("\"value\": {value:?}, \"units\": {steps}, \"unit\": \"steps\"");
    args.report("adam_epoch", problem.rows(), taken, &said);
    Ok(())
}

fn laplace<L: RowLikelihood>(
    args: &Args,
    task: &str,
    problem: &Problem<L>,
    by: &NetLaplace,
) -> Result<(), Failure> {
    args.measure(
        task,
        problem.rows(),
        || Ok(by.at(&problem.target, &problem.weights)?.evidence_of().log.get()),
        |log| format!("\"value\": {log:?}"),
    )
}

/// All tasks that are wanted.
pub fn run(args: &Args) -> Result<(), Failure> {
    let directory = args.data.as_path();
    let classes = || Softmax::classes(10);
    if args.wants("sgld_large") || args.wants("adam_epoch") {
        let problem = IMAGES.problem(directory, classes()?)?;
        if args.wants("sgld_large") {
            sgld(args, "sgld_large", &problem, BATCH, 500)?;
        }
        if args.wants("adam_epoch") {
            adam(args, &problem)?;
        }
    }
    if args.wants("sgld_small") {
        let problem = CURVE.problem(directory, Gaussian::known(0.1))?;
        sgld(args, "sgld_small", &problem, 32, 20_000)?;
    }
    let large = [
        ("kron_fit", NetLaplace::kron()),
        ("diag_fit_large", NetLaplace::diag()),
        ("last_layer_fit", NetLaplace::last_layer(Structure::Full)),
    ];
    if large.iter().any(|(task, _)| args.wants(task)) {
        let problem = IMAGES_NARROW.problem(directory, classes()?)?;
        for (task, by) in large.iter().filter(|(task, _)| args.wants(task)) {
            laplace(args, task, &problem, by)?;
        }
    }
    let small = [
        ("full_fit", NetLaplace::full()),
        ("diag_fit", NetLaplace::diag()),
        ("kron_fit_small", NetLaplace::kron()),
    ];
    if small.iter().any(|(task, _)| args.wants(task)) {
        let problem = POINTS.problem(directory, Gaussian::known(1.0))?;
        for (task, by) in small.iter().filter(|(task, _)| args.wants(task)) {
            laplace(args, task, &problem, by)?;
        }
    }
    Ok(())
}
