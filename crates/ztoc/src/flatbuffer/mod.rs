//! The zTOC file: a FlatBuffer of six tables.
//!
//! ```text
//!  Ztoc ─┬─ 0 version "0.9"            TOC ── 0 metadata ─► [FileMetadata]
//!        ├─ 1 build tool
//!        ├─ 2 compressed size  i64     FileMetadata ─┬─ 0 name     4 linkname  8 uname  12 devminor
//!        ├─ 3 uncompressed size i64                  ├─ 1 type     5 mode      9 gname  13 xattrs ─► [Xattr]
//!        ├─ 4 toc ─► TOC                             ├─ 2 offset   6 uid      10 mod_time
//!        └─ 5 ─► CompressionInfo                     └─ 3 size     7 gid      11 devmajor
//!               ├─ 0 algorithm   i8
//!               ├─ 1 max span id i32           Xattr ─┬─ 0 key   (any PAX record,
//!               ├─ 2 span digests ─► [string]         └─ 1 value  not only xattrs)
//!               └─ 3 checkpoints  ─► bytes
//! ```
//!
//! FlatBuffers are written from the last byte to the first: children before parents, and what is
//! created first lies at the end. Fields that hold their default are left out. So the same values can
//! become many different files, and only one sequence of calls gives the reference's bytes; [`mod@write`]
//! has it. [`read`] takes nothing for granted: every offset is checked before it is followed.
//!
//! For an uncompressed layer, the checkpoints are a FlatBuffer of their own, with the single table
//! `TarZinfo ─ 0 version = 2, 1 span size, 2 size`.

pub(crate) mod read;
pub(crate) mod write;

pub(crate) use read::{Budget, Table, XattrVector};

/// Field numbers.
pub(crate) mod slot {
    /// Of the root table.
    pub(crate) mod ztoc {
        pub(crate) const VERSION: u16 = 0;
        pub(crate) const BUILD_TOOL: u16 = 1;
        pub(crate) const COMPRESSED_SIZE: u16 = 2;
        pub(crate) const UNCOMPRESSED_SIZE: u16 = 3;
        pub(crate) const TOC: u16 = 4;
        pub(crate) const COMPRESSION_INFO: u16 = 5;
    }

    /// Of the table of contents.
    pub(crate) mod toc {
        pub(crate) const METADATA: u16 = 0;
    }

    /// Of an entry.
    pub(crate) mod entry {
        pub(crate) const NAME: u16 = 0;
        pub(crate) const KIND: u16 = 1;
        pub(crate) const OFFSET: u16 = 2;
        pub(crate) const SIZE: u16 = 3;
        pub(crate) const LINK_NAME: u16 = 4;
        pub(crate) const MODE: u16 = 5;
        pub(crate) const UID: u16 = 6;
        pub(crate) const GID: u16 = 7;
        pub(crate) const UNAME: u16 = 8;
        pub(crate) const GNAME: u16 = 9;
        pub(crate) const MODIFIED: u16 = 10;
        pub(crate) const DEVICE_MAJOR: u16 = 11;
        pub(crate) const DEVICE_MINOR: u16 = 12;
        pub(crate) const XATTRS: u16 = 13;
    }

    /// Of a PAX record.
    pub(crate) mod xattr {
        pub(crate) const KEY: u16 = 0;
        pub(crate) const VALUE: u16 = 1;
    }

    /// Of the compression info.
    pub(crate) mod compression {
        pub(crate) const ALGORITHM: u16 = 0;
        pub(crate) const MAX_SPAN_ID: u16 = 1;
        pub(crate) const SPAN_DIGESTS: u16 = 2;
        pub(crate) const CHECKPOINTS: u16 = 3;
    }

    /// Of the checkpoints of an uncompressed layer.
    pub(crate) mod tar_info {
        pub(crate) const VERSION: u16 = 0;
        pub(crate) const SPAN_SIZE: u16 = 1;
        pub(crate) const SIZE: u16 = 2;
    }
}

/// `algorithm` of gzip layers, the default and therefore never written.
pub(crate) const ALGORITHM_GZIP: i8 = 1;
/// `algorithm` of uncompressed layers.
pub(crate) const ALGORITHM_UNCOMPRESSED: i8 = 2;
