//! Why an image cannot be converted.

use crate::json::JsonError;
use sociscope_image::PlatformError;
use std::fmt;

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The archive is broken or incomplete.
    Input,
    /// The archive is fine, but the reference refuses what it holds.
    Unsupported,
    /// What was asked for does not fit the archive.
    Options,
    /// The caller of this crate.
    Misuse,
}

/// A document of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// `index.json`.
    IndexJson,
    /// `oci-layout`.
    OciLayout,
    /// A blob, by its digest.
    Blob(String),
    /// A list of files to prefetch, which is not part of the archive.
    PrefetchList,
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IndexJson => f.write_str("index.json"),
            Self::OciLayout => f.write_str("oci-layout"),
            Self::Blob(digest) => f.write_str(digest),
            Self::PrefetchList => f.write_str("the list of files to prefetch"),
        }
    }
}

/// Why an image cannot be converted.
///
/// `Display` says what is wrong and where; [`culprit`](Self::culprit), [`place`](Self::place) and
/// [`way_out`](Self::way_out) say the rest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A platform that cannot be read.
    #[error(transparent)]
    PlatformSyntax(#[from] PlatformError),
    /// A document that is not the JSON it should be.
    #[error("{document} cannot be read: {error}")]
    Json {
        /// Which one.
        document: Document,
        /// Where and why.
        error: JsonError,
    },
    /// `oci-layout` names a version that does not exist.
    #[error("oci-layout says version `{found}`; the only version is `1.0.0`")]
    LayoutVersion {
        /// What it says.
        found: String,
    },
    /// `index.json` lists nothing.
    #[error("index.json lists no image")]
    NoManifests,
    /// None of the manifests listed is in the archive.
    #[error("none of the {listed} manifests listed in {document} is in the archive")]
    NoneAvailable {
        /// Where they are listed.
        document: Document,
        /// How many.
        listed: usize,
    },
    /// A digest that is none.
    #[error("the image refers to `{text}`, which is not a digest")]
    MalformedDigest {
        /// As written.
        text: String,
    },
    /// A blob that is needed is not in the archive.
    #[error("{role} {digest} is not in the archive")]
    Missing {
        /// What it is.
        role: Role,
        /// Which one.
        digest: String,
    },
    /// A document is in the archive, but whoever opened the archive did not accept it.
    #[error(
        "{role} {digest} is in the archive but does not have the bytes of that digest, or is larger than the limit for documents"
    )]
    Unusable {
        /// What it is.
        role: Role,
        /// Which one.
        digest: String,
    },
    /// A blob has another size than its descriptor states.
    #[error("{role} {digest} has {found} bytes, but is listed with {stated}")]
    Size {
        /// What it is.
        role: Role,
        /// Which one.
        digest: String,
        /// Bytes, by the descriptor.
        stated: i64,
        /// Bytes in the archive.
        found: u64,
    },
    /// A document is listed as a manifest but is an index, or the other way round.
    #[error("{digest} is listed as {listed_as}, but it is {found}")]
    OtherShape {
        /// Which one.
        digest: String,
        /// What its descriptor says.
        listed_as: &'static str,
        /// What it looks like.
        found: &'static str,
    },
    /// Nothing in the archive says for which platform it is: it is no image.
    #[error("the archive holds no image: nothing in it says for which platform it is (type `{media_type}`)")]
    NoPlatforms {
        /// The type of what `index.json` refers to.
        media_type: String,
    },
    /// An entry of the list does not say for which platform it is.
    #[error("entry {number} of the list, {digest}, does not say for which platform it is")]
    PlatformUnstated {
        /// Which one, counted from 1.
        number: usize,
        /// Its digest.
        digest: String,
    },
    /// The platform asked for is not there.
    #[error("there is no image for {wanted} in the archive, only for {}", list(available))]
    PlatformAbsent {
        /// Asked for.
        wanted: String,
        /// Those that are there.
        available: Vec<String>,
    },
    /// What is listed for a platform is no image.
    #[error("what is listed for {platform}, {digest}, is not an image (type `{media_type}`)")]
    NotAnImage {
        /// For which platform.
        platform: String,
        /// Which one.
        digest: String,
        /// Its type.
        media_type: String,
    },
    /// A layer because of which the whole image is refused.
    #[error("layer {digest} ({media_type}): {reason}")]
    Layer {
        /// Which one.
        digest: String,
        /// Its type.
        media_type: String,
        /// Why.
        reason: crate::SkipReason,
    },
    /// Every layer is skipped; there is nothing to index.
    #[error("no layer can be indexed: {}", summary(*layers, *too_small, *min_layer_size))]
    NothingToIndex {
        /// Layers of the chosen platforms.
        layers: usize,
        /// Those of them that are below the minimum size.
        too_small: usize,
        /// The minimum size, in bytes.
        min_layer_size: u64,
    },
    /// A document refers to far more documents than any image has.
    #[error("the image refers to more than {limit} documents")]
    TooManyDocuments {
        /// How many are followed.
        limit: usize,
    },
    /// The archive would be larger than a 64-bit number can say.
    #[error("the archive would be too large")]
    TooLarge,
    /// The archive holds several images, and none of them was chosen.
    #[error("the archive holds {} images: {}", names.len(), names.join(", "))]
    SeveralImages {
        /// What each is called; in the order of [`subjects`](crate::prepare::subjects).
        names: Vec<String>,
    },
    /// The image that was chosen is not there.
    #[error("there is no image number {number} in the archive, which holds {images}")]
    NoSuchImage {
        /// Chosen, counted from 1.
        number: usize,
        /// How many there are.
        images: usize,
    },
    /// A layer of a docker-archive is not in it.
    #[error("layer {number} of {layers}{} is not in the archive", diff_id_of(diff_id.as_deref()))]
    LayerAbsent {
        /// Which one, counted from 1, base first.
        number: usize,
        /// How many the image has.
        layers: usize,
        /// What the config says it unpacks to.
        diff_id: Option<String>,
    },
    /// The config of an image in a docker-archive is not in it, or is too large.
    #[error("there is no image config in the archive, or it cannot be used")]
    ConfigAbsent,
    /// A tag that is none.
    #[error("`{text}` is no tag")]
    TagSyntax {
        /// As given.
        text: String,
    },
    /// Layers could be indexed, but the snapshotter would refuse every one of their indexes.
    #[error(
        "no layer can be indexed: the snapshotter would refuse the index of {unusable} of {layers} layers: {reason}"
    )]
    NothingUsable {
        /// Layers of the chosen platforms.
        layers: usize,
        /// Those of them that would be refused.
        unusable: usize,
        /// Why the first of them would be, in a sentence.
        reason: String,
    },
    /// A docker-archive that has not been given a layout.
    #[error("the archive has no OCI layout yet")]
    NoLayout,
    /// A zTOC that [`wanted`](crate::Selection::wanted) asks for was not handed over.
    #[error("no zTOC was built for layer {digest}")]
    ZtocMissing {
        /// Which layer.
        digest: String,
    },
    /// A zTOC does not say for each file to prefetch whether it is in the layer.
    #[error("nobody looked for the files to prefetch in layer {digest}")]
    PrefetchUnanswered {
        /// Which layer.
        digest: String,
    },
}

