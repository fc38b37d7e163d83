//! What a person decides: plain data that a web form or command line flags fill in.

use serde::{Deserialize, Serialize};

/// The account number of AWS's own examples. A definition that holds it is grammatical and
/// visibly not finished; rule `AD401` points at it.
pub const PLACEHOLDER_ACCOUNT: &str = "123456789012";

/// The choices behind one task definition with one container.
///
/// Every field has a default that leads to a grammatical definition. `None` (and a blank string)
/// means "leave the member out", which for the image's own settings means "inherit". The
/// processor architecture is not here: it is the image's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// URI of the converted image after the push.
    pub image_uri: String,
    /// Name shared by all revisions of the definition: 1–255 of letters, digits, `_`, `-`.
    pub family: String,
    /// Name of the container: 1–255 of letters, digits, `_`, `-`.
    pub container_name: String,
    /// Task size in CPU units; 1024 are one vCPU. With `memory` one of [`SIZES`](crate::SIZES).
    pub cpu: u32,
    /// Task size in MiB.
    pub memory: u32,
    /// Ephemeral storage in GiB, 21–200; `None` for the 20 GiB that come at no charge.
    pub ephemeral_storage: Option<u32>,
    /// The role that pulls the image, writes the logs and reads the secrets. `None` names
    /// `ecsTaskExecutionRole` in the image's account, and rule `AD402` says so.
    pub execution_role_arn: Option<String>,
    /// The role your code acts under; `None` when it calls no AWS API.
    pub task_role_arn: Option<String>,
    /// CloudWatch log group; `None` writes no log configuration.
    pub log_group: Option<String>,
    /// Region of the log group; `None` takes the image's.
    pub log_region: Option<String>,
    /// First part of the log stream names, which continue `/<container>/<task id>`.
    pub log_stream_prefix: String,
    /// Whether a missing log group is created. The managed execution role policy does not allow
    /// it, and such a group keeps its events for ever.
    pub log_create_group: bool,
    /// Ports the container listens on.
    pub ports: Vec<Port>,
    /// Variables that add to, or win over, those of the image.
    pub environment: Vec<Variable>,
    /// Variables whose value ECS reads from Secrets Manager or Parameter Store at start.
    pub secrets: Vec<SecretVariable>,
    /// Replaces the image's `ENTRYPOINT`.
    pub entry_point: Option<Vec<String>>,
    /// Replaces the image's `CMD`.
    pub command: Option<Vec<String>>,
    /// Replaces the image's `WORKDIR`: an absolute path.
    pub working_directory: Option<String>,
    /// Replaces the image's `USER`: `user`, `uid`, `user:group` and so on.
    pub user: Option<String>,
    /// The health check ECS runs. It does not look at the one in the image.
    pub health_check: Option<FormHealthCheck>,
    /// Whether the root file system is read-only.
    pub readonly_root_filesystem: bool,
    /// Whether an init process runs as PID 1, passes signals on and reaps orphans.
    pub init_process: bool,
    /// Seconds between the stop signal and SIGKILL, 2–120; `None` for the default of 30.
    pub stop_timeout: Option<u32>,
    /// Tags of the definition.
    pub tags: Vec<FormTag>,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            image_uri: format!("{PLACEHOLDER_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/app:soci"),
            family: "app".to_owned(),
            container_name: "app".to_owned(),
            cpu: 1024,
            memory: 2048,
            ephemeral_storage: None,
            execution_role_arn: None,
            task_role_arn: None,
            log_group: Some("/ecs/app".to_owned()),
            log_region: None,
            log_stream_prefix: "ecs".to_owned(),
            log_create_group: false,
            ports: Vec::new(),
            environment: Vec::new(),
            secrets: Vec::new(),
            entry_point: None,
            command: None,
            working_directory: None,
            user: None,
            health_check: None,
            readonly_root_filesystem: false,
            init_process: false,
            stop_timeout: None,
            tags: Vec::new(),
        }
    }
}

/// A port the container listens on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Port {
    /// 1–65535. The host port is the same: each task has its own network interface.
    pub container_port: u32,
    /// Transport.
    pub protocol: Protocol,
    /// Name for Service Connect: 1–64 of `a-z`, `0-9`, `_`, `-`.
    pub name: Option<String>,
}

impl Default for Port {
    fn default() -> Self {
        Self { container_port: 8080, protocol: Protocol::Tcp, name: None }
    }
}

/// The transports a port mapping may name.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// The spelling ECS takes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A variable in plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Variable {
    /// Not empty, no `=`.
    pub name: String,
    /// May be empty.
    pub value: String,
}

/// A variable read from a secret store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecretVariable {
    /// Not empty, no `=`.
    pub name: String,
    /// ARN of a Secrets Manager secret or a Parameter Store parameter, or a parameter's name in
    /// the task's own Region.
    pub value_from: String,
}

