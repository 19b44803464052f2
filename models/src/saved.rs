//! Models and posteriors on disk: a header, a version, a checksum; whatever is read is checked before it is used.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use softbias_priors::{GaussianPrior, SavedPrior};

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::exact::{Exact, ExactPosterior};
use crate::likelihood::Gaussian;
use crate::model::Model;
use crate::posterior::Posterior;

/// First bytes of every file.
const MAGIC: &[u8; 8] = b"softbias";
/// Version of the format. Files of another version are refused by name.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct SavedModel {
    prior: SavedPrior,
    noise: Gaussian,
}

/// A posterior is kept as what determines it (spec and data) and the evidence that must come out again.
#[derive(Serialize, Deserialize)]
struct SavedPosterior {
    model: SavedModel,
    data: Data,
    method: Exact,
    log_evidence: f64,
}

impl<P: GaussianPrior> Model<P, Gaussian> {
    /// Writes the spec to a file.
    ///
    /// # Errors
    /// When a part is not built in, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        write(path.as_ref(), b'M', &SavedModel { prior: self.prior.saved()?, noise: self.likelihood })
    }
}

impl Model<Arc<dyn GaussianPrior>, Gaussian> {
    /// Reads a spec from a file, with every check that building it makes.
    ///
    /// # Errors
    /// For a file that is missing, foreign, of another version, damaged, or not a valid spec.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        read::<SavedModel>(path.as_ref(), b'M')?.revive()
    }
}

impl SavedModel {
    fn revive(&self) -> Result<Model<Arc<dyn GaussianPrior>, Gaussian>> {
        self.noise.check()?;
        Ok(Model { prior: self.prior.revive()?, likelihood: self.noise })
    }
}

impl ExactPosterior {
    /// Writes the posterior to a file: its spec, the rows it was conditioned on, and its evidence.
    ///
    /// # Errors
    /// When a part of the prior is not built in (a posterior used as a prior is not: save its spec and condition again on all
    /// rows, which gives the same posterior), or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let saved = SavedPosterior {
            model: SavedModel { prior: self.prior().saved()?, noise: self.noise() },
            data: self.data().clone(),
            method: self.method(),
            log_evidence: self.evidence().log.get(),
        };
        write(path.as_ref(), b'P', &saved)
    }

    /// Reads a posterior from a file: conditions again, and checks that the saved evidence comes out (to 1e-8 relative).
    ///
    /// # Errors
    /// For a file that is missing, foreign, of another version, damaged, or whose evidence does not come out again.
    pub fn load(path: impl AsRef<Path>) -> Result<ExactPosterior> {
        let path = path.as_ref();
        let saved: SavedPosterior = read(path, b'P')?;
        let model = saved.model.revive()?;
        let posterior = ExactPosterior::new(model.prior, model.likelihood, &saved.data, saved.method)?;
        let (now, then) = (posterior.evidence().log.get(), saved.log_evidence);
        let same = now == then || (now - then).abs() <= 1e-8 * (1.0 + then.abs());
        if !same {
            return Err(damaged(path, &format!("the evidence was {then} when saved and is {now} now")));
        }
        Ok(posterior)
    }
}

fn damaged(path: &Path, reason: &str) -> ModelError {
    ModelError::File { path: path.to_owned(), reason: reason.to_owned() }
}

/// FNV-1a over the payload: finds damage, not malice.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn write<T: Serialize>(path: &Path, kind: u8, value: &T) -> Result<()> {
    let payload = postcard::to_stdvec(value).map_err(|error| damaged(path, &error.to_string()))?;
    let mut bytes = MAGIC.to_vec();
    bytes.push(kind);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(checksum(&payload).to_le_bytes());
    bytes.extend(payload);
    fs::write(path, bytes).map_err(|source| ModelError::Io { path: path.to_owned(), source })
}

fn read<T: DeserializeOwned>(path: &Path, kind: u8) -> Result<T> {
    let bytes = fs::read(path).map_err(|source| ModelError::Io { path: path.to_owned(), source })?;
    let Some((header, payload)) = bytes.split_at_checked(21) else {
        return Err(damaged(path, "too short to be a softbias file"));
    };
    let (magic, rest) = header.split_at(8);
    if magic != MAGIC {
        return Err(damaged(path, "not a softbias file: its first bytes are not `softbias`"));
    }
    let version = u32::from_le_bytes([rest[1], rest[2], rest[3], rest[4]]);
    if version != VERSION {
        return Err(damaged(
            path,
            &format!("format version {version}, this release reads version {VERSION}"),
        ));
    }
    if rest[0] != kind {
        let is = if rest[0] == b'M' { "a model, not a posterior" } else { "a posterior, not a model" };
        return Err(damaged(path, &format!("this file holds {is}")));
    }
    if rest[5..13] != checksum(payload).to_le_bytes() {
        return Err(damaged(path, "damaged: the checksum does not match"));
    }
    // Whatever is left over shows that the payload is not of this kind: a posterior starts with its model.
    match postcard::take_from_bytes(payload) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(damaged(path, &format!("damaged: {} bytes too many", rest.len()))),
        Err(error) => Err(damaged(path, &format!("damaged: {error}"))),
    }
}
