//! Expected, found, where: what a report to someone else needs.

use yew::prelude::*;

/// Props of [`Facts`].
#[derive(PartialEq, Properties)]
pub struct FactsProps {
    /// Names and values.
    pub facts: Vec<(AttrValue, AttrValue)>,
}

/// A list of facts, in a type that keeps digests and offsets readable.
#[component]
pub fn Facts(props: &FactsProps) -> Html {
    html! {
        <dl class="facts">
            { for props.facts.iter().map(|(name, value)| html! { <><dt>{ name }</dt><dd>{ value }</dd></> }) }
        </dl>
    }
}
