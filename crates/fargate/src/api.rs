//! The shape of a `RegisterTaskDefinition` request, as data.
//!
//! Names, types and required members are those of the ECS service model (2014-11-13, as of
//! botocore 1.44). Each member says which rule speaks for it. Where a rule has a better sentence
//! than "is missing" or "is not one of", the member is optional or plain text here.

use crate::shape::{
    Member,
    Shape::{self, Flag, Integer, List, Map, Object, OneOf, Set, Text},
    may, must,
};

/// The rule for members that no other rule speaks for.
pub(crate) const ANY_TYPE: &str = "FG020";

const TEXTS: Shape = List(&Text);

/// The whole request.
pub(crate) const REQUEST: Shape = Object(&[
    may("family", &Text).by("FG001"),
    may("taskRoleArn", &Text).by("FG008"),
    may("executionRoleArn", &Text).by("FG008"),
    may("networkMode", &Text).by("FG004"),
    may("containerDefinitions", &List(&Object(CONTAINER))).by("FG101"),
    may("volumes", &List(&VOLUME)).by("FG015"),
    may("placementConstraints", &List(&PLACEMENT)).by("FG013"),
    may("requiresCompatibilities", &Set(&OneOf(&["FARGATE", "EC2", "EXTERNAL", "MANAGED_INSTANCES"])))
        .by("FG003"),
    may("cpu", &Text).by("FG005"),
    may("memory", &Text).by("FG005"),
    may("tags", &List(&Object(&[may("key", &Text), may("value", &Text)]))).by("FG014"),
    may("pidMode", &Text).by("FG011"),
    may("ipcMode", &Text).by("FG012"),
    may("proxyConfiguration", &PROXY).by("FG018"),
    may("inferenceAccelerators", &List(&ACCELERATOR)).by("FG016"),
    may("ephemeralStorage", &Object(&[must("sizeInGiB", &Integer)])).by("FG010"),
    may("runtimePlatform", &Object(&[may("cpuArchitecture", &Text), may("operatingSystemFamily", &Text)]))
        .by("FG009"),
    may("enableFaultInjection", &Flag),
    may("trustedExecutionConfiguration", &TRUSTED).by("FG019"),
]);

const CONTAINER: &[Member] = &[
    may("name", &Text).by("FG102"),
    may("image", &Text).by("FG105"),
    may("repositoryCredentials", &Object(&[must("credentialsParameter", &Text)])).by("FG123"),
    may("cpu", &Integer).by("FG106"),
    may("memory", &Integer).by("FG106"),
    may("memoryReservation", &Integer).by("FG106"),
    may("links", &Set(&Text)).by("FG116"),
    may("portMappings", &List(&PORT)).by("FG107"),
    may("essential", &Flag).by("FG104"),
    may("restartPolicy", &RESTART).by("FG120"),
    may("entryPoint", &TEXTS).by("FG125"),
    may("command", &TEXTS).by("FG125"),
    may("environment", &List(&PAIR)).by("FG117"),
    may("environmentFiles", &List(&ENVIRONMENT_FILE)).by("FG119"),
    may("mountPoints", &Set(&MOUNT)).by("FG121"),
    may("volumesFrom", &Set(&Object(&[may("sourceContainer", &Text), may("readOnly", &Flag)]))).by("FG121"),
    may("linuxParameters", &LINUX).by("FG115"),
    may("secrets", &List(&SECRET)).by("FG118"),
    may("dependsOn", &List(&DEPENDENCY)).by("FG112"),
    may("startTimeout", &Integer).by("FG113"),
    may("stopTimeout", &Integer).by("FG113"),
    may("versionConsistency", &OneOf(&["enabled", "disabled"])).by("FG124"),
    may("hostname", &Text).by("FG116"),
    may("user", &Text).by(ANY_TYPE),
    may("workingDirectory", &Text).by("FG122"),
    may("disableNetworking", &Flag).by("FG116"),
    may("privileged", &Flag).by("FG116"),
    may("readonlyRootFilesystem", &Flag).by(ANY_TYPE),
    may("dnsServers", &TEXTS).by("FG116"),
    may("dnsSearchDomains", &TEXTS).by("FG116"),
    may("extraHosts", &List(&Object(&[must("hostname", &Text), must("ipAddress", &Text)]))).by("FG116"),
    may("dockerSecurityOptions", &TEXTS).by("FG116"),
    may("interactive", &Flag).by(ANY_TYPE),
    may("pseudoTerminal", &Flag).by(ANY_TYPE),
    may("dockerLabels", &Map).by(ANY_TYPE),
    may("ulimits", &List(&ULIMIT)).by("FG114"),
    may("logConfiguration", &LOG).by("FG108"),
    may("healthCheck", &HEALTH).by("FG111"),
    may("systemControls", &List(&Object(&[may("namespace", &Text), may("value", &Text)]))).by(ANY_TYPE),
    may("resourceRequirements", &List(&RESOURCE)).by("FG116"),
    may("firelensConfiguration", &FIRELENS).by("FG110"),
    may("credentialSpecs", &TEXTS).by(ANY_TYPE),
];

