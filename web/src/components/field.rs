//! Labelled inputs. What is wrong with a value is said below it and tied to it for ears.

use super::{Glyph, Tone};
use wasm_bindgen::JsCast;
use yew::prelude::*;

/// Something said about a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Remark {
    /// Good, a note, a warning, wrong.
    pub tone: Tone,
    /// The sentence.
    pub text: AttrValue,
}

/// Props of [`Remarks`].
#[derive(PartialEq, Properties)]
pub struct RemarksProps {
    /// Id of the list; the field refers to it.
    pub id: AttrValue,
    /// What is said.
    pub remarks: Vec<Remark>,
}

/// What is said about a field, below it.
#[component]
pub fn Remarks(props: &RemarksProps) -> Html {
    html! {
        <div id={props.id.clone()} class="stack stack--1">
            { for props.remarks.iter().map(|remark| html! {
                <p class={classes!("note", remark.tone.modifier("note"))}>
                    <Glyph icon={remark.tone.icon()} />
                    <span>{ &remark.text }</span>
                </p>
            }) }
        </div>
    }
}

/// Props of [`Field`].
#[derive(PartialEq, Properties)]
pub struct FieldProps {
    /// Id of the input, unique in the page.
    pub id: AttrValue,
    /// What it is.
    pub label: AttrValue,
    /// Its value.
    pub value: AttrValue,
    /// A new value, at every key.
    pub oninput: Callback<String>,
    /// An example, when empty.
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    /// A line of context.
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    /// What is said about the value.
    #[prop_or_default]
    pub remarks: Vec<Remark>,
    /// For names, paths and commands.
    #[prop_or_default]
    pub mono: bool,
    /// Digits only.
    #[prop_or_default]
    pub numeric: bool,
}

/// A labelled line of text.
#[component]
pub fn Field(props: &FieldProps) -> Html {
    let hint_id = format!("{}-hint", props.id);
    let remarks_id = format!("{}-remarks", props.id);
    let wrong = props.remarks.iter().any(|remark| remark.tone == Tone::Bad);
    let described = [
        props.hint.as_ref().map(|_| hint_id.as_str()),
        (!props.remarks.is_empty()).then_some(remarks_id.as_str()),
    ];
    let described: Vec<&str> = described.into_iter().flatten().collect();
    html! {
        <div class="field">
            <label for={props.id.clone()}>{ &props.label }</label>
            <input
                id={props.id.clone()}
                class={classes!("input", props.mono.then_some("mono"))}
                value={props.value.clone()}
                placeholder={props.placeholder.clone()}
                inputmode={props.numeric.then_some("numeric")}
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-invalid={wrong.then_some("true")}
                aria-describedby={(!described.is_empty()).then(|| described.join(" "))}
                oninput={props.oninput.reform(|event: InputEvent| typed(&event))}
            />
            if let Some(hint) = &props.hint {
                <p class="hint" id={hint_id}>{ hint }</p>
            }
            if !props.remarks.is_empty() {
                <Remarks id={remarks_id} remarks={props.remarks.clone()} />
            }
        </div>
    }
}

/// The value of the input, text area or select an event came from.
pub fn typed(event: &Event) -> String {
    let Some(target) = event.target() else { return String::new() };
    if let Some(input) = target.dyn_ref::<web_sys::HtmlInputElement>() {
        return input.value();
    }
    if let Some(select) = target.dyn_ref::<web_sys::HtmlSelectElement>() {
        return select.value();
    }
    target
        .dyn_ref::<web_sys::HtmlTextAreaElement>()
        .map(web_sys::HtmlTextAreaElement::value)
        .unwrap_or_default()
}
