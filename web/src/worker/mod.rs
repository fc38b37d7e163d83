//! The program in its other role: a worker that reads layers, or unpacks a file.
//!
//! ```text
//!  page                                   worker
//!   │  Request::Layer + File               │
//!   ├─────────────────────────────────────►│ read, build, hash; awaits between chunks, so that
//!   │  Reply::Progress      (10 per second)│ ending the worker takes effect at once
//!   │◄─────────────────────────────────────┤
//!   │  Reply::Layer + zTOC buffer          │
//!   │◄─────────────────────────────────────┤ then the next request
//! ```
//!
//! [`message`] is the protocol, [`reader`] gets bytes out of a file, [`layer`] drives the engine,
//! [`digests`] hashes spans beside it, [`unpack`] writes what is inside a compressed file, [`remake`] a
//! layer as gzip, [`save`] what the layers came to, [`ztoc`] reads a zTOC and [`verify`] a layer against one.

pub mod digests;
pub mod layer;
pub mod message;
pub mod reader;
pub mod remake;
pub mod save;
pub mod unpack;
pub mod verify;
pub mod ztoc;

use js_sys::{Array, Uint8Array};
use message::{Envelope, Reply, Request};
use sociscope_engine::sample;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// Begins to serve requests. Called by `js/layer-worker.js`, in workers only.
#[wasm_bindgen(js_name = workerEntry)]
pub fn worker_entry() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        send(&Reply::Fault { message: info.to_string() }, None);
    }));
    let serve = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        let Some(envelope) = Envelope::open(&event.data()) else { return };
        match envelope.read::<Request>() {
            Ok(request) => spawn_local(answer(request, envelope.payload)),
            Err(error) => send(&Reply::Fault { message: format!("request not understood: {error}") }, None),
        }
    });
    scope().set_onmessage(Some(serve.as_ref().unchecked_ref()));
    // It listens as long as the worker lives.
    serve.forget();
}

async fn answer(request: Request, payload: JsValue) {
    match request {
        Request::Layer { task } => {
            let Ok(file) = payload.dyn_into::<web_sys::Blob>() else {
                return send(
                    &Reply::Fault { message: "a layer was asked for without its file".into() },
                    None,
                );
            };
            let outcome = layer::run(task, &file, |progress| send(&Reply::Progress { progress }, None)).await;
            let ztoc = outcome.ztoc.as_deref().map(Uint8Array::from);
            send(&Reply::Layer { summary: Box::new(outcome.summary) }, ztoc.as_ref());
        }
        Request::Remake { task, place } => {
            let Ok(file) = payload.dyn_into::<web_sys::Blob>() else {
                return send(
                    &Reply::Fault { message: "a layer was to be compressed without being there".into() },
                    None,
                );
            };
            let report = |progress| send(&Reply::Progress { progress }, None);
            match remake::run(task, &file, place.as_ref(), report).await {
                Ok((layer, made)) => {
                    post(&Envelope::seal(&Reply::Remade { layer }, made.into()), &Array::new())
                }
                Err((stop, failure)) => send(&Reply::NotRemade { stop, failure }, None),
            }
        }
        Request::Unpack { place } => {
            let Ok(file) = payload.dyn_into::<web_sys::Blob>() else {
                return send(
                    &Reply::Fault { message: "a file was to be unpacked without being there".into() },
                    None,
                );
            };
            let report = |progress| send(&Reply::Unpacking { progress }, None);
            match unpack::run(&file, place.as_ref(), report).await {
                Ok(unpacked) => post(&Envelope::seal(&Reply::Unpacked, unpacked.into()), &Array::new()),
                Err((stop, failure)) => send(&Reply::NotUnpacked { stop, failure }, None),
            }
        }
        Request::Ztoc => {
            let Ok(file) = payload.dyn_into::<web_sys::Blob>() else {
                return send(
                    &Reply::Fault { message: "a zTOC was to be read without being there".into() },
                    None,
                );
            };
            let (content, files) = match ztoc::read(&file).await {
                Ok((content, files)) => (Ok(Box::new(content)), files),
                Err(failure) => (Err(failure), ztoc::ZtocFiles::default()),
            };
            send(&Reply::Ztoc { content, files }, None);
        }
        Request::FindInZtoc { text } => send(&Reply::FoundInZtoc { files: ztoc::search(&text) }, None),
        Request::Locate { paths } => {
            let Ok(file) = payload.dyn_into::<web_sys::Blob>() else {
                return send(
                    &Reply::Fault { message: "a zTOC was to be searched without being there".into() },
                    None,
                );
            };
            send(&Reply::Located { result: ztoc::locate(&file, &paths).await }, None);
        }
        Request::Verify { task } => {
            let Ok(source) = payload.dyn_into::<web_sys::Blob>() else {
                return send(
                    &Reply::Fault { message: "a layer was to be verified without being there".into() },
                    None,
                );
            };
            let report = |progress| send(&Reply::Progress { progress }, None);
            let result = verify::run(task, &source, report).await.map(Box::new);
            send(&Reply::Verified { result }, None);
        }
        Request::Sample => {
            let archive = Uint8Array::from(sample::archive().as_slice());
            send(&Reply::Sample, Some(&archive));
        }
        Request::Save { parts } => {
            let saved = save::run(&parts, &payload, |done| send(&Reply::Saving { done }, None)).await;
            let reply = match saved {
                Ok(written) => Reply::Saved { written },
                Err(failure) => Reply::NotSaved { failure },
            };
            send(&reply, None);
        }
        Request::StopSaving => save::stop(),
    }
}

/// Posts a reply; the buffer below `bytes` changes hands instead of being copied.
fn send(reply: &Reply, bytes: Option<&Uint8Array>) {
    let transfer = Array::new();
    let payload = bytes.map_or(JsValue::UNDEFINED, |bytes| {
        transfer.push(&bytes.buffer());
        bytes.into()
    });
    post(&Envelope::seal(reply, payload), &transfer);
}

fn post(message: &JsValue, transfer: &Array) {
    // Fails only for things that cannot be cloned; text, buffers and files can.
    let _ = scope().post_message_with_transfer(message, transfer);
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}
