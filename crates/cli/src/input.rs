//! From a path to something that can be looked at: recognised by content, unpacked if need be.
//!
//! ```text
//!  path ──► Source ──► recognise ─┬─ Archive ──► OpenJob ──────────────► Image
//!                          ▲      ├─ Layer ────► bare_layer ───────────► Image
//!                          │      ├─ Outer ────► unpack to a temporary file
//!                          └──────┼──────────────┘ (once)
//!                                 ├─ Ztoc ─────► read whole ───────────► Ztoc
//!                                 └─ Unknown ──► why
//! ```

use std::path::Path;

use sociscope_engine::{
    Archive, Culprit, Error, Failure, InputKind, Job, OpenJob, OuterFormat, UnpackLimits, Unpacker, human,
    image::{Format, bare_layer},
    input::{FIRST, compressed_twice, recognise, unpacked_note},
};

use crate::{failure::Stop, progress::Progress, source::Source, temporary::Temporary};

/// The largest file that is taken for a zTOC: the layer of 500,000 files has one of 70 MB.
const MAX_ZTOC: u64 = 1 << 30;

/// What a path leads to.
pub enum Input {
    /// An image archive, or one layer.
    Image { source: Source, archive: Box<Archive> },
    /// A zTOC, whole.
    Ztoc { source: Source, bytes: Vec<u8> },
}

/// Opens whatever is at `path`.
pub fn open(path: &Path) -> Result<Input, Stop> {
    open_unnamed(path).map_err(|stop| match stop {
        // The engine knows of one file only; a command line can name several.
        Stop::Failed(failure) if failure.place == "the file" => {
            Stop::Failed(Failure { place: path.display().to_string(), ..failure })
        }
        stop => stop,
    })
}

fn open_unnamed(path: &Path) -> Result<Input, Stop> {
    let source = Source::open_any(path)?;
    if path.is_dir() {
        return open_folder(source);
    }
    let (kind, first) = kind(&source)?;
    let InputKind::Outer(format) = kind else { return opened(source, kind, None) };
    let stored = source.len();
    let unpacked = unpack(&source, format, &first)?;
    let (kind, _) = self::kind(&unpacked)?;
    match kind {
        InputKind::Outer(inner) => Err(compressed_twice(format, inner.name()).into()),
        // gzip in gzip: nobody means a layer by that.
        InputKind::Layer(layer) if layer != sociscope_engine::StoredAs::Uncompressed => {
            Err(compressed_twice(format, "compressed").into())
        }
        kind => opened(unpacked, kind, Some((format, stored))),
    }
}

/// A folder is an image or nothing: any files would make a tar that could be a layer.
fn open_folder(source: Source) -> Result<Input, Stop> {
    let Input::Image { source, archive } = opened(source, InputKind::Archive, None)? else {
        return Err(Failure::new(Culprit::Internal, "the folder", "A folder was taken for a file.").into());
    };
    if archive.format == Format::Layer {
        return Err(Failure::new(
            Culprit::File,
            source.path().display().to_string(),
            "There is no image in this folder: neither index.json nor manifest.json is in it.",
        )
        .fix("Name the folder of an OCI layout: it holds index.json, oci-layout and blobs.")
        .into());
    }
    Ok(Input::Image { source, archive })
}

/// What is there by its first bytes, and these.
fn kind(source: &Source) -> Result<(InputKind, Vec<u8>), Stop> {
    let mut first = vec![0; usize::try_from(FIRST.min(source.len())).unwrap_or_default()];
    let read = source.read(0, &mut first)?;
    first.truncate(read);
    Ok((recognise(&first, source.len()), first))
}

fn opened(source: Source, kind: InputKind, outer: Option<(OuterFormat, u64)>) -> Result<Input, Stop> {
    let mut archive = match kind {
        InputKind::Layer(stored) => bare_layer(source.len(), stored.compression()),
        InputKind::Ztoc => return ztoc(source),
        InputKind::Unknown(error) => return Err(Error::from(error).into()),
        _ => {
            let mut job = OpenJob::new(source.len());
            source.drive(&mut job, |_| {})?;
            job.finish()?
        }
    };
    if let Some((format, stored)) = outer {
        archive.diagnostics.push(unpacked_note(format, stored, source.len()));
    }
    Ok(Input::Image { source, archive: Box::new(archive) })
}

fn ztoc(source: Source) -> Result<Input, Stop> {
    if source.len() > MAX_ZTOC {
        return Err(Failure::new(
            Culprit::Limit,
            source.name(),
            format!("The file begins like a zTOC, but none is larger than {}.", human::setting(MAX_ZTOC)),
        )
        .fix("Check what the file is.")
        .into());
    }
    let mut bytes = vec![0; usize::try_from(source.len()).unwrap_or_default()];
    let read = source.read(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(Input::Ztoc { source, bytes })
}

/// Unpacks all of `source` into a temporary file.
fn unpack(source: &Source, format: OuterFormat, first: &[u8]) -> Result<Source, Stop> {
    const LAST: u64 = 64 << 10;
    let mut last = vec![0; usize::try_from(LAST.min(source.len())).unwrap_or_default()];
    let read = source.read(source.len().saturating_sub(LAST), &mut last)?;
    last.truncate(read);
    // gzip says the size modulo 4 GiB and says it last: of a file that was cut it says nonsense.
    let expected = format.stated_size(first, &last).filter(|_| format != OuterFormat::Gzip);
    let mut temporary = Temporary::create("Unpacking the file", expected)?;
    let mut unpacker = Unpacker::new(format, source.reader(), UnpackLimits::default());
    let progress = Progress::new("Unpacking", source.len());
    let (mut piece, mut consumed) = (vec![0; 256 << 10], 0);
    loop {
        let len = unpacker.read(&mut piece)?;
        let Some(bytes) = piece.get(..len).filter(|bytes| !bytes.is_empty()) else { break };
        temporary.write(bytes)?;
        progress.add(unpacker.consumed() - consumed);
        consumed = unpacker.consumed();
    }
    drop(progress);
    let (file, len) = temporary.finish()?;
    Ok(Source::of_file(source.path(), file, len))
}
