//! Why nothing of a file can be shown: verdict, reason, place, and the way out.

use crate::{
    diagnostic::{Diagnostic, Severity},
    recognise::Packing,
};
use std::fmt;

/// Whose fault an [`Error`] is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Culprit {
    /// The file is broken, or it is something else than it should be.
    File,
    /// The file is sound; this version cannot use what it is.
    Unsupported,
    /// A bound of [`Limits`](crate::Limits) was reached.
    Limit,
    /// The program that drives [`Open`](crate::Open).
    Caller,
}

/// Why nothing of a file can be shown. `Display` gives verdict and reason in one sentence; the
/// methods give the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Zero bytes.
    Empty,
    /// The whole file is compressed, or is another kind of archive.
    Packed(Packing),
    /// Neither a tar nor anything else that is recognised.
    NotATar {
        /// The first bytes, in legible form.
        found: String,
    },
    /// A tar without members.
    NoMembers,
    /// One layer, or a container's files, instead of an image.
    RootFilesystem {
        /// The top-level names.
        found: Vec<String>,
        /// How many members were listed.
        members: u64,
    },
    /// The `dir:` form of containers-image: one image as loose files.
    DirectoryTransport,
    /// An archive from before Docker 1.10, of which only `repositories` tells what is in it.
    DockerBefore110,
    /// A tar without `index.json` and `manifest.json`.
    NoImage {
        /// The top-level names.
        found: Vec<String>,
        /// How many members there are.
        members: u64,
    },
    /// The file ends early, before anything told what images it holds.
    Truncated {
        /// The member that is cut, if its header is whole.
        member: Option<String>,
        /// Where the cut header or member starts.
        offset: u64,
        /// Where it should end.
        needs: u64,
        /// Where the file ends.
        ends: u64,
    },
    /// A header in the middle of the tar is broken.
    BadHeader {
        /// Where the header starts.
        offset: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// `index.json` or `manifest.json` is there but cannot be read.
    Document {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// `index.json` or `manifest.json` lists no image.
    NothingListed {
        /// Its name.
        name: &'static str,
    },
    /// Images are listed, but of none is there enough to show.
    NoUsableImage {
        /// Why, image by image; at least one.
        diagnostics: Vec<Diagnostic>,
    },
    /// A path of a [folder](crate::folder) that cannot be a member of its tar.
    FolderPath {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A bound of [`Limits`](crate::Limits).
    Limit {
        /// The field of `Limits`.
        limit: &'static str,
        /// Its value.
        allowed: u64,
        /// Where it was reached.
        place: String,
    },
    /// Fewer bytes arrived than asked for: the file shrank while it was read, or cannot be read.
    ShortRead {
        /// Where the read started.
        offset: u64,
        /// Bytes asked for.
        wanted: u64,
        /// Bytes that arrived.
        got: u64,
    },
    /// `Open` was not driven as it must be.
    Misuse(&'static str),
}

impl Error {
    /// A stable kebab-case name of the kind of error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "file-empty",
            Self::Packed(_) => "file-packed",
            Self::NotATar { .. } => "not-a-tar",
            Self::NoMembers => "tar-empty",
            Self::RootFilesystem { .. } => "root-filesystem",
            Self::DirectoryTransport => "dir-transport",
            Self::DockerBefore110 => "docker-before-1.10",
            Self::NoImage { .. } => "no-image",
            Self::Truncated { .. } => "file-truncated",
            Self::BadHeader { .. } => "tar-header-broken",
            Self::Document { .. } => "document-unreadable",
            Self::NothingListed { .. } => "nothing-listed",
            Self::NoUsableImage { .. } => "no-usable-image",
            Self::FolderPath { .. } => "folder-path",
            Self::Limit { .. } => "limit",
            Self::ShortRead { .. } => "short-read",
            Self::Misuse(_) => "misuse",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn culprit(&self) -> Culprit {
        match self {
            Self::Packed(_)
            | Self::RootFilesystem { .. }
            | Self::DirectoryTransport
            | Self::DockerBefore110 => Culprit::Unsupported,
            Self::Limit { .. } => Culprit::Limit,
            Self::Misuse(_) => Culprit::Caller,
            _ => Culprit::File,
        }
    }

    /// Where it is: a member, a document, a byte offset.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Truncated { member: Some(member), offset, .. } => format!("{member}, at byte {offset}"),
            Self::Truncated { offset, .. } | Self::BadHeader { offset, .. } => {
                format!("the tar header at byte {offset}")
            }
            Self::Document { name, .. } | Self::NothingListed { name } => (*name).to_owned(),
            Self::NoUsableImage { diagnostics } => gravest(diagnostics)
                .map_or_else(|| "the listed images".to_owned(), |gravest| gravest.place.clone()),
            Self::FolderPath { path, .. } => path.clone(),
            Self::Limit { place, .. } => place.clone(),
            Self::ShortRead { offset, .. } => format!("byte {offset}"),
            Self::Misuse(_) => "Open".to_owned(),
            _ => "the file".to_owned(),
        }
    }

    /// What should have been there, where that helps.
    #[must_use]
    pub fn expected(&self) -> Option<String> {
        Some(match self {
            Self::NotATar { .. } | Self::Packed(_) => "a tar of an OCI layout or of docker save".to_owned(),
            Self::NoImage { .. } | Self::RootFilesystem { .. } => {
                "index.json or manifest.json at the top level".to_owned()
            }
            Self::Truncated { needs, .. } => format!("at least {needs} bytes"),
            Self::ShortRead { wanted, .. } => format!("{wanted} bytes"),
            _ => return None,
        })
    }

    /// What was there instead, where that helps.
    #[must_use]
    pub fn found(&self) -> Option<String> {
        Some(match self {
            Self::NotATar { found } => found.clone(),
            Self::Packed(packing) => format!("{packing} data"),
            Self::NoImage { found, .. } | Self::RootFilesystem { found, .. } => found.join(" "),
            Self::Truncated { ends, .. } => format!("{ends} bytes"),
            Self::ShortRead { got, .. } => format!("{got} bytes"),
            _ => return None,
        })
    }

    /// The way out.
    #[must_use]
    pub fn fix(&self) -> String {
        match self {
            Self::Empty => {
                "Save the image again and look for an error of that command: a full disk leaves an empty file."
                    .to_owned()
            }
            Self::Packed(packing @ (Packing::Zip | Packing::SevenZip)) => {
                format!("Unpack it with `{}` and open the tar that is in it.", packing.command())
            }
            Self::Packed(packing) => format!("Unpack it first: `{}`", packing.command()),
            Self::NoImage { found, .. } if is_layout(found) => {
                "Save the image again, for example with `skopeo copy docker://IMAGE oci-archive:image.tar:TAG`: \
                 index.json was left out or lost."
                    .to_owned()
            }
            Self::NotATar { .. } | Self::NoMembers | Self::NoImage { .. } => {
                "Save the image with `docker save IMAGE -o image.tar`.".to_owned()
            }
            Self::RootFilesystem { .. } => {
                "docker export saves a container's files, not the image: use `docker save IMAGE -o image.tar`."
                    .to_owned()
            }
            Self::DirectoryTransport => {
                "Copy it into an OCI archive: `skopeo copy dir:FOLDER oci-archive:image.tar:TAG`".to_owned()
            }
            Self::DockerBefore110 => {
                "Pull the image again and save it with a current Docker: `docker save IMAGE -o image.tar`"
                    .to_owned()
            }
            Self::Truncated { .. } => {
                "The download or copy stopped before the end: free disk space and copy it again.".to_owned()
            }
            Self::BadHeader { .. } => {
                "The file was damaged after it was written: copy or save it again in binary mode.".to_owned()
            }
            Self::Document { .. } | Self::NothingListed { .. } => {
                "Save the image again, with a current version of the tool that wrote it.".to_owned()
            }
            Self::NoUsableImage { diagnostics } => gravest(diagnostics)
                .and_then(|gravest| gravest.fix.clone())
                .unwrap_or_else(|| "Save the image again.".to_owned()),
            Self::FolderPath { .. } => {
                "Choose the OCI layout folder itself: it holds index.json, oci-layout and blobs.".to_owned()
            }
            Self::Limit { .. } => {
                "The limit protects against hostile files and no tool is known to come near it: check where this \
                 one comes from, and report it if it is sound."
                    .to_owned()
            }
            Self::ShortRead { .. } => "Keep the file as it is while it is read, and open it again.".to_owned(),
            Self::Misuse(_) => "This is a bug in the program that opens the file: report it.".to_owned(),
        }
    }
}

/// What a field of [`Limits`](crate::Limits) counts.
fn counted(limit: &str) -> &'static str {
    match limit {
        "max_members" => "members",
        "max_name_bytes" => "bytes of names",
        "max_header_bytes" => "bytes in one header",
        "max_document_bytes" => "bytes in one document",
        "max_total_document_bytes" => "bytes of documents",
        "max_descriptors" => "descriptors in one document",
        "max_manifests" => "manifests",
        _ => "of something",
    }
}

