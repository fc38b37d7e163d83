//! The 77 task sizes Fargate offers.
//!
//! ```text
//!   vCPU   .25        .5         1          2          4          8           16          32
//!   units  256        512        1024       2048       4096       8192        16384       32768
//!   GiB    .5 1 2     1 … 4      2 … 8      4 … 16     8 … 30     16 … 60     32 … 120    60 120 244
//!   step              1          1          1          1          4           8
//! ```
//!
//! Any other pair is refused with "No Fargate configuration exists for given values". Source: the
//! ECS developer guide, "Task CPU and memory". The 32 vCPU row is from 2026 and not in every
//! Region; 8 vCPU and more need Linux and platform version 1.4.0.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A task size.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Size {
    /// CPU units; 1024 are one vCPU.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
}

/// One column of the picture above.
struct Column {
    cpu: u32,
    memory: Memory,
}

enum Memory {
    Steps { first: u32, last: u32, step: u32 },
    Listed([u32; 3]),
}

const fn steps(cpu: u32, first: u32, last: u32, step: u32) -> Column {
    Column { cpu, memory: Memory::Steps { first, last, step } }
}

const COLUMNS: [Column; 8] = [
    Column { cpu: 256, memory: Memory::Listed([512, 1024, 2048]) },
    steps(512, 1024, 4096, 1024),
    steps(1024, 2048, 8192, 1024),
    steps(2048, 4096, 16384, 1024),
    steps(4096, 8192, 30720, 1024),
    steps(8192, 16384, 61440, 4096),
    steps(16384, 32768, 122_880, 8192),
    Column { cpu: 32768, memory: Memory::Listed([61440, 122_880, 249_856]) },
];

/// Every valid pair, smallest CPU first, then smallest memory.
pub const SIZES: [Size; 77] = enumerate();

const fn enumerate() -> [Size; 77] {
    let mut sizes = [Size { cpu: 0, memory: 0 }; 77];
    let (mut next, mut column) = (0, 0);
    while column < COLUMNS.len() {
        let cpu = COLUMNS[column].cpu;
        match COLUMNS[column].memory {
            Memory::Listed(amounts) => {
                let mut i = 0;
                while i < amounts.len() {
                    sizes[next] = Size { cpu, memory: amounts[i] };
                    next += 1;
                    i += 1;
                }
            }
            Memory::Steps { first, last, step } => {
                let mut memory = first;
                while memory <= last {
                    sizes[next] = Size { cpu, memory };
                    next += 1;
                    memory += step;
                }
            }
        }
        column += 1;
    }
    assert!(next == sizes.len());
    sizes
}

impl Size {
    /// Whether Fargate offers this pair.
    #[must_use]
    pub fn is_offered(self) -> bool {
        SIZES.contains(&self)
    }

    /// The CPU amounts Fargate offers, in units, ascending.
    pub fn cpus() -> impl Iterator<Item = u32> {
        COLUMNS.iter().map(|column| column.cpu)
    }

    /// The memory amounts that go with `cpu`, in MiB, ascending; none for a CPU not offered.
    pub fn memories(cpu: u32) -> impl Iterator<Item = u32> {
        SIZES.into_iter().filter(move |size| size.cpu == cpu).map(|size| size.memory)
    }

    /// The smallest offered size with at least this much of both, or the largest of all.
    #[must_use]
    pub fn at_least(cpu: u32, memory: u32) -> Self {
        SIZES
            .into_iter()
            .find(|size| size.cpu >= cpu && size.memory >= memory)
            .unwrap_or(SIZES[SIZES.len() - 1])
    }

    /// The CPU amount as people say it: `.25 vCPU`, `2 vCPU`.
    #[must_use]
    pub fn vcpu(self) -> String {
        match self.cpu {
            256 => ".25 vCPU".to_owned(),
            512 => ".5 vCPU".to_owned(),
            units if units % 1024 == 0 => format!("{} vCPU", units / 1024),
            units => format!("{units} CPU units"),
        }
    }

    /// The memory as people say it: `512 MiB`, `8 GiB`.
    #[must_use]
    pub fn gib(self) -> String {
        if self.memory >= 1024 && self.memory.is_multiple_of(1024) {
            format!("{} GiB", self.memory / 1024)
        } else {
            format!("{} MiB", self.memory)
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {}", self.vcpu(), self.gib())
    }
}

/// A task-level amount as written in a definition.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// CPU units, or MiB.
    pub value: u32,
    /// Whether ECS documents this spelling: plain digits, or `1 vCPU`, `.5vCPU`, `2 GB`, `0.5 GB`.
    pub documented: bool,
}

