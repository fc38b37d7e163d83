//! Writing to a file of the reader's choice, piece by piece.
//!
//! ```text
//!  page    click ─► showSaveFilePicker ─► handle ──────────┐ posted
//!  worker                                                  └─► createWritable ─► write … ─► close
//! ```
//!
//! What is written goes into a hidden file beside the chosen one and takes its place only when the
//! stream is closed; after [`Stream::abort`], or when the tab is gone, it never does. The picker
//! itself leaves an empty file, which [`Handle::remove_if_empty`] takes away again.
//!
//! Only Chromium has the picker so far; elsewhere a download does (see [`super::download`]).

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, Window};

#[wasm_bindgen]
extern "C" {
    type WithPicker;
    #[wasm_bindgen(method, catch, js_name = showSaveFilePicker)]
    fn show_save_file_picker(this: &WithPicker, options: &Object) -> Result<Promise, JsValue>;

    /// `FileSystemFileHandle`: a file the reader allowed to be written. It can be posted to a worker.
    #[derive(Clone)]
    pub type Handle;
    #[wasm_bindgen(method, catch, js_name = createWritable)]
    fn create_writable(this: &Handle) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getFile)]
    fn get_file(this: &Handle) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn remove(this: &Handle) -> Result<Promise, JsValue>;

    type WritableStream;
    #[wasm_bindgen(method, catch)]
    fn write(this: &WritableStream, data: &Uint8Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &WritableStream) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn abort(this: &WritableStream) -> Result<Promise, JsValue>;
}

/// What came of asking where to save.
pub enum Picked {
    /// There.
    File(Handle),
    /// Nowhere: the reader closed the picker.
    Closed,
    /// The browser shows no picker now: no click led here, or the page lies in a frame.
    Refused,
}

/// Asks the reader where to save `name`. Needs the click that led here to be a moment old at most,
/// so nothing may be awaited before. `None` where there is no such picker.
pub fn pick(window: &Window, name: &str) -> Option<impl Future<Output = Picked> + use<>> {
    let picker: &WithPicker = window.unchecked_ref();
    if !Reflect::get(picker, &"showSaveFilePicker".into()).is_ok_and(|picker| picker.is_function()) {
        return None;
    }
    let asked = options(name).and_then(|options| picker.show_save_file_picker(&options));
    Some(async move {
        let picked = match asked {
            Ok(promise) => JsFuture::from(promise).await,
            Err(error) => Err(error),
        };
        match picked {
            Ok(handle) => Picked::File(handle.unchecked_into()),
            Err(error) if name_of(&error) == "AbortError" => Picked::Closed,
            Err(_) => Picked::Refused,
        }
    })
}

/// `{ suggestedName, types: [{ description, accept: { "application/x-tar": [".tar"] } }] }`
fn options(name: &str) -> Result<Object, JsValue> {
    let (accept, kind, options) = (Object::new(), Object::new(), Object::new());
    Reflect::set(&accept, &"application/x-tar".into(), &Array::of1(&".tar".into()))?;
    Reflect::set(&kind, &"description".into(), &"OCI archive".into())?;
    Reflect::set(&kind, &"accept".into(), &accept)?;
    Reflect::set(&options, &"suggestedName".into(), &name.into())?;
    Reflect::set(&options, &"types".into(), &Array::of1(&kind))?;
    Ok(options)
}

impl Handle {
    /// Begins to write. What the file held stays until the stream is closed.
    ///
    /// # Errors
    /// When the file may not be written.
    pub async fn open(&self) -> Result<Stream, JsValue> {
        Ok(Stream { stream: JsFuture::from(self.create_writable()?).await?.unchecked_into() })
    }

    /// Size of the file as it lies on the disk, bytes.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub async fn size(&self) -> Result<u64, JsValue> {
        let file: File = JsFuture::from(self.get_file()?).await?.unchecked_into();
        Ok(file.size() as u64)
    }

    /// Takes away the empty file that choosing a name has made.
    ///
    /// # Errors
    /// When the browser cannot; then an empty file is left.
    pub async fn remove_if_empty(&self) -> Result<(), JsValue> {
        if self.size().await? == 0 {
            JsFuture::from(self.remove()?).await?;
        }
        Ok(())
    }
}

/// A file that is being written.
pub struct Stream {
    stream: WritableStream,
}

impl Stream {
    /// Appends bytes; returns when the browser has taken them, so that the buffer is free again.
    ///
    /// # Errors
    /// `QuotaExceededError` when the disk is full; others when the file is gone.
    pub async fn write(&self, bytes: &Uint8Array) -> Result<(), JsValue> {
        JsFuture::from(self.stream.write(bytes)?).await.map(drop)
    }

    /// Puts what was written in place of the file.
    ///
    /// # Errors
    /// As [`write`](Self::write), and when the browser finds the file harmful.
    pub async fn close(self) -> Result<(), JsValue> {
        JsFuture::from(self.stream.close()?).await.map(drop)
    }

    /// Forgets what was written.
    pub async fn abort(self) {
        // A stream that has failed is gone already, and says so.
        if let Ok(ended) = self.stream.abort() {
            let _ = JsFuture::from(ended).await;
        }
    }
}

/// The name of an exception: `QuotaExceededError`.
pub fn name_of(error: &JsValue) -> String {
    Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default()
}
