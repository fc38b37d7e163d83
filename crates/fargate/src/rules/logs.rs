//! Rules about where the output goes.

use super::{Findings, Rule};
use crate::{
    Edit,
    Evidence::Verified,
    Severity::Error,
    subject::{Node, Subject},
};
use serde_json::json;

pub(super) const FG108: Rule = Rule {
    id: "FG108",
    severity: Error,
    evidence: Verified,
    title: "Log driver",
    sentence: "The log driver is awslogs, splunk or awsfirelens.",
    reason: "Nobody can log in to the host, so what a container prints without a driver is lost.",
    aws_text: &["json-file is not a valid log driver. Must be one of [awslogs, splunk, awsfirelens]"],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html",
    check: drivers,
};

fn drivers(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for container in &subject.containers {
        let place = container.place("logConfiguration");
        let Some(log) = container.get("logConfiguration") else {
            // A log router's own output has no other router to go through.
            if !container.has("firelensConfiguration") {
                let finding = findings.warning(
                    place.clone(),
                    format!("What `{}` prints is lost: it has no log driver", container.name()),
                );
                if let Some(region) = subject.ecr_image().map(|uri| uri.region.as_str()) {
                    let group = format!("/ecs/{}", subject.family());
                    let value = json!({"logDriver": "awslogs", "options": {
                        "awslogs-group": group, "awslogs-region": region, "awslogs-stream-prefix": "ecs"}});
                    finding.fix("Log to CloudWatch", [Edit::set(place, value)]);
                }
            }
            continue;
        };
        let Some(driver) = log.text("logDriver") else { continue };
        if !["awslogs", "splunk", "awsfirelens"].contains(&driver) {
            let message =
                format!("`{driver}` is not a log driver of Fargate; awslogs, splunk and awsfirelens are");
            findings.error(log.place("logDriver"), message);
        }
        if driver == "splunk" {
            for option in ["splunk-token", "splunk-url"] {
                let secret =
                    log.objects("secretOptions").iter().any(|secret| secret.text("name") == Some(option));
                let plain = log.get("options").is_some_and(|options| options.has(option));
                if !plain && !secret {
                    findings.error(log.place("options"), format!("The splunk driver needs `{option}`"));
                }
            }
        }
    }
}

pub(super) const FG109: Rule = Rule {
    id: "FG109",
    severity: Error,
    evidence: Verified,
    title: "awslogs options",
    sentence: "awslogs needs `awslogs-group`, `awslogs-region` and, on Fargate, `awslogs-stream-prefix`; all values are strings.",
    reason: "The prefix is how a stream is found again: prefix/container/task id.",
    aws_text: &[
        "Log driver awslogs requires options: awslogs-group",
        "Fargate requires log configuration options to include awslogs-stream-prefix to support log driver awslogs.",
    ],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html",
    check: |subject, findings| {
        for container in &subject.containers {
            if let Some(log) =
                container.get("logConfiguration").filter(|log| log.text("logDriver") == Some("awslogs"))
            {
                awslogs(subject, container, &log, findings);
            }
        }
    },
};

/// Every option of the driver.
const OPTIONS: &[&str] = &[
    "awslogs-group",
    "awslogs-region",
    "awslogs-stream-prefix",
    "awslogs-create-group",
    "awslogs-datetime-format",
    "awslogs-multiline-pattern",
    "mode",
    "max-buffer-size",
];

