//! Bytes that nobody vouches for: refused or read, never a panic.

mod support;

use proptest::prelude::*;
use sociscope_ztoc::{Build, ReadProblem, StoredCheckpoints, Ztoc};
use support::{build_sliced, file, gzip, gzip_options, pax, plain_options, sample, tar};

/// Reads all there is to read.
fn exhaust(file: &[u8]) -> bool {
    let Ok(ztoc) = Ztoc::parse(file) else { return false };
    let entries = ztoc.entries().inspect(|entry| {
        // One look at each record and each name.
        let _ = format!("{entry:?}");
    });
    assert_eq!(entries.count(), ztoc.entry_count(), "an entry passed `parse` and was lost afterwards");
    assert_eq!(ztoc.span_digests().count(), ztoc.span_count());
    if let StoredCheckpoints::Gzip(checkpoints) = ztoc.checkpoints() {
        assert_eq!(checkpoints.iter().count(), checkpoints.len());
    }
    true
}

fn plain_ztoc() -> Vec<u8> {
    let entries = [pax(&[("SCHILY.xattr.user.a", "b"), ("mtime", "1.5")]), file("a/b", b"c")].concat();
    let layer = [entries, tar(&[sample(3000, 5)])].concat();
    Build::from_slice(&layer, plain_options(1024)).and_then(|build| build.to_bytes()).expect("valid")
}

fn gzip_ztoc() -> Vec<u8> {
    let layer = gzip(&tar(&[sample(5000, 5), b"x".to_vec()]));
    Build::from_slice(&layer, gzip_options(0)).and_then(|build| build.to_bytes()).expect("valid")
}

#[test]
fn what_we_write_is_read() {
    assert!(exhaust(&plain_ztoc()) && exhaust(&gzip_ztoc()));
}

#[test]
fn no_truncation_is_a_problem() {
    let file = plain_ztoc();
    for length in 0..file.len() {
        exhaust(&file[..length]);
    }
    let file = gzip_ztoc();
    for length in (0..file.len()).step_by(97) {
        exhaust(&file[..length]);
    }
}

#[test]
fn every_offset_can_be_wrong() {
    for file in [plain_ztoc(), gzip_ztoc()] {
        // The tables lie before and behind the checkpoints, which are any bytes anyway.
        let places = (0..file.len()).filter(|at| *at < 400 || *at + 2000 > file.len());
        for at in places.step_by(2) {
            for value in [0, 1, 3, 0x7fff_fff0, u32::MAX] {
                let mut file = file.clone();
                for (slot, byte) in file[at..].iter_mut().zip(u32::to_le_bytes(value)) {
                    *slot = byte;
                }
                exhaust(&file);
            }
        }
    }
}

/// A count is a claim: four bytes must not make us allocate for four billion entries.
#[test]
fn a_huge_count_is_refused() {
    let file = plain_ztoc();
    let ztoc = Ztoc::parse(&file).expect("valid");
    let count = u32::try_from(ztoc.entry_count()).expect("small").to_le_bytes();
    let mut refused = 0;
    for at in (0..file.len() - 4).step_by(4).filter(|&at| file[at..at + 4] == count) {
        let mut file = file.clone();
        file[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        refused += usize::from(!exhaust(&file));
    }
    assert!(refused > 0);
}

/// A FlatBuffer may say the same thing a million times; we do not listen that long.
#[test]
fn entries_that_share_everything_are_refused() {
    let slot = |number: u16| 4 + 2 * number;
    let write = |shared: usize| {
        let mut fbb = flatbuffers::FlatBufferBuilder::new();
        let name = fbb.create_byte_string(&[b'n'; 1000]);
        let kind = fbb.create_string("reg");
        let table = fbb.start_table();
        fbb.push_slot_always(slot(0), name);
        fbb.push_slot_always(slot(1), kind);
        let entry = fbb.end_table(table);
        let entries = fbb.create_vector(&vec![entry; shared]);
        let table = fbb.start_table();
        fbb.push_slot_always(slot(0), entries);
        let toc = fbb.end_table(table);
        let blob = [[0; 12].as_slice(), &vec![0; sociscope_ztoc::PACKED_SIZE]].concat();
        let blob = [&[1], &blob[1..]].concat();
        let checkpoints = fbb.create_vector(&blob);
        let table = fbb.start_table();
        fbb.push_slot_always(slot(3), checkpoints);
        let info = fbb.end_table(table);
        let table = fbb.start_table();
        fbb.push_slot_always(slot(4), toc);
        fbb.push_slot_always(slot(5), info);
        let root = fbb.end_table(table);
        fbb.finish(root, None);
        fbb.finished_data().to_vec()
    };
    assert!(exhaust(&write(3)), "a little sharing is harmless");
    let error = Ztoc::parse(&write(5000)).expect_err("five megabytes of names in 50 KB");
    assert_eq!(error.problem, ReadProblem::Overlap);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn mutated_ztocs_do_not_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        length in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut file = plain_ztoc();
        for (at, value) in edits {
            let at = at.index(file.len());
            file[at] = value;
        }
        if is_cut {
            file.truncate(length.index(file.len()));
        }
        exhaust(&file);
    }

    #[test]
    fn any_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        exhaust(&bytes);
        let _ = Build::from_slice(&bytes, gzip_options(0));
        let _ = Build::from_slice(&bytes, plain_options(1));
    }

    #[test]
    fn mutated_layers_do_not_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        slice in 1..2000usize,
    ) {
        let mut plain = [pax(&[("path", "p"), ("GNU.sparse.map", "0,1")]), tar(&[sample(900, 2)])].concat();
        let mut zipped = gzip(&plain);
        for (at, value) in edits {
            let index = at.index(plain.len());
            plain[index] = value;
            let index = at.index(zipped.len());
            zipped[index] = value;
        }
        for (layer, options) in [(plain, plain_options(512)), (zipped, gzip_options(512))] {
            let whole = Build::from_slice(&layer, options.clone());
            let sliced = build_sliced(&layer, options, &[slice]);
            prop_assert_eq!(whole.map(|build| build.to_bytes()), sliced.map(|build| build.to_bytes()));
        }
    }
}
