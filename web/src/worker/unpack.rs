//! Unpacks a compressed file into a temporary one, once; what is read afterwards is that one.
//!
//! ```text
//!  File ── Reader, 1 MiB ahead ──► Feed ── read ──► Unpacker ── 1 MiB ──► Sink ──► File
//!                                    └ beyond: FileReaderSync
//! ```
//!
//! The decoder pulls, and cannot wait. So the bytes it is likely to want are read ahead without
//! blocking, which is the fastest way and lets the browser end this worker at once; what it wants
//! beyond them is read synchronously.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};
use sociscope_engine::{
    Culprit, Failure, human,
    unpack::{OuterFormat, UnpackLimits, Unpacker},
};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, FileReaderSync};

use super::{
    layer::{memory, now, words},
    reader::Reader,
};
use crate::browser::storage::{self, MEMORY_LIMIT, Place, Sink, Trouble};

/// Milliseconds between two reports of progress.
const REPORT_EVERY: f64 = 100.0;
/// Milliseconds after which the browser gets a turn: until then it could not end this worker.
const TURN_EVERY: f64 = 50.0;
/// Bytes read at a time, and kept ahead of the decoder.
const PIECE: u32 = 1 << 20;
/// First and last bytes that tell the format and, with luck, the size.
const ENDS: u64 = 64 << 10;

/// How far unpacking is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnpackCount {
    /// Compressed bytes decoded.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
    /// Bytes there will be at least, where the file says so.
    pub stated: Option<u64>,
    /// Bytes are kept in memory, because this browser keeps no files here.
    pub in_memory: bool,
    /// WebAssembly memory of the worker, bytes.
    pub memory: u64,
}

/// Why a file was not unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// It is damaged, or needs what the decoder does not do.
    Content,
    /// There is no room for what comes out.
    Room,
    /// It cannot be read, or the result cannot be written, for a reason of the browser's.
    Browser,
}

/// Unpacks `file` into `place`, or into memory where there is none.
///
/// # Errors
/// What stopped it. What was written until then is the page's to remove.
pub async fn run(
    file: &Blob,
    place: Option<&Place>,
    report: impl Fn(UnpackCount),
) -> Result<Blob, (Stop, Failure)> {
    let size = file.size() as u64;
    let first = slice(file, 0, ENDS.min(size)).await?;
    let last = slice(file, size.saturating_sub(ENDS), size).await?;
    let format = OuterFormat::of(&first).ok_or_else(|| {
        let failure = Failure::new(Culprit::Internal, "the file", "It is not compressed after all.");
        (
            Stop::Content,
            failure.fix("This is a bug in Sociscope: report it with the first bytes of the file."),
        )
    })?;
    let sink = Sink::create(place).await;
    let mut work = Work { file, format, stated: format.stated_size(&first, &last), sink, report };
    drop((first, last));
    work.check_room().await?;
    work.copy().await?;
    work.finish().await
}

struct Work<'a, R> {
    file: &'a Blob,
    format: OuterFormat,
    stated: Option<u64>,
    sink: Sink,
    report: R,
}

