//! The verdict, the key figures, and the bytes of the image to scale.

use super::ImageProps;
use crate::{
    components::{
        Button, Composition, Facts, Figure, Figures, Headline, Icon, Paint, Segment, Swatch, Tone, pick_file,
    },
    model::{Phase, Run},
    views::words::{made_by, marked},
};
use sociscope_engine::{
    Culprit, Failure, Verdict, VerdictKind, human,
    human::Unit,
    report::{ImageReport, LayerReport, LayerStatus},
};
use yew::prelude::*;

/// The top panel.
#[component]
pub fn ImageHeadline(props: &ImageProps) -> Html {
    let run = &props.run;
    let Some(image) = run.report.images.get(run.shown_image) else { return Html::default() };
    let verdict = verdict(run, image);
    html! {
        <section class="panel" aria-labelledby="verdict">
            <div class="headline">
                if run.cancelled {
                    <Cancelled ..props.clone() />
                } else {
                    <Headline tone={tone(verdict)} title={verdict.headline.clone()}>
                        <p>{ answer(&verdict.sentence) }</p>
                        if let Some(fix) = verdict.failure.as_ref().and_then(|failure| failure.fix.as_ref()) {
                            <p>{ marked(fix) }</p>
                        }
                    </Headline>
                }
                { figures(run, &image.verdict) }
                if let Some(failure) = verdict.failure.as_ref().filter(|_| verdict.kind == VerdictKind::Failed) {
                    <div class="full"><Facts facts={facts(failure)} /></div>
                }
                if !image.layers.is_empty() {
                    { composition(image) }
                }
            </div>
        </section>
    }
}

/// The answer about the shown image; but when the file as a whole failed, that answer.
fn verdict<'a>(run: &'a Run, image: &'a ImageReport) -> &'a Verdict {
    let whole = &run.report.verdict;
    if whole.kind == VerdictKind::Failed { whole } else { &image.verdict }
}

fn tone(verdict: &Verdict) -> Tone {
    match verdict.kind {
        VerdictKind::Pending => Tone::Busy,
        VerdictKind::Ready => Tone::Ok,
        VerdictKind::Partly => Tone::Warn,
        VerdictKind::NothingToIndex => Tone::Info,
        VerdictKind::Failed => match verdict.failure.as_ref().map(|failure| failure.culprit) {
            Some(Culprit::Unsupported | Culprit::Limit) => Tone::Warn,
            _ => Tone::Bad,
        },
    }
}

/// The first of several sentences is the answer, the others explain it.
fn answer(sentence: &str) -> Html {
    match sentence.split_once(". ") {
        Some((first, rest)) => html! { <><b>{ marked(first) }{ "." }</b>{ " " }{ marked(rest) }</> },
        None => marked(sentence),
    }
}

fn facts(failure: &Failure) -> Vec<(AttrValue, AttrValue)> {
    [
        ("where", Some(&failure.place)),
        ("expected", failure.expected.as_ref()),
        ("found", failure.found.as_ref()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.into(), value.filter(|value| !value.is_empty())?.clone().into())))
    .collect()
}

#[component]
fn Cancelled(props: &ImageProps) -> Html {
    let run = &props.run;
    let done = run.layers.iter().filter(|layer| layer.phase == Phase::Done).count();
    html! {
        <Headline
            tone={Tone::Warn}
            title={format!("Cancelled: {done} of {} layers read", run.layers.len())}
        >
            <p>{ "What was read is shown below. An archive needs every layer." }</p>
            <p><Button icon={Icon::Open} onclick={Callback::from(|_| pick_file())}>{ "Choose the file again" }</Button></p>
        </Headline>
    }
}

fn figures(run: &Run, verdict: &Verdict) -> Html {
    // What a broken image would cost to pull is no question.
    if run.cancelled || matches!(verdict.kind, VerdictKind::Pending | VerdictKind::Failed) {
        return Html::default();
    }
    let whole = verdict.image_bytes;
    // Both numbers of a comparison in one unit.
    let unit = Unit::of(whole);
    let before = verdict.pulled_before_start;
    let saved = whole.saturating_sub(before);
    let compared = if saved == 0 {
        format!("all of {}", human::size_in(whole, unit))
    } else {
        format!("{} less than {}", human::percent(saved, whole), human::size_in(whole, unit))
    };
    html! {
        <Figures>
            <Figure label="Pull before start" value={human::size_in(before, unit)} context={compared} />
            <Figure
                label="Lazy"
                value={human::size_in(verdict.lazy_bytes, unit)}
                context={if verdict.lazy_bytes == 0 { "nothing is indexed" } else { "fetched when read" }}
            />
            <Figure
                label="Index"
                value={human::size(verdict.index_bytes)}
                context={format!("{} of the image", human::percent(verdict.index_bytes, whole))}
            />
            <Figure
                label="Spans"
                value={human::count(verdict.spans)}
                context={format!("{} each", human::size(run.options.span_size))}
            />
        </Figures>
    }
}

fn composition(image: &ImageReport) -> Html {
    let sum = |wanted: Paint| {
        let layers = image.layers.iter().filter(|layer| paint(layer.status) == wanted);
        layers.fold(0_u64, |sum, layer| sum.saturating_add(layer.size))
    };
    let parts: Vec<(&str, String)> = [
        ("f-acc", "Indexed", Paint::Solid, " stay in the registry until read"),
        ("f-hatch", "Pulled whole before start", Paint::Hatched, ""),
        ("f-wait", "Not read", Paint::Unread, ""),
        ("f-bad", "Broken", Paint::Broken, ""),
    ]
    .into_iter()
    .filter_map(|(class, name, paint, what)| {
        let bytes = sum(paint);
        (bytes > 0).then(|| (class, format!("{name}: {}{what}", human::size(bytes))))
    })
    .collect();
    let segments: Vec<Segment> = image.layers.iter().map(segment).collect();
    let label = format!(
        "Compressed bytes of {}, in order. {}. The table below has the numbers.",
        human::counted(image.layers.len() as u64, "layer"),
        parts.iter().map(|(_, words)| words.as_str()).collect::<Vec<_>>().join(". "),
    );
    html! {
        <figure class="full stack stack--2">
            <Composition {segments} {label} />
            <ul class="legend">
                { for parts.into_iter().map(|(class, words)| html! { <li><Swatch {class} />{ words }</li> }) }
            </ul>
        </figure>
    }
}

fn segment(layer: &LayerReport) -> Segment {
    Segment {
        bytes: layer.size,
        paint: paint(layer.status),
        name: layer.position.to_string().into(),
        size: human::size(layer.size).into(),
        what: made_by(layer).into(),
    }
}

/// How the bytes of a layer are drawn.
pub fn paint(status: LayerStatus) -> Paint {
    match status {
        LayerStatus::Indexed => Paint::Solid,
        LayerStatus::Failed | LayerStatus::Missing => Paint::Broken,
        LayerStatus::Pending => Paint::Unread,
        _ => Paint::Hatched,
    }
}
