//! One-dimensional data, and the net that is put to them.

use ndarray::{Array1, Array2};
use softbias::Error;
use softbias::kernel::Activation;
use softbias::net::WeightLaw;
use softbias::prelude::*;

use crate::common::Args;

/// Scales of the last layer: of its weights, times the root of the units, and of its bias.
const OUT: f64 = 2.0;
const SHIFT: f64 = 0.5;

/// Rows with inputs and labels of order 1, by declared constants.
pub(crate) struct Set {
    pub(crate) name: &'static str,
    pub(crate) data: Data,
    pub(crate) noise: f64,
    /// Scale of the first layer's weights and biases: how fast functions may turn.
    pub(crate) turns: f64,
}

impl Set {
    /// The toy that is made here, and those whose files are at hand.
    pub(crate) fn all(args: &Args, seed: Seed, report: &mut Report) -> Result<Vec<Set>, Error> {
        let mut all = vec![Set::toy(seed)?];
        if args.quick {
            return Ok(all);
        }
        type Asked = (&'static str, &'static str, &'static str, [f64; 4], f64, f64);
        let files: [Asked; 2] = [
            ("clusters", "izmailov_wilson_1d.csv", "y", [0.0, 5.0, 0.0, 1.0], 0.05, 2.0),
            ("motorcycle", "mcycle.csv", "accel", [30.0, 15.0, 0.0, 50.0], 0.45, 3.0),
        ];
        for (name, file, column, [centre, width, middle, size], noise, turns) in files {
            let Some(path) = args.external(file) else {
                report.note(format!(
                    "skipped: {name} ({file} is not in the directory that SOFTBIAS_DATA names)"
                ));
                continue;
            };
            let read = Data::read_csv(path, column)?;
            let x = read.points().view().mapv(|x| (x - centre) / width);
            let y = read.labels().mapv(|y| (y - middle) / size);
            let data = Data::new(Points::new(x)?.identified(read.rows())?, y)?;
            all.push(Set { name, data, noise, turns });
        }
        Ok(all)
    }

    /// Three clusters of 20 points on a curve, with noise.
    fn toy(seed: Seed) -> Result<Set, Error> {
        let spots = seed.uniform1(60, -0.2, 0.2);
        let x: Array1<f64> = (0..60).map(|i| [-1.2, 0.1, 1.3][i / 20] + spots[i]).collect();
        let noise = 0.1;
        let y = x.mapv(|x| (2.0 * x).sin() + 0.3 * (5.0 * x).cos()) + seed.named("noise").normal1(60) * noise;
        let x: Array2<f64> = x.insert_axis(ndarray::Axis(1));
        Ok(Set { name: "toy", data: Data::regression(x, y)?, noise, turns: 2.0 })
    }

    /// A net with hidden layers of this width, a prior over functions that has a limit as it grows.
    pub(crate) fn model(&self, width: usize, depth: usize) -> Result<Model<Net, Gaussian>, Error> {
        let first = Net::inputs(1).dense(width).weights(WeightLaw::normal(self.turns));
        let mut net = first.bias(WeightLaw::normal(self.turns)).erf();
        for _ in 1..depth {
            net = net.dense(width).weights(WeightLaw::fan_in(self.turns)).erf();
        }
        let net = net.dense(1).weights(WeightLaw::fan_in(OUT)).bias(WeightLaw::normal(SHIFT)).build()?;
        Ok(net.with_likelihood(Gaussian::known(self.noise)))
    }

    /// What nets with one hidden layer become as it grows.
    pub(crate) fn limit(&self) -> Result<Model<Gp, Gaussian>, Error> {
        let square = self.turns * self.turns;
        let units = Kernel::network(Activation::Erf, 1, square, square)?;
        let kernel = OUT * OUT * units + Kernel::constant(SHIFT * SHIFT);
        Ok(Gp::new(kernel).with_likelihood(Gaussian::known(self.noise)))
    }
}
