//! The command line, the data and the clock: the twin of `common.py`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::{DIM, Failure};

/// A task stops to repeat after this many seconds, though never before two repetitions.
const PATIENCE: f64 = 20.0;

/// The command line.
pub struct Args {
    pub data: PathBuf,
    quick: bool,
    repeats: usize,
    tasks: Vec<String>,
}

impl Args {
    pub fn parse() -> Result<Self, Failure> {
        let mut words = std::env::args().skip(1);
        let mut args = Self { data: PathBuf::new(), quick: false, repeats: 0, tasks: Vec::new() };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--quick" => args.quick = true,
                "--repeats" => args.repeats = words.next().ok_or("--repeats needs a number")?.parse()?,
                "--task" => args.tasks.push(words.next().ok_or("--task needs a name")?),
                _ => args.data = PathBuf::from(word),
            }
        }
        if args.repeats == 0 {
            args.repeats = if args.quick { 2 } else { 5 };
        }
        Ok(args)
    }

    pub fn wants(&self, task: &str) -> bool {
        self.tasks.is_empty() || self.tasks.iter().any(|wanted| wanted == task)
    }

    pub fn sizes(&self) -> &'static [usize] {
        if self.quick { &[500, 1000] } else { &[500, 1000, 2000, 4000] }
    }

    pub fn composite_sizes(&self) -> &'static [usize] {
        if self.quick { &[1000] } else { &[1000, 2000] }
    }

    pub fn points(&self) -> usize {
        if self.quick { 1000 } else { 10_000 }
    }

    /// Times `work` after one run that warms up, and prints a JSON line with what `describe` says of the result.
    pub fn measure<T>(
        &self,
        task: &str,
        n: usize,
        mut work: impl FnMut() -> Result<T, Failure>,
        describe: impl Fn(&T) -> String,
    ) -> Result<(), Failure> {
        let mut result = work()?;
        let mut taken: Vec<f64> = Vec::new();
        while taken.len() < self.repeats && (taken.len() < 2 || taken.iter().sum::<f64>() < PATIENCE) {
            let start = Instant::now();
            result = work()?;
            taken.push(start.elapsed().as_secs_f64());
        }
        taken.sort_by(f64::total_cmp);
        let (half, count) = (taken.len() / 2, taken.len());
        let median = if count % 2 == 1 { taken[half] } else { (taken[half - 1] + taken[half]) / 2.0 };
        println!(
            "{{\"peer\": \"gprx\", \"version\": \"{}\", \"task\": \"{task}\", \"n\": {n}, \"seconds\": {:?}, \
             \"median\": {median:?}, \"repeats\": {count}, {}}}",
            version(),
            taken[0],
            describe(&result)
        );
        Ok(())
    }
}

/// The version of gprx that this program was built with, from the lock file.
fn version() -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let after = lock.split("name = \"gprx\"\nversion = \"").nth(1);
    after.and_then(|rest| rest.split('"').next()).unwrap_or("unknown")
}

/// Inputs (column-major, n × 8) and, for training rows, outputs.
pub struct Rows {
    pub n: usize,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

/// The files that `data.py` wrote.
pub struct Data {
    train: Vec<Vec<f64>>,
    test: Vec<Vec<f64>>,
}

impl Data {
    pub fn read(directory: &Path) -> Result<Self, Failure> {
        Ok(Self { train: table(&directory.join("train.csv"))?, test: table(&directory.join("test.csv"))? })
    }

    pub fn train(&self, n: usize) -> Rows {
        rows(&self.train[..n])
    }

    pub fn test(&self, n: usize) -> Rows {
        rows(&self.test[..n])
    }
}

fn rows(values: &[Vec<f64>]) -> Rows {
    let x = (0..DIM).flat_map(|d| values.iter().map(move |row| row[d])).collect();
    let y = values.iter().filter_map(|row| row.get(DIM).copied()).collect();
    Rows { n: values.len(), x, y }
}

fn table(path: &Path) -> Result<Vec<Vec<f64>>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let line = |line: &str| line.split(',').map(|cell| cell.trim().parse::<f64>()).collect();
    Ok(text.lines().skip(1).map(line).collect::<Result<_, _>>()?)
}
