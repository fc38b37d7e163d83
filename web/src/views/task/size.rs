//! The task size, out of the 77 pairs Fargate offers, and the storage.

use super::{form::SectionProps, number::NumberField};
use crate::components::{Choice, Choices, Remarks};
use sociscope_fargate::Size;
use yew::prelude::*;

/// vCPU, memory, ephemeral storage.
#[component]
pub fn SizeSection(props: &SectionProps) -> Html {
    let SectionProps { editor, judged } = props;
    let form = editor.form();
    let cpus: Vec<u32> = Size::cpus().collect();
    let memories: Vec<u32> = Size::memories(form.cpu).collect();
    let bare = |text: String, unit: &str| text.trim_end_matches(unit).trim_end().to_owned();
    let cpu_choices: Vec<Choice> =
        cpus.iter().map(|cpu| Choice::text(bare(Size { cpu: *cpu, memory: 0 }.vcpu(), "vCPU"))).collect();
    let memory_choices: Vec<Choice> = memories.iter().map(|memory| Choice::text(gib(*memory))).collect();
    let choose_cpu = {
        let cpus = cpus.clone();
        editor.on("size", move |form, index: usize| {
            let cpu = cpus.get(index).copied().unwrap_or(form.cpu);
            form.memory = nearest(form.memory, Size::memories(cpu)).unwrap_or(form.memory);
            form.cpu = cpu;
        })
    };
    let choose_memory = {
        let memories = memories.clone();
        editor.on("size", move |form, index: usize| {
            form.memory = memories.get(index).copied().unwrap_or(form.memory);
        })
    };
    let mut remarks = judged.remarks("/cpu");
    remarks.extend(judged.remarks("/memory"));
    html! {
        <section aria-labelledby="s-size">
            <h2 id="s-size">{ "Size" }</h2>
            <div>
                <div class="field">
                    <span class="label" aria-hidden="true">{ "vCPU" }</span>
                    <Choices
                        legend="vCPU"
                        name="cpu"
                        class="seg--grid"
                        choices={cpu_choices}
                        chosen={cpus.iter().position(|cpu| *cpu == form.cpu)}
                        onchoose={choose_cpu}
                    />
                </div>
                <div class="field">
                    <span class="label" aria-hidden="true">
                        { "Memory, GiB " }
                        <span class="dim">{ allowed(form.cpu, &memories) }</span>
                    </span>
                    <Choices
                        legend={format!("Memory in GiB, {}", allowed(form.cpu, &memories))}
                        name="memory"
                        class="seg--grid"
                        choices={memory_choices}
                        chosen={memories.iter().position(|memory| *memory == form.memory)}
                        onchoose={choose_memory}
                    />
                    if !remarks.is_empty() {
                        <Remarks id="size-remarks" {remarks} />
                    }
                </div>
                <NumberField
                    id="storage"
                    label="Ephemeral storage, GiB"
                    value={form.ephemeral_storage}
                    optional=true
                    placeholder="20, included"
                    remarks={judged.within("/ephemeralStorage")}
                    onchange={editor.on("storage", |form, gib| form.ephemeral_storage = gib)}
                />
            </div>
        </section>
    }
}

fn gib(mib: u32) -> String {
    if mib.is_multiple_of(1024) { (mib / 1024).to_string() } else { "0.5".to_owned() }
}

/// `2 vCPU takes 4 to 16`.
fn allowed(cpu: u32, memories: &[u32]) -> String {
    let vcpu = Size { cpu, memory: 0 }.vcpu();
    match (memories.first(), memories.last()) {
        (Some(least), Some(most)) => format!("{vcpu} takes {} to {}", gib(*least), gib(*most)),
        _ => format!("none goes with {vcpu}"),
    }
}

/// The offered amount next to the present one.
fn nearest(present: u32, offered: impl Iterator<Item = u32>) -> Option<u32> {
    offered.min_by_key(|amount| amount.abs_diff(present))
}

#[cfg(test)]
mod tests {
    use super::{allowed, gib, nearest};
    use sociscope_fargate::{SIZES, Size};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn every_offered_amount_has_its_own_label() {
        for cpu in Size::cpus() {
            let mut labels: Vec<String> = Size::memories(cpu).map(gib).collect();
            let count = labels.len();
            labels.dedup();
            assert_eq!(labels.len(), count, "{cpu}");
        }
        assert_eq!(allowed(256, &[512, 1024, 2048]), ".25 vCPU takes 0.5 to 2");
    }

    #[test]
    fn changing_the_cpu_keeps_the_memory_or_takes_the_nearest() {
        assert_eq!(nearest(8192, Size::memories(2048)), Some(8192));
        assert_eq!(nearest(8192, Size::memories(256)), Some(2048));
        assert_eq!(nearest(512, Size::memories(32768)), Some(61440));
        for cpu in Size::cpus() {
            let memory = nearest(3000, Size::memories(cpu)).expect("one");
            assert!(SIZES.contains(&Size { cpu, memory }));
        }
    }
}
