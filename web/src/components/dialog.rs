//! A modal sheet: the browser's own `<dialog>`, which keeps focus inside and closes on Escape.

use super::{Button, Emphasis, Icon, Size};
use yew::prelude::*;

/// Props of [`Dialog`].
#[derive(PartialEq, Properties)]
pub struct DialogProps {
    /// Id of the heading, unique in the page.
    pub id: AttrValue,
    /// The heading.
    pub title: AttrValue,
    /// The content.
    pub children: Html,
    /// It was closed, in whatever way.
    pub onclose: Callback<()>,
}

/// A sheet that is open for as long as it is rendered.
#[component]
pub fn Dialog(props: &DialogProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = node.cast::<web_sys::HtmlDialogElement>() {
                let _ = dialog.show_modal();
            }
        });
    }
    let close = {
        let node = node.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(dialog) = node.cast::<web_sys::HtmlDialogElement>() {
                dialog.close();
            }
        })
    };
    html! {
        <dialog
            ref={node}
            class="sheet"
            aria-labelledby={props.id.clone()}
            onclose={props.onclose.reform(|_: Event| ())}
        >
            <div class="panel__head">
                <h2 id={props.id.clone()}>{ &props.title }</h2>
                <span class="end">
                    <Button
                        icon={Icon::Cross}
                        label="Close"
                        emphasis={Emphasis::Quiet}
                        size={Size::Small}
                        onclick={close}
                    />
                </span>
            </div>
            <div class="panel__body">{ props.children.clone() }</div>
        </dialog>
    }
}
