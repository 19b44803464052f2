//! House rules that no compiler checks, held against the source tree itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

/// Crates that may be named in one place only, and that place.
const DOORS: &[(&str, &str)] = &[
    ("faer", "priors/src/math/linalg/"),
    ("ndarray_linalg", "priors/src/math/linalg/"),
    ("lax", "priors/src/math/linalg/"),
    ("rand", "priors/src/math/seed.rs"),
    ("rand_chacha", "priors/src/math/seed.rs"),
    ("rand_distr", "priors/src/math/seed.rs"),
    ("libm", "priors/src/math/special.rs"),
    ("pulp", "priors/src/math/simd/"),
    ("statrs", "priors/src/math/special.rs"),
    ("argmin", "models/src/optimize.rs"),
    ("argmin_math", "models/src/optimize.rs"),
    ("nuts_rs", "models/src/nuts.rs"),
    ("ndarray_npy", "models/src/npz.rs"),
    ("py_literal", "models/src/npz.rs"),
    ("zip", "models/src/npz.rs"),
    ("flate2", "models/src/data/gzip.rs"),
    ("constriction", "models/src/quantized/entropy.rs"),
    ("kuva", "src/report/draw.rs"),
];

const MOST_LINES: usize = 450;

/// A text file: its path from the root of the repository, with `/`, and what it says.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|ext| ext == "rs")
    }

    fn is_library(&self) -> bool {
        ["src/", "priors/src/", "models/src/"].iter().any(|of| self.path.starts_with(of))
    }

    /// Numbered lines of code: no comments, and nothing from the unit tests on, which close a file.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
        lines.enumerate().map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default()))
    }
}

fn walk(root: &Path, dir: &Path, found: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_text = ["rs", "toml", "md"].iter().any(|ext| path.extension().is_some_and(|e| e == *ext));
        if path.is_dir() {
            if name == ".ci" || !(name.starts_with('.') || name == "target" || name == "out") {
                walk(root, &path, found);
            }
        } else if is_text || dir.file_name().is_some_and(|name| name == ".ci") {
            let inside = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            found.push(Source { path: inside, text: std::fs::read_to_string(&path).unwrap() });
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    walk(root, root, &mut found);
    assert!(found.iter().filter(|s| s.is_library()).count() > 50, "the walk lost its way");
    found
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a line of code names the crate: `name::…`, or `use name` with no path behind it.
fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + name.len()..]);
        let begins = !before.ends_with(|c| is_name(c) || c == ':');
        let used = before.trim_end().ends_with("use") && !after.starts_with(is_name);
        begins && (after.starts_with("::") || used)
    })
}

fn none(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

#[test]
fn libraries_behind_one_door_each() {
    let mut broken = Vec::new();
    // (programs beside peers are crates of their own)
    let own = |s: &&Source| s.is_rust() && !s.path.starts_with("benches/peers/");
    for source in sources().iter().filter(own) {
        for (number, line) in source.code() {
            for (name, door) in DOORS {
                if names_crate(line, name) && !source.path.starts_with(door) {
                    broken.push(format!("{}:{number}: `{name}` belongs in {door}", source.path));
                }
            }
        }
    }
    none("a library is named outside its one place", &broken);
    let uses =
        |name: &str| [format!("use {name}::Mat;"), format!("pub use {name};"), format!("{name}::go()")];
    assert!(uses("rand").iter().all(|line| names_crate(line, "rand")));
    let others = uses("softbias_rand").into_iter().chain(uses("random"));
    assert!(!others.chain(["let rand = x;".to_owned()]).any(|line| names_crate(&line, "rand")));
}

#[test]
fn every_file_says_its_subject_first() {
    let all = sources();
    let silent = all.iter().filter(|s| s.is_rust() && !s.text.starts_with("//! "));
    none("the first line is not `//! …`", &silent.map(|s| s.path.clone()).collect::<Vec<_>>());
}

#[test]
fn no_file_is_long() {
    let all = sources();
    let long = all.iter().filter(|s| s.is_rust() && s.text.lines().count() > MOST_LINES);
    let list = long.map(|s| format!("{}: {} lines", s.path, s.text.lines().count())).collect::<Vec<_>>();
    none(&format!("more than {MOST_LINES} lines: split by subject"), &list);
}

#[test]
fn libraries_return_errors_instead_of_panicking() {
    const FORBIDDEN: [&str; 8] = [
        ".unwrap()",
        ".expect(",
        ".unwrap_err()",
        "panic!(",
        "todo!(",
        "unimplemented!(",
        "unreachable!(",
        "dbg!(",
    ];
    let mut broken = Vec::new();
    for source in sources().iter().filter(|s| s.is_rust() && s.is_library()) {
        for (number, line) in source.code() {
            broken.extend(
                FORBIDDEN
                    .iter()
                    .filter(|call| line.contains(*call))
                    .map(|call| format!("{}:{number}: {call}", source.path)),
            );
        }
    }
    none("a library may panic here", &broken);
}

/// That labels were *seen* a ledger may say (`Saw::Labels`); nothing there takes, holds or returns one.
#[test]
fn priors_know_no_labels() {
    const KEYWORDS: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod"];
    let mut broken = Vec::new();
    for source in sources().iter().filter(|s| s.is_rust() && s.path.starts_with("priors/src/")) {
        for (number, line) in source.code() {
            let words: Vec<&str> = line.split(|c| !is_name(c)).filter(|word| !word.is_empty()).collect();
            let declared = words.windows(2).filter(|pair| KEYWORDS.contains(&pair[0])).map(|pair| pair[1]);
            let field = line.trim().strip_prefix("pub ").and_then(|rest| rest.split_once(':'));
            let names = declared.chain(field.map(|(name, _)| name));
            let named = names.filter(|name| name.to_lowercase().contains("label"));
            broken.extend(named.map(|name| format!("{}:{number}: {name}", source.path)));
        }
    }
    none("a name in priors speaks of labels", &broken);
}

#[test]
fn no_path_of_one_machine() {
    let places = ["home", "root", "tmp", "Users", "work", "mnt"].map(|place| format!("/{place}/"));
    let mut broken = Vec::new();
    for source in sources() {
        for (number, line) in source.text.lines().enumerate() {
            let absolute = |place: &String| {
                line.match_indices(place.as_str())
                    .any(|(at, _)| !line[..at].ends_with(|c| is_name(c) || ".}~*)".contains(c)))
            };
            broken.extend(
                places
                    .iter()
                    .filter(|p| absolute(p))
                    .map(|p| format!("{}:{}: {p}…", source.path, number + 1)),
            );
        }
    }
    none("an absolute path", &broken);
}
