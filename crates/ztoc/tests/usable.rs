//! Every reason why the snapshotter cannot use a zTOC, with a layer made for it, and near misses.
//!
//! What is claimed of each layer was seen: soci-snapshotter v0.15.0's own packages mounted them and
//! read every file.

mod support;

use sociscope_ztoc::usable::{self, Effect, Findings, UnusableReason as Reason};
use sociscope_ztoc::{Build, BuildOptions, EntryKind, Ztoc};
use support::{Block, Recipe, end, file, gzip, gzip_options, member, pax, plain_options};

fn findings(layer: &[u8], options: BuildOptions) -> (Findings, Findings) {
    let build = Build::from_slice(layer, options).expect("a layer that soci takes");
    let file = build.to_bytes().expect("a zTOC");
    let ztoc = Ztoc::parse(&file).expect("a zTOC");
    (usable::check(&ztoc, Some(&build)), usable::check(&ztoc, None))
}

/// What is found in a gzip layer: place and reason.
fn found(contents: &[Vec<u8>]) -> Vec<(String, Reason)> {
    let (findings, _) = findings(&gzip(&tar(contents)), gzip_options(4096));
    assert_eq!(findings.count, findings.shown.len() as u64);
    findings.shown.into_iter().map(|found| (found.place, found.reason)).collect()
}

fn check(contents: &[Vec<u8>], expected: &[(&str, Reason)]) {
    let expected: Vec<_> =
        expected.iter().map(|(place, reason)| ((*place).to_owned(), reason.clone())).collect();
    assert_eq!(found(contents), expected);
}

/// A tar of these members.
fn tar(members: &[Vec<u8>]) -> Vec<u8> {
    [members.concat(), end()].concat()
}

fn entry(name: &str, flag: u8) -> Vec<u8> {
    Block::new(name, flag, 0).sum()
}

fn link(name: &str, target: &str) -> Vec<u8> {
    Block::new(name, b'1', 0).field(157, target.as_bytes()).sum()
}

/// A symbolic link whose header claims a size.
fn sized_link(name: &str, size: u64) -> Vec<u8> {
    Block::new(name, b'2', size).field(157, b"target").sum()
}

/// An empty regular file with another mode.
fn with_mode(name: &str, mode: &str) -> Vec<u8> {
    Block::new(name, b'0', 0).field(100, mode.as_bytes()).sum()
}

#[test]
fn hard_links_to_earlier_entries_work_under_any_spelling() {
    for target in ["a", "./a", "/a", "x/../a", "../a", "a/", "./x/.././a"] {
        check(&[file("./a", b"1"), link("b", target)], &[]);
    }
    check(&[file("usr/bin/env", b"1"), link("l", "usr/bin")], &[]);
    check(&[entry("usr/", b'5'), link("l", "usr")], &[]);
    check(&[file("a", b"1"), link("l", "/")], &[]);
    check(&[file("d/a", b"1"), link("e", "d"), link("f", "e/a")], &[]);
}

#[test]
fn hard_links_to_what_is_not_there_yet_end_the_mount() {
    let forward = |target: &str| Reason::HardLinkForward { target: target.to_owned() };
    let elsewhere = |target: &str| Reason::HardLinkElsewhere { target: target.to_owned() };
    check(&[link("b", "a"), file("a", b"1")], &[("b", forward("a"))]);
    check(&[link("b", "./a"), file("/a", b"1")], &[("b", forward("./a"))]);
    check(&[file("a", b"1"), link("b", "c")], &[("b", elsewhere("c"))]);
    check(&[file("d/a", b"1"), link("b", "a")], &[("b", elsewhere("a"))]);
    // A file takes the place of the directory, and what was in it has no name any more.
    check(
        &[entry("d/", b'5'), file("d/a", b"1"), file("d", b"2"), link("b", "d/a")],
        &[("b", elsewhere("d/a"))],
    );
    // A directory given twice is one directory.
    check(&[entry("d/", b'5'), file("d/a", b"1"), entry("d/", b'5'), link("b", "d/a")], &[]);
}

#[test]
fn sizes_without_data_move_the_next_header() {
    let moved = ("b", Reason::HeaderMoved);
    let sized = |size| Reason::SizeWithoutData { kind: EntryKind::Symlink, size };
    check(&[sized_link("l", 1024), file("b", b"1")], &[("l", sized(1024))]);
    check(&[sized_link("l", 512), file("b", b"1")], &[moved]);
    check(&[sized_link("l", 512), entry("d/", b'5')], &[]);
    check(&[file("b", b"1"), sized_link("l", 1 << 20)], &[]);
}

#[test]
fn sparse_files_are_stored_otherwise_than_they_are_read() {
    // 4096 bytes, of which the last 512 are stored.
    let sparse = |after: &[Vec<u8>]| {
        let map =
            [("GNU.sparse.size", "4096"), ("GNU.sparse.numblocks", "1"), ("GNU.sparse.map", "3584,512")];
        let mut contents = vec![pax(&map), file("s", &[7; 512])];
        contents.extend_from_slice(after);
        found(&contents)
    };
    let place = |reason| vec![("s".to_owned(), reason)];
    assert_eq!(sparse(&[]), place(Reason::SparseContent));
    assert_eq!(sparse(&[entry("d/", b'5')])[..1], place(Reason::SparseFile)[..]);
}

