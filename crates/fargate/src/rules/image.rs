//! Rules that hold the definition against the image it runs.

use super::{Findings, Rule, environment::parameter_arn};
use crate::{
    Edit,
    Evidence::{Secondary, Verified},
    Severity::{Error, Info, Warning},
    health,
    platform::Runtime,
    ports, secret,
    storage::{INCLUDED_GIB, Storage, human},
    subject::{Node, Subject},
};
use serde_json::{Value, json};
use sociscope_image::config::ImageConfig;

const CONFIG_SPEC: &str = "https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md";

/// The image, and the container that runs it.
fn pair<'a, 's>(subject: &'s Subject<'a>) -> Option<(&'a ImageConfig, &'s Node<'a>)> {
    subject.context.image.zip(subject.containers.first())
}

pub(super) const IM301: Rule = Rule {
    id: "IM301",
    severity: Warning,
    evidence: Verified,
    title: "The image's HEALTHCHECK",
    sentence: "The image's health check is in the definition, in ECS's units and limits.",
    reason: "ECS does not run the check inside an image; the container's health would stay UNKNOWN.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html",
    check: health_check,
};

fn health_check(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let Some((image, container)) = pair(subject) else { return };
    let Some(docker) = &image.config.healthcheck else { return };
    let conversion = health::convert(docker, Runtime::of_image(image).is_ok_and(Runtime::is_linux));
    let place = container.place("healthCheck");
    let Some(check) = container.get("healthCheck") else {
        if let Some(copy) = conversion.check {
            let value = json!({"command": copy.command, "interval": copy.interval, "timeout": copy.timeout,
                "retries": copy.retries, "startPeriod": copy.start_period});
            findings
                .warning(place.clone(), "ECS ignores the image's HEALTHCHECK, and the definition has none")
                .fix("Copy it", [Edit::set(place, value)]);
        } else {
            for change in conversion.changes {
                findings.info(place.clone(), change.message);
            }
        }
        return;
    };
    // A value the user has changed since is theirs; only what still is the copy is explained.
    let Some(copy) = conversion.check else { return };
    if check.texts("command") != copy.command {
        return;
    }
    for change in conversion.changes {
        let (field, value) = match change.field {
            Some("interval") => ("interval", copy.interval),
            Some("timeout") => ("timeout", copy.timeout),
            Some("retries") => ("retries", copy.retries),
            Some("startPeriod") => ("startPeriod", copy.start_period),
            _ => {
                findings.info(check.at.clone(), change.message);
                continue;
            }
        };
        if check.integer(field) == Some(i64::from(value)) {
            findings.info(check.place(field), change.message);
        }
    }
}

pub(super) const IM302: Rule = Rule {
    id: "IM302",
    severity: Warning,
    evidence: Verified,
    title: "Exposed ports",
    sentence: "Every port the image exposes has a form in ECS: one number on tcp or udp.",
    reason: "EXPOSE alone opens nothing on Fargate, and ECS has no sctp.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html",
    check: |subject, findings| {
        let Some((image, container)) = pair(subject) else { return };
        for port in ports::of_image(&image.config).unmapped {
            findings.warning(
                container.place("portMappings"),
                format!("The image exposes {port}, which ECS cannot map"),
            );
        }
    },
};

pub(super) const IM303: Rule = Rule {
    id: "IM303",
    severity: Warning,
    evidence: Secondary,
    title: "Secrets inside the image",
    sentence: "No variable of the image looks like a secret.",
    reason: "Whoever can pull the image can read it, also when the definition overrides it. Rebuild without it and change the secret.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html",
    check: |subject, findings| {
        let Some((image, container)) = pair(subject) else { return };
        for variable in &image.config.env {
            let Some((name, value)) = variable.split_once('=') else { continue };
            let what = match secret::value_looks_secret(value) {
                Some(what) => format!("holds {what}"),
                None if !value.is_empty() && secret::name_looks_secret(name) => {
                    "looks like a secret".to_owned()
                }
                None => continue,
            };
            let overrides =
                |list: &str| container.objects(list).iter().any(|item| item.text("name") == Some(name));
            let place = container.place("environment");
            if overrides("secrets") || overrides("environment") {
                let message =
                    format!("`{name}` is overridden, but stays readable in the image, where it {what}");
                findings.info(place, message);
            } else {
                let secret = json!({"name": name, "valueFrom": parameter_arn(subject, name)});
                findings
                    .warning(place, format!("`{name}` is baked into the image and {what}"))
                    .fix("Override it from a secret", [Edit::set(container.place("secrets").end(), secret)]);
            }
        }
    },
};

