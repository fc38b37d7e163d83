//! Rules about what a container may ask of the kernel and the host.

use super::{Findings, Rule};
use crate::{
    Edit,
    Evidence::Verified,
    Severity::Error,
    subject::{Node, Subject},
};
use serde_json::Value;

const FARGATE_PAGE: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html";

pub(super) const FG114: Rule = Rule {
    id: "FG114",
    severity: Error,
    evidence: Verified,
    title: "Ulimits",
    sentence: "A soft limit is at most its hard limit; nofile goes up to 1048576.",
    reason: "Only nofile is documented as adjustable on Fargate; its default is 65535.",
    aws_text: &["Soft limit exceeds hard limit for ulimit x"],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Ulimit.html",
    check: ulimits,
};

fn ulimits(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    const NOFILE_MOST: i64 = 1_048_576;
    for container in &subject.containers {
        if subject.is_windows() && container.says("ulimits") {
            let place = container.place("ulimits");
            findings.error(place.clone(), "Windows has no ulimits").fix("Remove them", [Edit::remove(place)]);
        }
        for limit in container.objects("ulimits") {
            let name = limit.text("name").unwrap_or_default();
            let (soft, hard) = (limit.integer("softLimit"), limit.integer("hardLimit"));
            if let (Some(soft), Some(hard)) = (soft, hard)
                && soft > hard
                && hard >= 0
            {
                findings
                    .error(
                        limit.place("softLimit"),
                        format!("The soft limit {soft} of {name} exceeds the hard limit {hard}"),
                    )
                    .fix(format!("Use {hard} for both"), [Edit::set(limit.place("softLimit"), hard)]);
            }
            if name == "nofile" {
                for (member, value) in [("softLimit", soft), ("hardLimit", hard)] {
                    if value.is_some_and(|value| value > NOFILE_MOST) {
                        findings
                            .error(limit.place(member), format!("nofile goes up to {NOFILE_MOST} on Fargate"))
                            .secondary()
                            .fix(format!("Use {NOFILE_MOST}"), [Edit::set(limit.place(member), NOFILE_MOST)]);
                    }
                }
            } else if KNOWN.contains(&name) {
                findings
                    .warning(
                        limit.place("name"),
                        format!("Only nofile is documented as adjustable on Fargate, not {name}."),
                    )
                    .unverified();
            }
        }
    }
}

const KNOWN: &[&str] = &[
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

pub(super) const FG115: Rule = Rule {
    id: "FG115",
    severity: Error,
    evidence: Verified,
    title: "Linux parameters",
    sentence: "Of capabilities only SYS_PTRACE can be added; devices, sharedMemorySize, maxSwap and swappiness are not for Fargate.",
    reason: "The isolation between customers rests on them. tmpfs works since January 2026.",
    aws_text: &[
        "NET_ADMIN is not allowed on Fargate.",
        "Fargate compatible task definitions do not support devices",
    ],
    source: FARGATE_PAGE,
    check: parameters,
};

fn parameters(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for container in &subject.containers {
        if subject.is_windows() && container.flag("readonlyRootFilesystem") == Some(true) {
            let place = container.place("readonlyRootFilesystem");
            findings
                .error(place.clone(), "Windows has no read-only root file system")
                .fix("Leave it out", [Edit::remove(place)]);
        }
        let Some(linux) = container.get("linuxParameters") else { continue };
        if let Some(capabilities) = linux.get("capabilities") {
            for (index, item) in capabilities.items("add").iter().enumerate() {
                if let Some(name) = item.value.as_str().filter(|&name| name != "SYS_PTRACE") {
                    // Docker takes the kernel's spelling with CAP_, ECS does not.
                    let fix = match name.strip_prefix("CAP_") {
                        Some("SYS_PTRACE") => Edit::set(item.at.clone(), "SYS_PTRACE"),
                        _ => Edit::remove(capabilities.place("add").index(index)),
                    };
                    let label =
                        if matches!(fix, Edit::Set { .. }) { "Write SYS_PTRACE" } else { "Remove it" };
                    findings
                        .error(
                            item.at.clone(),
                            format!(
                                "Fargate does not grant {name}; SYS_PTRACE is the only capability to add"
                            ),
                        )
                        .fix(label, [fix]);
                }
            }
        }
        for name in ["devices", "sharedMemorySize", "maxSwap", "swappiness"] {
            let asked = match linux.value.get(name) {
                None | Some(Value::Null) => false,
                Some(Value::Array(items)) => !items.is_empty(),
                Some(_) => true,
            };
            if asked {
                findings
                    .error(linux.place(name), format!("`{name}` is not for Fargate"))
                    .fix("Remove it", [Edit::remove(linux.place(name))]);
            }
        }
        for tmpfs in linux.objects("tmpfs") {
            if tmpfs.text("containerPath").is_some_and(|path| !path.starts_with('/')) {
                findings.error(tmpfs.place("containerPath"), "A tmpfs is mounted at an absolute path");
            }
            if tmpfs.integer("size").is_some_and(|size| size < 1) {
                findings.error(tmpfs.place("size"), "A tmpfs has at least 1 MiB");
            }
        }
    }
}

pub(super) const FG116: Rule = Rule {
    id: "FG116",
    severity: Error,
    evidence: Verified,
    title: "Not on Fargate",
    sentence: "No privileged mode, links, extra hosts, DNS settings, host name, disabled networking, security options or GPUs.",
    reason: "They belong to a host of your own.",
    aws_text: &[
        "Fargate requires that the 'privileged' setting be 'false'",
        "Links are not supported when networkMode=awsvpc",
        "Extra hosts are not supported on container when networkMode=awsvpc",
        "DNS servers are not",
        "hostname is not",
        "Disable Networking is not",
        "Fargate compatible task definitions do not support dockerSecurityOptions",
        "Tasks using the Fargate launch type do not support GPU resource requirements",
    ],
    source: FARGATE_PAGE,
    check: |subject, findings| subject.containers.iter().for_each(|container| host_only(container, findings)),
};

const HOST_ONLY: [(&str, &str); 8] = [
    ("privileged", "Privileged mode is"),
    ("links", "Links between containers are"),
    ("extraHosts", "Extra hosts are"),
    ("dnsServers", "DNS servers of one container are"),
    ("dnsSearchDomains", "DNS search domains are"),
    ("dockerSecurityOptions", "Docker security options are"),
    ("hostname", "A host name is"),
    ("disableNetworking", "Networking cannot be switched off, so this is"),
];

fn host_only(container: &Node<'_>, findings: &mut Findings<'_>) {
    for (name, what) in HOST_ONLY {
        if container.says(name) {
            findings
                .error(container.place(name), format!("{what} not for Fargate"))
                .fix("Remove it", [Edit::remove(container.place(name))]);
        }
    }
    for requirement in container.objects("resourceRequirements") {
        match requirement.text("type") {
            Some("GPU") => findings.error(requirement.at.clone(), "Fargate has no GPUs"),
            Some("InferenceAccelerator") => {
                findings.error(requirement.at.clone(), "Inference accelerators no longer exist").secondary()
            }
            Some(other) => findings
                .warning(requirement.at.clone(), format!("Fargate is not known to have {other}."))
                .unverified(),
            None => continue,
        };
    }
}
