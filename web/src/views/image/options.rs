//! What to index, and how finely: soci's own options, with its defaults named.

mod prefetch;

use self::prefetch::Prefetch;
use super::ImageProps;
use crate::{
    components::{Remark, Remarks, Tone, typed},
    model::{Action, Run},
};
use sociscope_engine::{
    Options, PlatformChoice, human, push,
    report::{ImageKind, Subject},
};
use wasm_bindgen::JsCast;
use yew::prelude::*;

const MIB: u64 = 1 << 20;
/// Offered minimum layer sizes; the one in force is added when it is another.
const MIN_LAYER_SIZES: [u64; 6] = [0, MIB, 5 * MIB, Options::DEFAULT_MIN_LAYER_SIZE, 50 * MIB, 100 * MIB];
/// Offered span sizes, likewise.
const SPAN_SIZES: [u64; 5] = [256 << 10, MIB, 2 * MIB, Options::DEFAULT_SPAN_SIZE, 16 * MIB];

/// The options, in a line above the table.
#[component]
pub fn IndexOptions(props: &ImageProps) -> Html {
    let ImageProps { run, dispatch, .. } = props;
    let options = &run.options;
    html! {
        <>
        <div class="options">
            <Subjects ..props.clone() />
            <Sizes
                label="Smallest layer to index"
                offered={MIN_LAYER_SIZES.to_vec()}
                default={Options::DEFAULT_MIN_LAYER_SIZE}
                zero="No minimum"
                chosen={options.min_layer_size}
                onchoose={dispatch.reform(Action::SetMinLayerSize)}
            />
            <Sizes
                label="Span size"
                offered={SPAN_SIZES.to_vec()}
                default={Options::DEFAULT_SPAN_SIZE}
                zero="Every block"
                chosen={options.span_size}
                onchoose={dispatch.reform(Action::SetSpanSize)}
                price={Some(AttrValue::from(price(run)))}
            />
            <Platforms ..props.clone() />
        </div>
        <Exceptions ..props.clone() />
        <Prefetch ..props.clone() />
        </>
    }
}

/// Which image is converted, where the file holds several.
#[component]
fn Subjects(props: &ImageProps) -> Html {
    let ImageProps { run, dispatch, .. } = props;
    let subjects = &run.report.subjects;
    let Some(chosen) = run.options.subject.filter(|_| subjects.len() > 1) else { return Html::default() };
    let onchange =
        dispatch.reform(move |event: Event| Action::SetSubject(typed(&event).parse().unwrap_or(chosen)));
    html! {
        <label class="option">
            <span>{ "Image to convert" }</span>
            <select class="select select--sm" {onchange}>
                { for subjects.iter().enumerate().map(|(index, subject)| html! {
                    <option value={index.to_string()} selected={index == chosen}>{ subject_name(run, index, subject) }</option>
                }) }
            </select>
        </label>
    }
}

/// Its names; without any, what it runs on and where it stands in the file.
fn subject_name(run: &Run, index: usize, subject: &Subject) -> String {
    if !subject.names.is_empty() {
        return subject.names.join(", ");
    }
    let platforms: Vec<&str> = subject
        .images
        .iter()
        .filter_map(|image| Some(run.report.images.get(*image)?.platform.name.as_str()))
        .collect();
    format!("{}, without a name: {}", index + 1, platforms.join(", "))
}

