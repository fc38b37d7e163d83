//! Whole images that the reference converted: ours must be the same bytes, and must refuse what it
//! refuses.
//!
//! A plain `cargo test` takes the subset in `tests/fixtures/images`; `--ignored` takes all 165
//! images in all their settings and ends with a line of totals. With `SOCISCOPE_SHOW_REFUSALS` set
//! it also prints, for each refusal, our words beside the reference's.

use serde::Deserialize;
use sociscope_golden::{
    fixtures,
    images::{self, Fixture},
    sha256_hex, shared,
};
use sociscope_image::{Digest, DigestCheck, Extent, Layout, Limits, Open, Want};
use sociscope_soci::{ConvertOptions, Part, PlatformChoice, Root, Selection, ZtocBlob};
use sociscope_ztoc::{Build, BuildOptions, Compression, DigestMode, SpanSize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

/// Flags whose settings `artefacts.rs` checks.
const ELSEWHERE: [&str; 3] = ["--prefetch-file", "--prefetch-files-json", "--format"];

/// Images that the reference refuses and we convert, and why that is right.
const OURS_ALONE: [(&str, &str); 2] = [
    ("bad-outer-whiteout", "a blob is not deleted because another name in the tar begins with .wh."),
    ("oci-layout-inside-top-folder", "an image that lies in a folder of the archive is found"),
];

/// What the reference did.
#[derive(Deserialize)]
struct Expected {
    args: Vec<String>,
    exit: i32,
    stderr: Vec<String>,
    output: Option<Output>,
}

#[derive(Deserialize)]
struct Output {
    size: u64,
    sha256: String,
    /// Absent for what a failure left behind.
    #[serde(default)]
    entries: Vec<Entry>,
}

/// One member of the reference's archive.
#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    sha256: String,
    text: Option<String>,
}

/// What became of one image in one setting.
enum Verdict {
    Identical,
    /// Both refuse; ours is the reason.
    Refused(String),
    /// Not looked at here, see [`ELSEWHERE`].
    Elsewhere,
    /// The reference refuses, and we convert.
    OursAlone,
    Wrong(String),
}

/// The totals of a run.
#[derive(Default)]
struct Tally {
    /// Converted by the reference, and done here.
    accepted: Count,
    identical: Count,
    refused: Count,
    ours_alone: BTreeSet<String>,
    elsewhere: Vec<String>,
    wrong: Vec<String>,
}

/// How many, and of those, how many of images that are as their tool wrote them.
#[derive(Clone, Copy, Default)]
struct Count {
    all: usize,
    real: usize,
}

impl Count {
    fn add(&mut self, fixture: &Fixture) {
        self.all += 1;
        self.real += usize::from(fixture.origin == "real");
    }
}

impl Tally {
    /// Runs every setting of every image of the set in `dir`.
    fn of(dir: &Path) -> Self {
        let show = std::env::var_os("SOCISCOPE_SHOW_REFUSALS").is_some();
        let mut tally = Self::default();
        for fixture in images::manifest(dir).fixtures {
            let file = images::bytes(dir, &fixture);
            let mut ztocs = Ztocs::default();
            for (setting, outcome) in &fixture.expected {
                let name = format!("{}.{setting}", fixture.name);
                let text = fs::read(dir.join(&outcome.file)).expect("an expected file");
                let expected: Expected = serde_json::from_slice(&text).expect("an expected file");
                let verdict = compare(&fixture.name, &file, &expected, &mut ztocs);
                if let Verdict::Elsewhere = verdict {
                    tally.elsewhere.push(name);
                    continue;
                }
                if expected.exit == 0 {
                    tally.accepted.add(&fixture);
                }
                match verdict {
                    Verdict::Identical => tally.identical.add(&fixture),
                    Verdict::Refused(reason) => {
                        tally.refused.add(&fixture);
                        if show {
                            println!("{name}\n  ours:   {reason}\n  theirs: {}", expected.stderr.join(" "));
                        }
                    }
                    Verdict::OursAlone => {
                        tally.ours_alone.insert(fixture.name.clone());
                    }
                    Verdict::Wrong(why) => tally.wrong.push(format!("{name}: {why}")),
                    Verdict::Elsewhere => {}
                }
            }
        }
        tally
    }

    /// Says what was found, and fails if anything was wrong.
    fn report(&self) {
        println!(
            "identical: real {}/{}, all {}/{}; refused like the reference: real {}, all {}",
            self.identical.real,
            self.accepted.real,
            self.identical.all,
            self.accepted.all,
            self.refused.real,
            self.refused.all,
        );
        println!("checked in artefacts.rs: {}", self.elsewhere.join(", "));
        for (name, why) in OURS_ALONE.iter().filter(|(name, _)| self.ours_alone.contains(*name)) {
            println!("converted by us alone: {name}: {why}");
        }
        assert!(self.wrong.is_empty(), "{} differ\n{}", self.wrong.len(), self.wrong.join("\n"));
        assert!(self.identical.all > 0 && self.refused.all > 0, "the set is not empty");
    }
}

