//! Opening an archive: the state machine that asks for bytes.

use crate::{
    archive::{Archive, Format, Image},
    diagnostic::{Diagnostic, Notes, Severity},
    docker,
    error::Error,
    limits::Limits,
    oci,
    recognise::{self, Packing},
    source::{Extent, Want},
    store::Store,
    tar::{
        lister::{Counted, Damage, Exceeded, Lister, Listing},
        tree::Tree,
    },
};

/// Folders entered in search of an image when the archive's top holds nothing but one.
const MAX_FOLDERS: usize = 8;

/// Opens an image archive by asking for the bytes it needs: tar headers first, then the documents
/// that they lead to. Whoever drives it reads them from wherever they are.
///
/// ```
/// use sociscope_image::{Limits, Open, Want};
///
/// # fn main() -> Result<(), sociscope_image::Error> {
/// # let file = vec![0_u8; 1024];
/// let mut open = Open::new(file.len() as u64, Limits::default());
/// while let Want::Read { offset, len } = open.want() {
///     open.supply(&file[offset as usize..][..len as usize])?;
/// }
/// let outcome = open.finish();
/// # assert_eq!(outcome.unwrap_err(), sociscope_image::Error::NoMembers);
/// # Ok(())
/// # }
/// ```
///
/// What it asks for depends only on the bytes, so the same file gives the same reads and the same
/// archive every time. Of a layer it reads at most its first 512 bytes, plus what a read-ahead of
/// 32 KiB from a header in front of it happens to cover.
#[derive(Debug)]
pub struct Open {
    source_len: u64,
    limits: Limits,
    stage: Stage,
    /// The read that has been asked for and not supplied.
    asked: Option<Extent>,
}

#[derive(Debug)]
enum Stage {
    Listing(Box<Lister>),
    Reading(Box<Reading>),
    Finished(Box<Result<Archive, Error>>),
}

/// The archive is listed; its documents are being read.
#[derive(Debug)]
struct Reading {
    tree: Tree,
    store: Store,
    /// What the listing showed.
    found: Vec<Diagnostic>,
}

impl Open {
    /// Opens a source of `source_len` bytes.
    #[must_use]
    pub fn new(source_len: u64, limits: Limits) -> Self {
        let stage = if source_len == 0 {
            Stage::Finished(Box::new(Err(Error::Empty)))
        } else {
            Stage::Listing(Box::new(Lister::new(source_len, limits)))
        };
        Self { source_len, limits, stage, asked: None }
    }

    /// What is needed next. Asking again without supplying gives the same answer.
    #[must_use]
    pub fn want(&mut self) -> Want {
        loop {
            let (next, asked) = match &mut self.stage {
                Stage::Finished(_) => return Want::Done,
                Stage::Listing(lister) => match lister.want() {
                    Some(extent) => (None, Some(extent)),
                    None => {
                        let listing = std::mem::take(lister.listing());
                        let stage = match begin(listing, self.source_len, self.limits) {
                            Ok(reading) => Stage::Reading(Box::new(reading)),
                            Err(error) => Stage::Finished(Box::new(Err(error))),
                        };
                        (Some(stage), None)
                    }
                },
                Stage::Reading(reading) => match reading.store.next() {
                    Some(extent) => (None, Some(extent)),
                    None => (reading.assemble(self.source_len, &self.limits), None),
                },
            };
            if let Some(stage) = next {
                self.stage = stage;
            }
            if let Some(extent) = asked {
                self.asked = Some(extent);
                return Want::Read { offset: extent.offset, len: extent.len };
            }
        }
    }

    /// The bytes that [`Open::want`] asked for: all of them, and no more.
    ///
    /// # Errors
    /// [`Error::ShortRead`] when fewer arrive, which means that the source is not as long as was
    /// said; [`Error::Misuse`] when nothing was asked for or more arrives. The machine then stays
    /// as it is, so a failed read can be tried again.
    pub fn supply(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Some(asked) = self.asked else {
            return Err(Error::Misuse("supply without a want"));
        };
        let got = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if got > asked.len {
            return Err(Error::Misuse("more bytes than asked for"));
        }
        if got < asked.len {
            return Err(Error::ShortRead { offset: asked.offset, wanted: asked.len, got });
        }
        self.asked = None;
        match &mut self.stage {
            Stage::Listing(lister) => lister.supply(asked.offset, bytes),
            Stage::Reading(reading) => reading.store.supply(bytes),
            Stage::Finished(_) => {}
        }
        Ok(())
    }

