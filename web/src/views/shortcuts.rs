//! Single keys. They are off inside inputs, and can be switched off altogether (WCAG 2.1.4).

use crate::{
    components::{Dialog, dom, pick_file},
    model::{Action, Dispatch, Run, Stage, State, Theme, View},
};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use yew::prelude::*;

/// Whether single letters do something. Escape always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// They do.
    On,
    /// They do not.
    Off,
}

const STORED_AS: &str = "sociscope.keys";

impl Keys {
    /// What the reader chose last time.
    pub fn remembered() -> Self {
        let stored = storage().and_then(|storage| storage.get_item(STORED_AS).ok().flatten());
        if stored.as_deref() == Some("off") { Self::Off } else { Self::On }
    }

    /// Keeps the choice; a browser that forbids it forgets it.
    pub fn remember(self) {
        let Some(storage) = storage() else { return };
        let _ = match self {
            Self::On => storage.remove_item(STORED_AS),
            Self::Off => storage.set_item(STORED_AS, "off"),
        };
    }
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// Listens for the shortcuts for as long as the page stands.
#[hook]
pub fn use_shortcuts(state: &Rc<State>, dispatch: &Dispatch, keys: Keys, sheet: UseStateSetter<bool>) {
    // The listener lives as long as the page; it reads what is current when a key comes.
    let current = use_mut_ref(|| (state.clone(), keys));
    *current.borrow_mut() = (state.clone(), keys);
    let dispatch = dispatch.clone();
    use_effect_with((), move |()| {
        let listener = dom::document().map(|document| {
            dom::Listener::on(&document, "keydown", move |event| {
                let Some(event) = event.dyn_ref::<web_sys::KeyboardEvent>() else { return };
                let (state, keys) = current.borrow().clone();
                if pressed(event, &state, keys, &dispatch, &sheet) {
                    event.prevent_default();
                }
            })
        });
        move || drop(listener)
    });
}

/// Does what a key stands for; says whether it stood for something.
fn pressed(
    event: &web_sys::KeyboardEvent,
    state: &State,
    keys: Keys,
    dispatch: &Dispatch,
    sheet: &UseStateSetter<bool>,
) -> bool {
    let in_dialog =
        dom::document().and_then(|document| document.query_selector("dialog[open]").ok().flatten()).is_some();
    if in_dialog || event.default_prevented() || event.ctrl_key() || event.meta_key() || event.alt_key() {
        return false;
    }
    let key = event.key();
    if key == "Escape" {
        if state.stage.is_busy() || state.stage.run().is_some_and(Run::is_at_work) {
            dispatch.emit(Action::Cancel);
        } else if state.toast.is_some() {
            dispatch.emit(Action::DismissToast);
        } else {
            return false;
        }
        return true;
    }
    let typing = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|element| dom::takes_letters(&element));
    if keys == Keys::Off || typing || event.repeat() {
        return false;
    }
    match key.as_str() {
        "o" | "O" => pick_file(),
        "t" | "T" => dispatch.emit(Action::SetTheme(after(state.theme))),
        "?" => sheet.set(true),
        _ => {
            let view = key.parse::<usize>().ok().and_then(|number| View::ALL.get(number.checked_sub(1)?));
            match (view, &state.stage) {
                (Some(view), Stage::Ready(_)) => dispatch.emit(Action::Go(*view)),
                _ => return false,
            }
        }
    }
    true
}

fn after(theme: Theme) -> Theme {
    match theme {
        Theme::System => Theme::Light,
        Theme::Light => Theme::Dark,
        Theme::Dark => Theme::System,
    }
}

/// Props of [`ShortcutSheet`].
#[derive(PartialEq, Properties)]
pub struct ShortcutSheetProps {
    /// Whether they are on.
    pub keys: Keys,
    /// They were switched.
    pub onkeys: Callback<Keys>,
    /// The sheet was closed.
    pub onclose: Callback<()>,
}

/// The list of shortcuts, with the switch.
#[component]
pub fn ShortcutSheet(props: &ShortcutSheetProps) -> Html {
    const ALL: [(&[&str], &str); 6] = [
        (&["O"], "Open a file"),
        (&["1", "2"], "Image, Task definition"),
        (&["T"], "Theme: system, light, dark"),
        (&["Esc"], "Cancel the analysis, or close a message"),
        (&["Ctrl", "Z"], "Undo the last change of the task definition"),
        (&["?"], "This list"),
    ];
    let on = props.keys == Keys::On;
    let onchange = props.onkeys.reform(move |_: Event| if on { Keys::Off } else { Keys::On });
    html! {
        <Dialog id="shortcuts" title="Keyboard shortcuts" onclose={props.onclose.clone()}>
            <div class="stack stack--4">
                <dl class="keys">
                    { for ALL.iter().map(|(keys, what)| html! {
                        <>
                            <dt>{ for keys.iter().map(|key| html! { <kbd>{ *key }</kbd> }) }</dt>
                            <dd>{ *what }</dd>
                        </>
                    }) }
                </dl>
                <label class="check">
                    <input type="checkbox" checked={on} {onchange} />
                    { "Single keys do something (off inside inputs)" }
                </label>
            </div>
        </Dialog>
    }
}
