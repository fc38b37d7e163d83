//! The browser's own facilities, one file each: what the page uses of it besides the DOM.

pub mod address;
pub mod download;
pub mod drop_zone;
pub mod fault;
pub mod folder;
pub mod storage;
pub mod theme;

/// The window. There is one: of what is here only [`storage`] also runs in workers.
pub fn window() -> Option<web_sys::Window> {
    web_sys::window()
}