#[test]
fn attributes_that_the_ztoc_cannot_hold_make_a_file_unreadable() {
    let large_uid = Block::new("f", b'0', 0).field(108, &[0x80, 0, 0, 1, 0, 0, 0, 0]).sum();
    let negative_gid = Block::new("f", b'0', 0).field(116, &[0xff; 8]).sum();
    check(std::slice::from_ref(&large_uid), &[("f", Reason::OwnerOutOfRange)]);
    check(&[negative_gid], &[("f", Reason::OwnerOutOfRange)]);
    check(&[pax(&[("mtime", "253402300800")]), file("f", b"1")], &[("f", Reason::YearOutOfRange)]);
    check(&[pax(&[("mtime", "253402300799.9")]), file("f", b"1")], &[]);
    // Directories are never opened, and a file that is replaced has no name.
    check(&[pax(&[("mtime", "253402300800")]), entry("d/", b'5')], &[]);
    check(&[large_uid.clone(), file("./f", b"1")], &[]);
    check(&[large_uid.clone(), link("g", "f"), file("f", b"1")], &[("f", Reason::OwnerOutOfRange)]);
}

#[test]
fn a_mode_that_names_another_type_makes_a_file_unreadable() {
    for mode in ["0040755\0", "0120777\0", "0010644\0", "0060644\0", "0020644\0", "0140644\0"] {
        let stored = i64::from_str_radix(mode.trim_end_matches('\0'), 8).expect("octal");
        check(&[with_mode("f", mode)], &[("f", Reason::ModeOfAnotherType { mode: stored })]);
    }
    for mode in ["0100644\0", "0104755\0", "0007777\0"] {
        check(&[with_mode("f", mode)], &[]);
    }
}

#[test]
fn extended_attributes_without_a_value_get_lost_beside_others() {
    let a = "SCHILY.xattr.user.a";
    let b = "SCHILY.xattr.user.b";
    let lost = Reason::EmptyXattr { name: "user.a".to_owned() };
    check(&[pax(&[(a, ""), (b, "1")]), file("f", b"1")], &[("f", lost)]);
    check(&[pax(&[(a, "")]), file("f", b"1")], &[]);
    check(&[pax(&[(a, "1"), (b, "1"), ("comment", "")]), file("f", b"1")], &[]);
    let nameless = [("SCHILY.xattr.", "1"), (b, "1")];
    check(&[pax(&nameless), entry("d/", b'5')], &[("d/", Reason::NamelessXattr)]);
}

#[test]
fn an_empty_start_of_the_gzip_stream_gives_a_span_without_bytes() {
    let contents = tar(&[file("f", b"1")]);
    let layer = [member(b"", Recipe::USUAL), member(&contents, Recipe::USUAL)].concat();
    let mut block = gzip(&contents);
    // An empty stored block, not the last one.
    block.splice(10..10, [0, 0, 0, 0xff, 0xff]);
    for (layer, expected) in [(layer, Reason::EmptyFirstMember), (block, Reason::EmptyFirstBlock)] {
        for findings in [findings(&layer, gzip_options(4096)).0, findings(&layer, gzip_options(4096)).1] {
            assert_eq!(findings.count, 1, "{expected:?}");
            assert_eq!((&*findings.shown[0].place, &findings.shown[0].reason), ("span 0", &expected));
            assert_eq!(findings.worst(), Some(Effect::LayerPulled));
            assert!(findings.recompressing_helps());
        }
    }
}

#[test]
fn a_plain_tar_without_trailer_can_crash_the_snapshotter() {
    let whole = file("f", &[1; 512]);
    let empty = entry("f", b'0');
    let table: [(&[u8], u64, Option<Reason>); 6] = [
        (&whole, 512, Some(Reason::NoTrailer)),
        (&whole, 1024, Some(Reason::NoTrailer)),
        (&whole, 4096, None),
        (&empty, 512, Some(Reason::NoTrailer)),
        (&tar(std::slice::from_ref(&whole)), 512, None),
        (b"", 4096, Some(Reason::EmptyLayer)),
    ];
    for (layer, span_size, expected) in table {
        let (findings, _) = findings(layer, plain_options(span_size));
        let first = findings.shown.first().map(|found| found.reason.clone());
        assert_eq!(first, expected, "{} bytes, {span_size}", layer.len());
        assert!(expected.is_none() || findings.recompressing_helps());
    }
}

#[test]
fn many_are_counted_and_the_first_are_kept() {
    let links: Vec<Vec<u8>> = (0..300).map(|number| link(&format!("l{number}"), "nowhere")).collect();
    let (findings, _) = findings(&gzip(&tar(&links)), gzip_options(4096));
    assert_eq!((findings.count, findings.shown.len()), (300, Findings::SHOWN));
    assert_eq!(
        findings.shown[0].to_string(),
        "\"l0\" is a hard link to \"nowhere\", which is not in this layer."
    );
    assert!(!findings.is_usable() && !findings.recompressing_helps());
}

#[test]
fn the_file_alone_tells_all_but_what_was_cut() {
    let layer = gzip(&tar(&[
        link("forward", "later"),
        file("later", b"1"),
        with_mode("mode", "0120777\0"),
        pax(&[("mtime", "253402300800")]),
        file("year", b"1"),
        Block::new("uid", b'0', 0).field(108, &[0x80, 0, 0, 1, 0, 0, 0, 0]).sum(),
    ]));
    let (built, alone) = findings(&layer, gzip_options(4096));
    assert_eq!((built.count, alone.count), (4, 3));
    assert!(alone.shown.iter().all(|found| built.shown.contains(found)));
}
