//! The SOCI index that came with the image: whether it fits, layer by layer.

use super::ImageProps;
use crate::{
    components::{Button, Chip, Emphasis, Glyph, Icon, Panel, Size, Tone, use_announcer},
    model::{Action, Artifact, Verification, VerifyState},
    views::words::about,
};
use sociscope_engine::{
    human,
    verify::{
        BoundImage, BoundLayer, Depth, ImageVerification, LayerVerification, Outcome, Problem,
        ProblemSeverity,
    },
};
use wasm_bindgen::JsCast;
use yew::prelude::*;

/// The panel; nothing where no image has an index.
#[component]
pub fn Verify(props: &ImageProps) -> Html {
    let (run, dispatch) = (&props.run, &props.dispatch);
    let full = use_state_eq(|| false);
    let announcer = use_announcer();
    let document = run.verification.as_ref().and_then(|verification| match &verification.state {
        VerifyState::Done(document) => Some(document.clone()),
        _ => None,
    });
    use_effect_with(document.clone(), move |document| {
        if let Some(document) = document {
            announcer.say(document.verdict.sentence.clone());
        }
    });
    let Some(verification) = &run.verification else { return Html::default() };
    let head = document.as_ref().map(|_| {
        let artifact = Artifact::Verification;
        html! {
            <span class="end">
                <Button
                    icon={Icon::Save}
                    size={Size::Small}
                    emphasis={Emphasis::Quiet}
                    label={format!(" {}", run.file_name(&artifact))}
                    onclick={dispatch.reform(move |_| Action::Save(artifact.clone()))}
                >
                    { "Save" }
                </Button>
            </span>
        }
    });
    let running = matches!(verification.state, VerifyState::Running { .. });
    let depth = if *full { Depth::Full } else { Depth::Sampled };
    let onchange = {
        let full = full.setter();
        Callback::from(move |event: Event| {
            let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
            full.set(input.is_some_and(|input| input.checked()));
        })
    };
    html! {
        <Panel id="verify" title="SOCI index in this file" head={head.unwrap_or_default()}>
            <div class="doable">
                <div class="doable__words">{ words(verification, props, depth) }</div>
                <div class="row row--wrap doable__actions">
                    <label class="check">
                        <input type="checkbox" checked={*full} disabled={running} {onchange} />
                        <span>{ "Check every span" }</span>
                    </label>
                    if running {
                        <Button
                            key="cancel"
                            size={Size::Small}
                            label=" verifying"
                            onclick={dispatch.reform(|_| Action::CancelVerify)}
                        >
                            { "Cancel" }
                        </Button>
                    } else {
                        <Button
                            key="verify"
                            size={Size::Small}
                            onclick={dispatch.reform(move |_| Action::Verify(depth))}
                        >
                            { if document.is_some() { "Verify again" } else { "Verify" } }
                        </Button>
                    }
                </div>
            </div>
            if let Some(document) = &document {
                { problems(&document.problems) }
                { for document.images.iter().map(|image| bound(document, image)) }
            }
        </Panel>
    }
}

fn words(verification: &Verification, props: &ImageProps, depth: Depth) -> Html {
    let ztocs = human::counted(verification.ztocs, "zTOC");
    match &verification.state {
        VerifyState::Offered => html! {
            <>
                <b>{ format!("{ztocs} came with the image") }</b>
                <p>{ price(verification, props, depth) }</p>
            </>
        },
        VerifyState::Running { done, read, left } => {
            let mut words = human::percent(*read, verification.bytes);
            if let Some(left) = left {
                words.push_str(&format!(", {} left", about(*left)));
            }
            html! {
                <>
                    <b>{ format!("Reading layers against their zTOCs: {done} of {} done", verification.ztocs) }</b>
                    <div class="doable__progress">
                        <progress
                            max={verification.bytes.to_string()}
                            value={read.to_string()}
                            aria-label="Bytes read"
                        />
                        <span>{ words }</span>
                    </div>
                </>
            }
        }
        VerifyState::Done(document) => {
            let tone = if document.verdict.is_good { Tone::Ok } else { Tone::Bad };
            let depth = match document.depth {
                Depth::Full => "In full: every span digest, and every span unpacked from its checkpoint.",
                Depth::Sampled => {
                    "Sampled: every span digest, and up to 18 spans of each zTOC unpacked from their checkpoints."
                }
            };
            html! {
                <>
                    <b class="row">
                        <span class={tone.text_class()}><Glyph icon={tone.icon()} /></span>
                        <span>{ &document.verdict.sentence }</span>
                    </b>
                    <p>{ depth }</p>
                </>
            }
        }
    }
}

