//! Whole images that the reference converted: ours must be the same bytes. What it refuses we refuse
//! too, or do better, and then what comes out is on record with the reason.
//!
//! A plain `cargo test` takes the subset in `tests/fixtures/images`; `--ignored` takes all 165
//! images in all their settings and ends with a line of totals. With `SOCISCOPE_SHOW_REFUSALS` set
//! it also prints, for each refusal, our words beside the reference's; with `SOCISCOPE_BLESS` set it
//! writes down what we do better instead of comparing it.

mod ours;
mod run;
mod sound;

use ours::Ours;
use run::{Finished, Ztocs, convert, finish, open, options};
use serde::Deserialize;
use sociscope_golden::{
    fixtures,
    images::{self, Fixture},
    sha256_hex, shared,
};
use sociscope_soci::ConvertOptions;
use sociscope_soci::prepare::layout_for;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

/// Flags whose settings `artefacts.rs` checks.
const ELSEWHERE: [&str; 3] = ["--prefetch-file", "--prefetch-files-json", "--format"];

/// Images that the reference cannot even unpack or find, and we convert; and why that is right.
const FOUND: [(&str, &str); 2] = [
    ("bad-outer-whiteout", "A blob is not deleted because another name in the tar begins with .wh."),
    ("oci-layout-inside-top-folder", "An image that lies in a folder of the archive is found."),
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
    /// The reference refuses, and we convert: what came out, by image if there are several.
    Better(BTreeMap<String, Ours>),
    Wrong(String),
}

/// The totals of a run.
#[derive(Default)]
struct Tally {
    /// Converted by the reference, and looked at here.
    accepted: Count,
    identical: Count,
    refused: Count,
    better: Count,
    ours: BTreeMap<String, Ours>,
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
                let verdict = compare(&fixture.name, setting, &file, &expected, &mut ztocs);
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
                    Verdict::Better(ours) => {
                        tally.better.add(&fixture);
                        tally.ours.extend(ours);
                    }
                    Verdict::Wrong(why) => tally.wrong.push(format!("{name}: {why}")),
                    Verdict::Elsewhere => {}
                }
            }
        }
        tally
    }

    /// Says what was found, and fails if anything was wrong.
    fn report(&mut self) {
        self.wrong.extend(ours::differences(&self.ours));
        println!(
            "identical: real {}/{}, all {}/{}; refused like the reference: real {}, all {}; \
             refused by the reference alone: real {}, all {}",
            self.identical.real,
            self.accepted.real,
            self.identical.all,
            self.accepted.all,
            self.refused.real,
            self.refused.all,
            self.better.real,
            self.better.all,
        );
        println!("checked in artefacts.rs: {}", self.elsewhere.join(", "));
        assert!(self.wrong.is_empty(), "{} differ\n{}", self.wrong.len(), self.wrong.join("\n"));
        assert!(
            self.identical.all > 0 && self.refused.all > 0 && self.better.all > 0,
            "the set is not empty"
        );
    }
}

fn compare(name: &str, setting: &str, file: &[u8], expected: &Expected, ztocs: &mut Ztocs) -> Verdict {
    if expected.args.iter().any(|argument| ELSEWHERE.contains(&argument.as_str())) {
        return Verdict::Elsewhere;
    }
    let results = convert(file, &expected.args, ztocs).unwrap_or_else(|reason| vec![Err(reason)]);
    if expected.exit == 0 {
        let output = expected.output.as_ref().expect("an accepted image has an output");
        return match results.as_slice() {
            [Ok(finished)] if !finished.why.is_empty() => {
                Verdict::Wrong(format!("not in reference mode: {}", finished.why.join(" ")))
            }
            [Ok(finished)] => match difference(&finished.archive, output) {
                None => Verdict::Identical,
                Some(difference) => Verdict::Wrong(difference),
            },
            [Err(reason)] => Verdict::Wrong(format!("refused: {reason}")),
            _ => Verdict::Wrong(format!("taken for {} images", results.len())),
        };
    }
    let several = results.len() > 1;
    let mut better = BTreeMap::new();
    let mut reasons = Vec::new();
    for (number, result) in (1..).zip(results) {
        match result.and_then(|finished| record(name, finished)) {
            Ok(ours) => {
                let number = if several { format!("#{number}") } else { String::new() };
                better.insert(format!("{name}.{setting}{number}"), ours);
            }
            Err(reason) if reason.starts_with("unsound") => return Verdict::Wrong(reason),
            Err(reason) => reasons.push(reason),
        }
    }
    if better.is_empty() { Verdict::Refused(reasons.join(" | ")) } else { Verdict::Better(better) }
}

