//! Models and posteriors on disk: a header, a version, a checksum; whatever is read is checked before it is used.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use softbias_priors::{GaussianPrior, SavedPrior};

use crate::data::Data;
use crate::error::{ModelError, Result};
use crate::exact::{Exact, ExactPosterior};
use crate::likelihood::{
    Bernoulli, Gaussian, GaussianGamma, Heteroscedastic, Likelihood, Poisson, Softmax, StudentT,
};
use crate::model::Model;
use crate::posterior::Posterior;

/// First bytes of every file.
const MAGIC: &[u8; 8] = b"softbias";
/// Version of the format. Files of another version are refused by name.
const VERSION: u32 = 1;

/// A likelihood that can be written to a file.
pub trait SavedLikelihood: Likelihood + Serialize + DeserializeOwned {
    /// What files call it: a model is read back only under a likelihood of this name. To change it orphans the files there are.
    const NAME: &'static str;

    /// The checks that building it makes, once more, where reading does not make them.
    ///
    /// # Errors
    /// When what was read is no valid likelihood.
    fn revived(self) -> Result<Self> {
        Ok(self)
    }
}

impl SavedLikelihood for Gaussian {
    const NAME: &'static str = "Gaussian";

    fn revived(self) -> Result<Gaussian> {
        self.check()?;
        Ok(self)
    }
}

impl SavedLikelihood for Heteroscedastic {
    const NAME: &'static str = "Heteroscedastic";

    fn revived(self) -> Result<Heteroscedastic> {
        self.checked()
    }
}

impl SavedLikelihood for GaussianGamma {
    const NAME: &'static str = "GaussianGamma";

    fn revived(self) -> Result<GaussianGamma> {
        GaussianGamma::new(self.shape(), self.rate())
    }
}

impl SavedLikelihood for Bernoulli {
    const NAME: &'static str = "Bernoulli";
}

impl SavedLikelihood for Poisson {
    const NAME: &'static str = "Poisson";
}

impl SavedLikelihood for Softmax {
    const NAME: &'static str = "Softmax";
}

impl SavedLikelihood for StudentT {
    const NAME: &'static str = "StudentT";
}

/// A model under Gaussian noise stands alone in its file; under any other likelihood the name goes before it.
#[derive(Serialize, Deserialize)]
struct SavedModel<L> {
    prior: SavedPrior,
    likelihood: L,
}

/// What a file holds.
const POSTERIOR: u8 = b'P';
const GAUSSIAN_MODEL: u8 = b'M';
const OTHER_MODEL: u8 = b'L';
/// The state of a climb.
pub(crate) const TRAINING: u8 = b'T';

/// A posterior is kept as what determines it (spec and data) and the evidence that must come out again.
#[derive(Serialize, Deserialize)]
struct SavedPosterior {
    model: SavedModel<Gaussian>,
    data: Data,
    method: Exact,
    log_evidence: f64,
}

impl<P: GaussianPrior, L: SavedLikelihood> Model<P, L> {
    /// Writes the spec to a file.
    ///
    /// # Errors
    /// When a part is not built in, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let saved = SavedModel { prior: self.prior.saved()?, likelihood: self.likelihood.clone() };
        if L::NAME == Gaussian::NAME {
            return write(path.as_ref(), GAUSSIAN_MODEL, &saved);
        }
        write(path.as_ref(), OTHER_MODEL, &(L::NAME, saved))
    }
}

impl<L: SavedLikelihood> Model<Arc<dyn GaussianPrior>, L> {
    /// Reads a spec from a file, with every check that building it makes.
    ///
    /// # Errors
    /// For a file that is missing, foreign, of another version, damaged, of a model under another likelihood, or not a valid spec.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let payload = match contents(path)? {
            (GAUSSIAN_MODEL, payload) => under::<L>(path, Gaussian::NAME).map(|()| payload),
            (OTHER_MODEL, payload) => {
                let (name, rest): (String, _) =
                    postcard::take_from_bytes(&payload).map_err(|error| unreadable(path, &error))?;
                under::<L>(path, &name).map(|()| rest.to_vec())
            }
            (kind, _) => Err(wrong_kind(path, kind, "a model")),
        }?;
        parse::<SavedModel<L>>(path, &payload)?.revive()
    }
}

