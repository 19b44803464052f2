//! Images with their classes, how they are cut, the net for each, and labels redrawn.

use ndarray::{Array1, Array2, Axis};
use softbias::Error;
use softbias::net::WeightLaw;
use softbias::prelude::*;

use crate::common::Args;

pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) train: Data,
    pub(crate) test: Data,
    pub(crate) net: Net,
    pub(crate) epochs: usize,
    /// Probabilities at which labels are redrawn.
    pub(crate) levels: &'static [f64],
    /// Whether every form of evidence falls at every step of c. (On the convolutional net Kronecker factors and the diagonal do not.)
    pub(crate) steady: bool,
    /// Test accuracy that counts as having learned the true labels.
    pub(crate) learned: f64,
}

/// A prior wide enough to give random labels a chance.
fn wide() -> WeightLaw {
    WeightLaw::fan_in(6.0)
}

impl Set {
    pub(crate) fn all(args: &Args, seed: Seed, report: &mut Report) -> Result<Vec<Set>, Error> {
        let mut all = vec![Set::mnist(args, seed)?];
        if args.quick {
            return Ok(all);
        }
        let batches: Option<Vec<_>> =
            (1..=5).map(|k| args.external(format!("cifar-10-batches-bin/data_batch_{k}.bin"))).collect();
        match batches {
            Some(batches) => all.push(Set::cifar(batches, seed)?),
            None => {
                report.note(
                    "skipped: CIFAR-10 (its binary version is not in the directory that SOFTBIAS_DATA names)",
                );
            }
        }
        Ok(all)
    }

    fn mnist(args: &Args, seed: Seed) -> Result<Set, Error> {
        let file = |what: &str| args.shipped(format!("mnist/train-{what}-ubyte.gz"));
        let read = Data::read_idx(file("images-idx3"), file("labels-idx1"))?;
        let all = scaled(&read, |x| x / 255.0)?;
        let (rows, units) = if args.quick { (300, 32) } else { (1000, 64) };
        let (train, rest) = all.split_rows(rows, seed)?;
        let (test, _) = rest.split_at(1000)?;
        let net = Net::inputs(784).dense(units).weights(wide()).tanh().dense(units).weights(wide()).tanh();
        let net = net.dense(10).weights(wide()).build()?;
        let learned = if args.quick { 0.75 } else { 0.85 };
        let levels: &[f64] =
            if args.quick { &[0.0, 0.5, 1.0] } else { &[0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0] };
        Ok(Set { name: "MNIST", train, test, net, epochs: 250, levels, steady: true, learned })
    }

    fn cifar(batches: Vec<std::path::PathBuf>, seed: Seed) -> Result<Set, Error> {
        let all = scaled(&Data::read_cifar10(batches)?, |x| (x / 255.0 - 0.47) / 0.25)?;
        let (train, rest) = all.split_rows(600, seed)?;
        let (test, _) = rest.split_at(1000)?;
        let block = |b: softbias::net::NetBuilder| b.conv(16, 3).weights(wide()).relu().conv(16, 3);
        let net = Net::image(3, 32, 32).conv_by(16, 3, 2, 1).weights(wide()).relu().residual(block).relu();
        let net = net.average_pool(4).dense(10).weights(wide()).build()?;
        // (fewer levels, as a convolutional net takes its time)
        let levels = &[0.0, 0.25, 0.5, 0.75, 1.0];
        Ok(Set { name: "CIFAR-10", train, test, net, epochs: 350, levels, steady: false, learned: 0.3 })
    }
}

/// The same rows with pixels changed by a fixed rule, which nothing is learned from.
fn scaled(data: &Data, rule: impl Fn(f64) -> f64) -> Result<Data, Error> {
    let points = Points::new(data.points().view().mapv(rule))?.identified(data.rows())?;
    Ok(Data::new(points, data.labels().clone())?)
}

/// The same rows, each class redrawn from all ten with probability c. One coin a row decides at every level.
pub(crate) fn redrawn(data: &Data, c: f64, seed: Seed) -> Result<Data, Error> {
    let coins = seed.named("coins").uniform1(data.len(), 0.0, 1.0);
    let fresh = seed.named("fresh").uniform1(data.len(), 0.0, 10.0);
    let redraw =
        |((&old, &coin), &fresh): ((&f64, &f64), &f64)| if coin < c { fresh.floor().min(9.0) } else { old };
    let labels: Array1<f64> = data.labels().iter().zip(&coins).zip(&fresh).map(redraw).collect();
    Ok(Data::new(data.points().clone(), labels.insert_axis(Axis(1)))?)
}

/// The share of rows whose class has the largest value.
pub(crate) fn accuracy(values: &Array2<f64>, data: &Data) -> f64 {
    let right = values.rows().into_iter().zip(data.labels()).filter(|(row, y)| {
        let largest = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        largest.is_some_and(|(c, _)| c == **y as usize)
    });
    right.count() as f64 / data.len() as f64
}
