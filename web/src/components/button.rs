//! Buttons. A button names its result; its icon only repeats the name.

use super::{Glyph, Icon};
use yew::prelude::*;

/// How much a button wants to be pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Emphasis {
    /// The one thing to do next.
    Primary,
    /// One of several.
    #[default]
    Normal,
    /// There when needed.
    Quiet,
}

/// How large a control is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// Inside tables and panel heads.
    Small,
    /// Everywhere else.
    #[default]
    Medium,
    /// The landing page.
    Large,
}

/// The classes of something that looks like a button.
pub fn button_classes(emphasis: Emphasis, size: Size) -> Classes {
    let emphasis = match emphasis {
        Emphasis::Primary => Some("btn--primary"),
        Emphasis::Normal => None,
        Emphasis::Quiet => Some("btn--quiet"),
    };
    let size = match size {
        Size::Small => Some("btn--sm"),
        Size::Medium => None,
        Size::Large => Some("btn--lg"),
    };
    classes!("btn", emphasis, size)
}

/// Props of [`Button`].
#[derive(PartialEq, Properties)]
pub struct ButtonProps {
    /// Pressed.
    pub onclick: Callback<MouseEvent>,
    /// The words. Without any, give a `label`.
    #[prop_or_default]
    pub children: Html,
    /// Words for ears, after the visible ones.
    #[prop_or_default]
    pub label: AttrValue,
    /// An icon in front.
    #[prop_or_default]
    pub icon: Option<Icon>,
    /// How much it wants to be pressed.
    #[prop_or_default]
    pub emphasis: Emphasis,
    /// How large it is.
    #[prop_or_default]
    pub size: Size,
    /// Further classes.
    #[prop_or_default]
    pub class: Classes,
    /// A tooltip.
    #[prop_or_default]
    pub title: Option<AttrValue>,
    /// Cannot be pressed now; stays reachable, so that it can say why in its `title`.
    #[prop_or_default]
    pub disabled: bool,
    /// Id of the element.
    #[prop_or_default]
    pub id: Option<AttrValue>,
}

/// A button.
#[component]
pub fn Button(props: &ButtonProps) -> Html {
    let bare = props.children == Html::default();
    let onclick = if props.disabled { Callback::noop() } else { props.onclick.clone() };
    html! {
        <button
            id={props.id.clone()}
            type="button"
            class={classes!(
                button_classes(props.emphasis, props.size),
                bare.then_some("btn--icon"),
                props.class.clone()
            )}
            title={props.title.clone()}
            aria-disabled={props.disabled.then_some("true")}
            {onclick}
        >
            if let Some(icon) = props.icon {
                <Glyph {icon} />
            }
            { props.children.clone() }
            if !props.label.is_empty() {
                <span class="vh">{ &props.label }</span>
            }
        </button>
    }
}
