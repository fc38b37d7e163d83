//! Drives the finished site in a real browser, as a person would.
//!
//! ```text
//! dist/ ──► Server (127.0.0.1, below a sub-path, the page's own policy as a header)
//!                 ▲
//!                 │ http
//! chromedriver ◄──┤ Page: open, give it a file, wait for words on the screen,
//!   (Driver)      │       press buttons by their names, read what lands in Downloads
//!                 ▼
//!             Chromium
//! ```
//!
//! Tests find things by what a person or a screen reader finds them by: roles, names, words.
//! Every journey ends with [`Page::close`], which fails on any error or policy violation that
//! reached the console.
#![forbid(unsafe_code)]

mod driver;
mod page;
mod server;

pub use driver::Driver;
pub use page::Page;
pub use server::Server;

/// A failed step: what was being done and what was seen instead.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
/// The outcome of a journey or one of its steps.
pub type Journey<T = ()> = Result<T, Failure>;
