//! The request body of `RegisterTaskDefinition`, typed: the task's own members.
//!
//! Members are in the order a reader wants them, which is the order they are written in. Each
//! object keeps members it does not know in `other`, in the order they came, so that reading a
//! definition and writing it again loses nothing. Values of the wrong type do not read at all;
//! [`check`](crate::check) works on plain JSON and explains those.
//!
//! Source: the ECS service model, version 2014-11-13 as of botocore 1.44.

use crate::container::ContainerDefinition;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Members this model has no field for, as they came.
pub type Other = Map<String, Value>;

/// A task definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskDefinition {
    /// Name shared by all revisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Where it can run; must hold `FARGATE` to be validated for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requires_compatibilities: Option<Vec<String>>,
    /// `awsvpc` on Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_mode: Option<String>,
    /// Operating system and processor architecture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime_platform: Option<RuntimePlatform>,
    /// CPU units of the task, as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// MiB of the task, as a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// Storage beyond the 20 GiB that come at no charge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage: Option<EphemeralStorage>,
    /// The role Fargate acts under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_role_arn: Option<String>,
    /// The role the containers act under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_role_arn: Option<String>,
    /// The containers, 1–10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_definitions: Option<Vec<ContainerDefinition>>,
    /// Volumes that containers mount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volumes: Option<Vec<Volume>>,
    /// `task` on Fargate, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid_mode: Option<String>,
    /// Not on Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipc_mode: Option<String>,
    /// Not on Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub placement_constraints: Option<Vec<PlacementConstraint>>,
    /// App Mesh, a service at its end of life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_configuration: Option<ProxyConfiguration>,
    /// Retired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inference_accelerators: Option<Vec<InferenceAccelerator>>,
    /// Whether AWS FIS may disturb the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_fault_injection: Option<bool>,
    /// Managed Instances only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_execution_configuration: Option<TrustedExecutionConfiguration>,
    /// Tags of the definition, at most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Tag>>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

impl TaskDefinition {
    /// The definition as plain JSON, for [`check`](crate::check).
    #[must_use]
    pub fn to_value(&self) -> Value {
        // Only non-string map keys or a failing `Serialize` could make this an error; there are none.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Operating system and processor architecture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RuntimePlatform {
    /// `X86_64` or `ARM64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_architecture: Option<String>,
    /// `LINUX` or a `WINDOWS_SERVER_…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operating_system_family: Option<String>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// Ephemeral storage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EphemeralStorage {
    /// 21–200.
    #[serde(rename = "sizeInGiB", skip_serializing_if = "Option::is_none")]
    pub size_in_gib: Option<i64>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// A volume. With a name alone it is scratch space out of the ephemeral storage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    /// What mount points refer to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Empty on Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// An EFS file system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub efs_volume_configuration: Option<EfsVolumeConfiguration>,
    /// An EBS volume whose size and role the service names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configured_at_launch: Option<bool>,
    /// Not on Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub docker_volume_configuration: Option<Value>,
    /// Windows on EC2 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fsx_windows_file_server_volume_configuration: Option<Value>,
    /// Amazon S3 Files.
    #[serde(rename = "s3filesVolumeConfiguration", skip_serializing_if = "Option::is_none")]
    pub s3_files_volume_configuration: Option<Value>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// A host path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Host {
    /// Not on Fargate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_path: Option<String>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// An EFS file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EfsVolumeConfiguration {
    /// `fs-…`, or its ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_system_id: Option<String>,
    /// The directory that becomes the root; with an access point `/` or absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_directory: Option<String>,
    /// `ENABLED` or `DISABLED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transit_encryption: Option<String>,
    /// Port of the encrypted connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transit_encryption_port: Option<i64>,
    /// Access point and IAM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_config: Option<EfsAuthorizationConfig>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// How EFS decides whether the task may mount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EfsAuthorizationConfig {
    /// `fsap-…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_point_id: Option<String>,
    /// `ENABLED` or `DISABLED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam: Option<String>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// A placement constraint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PlacementConstraint {
    /// `memberOf`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Cluster query language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// An App Mesh proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxyConfiguration {
    /// `APPMESH`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The container that is the proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_name: Option<String>,
    /// Its settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub properties: Option<Vec<KeyValuePair>>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// A name and a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyValuePair {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// An Elastic Inference accelerator, a retired service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InferenceAccelerator {
    /// What resource requirements refer to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// The kind of accelerator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_type: Option<String>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// Isolation on Managed Instances.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrustedExecutionConfiguration {
    /// `SHARED`, `ISOLATED_SANDBOX` or `CONFIDENTIAL_SANDBOX`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolation_mode: Option<String>,
    /// Attestation policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attestation_policy: Option<String>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}

/// A tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Tag {
    /// 1–128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// 0–256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Members this model does not know.
    #[serde(flatten)]
    pub other: Other,
}