/// What a blob is to the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A list of manifests.
    Index,
    /// A manifest.
    Manifest,
    /// An image config.
    Config,
    /// A layer, or whatever else a manifest lists as one.
    Layer,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Index => "the image index",
            Self::Manifest => "the manifest",
            Self::Config => "the image config",
            Self::Layer => "the layer",
        })
    }
}

impl Error {
    /// Whose fault it is.
    #[must_use]
    pub fn culprit(&self) -> Culprit {
        match self {
            Self::PlatformSyntax(_)
            | Self::PlatformAbsent { .. }
            | Self::Json { document: Document::PrefetchList, .. }
            | Self::SeveralImages { .. }
            | Self::NoSuchImage { .. }
            | Self::TagSyntax { .. } => Culprit::Options,
            Self::NothingToIndex { layers, too_small, .. } if *too_small > 0 && *layers > 0 => {
                Culprit::Options
            }
            Self::NothingToIndex { .. }
            | Self::NoPlatforms { .. }
            | Self::PlatformUnstated { .. }
            | Self::NotAnImage { .. }
            | Self::NothingUsable { .. }
            | Self::TooManyDocuments { .. }
            | Self::TooLarge => Culprit::Unsupported,
            Self::Layer { reason, .. } => match reason {
                crate::SkipReason::NotALayer | crate::SkipReason::UnknownType => Culprit::Unsupported,
                _ => Culprit::Input,
            },
            Self::ZtocMissing { .. } | Self::PrefetchUnanswered { .. } | Self::NoLayout => Culprit::Misuse,
            Self::Json { .. }
            | Self::LayoutVersion { .. }
            | Self::NoManifests
            | Self::NoneAvailable { .. }
            | Self::MalformedDigest { .. }
            | Self::LayerAbsent { .. }
            | Self::ConfigAbsent
            | Self::Missing { .. }
            | Self::Unusable { .. }
            | Self::Size { .. }
            | Self::OtherShape { .. } => Culprit::Input,
        }
    }