impl<R: Fn(UnpackCount)> Work<'_, R> {
    /// Fails before the first byte when the file itself says that it will not fit.
    async fn check_room(&self) -> Result<(), (Stop, Failure)> {
        let Some(stated) = self.stated else { return Ok(()) };
        let fits = if self.sink.is_on_disk() {
            // A browser that does not say is asked by writing.
            storage::room().await.is_none_or(|room| stated <= room.free())
        } else {
            stated <= MEMORY_LIMIT
        };
        if fits { Ok(()) } else { Err(self.no_room(0).await) }
    }

    async fn copy(&mut self) -> Result<(), (Stop, Failure)> {
        let feed = Rc::new(RefCell::new(Feed::new(self.file.clone())?));
        let mut unpacker = Unpacker::new(self.format, Tap(Rc::clone(&feed)), UnpackLimits::default());
        let mut ahead: Option<(u64, Reader)> = None;
        let mut output = vec![0; PIECE as usize];
        let (mut reported, mut turned) = (now(), now());
        loop {
            while feed.borrow().is_short() {
                let at = feed.borrow().end;
                let (next, reader) = match &mut ahead {
                    Some((next, reader)) if *next == at => (next, reader),
                    // The first piece, or the decoder went on alone.
                    place => {
                        let rest = self.file.slice_with_f64_and_f64(at as f64, self.file.size());
                        let (next, reader) = place.insert((at, Reader::new(&rest.map_err(unreadable)?)));
                        (next, reader)
                    }
                };
                let piece = reader.read(PIECE).await.map_err(unreadable)?;
                *next += u64::from(piece.length());
                feed.borrow_mut().push(&piece);
                turned = now();
            }
            let mut filled = 0;
            let mut ended = false;
            while let Some(rest) = output.get_mut(filled..).filter(|rest| !rest.is_empty()) {
                let read = unpacker.read(rest).map_err(|failure| {
                    // What the browser said is nearer to the cause than what the decoder makes of it.
                    feed.borrow_mut().trouble.take().map_or((Stop::Content, failure), unreadable)
                })?;
                ended = read == 0;
                filled += read;
                if ended || feed.borrow().is_short() {
                    break;
                }
            }
            let read = unpacker.consumed();
            match self.sink.write(output.get(..filled).unwrap_or_default()) {
                Ok(()) => {}
                Err(Trouble::Browser(error)) => return Err(unwritable(&error)),
                Err(Trouble::Full | Trouble::TooLargeForMemory) => return Err(self.no_room(read).await),
            }
            if ended || now() - reported >= REPORT_EVERY {
                reported = now();
                (self.report)(self.count(read));
            }
            if ended {
                return Ok(());
            }
            if now() - turned >= TURN_EVERY {
                // Anything asynchronous that the browser answers from outside.
                slice(self.file, 0, 1).await?;
                turned = now();
            }
        }
    }

    async fn finish(self) -> Result<Blob, (Stop, Failure)> {
        self.sink.finish().await.map_err(|trouble| match trouble {
            Trouble::Browser(error) => unwritable(&error),
            Trouble::Full | Trouble::TooLargeForMemory => unwritable(&"the disk is full".into()),
        })
    }

    fn count(&self, read: u64) -> UnpackCount {
        UnpackCount {
            read,
            written: self.sink.written(),
            stated: self.stated,
            in_memory: !self.sink.is_on_disk(),
            memory: memory(),
        }
    }

    /// There is no room for what comes out: how much there is, how much it takes, what to do.
    async fn no_room(&self, read: u64) -> (Stop, Failure) {
        let written = self.sink.written();
        let stated = self.stated.filter(|stated| *stated > written);
        // At the ratio so far: an estimate, and said to be one. The file's own word is no more than a
        // lower bound, but exact as that.
        let by_ratio = (read > 0)
            .then(|| u128::from(written) * u128::from(self.file.size() as u64) / u128::from(read))
            .map(|estimate| u64::try_from(estimate).unwrap_or(u64::MAX))
            .filter(|estimate| *estimate > written);
        let need = stated.into_iter().chain(by_ratio).max();
        let needs = match need {
            Some(need) if stated == Some(need) => human::size(need),
            Some(need) => format!("about {}, by what was unpacked so far", human::size(need)),
            None => format!("more than {}", human::size(written)),
        };
        let command = command(self.format);
        let (message, has, fix) = if self.sink.is_on_disk() {
            // What was written counts as used until it is removed. Some browsers do not tell how
            // much there really is: what they refused to write is nearer to the truth.
            let free = match storage::room().await.map(|room| room.free().saturating_add(written)) {
                Some(free) if written == 0 => free,
                _ => written,
            };
            let free_up = need.map(|need| need.saturating_sub(free)).filter(|missing| *missing > 0);
            let free_up = free_up.map_or("some space".to_owned(), human::size);
            (
                format!(
                    "A copy of what is inside is needed, and the browser lets this page write {} to the disk.",
                    human::size(free)
                ),
                human::size(free),
                format!("Free {free_up} on this disk, or unpack it yourself with `{command}`"),
            )
        } else {
            (
                format!(
                    "This browser keeps no files for this page, as in a private window, and in memory at most {} are unpacked.",
                    human::size(MEMORY_LIMIT)
                ),
                human::size(MEMORY_LIMIT),
                format!("Use a normal window over https, or unpack it yourself with `{command}`"),
            )
        };
        let failure = Failure::new(Culprit::Limit, format!("unpacking {}", self.format.name()), message);
        (Stop::Room, failure.expected_found(needs, has).fix(fix))
    }
}