/// "Reads 12.3 MiB and builds each zTOC anew, in a few seconds."
fn price(verification: &Verification, props: &ImageProps, depth: Depth) -> String {
    let rate = props.run.total.rate;
    // The layers were read before at this rate; unpacking every span is as much work again.
    let times = if depth == Depth::Full { 2.0 } else { 1.0 };
    let time = if rate > 0.0 {
        format!(", in {}", about(verification.bytes as f64 * times / rate))
    } else {
        String::new()
    };
    format!("Reads {} and builds each zTOC anew to compare{time}.", human::size(verification.bytes))
}

fn bound(document: &ImageVerification, image: &BoundImage) -> Html {
    let index = match (&image.index, image.version) {
        (Some(index), Some(version)) => {
            html! { <>{ format!("SOCI index v{version} ") }<code title={index.clone()}>{ human::short_digest(index).to_owned() }</code></> }
        }
        (Some(index), None) => {
            html! { <>{ "SOCI index " }<code title={index.clone()}>{ human::short_digest(index).to_owned() }</code></> }
        }
        (None, _) => html! { { "no SOCI index" } },
    };
    let by = image.build_tool.as_ref().map(|tool| format!(", by {tool}"));
    html! {
        <section class="bound" aria-label={format!("zTOCs for {}", image.platform)}>
            <h3>{ &image.platform }<span class="dim">{ " · " }{ index }{ by }</span></h3>
            { problems(&image.problems) }
            if image.index.is_some() {
                <ol>{ for image.layers.iter().map(|layer| row(document, layer)) }</ol>
            }
        </section>
    }
}

fn row(document: &ImageVerification, layer: &BoundLayer) -> Html {
    let pair = layer.pair.and_then(|pair| document.pairs.get(usize::try_from(pair).ok()?));
    let (tone, word) = pair.map_or((Tone::Plain, "No zTOC"), |pair| outcome(&pair.outcome));
    html! {
        <li class="bound__layer">
            <span class={classes!("tag", pair.is_some().then_some("tag--on"))}>{ layer.position }</span>
            <div class="doable__words">
                <span>
                    if let Some(digest) = &layer.digest {
                        <code title={digest.clone()}>{ human::short_digest(digest).to_owned() }</code>{ " " }
                    }
                    { human::size(layer.size) }
                    if let Some(pair) = pair {
                        <span class="dim">{ format!(", zTOC {}", human::size(pair.ztoc_size)) }</span>
                    }
                </span>
                if let Some(pair) = pair.filter(|pair| pair.outcome != Outcome::Identical) {
                    { why(pair) }
                }
            </div>
            <Chip {tone}>{ word }</Chip>
        </li>
    }
}

/// The reason, and the differences for those who want them.
fn why(pair: &LayerVerification) -> Html {
    let places = pair.unusable.iter().flat_map(|unusable| unusable.places.iter().skip(1));
    let more = pair.difference_count.saturating_sub(pair.differences.len() as u64);
    html! {
        <>
            <p>{ &pair.sentence }</p>
            { for places.map(|place| html! { <p>{ &place.sentence }</p> }) }
            if !pair.differences.is_empty() {
                <details class="more">
                    <summary>{ human::counted(pair.difference_count, "difference") }</summary>
                    <ul class="bound__differences">
                        { for pair.differences.iter().map(|difference| html! { <li>{ difference.to_string() }</li> }) }
                        if more > 0 {
                            <li>{ format!("and {} more", human::count(more)) }</li>
                        }
                    </ul>
                </details>
            }
        </>
    }
}

fn problems(problems: &[Problem]) -> Html {
    problems
        .iter()
        .map(|problem| {
            let tone = match problem.severity {
                ProblemSeverity::Error => Tone::Bad,
                ProblemSeverity::Warning => Tone::Warn,
            };
            html! {
                <p class={classes!("note", "bound__problem", tone.modifier("note"))}>
                    <Glyph icon={tone.icon()} />
                    <span><span class="vh">{ format!("{}: ", tone.word()) }</span>{ &problem.sentence }</span>
                </p>
            }
        })
        .collect()
}

/// The result in a tone and a word.
fn outcome(outcome: &Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Identical => (Tone::Ok, "Identical"),
        Outcome::Equivalent => (Tone::Ok, "Equivalent"),
        Outcome::NotCompared => (Tone::Info, "Not compared"),
        Outcome::Unusable => (Tone::Warn, "Unusable"),
        Outcome::WrongHeader => (Tone::Bad, "Wrong header"),
        Outcome::WrongEntry { .. } => (Tone::Bad, "Wrong list of files"),
        Outcome::WrongSpanDigest { .. } => (Tone::Bad, "Wrong digest"),
        Outcome::WrongCheckpoint { .. } => (Tone::Bad, "Wrong checkpoint"),
        Outcome::Stale => (Tone::Bad, "Stale"),
        Outcome::Unreadable { .. } => (Tone::Bad, "Unreadable"),
        Outcome::Missing { .. } => (Tone::Bad, "Missing"),
    }
}
