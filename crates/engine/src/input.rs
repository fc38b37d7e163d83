//! What was handed in, by its content. Names and endings are never trusted.
//!
//! ```text
//!  first bytes ─┬─ a tar ───────────────────────────────────────► Archive, or Layer
//!               ├─ gzip, zstd, xz ─► inflate the beginning
//!               │                     ├─ members of an image ───► Outer: unpack once, look again
//!               │                     ├─ any other tar ─────────► Layer (xz: Outer, no layer is xz)
//!               │                     └─ no tar ────────────────► Unknown
//!               ├─ a FlatBuffer that could be a zTOC ───────────► Ztoc
//!               └─ anything else ───────────────────────────────► Unknown, with the reason
//! ```

use serde::{Deserialize, Serialize};

use crate::{
    Culprit, Failure, human,
    image::{self, Diagnostic, LayerCompression, Packing, Severity, is_image_member, recognise, tar_members},
    unpack::{Decoder, OuterFormat, UnpackLimits},
    ztoc::Ztoc,
};

/// How many of a file's first bytes [`recognise()`] wants (fewer where the file is shorter): a whole
/// block of the slowest starter, zstd, and some members behind it.
pub const FIRST: u64 = 256 << 10;

/// How much of a compressed file's beginning is unpacked to look at.
const LOOK: usize = 1 << 20;
/// How many members are looked at.
const MEMBERS: usize = 256;

/// How the bytes of a layer are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoredAs {
    /// A plain tar.
    Uncompressed,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl StoredAs {
    /// The same for what an archive says of a layer; `None` for what cannot be read.
    #[must_use]
    pub fn of(compression: &LayerCompression) -> Option<Self> {
        match compression {
            LayerCompression::Uncompressed => Some(Self::Uncompressed),
            LayerCompression::Gzip => Some(Self::Gzip),
            LayerCompression::Zstd => Some(Self::Zstd),
            LayerCompression::Unknown(_) => None,
        }
    }

    /// In the words of [`LayerCompression`].
    #[must_use]
    pub fn compression(self) -> LayerCompression {
        match self {
            Self::Uncompressed => LayerCompression::Uncompressed,
            Self::Gzip => LayerCompression::Gzip,
            Self::Zstd => LayerCompression::Zstd,
        }
    }
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputKind {
    /// A tar: an image archive, as far as its beginning tells. [`OpenJob`](crate::OpenJob) has the
    /// last word, which can be that it is a layer.
    Archive,
    /// Something compressed that holds, or may hold, an image archive: unpack it and look again.
    Outer(OuterFormat),
    /// One layer: [`bare_layer`](image::bare_layer) makes an archive of it.
    Layer(StoredAs),
    /// Plausibly a zTOC; [`Ztoc::parse`] has the last word.
    Ztoc,
    /// Nothing that can be read here, and why.
    Unknown(image::Error),
}

/// What a file of `len` bytes is that begins with `first`, its first [`FIRST`] bytes.
#[must_use]
pub fn recognise(first: &[u8], len: u64) -> InputKind {
    if len == 0 {
        return InputKind::Unknown(image::Error::Empty);
    }
    if let Some(format) = OuterFormat::of(first) {
        return inside(format, first);
    }
    if let Some(packing) = Packing::of(first) {
        return InputKind::Unknown(image::Error::Packed(packing));
    }
    let is_tar = recognise::is_tar(first);
    if !is_tar && may_be_ztoc(first, len) {
        return InputKind::Ztoc;
    }
    // Short and damaged files are explained by whoever opens them.
    if is_tar && recognise::is_layer(&tar_members(first, MEMBERS)) {
        return InputKind::Layer(StoredAs::Uncompressed);
    }
    InputKind::Archive
}

/// What is to be said of an archive that was compressed as a whole, `stored` bytes of it, and is
/// `unpacked` bytes large: for [`Archive::diagnostics`](crate::Archive::diagnostics).
#[must_use]
pub fn unpacked_note(format: OuterFormat, stored: u64, unpacked: u64) -> Diagnostic {
    Diagnostic {
        severity: Severity::Info,
        code: "outer-compression",
        place: "the file".to_owned(),
        message: format!(
            "The file is compressed with {} as a whole: {} unpack to {}, and all sizes are of what was unpacked. \
             The soci command refuses such a file.",
            format.name(),
            human::file_size(stored),
            human::file_size(unpacked)
        ),
        fix: None,
    }
}

/// Why the content of a compressed file cannot be used either.
#[must_use]
pub fn compressed_twice(outer: OuterFormat, inner: &str) -> Failure {
    Failure::new(
        Culprit::Unsupported,
        "the file",
        format!("The file is compressed twice: in the {} data are {inner} data.", outer.name()),
    )
    .expected_found("a tar of an OCI layout or of docker save", format!("{inner} data"))
    .fix(format!("Unpack it once: `{}`", outer.command()))
}

/// What a compressed file holds, by the beginning of its content.
fn inside(format: OuterFormat, first: &[u8]) -> InputKind {
    let content = beginning(format, first);
    if content.len() < 512 {
        // Too little is there to tell; unpacking will say what is wrong.
        return InputKind::Outer(format);
    }
    if !recognise::is_tar(&content) {
        let found = format!("{} data around {}", format.name(), recognise::legible(&content));
        return InputKind::Unknown(image::Error::NotATar { found });
    }
    if tar_members(&content, MEMBERS).iter().any(|name| is_image_member(name)) {
        return InputKind::Outer(format);
    }
    match format {
        OuterFormat::Gzip => InputKind::Layer(StoredAs::Gzip),
        OuterFormat::Zstd => InputKind::Layer(StoredAs::Zstd),
        OuterFormat::Xz => InputKind::Outer(format),
    }
}

/// The first bytes that `first` unpacks to, [`LOOK`] at most; what comes before an error.
fn beginning(format: OuterFormat, mut first: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(format, UnpackLimits::default());
    let mut content = Vec::new();
    while content.len() < LOOK {
        let before = content.len();
        match decoder.decode(first, &mut content) {
            Ok(0) if content.len() == before => break,
            Ok(taken) => first = first.get(taken..).unwrap_or_default(),
            Err(_) => break,
        }
    }
    content.truncate(LOOK);
    content
}

/// Whether a file begins like the FlatBuffer of a zTOC: a root table within reach whose vtable has
/// the two tables that every zTOC has. A small file is parsed altogether.
fn may_be_ztoc(first: &[u8], len: u64) -> bool {
    if first.len() as u64 == len {
        return Ztoc::parse(first).is_ok();
    }
    begins_like_ztoc(first).is_some()
}

fn begins_like_ztoc(first: &[u8]) -> Option<()> {
    let word = |at: usize| Some(u32::from_le_bytes(*first.get(at..)?.first_chunk::<4>()?));
    let half = |at: usize| Some(usize::from(u16::from_le_bytes(*first.get(at..)?.first_chunk::<2>()?)));
    let root = usize::try_from(word(0)?).ok()?;
    let back = word(root)?.cast_signed();
    let vtable = usize::try_from(i64::try_from(root).ok()? - i64::from(back)).ok()?;
    let (vtable_len, table_len) = (half(vtable)?, half(vtable + 2)?);
    // Six fields, of which the last two are the table of contents and the compression.
    let is_shaped = vtable >= 4 && (16..=32).contains(&vtable_len) && (12..=64).contains(&table_len);
    let [toc, compression] = [half(vtable + 12)?, half(vtable + 14)?];
    let are_tables = [toc, compression].iter().all(|&field| (4..table_len).contains(&field));
    (is_shaped && are_tables && toc != compression).then_some(())
}