/// A tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormTag {
    /// 1–128 characters.
    pub key: String,
    /// 0–256 characters.
    pub value: String,
}

/// A health check in ECS's terms. All times in whole seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FormHealthCheck {
    /// `["CMD", program, argument…]` or `["CMD-SHELL", script]`.
    pub command: Vec<String>,
    /// 5–300.
    pub interval: u32,
    /// 2–60.
    pub timeout: u32,
    /// 1–10.
    pub retries: u32,
    /// 0–300.
    pub start_period: u32,
}

impl Default for FormHealthCheck {
    /// ECS's own defaults, but with time for the slow first reads of a lazily loaded image.
    fn default() -> Self {
        Self { command: Vec::new(), interval: 30, timeout: 5, retries: 3, start_period: 60 }
    }
}

impl Form {
    /// Takes the names from an image reference such as `ml/pytorch-serve:2.4.1`: repository and
    /// tag for the placeholder URI, the last part for family, container and log group.
    ///
    /// Characters that a name may not hold become `-`. Nothing is taken from an empty reference.
    pub fn name_after(&mut self, reference: &str) {
        let reference = reference.split('@').next().unwrap_or_default();
        let (path, tag) = match reference.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, tag),
            _ => (reference, ""),
        };
        // A registry in front (`ghcr.io/…`, `localhost:5000/…`) is where the image came from.
        let repository = match path.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
            _ => path,
        };
        let repository = repository
            .split('/')
            .map(|part| separated(&part.to_ascii_lowercase(), |c| matches!(c, '.' | '_' | '-')))
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("/");
        let name = separated(repository.rsplit('/').next().unwrap_or_default(), |c| matches!(c, '_' | '-'));
        if name.is_empty() {
            return;
        }
        let tag = separated(tag, |c| matches!(c, '.' | '_' | '-'));
        let tag = if tag.is_empty() { "soci".to_owned() } else { format!("{tag}-soci") };
        // ECR wants two characters at least; a one-letter image becomes `app/x`.
        let repository = if repository.len() < 2 { format!("app/{repository}") } else { repository };
        self.image_uri = format!("{PLACEHOLDER_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/{repository}:{tag}");
        self.log_group = Some(format!("/ecs/{name}"));
        self.family.clone_from(&name);
        self.container_name = name;
    }
}

/// Keeps ASCII letters and digits, and single separators between them; all else becomes `-`.
/// At most 100 characters, far below every limit such a name meets.
fn separated(text: &str, allowed: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    let mut pending = None;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            if out.len() >= 99 {
                break;
            }
            if let Some(separator) = pending.take()
                && !out.is_empty()
            {
                out.push(separator);
            }
            out.push(c);
        } else {
            pending.get_or_insert(if allowed(c) { c } else { '-' });
        }
    }
    out
}

/// `None` for a blank string: an emptied input field means "leave it out".
pub(crate) fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_reference_and_lose_what_ecs_refuses() {
        for (reference, repository_and_tag, name) in [
            ("ml/pytorch-serve:2.4.1", "ml/pytorch-serve:2.4.1-soci", "pytorch-serve"),
            ("nginx", "nginx:soci", "nginx"),
            ("ghcr.io/Acme/My.App:latest", "acme/my.app:latest-soci", "my-app"),
            ("localhost:5000/x", "app/x:soci", "x"),
            ("docker.io/library/redis@sha256:00", "library/redis:soci", "redis"),
            ("a__b..c:v_1", "a_b.c:v_1-soci", "a_b-c"),
        ] {
            let mut form = Form::default();
            form.name_after(reference);
            let (host, rest) = form.image_uri.split_once('/').expect("a host");
            assert_eq!((rest, form.family.as_str()), (repository_and_tag, name), "{reference}");
            assert_eq!(host, "123456789012.dkr.ecr.us-east-1.amazonaws.com");
            assert_eq!(form.container_name, name);
            assert_eq!(form.log_group.as_deref(), Some(format!("/ecs/{name}").as_str()));
        }
    }

    #[test]
    fn an_empty_reference_changes_nothing() {
        for reference in ["", "//", ":", "@sha256:00", "…"] {
            let mut form = Form::default();
            form.name_after(reference);
            assert_eq!(form, Form::default(), "{reference:?}");
        }
    }

    #[test]
    fn a_partial_document_reads_with_defaults() {
        let form: Form =
            serde_json::from_str(r#"{"family": "x", "ports": [{"container_port": 53, "protocol": "udp"}]}"#)
                .expect("reads");
        assert_eq!(form.cpu, 1024);
        assert_eq!(form.ports, [Port { container_port: 53, protocol: Protocol::Udp, name: None }]);
    }
}
