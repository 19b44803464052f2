//! Draws on disk: npz, and zarr in ArviZ's layout.

use softbias_models::langevin::read_npz;
use softbias_models::{ModelError, Sgld};

use crate::runs::{curve, scratch};
use crate::targets::Normal;

#[test]
fn npz_holds_what_was_drawn() {
    let dir = scratch("npz");
    let wide = Sgld::step(0.1).chains(2).warmup(5).draws(7).sample(&Normal::flat(3)).unwrap();
    wide.save_npz(dir.join("wide.npz")).unwrap();
    let (eps, potential) = read_npz(dir.join("wide.npz")).unwrap();
    assert_eq!(eps, wide.array());
    assert_eq!((eps.dim(), potential[[1, 4]]), ((2, 7, 3), wide.potential()[1][4]));
    let narrow = Sgld::step(1e-4).chains(2).warmup(5).draws(7).sample(&curve(4)).unwrap();
    narrow.save_npz(dir.join("narrow.npz")).unwrap();
    assert_eq!(read_npz(dir.join("narrow.npz")).unwrap().0, narrow.array());
    let sizes =
        ["wide", "narrow"].map(|name| std::fs::metadata(dir.join(format!("{name}.npz"))).unwrap().len());
    assert!(sizes[1] < 4 * 7 * 2 * 33 + 3000, "{sizes:?}");
    assert!(matches!(wide.save_npz(dir.join("no/where")).unwrap_err(), ModelError::Io { .. }));
    std::fs::write(dir.join("bad"), b"nothing").unwrap();
    assert!(matches!(read_npz(dir.join("bad")).unwrap_err(), ModelError::File { .. }));
}

#[test]
fn zarr_has_the_layout_of_arviz() {
    let root = scratch("zarr").join("run.zarr");
    let samples = Sgld::step(0.1).chains(2).warmup(5).draws(7).sample(&Normal::flat(3)).unwrap();
    samples.save_zarr(&root).unwrap();
    let json = |file: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(root.join(file)).unwrap()).unwrap()
    };
    assert_eq!(json(".zgroup")["zarr_format"], 2);
    let array = json("posterior/eps/.zarray");
    assert_eq!(array["shape"], serde_json::json!([2, 7, 3]));
    assert_eq!(array["chunks"], serde_json::json!([1, 7, 3]));
    assert_eq!((&array["dtype"], &array["compressor"]), (&"<f8".into(), &serde_json::Value::Null));
    let names = serde_json::json!(["chain", "draw", "coordinate"]);
    assert_eq!(json("posterior/eps/.zattrs")["_ARRAY_DIMENSIONS"], names);
    assert_eq!(json("posterior/.zattrs")["temperature"], 1.0);
    let bytes = std::fs::read(root.join("posterior/eps/1.0.0")).unwrap();
    let values: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    assert_eq!(values, samples.chain(1).concat());
    for file in
        ["posterior/chain/0", "sample_stats/potential/0.0", "sample_stats/diverging/1.0", ".zmetadata"]
    {
        assert!(root.join(file).is_file(), "{file}");
    }
    assert_eq!(json(".zmetadata")["metadata"]["posterior/eps/.zarray"], array);
    assert_eq!(json("sample_stats/diverging/.zarray")["fill_value"], serde_json::Value::Null);
    assert_eq!(std::fs::read(root.join("sample_stats/diverging/0.0")).unwrap(), [0; 7]);
    assert!(matches!(samples.save_zarr(&root).unwrap_err(), ModelError::File { .. }));
}

/// Writes one for a reader in Python (`benches/peers/arviz_check.py`): `SOFTBIAS_EXPORT=<directory> cargo test --test langevin -- --ignored`.
#[test]
#[ignore = "writes files for a reader in Python"]
fn for_a_reader_in_python() {
    let dir = std::path::PathBuf::from(std::env::var_os("SOFTBIAS_EXPORT").unwrap());
    let samples = Sgld::step(0.1).chains(4).warmup(50).draws(1000).sample(&Normal::flat(3)).unwrap();
    samples.save_npz(dir.join("run.npz")).unwrap();
    samples.save_zarr(dir.join("run.zarr")).unwrap();
    let mixing = samples.mixing(0);
    std::fs::write(dir.join("mixing"), format!("{} {} {}", mixing.r_hat, mixing.bulk, mixing.tail)).unwrap();
}
