//! How numbers are written, here and in the page: base 2 with IEC units, three significant digits,
//! commas between thousands, a space before every unit, also before %.
//!
//! ```text
//!   250 B   3.35 KiB   26.9 MiB   131 MiB   1,317 MiB   2.63 GiB        131 of 1,317 MiB
//! ```
//!
//! From 100 of a unit up there is no fraction. MiB go on to 2,047 before GiB begin, because images
//! are compared in MiB; whole files switch at 1 GiB ([`file_size`]).

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// A unit of size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Bytes.
    B,
    /// 2¹⁰ bytes.
    KiB,
    /// 2²⁰ bytes.
    MiB,
    /// 2³⁰ bytes.
    GiB,
}

impl Unit {
    /// The unit in which a size reads best.
    #[must_use]
    pub fn of(bytes: u64) -> Self {
        // The bounds are where rounding would print "1,024 KiB" or "2,048 MiB".
        match bytes {
            0..KIB => Self::B,
            _ if round(bytes, KIB) < 1024 => Self::KiB,
            _ if round(bytes, MIB) < 2048 => Self::MiB,
            _ => Self::GiB,
        }
    }

    /// Bytes in one of it.
    #[must_use]
    pub fn bytes(self) -> u64 {
        match self {
            Self::B => 1,
            Self::KiB => KIB,
            Self::MiB => MIB,
            Self::GiB => GIB,
        }
    }

    /// Its symbol.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::B => "B",
            Self::KiB => "KiB",
            Self::MiB => "MiB",
            Self::GiB => "GiB",
        }
    }
}

/// `bytes / unit`, rounded half up, without overflow.
fn round(bytes: u64, unit: u64) -> u64 {
    bytes / unit + u64::from(bytes % unit >= unit.div_ceil(2))
}

/// A size: `26.9 MiB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    size_in(bytes, Unit::of(bytes))
}

/// The size of a whole file: like [`size`], but in GiB from 1 GiB up.
#[must_use]
pub fn file_size(bytes: u64) -> String {
    let unit = if bytes >= GIB { Unit::GiB } else { Unit::of(bytes) };
    size_in(bytes, unit)
}

/// A size that somebody chose: `10 MiB`, not `10.0 MiB`; otherwise like [`size`].
#[must_use]
pub fn setting(bytes: u64) -> String {
    let unit = [Unit::GiB, Unit::MiB, Unit::KiB]
        .into_iter()
        .find(|unit| bytes >= unit.bytes() && bytes.is_multiple_of(unit.bytes()));
    match unit {
        Some(unit) => format!("{} {}", count(bytes / unit.bytes()), unit.symbol()),
        None => size(bytes),
    }
}

/// A size in a given unit, so that two can be compared: `131 MiB`, not `1,317 MiB`.
#[must_use]
pub fn size_in(bytes: u64, unit: Unit) -> String {
    format!("{} {}", amount_in(bytes, unit), unit.symbol())
}

/// The number of [`size_in`] alone, for columns with the unit in their head.
#[must_use]
pub fn amount_in(bytes: u64, unit: Unit) -> String {
    if unit == Unit::B {
        return count(bytes);
    }
    // Integers only: the same text in every browser. Below one, thousandths are what is shown, so
    // they are rounded here; above, they are cut, so that nothing is rounded twice.
    let (bytes, unit) = (u128::from(bytes) * 1000, u128::from(unit.bytes()));
    let thousandths = if bytes < unit * 1000 { (bytes + unit / 2) / unit } else { bytes / unit };
    significant(u64::try_from(thousandths).unwrap_or(u64::MAX))
}

/// "part of whole" in the unit of the whole: `679 of 1,172 MiB`.
#[must_use]
pub fn part_of(part: u64, whole: u64) -> String {
    let unit = Unit::of(whole);
    format!("{} of {}", amount_in(part, unit), size_in(whole, unit))
}