/// Reads a task-level `cpu`: `"1024"`, `"1 vCPU"`, `".25 vCPU"`. `None` when it is no amount.
#[must_use]
pub fn parse_cpu(text: &str) -> Option<Amount> {
    // The documented fractions carry no zero: `.25 vCPU`.
    amount(text, "vcpu", |number| !number.starts_with('0'))
}

/// Reads a task-level `memory`: `"2048"`, `"2 GB"`, `"0.5 GB"`. `None` when it is no amount.
#[must_use]
pub fn parse_memory(text: &str) -> Option<Amount> {
    // Here the documented fraction does: `0.5 GB`.
    amount(text, "gb", |number| !number.starts_with('.'))
}

fn amount(text: &str, unit: &str, documented: impl Fn(&str) -> bool) -> Option<Amount> {
    let trimmed = text.trim();
    let digits = trimmed.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let (number, found_unit) = (digits.trim_end(), trimmed.get(digits.len()..)?);
    let unpadded = text.len() == trimmed.len();
    if found_unit.is_empty() {
        if digits.len() != number.len() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let value = number.parse().ok()?;
        return Some(Amount { value, documented: unpadded && !number.starts_with('0') });
    }
    if !found_unit.eq_ignore_ascii_case(unit) {
        return None;
    }
    // 1024ths, exactly: `.25` is 256, `.3` is nothing ECS could mean.
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole)
        || !all_digits(fraction)
        || fraction.len() > 10
        || (whole.is_empty() && fraction.is_empty())
    {
        return None;
    }
    let or_zero = |part: &str| if part.is_empty() { Some(0) } else { part.parse::<u64>().ok() };
    let scale = 10u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let scaled = or_zero(whole)?.checked_mul(scale)?.checked_add(or_zero(fraction)?)?.checked_mul(1024)?;
    let value = (scaled % scale == 0).then_some(scaled / scale)?;
    // `1.0 vCPU` equals one, but no table lists it.
    let plain = !fraction.ends_with('0') && !number.ends_with('.');
    Some(Amount { value: u32::try_from(value).ok()?, documented: unpadded && plain && documented(number) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_corners_are_right() {
        assert!(SIZES.is_sorted_by(|a, b| a < b));
        assert_eq!(SIZES[0], Size { cpu: 256, memory: 512 });
        assert_eq!(SIZES[76], Size { cpu: 32768, memory: 249_856 });
        let counts: Vec<_> = Size::cpus().map(|cpu| Size::memories(cpu).count()).collect();
        assert_eq!(counts, [3, 4, 7, 13, 23, 12, 12, 3]);
        assert_eq!(Size::memories(1000).count(), 0);
    }

    #[test]
    fn the_next_size_up_holds_at_least_what_was_asked() {
        for (cpu, memory, wanted) in [
            (1024, 1024, (1024, 2048)),
            (256, 3072, (512, 3072)),
            (128, 512, (256, 512)),
            (8192, 17408, (8192, 20480)),
            (4096, 31744, (8192, 32768)),
            (u32::MAX, u32::MAX, (32768, 249_856)),
        ] {
            let Size { cpu: found_cpu, memory: found_memory } = Size::at_least(cpu, memory);
            assert_eq!((found_cpu, found_memory), wanted, "{cpu} {memory}");
        }
    }

    #[test]
    fn spellings() {
        let good = |value| Some(Amount { value, documented: true });
        let odd = |value| Some(Amount { value, documented: false });
        for (text, wanted) in [
            ("1024", good(1024)),
            ("1 vCPU", good(1024)),
            ("1vcpu", good(1024)),
            (".25 vCPU", good(256)),
            ("32 VCPU", good(32768)),
            ("0.25 vCPU", odd(256)),
            ("1.0 vCPU", odd(1024)),
            ("1. vCPU", odd(1024)),
            (" 1024", odd(1024)),
            ("01024", odd(1024)),
            (".3 vCPU", None),
            (". vCPU", None),
            ("vCPU", None),
            ("", None),
            ("1 GB", None),
            ("1.5", None),
            ("-1", None),
            ("one vCPU", None),
            ("99999999999", None),
            ("99999999999999999999 vCPU", None),
            (".00000000001 vCPU", None),
        ] {
            assert_eq!(parse_cpu(text), wanted, "{text:?}");
        }
        for (text, wanted) in [
            ("2048", good(2048)),
            ("2 GB", good(2048)),
            ("2gb", good(2048)),
            ("0.5 GB", good(512)),
            (".5 GB", odd(512)),
            ("2 GiB", None),
        ] {
            assert_eq!(parse_memory(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn people_read_units() {
        assert_eq!(Size { cpu: 256, memory: 512 }.to_string(), ".25 vCPU with 512 MiB");
        assert_eq!(Size { cpu: 2048, memory: 8192 }.to_string(), "2 vCPU with 8 GiB");
    }
}
