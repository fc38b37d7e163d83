//! Writing the archive: what is copied is checked on its way out.
//!
//! The plan of a SOCI archive ([`ArchivePlan`](crate::ArchivePlan)) is literal bytes, zTOCs and
//! ranges of the source. Layers that were not indexed were perhaps never read before; a shell that
//! can still withdraw its output runs each copied range through a [`CopyCheck`].

use crate::{Culprit, Failure, human, image};
use image::{Digest, DigestCheck, Extent};

/// Checks one copied range against the digest it is stored under.
#[derive(Clone, Debug)]
pub struct CopyCheck {
    digest: Digest,
    check: DigestCheck,
}

impl CopyCheck {
    /// A check for the blob `digest` lying at `extent`.
    #[must_use]
    pub fn new(digest: &Digest, extent: Extent) -> Self {
        Self { digest: digest.clone(), check: DigestCheck::new(Some(digest), Some(extent.len)) }
    }

    /// The next bytes, in any slicing.
    pub fn update(&mut self, bytes: &[u8]) {
        self.check.update(bytes);
    }

    /// The end of the range.
    ///
    /// # Errors
    /// The bytes are not the blob's: nothing made of them may be handed out.
    pub fn finish(self) -> Result<(), Failure> {
        let outcome = self.check.finish();
        if outcome.matches {
            return Ok(());
        }
        let place = format!("blob {}", self.digest.short());
        let fix = "Export the image again; a registry would refuse this blob.";
        let failure = if outcome.expected_size.is_some_and(|expected| expected != outcome.size) {
            Failure::new(Culprit::File, place, "The file ends inside this blob.").expected_found(
                format!("{} bytes", human::count(outcome.expected_size.unwrap_or_default())),
                format!("{} bytes", human::count(outcome.size)),
            )
        } else {
            Failure::new(Culprit::File, place, "The blob's bytes do not have the digest it is stored under.")
                .expected_found(self.digest.to_string(), outcome.found.to_string())
        };
        Err(failure.fix(fix))
    }
}
