//! The view in the address: `location.hash`, so that Back, Forward and links work.

use crate::model::View;

/// The view the address asks for.
pub fn view() -> View {
    let hash = super::window().and_then(|window| window.location().hash().ok());
    View::from_hash(&hash.unwrap_or_default())
}

/// Goes to a view, leaving an entry in the history. `hashchange` follows if it is another one.
pub fn go(view: View) {
    if let Some(window) = super::window() {
        // Setting the hash of the own document is always allowed.
        let _ = window.location().set_hash(view.hash());
    }
}

/// Makes the address say `view` without an entry in the history: the page moved, not the reader.
pub fn correct(view: View) {
    let history = super::window().and_then(|window| window.history().ok());
    if let Some(history) = history {
        // May be refused when called a hundred times in a few seconds; the address then lags.
        let _ = history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(view.hash()));
    }
}
