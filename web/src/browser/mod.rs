//! The browser's own facilities, one file each: what the page uses of it besides the DOM.

pub mod address;
pub mod download;
pub mod drop_zone;
pub mod fault;
pub mod folder;
pub mod save_stream;
pub mod storage;
pub mod theme;

/// The window. There is one: of what is here only [`save_stream`] and
/// [`storage`] also run in workers.
pub fn window() -> Option<web_sys::Window> {
    web_sys::window()
}
