//! What covers the window while a file hangs over it.

use yew::prelude::*;

/// Props of [`DropOverlay`].
#[derive(PartialEq, Properties)]
pub struct DropOverlayProps {
    /// The file that a drop would replace.
    pub replaces: Option<AttrValue>,
}

/// "Drop to analyse": files or a folder.
#[component]
pub fn DropOverlay(props: &DropOverlayProps) -> Html {
    html! {
        <div class="overlay" aria-hidden="true">
            <div>
                <p>{ "Drop to analyse" }</p>
                <p class="muted">{ "A file, several files, or a folder" }</p>
                if let Some(name) = &props.replaces {
                    <p class="muted">{ format!("Replaces {name}") }</p>
                }
            </div>
        </div>
    }
}