/// What goes beyond, or against, what soci itself writes; each with the one thing it changes.
#[component]
fn Exceptions(props: &ImageProps) -> Html {
    let ImageProps { run, dispatch, .. } = props;
    let options = &run.options;
    // What is typed becomes the tag once it is one; until then the archive keeps the last.
    let draft = use_state_eq(|| None::<String>);
    let in_force = options.tag.clone().unwrap_or_default();
    let tag = draft.as_ref().unwrap_or(&in_force).clone();
    let remarks = match &*draft {
        Some(_) => vec![Remark { tone: Tone::Bad, text: TAG_GRAMMAR.into() }],
        None => Vec::new(),
    };
    let oninput = {
        let (draft, dispatch) = (draft.setter(), dispatch.clone());
        Callback::from(move |event: InputEvent| {
            let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
            let typed = input.map(|input| input.value()).unwrap_or_default();
            if typed.is_empty() || push::is_tag(&typed) {
                draft.set(None);
                dispatch.emit(Action::SetTag(typed));
            } else {
                draft.set(Some(typed));
            }
        })
    };
    let check = |id: &'static str, name: &str, on: bool, action: fn(bool) -> Action| {
        let onchange = dispatch.reform(move |event: Event| {
            let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
            action(input.is_some_and(|input| input.checked()))
        });
        html! {
            <label class="check">
                <input type="checkbox" {id} checked={on} aria-describedby={format!("{id}-about")} {onchange} />
                <span>{ name.to_owned() }</span>
            </label>
        }
    };
    let mut kept = vec![if in_force.is_empty() { "no tag".to_owned() } else { format!("tag {in_force}") }];
    if options.keep_annotations {
        kept.push("attestation links kept".to_owned());
    }
    if options.keep_unusable {
        kept.push("refused layers kept".to_owned());
    }
    html! {
        <details class="more more--options">
            <summary>{ "More options" }<span class="dim">{ format!(": {}", kept.join(", ")) }</span></summary>
            <div class="exceptions">
                <label class="option" for="tag">
                    <span>{ "Tag" }</span>
                    <input
                        class="input input--sm mono"
                        id="tag"
                        value={tag}
                        placeholder="none"
                        autocomplete="off"
                        spellcheck="false"
                        maxlength="128"
                        aria-describedby="tag-about tag-remarks"
                        aria-invalid={(!remarks.is_empty()).then_some("true")}
                        {oninput}
                    />
                </label>
                <div>
                    <p id="tag-about">
                        { "Push tools find the image in the archive by it. It stands in " }<code>{ "index.json" }</code>
                        { " alone, so no digest that is pushed changes." }
                    </p>
                    <Remarks id="tag-remarks" {remarks} />
                </div>
                { check("keep-annotations", "Keep attestation links", options.keep_annotations, Action::SetKeepAnnotations) }
                <p id="keep-annotations-about">
                    { "soci drops the annotations of the image index, and with them what ties provenance to its image. \
                       Kept, they give the index another digest than soci's." }
                </p>
                { check("keep-unusable", "Index layers that will be refused", options.keep_unusable, Action::SetKeepUnusable) }
                <p id="keep-unusable-about">
                    { "soci makes zTOCs that its own snapshotter turns down when it mounts the layer. They are left out \
                       here; this puts them back, byte for byte as soci has them." }
                </p>
            </div>
        </details>
    }
}

const TAG_GRAMMAR: &str = "No registry takes this as a tag, so the archive keeps the last: 1 to 128 of letters, digits, . _ -, not \
     beginning with . or -.";

/// What another span size costs.
fn price(run: &Run) -> String {
    let mut text = format!("reads {} again", human::size(run.total.total));
    if run.total.elapsed >= 1.0 && !run.cancelled {
        text.push_str(&format!(", about {}", human::duration(run.total.elapsed)));
    }
    text
}

/// Props of [`Sizes`].
#[derive(PartialEq, Properties)]
struct SizesProps {
    label: AttrValue,
    offered: Vec<u64>,
    default: u64,
    zero: AttrValue,
    chosen: u64,
    onchoose: Callback<u64>,
    #[prop_or_default]
    price: Option<AttrValue>,
}

#[component]
fn Sizes(props: &SizesProps) -> Html {
    let mut offered = props.offered.clone();
    if !offered.contains(&props.chosen) {
        offered.push(props.chosen);
        offered.sort_unstable();
    }
    let name = |size: u64| match size {
        0 => props.zero.to_string(),
        size if size == props.default => format!("{} (soci default)", human::setting(size)),
        size => human::setting(size),
    };
    let onchange = {
        let (onchoose, chosen) = (props.onchoose.clone(), props.chosen);
        Callback::from(move |event: Event| onchoose.emit(typed(&event).parse().unwrap_or(chosen)))
    };
    html! {
        <label class="option">
            <span>{ &props.label }</span>
            <select class="select select--sm" {onchange}>
                { for offered.iter().map(|size| html! {
                    <option value={size.to_string()} selected={*size == props.chosen}>{ name(*size) }</option>
                }) }
            </select>
            if let Some(price) = &props.price {
                <span class="dim">{ price }</span>
            }
        </label>
    }
}

/// Which platforms get an index, where there is a choice.
#[component]
fn Platforms(props: &ImageProps) -> Html {
    let ImageProps { run, dispatch, .. } = props;
    let mut platforms: Vec<String> = Vec::new();
    for image in run.report.images.iter().filter(|image| image.kind == ImageKind::Image) {
        if !platforms.contains(&image.platform.name) {
            platforms.push(image.platform.name.clone());
        }
    }
    if platforms.len() < 2 {
        return Html::default();
    }
    let chosen = match &run.options.platforms {
        PlatformChoice::All => None,
        PlatformChoice::Listed(listed) => Some(listed.clone()),
    };
    let is_chosen =
        |platform: &String| chosen.as_ref().is_some_and(|listed| listed.as_slice() == [platform.clone()]);
    let onchange = dispatch.reform(|event: Event| {
        let platform = typed(&event);
        let choice =
            if platform.is_empty() { PlatformChoice::All } else { PlatformChoice::Listed(vec![platform]) };
        Action::SetPlatforms(choice)
    });
    html! {
        <label class="option">
            <span>{ "Platforms to index" }</span>
            <select class="select select--sm" {onchange}>
                <option value="" selected={chosen.is_none()}>{ format!("All {}", platforms.len()) }</option>
                { for platforms.iter().map(|platform| html! {
                    <option value={platform.clone()} selected={is_chosen(platform)}>
                        { format!("{platform} only") }
                    </option>
                }) }
            </select>
        </label>
    }
}
