//! Temporary files in the browser's private file system (OPFS): bytes that were made here, such as
//! an unpacked archive, and are too large for memory.
//!
//! ```text
//!  page    Directory::open() ── lock held while the tab lives
//!             │ file()
//!             ▼
//!          TemporaryFile ── place(): plain data ──► worker   Sink::create(place)
//!             │                                                 write() … write()
//!             │ dropped: the file is removed                    finish() ──► File ──► page
//!             ▼
//!  disk    sociscope/TAB/0, 1, 2 …
//! ```
//!
//! A tab that ends without a word, because it crashed or was ended, leaves its directory behind.
//! Its lock is free then, which is how the next visit's [`sweep`] tells leftovers from the files of
//! another tab. Private windows and insecure contexts have no such file system: a [`Sink`] without
//! a place keeps the bytes as a blob, up to a limit.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Array, AsyncIterator, Function, Object, Promise, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemRemoveOptions,
    FileSystemSyncAccessHandle,
};
use yew::platform::time::sleep;

/// The directory of all tabs, and the beginning of the names of their locks.
const HOME: &str = "sociscope";
/// Bytes kept in memory where there is no file system to put them.
pub const MEMORY_LIMIT: u64 = 512 << 20;
/// Bytes collected before they are handed to the browser's blob store.
const BLOB_PIECE: usize = 4 << 20;
/// Milliseconds after which removing a file is tried again: a worker that was just ended may hold
/// it for another moment.
const REMOVE_AGAIN_AFTER: [u64; 7] = [20, 60, 150, 400, 1000, 2500, 5000];

#[wasm_bindgen]
extern "C" {
    /// `navigator.storage`, with what may be missing caught instead of thrown.
    type Storage;
    #[wasm_bindgen(thread_local_v2, js_namespace = navigator, js_name = storage)]
    static STORAGE: Option<Storage>;
    #[wasm_bindgen(method, catch, js_name = getDirectory)]
    fn get_directory(this: &Storage) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn estimate(this: &Storage) -> Result<Promise, JsValue>;

    /// `navigator.locks`; not among the stable parts of web-sys.
    #[derive(Clone)]
    type Locks;
    #[wasm_bindgen(thread_local_v2, js_namespace = navigator, js_name = locks)]
    static LOCKS: Option<Locks>;
    #[wasm_bindgen(method, catch)]
    fn request(this: &Locks, name: &str, options: &Object, on: &Function) -> Result<Promise, JsValue>;
}

/// Where a temporary file lies: plain data, so that it can be sent to a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The tab's directory.
    pub directory: String,
    /// The file in it.
    pub file: String,
}

/// How much the browser lets this site store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Room {
    /// Bytes in all.
    pub quota: u64,
    /// Bytes taken.
    pub usage: u64,
}

impl Room {
    /// Bytes that may still be written.
    pub fn free(&self) -> u64 {
        self.quota.saturating_sub(self.usage)
    }
}

/// What the browser says there is room for; `None` where it does not say.
pub async fn room() -> Option<Room> {
    let estimate = STORAGE.with(|storage| storage.as_ref().map(Storage::estimate))?;
    let estimate = JsFuture::from(estimate.ok()?).await.ok()?;
    let bytes = |name: &str| Some(Reflect::get(&estimate, &name.into()).ok()?.as_f64()? as u64);
    Some(Room { quota: bytes("quota")?, usage: bytes("usage").unwrap_or(0) })
}

/// The directory of all tabs.
async fn home() -> Result<FileSystemDirectoryHandle, JsValue> {
    let root = STORAGE.with(|storage| storage.as_ref().map(Storage::get_directory));
    let root = JsFuture::from(root.ok_or("no private file system")??).await?;
    directory_in(&root.unchecked_into(), HOME).await
}

async fn directory_in(
    parent: &FileSystemDirectoryHandle,
    name: &str,
) -> Result<FileSystemDirectoryHandle, JsValue> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let directory = JsFuture::from(parent.get_directory_handle_with_options(name, &options)).await?;
    Ok(directory.unchecked_into())
}

/// This tab's directory, its own as long as the page lives.
pub struct Directory {
    name: String,
    handle: FileSystemDirectoryHandle,
    next: Cell<u32>,
}

