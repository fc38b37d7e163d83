//! The page: drop an image archive, see what it is, save what lazy loading needs.
//!
//! ```text
//!   window                                             workers (at most one per core)
//!  ┌───────────────────────────────────────────┐      ┌──────────────────────────────┐
//!  │ views ◄── Rc<State> ── session ◄─ Archive │      │ worker::layer                │
//!  │   │                       ▲  │            │ File │   reader ─► LayerJob ─► zTOC │
//!  │   └─────── Action ────────┘  └─ pool ─────┼─────►│      └─► span digests        │
//!  └───────────────────────────────────────────┘ ◄────┤   progress, summary, zTOC    │
//!         downloads: Blob of [bytes | ranges]         └──────────────────────────────┘
//! ```
//!
//! * [`model`]: what the page knows and what can be asked of it; start here.
//! * [`session`]: does what is asked: opens files, runs the worker pool, saves results.
//! * [`worker`]: the other side of the pool, one layer at a time.
//! * [`browser`]: the browser's own facilities, one file each.
//! * [`views`] and [`components`]: pure functions of the model.
//!
//! One WebAssembly binary serves the page and its workers. Invariants: the window's thread never
//! touches the bytes of a layer; what crosses to a worker is a `File`, text, or a transferred
//! buffer; no byte of a layer is ever held by the page, not even for a download. What a worker
//! makes that is too large for memory goes into a temporary file ([`browser::storage`]).

pub mod app;
pub mod browser;
pub mod components;
pub mod model;
pub mod session;
pub mod views;
pub mod worker;

/// Renders the page, unless this is a worker: workers wait for their entry to be called.
pub fn start() {
    if web_sys::window().is_none() {
        return;
    }
    browser::fault::watch();
    yew::Renderer::<app::App>::new().render();
}

// Unit tests run where the page does; most of them would pass anywhere.
#[cfg(all(test, target_arch = "wasm32"))]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
