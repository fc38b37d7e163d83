//! sociscope-soci
#![forbid(unsafe_code)]
#![deny(missing_docs)]
