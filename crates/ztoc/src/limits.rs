//! What a layer may ask of us.

/// Bounds on what is read and kept, all public so that a caller can tighten or widen them.
///
/// The defaults refuse nothing that soci v0.15.0 accepts, except where a value says so: those are
/// sizes no layer in use comes near, and without them a few kilobytes could ask for gigabytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest file name or comment in a gzip header, in bytes without the closing NUL.
    ///
    /// Default 511: the reference reads the layer a second time with Go's `compress/gzip`, whose
    /// text buffer has 512 bytes.
    pub max_gzip_text: u32,
    /// Longest PAX header, GNU long name or GNU sparse map, in bytes.
    ///
    /// Default 1 MiB, as Go's `archive/tar`.
    pub max_tar_extension: u32,
    /// Most tar entries in one layer.
    ///
    /// Default 4 000 000. The reference has no such number, but its output would pass
    /// [`max_ztoc_bytes`](Self::max_ztoc_bytes) at about six million.
    pub max_entries: u32,
    /// Largest zTOC, in bytes. Also bounds what a build holds in memory.
    ///
    /// Default 1 GiB: the reference's FlatBuffer builder doubles its buffer and gives up there.
    pub max_ztoc_bytes: u32,
    /// Most memory for the index of deflate blocks, in bytes.
    ///
    /// Default 64 MiB, some ten million blocks. Beyond it the index is dropped
    /// ([`Build::span_starts`](crate::Build::span_starts) answers `None`); the build goes on.
    pub max_block_index_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_gzip_text: 511,
            max_tar_extension: 1 << 20,
            max_entries: 4_000_000,
            max_ztoc_bytes: 1 << 30,
            max_block_index_bytes: 64 << 20,
        }
    }
}
