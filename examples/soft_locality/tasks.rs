//! Teachers whose first layer keeps locality to some degree, and students of three kinds.

use ndarray::Axis;
use softbias::net::NetBuilder;
use softbias::prelude::*;
use softbias::{Error, WhitePrior};

const SIDE: usize = 8;
const CHANNELS: usize = 4;

/// Rows labelled by a teacher: label sd about 1, noise 0.1.
pub(crate) struct Task {
    pub(crate) train: Data,
    pub(crate) test: Data,
}

fn conv(b: NetBuilder) -> NetBuilder {
    b.conv(CHANNELS, 3)
}

fn dense(b: NetBuilder) -> NetBuilder {
    b.dense(CHANNELS * SIDE * SIDE)
}

fn image() -> NetBuilder {
    Net::image(1, SIDE, SIDE)
}

impl Task {
    /// How far teachers depart from a convolution: the share of the first layer's standard deviation that is dense.
    pub(crate) const KINDS: [(&'static str, f64); 3] =
        [("exactly", 0.0), ("nearly", 0.2), ("not at all", 1.0)];

    pub(crate) fn new(departure: f64, rows: usize, seed: Seed) -> Result<Task, Error> {
        let first = if departure < 1.0 {
            image().relaxed(Softness::new(departure)?, conv, dense)
        } else {
            image().relaxed(
                Softness::new(1.0)?,
                |b| b.conv(CHANNELS, 1).weights(softbias::net::WeightLaw::normal(0.0)),
                dense,
            )
        };
        let teacher = first.relu().dense(1).build()?;
        let test = 1000;
        let x = Points::new(seed.named("images").normal2(rows + test, SIDE * SIDE))?;
        let f = teacher.forward(seed.named("teacher").normal1(teacher.weights()).view(), &x)?;
        let mean = f.mean().unwrap_or(0.0);
        let sd = f.mapv(|f| (f - mean).powi(2)).mean().unwrap_or(1.0).sqrt();
        let y = f.mapv(|f| (f - mean) / sd)
            + &(seed.named("noise").normal1(rows + test) * 0.1).insert_axis(Axis(1));
        let (train, test) = Data::new(x, y)?.split_at(rows)?;
        Ok(Task { train, test })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Student {
    Hard,
    Soft,
    Free,
}

impl Student {
    pub(crate) const ALL: [Student; 3] = [Student::Hard, Student::Soft, Student::Free];

    pub(crate) fn net(self) -> Result<Net, Error> {
        let first = match self {
            Student::Hard => conv(image()),
            Student::Soft => image().relaxed(Softness::new(0.3)?, conv, dense),
            Student::Free => dense(image()),
        };
        Ok(first.relu().dense(1).build()?)
    }

    /// The tensor whose scale is the softness.
    pub(crate) fn soft_tensor(self, net: &Net) -> Option<usize> {
        let name = "0.sum.1.0.dense.weight";
        if self == Student::Soft { net.tensors().iter().position(|tensor| tensor.name == name) } else { None }
    }
}