/// Whether these top-level names are those of an OCI layout.
fn is_layout(found: &[String]) -> bool {
    found.iter().any(|name| name == "oci-layout" || name == "blobs")
}

/// A sentence as it goes on behind a colon: its place is told elsewhere.
fn continued(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().into_iter().flat_map(char::to_lowercase);
    first.chain(chars).collect()
}

/// The first of the worst: what is merely odd explains nothing.
fn gravest(diagnostics: &[Diagnostic]) -> Option<&Diagnostic> {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors.chain(diagnostics).next()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the file is empty"),
            Self::Packed(packing @ (Packing::Zip | Packing::SevenZip)) => {
                write!(f, "this is a {packing} archive, not a tar")
            }
            Self::Packed(packing) => {
                write!(
                    f,
                    "the file is compressed with {packing}: layers can be found only once it is unpacked"
                )
            }
            Self::NotATar { .. } => f.write_str("this is not a container image: it is not even a tar"),
            Self::NoMembers => {
                f.write_str("this is not a container image: it is a tar, but there is nothing in it")
            }
            Self::RootFilesystem { .. } => f.write_str(
                "this is not a container image: it is one layer, or the files of a container, without \
                 the documents that make an image",
            ),
            Self::DirectoryTransport => {
                f.write_str("this is an image as loose files (skopeo's dir: form), not an image archive")
            }
            Self::DockerBefore110 => f.write_str(
                "this docker-archive is older than Docker 1.10: it has repositories but no manifest.json",
            ),
            Self::NoImage { found, .. } if is_layout(found) => f.write_str(
                "this is part of an OCI layout: the index.json that would name its images is not in it",
            ),
            Self::NoImage { .. } => f.write_str(
                "this is not a container image: the tar has no index.json and no manifest.json at its top",
            ),
            Self::Truncated { member: Some(member), .. } => {
                write!(f, "the file ends early: {member} is cut off, and nothing before it tells the images")
            }
            Self::Truncated { .. } => f.write_str(
                "the file ends early, inside a tar header, and nothing before it tells the images",
            ),
            Self::BadHeader { offset, reason } => write!(f, "the tar is damaged at byte {offset}: {reason}"),
            Self::Document { name, reason } => write!(f, "the archive's {name} cannot be read: {reason}"),
            Self::NothingListed { name } => write!(f, "the archive's {name} lists no image"),
            Self::NoUsableImage { diagnostics } => {
                f.write_str("no image of this archive can be shown")?;
                gravest(diagnostics).map_or(Ok(()), |gravest| write!(f, ": {}", continued(&gravest.message)))
            }
            Self::FolderPath { path, reason } => write!(f, "{path:?} cannot be part of an image: {reason}"),
            Self::Limit { limit, allowed, .. } => {
                write!(f, "the archive has more {} than the limit {limit} = {allowed} allows", counted(limit))
            }
            Self::ShortRead { wanted, got, .. } => {
                write!(f, "the file could not be read as far as it reached: {got} bytes came of {wanted}")
            }
            Self::Misuse(what) => write!(f, "misuse: {what}"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_diagnostic_explains_why_there_is_no_image() {
        let note = Diagnostic::new(Severity::Info, "oci-layout-missing", "oci-layout", "The file is absent.");
        let cause = Diagnostic::new(Severity::Error, "blob-missing", "blobs/x", "The manifest is absent.")
            .fix("Save it again with everything.");
        let error = Error::NoUsableImage { diagnostics: vec![note, cause] };
        assert_eq!(error.place(), "blobs/x");
        assert_eq!(error.fix(), "Save it again with everything.");
        assert!(error.to_string().ends_with("the manifest is absent."), "{error}");
    }
}
