//! A zTOC that was handed in: whether it works, whether it is the layer's, what is in it.

mod files;
mod judged;

use self::{files::Files, judged::Judged};
use crate::{
    components::{Facts, Figure, Figures, Headline, Notice, Panel, Tone},
    model::{Dispatch, LayerCheck, ShownZtoc, ZtocContent},
};
use sociscope_engine::{
    human,
    verify::{Effect, Outcome, Unusability},
};
use yew::prelude::*;

/// Props of [`ZtocView`].
#[derive(PartialEq, Properties)]
pub struct ZtocViewProps {
    /// The zTOC.
    pub ztoc: ShownZtoc,
    /// Where actions go.
    pub dispatch: Dispatch,
}

/// The page of a zTOC.
#[component]
pub fn ZtocView(props: &ZtocViewProps) -> Html {
    let ZtocViewProps { ztoc, dispatch } = props;
    html! {
        <div class="page">
            <section class="panel" aria-labelledby="verdict">
                <div class="headline">
                    { verdict(ztoc) }
                    if let Some(content) = &ztoc.content {
                        { figures(content) }
                    }
                    { progress(ztoc) }
                </div>
            </section>
            if let Some(content) = &ztoc.content {
                <div class="result">
                    <div class="stack stack--4">
                        <Judged layer={ztoc.layer.clone()} />
                        <Files content={content.clone()} files={ztoc.files.clone()} dispatch={dispatch.clone()} />
                    </div>
                    <div class="stack stack--4">
                        { usable(content) }
                        { header(content) }
                    </div>
                </div>
            }
        </div>
    }
}

/// The answer: about the layer when it came with one, else about the zTOC by itself.
fn verdict(ztoc: &ShownZtoc) -> Html {
    let Some(content) = &ztoc.content else {
        return html! {
            <Headline tone={Tone::Busy} title={format!("Opening {}", ztoc.source.name)}>
                <p>{ "Reading the zTOC." }</p>
            </Headline>
        };
    };
    if let Some(layer) = &ztoc.layer {
        match &layer.check {
            LayerCheck::Running { .. } => {
                return html! {
                    <Headline tone={Tone::Busy} title={format!("Reading {} against its zTOC", layer.name)}>
                        <p>
                            { "The zTOC is built anew from the layer and compared, and spans are unpacked \
                               from their checkpoints." }
                        </p>
                    </Headline>
                };
            }
            LayerCheck::Done(found) => {
                let (tone, title) = outcome(&found.outcome);
                return html! {
                    <Headline {tone} {title}>
                        <p>{ &found.sentence }</p>
                        if found.spans_unpacked > 0 {
                            <p class="muted">
                                { format!(
                                    "A zTOC was built from the layer and compared field by field; a second \
                                     decoder unpacked {} of {} from the checkpoints.",
                                    human::count(found.spans_unpacked),
                                    human::counted(found.spans.unwrap_or(content.spans), "span"),
                                ) }
                            </p>
                        }
                    </Headline>
                };
            }
            LayerCheck::Failed(failure) => {
                return html! { <super::failure::FailureWords failure={failure.clone()} /> };
            }
            LayerCheck::Cancelled => {}
        }
    }
    let alone = match &ztoc.layer {
        Some(_) => "You cancelled before the layer was read, so whether it is the layer's is not known.",
        None => "Whether it is right can only be said with its layer: drop both together.",
    };
    let (tone, title) = match &content.unusable {
        None => (Tone::Info, "A zTOC that the snapshotter can mount".to_owned()),
        Some(unusable) if unusable.effect == Effect::FileUnreadable => {
            (Tone::Warn, "A zTOC with files that cannot be read".to_owned())
        }
        Some(_) => (Tone::Bad, "A zTOC that the snapshotter cannot use".to_owned()),
    };
    html! {
        <Headline {tone} {title}>
            <p>
                { format!(
                    "It describes {} in {} of a {} layer of {}. ",
                    human::counted(content.entries, "file"),
                    human::counted(content.spans, "span"),
                    if content.is_gzip { "gzip" } else { "tar" },
                    human::size(content.layer_size),
                ) }
                { alone }
            </p>
        </Headline>
    }
}