fn command(format: OuterFormat) -> &'static str {
    match format {
        OuterFormat::Gzip => "gzip -dc FILE > image.tar",
        OuterFormat::Zstd => "zstd -dc --long=31 FILE > image.tar",
        OuterFormat::Xz => "xz -dc FILE > image.tar",
    }
}

/// The file cannot be read any more.
pub fn unreadable(error: JsValue) -> (Stop, Failure) {
    let message = format!("The browser could not read the file any more: {}", words(&error));
    let failure = Failure::new(Culprit::File, "the file", message);
    (Stop::Browser, failure.fix("It was changed, moved or deleted since it was dropped. Drop it again."))
}

fn unwritable(error: &JsValue) -> (Stop, Failure) {
    let message = format!("The browser could not write what was unpacked: {}", words(error));
    let failure = Failure::new(Culprit::Internal, "the temporary copy", message);
    (Stop::Browser, failure.fix("Try again, or unpack the file yourself and drop the tar."))
}

async fn slice(file: &Blob, from: u64, to: u64) -> Result<Vec<u8>, (Stop, Failure)> {
    let slice = file.slice_with_f64_and_f64(from as f64, to as f64).map_err(unreadable)?;
    let bytes = JsFuture::from(slice.array_buffer()).await.map_err(unreadable)?;
    Ok(Uint8Array::new(&bytes).to_vec())
}

/// Bytes of the file in order, read ahead or on demand.
struct Feed {
    file: Blob,
    sync: FileReaderSync,
    ahead: Vec<u8>,
    /// Bytes of `ahead` that were taken.
    taken: usize,
    /// Where in the file `ahead` ends.
    end: u64,
    size: u64,
    trouble: Option<JsValue>,
}

impl Feed {
    fn new(file: Blob) -> Result<Self, (Stop, Failure)> {
        let sync = FileReaderSync::new().map_err(unreadable)?;
        let size = file.size() as u64;
        Ok(Self { file, sync, ahead: Vec::new(), taken: 0, end: 0, size, trouble: None })
    }

    /// Whether more should be read ahead.
    fn is_short(&self) -> bool {
        self.ahead.len() - self.taken < PIECE as usize && self.end < self.size
    }

    fn push(&mut self, piece: &Uint8Array) {
        self.ahead.drain(..self.taken);
        self.taken = 0;
        let len = self.ahead.len();
        self.ahead.resize(len + piece.length() as usize, 0);
        piece.copy_to(&mut self.ahead[len..]);
        self.end += u64::from(piece.length());
    }

    fn read(&mut self, to: &mut [u8]) -> Result<usize, JsValue> {
        if self.taken == self.ahead.len() {
            let len = (to.len() as u64).min(self.size - self.end);
            if len == 0 {
                return Ok(0);
            }
            let slice = self.file.slice_with_f64_and_f64(self.end as f64, (self.end + len) as f64)?;
            let buffer = self.sync.read_as_array_buffer(&slice)?;
            self.push(&Uint8Array::new(&buffer));
        }
        let rest = &self.ahead[self.taken..];
        let len = rest.len().min(to.len());
        to[..len].copy_from_slice(&rest[..len]);
        self.taken += len;
        Ok(len)
    }
}

/// The decoder's end of the feed.
struct Tap(Rc<RefCell<Feed>>);

impl Read for Tap {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut feed = self.0.borrow_mut();
        feed.read(to).map_err(|error| {
            let said = words(&error);
            feed.trouble = Some(error);
            io::Error::other(said)
        })
    }
}