const PORT: Shape = Object(&[
    may("containerPort", &Integer),
    may("hostPort", &Integer),
    may("protocol", &OneOf(&["tcp", "udp"])),
    may("name", &Text),
    may("appProtocol", &OneOf(&["http", "http2", "grpc"])),
    may("containerPortRange", &Text),
]);

const RESTART: Shape = Object(&[
    must("enabled", &Flag),
    may("ignoredExitCodes", &List(&Integer)),
    may("restartAttemptPeriod", &Integer),
]);

const PAIR: Shape = Object(&[may("name", &Text), may("value", &Text)]);

const ENVIRONMENT_FILE: Shape = Object(&[must("value", &Text), must("type", &OneOf(&["s3"]))]);

const SECRET: Shape = Object(&[must("name", &Text), must("valueFrom", &Text)]);

const MOUNT: Shape =
    Object(&[may("sourceVolume", &Text), may("containerPath", &Text), may("readOnly", &Flag)]);

const DEPENDENCY: Shape = Object(&[
    must("containerName", &Text),
    must("condition", &OneOf(&["START", "COMPLETE", "SUCCESS", "HEALTHY"])),
]);

const ULIMIT: Shape = Object(&[
    must(
        "name",
        &OneOf(&[
            "core",
            "cpu",
            "data",
            "fsize",
            "locks",
            "memlock",
            "msgqueue",
            "nice",
            "nofile",
            "nproc",
            "rss",
            "rtprio",
            "rttime",
            "sigpending",
            "stack",
        ]),
    ),
    must("softLimit", &Integer),
    must("hardLimit", &Integer),
]);

const LOG: Shape = Object(&[
    must("logDriver", &Text),
    may("options", &Map).by("FG109"),
    may("secretOptions", &List(&SECRET)),
]);

const HEALTH: Shape = Object(&[
    must("command", &TEXTS),
    may("interval", &Integer),
    may("timeout", &Integer),
    may("retries", &Integer),
    may("startPeriod", &Integer),
]);

const FIRELENS: Shape = Object(&[must("type", &OneOf(&["fluentbit", "fluentd"])), may("options", &Map)]);

const LINUX: Shape = Object(&[
    may("capabilities", &Object(&[may("add", &TEXTS), may("drop", &TEXTS)])),
    may("devices", &List(&DEVICE)),
    may("initProcessEnabled", &Flag),
    may("sharedMemorySize", &Integer),
    may("tmpfs", &List(&TMPFS)),
    may("maxSwap", &Integer),
    may("swappiness", &Integer),
]);

const DEVICE: Shape = Object(&[
    must("hostPath", &Text),
    may("containerPath", &Text),
    may("permissions", &Set(&OneOf(&["read", "write", "mknod"]))),
]);

const TMPFS: Shape =
    Object(&[must("containerPath", &Text), must("size", &Integer), may("mountOptions", &TEXTS)]);

const RESOURCE: Shape = Object(&[
    may("value", &Text),
    must("type", &OneOf(&["GPU", "InferenceAccelerator", "NeuronDevice"])),
    may("sharingStrategy", &Object(&[may("nvidiaMps", &NVIDIA)])),
]);

const NVIDIA: Shape = Object(&[must("memory", &Integer), may("maxComputePercent", &Integer)]);

const VOLUME: Shape = Object(&[
    may("name", &Text),
    may("host", &Object(&[may("sourcePath", &Text)])),
    may("dockerVolumeConfiguration", &DOCKER_VOLUME),
    may("efsVolumeConfiguration", &EFS),
    may("s3filesVolumeConfiguration", &S3_FILES),
    may("fsxWindowsFileServerVolumeConfiguration", &FSX),
    may("configuredAtLaunch", &Flag),
]);