impl Directory {
    /// Takes a lock and makes the directory that it stands for, in this order.
    ///
    /// # Errors
    /// Where there is no private file system, or none that can be swept: then there are no
    /// temporary files.
    pub async fn open() -> Result<Rc<Self>, JsValue> {
        let id = (js_sys::Math::random() * 2_f64.powi(52)) as u64;
        let name = format!("{id:013x}");
        hold(&lock_name(&name)).await?;
        let handle = directory_in(&home().await?, &name).await?;
        Ok(Rc::new(Self { name, handle, next: Cell::new(0) }))
    }

    /// A name for a new file. Nothing is written yet.
    pub fn file(self: &Rc<Self>) -> TemporaryFile {
        let number = self.next.replace(self.next.get() + 1);
        TemporaryFile { directory: Rc::clone(self), name: number.to_string() }
    }
}

/// The temporary files of this tab. Its directory is made when the first is wanted.
#[derive(Clone, Default)]
pub struct Disk {
    directory: Rc<RefCell<Option<Rc<Directory>>>>,
}

impl Disk {
    /// A new file; `None` where there is no file system for it.
    pub async fn file(&self) -> Option<TemporaryFile> {
        let known = self.directory.borrow().clone();
        let directory = match known {
            Some(directory) => directory,
            None => {
                let opened = Directory::open().await.ok()?;
                // Of two that were opened at the same time the first stays.
                Rc::clone(self.directory.borrow_mut().get_or_insert(opened))
            }
        };
        Some(directory.file())
    }
}

/// A file in this tab's directory, removed when this is dropped.
pub struct TemporaryFile {
    directory: Rc<Directory>,
    name: String,
}

impl TemporaryFile {
    /// Where it lies, for the worker that fills it.
    pub fn place(&self) -> Place {
        Place { directory: self.directory.name.clone(), file: self.name.clone() }
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let (directory, name) = (Rc::clone(&self.directory), std::mem::take(&mut self.name));
        // Asked for at once: on the way out of the page there is no later.
        let mut removed = directory.handle.remove_entry(&name);
        spawn_local(async move {
            for wait in REMOVE_AGAIN_AFTER {
                // Not finding it counts as failing: its worker may be about to make it.
                if JsFuture::from(removed).await.is_ok() {
                    return;
                }
                sleep(Duration::from_millis(wait)).await;
                removed = directory.handle.remove_entry(&name);
            }
            let _ = JsFuture::from(removed).await;
        });
    }
}

/// Removes the directories of tabs that are no longer there. What cannot be removed now is left to
/// the next time.
pub async fn sweep() {
    let Ok(home) = home().await else { return };
    let Ok(names) = names_in(&home).await else { return };
    for name in names {
        let (lock, home) = (lock_name(&name), home.clone());
        let remove = Closure::once_into_js(move |lock: JsValue| {
            if lock.is_null() {
                // Held: that tab lives.
                return JsValue::UNDEFINED;
            }
            let options = FileSystemRemoveOptions::new();
            options.set_recursive(true);
            // The lock is kept until it is removed.
            home.remove_entry_with_options(&name, &options).into()
        });
        let options = Object::new();
        let _ = Reflect::set(&options, &"ifAvailable".into(), &true.into());
        let swept = LOCKS
            .with(|locks| locks.as_ref().map(|locks| locks.request(&lock, &options, remove.unchecked_ref())));
        if let Some(Ok(swept)) = swept {
            let _ = JsFuture::from(swept).await;
        }
    }
}

async fn names_in(directory: &FileSystemDirectoryHandle) -> Result<Vec<String>, JsValue> {
    let names: AsyncIterator = directory.keys();
    let mut found = Vec::new();
    loop {
        let next = JsFuture::from(names.next()?).await?;
        if Reflect::get(&next, &"done".into())?.is_truthy() {
            return Ok(found);
        }
        found.extend(Reflect::get(&next, &"value".into())?.as_string());
    }
}

fn lock_name(directory: &str) -> String {
    format!("{HOME}/{directory}")
}

/// Takes a lock for as long as the page lives, and returns once it is held.
async fn hold(name: &str) -> Result<(), JsValue> {
    let locks = LOCKS.with(Option::clone).ok_or("no locks")?;
    let mut asked = Ok(());
    let held = Promise::new(&mut |held, refused| {
        let forever = Closure::once_into_js(move || {
            // Called with the lock, which lasts until this promise is settled: never.
            let _ = held.call0(&JsValue::UNDEFINED);
            Promise::new(&mut |_, _| ())
        });
        match locks.request(name, &Object::new(), forever.unchecked_ref()) {
            // Refusal comes as a rejection: in a frame without storage, for one.
            Ok(request) => {
                let refused = Closure::once_into_js(move |error: JsValue| {
                    let _ = refused.call1(&JsValue::UNDEFINED, &error);
                });
                let _ = Reflect::get(&request, &"catch".into())
                    .and_then(|catch| catch.unchecked_into::<Function>().call1(&request, &refused));
            }
            Err(error) => asked = Err(error),
        }
    });
    asked?;
    JsFuture::from(held).await.map(drop)
}

