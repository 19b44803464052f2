//! The command line that all examples share, and how they end.

// Each example compiles this module for itself and uses what it needs of it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use softbias::report::Report;

/// The options of an example.
#[derive(Clone, Debug, clap::Parser)]
pub(crate) struct Args {
    /// Directory for the report [default: out/<example>]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Run a smaller version, in seconds rather than minutes
    #[arg(long)]
    pub(crate) quick: bool,

    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Directory of the data shipped with the examples
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/data"))]
    pub(crate) data: PathBuf,
}

impl Args {
    /// The path of a data file shipped with the examples.
    pub(crate) fn shipped(&self, file: impl AsRef<Path>) -> PathBuf {
        self.data.join(file)
    }

    /// The path of a data file that is not shipped: in the directory named by `SOFTBIAS_DATA`, if it is there.
    pub(crate) fn external(&self, file: impl AsRef<Path>) -> Option<PathBuf> {
        let path = PathBuf::from(std::env::var_os("SOFTBIAS_DATA")?).join(file);
        path.is_file().then_some(path)
    }
}

/// Prints and saves the report of the example `name`.
///
/// The exit code is 0 when the claim holds, 1 when it fails, and 2 when the report cannot be saved.
pub(crate) fn finish(report: &Report, args: &Args, name: &str) -> ExitCode {
    println!("{report}");
    let out = args.out.clone().unwrap_or_else(|| Path::new("out").join(name));
    match report.save(&out) {
        Ok(files) => {
            println!("\nsaved {} files in {}", files.len(), out.display());
            if report.holds() { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            eprintln!("\n{error}{}", cause.unwrap_or_default());
            ExitCode::from(2)
        }
    }
}
