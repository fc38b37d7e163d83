//! Rules about containers that need no file of their own.

use super::{Findings, Rule, as_name, by_shape, is_name};
use crate::{
    Edit,
    Evidence::{Secondary, Unverified, Verified},
    Severity::Error,
    ecr::{ImageUri, UriError},
    size::{parse_cpu, parse_memory},
    subject::{Node, Subject},
};
use std::collections::BTreeSet;

const CONTAINER_PAGE: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html";

pub(super) const FG101: Rule = Rule {
    id: "FG101",
    severity: Error,
    evidence: Verified,
    title: "Containers",
    sentence: "There are 1 to 10 container definitions.",
    reason: "A task is its containers; ten is a quota that cannot be raised.",
    aws_text: &["Container list cannot be empty.", "Too many containers"],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html",
    check: |subject, findings| {
        let place = subject.root.place("containerDefinitions");
        match subject.root.items("containerDefinitions").len() {
            0 if subject.root.get("containerDefinitions").is_none_or(|list| list.value.is_array()) => {
                findings.error(place, "There is no container");
            }
            count if count > 10 => {
                findings.error(place, format!("{count} containers; 10 are allowed"));
            }
            _ => {}
        }
    },
};

pub(super) const FG102: Rule = Rule {
    id: "FG102",
    severity: Error,
    evidence: Verified,
    title: "Container names",
    sentence: "`name` is required: 1 to 255 letters, digits, _ and -.",
    reason: "Logs, dependencies, load balancers and ECS Exec refer to it.",
    aws_text: &["Container.name contains invalid characters."],
    source: CONTAINER_PAGE,
    check: |subject, findings| {
        for container in &subject.containers {
            let place = container.place("name");
            match container.text("name") {
                Some(name) if is_name(name) => {}
                None if container.has("name") => {}
                None | Some("") => {
                    findings.error(place, "The container has no name");
                }
                Some(name) => {
                    let finding = findings.error(
                        place.clone(),
                        "The container's name holds characters ECS refuses, or too many",
                    );
                    if let Some(name) = as_name(name) {
                        finding.fix("Keep what ECS takes", [Edit::set(place, name)]);
                    }
                }
            }
        }
    },
};

pub(super) const FG103: Rule = Rule {
    id: "FG103",
    severity: Error,
    evidence: Verified,
    title: "Unique names",
    sentence: "No two containers have the same name.",
    reason: "Everything else refers to containers by name.",
    aws_text: &["Container names must be unique within a task definition"],
    source: CONTAINER_PAGE,
    check: |subject, findings| {
        let mut names = BTreeSet::new();
        for container in &subject.containers {
            if let Some(name) = container.text("name").filter(|name| !name.is_empty())
                && !names.insert(name)
            {
                findings.error(container.place("name"), format!("Two containers are called `{name}`"));
            }
        }
    },
};

pub(super) const FG104: Rule = Rule {
    id: "FG104",
    severity: Error,
    evidence: Verified,
    title: "Essential container",
    sentence: "At least one container is essential.",
    reason: "The task ends with its essential containers; without one it would never end.",
    aws_text: &["Task definition doesn't have any essential container"],
    source: CONTAINER_PAGE,
    check: |subject, findings| {
        if let Some(first) = subject.containers.first()
            && !subject.containers.iter().any(Node::is_essential)
        {
            findings
                .error(subject.root.place("containerDefinitions"), "No container is essential")
                .fix(format!("Make {} essential", first.name()), [Edit::set(first.place("essential"), true)]);
        }
    },
};

pub(super) const FG105: Rule = Rule {
    id: "FG105",
    severity: Error,
    evidence: Secondary,
    title: "Image URI",
    sentence: "`image` is a reference that a container runtime can pull.",
    reason: "ECS registers nearly any text here; the task then stops with CannotPullContainerError.",
    aws_text: &["CannotPullContainerError"],
    source: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-pull-ecr-image.html",
    check: |subject, findings| {
        for container in &subject.containers {
            let place = container.place("image");
            let Some(image) = container.text("image") else {
                if !container.has("image") {
                    findings.error(place, format!("Container `{}` has no image", container.name()));
                }
                continue;
            };
            match ImageUri::parse(image) {
                Ok(_) | Err(UriError::NotEcr(_)) => {}
                Err(error) => {
                    let finding = findings.error(place.clone(), error.to_string());
                    if let Some(better) = ImageUri::suggest(image) {
                        finding.fix(format!("Use {better}"), [Edit::set(place, better)]);
                    }
                }
            }
        }
    },
};

pub(super) const FG106: Rule = Rule {
    id: "FG106",
    severity: Error,
    evidence: Verified,
    title: "Container cpu and memory",
    sentence: "Containers together take no more cpu, and none more memory, than the task; memory is at least its reservation.",
    reason: "Container sizes divide what the task has. A single container needs none.",
    aws_text: &[
        "The sum of all container 'cpu' values cannot be greater than the task-level 'cpu' value",
        "The 'memory' setting for container 'x' is greater than for the task",
        "'memory' must be greater than or equal to 'memoryReservation'",
    ],
    source: CONTAINER_PAGE,
    check: shares,
};

