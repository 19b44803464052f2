//! Large allocations are announced before they are made, and refused over a limit.

use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

/// Refusal of an allocation: how many bytes it would take, and what to use instead.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "{what} would take {bytes} bytes ({rows} × {columns} numbers), over the limit of {limit}: {instead}, or raise the limit \
     with `memory::set_limit`"
)]
pub struct TooLarge {
    /// What was to be allocated.
    pub what: &'static str,
    /// Its rows.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// Bytes it would take.
    pub bytes: u128,
    /// The limit in force, in bytes.
    pub limit: u64,
    /// What to use instead.
    pub instead: &'static str,
}

static LIMIT: AtomicU64 = AtomicU64::new(4 << 30);

/// The limit on one matrix, in bytes (at first 4 GiB).
#[must_use]
pub fn limit() -> u64 {
    LIMIT.load(Ordering::Relaxed)
}

/// Sets the limit on one matrix, in bytes, for the whole process.
pub fn set_limit(bytes: u64) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// Announces `n` draws of functions with `outputs` outputs at `points` points.
///
/// # Errors
/// [`TooLarge`], when they would be over the limit.
pub fn announce_draws(n: usize, points: usize, outputs: usize) -> Result<(), TooLarge> {
    announce("draws (draw × value)", n, points.saturating_mul(outputs), "ask for fewer draws at a time")
}

/// Announces a rows × columns matrix of f64.
///
/// # Errors
/// [`TooLarge`], when it would be over the limit.
pub fn announce(
    what: &'static str,
    rows: usize,
    columns: usize,
    instead: &'static str,
) -> Result<(), TooLarge> {
    let bytes = (8 * rows as u128).saturating_mul(columns as u128);
    let limit = limit();
    if bytes <= u128::from(limit) {
        Ok(())
    } else {
        Err(TooLarge { what, rows, columns, bytes, limit, instead })
    }
}