fn outcome(outcome: &Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Identical => (Tone::Ok, "This is the layer's zTOC, byte for byte"),
        Outcome::Equivalent => (Tone::Ok, "This zTOC fits the layer and works"),
        Outcome::Unusable => (Tone::Bad, "This zTOC fits the layer, but cannot be used"),
        Outcome::Stale => (Tone::Bad, "This zTOC is of another layer"),
        Outcome::WrongCheckpoint { .. } => (Tone::Bad, "A checkpoint of this zTOC is wrong"),
        Outcome::WrongSpanDigest { .. } => (Tone::Bad, "A span digest of this zTOC is wrong"),
        Outcome::WrongEntry { .. } => (Tone::Bad, "The list of files of this zTOC is wrong"),
        Outcome::WrongHeader => (Tone::Bad, "The header of this zTOC is wrong"),
        Outcome::Missing { .. } | Outcome::Unreadable { .. } | Outcome::NotCompared => {
            (Tone::Bad, "Layer and zTOC could not be compared")
        }
    }
}

fn figures(content: &ZtocContent) -> Html {
    let per_span = human::size(u64::try_from(content.span_size).unwrap_or(0));
    html! {
        <Figures>
            <Figure label="Files" value={human::count(content.entries)} context="with folders and links" />
            <Figure label="Spans" value={human::count(content.spans)} context={format!("{per_span} each")} />
            <Figure
                label="Layer"
                value={human::size(content.layer_size)}
                context={format!("{} as tar", human::size(content.tar_size))}
            />
            <Figure
                label="zTOC"
                value={human::size(content.size)}
                context={format!("{} of the layer", human::percent(content.size, content.layer_size))}
            />
        </Figures>
    }
}

fn progress(ztoc: &ShownZtoc) -> Html {
    let Some(layer) = &ztoc.layer else { return Html::default() };
    let LayerCheck::Running { read, rate, left } = layer.check else { return Html::default() };
    let mut words = vec![human::part_of(read, layer.size)];
    if rate > 0.0 {
        words.push(human::rate(rate));
    }
    words.extend(left.map(|left| format!("{} left", human::duration(left))));
    html! {
        <div class="full stack stack--1">
            <progress
                max={layer.size.to_string()}
                value={read.to_string()}
                aria-label="Bytes of the layer read"
            />
            <p class="dim small">{ words.join(", ") }</p>
        </div>
    }
}

fn usable(content: &ZtocContent) -> Html {
    let unusable = content.unusable.as_ref();
    html! {
        <Panel id="usable" title="What the snapshotter makes of it">
            { match unusable {
                None => html! {
                    <p class="panel__body muted">
                        { "Nothing in it stands against mounting the layer and reading its files." }
                    </p>
                },
                Some(unusable) => places(unusable),
            } }
        </Panel>
    }
}

fn places(unusable: &Unusability) -> Html {
    let more = unusable.count.saturating_sub(unusable.places.len() as u64);
    html! {
        <>
            { for unusable.places.iter().map(|place| html! {
                <Notice
                    tone={if place.effect == Effect::FileUnreadable { Tone::Warn } else { Tone::Bad }}
                    title={place.place.clone()}
                >
                    <p>{ &place.sentence }{ " " }{ place.effect.sentence() }</p>
                    if place.recompressing_helps {
                        <p>{ "Compressing the layer anew removes this." }</p>
                    }
                </Notice>
            }) }
            if more > 0 {
                <p class="panel__body muted">{ format!("And {}.", human::counted(more, "more place")) }</p>
            }
        </>
    }
}

fn header(content: &ZtocContent) -> Html {
    let facts = [
        ("version", content.version.clone()),
        ("built by", content.build_tool.clone()),
        ("digest", content.digest.clone()),
        (
            "layer",
            format!(
                "{} bytes, {}",
                human::count(content.layer_size),
                if content.is_gzip { "gzip" } else { "tar" }
            ),
        ),
        ("as tar", format!("{} bytes", human::count(content.tar_size))),
        ("span size", format!("{} bytes", content.span_size)),
    ];
    let facts = facts.into_iter().map(|(name, value)| (name.into(), value.into())).collect::<Vec<_>>();
    html! { <Panel id="header" title="Header" padded=true><Facts {facts} /></Panel> }
}
