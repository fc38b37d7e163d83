//! The frame of the page, and which view stands in it.

use super::{
    analysing::{Analysing, Opening, UnpackingView},
    appbar::AppBar,
    contextbar::ContextBar,
    failure::FailureView,
    image::ImageView,
    landing::Landing,
    overlay::DropOverlay,
    saving::SaveProgress,
    shortcuts::{Keys, ShortcutSheet, use_shortcuts},
    statusbar::StatusBar,
    task::{Editor, History, TaskView},
    ztoc::ZtocView,
};
use crate::{
    components::{FilePicker, LiveRegion, Sprite, ToastView, dom},
    model::{Action, Run, ShellProps, Stage, State, View},
};
use yew::prelude::*;

/// Which page is shown; a change moves focus to its heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Screen {
    Landing,
    Opening,
    Unpacking,
    Analysing,
    Image,
    Task,
    Ztoc,
    Failure,
}

impl Screen {
    fn of(state: &State) -> Self {
        match (&state.stage, state.view) {
            (Stage::Empty, _) => Self::Landing,
            (Stage::Opening(_), _) => Self::Opening,
            (Stage::Unpacking(_), _) => Self::Unpacking,
            (Stage::Analysing(_), _) => Self::Analysing,
            (Stage::Ztoc(_), _) => Self::Ztoc,
            (Stage::Ready(_), View::Image) => Self::Image,
            (Stage::Ready(_), View::TaskDefinition) => Self::Task,
            (Stage::Failed { .. }, _) => Self::Failure,
        }
    }
}

/// The whole page.
#[component]
pub fn Shell(props: &ShellProps) -> Html {
    let ShellProps { state, dispatch } = props;
    let screen = Screen::of(state);
    let sheet_open = use_state_eq(|| false);
    let keys = use_state_eq(Keys::remembered);
    let history = use_memo(run_of(state).map(History::subject), |_| History::default());

    use_shortcuts(state, dispatch, *keys, sheet_open.setter());
    use_heading_focus(screen);
    use_effect_with(title(state, screen), |title| {
        if let Some(document) = dom::document() {
            document.set_title(title);
        }
    });

    let edits = |run: &Run| Editor::new(run.form.clone(), history.clone(), dispatch.clone());
    let view = match &state.stage {
        Stage::Empty => html! { <Landing dispatch={dispatch.clone()} /> },
        Stage::Opening(source) => html! { <Opening source={source.clone()} /> },
        Stage::Unpacking(unpacking) => html! { <UnpackingView unpacking={unpacking.clone()} /> },
        Stage::Analysing(run) => html! { <Analysing run={run.clone()} /> },
        Stage::Ready(run) if state.view == View::TaskDefinition => {
            html! { <TaskView run={run.clone()} dispatch={dispatch.clone()} editor={edits(run)} /> }
        }
        Stage::Ready(run) => {
            html! { <ImageView run={run.clone()} dispatch={dispatch.clone()} editor={edits(run)} /> }
        }
        Stage::Ztoc(ztoc) => html! { <ZtocView ztoc={ztoc.clone()} dispatch={dispatch.clone()} /> },
        Stage::Failed { source, failure } => html! {
            <FailureView source={source.clone()} failure={failure.clone()} dispatch={dispatch.clone()} />
        },
    };
    let skip = Callback::from(|event: MouseEvent| {
        // A real fragment would be taken for a view.
        event.prevent_default();
        dom::focus("#main");
    });

    html! {
        <LiveRegion>
            <Sprite />
            <div class={classes!("app", (screen == Screen::Task).then_some("app--fit"))}>
                <a class="skip" href="#main" onclick={skip}>{ "Skip to content" }</a>
                <AppBar
                    state={state.clone()}
                    dispatch={dispatch.clone()}
                    onshortcuts={let open = sheet_open.setter(); Callback::from(move |()| open.set(true))}
                />
                <ContextBar state={state.clone()} dispatch={dispatch.clone()} />
                <main id="main" tabindex="-1">{ view }</main>
                <StatusBar state={state.clone()} />
            </div>
            if state.dragging {
                <DropOverlay replaces={state.stage.source().map(|source| AttrValue::from(source.name.clone()))} />
            }
            <div class="toasts">
                <div role="status">
                    if let Some(toast) = &state.toast {
                        <ToastView
                            key={toast.id}
                            text={toast.text.clone()}
                            is_problem={toast.is_problem}
                            ondismiss={dispatch.reform(|()| Action::DismissToast)}
                        />
                    }
                </div>
                if let Some(saving) = state.saving.as_ref().filter(|saving| saving.takes_time()) {
                    <SaveProgress saving={saving.clone()} dispatch={dispatch.clone()} />
                }
            </div>
            if *sheet_open {
                <ShortcutSheet
                    keys={*keys}
                    onkeys={let keys = keys.setter(); Callback::from(move |new: Keys| { new.remember(); keys.set(new); })}
                    onclose={let open = sheet_open.setter(); Callback::from(move |()| open.set(false))}
                />
            }
            <FilePicker
                onpick={dispatch.reform(Action::OpenFiles)}
                onfolder={dispatch.reform(Action::OpenFolder)}
            />
        </LiveRegion>
    }
}

fn run_of(state: &State) -> Option<&Run> {
    state.stage.run()
}

/// Moves focus to the heading of a page that has just appeared, unless the reader is busy
/// elsewhere: in a bar or in the shortcut sheet.
#[hook]
fn use_heading_focus(screen: Screen) {
    let before = use_mut_ref(|| None::<Screen>);
    use_effect_with(screen, move |screen| {
        let came_from = before.borrow_mut().replace(*screen);
        let Some(came_from) = came_from else { return };
        if let Some(window) = web_sys::window() {
            window.scroll_to_with_x_and_y(0.0, 0.0);
        }
        let chosen =
            matches!((came_from, *screen), (Screen::Image, Screen::Task) | (Screen::Task, Screen::Image));
        let idle = dom::document()
            .and_then(|document| document.active_element())
            .is_none_or(|element| element.closest("header, footer, dialog").ok().flatten().is_none());
        if chosen || idle {
            dom::focus("h1");
        }
    });
}

fn title(state: &State, screen: Screen) -> String {
    let name = state.stage.source().map_or("", |source| source.name.as_str());
    let words = match screen {
        Screen::Landing => "Index a container image".to_owned(),
        Screen::Opening | Screen::Analysing => format!("Reading {name}"),
        Screen::Unpacking => format!("Unpacking {name}"),
        Screen::Image => {
            let verdict = run_of(state).map(|run| run.report.verdict.headline.clone());
            format!("{name}: {}", verdict.unwrap_or_default())
        }
        Screen::Ztoc => format!("zTOC {name}"),
        Screen::Task => format!("Task definition for {name}"),
        Screen::Failure => format!("{name}: not analysed"),
    };
    format!("{words} · Sociscope")
}
