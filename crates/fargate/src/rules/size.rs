//! Rules about how big the task is.

use super::{Findings, Rule};
use crate::{
    Edit,
    Evidence::Verified,
    Severity::Error,
    size::{Amount, SIZES, Size, parse_cpu, parse_memory},
    storage::{LEAST_GIB, MOST_GIB},
    subject::Subject,
};

const TABLE: &str =
    "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html";

pub(super) const FG005: Rule = Rule {
    id: "FG005",
    severity: Error,
    evidence: Verified,
    title: "Task cpu and memory",
    sentence: "`cpu` and `memory` are both there, as strings.",
    reason: "Fargate sizes the machine by them; there is no default.",
    aws_text: &[
        "Fargate requires that 'cpu' be defined at the task level.",
        "Fargate requires that 'memory' be defined at the task level.",
    ],
    source: TABLE,
    check: |subject, findings| {
        let cpu = subject.root.text("cpu").and_then(parse_cpu);
        let memory = subject.root.text("memory").and_then(parse_memory);
        // What fits the other one, or 1 vCPU with 2 GiB.
        let size = match (cpu, memory) {
            (Some(cpu), None) => Size::at_least(cpu.value, 0),
            (None, Some(memory)) => Size::at_least(0, memory.value),
            _ => Size { cpu: 1024, memory: 2048 },
        };
        for (name, value) in [("cpu", size.cpu), ("memory", size.memory)] {
            if !subject.root.has(name) {
                let place = subject.root.place(name);
                findings
                    .error(place.clone(), format!("Fargate needs `{name}` at the task level"))
                    .fix(format!("Set it to {value}"), [Edit::set(place, value.to_string())]);
            }
        }
    },
};

pub(super) const FG006: Rule = Rule {
    id: "FG006",
    severity: Error,
    evidence: Verified,
    title: "Task size",
    sentence: "`cpu` and `memory` are one of the 77 pairs Fargate offers; on Windows with 1, 2 or 4 vCPU.",
    reason: "Each CPU amount comes with its own list of memory amounts.",
    aws_text: &["No Fargate configuration exists for given values"],
    source: TABLE,
    check: pair,
};

fn pair(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let (Some(cpu_text), Some(memory_text)) = (subject.root.text("cpu"), subject.root.text("memory")) else {
        return;
    };
    let (cpu, memory) = (parse_cpu(cpu_text), parse_memory(memory_text));
    let place = subject.root.place("cpu");
    let (Some(cpu), Some(memory)) = (cpu, memory) else {
        for (name, text, read) in [("cpu", cpu_text, cpu), ("memory", memory_text, memory)] {
            if read.is_none() {
                let example = if name == "cpu" { "\"1024\" or \"1 vCPU\"" } else { "\"2048\" or \"2 GB\"" };
                findings.error(
                    subject.root.place(name),
                    format!("`{text}` is no amount of {name}; write {example}"),
                );
            }
        }
        return;
    };
    let size = Size { cpu: cpu.value, memory: memory.value };
    let windows = subject.is_windows();
    let offered = |size: Size| size.is_offered() && (!windows || matches!(size.cpu, 1024 | 2048 | 4096));
    let set = |size: Size| {
        [
            Edit::set(subject.root.place("cpu"), size.cpu.to_string()),
            Edit::set(subject.root.place("memory"), size.memory.to_string()),
        ]
    };
    if !offered(size) {
        let message = if windows && size.is_offered() {
            format!("Fargate runs Windows with 1, 2 or 4 vCPU, not with {}", size.vcpu())
        } else {
            format!("Fargate does not offer {size}{}", memories_of(size.cpu))
        };
        let nearest = Size::at_least(size.cpu, size.memory);
        let nearest = if offered(nearest) {
            Some(nearest)
        } else {
            SIZES.into_iter().find(|s| offered(*s) && s.cpu >= size.cpu && s.memory >= size.memory)
        };
        let finding = findings.error(place, message);
        if let Some(nearest) = nearest {
            finding.fix(format!("Use {nearest}"), set(nearest));
        }
        return;
    }
    let documented = |amount: Amount| amount.documented;
    if !(documented(cpu) && documented(memory)) {
        findings
            .error(place.clone(), "This spelling of the size is not one ECS documents.")
            .unverified()
            .fix("Write plain numbers", set(size));
    }
    if size.cpu == 32768 {
        findings.info(place, "32 vCPU are new in 2026 and not in every Region");
    }
}

/// `; 1 vCPU comes with 2 to 8 GiB`, or nothing for a CPU amount that is not offered.
fn memories_of(cpu: u32) -> String {
    let memories: Vec<u32> = Size::memories(cpu).collect();
    match (memories.first(), memories.last()) {
        (Some(&least), Some(&most)) => {
            let (least, most) = (Size { cpu, memory: least }, Size { cpu, memory: most });
            format!("; {} comes with {} to {}", least.vcpu(), least.gib(), most.gib())
        }
        _ => String::new(),
    }
}

pub(super) const FG010: Rule = Rule {
    id: "FG010",
    severity: Error,
    evidence: Verified,
    title: "Ephemeral storage",
    sentence: "`ephemeralStorage.sizeInGiB`, if any, is 21 to 200.",
    reason: "20 GiB come with every task; asking for them, or for less, is refused.",
    aws_text: &["EphemeralStorage size should be at least 21", "EphemeralStorage size should be at most 200"],
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html",
    check: |subject, findings| {
        let Some(storage) = subject.root.get("ephemeralStorage") else { return };
        let place = storage.place("sizeInGiB");
        let (least, most) = (i64::from(LEAST_GIB), i64::from(MOST_GIB));
        match storage.integer("sizeInGiB") {
            Some(gib) if gib > most => {
                findings
                    .error(place.clone(), format!("{gib} GiB of ephemeral storage; {most} are the most"))
                    .fix(format!("Use {most}"), [Edit::set(place, most)]);
            }
            Some(gib) if gib < least => {
                findings
                    .error(
                        place,
                        format!(
                            "{gib} GiB of ephemeral storage; {least} are the least that can be asked for"
                        ),
                    )
                    .fix("Leave it out for 20 GiB", [Edit::remove(storage.at)]);
            }
            _ => {}
        }
    },
};