/// Whether the likelihood asked for is the one in the file.
fn under<L: SavedLikelihood>(path: &Path, name: &str) -> Result<()> {
    if name == L::NAME {
        return Ok(());
    }
    let name: String = name.chars().take(60).collect();
    let asked = L::NAME;
    Err(damaged(path, &format!("this file holds a model under the likelihood `{name}`, not `{asked}`")))
}

impl<L: SavedLikelihood> SavedModel<L> {
    fn revive(self) -> Result<Model<Arc<dyn GaussianPrior>, L>> {
        let likelihood = self.likelihood.revived()?;
        Ok(Model { prior: self.prior.revive()?, likelihood })
    }
}

impl ExactPosterior {
    /// Writes the posterior to a file: its spec, the rows it was conditioned on, and its evidence.
    ///
    /// # Errors
    /// For noise known row by row (save the model and the data), when a part of the prior is not built in (a posterior used as a prior is not: save its spec and condition again on all
    /// rows, which gives the same posterior), or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        if self.noise_of_rows().each().is_some() {
            return Err(ModelError::Unsaved("a posterior whose noise is known row by row"));
        }
        let saved = SavedPosterior {
            model: SavedModel { prior: self.prior().saved()?, likelihood: self.noise() },
            data: self.data().clone(),
            method: self.method(),
            log_evidence: self.evidence().log.get(),
        };
        write(path.as_ref(), POSTERIOR, &saved)
    }

    /// Reads a posterior from a file: conditions again, and checks that the saved evidence comes out (to 1e-8 relative).
    ///
    /// # Errors
    /// For a file that is missing, foreign, of another version, damaged, or whose evidence does not come out again.
    pub fn load(path: impl AsRef<Path>) -> Result<ExactPosterior> {
        let path = path.as_ref();
        let saved: SavedPosterior = read(path, POSTERIOR)?;
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

pub(crate) fn damaged(path: &Path, reason: &str) -> ModelError {
    ModelError::File { path: path.to_owned(), reason: reason.to_owned() }
}

fn wrong_kind(path: &Path, found: u8, wanted: &str) -> ModelError {
    damaged(path, &format!("this file holds {}, not {wanted}", named(found)))
}

fn named(kind: u8) -> &'static str {
    match kind {
        POSTERIOR => "a posterior",
        GAUSSIAN_MODEL | OTHER_MODEL => "a model",
        TRAINING => "a checkpoint of training",
        _ => "something of a later release",
    }
}

/// FNV-1a over the payload: finds damage, not malice.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Writes a file beside the one that may be there, and puts it in its place: a full disk leaves what was.
pub(crate) fn write<T: Serialize>(path: &Path, kind: u8, value: &T) -> Result<()> {
    let payload = postcard::to_stdvec(value).map_err(|error| damaged(path, &error.to_string()))?;
    let mut bytes = MAGIC.to_vec();
    bytes.push(kind);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(checksum(&payload).to_le_bytes());
    bytes.extend(payload);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let beside = path.with_file_name(name);
    let written = fs::File::create(&beside).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    });
    written.map_err(|source| {
        let _ = fs::remove_file(&beside);
        ModelError::Io { path: path.to_owned(), source }
    })
}

/// Reads a file of one kind.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, kind: u8) -> Result<T> {
    let (found, payload) = contents(path)?;
    if found != kind {
        return Err(wrong_kind(path, found, named(kind)));
    }
    parse(path, &payload)
}

/// The kind of a file and its payload, after the checks of header, version and sum.
fn contents(path: &Path) -> Result<(u8, Vec<u8>)> {
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
    if rest[5..13] != checksum(payload).to_le_bytes() {
        return Err(damaged(path, "damaged: the checksum does not match"));
    }
    Ok((rest[0], payload.to_vec()))
}

fn unreadable(path: &Path, error: &postcard::Error) -> ModelError {
    damaged(path, &format!("damaged: {error}"))
}

fn parse<T: DeserializeOwned>(path: &Path, payload: &[u8]) -> Result<T> {
    // Whatever is left over shows that the payload is not of this kind: a posterior starts with its model.
    match postcard::take_from_bytes(payload) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(damaged(path, &format!("damaged: {} bytes too many", rest.len()))),
        Err(error) => Err(unreadable(path, &error)),
    }
}