fn shares(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let task_cpu = subject.root.text("cpu").and_then(parse_cpu).map(|amount| i64::from(amount.value));
    let task_memory =
        subject.root.text("memory").and_then(parse_memory).map(|amount| i64::from(amount.value));
    let total = subject
        .containers
        .iter()
        .filter_map(|container| container.integer("cpu"))
        .fold(0i64, i64::saturating_add);
    if let Some(task_cpu) = task_cpu.filter(|&task_cpu| total > task_cpu) {
        let message = format!("The containers take {total} CPU units together, the task has {task_cpu}");
        findings.error(subject.root.place("containerDefinitions"), message);
    }
    for container in &subject.containers {
        let (memory, reservation) = (container.integer("memory"), container.integer("memoryReservation"));
        for (name, least) in [("cpu", 0), ("memory", 4), ("memoryReservation", 4)] {
            if container.integer(name).is_some_and(|value| value < least) {
                let unit = if name == "cpu" { "" } else { " MiB" };
                findings.error(container.place(name), format!("`{name}` is at least {least}{unit}"));
            }
        }
        if let (Some(memory), Some(task)) = (memory, task_memory)
            && memory > task
        {
            findings
                .error(
                    container.place("memory"),
                    format!("Container `{}` takes {memory} MiB, the task has {task}", container.name()),
                )
                .fix("Leave it to the task", [Edit::remove(container.place("memory"))]);
        }
        if let (Some(memory), Some(reservation)) = (memory, reservation)
            && memory < reservation
        {
            let message = format!(
                "{reservation} MiB are reserved, but {memory} MiB are the most the container may take"
            );
            findings.error(container.place("memoryReservation"), message);
        }
    }
}

pub(super) const FG112: Rule = Rule {
    id: "FG112",
    severity: Error,
    evidence: Verified,
    title: "Start order",
    sentence: "`dependsOn` names other containers of the task; HEALTHY one with a health check, COMPLETE and SUCCESS one that is not essential.",
    reason: "A condition that can never come true would keep the task from starting.",
    aws_text: &[
        "Cannot depend on container x because it does not exist",
        "A dependency container with HEALTHY condition must have health check configured",
        "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
    ],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html",
    check: order,
};

fn order(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for container in &subject.containers {
        let waits_for_itself = waits_for(subject, container).contains(container.name());
        for dependency in container.objects("dependsOn") {
            let Some(name) = dependency.text("containerName") else { continue };
            let place = dependency.place("containerName");
            let Some(other) = subject.container(name) else {
                findings.error(place, format!("There is no container `{name}` to wait for"));
                continue;
            };
            if Some(name) == container.text("name") {
                findings
                    .error(place, format!("`{name}` waits for itself"))
                    .fix("Remove it", [Edit::remove(dependency.at.clone())]);
                continue;
            }
            match dependency.text("condition") {
                Some("HEALTHY") if !other.says("healthCheck") => {
                    findings.error(
                        dependency.place("condition"),
                        format!("`{name}` has no health check, so it never becomes HEALTHY"),
                    );
                }
                Some(condition @ ("COMPLETE" | "SUCCESS")) if other.is_essential() => {
                    let message =
                        format!("`{name}` is essential: when it reaches {condition}, the whole task ends");
                    findings.error(dependency.place("condition"), message).fix(
                        format!("Make {name} not essential"),
                        [Edit::set(other.place("essential"), false)],
                    );
                }
                _ => {}
            }
            if waits_for_itself && waits_for(subject, other).contains(container.name()) {
                findings
                    .warning(
                        dependency.at.clone(),
                        format!("`{}` and `{name}` wait for each other.", container.name()),
                    )
                    .unverified();
            }
        }
    }
}

/// The names `container` waits for, over any number of steps.
fn waits_for<'a>(subject: &Subject<'a>, container: &Node<'a>) -> BTreeSet<&'a str> {
    let mut waited = BTreeSet::new();
    let mut to_see = vec![container];
    while let Some(container) = to_see.pop() {
        for dependency in container.objects("dependsOn") {
            // Each name once, so that a definition of a thousand knots stays quick to judge.
            if let Some(name) = dependency.text("containerName")
                && waited.insert(name)
            {
                to_see.extend(subject.container(name));
            }
        }
    }
    waited
}

