//! Rules about variables.

use super::{Findings, Rule};
use crate::{
    Edit,
    Evidence::Verified,
    Severity::Error,
    ecr::Partition,
    form::PLACEHOLDER_ACCOUNT,
    secret,
    subject::{Node, Subject},
};
use serde_json::json;

pub(super) const FG117: Rule = Rule {
    id: "FG117",
    severity: Error,
    evidence: Verified,
    title: "Environment",
    sentence: "`environment` is a list of name and value, both strings, each name once; secrets are not in it.",
    reason: "Everyone who may describe the task reads these values, and they stay in every revision.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/taskdef-envfiles.html",
    check: |subject, findings| {
        for container in &subject.containers {
            plain(subject, container, findings);
        }
    },
};

fn plain(subject: &Subject<'_>, container: &Node<'_>, findings: &mut Findings<'_>) {
    let variables = container.objects("environment");
    for (index, variable) in variables.iter().enumerate() {
        let name = variable.text("name").unwrap_or_default();
        if name.is_empty() {
            if variable.get("name").is_none_or(|name| name.value.is_string()) {
                findings.error(variable.place("name"), "A variable has no name");
            }
            continue;
        }
        if name.contains('=') {
            findings.error(variable.place("name"), "A variable's name may not hold =");
            continue;
        }
        if variables.iter().take(index).any(|earlier| earlier.text("name") == Some(name)) {
            findings
                .error(variable.place("name"), format!("`{name}` is set twice."))
                .unverified()
                .fix("Remove this one", [Edit::remove(variable.at.clone())]);
            continue;
        }
        let value = variable.text("value").unwrap_or_default();
        if secret::is_static_aws_credential(name) {
            findings
                .warning(
                    variable.place("name"),
                    format!("`{name}` is a static AWS credential; a task role needs none"),
                )
                .fix("Remove it", [Edit::remove(variable.at.clone())]);
        } else if let Some(what) = secret::value_looks_secret(value) {
            let message = format!("The value of `{name}` looks like {what}");
            let patch = to_secret(subject, container, variable, name);
            findings.warning(variable.place("value"), message).fix("Move to secrets", patch);
        } else if !value.is_empty() && secret::name_looks_secret(name) {
            let patch = to_secret(subject, container, variable, name);
            findings
                .warning(variable.place("name"), format!("`{name}` looks like a secret"))
                .fix("Move to secrets", patch);
        }
    }
}

/// Takes the variable out and reads it from a parameter of the family's instead. The value is not
/// carried along: it has to be stored by hand, and probably changed.
fn to_secret(subject: &Subject<'_>, container: &Node<'_>, variable: &Node<'_>, name: &str) -> Vec<Edit> {
    let secret = json!({"name": name, "valueFrom": parameter_arn(subject, name)});
    vec![Edit::remove(variable.at.clone()), Edit::set(container.place("secrets").end(), secret)]
}

/// The parameter a secret of that name would be kept in, in the image's account and Region.
pub(super) fn parameter_arn(subject: &Subject<'_>, name: &str) -> String {
    let (partition, region, account) =
        subject.ecr_image().map_or((Partition::Aws, "us-east-1", PLACEHOLDER_ACCOUNT), |uri| {
            (uri.partition, &uri.region, &uri.account)
        });
    // Parameter names take letters, digits and . - _ only.
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .collect();
    let family = subject.family();
    format!("arn:{}:ssm:{region}:{account}:parameter/{family}/{name}", partition.arn())
}

pub(super) const FG118: Rule = Rule {
    id: "FG118",
    severity: Error,
    evidence: Verified,
    title: "Secrets",
    sentence: "`valueFrom` is the ARN of a Secrets Manager secret or Parameter Store parameter, or a parameter's name; the name is set once.",
    reason: "The execution role reads the value before the container starts.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html",
    check: |subject, findings| {
        for container in &subject.containers {
            secrets(container, findings);
            if let Some(log) = container.get("logConfiguration") {
                log.objects("secretOptions").iter().for_each(|option| source(option, findings));
            }
        }
    },
};

