//! Two zTOCs, field by field.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bounded, Difference, SHOWN, short_text};
use crate::{
    human,
    ztoc::{Checkpoint, Compression, Entry, Limits, StoredCheckpoints, Ztoc},
};

/// What two zTOCs do not have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ZtocDiff {
    /// Whether they are the same bytes.
    pub same_bytes: bool,
    /// Version, tool, sizes and the like.
    pub header: Vec<Difference>,
    /// Checkpoints of spans that both have.
    pub checkpoints: Bounded<Difference>,
    /// Digests of spans that both have.
    pub digests: Bounded<Difference>,
    /// Entries, by name.
    pub entries: EntryDiff,
}

/// What two lists of files do not have in common. A name that stands there several times is paired in
/// order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryDiff {
    /// Names that only the right one has.
    pub added: Bounded<String>,
    /// Names that only the left one has.
    pub removed: Bounded<String>,
    /// Names that both have, and the fields other than the position in which they differ.
    pub changed: Bounded<Difference>,
    /// How many entries only lie elsewhere in the tar.
    pub moved: u64,
}

impl ZtocDiff {
    /// Whether everything in them is the same, if not the bytes.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.same_bytes
            || (self.header.is_empty()
                && self.checkpoints.is_empty()
                && self.digests.is_empty()
                && self.entries == EntryDiff::default())
    }
}

/// Compares two zTOC files that were parsed; `left` and `right` are their bytes.
#[must_use]
pub fn ztocs(left: (&[u8], &Ztoc<'_>), right: (&[u8], &Ztoc<'_>)) -> ZtocDiff {
    if left.0 == right.0 {
        return ZtocDiff { same_bytes: true, ..ZtocDiff::default() };
    }
    let (left, right) = (left.1, right.1);
    ZtocDiff {
        same_bytes: false,
        header: header(left, right),
        checkpoints: checkpoints(left, right),
        digests: digests(left, right),
        entries: entries(left, right),
    }
}

fn header(left: &Ztoc<'_>, right: &Ztoc<'_>) -> Vec<Difference> {
    let bytes = |count: u64| format!("{} bytes", human::count(count));
    let texts = |ztoc: &Ztoc<'_>| {
        let (what, kind, span_size) = match ztoc.checkpoints() {
            StoredCheckpoints::Gzip(checkpoints) => {
                let first = if checkpoints.first_is_implied { "implied" } else { "stored" };
                ("first checkpoint", first.to_owned(), checkpoints.span_size)
            }
            StoredCheckpoints::Uncompressed { version, span_size, size } => {
                ("tar info", format!("version {version}, {size} bytes"), span_size)
            }
        };
        let compression = match ztoc.compression {
            Compression::Gzip => "gzip",
            Compression::Uncompressed => "none",
        };
        [
            ("version", ztoc.version.to_owned()),
            ("build tool", ztoc.build_tool.to_owned()),
            ("compression", compression.to_owned()),
            ("stored size of the layer", bytes(ztoc.compressed_size)),
            ("size of the tar", bytes(ztoc.uncompressed_size)),
            ("span size", span_size.to_string()),
            ("largest span", ztoc.max_span_id.to_string()),
            ("span digests", human::count(ztoc.span_count() as u64)),
            (what, kind),
            ("entries", human::count(ztoc.entry_count() as u64)),
        ]
    };
    let pairs = texts(left).into_iter().zip(texts(right));
    pairs
        .filter(|((_, left), (_, right))| left != right)
        .map(|((what, left), (_, right))| Difference::new(what, left, right))
        .collect()
}

fn checkpoints(left: &Ztoc<'_>, right: &Ztoc<'_>) -> Bounded<Difference> {
    let mut differences = Bounded::default();
    let (StoredCheckpoints::Gzip(left), StoredCheckpoints::Gzip(right)) =
        (left.checkpoints(), right.checkpoints())
    else {
        return differences;
    };
    for (span, (left, right)) in (0u64..).zip(left.iter().zip(right.iter())) {
        if left != right {
            differences.push(|| checkpoint(span, &left, &right));
        }
    }
    differences
}

fn checkpoint(span: u64, left: &Checkpoint<'_>, right: &Checkpoint<'_>) -> Difference {
    let place = |checkpoint: &Checkpoint<'_>| {
        format!(
            "stored byte {}, {} bits, tar byte {}",
            human::count(checkpoint.compressed.0),
            checkpoint.unused_bits,
            human::count(checkpoint.uncompressed.0)
        )
    };
    let (left_place, right_place) = (place(left), place(right));
    if left_place != right_place {
        return Difference::new(format!("checkpoint of span {span}"), left_place, right_place);
    }
    let at = left.window.iter().zip(right.window).position(|(left, right)| left != right).unwrap_or_default();
    let byte = |checkpoint: &Checkpoint<'_>| {
        format!(
            "{:02x} at byte {}",
            checkpoint.window.get(at).copied().unwrap_or_default(),
            human::count(at as u64)
        )
    };
    Difference::new(format!("window of span {span}"), byte(left), byte(right))
}

fn digests(left: &Ztoc<'_>, right: &Ztoc<'_>) -> Bounded<Difference> {
    let mut differences = Bounded::default();
    for (span, (left, right)) in (0u64..).zip(left.span_digests().zip(right.span_digests())) {
        // A digest that is none is equal to nothing.
        if left != right || left.is_none() {
            differences.push(|| {
                Difference::new(format!("digest of span {span}"), hex(left.as_ref()), hex(right.as_ref()))
            });
        }
    }
    differences
}

