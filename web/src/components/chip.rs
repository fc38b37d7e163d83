//! A state in an icon and a word.

use super::{Glyph, Icon, Tone};
use yew::prelude::*;

/// Props of [`Chip`].
#[derive(PartialEq, Properties)]
pub struct ChipProps {
    /// The word.
    pub children: Html,
    /// Its tone.
    #[prop_or_default]
    pub tone: Tone,
    /// Another icon than the tone's.
    #[prop_or_default]
    pub icon: Option<Icon>,
}

/// A state.
#[component]
pub fn Chip(props: &ChipProps) -> Html {
    html! {
        <span class={classes!("chip", props.tone.modifier("chip"))}>
            <Glyph icon={props.icon.unwrap_or(props.tone.icon())} />
            { props.children.clone() }
        </span>
    }
}
