//! What the page knows, as plain data: the contract between the session (which does things)
//! and the views (which show things).
//!
//! ```text
//!            Rc<State>  ──────────────►  views (pure functions of it)
//!               ▲                             │
//!            session  ◄── Action (Dispatch) ──┘
//! ```
//!
//! The state is replaced, never changed in place: every update makes a new [`State`] behind a new
//! `Rc`, so that a view can compare props by pointer. Views never start anything themselves; they
//! emit an [`Action`]. Everything a view may want to say in numbers is here in base units (bytes,
//! seconds, bytes per second); rounding and wording belong to the view.

use std::rc::Rc;

use sociscope_engine::{
    Analysis, LayerId, Options, PlatformChoice, Report,
    analysis::Remakable,
    verify::{Depth, ImageVerification, LayerVerification},
};
use sociscope_fargate::Form;
use yew::{Callback, Properties};

pub use crate::worker::ztoc::{ZtocContent, ZtocFile, ZtocFiles};

/// How a view asks for something to happen.
pub type Dispatch = Callback<Action>;

/// Props of the root view, `views::Shell`, and of any view that wants all of it.
#[derive(Clone, Properties)]
pub struct ShellProps {
    /// The whole state.
    pub state: Rc<State>,
    /// Where actions go. Always the same callback.
    pub dispatch: Dispatch,
}

impl PartialEq for ShellProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.state, &other.state)
    }
}

/// An `Rc` that compares by identity: cheap to pass down as a prop, whatever it holds.
#[derive(Debug)]
pub struct Shared<T>(pub Rc<T>);

impl<T> Shared<T> {
    /// Puts `value` behind a new identity.
    pub fn new(value: T) -> Self {
        Self(Rc::new(value))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> std::ops::Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Everything the page shows.
#[derive(Clone)]
pub struct State {
    /// How far the current file is.
    pub stage: Stage,
    /// Which view the address asks for. It counts once the stage is [`Stage::Ready`].
    pub view: View,
    /// The reader's colour choice.
    pub theme: Theme,
    /// A file is being dragged over the window: show "Drop to analyse" over everything.
    pub dragging: bool,
    /// The last short message, shown until dismissed or six seconds have passed.
    pub toast: Option<Toast>,
    /// What was handed in together with the current file.
    pub handed_in: Rc<HandedIn>,
    /// The archive that is being written to the reader's disk, of this file or of one before.
    pub saving: Option<Saving>,
}

/// Files that were handed in together. One is looked at; [`Action::Choose`] goes to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandedIn {
    /// Their names and sizes in bytes.
    pub files: Vec<(String, u64)>,
    /// Which of them is the current one.
    pub chosen: usize,
}

/// How far the current file is.
#[derive(Clone)]
pub enum Stage {
    /// Nothing chosen yet: the landing page.
    Empty,
    /// Headers and JSON are being read, or the sample is being made. Usually far below a second.
    Opening(Source),
    /// The file is compressed as a whole: a worker unpacks it, once.
    Unpacking(Unpacking),
    /// The file is a zTOC, alone or with the layer it is of.
    Ztoc(ShownZtoc),
    /// Layers are being read by workers.
    Analysing(Run),
    /// Every layer has been looked at, or the reader cancelled (see [`Run::cancelled`]).
    Ready(Run),
    /// There is no analysis to show at all.
    Failed {
        /// The file, when there was one.
        source: Option<Source>,
        /// What happened.
        failure: Failure,
    },
}

impl Stage {
    /// The file this stage is about.
    pub fn source(&self) -> Option<&Source> {
        match self {
            Self::Empty => None,
            Self::Opening(source) => Some(source),
            Self::Unpacking(unpacking) => Some(&unpacking.source),
            Self::Ztoc(ztoc) => Some(&ztoc.source),
            Self::Analysing(run) | Self::Ready(run) => Some(&run.source),
            Self::Failed { source, .. } => source.as_ref(),
        }
    }

    /// The analysis, running or finished.
    pub fn run(&self) -> Option<&Run> {
        match self {
            Self::Analysing(run) | Self::Ready(run) => Some(run),
            _ => None,
        }
    }

