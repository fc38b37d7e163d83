//! The file picker of the page. There is one; everything that opens a file presses it.

use super::dom;
use wasm_bindgen::JsCast;
use yew::prelude::*;

const ID: &str = "file-picker";

/// Opens the browser's file dialog. Works only while the reader presses something.
pub fn pick_file() {
    dom::press("#file-picker");
}

/// Props of [`FilePicker`].
#[derive(PartialEq, Properties)]
pub struct FilePickerProps {
    /// A file was chosen.
    pub onpick: Callback<web_sys::File>,
}

/// The hidden input behind every "Choose a file".
#[component]
pub fn FilePicker(props: &FilePickerProps) -> Html {
    let onchange = props.onpick.clone();
    let onchange = Callback::from(move |event: Event| {
        let input = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
        let Some(input) = input else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            onchange.emit(file);
        }
        // Choosing the same file again is a choice too.
        input.set_value("");
    });
    html! { <input id={ID} type="file" hidden=true {onchange} /> }
}
