//! Tuned processes on UCI data: the twin of `uci.py`. `softbias_bench uci [--restarts R] [--splits K] [--sets NAME]… [--out FILE]`.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ndarray::{Array1, Array2, Axis, s};
use softbias::prelude::*;

use crate::Failure;
use crate::clock::table;

/// Of every parameter: those of `uci.py`.
const BOUNDS: (f64, f64) = (1e-5, 1e5);
const SETS: [&str; 6] = ["yacht", "energy", "concrete", "autompg", "airfoil", "wine"];

struct Args {
    restarts: usize,
    splits: usize,
    sets: Vec<String>,
    out: PathBuf,
}

fn arguments() -> Result<Args, Failure> {
    let out = PathBuf::from("target/peers/uci_softbias.csv");
    let mut args = Args { restarts: 2, splits: 10, sets: Vec::new(), out };
    let mut words = std::env::args().skip(2);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--restarts" => args.restarts = value.parse()?,
            "--splits" => args.splits = value.parse()?,
            "--sets" => args.sets.push(value),
            "--out" => args.out = value.into(),
            _ => return Err(format!("unknown option {word}").into()),
        }
    }
    if args.sets.is_empty() {
        args.sets = SETS.iter().map(ToString::to_string).collect();
    }
    Ok(args)
}

pub fn run() -> Result<(), Failure> {
    let args = arguments()?;
    let data = std::env::var("SOFTBIAS_DATA")
        .map_err(|_| "set SOFTBIAS_DATA to the directory whose folder uci holds the data sets")?;
    let folder = Path::new(&data).join("uci");
    if let Some(parent) = args.out.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&args.out)?;
    writeln!(file, "dataset,split,n_train,rmse,nlpd,log_evidence,seconds")?;
    for name in &args.sets {
        let rows = matrix(&folder.join(format!("{name}.csv")))?;
        let text = std::fs::read_to_string(folder.join(format!("{name}.splits.json")))?;
        let splits: serde_json::Value = serde_json::from_str(&text)?;
        let lists = splits["test"].as_array().ok_or("no test rows")?;
        for (split, held_out) in lists.iter().enumerate().take(args.splits) {
            let held_out: Vec<usize> = held_out
                .as_array()
                .ok_or("no rows")?
                .iter()
                .filter_map(|v| v.as_u64().map(|v| v as usize))
                .collect();
            let line = one_split(name, split, &rows, &held_out, args.restarts)?;
            writeln!(file, "{line}")?;
            println!("{line}");
        }
    }
    Ok(())
}

fn one_split(
    name: &str,
    split: usize,
    rows: &Array2<f64>,
    held_out: &[usize],
    restarts: usize,
) -> Result<String, Failure> {
    let kept: Vec<usize> = (0..rows.nrows()).filter(|i| !held_out.contains(i)).collect();
    let (train, test) = (rows.select(Axis(0), &kept), rows.select(Axis(0), held_out));
    let centre = train.mean_axis(Axis(0)).ok_or("no rows")?;
    let spread = train.std_axis(Axis(0), 0.0).mapv(|s| if s == 0.0 { 1.0 } else { s });
    let scaled = |rows: &Array2<f64>| (rows - &centre) / &spread;
    let (train, at) = (scaled(&train), scaled(&test));
    let d = rows.ncols() - 1;
    let data = Data::regression(train.slice(s![.., ..d]).to_owned(), train.column(d).to_owned())?;
    let clock = Instant::now();
    let model = Gp::new(1.0 * Kernel::rbf(vec![1.0; d])).with_likelihood(Gaussian::noise(0.1f64.sqrt()));
    let tune = Tune::default().restarts(restarts).seed(Seed::new(split as u64));
    let names = (1..=d).map(|i| format!("length{i}")).chain(["variance".to_owned(), "noise2".to_owned()]);
    let tune = names.fold(tune, |tune, name| tune.bounds(&name, BOUNDS.0, BOUNDS.1));
    let tuned = tune.run(model, &data)?;
    let posterior = tuned.condition(&data)?;
    let prediction = posterior.predict(&Points::new(at.slice(s![.., ..d]).to_owned())?)?;
    let seconds = clock.elapsed().as_secs_f64();
    let truth: Array2<f64> = at.slice(s![.., d..]).to_owned();
    let nlpd = -prediction.log_density(&truth)?.mean().ok_or("no rows")? + spread[d].ln();
    let residual: Array1<f64> = &truth.column(0) - &prediction.mean().column(0);
    let rmse = spread[d] * (residual.mapv(|r| r * r).mean().ok_or("no rows")?).sqrt();
    let evidence = tuned.log_evidence.get();
    Ok(format!("{name},{split},{},{rmse:.6},{nlpd:.6},{evidence:.4},{seconds:.2}", data.len()))
}

fn matrix(path: &Path) -> Result<Array2<f64>, Failure> {
    let rows = table(path)?;
    let width = rows.first().map_or(0, Vec::len);
    Ok(Array2::from_shape_vec((rows.len(), width), rows.concat())?)
}