pub(super) const IM304: Rule = Rule {
    id: "IM304",
    severity: Info,
    evidence: Verified,
    title: "User",
    sentence: "The container does not run as root.",
    reason: "A process that is not root can do less harm when it is taken over.",
    aws_text: &[],
    source: CONFIG_SPEC,
    check: |subject, findings| {
        let Some((image, container)) = pair(subject) else { return };
        let user = container.text("user").filter(|user| !user.is_empty()).unwrap_or(&image.config.user);
        if image.os != "windows" && matches!(user.split(':').next(), None | Some("" | "0" | "root")) {
            findings.info(container.place("user"), format!("`{}` runs as root", container.name()));
        }
    },
};

pub(super) const IM305: Rule = Rule {
    id: "IM305",
    severity: Error,
    evidence: Verified,
    title: "Room for the image",
    sentence: "Ephemeral storage holds the image, compressed and unpacked, with a tenth in reserve.",
    reason: "Both forms lie on it, lazily loaded or not. What the application writes comes on top.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html",
    check: |subject, findings| {
        let Some(sizes) = subject.context.sizes else { return };
        let place = subject.root.place("ephemeralStorage");
        let storage = subject.root.get("ephemeralStorage");
        let has = storage.and_then(|storage| storage.integer("sizeInGiB")).unwrap_or(i64::from(INCLUDED_GIB));
        let need = human(sizes.need());
        match sizes.storage() {
            Storage::TooLarge => {
                findings.error(
                    place,
                    format!("The image needs {need}; a task has 200 GiB at most. Move data to EFS or EBS"),
                );
            }
            Storage::Ask(gib) if has < i64::from(gib) => {
                findings
                    .warning(
                        place.clone(),
                        format!("The image needs {need} of ephemeral storage, the task has {has} GiB"),
                    )
                    .fix(format!("Use {gib} GiB"), [Edit::set(place.key("sizeInGiB"), gib)]);
            }
            _ => {}
        }
    },
};

pub(super) const IM306: Rule = Rule {
    id: "IM306",
    severity: Info,
    evidence: Verified,
    title: "Stop signal",
    sentence: "The application stops on the signal its image names.",
    reason: "A task definition has no member for it; SIGKILL follows after `stopTimeout`, 30 s unless set.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html",
    check: |subject, findings| {
        let Some((image, container)) = pair(subject) else { return };
        let signal = image.config.stop_signal.as_deref().unwrap_or_default();
        if !matches!(signal, "" | "SIGTERM" | "TERM" | "15") {
            let message = format!(
                "The container is asked to stop with {signal}, as its image says; that can only be changed in the image"
            );
            findings.info(container.place("stopTimeout"), message);
        }
    },
};

pub(super) const IM307: Rule = Rule {
    id: "IM307",
    severity: Warning,
    evidence: Verified,
    title: "Arguments of the image",
    sentence: "With an `entryPoint` of its own, the definition sets `command` as well.",
    reason: "To a container runtime an explicit entry point clears the image's CMD.",
    aws_text: &[],
    source: CONFIG_SPEC,
    check: |subject, findings| {
        let Some((image, container)) = pair(subject) else { return };
        let Some(cmd) = image.config.cmd.as_ref().filter(|cmd| !cmd.is_empty()) else { return };
        // An explicit choice of no arguments in the form is not a slip.
        let chosen =
            subject.context.form.is_some_and(|form| form.command.as_ref().is_some_and(Vec::is_empty));
        if container.says("entryPoint") && !container.has("command") && !chosen {
            let place = container.place("command");
            findings
                .warning(place.clone(), "The entry point is replaced, which drops the image's CMD")
                .fix("Keep the image's CMD", [Edit::set(place, Value::from(cmd.clone()))]);
        }
    },
};

pub(super) const IM308: Rule = Rule {
    id: "IM308",
    severity: Info,
    evidence: Verified,
    title: "Declared volumes",
    sentence: "What the image declares as a volume may be lost with the task.",
    reason: "Such a path lies on ephemeral storage. A named volume is only needed to share it, or to keep it on EFS.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html",
    check: |subject, findings| {
        let Some((image, container)) = pair(subject) else { return };
        let mounts = container.objects("mountPoints");
        let unmounted: Vec<&str> = image
            .config
            .volumes
            .keys()
            .map(String::as_str)
            .filter(|path| !mounts.iter().any(|mount| mount.text("containerPath") == Some(path)))
            .collect();
        if !unmounted.is_empty() {
            let message = format!("Volumes of the image end with the task: {}", unmounted.join(", "));
            findings.info(container.place("mountPoints"), message);
        }
    },
};

pub(super) const IM309: Rule = Rule {
    id: "IM309",
    severity: Error,
    evidence: Verified,
    title: "Platform of the image",
    sentence: "The image is for linux/amd64, linux/arm64, or a Windows release Fargate has.",
    reason: "No task can run it otherwise.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html",
    check: |subject, findings| {
        if let Some(image) = subject.context.image
            && let Err(error) = Runtime::of_image(image)
        {
            findings.error(subject.root.place("runtimePlatform"), error.to_string());
        }
    },
};
