//! Rules about the task as a whole.

use super::{Findings, Rule, as_name, by_shape, is_name};
use crate::{
    Edit,
    Evidence::{Secondary, Unverified, Verified},
    Severity::{Error, Warning},
    subject::Subject,
};

const REQUEST_PAGE: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html";
const FARGATE_PAGE: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html";

pub(super) const FG001: Rule = Rule {
    id: "FG001",
    severity: Error,
    evidence: Verified,
    title: "Family",
    sentence: "`family` is required: 1 to 255 letters, digits, _ and -.",
    reason: "It names the definition; every registration makes a new revision of it.",
    aws_text: &["Family contains invalid characters."],
    source: REQUEST_PAGE,
    check: |subject, findings| {
        let place = subject.root.place("family");
        match subject.root.text("family") {
            Some(family) if is_name(family) => {}
            Some("") => {
                findings.error(place, "The family is empty");
            }
            None if subject.root.has("family") => {}
            None => {
                findings.error(place, "The family is missing");
            }
            Some(family) => {
                let what = if family.len() > 255 { "is too long" } else { "holds characters ECS refuses" };
                let finding = findings.error(place.clone(), format!("The family {what}"));
                if let Some(name) = as_name(family) {
                    finding.fix(format!("Use {}", shortened(&name)), [Edit::set(place, name)]);
                }
            }
        }
    },
};

pub(super) const FG002: Rule = Rule {
    id: "FG002",
    severity: Error,
    evidence: Verified,
    title: "Unknown members",
    sentence: "Every member is one that RegisterTaskDefinition has.",
    reason: "Each AWS client refuses a request with a member it does not know.",
    aws_text: &["Unknown parameter in input"],
    source: REQUEST_PAGE,
    check: by_shape,
};

pub(super) const FG003: Rule = Rule {
    id: "FG003",
    severity: Error,
    evidence: Verified,
    title: "Compatibility",
    sentence: "`requiresCompatibilities` holds FARGATE.",
    reason: "Without it ECS accepts the definition and does not check it for Fargate; the task fails later.",
    aws_text: &[],
    source: REQUEST_PAGE,
    check: |subject, findings| {
        let place = subject.root.place("requiresCompatibilities");
        let listed = subject.root.texts("requiresCompatibilities");
        // A slip of case is already reported, with its own fix.
        if listed.iter().any(|kind| kind.eq_ignore_ascii_case("FARGATE")) {
            return;
        }
        let message = if listed.is_empty() { "FARGATE is not required" } else { "FARGATE is not among them" };
        let mut kinds = vec!["FARGATE"];
        kinds.extend(listed);
        findings.error(place.clone(), message).fix("Require FARGATE", [Edit::set(place, kinds)]);
    },
};

pub(super) const FG004: Rule = Rule {
    id: "FG004",
    severity: Error,
    evidence: Verified,
    title: "Network mode",
    sentence: "`networkMode` is awsvpc.",
    reason: "Each Fargate task has a network interface of its own.",
    aws_text: &["Fargate only supports network mode 'awsvpc'."],
    source: FARGATE_PAGE,
    check: |subject, findings| {
        let message = match subject.root.text("networkMode") {
            Some("awsvpc") => return,
            Some(mode) => format!("Fargate has only network mode awsvpc, not {mode}"),
            None if subject.root.has("networkMode") => return,
            None => "The network mode is missing; Fargate has only awsvpc".to_owned(),
        };
        let place = subject.root.place("networkMode");
        findings.error(place.clone(), message).fix("Use awsvpc", [Edit::set(place, "awsvpc")]);
    },
};

pub(super) const FG011: Rule = Rule {
    id: "FG011",
    severity: Error,
    evidence: Verified,
    title: "PID mode",
    sentence: "`pidMode`, if any, is task.",
    reason: "There is no host whose processes could be shared.",
    aws_text: &[],
    source: REQUEST_PAGE,
    check: |subject, findings| {
        if let Some(mode) = subject.root.text("pidMode").filter(|&mode| mode != "task") {
            let place = subject.root.place("pidMode");
            findings
                .error(place.clone(), format!("PID mode `{mode}` is not for Fargate"))
                .fix("Leave it out", [Edit::remove(place)]);
        }
    },
};

pub(super) const FG012: Rule = Rule {
    id: "FG012",
    severity: Error,
    evidence: Verified,
    title: "IPC mode",
    sentence: "There is no `ipcMode`.",
    reason: "Fargate shares no IPC namespace.",
    aws_text: &["Fargate compatible task definitions do not support ipcMode"],
    source: FARGATE_PAGE,
    check: |subject, findings| absent(subject, findings, "ipcMode", "An IPC mode is not for Fargate"),
};

pub(super) const FG013: Rule = Rule {
    id: "FG013",
    severity: Error,
    evidence: Verified,
    title: "Placement constraints",
    sentence: "There are no `placementConstraints`.",
    reason: "Fargate places tasks itself.",
    aws_text: &[],
    source: FARGATE_PAGE,
    check: |subject, findings| {
        if subject.root.says("placementConstraints") {
            absent(subject, findings, "placementConstraints", "Placement constraints are not for Fargate");
        }
    },
};

