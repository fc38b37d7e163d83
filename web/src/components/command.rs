//! A command to be run elsewhere, with a button that copies it.

use super::CopyButton;
use yew::prelude::*;

/// Props of [`Command`].
#[derive(PartialEq, Properties)]
pub struct CommandProps {
    /// The command, as it is copied.
    pub text: AttrValue,
    /// What it is called: "push command".
    pub what: AttrValue,
}

/// A command line. It wraps rather than scrolls: all of it can be read on a phone.
#[component]
pub fn Command(props: &CommandProps) -> Html {
    html! {
        <div class="cmd">
            <pre><code>{ &props.text }</code></pre>
            <CopyButton text={props.text.clone()} what={props.what.clone()} />
        </div>
    }
}
