//! One out of a few, all of them in sight: a row of real radios.

use yew::prelude::*;

/// One choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What is shown.
    pub label: Html,
    /// A tooltip.
    pub title: Option<AttrValue>,
}

impl Choice {
    /// A choice shown as text.
    pub fn text(label: impl Into<AttrValue>) -> Self {
        let label: AttrValue = label.into();
        Self { label: html! { { label } }, title: None }
    }
}

/// Props of [`Choices`].
#[derive(PartialEq, Properties)]
pub struct ChoicesProps {
    /// What is chosen, for ears.
    pub legend: AttrValue,
    /// Name of the radio group, unique in the page.
    pub name: AttrValue,
    /// The choices.
    pub choices: Vec<Choice>,
    /// Which one is chosen.
    pub chosen: Option<usize>,
    /// Another one was chosen.
    pub onchoose: Callback<usize>,
    /// Further classes: `seg--sm`, `seg--icon`, `seg--grid`.
    #[prop_or_default]
    pub class: Classes,
}

/// A row of radios.
#[component]
pub fn Choices(props: &ChoicesProps) -> Html {
    html! {
        <fieldset class={classes!("seg", props.class.clone())}>
            <legend class="vh">{ &props.legend }</legend>
            { for props.choices.iter().enumerate().map(|(index, choice)| {
                let onchange = props.onchoose.reform(move |_: Event| index);
                html! {
                    <label key={index} title={choice.title.clone()}>
                        <input
                            type="radio"
                            name={props.name.clone()}
                            value={index.to_string()}
                            checked={props.chosen == Some(index)}
                            {onchange}
                        />
                        <span>{ choice.label.clone() }</span>
                    </label>
                }
            }) }
        </fieldset>
    }
}
