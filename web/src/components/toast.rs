//! A short message about something that just happened.

use super::{Button, Emphasis, Glyph, Icon, Size};
use yew::prelude::*;

/// Props of [`ToastView`].
#[derive(PartialEq, Properties)]
pub struct ToastViewProps {
    /// The sentence.
    pub text: AttrValue,
    /// Whether it reports a problem.
    pub is_problem: bool,
    /// Close it.
    pub ondismiss: Callback<()>,
}

/// A toast.
#[component]
pub fn ToastView(props: &ToastViewProps) -> Html {
    html! {
        <div class={classes!("toast", props.is_problem.then_some("toast--bad"))}>
            <Glyph icon={if props.is_problem { Icon::Stop } else { Icon::Check }} />
            <span>{ &props.text }</span>
            <Button
                icon={Icon::Cross}
                label="Close the message"
                emphasis={Emphasis::Quiet}
                size={Size::Small}
                onclick={props.ondismiss.reform(|_| ())}
            />
        </div>
    }
}