    /// Whether something is under way that [`Action::Cancel`] would end.
    pub fn is_busy(&self) -> bool {
        match self {
            Self::Opening(_) | Self::Unpacking(_) | Self::Analysing(_) => true,
            Self::Ztoc(ztoc) => ztoc.is_busy(),
            _ => false,
        }
    }
}

/// The dropped file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// File name as the browser gives it, without a path.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// The built-in sample: say so, and offer [`Action::SaveSampleTar`].
    pub is_sample: bool,
    /// What was done before it could be opened.
    pub origin: Origin,
}

/// How a source came to be one file that can be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// It was handed in like this.
    #[default]
    File,
    /// It is a folder, read as the tar that its files would make.
    Folder {
        /// How many files.
        files: u64,
    },
    /// It was compressed as a whole.
    Unpacked {
        /// gzip, zstd or xz.
        format: &'static str,
        /// Bytes inside.
        size: u64,
        /// How long that took.
        took: std::time::Duration,
    },
}

/// A file that is being unpacked.
#[derive(Clone, Debug, PartialEq)]
pub struct Unpacking {
    /// The file.
    pub source: Source,
    /// gzip, zstd or xz.
    pub format: &'static str,
    /// Compressed bytes decoded.
    pub read: u64,
    /// Compressed bytes in all.
    pub total: u64,
    /// Bytes written.
    pub written: u64,
    /// Bytes there will be at least, where the file says so.
    pub stated: Option<u64>,
    /// Compressed bytes per second over the last moments; 0 until known.
    pub rate: f64,
    /// Bytes written per second, likewise.
    pub written_rate: f64,
    /// Seconds since the beginning.
    pub elapsed: f64,
    /// Seconds left, once it can be said.
    pub left: Option<f64>,
    /// This browser keeps no files here: the copy is made in memory, up to a limit.
    pub in_memory: bool,
    /// WebAssembly memory of the worker, bytes.
    pub memory: u64,
}

/// A zTOC that was handed in.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownZtoc {
    /// The zTOC's file.
    pub source: Source,
    /// What it says; `None` for the moment in which it is read.
    pub content: Option<Rc<ZtocContent>>,
    /// Its files, or those that were looked for.
    pub files: Rc<ZtocFiles>,
    /// The layer that came with it.
    pub layer: Option<CheckedLayer>,
}

impl ShownZtoc {
    /// Whether the layer is still being read.
    pub fn is_busy(&self) -> bool {
        self.layer.as_ref().is_some_and(|layer| matches!(layer.check, LayerCheck::Running { .. }))
    }
}

/// A layer that came with a zTOC.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedLayer {
    /// Its file name.
    pub name: String,
    /// Its stored size in bytes.
    pub size: u64,
    /// How the two fit.
    pub check: LayerCheck,
}

/// How far the comparison of a layer and a zTOC is.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerCheck {
    /// The layer is being read.
    Running {
        /// Stored bytes read.
        read: u64,
        /// Bytes per second lately; 0 until known.
        rate: f64,
        /// Seconds left, once it can be said.
        left: Option<f64>,
    },
    /// Read to the end.
    Done(Rc<LayerVerification>),
    /// It could not be said.
    Failed(Failure),
    /// The reader ended it.
    Cancelled,
}

/// One analysis of one file, while it runs and afterwards.
#[derive(Clone)]
pub struct Run {
    /// The file.
    pub source: Source,
    /// The engine's view of it: images, layers, decisions. Grows as layers are finished.
    pub analysis: Shared<Analysis>,
    /// `analysis.report()`, refreshed whenever the analysis changes: verdict, layers, findings.
    pub report: Shared<Report>,
    /// The options in force (span size, minimum layer size, platforms to convert).
    pub options: Options,
    /// Index into `analysis.archive().images`: the image being shown.
    pub shown_image: usize,
    /// One entry per distinct layer that is read, in the order of first appearance.
    pub layers: Rc<Vec<LayerProgress>>,
    /// All layers together.
    pub total: Totals,
    /// Stored layers that can be made gzip here, and those that were.
    pub remakable: Rc<Vec<Remaking>>,
    /// The SOCI indexes that the file already holds; nothing where it holds none.
    pub verification: Option<Verification>,
    /// Workers this machine is good for.
    pub cores: usize,
    /// What can be saved as a SOCI archive.
    pub offer: Offer,
    /// The task definition being edited; it survives a change of view.
    pub form: Shared<Form>,
    /// The reader pressed Cancel: finished layers are shown, the others are missing.
    pub cancelled: bool,
}