fn compare(name: &str, file: &[u8], expected: &Expected, ztocs: &mut Ztocs) -> Verdict {
    if expected.args.iter().any(|argument| ELSEWHERE.contains(&argument.as_str())) {
        return Verdict::Elsewhere;
    }
    match (convert(file, &expected.args, ztocs), expected.exit) {
        (Ok(archive), 0) => {
            let output = expected.output.as_ref().expect("an accepted image has an output");
            match difference(&archive, output) {
                None => Verdict::Identical,
                Some(difference) => Verdict::Wrong(difference),
            }
        }
        (Ok(_), _) if OURS_ALONE.iter().any(|(known, _)| *known == name) => Verdict::OursAlone,
        (Ok(_), _) => Verdict::Wrong(format!("accepted, but the reference says {:?}", expected.stderr)),
        (Err(reason), 0) => Verdict::Wrong(format!("refused: {reason}")),
        (Err(reason), _) => Verdict::Refused(reason),
    }
}

/// Converts an archive that is in memory, and writes the finished one into memory.
fn convert(file: &[u8], args: &[String], ztocs: &mut Ztocs) -> Result<Vec<u8>, String> {
    let layout = open(file)?;
    let options = options(args, &layout)?;
    let selection = Selection::new(&layout, &options).map_err(in_full)?;
    if let Some(refusal) = selection.refusal() {
        return Err(in_full(refusal.clone()));
    }
    let mut blobs = BTreeMap::new();
    for wanted in selection.wanted() {
        let layer = slice(file, wanted.extent);
        let ztoc = ztocs.get(&wanted.digest, layer, wanted.compression, options.span_size)?;
        blobs.insert((wanted.digest, wanted.compression), ztoc);
    }
    let converted = selection.finish(&layout, &blobs).map_err(in_full)?;
    let mut archive = Vec::new();
    for part in converted.plan.parts() {
        match part {
            Part::Bytes(bytes) => archive.extend_from_slice(bytes),
            Part::Ztoc { digest, .. } => archive.extend_from_slice(&ztocs.bytes[digest]),
            Part::Source { extent, digest } => {
                let bytes = slice(file, *extent);
                let mut check = DigestCheck::new(Some(digest), Some(extent.len));
                check.update(bytes);
                let outcome = check.finish();
                if !outcome.matches {
                    return Err(format!("blob {digest} has the bytes of {}", outcome.found));
                }
                archive.extend_from_slice(bytes);
            }
        }
    }
    assert_eq!(archive.len() as u64, converted.plan.size(), "the size is known beforehand");
    Ok(archive)
}

fn in_full(error: sociscope_soci::Error) -> String {
    format!("{error} [{:?}; {}] {}", error.culprit(), error.place(), error.way_out())
}

fn open(file: &[u8]) -> Result<Layout, String> {
    let mut open = Open::new(file.len() as u64, Limits::default());
    while let Want::Read { offset, len } = open.want() {
        open.supply(slice(file, Extent { offset, len })).map_err(|error| error.to_string())?;
    }
    let archive = open.finish().map_err(|error| error.to_string())?;
    archive.layout.ok_or_else(|| "a docker-archive without an OCI layout".to_owned())
}

fn slice(file: &[u8], extent: Extent) -> &[u8] {
    let start = usize::try_from(extent.offset).expect("a small fixture");
    let end = usize::try_from(extent.end()).expect("a small fixture");
    &file[start..end]
}

/// The reference's flags in our words. Without a platform flag it takes the only platform of a
/// manifest, and of a list the platform of the machine it ran on.
fn options(args: &[String], layout: &Layout) -> Result<ConvertOptions, String> {
    let mut options = ConvertOptions::default();
    let mut platforms = Vec::new();
    let mut all = false;
    let mut args = args.iter();
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--all-platforms" => all = true,
            // Rebuilding what was built before gives the same.
            "--force" => {}
            _ => {
                let value = args.next().expect("a flag has a value");
                let number = || value.parse().map_err(|_| format!("{flag} {value} is no size"));
                match flag.as_str() {
                    "--span-size" => {
                        options.span_size = SpanSize::new(number()?).map_err(|error| error.to_string())?;
                    }
                    "--min-layer-size" => options.min_layer_size = number()?,
                    "--platform" => platforms.push(value.clone()),
                    "--optimizations" => options.disable_xattrs = value == "xattr",
                    other => panic!("unknown flag {other}"),
                }
            }
        }
    }
    let is_list = Root::find(layout).is_ok_and(|root| root.is_list());
    if !all && platforms.is_empty() && is_list {
        platforms.push("linux/amd64".to_owned());
    }
    if !platforms.is_empty() {
        options.platforms = PlatformChoice::Listed(platforms);
    }
    Ok(options)
}

