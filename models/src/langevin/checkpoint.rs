//! Chains on disk between two iterations: replaced only once the new file is whole, refused where they do not belong.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use softbias_priors::Seed;
use softbias_priors::net::Precision;

use super::SampleError;
use super::run::ChainState;

/// First bytes of every file.
const MAGIC: &[u8; 9] = b"softbiasC";
/// Version of the format.
const VERSION: u32 = 1;
/// Bytes before the payload: magic, version, checksum.
const HEADER: usize = 9 + 4 + 8;

/// What a checkpoint belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) number: String,
    pub(super) target: String,
    pub(super) sampler: String,
    pub(super) seed: Seed,
}

fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Where a checkpoint is written before it takes its place.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

pub(super) fn write<T: Precision>(
    path: &Path,
    identity: &Identity,
    states: &[ChainState<T>],
) -> Result<(), SampleError> {
    let payload =
        postcard::to_stdvec(&(identity, states)).map_err(|error| refused(path, &error.to_string()))?;
    let part = beside(path);
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(MAGIC)?;
        file.write_all(&VERSION.to_le_bytes())?;
        file.write_all(&checksum(&payload).to_le_bytes())?;
        file.write_all(&payload)?;
        file.sync_all()?;
        fs::rename(&part, path)
    });
    written.map_err(|source| {
        // (what is left of it helps nobody; the old file stands)
        let _ = fs::remove_file(&part);
        SampleError::Io { path: path.to_owned(), source }
    })
}

fn refused(path: &Path, reason: &str) -> SampleError {
    SampleError::NoCheckpoint { path: path.to_owned(), reason: reason.to_owned() }
}

pub(super) fn read<T: Precision>(
    path: &Path,
    expected: &Identity,
) -> Result<Vec<ChainState<T>>, SampleError> {
    let bytes = fs::read(path).map_err(|source| SampleError::Io { path: path.to_owned(), source })?;
    let Some((header, payload)) = bytes.split_at_checked(HEADER) else {
        return Err(refused(path, "too short"));
    };
    let (magic, rest) = header.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(refused(path, "its first bytes are not those of one"));
    }
    let found = u32::from_le_bytes([rest[0], rest[1], rest[2], rest[3]]);
    if found != VERSION {
        return Err(SampleError::OtherVersion { path: path.to_owned(), expected: VERSION, found });
    }
    if rest[4..] != checksum(payload).to_le_bytes() {
        return Err(refused(path, "damaged: the checksum does not match"));
    }
    let damaged = |error: postcard::Error| refused(path, &format!("damaged: {error}"));
    let (found, rest): (Identity, &[u8]) = postcard::take_from_bytes(payload).map_err(damaged)?;
    let same = |what, found: &str, expected: &str| {
        if found == expected {
            return Ok(());
        }
        let (expected, found) = (expected.to_owned(), found.to_owned());
        Err(SampleError::OtherRun { path: path.to_owned(), what, expected, found })
    };
    same("precision", &found.number, &expected.number)?;
    same("target", &found.target, &expected.target)?;
    same("sampler", &found.sampler, &expected.sampler)?;
    same("seed", &format!("{:?}", found.seed), &format!("{:?}", expected.seed))?;
    postcard::from_bytes(rest).map_err(damaged)
}
