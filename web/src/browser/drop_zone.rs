//! Dropping files and folders anywhere on the window.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, DragEvent, Event};
use yew::Callback;

use super::folder::{self, Entry};
use crate::components::dom::Listener;

/// What dragging something over the window comes to.
#[derive(Clone, Debug)]
pub enum Drag {
    /// Files are over the window.
    Over,
    /// They left, or were dropped.
    Gone,
    /// Files and folders were dropped.
    Dropped(Vec<Entry>),
}

/// Listens to the whole window until it is dropped itself.
pub struct DropZone {
    _listeners: Vec<Listener>,
}

impl DropZone {
    /// Begins to listen.
    pub fn new(on: Callback<Drag>) -> Self {
        let Some(window) = super::window() else { return Self { _listeners: Vec::new() } };
        // Enter and leave come for every element on the way; the difference says where we are.
        let depth = Rc::new(Cell::new(0_i32));
        let listen = |name, act: Box<dyn Fn(&DataTransfer)>| {
            Listener::on(&window, name, move |event: Event| {
                let Some(data) = event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer) else {
                    return;
                };
                // Text and links dragged about in the page are none of our business.
                if data.types().includes(&"Files".into(), 0) {
                    event.prevent_default();
                    act(&data);
                }
            })
        };
        let enter = {
            let (depth, on) = (Rc::clone(&depth), on.clone());
            listen(
                "dragenter",
                Box::new(move |_| {
                    depth.set(depth.get() + 1);
                    on.emit(Drag::Over);
                }),
            )
        };
        let leave = {
            let (depth, on) = (Rc::clone(&depth), on.clone());
            listen(
                "dragleave",
                Box::new(move |_| {
                    depth.set(depth.get() - 1);
                    if depth.get() <= 0 {
                        depth.set(0);
                        on.emit(Drag::Gone);
                    }
                }),
            )
        };
        let over = listen("dragover", Box::new(|data| data.set_drop_effect("copy")));
        let drop = listen(
            "drop",
            Box::new(move |data| {
                depth.set(0);
                on.emit(Drag::Gone);
                on.emit(Drag::Dropped(folder::entries(data)));
            }),
        );
        Self { _listeners: vec![enter, leave, over, drop] }
    }
}
