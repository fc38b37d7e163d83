//! An image as `sociscope convert` leaves it, and its bytes, to compare with.

use crate::{Scratch, tool};
use serde_json::Value;
use sha2::{Digest as _, Sha512};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read as _,
    path::{Path, PathBuf},
};

/// The tag under which images are converted and pushed.
pub const TAG: &str = "1.0-soci";

/// A converted image.
#[derive(Debug)]
pub struct Converted {
    /// The OCI archive.
    pub archive: PathBuf,
    /// What the command printed: the digest of the image index, or of the SOCI index alone.
    pub digest: String,
    /// Every blob in the archive, by digest.
    pub blobs: BTreeMap<String, Vec<u8>>,
}

impl Converted {
    /// Converts `image` with everything indexed, however small it is.
    ///
    /// # Errors
    /// What the command says when it refuses the image.
    ///
    /// # Panics
    /// When the command is not built, or what it prints is not in the archive.
    pub fn of(image: &Path, scratch: &Scratch) -> Result<Self, String> {
        Self::by(&["convert", "--tag", TAG], image, scratch)
    }

    /// As [`Converted::of`], with layers made anew where they get no index otherwise.
    ///
    /// # Errors
    /// As [`Converted::of`].
    ///
    /// # Panics
    /// As [`Converted::of`].
    pub fn made_gzip(image: &Path, scratch: &Scratch) -> Result<Self, String> {
        Self::by(&["convert", "--tag", TAG, "--recompress", "needed"], image, scratch)
    }

    /// The SOCI index of version 1 alone, for an image that stays as it is.
    ///
    /// # Errors
    /// As [`Converted::of`].
    ///
    /// # Panics
    /// As [`Converted::of`].
    pub fn index_v1(image: &Path, scratch: &Scratch) -> Result<Self, String> {
        Self::by(&["index", "--v1"], image, scratch)
    }

    fn by(verb: &[&str], image: &Path, scratch: &Scratch) -> Result<Self, String> {
        let archive = scratch.path("soci.oci.tar");
        let mut command = tool::sociscope();
        command.args(verb).arg(image).arg("--out").arg(&archive);
        command.args(["--min-layer-size", "0", "--span-size", "64KiB"]);
        let output = command.output().expect("the command runs");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let digest = String::from_utf8(output.stdout).expect("text").trim_end().to_owned();
        let mut blobs = BTreeMap::new();
        let mut index = Value::Null;
        let mut members = tar::Archive::new(File::open(&archive).expect("it was written"));
        for member in members.entries().expect("a tar") {
            let mut member = member.expect("a tar");
            let name = member.path().expect("a name").to_str().expect("text").to_owned();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).expect("data");
            if name == "index.json" {
                index = serde_json::from_slice(&bytes).expect("JSON");
            } else if let Some(name) =
                name.strip_prefix("blobs/").filter(|_| member.header().entry_type().is_file())
            {
                blobs.insert(name.replacen('/', ":", 1), bytes);
            }
        }
        assert_eq!(index["manifests"][0]["digest"], digest, "the printed digest is the archive's");
        Ok(Self { archive, digest, blobs })
    }

    /// How tools name the image in the archive: `FILE:TAG`.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("{}:{TAG}", self.archive.display())
    }

    /// The blobs below an OCI layout directory, by digest.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn blobs_of_layout(layout: &Path) -> BTreeMap<String, Vec<u8>> {
        let list = |dir: &Path| {
            let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
            entries.map(|entry| entry.expect("readable")).collect::<Vec<_>>()
        };
        let mut blobs = BTreeMap::new();
        for algorithm in list(&layout.join("blobs")) {
            for blob in list(&algorithm.path()) {
                let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
                let digest = format!("{}:{}", name(&algorithm), name(&blob));
                blobs.insert(digest, fs::read(blob.path()).expect("readable"));
            }
        }
        blobs
    }

    /// Unpacks the archive: the layout directory that some tools want.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn unpack(&self, into: &Path) {
        let mut members = tar::Archive::new(File::open(&self.archive).expect("it was written"));
        members.unpack(into).expect("our own archive can be unpacked");
    }
}

/// The digest of `bytes` by the algorithm that `like` names.
///
/// # Panics
/// When that is neither SHA-256 nor SHA-512.
#[must_use]
pub fn hash(like: &str, bytes: &[u8]) -> String {
    match like.split_once(':') {
        Some(("sha256", _)) => format!("sha256:{}", sociscope_golden::sha256_hex(bytes)),
        Some(("sha512", _)) => {
            let hex: String = Sha512::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("sha512:{hex}")
        }
        _ => panic!("{like:?} is no digest"),
    }
}