fn awslogs(subject: &Subject<'_>, container: &Node<'_>, log: &Node<'_>, findings: &mut Findings<'_>) {
    let place = log.place("options");
    let options = log.get("options");
    if options.as_ref().is_some_and(|options| !options.value.is_object()) {
        return;
    }
    let has = |name: &str| options.as_ref().is_some_and(|options| options.has(name));
    let text = |name: &str| options.as_ref().and_then(|options| options.text(name));
    let region = container.ecr_image().or_else(|| subject.ecr_image().cloned()).map(|uri| uri.region);
    let required = [
        ("awslogs-group", Some(format!("/ecs/{}", subject.family()))),
        ("awslogs-region", region),
        ("awslogs-stream-prefix", Some("ecs".to_owned())),
    ];
    for (name, default) in required {
        if !has(name) {
            let finding = findings.error(place.key(name), format!("The awslogs driver needs `{name}`"));
            if let Some(value) = default {
                finding.fix(format!("Set {name} to {value}"), [Edit::set(place.key(name), value)]);
            }
        }
    }
    let present = options.as_ref().and_then(|options| options.value.as_object());
    for name in present.into_iter().flat_map(|options| options.keys()) {
        if !OPTIONS.contains(&name.as_str()) {
            findings
                .error(place.key(name), format!("`{name}` is not an option of the awslogs driver"))
                .fix("Remove it", [Edit::remove(place.key(name))]);
        }
    }
    if has("awslogs-datetime-format") && has("awslogs-multiline-pattern") {
        let message = "`awslogs-datetime-format` and `awslogs-multiline-pattern` exclude each other";
        findings.error(place.key("awslogs-multiline-pattern"), message);
    }
    if let Some(group) = text("awslogs-group").filter(|group| !is_log_group(group)) {
        let what = if group.is_empty() {
            "The log group is empty"
        } else {
            "A log group is 1 to 512 of letters, digits and . _ - / #"
        };
        findings.error(place.key("awslogs-group"), what);
    }
    for name in ["awslogs-region", "awslogs-stream-prefix"] {
        if text(name).is_some_and(|value| value.trim().is_empty()) {
            findings.error(place.key(name), format!("`{name}` is empty")).secondary();
        }
    }
    match text("mode") {
        None | Some("blocking" | "non-blocking") => {}
        Some(_) => {
            findings.error(place.key("mode"), "`mode` is blocking or non-blocking");
        }
    }
    if has("max-buffer-size") && text("mode") == Some("blocking") {
        findings.warning(place.key("max-buffer-size"), "A buffer is only used in mode non-blocking");
    }
    match text("awslogs-create-group") {
        Some("true") => {
            let message = "The execution role needs logs:CreateLogGroup, which the managed policy lacks; such a group keeps its events for ever";
            findings.info(place.key("awslogs-create-group"), message);
        }
        None | Some("false") => {}
        Some(_) => {
            findings.warning(
                place.key("awslogs-create-group"),
                "`awslogs-create-group` is \"true\" or \"false\"",
            );
        }
    }
}

fn is_log_group(group: &str) -> bool {
    (1..=512).contains(&group.len())
        && group.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/' | b'#'))
}

pub(super) const FG110: Rule = Rule {
    id: "FG110",
    severity: Error,
    evidence: Verified,
    title: "FireLens",
    sentence: "awsfirelens needs exactly one router container, whose configuration file does not come from S3.",
    reason: "The driver hands every line to the container with a `firelensConfiguration`.",
    aws_text: &[
        "When awsfirelens log driver is specified in log configuration, a firelens configuration object must be specified",
    ],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html",
    check: |subject, findings| {
        let routers: Vec<_> = subject
            .containers
            .iter()
            .filter_map(|container| container.get("firelensConfiguration"))
            .collect();
        for router in routers.iter().skip(1) {
            findings.error(router.at.clone(), "A task has one log router");
        }
        for router in &routers {
            if let Some(options) = router.get("options")
                && options.text("config-file-type") == Some("s3")
            {
                let message = "Fargate does not read a router's configuration from S3; put it into the image";
                findings.error(options.place("config-file-type"), message);
            }
        }
        for log in subject.containers.iter().filter_map(|container| container.get("logConfiguration")) {
            if log.text("logDriver") == Some("awsfirelens") && routers.is_empty() {
                let message = "No container is a log router, so awsfirelens has nowhere to send to";
                findings.error(log.place("logDriver"), message);
            }
        }
    },
};