impl Run {
    /// Progress of one layer; `None` when the layer is not read at all (its blob is absent).
    pub fn layer(&self, id: LayerId) -> Option<&LayerProgress> {
        self.layers.iter().find(|layer| layer.id == id)
    }

    /// Whether layers are being made gzip, or read against their zTOCs: [`Action::Cancel`] ends it.
    pub fn is_at_work(&self) -> bool {
        let is_verifying =
            |verification: &Verification| matches!(verification.state, VerifyState::Running { .. });
        self.remakable.iter().any(|layer| layer.state.is_on())
            || self.verification.as_ref().is_some_and(is_verifying)
    }

    /// The name an artifact is saved under, e.g. `app.soci.tar`.
    pub fn file_name(&self, artifact: &Artifact) -> String {
        artifact.file_name(&self.source.name)
    }
}

/// SOCI indexes that came with the file, and how they fit its layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// How many layers have a zTOC that can be read against them.
    pub ztocs: u64,
    /// Bytes of those layers and zTOCs.
    pub bytes: u64,
    /// How far it is.
    pub state: VerifyState,
}

/// How far a verification is.
#[derive(Clone, Debug, PartialEq)]
pub enum VerifyState {
    /// The reader has not asked for it, or ended it.
    Offered,
    /// Layers are being read.
    Running {
        /// How many are over.
        done: u64,
        /// Bytes read.
        read: u64,
        /// Seconds left, once it can be said.
        left: Option<f64>,
    },
    /// The result.
    Done(Shared<ImageVerification>),
}

/// A layer that can be made gzip here, is being made, or was.
#[derive(Clone, Debug, PartialEq)]
pub struct Remaking {
    /// The stored layer.
    pub layer: Remakable,
    /// Where it stands.
    pub state: RemakeState,
}

/// Where a layer stands that can be made gzip.
#[derive(Clone, Debug, PartialEq)]
pub enum RemakeState {
    /// Nothing was done.
    Stored,
    /// It is its turn later.
    Waiting,
    /// It is being compressed.
    Compressing {
        /// Stored bytes read.
        read: u64,
        /// Stored bytes.
        total: u64,
        /// Stored bytes per second lately; 0 until known.
        rate: f64,
    },
    /// It is gzip, and its zTOC is being built.
    Indexing {
        /// Bytes of the new layer read.
        read: u64,
        /// Bytes of the new layer.
        total: u64,
        /// Bytes per second lately; 0 until known.
        rate: f64,
    },
    /// It has taken the place of the stored one.
    Made {
        /// Its bytes.
        size: u64,
    },
    /// It could not be made; the stored one stays.
    Failed(Failure),
}

impl RemakeState {
    /// Whether something goes on.
    pub fn is_on(&self) -> bool {
        matches!(self, Self::Waiting | Self::Compressing { .. } | Self::Indexing { .. })
    }
}

/// How far one layer is.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerProgress {
    /// Which layer of the analysis.
    pub id: LayerId,
    /// Whether a zTOC is made or the layer is only checked against its digest.
    pub work: Work,
    /// Waiting, running, or how it ended.
    pub phase: Phase,
    /// Compressed bytes read so far.
    pub read: u64,
    /// Compressed bytes in all.
    pub total: u64,
    /// Uncompressed bytes produced so far; 0 while only hashing.
    pub produced: u64,
    /// Spans found so far.
    pub spans: u64,
    /// Compressed bytes per second over the last moments; 0 until known.
    pub rate: f64,
}

impl LayerProgress {
    /// Seconds left at the present rate, when there is one to go by.
    pub fn seconds_left(&self) -> Option<f64> {
        (self.phase == Phase::Running && self.rate > 0.0)
            .then(|| self.total.saturating_sub(self.read) as f64 / self.rate)
    }
}

/// What is being done to a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A zTOC is built and the digests are checked.
    Index,
    /// SOCI cannot index it; only the digest is checked.
    HashOnly,
}

/// Where a layer stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// No worker has taken it yet.
    Waiting,
    /// A worker reads it.
    Running,
    /// Read to the end; the report has the result.
    Done,
    /// It could not be read or indexed. The other layers go on.
    Failed(Failure),
    /// Cancelled before its end.
    Cancelled,
}

