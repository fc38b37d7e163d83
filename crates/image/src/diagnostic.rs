//! Problems that do not hide the rest: what is broken, where, and what to do about it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How much a [`Diagnostic`] matters.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Works here, but another tool may stumble over it.
    Warning,
    /// Something of the archive cannot be used.
    Error,
}

/// One problem found while opening an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// A stable kebab-case name of the kind of problem, e.g. `blob-missing`.
    pub code: &'static str,
    /// Where: an archive member, a document and its field, or a byte offset.
    pub place: String,
    /// The finding in one sentence, then the reason.
    pub message: String,
    /// The way out, when there is one.
    pub fix: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(
        severity: Severity,
        code: &'static str,
        place: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { severity, code, place: place.into(), message: message.into(), fix: None }
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Info => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, "{severity}: {}: {}", self.place, self.message)?;
        if let Some(fix) = &self.fix {
            write!(f, " {fix}")?;
        }
        Ok(())
    }
}

/// Diagnostics in the order they were found, each once, up to a limit.
#[derive(Debug)]
pub(crate) struct Notes {
    list: Vec<Diagnostic>,
    max: u64,
    dropped: u64,
}

impl Notes {
    pub(crate) fn new(max: u64) -> Self {
        Self { list: Vec::new(), max, dropped: 0 }
    }

    /// Adds one, unless it is there already: a blob that two images share is missing once.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.list.contains(&diagnostic) {
            return;
        }
        if u64::try_from(self.list.len()).is_ok_and(|len| len < self.max) {
            self.list.push(diagnostic);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    pub(crate) fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    pub(crate) fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    pub(crate) fn into_list(mut self) -> Vec<Diagnostic> {
        if self.dropped > 0 {
            self.list.push(Diagnostic::new(
                Severity::Info,
                "more-diagnostics",
                "the archive",
                format!("{} more problems were found and are not listed.", self.dropped),
            ));
        }
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_kept_once_and_up_to_the_limit() {
        let note = |place: &str| Diagnostic::new(Severity::Error, "x", place, "broken.");
        let mut notes = Notes::new(2);
        notes.extend([note("a"), note("a"), note("b"), note("c"), note("d")]);
        let places: Vec<String> = notes.into_list().into_iter().map(|note| note.place).collect();
        assert_eq!(places, ["a", "b", "the archive"]);
    }

    #[test]
    fn a_diagnostic_reads_as_one_line() {
        let note = Diagnostic::new(Severity::Warning, "x", "index.json", "It is odd.").fix("Save it again.");
        assert_eq!(note.to_string(), "warning: index.json: It is odd. Save it again.");
    }
}