pub(super) const FG113: Rule = Rule {
    id: "FG113",
    severity: Error,
    evidence: Verified,
    title: "Start and stop timeouts",
    sentence: "`startTimeout` and `stopTimeout` are 2 to 120 seconds.",
    reason: "Fargate gives a container at most 120 s to stop; the default is 30.",
    aws_text: &["must have a container stop timeout of less than 120 seconds."],
    source: CONTAINER_PAGE,
    check: |subject, findings| {
        for container in &subject.containers {
            for name in ["startTimeout", "stopTimeout"] {
                let Some(seconds) = container.integer(name).filter(|seconds| !(2..=120).contains(seconds))
                else {
                    continue;
                };
                let nearest = seconds.clamp(2, 120);
                findings
                    .error(container.place(name), format!("`{name}` {seconds} s is outside of 2 to 120"))
                    .fix(format!("Use {nearest}"), [Edit::set(container.place(name), nearest)]);
            }
        }
    },
};

pub(super) const FG120: Rule = Rule {
    id: "FG120",
    severity: Error,
    evidence: Verified,
    title: "Restart policy",
    sentence: "`restartPolicy` says `enabled`; its period is 60 to 1800 seconds, with at most 50 ignored exit codes.",
    reason: "A container that ran shorter than the period is not restarted in place.",
    aws_text: &["the 'restartAttemptPeriod' setting for container 'x' must be between 60 and 1800"],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerRestartPolicy.html",
    check: |subject, findings| {
        for policy in subject.containers.iter().filter_map(|container| container.get("restartPolicy")) {
            if let Some(seconds) = policy.integer("restartAttemptPeriod").filter(|s| !(60..=1800).contains(s))
            {
                let nearest = seconds.clamp(60, 1800);
                findings
                    .error(
                        policy.place("restartAttemptPeriod"),
                        format!("{seconds} s is outside of 60 to 1800"),
                    )
                    .fix(
                        format!("Use {nearest}"),
                        [Edit::set(policy.place("restartAttemptPeriod"), nearest)],
                    );
            }
            let codes = policy.items("ignoredExitCodes").len();
            if codes > 50 {
                findings
                    .error(policy.place("ignoredExitCodes"), format!("{codes} exit codes; 50 are allowed"));
            }
        }
    },
};

pub(super) const FG122: Rule = Rule {
    id: "FG122",
    severity: Error,
    evidence: Unverified,
    title: "Working directory",
    sentence: "`workingDirectory` is an absolute path.",
    reason: "A container runtime refuses to start in a relative directory.",
    aws_text: &[],
    source: CONTAINER_PAGE,
    check: |subject, findings| {
        for container in &subject.containers {
            let Some(path) = container.text("workingDirectory") else { continue };
            if !path.starts_with('/') && !subject.is_windows() {
                let finding = findings.error(
                    container.place("workingDirectory"),
                    "The working directory is not an absolute path.",
                );
                if path.trim().is_empty() {
                    finding.fix("Leave it out", [Edit::remove(container.place("workingDirectory"))]);
                } else {
                    let absolute = format!("/{path}");
                    finding.fix(
                        format!("Use {absolute}"),
                        [Edit::set(container.place("workingDirectory"), absolute)],
                    );
                }
            }
        }
    },
};

pub(super) const FG123: Rule = Rule {
    id: "FG123",
    severity: Error,
    evidence: Secondary,
    title: "Registry credentials",
    sentence: "`repositoryCredentials` are for registries other than ECR.",
    reason: "For ECR the execution role is the credential.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html",
    check: |subject, findings| {
        for container in &subject.containers {
            if container.has("repositoryCredentials") && container.ecr_image().is_some() {
                let place = container.place("repositoryCredentials");
                findings
                    .warning(
                        place.clone(),
                        "An ECR image needs no registry credentials; the execution role pulls it",
                    )
                    .fix("Remove them", [Edit::remove(place)]);
            }
        }
    },
};

pub(super) const FG124: Rule = Rule {
    id: "FG124",
    severity: Error,
    evidence: Verified,
    title: "Version consistency",
    sentence: "`versionConsistency` is enabled or disabled.",
    reason: "Enabled, the default, a service pins the tag to a digest for the whole deployment.",
    aws_text: &[],
    source: CONTAINER_PAGE,
    check: by_shape,
};

pub(super) const FG125: Rule = Rule {
    id: "FG125",
    severity: Error,
    evidence: Verified,
    title: "Entry point and command",
    sentence: "`entryPoint` and `command` are lists, one string for each argument.",
    reason: "There is no shell that would split a line into words.",
    aws_text: &["Parameter validation failed: Invalid type for parameter"],
    source: CONTAINER_PAGE,
    check: |subject, findings| {
        for container in &subject.containers {
            for name in ["entryPoint", "command"] {
                if container.get(name).is_some_and(|list| list.value.as_array().is_some_and(Vec::is_empty)) {
                    findings
                        .warning(
                            container.place(name),
                            format!("An empty `{name}` may not clear the image's."),
                        )
                        .unverified()
                        .fix("Leave it out", [Edit::remove(container.place(name))]);
                }
            }
        }
    },
};