const DOCKER_VOLUME: Shape = Object(&[
    may("scope", &OneOf(&["task", "shared"])),
    may("autoprovision", &Flag),
    may("driver", &Text),
    may("driverOpts", &Map),
    may("labels", &Map),
]);

const SWITCH: Shape = OneOf(&["ENABLED", "DISABLED"]);

const EFS: Shape = Object(&[
    must("fileSystemId", &Text),
    may("rootDirectory", &Text),
    may("transitEncryption", &SWITCH),
    may("transitEncryptionPort", &Integer),
    may("authorizationConfig", &Object(&[may("accessPointId", &Text), may("iam", &SWITCH)])),
]);

const S3_FILES: Shape = Object(&[
    must("fileSystemArn", &Text),
    may("rootDirectory", &Text),
    may("transitEncryptionPort", &Integer),
    may("accessPointArn", &Text),
]);

const FSX: Shape = Object(&[
    must("fileSystemId", &Text),
    must("rootDirectory", &Text),
    must("authorizationConfig", &Object(&[must("credentialsParameter", &Text), must("domain", &Text)])),
]);

const PLACEMENT: Shape = Object(&[may("type", &OneOf(&["memberOf"])), may("expression", &Text)]);

const PROXY: Shape = Object(&[
    may("type", &OneOf(&["APPMESH"])),
    must("containerName", &Text),
    may("properties", &Set(&PAIR)),
]);

const ACCELERATOR: Shape = Object(&[must("deviceName", &Text), must("deviceType", &Text)]);

const TRUSTED: Shape = Object(&[
    must("isolationMode", &OneOf(&["SHARED", "ISOLATED_SANDBOX", "CONFIDENTIAL_SANDBOX"])),
    may("attestationPolicy", &Text),
]);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TaskDefinition, container::ContainerDefinition};
    use serde_json::{Map as JsonMap, Value, json};

    /// A value of the shape with every member present.
    fn full(shape: &Shape) -> Value {
        match shape {
            Text => json!("x"),
            Integer => json!(1),
            Flag => json!(true),
            OneOf(allowed) => json!(allowed.first()),
            List(inner) | Set(inner) => json!([full(inner)]),
            Map => json!({"k": "v"}),
            Object(members) => {
                members.iter().map(|m| (m.name.to_owned(), full(m.shape))).collect::<JsonMap<_, _>>().into()
            }
        }
    }

    /// The places under `value` whose object kept something in `other`.
    fn unknown_to_the_model(definition: &TaskDefinition) -> Vec<String> {
        let mut unknown: Vec<String> = definition.other.keys().cloned().collect();
        let containers: &[ContainerDefinition] =
            definition.container_definitions.as_deref().unwrap_or_default();
        unknown.extend(containers.iter().flat_map(|c| c.other.keys().cloned()));
        unknown
    }

    #[test]
    fn the_typed_model_has_a_field_for_everything_the_api_has() {
        let document = full(&REQUEST);
        let definition: TaskDefinition =
            serde_json::from_value(document.clone()).expect("the model reads it");
        assert_eq!(unknown_to_the_model(&definition), Vec::<String>::new());
        assert_eq!(definition.to_value(), document);
    }

    #[test]
    fn every_object_of_the_model_keeps_what_it_does_not_know() {
        fn extended(value: &mut Value) {
            match value {
                Value::Object(members) => {
                    members.values_mut().for_each(extended);
                    members.insert("extra".into(), json!("kept"));
                }
                Value::Array(items) => items.iter_mut().for_each(extended),
                _ => {}
            }
        }
        let mut document = full(&REQUEST);
        extended(&mut document);
        let definition: TaskDefinition =
            serde_json::from_value(document.clone()).expect("the model reads it");
        assert_eq!(definition.to_value(), document);
    }

    #[test]
    fn names_are_unique_in_each_object() {
        fn walk(shape: &Shape) {
            match shape {
                List(inner) | Set(inner) => walk(inner),
                Object(members) => {
                    for (index, member) in members.iter().enumerate() {
                        let twice = members.iter().take(index).any(|earlier| earlier.name == member.name);
                        assert!(!twice, "{}", member.name);
                        walk(member.shape);
                    }
                }
                _ => {}
            }
        }
        walk(&REQUEST);
    }
}
