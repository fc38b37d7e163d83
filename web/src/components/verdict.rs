//! The first thing read on a page: the answer, in words.

use super::{Glyph, Icon, Tone};
use yew::prelude::*;

/// Props of [`Headline`].
#[derive(PartialEq, Properties)]
pub struct HeadlineProps {
    /// How good the answer is.
    pub tone: Tone,
    /// The answer.
    pub title: AttrValue,
    /// Another icon than the tone's.
    #[prop_or_default]
    pub icon: Option<Icon>,
    /// The reason: paragraphs.
    pub children: Html,
}

/// The verdict of a page. It holds the page's one `h1`, which takes focus when the page changes.
#[component]
pub fn Headline(props: &HeadlineProps) -> Html {
    html! {
        <div class={classes!("verdict", props.tone.modifier("verdict"))}>
            <span class="verdict__icon"><Glyph icon={props.icon.unwrap_or(props.tone.icon())} /></span>
            <h1 id="verdict" tabindex="-1">{ &props.title }</h1>
            { props.children.clone() }
        </div>
    }
}
