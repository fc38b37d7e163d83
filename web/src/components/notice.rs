//! Something worth knowing: a heading, a reason, an action.

use super::{Glyph, Tone};
use yew::prelude::*;

/// Props of [`Notice`].
#[derive(PartialEq, Properties)]
pub struct NoticeProps {
    /// How serious it is.
    pub tone: Tone,
    /// What.
    pub title: AttrValue,
    /// Why, and what to do.
    #[prop_or_default]
    pub children: Html,
}

/// A notice.
#[component]
pub fn Notice(props: &NoticeProps) -> Html {
    html! {
        <div class={classes!("notice", props.tone.modifier("notice"))}>
            <Glyph icon={props.tone.icon()} />
            <h3><span class="vh">{ format!("{}: ", props.tone.word()) }</span>{ &props.title }</h3>
            { props.children.clone() }
        </div>
    }
}