/// What goes on record of an archive that the reference does not make; it must be sound.
fn record(name: &str, finished: Finished) -> Result<Ours, String> {
    sound::check(&finished).map_err(|flaw| format!("unsound: {flaw}"))?;
    let found = FOUND.iter().find(|(known, _)| *known == name).map(|(_, why)| (*why).to_owned());
    let why: Vec<String> = found.into_iter().chain(finished.why).collect();
    if why.is_empty() {
        return Err("unsound: accepted without a reason".to_owned());
    }
    Ok(Ours { size: finished.archive.len() as u64, sha256: sha256_hex(&finished.archive), why })
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
fn the_subset_is_converted_as_by_the_reference_or_better() {
    Tally::of(&fixtures().join("images")).report();
}

#[test]
#[ignore = "full set"]
fn every_image_is_converted_as_by_the_reference_or_better() {
    let mut tally = Tally::of(&shared().join("golden-images"));
    tally.report();
    // What is on record is all there, and the table says nothing that is not so.
    let seen: BTreeSet<&str> = tally.ours.keys().map(String::as_str).collect();
    let recorded = ours::recorded();
    let unseen: Vec<&String> =
        recorded.keys().filter(|key| !key.contains('+') && !seen.contains(key.as_str())).collect();
    assert!(unseen.is_empty(), "on record, but no longer so: {unseen:?}");
    for (name, _) in FOUND {
        assert!(seen.iter().any(|key| key.starts_with(name)), "{name}");
    }
    // One with prefetching, three with folders.
    assert_eq!(tally.elsewhere.len(), 4, "{:?}", tally.elsewhere);
}

/// Converts a fixture of the subset, everything indexed, with choices that the reference lacks.
fn with_choices(name: &str, change: impl Fn(&mut ConvertOptions)) -> Finished {
    let dir = fixtures().join("images");
    let manifest = images::manifest(&dir);
    let fixture = manifest.fixtures.iter().find(|fixture| fixture.name == name).expect("a fixture");
    let file = images::bytes(&dir, fixture);
    let args = ["--span-size", "65536", "--min-layer-size", "0", "--all-platforms"].map(str::to_owned);
    let mut options = options(&args).expect("good flags");
    change(&mut options);
    let archive = open(&file).expect("a good archive");
    let prepared = layout_for(&archive, None).expect("one image");
    finish(&file, &prepared, &options, &mut Ztocs::default()).expect("a good image")
}

#[test]
fn annotations_are_kept_on_request() {
    let name = "buildkit-multi-attest";
    let finished = with_choices(name, |options| options.keep_annotations = true);
    assert_eq!(sound::attestations(&finished), 2, "each is of an image in the list");
    let mut ours =
        record(name, Finished { why: vec!["Annotations are kept.".to_owned()], ..finished }).unwrap();
    ours.why.truncate(1);
    let differences = ours::differences(&[(format!("{name}.all+keep"), ours)].into());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn a_tag_changes_nothing_but_index_json() {
    for name in ["buildkit-multi-attest", "skopeo-oci-archive"] {
        let without = with_choices(name, |_| {}).converted;
        let with =
            with_choices(name, |options| options.tag = Some("registry.invalid/app:1".to_owned())).converted;
        assert_eq!(with.image_index, without.image_index);
        assert_eq!(with.documents, without.documents);
        let tagged = String::from_utf8(with.index_json).unwrap();
        let annotation = r#","annotations":{"org.opencontainers.image.ref.name":"1"}"#;
        assert!(tagged.contains(annotation), "{tagged}");
        assert_eq!(tagged.replace(annotation, "").into_bytes(), without.index_json);
    }
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
