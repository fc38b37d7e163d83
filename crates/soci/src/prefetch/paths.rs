//! The files somebody wants to be prefetched, as they write them.

use crate::error::{Document, Error};
use crate::json;

/// The paths in one value of `--prefetch-file`: separated by commas, cleaned, empty ones dropped.
#[must_use]
pub fn paths(text: &str) -> Vec<String> {
    text.split(',').filter_map(path).collect()
}

/// The paths in a file for `--prefetch-files-json`: an array of strings, cleaned, empty ones
/// dropped. `null` is an empty array, and an empty string.
///
/// # Errors
/// Where and why the text is no such array.
pub fn paths_from_json(text: &[u8]) -> Result<Vec<String>, Error> {
    let texts: Vec<String> =
        json::parse(text).map_err(|error| Error::Json { document: Document::PrefetchList, error })?;
    Ok(texts.iter().filter_map(|text| path(text)).collect())
}

/// One path as somebody wrote it: without the blanks around it, and cleaned. `None` if there is
/// nothing.
#[must_use]
pub fn path(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| clean(text))
}

/// The path as a name in a tar: from the root, without `.`, `..` and empty parts, and without the
/// slash at its beginning. What leads above the root stays at the root. Cleaning twice changes
/// nothing.
pub(super) fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Culprit;

    #[test]
    fn paths_are_separated_trimmed_and_cleaned() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[]),
            (" , ,,", &[]),
            ("/app/a", &["app/a"]),
            (" app//a/../a , b ", &["app/a", "b"]),
            ("../../z,./y,/../x", &["z", "y", "x"]),
            ("app/", &["app"]),
            ("/,..", &["", ""]),
            ("a b,...", &["a b", "..."]),
            ("\u{a0}\u{3000}a\u{85}", &["a"]),
        ];
        for (text, expected) in cases {
            assert_eq!(paths(text), expected, "{text:?}");
            assert_eq!(paths(text).iter().map(|path| clean(path)).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_list_in_a_file_is_an_array_of_strings() {
        let cases: [(&str, &[&str]); 4] = [
            ("null", &[]),
            ("[]", &[]),
            (r#"["/a", null, " ", "b,c"]"#, &["a", "b,c"]),
            ("[\"\\u0061\"]\n", &["a"]),
        ];
        for (text, expected) in cases {
            assert_eq!(paths_from_json(text.as_bytes()).unwrap(), expected, "{text}");
        }
        for text in ["", "{}", r#""a""#, "[1]", r#"["a""#, r#"["a"] x"#] {
            let error = paths_from_json(text.as_bytes()).unwrap_err();
            assert_eq!(error.culprit(), Culprit::Options, "{text}");
            assert_eq!(error.place(), "the list of files to prefetch", "{text}");
        }
    }
}