/// Three significant digits of a number given in thousandths; whole from 100 up.
fn significant(thousandths: u64) -> String {
    let (decimals, step) = match thousandths {
        0 => return "0".to_owned(),
        1..1_000 => (3, 1),
        1_000..9_995 => (2, 10),
        9_995..99_950 => (1, 100),
        _ => (0, 1000),
    };
    let rounded = round(thousandths, step);
    let scale = 1000 / step;
    let whole = count(rounded / scale);
    match decimals {
        0 => whole,
        _ => format!("{whole}.{:0decimals$}", rounded % scale),
    }
}

/// A rate: always MiB/s, so that rates can be compared. `212 MiB/s`.
#[must_use]
pub fn rate(bytes_per_second: f64) -> String {
    let thousandths = bytes_per_second * 1000.0 / MIB as f64;
    // A float that is negative, infinite or not a number saturates to something printable.
    format!("{} MiB/s", significant(thousandths as u64))
}

/// A number with commas between thousands: `35,278`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 layer`, `3 layers`, `0 layers`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count(number))
}

/// A share: `92 %`. Below 10 % with one decimal; `100 %` and `0 %` only when exact.
#[must_use]
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0 %".to_owned();
    }
    let (part, whole) = (u128::from(part), u128::from(whole));
    let tenths = (part * 2000 + whole) / (whole * 2);
    match tenths {
        _ if part == 0 => "0 %".to_owned(),
        0 => "under 0.1 %".to_owned(),
        1..100 => format!("{}.{} %", tenths / 10, tenths % 10),
        _ if part < whole && tenths >= 995 => "over 99 %".to_owned(),
        _ => format!("{} %", (tenths + 5) / 10),
    }
}

/// A factor with one decimal: `2.8×`; whole from 100 up.
#[must_use]
pub fn ratio(numerator: u64, denominator: u64) -> String {
    if denominator == 0 {
        return "–".to_owned();
    }
    let (numerator, denominator) = (u128::from(numerator), u128::from(denominator));
    let tenths = (numerator * 20 + denominator) / (denominator * 2);
    if tenths >= 1000 {
        let whole = u64::try_from((tenths + 5) / 10).unwrap_or(u64::MAX);
        format!("{}×", count(whole))
    } else {
        format!("{}.{}×", tenths / 10, tenths % 10)
    }
}

/// A duration: `2.5 s`, `42 s`, `3 min 5 s`, `1 h 4 min`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    if seconds < 9.95 {
        return format!("{:.1} s", seconds.max(0.0));
    }
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", count(whole / 3600), whole % 3600 / 60),
    }
}

