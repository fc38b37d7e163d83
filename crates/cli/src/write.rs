//! Writing what was converted: a tar, or the same files as a folder.

use std::path::Path;

use sociscope_engine::{
    Analysis, ArchivePlan, Culprit, Failure, Part,
    export::{CopyCheck, SpanCheck},
    image::{Digest, Extent},
    verify::Depth,
};

use crate::{
    args::OutputFormat,
    failure::Stop,
    out_dir::OutDir,
    output::{self, Output},
    progress::Progress,
    scan::Ztocs,
    source::Source,
};

/// How much is copied at a time.
const PIECE: usize = 1 << 20;

/// Where the bytes of a plan come from.
pub struct Content<'a> {
    pub source: &'a Source,
    pub analysis: &'a Analysis,
    pub ztocs: &'a Ztocs,
    /// How many spans of each zTOC are unpacked again on the way.
    pub depth: Depth,
}

/// Says that a result cannot go where it should before an hour was spent on it.
pub fn refuse_early(out: &Path, format: OutputFormat) -> Result<(), Stop> {
    match format {
        OutputFormat::OciArchive => Ok(()),
        OutputFormat::OciDir if output::is_stdout(out) => {
            Err(Stop::Usage("--format oci-dir: a folder cannot go to standard output".to_owned()))
        }
        OutputFormat::OciDir => OutDir::may_be_created(out),
    }
}

impl Content<'_> {
    /// Writes what `plan` says to `out`. Nothing is there before it is complete.
    pub fn write(&self, plan: &ArchivePlan, out: &Path, format: OutputFormat) -> Result<(), Stop> {
        let progress = Progress::new("Writing", plan.size());
        match format {
            OutputFormat::OciArchive => {
                let mut output = Output::create(out)?;
                for part in plan.parts() {
                    self.part(part, &progress, |bytes| output.write(bytes))?;
                }
                output.finish()
            }
            OutputFormat::OciDir => {
                let folder = OutDir::create(out)?;
                for member in plan.members() {
                    let mut file = folder.file(&member.path)?;
                    self.part(&member.content, &progress, |bytes| file.write(bytes))?;
                    file.finish()?;
                }
                folder.finish()
            }
        }
    }

    fn part(
        &self,
        part: &Part,
        progress: &Progress,
        mut write: impl FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        match part {
            Part::Bytes(bytes) => {
                progress.add(bytes.len() as u64);
                write(bytes)
            }
            Part::Ztoc { digest, .. } => {
                let bytes = self.ztoc(digest)?;
                progress.add(bytes.len() as u64);
                write(bytes)
            }
            Part::Source { extent, digest } => self.copy(*extent, digest, progress, write),
        }
    }

    fn ztoc(&self, digest: &Digest) -> Result<&[u8], Failure> {
        let id = self.analysis.ztoc_layer(digest);
        id.and_then(|id| self.ztocs.get(&id)).map(Vec::as_slice).ok_or_else(|| {
            Failure::new(Culprit::Internal, format!("zTOC {digest}"), "The plan names an unknown zTOC.")
        })
    }

    /// Copies a blob. Its digest is checked, and if it has a zTOC, that as well.
    fn copy(
        &self,
        extent: Extent,
        digest: &Digest,
        progress: &Progress,
        mut write: impl FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let mut check = CopyCheck::new(digest, extent);
        let ztoc = self.analysis.indexed_at(extent).and_then(|id| self.ztocs.get(&id));
        let mut spans = ztoc.map(|ztoc| SpanCheck::new(digest, ztoc, self.depth)).transpose()?;
        let mut piece = vec![0; PIECE];
        let mut done = 0;
        while done < extent.len {
            let left = usize::try_from(extent.len - done).unwrap_or(PIECE);
            let wanted = &mut piece[..left.min(PIECE)];
            let read = self.source.read(extent.offset + done, wanted)?;
            if read == 0 {
                break;
            }
            let bytes = &wanted[..read];
            check.update(bytes);
            if let Some(spans) = &mut spans {
                spans.update(bytes);
            }
            write(bytes)?;
            done += read as u64;
            progress.add(read as u64);
        }
        check.finish()?;
        spans.map_or(Ok(()), |spans| Ok(spans.finish()?))
    }
}