/// All layers together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Compressed bytes read, of all layers.
    pub read: u64,
    /// Compressed bytes to read, of all layers.
    pub total: u64,
    /// Uncompressed bytes produced.
    pub produced: u64,
    /// Compressed bytes per second over the last moments; over the whole run once finished.
    pub rate: f64,
    /// Uncompressed bytes per second, likewise.
    pub produced_rate: f64,
    /// Seconds since the first layer was begun, stopped at the end of the last.
    pub elapsed: f64,
    /// Seconds it took to open the archive and read its JSON.
    pub opened_in: f64,
    /// Seconds left, once it can be said honestly.
    pub left: Option<f64>,
    /// Workers started for this run.
    pub workers: usize,
    /// WebAssembly memory of all workers of this run together, in bytes.
    pub memory: u64,
}

/// Whether a SOCI archive can be saved.
#[derive(Clone, Debug, PartialEq)]
pub enum Offer {
    /// Layers are still being read.
    Pending,
    /// Finished zTOCs are being searched for files to prefetch.
    Locating,
    /// It can be saved now.
    Archive {
        /// Size of the archive, bytes.
        size: u64,
        /// Digest of the new image index, `sha256:…`: what a registry will call it.
        image_index: String,
    },
    /// There is none, and why.
    Nothing(Failure),
}

/// What went wrong, in the order it is shown: headline, reason, facts, way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Whose fault it is.
    pub culprit: Culprit,
    /// The verdict in a few words.
    pub headline: String,
    /// The reason, one or two sentences.
    pub reason: String,
    /// Name and value pairs: place, expected, found.
    pub facts: Vec<(&'static str, String)>,
    /// What to do about it.
    pub fix: Option<String>,
}

/// Whose fault a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Culprit {
    /// The file is broken or is something else.
    File,
    /// The file is fine; this needs something SOCI or Sociscope cannot do.
    Unsupported,
    /// A stated limit was reached.
    Limit,
    /// A fault of Sociscope or of the browser.
    Sociscope,
}

/// A short message about something that just happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// Counts up, so that a second toast with the same words is still a new one.
    pub id: u32,
    /// The sentence.
    pub text: String,
    /// Whether it reports a problem.
    pub is_problem: bool,
}

/// How far the saving of an archive is.
#[derive(Clone, Debug, PartialEq)]
pub struct Saving {
    /// The name it is saved under.
    pub name: String,
    /// Bytes written, or checked.
    pub done: u64,
    /// Bytes in all; 0 when nothing is left to be checked before a download.
    pub total: u64,
    /// Bytes per second over the last moments; 0 until known.
    pub rate: f64,
    /// What is going on.
    pub phase: SavePhase,
}

impl Saving {
    /// Less than this is saved before anyone could read that it is.
    const QUICK: u64 = 16 << 20;

    /// Whether it is worth showing how far it is.
    pub fn takes_time(&self) -> bool {
        self.total > Self::QUICK
    }
}

/// What is going on while an archive is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SavePhase {
    /// Parts are written.
    Writing,
    /// What was not looked at before is checked; then the browser downloads it.
    Checking,
    /// All is written; the browser puts the file in its place.
    Finishing,
    /// The reader asked to stop.
    Stopping,
}

/// Something the reader can save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// The pushable archive with SOCI v2 index; available when [`Run::offer`] is an archive.
    SociArchive,
    /// The SOCI indexes with their zTOCs, without the image; available likewise.
    SociIndex,
    /// SOCI indexes of version 1, for the image as it is. Legacy; available likewise.
    LegacyIndex,
    /// The zTOC of one layer; available when the layer's report entry has one.
    Ztoc(LayerId),
    /// `report.json`.
    Report,
    /// `verification.json`; available once [`Run::verification`] is done.
    Verification,
    /// The task definition as the form stands.
    TaskDefinition,
}

