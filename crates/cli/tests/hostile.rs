//! Input made to do harm, or to look as if: a good end or a calm refusal, in bounded memory, and
//! nothing left behind.
//!
//! Every case goes through `convert` and `inspect`. A refusal is exit 1 and one paragraph that says
//! what, where, and the way out.

#![cfg(unix)]

mod program;

use program::{Ended, Scratch, command};
use serde_json::{Value, json};
use sociscope_engine::image::Digest;
use std::{
    io::{self, Read as _, Write},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Address space of a run in KiB, stacks and the program itself included.
const MEMORY: u32 = 1 << 20;

/// Far more than any case takes; a run that needs longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Longest refusal in bytes: one paragraph, whatever the file is called or filled with.
const PARAGRAPH: usize = 2000;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// How a case may end.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// It looks odd and is fine.
    Fine,
    /// It must be refused, in words with this in them.
    Refused(&'static str),
}
use End::{Fine, Refused};

/// A tar that is written by hand, because the usual writers refuse to lie.
#[derive(Clone, Default)]
struct Tar(Vec<u8>);

impl Tar {
    /// The beginning of every layout.
    fn layout() -> Self {
        Self::default().file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)
    }

    /// A file that is what it says.
    fn file(self, name: impl AsRef<[u8]>, bytes: &[u8]) -> Self {
        self.entry(name, b'0', b"", &octal(bytes.len() as u64), bytes)
    }

    fn blob(self, bytes: &[u8]) -> Self {
        let name = blob_name(bytes);
        self.file(name, bytes)
    }

    fn link(self, name: impl AsRef<[u8]>, target: &str) -> Self {
        self.entry(name, b'2', target.as_bytes(), &octal(0), b"")
    }

    /// Any entry: its type flag, link target, size field as it stands there, and data.
    fn entry(mut self, name: impl AsRef<[u8]>, kind: u8, link: &[u8], size: &[u8; 12], data: &[u8]) -> Self {
        self.0.extend(header(name.as_ref(), kind, link, size));
        self.0.extend(data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

fn header(name: &[u8], kind: u8, link: &[u8], size: &[u8; 12]) -> [u8; 512] {
    let mut block = [0; 512];
    let mut field = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    field(0, name);
    field(100, b"0000644\0");
    field(108, b"0000000\0");
    field(116, b"0000000\0");
    field(124, size);
    field(136, b"00000000000\0");
    field(148, b"        ");
    field(156, &[kind]);
    field(157, link);
    field(257, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn octal(size: u64) -> [u8; 12] {
    let text = format!("{size:011o}\0");
    text.as_bytes().try_into().expect("eleven digits")
}

/// GNU's way to write a size that has no room: the first bit set, then big-endian.
fn base_256(size: u64) -> [u8; 12] {
    let mut field = [0; 12];
    field[0] = 0x80;
    field[4..].copy_from_slice(&size.to_be_bytes());
    field
}

fn blob_name(bytes: &[u8]) -> String {
    format!("blobs/sha256/{}", Digest::of(bytes).hex())
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len() })
}

fn text(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn config() -> Vec<u8> {
    text(&json!({ "architecture": "amd64", "os": "linux", "rootfs": { "type": "layers", "diff_ids": [] } }))
}

fn layer() -> Vec<u8> {
    Tar::default().file("etc/motd", b"hello").end()
}

fn manifest(layers: Value) -> Value {
    json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, &config()), "layers": layers })
}

/// A manifest of one good layer.
fn good_manifest() -> Value {
    manifest(json!([descriptor(LAYER, &layer())]))
}

fn index_of(children: Value) -> Vec<u8> {
    text(&json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": children }))
}

/// Everything but the index, for a manifest.
fn blobs(manifest: &[u8]) -> Tar {
    Tar::layout().blob(&config()).blob(&layer()).blob(manifest)
}

/// An archive around a manifest.
fn around(manifest: &Value) -> Vec<u8> {
    let manifest = text(manifest);
    let index = index_of(json!([descriptor(MANIFEST, &manifest)]));
    blobs(&manifest).file("index.json", &index).end()
}

/// A good archive whose tar `first` begins.
fn behind(first: Tar) -> Vec<u8> {
    let mut bytes = first.0;
    bytes.extend(around(&good_manifest()));
    bytes
}

/// Runs the program in bounded memory and time.
fn run(args: &[&str]) -> Ended {
    let program = command(args);
    let mut bounded = Command::new("sh");
    // Other systems do not bound address space.
    let limit = if cfg!(target_os = "linux") { format!("ulimit -v {MEMORY} && ") } else { String::new() };
    bounded.args(["-c", &format!("{limit}exec \"$0\" \"$@\"")]);
    bounded.arg(program.get_program()).args(program.get_args());
    let child =
        bounded.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell");
    let started = Instant::now();
    let id = child.id();
    let watch = std::thread::spawn(move || child.wait_with_output());
    while !watch.is_finished() {
        if started.elapsed() > PATIENCE {
            let _ = Command::new("kill").args(["-KILL", &id.to_string()]).status();
            panic!("{args:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    watch.join().expect("no panic").expect("it ran").into()
}

/// What `convert` and `inspect` make of `image`; how `convert` ended.
fn check_file(name: &str, scratch: &Scratch, image: &str, end: Option<End>) {
    let out = scratch.path("out.tar");
    let convert = ["convert", image, "--out", &out, "--min-layer-size", "0"];
    for args in [&convert[..], &["inspect", image, "--min-layer-size", "0", "--json"]] {
        let verb = args[0];
        let Ended { code, stdout, stderr } = run(args);
        assert!(code == 0 || code == 1, "{name}: {verb} ended with {code}\n{stderr}");
        // What is wrong with a layer is in the report.
        let refused = code == 1 && stdout.is_empty();
        if refused {
            assert!(stderr.starts_with("sociscope: "), "{name}: {verb}: {stderr}");
            for part in ["\n  where ", "\n  way out "] {
                assert!(stderr.contains(part), "{name}: {verb} without{part}: {stderr}");
            }
        }
        assert!(stderr.len() <= PARAGRAPH, "{name}: {verb} says {} bytes", stderr.len());
        let harmless = |c: char| c == '\n' || !c.is_control();
        assert!(stderr.chars().all(harmless), "{name}: {verb} controls the terminal: {stderr:?}");
        if verb == "convert" {
            match end {
                Some(Fine) => assert_eq!(code, 0, "{name}: {stderr}"),
                Some(Refused(word)) => {
                    assert_eq!(code, 1, "{name}");
                    assert!(stderr.contains(word), "{name}: no {word:?} in: {stderr}");
                }
                None => {}
            }
            if code == 0 {
                std::fs::remove_file(&out).expect("it was written");
            }
        }
    }
    assert_eq!(scratch.names(), ["in.tar"], "{name} left something behind");
}

fn check(name: &str, image: &[u8], end: End) {
    let scratch = Scratch::new();
    let path = scratch.write("in.tar", image);
    check_file(name, &scratch, &path, Some(end));
}

#[test]
fn names_are_names_and_not_paths() {
    check("as it should be", &around(&good_manifest()), Fine);
    for name in
        ["../../../etc/passwd", "/etc/passwd", "blobs/sha256/../../../out.tar", "./././x", "blobs", ""]
    {
        check(name, &behind(Tar::default().file(name, b"x")), Fine);
    }
    check("not UTF-8", &behind(Tar::default().file(b"blobs/sha256/\xff\xfe\x80", b"x")), Fine);
    check("an escape", &behind(Tar::default().file("\x1b[2J\x07", b"x")), Fine);
    // The digest is a path to those who join it to one.
    let child = json!([{ "mediaType": MANIFEST, "digest": "sha256:../../index.json", "size": 2 }]);
    check(
        "a digest that climbs",
        &Tar::layout().file("index.json", &index_of(child)).end(),
        Refused("digest"),
    );
    let child = json!([{ "mediaType": MANIFEST, "digest": "\u{1b}]0;gone\u{7}", "size": 2 }]);
    check(
        "a digest that rings",
        &Tar::layout().file("index.json", &index_of(child)).end(),
        Refused("digest"),
    );
}

#[test]
fn of_duplicates_one_is_taken() {
    let good = text(&good_manifest());
    let index = index_of(json!([descriptor(MANIFEST, &good)]));
    check(
        "the same twice",
        &blobs(&good).blob(&good).file("index.json", &index).file("index.json", &index).end(),
        Fine,
    );
    let other = Tar::default().file("index.json", b"{}").0;
    let last_is_good = [other.clone(), around(&good_manifest())].concat();
    check("index.json twice, the second is good", &last_is_good, Fine);
    let last_is_bad = blobs(&good).file("index.json", &index).file("index.json", b"{}").end();
    check("index.json twice, the first is good", &last_is_bad, Refused("index.json"));
    let changed = [blobs(&good).0, Tar::default().file(blob_name(&layer()), &vec![b'x'; layer().len()]).0];
    let changed = [changed.concat(), Tar::default().file("index.json", &index).end()].concat();
    check("a layer twice, the second is another", &changed, Refused("layer"));
}

#[test]
fn links_lead_somewhere_or_nowhere() {
    let good = text(&good_manifest());
    let index = index_of(json!([descriptor(MANIFEST, &good)]));
    let name = blob_name(&good);
    let rest = || Tar::layout().blob(&config()).blob(&layer()).file("index.json", &index);
    check(
        "to itself",
        &rest().link(&name, name.rsplit('/').next().expect("a name")).end(),
        Refused("manifest"),
    );
    let a = "a".repeat(64);
    let b = "b".repeat(64);
    let ring =
        rest().link(&name, &a).link(format!("blobs/sha256/{a}"), &b).link(format!("blobs/sha256/{b}"), &a);
    check("in a ring", &ring.end(), Refused("manifest"));
    check("out of the archive", &rest().link(&name, "../../../../../etc/passwd").end(), Refused("manifest"));
    check(
        "index.json to itself",
        &blobs(&good).link("index.json", "index.json").end(),
        Refused("index.json"),
    );
    // Each to the next.
    let chain = |hops: u32| {
        let mut tar = rest().link(&name, "0");
        for hop in 0..hops {
            tar = tar.link(format!("blobs/sha256/{hop}"), &(hop + 1).to_string());
        }
        tar.end()
    };
    check("50,000 hops", &chain(50_000), Refused("manifest"));
    check("100,000 hops", &chain(100_000), Refused("max_members"));
}

#[test]
fn nesting_ends() {
    let good = text(&good_manifest());
    let nested = |depth: usize, width: usize| {
        let mut tar = blobs(&good);
        let mut child = descriptor(MANIFEST, &good);
        for _ in 0..depth {
            let index = index_of(Value::Array(vec![child; width]));
            child = descriptor(INDEX, &index);
            tar = tar.blob(&index);
        }
        tar.file("index.json", &index_of(json!([child]))).end()
    };
    check("60 deep", &nested(60, 1), Refused("index"));
    check("10,000 deep", &nested(10_000, 1), Refused("index"));
    // A thousand million manifests, told in a few lines.
    check("9 deep and 10 wide", &nested(9, 10), Refused("max_manifests"));
    // JSON has depth of its own.
    for (name, open, close) in [("arrays", "[", "]"), ("objects", "{\"a\":", "}")] {
        let json = format!("{}0{}", open.repeat(200_000), close.repeat(200_000));
        check(name, &Tar::layout().file("index.json", json.as_bytes()).end(), Refused("index.json"));
    }
}

#[test]
fn large_documents_are_read_or_refused() {
    let mut big = good_manifest();
    big["annotations"] = json!({ "filler": "x".repeat(5_000_000) });
    let manifest = text(&big);
    let index = index_of(json!([descriptor(MANIFEST, &manifest)]));
    let scratch = Scratch::new();
    let path = scratch.write("in.tar", &blobs(&manifest).file("index.json", &index).end());
    check_file("a manifest of 5 MB, more than registries take", &scratch, &path, None);

    check(
        "100,000 times the same layer",
        &around(&manifest_of(100_000, |_| descriptor(LAYER, &layer()))),
        Refused("max_descriptors"),
    );
    let missing =
        |number: usize| json!({ "mediaType": LAYER, "digest": format!("sha256:{number:064x}"), "size": 1 });
    check(
        "100,000 layers that are missing",
        &around(&manifest_of(100_000, missing)),
        Refused("max_descriptors"),
    );
}

fn manifest_of(layers: usize, layer: impl Fn(usize) -> Value) -> Value {
    manifest((0..layers).map(layer).collect())
}

#[test]
fn sizes_in_headers_are_not_believed() {
    let good = text(&good_manifest());
    let index = index_of(json!([descriptor(MANIFEST, &good)]));
    let name = "x";
    for (what, size) in [
        ("a byte more than there is", octal(1)),
        ("8 GiB", octal((1 << 33) - 1)),
        ("8 EiB less one", base_256((1 << 63) - 1)),
        ("8 EiB", base_256(1 << 63)),
        ("16 EiB less one", base_256(u64::MAX)),
        ("all bits", [0xff; 12]),
        ("no digits", *b"zzzzzzzzzzz\0"),
    ] {
        let last = Tar(blobs(&good).file("index.json", &index).0).entry(name, b'0', b"", &size, b"");
        let scratch = Scratch::new();
        let path = scratch.write("in.tar", &last.0);
        check_file(what, &scratch, &path, None);
        // In front, it swallows what comes behind.
        let first = behind(Tar::default().entry(name, b'0', b"", &size, b""));
        check(what, &first, Refused(""));
        // In the names of a pax header, which a reader likes to keep in memory.
        for kind in [b'x', b'g', b'L', b'K'] {
            check(what, &behind(Tar::default().entry(name, kind, b"", &size, b"")), Refused(""));
        }
    }
    let pax =
        |record: &str| Tar::default().entry("x", b'x', b"", &octal(record.len() as u64), record.as_bytes());
    for size in ["9223372036854775807", "18446744073709551615", "99999999999999999999999", "-1", "1e3"] {
        let record = format!("size={size}\n");
        let record = format!("{} {record}", record.len() + 3);
        check(&record.clone(), &behind(pax(&record).file("y", b"")), Refused(""));
    }
    check("a pax record without end", &behind(pax("99999999 path=x\n").file("y", b"")), Refused(""));
}

#[test]
fn sparse_members_are_no_blobs() {
    let mut layers = layer();
    layers.truncate(512);
    let good = text(&good_manifest());
    let index = index_of(json!([descriptor(MANIFEST, &good)]));
    let rest = || Tar::layout().blob(&config()).blob(&good).file("index.json", &index);
    let gnu = rest().entry(blob_name(&layer()), b'S', b"", &octal(512), &layers);
    check("GNU's", &gnu.end(), Refused("layer"));
    let record = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n33 GNU.sparse.realsize=99999999\n";
    let pax = rest().entry("x", b'x', b"", &octal(record.len() as u64), record.as_bytes());
    check("pax", &pax.file(blob_name(&layer()), &layers).end(), Refused("layer"));
}

#[test]
fn sizes_in_descriptors_are_not_believed() {
    for size in [
        json!(-1),
        json!(0),
        json!(1),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(3.5),
        json!(1e300),
        json!("5"),
        json!(null),
        json!([5]),
    ] {
        let mut changed = descriptor(LAYER, &layer());
        changed["size"] = size.clone();
        check(&format!("layer {size}"), &around(&manifest(json!([changed]))), Refused(""));
        let mut changed = good_manifest();
        changed["config"]["size"] = size.clone();
        check(&format!("config {size}"), &around(&changed), Refused(""));
        let good = text(&good_manifest());
        // The manifest is there and has its digest: a wrong size may be put right.
        let mut changed = descriptor(MANIFEST, &good);
        changed["size"] = size.clone();
        let image = blobs(&good).file("index.json", &index_of(json!([changed]))).end();
        let scratch = Scratch::new();
        let path = scratch.write("in.tar", &image);
        check_file(&format!("manifest {size}"), &scratch, &path, None);
    }
}

#[test]
fn empty_blobs_are_not_what_they_should_be() {
    let empty = |media_type| descriptor(media_type, b"");
    let none = || Tar::layout().blob(b"");
    check("index.json", &Tar::layout().file("index.json", b"").end(), Refused("it is empty"));
    check(
        "manifest",
        &none().file("index.json", &index_of(json!([empty(MANIFEST)]))).end(),
        Refused("it is empty"),
    );
    check(
        "index",
        &none().file("index.json", &index_of(json!([empty(INDEX)]))).end(),
        Refused("it is empty"),
    );
    let mut changed = good_manifest();
    changed["config"] = empty(CONFIG);
    check("config", &[none().0, around(&changed)].concat(), Refused("e3b0c442"));
    // The reference makes a zTOC of it, which the snapshotter then refuses.
    check(
        "layer",
        &[none().0, around(&manifest(json!([empty(LAYER)])))].concat(),
        Refused("no bytes in the layer"),
    );
    let gzip = format!("{LAYER}+gzip");
    check("gzip layer", &[none().0, around(&manifest(json!([empty(&gzip)])))].concat(), Refused("layer"));
    check("nothing at all", b"", Refused("empty"));
}

#[test]
fn an_archive_may_end_anywhere() {
    let whole = around(&good_manifest());
    // What follows the last byte of index.json is padding and the two blocks of zeros.
    let complete = whole.iter().rposition(|byte| *byte != 0).expect("not empty") + 1;
    let scratch = Scratch::new();
    for len in (0..whole.len()).step_by(64) {
        let path = scratch.write("in.tar", &whole[..len]);
        let end = if len >= complete { Fine } else { Refused("") };
        check_file(&format!("the first {len} bytes"), &scratch, &path, Some(end));
    }
}

#[test]
fn half_a_million_entries_are_an_ordinary_layer() {
    let layer = gzip(|to| {
        for number in 0..500_000 {
            to.write_all(&header(format!("directory/{number:08}").as_bytes(), b'0', b"", &octal(0)))?;
        }
        to.write_all(&[0; 1024])
    });
    let media_type = format!("{LAYER}+gzip");
    let image = [Tar::layout().blob(&layer).0, around(&manifest(json!([descriptor(&media_type, &layer)])))];
    check("half a million", &image.concat(), Fine);
}

#[test]
fn a_layer_that_unpacks_without_end_is_read_piece_by_piece() {
    // Zeros in one file, more than the memory that the program may have.
    const SIZE: u64 = 5 << 28;
    let layer = gzip(|to| {
        to.write_all(&header(b"zeros", b'0', b"", &octal(SIZE)))?;
        for _ in 0..SIZE >> 20 {
            to.write_all(&[0; 1 << 20])?;
        }
        to.write_all(&[0; 1024])
    });
    let media_type = format!("{LAYER}+gzip");
    let image = [Tar::layout().blob(&layer).0, around(&manifest(json!([descriptor(&media_type, &layer)])))];
    check("a bomb", &image.concat(), Fine);
}

#[test]
fn outer_compression_is_taken_off_or_told() {
    let pack = |bytes: &[u8]| gzip(|to| to.write_all(bytes));
    let packed = pack(&around(&good_manifest()));
    check("packed", &packed, Fine);
    for len in (0..packed.len()).step_by(16) {
        check(&format!("the first {len} bytes"), &packed[..len], Refused(""));
    }
    check("with a checksum that is wrong", &[&packed[..packed.len() - 8], &[0; 8]].concat(), Refused(""));
    let often = (0..20).fold(packed.clone(), |bytes, _| pack(&bytes));
    check("packed 21 times", &often, Refused(""));
}

/// What `write` writes, through the system's gzip.
fn gzip(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .args(["-1", "-c", "-n"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gzip is there");
    let mut input = io::BufWriter::new(gzip.stdin.take().expect("piped"));
    let mut output = gzip.stdout.take().expect("piped");
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        output.read_to_end(&mut bytes).map(|_| bytes)
    });
    write(&mut input).and_then(|()| input.flush()).expect("gzip reads");
    drop(input);
    let bytes = reader.join().expect("no panic").expect("gzip writes");
    assert!(gzip.wait().expect("gzip ends").success());
    bytes
}
