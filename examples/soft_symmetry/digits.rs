//! Handwritten digits: labels that a symmetry leaves alone, nearly so, and turns around.

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;
use softbias::Error;
use softbias::data::Csv;
use softbias::group::Group;
use softbias::prelude::*;

use crate::cases::{Case, Kept, panel, tell};
use crate::common::Args;
use crate::models::{Found, Symmetry};

/// Pixels a side, and what white is.
const SIDE: usize = 8;
const WHITE: f64 = 16.0;
/// Between pixels from 0 to 1, images are typically 3 apart.
const LENGTHS: &[f64] = &[1.4, 2.0, 2.8];

/// A question about digits: which stand for +1 and which for −1, the symmetry in question, and whether every image is first put under a
/// random action of it.
struct Question {
    kept: Kept,
    what: &'static str,
    positive: &'static [usize],
    negative: &'static [usize],
    group: Group,
    turned: bool,
    softness: (f64, f64),
}

fn questions() -> Result<[Question; 3], Error> {
    let all = Group::images(SIDE, SIDE)?;
    let turns = Group::quarter_turns(SIDE, SIDE)?;
    let half = turns.generators()[0].then(&turns.generators()[0]);
    Ok([
        Question {
            kept: Kept::Exactly,
            what: "3 against 8, each turned and flipped at random; turns and flips",
            positive: &[3],
            negative: &[8],
            group: all.clone(),
            turned: true,
            softness: (0.0, 0.03),
        },
        Question {
            kept: Kept::Nearly,
            what: "3 against 8, upright; turns and flips",
            positive: &[3],
            negative: &[8],
            group: all,
            turned: false,
            softness: (0.1, 3.0),
        },
        Question {
            kept: Kept::NotAtAll,
            what: "6 against 9, upright; half turns",
            positive: &[6],
            negative: &[9],
            group: Group::generated_by(&[half], 2)?,
            turned: false,
            softness: (1.0, f64::INFINITY),
        },
    ])
}

impl Question {
    /// The images of the digits in question, with labels −1 and +1.
    fn data(&self, all: &Data, seed: Seed) -> Result<Data, Error> {
        let class = |i: usize| all.labels()[[i, 0]] as usize;
        let sign = |i: usize| match class(i) {
            digit if self.positive.contains(&digit) => Some(1.0),
            digit if self.negative.contains(&digit) => Some(-1.0),
            _ => None,
        };
        let (rows, labels): (Vec<usize>, Vec<f64>) =
            (0..all.len()).filter_map(|i| Some((i, sign(i)?))).unzip();
        let mut images = all.points().view().select(Axis(0), &rows) / WHITE;
        if self.turned {
            self.turn(&mut images, seed);
        }
        Ok(Data::regression(images, Array1::from(labels))?)
    }

    fn turn(&self, images: &mut Array2<f64>, seed: Seed) {
        let actions = self.group.actions();
        let which = seed.uniform1(images.nrows(), 0.0, actions.len() as f64);
        for (mut image, which) in images.rows_mut().into_iter().zip(which) {
            let upright = image.to_vec();
            let mut turned = upright.clone();
            actions[(which as usize).min(actions.len() - 1)].apply(&upright, &mut turned);
            image.assign(&Array1::from(turned));
        }
    }
}

pub(crate) fn run(args: &Args, seed: Seed, report: &mut Report) -> Result<Vec<Panel>, Error> {
    let (rows, draws, rungs) = if args.quick { (80, 3, 3) } else { (120, 5, 10) };
    let all = Csv::new().without_header().target("65").read(args.shipped("digits.csv.gz"))?;
    let mut cases = Vec::new();
    let mut panels = Vec::new();
    for question in questions()? {
        let seed = seed.named(question.kept.word());
        let symmetry = Symmetry {
            kernel: |length| Kernel::rbf(length),
            group: question.group.clone(),
            lengths: if args.quick { &LENGTHS[1..2] } else { LENGTHS },
        };
        let split = |k: usize| -> Result<(Data, Data), Error> {
            Ok(question.data(&all, seed.at(k).named("turns"))?.split_rows(rows, seed.at(k))?)
        };
        let one = |k: usize| {
            let (train, test) = split(k)?;
            Found::on(&symmetry, &train, &test)
        };
        eprintln!("digits: a symmetry kept {}", question.kept.word());
        let found = (0..draws).into_par_iter().map(one).collect::<Result<Vec<_>, Error>>()?;
        let (train, test) = split(0)?;
        let title = format!("Digits, symmetry kept {}", question.kept.word());
        panels.push(panel(title, &symmetry, &found[0], &train, &test, rungs)?);
        let (kept, what) = (question.kept, question.what.to_owned());
        cases.push(Case { kept, what, found, softness: question.softness });
    }
    let heading = format!(
        "digits, regression on labels −1 and +1: means over {draws} splits, {rows} rows to learn from"
    );
    tell("digits", heading, &cases, report);
    Ok(panels)
}
