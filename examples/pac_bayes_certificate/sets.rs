//! Digits, the questions asked of them, and the priors that have seen none.

use ndarray::{Array2, Axis};
use softbias::Error;
use softbias::Ledger;
use softbias::adaptors::Scaled;
use softbias::group::Action;
use softbias::prelude::*;

use crate::common::Args;

/// Sizes of the study.
pub(crate) struct Plan {
    pub(crate) quick: bool,
    pub(crate) train: usize,
    pub(crate) test: usize,
    /// Random frequencies (two features each).
    pub(crate) frequencies: usize,
    /// Rows on which priors and temperatures are compared before the one run on all.
    pub(crate) trial: usize,
    /// Sweeps of the Gibbs posterior.
    pub(crate) sweeps: usize,
    /// Priors among which one is chosen: reach of the shifts in pixels, length scale.
    pub(crate) priors: Vec<(isize, f64)>,
    /// Inverse temperatures a row of the Gibbs posterior.
    pub(crate) lambdas: Vec<f64>,
}

impl Plan {
    pub(crate) fn new(quick: bool) -> Plan {
        if quick {
            return Plan {
                quick,
                train: 900,
                test: 1000,
                frequencies: 250,
                trial: 300,
                sweeps: 8,
                priors: vec![(1, 6.0), (2, 6.0)],
                lambdas: vec![1.0, 2.0],
            };
        }
        Plan {
            quick,
            train: 8000,
            test: 2000,
            frequencies: 1500,
            trial: 1500,
            sweeps: 12,
            priors: vec![(1, 6.0), (1, 8.0), (1, 11.0), (2, 6.0), (2, 8.0), (2, 11.0)],
            lambdas: vec![1.0, 1.5, 2.0],
        }
    }
}

/// Training and test rows.
pub(crate) struct Split {
    pub(crate) train: Data,
    pub(crate) test: Data,
}

pub(crate) struct Digits {
    /// Pixels from 0 to 1, label the digit.
    all: Data,
    train: usize,
    test: usize,
    seed: Seed,
}

impl Digits {
    /// The files' 10,000 digits, taken as independent draws and cut afresh by the seed.
    pub(crate) fn load(args: &Args, plan: &Plan, seed: Seed) -> Result<Digits, Error> {
        let read = |part: &str| {
            let file = |what: &str| args.shipped(format!("mnist/{part}-{what}-ubyte.gz"));
            Data::read_idx(file("images-idx3"), file("labels-idx1"))
        };
        let both = read("train")?.concat(&read("t10k")?)?;
        let points = Points::new(&both.points().view() / 255.0)?.identified(both.rows())?;
        let all = Data::new(points, both.labels().clone())?;
        Ok(Digits { all, train: plan.train, test: plan.test, seed })
    }

    fn cut(&self, labels: Array2<f64>) -> Result<Split, Error> {
        let data = Data::new(self.all.points().clone(), labels)?.declared_iid();
        let (train, rest) = data.split_rows(self.train, self.seed)?;
        let test = if rest.len() > self.test { rest.split_at(self.test)?.0 } else { rest };
        Ok(Split { train, test })
    }

    fn asked(&self, positive: fn(f64) -> bool) -> Result<Split, Error> {
        self.cut(self.all.labels().mapv(|digit| if positive(digit) { 1.0 } else { -1.0 }))
    }

    pub(crate) fn above_four(&self) -> Result<Split, Error> {
        self.asked(|digit| digit > 4.0)
    }

    pub(crate) fn odd(&self) -> Result<Split, Error> {
        self.asked(|digit| digit % 2.0 == 1.0)
    }

    /// The digit itself.
    pub(crate) fn classes(&self) -> Result<Split, Error> {
        self.cut(self.all.labels().clone())
    }

    /// One column a digit: 1 for the row's own, −1 for the others.
    pub(crate) fn columns(&self) -> Result<Split, Error> {
        let digit = self.all.labels().index_axis(Axis(1), 0);
        self.cut(Array2::from_shape_fn(
            (digit.len(), 10),
            |(i, c)| {
                if digit[i] == c as f64 { 1.0 } else { -1.0 }
            },
        ))
    }
}

pub(crate) type Shifted = Scaled<Averaged<Features>>;

/// What the length scales of the fixed priors owe: some were tried on these digits while the example was written, fewer than this.
pub(crate) fn tried() -> Ledger {
    Ledger::chose("length scale, while this example was written", 20)
}

/// Random Fourier features averaged over all shifts of the image by at most `reach` pixels either way. The scale gives a function value the
/// variance that was asked for at an image of a hundred grey pixels, roughly.
pub(crate) fn shifted(
    reach: isize,
    length: f64,
    frequencies: usize,
    scale: f64,
    outputs: usize,
) -> Result<Shifted, Error> {
    let steps = || -reach..=reach;
    let actions = steps()
        .flat_map(|down| steps().map(move |right| Action::image_shift(28, 28, down, right)))
        .collect::<Result<Vec<_>, _>>()?;
    let features = Features::fourier(frequencies, 784, length, Seed::new(28))?.with_outputs(outputs);
    Ok(Averaged::over(features, &actions)?.scaled(scale))
}
