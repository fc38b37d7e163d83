//! The few things that only the document can do: timers, listeners, focus, the clipboard.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Document, Element, EventTarget, HtmlElement};

/// The document of the page. Views only ever run there.
pub fn document() -> Option<Document> {
    web_sys::window()?.document()
}

/// Gives focus to the first element that matches `css`, without scrolling.
pub fn focus(css: &str) {
    let found = document().and_then(|document| document.query_selector(css).ok().flatten());
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Presses the first element that matches `css`, as a click would.
pub fn press(css: &str) {
    let found = document().and_then(|document| document.query_selector(css).ok().flatten());
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        element.click();
    }
}

/// Whether an element is one that takes typed letters itself.
pub fn takes_letters(element: &Element) -> bool {
    match element.tag_name().as_str() {
        "TEXTAREA" | "SELECT" => true,
        "INPUT" => !matches!(
            element.get_attribute("type").as_deref(),
            Some("radio" | "checkbox" | "button" | "file")
        ),
        _ => element.has_attribute("contenteditable"),
    }
}

/// Calls back once, unless it is dropped first.
pub struct Timer {
    handle: i32,
    _callback: Closure<dyn FnMut()>,
}

impl Timer {
    /// Starts a timer of `milliseconds`.
    pub fn after(milliseconds: i32, callback: impl FnOnce() + 'static) -> Option<Self> {
        let callback = Closure::once(callback);
        let handle = web_sys::window()?
            .set_timeout_with_callback_and_timeout_and_arguments_0(
                callback.as_ref().unchecked_ref(),
                milliseconds,
            )
            .ok()?;
        Some(Self { handle, _callback: callback })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(window) = web_sys::window() {
            window.clear_timeout_with_handle(self.handle);
        }
    }
}

/// Listens to an event until it is dropped.
pub struct Listener {
    target: EventTarget,
    event: &'static str,
    callback: Closure<dyn FnMut(web_sys::Event)>,
}

impl Listener {
    /// Starts listening.
    pub fn on(
        target: &EventTarget,
        event: &'static str,
        callback: impl FnMut(web_sys::Event) + 'static,
    ) -> Self {
        let callback = Closure::new(callback);
        let _ = target.add_event_listener_with_callback(event, callback.as_ref().unchecked_ref());
        Self { target: target.clone(), event, callback }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self
            .target
            .remove_event_listener_with_callback(self.event, self.callback.as_ref().unchecked_ref());
    }
}

/// Puts text on the clipboard; says whether it is there.
///
/// The asynchronous clipboard exists only in secure contexts. Elsewhere (a page served on the
/// local network without TLS) the old way still works: select the text and say "copy".
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    let clipboard = JsValue::from(window.navigator().clipboard());
    if clipboard.is_undefined() {
        return copy_by_selection(text).is_some_and(|copied| copied);
    }
    let promise = window.navigator().clipboard().write_text(text);
    wasm_bindgen_futures::JsFuture::from(promise).await.is_ok()
}

fn copy_by_selection(text: &str) -> Option<bool> {
    let document = document()?;
    let area = document.create_element("textarea").ok()?.dyn_into::<web_sys::HtmlTextAreaElement>().ok()?;
    area.set_class_name("vh");
    area.set_value(text);
    document.body()?.append_child(&area).ok()?;
    area.select();
    let copied = js_sys::Reflect::get(&document, &"execCommand".into())
        .ok()
        .and_then(|command| command.dyn_into::<js_sys::Function>().ok())
        .and_then(|command| command.call1(&document, &"copy".into()).ok())
        .is_some_and(|answer| answer.is_truthy());
    area.remove();
    Some(copied)
}
