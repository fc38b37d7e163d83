//! Points in time as a zTOC writes them: RFC 3339 text in UTC.
//!
//! The reference formats times with Go's `time.Time.MarshalText` **in the local zone of the machine
//! that builds**. Byte-identical therefore means: identical to a reference run with `TZ=UTC`.

use std::fmt::{self, Write};

/// A point in time: seconds since 1970-01-01T00:00:00Z and nanoseconds on top, always 0 ..= 999 999 999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Whole seconds, rounded down. Tar headers can hold any 64-bit value.
    pub seconds: i64,
    /// Nanoseconds after `seconds`.
    pub nanos: u32,
}

const NANOS_PER_SECOND: u32 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// Days from 0000-03-01 to 1970-01-01 in the proleptic Gregorian calendar.
const DAYS_TO_EPOCH: i64 = 719_468;
/// Days in 400 years, after which the calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;

impl Timestamp {
    /// 0000-01-01T00:00:00Z, the first time that can be written.
    const FIRST: i64 = -62_167_219_200;
    /// 9999-12-31T23:59:59Z, the last second that can be written.
    const LAST: i64 = 253_402_300_799;
    /// 0001-01-01T00:00:00Z, Go's zero time: what the reference reads from a text it cannot parse.
    pub const GO_ZERO: Self = Self { seconds: -62_135_596_800, nanos: 0 };

    /// From seconds and a correction of less than a second in either direction, as Go's `time.Unix`.
    pub(crate) fn from_signed(seconds: i64, nanos: i32) -> Self {
        // i64::MIN - 1 wraps to a far future, as it does in Go; neither has a text.
        if nanos < 0 {
            let nanos = NANOS_PER_SECOND.saturating_sub(nanos.unsigned_abs());
            Self { seconds: seconds.wrapping_sub(1), nanos }
        } else {
            Self { seconds, nanos: nanos.unsigned_abs() }
        }
    }

    /// Whether the year lies in 0 ..= 9999. Other times become the empty text in a zTOC, and the
    /// snapshotter then reports the file as damaged.
    #[must_use]
    pub fn has_text(self) -> bool {
        (Self::FIRST..=Self::LAST).contains(&self.seconds)
    }

    /// What a reader of the zTOC gets back: the same instant with nanoseconds counted forwards, or
    /// [`GO_ZERO`](Self::GO_ZERO) when no text can hold it.
    #[must_use]
    pub fn read_back(self) -> Self {
        Self::parse(self.to_text().as_bytes()).unwrap_or(Self::GO_ZERO)
    }

    /// The text in the zTOC: `2024-02-29T12:34:56.789Z`, or nothing outside the years 0 to 9999.
    pub(crate) fn to_text(self) -> TimeText {
        let mut text = TimeText { bytes: [0; TimeText::CAPACITY], len: 0 };
        if self.has_text() {
            // It fits, see CAPACITY.
            let _ = write!(text, "{self}");
        }
        text
    }

    /// Reads RFC 3339 text with any zone offset. Texts of more than 64 bytes are none.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        const MAX_LENGTH: usize = 64;
        if text.len() > MAX_LENGTH {
            return None;
        }
        let (date_time, rest) = text.split_at_checked(19)?;
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2] =
            date_time
        else {
            return None;
        };
        let year = decimal(&[y1, y2, y3, y4])?;
        let (month, day) = (decimal(&[m1, m2])?, decimal(&[d1, d2])?);
        let (hour, minute, second) = (decimal(&[h1, h2])?, decimal(&[n1, n2])?, decimal(&[s1, s2])?);
        let in_range = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !in_range {
            return None;
        }
        let (nanos, zone) = match rest.split_first()? {
            (b'.', rest) => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let (fraction, zone) = rest.split_at_checked(digits)?;
                (fraction_nanos(fraction).filter(|_| digits > 0)?, zone)
            }
            _ => (0, rest),
        };
        let east = match zone {
            b"Z" => 0,
            &[sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let (hours, minutes) = (decimal(&[h1, h2])?, decimal(&[m1, m2])?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let offset = hours * 3600 + minutes * 60;
                if sign == b'+' { offset } else { -offset }
            }
            _ => return None,
        };
        let days = days_from_civil(year, month, day);
        let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - east;
        Some(Self { seconds, nanos })
    }
}

