//! Whether the snapshotter can use a zTOC: what it refuses when mounting, and what fails on reading.
//!
//! A zTOC can be byte for byte what `soci convert` makes and still be of no use: the builder accepts
//! layers that the snapshotter stumbles over later, on the node, where nobody looks. Each reason here
//! is a check or a fault of soci-snapshotter v0.15.0, with its [`Effect`]: a whole layer that is pulled
//! after all, one file that cannot be read, or a crash of the snapshotter.
//!
//! ```text
//!   spans.rs     monotonic, as many as said          fs/span-manager
//!   entries.rs   headers found again, attributes     ztoc_marshaler.go, fs/reader, metadata/db.go
//!   tree.rs      hard links, replaced names          metadata/reader.go
//! ```
//!
//! Nothing is decided here. Whoever asks learns what would happen and where.

mod entries;
mod reason;
mod spans;
mod tree;

pub use reason::{Effect, Unusable, UnusableReason};

use crate::build::Build;
use crate::ztoc::Ztoc;

/// All that [`check`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The first [`Findings::SHOWN`]: spans, then hard links, then entries, in file order.
    pub shown: Vec<Unusable>,
    /// How many there are in all.
    pub count: u64,
    worst: Option<Effect>,
    some_stay: bool,
}

impl Findings {
    /// How many are kept.
    pub const SHOWN: usize = 20;

    /// Whether nothing stands in the way.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.count == 0
    }

    /// The worst that happens; `None` when nothing does.
    #[must_use]
    pub fn worst(&self) -> Option<Effect> {
        self.worst
    }

    /// Whether compressing the layer anew removes everything that was found.
    #[must_use]
    pub fn recompressing_helps(&self) -> bool {
        self.count > 0 && !self.some_stay
    }

    fn push(&mut self, reason: UnusableReason, place: impl FnOnce() -> String) {
        self.count += 1;
        self.worst = self.worst.max(Some(reason.effect()));
        self.some_stay |= !reason.recompressing_helps();
        if self.shown.len() < Self::SHOWN {
            self.shown.push(Unusable { reason, place: place() });
        }
    }
}

/// Looks for everything in a zTOC that soci-snapshotter v0.15.0 would refuse or fail on.
///
/// `build` is what the zTOC was made from, where it was made here: a few things are not told by the
/// zTOC itself (ids that were cut, where headers really lie).
///
/// # Cost
/// One pass over the entries. Hard links and doubtful files call for a map of names, some 60 bytes per
/// entry while it is needed, and for one or two passes more.
#[must_use]
pub fn check(ztoc: &Ztoc<'_>, build: Option<&Build>) -> Findings {
    let mut findings = Findings::default();
    spans::check(ztoc, build, &mut findings);
    entries::check(ztoc, build, &mut findings);
    findings
}
