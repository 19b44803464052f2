//! Fields on the plane: a part that keeps the eight symmetries of the square, and some or nothing of a part that does not.

use ndarray::{Array1, Array2, s};
use rayon::prelude::*;
use softbias::Error;
use softbias::group::{Action, Group};
use softbias::prelude::*;

use crate::cases::{Case, Kept, panel, tell};
use crate::models::{Found, Symmetry};

/// Of the field, which is 1 or so in size; and its length scale, which is known: softness, scale and noise are tuned.
const NOISE: f64 = 0.1;
const LENGTH: f64 = 0.6;
const TESTS: usize = 400;

/// How the field is made, symmetric part and rest, and between which numbers the softness found is to lie: its true values are 0, 0.2 and
/// infinity.
const CASES: [(Kept, [f64; 2], (f64, f64)); 3] = [
    (Kept::Exactly, [1.0, 0.0], (0.0, 0.05)),
    (Kept::Nearly, [1.0, 0.2], (0.1, 0.4)),
    (Kept::NotAtAll, [0.0, 1.0], (1.0, f64::INFINITY)),
];

fn square() -> Result<Group, Error> {
    let turn = Action::new(vec![1, 0], vec![1.0, -1.0], vec![0.0, 0.0])?;
    Ok(Group::generated_by(&[turn, Action::reflection(2, 0, 0.0)?], 8)?)
}

/// Noisy rows to learn from, and the field itself at others.
fn field(
    symmetry: &Symmetry,
    [kept, rest]: [f64; 2],
    rows: usize,
    seed: Seed,
) -> Result<(Data, Data), Error> {
    let all = rows + TESTS;
    let x = seed.named("x").uniform1(2 * all, -1.0, 1.0);
    let x = Array2::from_shape_fn((all, 2), |(i, d)| x[2 * i + d]);
    let points = Points::new(x.clone())?;
    let symmetric = symmetry.hard(LENGTH)?.draws(1, &points, seed.named("symmetric"))?;
    let free = symmetry.free(LENGTH).draws(1, &points, seed.named("free"))?;
    let noise = seed.named("noise").normal1(rows);
    let value = |i: usize| kept * symmetric[[0, i, 0]] + rest * free[[0, i, 0]];
    let seen: Array1<f64> = (0..rows).map(|i| value(i) + NOISE * noise[i]).collect();
    let true_values: Array1<f64> = (rows..all).map(value).collect();
    let train = Data::regression(x.slice(s![..rows, ..]).to_owned(), seen)?;
    Ok((train, Data::regression(x.slice(s![rows.., ..]).to_owned(), true_values)?))
}

pub(crate) fn run(quick: bool, seed: Seed, report: &mut Report) -> Result<Vec<Panel>, Error> {
    let (rows, draws, rungs) = if quick { (60, 5, 5) } else { (60, 20, 14) };
    let symmetry =
        Symmetry { kernel: |length| Kernel::matern52(length), group: square()?, lengths: &[LENGTH] };
    let mut cases = Vec::new();
    let mut panels = Vec::new();
    for (kept, parts, softness) in CASES {
        let seed = seed.named(kept.word());
        let one = |k: usize| {
            let (train, test) = field(&symmetry, parts, rows, seed.at(k))?;
            Found::on(&symmetry, &train, &test)
        };
        eprintln!("fields: a symmetry kept {}", kept.word());
        let found = (0..draws).into_par_iter().map(one).collect::<Result<Vec<_>, Error>>()?;
        let (train, test) = field(&symmetry, parts, rows, seed.at(0))?;
        let title = format!("Field, symmetry kept {}", kept.word());
        panels.push(panel(title, &symmetry, &found[0], &train, &test, rungs)?);
        let what = format!("{} symmetric + {} free", parts[0], parts[1]);
        cases.push(Case { kept, what, found, softness });
    }
    let heading = format!(
        "fields on the plane, the 8 symmetries of the square: means over {draws} draws of {rows} rows, noise {NOISE}"
    );
    tell("fields", heading, &cases, report);
    Ok(panels)
}