fn secrets(container: &Node<'_>, findings: &mut Findings<'_>) {
    let plain: Vec<&str> =
        container.objects("environment").iter().filter_map(|variable| variable.text("name")).collect();
    let mut named: Vec<&str> = Vec::new();
    for secret in container.objects("secrets") {
        if let Some(name) = secret.text("name") {
            if name.is_empty() || name.contains('=') {
                findings
                    .error(secret.place("name"), "A variable's name is not empty and holds no =")
                    .secondary();
            } else if plain.contains(&name) {
                let index = plain.iter().position(|&other| other == name).unwrap_or_default();
                findings
                    .error(
                        secret.place("name"),
                        format!("`{name}` is set both in the environment and as a secret."),
                    )
                    .unverified()
                    .fix("Keep the secret", [Edit::remove(container.place("environment").index(index))]);
            } else if named.contains(&name) {
                findings.error(secret.place("name"), format!("`{name}` is set twice.")).unverified();
            }
            named.push(name);
        }
        source(&secret, findings);
    }
}

/// Where the value comes from.
fn source(secret: &Node<'_>, findings: &mut Findings<'_>) {
    let Some(from) = secret.text("valueFrom") else { return };
    let place = secret.place("valueFrom");
    if from.is_empty() || from.contains(char::is_whitespace) {
        findings.error(place, "The name or ARN of a parameter or secret is missing, or holds a blank");
    } else if from.starts_with("arn:") {
        if !is_secret_arn(from) {
            let message = "This ARN is of neither a Parameter Store parameter nor a Secrets Manager secret";
            findings.error(place, message).secondary();
        }
    } else if !from.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/')) {
        // Not repeated in the message: a secret pasted here by mistake is still a secret.
        findings.warning(place, "A parameter's name has only letters, digits and . - _ /").secondary();
    }
}

/// `arn:<partition>:ssm:<region>:<account>:parameter/…` or `…:secretsmanager:…:secret:…`.
fn is_secret_arn(text: &str) -> bool {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, service, region, account, resource] = *fields.as_slice() else { return false };
    let named = match service {
        "ssm" => resource.strip_prefix("parameter/"),
        "secretsmanager" => resource.strip_prefix("secret:"),
        _ => None,
    };
    partition.starts_with("aws")
        && !region.is_empty()
        && region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && named.is_some_and(|name| !name.is_empty())
}

pub(super) const FG119: Rule = Rule {
    id: "FG119",
    severity: Error,
    evidence: Verified,
    title: "Environment files",
    sentence: "At most 10 environment files, each the ARN of an S3 object whose name ends in .env.",
    reason: "The execution role fetches them from S3; another ending is not read.",
    aws_text: &[
        "The maximum number of environment files was exceeded. Specify ten or less and try again",
        "Invalid arn syntax",
    ],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EnvironmentFile.html",
    check: |subject, findings| {
        for container in &subject.containers {
            let files = container.objects("environmentFiles");
            if files.len() > 10 {
                findings.error(
                    container.place("environmentFiles"),
                    format!("{} environment files; 10 are allowed", files.len()),
                );
            }
            for file in files {
                if file.text("value").is_some_and(|arn| !is_env_file(arn)) {
                    findings.error(
                        file.place("value"),
                        "This is not the ARN of an S3 object whose name ends in .env",
                    );
                }
            }
        }
    },
};

/// `arn:<partition>:s3:::<bucket>/<key>.env`.
fn is_env_file(text: &str) -> bool {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "s3", "", "", object] = *fields.as_slice() else { return false };
    let Some((bucket, key)) = object.split_once('/') else { return false };
    partition.starts_with("aws") && !bucket.is_empty() && key.len() > 4 && key.ends_with(".env")
}
