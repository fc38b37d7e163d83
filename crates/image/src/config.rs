//! The image config: what the container runs as, where it came from, what its layers unpack to.
//!
//! ```text
//! { "architecture": "arm64", "os": "linux", "variant": "v8",
//!   "config":  { "Entrypoint": ["/app"], "Env": ["A=1"], … }        how a container starts
//!   "rootfs":  { "diff_ids": ["sha256:…", "sha256:…"] }             one per layer, unpacked
//!   "history": [ { "created_by": "ADD …" },
//!                { "created_by": "ENV …", "empty_layer": true },    made no layer
//!                { "created_by": "COPY …" } ] }
//! ```
//!
//! The inner `config` is Docker's own struct, hence its capital letters. Source: OCI image-spec
//! v1.1 `config.md`, plus Docker's `Healthcheck`, which `docker save` writes into the same object.

use crate::json::{self, Object, Problem};
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
    /// Features the system must have (`win32k`).
    #[serde(
        rename = "os.features",
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
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

impl ImageConfig {
    /// Reads a config document field by field, so that a broken one costs no other.
    pub(crate) fn read(text: &[u8]) -> Result<(Self, Vec<Problem>), Problem> {
        let document = json::parse(text)?;
        let object = Object::root(&document.value)?;
        let mut problems: Vec<Problem> = Vec::new();
        if let Some(tolerated) = document.tolerated {
            problems.push(Problem { field: String::new(), reason: tolerated.to_owned() });
        }
        let out = &mut problems;
        let config = Self {
            architecture: object.get("architecture", out),
            os: object.get("os", out),
            variant: object.get("variant", out),
            os_version: object.get("os.version", out),
            os_features: object.get("os.features", out),
            created: object.get("created", out),
            config: object.object("config", out).map(|it| RunConfig::read(&it, out)).unwrap_or_default(),
            rootfs: object
                .object("rootfs", out)
                .map(|it| RootFs { diff_ids: it.get("diff_ids", out) })
                .unwrap_or_default(),
            history: object.objects("history", out).iter().map(|it| HistoryEntry::read(it, out)).collect(),
        };
        Ok((config, problems))
    }

    /// The build step behind each of `layers` layers: the history without its empty steps. `None`
    /// when the history tells of another number of layers, so that no step is pinned to a layer
    /// it did not make.
    #[must_use]
    pub fn steps(&self, layers: usize) -> Option<Vec<Option<&str>>> {
        let steps: Vec<Option<&str>> = self
            .history
            .iter()
            .filter(|entry| !entry.empty_layer)
            .map(|entry| entry.created_by.as_deref().filter(|text| !text.is_empty()))
            .collect();
        (steps.len() == layers).then_some(steps)
    }
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

impl RunConfig {
    fn read(object: &Object<'_>, out: &mut Vec<Problem>) -> Self {
        Self {
            user: object.get("User", out),
            exposed_ports: object.get("ExposedPorts", out),
            env: object.get("Env", out),
            entrypoint: object.get("Entrypoint", out),
            cmd: object.get("Cmd", out),
            volumes: object.get("Volumes", out),
            working_dir: object.get("WorkingDir", out),
            labels: object.get("Labels", out),
            stop_signal: object.get::<Option<String>>("StopSignal", out).filter(|text| !text.is_empty()),
            healthcheck: object.object("Healthcheck", out).map(|it| Healthcheck::read(&it, out)),
        }
    }
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

impl Healthcheck {
    fn read(object: &Object<'_>, out: &mut Vec<Problem>) -> Self {
        Self {
            test: object.get("Test", out),
            interval: object.get("Interval", out),
            timeout: object.get("Timeout", out),
            start_period: object.get("StartPeriod", out),
            start_interval: object.get("StartInterval", out),
            retries: object.get("Retries", out),
        }
    }
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

impl HistoryEntry {
    fn read(object: &Object<'_>, out: &mut Vec<Problem>) -> Self {
        Self {
            created_by: object.get("created_by", out),
            comment: object.get("comment", out),
            empty_layer: object.get("empty_layer", out),
        }
    }
}

/// Go's decoder reads `null` as the zero value everywhere; so do we.
fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_broken_field_costs_no_other() {
        let (config, problems) = ImageConfig::read(
            br#"{"os":"linux","architecture":5,"config":{"Env":["A=1"],"Cmd":"sh","User":null,
                "Healthcheck":{"Test":["CMD","x"],"Retries":"3"}},"rootfs":{"diff_ids":["d"]},
                "history":[{"created_by":"ADD"},7,{"empty_layer":true}]}"#,
        )
        .expect("JSON");
        assert_eq!((config.os.as_str(), config.architecture.as_str()), ("linux", ""));
        assert_eq!(config.config.env, ["A=1"]);
        assert_eq!(config.config.cmd, None);
        assert_eq!(config.config.healthcheck.map(|check| check.test.len()), Some(2));
        assert_eq!(config.rootfs.diff_ids, ["d"]);
        assert_eq!(config.history.len(), 2);
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["architecture", "config.Cmd", "config.Healthcheck.Retries", "history[1]"]);
    }

    #[test]
    fn nothing_at_all_is_an_empty_config() {
        for text in ["{}", r#"{"config":null,"rootfs":null,"history":null}"#] {
            assert_eq!(ImageConfig::read(text.as_bytes()), Ok((ImageConfig::default(), vec![])), "{text}");
        }
    }

    #[test]
    fn steps_are_the_history_without_empty_ones() {
        let entry = |text: &str, empty_layer| HistoryEntry {
            created_by: Some(text.to_owned()),
            empty_layer,
            ..HistoryEntry::default()
        };
        let config = ImageConfig {
            history: vec![entry("ADD", false), entry("ENV", true), entry("", false)],
            ..ImageConfig::default()
        };
        assert_eq!(config.steps(2), Some(vec![Some("ADD"), None]));
        assert_eq!(config.steps(3), None);
    }
}
