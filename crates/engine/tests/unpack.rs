//! Outer compression: every form that real tools write comes out whole, and whatever is wrong is
//! named with its place and a way out.

use std::io::Read;

use sociscope_engine::{Culprit, Failure, OuterFormat, UnpackLimits, Unpacker, human};

/// The content of all fixtures; `tests/fixtures/unpack/make.sh` makes the same.
fn content() -> Vec<u8> {
    (0..3000_u32).flat_map(|i| format!("{}\n", i * 7919 % 1009).into_bytes()).collect()
}

fn fixture(name: &str) -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/unpack/");
    std::fs::read(format!("{path}{name}")).expect("a fixture")
}

/// A reader that gives a few bytes at a time, as slow media do.
struct Drops<'a>(&'a [u8], usize);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let len = self.1.min(self.0.len()).min(buffer.len());
        let (now, later) = self.0.split_at(len);
        buffer[..len].copy_from_slice(now);
        self.0 = later;
        Ok(len)
    }
}

fn unpack_by(file: &[u8], drop: usize, piece: usize, limits: UnpackLimits) -> Result<Vec<u8>, Failure> {
    let format = OuterFormat::of(file).expect("a known format");
    let mut unpacker = Unpacker::new(format, Drops(file, drop), limits);
    let (mut all, mut buffer) = (Vec::new(), vec![0; piece]);
    loop {
        match unpacker.read(&mut buffer)? {
            0 => break,
            read => all.extend(&buffer[..read]),
        }
    }
    assert_eq!((unpacker.consumed(), unpacker.produced()), (file.len() as u64, all.len() as u64));
    assert_eq!(unpacker.read(&mut buffer).map_err(|failure| failure.message), Ok(0), "the end stays the end");
    Ok(all)
}

fn unpack(file: &[u8]) -> Result<Vec<u8>, Failure> {
    unpack_by(file, usize::MAX, 64 << 10, UnpackLimits::default())
}

const SOUND: [&str; 12] = [
    "one.gz",
    "members.gz",
    "sized.zst",
    "checked.zst",
    "frames.zst",
    "none.xz",
    "crc32.xz",
    "crc64.xz",
    "sha256.xz",
    "blocks.xz",
    "streams.xz",
    "bcj.xz",
];

#[test]
fn every_form_unpacks_to_the_same_however_it_is_read() {
    for name in SOUND {
        let file = fixture(name);
        for (drop, piece) in [(usize::MAX, 64 << 10), (1, 1), (7, 1000), (1000, 3)] {
            let unpacked = unpack_by(&file, drop, piece, UnpackLimits::default());
            assert!(unpacked.as_ref() == Ok(&content()), "{name}, {drop}, {piece}: {:?}", unpacked.err());
        }
    }
}

/// A failure that says what, where and what to do, and never a panic.
fn refused(name: &str, file: &[u8]) -> Failure {
    let failure = unpack(file).expect_err(name);
    assert!(failure.message.ends_with('.') && failure.place.contains("byte "), "{name}: {failure:?}");
    assert!(failure.fix.as_ref().is_some_and(|fix| !fix.is_empty()), "{name}: {failure:?}");
    failure
}

#[test]
fn a_file_cut_anywhere_is_never_taken_for_whole() {
    // Both are whole once their last part is; only what stands behind that may be missing.
    let padded = |name: &str| if name == "streams.xz" { 4 } else { 0 };
    for name in SOUND {
        let file = fixture(name);
        for len in (6..file.len() - padded(name)).step_by(97).chain([file.len() - padded(name) - 1]) {
            let is_complete = match name {
                // A member, frame or stream ends exactly here.
                "members.gz" | "frames.zst" | "streams.xz" => {
                    unpack(&file[..len]).is_ok_and(|some| some.len() < 11_700)
                }
                _ => false,
            };
            if !is_complete {
                let failure = refused(name, &file[..len]);
                assert_eq!(failure.culprit, Culprit::File, "{name} cut at {len}");
            }
        }
    }
}

#[test]
fn truncation_is_called_by_its_name() {
    for (name, format) in [("one.gz", "gzip"), ("checked.zst", "zstd"), ("crc64.xz", "xz")] {
        let file = fixture(name);
        let failure = refused(name, &file[..file.len() / 2]);
        assert_eq!(failure.message, format!("The {format} data end early: part of the file is missing."));
        let end = human::count(file.len() as u64 / 2);
        assert_eq!(failure.place, format!("outer compression ({format}), byte {end}"));
    }
}

#[test]
fn a_changed_byte_is_noticed() {
    // What is not covered by any checksum: names and times of gzip headers, zstd's unused bits.
    for name in ["one.gz", "checked.zst", "crc32.xz", "crc64.xz", "sha256.xz", "blocks.xz"] {
        let file = fixture(name);
        for at in (if name == "one.gz" { 10 } else { 8 }..file.len()).step_by(13) {
            let mut changed = file.clone();
            changed[at] ^= 0x10;
            match unpack(&changed) {
                Err(failure) => assert_eq!(failure.culprit, Culprit::File, "{name} at {at}: {failure:?}"),
                Ok(all) => assert!(all == content(), "{name} at {at}: other content came out"),
            }
        }
    }
}

#[test]
fn checksums_and_lengths_are_compared() {
    let check = |name: &str, at_from_end: usize, says: &str| {
        let mut file = fixture(name);
        let at = file.len() - at_from_end;
        file[at] ^= 1;
        let failure = refused(name, &file);
        assert!(failure.message.contains(says), "{name}: {failure:?}");
    };
    check("one.gz", 8, "checksum");
    check("one.gz", 4, "length");
    check("checked.zst", 4, "checksum");
    // In front of index and footer lies the block's check.
    check("crc32.xz", 12 + 12 + 1, "check");
    check("sha256.xz", 12 + 12 + 1, "check");
}

