//! The verbs, one file each.

pub mod convert;
pub mod diff;
pub mod index;
pub mod inspect;
pub mod sample;
pub mod task_definition;
pub mod verify;
pub mod ztoc;
