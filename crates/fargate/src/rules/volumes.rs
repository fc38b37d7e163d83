//! Rules about volumes and mounts.

use super::{Findings, Rule, is_name};
use crate::{
    Edit,
    Evidence::Verified,
    Severity::Error,
    subject::{Node, Subject},
};

pub(super) const FG015: Rule = Rule {
    id: "FG015",
    severity: Error,
    evidence: Verified,
    title: "Volumes",
    sentence: "A volume is scratch space, EFS with encryption where it needs it, or EBS configured at launch.",
    reason: "There is no host directory and no volume driver on Fargate.",
    aws_text: &[
        "Fargate compatible task definitions do not support sourcePath",
        "Fargate compatible task definitions do not support dockerVolumeConfiguration",
        "EFS IAM authorization requires TransitEncryption to be enabled",
        "TransitEncryptionPort requires that TransitEncryption is enabled",
        "When using an EFS access point, the root directory must either be set to \"/\" or be omitted",
    ],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_data_volumes.html",
    check: volumes,
};

fn volumes(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let all = subject.root.objects("volumes");
    for (index, volume) in all.iter().enumerate() {
        match volume.text("name") {
            Some(name) if !is_name(name) => {
                findings.error(volume.place("name"), "A volume's name is 1 to 255 letters, digits, _ and -");
            }
            Some(name) if all.iter().take(index).any(|earlier| earlier.text("name") == Some(name)) => {
                findings.error(volume.place("name"), format!("Two volumes are called `{name}`"));
            }
            None if !volume.has("name") => {
                findings.error(volume.place("name"), "The volume has no name");
            }
            _ => {}
        }
        if let Some(host) = volume.get("host")
            && host.says("sourcePath")
        {
            findings
                .error(host.place("sourcePath"), "There is no host directory to mount on Fargate")
                .fix("Use scratch space", [Edit::remove(host.at.clone())]);
        }
        if volume.says("dockerVolumeConfiguration") {
            let place = volume.place("dockerVolumeConfiguration");
            findings
                .error(place.clone(), "Docker volumes are not for Fargate")
                .fix("Use scratch space", [Edit::remove(place)]);
        }
        if volume.says("fsxWindowsFileServerVolumeConfiguration") {
            let place = volume.place("fsxWindowsFileServerVolumeConfiguration");
            findings.error(place, "FSx for Windows File Server is for Windows on EC2 only");
        }
        if volume.says("s3filesVolumeConfiguration") {
            let place = volume.place("s3filesVolumeConfiguration");
            findings.warning(place, "Amazon S3 Files may not work on Fargate.").unverified();
        }
        if let Some(efs) = volume.get("efsVolumeConfiguration").filter(|efs| efs.value.is_object()) {
            efs_volume(&efs, findings);
        }
    }
}

fn efs_volume(efs: &Node<'_>, findings: &mut Findings<'_>) {
    if efs.text("fileSystemId").is_some_and(|id| !is_file_system(id)) {
        findings.error(
            efs.place("fileSystemId"),
            "This is not the id of an EFS file system, such as fs-0123456789abcdef0",
        );
    }
    let authorization = efs.get("authorizationConfig");
    let access_point = authorization.as_ref().is_some_and(|config| config.says("accessPointId"));
    let iam = authorization.as_ref().is_some_and(|config| config.text("iam") == Some("ENABLED"));
    let port = efs.integer("transitEncryptionPort").is_some();
    if efs.text("transitEncryption") != Some("ENABLED") {
        let needs =
            [(iam, "IAM authorisation"), (access_point, "An access point"), (port, "A port for encryption")];
        if let Some((_, what)) = needs.into_iter().find(|(needed, _)| *needed) {
            let place = efs.place("transitEncryption");
            findings
                .error(place.clone(), format!("{what} needs encryption in transit"))
                .fix("Encrypt in transit", [Edit::set(place, "ENABLED")]);
        }
    }
    let place = efs.place("rootDirectory");
    if access_point && !matches!(efs.text("rootDirectory"), None | Some("/")) {
        findings
            .error(place.clone(), "An access point has its own root directory, so this one is / or absent")
            .fix("Leave it out", [Edit::remove(place)]);
    }
}

/// `fs-` and 8 to 40 hex digits, or the ARN of such a file system.
fn is_file_system(text: &str) -> bool {
    let id = match text.split_once(":file-system/") {
        Some((arn, id)) => {
            let fields: Vec<&str> = arn.split(':').collect();
            let ["arn", partition, "elasticfilesystem", region, account] = *fields.as_slice() else {
                return false;
            };
            let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
            if !partition.starts_with("aws") || region.is_empty() || !digits {
                return false;
            }
            id
        }
        None => text,
    };
    id.strip_prefix("fs-").is_some_and(|hex| {
        (8..=40).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
    })
}

pub(super) const FG121: Rule = Rule {
    id: "FG121",
    severity: Error,
    evidence: Verified,
    title: "Mounts",
    sentence: "A mount names a volume of the task and an absolute path; every volume is mounted somewhere.",
    reason: "ECS refuses both a mount without a volume and a volume without a mount.",
    aws_text: &[
        "Unknown volume 'x'.",
        "Invalid 'volumesFrom' setting. Unknown container: 'x'",
        "Volumes [x] are not referenced by any of the containers",
    ],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_MountPoint.html",
    check: mounts,
};

fn mounts(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let volumes = subject.root.objects("volumes");
    let mut used: Vec<&str> = Vec::new();
    for container in &subject.containers {
        for mount in container.objects("mountPoints") {
            match mount.text("sourceVolume") {
                Some(name) if volumes.iter().any(|volume| volume.text("name") == Some(name)) => {
                    used.push(name)
                }
                Some(name) => {
                    let volume = serde_json::json!({"name": name});
                    let finding =
                        findings.error(mount.place("sourceVolume"), format!("There is no volume `{name}`"));
                    if is_name(name) {
                        finding.fix(
                            "Add it as scratch space",
                            [Edit::set(subject.root.place("volumes").end(), volume)],
                        );
                    }
                }
                None if mount.has("sourceVolume") => {}
                None => {
                    findings.error(mount.place("sourceVolume"), "The mount names no volume");
                }
            }
            let absolute =
                mount.text("containerPath").map(|path| path.starts_with('/') || subject.is_windows());
            match absolute {
                Some(true) => {}
                None if mount.has("containerPath") => {}
                _ => {
                    findings.error(
                        mount.place("containerPath"),
                        "A mount needs an absolute path in the container",
                    );
                }
            }
        }
        for from in container.objects("volumesFrom") {
            match from.text("sourceContainer") {
                Some(name) if subject.container(name).is_some() => {}
                Some(name) => drop(
                    findings.error(from.place("sourceContainer"), format!("There is no container `{name}`")),
                ),
                None if from.has("sourceContainer") => {}
                None => drop(
                    findings.error(from.place("sourceContainer"), "The container to mount from is missing"),
                ),
            }
        }
    }
    for volume in volumes {
        if let Some(name) = volume.text("name").filter(|name| !used.contains(name)) {
            findings
                .error(volume.at.clone(), format!("No container mounts volume `{name}`"))
                .fix("Remove it", [Edit::remove(volume.at.clone())]);
        }
    }
}
