//! The protocol between work and whoever can read bytes.
//!
//! ```text
//!            want() = Read { offset, len }
//!      Job ───────────────────────────────► shell reads the file
//!       ▲                                        │
//!       └───────────── supply(bytes) ◄───────────┘        … until want() = Done, then finish()
//! ```
//!
//! To cancel a job, drop it: nothing it holds outlives it.

use crate::{Error, Want};

/// Work that is done by being fed.
pub trait Job {
    /// What comes out at the end.
    type Output;

    /// What is needed next. Asking again without [`supply`](Job::supply) gives the same answer.
    fn want(&mut self) -> Want;

    /// Hands over the bytes last asked for: exactly that many, or fewer only where the file ends.
    ///
    /// # Errors
    /// When the job cannot go on. It is over then; [`want`](Job::want) answers [`Want::Done`].
    fn supply(&mut self, bytes: &[u8]) -> Result<(), Error>;

    /// How far it is. Never runs backwards.
    fn progress(&self) -> Progress;

    /// Ends the job.
    ///
    /// # Errors
    /// What ended it early, or [`Error::Misuse`] when it still wants something.
    fn finish(self) -> Result<Self::Output, Error>
    where
        Self: Sized;
}

/// How far a job is, in bytes and things found. Rates and times are the shell's business: it has a
/// clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Stored bytes read so far.
    pub read: u64,
    /// Stored bytes to read in all; for [`OpenJob`](crate::OpenJob), the size of the file, of
    /// which it reads only a small part.
    pub total: u64,
    /// Uncompressed bytes produced so far; 0 while only hashing.
    pub produced: u64,
    /// Archive entries met so far.
    pub entries: u64,
    /// Spans begun so far.
    pub spans: u64,
}

/// Runs a job to its end by calling `read(offset, len)` for every range it wants.
///
/// The closure returns the bytes, fewer only at the end of the file.
///
/// # Errors
/// The job's own errors, and whatever `read` fails with.
pub fn run<J, E>(mut job: J, mut read: impl FnMut(u64, u64) -> Result<Vec<u8>, E>) -> Result<J::Output, E>
where
    J: Job,
    E: From<Error>,
{
    while let Want::Read { offset, len } = job.want() {
        let bytes = read(offset, len)?;
        job.supply(&bytes)?;
    }
    Ok(job.finish()?)
}
