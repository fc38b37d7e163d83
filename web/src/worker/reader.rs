//! Gets the bytes of a file, in order, in pieces of a chosen size.
//!
//! ```text
//!  Byob     one buffer travels: we lend it, the browser fills it and gives it back
//!  Stream   the browser chooses pieces and allocates each; we cut them to size
//!  Slices   one request per piece; works everywhere
//! ```
//!
//! The first is the fastest and the only one whose memory stays flat, but needs a byte stream
//! behind `Blob.stream()`; the others are what is left where there is none.

use js_sys::{ArrayBuffer, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, ReadableStreamDefaultReader};

#[wasm_bindgen]
extern "C" {
    /// `ReadableStream`, with the one option of `getReader` that matters here.
    type ByteStream;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn byob_reader(this: &ByteStream, options: &Object) -> Result<ByobReader, JsValue>;

    /// `ReadableStreamBYOBReader`, with the option `min` that web-sys lacks.
    type ByobReader;
    #[wasm_bindgen(method, js_name = read)]
    fn read_at_least(this: &ByobReader, view: &Uint8Array, options: &Object) -> Promise;
    #[wasm_bindgen(method)]
    fn cancel(this: &ByobReader) -> Promise;
}

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `getReader({ mode: "byob" })` with one reused buffer.
    Byob,
    /// `getReader()`.
    Stream,
    /// `slice().arrayBuffer()`.
    Slices,
}

/// Reads a blob from its beginning to its end.
pub struct Reader {
    source: Source,
}

enum Source {
    Byob { reader: ByobReader, buffer: ArrayBuffer },
    Stream { reader: ReadableStreamDefaultReader, rest: Uint8Array },
    Slices { blob: Blob, at: f64 },
}

impl Reader {
    /// Begins to read in the best way this browser offers.
    pub fn new(blob: &Blob) -> Self {
        [Way::Byob, Way::Stream]
            .into_iter()
            .find_map(|way| Self::by(way, blob))
            .unwrap_or_else(|| Self::slices(blob))
    }

    /// Begins to read in a certain way; `None` when this browser does not know it.
    pub fn by(way: Way, blob: &Blob) -> Option<Self> {
        let has_streams = Reflect::has(blob, &"stream".into()).unwrap_or(false);
        let source = match way {
            Way::Slices => return Some(Self::slices(blob)),
            _ if !has_streams => return None,
            Way::Byob => {
                let options = Object::new();
                Reflect::set(&options, &"mode".into(), &"byob".into()).ok()?;
                let reader = blob.stream().unchecked_into::<ByteStream>().byob_reader(&options).ok()?;
                Source::Byob { reader, buffer: ArrayBuffer::new(0) }
            }
            Way::Stream => {
                let reader = blob.stream().get_reader().dyn_into().ok()?;
                Source::Stream { reader, rest: Uint8Array::new_with_length(0) }
            }
        };
        Some(Self { source })
    }

    fn slices(blob: &Blob) -> Self {
        Self { source: Source::Slices { blob: blob.clone(), at: 0.0 } }
    }

    /// The next `len` bytes, fewer only at the end. The view is good until the next call.
    ///
    /// # Errors
    /// What the browser says when the file cannot be read any more.
    pub async fn read(&mut self, len: u32) -> Result<Uint8Array, JsValue> {
        match &mut self.source {
            Source::Byob { reader, buffer } => read_byob(reader, buffer, len).await,
            Source::Stream { reader, rest } => read_stream(reader, rest, len).await,
            Source::Slices { blob, at } => {
                let end = *at + f64::from(len);
                let piece = JsFuture::from(blob.slice_with_f64_and_f64(*at, end)?.array_buffer()).await?;
                let piece = Uint8Array::new(&piece);
                *at += f64::from(piece.length());
                Ok(piece)
            }
        }
    }
}

impl Drop for Reader {
    /// Tells the browser to read no further ahead.
    fn drop(&mut self) {
        let end = match &self.source {
            Source::Byob { reader, .. } => reader.cancel(),
            Source::Stream { reader, .. } => reader.cancel(),
            Source::Slices { .. } => return,
        };
        // A stream that failed rejects this too, and that was reported already.
        wasm_bindgen_futures::spawn_local(async move {
            let _ = JsFuture::from(end).await;
        });
    }
}

async fn read_byob(reader: &ByobReader, buffer: &mut ArrayBuffer, len: u32) -> Result<Uint8Array, JsValue> {
    if buffer.byte_length() < len {
        *buffer = ArrayBuffer::new(len);
    }
    let mut filled = 0;
    // One round where `min` is known; as many as the browser likes where it is ignored.
    while filled < len {
        let view = Uint8Array::new_with_byte_offset_and_length(buffer, filled, len - filled);
        let options = Object::new();
        Reflect::set(&options, &"min".into(), &(len - filled).into())?;
        let (value, done) = result(&JsFuture::from(reader.read_at_least(&view, &options)).await?)?;
        // The buffer comes back as another object over the same memory. Without one the stream
        // was cancelled.
        let Some(value) = value else { break };
        *buffer = value.buffer().unchecked_into();
        filled += value.length();
        if done {
            break;
        }
    }
    Ok(Uint8Array::new_with_byte_offset_and_length(buffer, 0, filled))
}

async fn read_stream(
    reader: &ReadableStreamDefaultReader,
    rest: &mut Uint8Array,
    len: u32,
) -> Result<Uint8Array, JsValue> {
    if rest.length() < len {
        let whole = Uint8Array::new_with_length(len);
        whole.set(rest, 0);
        let mut filled = rest.length();
        *rest = Uint8Array::new_with_length(0);
        while filled < len {
            let (Some(piece), false) = result(&JsFuture::from(reader.read()).await?)? else { break };
            let fits = piece.length().min(len - filled);
            whole.set(&piece.subarray(0, fits), filled);
            filled += fits;
            *rest = piece.subarray(fits, piece.length());
        }
        return Ok(whole.subarray(0, filled));
    }
    let piece = rest.subarray(0, len);
    *rest = rest.subarray(len, rest.length());
    Ok(piece)
}

/// `{ value, done }` of either reader.
fn result(result: &JsValue) -> Result<(Option<Uint8Array>, bool), JsValue> {
    let value = Reflect::get(result, &"value".into())?;
    let done = Reflect::get(result, &"done".into())?.is_truthy();
    Ok((value.dyn_into().ok(), done))
}
