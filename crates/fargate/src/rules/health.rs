//! The rule about health checks.

use super::{Findings, Rule};
use crate::{Edit, Evidence::Verified, Severity::Error, subject::Subject};

pub(super) const FG111: Rule = Rule {
    id: "FG111",
    severity: Error,
    evidence: Verified,
    title: "Health check",
    sentence: "`command` starts with CMD or CMD-SHELL; interval 5–300, timeout 2–60, retries 1–10, startPeriod 0–300, in seconds.",
    reason: "The command runs inside the container, so what it calls has to be in the image.",
    aws_text: &[],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html",
    check: checks,
};

const LIMITS: [(&str, i64, i64, &str); 4] = [
    ("interval", 5, 300, " s"),
    ("timeout", 2, 60, " s"),
    ("retries", 1, 10, ""),
    ("startPeriod", 0, 300, " s"),
];

/// Docker writes nanoseconds; nobody means a check every eleven days.
const NANOSECONDS: i64 = 1_000_000;

fn checks(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for check in subject.containers.iter().filter_map(|container| container.get("healthCheck")) {
        let place = check.place("command");
        let all_texts = check.items("command").iter().all(|item| item.value.is_string());
        if let Some(list) = check.get("command")
            && list.value.is_array()
            && all_texts
        {
            let command = check.texts("command");
            match command.as_slice() {
                ["NONE"] | ["CMD", _, ..] | ["CMD-SHELL", _] => {}
                ["CMD-SHELL", _, ..] => {
                    let script = command.get(1..).unwrap_or_default().join(" ");
                    let patch = [Edit::set(place.clone(), vec!["CMD-SHELL".to_owned(), script])];
                    findings.warning(place, "CMD-SHELL takes one string").fix("Join the words", patch);
                }
                [] | ["CMD" | "CMD-SHELL"] => {
                    findings.error(place, "The health check has no command");
                }
                words => {
                    let patched: Vec<&str> = std::iter::once("CMD").chain(words.iter().copied()).collect();
                    findings
                        .error(place.clone(), "A health check's command starts with CMD or CMD-SHELL")
                        .fix("Put CMD in front", [Edit::set(place, patched)]);
                }
            }
        }
        for (name, least, most, unit) in LIMITS {
            let Some(value) = check.integer(name).filter(|value| !(least..=most).contains(value)) else {
                continue;
            };
            let (message, nearest) = if value >= NANOSECONDS && unit == " s" {
                let seconds = value / 1_000_000_000;
                (
                    format!("`{name}` {value} looks like nanoseconds; ECS counts seconds"),
                    seconds.clamp(least, most),
                )
            } else {
                (format!("`{name}` {value}{unit} is outside of {least} to {most}"), value.clamp(least, most))
            };
            findings
                .error(check.place(name), message)
                .fix(format!("Use {nearest}{unit}"), [Edit::set(check.place(name), nearest)]);
        }
        let (timeout, interval) =
            (check.integer("timeout").unwrap_or(5), check.integer("interval").unwrap_or(30));
        if timeout > interval {
            let message = format!("The timeout of {timeout} s is longer than the interval of {interval} s");
            findings.warning(check.place("timeout"), message);
        }
    }
}
