//! The top bar: where you are, what else there is.

use crate::{
    components::{Button, Choice, Choices, Emphasis, Glyph, Icon, Size, pick_file},
    model::{Action, Dispatch, Stage, State, Theme, View},
};
use std::rc::Rc;
use yew::prelude::*;

/// Props of [`AppBar`].
#[derive(Properties)]
pub struct AppBarProps {
    /// The whole state.
    pub state: Rc<State>,
    /// Where actions go.
    pub dispatch: Dispatch,
    /// The list of shortcuts was asked for.
    pub onshortcuts: Callback<()>,
}

impl PartialEq for AppBarProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.state, &other.state)
    }
}

/// The top bar.
#[component]
pub fn AppBar(props: &AppBarProps) -> Html {
    let AppBarProps { state, dispatch, onshortcuts } = props;
    html! {
        <header class="appbar">
            <button class="brand" type="button" title="Start page" onclick={dispatch.reform(|_| Action::Reset)}>
                <svg viewBox="0 0 20 20" aria-hidden="true" focusable="false">
                    <rect class="m0" x="1" y="5" width="3" height="10" rx="1" />
                    <rect class="m0" x="5.5" y="5" width="3" height="10" rx="1" />
                    <rect class="m1" x="10" y="2" width="3.5" height="16" rx="1" />
                    <rect class="m0" x="15" y="5" width="3" height="10" rx="1" />
                </svg>
                { "Sociscope" }
            </button>
            if let Stage::Ready(_) = state.stage {
                <nav class="views" aria-label="Views of this image">
                    { for View::ALL.into_iter().map(|view| html! {
                        <a href={view.hash()} aria-current={(view == state.view).then_some("page")}>
                            { title(view) }
                        </a>
                    }) }
                </nav>
            }
            <div class="appbar__end">
                if !matches!(state.stage, Stage::Empty) {
                    <Button
                        icon={Icon::Open}
                        emphasis={Emphasis::Quiet}
                        title="Choose another file"
                        onclick={Callback::from(|_| pick_file())}
                    >
                        <span class="hide-narrow">{ "Open another" }</span>
                        <span class="vh">{ " Choose another file" }</span>
                    </Button>
                }
                <ThemeSwitch theme={state.theme} onchoose={dispatch.reform(Action::SetTheme)} />
                <Button
                    class="only-wide"
                    emphasis={Emphasis::Quiet}
                    size={Size::Small}
                    title="Keyboard shortcuts"
                    onclick={onshortcuts.reform(|_| ())}
                >
                    <kbd>{ "?" }</kbd>
                    <span class="vh">{ "Keyboard shortcuts" }</span>
                </Button>
            </div>
        </header>
    }
}

/// What a view is called.
fn title(view: View) -> &'static str {
    match view {
        View::Image => "Image",
        View::TaskDefinition => "Task definition",
    }
}

/// Props of [`ThemeSwitch`].
#[derive(PartialEq, Properties)]
struct ThemeSwitchProps {
    theme: Theme,
    onchoose: Callback<Theme>,
}

#[component]
fn ThemeSwitch(props: &ThemeSwitchProps) -> Html {
    let choices = Theme::ALL.map(|theme| {
        let (icon, name) = match theme {
            Theme::System => (Icon::Auto, "System"),
            Theme::Light => (Icon::Sun, "Light"),
            Theme::Dark => (Icon::Moon, "Dark"),
        };
        Choice {
            label: html! { <><Glyph {icon} /><span class="vh">{ name }</span></> },
            title: Some(format!("{name} theme").into()),
        }
    });
    let onchoose = props.onchoose.reform(|index: usize| Theme::ALL.get(index).copied().unwrap_or_default());
    html! {
        <Choices
            legend="Theme"
            name="theme"
            class="seg--sm seg--icon"
            choices={choices.to_vec()}
            chosen={Theme::ALL.iter().position(|theme| *theme == props.theme)}
            {onchoose}
        />
    }
}
