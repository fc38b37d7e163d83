//! The task definition: a form, and the JSON it amounts to, judged as you type.
//!
//! ```text
//!   Form ──build──► JSON ──check──► diagnostics ──► lines, fields, the list
//!     ▲                                  │
//!     └── Editor (undo) ◄── keys, fixes ─┘
//! ```

mod args;
mod editor;
mod environment;
mod fixes;
mod form;
mod health;
mod judged;
mod number;
mod output;
mod ports;
mod size;

pub use self::editor::{Editor, History};
pub use self::judged::uri_remarks;

use self::{form::TaskForm, judged::Judged, output::Output};
use crate::{
    components::{dom, use_announcer},
    model::{Dispatch, Run},
};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use yew::prelude::*;

/// Props of [`TaskView`].
#[derive(Properties)]
pub struct TaskProps {
    /// The analysis.
    pub run: Run,
    /// Where actions go.
    pub dispatch: Dispatch,
    /// Changes the form.
    pub editor: Editor,
}

impl PartialEq for TaskProps {
    fn eq(&self, other: &Self) -> bool {
        self.run.form == other.run.form
            && self.run.report == other.run.report
            && self.run.shown_image == other.run.shown_image
    }
}

/// The task definition view.
#[component]
pub fn TaskView(props: &TaskProps) -> Html {
    let TaskProps { run, dispatch, editor } = props;
    let judged = Rc::new(Judged::new(run));
    use_undo_key(editor);
    html! {
        <>
            <h1 class="vh" tabindex="-1">{ "Fargate task definition" }</h1>
            <div class="split">
                <TaskForm run={run.clone()} editor={editor.clone()} judged={judged.clone()} />
                <Output
                    editor={editor.clone()}
                    {judged}
                    dispatch={dispatch.clone()}
                    file_name={run.file_name(&crate::model::Artifact::TaskDefinition)}
                />
            </div>
        </>
    }
}

/// Ctrl Z undoes, also inside inputs: the browser's own undo knows one field only, and nothing of
/// fields that have changed one another.
#[hook]
fn use_undo_key(editor: &Editor) {
    let announcer = use_announcer();
    let current = use_mut_ref(|| editor.clone());
    *current.borrow_mut() = editor.clone();
    use_effect_with((), move |()| {
        let listener = dom::document().map(|document| {
            dom::Listener::on(&document, "keydown", move |event| {
                let Some(event) = event.dyn_ref::<web_sys::KeyboardEvent>() else { return };
                let undo = (event.ctrl_key() || event.meta_key())
                    && !event.shift_key()
                    && !event.alt_key()
                    && event.key().eq_ignore_ascii_case("z");
                if undo {
                    event.prevent_default();
                    let editor = current.borrow().clone();
                    if editor.undo() {
                        announcer.say("Undone");
                    }
                }
            })
        });
        move || drop(listener)
    });
}
