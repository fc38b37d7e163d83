//! What opening one archive may cost.

/// Bounds on untrusted input. Hitting one is an [`Error::Limit`](crate::Error::Limit) when the
/// archive cannot be understood without going further, and a diagnostic with the rest still shown
/// otherwise. Either names the limit.
///
/// Opening needs at most `max_name_bytes + 64 × max_members` for the listing,
/// `2 × max_total_document_bytes` for texts, and some `16 × max_document_bytes` while one hostile
/// document is parsed; an ordinary image needs well under 1 MiB.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Members of the outer tar. An image has a few hundred.
    pub max_members: u64,
    /// Bytes of all member names and link targets together.
    pub max_name_bytes: u64,
    /// Bytes of one PAX header or GNU long name.
    pub max_header_bytes: u64,
    /// Bytes of one JSON document: index, manifest or config.
    pub max_document_bytes: u64,
    /// Bytes of all JSON documents together.
    pub max_total_document_bytes: u64,
    /// How deep indexes may nest; `index.json` itself is depth 1.
    pub max_index_depth: u32,
    /// Descriptors in one index or manifest, or layers of one image.
    pub max_descriptors: u64,
    /// Manifests and indexes visited, the same one again counted again; or images in
    /// `manifest.json`.
    pub max_manifests: u64,
    /// Symbolic links followed to resolve one name.
    pub max_links: u32,
    /// Diagnostics kept. The last one then says that there were more.
    pub max_diagnostics: u64,
}

impl Default for Limits {
    /// Room for any real image: 100,000 members with 32 MiB of names, headers of 1 MiB (Go's own
    /// bound), documents of 16 MiB and 64 MiB together, 8 levels of indexes (real ones have 2),
    /// 4,096 descriptors and manifests, 40 links (Linux's own bound), 200 diagnostics.
    fn default() -> Self {
        Self {
            max_members: 100_000,
            max_name_bytes: 32 << 20,
            max_header_bytes: 1 << 20,
            max_document_bytes: 16 << 20,
            max_total_document_bytes: 64 << 20,
            max_index_depth: 8,
            max_descriptors: 4_096,
            max_manifests: 4_096,
            max_links: 40,
            max_diagnostics: 200,
        }
    }
}