pub(super) const FG014: Rule = Rule {
    id: "FG014",
    severity: Error,
    evidence: Verified,
    title: "Tags",
    sentence: "At most 50 tags; keys of 1 to 128 characters, once each, not starting with aws:; values up to 256.",
    reason: "These are the limits of tags on every ECS resource.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html",
    check: tags,
};

fn tags(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let tags = subject.root.objects("tags");
    if tags.len() > 50 {
        findings.error(subject.root.place("tags"), format!("{} tags; 50 are allowed", tags.len()));
    }
    for (index, tag) in tags.iter().enumerate() {
        let (key, value) = (tag.text("key").unwrap_or_default(), tag.text("value").unwrap_or_default());
        let mut error = |member: &str, message: String| {
            findings.error(tag.place(member), message);
        };
        if !(1..=128).contains(&key.chars().count()) {
            error("key", "A tag's key has 1 to 128 characters".to_owned());
        }
        if value.chars().count() > 256 {
            error("value", format!("The value of tag `{}` has more than 256 characters", shortened(key)));
        }
        for (member, text) in [("key", key), ("value", value)] {
            if let Some(c) = text.chars().find(|&c| !is_tag_character(c)) {
                error(member, format!("A tag's {member} may not hold {c:?}"));
            }
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            error("key", format!("Tag `{}`: keys that start with aws: belong to AWS", shortened(key)));
        }
        if tags.iter().take(index).any(|earlier| earlier.text("key") == Some(key)) {
            error("key", format!("Tag `{}` is there twice", shortened(key)));
        }
    }
}

/// Letters, numbers, blanks and `_ . : / = + - @`.
fn is_tag_character(c: char) -> bool {
    let space = c.is_whitespace() && !c.is_control();
    c.is_alphabetic() || c.is_numeric() || space || matches!(c, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
}

pub(super) const FG016: Rule = Rule {
    id: "FG016",
    severity: Error,
    evidence: Verified,
    title: "Inference accelerators",
    sentence: "There are no `inferenceAccelerators`.",
    reason: "Elastic Inference is retired.",
    aws_text: &["Unsupported field 'inferenceAccelerators'"],
    source: REQUEST_PAGE,
    check: |subject, findings| {
        if subject.root.says("inferenceAccelerators") {
            absent(subject, findings, "inferenceAccelerators", "Inference accelerators no longer exist");
        }
    },
};

pub(super) const FG017: Rule = Rule {
    id: "FG017",
    severity: Warning,
    evidence: Unverified,
    title: "Size of the definition",
    sentence: "The definition has at most 64 KiB.",
    reason: "ECS is said to refuse larger ones; long environments belong into files or a parameter store.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html",
    check: |subject, findings| {
        let bytes = subject.root.value.to_string().len();
        if bytes > 64 << 10 {
            findings.warning(
                subject.root.at.clone(),
                format!("The definition has {bytes} bytes, more than 64 KiB."),
            );
        }
    },
};

pub(super) const FG018: Rule = Rule {
    id: "FG018",
    severity: Error,
    evidence: Secondary,
    title: "App Mesh proxy",
    sentence: "There is no `proxyConfiguration`.",
    reason: "It is for App Mesh, which is at its end of life; Service Connect takes its place.",
    aws_text: &["Proxy container [x] does not exist"],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect.html",
    check: |subject, findings| {
        let Some(proxy) = subject.root.get("proxyConfiguration").filter(|proxy| proxy.value.is_object())
        else {
            return;
        };
        let fix = [Edit::remove(proxy.at.clone())];
        findings
            .warning(proxy.at.clone(), "App Mesh is at its end of life; Service Connect takes its place")
            .fix("Remove the proxy", fix);
        if let Some(name) = proxy.text("containerName")
            && subject.container(name).is_none()
        {
            findings.error(
                proxy.place("containerName"),
                format!("There is no container `{name}` to be the proxy"),
            );
        }
    },
};

pub(super) const FG019: Rule = Rule {
    id: "FG019",
    severity: Error,
    evidence: Verified,
    title: "Trusted execution",
    sentence: "There is no `trustedExecutionConfiguration`.",
    reason: "It is for ECS Managed Instances only.",
    aws_text: &[],
    source: REQUEST_PAGE,
    check: |subject, findings| {
        absent(
            subject,
            findings,
            "trustedExecutionConfiguration",
            "Trusted execution is for Managed Instances only",
        );
    },
};

pub(super) const FG020: Rule = Rule {
    id: "FG020",
    severity: Error,
    evidence: Verified,
    title: "Types",
    sentence: "Every value has the type RegisterTaskDefinition gives it.",
    reason: "Each AWS client checks types before it sends anything.",
    aws_text: &["Parameter validation failed: Invalid type for parameter"],
    source: REQUEST_PAGE,
    check: by_shape,
};

/// A member of the task that must not be there.
fn absent(subject: &Subject<'_>, findings: &mut Findings<'_>, name: &str, message: &str) {
    // null is a wrong type, which has been said already.
    if subject.root.get(name).is_some_and(|node| !node.value.is_null()) {
        let place = subject.root.place(name);
        findings.error(place.clone(), message).fix("Leave it out", [Edit::remove(place)]);
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(39).chain(['…']).collect() }
}