/// As in a zTOC; times that have no text print as seconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.has_text() {
            return write!(f, "{} s since 1970", self.seconds);
        }
        let (year, month, day) = civil_from_days(self.seconds.div_euclid(SECONDS_PER_DAY));
        let second_of_day = self.seconds.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.nanos != 0 {
            // RFC3339Nano drops trailing zeros.
            let (mut fraction, mut width) = (self.nanos, 9);
            while fraction % 10 == 0 {
                fraction /= 10;
                width -= 1;
            }
            write!(f, ".{fraction:0width$}")?;
        }
        f.write_char('Z')
    }
}

/// The text of a [`Timestamp`] without an allocation.
pub(crate) struct TimeText {
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl TimeText {
    /// `9999-12-31T23:59:59.123456789Z` has 30 bytes.
    const CAPACITY: usize = 32;

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Write for TimeText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.saturating_add(text.len());
        let room = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// The first nine digits as nanoseconds; further ones are cut off, missing ones are zeros.
pub(crate) fn fraction_nanos(digits: &[u8]) -> Option<u32> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let nine = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    Some(nine.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0')))
}

/// A short run of digits as a number.
fn decimal(digits: &[u8]) -> Option<i64> {
    digits
        .iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Year, month and day of a day number counted from 1970-01-01.
///
/// Years are taken to begin on 1 March, so that the leap day is the last one and a month's first day
/// is a linear function of its number: (153 m + 2) / 5.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + DAYS_TO_EPOCH;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil_from_days`].
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(seconds: i64, nanos: i32, text: &str) {
        let time = Timestamp::from_signed(seconds, nanos);
        assert_eq!(time.to_text().as_bytes(), text.as_bytes(), "{seconds} {nanos}");
    }

    #[test]
    fn times_are_written_as_go_writes_them() {
        check(0, 0, "1970-01-01T00:00:00Z");
        check(951_782_400, 0, "2000-02-29T00:00:00Z");
        check(1_709_210_096, 789_000_000, "2024-02-29T12:34:56.789Z");
        check(1, 1, "1970-01-01T00:00:01.000000001Z");
        check(-1, 0, "1969-12-31T23:59:59Z");
        check(-1, -500_000_000, "1969-12-31T23:59:58.5Z");
        check(Timestamp::FIRST, 0, "0000-01-01T00:00:00Z");
        check(Timestamp::LAST, 999_999_999, "9999-12-31T23:59:59.999999999Z");
    }

    #[test]
    fn years_of_other_than_four_digits_have_no_text() {
        check(Timestamp::FIRST - 1, 0, "");
        check(Timestamp::FIRST, -1, "");
        check(Timestamp::LAST + 1, 0, "");
        check(i64::MAX, 0, "");
        check(i64::MIN, -1, "");
    }

    #[test]
    fn what_is_not_rfc_3339_is_not_read() {
        for text in [
            "",
            "1970-01-01T00:00:00",
            "1970-01-01 00:00:00Z",
            "1970-13-01T00:00:00Z",
            "1970-02-29T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00+1:00",
            "1970-01-01T00:00:00Zx",
            "1970-01-01T00:00:00.00000000000000000000000000000000000000000000000000Z",
        ] {
            assert_eq!(Timestamp::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_zone_offset_is_subtracted() {
        let tokyo = Timestamp::parse(b"1970-01-01T09:00:00.25+09:00");
        assert_eq!(tokyo, Some(Timestamp { seconds: 0, nanos: 250_000_000 }));
    }

    proptest! {
        #[test]
        fn text_reads_back(seconds in Timestamp::FIRST..=Timestamp::LAST, nanos in 0..NANOS_PER_SECOND) {
            let time = Timestamp { seconds, nanos };
            prop_assert_eq!(Timestamp::parse(time.to_text().as_bytes()), Some(time));
        }
    }
}
