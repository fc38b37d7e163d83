//! Container image archives.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod config;
