//! The command line, the clock and the tables of the Rust programs here: the twin of `common.py`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::Failure;

/// A task stops to repeat after this many seconds, though never before two repetitions.
const PATIENCE: f64 = 20.0;

/// The command line.
pub struct Args {
    pub data: PathBuf,
    pub quick: bool,
    /// Repetitions at most.
    pub repeats: usize,
    tasks: Vec<String>,
    peer: &'static str,
    version: &'static str,
}

impl Args {
    pub fn parse(peer: &'static str, version: &'static str) -> Result<Self, Failure> {
        let mut words = std::env::args().skip(1);
        let mut args =
            Self { data: PathBuf::new(), quick: false, repeats: 0, tasks: Vec::new(), peer, version };
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
        self.report(task, n, taken, &describe(&result));
        Ok(())
    }

    /// Prints a JSON line of these times.
    pub fn report(&self, task: &str, n: usize, mut taken: Vec<f64>, said: &str) {
        taken.sort_by(f64::total_cmp);
        let (half, count) = (taken.len() / 2, taken.len());
        let median = if count % 2 == 1 { taken[half] } else { (taken[half - 1] + taken[half]) / 2.0 };
        println!(
            "{{\"peer\": \"{}\", \"version\": \"{}\", \"task\": \"{task}\", \"n\": {n}, \"seconds\": {:?}, \
             \"median\": {median:?}, \"repeats\": {count}, {said}}}",
            self.peer, self.version, taken[0],
        );
    }
}

/// A CSV file with a header and numbers below it, row by row.
pub fn table(path: &Path) -> Result<Vec<Vec<f64>>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let line = |line: &str| line.split(',').map(|cell| cell.trim().parse::<f64>()).collect();
    Ok(text.lines().skip(1).map(line).collect::<Result<_, _>>()?)
}