/// zTOCs of one image's layers, each built once for all settings.
#[derive(Default)]
struct Ztocs {
    built: BTreeMap<(Digest, Compression, u64), Result<ZtocBlob, String>>,
    bytes: BTreeMap<Digest, Vec<u8>>,
}

impl Ztocs {
    fn get(
        &mut self,
        layer: &Digest,
        bytes: &[u8],
        compression: Compression,
        span_size: SpanSize,
    ) -> Result<ZtocBlob, String> {
        let key = (layer.clone(), compression, span_size.get());
        if let Some(known) = self.built.get(&key) {
            return known.clone();
        }
        let options =
            BuildOptions { compression, span_size, digests: DigestMode::Here, ..BuildOptions::default() };
        let built = Build::from_slice(bytes, options)
            .and_then(|build| Ok((build.disables_xattrs(), build.to_bytes()?)))
            .map_err(|error| format!("layer {layer}: {error}"))
            .map(|(disables_xattrs, ztoc)| {
                let digest = Digest::of(&ztoc);
                let blob = ZtocBlob {
                    digest: digest.clone(),
                    size: ztoc.len() as u64,
                    disables_xattrs,
                    prefetch: vec![],
                };
                self.bytes.insert(digest, ztoc);
                blob
            });
        self.built.insert(key, built.clone());
        built
    }
}

/// Where an archive is not the reference's, in words.
fn difference(archive: &[u8], expected: &Output) -> Option<String> {
    if archive.len() as u64 == expected.size && sha256_hex(archive) == expected.sha256 {
        return None;
    }
    let mut members = tar::Archive::new(archive);
    let mut members = members.entries().expect("our own archive can be read");
    for wanted in &expected.entries {
        let Some(member) = members.next() else {
            return Some(format!("the archive ends before {}", wanted.name));
        };
        let mut member = member.expect("our own archive can be read");
        let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
        let mut bytes = Vec::new();
        std::io::copy(&mut member, &mut bytes).expect("our own archive can be read");
        let same = name == wanted.name && (wanted.sha256.is_empty() || sha256_hex(&bytes) == wanted.sha256);
        if !same {
            let mut text = format!("first difference: {name} ({} bytes)", bytes.len());
            let _ = write!(text, "\n  expected {} ({} bytes)", wanted.name, wanted.size);
            if let Some(wanted) = &wanted.text {
                let _ = write!(text, "\n  expected {wanted}\n  found    {}", String::from_utf8_lossy(&bytes));
            }
            // A document of another digest stands in another place: show those that are missing.
            for wanted in expected.entries.iter().filter(|entry| entry.text.is_some()) {
                let text_of = wanted.text.as_deref().unwrap_or_default();
                if !archive.windows(text_of.len().max(1)).any(|window| window == text_of.as_bytes()) {
                    let _ = write!(text, "\n  nowhere: {text_of}");
                }
            }
            return Some(text);
        }
    }
    Some(format!("the members are the same, the bytes are not: {} bytes of {}", archive.len(), expected.size))
}

#[test]
fn the_subset_is_converted_as_by_the_reference() {
    Tally::of(&fixtures().join("images")).report();
}

#[test]
#[ignore = "full set"]
fn every_image_is_converted_as_by_the_reference() {
    let tally = Tally::of(&shared().join("golden-images"));
    tally.report();
    // The table says nothing that is not so.
    assert_eq!(tally.ours_alone.len(), OURS_ALONE.len());
    // One with prefetching, three with folders.
    assert_eq!(tally.elsewhere.len(), 4, "{:?}", tally.elsewhere);
}

/// Every kind of outcome occurs in the subset: a claim about the fixtures, not about us.
#[test]
fn the_subset_covers_the_outcomes() {
    let dir = fixtures().join("images");
    let mut outcomes = BTreeSet::new();
    for fixture in images::manifest(&dir).fixtures {
        for outcome in fixture.expected.values() {
            outcomes.insert((fixture.origin.clone(), outcome.exit == 0));
        }
    }
    for origin in ["real", "hand-made"] {
        for accepted in [true, false] {
            assert!(outcomes.contains(&(origin.to_owned(), accepted)), "{origin} {accepted}");
        }
    }
}