pub(crate) fn hex(digest: Option<&[u8; 32]>) -> String {
    match digest {
        Some(digest) => digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        None => "no SHA-256".to_owned(),
    }
}

/// The entries as they stand: what differs, and the index of the first that does.
pub(crate) fn entries_in_order(left: &Ztoc<'_>, right: &Ztoc<'_>) -> (Bounded<Difference>, Option<u64>) {
    let (mut differences, mut first) = (Bounded::default(), None);
    let mut rights = right.entries();
    let mut lefts = left.entries();
    for index in 0u64.. {
        let differs = match (lefts.next(), rights.next()) {
            (None, None) => break,
            (Some(left), Some(right)) if left == right => false,
            (Some(left), Some(right)) => {
                differences.push(|| changed(&left, &right));
                true
            }
            (left, right) => {
                let name = |entry: Option<Entry<'_>>| entry.map(|entry| short_text(entry.name));
                differences.push(|| Difference {
                    what: format!("entry {}", human::count(index)),
                    left: name(left),
                    right: name(right),
                });
                true
            }
        };
        if differs {
            first.get_or_insert(index);
        }
    }
    (differences, first)
}

/// Pairs the entries by name.
fn entries(left: &Ztoc<'_>, right: &Ztoc<'_>) -> EntryDiff {
    let mut diff = EntryDiff::default();
    if left.entries().eq(right.entries()) {
        return diff;
    }
    // Files that share their bytes can hold more entries than any layer; their names are not paired.
    let most = u64::from(Limits::default().max_entries);
    if left.entry_count().max(right.entry_count()) as u64 > most {
        (diff.changed, _) = entries_in_order(left, right);
        return diff;
    }
    let mut waiting: HashMap<&[u8], VecDeque<Entry<'_>>> = HashMap::new();
    for entry in left.entries() {
        waiting.entry(entry.name).or_default().push_back(entry);
    }
    for entry in right.entries() {
        let Some(old) = waiting.get_mut(entry.name).and_then(VecDeque::pop_front) else {
            diff.added.push(|| short_text(entry.name));
            continue;
        };
        let mut moved = old;
        moved.offset = entry.offset;
        if moved != entry {
            diff.changed.push(|| changed(&moved, &entry));
        } else {
            diff.moved += u64::from(old.offset != entry.offset);
        }
    }
    // In the order of the left one: a map has none.
    for entry in left.entries() {
        let gone = waiting.get_mut(entry.name).filter(|waiting| !waiting.is_empty());
        if gone.is_some_and(|gone| gone.front().is_some_and(|gone| gone.offset == entry.offset)) {
            waiting.get_mut(entry.name).and_then(VecDeque::pop_front);
            diff.removed.push(|| short_text(entry.name));
        }
    }
    diff
}

/// The fields in which two different entries differ, as one difference.
fn changed(left: &Entry<'_>, right: &Entry<'_>) -> Difference {
    let device = |entry: &Entry<'_>| format!("{}:{}", entry.device_major, entry.device_minor);
    let records = |entry: &Entry<'_>| {
        let records =
            entry.pax().take(SHOWN).map(|(key, value)| format!("{}={}", short_text(key), short_text(value)));
        format!("{{{}}}", records.collect::<Vec<_>>().join(", "))
    };
    let fields = |entry: &Entry<'_>| {
        [
            ("name", short_text(entry.name)),
            ("type", entry.kind.to_string()),
            ("position", human::count(entry.offset.0)),
            ("size", entry.size.to_string()),
            ("link to", short_text(entry.link_name)),
            ("mode", format!("{:o}", entry.mode)),
            ("owner", format!("{}:{}", entry.uid, entry.gid)),
            ("user", short_text(entry.uname)),
            ("group", short_text(entry.gname)),
            ("time", entry.modified.to_string()),
            ("device", device(entry)),
            ("PAX records", records(entry)),
        ]
    };
    let (mut on_left, mut on_right) = (Vec::new(), Vec::new());
    for ((name, left), (_, right)) in fields(left).into_iter().zip(fields(right)) {
        if left != right {
            on_left.push(format!("{name} {left}"));
            on_right.push(format!("{name} {right}"));
        }
    }
    Difference::new(short_text(left.name), on_left.join(", "), on_right.join(", "))
}

impl fmt::Display for ZtocDiff {
    /// Some lines, the last one ended as well.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.same_bytes {
            return writeln!(f, "The zTOCs are the same, byte for byte.");
        }
        if self.is_same() {
            return writeln!(f, "The zTOCs say the same in other bytes.");
        }
        writeln!(f, "The zTOCs differ.")?;
        for difference in &self.header {
            writeln!(f, "  {difference}")?;
        }
        for list in [&self.checkpoints, &self.digests, &self.entries.changed] {
            for difference in &list.first {
                writeln!(f, "  {difference}")?;
            }
            if list.rest() > 0 {
                writeln!(f, "  … and {} more", human::count(list.rest()))?;
            }
        }
        for (list, sign) in [(&self.entries.removed, '-'), (&self.entries.added, '+')] {
            for name in &list.first {
                writeln!(f, "  {sign} {name}")?;
            }
            if list.rest() > 0 {
                writeln!(f, "  {sign} … and {} more", human::count(list.rest()))?;
            }
        }
        if self.entries.moved > 0 {
            writeln!(f, "  at another place in the tar: {}", human::count(self.entries.moved))?;
        }
        Ok(())
    }
}
