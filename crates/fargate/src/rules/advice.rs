//! Advice about what was filled in for the user, and what usually follows.

use super::Rule;
use crate::{
    Edit,
    Evidence::{Secondary, Verified},
    Pointer,
    Severity::{Info, Warning},
    form::{PLACEHOLDER_ACCOUNT, given},
    roles::EXECUTION_ROLE,
};
use serde_json::{Value, json};

pub(super) const AD401: Rule = Rule {
    id: "AD401",
    severity: Warning,
    evidence: Verified,
    title: "Placeholder account",
    sentence: "No account is 123456789012, the one of AWS's examples.",
    reason: "The definition registers with it, and the task then cannot pull its image or assume its role.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html",
    check: |subject, findings| {
        let mut places = Vec::new();
        placeholders(subject.root.value, &subject.root.at, &mut places);
        if let Some(first) = places.first() {
            let others = match places.len() {
                1 => String::new(),
                2 => " (and in one more place)".to_owned(),
                count => format!(" (and in {} more places)", count - 1),
            };
            let message =
                format!("{PLACEHOLDER_ACCOUNT} is a placeholder{others}: put your account number here");
            findings.warning(first.clone(), message);
        }
    },
};

/// Places of strings that hold the account, in document order.
fn placeholders(value: &Value, at: &Pointer, places: &mut Vec<Pointer>) {
    match value {
        Value::String(text) if text.contains(PLACEHOLDER_ACCOUNT) => places.push(at.clone()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| placeholders(item, &at.index(index), places));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| placeholders(member, &at.key(name), places));
        }
        _ => {}
    }
}

pub(super) const AD402: Rule = Rule {
    id: "AD402",
    severity: Info,
    evidence: Verified,
    title: "Assumed execution role",
    sentence: "The execution role is one you have.",
    reason: "The usual name was filled in; the account must have a role of that name with the right to pull and to log.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html",
    check: |subject, findings| {
        let assumed =
            subject.context.form.is_some_and(|form| given(form.execution_role_arn.as_ref()).is_none());
        if assumed && subject.root.text("executionRoleArn").is_some_and(|arn| arn.ends_with(EXECUTION_ROLE)) {
            let message = format!("{EXECUTION_ROLE} was filled in: create it, or name the role you have");
            findings.info(subject.root.place("executionRoleArn"), message);
        }
    },
};

pub(super) const AD403: Rule = Rule {
    id: "AD403",
    severity: Info,
    evidence: Secondary,
    title: "Read-only root",
    sentence: "With a read-only root file system, something writable is mounted.",
    reason: "Most programs want to write below /tmp.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html",
    check: |subject, findings| {
        for container in &subject.containers {
            let writable = container.says("mountPoints")
                || container.says("volumesFrom")
                || container.get("linuxParameters").is_some_and(|linux| linux.says("tmpfs"));
            if container.flag("readonlyRootFilesystem") != Some(true) || writable || subject.is_windows() {
                continue;
            }
            let tmp = format!("{}-tmp", container.name());
            let patch = [
                Edit::set(subject.root.place("volumes").end(), json!({"name": tmp})),
                Edit::set(
                    container.place("mountPoints").end(),
                    json!({"sourceVolume": tmp, "containerPath": "/tmp"}),
                ),
            ];
            findings
                .info(
                    container.place("readonlyRootFilesystem"),
                    format!("`{}` can write nowhere, not even to /tmp", container.name()),
                )
                .fix("Mount scratch space at /tmp", patch);
        }
    },
};
