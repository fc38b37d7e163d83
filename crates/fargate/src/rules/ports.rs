//! The rule about port mappings.

use super::{Findings, Rule};
use crate::{
    Edit,
    Evidence::Verified,
    Severity::Error,
    subject::{Node, Subject},
};

pub(super) const FG107: Rule = Rule {
    id: "FG107",
    severity: Error,
    evidence: Verified,
    title: "Port mappings",
    sentence: "A port is 1 to 65535 on tcp or udp, once in the task, with no other host port; names are unique.",
    reason: "All containers of a task share one network interface.",
    aws_text: &[
        "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        "cannot specify both single port and port range",
        "Invalid 'containerPortRange' setting",
        "port mapping name is already used",
    ],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html",
    check: mappings,
};

/// Ports first to last on one protocol.
struct Taken<'a> {
    first: i64,
    last: i64,
    protocol: &'a str,
}

fn mappings(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let mut taken: Vec<Taken<'_>> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mappings = subject.containers.iter().flat_map(|container| container.objects("portMappings"));
    for mapping in mappings {
        let protocol = mapping.text("protocol").unwrap_or("tcp");
        if let Some((first, last)) = ports(&mapping, findings) {
            let overlaps =
                |other: &&Taken<'_>| other.protocol == protocol && first <= other.last && other.first <= last;
            if let Some(other) = taken.iter().find(overlaps) {
                let port = first.max(other.first);
                findings
                    .error(mapping.at.clone(), format!("Port {port}/{protocol} is used twice in the task"));
            }
            taken.push(Taken { first, last, protocol });
        }
        if let Some(name) = mapping.text("name") {
            if !is_port_name(name) {
                findings.error(
                    mapping.place("name"),
                    "A port's name is 1 to 64 of a-z 0-9 _ -, not starting with -",
                );
            }
            if names.contains(&name) {
                findings.error(mapping.place("name"), format!("Two ports are called `{name}`"));
            }
            names.push(name);
        } else if mapping.has("appProtocol") && !mapping.has("name") {
            let message = "An `appProtocol` has no effect on a port without a name";
            findings.warning(mapping.place("appProtocol"), message).secondary();
        }
    }
}

/// The ports a mapping takes, if they can be read; what is wrong with them is reported.
fn ports(mapping: &Node<'_>, findings: &mut Findings<'_>) -> Option<(i64, i64)> {
    let port = mapping.integer("containerPort");
    if mapping.has("containerPortRange") {
        if mapping.has("containerPort") || mapping.has("hostPort") {
            let patch =
                [Edit::remove(mapping.place("containerPort")), Edit::remove(mapping.place("hostPort"))];
            findings
                .error(mapping.at.clone(), "A mapping has a single port or a range, not both")
                .fix("Keep the range", patch);
        }
        let text = mapping.text("containerPortRange")?;
        let range = range(text);
        if range.is_none() {
            let message = format!("`{text}` is not a range such as 8000-8010, within 1 to 65535");
            findings.error(mapping.place("containerPortRange"), message);
        }
        return range;
    }
    match port {
        None if mapping.has("containerPort") => return None,
        None => {
            findings.error(mapping.place("containerPort"), "The container's port is missing");
            return None;
        }
        // ECS reads 0 as "any port" on EC2. What Fargate makes of it is not known.
        Some(0) => {
            findings
                .error(mapping.place("containerPort"), "Port 0 is no port a service could be found at.")
                .unverified();
            return None;
        }
        Some(port) if !(1..=65535).contains(&port) => {
            findings.error(mapping.place("containerPort"), format!("Port {port} is outside of 1 to 65535"));
            return None;
        }
        Some(_) => {}
    }
    let port = port?;
    if let Some(host) = mapping.integer("hostPort")
        && host != port
    {
        findings
            .error(
                mapping.place("hostPort"),
                format!("The host port is {host}; with awsvpc it is the container's, {port}"),
            )
            .fix("Leave it out", [Edit::remove(mapping.place("hostPort"))]);
    }
    Some((port, port))
}

/// `8000-8010`, rising.
fn range(text: &str) -> Option<(i64, i64)> {
    let port = |digits: &str| {
        let number: u16 = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
        (number > 0).then_some(i64::from(number))
    };
    let (first, last) = text.split_once('-')?;
    let (first, last) = (port(first)?, port(last)?);
    (first < last).then_some((first, last))
}

fn is_port_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
}
