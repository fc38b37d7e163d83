//! A whole number in a text field. What is typed may be no number for a while; the form then
//! keeps the last one that was.

use crate::components::{Field, Remark, Tone};
use yew::prelude::*;

/// Props of [`NumberField`].
#[derive(PartialEq, Properties)]
pub struct NumberFieldProps {
    /// Id of the input, unique in the page.
    pub id: AttrValue,
    /// What it is.
    pub label: AttrValue,
    /// The number in the form; `None` shows an empty field.
    pub value: Option<u32>,
    /// A new number, or none where that is allowed.
    pub onchange: Callback<Option<u32>>,
    /// Whether the field may be empty.
    #[prop_or_default]
    pub optional: bool,
    /// What an empty field means.
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    /// A line of context.
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    /// What is said about the number.
    #[prop_or_default]
    pub remarks: Vec<Remark>,
}

/// A labelled number.
#[component]
pub fn NumberField(props: &NumberFieldProps) -> Html {
    let typed = use_state_eq(|| shown(props.value));
    // The form changed by other means, an undo for one: what was typed is out of date.
    {
        let typed = typed.clone();
        use_effect_with(props.value, move |value| {
            if read(&typed) != Some(*value) {
                typed.set(shown(*value));
            }
        });
    }
    let oninput = {
        let (typed, onchange, optional) = (typed.setter(), props.onchange.clone(), props.optional);
        Callback::from(move |text: String| {
            if let Some(value) = read(&text)
                && (optional || value.is_some())
            {
                onchange.emit(value);
            }
            typed.set(text);
        })
    };
    let mut remarks = props.remarks.clone();
    let valid = read(&typed).is_some_and(|value| props.optional || value.is_some());
    if !valid {
        remarks = vec![Remark { tone: Tone::Bad, text: "Write a whole number".into() }];
    }
    html! {
        <Field
            id={props.id.clone()}
            label={props.label.clone()}
            value={(*typed).clone()}
            {oninput}
            numeric=true
            placeholder={props.placeholder.clone()}
            hint={props.hint.clone()}
            {remarks}
        />
    }
}

fn shown(value: Option<u32>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// The number a text means: `Some(None)` when it is empty, `None` when it is no number.
fn read(text: &str) -> Option<Option<u32>> {
    match text.trim() {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    }
}
