//! Numbers in tar headers and PAX records, with Go's tolerance and Go's strictness.

use super::until_nul;

/// A header field: base-256 when its first bit is set, octal text otherwise.
pub(crate) fn numeric(field: &[u8]) -> Option<i64> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => base_256(field),
        _ => octal(field),
    }
}

/// Octal text between any NULs and spaces, cut at a NUL inside. Nothing at all means zero; a sign,
/// an `8` or a space inside does not mean anything.
pub(crate) fn octal(field: &[u8]) -> Option<i64> {
    let is_filler = |byte: &u8| matches!(byte, 0 | b' ');
    let Some(start) = field.iter().position(|byte| !is_filler(byte)) else { return Some(0) };
    let end = field.iter().rposition(|byte| !is_filler(byte))?;
    let digits = until_nul(field.get(start..=end)?);
    let value = digits.iter().try_fold(0u64, |value, &digit| {
        let fits = matches!(digit, b'0'..=b'7') && value >> 61 == 0;
        fits.then(|| value << 3 | u64::from(digit - b'0'))
    })?;
    // Go parses 64 bits unsigned and reinterprets.
    Some(value as i64)
}

/// GNU's binary form: big-endian two's complement, the first bit only marks the form.
fn base_256(field: &[u8]) -> Option<i64> {
    let negative = field.first()? & 0x40 != 0;
    // For negative numbers, -a - 1 == !a: complement, read as unsigned, complement back.
    let invert = if negative { 0xff } else { 0 };
    let mut value: u64 = 0;
    for (index, byte) in field.iter().enumerate() {
        let byte = byte ^ invert;
        let byte = if index == 0 { byte & 0x7f } else { byte };
        if value >> 56 != 0 {
            return None;
        }
        value = value << 8 | u64::from(byte);
    }
    let value = i64::try_from(value).ok()?;
    Some(if negative { !value } else { value })
}

/// Decimal text with an optional sign and nothing else, as Go's `strconv.ParseInt`.
pub(crate) fn decimal(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first()? {
        (b'-', digits) => (true, digits),
        (b'+', digits) => (false, digits),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0i64, |value, &digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        let shifted = value.checked_mul(10)?;
        if negative { shifted.checked_sub(digit) } else { shifted.checked_add(digit) }
    })
}

/// A PAX time: decimal seconds with an optional fraction, whose sign is that of the seconds' text.
/// Returns seconds and signed nanoseconds.
pub(crate) fn pax_time(text: &[u8]) -> Option<(i64, i32)> {
    let (seconds_text, fraction) = match text.iter().position(|&byte| byte == b'.') {
        Some(dot) => (text.get(..dot)?, text.get(dot + 1..)?),
        None => (text, &[][..]),
    };
    let seconds = decimal(seconds_text)?;
    let nanos = i32::try_from(crate::time::fraction_nanos(fraction)?).ok()?;
    // "-0.5" is half a second before the epoch: the sign is in the text, not in the number.
    Some((seconds, if seconds_text.first() == Some(&b'-') { -nanos } else { nanos }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_fields() {
        for (field, value) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0 755\0\0", Some(0o755)),
            (b"", Some(0)),
            (b"\0\0\0\0", Some(0)),
            (b"   ", Some(0)),
            (b"12\0junk7", Some(0o12)),
            (b"1777777777777777777777", Some(-1)),
            (b"2000000000000000000000", None),
            (b"64 4", None),
            (b"-644", None),
            (b"+644", None),
            (b"6_44", None),
            (b"0888", None),
            (b"0x1f", None),
        ] {
            assert_eq!(octal(field), value, "{}", field.escape_ascii());
        }
    }

    #[test]
    fn base_256_fields() {
        for (field, value) in [
            (&[0x80, 0, 0, 0, 0, 0, 0, 5][..], Some(5)),
            (&[0xff; 8], Some(-1)),
            (&[0xff, 0xff, 0xff, 0xfe], Some(-2)),
            (&[0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Some(i64::MAX)),
            (&[0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], Some(i64::MIN)),
            (&[0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], None),
            (&[0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], None),
            (&[0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0], None),
        ] {
            assert_eq!(numeric(field), value, "{field:02x?}");
        }
    }

    #[test]
    fn decimal_text() {
        for (text, value) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("+5", Some(5)),
            ("-5", Some(-5)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("-9223372036854775808", Some(i64::MIN)),
            ("-9223372036854775809", None),
            ("", None),
            ("-", None),
            ("1 ", None),
            ("1_0", None),
            ("0x1", None),
        ] {
            assert_eq!(decimal(text.as_bytes()), value, "{text:?}");
        }
    }

    #[test]
    fn pax_times() {
        for (text, value) in [
            ("12", Some((12, 0))),
            ("12.", Some((12, 0))),
            ("12.5", Some((12, 500_000_000))),
            ("12.1234567899", Some((12, 123_456_789))),
            ("-12.5", Some((-12, -500_000_000))),
            ("-0.25", Some((0, -250_000_000))),
            ("+1.5", Some((1, 500_000_000))),
            (".5", None),
            ("1.5x", None),
            ("1.2.3", None),
            ("", None),
        ] {
            assert_eq!(pax_time(text.as_bytes()), value, "{text:?}");
        }
    }
}
