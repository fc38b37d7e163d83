//! Rules about the two roles.

use super::{Findings, Rule};
use crate::{
    Edit,
    Evidence::Verified,
    Severity::Error,
    ecr::Partition,
    form::PLACEHOLDER_ACCOUNT,
    roles::{RoleArn, RoleError, execution_role, is_role_name},
    subject::{Node, Subject},
};

pub(super) const FG007: Rule = Rule {
    id: "FG007",
    severity: Error,
    evidence: Verified,
    title: "Execution role",
    sentence: "`executionRoleArn` is there when Fargate has to pull from ECR, write logs or read secrets.",
    reason: "Fargate does these things before your code runs, under this role.",
    aws_text: &[
        "Fargate requires task definition to have execution role ARN to support ECR images.",
        "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
        "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'",
    ],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html",
    check: |subject, findings| {
        if subject.root.has("executionRoleArn") {
            return;
        }
        let needs = needs(subject);
        if !needs.is_empty() {
            let place = subject.root.place("executionRoleArn");
            let uri = subject.ecr_image();
            let arn = uri.map_or_else(
                || execution_role(Partition::Aws, PLACEHOLDER_ACCOUNT),
                |uri| execution_role(uri.partition, &uri.account),
            );
            findings
                .error(place.clone(), format!("Fargate needs an execution role to {}", needs.join(", to ")))
                .fix("Name ecsTaskExecutionRole", [Edit::set(place, arn)]);
        }
    },
};

/// Whether a container needs something.
type Needs = fn(&Node<'_>) -> bool;

/// What the execution role is needed for, each once.
fn needs(subject: &Subject<'_>) -> Vec<&'static str> {
    const NEEDS: [(&str, Needs); 6] = [
        ("pull from Amazon ECR", |container| container.ecr_image().is_some()),
        ("log in to a private registry", |container| container.has("repositoryCredentials")),
        ("write logs", |container| {
            container.get("logConfiguration").is_some_and(|log| log.text("logDriver") == Some("awslogs"))
        }),
        ("read secrets", |container| container.says("secrets")),
        ("read log secrets", |container| {
            container.get("logConfiguration").is_some_and(|log| log.says("secretOptions"))
        }),
        ("read environment files", |container| container.says("environmentFiles")),
    ];
    NEEDS
        .into_iter()
        .filter(|(_, needs)| subject.containers.iter().any(needs))
        .map(|(what, _)| what)
        .collect()
}

pub(super) const FG008: Rule = Rule {
    id: "FG008",
    severity: Error,
    evidence: Verified,
    title: "Role ARNs",
    sentence: "A role is named by its ARN, in the partition of the image's Region.",
    reason: "ECS assumes the role by that name; a role of another partition does not exist for it.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html",
    check: arns,
};

fn arns(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let partition = subject.ecr_image().map(|uri| uri.partition);
    for name in ["executionRoleArn", "taskRoleArn"] {
        let Some(text) = subject.root.text(name) else { continue };
        let place = subject.root.place(name);
        match RoleArn::parse(text) {
            Ok(role) => {
                if let Some(partition) = partition.filter(|partition| partition.arn() != role.partition) {
                    let arn = format!("arn:{}:iam::{}:role/{}", partition.arn(), role.account, role.name);
                    let (image, role) = (partition.arn(), role.partition);
                    findings
                        .error(
                            place.clone(),
                            format!("The role is in partition {role}, the image in {image}"),
                        )
                        .fix(format!("Use {image}"), [Edit::set(place, arn)]);
                }
            }
            Err(RoleError::NotAnArn(_)) if text.is_empty() => {
                findings.error(place.clone(), "The role is empty").fix("Leave it out", [Edit::remove(place)]);
            }
            // ECS takes the bare name of a task role, CloudFormation does not.
            Err(RoleError::NotAnArn(_)) if name == "taskRoleArn" && is_role_name(text) => {
                let account = subject.ecr_image().map_or(PLACEHOLDER_ACCOUNT, |uri| uri.account.as_str());
                let arn =
                    format!("arn:{}:iam::{account}:role/{text}", partition.unwrap_or(Partition::Aws).arn());
                findings
                    .warning(
                        place.clone(),
                        "This is a bare role name: ECS takes it, CloudFormation wants the ARN",
                    )
                    .fix("Write the ARN", [Edit::set(place, arn)]);
            }
            Err(error) => {
                findings.error(place, error.to_string());
            }
        }
    }
}
