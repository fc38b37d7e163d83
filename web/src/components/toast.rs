//! A short message about something that just happened.

use super::{Button, Emphasis, Glyph, Icon, Size, dom};
use yew::prelude::*;

/// How long good news stays, milliseconds. Bad news stays until it is closed.
const STAY: i32 = 6000;

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
    // Whoever points at it, or has moved to its button, is still reading.
    let held = use_state_eq(|| false);
    use_effect_with((*held, props.is_problem), {
        let ondismiss = props.ondismiss.clone();
        move |(held, is_problem)| {
            let leaves = !held && !is_problem;
            let timer = leaves.then(|| dom::Timer::after(STAY, move || ondismiss.emit(())));
            move || drop(timer)
        }
    });
    let hold = |hold: bool| {
        let held = held.setter();
        move || held.set(hold)
    };
    let (enter, leave, focus, blur) = (hold(true), hold(false), hold(true), hold(false));
    html! {
        <div
            class={classes!("toast", props.is_problem.then_some("toast--bad"))}
            onpointerenter={move |_| enter()}
            onpointerleave={move |_| leave()}
            onfocusin={move |_| focus()}
            onfocusout={move |_| blur()}
        >
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
