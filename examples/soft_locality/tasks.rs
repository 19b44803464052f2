//! Teachers whose first layer keeps locality to some degree, and students whose first layer may depart from it.

use ndarray::Axis;
use softbias::net::{NetBuilder, WeightLaw};
use softbias::prelude::*;
use softbias::{Error, WhitePrior};

const SIDE: usize = 5;
/// Filters of teachers, and of students: more, so that training finds what is there.
const TEACHER: usize = 2;
const STUDENT: usize = 8;
/// Of the labels, whose standard deviation is 1 without it; students know it.
pub(crate) const NOISE: f64 = 0.1;

/// Rows labelled by a teacher.
pub(crate) struct Task {
    pub(crate) train: Data,
    pub(crate) test: Data,
}

fn conv(filters: usize) -> impl FnOnce(NetBuilder) -> NetBuilder {
    move |b| b.conv(filters, 3)
}

fn dense(filters: usize) -> impl FnOnce(NetBuilder) -> NetBuilder {
    move |b| b.dense(filters * SIDE * SIDE)
}

fn image() -> NetBuilder {
    Net::image(1, SIDE, SIDE)
}

/// A filter of scale 0: there, and silent.
fn nothing(filters: usize) -> impl FnOnce(NetBuilder) -> NetBuilder {
    move |b| b.conv(filters, 3).weights(WeightLaw::normal(0.0)).bias(WeightLaw::normal(0.0))
}

impl Task {
    /// The softness of the teachers' first layers: `None` for a dense one alone.
    pub(crate) const KINDS: [(&'static str, Option<f64>); 3] =
        [("exactly", Some(0.0)), ("nearly", Some(0.3)), ("not at all", None)];

    pub(crate) fn new(departure: Option<f64>, rows: usize, seed: Seed) -> Result<Task, Error> {
        let first = match departure {
            Some(softness) => image().relaxed(Softness::new(softness)?, conv(TEACHER), dense(TEACHER)),
            None => image().relaxed(Softness::new(1.0)?, nothing(TEACHER), dense(TEACHER)),
        };
        let teacher = first.relu().dense(1).build()?;
        let test = 1000;
        let x = Points::new(seed.named("images").normal2(rows + test, SIDE * SIDE))?;
        let f = teacher.forward(seed.named("teacher").normal1(teacher.weights()).view(), &x)?;
        let mean = f.mean().unwrap_or(0.0);
        let sd = f.mapv(|f| (f - mean).powi(2)).mean().unwrap_or(1.0).sqrt();
        let y = f.mapv(|f| (f - mean) / sd)
            + &(seed.named("noise").normal1(rows + test) * NOISE).insert_axis(Axis(1));
        let (train, test) = Data::new(x, y)?.split_at(rows)?;
        Ok(Task { train, test })
    }
}

/// The first layer of a student.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum First {
    /// A convolution and softness times a dense layer; softness 0 is the convolution alone.
    Relaxed(f64),
    /// A dense layer alone.
    Free,
}

impl First {
    pub(crate) fn net(self) -> Result<Net, Error> {
        let first = match self {
            First::Relaxed(softness) => {
                image().relaxed(Softness::new(softness)?, conv(STUDENT), dense(STUDENT))
            }
            First::Free => image().relaxed(Softness::new(1.0)?, nothing(STUDENT), dense(STUDENT)),
        };
        Ok(first.relu().dense(1).build()?)
    }

    /// The tensor whose scale is the softness.
    pub(crate) fn soft_tensor(net: &Net) -> Option<usize> {
        net.tensors().iter().position(|tensor| tensor.name == "0.sum.1.0.dense.weight")
    }
}