impl Artifact {
    /// The name it is saved under, derived from the name of the source file.
    pub fn file_name(&self, source: &str) -> String {
        const ENDINGS: [&str; 8] =
            [".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.xz", ".txz", ".tar", ".ztoc"];
        let stem = ENDINGS.iter().find_map(|ending| source.strip_suffix(ending)).unwrap_or(source);
        let stem = stem.strip_suffix(".oci").unwrap_or(stem);
        match self {
            Self::SociArchive => format!("{stem}.soci.tar"),
            Self::SociIndex => format!("{stem}.soci-index.tar"),
            Self::LegacyIndex => format!("{stem}.soci-v1.tar"),
            Self::Ztoc(id) => format!("{stem}.layer-{}.ztoc", u64::from(id.0) + 1),
            Self::Report => format!("{stem}.report.json"),
            Self::Verification => format!("{stem}.verification.json"),
            Self::TaskDefinition => format!("{stem}.task-definition.json"),
        }
    }
}

/// Everything a view can ask for.
#[derive(Clone)]
pub enum Action {
    /// Analyse the first of these files; whatever runs is cancelled first.
    OpenFiles(Vec<web_sys::File>),
    /// Analyse the files of a folder as one image.
    OpenFolder(Vec<web_sys::File>),
    /// Go to another of the files that were handed in together ([`State::handed_in`]).
    Choose(usize),
    /// Look for files in the zTOC that is shown.
    SearchZtoc(String),
    /// Make and analyse the built-in sample.
    OpenSample,
    /// End what is running. Finished layers are kept and shown.
    Cancel,
    /// Back to the landing page.
    Reset,
    /// Another `--min-layer-size`, bytes. Instant.
    SetMinLayerSize(u64),
    /// Another `--span-size`, bytes. The layers are read again.
    SetSpanSize(u64),
    /// Which platforms get an index. Instant.
    SetPlatforms(PlatformChoice),
    /// Which image is converted, of a file that holds several: one of `Analysis::subjects`. Instant;
    /// what is shown follows.
    SetSubject(usize),
    /// The tag in the archive's `index.json`; none when empty. Instant.
    SetTag(String),
    /// Keep what soci drops: annotations of the image index, and with them attestation links.
    /// Instant.
    SetKeepAnnotations(bool),
    /// Index layers even where the snapshotter will refuse the zTOC. Instant.
    SetKeepUnusable(bool),
    /// Files to prefetch, as soci cleans their paths. zTOCs that were not searched for them are, and
    /// nothing is offered until they were.
    SetPrefetch(Vec<String>),
    /// Make stored layers gzip, among those of [`Run::remakable`].
    Remake {
        /// The stored layers.
        layers: Vec<LayerId>,
        /// 1, fast, to 9, small.
        level: u8,
    },
    /// End the making of layers. What was made is kept.
    CancelRemake,
    /// Read every layer that has a zTOC in the file against it.
    Verify(Depth),
    /// End that.
    CancelVerify,
    /// Take these stored layers again instead of what was made of them.
    Restore(Vec<LayerId>),
    /// Which image of the archive to show ([`Run::shown_image`]).
    ShowImage(usize),
    /// Replaces the task definition form.
    EditTask(Box<Form>),
    /// Save something to the reader's disk.
    Save(Artifact),
    /// Stop saving the archive. Nothing of it is left on the disk.
    CancelSave,
    /// Save the built-in sample image as a tar, to be tried with other tools.
    SaveSampleTar,
    /// Go to a view; the address follows and Back returns.
    Go(View),
    /// Choose the colours.
    SetTheme(Theme),
    /// Remove the toast.
    DismissToast,
}

/// The views of a finished analysis. The address' hash holds it, so Back and Forward work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Verdict, layers, downloads.
    #[default]
    Image,
    /// The form and its JSON.
    TaskDefinition,
}

impl View {
    /// All views, in the order of the view bar.
    pub const ALL: [Self; 2] = [Self::Image, Self::TaskDefinition];

    /// What `location.hash` says for this view; also right as a link's `href`.
    pub fn hash(self) -> &'static str {
        match self {
            Self::Image => "#image",
            Self::TaskDefinition => "#task-definition",
        }
    }

    /// The view a hash asks for; anything unknown is the first view.
    pub fn from_hash(hash: &str) -> Self {
        Self::ALL.into_iter().find(|view| view.hash() == hash).unwrap_or_default()
    }
}

/// The reader's colour choice, remembered by the browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Whatever the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// All choices, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The value of `data-theme` on `<html>`, and what is remembered.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme called `name`; anything unknown is [`Theme::System`].
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default()
    }
}
