//! The reader's colour choice: `data-theme` on the root element, remembered in local storage.
//!
//! The key is also in `boot.js`, which applies the choice before the program has loaded. Where the
//! browser forbids storage the choice lasts as long as the page.

use crate::model::Theme;

const KEY: &str = "sociscope.theme";

/// What was chosen last time.
pub fn remembered() -> Theme {
    storage()
        .and_then(|storage| storage.get_item(KEY).ok().flatten())
        .map_or(Theme::System, |name| Theme::from_name(&name))
}

/// Applies and remembers a choice. The system's theme is the absence of a choice.
pub fn choose(theme: Theme) {
    let root = super::window().and_then(|window| window.document()?.document_element());
    if let Some(root) = root {
        // Neither fails for this attribute.
        let _ = match theme {
            Theme::System => root.remove_attribute("data-theme"),
            Theme::Light | Theme::Dark => root.set_attribute("data-theme", theme.name()),
        };
    }
    if let Some(storage) = storage() {
        // A full or forbidden storage costs only the memory of the choice.
        let _ = match theme {
            Theme::System => storage.remove_item(KEY),
            Theme::Light | Theme::Dark => storage.set_item(KEY, theme.name()),
        };
    }
}

fn storage() -> Option<web_sys::Storage> {
    super::window()?.local_storage().ok().flatten()
}
