//! The file pickers of the page: one for files, one for a folder. Everything that opens something
//! presses one of them.

use super::dom;
use wasm_bindgen::JsCast;
use web_sys::{File, HtmlInputElement};
use yew::prelude::*;

/// Opens the browser's file dialog. Works only while the reader presses something.
pub fn pick_file() {
    dom::press("#file-picker");
}

/// Opens the browser's folder dialog, likewise.
pub fn pick_folder() {
    dom::press("#folder-picker");
}

/// Props of [`FilePicker`].
#[derive(PartialEq, Properties)]
pub struct FilePickerProps {
    /// Files were chosen, at least one.
    pub onpick: Callback<Vec<File>>,
    /// A folder was chosen: all files in it, whose paths begin with its name.
    pub onfolder: Callback<Vec<File>>,
}

/// The hidden inputs behind every "Choose a file" and "Choose a folder".
#[component]
pub fn FilePicker(props: &FilePickerProps) -> Html {
    html! {
        <>
            <input id="file-picker" type="file" multiple=true hidden=true onchange={chosen(&props.onpick)} />
            <input
                id="folder-picker"
                type="file"
                webkitdirectory=true
                hidden=true
                onchange={chosen(&props.onfolder)}
            />
        </>
    }
}

fn chosen(to: &Callback<Vec<File>>) -> Callback<Event> {
    let to = to.clone();
    Callback::from(move |event: Event| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        let Some(input) = input else { return };
        let files: Vec<File> = input
            .files()
            .map(|files| (0..files.length()).filter_map(|index| files.get(index)).collect())
            .unwrap_or_default();
        // Choosing the same file again is a choice too.
        input.set_value("");
        if !files.is_empty() {
            to.emit(files);
        }
    })
}
