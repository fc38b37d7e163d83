//! The image config: what the container runs as, where it came from, what its layers unpack to.
//!
//! Source: OCI image-spec v1.1 `config.md`, plus the Docker-only fields (`Healthcheck`, `Shell`,
//! `OnBuild`) that `docker save` writes into the same object.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An image config. Absent and `null` fields read as their empty value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    /// CPU architecture in Go's spelling (`amd64`, `arm64`, …); empty when unstated.
    #[serde(deserialize_with = "null_as_default")]
    pub architecture: String,
    /// Operating system in Go's spelling (`linux`, `windows`); empty when unstated.
    #[serde(deserialize_with = "null_as_default")]
    pub os: String,
    /// CPU variant (`v8`, `v7`), if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Windows build (`10.0.20348.…`), if any.
    #[serde(rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Creation time as written (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// What a container of this image runs.
    #[serde(deserialize_with = "null_as_default")]
    pub config: RunConfig,
    /// The uncompressed layers.
    #[serde(deserialize_with = "null_as_default")]
    pub rootfs: RootFs,
    /// One entry per build step, empty ones included.
    #[serde(deserialize_with = "null_as_default")]
    pub history: Vec<HistoryEntry>,
}

/// `config` of an image config. Names are Docker's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RunConfig {
    /// `user[:group]`, by name or number; empty = root.
    #[serde(deserialize_with = "null_as_default")]
    pub user: String,
    /// Keys such as `8080/tcp`; a missing protocol means tcp.
    #[serde(deserialize_with = "null_as_default")]
    pub exposed_ports: BTreeMap<String, serde_json::Value>,
    /// `NAME=value` strings.
    #[serde(deserialize_with = "null_as_default")]
    pub env: Vec<String>,
    /// Entrypoint, exec form; `None` when the image has none.
    pub entrypoint: Option<Vec<String>>,
    /// Default arguments; `None` when the image has none.
    pub cmd: Option<Vec<String>>,
    /// Declared volumes: absolute paths.
    #[serde(deserialize_with = "null_as_default")]
    pub volumes: BTreeMap<String, serde_json::Value>,
    /// Working directory; empty = `/`.
    #[serde(deserialize_with = "null_as_default")]
    pub working_dir: String,
    /// Labels.
    #[serde(deserialize_with = "null_as_default")]
    pub labels: BTreeMap<String, String>,
    /// Signal that asks the container to stop; `None` = SIGTERM.
    pub stop_signal: Option<String>,
    /// Docker health check.
    pub healthcheck: Option<Healthcheck>,
}

/// A Docker `HEALTHCHECK`. Durations are nanoseconds; 0 means "inherit the default".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `[]` inherit, `["NONE"]` disable, `["CMD", …]`, `["CMD-SHELL", script]`.
    #[serde(deserialize_with = "null_as_default")]
    pub test: Vec<String>,
    /// Nanoseconds between checks.
    #[serde(deserialize_with = "null_as_default")]
    pub interval: i64,
    /// Nanoseconds before one check counts as hung.
    #[serde(deserialize_with = "null_as_default")]
    pub timeout: i64,
    /// Nanoseconds after start during which failures do not count.
    #[serde(deserialize_with = "null_as_default")]
    pub start_period: i64,
    /// Nanoseconds between checks during the start period (Docker 25).
    #[serde(deserialize_with = "null_as_default")]
    pub start_interval: i64,
    /// Consecutive failures that make it unhealthy.
    #[serde(deserialize_with = "null_as_default")]
    pub retries: i64,
}

/// `rootfs` of an image config.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RootFs {
    /// Digests of the uncompressed layers, base first.
    #[serde(deserialize_with = "null_as_default")]
    pub diff_ids: Vec<String>,
}

/// One build step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryEntry {
    /// The command as recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// A comment, e.g. `buildkit.dockerfile.v0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Whether the step made no layer.
    #[serde(deserialize_with = "null_as_default")]
    pub empty_layer: bool,
}

/// Go's decoder reads `null` as the zero value everywhere; so do we.
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}