    /// The archive, once [`Open::want`] says [`Want::Done`].
    ///
    /// # Errors
    /// Why nothing of the file can be shown; [`Error::Misuse`] when it was not done.
    pub fn finish(self) -> Result<Archive, Error> {
        match self.stage {
            Stage::Finished(outcome) => *outcome,
            _ => Err(Error::Misuse("finish before want was Done")),
        }
    }

    /// How far the listing has come, in bytes of the source; the source's length from then on.
    #[must_use]
    pub fn position(&self) -> u64 {
        match &self.stage {
            Stage::Listing(lister) => lister.position(),
            Stage::Reading(_) | Stage::Finished(_) => self.source_len,
        }
    }
}

impl Reading {
    /// Puts the archive together from what has been read; `None` when more is needed first.
    fn assemble(&mut self, source_len: u64, limits: &Limits) -> Option<Stage> {
        let outcome = self.archive(source_len, limits);
        (!self.store.is_waiting()).then(|| Stage::Finished(Box::new(outcome)))
    }

    /// The archive as far as it is known.
    fn archive(&mut self, source_len: u64, limits: &Limits) -> Result<Archive, Error> {
        self.store.begin_round();
        let mut notes = Notes::new(limits.max_diagnostics);
        notes.extend(self.found.iter().cloned());
        let archive = |format, images, layout, notes: Notes| Archive {
            format,
            size: source_len,
            images,
            layout,
            diagnostics: notes.into_list(),
        };
        let as_docker = self.tree.contains(docker::MANIFEST_JSON);
        if !self.tree.contains(oci::INDEX_JSON) {
            let images = docker::read(&self.tree, &mut self.store, limits, &mut notes)?;
            return Ok(archive(Format::DockerArchive, usable(images, &notes)?, None, notes));
        }
        let failure = match oci::read(&self.tree, &mut self.store, limits, &mut notes) {
            Ok((images, layout)) => match usable(images, &notes) {
                Ok(images) => return Ok(archive(Format::OciArchive, images, Some(layout), notes)),
                Err(failure) => failure,
            },
            Err(failure) => failure,
        };
        if self.store.is_waiting() || !as_docker {
            return Err(failure);
        }
        // docker save 25 and later writes both; one that is broken does not hide the other.
        notes.push(
            Diagnostic::new(
                Severity::Error,
                "index-unusable",
                failure.place(),
                format!("The archive is read by its manifest.json instead, because {failure}."),
            )
            .fix(failure.fix()),
        );
        let Ok(images) = docker::read(&self.tree, &mut self.store, limits, &mut notes) else {
            return Err(failure);
        };
        Ok(archive(Format::DockerArchive, usable(images, &notes)?, None, notes))
    }
}

/// At least one image, or why there is none.
fn usable(images: Vec<Image>, notes: &Notes) -> Result<Vec<Image>, Error> {
    if images.is_empty() {
        Err(Error::NoUsableImage { diagnostics: notes.list().to_vec() })
    } else {
        Ok(images)
    }
}

/// From a listing to the place where an image is, or the verdict that there is none.
fn begin(mut listing: Listing, source_len: u64, limits: Limits) -> Result<Reading, Error> {
    let damage = listing.damage.as_ref();
    if listing.members == 0 && damage.is_some() {
        return Err(match Packing::of(&listing.start) {
            Some(packing) => Error::Packed(packing),
            None if recognise::is_tar(&listing.start) => damage_error(damage, source_len),
            None => Error::NotATar { found: recognise::legible(&listing.start) },
        });
    }
    if listing.root_filesystem || (listing.exceeded.is_some() && recognise::is_root_filesystem(&listing.tree))
    {
        return Err(root_filesystem(&listing.tree, listing.members));
    }
    if let Some(Exceeded { limit, allowed, offset }) = listing.exceeded {
        return Err(Error::Limit { limit, allowed, place: format!("the tar header at byte {offset}") });
    }
    if listing.members == 0 {
        return Err(Error::NoMembers);
    }
    let mut found = findings(&listing, source_len);
    let (tree, folder) = match entered(std::mem::take(&mut listing.tree)) {
        Ok(entered) => entered,
        Err(_) if damage.is_some() => return Err(damage_error(damage, source_len)),
        Err(tree) if tree.contains("repositories") => return Err(Error::DockerBefore110),
        Err(tree) if recognise::is_root_filesystem(&tree) => {
            return Err(root_filesystem(&tree, listing.members));
        }
        Err(tree) => {
            return Err(Error::NoImage { found: top(&tree), members: listing.members });
        }
    };
    if !folder.is_empty() {
        found.push(
            Diagnostic::new(
                Severity::Warning,
                "layout-in-folder",
                &folder,
                "The image lies below a folder instead of at the archive's top; the soci command refuses it.",
            )
            .fix(format!("Pack it again from inside: tar -C {folder} -cf image.tar .")),
        );
    }
    Ok(Reading { tree, store: Store::new(limits), found })
}