#[test]
fn what_comes_behind_the_end_is_zeros_or_an_error() {
    let behind = |name: &str, more: &[u8]| unpack(&[fixture(name).as_slice(), more].concat());
    assert!(behind("one.gz", &[0; 10_000]).is_ok(), "gzip(1) pads for tapes");
    assert!(behind("crc64.xz", &[0; 8]).is_ok(), "stream padding");
    for name in ["one.gz", "checked.zst", "crc64.xz"] {
        for more in [&b"x"[..], b"\x1f", b"\x28\xb5", b"garbage behind it", &[0, 0, 0, 0, 9]] {
            assert!(behind(name, more).is_err(), "{name} and {more:?}");
        }
    }
    let failure = behind("one.gz", b"garbage").expect_err("an error");
    assert_eq!(failure.place, "outer compression (gzip), byte 1,945");
    assert_eq!(failure.found.as_deref(), Some("67 61 72 62 61 67 65"));
}

#[test]
fn limits_are_named_when_they_are_hit() {
    for name in SOUND {
        let limits = UnpackLimits { max_output: 11_699, ..UnpackLimits::default() };
        let failure = unpack_by(&fixture(name), usize::MAX, 100, limits).expect_err(name);
        assert_eq!(failure.culprit, Culprit::Limit);
        assert!(failure.message.contains("max_output = 11,699"), "{failure:?}");
        let exact = UnpackLimits { max_output: 11_700, ..limits };
        assert!(unpack_by(&fixture(name), usize::MAX, 100, exact).is_ok(), "{name}");
    }
    for (name, needs) in [("window-2g.zst", "window of 2 GiB"), ("crc64.xz", "dictionary of 8 MiB")] {
        let limits = UnpackLimits { max_window: 4 << 20, ..UnpackLimits::default() };
        let failure = unpack_by(&fixture(name), usize::MAX, 100, limits).expect_err(name);
        assert_eq!(failure.culprit, Culprit::Limit);
        assert!(
            failure.message.contains(needs) && failure.message.contains("max_window = 4 MiB"),
            "{failure:?}"
        );
    }
}

#[test]
fn a_bomb_stops_at_the_limit() {
    // 1,000 : 1 in gzip, and 128 KiB out of every 4 bytes in zstd.
    let zeros = miniz_oxide::deflate::compress_to_vec(&vec![0; 16 << 20], 9);
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255][..], &zeros].concat();
    let run = [&[2, 0, 0x10][..], &[0]].concat();
    let zstd = [&[0x28, 0xb5, 0x2f, 0xfd, 0, 0x50][..], &run.repeat(200)].concat();
    for (name, file) in [("gzip", gzip), ("zstd", zstd)] {
        let limits = UnpackLimits { max_output: 1 << 20, ..UnpackLimits::default() };
        let failure = unpack_by(&file, usize::MAX, 4096, limits).expect_err(name);
        assert!(failure.message.contains("max_output = 1,048,576"), "{failure:?}");
    }
}

#[test]
fn a_dictionary_is_asked_for() {
    let failure = refused("dictionary.zst", &fixture("dictionary.zst"));
    assert_eq!(failure.culprit, Culprit::Unsupported);
    assert!(
        failure.message.contains("needs the dictionary") || failure.message.contains("need the dictionary")
    );
}

#[test]
fn the_size_is_told_where_the_format_tells_it() {
    let check = |name: &str, expected: Option<u64>| {
        let file = fixture(name);
        let format = OuterFormat::of(&file).expect("a format");
        assert_eq!(format.stated_size(&file, &file), expected, "{name}");
    };
    check("one.gz", Some(11_700));
    check("sized.zst", Some(11_700));
    check("checked.zst", None);
    check("blocks.xz", Some(11_700));
    // Of the last stream only.
    check("streams.xz", Some(6_700));
    let sized = fixture("sized.zst");
    let mut unpacker = Unpacker::new(OuterFormat::Zstd, sized.as_slice(), UnpackLimits::default());
    assert_eq!(unpacker.stated_size(), None, "nothing was read yet");
    let read = unpacker.read(&mut [0; 10]).map_err(|failure| failure.message);
    assert_eq!((read, unpacker.stated_size()), (Ok(10), Some(11_700)));
}

#[test]
fn a_reader_that_fails_is_said_to() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is on fire"))
        }
    }
    let mut unpacker = Unpacker::new(OuterFormat::Xz, Broken, UnpackLimits::default());
    let failure = unpacker.read(&mut [0; 10]).expect_err("a failure");
    assert_eq!(failure.message, "The file cannot be read: the disk is on fire.");
}

/// Damage of all kinds, the same every time; `ROUNDS` in the environment makes it longer.
#[test]
fn nothing_makes_it_panic() {
    let rounds: u64 = std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let limits = UnpackLimits { max_output: 1 << 20, max_window: 16 << 20 };
    for name in SOUND {
        let file = fixture(name);
        for _ in 0..rounds {
            let mut changed = file.clone();
            for _ in 0..=random(4) {
                // Headers are short and decide most.
                let at = if random(2) == 0 { random(64.min(changed.len())) } else { random(changed.len()) };
                match random(4) {
                    0 => changed[at] = random(256) as u8,
                    1 => changed[at] ^= 1 << random(8),
                    2 => {
                        let end = (at + random(8)).min(changed.len());
                        changed.drain(at..end);
                    }
                    _ => changed.insert(at, [0, 255][random(2)]),
                }
            }
            if OuterFormat::of(&changed).is_some() {
                let mut unpacker =
                    Unpacker::new(OuterFormat::of(&file).expect("known"), &changed[..], limits);
                while unpacker.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
            }
        }
    }
}