/// The build step that made a layer, without the shell that ran it and the builder that says so:
/// `RUN apt-get update`.
#[must_use]
pub fn build_step(created_by: &str) -> String {
    let text = created_by.trim();
    let text = text.strip_suffix("# buildkit").unwrap_or(text).trim_end();
    let text = match text.strip_prefix("/bin/sh -c #(nop)") {
        Some(instruction) => instruction.trim_start().to_owned(),
        None => match text.strip_prefix("/bin/sh -c ") {
            Some(command) => format!("RUN {}", command.trim_start()),
            None => text.replacen("RUN /bin/sh -c ", "RUN ", 1),
        },
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A digest as shown: its first 12 hex digits.
#[must_use]
pub fn short_digest(digest: &str) -> &str {
    let hex = digest.split_once(':').map_or(digest, |(_, hex)| hex);
    hex.get(..12).unwrap_or(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_significant_digits() {
        let table = [
            (0, "0 B"),
            (1, "1 B"),
            (250, "250 B"),
            (1023, "1,023 B"),
            (1024, "1.00 KiB"),
            (10 * KIB - 1, "10.0 KiB"),
            (999 * KIB, "999 KiB"),
            (1_023 * KIB, "1,023 KiB"),
            (MIB - 1, "1.00 MiB"),
            (3_512_730, "3.35 MiB"),
            (28_206_694, "26.9 MiB"),
            (104_805_171, "99.9 MiB"),
            (104_857_599, "100 MiB"),
            (131 * MIB, "131 MiB"),
            (1_317 * MIB, "1,317 MiB"),
            (2_047 * MIB, "2,047 MiB"),
            (2_048 * MIB - 1, "2.00 GiB"),
            (2_048 * MIB, "2.00 GiB"),
            (1_234 * GIB, "1,234 GiB"),
            (u64::MAX, "17,179,869,184 GiB"),
        ];
        for (bytes, text) in table {
            assert_eq!(size(bytes), text, "{bytes}");
        }
    }

    #[test]
    fn whole_files_switch_to_gib_earlier() {
        assert_eq!(file_size(1_317 * MIB), "1.29 GiB");
        assert_eq!(file_size(1_023 * MIB), "1,023 MiB");
    }

    #[test]
    fn compared_sizes_share_a_unit() {
        assert_eq!(part_of(679 * MIB, 1_172 * MIB), "679 of 1,172 MiB");
        assert_eq!(part_of(0, 10 * MIB), "0 of 10.0 MiB");
        assert_eq!(part_of(5, 7), "5 of 7 B");
        assert_eq!(size_in(866_271, Unit::MiB), "0.826 MiB");
        assert_eq!(size_in(1_047_500, Unit::MiB), "0.999 MiB");
        assert_eq!(size_in(MIB - 1, Unit::MiB), "1.00 MiB");
    }

    #[test]
    fn shares_do_not_round_to_all_or_nothing() {
        let table = [
            (0, 10, "0 %"),
            (1, 1_000_000, "under 0.1 %"),
            (19, 1000, "1.9 %"),
            (92, 100, "92 %"),
            (999_999, 1_000_000, "over 99 %"),
            (10, 10, "100 %"),
            (0, 0, "0 %"),
            (u64::MAX, u64::MAX, "100 %"),
        ];
        for (part, whole, text) in table {
            assert_eq!(percent(part, whole), text, "{part}/{whole}");
        }
    }

    #[test]
    fn factors_counts_durations_and_rates() {
        assert_eq!(ratio(28, 10), "2.8×");
        assert_eq!(ratio(1_234_000, 1000), "1,234×");
        assert_eq!(ratio(1, 0), "–");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "span"), "1 span");
        assert_eq!(counted(1_696, "span"), "1,696 spans");
        assert_eq!(duration(2.46), "2.5 s");
        assert_eq!(duration(9.97), "10 s");
        assert_eq!(duration(185.2), "3 min 5 s");
        assert_eq!(duration(3_840.0), "1 h 4 min");
        assert_eq!(rate(212.4 * MIB as f64), "212 MiB/s");
        assert_eq!(rate(f64::NAN), "0 MiB/s");
    }

    #[test]
    fn chosen_sizes_are_round() {
        let table = [
            (10 * MIB, "10 MiB"),
            (64 * KIB, "64 KiB"),
            (1536 * KIB, "1,536 KiB"),
            (4 * GIB, "4 GiB"),
            (0, "0 B"),
            (70_000, "68.4 KiB"),
        ];
        for (bytes, text) in table {
            assert_eq!(setting(bytes), text, "{bytes}");
        }
    }

    #[test]
    fn a_build_step_loses_its_shell() {
        let table = [
            ("RUN /bin/sh -c apt-get  update # buildkit", "RUN apt-get update"),
            ("/bin/sh -c #(nop) COPY dir:1 in / ", "COPY dir:1 in /"),
            ("/bin/sh -c make", "RUN make"),
            ("COPY app /srv # buildkit", "COPY app /srv"),
            ("bazel build", "bazel build"),
        ];
        for (recorded, shown) in table {
            assert_eq!(build_step(recorded), shown);
        }
    }

    #[test]
    fn a_digest_is_shown_by_its_first_twelve_digits() {
        assert_eq!(short_digest("sha256:d741d4ad0e5f99"), "d741d4ad0e5f");
        assert_eq!(short_digest("abc"), "abc");
    }
}
