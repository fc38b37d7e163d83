//! The file, and behind it the layers that were made here: one range of bytes to all who read it.
//!
//! ```text
//!  0                       file.size()                                    end()
//!  ├──────── file ─────────────┼──── made ────┼─ taken away ─┼──── made ────┤
//!                                             └ bytes of the file keep its place
//! ```
//!
//! The engine tells layers by where they lie, so a place is never given twice, and what lies behind
//! a layer that was taken away stays where it is.

use std::rc::Rc;

use js_sys::Array;
use sociscope_engine::{LayerId, image::Extent};
use wasm_bindgen::JsValue;
use web_sys::Blob;

use super::opening::Held;
use crate::browser::storage::TemporaryFile;

/// A file that layers are appended to. Nothing is copied.
pub struct Grown {
    file: Held,
    behind: Vec<Piece>,
    whole: Held,
}

struct Piece {
    size: u64,
    /// Nothing once it was taken away.
    made: Option<Made>,
}

struct Made {
    stored: LayerId,
    bytes: Blob,
    copy: Option<Rc<TemporaryFile>>,
}

impl Grown {
    /// A file with nothing behind it.
    pub fn new(file: Held) -> Self {
        Self { whole: file.clone(), file, behind: Vec::new() }
    }

    /// All of it. Whoever reads it later holds a clone of this.
    pub fn whole(&self) -> &Held {
        &self.whole
    }

    /// The file alone.
    pub fn file(&self) -> &Held {
        &self.file
    }

    /// Where the next layer will begin.
    pub fn end(&self) -> u64 {
        self.behind.iter().fold(self.file.file.size() as u64, |end, piece| end.saturating_add(piece.size))
    }

    /// Appends what was made of a stored layer, and says where it lies now.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn append(
        &mut self,
        stored: LayerId,
        bytes: Blob,
        copy: Option<Rc<TemporaryFile>>,
    ) -> Result<Extent, JsValue> {
        let extent = Extent { offset: self.end(), len: bytes.size() as u64 };
        self.behind.push(Piece { size: extent.len, made: Some(Made { stored, bytes, copy }) });
        self.compose()?;
        Ok(extent)
    }

    /// Lets go of what was made of a stored layer; nobody reads its place any more.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn take_away(&mut self, stored: LayerId) -> Result<(), JsValue> {
        for piece in &mut self.behind {
            piece.made.take_if(|made| made.stored == stored);
        }
        self.compose()
    }

    fn compose(&mut self) -> Result<(), JsValue> {
        let file = &self.file.file;
        let mut whole = self.file.clone();
        // Behind the last one there is nothing to keep in its place.
        let last = self.behind.iter().rposition(|piece| piece.made.is_some());
        let behind = self.behind.iter().take(last.map_or(0, |last| last + 1));
        let parts = Array::of1(file);
        for piece in behind {
            match &piece.made {
                Some(made) => {
                    parts.push(&made.bytes);
                    whole.copies.extend(made.copy.clone());
                }
                None => {
                    let mut left = piece.size as f64;
                    while left > 0.0 && file.size() > 0.0 {
                        let filling = file.slice_with_f64_and_f64(0.0, left)?;
                        left -= filling.size();
                        parts.push(&filling);
                    }
                }
            }
        }
        if last.is_some() {
            whole.file = Blob::new_with_blob_sequence(&parts)?;
        }
        self.whole = whole;
        Ok(())
    }
}
