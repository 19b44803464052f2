//! The door to gzip: bytes that begin as a gzip file does are unpacked, all others are taken as they are.

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use softbias_priors::{PriorError, memory};

use super::DataError;

const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The bytes of a file, unpacked, and its name for errors.
pub(super) fn read(path: &Path) -> Result<(Vec<u8>, String), DataError> {
    let file = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| DataError::Read {
        file: file.clone(),
        kind: error.kind(),
        message: error.to_string(),
    })?;
    Ok((unpacked(bytes, &file)?, file))
}

/// Bytes unpacked, up to the memory limit: a small file may unpack to any size.
pub(super) fn unpacked(bytes: Vec<u8>, file: &str) -> Result<Vec<u8>, DataError> {
    if !bytes.starts_with(&MAGIC) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    let limit = memory::limit();
    let mut decoder = MultiGzDecoder::new(bytes.as_slice()).take(limit.saturating_add(1));
    decoder.read_to_end(&mut plain).map_err(|error| DataError::Gzip {
        file: file.to_owned(),
        unpacked: plain.len(),
        message: error.to_string(),
    })?;
    if plain.len() as u64 > limit {
        let words = plain.len().div_ceil(size_of::<f64>());
        memory::announce("an unpacked file", words, 1, "load it in parts").map_err(PriorError::from)?;
    }
    Ok(plain)
}
