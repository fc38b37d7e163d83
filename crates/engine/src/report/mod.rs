//! `sociscope.report/1`: everything known about a file, for people's tools.
//!
//! ```text
//!  Report ─┬─ tool, file, options, verdict
//!          ├─ images[] ─┬─ platform, digests, verdict
//!          │            └─ layers[] ── size, status, reason, scan (what reading it showed)
//!          ├─ findings[]
//!          └─ conversion ── the digest to expect in the registry, sizes, per-platform digests
//! ```
//!
//! The JSON Schema is committed next to this crate's manifest (`report.schema.json`); a test
//! compares it with these types and validates real reports against it. Within version 1, fields
//! may be added but neither removed nor changed. Sizes are bytes; digests are `sha256:` + 64 hex
//! digits. There is nothing in it that differs from run to run: no time, no path, no speed.

mod build;
mod status;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Culprit, Failure, Finding, LayerId, LayerSummary, Verdict};

pub(crate) use build::{build, soci_facts};

/// The report's name and version.
pub const SCHEMA: &str = "sociscope.report/1";

/// Everything known about one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// What wrote it.
    pub tool: Tool,
    /// The file.
    pub file: File,
    /// The choices it was made with.
    pub options: ReportOptions,
    /// The answer for everything that is converted.
    pub verdict: Verdict,
    /// What the file holds that can be converted; one of them is.
    #[serde(default)]
    pub subjects: Vec<Subject>,
    /// What is in the file, in its own order.
    pub images: Vec<ImageReport>,
    /// What is worth knowing, the gravest first.
    pub findings: Vec<Finding>,
    /// What the SOCI archive will be; absent while, or because, there is none.
    pub conversion: Option<Conversion>,
}

/// What wrote the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `sociscope`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The analysed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// Its name, without a directory.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it is.
    pub format: ArchiveFormat,
}

/// How an archive is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ArchiveFormat {
    /// A tar of an OCI image layout.
    OciArchive,
    /// `docker save` before version 25.
    DockerArchive,
    /// No archive: one layer.
    Layer,
}

impl ArchiveFormat {
    /// In words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::OciArchive => "OCI archive",
            Self::DockerArchive => "docker-archive",
            Self::Layer => "layer",
        }
    }
}

/// The choices in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportOptions {
    /// Bytes of uncompressed data per span.
    pub span_size: u64,
    /// Smallest layer to index, stored bytes.
    pub min_layer_size: u64,
    /// Platforms as asked for, in that order; absent = all.
    pub platforms: Option<Vec<String>>,
    /// Whether layers without extended attributes are marked.
    pub optimize_xattrs: bool,
    /// Which of [`Report::subjects`] is converted; absent = all of the file, or the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<usize>,
    /// Whether annotations and attestation links are kept that soci loses.
    #[serde(default)]
    pub keep_annotations: bool,
    /// The tag in the archive's `index.json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Whether layers are indexed that the snapshotter will refuse.
    #[serde(default)]
    pub keep_unusable: bool,
    /// Files to prefetch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefetch: Vec<String>,
}

/// One image that can be converted, for one platform or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// Names and tags the file gives it.
    pub names: Vec<String>,
    /// Its images, one per platform: indexes into [`Report::images`].
    pub images: Vec<usize>,
}

/// One manifest of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImageReport {
    /// Names and tags the file gives it.
    pub names: Vec<String>,
    /// What it is.
    pub kind: ImageKind,
    /// What it runs on.
    pub platform: Platform,
    /// Whether it is converted under the present options.
    pub selected: bool,
    /// Digest of its manifest in the file; absent in docker-archives.
    pub manifest: Option<String>,
    /// Digest of its manifest in the SOCI archive; absent when it gets no index.
    pub new_manifest: Option<String>,
    /// Digest of its SOCI index.
    pub soci_index: Option<String>,
    /// The answer for this image alone.
    pub verdict: Verdict,
    /// Its layers, the base first.
    pub layers: Vec<LayerReport>,
}

/// What a manifest describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ImageKind {
    /// A container image.
    Image,
    /// Build provenance or a bill of materials that accompanies an image.
    Attestation,
    /// A SOCI index made earlier.
    SociIndex,
    /// Something else.
    Other,
}

/// What an image runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Platform {
    /// `os/architecture[/variant]`.
    pub name: String,
    /// Operating system, Go's spelling.
    pub os: String,
    /// CPU architecture, Go's spelling.
    pub architecture: String,
    /// CPU variant.
    pub variant: Option<String>,
    /// Windows build.
    pub os_version: Option<String>,
}

