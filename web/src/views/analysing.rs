//! While a file is unpacked or its layers are read: how far, how fast, how long, and what is known
//! already.

mod layer;
mod steps;
mod unpacking;

pub use self::unpacking::UnpackingView;
use self::{layer::LayerRow, steps::Steps};
use super::findings::Findings;
use crate::{
    components::{Figure, Figures, Headline, Panel, Tone, use_announcer},
    model::{Phase, Run, Source},
};
use sociscope_engine::{human, report::LayerStatus};
use yew::prelude::*;

/// Props of [`Opening`].
#[derive(PartialEq, Properties)]
pub struct OpeningProps {
    /// The file.
    pub source: Source,
}

/// The moment in which headers and JSON are read.
#[component]
pub fn Opening(props: &OpeningProps) -> Html {
    html! {
        <div class="page page--narrow">
            <section class="panel" aria-labelledby="verdict">
                <div class="headline">
                    <Headline tone={Tone::Busy} title={format!("Opening {}", props.source.name)}>
                        <p>{ "Looking for images in it: tar headers and JSON only, no layers yet." }</p>
                    </Headline>
                </div>
            </section>
        </div>
    }
}

/// Props of [`Analysing`].
#[derive(Properties)]
pub struct AnalysingProps {
    /// The analysis.
    pub run: Run,
}

impl PartialEq for AnalysingProps {
    /// Progress changes at every tick; comparing it would cost more than drawing it.
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

/// The analysis while it runs.
#[component]
pub fn Analysing(props: &AnalysingProps) -> Html {
    let run = &props.run;
    let all = run.layers.len();
    let done = run.layers.iter().filter(|layer| is_over(&layer.phase)).count();
    let announcer = use_announcer();
    use_effect_with((done, all), move |(done, all)| {
        if *done > 0 {
            announcer.say(format!("{done} of {all} layers read"));
        }
    });
    html! {
        <div class="page page--narrow">
            <section class="panel" aria-labelledby="verdict">
                <div class="headline">
                    <Headline tone={Tone::Busy} title={format!("Reading layers: {done} of {all} done")}>
                        { so_far(run) }
                    </Headline>
                    <Progress run={run.clone()} />
                    <div class="full">
                        <progress
                            max={run.total.total.to_string()}
                            value={run.total.read.to_string()}
                            aria-label="Bytes of all layers read"
                        />
                    </div>
                </div>
            </section>
            <div class="analyse">
                <Panel
                    id="layers"
                    title="Layers"
                    head={html! {
                        <span class="dim small end hide-narrow">
                            { "solid: can be indexed; hatched: only checked; marks: spans as they are found" }
                        </span>
                    }}
                >
                    <ol>
                        { for run.layers.iter().enumerate().map(|(index, progress)| html! {
                            <LayerRow
                                key={progress.id.0}
                                number={index + 1}
                                progress={progress.clone()}
                                layer={run.report.layer(progress.id).cloned()}
                            />
                        }) }
                    </ol>
                </Panel>
                <div class="stack stack--4">
                    <Steps run={run.clone()} />
                    <Findings report={run.report.clone()} title="Found so far" empty="Nothing yet." image={run.shown_image} />
                </div>
            </div>
        </div>
    }
}

fn is_over(phase: &Phase) -> bool {
    matches!(phase, Phase::Done | Phase::Failed(_) | Phase::Cancelled)
}

/// "So far: 2 layers indexed, 2 pulled whole."
fn so_far(run: &Run) -> Html {
    let count = |wanted: &[LayerStatus]| {
        let is_wanted = |layer: &&crate::model::LayerProgress| {
            is_over(&layer.phase)
                && run.report.layer(layer.id).is_some_and(|layer| wanted.contains(&layer.status))
        };
        run.layers.iter().filter(is_wanted).count() as u64
    };
    let indexed = count(&[LayerStatus::Indexed]);
    let whole = count(&[LayerStatus::NotNeeded, LayerStatus::NotIndexed, LayerStatus::Indexable]);
    let broken = count(&[LayerStatus::Failed, LayerStatus::Missing]);
    if indexed + whole + broken == 0 {
        return html! { <p>{ "No layer is finished yet." }</p> };
    }
    html! {
        <p>
            { "So far: " }
            <b>{ format!("{} indexed", human::counted(indexed, "layer")) }</b>
            { format!(", {whole} pulled whole") }
            if broken > 0 {
                { format!(", {broken} broken") }
            }
            { ". The verdict may still change." }
        </p>
    }
}

#[component]
fn Progress(props: &AnalysingProps) -> Html {
    let total = &props.run.total;
    let left = total.left.map_or_else(|| "–".to_owned(), human::duration);
    let rate = if total.rate > 0.0 { human::rate(total.rate) } else { "–".to_owned() };
    let produced = if total.produced_rate > 0.0 {
        format!("{} uncompressed", human::rate(total.produced_rate))
    } else {
        String::new()
    };
    html! {
        <Figures>
            <Figure
                label="Read"
                value={human::percent(total.read, total.total)}
                context={human::part_of(total.read, total.total)}
            />
            <Figure label="Rate" value={rate} context={produced} />
            <Figure
                label="Left"
                value={left}
                context={format!("{} elapsed", human::duration(total.elapsed))}
            />
            <Figure
                label="Memory"
                value={human::size(total.memory)}
                context={human::counted(total.workers as u64, "worker")}
            />
        </Figures>
    }
}
