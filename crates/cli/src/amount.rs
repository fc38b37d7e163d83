//! Sizes as they are typed: `4194304`, `4MiB`, `64 KiB`.

/// Bytes, from a plain number or a number with an IEC suffix.
///
/// Base 10 suffixes are refused, not guessed at: `4MB` means four million to some and 4 MiB to
/// others, and a span size that is nearly right gives other bytes.
pub fn parse(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| {
        if number.is_empty() {
            "expected bytes as a whole number, with or without KiB, MiB or GiB".to_owned()
        } else {
            "expected at most 18446744073709551615".to_owned()
        }
    })?;
    let unit: u64 = match suffix.trim() {
        "" | "B" => 1,
        "KiB" | "Ki" => 1 << 10,
        "MiB" | "Mi" => 1 << 20,
        "GiB" | "Gi" => 1 << 30,
        other => return Err(format!("unknown unit `{other}`; bytes, or KiB, MiB, GiB")),
    };
    number.checked_mul(unit).ok_or_else(|| "expected less than 16777216 TiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn plain_bytes_and_iec_suffixes() {
        let table = [
            ("0", 0),
            ("4194304", 4 << 20),
            ("4MiB", 4 << 20),
            ("64 KiB", 64 << 10),
            ("1Gi", 1 << 30),
            ("7B", 7),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, bytes) in table {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "-1",
            "+1",
            "1.5MiB",
            "4MB",
            "4mib",
            "MiB",
            "1e3",
            "0x10",
            "18446744073709551616",
            "17179869184GiB",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
