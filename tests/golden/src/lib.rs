//! Where the golden files are and how to open them.
//!
//! Two sets exist. The **subset** lies in `tests/fixtures` and travels with the repository, so a
//! plain `cargo test` proves the main claims anywhere. The **full set** (393 layer vectors, 165
//! whole images) lies in `../shared` beside the checkout; tests that need it are `#[ignore]`d and
//! run by `cargo xtask test --full`, which fails when the set is missing.
#![forbid(unsafe_code)]

pub mod images;

use sha2::{Digest, Sha256};
use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

/// The workspace root.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The subset that travels with the repository.
#[must_use]
pub fn fixtures() -> PathBuf {
    workspace().join("tests/fixtures")
}

/// The full set: `$SOCISCOPE_SHARED`, else `../shared` beside the checkout.
///
/// # Panics
/// When it is not there. The tests that call this were asked for by name; passing without the
/// files would be a lie.
#[must_use]
pub fn shared() -> PathBuf {
    let dir =
        std::env::var_os("SOCISCOPE_SHARED").map_or_else(|| workspace().join("../shared"), PathBuf::from);
    assert!(
        dir.join("golden/manifest.json").is_file(),
        "the full golden set is not at {}; set SOCISCOPE_SHARED",
        dir.display()
    );
    dir
}

/// Reads a file; a name ending in `.xz` is unpacked.
///
/// # Panics
/// When it cannot be read or is not valid xz.
#[must_use]
pub fn read(path: &Path) -> Vec<u8> {
    let raw = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.extension().is_some_and(|ext| ext == "xz") {
        unxz(&raw).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    } else {
        raw
    }
}

/// Unpacks an xz stream.
///
/// # Errors
/// The decoder's message.
pub fn unxz(packed: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    lzma_rs::xz_decompress(&mut Cursor::new(packed), &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

/// Lower-case hex of the SHA-256 of `bytes`.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
