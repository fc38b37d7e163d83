//! How a command ends when it does not end well.

use std::{fmt::Write as _, io};

use sociscope_engine::{Culprit, Error, Failure};

/// Why a command ended early.
#[derive(Debug)]
pub enum Stop {
    /// Something is wrong with the input, or this machine: exit 1.
    Failed(Failure),
    /// Everything was said already: exit 1.
    Reported,
    /// The command line asks for something that makes no sense: exit 2.
    Usage(String),
    /// Whoever read standard output has gone: exit 0.
    NobodyListens,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error.failure())
    }
}

/// An error of the operating system about `path`.
pub fn system(path: impl std::fmt::Display, doing: &str, error: &io::Error) -> Failure {
    let fix = match error.kind() {
        io::ErrorKind::NotFound => "Check the path.",
        io::ErrorKind::PermissionDenied => "Check the file's and the directory's permissions.",
        io::ErrorKind::StorageFull => "Free some space, or choose another place for --out.",
        io::ErrorKind::IsADirectory => {
            "Name a file. An OCI layout directory becomes one with `tar -C DIR -cf FILE .`"
        }
        _ => "",
    };
    let mut failure = Failure::new(Culprit::File, path.to_string(), format!("{doing}: {error}."));
    if !fix.is_empty() {
        failure.fix = Some(fix.to_owned());
    }
    failure
}

/// Says what went wrong: the verdict, where, expected and found, and the way out.
pub fn print(failure: &Failure) {
    let mut text = format!("sociscope: {}\n", failure.message);
    let mut line = |name: &str, value: Option<&String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            // Writing to a String does not fail.
            let _ = writeln!(text, "  {name:<9} {value}");
        }
    };
    line("where", Some(&failure.place));
    line("expected", failure.expected.as_ref());
    line("found", failure.found.as_ref());
    line("way out", failure.fix.as_ref());
    match failure.culprit {
        Culprit::Limit => line("culprit", Some(&"a limit of this program, not the file".to_owned())),
        Culprit::Internal => line("culprit", Some(&"this program, not the file".to_owned())),
        Culprit::File | Culprit::Unsupported => {}
    }
    eprint!("{}", printable(&text));
}

/// Text for a terminal: names come from the file, and control characters in them could move the
/// cursor or worse.
pub fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(shown).collect()
}

/// Says that the command line is not right.
pub fn print_usage(message: &str) {
    eprintln!("error: {message}\n\nFor more information, try '--help'.");
}
