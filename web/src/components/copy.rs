//! Copying text: the button turns to "Copied" in place, and a live region says so.

use super::{Emphasis, Glyph, Icon, Size, button_classes, dom, use_announcer};
use yew::{platform::spawn_local, prelude::*};

/// How long "Copied" stays, milliseconds.
const FEEDBACK: i32 = 2000;

/// Props of [`CopyButton`].
#[derive(PartialEq, Properties)]
pub struct CopyButtonProps {
    /// What is copied.
    pub text: AttrValue,
    /// What it is called: "Copied push command".
    pub what: AttrValue,
    /// Visible words; without them the button shows its icon only.
    #[prop_or_default]
    pub words: Option<AttrValue>,
    /// How much it wants to be pressed.
    #[prop_or(Emphasis::Quiet)]
    pub emphasis: Emphasis,
    /// How large it is.
    #[prop_or(Size::Small)]
    pub size: Size,
}

/// A button that copies a text.
#[component]
pub fn CopyButton(props: &CopyButtonProps) -> Html {
    let copied = use_state_eq(|| false);
    let timer = use_mut_ref(|| None::<dom::Timer>);
    let announcer = use_announcer();

    let onclick = {
        let (copied, text, what) = (copied.setter(), props.text.clone(), props.what.clone());
        Callback::from(move |_: MouseEvent| {
            let (copied, timer, announcer) = (copied.clone(), timer.clone(), announcer.clone());
            let (text, what) = (text.clone(), what.clone());
            spawn_local(async move {
                if !dom::copy(&text).await {
                    announcer
                        .say(format!("The browser did not allow copying the {what}. Select and copy it."));
                    return;
                }
                copied.set(true);
                announcer.say(format!("Copied the {what}"));
                *timer.borrow_mut() = dom::Timer::after(FEEDBACK, move || copied.set(false));
            });
        })
    };

    let classes = classes!(
        button_classes(props.emphasis, props.size),
        props.words.is_none().then_some("btn--icon"),
        copied.then_some("is-copied")
    );
    let title = props.words.is_none().then(|| AttrValue::from(format!("Copy {}", props.what)));
    html! {
        <button type="button" class={classes} {title} {onclick}>
            if let Some(words) = &props.words {
                <span class="btn__swap">
                    <span hidden={*copied}><Glyph icon={Icon::Copy} />{ words }</span>
                    <span hidden={!*copied} aria-hidden="true"><Glyph icon={Icon::Check} />{ "Copied" }</span>
                </span>
            } else {
                <Glyph icon={if *copied { Icon::Check } else { Icon::Copy }} />
                <span class="vh">{ format!("Copy {}", props.what) }</span>
            }
        </button>
    }
}
