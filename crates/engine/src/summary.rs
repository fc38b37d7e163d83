//! Plain data about one layer: what is asked of a worker, and what it answers.
//!
//! Everything here is serde: a [`LayerTask`] goes to a worker as a message, a [`LayerSummary`]
//! comes back, and the summary stands in the report as it is.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Failure, verify::Unusability};

/// Number of a distinct layer within one [`Analysis`](crate::Analysis): counted from 0 in the
/// order of first appearance. Two images that share a blob share its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LayerId(pub u32);

/// What is done with the bytes of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TaskCompression {
    /// A gzip stream around a tar: a zTOC is built.
    Gzip,
    /// A bare tar: a zTOC is built.
    Uncompressed,
    /// Nothing SOCI could index (zstd, unknown): only the digest is checked.
    HashOnly,
}

/// One layer to be read, from `offset` for `len` bytes of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerTask {
    /// Which layer.
    pub id: LayerId,
    /// Where its stored bytes begin in the archive.
    pub offset: u64,
    /// How many stored bytes there are.
    pub len: u64,
    /// What to do with them.
    pub compression: TaskCompression,
    /// Bytes of uncompressed data per span (`--span-size`); 0 = a checkpoint at every block.
    pub span_size: u64,
    /// Digest of the stored bytes according to the manifest.
    pub expected_digest: Option<String>,
    /// Digest of the uncompressed bytes according to the config. Checked where it costs nothing:
    /// in uncompressed layers.
    pub expected_diff_id: Option<String>,
    /// The shell hashes spans itself (WebCrypto); see
    /// [`LayerJob::take_closed_spans`](crate::LayerJob::take_closed_spans).
    pub digests_elsewhere: bool,
    /// Paths to look for, as [`soci::prefetch::path`](crate::soci::prefetch::path) cleans them: the
    /// summary says which spans hold them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefetch: Vec<String>,
    /// Whether this job hashes the stored bytes. Off only in one half of [`split`](Self::split).
    #[serde(default = "yes")]
    pub hash_stored: bool,
}

fn yes() -> bool {
    true
}

impl LayerTask {
    /// Splits the work for two workers: one builds, the other only hashes. Their summaries are
    /// put together by [`LayerSummary::join_hash`]. In WebAssembly, where SHA-256 is a third of
    /// the work, one big layer is done sooner this way.
    #[must_use]
    pub fn split(&self) -> (Self, Self) {
        let build = Self { hash_stored: false, ..self.clone() };
        let hash = Self { compression: TaskCompression::HashOnly, digests_elsewhere: false, ..self.clone() };
        (build, hash)
    }
}

/// What one layer turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LayerSummary {
    /// Which layer.
    pub id: LayerId,
    /// Stored bytes read; less than the layer's size only when it failed early.
    pub bytes_read: u64,
    /// Digest of the stored bytes as found, `sha256:` + 64 hex digits.
    pub digest: Option<String>,
    /// Whether it equals the one in the manifest; absent when there was nothing to compare.
    pub digest_matches: Option<bool>,
    /// Digest of the uncompressed bytes, where it was computed.
    pub diff_id: Option<String>,
    /// Whether it equals the one in the config; absent when there was nothing to compare.
    pub diff_id_matches: Option<bool>,
    /// Bytes after decompression; absent when the layer was only hashed.
    pub uncompressed_size: Option<u64>,
    /// Tar entries of every kind.
    pub entries: Option<u64>,
    /// Regular files among them.
    pub files: Option<u64>,
    /// Span size the zTOC was built with.
    pub span_size: Option<u64>,
    /// Spans of the zTOC.
    pub spans: Option<u64>,
    /// Deflate blocks by kind; absent for uncompressed layers.
    pub blocks: Option<BlockCounts>,
    /// The zTOC, when one was built and passed its self-check.
    pub ztoc: Option<ZtocSummary>,
    /// What the snapshotter would refuse about the zTOC, or fail on; absent when it is of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unusable: Option<Unusability>,
    /// Which spans, first and last, hold the files asked for; `null` where the layer does not have
    /// one. Absent when nothing was asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prefetch: BTreeMap<String, Option<(u32, u32)>>,
    /// Why there is no zTOC, or why the layer must not be trusted.
    pub error: Option<Failure>,
}

impl LayerSummary {
    /// A summary of which nothing is known yet.
    #[must_use]
    pub fn empty(id: LayerId) -> Self {
        Self {
            id,
            bytes_read: 0,
            digest: None,
            digest_matches: None,
            diff_id: None,
            diff_id_matches: None,
            uncompressed_size: None,
            entries: None,
            files: None,
            span_size: None,
            spans: None,
            blocks: None,
            ztoc: None,
            unusable: None,
            prefetch: BTreeMap::new(),
            error: None,
        }
    }

    /// Adds what the hashing half of a [split](LayerTask::split) task found.
    ///
    /// A mismatch found there takes the place of an error of the building half: wrong bytes are
    /// the better explanation of a stream that does not decode.
    pub fn join_hash(&mut self, hash: &Self) {
        self.digest.clone_from(&hash.digest);
        self.digest_matches = hash.digest_matches;
        if self.diff_id.is_none() {
            self.diff_id.clone_from(&hash.diff_id);
            self.diff_id_matches = hash.diff_id_matches;
        }
        if hash.error.is_some() {
            self.error.clone_from(&hash.error);
            self.ztoc = None;
        }
    }
}

/// The zTOC of a layer: a blob of its own in the SOCI archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZtocSummary {
    /// Its digest, `sha256:` + 64 hex digits.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// Whether nothing in the layer has extended attributes, so that `--optimizations xattr` may
    /// switch them off.
    pub no_xattrs: bool,
}

/// Deflate blocks by kind (RFC 1951 §3.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockCounts {
    /// Not compressed.
    pub stored: u64,
    /// Fixed Huffman codes.
    pub fixed: u64,
    /// Huffman codes of its own.
    pub dynamic: u64,
}

impl BlockCounts {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.stored.saturating_add(self.fixed).saturating_add(self.dynamic)
    }
}
