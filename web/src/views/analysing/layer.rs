//! One layer while it is read: a bar with the spans found so far, and how it stands.

use crate::{
    components::{Chip, Glyph, Icon, Paint, ProgressBar, Tone},
    model::{LayerProgress, Phase, Work},
    views::words::{made_by, status},
};
use sociscope_engine::{human, report::LayerReport};
use yew::prelude::*;

/// Marks drawn at most; beyond, each stands for several spans.
const MOST_MARKS: u64 = 100;

/// Props of [`LayerRow`].
#[derive(PartialEq, Properties)]
pub struct LayerRowProps {
    /// Place in the list, from 1.
    pub number: usize,
    /// How far it is.
    pub progress: LayerProgress,
    /// What is known about it.
    pub layer: Option<LayerReport>,
}

/// A layer and its progress.
#[component]
pub fn LayerRow(props: &LayerRowProps) -> Html {
    let LayerRowProps { number, progress, layer } = props;
    let found = use_mut_ref(Found::default);
    let marks = {
        let mut found = found.borrow_mut();
        found.saw(progress.read, progress.spans);
        found.marks(progress.read, progress.total)
    };
    let class = match progress.phase {
        Phase::Running => Some("is-active"),
        Phase::Waiting => Some("is-wait"),
        _ => None,
    };
    let paint = match (&progress.phase, progress.work) {
        (Phase::Failed(_), _) => Paint::Broken,
        (_, Work::Index) => Paint::Solid,
        (_, Work::HashOnly) => Paint::Hatched,
    };
    let label = format!(
        "Layer {number}: {} read, {}",
        human::percent(progress.read, progress.total),
        human::counted(progress.spans, "span"),
    );
    html! {
        <li class={classes!("lrow", class)}>
            <span class={classes!("tag", (progress.phase == Phase::Running).then_some("tag--on"))}>
                { *number }
            </span>
            <div class="cell2">
                if let Some(layer) = layer {
                    <span class="trunc" title={layer.created_by.clone()}>{ made_by(layer) }</span>
                    <span>{ digest_and_kind(layer) }</span>
                }
            </div>
            <div class="lrow__bar">
                <ProgressBar read={progress.read} total={progress.total} {paint} {marks} {label} />
            </div>
            <div class="row lrow__state">{ state(progress, layer.as_ref()) }</div>
        </li>
    }
}

fn digest_and_kind(layer: &LayerReport) -> Html {
    let digest = layer.digest.as_ref().or(layer.diff_id.as_ref());
    html! {
        <>
            if let Some(digest) = digest {
                <code title={digest.clone()}>{ human::short_digest(digest).to_owned() }</code>
                { " " }
            }
            { if layer.compression == "none" { "tar".to_owned() } else { format!("tar+{}", layer.compression) } }
        </>
    }
}

fn state(progress: &LayerProgress, layer: Option<&LayerReport>) -> Html {
    match &progress.phase {
        Phase::Waiting => html! {
            <span class="row small">
                <Glyph icon={Icon::Wait} />
                { format!("Waiting, {}", human::size(progress.total)) }
            </span>
        },
        Phase::Running => {
            let mut details = Vec::new();
            match progress.work {
                Work::Index => details.push(human::counted(progress.spans, "span")),
                Work::HashOnly => details.push("checking the digest".to_owned()),
            }
            if progress.rate > 0.0 {
                details.push(human::rate(progress.rate));
            }
            if let Some(seconds) = progress.seconds_left() {
                details.push(format!("{} left", human::duration(seconds)));
            }
            html! {
                <span class="cell2">
                    <span>{ human::part_of(progress.read, progress.total) }</span>
                    <span>{ details.join(", ") }</span>
                </span>
            }
        }
        Phase::Done => {
            let Some(layer) = layer else { return Html::default() };
            let (tone, icon, word) = status(layer.status);
            let detail = match (tone, &layer.reason) {
                (Tone::Ok, _) | (_, None) => human::counted(progress.spans, "span"),
                (_, Some(_)) => human::size(layer.size),
            };
            html! {
                <>
                    <Chip {tone} {icon}>{ word }</Chip>
                    <span class="dim small">{ detail }</span>
                </>
            }
        }
        Phase::Failed(failure) => html! {
            <span class="cell2">
                <span><Chip tone={Tone::Bad}>{ "Broken" }</Chip></span>
                <span>{ &failure.headline }</span>
            </span>
        },
        Phase::Cancelled => html! { <Chip>{ "Cancelled" }</Chip> },
    }
}

/// Where spans were found, as far as the reports of a worker tell: it reports a few times a
/// second, and spans between two reports are drawn evenly between them.
#[derive(Default)]
struct Found {
    /// Bytes read and spans found, both growing.
    reports: Vec<(u64, u64)>,
}

impl Found {
    fn saw(&mut self, read: u64, spans: u64) {
        if self.reports.last().is_some_and(|(before, _)| read < *before) {
            // Read again, with another span size.
            self.reports.clear();
        }
        if self.reports.last().is_none_or(|(_, before)| spans > *before) {
            self.reports.push((read, spans));
        }
    }

    /// Positions in bytes: every span, or every 2nd, 5th, 10th … so that there are not too many.
    fn marks(&self, read: u64, total: u64) -> Vec<u64> {
        let Some((_, spans)) = self.reports.last() else { return Vec::new() };
        let expected = u128::from(*spans) * u128::from(total) / u128::from(read.max(1));
        let step = [1, 2, 5, 10, 20, 50, 100, 200, 500]
            .into_iter()
            .find(|step| expected / u128::from(*step) <= u128::from(MOST_MARKS))
            .unwrap_or(1000_u64);
        let mut marks = Vec::new();
        let mut before = (0_u64, 0_u64);
        for report in &self.reports {
            let (bytes, found) = (report.0.saturating_sub(before.0), report.1.saturating_sub(before.1));
            let first = before.1 / step * step + step;
            let mut span = first;
            while span <= report.1 {
                let share = u128::from(bytes) * u128::from(span - before.1) / u128::from(found.max(1));
                marks.push(before.0.saturating_add(u64::try_from(share).unwrap_or(bytes)));
                span = span.saturating_add(step);
            }
            before = *report;
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::Found;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn spans_stand_between_the_reports_that_brought_them() {
        let mut found = Found::default();
        found.saw(100, 2);
        found.saw(200, 6);
        assert_eq!(found.marks(200, 400), [50, 100, 125, 150, 175, 200]);
    }

    #[test]
    fn many_spans_share_a_mark() {
        let mut found = Found::default();
        found.saw(1000, 1000);
        assert_eq!(found.marks(1000, 1000).len(), 100, "every tenth");
        assert!(found.marks(1000, 1000).iter().all(|mark| mark % 10 == 0));
    }

    #[test]
    fn reading_again_begins_anew() {
        let mut found = Found::default();
        found.saw(100, 10);
        found.saw(10, 1);
        assert_eq!(found.marks(10, 100), [10]);
    }
}
