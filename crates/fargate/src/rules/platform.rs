//! The rule about operating system and architecture.

use super::{Findings, Rule};
use crate::{
    Edit,
    Evidence::Verified,
    Severity::Error,
    platform::{FAMILIES, Runtime},
    subject::Subject,
};

pub(super) const FG009: Rule = Rule {
    id: "FG009",
    severity: Error,
    evidence: Verified,
    title: "Runtime platform",
    sentence: "`runtimePlatform` names X86_64 or ARM64 and an operating system family in ECS's spelling.",
    reason: "Left out, it is LINUX on X86_64: another image of a multi-platform tag, or `exec format error`.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html",
    check: platform,
};

fn platform(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let place = subject.root.place("runtimePlatform");
    let Some(platform) = subject.root.get("runtimePlatform").filter(|platform| platform.value.is_object())
    else {
        let image = subject.context.image.and_then(|image| Runtime::of_image(image).ok());
        let runtime =
            image.unwrap_or(Runtime { cpu_architecture: "X86_64", operating_system_family: "LINUX" });
        let value = serde_json::json!({
            "cpuArchitecture": runtime.cpu_architecture,
            "operatingSystemFamily": runtime.operating_system_family,
        });
        let label = format!("Set {} on {}", runtime.operating_system_family, runtime.cpu_architecture);
        findings
            .warning(place.clone(), "No platform is set, so LINUX on X86_64 is assumed")
            .fix(label, [Edit::set(place, value)]);
        return;
    };
    let architecture = platform.text("cpuArchitecture").unwrap_or("X86_64");
    let family = platform.text("operatingSystemFamily").unwrap_or("LINUX");
    let mut spelling = |member: &str, found: &str, allowed: &[&str], meant: Option<&str>| {
        let message = format!("`{found}` is not one of {}", allowed.join(", "));
        let finding = findings.error(platform.place(member), message);
        if let Some(meant) = meant {
            finding.fix(format!("Write {meant}"), [Edit::set(platform.place(member), meant)]);
        }
    };
    if !["X86_64", "ARM64"].contains(&architecture) {
        // The spellings of OCI and of uname.
        let meant = match architecture.to_ascii_lowercase().as_str() {
            "amd64" | "x86_64" | "x86-64" | "x64" => Some("X86_64"),
            "arm64" | "aarch64" | "arm64/v8" => Some("ARM64"),
            _ => None,
        };
        spelling("cpuArchitecture", architecture, &["X86_64", "ARM64"], meant);
    }
    if !FAMILIES.contains(&family) {
        let meant = FAMILIES.iter().find(|known| known.eq_ignore_ascii_case(family)).copied();
        spelling("operatingSystemFamily", family, FAMILIES, meant);
    }
    if subject.is_windows() && architecture == "ARM64" {
        findings
            .error(platform.place("cpuArchitecture"), "Fargate has no Windows on ARM64")
            .fix("Write X86_64", [Edit::set(platform.place("cpuArchitecture"), "X86_64")]);
    }
}