/// How a layer fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LayerStatus {
    /// Not read yet.
    Pending,
    /// It has a zTOC in the SOCI archive.
    Indexed,
    /// It could have one, but its image is not converted.
    Indexable,
    /// Below the minimum layer size: pulling it whole is cheaper.
    NotNeeded,
    /// SOCI cannot index what it is; it is pulled whole.
    NotIndexed,
    /// Broken: not what the manifest says, or not readable.
    Failed,
    /// Its bytes are not in the file.
    Missing,
}

impl LayerStatus {
    /// In words, for a table.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Pending => "not read",
            Self::Indexed => "indexed",
            Self::Indexable => "could be indexed",
            Self::NotNeeded => "not needed",
            Self::NotIndexed => "not indexed",
            Self::Failed => "broken",
            Self::Missing => "missing",
        }
    }
}

/// One layer of one image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LayerReport {
    /// Number of the distinct layer; equal where blobs are shared.
    pub id: LayerId,
    /// 1 = base.
    pub position: u32,
    /// The build step that made it.
    pub created_by: Option<String>,
    /// Media type as the manifest states it; in docker-archives, what its bytes amount to.
    pub media_type: String,
    /// `gzip`, `none`, `zstd`, or what the media type calls it.
    pub compression: String,
    /// Digest of the stored bytes according to the manifest.
    pub digest: Option<String>,
    /// Digest of the uncompressed bytes according to the config.
    pub diff_id: Option<String>,
    /// Stored bytes.
    pub size: u64,
    /// What it was made of, when it was compressed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_from: Option<MadeFrom>,
    /// How it fares.
    pub status: LayerStatus,
    /// Why, in one sentence; absent when there is nothing to explain.
    pub reason: Option<String>,
    /// What reading it showed; absent until it was read.
    pub scan: Option<LayerSummary>,
}

/// The stored layer that a layer made here stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MadeFrom {
    /// Number of the stored layer.
    pub id: LayerId,
    /// `gzip`, `none` or `zstd`.
    pub compression: String,
    /// Digest of the stored bytes; absent in docker-archives.
    pub digest: Option<String>,
    /// Stored bytes.
    pub size: u64,
}

impl LayerReport {
    /// What the snapshotter would refuse about its zTOC.
    #[must_use]
    pub fn unusable(&self) -> Option<&crate::verify::Unusability> {
        self.scan.as_ref()?.unusable.as_ref()
    }

    /// What went wrong with it.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.scan.as_ref()?.error.as_ref()
    }
}

/// What the SOCI archive will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Conversion {
    /// Digest of the new image index: what a registry will call the pushed image.
    pub image_index: String,
    /// Size of the archive in bytes.
    pub archive_size: u64,
    /// Bytes taken over from the file.
    pub copied_bytes: u64,
    /// Bytes that are new: zTOCs, manifests, tar headers.
    pub new_bytes: u64,
    /// What was done for it that soci would not have done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Files to prefetch that no indexed layer has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_prefetched: Vec<String>,
    /// Number of distinct zTOCs.
    pub ztocs: u64,
    /// Bytes of distinct zTOCs.
    pub ztoc_bytes: u64,
    /// The SOCI indexes, in their order in the image index.
    pub soci_indexes: Vec<SociIndex>,
}

/// Something that was done which soci would not have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// The kind of thing; never changes.
    pub id: String,
    /// What and why, in one sentence.
    pub sentence: String,
}

/// The SOCI index of one platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SociIndex {
    /// `os/architecture[/variant]` as asked for.
    pub platform: String,
    /// Digest of the SOCI index manifest.
    pub digest: String,
    /// Digest of the rewritten image manifest that names it; absent where another platform with the
    /// same manifest has that place.
    pub manifest: Option<String>,
}

impl Report {
    /// The subject that was chosen, if one was.
    #[must_use]
    pub fn chosen(&self) -> Option<&Subject> {
        self.subjects.get(self.options.subject?)
    }

    /// The layer with this id, wherever it first appears.
    #[must_use]
    pub fn layer(&self, id: LayerId) -> Option<&LayerReport> {
        self.images.iter().flat_map(|image| &image.layers).find(|layer| layer.id == id)
    }

    /// Whether anything in the file is not what it should be. A file that merely cannot be
    /// converted is not broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        let broken_layer = |layer: &LayerReport| layer.status == LayerStatus::Failed;
        let failure = self.verdict.failure.as_ref();
        failure.is_some_and(|failure| failure.culprit != Culprit::Unsupported)
            || self.images.iter().flat_map(|image| &image.layers).any(broken_layer)
            || self.findings.iter().any(|finding| finding.id == "archive-error")
    }

    /// The report as JSON: two-space indentation, a newline at the end, the same every time.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists cannot fail to serialise.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The JSON Schema of [`Report`], as committed in `report.schema.json`.
#[must_use]
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Report)).unwrap_or_default();
    text.push('\n');
    text
}
