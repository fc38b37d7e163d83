//! What is worth knowing about the image: a sentence, the reason, the way out, the source.

use super::words::marked;
use crate::{
    components::{Notice, Panel, Tone},
    model::Shared,
};
use sociscope_engine::{
    Report,
    findings::{Finding, Severity},
    human,
};
use yew::prelude::*;

/// Props of [`Findings`].
#[derive(PartialEq, Properties)]
pub struct FindingsProps {
    /// The report.
    pub report: Shared<Report>,
    /// Heading of the panel.
    pub title: AttrValue,
    /// What stands in place of no findings.
    pub empty: AttrValue,
    /// Index of the image shown: findings about another one are left out.
    pub image: usize,
}

/// The findings of a report.
#[component]
pub fn Findings(props: &FindingsProps) -> Html {
    let about_this =
        |finding: &&Finding| finding.image.is_none_or(|image| usize::try_from(image) == Ok(props.image));
    let findings: Vec<&Finding> = props.report.findings.iter().filter(about_this).collect();
    let head = html! { <span class="dim small end">{ tally(&findings) }</span> };
    html! {
        <Panel id="findings" title={props.title.clone()} {head}>
            if findings.is_empty() {
                <p class="panel__body muted">{ &props.empty }</p>
            }
            { for findings.iter().map(|finding| html! {
                <Notice tone={tone(finding.severity)} title={finding.sentence.clone()}>
                    <p>
                        { marked(&finding.reason) }
                        { " " }
                        <a href={finding.source.clone()} target="_blank" rel="noreferrer">
                            { "Source" }
                            <span class="vh">{ format!(" of: {} (new tab)", finding.sentence) }</span>
                        </a>
                    </p>
                    if let Some(fix) = &finding.fix {
                        <p>{ marked(fix) }</p>
                    }
                </Notice>
            }) }
        </Panel>
    }
}

fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Info => Tone::Info,
    }
}

/// `1 error, 2 warnings, 1 note`.
fn tally(findings: &[&Finding]) -> String {
    [Severity::Error, Severity::Warning, Severity::Info]
        .into_iter()
        .filter_map(|severity| {
            let count = findings.iter().filter(|finding| finding.severity == severity).count();
            (count > 0).then(|| human::counted(count as u64, severity.word()))
        })
        .collect::<Vec<_>>()
        .join(", ")
}
