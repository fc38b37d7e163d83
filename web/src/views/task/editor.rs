//! Changing the form, one undoable step at a time.

use crate::model::{Action, Dispatch, Run, Shared};
use sociscope_fargate::Form;
use std::{cell::RefCell, rc::Rc};
use yew::Callback;

/// Steps that can be undone at most.
const DEPTH: usize = 200;

/// The forms there were before, the latest last.
#[derive(Default)]
pub struct History {
    inner: RefCell<Past>,
}

#[derive(Default)]
struct Past {
    forms: Vec<Form>,
    /// What the last step changed: typing on in one field is one step.
    field: Option<String>,
}

/// What a history belongs to: another file or another image begins a new one.
pub type Subject = (String, u64, usize);

impl History {
    /// What the history of this analysis belongs to.
    pub fn subject(run: &Run) -> Subject {
        (run.source.name.clone(), run.source.size, run.shown_image)
    }

    /// Keeps `form`, the one before a change of `field`.
    fn keep(&self, form: &Form, field: &str) {
        let mut past = self.inner.borrow_mut();
        if past.field.as_deref() == Some(field) {
            return;
        }
        if past.forms.len() == DEPTH {
            past.forms.remove(0);
        }
        past.forms.push(form.clone());
        past.field = Some(field.to_owned());
    }

    fn back(&self) -> Option<Form> {
        let mut past = self.inner.borrow_mut();
        past.field = None;
        past.forms.pop()
    }

    fn is_empty(&self) -> bool {
        self.inner.borrow().forms.is_empty()
    }
}

/// Changes the form of a run. Cheap to clone.
#[derive(Clone)]
pub struct Editor {
    form: Shared<Form>,
    history: Rc<History>,
    dispatch: Dispatch,
}

impl PartialEq for Editor {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form && Rc::ptr_eq(&self.history, &other.history)
    }
}

impl Editor {
    /// An editor of the form as it stands.
    pub fn new(form: Shared<Form>, history: Rc<History>, dispatch: Dispatch) -> Self {
        Self { form, history, dispatch }
    }

    /// The form as it stands.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Changes the form. `field` names the step for undo: typing on in one field is one step, so
    /// actions such as adding a row take a name of their own each time.
    pub fn change(&self, field: &str, change: impl FnOnce(&mut Form)) {
        let mut form = (*self.form).clone();
        change(&mut form);
        if form != *self.form {
            self.history.keep(&self.form, field);
            self.dispatch.emit(Action::EditTask(Box::new(form)));
        }
    }

    /// A callback that puts a value into the form.
    pub fn on<T: 'static>(
        &self,
        field: impl Into<String>,
        change: impl Fn(&mut Form, T) + 'static,
    ) -> Callback<T> {
        let (editor, field) = (self.clone(), field.into());
        Callback::from(move |value: T| editor.change(&field, |form| change(form, value)))
    }

    /// A callback for a step of its own.
    pub fn step<E: 'static>(&self, change: impl Fn(&mut Form) + 'static) -> Callback<E> {
        let editor = self.clone();
        Callback::from(move |_: E| editor.replace(|form| change(form)))
    }

    /// Changes the form as a step of its own.
    pub fn replace(&self, change: impl FnOnce(&mut Form)) {
        self.history.inner.borrow_mut().field = None;
        self.change("", change);
        self.history.inner.borrow_mut().field = None;
    }

    /// Takes the last step back; says whether there was one.
    pub fn undo(&self) -> bool {
        let before = self.history.back();
        let undone = before.is_some();
        if let Some(form) = before {
            self.dispatch.emit(Action::EditTask(Box::new(form)));
        }
        undone
    }

    /// Whether there is a step to take back.
    pub fn can_undo(&self) -> bool {
        !self.history.is_empty()
    }
}

/// A text field that may be left out: empty is absent.
pub fn optional(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{Editor, History};
    use crate::model::{Action, Shared};
    use sociscope_fargate::Form;
    use std::{cell::RefCell, rc::Rc};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;
    use yew::Callback;

    /// An editor whose form follows what it emits.
    struct Desk {
        form: Rc<RefCell<Form>>,
        history: Rc<History>,
    }

    impl Desk {
        fn editor(&self) -> Editor {
            let form = self.form.clone();
            let dispatch = Callback::from(move |action| {
                if let Action::EditTask(new) = action {
                    *form.borrow_mut() = *new;
                }
            });
            Editor::new(Shared::new(self.form.borrow().clone()), self.history.clone(), dispatch)
        }

        fn family(&self) -> String {
            self.form.borrow().family.clone()
        }
    }

    fn desk() -> Desk {
        Desk { form: Rc::default(), history: Rc::default() }
    }

    #[test]
    fn typing_on_in_one_field_is_one_step() {
        let desk = desk();
        for text in ["a", "ab", "abc"] {
            desk.editor().change("family", |form| form.family = text.to_owned());
        }
        assert_eq!(desk.family(), "abc");
        assert!(desk.editor().undo());
        assert_eq!(desk.family(), "app");
        assert!(!desk.editor().undo(), "that was all");
    }

    #[test]
    fn another_field_begins_another_step_and_steps_never_merge() {
        let desk = desk();
        desk.editor().change("family", |form| form.family = "x".to_owned());
        desk.editor().change("cpu", |form| form.cpu = 256);
        desk.editor().replace(|form| form.cpu = 512);
        desk.editor().replace(|form| form.cpu = 2048);
        let mut cpus = Vec::new();
        while desk.editor().undo() {
            cpus.push(desk.form.borrow().cpu);
        }
        assert_eq!(cpus, [512, 256, 1024, 1024]);
        assert_eq!(desk.family(), "app");
    }

    #[test]
    fn a_change_that_changes_nothing_is_no_step() {
        let desk = desk();
        desk.editor().change("family", |form| form.family = "app".to_owned());
        assert!(!desk.editor().can_undo());
    }
}
