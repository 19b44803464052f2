//! Draws in ArviZ's layout: a zarr (version 2) directory with the groups `posterior` and `sample_stats`.

use std::fs;
use std::path::Path;

use ndarray::{ArrayView, ArrayViewD, Dimension};
use serde_json::{Map, Value, json};
use softbias_priors::net::Precision;

use super::Samples;
use crate::error::{ModelError, Result};

/// A directory store that is being written, with the metadata of all of it for one file at its root.
struct Store<'a> {
    root: &'a Path,
    metadata: Map<String, Value>,
}

impl Store<'_> {
    fn put(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let path = self.root.join(key);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, bytes));
        made.map_err(|source| ModelError::Io { path, source })
    }

    fn say(&mut self, key: String, what: Value) -> Result<()> {
        self.put(&key, format!("{what:#}").as_bytes())?;
        self.metadata.insert(key, what);
        Ok(())
    }

    fn group(&mut self, name: &str, attributes: Value) -> Result<()> {
        let within = |file: &str| if name.is_empty() { file.to_owned() } else { format!("{name}/{file}") };
        self.say(within(".zgroup"), json!({ "zarr_format": 2 }))?;
        self.say(within(".zattrs"), attributes)
    }

    /// One array of 8-byte or narrower numbers, a chunk for each index of its first axis.
    fn array<A: Copy>(
        &mut self,
        name: &str,
        dimensions: &[&str],
        values: &ArrayViewD<'_, A>,
        (dtype, fill): (&str, Value),
        bytes: impl Fn(A) -> Vec<u8>,
    ) -> Result<()> {
        let shape = values.shape().to_vec();
        let mut chunks = shape.clone();
        if shape.len() > 1 {
            chunks[0] = 1;
        }
        self.say(
            format!("{name}/.zarray"),
            json!({
                "chunks": chunks.iter().map(|c| (*c).max(1)).collect::<Vec<_>>(), "compressor": null, "dtype": dtype,
                "fill_value": fill, "filters": null, "order": "C", "shape": shape, "zarr_format": 2,
            }),
        )?;
        self.say(format!("{name}/.zattrs"), json!({ "_ARRAY_DIMENSIONS": dimensions }))?;
        if values.is_empty() {
            return Ok(());
        }
        if shape.len() == 1 {
            let all: Vec<u8> = values.iter().flat_map(|v| bytes(*v)).collect();
            return self.put(&format!("{name}/0"), &all);
        }
        for (k, part) in values.outer_iter().enumerate() {
            let all: Vec<u8> = part.iter().flat_map(|v| bytes(*v)).collect();
            self.put(&format!("{name}/{k}{}", ".0".repeat(shape.len() - 1)), &all)?;
        }
        Ok(())
    }

    fn floats<D: Dimension>(
        &mut self,
        name: &str,
        dimensions: &[&str],
        values: ArrayView<'_, f64, D>,
        single: bool,
    ) -> Result<()> {
        let values = values.into_dyn();
        let nan = Value::from("NaN");
        if single {
            let narrow = |v: f64| (v as f32).to_le_bytes().to_vec();
            return self.array(name, dimensions, &values, ("<f4", nan), narrow);
        }
        self.array(name, dimensions, &values, ("<f8", nan), |v: f64| v.to_le_bytes().to_vec())
    }

    fn places(&mut self, name: &str, dimension: &str, count: usize) -> Result<()> {
        let all: Vec<i64> = (0..count as i64).collect();
        let values = ArrayView::from(&all).into_dyn();
        self.array(name, &[dimension], &values, ("<i8", Value::Null), |v: i64| v.to_le_bytes().to_vec())
    }
}

impl<T: Precision> Samples<T> {
    /// Writes a zarr directory in the layout of ArviZ's `to_zarr`, which `xarray.open_datatree` and `arviz.from_zarr` read: `posterior/eps` (chain, draw, coordinate) and, in `sample_stats`, `potential`,
    /// `acceptance_rate`, `step_size` and `diverging` (chain, draw), uncompressed. Chains that ended early are filled up with NaN.
    ///
    /// # Errors
    /// When there is something of that name already, or it cannot be written.
    pub fn save_zarr(&self, path: impl AsRef<Path>) -> Result<()> {
        let root = path.as_ref();
        if root.exists() {
            let reason = "there is something of that name already: remove it first".to_owned();
            return Err(ModelError::File { path: root.to_owned(), reason });
        }
        let mut store = Store { root, metadata: Map::new() };
        store.group("", json!({}))?;
        let said = &self.said;
        let about = json!({
            "inference_library": "softbias", "inference_library_version": env!("CARGO_PKG_VERSION"), "sampler": said.sampler,
            "settings": said.describes, "temperature": said.temperature, "rows": said.rows, "batch": said.batch,
            "thin": said.thin, "tuning_steps": said.warmup,
        });
        for group in ["posterior", "sample_stats"] {
            store.group(group, about.clone())?;
            store.places(&format!("{group}/chain"), "chain", self.count())?;
            store.places(&format!("{group}/draw"), "draw", self.longest())?;
        }
        store.places("posterior/coordinate", "coordinate", self.dim())?;
        let single = T::NAME == "f32";
        store.floats("posterior/eps", &["chain", "draw", "coordinate"], self.array().view(), single)?;
        for (name, values) in self.statistics() {
            store.floats(&format!("sample_stats/{name}"), &["chain", "draw"], values.view(), false)?;
        }
        // a draw that was not made, in a chain that diverged
        let made = |c: usize, d: usize| d < self.chains[c].draws.len() || self.chains[c].diverged.is_none();
        let shape = (self.count(), self.longest());
        let lost = ndarray::Array2::from_shape_fn(shape, |(c, d)| !made(c, d)).into_dyn();
        let bits = |v: bool| vec![u8::from(v)];
        store.array(
            "sample_stats/diverging",
            &["chain", "draw"],
            &lost.view(),
            // (with a fill value, readers take whatever equals it for missing)
            ("|b1", Value::Null),
            bits,
        )?;
        let all = json!({ "zarr_consolidated_format": 1, "metadata": store.metadata });
        store.put(".zmetadata", format!("{all:#}").as_bytes())
    }
}
