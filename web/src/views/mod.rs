//! What is on the screen: pure functions of the page's [`State`](crate::model::State).
//!
//! ```text
//!  Shell ─┬─ AppBar        brand, view links, theme, shortcuts
//!         ├─ ContextBar    file, platform, main download, cancel
//!         ├─ one of        Landing · Analysing · ImageView · TaskView · ZtocView · FailureView
//!         ├─ StatusBar     what was measured; what left the tab (nothing)
//!         └─ DropOverlay, toast, save progress, shortcut sheet, file picker
//! ```
//!
//! A view reads the report, never layer bytes; it asks for everything else with an
//! [`Action`](crate::model::Action). Numbers are written by
//! [`human`](sociscope_engine::human) and nowhere else.

mod analysing;
mod appbar;
mod contextbar;
mod failure;
mod findings;
mod image;
mod landing;
mod overlay;
mod saving;
mod shell;
mod shortcuts;
mod statusbar;
mod task;
mod words;
mod ztoc;

pub use shell::Shell;
