//! A titled box: a named region of the page.

use yew::prelude::*;

/// Props of [`Panel`].
#[derive(PartialEq, Properties)]
pub struct PanelProps {
    /// Id of the heading, unique in the page.
    pub id: AttrValue,
    /// The heading.
    pub title: AttrValue,
    /// What stands in the head after the heading.
    #[prop_or_default]
    pub head: Html,
    /// The content.
    pub children: Html,
    /// Whether the content keeps the box's inner padding.
    #[prop_or_default]
    pub padded: bool,
}

/// A panel.
#[component]
pub fn Panel(props: &PanelProps) -> Html {
    html! {
        <section class="panel" aria-labelledby={props.id.clone()}>
            <div class="panel__head">
                <h2 id={props.id.clone()}>{ &props.title }</h2>
                { props.head.clone() }
            </div>
            if props.padded {
                <div class="panel__body stack stack--2">{ props.children.clone() }</div>
            } else {
                { props.children.clone() }
            }
        </section>
    }
}