fn is_named(error: &JsValue, name: &str) -> bool {
    Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).as_deref() == Some(name)
}

/// Why bytes could not be put away.
#[derive(Debug)]
pub enum Trouble {
    /// The disk, or this site's share of it, is full.
    Full,
    /// There is no file system, and this much is more than is kept in memory.
    TooLargeForMemory,
    /// The browser refused for another reason.
    Browser(JsValue),
}

impl From<JsValue> for Trouble {
    fn from(error: JsValue) -> Self {
        if is_named(&error, "QuotaExceededError") { Self::Full } else { Self::Browser(error) }
    }
}

/// Takes bytes one after the other and gives them back as a file. For workers: only they can write
/// without waiting.
pub struct Sink {
    to: To,
    written: u64,
}

enum To {
    Disk { file: FileSystemFileHandle, access: FileSystemSyncAccessHandle },
    Memory { pieces: Array, piece: Vec<u8> },
}

impl Sink {
    /// Opens a temporary file for writing; without one, or where files cannot be written, bytes are
    /// kept in the browser's blob store up to [`MEMORY_LIMIT`].
    pub async fn create(place: Option<&Place>) -> Self {
        let disk = match place {
            Some(place) => open(place).await.ok(),
            None => None,
        };
        Self {
            to: disk.unwrap_or_else(|| To::Memory { pieces: Array::new(), piece: Vec::new() }),
            written: 0,
        }
    }

    /// Whether bytes go to a file, and not to memory.
    pub fn is_on_disk(&self) -> bool {
        matches!(self.to, To::Disk { .. })
    }

    /// Bytes taken so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Takes all of `bytes`.
    ///
    /// # Errors
    /// When there is no room for them; what was taken before is lost then.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        match &mut self.to {
            To::Disk { access, .. } => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    let options = FileSystemReadWriteOptions::new();
                    options.set_at(self.written as f64);
                    let taken = access.write_with_u8_array_and_options(rest, &options)? as usize;
                    // A full disk may show as a short count instead of an error.
                    rest = rest.get(taken..).filter(|_| taken > 0).ok_or(Trouble::Full)?;
                    self.written += taken as u64;
                }
            }
            To::Memory { pieces, piece } => {
                self.written += bytes.len() as u64;
                if self.written > MEMORY_LIMIT {
                    return Err(Trouble::TooLargeForMemory);
                }
                piece.extend_from_slice(bytes);
                if piece.len() >= BLOB_PIECE {
                    pieces.push(&blob(piece)?.into());
                    piece.clear();
                }
            }
        }
        Ok(())
    }

    /// What was written, as a file or a blob.
    ///
    /// # Errors
    /// When the last bytes cannot be put away.
    pub async fn finish(self) -> Result<Blob, Trouble> {
        match &self.to {
            To::Disk { file, access } => {
                access.flush()?;
                // Only a closed file can be read by others. Closing twice does no harm.
                access.close();
                Ok(JsFuture::from(file.get_file()).await?.unchecked_into())
            }
            To::Memory { pieces, piece } => {
                pieces.push(&blob(piece)?.into());
                Ok(Blob::new_with_blob_sequence(pieces)?)
            }
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let To::Disk { access, .. } = &self.to {
            // Otherwise the page could not remove the file.
            access.close();
        }
    }
}

async fn open(place: &Place) -> Result<To, JsValue> {
    let home = home().await?;
    // Not made here: a directory without its lock would never be safe from the sweep.
    let directory = JsFuture::from(home.get_directory_handle(&place.directory)).await?;
    let options = FileSystemGetFileOptions::new();
    options.set_create(true);
    let directory: FileSystemDirectoryHandle = directory.unchecked_into();
    let file = JsFuture::from(directory.get_file_handle_with_options(&place.file, &options)).await?;
    let file: FileSystemFileHandle = file.unchecked_into();
    let access = JsFuture::from(file.create_sync_access_handle()).await?;
    Ok(To::Disk { file, access: access.unchecked_into() })
}

fn blob(bytes: &[u8]) -> Result<Blob, JsValue> {
    Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)))
}
