//! The whole-image fixtures: a manifest, and the files it names.

use crate::read;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// `manifest.json` of a set of image fixtures.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    /// The fixtures, by name.
    pub fixtures: Vec<Fixture>,
}

/// One image file.
#[derive(Debug, Deserialize)]
pub struct Fixture {
    /// Its name, without ending.
    pub name: String,
    /// Where it is stored, relative to the manifest.
    pub stored: PathBuf,
    /// Whether it is xz-packed for storage.
    pub stored_xz: bool,
    /// Size in bytes, unpacked.
    pub size: u64,
    /// SHA-256 in hex, unpacked.
    pub sha256: String,
    /// `real` when the tool wrote it as it is, `hand-made` when it was assembled.
    pub origin: String,
    /// What it is there for.
    pub exercises: String,
    /// The images in it.
    pub images: Vec<serde_json::Value>,
    /// What the reference does with it, by setting.
    pub expected: BTreeMap<String, Outcome>,
}

/// What `soci convert --standalone` did with a fixture in one setting.
#[derive(Debug, Deserialize)]
pub struct Outcome {
    /// The whole outcome, relative to the manifest.
    pub file: PathBuf,
    /// Its exit status.
    pub exit: i32,
    /// SHA-256 of the output archive in hex, when there is one.
    pub output_sha256: Option<String>,
}

/// Reads the manifest of the set in `dir`.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn manifest(dir: &Path) -> Manifest {
    let path = dir.join("manifest.json");
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A fixture's bytes, unpacked and checked.
///
/// # Panics
/// When they cannot be read or are not those the manifest promises.
#[must_use]
pub fn bytes(dir: &Path, fixture: &Fixture) -> Vec<u8> {
    let path = dir.join(&fixture.stored);
    let bytes = if fixture.stored_xz {
        read(&path)
    } else {
        // The xz around some fixtures is what they are about.
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    assert_eq!(crate::sha256_hex(&bytes), fixture.sha256, "{}", path.display());
    bytes
}
