//! Content addresses: `sha256:` + 64 hex digits, and the check that bytes live up to theirs.
//!
//! Source: OCI image-spec v1.1 `descriptor.md`, "Digests". Only the two registered algorithms
//! that the spec requires or allows by name are known: SHA-256 and SHA-512.

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest as _, Sha256, Sha512};
use std::{fmt, str::FromStr};

/// A digest algorithm.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// `sha256`, what every tool writes.
    Sha256,
    /// `sha512`, allowed by the spec and seen in the wild only rarely.
    Sha512,
}

impl Algorithm {
    /// The name in front of the colon, also the folder below `blobs/`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Hex digits of a digest.
    #[must_use]
    pub const fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }

    fn by_name(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Sha512].into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A valid digest: a known algorithm, a colon, the right number of lower-case hex digits.
///
/// Being valid is what makes it safe as part of a path: nothing in it can climb out of `blobs/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The SHA-256 digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_bytes(Sha256::digest(bytes).into())
    }

    /// The digest whose 32 raw bytes are known.
    #[must_use]
    pub fn from_bytes(sha256: [u8; 32]) -> Self {
        Self::from_raw(Algorithm::Sha256, &sha256)
    }

    fn from_raw(algorithm: Algorithm, raw: &[u8]) -> Self {
        const HEX: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
        let mut text = String::with_capacity(algorithm.name().len() + 1 + raw.len() * 2);
        text.push_str(algorithm.name());
        text.push(':');
        for byte in raw {
            text.push(HEX[usize::from(byte >> 4)]);
            text.push(HEX[usize::from(byte & 15)]);
        }
        Self(text)
    }

    /// The whole digest, `sha256:…`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        if self.0.starts_with("sha512") { Algorithm::Sha512 } else { Algorithm::Sha256 }
    }

    /// The hex digits after the colon: 64, or 128 for SHA-512.
    #[must_use]
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// The first 12 hex digits, as people quote digests.
    #[must_use]
    pub fn short(&self) -> &str {
        self.hex().get(..12).unwrap_or_default()
    }

    /// Where an OCI layout keeps the blob: `blobs/sha256/<hex>`.
    #[must_use]
    pub fn blob_path(&self) -> String {
        format!("blobs/{}/{}", self.algorithm().name(), self.hex())
    }

    /// The digest a member of an OCI layout is stored under, when its path is a blob's.
    #[must_use]
    pub fn from_blob_path(path: &str) -> Option<Self> {
        let (algorithm, hex) = path.strip_prefix("blobs/")?.split_once('/')?;
        format!("{algorithm}:{hex}").parse().ok()
    }

    /// Whether `bytes` have this digest.
    #[must_use]
    pub fn matches(&self, bytes: &[u8]) -> bool {
        let mut check = DigestCheck::new(Some(self), None);
        check.update(bytes);
        check.finish().matches
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Digest {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Why a text is no digest.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// No colon.
    #[error("a digest is written algorithm:hex")]
    Form,
    /// Neither `sha256` nor `sha512`.
    #[error("only sha256 and sha512 digests are supported")]
    Algorithm,
    /// Not the right number of lower-case hex digits.
    #[error("a digest ends in {} lower-case hex digits", .0.hex_len())]
    Hex(Algorithm),
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (algorithm, hex) = text.split_once(':').ok_or(DigestError::Form)?;
        let algorithm = Algorithm::by_name(algorithm).ok_or(DigestError::Algorithm)?;
        let lower_hex = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if hex.len() != algorithm.hex_len() || !lower_hex {
            return Err(DigestError::Hex(algorithm));
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Checks a stream against the digest and size its descriptor promises.
///
/// ```
/// use sociscope_image::{Digest, DigestCheck};
///
/// let promised = Digest::of(b"layer");
/// let mut check = DigestCheck::new(Some(&promised), Some(5));
/// check.update(b"la");
/// check.update(b"yer");
/// assert!(check.finish().matches);
/// ```
#[derive(Clone, Debug)]
pub struct DigestCheck {
    expected: Option<Digest>,
    expected_size: Option<u64>,
    hasher: Hasher,
    size: u64,
}

#[derive(Clone, Debug)]
enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl DigestCheck {
    /// A check against what is promised; with `None` it only finds out (by SHA-256).
    #[must_use]
    pub fn new(expected: Option<&Digest>, expected_size: Option<u64>) -> Self {
        let hasher = match expected.map_or(Algorithm::Sha256, Digest::algorithm) {
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        };
        Self { expected: expected.cloned(), expected_size, hasher, size: 0 }
    }

    /// The next bytes, in any slicing.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Sha512(hasher) => hasher.update(bytes),
        }
        self.size = self.size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// Bytes seen so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The end of the stream: what was found, and whether it is what was promised.
    pub fn finish(self) -> DigestOutcome {
        let found = match self.hasher {
            Hasher::Sha256(hasher) => Digest::from_raw(Algorithm::Sha256, &hasher.finalize()),
            Hasher::Sha512(hasher) => Digest::from_raw(Algorithm::Sha512, &hasher.finalize()),
        };
        let digest_matches = self.expected.as_ref().is_none_or(|expected| *expected == found);
        let size_matches = self.expected_size.is_none_or(|expected| expected == self.size);
        DigestOutcome {
            matches: digest_matches && size_matches,
            expected: self.expected,
            found,
            expected_size: self.expected_size,
            size: self.size,
        }
    }
}

/// What a [`DigestCheck`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct DigestOutcome {
    /// Digest and size are the promised ones (what was not promised cannot differ).
    pub matches: bool,
    /// The promised digest.
    pub expected: Option<Digest>,
    /// The digest of the bytes seen.
    pub found: Digest,
    /// The promised size in bytes.
    pub expected_size: Option<u64>,
    /// Bytes seen.
    pub size: u64,
}