    /// Where: a document, a blob, a layer, an option.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::PlatformSyntax(error) => format!("platform `{}`", error.text),
            Self::PlatformAbsent { wanted, .. } => format!("platform `{wanted}`"),
            Self::Json { document, .. } | Self::NoneAvailable { document, .. } => document.to_string(),
            Self::MalformedDigest { text } => format!("digest `{text}`"),
            Self::LayoutVersion { .. } => Document::OciLayout.to_string(),
            Self::NoManifests | Self::NoPlatforms { .. } => Document::IndexJson.to_string(),
            Self::Missing { digest, .. }
            | Self::Unusable { digest, .. }
            | Self::Size { digest, .. }
            | Self::OtherShape { digest, .. }
            | Self::PlatformUnstated { digest, .. }
            | Self::NotAnImage { digest, .. } => format!("blob {digest}"),
            Self::Layer { digest, .. }
            | Self::ZtocMissing { digest }
            | Self::PrefetchUnanswered { digest } => format!("layer {digest}"),
            Self::NothingToIndex { .. } | Self::NothingUsable { .. } => "all layers".to_owned(),
            Self::LayerAbsent { number, .. } => format!("layer {number}"),
            Self::TagSyntax { text } => format!("tag `{text}`"),
            Self::TooManyDocuments { .. }
            | Self::TooLarge
            | Self::NoLayout
            | Self::ConfigAbsent
            | Self::SeveralImages { .. }
            | Self::NoSuchImage { .. } => "the archive".to_owned(),
        }
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub fn way_out(&self) -> String {
        let text = match self {
            Self::PlatformSyntax(_) => {
                "Write it as `os/architecture` or `os/architecture/variant`, such as `linux/amd64`."
            }
            Self::PlatformAbsent { available, .. } if available.is_empty() => {
                "Save the image again with this platform in it."
            }
            Self::PlatformAbsent { .. } => {
                "Choose a platform that is there, or save the image again with this one in it."
            }
            Self::Json { document: Document::PrefetchList, .. } => {
                "Write a JSON array of paths, such as `[\"/app/main\", \"/etc/app.conf\"]`."
            }
            Self::Json { .. }
            | Self::LayoutVersion { .. }
            | Self::MalformedDigest { .. }
            | Self::Unusable { .. }
            | Self::Size { .. }
            | Self::OtherShape { .. } => {
                "The archive is damaged or was written wrongly: save the image again, with another \
                 tool if it happens again."
            }
            Self::NoManifests | Self::NoneAvailable { .. } => {
                "Save the image again; some versions of Docker write an empty list when an image is \
                 saved by its digest, so name it by its tag."
            }
            Self::Missing { role: Role::Layer, .. } | Self::LayerAbsent { .. } => {
                "Save the image again with all its layers; layers of a Windows base image must be \
                 pulled first."
            }
            Self::Missing { .. } | Self::ConfigAbsent => "Save the image again: the archive is incomplete.",
            Self::NoPlatforms { .. } | Self::NotAnImage { .. } => {
                "Only container images can be indexed; artefacts such as charts, signatures and SOCI \
                 indexes themselves cannot."
            }
            Self::PlatformUnstated { .. } => {
                "Save one image per archive, or name the platform of each entry."
            }
            Self::Layer { reason, .. } => match reason {
                crate::SkipReason::Absent => {
                    "Save the image again with all its layers; layers of a Windows base image must \
                     be pulled first."
                }
                crate::SkipReason::WrongSize { .. } => {
                    "The archive was written wrongly: save the image again, with another tool if it \
                     happens again."
                }
                _ => "Build the image with OCI or Docker layer types.",
            },
            Self::NothingToIndex { too_small, .. } if *too_small > 0 => {
                "Lower the minimum layer size if you want the small layers indexed; an image this \
                 small starts fast without an index, too."
            }
            Self::NothingToIndex { layers: 0, .. } => "The image has no layers; there is nothing to do.",
            Self::NothingToIndex { .. } => "Build the image with gzip layers.",
            Self::TooManyDocuments { .. } | Self::TooLarge => "This is not an archive of an image.",
            Self::PrefetchUnanswered { .. } => "Look for every path in every zTOC before finishing.",
            Self::SeveralImages { .. } => "Choose one of them: --image NAME.",
            Self::NoSuchImage { .. } => "Choose an image that is there.",
            Self::TagSyntax { .. } => {
                "A tag begins with a letter, a digit or `_`, goes on with those, `.` and `-`, and has at \
                 most 128 characters: [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}."
            }
            Self::NothingUsable { .. } => {
                "Have the layers compressed anew where that helps, or build the image again with plain \
                 gzip layers."
            }
            Self::NoLayout => "Turn a docker-archive into an OCI layout first.",
            Self::ZtocMissing { .. } => "Build every zTOC that is wanted before finishing.",
        };
        text.to_owned()
    }
}

fn diff_id_of(diff_id: Option<&str>) -> String {
    diff_id.map_or_else(String::new, |diff_id| format!(" (diff ID {diff_id})"))
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "platforms it does not name".to_owned() } else { names.join(", ") }
}

fn summary(layers: usize, too_small: usize, min: u64) -> String {
    match (layers, too_small) {
        (0, _) => "the image has no layers".to_owned(),
        (1, 0) => "the only layer is neither gzip nor plain tar".to_owned(),
        (1, _) => format!("the only layer is smaller than the minimum of {min} bytes"),
        (_, 0) => format!("none of the {layers} layers is gzip or plain tar"),
        _ if layers == too_small => {
            format!("all {layers} layers are smaller than the minimum of {min} bytes")
        }
        _ => format!(
            "{too_small} of {layers} layers are smaller than the minimum of {min} bytes, the rest is \
             neither gzip nor plain tar"
        ),
    }
}
