//! Saving a blob to the reader's disk.

use std::time::Duration;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Blob, HtmlAnchorElement, Url};
use yew::platform::time::sleep;

/// How long the object URL stays valid. The browser takes hold of the blob within moments of the
/// click; a prompt "where to save" may keep it waiting.
const URL_LIFE: Duration = Duration::from_secs(120);

/// Saves `blob` as `name`, through a link with `download` pressed in passing.
///
/// # Errors
/// What the browser says when it refuses to make the URL or the link.
pub fn save(blob: &Blob, name: &str) -> Result<(), JsValue> {
    save_held(blob, name, ())
}

/// Like [`save`], and drops `held` only when the browser has had time to take hold of the blob: a
/// blob of ranges is of no use once their file is gone.
///
/// # Errors
/// As for [`save`].
pub fn save_held(blob: &Blob, name: &str, held: impl Sized + 'static) -> Result<(), JsValue> {
    let url = Url::create_object_url_with_blob(blob)?;
    let pressed = press(&url, name);
    spawn_local(async move {
        sleep(URL_LIFE).await;
        drop(held);
        // It only frees the name; a download under way goes on.
        let _ = Url::revoke_object_url(&url);
    });
    pressed
}

fn press(url: &str, name: &str) -> Result<(), JsValue> {
    let document = super::window().and_then(|window| window.document()).ok_or("no document")?;
    let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
    link.set_href(url);
    link.set_download(name);
    // Firefox presses only links that are part of the page.
    document.body().ok_or("no body")?.append_child(&link)?;
    link.click();
    link.remove();
    Ok(())
}