fn root_filesystem(tree: &Tree, members: u64) -> Error {
    Error::RootFilesystem { found: top(tree), members }
}

fn top(tree: &Tree) -> Vec<String> {
    tree.top().map(str::to_owned).collect()
}

/// The tree in which an image lies at the top, and the folder that had to be entered for it; the
/// whole tree again when there is none.
fn entered(tree: Tree) -> Result<(Tree, String), Tree> {
    let has_image = |tree: &Tree| tree.contains(oci::INDEX_JSON) || tree.contains(docker::MANIFEST_JSON);
    if has_image(&tree) {
        return Ok((tree, String::new()));
    }
    let mut folder = String::new();
    let mut inside: Option<Tree> = None;
    for _ in 0..MAX_FOLDERS {
        let at = inside.as_ref().unwrap_or(&tree);
        let (1, Some(only)) = (at.top_len(), at.top().next()) else { break };
        folder = if folder.is_empty() { only.to_owned() } else { format!("{folder}/{only}") };
        let below = at.inside(only);
        if has_image(&below) {
            return Ok((below, folder));
        }
        inside = Some(below);
    }
    Err(tree)
}

fn damage_error(damage: Option<&Damage>, ends: u64) -> Error {
    match damage {
        Some(Damage::DataCut { name, data }) => {
            Error::Truncated { member: Some(name.clone()), offset: data.offset, needs: data.end(), ends }
        }
        Some(Damage::BadHeader { offset, error }) => {
            Error::BadHeader { offset: *offset, reason: error.to_string() }
        }
        Some(Damage::HeaderCut { offset }) => {
            Error::Truncated { member: None, offset: *offset, needs: offset.saturating_add(512), ends }
        }
        None => Error::NoMembers,
    }
}

/// What the listing itself showed.
fn findings(listing: &Listing, source_len: u64) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if listing.damage.is_some() {
        let error = damage_error(listing.damage.as_ref(), source_len);
        let message = match &listing.damage {
            Some(Damage::DataCut { name, data }) => format!(
                "The file ends early: {name} starts at byte {} and should end at byte {}, the file ends at {source_len}. \
                 What comes before it is complete.",
                data.offset,
                data.end()
            ),
            Some(Damage::BadHeader { error, .. }) => {
                format!("The tar is damaged here: {error}. What comes before it is complete.")
            }
            _ => "The file ends early, inside a header. What comes before it is complete.".to_owned(),
        };
        found.push(Diagnostic::new(Severity::Error, error.code(), error.place(), message).fix(error.fix()));
    }
    let mut counted = |counted: &Counted, severity, code, what: &str, fix: &str| {
        if counted.count > 0 {
            let others = match counted.count - 1 {
                0 => String::new(),
                1 => " It happens once more.".to_owned(),
                more => format!(" It happens {more} more times."),
            };
            let diagnostic = Diagnostic::new(severity, code, &counted.first, format!("{what}{others}"));
            found.push(if fix.is_empty() { diagnostic } else { diagnostic.fix(fix) });
        }
    };
    counted(
        &listing.climbing,
        Severity::Warning,
        "name-climbs-out",
        "The member's name leads out of the archive, so it is ignored.",
        "Trust this archive only if you know why it is there.",
    );
    counted(
        &listing.whiteouts,
        Severity::Warning,
        "whiteout-outside-layer",
        "The member's name marks a deletion, which has a meaning only inside layers; the soci command \
         deletes the file it names.",
        "Save the image again.",
    );
    counted(
        &listing.replaced,
        Severity::Info,
        "member-repeated",
        "The archive holds a member of this name more than once; the last one counts, as when it is extracted.",
        "",
    );
    found
}
